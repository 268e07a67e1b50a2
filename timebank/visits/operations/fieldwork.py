"""What phones, assistants and paper slips say about visits: kept once, in any order, however late.

State is derived anew from all events of a visit after each, so the order of arrival does not matter (promise P7).
An event is never refused for doubt about place or time: doubt is a flag that a reviewer sees.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, select

from timebank.audit.operations import note
from timebank.careplans.models import ServiceKind
from timebank.careplans.queries import latest_assessment
from timebank.core import clock, crypto, ids
from timebank.core.actors import Actor
from timebank.core.errors import BadInput, NotFound, Refused
from timebank.core.limits import DAY_CODE_TRIES_PER_VISIT
from timebank.core.text import T, Text
from timebank.people.models import Household
from timebank.people.queries import place_of
from timebank.policies.queries import Policy, in_force
from timebank.visits import queries, rules
from timebank.visits.models import EventKind, Visit, VisitCarer, VisitEvent, VisitState
from timebank.visits.rules import EventIn

_OPEN = (VisitState.DUE, VisitState.PLANNED, VisitState.RUNNING, VisitState.DONE, VisitState.UNREACHED)
_ORDER_FREE = (EventKind.CHECK_IN, EventKind.CHECK_OUT, EventKind.NO_ANSWER)


@dataclass(frozen=True)
class EventResult:
    """What the office says to a phone about one event: accepted, repeated or held (kept, but looked at by a person)."""

    id: str
    state: str
    message: Text


def record_event(
    session: Session, *, actor: Actor, event: EventIn, person_id: str, entered_by: str = ""
) -> EventResult:
    """Keep one event of a carer's visit under the id that the phone gave it.

    Sent again it changes nothing; the same id with other content is a conflict. `entered_by` is the login of an
    assistant who enters a paper slip. Events for a visit that is cancelled or closed are kept and looked at.
    """
    if not ids.is_id(event.id, "evt"):
        raise BadInput(
            "visits.bad_event_id", T("This entry has no proper name. Update the page and try again."), field="id"
        )
    known = session.get(VisitEvent, event.id)
    if known:
        return _repeated(known, event)
    visit = session.get(Visit, event.visit_id, with_for_update=True)
    carer = _carer(session, event.visit_id, person_id)
    if visit is None or carer is None:
        raise NotFound("visits.not_your_visit", T("This visit is not on your list. Call the coordinator."))
    server_at = clock.now()
    data = dict(event.data)
    if event.kind == EventKind.CHECK_IN:
        _refuse_unsafe_bath(session, visit, carer, data)
        data["code"] = _code_verdict(session, visit, event)
    row = VisitEvent(
        id=event.id,
        visit_id=visit.id,
        person_id=person_id,
        kind=event.kind,
        device_id=event.device_id,
        counter=event.counter,
        device_at=event.device_at,
        server_at=server_at,
        place_sealed=_sealed_place(event),
        entered_by=entered_by,
        data=data,
        digest=event.digest,
    )
    session.add(row)
    session.flush()
    note(
        session, actor=actor, action="visits.record_event", subject_id=visit.id, area_code=visit.area_code, event=row.id
    )
    if visit.state not in _OPEN:
        _flag(visit, "late_event")
        session.add(visit)
        return EventResult(event.id, "held", T("Kept. This visit was closed already; the office looks at it."))
    derive(session, visit)
    return EventResult(event.id, "accepted", _words(event.kind))


def _repeated(known: VisitEvent, event: EventIn) -> EventResult:
    if known.digest != event.digest:
        raise Refused("visits.event_reused", T("This entry was sent before with other content. Nothing was changed."))
    return EventResult(event.id, "repeated", T("This had arrived already."))


def _carer(session: Session, visit_id: str, person_id: str) -> VisitCarer | None:
    return session.exec(
        select(VisitCarer).where(VisitCarer.visit_id == visit_id, VisitCarer.person_id == person_id)
    ).first()


def _sealed_place(event: EventIn) -> str:
    place = event.place
    return crypto.vault().seal([place.lat, place.lon, place.accuracy_m]) if place else ""


def _code_verdict(session: Session, visit: Visit, event: EventIn) -> str:
    """Whether the day's six digits are right; after five wrong ones at a visit no code counts any more."""
    if not event.day_code:
        return ""
    if queries.wrong_codes(session, visit.id) >= DAY_CODE_TRIES_PER_VISIT:
        return "locked"
    on = clock.local_date(event.device_at)
    return "right" if event.day_code == queries.day_code(visit.household_code, on) else "wrong"


def _words(kind: EventKind) -> Text:
    words = {
        EventKind.CHECK_IN: T("Arrival is in the book."),
        EventKind.CHECK_OUT: T("Done. Now the elder's side nods."),
        EventKind.NO_ANSWER: T("Kept. The coordinator calls the neighbours."),
        EventKind.SOS: T("Help is called."),
    }
    return words.get(kind, T("Kept."))


def derive(session: Session, visit: Visit) -> None:
    """Work out carers' times, grade, flags and state of a visit from all its events."""
    events = queries.events_of(session, visit.id)
    policy = in_force(session, visit.area_code, visit.due_on)
    carers = queries.carers_of(session, [visit.id]).get(visit.id, [])
    for carer, _ in carers:
        own = [event for event in events if event.person_id == carer.person_id]
        carer.checked_in_at = min((_when(event) for event in own if event.kind == EventKind.CHECK_IN), default=None)
        carer.checked_out_at = max((_when(event) for event in own if event.kind == EventKind.CHECK_OUT), default=None)
        session.add(carer)
    _grade(session, visit, events, policy)
    visit.state = _state(visit, [carer for carer, _ in carers], {event.kind for event in events})
    session.add(visit)
    session.flush()


def _when(event: VisitEvent) -> datetime:
    """When it happened: the phone's time, unless its clock runs ahead of ours."""
    return event.server_at if rules.is_skewed(event.device_at, event.server_at) else event.device_at


def _state(visit: Visit, carers: list[VisitCarer], kinds: set[EventKind]) -> VisitState:
    arrived = [carer for carer in carers if carer.checked_in_at]
    if arrived and len([carer for carer in arrived if carer.checked_out_at]) == len(arrived) >= visit.crew_size:
        return VisitState.DONE
    if EventKind.NO_ANSWER in kinds:
        return VisitState.UNREACHED
    if arrived:
        return VisitState.RUNNING
    return VisitState.CANCELLED if EventKind.CANCELLED in kinds else visit.state


def _grade(session: Session, visit: Visit, events: list[VisitEvent], policy: Policy) -> None:
    household = session.get_one(Household, visit.household_code)
    fence_m = household.fence_m or policy.number("geo.fence_m")
    place_proved = elder_proved = False
    for event in events:
        if event.kind not in _ORDER_FREE:
            continue
        if rules.is_skewed(event.device_at, event.server_at):
            _flag(visit, "clock_skew")
        if event.place_sealed:
            lat, lon, accuracy_m = crypto.vault().open(event.place_sealed)
            inside = rules.inside_fence(rules.Place(lat, lon, accuracy_m), place_of(household), fence_m=fence_m)
            exact = accuracy_m <= policy.number("geo.max_accuracy_m")
            place_proved = place_proved or (inside and exact)
            if not inside:
                _flag(visit, "out_of_fence")
        elder_proved = elder_proved or event.data.get("code") == "right"
        if event.data.get("code") in ("wrong", "locked"):
            _flag(visit, "code_mismatch")
    _flag_shared_phone(visit, events)
    on_paper = bool(events) and all(event.entered_by for event in events)
    visit.grade = rules.grade(place_proved=place_proved, elder_proved=elder_proved, on_paper=on_paper)


def _flag_shared_phone(visit: Visit, events: list[VisitEvent]) -> None:
    """Several people on one phone is allowed and shown to the reviewer."""
    users: dict[str, set[str]] = {}
    for event in events:
        if event.device_id:
            users.setdefault(event.device_id, set()).add(event.person_id)
    if any(len(people) > 1 for people in users.values()):
        _flag(visit, "same_device")


def _flag(visit: Visit, flag: str) -> None:
    if flag not in visit.flags:
        visit.flags = [*visit.flags, flag]


GATE_WORDS: dict[str, Text] = {
    "assessment_too_old": T("the assessment is too old"),
    "no_blood_pressure": T("blood pressure has not been taken"),
    "blood_pressure": T("the blood pressure is not safe for a bath"),
    "carer_alone": T("the second carer is not there yet"),
    "contraindication": T("something speaks against a bath today"),
}


def bath_gates(session: Session, visit: Visit) -> list[str]:
    """What keeps a bath from starting now; empty when it may start."""
    policy = in_force(session, visit.area_code, visit.due_on)
    events = queries.events_of(session, visit.id)
    vitals = next((event.data for event in reversed(events) if event.kind == EventKind.VITALS), None)
    latest = latest_assessment(session, visit.elder_id)
    return rules.bath_gate_failures(
        vitals,
        assessed_days_ago=(visit.due_on - latest.assessed_on).days if latest else None,
        most_days=policy.number("bath.assessment_max_days"),
        systolic=(policy.number("bath.systolic_min"), policy.number("bath.systolic_max")),
        present=len({event.person_id for event in events if event.kind == EventKind.CHECK_IN}),
    )


def _refuse_unsafe_bath(session: Session, visit: Visit, carer: VisitCarer, data: dict[str, object]) -> None:
    """Arriving is always kept; starting the water (`start` in the event) is refused while a gate fails."""
    if visit.service != ServiceKind.BATH or not data.get("start"):
        return
    failures = bath_gates(session, visit)
    if failures:
        reasons = " · ".join(str(GATE_WORDS[failure]) for failure in failures)
        raise Refused("visits.bath_gate", T("Do not start the bath: {reasons}.", reasons=reasons), field=failures[0])
