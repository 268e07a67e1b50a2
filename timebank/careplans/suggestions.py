"""What a care plan may begin with, from level, wish and household. Pure; the office decides, the elder agrees.

Source: field guide §2.5 (services) and §3.1 (按照意愿, five groups); frequencies are assumed and stand in the service
list, so that the district can replace them.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from timebank.careplans.models import ServiceKind
from timebank.careplans.rules import LEAST_CREW, ItemIn, recurrence
from timebank.core.text import T, Text

REASONS: dict[str, Text] = {
    "level": T("because of the level of dependency"),
    "alone": T("because nobody else is at home"),
    "family": T("less often, because the family wishes to care"),
    "cannot_cook": T("because cooking is hard at this level"),
}
_WINDOWS = {ServiceKind.MEAL: (11 * 60, 12 * 60 + 30), ServiceKind.BATH: (14 * 60, 16 * 60)}
_MINUTES = {ServiceKind.MEAL: 15, ServiceKind.BATH: 60, ServiceKind.PHONE_CHECK: 15}
_SPREAD: tuple[list[int], ...] = (
    [],
    [2],
    [0, 3],
    [0, 2, 4],
    [0, 1, 3, 4],
    [0, 1, 2, 3, 4],
    [0, 1, 2, 3, 4, 5],
    [0, 1, 2, 3, 4, 5, 6],
)
_ALONE = ("living_alone", "empty_nest", "left_behind")


@dataclass(frozen=True)
class Suggestion:
    """One line of a plan to begin with, and why it is suggested."""

    item: ItemIn
    reasons: tuple[str, ...]


def suggest(
    *,
    level: int,
    wish: str,
    tags: Collection[str],
    per_week: Mapping[str, Sequence[int]],
    contraindications: Collection[str] = (),
) -> list[Suggestion]:
    """Lines for an elder of a level (0 to 4) with a wish (`family`, `neighbours`, …) and a situation.

    `per_week` is the service list's `suggested_per_week_by_level`. Who lives alone is visited once more a week; where
    the family wishes to care, help comes once less; no bath where something speaks against it.
    """
    alone, family = bool(set(_ALONE) & set(tags)), wish == "family"
    found = []
    for service in ServiceKind:
        times = per_week.get(service.value, (0,) * 5)[level]
        reasons = ["cannot_cook" if service == ServiceKind.MEAL else "level"] if times else []
        if service == ServiceKind.VISIT and alone:
            times, reasons = times + 1, [*reasons, "alone"]
        if family and times > 1:
            times, reasons = times - 1, [*reasons, "family"]
        if times and not (service == ServiceKind.BATH and contraindications):
            found.append(Suggestion(_item(service, min(times, 7)), tuple(reasons)))
    return found


def _item(service: ServiceKind, times: int) -> ItemIn:
    window = _WINDOWS.get(service, (9 * 60, 11 * 60))
    return ItemIn(
        service,
        recurrence("week", _SPREAD[times]),
        *window,
        duration_minutes=_MINUTES.get(service, 45),
        crew_size=LEAST_CREW.get(service, 1),
        same_sex="hard" if service == ServiceKind.BATH else "",
        skips_holidays=service in (ServiceKind.CHORE, ServiceKind.COMPANY),
        moves_when_off=service in (ServiceKind.CHORE, ServiceKind.COMPANY, ServiceKind.BATH),
    )
