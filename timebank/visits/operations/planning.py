"""Visits come into being by request; then somebody is invited and answers, or takes one that is wanted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlmodel import Session, select

from timebank.audit.operations import note
from timebank.careplans.models import ServiceKind
from timebank.careplans.rules import LEAST_CREW
from timebank.core import clock, ids
from timebank.core.actors import Actor
from timebank.core.errors import BadInput, NotAllowed, NotFound, Refused
from timebank.core.limits import MAX_VISIT_MINUTES
from timebank.core.text import T
from timebank.ledger import operations as ledger
from timebank.people.models import Person, PersonState
from timebank.people.queries import may_act
from timebank.visits import queries
from timebank.visits.models import CarerState, Visit, VisitCarer, VisitState
from timebank.visits.operations.derivation import derive
from timebank.visits.operations.locking import locked_visit
from timebank.visits.operations.revival import refuse_not_at_home
from timebank.volunteers.operations import check_gates

_OPEN = (VisitState.DUE, VisitState.PLANNED)
_DAYS_AHEAD = 92


@dataclass(frozen=True)
class RequestIn:
    """Help that somebody asks for, outside the care plan. Minutes of the local day."""

    elder_id: str
    service: ServiceKind
    due_on: date
    window_from_minute: int
    window_to_minute: int
    duration_minutes: int
    notes: str = ""


def ask_for_help(session: Session, *, actor: Actor, asked: RequestIn) -> Visit:
    """Ask for help for oneself, or for somebody one may act for; the hours are held from now on.

    Refuses a day in the past or far ahead, a time too short for the help, a person one has no power for, an elder who
    is not at home, and hours that are not there. A bath takes two carers and so holds twice its minutes.
    """
    _check_time(asked)
    elder = _whom(session, actor, asked)
    crew = LEAST_CREW.get(asked.service, 1)
    visit = Visit(
        id=ids.new_id("vis"),
        elder_id=elder.id,
        area_code=elder.area_code,
        household_code=elder.household_code,
        service=asked.service,
        requested_by=actor.person_id or "",
        due_on=asked.due_on,
        window_from_minute=asked.window_from_minute,
        window_to_minute=asked.window_to_minute,
        duration_minutes=asked.duration_minutes,
        crew_size=crew,
        tier=elder.tier.value,
        notes=asked.notes,
        created_at=clock.now(),
    )
    held = ledger.hold(
        session,
        actor=actor,
        person_id=elder.id,
        minutes=asked.duration_minutes * crew,
        source_id=visit.id,
        due_at=clock.at_local(asked.due_on, asked.window_to_minute),
    )
    visit.hold_id = held.id
    session.add(visit)
    note(session, actor=actor, action="visits.ask_for_help", subject_id=visit.id, area_code=visit.area_code)
    session.flush()
    return visit


def _check_time(asked: RequestIn) -> None:
    if asked.due_on < clock.today():
        raise Refused("visits.day_is_past", T("Choose today or a later day."), field="due_on")
    if asked.due_on > clock.today() + timedelta(days=_DAYS_AHEAD):
        text = T("Choose a day within the next {days} days.", days=_DAYS_AHEAD)
        raise BadInput("visits.day_too_far", text, field="due_on")
    if not 0 < asked.duration_minutes <= MAX_VISIT_MINUTES:
        text = T("Help takes 1 to {most} minutes.", most=MAX_VISIT_MINUTES)
        raise BadInput("visits.bad_duration", text, field="duration_minutes")
    if asked.window_to_minute - asked.window_from_minute < asked.duration_minutes:
        text = T("The time from … to … is shorter than the help takes. Choose a later end.")
        raise BadInput("visits.bad_window", text, field="window_to")


def _whom(session: Session, actor: Actor, asked: RequestIn) -> Person:
    elder = session.get(Person, asked.elder_id)
    if elder is None or not actor.scope.holds_person(elder.id, elder.area_code):
        raise NotFound("people.no_such_person", T("There is no such person in your area."))
    is_member = actor.scope.person_ids is not None
    if is_member and not may_act(session, person_id=actor.person_id or "", for_person_id=elder.id, purpose="request"):
        raise NotAllowed("visits.no_power", T("You need a written power to ask for help in this name."))
    refuse_not_at_home(session, elder, asked.due_on)
    return elder


def assign(
    session: Session,
    *,
    actor: Actor,
    visit_id: str,
    carers: Sequence[tuple[str, int]],
    day_plan_id: str | None,
    same_minutes: int = 1,
) -> Visit:
    """Invite carers to a visit: (person, start minute). Who was invited before and is no longer, is replaced; a yes
    stays where the time differs by less than `same_minutes`.

    Refuses a visit that has begun or ended, a crew of the wrong size, an elder as their own carer, and whoever lacks
    what the rules ask for this service (volunteers.check_gates).
    """
    visit = locked_visit(session, actor.scope, visit_id)
    if visit is None or not actor.scope.holds_area(visit.area_code):
        raise NotFound("visits.no_such_visit", T("There is no such visit in your area."))
    if visit.state not in _OPEN:
        raise Refused("visits.has_begun", T("This visit has begun or is over."))
    starts = dict(carers)
    if len(starts) != visit.crew_size:
        raise Refused("visits.wrong_crew", T("This visit needs {crew:# person|# people}.", crew=visit.crew_size))
    if visit.elder_id in starts:
        raise Refused("visits.own_carer", T("Nobody is their own carer. Choose somebody else."))
    _check_gates(session, visit, starts)
    present = {row.person_id: row for row in session.exec(select(VisitCarer).where(VisitCarer.visit_id == visit_id))}
    for person_id, row in present.items():
        if person_id not in starts:
            row.state = CarerState.REPLACED
        session.add(row)
    for person_id, minute in starts.items():
        row = present.get(person_id) or new_carer(visit_id, person_id, minute)
        keeps_answer = row.state == CarerState.ACCEPTED and abs(row.starts_minute - minute) < same_minutes
        row.starts_minute, row.state = minute, CarerState.ACCEPTED if keeps_answer else CarerState.INVITED
        session.add(row)
    visit.state, visit.day_plan_id = VisitState.PLANNED, day_plan_id
    session.add(visit)
    note(
        session,
        actor=actor,
        action="visits.assign",
        subject_id=visit.id,
        area_code=visit.area_code,
        carers=list(starts),
    )
    return visit


def _check_gates(session: Session, visit: Visit, starts: Mapping[str, int]) -> None:
    ends = max(starts.values(), default=0) + visit.duration_minutes
    check_gates(session, person_ids=starts, service=visit.service.value, on=visit.due_on, until_minute=ends)


def new_carer(visit_id: str, person_id: str, minute: int) -> VisitCarer:
    """Somebody asked to come to a visit at a minute of its day."""
    return VisitCarer(id=ids.new_id("vca"), visit_id=visit_id, person_id=person_id, starts_minute=minute)


def respond(session: Session, *, actor: Actor, visit_id: str, accept: bool, reason: str = "") -> VisitCarer:
    """A volunteer accepts an invitation, or declines it with a reason. Nobody is forced (志愿服务条例 art. 25).

    A visit that loses a carer is open again. Refuses to accept what the rules do not let this volunteer do.
    """
    visit = session.get(Visit, visit_id, with_for_update=True, populate_existing=True)
    carer = session.exec(
        select(VisitCarer).where(VisitCarer.visit_id == visit_id, VisitCarer.person_id == actor.person_id)
    ).first()
    if visit is None or carer is None or carer.state == CarerState.REPLACED:
        raise NotFound("visits.not_invited", T("You are not invited to this visit."))
    if carer.checked_in_at is not None or visit.state not in _OPEN:
        raise Refused("visits.has_begun", T("This visit has begun or is over."))
    if not accept and not reason.strip():
        raise BadInput(
            "visits.no_reason", T("Say in a word why you cannot come, so that we can find somebody."), field="reason"
        )
    if accept:
        coming = queries.carers_of(session, [visit.id]).get(visit.id, [])
        crew = {person.id: row.starts_minute for row, person in coming} | {carer.person_id: carer.starts_minute}
        _check_gates(session, visit, crew)
    carer.state = CarerState.ACCEPTED if accept else CarerState.DECLINED
    carer.decline_reason = "" if accept else reason.strip()[:200]
    session.add(carer)
    note(session, actor=actor, action="visits.respond", subject_id=visit_id, area_code=visit.area_code, accepted=accept)
    derive(session, visit)
    return carer


def take(session: Session, *, actor: Actor, visit_id: str) -> VisitCarer:
    """A volunteer takes an open request that is on no plan; who taps when all places are taken is told so.

    Refuses one's own request, one of one's own home, one whose time is over, one that asks for training one does not
    have, and one at a time when one is expected elsewhere.
    """
    visit = session.get(Visit, visit_id, with_for_update=True, populate_existing=True)
    township = actor.area_code[:9]
    if visit is None or actor.person_id is None or visit.care_item_id or not visit.area_code.startswith(township):
        raise NotFound("visits.no_such_visit", T("There is no such visit in your area."))
    me = session.get_one(Person, actor.person_id)
    coming = queries.carers_of(session, [visit.id]).get(visit.id, [])
    if visit.state != VisitState.DUE or len(coming) >= visit.crew_size:
        raise Refused("visits.taken_already", T("Somebody else was faster. Thank you all the same."))
    if queries.is_over(visit):
        raise Refused("visits.time_is_over", T("The time for this help is over. Thank you all the same."))
    if me.id in {person.id for _, person in coming}:
        raise Refused("visits.yours_already", T("It is yours already. Thank you!"))
    _check_may_take(session, visit, me)
    known = session.exec(
        select(VisitCarer).where(VisitCarer.visit_id == visit_id, VisitCarer.person_id == me.id)
    ).first()
    carer = known or new_carer(visit_id, me.id, visit.window_from_minute)
    carer.state, carer.decline_reason = CarerState.ACCEPTED, ""
    session.add(carer)
    note(session, actor=actor, action="visits.take", subject_id=visit_id, area_code=visit.area_code)
    derive(session, visit)
    return carer


def _check_may_take(session: Session, visit: Visit, me: Person) -> None:
    if visit.elder_id == me.id or visit.household_code == me.household_code:
        raise NotAllowed("visits.own_request", T("You cannot take a request of your own home."))
    if me.state != PersonState.ACTIVE or me.volunteer_since_on is None:
        raise NotAllowed("visits.not_active", T("Call your village assistant first; you are not on the list just now."))
    coming = queries.carers_of(session, [visit.id]).get(visit.id, [])
    crew = {person.id: carer.starts_minute for carer, person in coming}
    _check_gates(session, visit, crew | {me.id: visit.window_from_minute})
    if queries.is_expected_elsewhere(session, me.id, visit):
        raise Refused("visits.expected_elsewhere", T("You are expected at another home at this time."))


def cancel(session: Session, *, actor: Actor, visit_id: str, reason: str) -> Visit:
    """Cancel a visit that has not begun; held hours become free again. Members need a power to ask in this name."""
    visit = session.get(Visit, visit_id, with_for_update=True, populate_existing=True)
    if visit is None or not actor.scope.holds_person(visit.elder_id, visit.area_code):
        raise NotFound("visits.no_such_visit", T("There is no such visit in your area."))
    is_member = actor.scope.person_ids is not None
    if is_member and not may_act(
        session, person_id=actor.person_id or "", for_person_id=visit.elder_id, purpose="request"
    ):
        raise NotAllowed("visits.no_power", T("You need a written power to ask for help in this name."))
    if visit.state not in (*_OPEN, VisitState.UNREACHED):
        raise Refused("visits.has_begun", T("This visit has begun or is over."))
    visit.state, visit.cancel_reason = VisitState.CANCELLED, reason.strip()[:200]
    session.add(visit)
    if visit.hold_id and queries.is_hold_waiting(session, visit.hold_id):
        ledger.release(session, actor=actor, hold_id=visit.hold_id)
    note(session, actor=actor, action="visits.cancel", subject_id=visit.id, area_code=visit.area_code)
    return visit
