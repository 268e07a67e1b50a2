"""The only place that asks what time it is.

Instants are aware UTC; calendar dates and months are those of Asia/Shanghai. Births are dates, never instants:
the zone had summer time in 1942, 1948 and 1986-91.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, time, timedelta
from time import monotonic as _monotonic
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Shanghai")
_frozen_at: ContextVar[datetime | None] = ContextVar("frozen_at", default=None)


def now() -> datetime:
    """The current instant, aware UTC, or the instant given to `frozen`."""
    return _frozen_at.get() or datetime.now(UTC)


def today() -> date:
    """Today's date in the county."""
    return local_date(now())


def monotonic_seconds() -> float:
    """Seconds that only grow; for measuring how long something took, never for a row."""
    return _monotonic()


def local_date(instant: datetime) -> date:
    """The county's calendar date of an aware instant."""
    return instant.astimezone(ZONE).date()


def at_local(on: date, minute_of_day: int) -> datetime:
    """The UTC instant of a local date and a minute after its midnight (may be 24 h or more)."""
    midnight = datetime.combine(on, time.min, tzinfo=ZONE)
    return (midnight + timedelta(minutes=minute_of_day)).astimezone(UTC)


def minute_of_day(instant: datetime) -> int:
    """Minutes after local midnight of an aware instant."""
    local = instant.astimezone(ZONE)
    return local.hour * 60 + local.minute


def minutes_gone(on: date) -> int:
    """The minute up to which a day is over now; 0 on a day that is not today."""
    return minute_of_day(now()) if on == today() else 0


@contextmanager
def frozen(instant: datetime) -> Iterator[None]:
    """Make `now` answer `instant` inside the block: for replaying a day and for tests."""
    if instant.tzinfo is None:
        raise ValueError("frozen() needs an aware instant")
    token = _frozen_at.set(instant.astimezone(UTC))
    try:
        yield
    finally:
        _frozen_at.reset(token)
