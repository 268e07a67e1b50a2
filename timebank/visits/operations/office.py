"""What the office decides about a visit on a day's plan: it stays, it waits again, or it is needed now."""

from dataclasses import dataclass
from datetime import date

from sqlmodel import Session, col, select

from timebank.audit.operations import note
from timebank.careplans.models import ServiceKind
from timebank.careplans.rules import LEAST_CREW
from timebank.core import clock, ids
from timebank.core.actors import Actor
from timebank.core.errors import NotFound
from timebank.core.text import T
from timebank.people.models import Person
from timebank.visits.models import CarerState, Visit, VisitCarer, VisitState
from timebank.visits.queries import COMING

_LAST_MINUTE = 24 * 60 - 1


def keep_on_plan(session: Session, *, visit_id: str, day_plan_id: str) -> None:
    """A visit whose crew and times stay belongs to the newer version of its day; answers that were given stay."""
    visit = session.get_one(Visit, visit_id)
    visit.day_plan_id = day_plan_id
    session.add(visit)


def withdraw(session: Session, *, actor: Actor, visit_id: str) -> bool:
    """A visit that was on a day's plan and has no place any more waits again; who was asked is free. Whether it was."""
    visit = session.get_one(Visit, visit_id)
    if visit.state != VisitState.PLANNED or visit.day_plan_id is None:
        return False
    visit.state, visit.day_plan_id = VisitState.DUE, None
    session.add(visit)
    asked = select(VisitCarer).where(VisitCarer.visit_id == visit.id, col(VisitCarer.state).in_(COMING))
    for carer in session.exec(asked):
        carer.state = CarerState.REPLACED
        session.add(carer)
    note(session, actor=actor, action="visits.withdraw", subject_id=visit.id, area_code=visit.area_code)
    return True


@dataclass(frozen=True)
class UrgentIn:
    """Help that is needed on a day within so many minutes, counted from now, or from a minute of a later day."""

    elder_id: str
    service: ServiceKind
    on: date
    minutes: int
    within_minutes: int
    from_minute: int = 8 * 60


def call_for_help_now(session: Session, *, actor: Actor, asked: UrgentIn) -> Visit:
    """A visit that cannot wait, at the highest tier; nobody's hours are held for it.

    Called for again while nobody is on the way it is the same visit, from now on. Refuses a person outside the
    caller's area.
    """
    elder = session.get(Person, asked.elder_id)
    if elder is None or not actor.scope.holds_area(elder.area_code):
        raise NotFound("people.no_such_person", T("There is no such person in your area."))
    opens = clock.minute_of_day(clock.now()) if asked.on == clock.today() else asked.from_minute
    made_id = ids.new_id("vis")
    visit = _called_for(session, asked) or Visit(
        id=made_id,
        elder_id=elder.id,
        area_code=elder.area_code,
        household_code=elder.household_code,
        service=asked.service,
        requested_by=actor.person_id or "",
        due_on=asked.on,
        window_from_minute=0,
        window_to_minute=0,
        duration_minutes=asked.minutes,
        crew_size=LEAST_CREW.get(asked.service, 1),
        tier="high",
        source_key=f"call:{made_id}",
        created_at=clock.now(),
    )
    visit.duration_minutes = asked.minutes
    visit.window_from_minute = min(opens, _LAST_MINUTE - 1)
    visit.window_to_minute = min(opens + asked.within_minutes, _LAST_MINUTE)
    session.add(visit)
    session.flush()
    note(session, actor=actor, action="visits.call_for_help_now", subject_id=visit.id, area_code=visit.area_code)
    return visit


def _called_for(session: Session, asked: UrgentIn) -> Visit | None:
    """The same call for help, to which nobody goes yet."""
    found = select(Visit).where(
        Visit.elder_id == asked.elder_id,
        Visit.service == asked.service,
        Visit.due_on == asked.on,
        Visit.state == VisitState.DUE,
        col(Visit.source_key).startswith("call:"),
    )
    return session.exec(found).first()
