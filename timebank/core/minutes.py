"""Hours of help are whole minutes everywhere; this is the one place that rounds them and writes them out."""

from timebank.core.errors import BadInput
from timebank.core.limits import MAX_POSTED_MINUTES
from timebank.core.text import T, Text


def round_down(minutes: int, step_minutes: int) -> int:
    """Minutes rounded down to a multiple of the step (policy `earn.rounding_minutes`)."""
    return minutes - minutes % step_minutes


def parse_minutes(raw: str, *, field: str, maximum: int = MAX_POSTED_MINUTES) -> int:
    """A whole number of minutes from 1 to `maximum`, written in ASCII digits.

    Refuses signs, decimals, full-width digits and blanks inside, because `int()` would read some of them.
    """
    cleaned = raw.strip()
    if not (cleaned.isascii() and cleaned.isdigit()) or len(cleaned) > 9:
        raise BadInput("core.not_minutes", T("Write whole minutes in plain digits, for example 45."), field=field)
    value = int(cleaned)
    if not 1 <= value <= maximum:
        raise BadInput("core.minutes_range", T("Minutes go from 1 to {maximum}.", maximum=maximum), field=field)
    return value


def spoken(minutes: int) -> Text:
    """Minutes as people say them: '3 h 20 min', with a real minus sign when negative."""
    hours, rest = divmod(abs(minutes), 60)
    sign = "\N{MINUS SIGN}" if minutes < 0 else ""
    if hours and rest:
        return T("{sign}{hours} h {rest} min", sign=sign, hours=hours, rest=rest)
    if hours:
        return T("{sign}{hours} h", sign=sign, hours=hours)
    return T("{sign}{rest} min", sign=sign, rest=rest)
