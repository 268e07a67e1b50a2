"""A volunteer's visits as a calendar (RFC 5545) that a phone subscribes to. Pure.

A calendar is read by other companies' servers, so it says what and where in landmarks, never whom.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from icalendar import Calendar, Event

from timebank.core import clock


@dataclass(frozen=True)
class Entry:
    """One visit of the calendar; `starts_minute` of the local day."""

    visit_id: str
    on: date
    starts_minute: int
    minutes: int
    words: str
    landmark: str


def as_ical(entries: Iterable[Entry], *, name: str, stamp: datetime) -> bytes:
    """The calendar with one event for each entry; refreshed by phones every hour."""
    made = Calendar()
    made.add("prodid", "-//timebank//visits//")
    made.add("version", "2.0")
    made.add("x-wr-calname", name)
    made.add("refresh-interval", timedelta(hours=1), parameters={"VALUE": "DURATION"})
    for entry in entries:
        event = Event()
        starts_at = clock.at_local(entry.on, entry.starts_minute)
        event.add("uid", f"{entry.visit_id}@timebank")
        event.add("dtstamp", stamp)
        event.add("dtstart", starts_at)
        event.add("dtend", starts_at + timedelta(minutes=entry.minutes))
        event.add("summary", f"{entry.words} · {entry.landmark}")
        event.add("location", entry.landmark)
        made.add_component(event)
    written: bytes = made.to_ical()
    return written
