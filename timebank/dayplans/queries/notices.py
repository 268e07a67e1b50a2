"""Who must be told what the change of a published day means for them, and who knows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from timebank.core import clock
from timebank.core.actors import Scope
from timebank.core.text import Text
from timebank.dayplans.models import DayNotice, DayPlan, DayPlanState
from timebank.dayplans.words import Names, notice_words, visit_words
from timebank.people.models import Person
from timebank.people.queries import people_by_id, phone_of
from timebank.visits.models import Visit

_KEPT_DAYS = 14  # what members still see of days that are over
Steps = list[dict[str, Any]]


@dataclass(frozen=True)
class Notice:
    """What changed for one person on a day, in sentences; `phone` is where the office reaches them, if it knows."""

    row: DayNotice
    on: date
    person: Person
    phone: str
    texts: tuple[Text, ...]

    @property
    def is_known(self) -> bool:
        """Whether the person has read it or was told."""
        return self.row.read_at is not None or self.row.told_at is not None


def notice_for(session: Session, scope: Scope, notice_id: str) -> DayNotice | None:
    """The notice if it is for the caller, for somebody they act for, or of a day of their office."""
    row = session.get(DayNotice, notice_id)
    if row is None:
        return None
    return row if scope.holds_person(row.person_id, session.get_one(DayPlan, row.day_plan_id).area_code) else None


def notices_of_day(session: Session, row: DayPlan) -> list[Notice]:
    """Everybody whom the publication of a version touches; who does not know yet comes first.

    The version that stands also bears what earlier changes of its day left untold: nobody looks at their lists again.
    """
    told = _to_tell(session, row)
    notices = _spelt_out(session, told, {one.day_plan_id: row.on for one, _ in told})
    return sorted(notices, key=lambda one: (one.is_known, one.row.as_elder))


def notices_for(session: Session, scope: Scope) -> list[Notice]:
    """What changed for a member and those they act for, the newest first; nothing of days long over."""
    found = session.exec(
        select(DayNotice, col(DayPlan.on))
        .join(DayPlan, col(DayPlan.id) == DayNotice.day_plan_id)
        .where(col(DayNotice.person_id).in_(scope.person_ids or ()), DayPlan.on >= _since())
        .order_by(col(DayNotice.id).desc())
    ).all()
    return _spelt_out(session, [(row, row.steps) for row, _ in found], {row.day_plan_id: on for row, on in found})


def count_unread(session: Session, scope: Scope) -> int:
    """How many notices of days to come nobody of a member's own has read."""
    found = (
        select(sa.func.count())
        .select_from(DayNotice)
        .join(DayPlan, col(DayPlan.id) == DayNotice.day_plan_id)
        .where(col(DayNotice.person_id).in_(scope.person_ids or ()), DayPlan.on >= clock.today())
        .where(col(DayNotice.read_at).is_(None))
    )
    return int(session.exec(found).one())


def count_unknown(session: Session, row: DayPlan) -> tuple[int, int]:
    """How many people the list of a version names, and how many of them do not know yet."""
    told = [one for one, _ in _to_tell(session, row)]
    return len({one.person_id for one in told}), len({one.person_id for one in told if _is_open(one)})


def _to_tell(session: Session, row: DayPlan) -> list[tuple[DayNotice, Steps]]:
    """The notices of a version with what each still has to say: of a visit only the newest change is true."""
    of_day = (
        select(DayNotice)
        .join(DayPlan, col(DayPlan.id) == DayNotice.day_plan_id)
        .where(DayPlan.area_code == row.area_code, DayPlan.on == row.on, DayPlan.version <= row.version)
        .order_by(col(DayPlan.version).desc(), col(DayNotice.id))
    )
    told: list[tuple[DayNotice, Steps]] = []
    newer: set[tuple[str, bool, str]] = set()
    for one in session.exec(of_day if row.state == DayPlanState.PUBLISHED else of_day.where(DayPlan.id == row.id)):
        said = {str(step["visit"]): (one.person_id, one.as_elder, str(step["visit"])) for step in one.steps}
        steps = [step for step in one.steps if said[str(step["visit"])] not in newer]
        newer.update(said.values())
        if steps and (one.day_plan_id == row.id or _is_open(one)):
            told.append((one, steps))
    return told


def _is_open(row: DayNotice) -> bool:
    return row.read_at is None and row.told_at is None


def _since() -> date:
    return clock.today() - timedelta(days=_KEPT_DAYS)


def _spelt_out(session: Session, told: Sequence[tuple[DayNotice, Steps]], days: dict[str, date]) -> list[Notice]:
    rows, steps = [row for row, _ in told], [step for _, some in told for step in some]
    visits = _visits(session, {str(step["visit"]) for step in steps})
    people = people_by_id(session, {row.person_id for row in rows} | _named(steps) | _elders(visits.values()))
    names = Names(
        {person.id: person.name for person in people.values()},
        {visit.id: visit_words(visit.service, people[visit.elder_id].name) for visit in visits.values()},
    )
    return [
        Notice(
            row,
            days[row.day_plan_id],
            people[row.person_id],
            phone_of(people[row.person_id]),
            tuple(notice_words(step, row.person_id, names, as_elder=row.as_elder) for step in some),
        )
        for row, some in told
    ]


def _visits(session: Session, visit_ids: set[str]) -> dict[str, Visit]:
    return {visit.id: visit for visit in session.exec(select(Visit).where(col(Visit.id).in_(visit_ids)))}


def _named(steps: Iterable[dict[str, Any]]) -> set[str]:
    return {str(where[0]) for step in steps for where in (step["before"], step["after"]) if where}


def _elders(visits: Iterable[Visit]) -> set[str]:
    return {visit.elder_id for visit in visits}
