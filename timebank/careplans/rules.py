"""What a care plan may contain and when its items fall due. Pure.

Sources: GB/T 42195-2022 levels (entitlement), DB3201/T 1164-2023 (baths), field guide §2.5.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from dateutil.rrule import rrule, rrulestr

from timebank.areas.models import DayKind
from timebank.careplans.models import ServiceKind
from timebank.core.errors import BadInput, Refused
from timebank.core.limits import MAX_CREW, MAX_VISIT_MINUTES
from timebank.core.text import T, Text, listed
from timebank.people.models import RiskTier

_FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY")
LEAST_CREW = {ServiceKind.BATH: 2}  # two people for a bath, always
CONTRAINDICATIONS: dict[str, Text] = {
    "heart": T("heart disease that is not under control"),
    "open_wound": T("open wound or skin infection"),
    "fever": T("fever or acute illness"),
    "recent_stroke": T("stroke in the last three months"),
    "doctor_says_no": T("a doctor advised against it"),
}
_DAY_NAMES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
WEEKDAYS: tuple[Text, ...] = (
    *(T("Monday"), T("Tuesday"), T("Wednesday"), T("Thursday")),
    *(T("Friday"), T("Saturday"), T("Sunday")),
)
RHYTHMS: dict[str, Text] = {
    "week": T("every week"),
    "two_weeks": T("every second week"),
    "month": T("once a month"),
}
SAME_SEX: dict[str, Text] = {
    "": T("whoever can come"),
    "soft": T("same sex if possible"),
    "hard": T("same sex only"),
}
EXTRA_SKILLS: dict[str, Text] = {  # what a helper may be asked for beyond what the service asks for anyway
    "vitals": T("taking blood pressure"),
    "bath": T("helping with baths"),
    "escort": T("going along to the doctor"),
}
DIETS: dict[str, Text] = {
    "soft": T("soft food"),
    "low_salt": T("little salt"),
    "diabetic": T("for diabetes"),
    "halal": T("halal"),
    "vegetarian": T("without meat"),
}
PAID_BY: dict[str, Text] = {"hours": T("by volunteers, for hours"), "voucher": T("paid by voucher")}
CONSENT_METHODS: dict[str, Text] = {
    "read_aloud": T("read aloud and agreed"),
    "signed": T("signed"),
    "thumb_print": T("thumb print"),
}
LONGEST_MINUTES = {ServiceKind.PHONE_CHECK: 30, ServiceKind.MEAL: 60}


@dataclass(frozen=True)
class ItemIn:
    """One line of a care plan as the coordinator writes it; minutes of the local day."""

    service: ServiceKind
    recurrence: str
    window_from_minute: int
    window_to_minute: int
    duration_minutes: int
    crew_size: int = 1
    same_sex: str = ""
    skills: Sequence[str] = ()
    diet: Sequence[str] = ()
    skips_holidays: bool = False
    skips_market_days: bool = False
    moves_when_off: bool = False
    paid_by: str = "hours"
    notes: str = ""


def check_item(item: ItemIn) -> ItemIn:
    """The item if it can be carried out; refuses it with the field that is wrong."""
    longest = LONGEST_MINUTES.get(item.service, MAX_VISIT_MINUTES)
    if not 5 <= item.duration_minutes <= longest:
        text = T("This service takes 5 to {longest} minutes.", longest=longest)
        raise BadInput("careplans.bad_duration", text, field="duration_minutes")
    if not 0 <= item.window_from_minute < item.window_to_minute <= 24 * 60:
        raise BadInput("careplans.bad_window", T("The end of a time must lie after its beginning."), field="window_to")
    least = LEAST_CREW.get(item.service, 1)
    if not least <= item.crew_size <= MAX_CREW:
        text = T("This service needs {least} to {most} people.", least=least, most=MAX_CREW)
        raise BadInput("careplans.bad_crew", text, field="crew_size")
    if item.same_sex not in SAME_SEX:
        raise BadInput("core.not_a_choice", T("Choose from the list."), field="same_sex")
    if item.paid_by not in PAID_BY:
        raise BadInput("core.not_a_choice", T("Choose from the list."), field="paid_by")
    if not set(item.skills) <= set(EXTRA_SKILLS):
        raise BadInput("core.not_a_choice", T("Choose from the list."), field="skills")
    if not set(item.diet) <= (set(DIETS) if item.service == ServiceKind.MEAL else set()):
        raise BadInput("core.not_a_choice", T("Choose from the list."), field="diet")
    parse_recurrence(item.recurrence)
    return item


def parse_recurrence(recurrence: str) -> str:
    """A recurrence (RFC 5545 RRULE) by day, week or month without an end of its own; else a refusal."""
    parts = dict(part.split("=", 1) for part in recurrence.split(";") if "=" in part)
    text = T("Choose on which days the service takes place.")
    if parts.get("FREQ") not in _FREQUENCIES or {"COUNT", "UNTIL", "BYHOUR", "BYMINUTE"} & set(parts):
        raise BadInput("careplans.bad_recurrence", text, field="recurrence")
    try:
        rrulestr(recurrence, dtstart=datetime(2026, 1, 1))
    except (ValueError, TypeError, KeyError):
        raise BadInput("careplans.bad_recurrence", text, field="recurrence") from None
    return recurrence


def due_dates(recurrence: str, *, starts_on: date, first_on: date, last_on: date) -> list[date]:
    """The dates of a recurrence that began on `starts_on`, from `first_on` to `last_on`."""
    parsed = rrulestr(recurrence, dtstart=datetime.combine(starts_on, time.min))
    assert isinstance(parsed, rrule)  # one rule, no set
    rule = parsed.replace(wkst=starts_on.weekday())  # "every second week" counts from the first day, not from a Monday
    found = rule.between(datetime.combine(first_on, time.min), datetime.combine(last_on, time.min), inc=True)
    return [instant.date() for instant in found]


def reason_to_skip(
    kinds: Mapping[DayKind, str], *, skips_holidays: bool, skips_market_days: bool, essential: bool
) -> Text | None:
    """Why a visit of a day is not made, or None. Meals and high-risk visits take place on holidays too."""
    if DayKind.NO_SERVICE in kinds:
        return T("no service on this day")
    if skips_holidays and DayKind.HOLIDAY in kinds and not essential:
        return T("public holiday")
    if skips_market_days and DayKind.MARKET in kinds:
        return T("market day")
    return None


def waits_in_farming_season(service: ServiceKind, tier: RiskTier) -> bool:
    """Whether a visit may wait for the evening while everybody is in the fields: never one to an elder at high risk."""
    return tier != RiskTier.HIGH and service in (ServiceKind.VISIT, ServiceKind.COMPANY, ServiceKind.CHORE)


def recurrence(every: str, weekdays: Sequence[int]) -> str:
    """The RRULE of a rhythm on some weekdays (0 = Monday): each week, each second week, or their first in the month."""
    if not weekdays:
        raise BadInput("careplans.bad_recurrence", T("Choose on which days the service takes place."), field="weekdays")
    names = [_DAY_NAMES[weekday] for weekday in sorted(set(weekdays))]
    if every == "month":
        return f"FREQ=MONTHLY;BYDAY={','.join('1' + name for name in names)}"
    return f"FREQ=WEEKLY;{'INTERVAL=2;' if every == 'two_weeks' else ''}BYDAY={','.join(names)}"


def rhythm_of(rule: str) -> tuple[str, list[int]]:
    """The rhythm and weekdays of an RRULE, as `recurrence` takes them; a monthly rule without weekdays has none."""
    parts = dict(part.split("=", 1) for part in rule.split(";"))
    days = [_DAY_NAMES.index(day[-2:]) for day in parts.get("BYDAY", "").split(",") if day]
    if parts["FREQ"] == "DAILY":
        return "week", list(range(7))
    if parts["FREQ"] == "MONTHLY":
        return "month", days
    return ("two_weeks" if parts.get("INTERVAL") == "2" else "week"), days


def recurrence_words(rule: str) -> Text:
    """A recurrence as people say it: each week on Monday, Thursday."""
    every, weekdays = rhythm_of(rule)
    if not weekdays:
        return RHYTHMS[every]
    return T("{every}: {days}", every=RHYTHMS[every], days=listed([WEEKDAYS[day] for day in weekdays]))


_YEAR_DAYS = 52 * 7  # whole weeks, so that every weekday comes equally often
_YEAR_FROM = date(2024, 1, 1)  # its 52 weeks begin on a Monday and hold the first Monday to Sunday of twelve months


def _times_in_a_year(rule: str) -> int:
    last_on = _YEAR_FROM + timedelta(days=_YEAR_DAYS - 1)
    return len(due_dates(rule, starts_on=_YEAR_FROM, first_on=_YEAR_FROM, last_on=last_on))


def check_entitlement(items: Sequence[ItemIn], *, level: int, limits: Mapping[str, Sequence[int]]) -> None:
    """Refuse more of a service in 31 days than the basic service list grants at a level of dependency.

    `limits` holds, for each service with a limit, the most times in 31 days at levels 0 to 4. Measured is the rhythm,
    whole times in 31 days on the average of a year, so that the first day of a care plan decides nothing. What is paid
    by voucher is not measured: hours and vouchers are two orders (field guide §2.4).
    """
    in_a_year: dict[str, int] = {}
    for item in items:
        if item.paid_by != "voucher":
            in_a_year[item.service] = in_a_year.get(item.service, 0) + _times_in_a_year(item.recurrence)
    for service, in_year in in_a_year.items():
        times = max(1, in_year * 31 // _YEAR_DAYS)
        most = limits[service][level] if service in limits else times
        if times > most:
            text = T("At this level the service list grants it {most} times a month at most.", most=most)
            raise Refused("careplans.outside_entitlement", text, field=f"service:{service}")
