"""Months are text such as "2026-11", in the county's calendar."""

import re
from datetime import date, datetime, timedelta

from timebank.core import clock
from timebank.core.errors import BadInput
from timebank.core.text import T, Text

_MONTH = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])", re.ASCII)
_SPOKEN = (
    *(T("January {year}"), T("February {year}"), T("March {year}"), T("April {year}"), T("May {year}")),
    *(T("June {year}"), T("July {year}"), T("August {year}"), T("September {year}"), T("October {year}")),
    *(T("November {year}"), T("December {year}")),
)


def month_of(instant: datetime) -> str:
    """The county's month of an aware instant; 16:00 UTC on the last day already is the next month."""
    return of_date(clock.local_date(instant))


def of_date(on: date) -> str:
    """The month of a calendar date."""
    return f"{on.year:04d}-{on.month:02d}"


def parse_month(raw: str, *, field: str = "month") -> str:
    """A month from 2000-01 to 2099-12, or a refusal that names the field."""
    if _MONTH.fullmatch(raw) is None:
        raise BadInput("core.not_a_month", T("Write the month as year-month, for example 2026-11."), field=field)
    return raw


def spoken(month: str) -> Text:
    """The month as a reader says it: November 2026, 2026年11月."""
    return Text(_SPOKEN[int(month[5:]) - 1].msgid, {"year": month[:4]})


def first_day(month: str) -> date:
    """The first calendar date of the month."""
    return date(int(month[:4]), int(month[5:]), 1)


def last_day(month: str) -> date:
    """The last calendar date of the month."""
    return first_day(following(month)) - timedelta(days=1)


def following(month: str) -> str:
    """The month after this one."""
    return shifted(month, 1)


def preceding(month: str) -> str:
    """The month before this one."""
    return shifted(month, -1)


def shifted(month: str, by: int) -> str:
    """The month `by` months later (earlier if negative)."""
    index = int(month[:4]) * 12 + int(month[5:]) - 1 + by
    return f"{index // 12:04d}-{index % 12 + 1:02d}"


def starts_at(month: str) -> datetime:
    """The first instant of the month, UTC."""
    return clock.at_local(first_day(month), 0)


def ends_at(month: str) -> datetime:
    """The first instant after the month, UTC."""
    return starts_at(following(month))


def days(month: str) -> list[date]:
    """All dates of the month in order."""
    start = first_day(month)
    return [start + timedelta(days=index) for index in range((last_day(month) - start).days + 1)]


def age_on(born_on: date, on: date) -> int:
    """Full years on a date; who was born on 29 February has the birthday on 1 March in other years."""
    return on.year - born_on.year - ((on.month, on.day) < (born_on.month, born_on.day))
