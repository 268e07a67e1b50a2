"""What a visit is, worked out anew from everything that was said about it.

Carers' times, grade, flags and state are functions of the set of events, the confirmation, the carers' answers and a
few decisions of the office; nothing here remembers in which order events arrived (promise P7, campaign C9).
"""

from datetime import date, datetime, timedelta
from typing import Any

from sqlmodel import Session, select

from timebank.assessments.queries import latest_assessment
from timebank.careplans.models import ServiceKind
from timebank.careplans.queries import contraindications_of
from timebank.core import clock, crypto
from timebank.core.limits import MAX_VISIT_MINUTES
from timebank.people.models import Household
from timebank.people.queries import place_of
from timebank.policies.queries import Policy, in_force
from timebank.visits import queries, rules
from timebank.visits.models import CarerState, EventKind, EvidenceGrade, Visit, VisitCarer, VisitEvent, VisitState
from timebank.visits.rules import when

KEPT_FLAGS = frozenset(
    {"disputed", "late_event", "day_closed", "second_try", "reopened", "unplanned"}
)  # decided, not derived
_REACHING = (EventKind.CHECK_IN, EventKind.NO_ANSWER)
_PROVING = (EventKind.CHECK_IN, EventKind.CHECK_OUT, EventKind.NO_ANSWER)


def with_flag(flags: list[str], flag: str) -> list[str]:
    """Flags with one more, without repetition, in a fixed order."""
    return sorted({*flags, flag})


def derive(session: Session, visit: Visit) -> None:
    """Work out carers' times, grade, flags and state of a visit from all its events; a closed visit stays as it is."""
    if visit.state not in queries.OPEN_STATES:
        return
    session.flush()
    events = queries.events_of(session, visit.id)
    policy = in_force(session, visit.area_code, visit.due_on)
    carers = list(session.exec(select(VisitCarer).where(VisitCarer.visit_id == visit.id).order_by(VisitCarer.id)))
    for carer in carers:
        _derive_carer(carer, [event for event in events if event.person_id == carer.person_id], visit.due_on)
        session.add(carer)
    flags = {flag for flag in visit.flags if flag in KEPT_FLAGS}
    _grade(session, visit, events, carers, policy, flags)
    flags |= _doubts(session, visit, events, carers)
    visit.flags = sorted(flags)
    visit.state = _state(session, visit, carers, events)
    session.add(visit)
    session.flush()


def _derive_carer(carer: VisitCarer, own: list[VisitEvent], due_on: date) -> None:
    carer.checked_in_at = came = _arrival(own)
    left = [_left(event, came, due_on) for event in own if event.kind == EventKind.CHECK_OUT]
    carer.checked_out_at = min(left, default=None)
    if carer.state == CarerState.REPLACED:
        return
    if carer.checked_in_at or any(event.kind == EventKind.NO_ANSWER for event in own):
        carer.state = CarerState.ACCEPTED  # who came has accepted


def _arrival(own: list[VisitEvent]) -> datetime | None:
    return min((when(event) for event in own if event.kind == EventKind.CHECK_IN), default=None)


def _left(event: VisitEvent, came: datetime | None, due_on: date) -> datetime:
    """When somebody left: at that moment, or at a clock time that they only say afterwards, perhaps on another day.

    That time is of the day on which they came, or of the night that followed; never before they came, and never later
    than they say so.
    """
    told, minute = when(event), rules.left_minute(event.data)
    if minute is None:
        return told
    left = clock.at_local(clock.local_date(came) if came else due_on, minute)
    if came and left < came:
        next_day = clock.at_local(clock.local_date(came) + timedelta(days=1), minute)
        left = next_day if next_day - came <= timedelta(minutes=MAX_VISIT_MINUTES) else came
    return min(told, left)


def _state(session: Session, visit: Visit, carers: list[VisitCarer], events: list[VisitEvent]) -> VisitState:
    coming = [carer for carer in carers if carer.state in queries.COMING]
    arrived = [carer for carer in coming if carer.checked_in_at]
    all_left = bool(arrived) and all(carer.checked_out_at for carer in arrived) and len(arrived) >= visit.crew_size
    if all_left or (arrived and "day_closed" in visit.flags):
        return VisitState.CONFIRMED if queries.confirmation_of(session, visit.id) else VisitState.DONE
    if _nobody_answered(coming, events):
        return VisitState.UNREACHED
    if arrived:
        return VisitState.RUNNING
    return VisitState.PLANNED if len(coming) >= visit.crew_size else VisitState.DUE


def _nobody_answered(coming: list[VisitCarer], events: list[VisitEvent]) -> bool:
    """Whether the last word of the carers who come is that nobody was there: a later arrival takes it back."""
    present = {carer.person_id for carer in coming}
    tries = [event for event in events if event.person_id in present]
    missed = max((when(event) for event in tries if event.kind == EventKind.NO_ANSWER), default=None)
    arrived = max((when(event) for event in tries if event.kind == EventKind.CHECK_IN), default=None)
    return missed is not None and (arrived is None or arrived <= missed)


def _grade(
    session: Session,
    visit: Visit,
    events: list[VisitEvent],
    carers: list[VisitCarer],
    policy: Policy,
    flags: set[str],
) -> None:
    """The grade of a visit is the worst of those who came: nobody rides on what a partner proves.

    The elder's nod says that somebody was there. Of two it does not say who, so there it counts for whoever proves the
    place, and a carer with neither place nor code has no proof.
    """
    placed = _at_the_door(session, visit, events, policy, flags)
    coming = {carer.person_id for carer in carers if carer.state in queries.COMING}
    came = coming & {event.person_id for event in events if event.kind in _PROVING}
    confirmation = queries.confirmation_of(session, visit.id)
    said = confirmation is not None and confirmation.method != "paper" and not confirmation.disputed
    grades = []
    for person_id in came:
        own = [event for event in events if event.person_id == person_id]
        has_code = any(event.data.get("code") == "right" for event in own)
        named = said and (len(came) == 1 or person_id in placed)
        on_paper = all(event.entered_by for event in own)
        grades.append(rules.grade(place_proved=person_id in placed, elder_proved=has_code or named, on_paper=on_paper))
    visit.grade = max(grades, default=EvidenceGrade.C)


def _at_the_door(session: Session, visit: Visit, events: list[VisitEvent], policy: Policy, flags: set[str]) -> set[str]:
    """Whose position proves that they were at the door; what is odd about a position becomes a flag."""
    household = session.get_one(Household, visit.household_code)
    door, fence_m = place_of(household), household.fence_m or policy.number("geo.fence_m")
    placed = set()
    for event in events:
        if event.kind not in _PROVING or not event.place_sealed:
            continue
        place = rules.Place(*crypto.vault().open(event.place_sealed))
        doubt = rules.place_doubt(place, door, fence_m=fence_m, max_accuracy_m=policy.number("geo.max_accuracy_m"))
        if doubt:
            flags.add(doubt)
        else:
            placed.add(event.person_id)
    return placed


def _doubts(session: Session, visit: Visit, events: list[VisitEvent], carers: list[VisitCarer]) -> set[str]:
    found = {doubt for event in events for doubt in rules.event_doubts(event)}
    found |= _same_device(events)
    if any(clock.local_date(when(event)) != visit.due_on for event in events if event.kind in _REACHING):
        found.add("other_day")
    if any(event.entered_by for event in events):
        has_photo = any(event.kind == EventKind.PHOTO for event in events)
        found |= {"by_office"} if has_photo else {"by_office", "no_photo"}
    replaced = {carer.person_id for carer in carers if carer.state == CarerState.REPLACED}
    if any(event.person_id in replaced for event in events if event.kind in _PROVING):
        found.add("not_assigned")
    if visit.service == ServiceKind.BATH:
        starts = [event for event in events if rules.starts_bath(event.kind, event.data)]
        if any(bath_gates(session, visit, until=when(event)) for event in starts):
            found.add("bath_gate")
    return found


def _same_device(events: list[VisitEvent]) -> set[str]:
    """Two carers of one visit who speak through one phone."""
    spoke: dict[str, set[str]] = {}
    for event in events:
        if event.device_id and not event.entered_by:
            spoke.setdefault(event.device_id, set()).add(event.person_id)
    return {"same_device"} if any(len(people) > 1 for people in spoke.values()) else set()


def data_of(event: VisitEvent) -> dict[str, Any]:
    """What an event said, opened where it lies sealed."""
    sealed = event.data.get("sealed")
    return dict(crypto.vault().open(sealed)) if sealed else dict(event.data)


def bath_gates(session: Session, visit: Visit, *, until: datetime | None = None) -> list[str]:
    """What keeps a bath from starting, by what was known now or `until` then; empty when it may start."""
    policy = in_force(session, visit.area_code, visit.due_on)
    told = queries.events_of(session, visit.id)
    events = [event for event in told if until is None or when(event) <= until]
    vitals = next((data_of(event) for event in reversed(events) if event.kind == EventKind.VITALS), None)
    latest = latest_assessment(session, visit.elder_id)
    return rules.bath_gate_failures(
        vitals,
        assessed_days_ago=(visit.due_on - latest.assessed_on).days if latest else None,
        most_days=policy.number("bath.assessment_max_days"),
        systolic=(policy.number("bath.systolic_min"), policy.number("bath.systolic_max")),
        present=len(_there(visit, told, until or clock.now())),
        needed=visit.crew_size,
        contraindicated=bool(contraindications_of(session, visit.elder_id, visit.due_on)),
        warmth=_warmth(policy, visit.due_on),
    )


def _there(visit: Visit, events: list[VisitEvent], at: datetime) -> set[str]:
    """Who is in the home at an instant: the last thing known of them by then is that they came, not that they left."""
    there = set()
    for person_id in {event.person_id for event in events}:
        own = [event for event in events if event.person_id == person_id]
        came = [when(event) for event in own if event.kind == EventKind.CHECK_IN]
        left = [_left(event, _arrival(own), visit.due_on) for event in own if event.kind == EventKind.CHECK_OUT]
        last = max((moment for moment in came if moment <= at), default=None)
        if last is not None and not any(last <= moment <= at for moment in left):
            there.add(person_id)
    return there


def _warmth(policy: Policy, on: date) -> rules.Warmth:
    """How warm a bath must be on a day, by the policy."""
    winter = (policy.number("bath.winter_from_month"), policy.number("bath.winter_to_month"))
    return rules.Warmth(
        water_c=(policy.number("bath.water_min_c"), policy.number("bath.water_max_c")),
        room_c=policy.number("bath.room_min_c"),
        is_winter=rules.is_winter(on.month, first=winter[0], last=winter[1]),
    )
