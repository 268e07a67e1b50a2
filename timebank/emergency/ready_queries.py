"""Reading what makes ready: drills that were held and are due, volunteers who were called together."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from timebank.areas.models import Area, AreaKind
from timebank.areas.queries import areas_within
from timebank.core import clock
from timebank.core.actors import Scope
from timebank.core.db import in_area
from timebank.core.limits import PAGE_ROWS
from timebank.emergency.models import CallUp, CallUpAnswer, CallUpCheck, Drill
from timebank.emergency.rules import DrillDue, next_drill
from timebank.people.models import Household, Person, PersonState
from timebank.policies.queries import in_force
from timebank.visiting.models import VisitingRecord
from timebank.visiting.queries import in_a_group
from timebank.visiting.rules import REACHED
from timebank.volunteers.queries import standings


def drills_in(session: Session, area_code: str, year: int) -> list[Drill]:
    """The drills of an area in a year, the latest first."""
    found = select(Drill).where(
        in_area(col(Drill.area_code), area_code), Drill.on >= date(year, 1, 1), Drill.on <= date(year, 12, 31)
    )
    return list(session.exec(found.order_by(col(Drill.on).desc(), col(Drill.id))))


@dataclass(frozen=True)
class TownshipDrills:
    """A township's drills of a year: how many it held, which one it owes next."""

    area: Area
    held: int
    due: DrillDue | None


def drill_calendar(session: Session, scope: Scope, on: date) -> list[TownshipDrills]:
    """Every township that the scope sees, or the one it lies in, with what it owes; the late ones first."""
    held: dict[str, list[date]] = {}
    for drill in drills_in(session, scope.area_code[:9], on.year):
        held.setdefault(drill.area_code, []).append(drill.on)
    rows = []
    for area in areas_within(session, scope.area_code[:9], AreaKind.TOWNSHIP):
        policy = in_force(session, area.code, on)
        due = next_drill(
            held.get(area.code, []),
            on=on,
            per_year=policy.number("emergency.drills_per_year"),
            remind_days=policy.number("emergency.drill_remind_days"),
        )
        rows.append(TownshipDrills(area, len(held.get(area.code, [])), due))
    return sorted(rows, key=lambda row: (not (row.due and row.due.is_late), not (row.due and row.due.is_near)))


def call_ups_in(session: Session, area_code: str) -> list[CallUp]:
    """One page of the call-ups of an area and of the places above it, those that run first, then the latest."""
    above = [area_code[:size] for size in (6, 9, 12) if size < len(area_code)]
    found = select(CallUp).where(sa.or_(in_area(col(CallUp.area_code), area_code), col(CallUp.area_code).in_(above)))
    found = found.order_by(col(CallUp.ended_at).is_not(None), col(CallUp.at).desc())
    return list(session.exec(found.limit(PAGE_ROWS)))


def call_up_for(session: Session, scope: Scope, call_up_id: str) -> CallUp | None:
    """The call-up if an office sees its area, or works in it."""
    call_up = session.get(CallUp, call_up_id)
    if call_up is None or scope.person_ids is not None:
        return None
    touches = scope.holds_area(call_up.area_code) or scope.area_code.startswith(call_up.area_code)
    return call_up if touches else None


def answers_of(session: Session, call_up_id: str, area_code: str) -> list[tuple[CallUpAnswer, Person]]:
    """Who of an area was asked and what they said: yes first, then no answer, then no."""
    found = (
        select(CallUpAnswer, Person)
        .where(CallUpAnswer.call_up_id == call_up_id, Person.id == CallUpAnswer.person_id)
        .where(in_area(col(Person.area_code), area_code))
        .order_by(col(Person.area_code), col(Person.pinyin_key))
    )
    rows = [(answer, person) for answer, person in session.exec(found)]
    return sorted(rows, key=lambda row: {True: 0, None: 1, False: 2}[row[0].is_coming])


def calls_to(session: Session, person_id: str) -> list[tuple[CallUp, CallUpAnswer]]:
    """The call-ups that run to which somebody was asked; who forgets to end one keeps nobody's phone busy."""
    found = (
        select(CallUp, CallUpAnswer)
        .where(CallUpAnswer.call_up_id == CallUp.id, CallUpAnswer.person_id == person_id)
        .where(col(CallUp.ended_at).is_(None), CallUp.on >= clock.today() - timedelta(days=1))
        .order_by(col(CallUp.at), col(CallUp.id))
    )
    return [(call_up, answer) for call_up, answer in session.exec(found) if not is_over(call_up)]


def is_over(call_up: CallUp) -> bool:
    """Whether nobody is wanted any more: it was ended, or its hours have gone by."""
    return call_up.ended_at is not None or clock.now() >= clock.at_local(call_up.on, call_up.to_minute)


def able_for(session: Session, area_code: str, skill: str, on: date) -> list[Person]:
    """Active adult volunteers of an area with a checked identity and, where one is wanted, a valid training."""
    found = select(Person).where(
        in_area(col(Person.area_code), area_code),
        Person.state == PersonState.ACTIVE,
        col(Person.volunteer_since_on) <= on,
    )
    people = {person.id: person for person in session.exec(found)}
    held = standings(session, people.values(), on)
    return [
        person
        for person in people.values()
        if held[person.id].age >= 18 and held[person.id].real_name and (not skill or skill in held[person.id].papers)
    ]


def elders_to_call(session: Session, area_code: str) -> list[Person]:
    """Elders in special difficulty of an area who live at home: whom a call-up checks by phone."""
    found = select(Person).where(
        in_area(col(Person.area_code), area_code),
        Person.state == PersonState.ACTIVE,
        col(Person.elder_since_on).is_not(None),
        in_a_group(),
    )
    return list(session.exec(found.order_by(Person.id)))


@dataclass(frozen=True)
class Check:
    """One elder to be called: who, which door, what the last call brought (None: not called yet)."""

    check: CallUpCheck
    elder: Person
    household: Household
    record: VisitingRecord | None

    @property
    def is_done(self) -> bool:
        """Whether the elder was reached."""
        return self.record is not None and self.record.outcome in REACHED


def checks_of(session: Session, call_up_id: str, area_code: str) -> list[Check]:
    """The elders of an area to be called for a call-up: who was not reached first, by household."""
    found = (
        sa.select(CallUpCheck, Person, Household, VisitingRecord)
        .join(Person, col(Person.id) == CallUpCheck.elder_id)
        .join(Household, col(Household.code) == Person.household_code)
        .outerjoin(VisitingRecord, col(VisitingRecord.source_key) == CallUpCheck.record_key)
        .where(col(CallUpCheck.call_up_id) == call_up_id, in_area(col(Person.area_code), area_code))
        .order_by(col(Household.code), col(Person.id))
    )
    rows = [Check(*row) for row in session.execute(found)]
    return sorted(rows, key=lambda row: row.is_done)


def counts_of(session: Session, call_up_ids: Iterable[str]) -> dict[str, dict[str, int]]:
    """For each call-up, how many were asked, said yes and said no."""
    found = (
        select(CallUpAnswer.call_up_id, CallUpAnswer.is_coming, sa.func.count())
        .where(col(CallUpAnswer.call_up_id).in_(set(call_up_ids)))
        .group_by(col(CallUpAnswer.call_up_id), col(CallUpAnswer.is_coming))
    )
    counts: dict[str, dict[str, int]] = {}
    for call_up_id, is_coming, number in session.exec(found):
        row = counts.setdefault(call_up_id, {"asked": 0, "yes": 0, "no": 0})
        row["asked"] += int(number)
        if is_coming is not None:
            row["yes" if is_coming else "no"] += int(number)
    return counts


def homes_of_elders(session: Session, area_code: str) -> list[Household]:
    """The doors of an area behind which registered elders live, by code: where emergency cards hang."""
    codes = select(Person.household_code).where(
        in_area(col(Person.area_code), area_code),
        Person.state == PersonState.ACTIVE,
        col(Person.elder_since_on).is_not(None),
    )
    return list(session.exec(select(Household).where(col(Household.code).in_(codes)).order_by(Household.code)))
