"""The keys of the scheme: defaults, bounds, source, and how to read them. Pure.

Source of keys and defaults: field guide §2.2. `assumed` marks a default that no rule of the county has confirmed yet.
"""

from collections.abc import Mapping
from typing import Any

from timebank.core.errors import BadInput
from timebank.core.text import T, Text, listed
from timebank.policies.help_keys import HELP_KEYS
from timebank.policies.key import ASK, OURS, PolicyKey, minutes
from timebank.policies.privacy_keys import PRIVACY_KEYS

PAPERS = ("real_name", "training", "insurance", "health", "agreement")
_MINORS_DO = ("visit", "meal", "chore", "company", "phone_check")


_OF_THE_DISTRICT = ("period.", "pool.", "privacy.")  # one book, fund and night's work: a township's own is ignored


def _gate(default: str, words: Text, source: Text) -> PolicyKey:
    return PolicyKey(default, words, source, choices=PAPERS, many=True)


KEYS: dict[str, PolicyKey] = {
    "earn.rounding_minutes": minutes(
        15, T("Minutes of a visit are rounded down to a multiple of this"), OURS, most=60, least=1
    ),
    "earn.max_minutes_per_day": minutes(
        240, T("Most minutes one volunteer is credited for a day"), T("range in Changning"), most=1440
    ),
    "earn.max_minutes_per_week": minutes(
        720, T("Most minutes one volunteer is credited for a week"), T("range in KISS"), most=10080
    ),
    "earn.over_planned_minutes": minutes(
        15, T("Minutes beyond the planned length that are credited without questions"), OURS, most=120
    ),
    "balance.cap_minutes": minutes(
        90_000,
        T("Most minutes a member may keep; the rest goes to the pool"),
        T("Nanjing 2019: 1,500 h"),
        most=300_000,
        assumed=False,
    ),
    "balance.floor_minutes": minutes(0, T("A member's balance never goes below this"), OURS, most=0, least=-6_000),
    "pool.backed_minutes": minutes(
        6_000_000,
        T("The pool may owe at most this, because its fund backs it"),
        ASK,
        most=100_000_000,
    ),
    "pool.draw_percent": PolicyKey(
        10, T("Percent of their hours that people of drawing age are expected to draw in a year"), OURS, True, 1, 100
    ),
    "gift.monthly_minutes": minutes(
        180,
        T("Minutes given each month to a disabled elder or one of 80 and over living alone"),
        ASK,
        most=3_000,
    ),
    "gift.age_alone": PolicyKey(
        80, T("Age from which an elder living alone gets the month's gift"), ASK, True, 60, 110
    ),
    "redeem.min_age": PolicyKey(60, T("Age from which hours may be drawn"), T("Beijing 60, Shanghai 65"), True, 50, 80),
    "redeem.hold_hours": PolicyKey(
        72, T("Hours after which minutes held for a request are free again if nobody came"), OURS, True, 1, 720
    ),
    "transfer.max_minutes_per_year": minutes(
        18_000,
        T("Most minutes a member may pass to spouse, parents, grandparents or children in a year"),
        OURS,
        most=90_000,
    ),
    "transfer.second_approver_minutes": minutes(
        1_200, T("A transfer above this needs a second person"), OURS, most=90_000
    ),
    "transfer.kin_min_age": PolicyKey(
        60, T("Age from which kin may receive hours"), T("Gulou branch, 2018"), False, 0, 80
    ),
    "credit.expires_after_months": PolicyKey(
        0, T("Months after which unused minutes expire; 0 means never"), ASK, True, 0, 600
    ),
    "confirm.window_hours": PolicyKey(
        72, T("Hours the elder's side has to confirm; after that the village calls back"), OURS, True, 1, 720
    ),
    "review.sample_percent": PolicyKey(
        5, T("Share of visits with good proof that are called back, percent"), OURS, True, 0, 100
    ),
    "evidence.grade_c_sample_percent": PolicyKey(
        100, T("Share of visits on paper only that are called back, percent"), OURS, True, 0, 100
    ),
    "evidence.people_per_phone": PolicyKey(
        2,
        T("More people than this on one phone within a month are looked at"),
        T("ours: couples share a phone"),
        True,
        1,
        20,
    ),
    "evidence.photo_days": PolicyKey(400, T("Days after which photos of slips are deleted"), ASK, True, 30, 3_660),
    "geo.learn_visits": PolicyKey(
        3,
        T("Visits with the right day code from which the place of a door is learnt"),
        T("field guide §4.8"),
        True,
        2,
        10,
    ),
    "geo.fence_m": PolicyKey(
        200,
        T("A check-in farther from the door than this is looked at"),
        T("Ikolvi/Tracelet; 150-500 m"),
        True,
        50,
        1_000,
    ),
    "geo.max_accuracy_m": PolicyKey(
        100, T("A position less exact than this does not count as proof"), OURS, True, 10, 1_000
    ),
    "visit.every_days.high": PolicyKey(
        7, T("Days between visits to an elder at high risk"), T("Northnews 2022"), False, 1, 92
    ),
    "visit.every_days.key": PolicyKey(
        30, T("Days between visits to an elder to watch"), T("Northnews 2022"), False, 1, 92
    ),
    "visit.every_days.general": PolicyKey(
        90, T("Days between visits to other registered elders"), T("Northnews 2022"), False, 1, 366
    ),
    "visiting.old_age": PolicyKey(80, T("Age from which an elder is visited more closely"), ASK, True, 60, 110),
    "visiting.low_rate_percent": PolicyKey(
        80, T("Percent visited in a month below which a place stands out"), ASK, True, 1, 100
    ),
    "unreached.second_try_minutes": minutes(
        120, T("Minutes from a try at which nobody answered to the second one"), OURS, most=1_440, least=5
    ),
    "unreached.neighbour_minutes": minutes(
        60, T("Minutes from the second try until the neighbour is asked"), OURS, most=1_440, least=5
    ),
    "unreached.village_minutes": minutes(60, T("Minutes until the village goes and looks"), OURS, most=1_440, least=5),
    "unreached.emergency_minutes": minutes(
        120, T("Minutes after that until it is an emergency"), OURS, most=1_440, least=5
    ),
    "visit.show_up_minutes": minutes(0, T("Minutes credited when the elder was not there"), OURS, most=60),
    "certificate.publicity_days": PolicyKey(
        7, T("Days a certificate stands on the notice board before it counts"), T("民发〔2015〕149号"), False, 7, 60
    ),
    "visit.late_minutes": minutes(
        15, T("Minutes after the planned start from which a visit counts as late"), OURS, most=120, least=1
    ),
    "period.close_day": PolicyKey(5, T("Day of the month on which the month before is closed"), OURS, True, 1, 28),
    "period.unsettled": PolicyKey(
        "carry_over",
        T("What a close does with visits not settled: refuse, or carry over"),
        OURS,
        True,
        choices=("refuse", "carry_over"),
    ),
    "group.hours_mode": PolicyKey(
        "donation_only",
        T("Hours of group sessions go to the pool"),
        T("Nanjing 2019"),
        False,
        choices=("donation_only", "personal"),
    ),
    "bath.assessment_max_days": PolicyKey(90, T("A bath needs an assessment not older than this"), OURS, True, 1, 366),
    "bath.systolic_min": PolicyKey(
        90, T("No bath when the upper blood pressure is below this"), T("health pages"), True, 60, 120
    ),
    "bath.systolic_max": PolicyKey(
        180, T("No bath when the upper blood pressure is above this"), T("ours; ask a doctor"), True, 120, 220
    ),
    "bath.water_min_c": PolicyKey(35, T("Bath water is at least this warm, °C"), T("health pages"), True, 30, 40),
    "bath.water_max_c": PolicyKey(40, T("Bath water is at most this warm, °C"), T("health pages"), True, 36, 45),
    "bath.room_min_c": PolicyKey(
        24, T("The room for a bath is at least this warm, °C"), T("health pages"), True, 15, 30
    ),
    "bath.winter_from_month": PolicyKey(11, T("Month in which the winter rule for baths begins"), OURS, True, 1, 12),
    "bath.winter_to_month": PolicyKey(3, T("Last month of the winter rule for baths"), OURS, True, 1, 12),
    "meal.cutoff_minute": PolicyKey(
        1_020, T("Until when meals of the next day are ordered, in minutes after midnight"), OURS, True, 0, 1_439
    ),
    "meal.least_c": PolicyKey(
        60, T("A hot meal is at least this hot at the door, °C"), T("field guide §2.5"), True, 40, 80
    ),
    "plan.move_days": PolicyKey(
        3, T("Days within which a visit is moved that falls on a holiday or market day"), OURS, True, 1, 14
    ),
    "farming.from_minute": PolicyKey(
        1_020, T("In farming season visits that can wait begin from, in minutes after midnight"), OURS, True, 0, 1_439
    ),
    "farming.to_minute": PolicyKey(
        1_170,
        T("In farming season visits that can wait begin until, in minutes after midnight"),
        OURS,
        True,
        1,
        1_440,
    ),
    "meal.max_minutes_in_bag": minutes(
        60, T("A hot meal is handed over within this time"), T("ours; 2 h at 60 °C"), most=180, least=10
    ),
    "dispatch.unserved_cost.high": PolicyKey(
        10_000,
        T("Cost of leaving out an elder at high risk, in minutes of driving"),
        T("ours: outweighs any driving"),
        True,
        1,
        100_000,
    ),
    "dispatch.unserved_cost.key": PolicyKey(
        3_000, T("Cost of leaving out an elder to watch, in minutes of driving"), OURS, True, 1, 100_000
    ),
    "dispatch.unserved_cost.general": PolicyKey(
        600, T("Cost of leaving out another visit, in minutes of driving"), OURS, True, 1, 100_000
    ),
    "dispatch.same_sex_bath": PolicyKey(
        "hard", T("Baths by a carer of the same sex: always, or if possible"), OURS, True, choices=("hard", "soft")
    ),
    "dispatch.new_face_cost": PolicyKey(
        10, T("Cost of sending somebody the elder does not know, in minutes of driving"), OURS, True, 0, 240
    ),
    "dispatch.changed_visit_cost": PolicyKey(
        40, T("Cost of changing who comes after the day was published, in minutes of driving"), OURS, True, 0, 600
    ),
    "dispatch.tell_minutes": PolicyKey(
        5, T("Minutes earlier or later from which people are told that a published day has changed"), OURS, True, 1, 60
    ),
    "dispatch.max_work_minutes": PolicyKey(
        420, T("Most minutes on the way and at doors for one volunteer on a day"), OURS, True, 60, 720
    ),
    "dispatch.break_minutes": PolicyKey(30, T("Minutes of the break at noon; 0 means none"), OURS, True, 0, 120),
    "dispatch.break_from_minute": PolicyKey(
        690, T("When the break may begin, in minutes after midnight"), OURS, True, 0, 1_439
    ),
    "dispatch.break_to_minute": PolicyKey(
        810, T("When the break begins at the latest, in minutes after midnight"), OURS, True, 1, 1_440
    ),
    "dispatch.max_overtime_minutes": PolicyKey(
        15, T("Minutes that somebody may come home later than they said"), OURS, True, 0, 120
    ),
    "dispatch.break_after_minutes": PolicyKey(
        360, T("A break is due for whoever is out at least this long"), OURS, True, 120, 720
    ),
    "meal.pickup_minutes": PolicyKey(2, T("Minutes it takes to take one meal from the kitchen"), OURS, True, 0, 30),
    "meal.bag_capacity": PolicyKey(8, T("Meals that one volunteer carries at once"), OURS, True, 1, 40),
    "van.for_baths": PolicyKey(
        "where_based",
        T("Baths by the bathing van: never, or wherever a van has its yard"),
        OURS,
        True,
        choices=("never", "where_based"),
    ),
    "van.setup_minutes": PolicyKey(15, T("Minutes the van is at the door before the bath begins"), OURS, True, 0, 60),
    "van.baths_per_round": PolicyKey(3, T("Baths until the van's tank is filled again at its yard"), OURS, True, 1, 12),
    "van.from_minute": PolicyKey(480, T("When the vans start, in minutes after midnight"), OURS, True, 0, 1_439),
    "van.to_minute": PolicyKey(1_050, T("When the vans are back, in minutes after midnight"), OURS, True, 1, 1_440),
    "gate.visit": _gate(
        "real_name training", T("What a volunteer needs for visits"), T("慈善法 art. 66; training: ours")
    ),
    "gate.meal": _gate("real_name training", T("What a volunteer needs to carry meals"), T("慈善法 art. 66; ours")),
    "gate.bath": _gate(
        "real_name training insurance health agreement",
        T("What a volunteer needs to help with baths"),
        T("志愿服务条例 arts 15-17, Chongqing arts 18, 21; which papers: ours"),
    ),
    "gate.escort": _gate(
        "real_name training insurance",
        T("What a volunteer needs to go along to the doctor"),
        T("志愿服务条例 art. 17; ours"),
    ),
    "gate.chore": _gate("real_name", T("What a volunteer needs for housework"), T("慈善法 art. 66")),
    "gate.company": _gate("real_name", T("What a volunteer needs to keep company"), T("慈善法 art. 66")),
    "gate.phone_check": _gate("real_name", T("What a volunteer needs to call elders"), T("慈善法 art. 66")),
    "papers.remind_days": PolicyKey(
        60, T("Days before a paper of a volunteer runs out from which the office is told"), OURS, True, 7, 366
    ),
    "minor.min_age": PolicyKey(14, T("Age from which somebody may help with a guardian's consent"), ASK, True, 10, 17),
    "minor.services": PolicyKey(
        "visit company",
        T("What somebody under 18 may help with, beside an adult"),
        T("ours; Shanghai 2026: in groups"),
        choices=_MINORS_DO,
        many=True,
    ),
    "minor.max_minutes_per_day": minutes(
        120, T("Most minutes somebody under 18 is credited for a day"), OURS, most=480
    ),
    "minor.max_minutes_per_week": minutes(
        360, T("Most minutes somebody under 18 is credited for a week"), OURS, most=2_400
    ),
    "minor.until_minute": PolicyKey(
        1_140, T("When somebody under 18 is home at the latest, in minutes after midnight"), OURS, True, 720, 1_320
    ),
    "level.trained_hours": PolicyKey(
        20, T("Hours of help from which somebody with a training is a trained volunteer"), OURS, True, 0, 1_000
    ),
    "level.senior_hours": PolicyKey(
        100, T("Hours of help from which somebody with two trainings is a senior volunteer"), OURS, True, 0, 2_000
    ),
    "level.lead_hours": PolicyKey(
        300, T("Hours of help from which somebody with three trainings may lead a group"), OURS, True, 0, 5_000
    ),
    **{
        f"star.hours_{star}": PolicyKey(
            hours, words, T("star levels of the national system, from memory; ask the county"), True, 1, 10_000
        )
        for star, hours, words in (
            (1, 100, T("Hours of help for the first star")),
            (2, 300, T("Hours of help for the second star")),
            (3, 600, T("Hours of help for the third star")),
            (4, 1_000, T("Hours of help for the fourth star")),
            (5, 1_500, T("Hours of help for the fifth star")),
        )
    },
    "assessment.interval_months": PolicyKey(
        12, T("Months until the next routine assessment"), T("field guide §2.4, from memory"), True, 1, 36
    ),
    "assessment.dispute_days": PolicyKey(
        30, T("Days within which the elder's side may dispute an assessment"), OURS, True, 5, 120
    ),
    "assessment.draft_days": PolicyKey(
        30, T("Days after which a form that nobody finished is deleted"), OURS, True, 2, 90
    ),
    "bed.least_level": PolicyKey(
        2, T("A home-care bed is for elders of this level of dependency or more"), T("vouchers of 2026"), True, 0, 4
    ),
    "bed.assessment_max_days": PolicyKey(
        365, T("The assessment for a home-care bed is not older than this"), OURS, True, 30, 1_100
    ),
    "bed.target_visits": PolicyKey(8, T("Visits a month that a new home-care bed aims at"), OURS, True, 1, 62),
    "bed.target_minutes": minutes(
        720, T("Minutes a month that a new home-care bed aims at"), ASK, most=14_880, least=30
    ),
    "bed.meals_count": PolicyKey(
        "no", T("Whether a meal brought counts as a visit to the home-care bed"), OURS, choices=("no", "yes")
    ),
    "bed.alert_percent": PolicyKey(
        80, T("A bed that got less than this share of what was due by today is shown, percent"), OURS, True, 10, 100
    ),
    "bed.inspect_every_days": PolicyKey(180, T("Days between inspections of a home-care bed"), OURS, True, 14, 732),
    "bed.serious_hazard_days": PolicyKey(3, T("Days to remove a serious hazard at a bed"), OURS, True, 1, 30),
    "bed.hazard_days": PolicyKey(30, T("Days to remove another hazard at a bed"), OURS, True, 1, 120),
    "bed.subsidy_yuan": PolicyKey(
        0,
        T("Subsidy to the provider for a bed and month, in yuan; 0 means not decided"),
        T("ask the county"),
        True,
        0,
        5_000,
    ),
    **HELP_KEYS,
    **PRIVACY_KEYS,
    "dispatch.seconds": PolicyKey(10, T("Seconds the planner works on one day"), T("docs/benchmarks.md"), True, 1, 300),
    "dispatch.learn_days": PolicyKey(
        60, T("Days of arrivals and departures from which driving times are learnt; 0 means none"), OURS, True, 0, 365
    ),
    "dispatch.alarm_minutes": PolicyKey(
        60, T("Minutes within which somebody comes to an emergency"), OURS, True, 10, 240
    ),
    "dispatch.urgent_minutes": PolicyKey(
        240, T("Minutes within which somebody comes to an urgent visit"), OURS, True, 30, 720
    ),
    "dispatch.festival_away_percent": PolicyKey(
        50, T("What-if: volunteers in a hundred who are away in the week of Spring Festival"), OURS, True, 0, 100
    ),
    "dispatch.festival_more_percent": PolicyKey(
        30, T("What-if: visits more in a hundred in the week of Spring Festival"), OURS, True, 0, 200
    ),
}


CHOICE_WORDS: dict[str, Text] = {
    "refuse": T("refuse to close"),
    "carry_over": T("carry over to the next month"),
    "donation_only": T("to the commons only"),
    "personal": T("to each helper"),
    "hard": T("always"),
    "soft": T("if possible"),
    "never": T("never"),
    "where_based": T("where a van has its yard"),
    "no": T("no"),
    "yes": T("yes"),
    "real_name": T("checked identity"),
    "training": T("training"),
    "insurance": T("accident insurance"),
    "health": T("health check"),
    "agreement": T("volunteer agreement"),
    "visit": T("visit"),
    "meal": T("meal"),
    "chore": T("housework"),
    "company": T("company"),
    "phone_check": T("phone call"),
}


def may_decide(area_code: str, name: str) -> bool:
    """Whether an area decides about a key: a district about all, a township about what can differ between townships."""
    return len(area_code) <= 6 or not name.startswith(_OF_THE_DISTRICT)


def value_words(value: Any) -> Text:
    """A value as a page shows it: a number, a choice in words, several choices as a list, or that nothing is asked."""
    if not isinstance(value, str):
        return Text(f"{value:,}" if isinstance(value, int) else str(value))
    named = [CHOICE_WORDS.get(code, Text(code)) for code in value.split()]
    return listed(named) if named else T("nothing")


def default_values() -> dict[str, Any]:
    """The value of every key before anybody decided anything."""
    return {name: key.default for name, key in KEYS.items()}


def check_change(name: str, value: Any) -> Any:
    """The value if it is allowed for this key; refuses unknown keys, wrong types and values out of bounds."""
    key = KEYS.get(name)
    if key is None:
        raise BadInput("policies.unknown_key", T("There is no rule called {name}.", name=name), field=name)
    if key.many and set(str(value).split()) <= set(key.choices):
        return " ".join(code for code in key.choices if code in str(value).split())
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
