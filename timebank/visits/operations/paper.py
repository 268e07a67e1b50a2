"""What comes on paper: a slip with who, from, to, and whether the elder signed it. Proof of the lowest grade."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import Session

from timebank.audit.operations import note
from timebank.careplans.models import ServiceKind
from timebank.careplans.rules import LEAST_CREW
from timebank.core import clock, ids
from timebank.core.actors import Actor
from timebank.core.errors import BadInput, NotAllowed, NotFound, Refused
from timebank.core.limits import MAX_VISIT_MINUTES
from timebank.core.text import T
from timebank.people.models import Person
from timebank.visits import queries
from timebank.visits.models import EventKind, Visit, VisitState
from timebank.visits.operations.fieldwork import record_event
from timebank.visits.operations.photos import keep_photo
from timebank.visits.operations.planning import assign
from timebank.visits.operations.settlement import confirm
from timebank.visits.rules import EventIn

_LATEST_SLIP_DAYS = 62


@dataclass(frozen=True)
class SlipIn:
    """One slip as the assistant reads it; minutes of the visit's day. `photo` is the picture of it, as uploaded."""

    visit_id: str
    person_id: str
    from_minute: int
    to_minute: int
    is_signed: bool = False
    photo: bytes | None = None


def enter_slip(session: Session, *, actor: Actor, slip: SlipIn) -> Visit:
    """Enter a paper slip for a carer. It always waits for a reviewer, and is called back as policy says.

    Refuses the carer's own slip, a carer who is not on the visit, an end before the beginning, a time in the future, a
    second slip for the same carer, and a visit that is closed.
    """
    visit = queries.visit_for(session, actor.scope, slip.visit_id)
    carers = queries.carers_of(session, [slip.visit_id]).get(slip.visit_id, [])
    carer = next((carer for carer, person in carers if person.id == slip.person_id), None)
    if visit is None or carer is None:
        raise NotFound("visits.not_on_visit", T("This person is not on this visit. Ask the coordinator."))
    if actor.person_id == slip.person_id:
        raise NotAllowed("visits.own_slip", T("Nobody enters their own slip. Give it to the township."))
    if visit.state not in queries.OPEN_STATES:
        raise Refused("visits.closed", T("This visit is closed. Nothing can be entered any more."))
    if carer.checked_in_at or carer.checked_out_at:
        raise Refused("visits.slip_known", T("Arrival or departure of this person is in the book already."))
    came, left = _times(visit, slip)
    photo_of = ids.new_id("evt") if slip.photo else ""
    for kind, at in ((EventKind.CHECK_IN, came), (EventKind.CHECK_OUT, left)):
        _say(session, actor, visit, slip, kind, at, ids.new_id("evt"))
    if slip.photo:
        _say(session, actor, visit, slip, EventKind.PHOTO, left, photo_of)
        keep_photo(session, actor=actor, event_id=photo_of, raw=slip.photo)
    if slip.is_signed and visit.state == VisitState.DONE:
        confirm(session, actor=actor, visit_id=visit.id, method="paper")
    return visit


def _times(visit: Visit, slip: SlipIn) -> tuple[datetime, datetime]:
    if slip.to_minute <= slip.from_minute:
        raise BadInput("visits.slip_ends_first", T("The end lies before the beginning. Look at the slip."), field="to")
    came, left = (clock.at_local(visit.due_on, minute) for minute in (slip.from_minute, slip.to_minute))
    if left > clock.now():
        text = T("This time is still to come. Look at the day and the slip.")
        raise BadInput("visits.slip_in_future", text, field="to")
    return came, left


def _say(
    session: Session, actor: Actor, visit: Visit, slip: SlipIn, kind: EventKind, at: datetime, event_id: str
) -> None:
    told = EventIn(id=event_id, visit_id=visit.id, kind=kind, device_at=at, data={"slip": True})
    record_event(session, actor=actor, event=told, person_id=slip.person_id, entered_by=actor.user_id)


@dataclass(frozen=True)
class UnplannedIn:
    """A slip for help that stood on no plan: who helped whom with what on which day; minutes of that day."""

    elder_id: str
    person_id: str
    service: ServiceKind
    on: date
    from_minute: int
    to_minute: int
    is_signed: bool = False
    photo: bytes | None = None


def enter_unplanned(session: Session, *, actor: Actor, slip: UnplannedIn) -> Visit:
    """Enter a slip for a visit that was not planned (补录). It is flagged so, has the lowest grade, and is looked at.

    What was misread and therefore rejected is entered anew here, and the reviewer sees that it was rejected before.
    Refuses a bath (two people and gates, never by the way), a day to come or long past, an elder outside the area, and
    help of one person to one elder that stands in the book on this day already.
    """
    elder = session.get(Person, slip.elder_id)
    if elder is None or not actor.scope.holds_area(elder.area_code):
        raise NotFound("people.no_such_person", T("There is no such person in your area."))
    if LEAST_CREW.get(slip.service, 1) > 1:
        raise Refused("visits.never_unplanned", T("A bath is never done without a plan."), field="service")
    if not clock.today() - timedelta(days=_LATEST_SLIP_DAYS) <= slip.on <= clock.today():
        text = T("Choose today or a day of the last {days} days.", days=_LATEST_SLIP_DAYS)
        raise BadInput("visits.slip_day", text, field="on")
    if queries.was_planned(session, slip.elder_id, slip.person_id, slip.on):
        text = T("A visit of this person to this elder stands on this day already. Enter the slip there.")
        raise Refused("visits.planned_already", text, field="person")
    rejected = queries.count_rejected(session, slip.elder_id, slip.person_id, slip.on)
    visit = Visit(
        id=ids.new_id("vis"),
        elder_id=elder.id,
        area_code=elder.area_code,
        household_code=elder.household_code,
        service=slip.service,
        due_on=slip.on,
        window_from_minute=slip.from_minute,
        window_to_minute=max(slip.to_minute, slip.from_minute),
        duration_minutes=min(max(slip.to_minute - slip.from_minute, 0), MAX_VISIT_MINUTES),
        tier=elder.tier.value,
        flags=["reopened", "unplanned"] if rejected else ["unplanned"],
        source_key=f"unplanned:{elder.id}:{slip.person_id[-12:]}:{slip.on:%y%m%d}{slip.from_minute}:{rejected}",
        created_at=clock.now(),
    )
    session.add(visit)
    session.flush()
    assign(session, actor=actor, visit_id=visit.id, carers=[(slip.person_id, slip.from_minute)], day_plan_id=None)
    note(session, actor=actor, action="visits.enter_unplanned", subject_id=visit.id, area_code=visit.area_code)
    told = SlipIn(visit.id, slip.person_id, slip.from_minute, slip.to_minute, slip.is_signed, slip.photo)
    return enter_slip(session, actor=actor, slip=told)


def enter_slips(session: Session, *, actor: Actor, slips: Sequence[SlipIn]) -> int:
    """Enter a day's slips in one go; all of them or none. The field of a refusal names the visit and the person."""
    for slip in slips:
        try:
            enter_slip(session, actor=actor, slip=slip)
        except (BadInput, NotAllowed, NotFound, Refused) as refusal:
            field = f"{refusal.field or 'from'}-{slip.visit_id}-{slip.person_id}"
            raise type(refusal)(refusal.code, refusal.message, field=field) from None
    return len(slips)
