"""What special days and places are called on pages."""

from timebank.areas.models import Area, DayKind, Facility, FacilityKind
from timebank.areas.rules import ReadOff
from timebank.core.formats import local_time
from timebank.core.i18n import current_locale
from timebank.core.text import T, Text

DAY_KIND_WORDS: dict[str, Text] = {
    DayKind.HOLIDAY: T("holiday"),
    DayKind.WORKDAY: T("worked instead"),
    DayKind.MARKET: T("market day"),
    DayKind.FARMING: T("farming season"),
    DayKind.NO_SERVICE: T("no service"),
}

PLACE_KIND_WORDS: dict[str, Text] = {
    FacilityKind.STATION: T("care station"),
    FacilityKind.KITCHEN: T("meal kitchen"),
    FacilityKind.DINING_POINT: T("dining point"),
    FacilityKind.VAN_BASE: T("yard of the bathing van"),
    FacilityKind.CLINIC: T("hospital or clinic"),
}
READ_OFF_WORDS: dict[str, Text] = {
    ReadOff.PHONE: T("the position of a phone (GPS)"),
    ReadOff.AMAP: T("AMap or Tencent Maps"),
    ReadOff.BAIDU: T("Baidu Maps"),
}


def area_name(area: Area) -> str:
    """What an area is called in the reader's language."""
    return area.name_zh if current_locale() == "zh" else area.name_en


def place_name(place: Facility) -> str:
    """What a place is called in the reader's language."""
    return place.name_en if place.name_en and current_locale() == "en" else place.name


def open_hours(place: Facility) -> str:
    """When a place is open, as in "08:00–18:00"; an empty text where it does not say."""
    if place.opens_minute is None or place.closes_minute is None:
        return ""
    return f"{local_time(place.opens_minute)}–{local_time(place.closes_minute)}"
