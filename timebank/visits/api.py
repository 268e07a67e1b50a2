"""What the phone's offline queue talks to."""

from datetime import datetime
from typing import Annotated, Any, Literal

from flask import Blueprint, jsonify, request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from timebank.auth.guards import actor, guard
from timebank.core import clock, db, http
from timebank.core.actors import Role
from timebank.core.errors import BadInput, TimebankError
from timebank.core.formats import local_time
from timebank.core.i18n import say
from timebank.core.limits import MAX_EVENTS_PER_UPLOAD
from timebank.core.text import T
from timebank.visits import operations, queries
from timebank.visits.models import EventKind
from timebank.visits.rules import EventIn, Place
from timebank.visits.words import SERVICE_WORDS

bp = Blueprint("visits_api", __name__, url_prefix="/api")


class PlaceBody(BaseModel):
    """WGS-84, metres."""

    model_config = ConfigDict(extra="forbid")
    lat: Annotated[float, Field(ge=-90, le=90)]
    lon: Annotated[float, Field(ge=-180, le=180)]
    accuracy_m: Annotated[float, Field(ge=0, le=100_000)]


class EventBody(BaseModel):
    """One event of the queue; named by the phone."""

    model_config = ConfigDict(extra="forbid")
    id: Annotated[str, Field(max_length=31)]
    visit_id: Annotated[str, Field(max_length=31)]
    kind: EventKind
    device_at: AwareDatetime
    counter: Annotated[int, Field(ge=0, le=2**31)] = 0
    place: PlaceBody | None = None
    day_code: Annotated[str, Field(pattern=r"^[0-9]{6}$")] | None = None
    data: dict[str, Any] = Field(default_factory=dict)


class Result(BaseModel):
    """The office's word on one event."""

    id: str
    state: Literal["accepted", "repeated", "held", "refused"]
    code: str
    message: str


@bp.post("/visit-events")
@guard(Role.VOLUNTEER, writes=False)
def take_events() -> Any:
    """Take a queue of events in any order, each in its own unit of work: one that is refused hides no other."""
    body = request.get_json(silent=True)
    body = body if isinstance(body, dict) else {}
    events = body.get("events")
    if not isinstance(events, list) or len(events) > MAX_EVENTS_PER_UPLOAD:
        text = T("Send a list of at most {most} entries.", most=MAX_EVENTS_PER_UPLOAD)
        raise BadInput("visits.bad_queue", text, field="events")
    device = str(body.get("device", ""))[:40]
    return jsonify(results=[_take(raw, device).model_dump() for raw in events])


def _take(raw: Any, device: str) -> Result:
    name = str(raw.get("id", ""))[:40] if isinstance(raw, dict) else ""
    try:
        body = EventBody.model_validate(raw)
    except ValidationError as error:
        field = ".".join(str(part) for part in error.errors()[0]["loc"])
        text = T("The entry {field} could not be read; the office has been told.", field=field)
        return Result(id=name, state="refused", code="visits.unreadable_event", message=say(text))
    try:
        with db.transaction() as session:
            result = operations.record_event(
                session, actor=actor(), event=_event(body, device), person_id=actor().person_id or ""
            )
    except TimebankError as refusal:
        return Result(id=body.id, state="refused", code=refusal.code, message=say(refusal.message))
    return Result(id=result.id, state=result.state, code="", message=say(result.message))  # type: ignore[arg-type]


def _event(body: EventBody, device: str) -> EventIn:
    place = Place(body.place.lat, body.place.lon, body.place.accuracy_m) if body.place else None
    at: datetime = body.device_at
    return EventIn(
        id=body.id,
        visit_id=body.visit_id,
        kind=body.kind,
        device_at=at,
        device_id=device,
        counter=body.counter,
        place=place,
        day_code=body.day_code,
        data=body.data,
    )


@bp.get("/today")
@guard(Role.VOLUNTEER)
def today() -> Any:
    """Today's stops with the least that a phone must keep: no full address, no phone number, no health."""
    on = clock.today()
    stops = queries.stops_of(http.session(), actor().person_id or "", on, on)
    return jsonify(
        on=on.isoformat(),
        stops=[
            {
                "visit_id": stop.visit.id,
                "landmark": stop.household.landmark,
                "name": stop.elder.name[:1] + "〇",
                "service": stop.visit.service.value,
                "service_words": say(SERVICE_WORDS[stop.visit.service]),
                "starts": local_time(stop.carer.starts_minute),
                "minutes": stop.visit.duration_minutes,
                "partners": [person.name[:1] + "〇" for _, person in stop.partners],
                "state": stop.visit.state.value,
            }
            for stop in stops
        ],
    )
