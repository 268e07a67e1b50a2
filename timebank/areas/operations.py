"""What the office enters about places: special days, closed roads, and the number to call."""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlmodel import Session

from timebank.areas import rules
from timebank.areas.models import Area, AreaKind, CalendarDay, DayKind, Facility, FacilityKind, RoadClosure
from timebank.areas.queries import closure_for, closures_between, facilities_within, facility_for
from timebank.audit.operations import note
from timebank.core import clock, ids, maps
from timebank.core.actors import Actor
from timebank.core.errors import BadInput, NotFound, Refused
from timebank.core.limits import MAX_PLACE_FROM_MIDDLE_M
from timebank.core.text import T


def enter_day(
    session: Session, *, actor: Actor, area_code: str, on: date, kind: DayKind, name: str = ""
) -> CalendarDay:
    """Enter a special day of an area inside the actor's; visits of that day are generated accordingly."""
    _inside(session, actor, area_code)
    day = CalendarDay(id=ids.new_id("cal"), area_code=area_code, on=on, kind=kind, name=name)
    session.add(day)
    note(session, actor=actor, action="areas.enter_day", subject_id=day.id, area_code=area_code, kind=kind.value)
    return day


def remove_day(session: Session, *, actor: Actor, day_id: str) -> None:
    """Take a special day back."""
    day = session.get(CalendarDay, day_id)
    if day is None or not actor.scope.holds_area(day.area_code):
        raise NotFound("areas.no_such_day", T("There is no such day in your area."))
    session.delete(day)
    note(session, actor=actor, action="areas.remove_day", subject_id=day.id, area_code=day.area_code)


def close_road(
    session: Session,
    *,
    actor: Actor,
    from_code: str,
    to_code: str,
    starts_on: date,
    ends_on: date,
    extra_minutes: int | None,
    reason: str,
) -> RoadClosure:
    """Say that the road between two places is closed (no minutes) or slow (extra minutes) for some days.

    A road that the same township knows to be so for all of these days is not noted twice: the first closure is the
    answer. Refuses a road from a place to itself, an end before the start, a place outside the actor's district, and a
    road of which neither end lies in the actor's area.
    """
    if from_code == to_code:
        raise BadInput("areas.same_place", T("Choose two different places."), field="to_code")
    if ends_on < starts_on:
        raise BadInput("areas.ends_before_start", T("The end lies before the beginning."), field="ends_on")
    for field, code in (("from_code", from_code), ("to_code", to_code)):
        _end_of_road(session, actor, code, field)
    if not any(actor.scope.holds_area(code) for code in (from_code, to_code)):
        raise Refused("areas.road_elsewhere", T("One end of the road must lie in your area."), field="from_code")
    area_code = from_code[:9] if actor.scope.holds_area(from_code) else to_code[:9]
    known = closures_between(session, from_code, to_code, starts_on, ends_on)
    if same := next((one for one in known if (one.area_code, one.extra_minutes) == (area_code, extra_minutes)), None):
        return same
    closure = RoadClosure(
        id=ids.new_id("rdc"),
        area_code=area_code,
        from_code=from_code,
        to_code=to_code,
        starts_on=starts_on,
        ends_on=ends_on,
        extra_minutes=extra_minutes,
        reason=reason,
    )
    session.add(closure)
    note(session, actor=actor, action="areas.close_road", subject_id=closure.id, area_code=closure.area_code)
    return closure


def _end_of_road(session: Session, actor: Actor, code: str, field: str) -> None:
    place = session.get(Area, code)
    is_near = place is not None and place.kind != AreaKind.DISTRICT and code.startswith(actor.area_code[:6])
    if not is_near:
        raise BadInput("areas.unknown_place", T("There is no such place."), field=field)


def open_road(session: Session, *, actor: Actor, road_id: str, open_on: date) -> RoadClosure:
    """Say that a road is as usual again from a day on, which no plan made from now on goes round any more.

    The closure stays in the book for the days on which it held: drives of these days teach nothing about the road.
    Refuses a road that the actor could not have reported, and a day on which it was not closed anyhow.
    """
    closure = closure_for(session, actor.scope, road_id)
    if closure is None:
        raise NotFound("areas.no_such_road", T("There is no such road in your area."))
    if not closure.starts_on <= open_on <= closure.ends_on:
        text = T("Choose a day between the beginning and the end that are noted.")
        raise BadInput("areas.road_not_closed", text, field="open_on")
    was_until, closure.ends_on = closure.ends_on, open_on - timedelta(days=1)
    session.add(closure)
    note(
        session,
        actor=actor,
        action="areas.open_road",
        subject_id=closure.id,
        area_code=closure.area_code,
        open_on=open_on.isoformat(),
        was_until=was_until.isoformat(),
    )
    return closure


def keep_station_phone(session: Session, *, actor: Actor, township_code: str, phone: str) -> Facility:
    """Keep the number of a township's care station, which volunteers call from the road; empty: they see none.

    Where no station is entered yet, one is, in the middle of the township.
    """
    _inside(session, actor, township_code)
    township = session.get_one(Area, township_code)
    if township.kind != AreaKind.TOWNSHIP:
        raise BadInput("areas.no_township", T("Each township enters its own number."), field="phone")
    number = rules.check_phone(phone)
    stations = facilities_within(session, township_code, FacilityKind.STATION, on=clock.today())
    answering = [station for station in stations if station.phone] or stations
    station = answering[0] if answering else _new_station(township)
    station.phone = number
    session.add(station)
    note(session, actor=actor, action="areas.keep_station_phone", subject_id=station.id, area_code=township_code)
    return station


@dataclass(frozen=True)
class PlaceIn:
    """A place of service as the office writes it down; `point` is WGS-84, None where nobody has been there yet."""

    area_code: str
    name: str
    name_en: str = ""
    point: tuple[float, float] | None = None
    phone: str = ""
    opens_minute: int | None = None
    closes_minute: int | None = None


def open_place(session: Session, *, actor: Actor, kind: FacilityKind, given: PlaceIn) -> Facility:
    """Enter a place of service inside the actor's area; without a point it lies at the middle of its area.

    Refuses a second place of that kind and name in the area while the first is in use, and a point far outside it.
    """
    _inside(session, actor, given.area_code)
    area = session.get_one(Area, given.area_code)
    place = Facility(id=ids.new_id("fac"), kind=kind, area_code=area.code, name="", lat=area.lat, lon=area.lon)
    _write(session, place, area, given)
    session.flush()
    note(session, actor=actor, action="areas.open_place", subject_id=place.id, area_code=area.code, kind=kind.value)
    return place


def change_place(session: Session, *, actor: Actor, place_id: str, given: PlaceIn) -> Facility:
    """Rename or move a place, change its number or its times; what was done there before keeps pointing at it."""
    place = _place(session, actor, place_id)
    _inside(session, actor, given.area_code)
    _write(session, place, session.get_one(Area, given.area_code), given)
    note(session, actor=actor, action="areas.change_place", subject_id=place.id, area_code=place.area_code)
    return place


def _write(session: Session, place: Facility, area: Area, given: PlaceIn) -> None:
    name = given.name.strip()
    if not name:
        raise BadInput("core.missing", T("Please fill this in."), field="name")
    if _has_twin(session, place, area.code, name):
        raise Refused("areas.place_known", T("A place of this kind and name is in the book already."), field="name")
    rules.check_times(place.kind, given.opens_minute, given.closes_minute)
    if given.point:
        away_m = maps.distance_m(*given.point, area.lat, area.lon)
        if away_m > MAX_PLACE_FROM_MIDDLE_M:
            text = T("This lies {km} km from the middle of the place that you chose.", km=round(away_m / 1_000))
            raise BadInput("areas.too_far_away", text, field="position")
        place.lat, place.lon = given.point
    place.area_code, place.name, place.name_en = area.code, name[:60], given.name_en.strip()[:60]
    place.phone = rules.check_phone(given.phone)
    place.opens_minute, place.closes_minute = given.opens_minute, given.closes_minute
    session.add(place)


def _has_twin(session: Session, place: Facility, area_code: str, name: str) -> bool:
    others = facilities_within(session, area_code, place.kind, on=clock.today())
    return any(other.name == name and other.id != place.id for other in others)


def close_place(session: Session, *, actor: Actor, place_id: str, from_on: date | None) -> Facility:
    """Say from which day on a place is no more, or (no day) that it stays. Never deleted: the past names it."""
    place = _place(session, actor, place_id)
    if from_on is not None and from_on < clock.today():
        raise Refused("areas.day_is_past", T("Choose today or a later day."), field="closed_from_on")
    place.closed_from_on = from_on
    session.add(place)
    note(session, actor=actor, action="areas.close_place", subject_id=place.id, area_code=place.area_code)
    return place


def _place(session: Session, actor: Actor, place_id: str) -> Facility:
    place = facility_for(session, actor.scope, place_id)
    if place is None:
        raise NotFound("areas.no_such_place", T("There is no such place in your area."))
    return place


def _new_station(township: Area) -> Facility:
    return Facility(
        id=ids.new_id("fac"),
        kind=FacilityKind.STATION,
        area_code=township.code,
        name=f"{township.name_zh}养老服务站",
        lat=township.lat,
        lon=township.lon,
    )


def _inside(session: Session, actor: Actor, area_code: str) -> None:
    if session.get(Area, area_code) is None or not actor.scope.holds_area(area_code):
        raise BadInput("areas.unknown_place", T("There is no such place."), field="area_code")
