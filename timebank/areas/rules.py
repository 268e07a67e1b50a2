"""Where a place lies, as somebody reads it off a phone, and when it is open. Pure."""

import re
from collections.abc import Callable
from enum import StrEnum

from timebank.areas.models import FacilityKind
from timebank.core import maps
from timebank.core.errors import BadInput
from timebank.core.text import T

_LATITUDES, _LONGITUDES = (3.0, 54.0), (73.0, 136.0)  # of China: no number is in both, so either may come first
_NUMBER = re.compile(r"[0-9]{1,3}(\.[0-9]{1,16})?")
_PHONE = re.compile(r"\+?[0-9]{5,15}")
WITH_TIMES = frozenset(FacilityKind) - {FacilityKind.VAN_BASE}  # a yard has no opening times


class ReadOff(StrEnum):
    """What a position was read off: each map counts in its own way."""

    PHONE = "phone"
    AMAP = "amap"
    BAIDU = "baidu"


_SHIFTS: dict[ReadOff, Callable[[float, float], tuple[float, float]]] = {
    ReadOff.AMAP: maps.gcj02,
    ReadOff.BAIDU: maps.bd09,
}


def position(written: str, read_off: ReadOff) -> tuple[float, float]:
    """The WGS-84 position that "29.26, 107.84" (in either order) means on a phone or on a map published in China.

    Refuses what is not two numbers, and what lies outside China.
    """
    numbers = re.split(r"[\s,，;；]+", written.strip())
    if len(numbers) != 2 or not all(_NUMBER.fullmatch(number) for number in numbers):
        text = T("Write two numbers, for example 29.26012, 107.84055.")
        raise BadInput("areas.bad_position", text, field="position")
    lat, lon = sorted(float(number) for number in numbers)
    if not (_LATITUDES[0] <= lat <= _LATITUDES[1] and _LONGITUDES[0] <= lon <= _LONGITUDES[1]):
        raise BadInput("areas.position_abroad", T("This position does not lie in China."), field="position")
    shift = _SHIFTS.get(read_off)
    return maps.unshifted(shift, lat, lon) if shift else (lat, lon)


def check_phone(written: str) -> str:
    """A phone number without blanks and dashes; empty where there is none."""
    number = re.sub(r"[\s-]", "", written)
    if number and not _PHONE.fullmatch(number):
        raise BadInput("areas.bad_phone", T("A phone number has 5 to 15 digits."), field="phone")
    return number


def is_open(opens: int | None, closes: int | None, first_minute: int, last_minute: int) -> bool:
    """Whether a place is open all through a span of the day; one that says no times counts as open."""
    return opens is None or closes is None or opens <= first_minute <= last_minute <= closes


def check_times(kind: FacilityKind, opens: int | None, closes: int | None) -> None:
    """Refuses half of the opening times, a close before the opening, and times of a kind that has none."""
    if kind not in WITH_TIMES and (opens, closes) != (None, None):
        raise BadInput("areas.no_opening_times", T("A yard has no opening times."), field="opens")
    if (opens is None) != (closes is None):
        missing = "opens" if opens is None else "closes"
        raise BadInput("areas.half_of_the_times", T("Write both times, or neither."), field=missing)
    if opens is not None and closes is not None and closes <= opens:
        raise BadInput("areas.closes_before_it_opens", T("It closes before it opens."), field="closes")
