"""Server-sent events: tell a board that its day has changed. The board then asks what is new.

A stream holds one thread of the server, so it ends by itself after half a minute (the browser opens it again) and only
a few are held at once; whoever comes beyond that is told at once and asked to come back in some seconds.
"""

from collections.abc import Iterator
from threading import BoundedSemaphore, Event

from flask import Response

from timebank.core import db
from timebank.core.limits import MAX_LIVE_STREAMS
from timebank.dayplans.models import DayPlan
from timebank.dayplans.queries.live import stamp_of

_places = BoundedSemaphore(MAX_LIVE_STREAMS)
_LOOKS, _PAUSE_SECONDS, _COME_BACK_MS = 30, 1.0, 4_000


def stream_of(day_plan_id: str) -> Response:
    """The stream of one version's day."""
    return Response(_events(day_plan_id), mimetype="text/event-stream")


def _events(day_plan_id: str) -> Iterator[str]:
    if not _places.acquire(blocking=False):
        yield f"retry: {_COME_BACK_MS}\n{_told(_stamp(day_plan_id))}"
        return
    try:
        yield "retry: 500\n"
        yield from _changes(day_plan_id)
    finally:
        _places.release()


def _changes(day_plan_id: str) -> Iterator[str]:
    known, pause = "", Event()
    for _ in range(_LOOKS):
        stamp = _stamp(day_plan_id)
        yield _told(stamp) if stamp != known else ": still here\n\n"  # a comment shows that the line is up
        known = stamp
        pause.wait(_PAUSE_SECONDS)


def _told(stamp: str) -> str:
    return f"event: changed\ndata: {stamp}\n\n"


def _stamp(day_plan_id: str) -> str:
    with db.reading() as session:
        row = session.get(DayPlan, day_plan_id)
        return stamp_of(session, row) if row else ""
