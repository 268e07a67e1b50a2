"""When a volunteer can help, and on which days not."""

from collections.abc import Sequence
from datetime import date

from sqlmodel import Session, select

from timebank.audit.operations import note
from timebank.core import ids
from timebank.core.actors import Actor
from timebank.core.errors import BadInput
from timebank.core.text import T
from timebank.people.models import Availability, DayOff
from timebank.people.operations.found import of_area_or_self


def take_day_off(session: Session, *, actor: Actor, person_id: str, on: date, reason: str = "") -> DayOff:
    """Say that a volunteer cannot come on a day. Saying it twice changes nothing."""
    person = of_area_or_self(session, actor, person_id)
    known = session.exec(select(DayOff).where(DayOff.person_id == person.id, DayOff.on == on)).first()
    if known:
        return known
    day = DayOff(id=ids.new_id("off"), person_id=person.id, on=on, reason=reason.strip()[:60])
    session.add(day)
    note(session, actor=actor, action="people.take_day_off", subject_id=person.id, on=on.isoformat())
    return day


def come_after_all(session: Session, *, actor: Actor, person_id: str, on: date) -> None:
    """Take a day off back. A day that was not off stays as it is."""
    person = of_area_or_self(session, actor, person_id)
    known = session.exec(select(DayOff).where(DayOff.person_id == person.id, DayOff.on == on)).first()
    if known:
        session.delete(known)
        note(session, actor=actor, action="people.come_after_all", subject_id=person.id, on=on.isoformat())


def set_availability(
    session: Session, *, actor: Actor, person_id: str, windows: Sequence[tuple[int, int, int]], travel_mode: str
) -> None:
    """Replace a volunteer's weekly hours: (weekday, from minute, to minute)."""
    person = of_area_or_self(session, actor, person_id)
    for weekday, start, end in windows:
        if not (0 <= weekday <= 6 and 0 <= start < end <= 24 * 60):
            raise BadInput("people.bad_hours", T("The end of a time must lie after its beginning."), field="windows")
    for old in session.exec(select(Availability).where(Availability.person_id == person.id)):
        session.delete(old)
    for weekday, start, end in windows:
        session.add(
            Availability(
                id=ids.new_id("avl"),
                person_id=person.id,
                weekday=weekday,
                from_minute=start,
                to_minute=end,
                travel_mode=travel_mode,
            )
        )
    note(session, actor=actor, action="people.set_availability", subject_id=person.id)
