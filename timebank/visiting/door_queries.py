"""Doors that stayed shut, and what is known of an elder since; always within the caller's scope."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from timebank.careplans.models import Absence
from timebank.core import clock
from timebank.core.db import in_area
from timebank.people.models import Person, PersonCase, PersonState
from timebank.visiting.models import CaseEnd, Outcome, UnreachedCase, VisitingRecord
from timebank.visiting.rules import REACHED
from timebank.visits.models import EventKind, Visit, VisitCarer, VisitEvent, VisitState
from timebank.visits.rules import happened_at

REACHED_STATES = (VisitState.RUNNING, VisitState.DONE, VisitState.CONFIRMED, VisitState.SETTLED)
NOT_HERE = (PersonState.HOSPITAL, PersonState.AWAY, PersonState.MOVED, PersonState.DEAD)
_LOOK_BACK_DAYS = 14
_TOLD = (*NOT_HERE, PersonState.ACTIVE)  # cases by which the office heard where somebody is


@dataclass(frozen=True)
class ShutDoor:
    """A visit at which nobody answered: when, when the office heard of it, and who stood there."""

    visit: Visit
    at: datetime
    heard_at: datetime
    person_id: str


@dataclass(frozen=True)
class News:
    """What was heard of an elder, and when at the latest it was true: reached, or known to be elsewhere."""

    elder_id: str
    at: datetime
    end: CaseEnd
    visit_id: str = ""


def end_by(news: Iterable[News], *, at: datetime, visit_id: str) -> CaseEnd | None:
    """How a search for a door that was shut at an instant ends by what was heard since; None while nothing was.

    What the same visit says stands in its own state: a later arrival takes the shut door back.
    """
    ends = {one.end for one in news if one.at >= at and one.visit_id != visit_id}
    return CaseEnd.REACHED if CaseEnd.REACHED in ends else next(iter(ends), None)


def unanswered_doors(session: Session, area_code: str, on: date) -> list[ShutDoor]:
    """Visits of the last days at which nobody answered, no search has begun, and nothing was heard of the elder since.

    A second try of another visit belongs to the search for the first.
    """
    known = select(UnreachedCase.visit_id)
    found = (
        select(Visit)
        .where(in_area(col(Visit.area_code), area_code), Visit.state == VisitState.UNREACHED)
        .where(Visit.due_on >= on - timedelta(days=_LOOK_BACK_DAYS), col(Visit.id).not_in(known))
        .where(sa.or_(col(Visit.source_key).is_(None), col(Visit.source_key).not_like("again:%")))
        .order_by(col(Visit.due_on), col(Visit.id))
    )
    doors = shut_doors(session, list(session.exec(found)))
    news = news_of(session, {door.visit.elder_id for door in doors})
    return [door for door in doors if end_by(news[door.visit.elder_id], at=door.at, visit_id=door.visit.id) is None]


def shut_doors(session: Session, visits: Sequence[Visit]) -> list[ShutDoor]:
    """When and by whom it was told of visits that nobody answered: what happened first, not what arrived first."""
    told = select(VisitEvent).where(
        col(VisitEvent.visit_id).in_([visit.id for visit in visits]), VisitEvent.kind == EventKind.NO_ANSWER
    )
    by_visit: dict[str, list[tuple[datetime, datetime, str]]] = {}
    for event in session.exec(told):
        at = happened_at(event.device_at, event.server_at, event.data.get("offset_s"))
        by_visit.setdefault(event.visit_id, []).append((at, event.server_at, event.person_id))
    return [ShutDoor(visit, *min(by_visit[visit.id])) for visit in visits if visit.id in by_visit]


def news_of(session: Session, elder_ids: Collection[str]) -> dict[str, list[News]]:
    """What was heard of elders: visits that began, contacts, ended searches, and where the office knows them to be."""
    found: dict[str, list[News]] = {elder_id: [] for elder_id in elder_ids}
    if not found:
        return {}
    for read in (_arrivals, _contacts, _ended_searches, _told_cases, _told_absences, _not_here):
        for one in read(session, elder_ids):
            found[one.elder_id].append(one)
    return found


def _at_most(told_at: datetime, on: date) -> datetime:
    """What is told of a day was true by its end at the latest, however late it is told."""
    return min(told_at, clock.at_local(on + timedelta(days=1), 0))


def _arrivals(session: Session, elder_ids: Collection[str]) -> list[News]:
    found = select(Visit.elder_id, VisitCarer.checked_in_at, Visit.id).where(
        VisitCarer.visit_id == Visit.id,
        col(Visit.elder_id).in_(elder_ids),
        col(Visit.state).in_(REACHED_STATES),
        col(VisitCarer.checked_in_at) >= _since(),
    )
    return [News(elder_id, at, CaseEnd.REACHED, visit_id) for elder_id, at, visit_id in session.exec(found) if at]


def _contacts(session: Session, elder_ids: Collection[str]) -> list[News]:
    found = select(VisitingRecord).where(
        col(VisitingRecord.elder_id).in_(elder_ids),
        VisitingRecord.outcome != Outcome.NO_ANSWER,
        VisitingRecord.at >= _since(),
    )
    return [
        News(row.elder_id, _at_most(row.at, row.on), CaseEnd.REACHED if row.outcome in REACHED else CaseEnd.ELSEWHERE)
        for row in session.exec(found)
    ]


def _ended_searches(session: Session, elder_ids: Collection[str]) -> list[News]:
    """Searches that ended without a contact in the book; the others are told by that contact, at its own instant."""
    found = select(UnreachedCase).where(
        col(UnreachedCase.elder_id).in_(elder_ids),
        col(UnreachedCase.end).in_((CaseEnd.ELSEWHERE, CaseEnd.HANDLED)),
        col(UnreachedCase.closed_at) >= _since(),
    )
    return [News(row.elder_id, row.closed_at, CaseEnd.ELSEWHERE) for row in session.exec(found) if row.closed_at]


def _told_cases(session: Session, elder_ids: Collection[str]) -> list[News]:
    found = select(PersonCase).where(
        col(PersonCase.person_id).in_(elder_ids), col(PersonCase.kind).in_(_TOLD), PersonCase.opened_at >= _since()
    )
    return [
        News(row.person_id, _at_most(row.opened_at, row.happened_on), CaseEnd.ELSEWHERE) for row in session.exec(found)
    ]


def _told_absences(session: Session, elder_ids: Collection[str]) -> list[News]:
    """Absences that began on the day they were told: of one still to come nobody knows whether she has gone."""
    found = select(Absence).where(col(Absence.elder_id).in_(elder_ids), Absence.at >= _since())
    return [
        News(row.elder_id, row.at, CaseEnd.ELSEWHERE)
        for row in session.exec(found)
        if row.first_on == clock.local_date(row.at)
    ]


def _not_here(session: Session, elder_ids: Collection[str]) -> list[News]:
    found = select(Person.id).where(col(Person.id).in_(elder_ids), col(Person.state).in_(NOT_HERE))
    return [News(elder_id, clock.now(), CaseEnd.ELSEWHERE) for elder_id in session.exec(found)]


def _since() -> datetime:
    """As far back as doors are looked at."""
    return clock.now() - timedelta(days=_LOOK_BACK_DAYS + 1)
