"""Days known ahead on which an elder is not at home, or the family takes over: visits are called off, or made again."""

from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col

from timebank.audit.operations import note
from timebank.careplans.models import Absence, AbsenceKind
from timebank.core import clock, ids
from timebank.core.actors import Actor
from timebank.core.errors import BadInput, NotFound
from timebank.core.text import T
from timebank.ledger import operations as ledger
from timebank.people.models import Person
from timebank.visits import queries
from timebank.visits.models import Visit, VisitState
from timebank.visits.operations.derivation import with_flag
from timebank.visits.operations.locking import locked_visits
from timebank.visits.operations.revival import ABSENCE_REASONS, WITHDRAWN, stand_again

_TO_COME = (VisitState.DUE, VisitState.PLANNED)
_DAYS_AHEAD = 366


@dataclass(frozen=True)
class AbsenceIn:
    """Days of an absence and who told the office; without a last day nobody knows yet when it ends."""

    elder_id: str
    kind: AbsenceKind
    first_on: date
    last_on: date | None = None
    told_by: str = ""


def enter_absence(session: Session, *, actor: Actor, absence: AbsenceIn) -> tuple[Absence, int]:
    """Write down an absence and call off what falls on it, each visit with the reason; how many those were.

    Refuses an elder outside the area, an end before the beginning, and days that are past or more than a year ahead.
    """
    elder = session.get(Person, absence.elder_id)
    if elder is None or not actor.scope.holds_area(elder.area_code):
        raise NotFound("people.no_such_person", T("There is no such person in your area."))
    today = clock.today()
    if not today <= absence.first_on <= today + timedelta(days=_DAYS_AHEAD):
        raise BadInput("careplans.absence_day", T("Choose today or a day within a year."), field="first_on")
    if absence.last_on is not None and absence.last_on < absence.first_on:
        raise BadInput("careplans.absence_ends", T("The last day lies before the first."), field="last_on")
    kept = Absence(
        id=ids.new_id("abs"),
        elder_id=elder.id,
        area_code=elder.area_code,
        kind=absence.kind,
        first_on=absence.first_on,
        last_on=absence.last_on,
        told_by=absence.told_by.strip()[:60],
        by_user_id=actor.user_id,
        at=clock.now(),
    )
    session.add(kept)
    visits = _visits_of(session, kept, _TO_COME)
    for visit in visits:
        visit.state, visit.cancel_reason = VisitState.CANCELLED, ABSENCE_REASONS[kept.kind].msgid
        visit.flags = with_flag(visit.flags, WITHDRAWN)
        session.add(visit)
        if visit.hold_id and queries.is_hold_waiting(session, visit.hold_id):
            ledger.release(session, actor=actor, hold_id=visit.hold_id)
    note(session, actor=actor, action="visits.enter_absence", subject_id=elder.id, kind=kept.kind, visits=len(visits))
    session.flush()
    return kept, len(visits)


def end_absence(session: Session, *, actor: Actor, absence_id: str) -> int:
    """The elder is back, or does not go after all: from today on the visits stand again where nothing else speaks
    against them; how many.

    Visits that were asked for and whose hours were let go stay called off; they are asked for again.
    """
    kept = session.get(Absence, absence_id)
    if kept is None or not actor.scope.holds_area(kept.area_code):
        raise NotFound("careplans.no_such_absence", T("There is no such absence in your area."))
    elder_id, reason = kept.elder_id, ABSENCE_REASONS[kept.kind].msgid
    called_off = [
        visit
        for visit in _visits_of(session, kept, (VisitState.CANCELLED,))
        if WITHDRAWN in visit.flags and visit.cancel_reason == reason and not visit.hold_id
    ]
    if kept.first_on >= clock.today():
        session.delete(kept)
    else:
        kept.last_on = clock.today() - timedelta(days=1)
        session.add(kept)
    again = stand_again(session, session.get_one(Person, elder_id), called_off)
    note(session, actor=actor, action="visits.end_absence", subject_id=elder_id, visits=again)
    session.flush()
    return again


def _visits_of(session: Session, absence: Absence, states: tuple[VisitState, ...]) -> list[Visit]:
    until = Visit.due_on <= absence.last_on if absence.last_on is not None else sa.true()
    since = Visit.due_on >= max(absence.first_on, clock.today())
    return locked_visits(session, Visit.elder_id == absence.elder_id, col(Visit.state).in_(states), since, until)
