"""The keys of the scheme: defaults, bounds, source, and how to read them. Pure.

Source of keys and defaults: field guide §2.2. `assumed` marks a default that no rule of the county has confirmed yet.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from timebank.core.errors import BadInput
from timebank.core.text import T, Text


@dataclass(frozen=True)
class PolicyKey:
    """One parameter: its default, its bounds (for numbers) or choices, and where the default comes from."""

    default: Any
    words: Text
    source: str
    assumed: bool = True
    least: int | None = None
    most: int | None = None
    choices: tuple[str, ...] = ()


def _minutes(default: int, words: Text, source: str, *, most: int, assumed: bool = True, least: int = 0) -> PolicyKey:
    return PolicyKey(default, words, source, assumed, least, most)


KEYS: dict[str, PolicyKey] = {
    "earn.rounding_minutes": _minutes(
        15, T("Minutes of a visit are rounded down to a multiple of this"), "ours", most=60, least=1
    ),
    "earn.max_minutes_per_day": _minutes(
        240, T("Most minutes one volunteer is credited for a day"), "range in Changning", most=1440
    ),
    "earn.max_minutes_per_week": _minutes(
        720, T("Most minutes one volunteer is credited for a week"), "range in KISS", most=10080
    ),
    "earn.over_planned_minutes": _minutes(
        15, T("Minutes beyond the planned length that are credited without questions"), "ours", most=120
    ),
    "balance.cap_minutes": _minutes(
        90_000,
        T("Most minutes a member may keep; the rest goes to the pool"),
        "Nanjing 2019: 1,500 h",
        most=300_000,
        assumed=False,
    ),
    "balance.floor_minutes": _minutes(0, T("A member's balance never goes below this"), "ours", most=0, least=-6_000),
    "pool.backed_minutes": _minutes(
        6_000_000,
        T("The pool may owe at most this, because its fund backs it"),
        "ours; ask the county",
        most=100_000_000,
    ),
    "gift.monthly_minutes": _minutes(
        180,
        T("Minutes given each month to a disabled elder or one of 80 and over living alone"),
        "ours; ask the county",
        most=3_000,
    ),
    "redeem.min_age": PolicyKey(60, T("Age from which hours may be drawn"), "Beijing 60, Shanghai 65", True, 50, 80),
    "redeem.hold_hours": PolicyKey(
        72, T("Hours after which minutes held for a request are free again if nobody came"), "ours", True, 1, 720
    ),
    "transfer.max_minutes_per_year": _minutes(
        18_000,
        T("Most minutes a member may pass to spouse, parents, grandparents or children in a year"),
        "ours",
        most=90_000,
    ),
    "transfer.second_approver_minutes": _minutes(
        1_200, T("A transfer above this needs a second person"), "ours", most=90_000
    ),
    "transfer.kin_min_age": PolicyKey(
        60, T("Age from which kin may receive hours"), "Gulou branch, 2018", False, 0, 80
    ),
    "credit.expires_after_months": PolicyKey(
        0, T("Months after which unused minutes expire; 0 means never"), "ours; ask the county", True, 0, 600
    ),
    "confirm.window_hours": PolicyKey(
        72, T("Hours the elder's side has to confirm; after that the village calls back"), "ours", True, 1, 720
    ),
    "review.sample_percent": PolicyKey(
        5, T("Share of visits with good proof that are called back, percent"), "ours", True, 0, 100
    ),
    "evidence.grade_c_sample_percent": PolicyKey(
        100, T("Share of visits on paper only that are called back, percent"), "ours", True, 0, 100
    ),
    "geo.fence_m": PolicyKey(
        200, T("A check-in farther from the door than this is looked at"), "Ikolvi/Tracelet; 150-500 m", True, 50, 1_000
    ),
    "geo.max_accuracy_m": PolicyKey(
        100, T("A position less exact than this does not count as proof"), "ours", True, 10, 1_000
    ),
    "visit.every_days.high": PolicyKey(
        7, T("Days between visits to an elder at high risk"), "Northnews 2022", False, 1, 92
    ),
    "visit.every_days.key": PolicyKey(
        30, T("Days between visits to an elder to watch"), "Northnews 2022", False, 1, 92
    ),
    "visit.every_days.general": PolicyKey(
        90, T("Days between visits to other registered elders"), "Northnews 2022", False, 1, 366
    ),
    "visit.show_up_minutes": _minutes(0, T("Minutes credited when the elder was not there"), "ours", most=60),
    "period.close_day": PolicyKey(5, T("Day of the month on which the month before is closed"), "ours", True, 1, 28),
    "period.unsettled": PolicyKey(
        "carry_over",
        T("What a close does with visits not settled: refuse, or carry over"),
        "ours",
        True,
        choices=("refuse", "carry_over"),
    ),
    "group.hours_mode": PolicyKey(
        "donation_only",
        T("Hours of group sessions go to the pool"),
        "Nanjing 2019",
        False,
        choices=("donation_only", "personal"),
    ),
    "bath.assessment_max_days": PolicyKey(
        90, T("A bath needs an assessment not older than this"), "ours", True, 1, 366
    ),
    "bath.systolic_min": PolicyKey(
        90, T("No bath when the upper blood pressure is below this"), "health pages", True, 60, 120
    ),
    "bath.systolic_max": PolicyKey(
        180, T("No bath when the upper blood pressure is above this"), "ours; ask a doctor", True, 120, 220
    ),
    "meal.max_minutes_in_bag": _minutes(
        60, T("A hot meal is handed over within this time"), "ours; 2 h at 60 °C", most=180, least=10
    ),
    "dispatch.unserved_cost.high": PolicyKey(
        10_000,
        T("Cost of leaving out an elder at high risk, in minutes of driving"),
        "ours: outweighs any driving",
        True,
        1,
        100_000,
    ),
    "dispatch.unserved_cost.key": PolicyKey(
        3_000, T("Cost of leaving out an elder to watch, in minutes of driving"), "ours", True, 1, 100_000
    ),
    "dispatch.unserved_cost.general": PolicyKey(
        600, T("Cost of leaving out another visit, in minutes of driving"), "ours", True, 1, 100_000
    ),
    "dispatch.same_sex_bath": PolicyKey(
        "hard", T("Baths by a carer of the same sex: always, or if possible"), "ours", True, choices=("hard", "soft")
    ),
    "dispatch.seconds": PolicyKey(10, T("Seconds the planner works on one day"), "solver.md", True, 1, 300),
}


def default_values() -> dict[str, Any]:
    """The value of every key before anybody decided anything."""
    return {name: key.default for name, key in KEYS.items()}


def check_change(name: str, value: Any) -> Any:
    """The value if it is allowed for this key; refuses unknown keys, wrong types and values out of bounds."""
    key = KEYS.get(name)
    if key is None:
        raise BadInput("policies.unknown_key", T("There is no rule called {name}.", name=name), field=name)
    if key.choices:
        if value not in key.choices:
            text = T("Choose one of: {choices}.", choices=", ".join(key.choices))
            raise BadInput("policies.not_a_choice", text, field=name)
        return value
    least, most = key.least or 0, key.most or 0
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        text = T("Write a whole number from {least} to {most}.", least=least, most=most)
        raise BadInput("policies.out_of_bounds", text, field=name)
    return value


def merged(layers: list[Mapping[str, Any]]) -> dict[str, Any]:
    """Defaults overlaid by each layer in turn (district first, township last)."""
    values = default_values()
    for layer in layers:
        values.update(layer)
    return values
