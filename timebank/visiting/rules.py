"""Who is visited how closely, when the next visit is due, and what follows when nobody answers. Pure.

Sources: 10-ministry guidance 2022 and 武隆府办发〔2022〕31号 (five groups), field guide §2.2 (cadence), §2.5
(form), §4.8 (ladder). The thresholds that make a tier are assumed and stand in the policy.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from timebank.core.errors import BadInput
from timebank.core.text import T, Text
from timebank.people.models import RiskTier
from timebank.visiting.models import ContactForm, Outcome, StepKind

GROUPS: dict[str, Text] = {  # the five groups of elders in special difficulty, by tag of the person
    "severely_handicapped": T("severely handicapped"),
    "disabled": T("cannot care for themselves"),
    "left_behind": T("left behind"),
    "empty_nest": T("children live elsewhere"),
    "living_alone": T("lives alone"),  # counted with the empty nests
    "one_child_loss": T("family-planning special family"),
}
TIER_RULES: dict[str, Text] = {
    "level": T("assessed as severely or fully dependent"),
    "disabled": T("cannot care for themselves"),
    "alone_and_old": T("lives alone and is very old"),
    "alone_and_handicapped": T("lives alone and is severely handicapped"),
    "alone": T("lives alone"),
    "handicapped": T("severely handicapped"),
    "left_behind": T("left behind"),
    "one_child_loss": T("family-planning special family"),
    "old": T("very old"),
    "level_medium": T("assessed as moderately dependent"),
    "nothing_special": T("nothing that asks for closer visits"),
}
FORM_WORDS: dict[str, Text] = {
    ContactForm.DOOR: T("at the door"),
    ContactForm.PHONE: T("by phone"),
    ContactForm.VIDEO: T("by video"),
}
OUTCOME_WORDS: dict[str, Text] = {
    Outcome.WELL: T("is well"),
    Outcome.NEEDS_HELP: T("needs help"),
    Outcome.NO_ANSWER: T("nobody answered"),
    Outcome.ELSEWHERE: T("is elsewhere, and somebody knows where"),
}
TIER_WORDS: dict[str, Text] = {
    RiskTier.HIGH: T("high risk"),
    RiskTier.KEY: T("to watch"),
    RiskTier.GENERAL: T("general"),
}
QUESTIONS: dict[str, Text] = {  # the form of a visit (field guide §2.5)
    "living": T("Food, warmth and daily life"),
    "safety": T("Safety of the home"),
    "health": T("Health and medicine"),
    "family": T("Help from the family"),
    "needs": T("What is missing"),
}
ANSWERS: dict[str, Text] = {"fine": T("all right"), "worry": T("a worry")}
STEP_WORDS: dict[str, Text] = {
    StepKind.FIRST_TRY: T("first try"),
    StepKind.SECOND_TRY: T("second try"),
    StepKind.NEIGHBOUR: T("ask the neighbour"),
    StepKind.VILLAGE: T("the village goes and looks"),
    StepKind.EMERGENCY: T("emergency"),
}
REACHED = (Outcome.WELL, Outcome.NEEDS_HELP)
LADDER = tuple(StepKind)


@dataclass(frozen=True)
class Situation:
    """What the tier of an elder depends on. `level` is that of the latest assessment (0 to 4), None without one."""

    tags: Collection[str]
    age: int
    level: int | None


def groups_of(tags: Collection[str]) -> list[str]:
    """Which of the groups of special difficulty somebody belongs to, in the order of the list."""
    return [group for group in GROUPS if group in tags]


def tier_of(situation: Situation, *, old_age: int) -> tuple[RiskTier, list[str]]:
    """The tier and every rule that speaks for it (TIER_RULES, assumed); `old_age` is policy visiting.old_age."""
    tags, level = set(situation.tags), situation.level or 0
    alone, old = "living_alone" in tags, situation.age >= old_age
    high = {
        "level": level >= 3,
        "disabled": "disabled" in tags,
        "alone_and_old": alone and old,
        "alone_and_handicapped": alone and "severely_handicapped" in tags,
    }
    key = {
        "alone": alone,
        "handicapped": "severely_handicapped" in tags,
        "left_behind": "left_behind" in tags,
        "one_child_loss": "one_child_loss" in tags,
        "old": old,
        "level_medium": level == 2,
    }
    for tier, rules in ((RiskTier.HIGH, high), (RiskTier.KEY, key)):
        speaking = [rule for rule, holds in rules.items() if holds]
        if speaking:
            return tier, speaking
    return RiskTier.GENERAL, ["nothing_special"]


def next_due(reached_on: date | None, *, since_on: date, every_days: int, changed_on: date | None) -> date:
    """The day by which an elder is to be visited again.

    Counted from the last contact, or from the day they came on the list; within a day of a change in their life that
    nobody has followed up (field guide §2.2: back from hospital, moved, a death at home).
    """
    due = (reached_on or since_on) + timedelta(days=every_days)
    if changed_on is not None and (reached_on is None or reached_on < changed_on):
        return min(due, changed_on + timedelta(days=1))
    return due


def check_answers(answers: Mapping[str, str]) -> dict[str, str]:
    """The answers of a visiting form; refuses a question or an answer that is not on it."""
    for question, said in answers.items():
        if question not in QUESTIONS or said not in ANSWERS:
            raise BadInput("core.not_a_choice", T("Choose from the list."), field=question)
    return dict(answers)


@dataclass(frozen=True)
class NextStep:
    """The rung that comes next, and until when it may wait. None at the top: the emergency goes on by itself."""

    kind: StepKind
    due_at: datetime


def next_step(taken: Sequence[tuple[StepKind, datetime]], waits: Mapping[StepKind, int]) -> NextStep | None:
    """What comes after the steps taken so far; `waits` are minutes from the step before to each rung.

    Rungs may be left out upwards (an elder known to be ill is looked for at once), never gone back to.
    """
    reached = max((LADDER.index(kind) for kind, _ in taken), default=-1)
    if reached + 1 >= len(LADDER):
        return None
    kind = LADDER[reached + 1]
    last_at = max(at for _, at in taken)
    return NextStep(kind, last_at + timedelta(minutes=waits[kind]))


def emergency_at(taken: Sequence[tuple[StepKind, datetime]], waits: Mapping[StepKind, int]) -> datetime | None:
    """When the emergency begins by itself if nobody does anything more; None where it has begun."""
    reached = max((LADDER.index(kind) for kind, _ in taken), default=-1)
    if reached + 1 >= len(LADDER):
        return None
    left = sum(waits[kind] for kind in LADDER[reached + 1 :])
    return max(at for _, at in taken) + timedelta(minutes=left)
