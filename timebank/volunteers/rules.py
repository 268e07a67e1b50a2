"""Gates per service, levels, stars, and what somebody under 18 may do. Pure.

Sources: 志愿服务条例 arts 15-17 (age, training, insurance), 慈善法 art. 66 (real name), Chongqing's ordinance
arts 18 and 21. Which paper a service asks for, the levels and the limits of minors are policy (gate.*, level.*,
star.*, minor.*).
"""

from dataclasses import dataclass
from datetime import date, timedelta

from timebank.core.errors import BadInput
from timebank.core.months import age_on
from timebank.core.text import T, Text
from timebank.people.rules import CERTIFICATES
from timebank.policies.queries import Policy

ADULT = 18
GAPS: dict[str, Text] = {
    "too_young": T("an adult beside them"),
    "guardian": T("a guardian's consent"),
    "not_for_minors": T("to be 18 for this service"),
    "earlier": T("an earlier time of the day"),
    "real_name": T("a checked identity"),
    "training": T("a valid training"),
    "insurance": T("a valid accident insurance"),
    "health": T("a valid health check"),
    "agreement": T("a signed agreement"),
}
LEVELS: dict[str, Text] = {
    "registered": T("registered volunteer"),
    "trained": T("trained volunteer"),
    "senior": T("senior volunteer"),
    "lead": T("may lead a group"),
}
GUARDIANS: dict[str, Text] = {
    "parent": T("parent"),
    "grandparent": T("grandparent"),
    "other": T("other kin"),
}


@dataclass(frozen=True)
class Standing:
    """What a volunteer holds on a day: age, papers by kind, checked identity, a guardian's consent."""

    age: int
    papers: frozenset[str]
    real_name: bool
    guardian: bool = False


def gaps(service: str, standing: Standing, policy: Policy, *, with_adult: bool = False) -> list[str]:
    """What somebody lacks for a service, codes of GAPS; empty when they may do it.

    Who is under 18 helps with some services only, beside an adult, with a guardian's consent, and within policy.
    """
    missing = _gaps_of_age(service, standing, policy, with_adult=with_adult)
    for needed in str(policy.values[f"gate.{service}"]).split():
        if needed == "real_name":
            is_held = standing.real_name
        else:
            is_held = (service if needed == "training" else needed) in standing.papers
        if not is_held:
            missing.append(needed)
    return missing


def _gaps_of_age(service: str, standing: Standing, policy: Policy, *, with_adult: bool) -> list[str]:
    if standing.age >= ADULT:
        return []
    missing = [] if with_adult else ["too_young"]
    if not standing.guardian:
        missing.append("guardian")
    if service not in policy.codes("minor.services"):
        missing.append("not_for_minors")
    return missing


def is_late_for(age: int, until_minute: int, policy: Policy) -> bool:
    """Whether a visit ends too late in the day for somebody of an age."""
    return age < ADULT and until_minute > policy.number("minor.until_minute")


def caps(age: int, policy: Policy) -> tuple[int, int]:
    """The most minutes that are credited for a day and for a week at an age."""
    day, week = policy.number("earn.max_minutes_per_day"), policy.number("earn.max_minutes_per_week")
    if age >= ADULT:
        return day, week
    return (
        min(day, policy.number("minor.max_minutes_per_day")),
        min(week, policy.number("minor.max_minutes_per_week")),
    )


def level(minutes: int, papers: frozenset[str], policy: Policy) -> str:
    """The level of a volunteer by minutes of help and valid trainings: a code of LEVELS."""
    trainings = len(papers - set(CERTIFICATES))
    reached = "registered"
    for name, trainings_needed in (("trained", 1), ("senior", 2), ("lead", 3)):
        if minutes >= 60 * policy.number(f"level.{name}_hours") and trainings >= trainings_needed:
            reached = name
    return reached


def stars(minutes: int, policy: Policy) -> int:
    """Stars for hours of help, 0 to 5."""
    return sum(minutes >= 60 * policy.number(f"star.hours_{star}") for star in range(1, 6))


def check_guardian(born_on: date, guardian_born_on: date, policy: Policy, *, on: date, ends_on: date) -> None:
    """Refuse a consent for somebody too young or of age, by somebody who is no adult, or beyond the 18th birthday."""
    age, least = age_on(born_on, on), policy.number("minor.min_age")
    if age < least:
        text = T("Who is under {least} cannot help yet, not even with a guardian.", least=least)
        raise BadInput("volunteers.below_least_age", text, field="guardian_id")
    if age >= ADULT:
        raise BadInput("volunteers.is_adult", T("Who is 18 needs no guardian."), field="guardian_id")
    if age_on(guardian_born_on, on) < ADULT:
        raise BadInput("volunteers.guardian_is_minor", T("A guardian is at least 18."), field="guardian_id")
    is_beyond = age_on(born_on, ends_on - timedelta(days=1)) >= ADULT  # the birthday itself may be written as the end
    if ends_on < on or (ends_on - on).days > 366 or is_beyond:
        text = T("The consent ends within a year, and at the 18th birthday.")
        raise BadInput("volunteers.bad_consent_end", text, field="ends_on")
