"""What the phone's offline queue talks to."""

from datetime import datetime
from typing import Annotated, Any, Literal

from flask import Blueprint, jsonify, request, session
from flask_wtf.csrf import generate_csrf
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
)
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from timebank.areas.queries import office_phone
from timebank.audit.operations import note
from timebank.auth.guards import ON_A_PHONE, actor, guard
from timebank.core import clock, db, http
from timebank.core.actors import Role
from timebank.core.errors import BadInput, TimebankError
from timebank.core.formats import local_time
from timebank.core.i18n import say
from timebank.core.limits import MAX_EVENTS_PER_UPLOAD
from timebank.core.text import T, Text
from timebank.policies.queries import in_force
from timebank.visits import operations, queries, rules
from timebank.visits.models import EventKind
from timebank.visits.rules import EventIn, Place
from timebank.visits.words import SERVICE_WORDS

bp = Blueprint("visits_api", __name__, url_prefix="/api")

_TYPED_LONGEST = 40  # twice the longest code of a door

_Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,31}$")]
_Word = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,24}$")]
_Said = Annotated[str, StringConstraints(max_length=1_000, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f]*$")]
# a wrong code or card is told, never a reason to lose the entry: what is longer than any of ours is wrong when cut, too
_Typed = Annotated[str, AfterValidator(lambda typed: typed[:_TYPED_LONGEST])]
_Number = Annotated[float, Field(ge=-1_000, le=1_000, allow_inf_nan=False)]


class PlaceBody(BaseModel):
    """WGS-84, metres."""

    model_config = ConfigDict(extra="forbid")
    lat: Annotated[float, Field(ge=-90, le=90)]
    lon: Annotated[float, Field(ge=-180, le=180)]
    accuracy_m: Annotated[float, Field(ge=0, le=100_000)]


class EventBody(BaseModel):
    """One event of the queue; named by the phone."""

    model_config = ConfigDict(extra="forbid")
    id: _Name
    visit_id: _Name
    kind: EventKind
    device_at: AwareDatetime
    counter: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    place: PlaceBody | None = None
    day_code: _Typed | None = None
    card: _Typed | None = None
    data: dict[_Word, bool | int | _Number | _Said] = Field(default_factory=dict, max_length=20)


class Result(BaseModel):
    """The office's word on one event."""

    id: str
    state: Literal["accepted", "repeated", "held", "refused"]
    code: str
    message: str


_SENT_AT: TypeAdapter[datetime] = TypeAdapter(AwareDatetime)
_DEVICE: TypeAdapter[str] = TypeAdapter(Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{0,40}$")])


@bp.post("/visit-events")
@guard(Role.VOLUNTEER, writes=False)
def take_events() -> Any:
    """Take a queue of events in any order, each in its own unit of work: one that is refused hides no other.

    Body: `{device, sent_at, events: [...]}`. `sent_at` is the phone's clock at sending: it shows how wrong that is.
    """
    body = _body()
    events = body.get("events")
    if not isinstance(events, list) or len(events) > MAX_EVENTS_PER_UPLOAD:
        text = T("Send a list of at most {most} entries.", most=MAX_EVENTS_PER_UPLOAD)
        raise BadInput("visits.bad_queue", text, field="events")
    device, offset_s = _device(body), _offset_s(body)
    return jsonify(results=[_take(raw, device, offset_s).model_dump() for raw in events])


def _body() -> dict[str, Any]:
    try:
        body = request.get_json(silent=True)
    except RecursionError:  # brackets nested thousands deep
        body = None
    return body if isinstance(body, dict) else {}


def _device(body: dict[str, Any]) -> str:
    """The phone's name: the one it was paired under, which it cannot choose; else the one it gave itself."""
    if session.get(ON_A_PHONE):
        return str(session[ON_A_PHONE])
    try:
        return _DEVICE.validate_python(body.get("device", ""))
    except ValidationError:
        text = T("This phone has lost its name. Open the page again.")
        raise BadInput("visits.bad_device", text, field="device") from None


def _offset_s(body: dict[str, Any]) -> int | None:
    if body.get("sent_at") is None:
        return None
    try:
        sent_at = _SENT_AT.validate_python(body["sent_at"])
    except ValidationError:
        text = T("The clock of this phone cannot be read. Set date and time in its settings.")
        raise BadInput("visits.bad_clock", text, field="sent_at") from None
    return round((clock.now() - sent_at).total_seconds())


def _take(raw: Any, device: str, offset_s: int | None) -> Result:
    name = str(raw.get("id", ""))[:40] if isinstance(raw, dict) else ""
    try:
        body = EventBody.model_validate(raw)
    except ValidationError as error:
        return _unreadable(name, error)
    try:
        event = _event(body, device, offset_s)
        try:
            return _recorded(event)
        except IntegrityError:  # the same entry arrived twice at the same moment: now it is there
            return _recorded(event)
    except TimebankError as refusal:
        _note_refusal(body, refusal)
        return Result(id=body.id, state="refused", code=refusal.code, message=say(refusal.message))


_PARTS: dict[str, Text] = {
    "device_at": T("the time"),
    "place": T("the position"),
    "day_code": T("the six digits"),
    "card": T("the door card"),
    "data": T("what was typed"),
}


def _unreadable(name: str, error: ValidationError) -> Result:
    """Say which part of an entry cannot be read, as people call it; the field by its name stays in the trace."""
    where = [str(part) for part in error.errors()[0]["loc"]]
    part = _PARTS.get(where[0] if where else "", T("the entry"))
    with db.transaction() as unit:
        told = ".".join(where[:2])[:60]
        who = actor().user_id
        note(unit, actor=actor(), action="visits.refuse_event", subject_id=who, code="unreadable_event", field=told)
    text = T("Not kept, because {part} cannot be read. Show this to your village assistant.", part=part)
    return Result(id=name, state="refused", code="visits.unreadable_event", message=say(text))


def _note_refusal(told: EventBody, refusal: TimebankError) -> None:
    """What a phone told and the office could not keep leaves a trace: nothing a volunteer did is lost in silence."""
    with db.transaction() as unit:
        subject, kind = told.visit_id, told.kind.value
        note(unit, actor=actor(), action="visits.refuse_event", subject_id=subject, code=refusal.code, kind=kind)


def _recorded(event: EventIn) -> Result:
    def recorded(unit: Session) -> operations.EventResult:
        return operations.record_event(unit, actor=actor(), event=event, person_id=actor().person_id or "")

    result = db.in_one_unit(recorded, before_again=lambda: None)
    return Result(id=result.id, state=result.state, code=result.code, message=say(result.message))


def _event(body: EventBody, device: str, offset_s: int | None) -> EventIn:
    return EventIn(
        id=body.id,
        visit_id=body.visit_id,
        kind=body.kind,
        device_at=body.device_at,
        device_id=device,
        counter=body.counter,
        place=Place(body.place.lat, body.place.lon, body.place.accuracy_m) if body.place else None,
        day_code=rules.plain_code(body.day_code or "") or None,
        card=body.card,
        offset_s=offset_s,
        data=body.data,
    )


@bp.post("/visit-photos/<string:event_id>")
@guard(Role.VOLUNTEER)
def take_photo(event_id: str) -> Any:
    """Take the picture of a photo entry that has arrived: the body is the picture itself, of any usual type."""
    operations.keep_photo(http.session(), actor=actor(), event_id=event_id, raw=request.get_data())
    return jsonify(id=event_id, message=say(T("The photo has arrived.")))


@bp.get("/today")
@guard(Role.VOLUNTEER)
def today() -> Any:
    """Today's stops with the least that a phone must keep: no full name, no address, no phone number, no health."""
    on = clock.today()
    stops = queries.stops_of(http.session(), actor().person_id or "", on, on)
    return jsonify(
        owner=actor().user_id,
        csrf=generate_csrf(),
        now=clock.now().isoformat(),
        on=on.isoformat(),
        office_phone=office_phone(http.session(), actor().area_code),
        here={stop.visit.id: stop.arrived for stop in stops},
        stops=[_stop(stop) for stop in stops],
    )


def _stop(stop: queries.Stop) -> dict[str, Any]:
    policy = in_force(http.session(), stop.visit.area_code, stop.visit.due_on)
    return {
        "visit_id": stop.visit.id,
        "landmark": stop.household.landmark,
        "name": stop.elder.name[:1] + "〇",
        "door": stop.household.code,
        "service": stop.visit.service.value,
        "service_words": say(SERVICE_WORDS[stop.visit.service]),
        "starts": local_time(stop.carer.starts_minute),
        "minutes": stop.visit.duration_minutes,
        "partners": [person.name[:1] + "〇" for _, person in stop.partners],
        "state": stop.visit.state.value,
        "there": stop.carer.checked_in_at is not None,
        "since": stop.carer.checked_in_at.isoformat() if stop.carer.checked_in_at else None,
        "ends_at": clock.at_local(
            stop.visit.due_on, stop.carer.starts_minute + stop.visit.duration_minutes
        ).isoformat(),
        "tolerance_minutes": policy.number("earn.over_planned_minutes"),
        "left": stop.carer.checked_out_at is not None,
    }
