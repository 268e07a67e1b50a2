"""Reading places and the days that matter there."""

from collections.abc import Iterable, Sequence
from datetime import date
from functools import cache

import holidays
from sqlmodel import Session, col, or_, select

from timebank.areas.models import Area, AreaKind, CalendarDay, DayKind, Facility, FacilityKind, RoadClosure
from timebank.core import clock
from timebank.core.actors import Scope
from timebank.core.db import in_area


def area(session: Session, code: str) -> Area | None:
    """The area with this code."""
    return session.get(Area, code)


def areas_by_code(session: Session, codes: Iterable[str]) -> dict[str, Area]:
    """Areas by their code."""
    return {area.code: area for area in session.exec(select(Area).where(col(Area.code).in_(set(codes))))}


def area_for(session: Session, scope: Scope, code: str) -> Area | None:
    """The area with this code if it lies inside the scope."""
    found = session.get(Area, code)
    return found if found and scope.holds_area(found.code) else None


def areas_within(session: Session, area_code: str, kind: AreaKind) -> list[Area]:
    """All areas of one level inside an area, by code."""
    found = select(Area).where(in_area(col(Area.code), area_code), Area.kind == kind)
    return list(session.exec(found.order_by(Area.code)))


def facilities_within(
    session: Session, area_code: str, kind: FacilityKind | None = None, *, on: date | None = None
) -> list[Facility]:
    """Places of service inside an area, by id: those that are there on a day, or all that ever were."""
    found = select(Facility).where(in_area(col(Facility.area_code), area_code))
    if kind is not None:
        found = found.where(Facility.kind == kind)
    if on is not None:
        found = found.where(or_(col(Facility.closed_from_on).is_(None), col(Facility.closed_from_on) > on))
    return list(session.exec(found.order_by(Facility.id)))


def facility_for(session: Session, scope: Scope, place_id: str) -> Facility | None:
    """The place if it lies inside the scope."""
    found = session.get(Facility, place_id)
    return found if found and scope.holds_area(found.area_code) else None


def is_there(place: Facility, on: date) -> bool:
    """Whether a place is in use on a day."""
    return place.closed_from_on is None or place.closed_from_on > on


def closures_on(session: Session, area_code: str, on: date) -> list[RoadClosure]:
    """Roads closed or slow on a day, reported by an area or the areas inside it."""
    found = select(RoadClosure).where(
        in_area(col(RoadClosure.area_code), area_code), RoadClosure.starts_on <= on, RoadClosure.ends_on >= on
    )
    return list(session.exec(found.order_by(RoadClosure.id)))


def closures_from(session: Session, area_code: str, on: date) -> list[RoadClosure]:
    """Roads closed or slow on a day or later, reported by an area or the areas inside it, the next one first."""
    found = select(RoadClosure).where(in_area(col(RoadClosure.area_code), area_code), RoadClosure.ends_on >= on)
    to_come = found.where(RoadClosure.ends_on >= RoadClosure.starts_on)  # not one that was opened before it began
    return list(session.exec(to_come.order_by(col(RoadClosure.starts_on), RoadClosure.id)))


def may_open(scope: Scope, closure: RoadClosure) -> bool:
    """Whether a caller is of the office that reported a road, or of a village at one of its ends."""
    at_an_end = scope.holds_area(closure.from_code) or scope.holds_area(closure.to_code)
    is_of_township = at_an_end and scope.area_code.startswith(closure.area_code)
    return scope.person_ids is None and (scope.holds_area(closure.area_code) or is_of_township)


def closure_for(session: Session, scope: Scope, road_id: str) -> RoadClosure | None:
    """The closed or slow road if the caller may say that it is open again."""
    found = session.get(RoadClosure, road_id)
    return found if found and may_open(scope, found) else None


def closures_between(
    session: Session, from_code: str, to_code: str, starts_on: date, ends_on: date
) -> list[RoadClosure]:
    """What is known about the road between two places, whichever was named first, for all days of a span."""
    ends = (from_code, to_code)
    found = select(RoadClosure).where(col(RoadClosure.from_code).in_(ends), col(RoadClosure.to_code).in_(ends))
    spans = found.where(RoadClosure.starts_on <= starts_on, RoadClosure.ends_on >= ends_on)
    return list(session.exec(spans.order_by(RoadClosure.id)))


@cache
def _national(year: int) -> holidays.HolidayBase:
    return holidays.country_holidays("CN", years=year, language="zh_CN")


def day_kinds(session: Session, area_code: str, days: Sequence[date]) -> dict[date, dict[DayKind, str]]:
    """For each date, what it is for an area: kind → name. Entries of the office override the national calendar.

    National holidays and make-up working days come from the `holidays` package; market days from the township's
    digits; farming season, closures and corrections from the calendar table of the area or those above it.
    """
    codes = [area_code[:size] for size in (6, 9, 12, 14) if len(area_code) >= size]
    digits = _market_digits(session, codes)
    kinds: dict[date, dict[DayKind, str]] = {}
    for on in days:
        national = _national(on.year)
        kinds[on] = {DayKind.HOLIDAY: national.get(on, "")} if on in national else {}
        if not kinds[on] and on.weekday() >= 5 and national.is_working_day(on):
            kinds[on] = {DayKind.WORKDAY: ""}
        if str(on.day % 10) in digits:
            kinds[on][DayKind.MARKET] = ""
    entered = select(CalendarDay).where(col(CalendarDay.area_code).in_(codes), col(CalendarDay.on).in_(list(kinds)))
    for entry in session.exec(entered.order_by(CalendarDay.area_code)):
        if entry.kind == DayKind.WORKDAY:
            kinds[entry.on].pop(DayKind.HOLIDAY, None)
        kinds[entry.on][entry.kind] = entry.name
    return kinds


def _market_digits(session: Session, codes: list[str]) -> set[str]:
    found = session.exec(select(Area.market_digits).where(col(Area.code).in_(codes))).all()
    return {digit for digits in found for digit in digits.split(",") if digit}


def entered_days(session: Session, area_code: str, first_on: date, last_on: date) -> list[CalendarDay]:
    """Special days that offices inside an area entered, by date."""
    found = select(CalendarDay).where(
        in_area(col(CalendarDay.area_code), area_code), CalendarDay.on >= first_on, CalendarDay.on <= last_on
    )
    return list(session.exec(found.order_by(col(CalendarDay.on), col(CalendarDay.id))))


def office_phone(session: Session, area_code: str) -> str:
    """The phone number of the township's care station, where somebody coordinates; empty where none is entered."""
    station = office_station(session, area_code)
    return station.phone if station else ""


def office_station(session: Session, area_code: str) -> Facility | None:
    """The township's care station that can be called, where somebody coordinates."""
    stations = facilities_within(session, area_code[:9], FacilityKind.STATION, on=clock.today())
    return next((station for station in stations if station.phone), None)
