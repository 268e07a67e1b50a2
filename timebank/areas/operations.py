"""What the office enters about places: special days and closed roads."""

from datetime import date

from sqlmodel import Session

from timebank.areas.models import Area, CalendarDay, DayKind, RoadClosure
from timebank.audit.operations import note
from timebank.core import ids
from timebank.core.actors import Actor
from timebank.core.errors import BadInput, NotFound, Refused
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


def _inside(session: Session, actor: Actor, area_code: str) -> None:
    if session.get(Area, area_code) is None or not actor.scope.holds_area(area_code):
        raise BadInput("areas.unknown_place", T("There is no such place."), field="area_code")
