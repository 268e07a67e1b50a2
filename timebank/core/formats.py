"""How hours, dates and times are written on pages, in the reader's language and the county's zone."""

from datetime import date, datetime

from babel.dates import format_date
from flask import Flask

from timebank.core import clock
from timebank.core.i18n import current_locale, say
from timebank.core.minutes import spoken

_DATE = {"zh": "y年M月d日 EEEE", "en": "EEE d MMM y"}
_PLAIN = {"zh": "y年M月d日", "en": "d MMM y"}
_SHORT = {"zh": "M月d日 EEE", "en": "EEE d MMM"}
_FAR = {"zh": "y年M月d日 EEE", "en": "EEE d MMM y"}
_FAR_DAYS = 180  # from here on a day without its year could be taken for another
_MONTH = {"zh": "y年M月", "en": "MMMM y"}
_BABEL = {"zh": "zh_CN", "en": "en_GB"}


def hours(minutes: int, locale: str | None = None) -> str:
    """Minutes as hours and minutes."""
    return say(spoken(minutes), locale)


def local_date(value: date | datetime, locale: str | None = None) -> str:
    """A date with its weekday."""
    return _formatted(value, _DATE, locale)


def plain_date(value: date | datetime | str, locale: str | None = None) -> str:
    """A date where the weekday says nothing: a birth, the end of a paper; also one that was kept as text."""
    value = date.fromisoformat(value) if isinstance(value, str) else value
    return _formatted(value, _PLAIN, locale)


def short_date(value: date | datetime, locale: str | None = None) -> str:
    """A date for lists: with its year only where that does not go without saying."""
    on = clock.local_date(value) if isinstance(value, datetime) else value
    is_far = abs((on - clock.today()).days) > _FAR_DAYS
    return _formatted(on, _FAR if is_far else _SHORT, locale)


def month_name(month: str, locale: str | None = None) -> str:
    """A month such as "2026-11" in words."""
    return _formatted(date.fromisoformat(month + "-01"), _MONTH, locale)


def local_time(value: datetime | int) -> str:
    """A clock time, from an instant or from a minute of the local day."""
    minute = clock.minute_of_day(value) if isinstance(value, datetime) else value
    return f"{minute // 60:02d}:{minute % 60:02d}"


def local_datetime(value: datetime, locale: str | None = None) -> str:
    """Date, weekday and clock time of an instant."""
    return f"{local_date(value, locale)} {local_time(value)}"


def _formatted(value: date | datetime, patterns: dict[str, str], locale: str | None) -> str:
    chosen = locale or current_locale()
    on = clock.local_date(value) if isinstance(value, datetime) else value
    return format_date(on, patterns[chosen], locale=_BABEL[chosen])


def install(app: Flask) -> None:
    """Register the filters."""
    for filter_function in (hours, local_date, plain_date, short_date, month_name, local_time, local_datetime):
        app.jinja_env.filters[filter_function.__name__] = filter_function
