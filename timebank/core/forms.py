"""Reading what a form sent: each reader returns a value or refuses with the name of the field."""

from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from typing import TypeVar

from werkzeug.datastructures import MultiDict

from timebank.core.errors import BadInput
from timebank.core.limits import EARLIEST_BIRTH_YEAR, LATEST_YEAR, MAX_TEXT_CHARS
from timebank.core.text import T

Form = MultiDict[str, str]
Choice = TypeVar("Choice", bound=StrEnum)


def text(form: Form, field: str, *, required: bool = False, most: int = MAX_TEXT_CHARS) -> str:
    """Trimmed text without control signs."""
    value = form.get(field, "").strip()
    if required and not value:
        raise BadInput("core.missing", T("Please fill this in."), field=field)
    if len(value) > most:
        raise BadInput("core.too_long", T("Write at most {most} signs.", most=most), field=field)
    if any(ord(sign) < 32 and sign not in "\r\n\t" for sign in value):
        raise BadInput("core.control_signs", T("This contains signs that cannot be kept. Type it again."), field=field)
    return value


def whole_number(form: Form, field: str, *, least: int, most: int) -> int:
    """A whole number in ASCII digits between bounds."""
    raw = form.get(field, "").strip()
    digits = raw.removeprefix("-")
    fits = digits.isascii() and digits.isdigit() and len(digits) <= 10
    if not fits or not least <= int(raw) <= most:
        words = T("Write a whole number from {least} to {most}.", least=least, most=most)
        raise BadInput("core.not_in_range", words, field=field)
    return int(raw)


def calendar_date(form: Form, field: str) -> date:
    """A date as the date field of a browser sends it: 2026-11-24; never of another age, which is a slip of the hand."""
    try:
        raw = form.get(field, "").strip()
        if len(raw) != 10 or not raw.isascii():
            raise ValueError(raw)
        if not EARLIEST_BIRTH_YEAR <= int(raw[:4]) <= LATEST_YEAR:
            raise ValueError(raw)
        return date.fromisoformat(raw)
    except ValueError:
        raise BadInput(
            "core.not_a_date", T("Write the date as year-month-day, for example 2026-11-24."), field=field
        ) from None


def choice(form: Form, field: str, kind: type[Choice]) -> Choice:
    """One member of an enumeration."""
    try:
        return kind(form.get(field, ""))
    except ValueError:
        raise BadInput("core.not_a_choice", T("Choose from the list."), field=field) from None


def choices(form: Form, field: str, allowed: Iterable[str]) -> list[str]:
    """Any number of ticks from a list."""
    ticked = form.getlist(field)
    if not set(ticked) <= set(allowed):
        raise BadInput("core.not_a_choice", T("Choose from the list."), field=field)
    return ticked


def clock_minute(form: Form, field: str) -> int:
    """A clock time such as 08:30, as minutes after midnight."""
    raw = form.get(field, "").strip()
    hour, _, minute = raw.partition(":")
    fits = len(raw) == 5 and raw.isascii() and hour.isdigit() and minute.isdigit()
    if not fits or int(hour) > 23 or int(minute) > 59:
        raise BadInput("core.not_a_time", T("Write the time as hours and minutes, for example 08:30."), field=field)
    return int(hour) * 60 + int(minute)


def one_of(form: Form, field: str, allowed: Iterable[str]) -> str:
    """One of a list of codes."""
    value = form.get(field, "")
    if value not in set(allowed):
        raise BadInput("core.not_a_choice", T("Choose from the list."), field=field)
    return value


def part(form: Form, prefix: str) -> Form:
    """The fields whose names begin with a prefix, without it: one row of a form with several."""
    return MultiDict(
        (name.removeprefix(prefix), value) for name, value in form.items(multi=True) if name.startswith(prefix)
    )
