"""Reading who is to be visited, who was, and whom nobody reached; always within the caller's scope."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session, col, select

from timebank.areas.models import Area
from timebank.assessments.models import Assessment, AssessmentState
from timebank.core import clock, crypto, months
from timebank.core.actors import Scope
from timebank.core.db import in_area
from timebank.core.limits import PAGE_ROWS
from timebank.people.models import Person, PersonState
from timebank.policies.queries import Policy, in_force
from timebank.visiting.door_queries import REACHED_STATES
from timebank.visiting.models import StepKind, TierDecision, UnreachedCase, UnreachedStep, VisitingRecord
from timebank.visiting.rules import GROUPS, REACHED, NextStep, groups_of, next_due, next_step
from timebank.visits.models import Visit

_ON_THE_LIST = (PersonState.ACTIVE, PersonState.HOSPITAL)
_LONG_AGO_DAYS = 400


@dataclass(frozen=True)
class VisitingRate:
    """月探访率 of an area in a month: elders in special difficulty who were visited at least once."""

    area_code: str
    name_zh: str
    name_en: str
    registered: int
    visited: int

    @property
    def percent(self) -> int | None:
        """Visited in percent of registered, rounded down; None where nobody is registered."""
        return self.visited * 100 // self.registered if self.registered else None


def in_a_group() -> ColumnElement[bool]:
    """Persons of one of the five groups of special difficulty; tags are a JSON list of codes in quotation marks."""
    tags = sa.cast(col(Person.tags), sa.Text)
    return sa.or_(*(tags.like(f'%"{group}"%') for group in GROUPS))


def contacts(area_code: str, first_on: date, last_on: date) -> sa.CompoundSelect[Any]:
    """(elder, day) of everything that reached an elder: visits and calls of the day plans, and what was written down.

    A planned visit or phone check counts when somebody checked in and did reach the elder. Of an area are the elders
    who live there now, wherever they were reached: who moved house counts with what was before, on every page alike.
    """
    here = sa.select(col(Person.id)).where(in_area(col(Person.area_code), area_code))
    columns: tuple[Any, Any] = (col(Visit.elder_id).label("elder_id"), col(Visit.due_on).label("on"))
    by_visit = sa.select(*columns).where(
        col(Visit.elder_id).in_(here),
        col(Visit.due_on).between(first_on, last_on),
        col(Visit.state).in_(REACHED_STATES),
    )
    by_record = sa.select(col(VisitingRecord.elder_id), col(VisitingRecord.on)).where(
        col(VisitingRecord.elder_id).in_(here),
        col(VisitingRecord.on).between(first_on, last_on),
        col(VisitingRecord.outcome).in_(REACHED),
    )
    return sa.union_all(by_visit, by_record)


def visiting_rate(session: Session, area_code: str, month: str, *, level_digits: int = 12) -> list[VisitingRate]:
    """月探访率: visited at least once in the month / registered, for every township (9) or village (12) of an area.

    Counted are registered elders of the five groups of special difficulty; a visit, call or video call that reached
    them counts. This is the only query for it: pages, exports and the board call it.
    Source: 10-ministry guidance 2022 (100 % by the end of 2025), field guide §2.5 (formula ours).
    """
    first_on, last_on = months.first_day(month), months.last_day(month)
    found = contacts(area_code, first_on, last_on).subquery()
    reached = sa.select(found.c.elder_id).distinct().subquery()
    part = sa.func.substr(col(Person.area_code), 1, level_digits).label("part")
    counted = (
        sa.select(part, sa.func.count(col(Person.id)), sa.func.count(reached.c.elder_id))
        .select_from(sa.outerjoin(Person, reached, reached.c.elder_id == col(Person.id)))
        .where(in_area(col(Person.area_code), area_code), col(Person.elder_since_on) <= last_on, in_a_group())
        .where(col(Person.state).in_(_ON_THE_LIST))
        .group_by(part)
        .order_by(part)
    )
    rows = session.execute(counted).all()
    names = {area.code: area for area in session.exec(select(Area).where(col(Area.code).in_([row[0] for row in rows])))}
    return [
        VisitingRate(code, names[code].name_zh, names[code].name_en, int(registered), int(visited))
        for code, registered, visited in rows
    ]


def total_rate(rows: Iterable[VisitingRate]) -> tuple[int, int]:
    """Visited and registered over several places."""
    counted = list(rows)
    return sum(row.visited for row in counted), sum(row.registered for row in counted)


@dataclass(frozen=True)
class Listed:
    """One elder on the visiting list: their groups, when somebody last reached them, and by when it is due again."""

    elder: Person
    groups: tuple[str, ...]
    reached_on: date | None
    due_on: date

    def is_overdue(self, on: date) -> bool:
        """Whether the visit should have been before a day."""
        return self.due_on < on


def visiting_list(session: Session, area_code: str, on: date) -> list[Listed]:
    """The elders in special difficulty of an area, the longest overdue first.

    How often each is to be visited is policy `visit.every_days.<tier>`; who is in hospital or away is left out, because
    nobody is at home to be visited.
    """
    found = select(Person).where(
        in_area(col(Person.area_code), area_code),
        col(Person.elder_since_on) <= on,
        in_a_group(),
        Person.state == PersonState.ACTIVE,
    )
    elders = list(session.exec(found))
    last = last_reached(session, area_code, on)
    rows = [_listed(elder, last.get(elder.id), in_force(session, elder.area_code, on)) for elder in elders]
    return sorted(rows, key=lambda row: (row.due_on, row.elder.area_code, row.elder.id))


def _listed(elder: Person, reached_on: date | None, policy: Policy) -> Listed:
    due_on = next_due(
        reached_on,
        since_on=elder.elder_since_on or elder.created_at.date(),
        every_days=policy.number(f"visit.every_days.{elder.tier.value}"),
        changed_on=elder.state_since_on,
    )
    return Listed(elder, tuple(groups_of(elder.tags)), reached_on, due_on)


def last_reached(session: Session, area_code: str, on: date) -> dict[str, date]:
    """The last day up to `on` on which each elder of an area was reached."""
    found = contacts(area_code, on - timedelta(days=_LONG_AGO_DAYS), on).subquery()
    last = sa.select(found.c.elder_id, sa.func.max(found.c.on)).group_by(found.c.elder_id)
    return {str(row[0]): row[1] for row in session.execute(last)}


def listed(session: Session, elder: Person, on: date) -> Listed:
    """One elder as the list shows them."""
    last = last_reached(session, elder.area_code, on).get(elder.id)
    return _listed(elder, last, in_force(session, elder.area_code, on))


def levels_in(session: Session, area_code: str) -> dict[str, int]:
    """The level of dependency of each assessed elder of an area, by the latest valid assessment."""
    found = (
        select(Assessment.elder_id, Assessment.level)
        .where(in_area(col(Assessment.area_code), area_code), Assessment.state == AssessmentState.VALID)
        .order_by(col(Assessment.assessed_on), col(Assessment.id))
    )
    return {elder_id: level for elder_id, level in session.exec(found) if level is not None}


def decision_of(session: Session, elder_id: str) -> TierDecision | None:
    """The last decision about an elder's tier."""
    found = select(TierDecision).where(TierDecision.elder_id == elder_id)
    return session.exec(found.order_by(col(TierDecision.at).desc(), col(TierDecision.id).desc())).first()


def records_of(session: Session, elder_id: str) -> list[VisitingRecord]:
    """The last contacts with an elder that were no planned visits, newest first."""
    found = select(VisitingRecord).where(VisitingRecord.elder_id == elder_id)
    ordered = found.order_by(col(VisitingRecord.on).desc(), col(VisitingRecord.id).desc())
    return list(session.exec(ordered.limit(PAGE_ROWS)))


def answers_of(record: VisitingRecord) -> dict[str, str]:
    """What a contact brought, opened."""
    return dict(crypto.vault().open(record.answers_sealed)) if record.answers_sealed else {}


@dataclass(frozen=True)
class Search:
    """One elder whom nobody reached: the steps so far, what comes next and until when."""

    case: UnreachedCase
    elder: Person
    steps: Sequence[UnreachedStep]
    upcoming: NextStep | None

    def is_late(self, now: datetime) -> bool:
        """Whether the next step should have been taken."""
        return self.upcoming is not None and self.upcoming.due_at < now


def waits(policy: Policy) -> Mapping[StepKind, int]:
    """Minutes from the step before to each rung of the ladder, by the policy."""
    return {
        StepKind.FIRST_TRY: 0,
        StepKind.SECOND_TRY: policy.number("unreached.second_try_minutes"),
        StepKind.NEIGHBOUR: policy.number("unreached.neighbour_minutes"),
        StepKind.VILLAGE: policy.number("unreached.village_minutes"),
        StepKind.EMERGENCY: policy.number("unreached.emergency_minutes"),
    }


def case_for(session: Session, scope: Scope, case_id: str) -> UnreachedCase | None:
    """The search if the scope holds its area."""
    found = session.get(UnreachedCase, case_id)
    return found if found and scope.holds_area(found.area_code) else None


def steps_of(session: Session, case_ids: Iterable[str]) -> dict[str, list[UnreachedStep]]:
    """The steps of searches, in order of time; those of one moment in order of the ladder."""
    found = select(UnreachedStep).where(col(UnreachedStep.case_id).in_(set(case_ids)))
    rungs = list(StepKind)
    steps: dict[str, list[UnreachedStep]] = {}
    for step in sorted(session.exec(found), key=lambda step: (step.at, rungs.index(step.kind))):
        steps.setdefault(step.case_id, []).append(step)
    return steps


def searches(session: Session, area_code: str, *, closed: bool = False) -> list[Search]:
    """The searches of an area: the open ones, the most urgent first; or the last that ended."""
    found = select(UnreachedCase, Person).where(
        in_area(col(UnreachedCase.area_code), area_code), UnreachedCase.elder_id == Person.id
    )
    ended = col(UnreachedCase.closed_at)
    found = found.where(ended.is_not(None)) if closed else found.where(ended.is_(None))
    order = ended.desc() if closed else col(UnreachedCase.opened_at)
    rows = session.exec(found.order_by(order, col(UnreachedCase.id)).limit(PAGE_ROWS)).all()
    steps = steps_of(session, [case.id for case, _ in rows])
    made = [Search(case, elder, steps.get(case.id, []), _upcoming(session, case, steps)) for case, elder in rows]
    if closed:
        return made
    return sorted(made, key=lambda one: (one.upcoming is not None, one.upcoming and one.upcoming.due_at, one.case.id))


def _upcoming(session: Session, case: UnreachedCase, steps: Mapping[str, Sequence[UnreachedStep]]) -> NextStep | None:
    policy = in_force(session, case.area_code, clock.local_date(case.opened_at))
    return next_step([(step.kind, step.at) for step in steps.get(case.id, [])], waits(policy))


def words_of(step: UnreachedStep) -> str:
    """What was written about a step."""
    return str(crypto.vault().open(step.words_sealed)) if step.words_sealed else ""


def count_searches(session: Session, area_code: str) -> int:
    """How many elders of an area nobody has reached yet."""
    found = select(sa.func.count()).where(
        in_area(col(UnreachedCase.area_code), area_code), col(UnreachedCase.closed_at).is_(None)
    )
    return int(session.exec(found).one())


def tries_again(session: Session, visit_ids: Iterable[str]) -> dict[str, Visit]:
    """The second try of each visit that has one."""
    keys = {f"again:{visit_id}": visit_id for visit_id in visit_ids}
    found = select(Visit).where(col(Visit.source_key).in_(keys))
    return {keys[str(visit.source_key)]: visit for visit in session.exec(found)}
