"""What the office enters about places: special days, closed roads, and the number to call."""

import re
from datetime import date

from sqlmodel import Session

from timebank.areas.models import Area, AreaKind, CalendarDay, DayKind, Facility, FacilityKind, RoadClosure
from timebank.areas.queries import facilities_within
from timebank.audit.operations import note
from timebank.core import ids
from timebank.core.actors import Actor
from timebank.core.errors import BadInput, NotFound, Refused
from timebank.core.text import T

_PHONE = re.compile(r"\+?[0-9]{5,15}")


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

    Refuses a road from a place to itself, an end before the start, and places outside the actor's district.
    """
    if from_code == to_code:
        raise BadInput("areas.same_place", T("Choose two different places."), field="to_code")
    if ends_on < starts_on:
        raise BadInput("areas.ends_before_start", T("The end lies before the beginning."), field="ends_on")
    for code in (from_code, to_code):
        if session.get(Area, code) is None:
            raise BadInput("areas.unknown_place", T("There is no such place."), field="from_code")
    if not any(actor.scope.holds_area(code) for code in (from_code, to_code)):
        raise Refused("areas.road_elsewhere", T("One end of the road must lie in your area."), field="from_code")
    closure = RoadClosure(
        id=ids.new_id("rdc"),
        area_code=from_code[:9] if actor.scope.holds_area(from_code) else to_code[:9],
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


def keep_station_phone(session: Session, *, actor: Actor, township_code: str, phone: str) -> Facility:
    """Keep the number of a township's care station, which volunteers call from the road; empty: they see none.

    Where no station is entered yet, one is, in the middle of the township.
    """
    _inside(session, actor, township_code)
    township = session.get_one(Area, township_code)
    if township.kind != AreaKind.TOWNSHIP:
        raise BadInput("areas.no_township", T("Each township enters its own number."), field="phone")
    number = re.sub(r"[\s-]", "", phone)
    if number and not _PHONE.fullmatch(number):
        raise BadInput("areas.bad_phone", T("A phone number has 5 to 15 digits."), field="phone")
    stations = facilities_within(session, township_code, FacilityKind.STATION)
    answering = [station for station in stations if station.phone] or stations
    station = answering[0] if answering else _new_station(township)
    station.phone = number
    session.add(station)
    note(session, actor=actor, action="areas.keep_station_phone", subject_id=station.id, area_code=township_code)
    return station


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
