"""What special days are called on pages."""

from timebank.areas.models import DayKind
from timebank.core.text import T, Text

DAY_KIND_WORDS: dict[str, Text] = {
    DayKind.HOLIDAY: T("holiday"),
    DayKind.WORKDAY: T("worked instead"),
    DayKind.MARKET: T("market day"),
    DayKind.FARMING: T("farming season"),
    DayKind.NO_SERVICE: T("no service"),
}
