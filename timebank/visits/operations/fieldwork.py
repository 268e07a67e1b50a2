"""What phones, assistants and paper slips say about visits: kept once, in any order, however late.

What a visit is follows from all its events together (operations.derivation), so the order of arrival does not matter
(promise P7). An event is never refused for doubt about place or time: doubt is a flag that a reviewer sees.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from sqlmodel import Session, select

from timebank.audit.operations import note
from timebank.careplans.models import ServiceKind
from timebank.core import clock, crypto, ids
from timebank.core.actors import Actor
from timebank.core.errors import BadInput, NotFound, Refused
from timebank.core.limits import CLOCK_SKEW_FLAG_MINUTES, DAY_CODE_TRIES_PER_VISIT
from timebank.core.text import T, Text
from timebank.people.queries import has_withdrawn
from timebank.visits import queries, rules
from timebank.visits.models import CarerState, EventKind, Visit, VisitCarer, VisitEvent, VisitState
from timebank.visits.operations.alarms import sound
from timebank.visits.operations.derivation import bath_gates, derive, with_flag
from timebank.visits.rules import EventIn, Place
from timebank.visits.words import GATE_WORDS

_MATTERS_LATE = (EventKind.CHECK_IN, EventKind.CHECK_OUT, EventKind.NO_ANSWER, EventKind.CANCELLED)
_WHO_CAME = (EventKind.CHECK_IN, EventKind.CHECK_OUT, EventKind.NO_ANSWER)
_PRIVATE = (EventKind.VITALS, EventKind.NOTE)  # health data and free text are sealed (PIPL art. 28)


@dataclass(frozen=True)
class EventResult:
    """What the office says to a phone about one event: accepted, repeated or held (kept, but looked at by a person)."""

    id: str
    state: Literal["accepted", "repeated", "held"]
    message: Text
    code: str = ""


def record_event(
    session: Session, *, actor: Actor, event: EventIn, person_id: str, entered_by: str = ""
) -> EventResult:
    """Keep one event of a carer's visit under the id that the phone gave it.

    Sent again it changes nothing; the same id with other content is a conflict. `entered_by` is the login of an
    assistant who enters a paper slip. Events for a visit that is cancelled, closed or given to somebody else are
    kept and looked at. Refuses only a visit that never was on this carer's list, and water before a bath is safe.
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
    _refuse_unsafe_bath(session, visit, event)
    rules.left_minute(event.data)
    place = None if has_withdrawn(session, visit.elder_id, "place") else event.place
    row = VisitEvent(
        id=event.id,
        visit_id=visit.id,
        person_id=person_id,
        kind=event.kind,
        device_id=event.device_id,
        counter=event.counter,
        device_at=event.device_at,
        server_at=clock.now(),
        place_sealed=_sealed_place(place),
        place_mark=_place_mark(place),
        entered_by=entered_by,
        data=_kept_data(session, visit, event) | _held(visit, carer, event.kind),
        digest=event.digest,
    )
    session.add(row)
    session.flush()
    note(
        session, actor=actor, action="visits.record_event", subject_id=visit.id, area_code=visit.area_code, event=row.id
    )
    if visit.state in queries.OPEN_STATES:
        _take_back(carer, row)
        derive(session, visit)
    if row.kind == EventKind.SOS:
        sound(session, actor, visit, row)
    return _answer(session, visit, carer, row)


def _take_back(carer: VisitCarer, row: VisitEvent) -> None:
    """Who calls off on the way answers as if they declined: once, when it is heard. Asked again, or taking the visit
    after all, they answer anew; who came all the same has come, in whatever order the phone tells it (derive)."""
    if row.kind == EventKind.CANCELLED and carer.state in queries.COMING:
        carer.state, carer.decline_reason = CarerState.DECLINED, str(row.data.get("reason", ""))[:200]


def _answer(session: Session, visit: Visit, carer: VisitCarer, row: VisitEvent) -> EventResult:
    if row.kind in _MATTERS_LATE and visit.state not in queries.OPEN_STATES:
        visit.flags = with_flag(visit.flags, "late_event")
        session.add(visit)
    held = row.data.get("held")
    if not held and carer.state not in queries.COMING and row.kind != EventKind.CANCELLED:
        held = "given_to_another"
    if held:
        return _kept_for_the_office(row.id, held)
    return EventResult(row.id, "accepted", _words(row, visit))


def _kept_for_the_office(event_id: str, held: str) -> EventResult:
    if held == "called_off":
        text = T("Kept. This visit had been called off; the office looks at it.")
        return EventResult(event_id, "held", text, "visits.called_off")
    if held == "closed_already":
        text = T("Kept. This visit was closed already; the office looks at it.")
        return EventResult(event_id, "held", text, "visits.closed_already")
    text = T("Kept. This visit was given to somebody else; the office looks at it.")
    return EventResult(event_id, "held", text, "visits.given_to_another")


def _held(visit: Visit, carer: VisitCarer, kind: EventKind) -> dict[str, str]:
    """Why what was told changes nothing by itself and stands on the office's list (desk_queries.late_news)."""
    if kind in _MATTERS_LATE and visit.state not in queries.OPEN_STATES:
        return {"held": "called_off" if visit.state == VisitState.CANCELLED else "closed_already"}
    return {"held": "given_to_another"} if kind in _WHO_CAME and carer.state == CarerState.REPLACED else {}


def _repeated(known: VisitEvent, event: EventIn) -> EventResult:
    if known.digest != event.digest:
        raise Refused("visits.event_reused", T("This entry was sent before with other content. Nothing was changed."))
    return EventResult(event.id, "repeated", T("This had arrived already."))


def _carer(session: Session, visit_id: str, person_id: str) -> VisitCarer | None:
    return session.exec(
        select(VisitCarer).where(VisitCarer.visit_id == visit_id, VisitCarer.person_id == person_id)
    ).first()


def _sealed_place(place: Place | None) -> str:
    return crypto.vault().seal([place.lat, place.lon, place.accuracy_m]) if place else ""


def _place_mark(place: Place | None) -> str:
    return crypto.vault().fingerprint(f"place {place.lat} {place.lon} {place.accuracy_m}")[:16] if place else ""


def _kept_data(session: Session, visit: Visit, event: EventIn) -> dict[str, Any]:
    if event.kind == EventKind.VITALS:
        rules.check_vitals(event.data)
    data = {"sealed": crypto.vault().seal(dict(event.data))} if event.kind in _PRIVATE else dict(event.data)
    ours = {"code": _code_verdict(session, visit, event), "card": _card_verdict(visit, event)}
    kept = {key: value for key, value in data.items() if key not in (*ours, "offset_s", "held")}
    if event.offset_s is not None and abs(event.offset_s) > CLOCK_SKEW_FLAG_MINUTES * 60:
        kept["offset_s"] = event.offset_s
    return kept | {key: verdict for key, verdict in ours.items() if verdict}


def _code_verdict(session: Session, visit: Visit, event: EventIn) -> str:
    """Whether the day's six digits are right; after five wrong ones at a visit no code counts any more."""
    if not event.day_code:
        return ""
    if queries.wrong_codes(session, visit.id) >= DAY_CODE_TRIES_PER_VISIT:
        return "locked"
    on = clock.local_date(rules.happened_at(event.device_at, clock.now(), event.offset_s))
    if event.day_code == queries.day_code(visit.household_code, on):
        return "right" if on == visit.due_on else "other_day"
    earlier = [queries.day_code(visit.household_code, on - timedelta(days=back)) for back in range(1, 8)]
    return "other_day" if event.day_code in earlier else "wrong"


def _card_verdict(visit: Visit, event: EventIn) -> str:
    if not event.card:
        return ""
    return "right" if event.card == visit.household_code else "other_home"


_WORDS = {
    EventKind.CHECK_IN: T("Arrival is in the book."),
    EventKind.CHECK_OUT: T("Done. Now the elder's side nods."),
    EventKind.NO_ANSWER: T("Kept. The coordinator calls the neighbours."),
    EventKind.CANCELLED: T("Kept. The coordinator finds somebody else."),
    EventKind.SOS: T("The office sees your alarm. If a life is in danger, call 120 now."),
}
_CODE_WORDS = {
    "wrong": T("Kept. The six digits are not those of this door today; look at the strip again."),
    "other_day": T("Kept. These six digits are of another day; tear the strip off down to today."),
    "locked": T("Kept. Too many wrong digits at this visit; the village will ask the elder instead."),
}


def _words(row: VisitEvent, visit: Visit) -> Text:
    if row.data.get("card") == "other_home":
        return T("Kept. The card you scanned hangs at another home. Look whether you are at the right door.")
    return _CODE_WORDS.get(str(row.data.get("code", ""))) or _WORDS.get(row.kind, T("Kept."))


def _refuse_unsafe_bath(session: Session, visit: Visit, event: EventIn) -> None:
    """The water is refused while a gate fails; news of water that ran hours ago in a valley is kept and flagged."""
    if visit.service != ServiceKind.BATH or not rules.starts_bath(event.kind, event.data):
        return
    now = clock.now()
    happened = rules.happened_at(event.device_at, now, event.offset_s)
    if now - happened > timedelta(minutes=CLOCK_SKEW_FLAG_MINUTES):
        return
    refuse_unsafe_bath(session, visit)


def refuse_unsafe_bath(session: Session, visit: Visit) -> None:
    """Refuse the start of a bath with every reason that speaks against it now (field guide §2.5)."""
    failures = bath_gates(session, visit)
    if failures:
        named = {failure: GATE_WORDS[failure] for failure in failures}
        reasons = Text(" · ".join(f"{{{failure}}}" for failure in failures), dict(named))
        text = T("Do not start the bath: {reasons}.", reasons=reasons)
        raise Refused("visits.bath_gate", text, field=failures[0])
