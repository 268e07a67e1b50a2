"""Counting an assessment: total, level, what raised it, step by step. Pure.

Source: GB/T 42195-2022 (field guide §2.4), as data in `scales/`. A missing answer means no level.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from timebank.assessments.scales import LevelRule, Scale
from timebank.core.errors import BadInput, Refused
from timebank.core.months import first_day, last_day, of_date, shifted
from timebank.core.text import T, Text

REASONS: dict[str, Text] = {
    "first": T("first assessment"),
    "routine": T("the time for the next one has come"),
    "immediate": T("the elder's state has changed"),
    "dispute": T("somebody does not agree with the last one"),
    "other": T("another reason"),
}
MOST_EVENTS = 99
YES_OR_NO = {"yes": True, "no": False}


@dataclass(frozen=True)
class Answers:
    """What was answered: a score for each item, yes or no for each fact, how often for each event."""

    scores: Mapping[str, int] = field(default_factory=dict)
    facts: Mapping[str, bool] = field(default_factory=dict)
    events: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What follows from the answers; `trace` names each rule that was used, in order."""

    total: int
    parts: Mapping[str, int]
    level: int
    trace: tuple[dict[str, Any], ...]


def field_names(scale: Scale) -> list[str]:
    """The fields of the form in order: items by their id, facts and events with a word before it."""
    facts, events = (f"fact-{name}" for name in scale.facts), (f"event-{name}" for name in scale.events)
    return [*scale.items, *facts, *events]


def missing(scale: Scale, answers: Answers) -> list[str]:
    """The fields that have no answer yet."""
    known = {
        *answers.scores,
        *(f"fact-{name}" for name in answers.facts),
        *(f"event-{name}" for name in answers.events),
    }
    return [name for name in field_names(scale) if name not in known]


def with_answer(scale: Scale, answers: Answers, name: str, value: str) -> Answers:
    """The answers with one more, given as the form sends it; an empty text takes an answer back.

    Refuses a field that the scale does not have and an answer that the field does not offer.
    """
    if name not in field_names(scale):
        raise BadInput("assessments.unknown_field", T("This form has no such field. Open it again."), field=name[:60])
    scores, facts, events = dict(answers.scores), dict(answers.facts), dict(answers.events)
    if name.startswith("fact-"):
        _set(facts, name.removeprefix("fact-"), value, _yes_or_no(name, value))
    elif name.startswith("event-"):
        _set(events, name.removeprefix("event-"), value, _times(name, value))
    else:
        _set(scores, name, value, _score(scale, name, value))
    return Answers(scores, facts, events)


def _set(known: dict[str, Any], name: str, value: str, read: Any) -> None:
    known.pop(name, None)
    if value != "":
        known[name] = read


def _yes_or_no(name: str, value: str) -> bool | None:
    if value and value not in YES_OR_NO:
        raise BadInput("core.not_a_choice", T("Choose from the list."), field=name)
    return YES_OR_NO.get(value)


def _times(name: str, value: str) -> int | None:
    if not value:
        return None
    if not (value.isascii() and value.isdigit() and len(value) <= 2):
        text = T("Write how often, as a whole number from 0 to {most}.", most=MOST_EVENTS)
        raise BadInput("assessments.not_a_count", text, field=name)
    return int(value)


def _score(scale: Scale, name: str, value: str) -> int | None:
    offered = {str(option.score): option.score for option in scale.items[name].options}
    if value and value not in offered:
        raise BadInput("assessments.no_such_score", T("Choose one of the answers of this item."), field=name)
    return offered.get(value)


def evaluate(scale: Scale, answers: Answers) -> Outcome:
    """Count the answers by the scale. Refuses answers with something missing, and scores that no item offers."""
    gaps = missing(scale, answers)
    if gaps:
        text = T("{count:# answer is|# answers are} missing. Without all of them there is no level.", count=len(gaps))
        raise Refused("assessments.missing_answers", text, field=gaps[0])
    for name, score in answers.scores.items():
        if name not in scale.items or score not in {option.score for option in scale.items[name].options}:
            raise BadInput("assessments.no_such_score", T("Choose one of the answers of this item."), field=name)
    parts = {part.id: sum(answers.scores[item.id] for item in part.items) for part in scale.parts}
    total = sum(parts.values())
    trace: list[dict[str, Any]] = [{"rule": "sum", "total": total, "parts": parts}]
    level = _level(scale, total, parts, trace)
    level = _raised(scale, answers, level, trace)
    return Outcome(total, parts, _set_by_an_item(scale, answers, level, trace), tuple(trace))


def level_of_total(scale: Scale, total: int) -> int:
    """The level of a total before anything raises it; refuses totals that the scale cannot give."""
    if not 0 <= total <= scale.most:
        text = T("The total goes from 0 to {most}.", most=scale.most)
        raise BadInput("assessments.no_such_total", text, field="total")
    return _level(scale, total, {}, [])


def _level(scale: Scale, total: int, parts: Mapping[str, int], trace: list[dict[str, Any]]) -> int:
    number, rule = next((n, rule) for n, rule in enumerate(scale.level_rules, start=1) if _fits(rule, total, parts))
    if rule.total:
        trace.append({"rule": "by_total", "level": rule.level, "least": rule.total[0], "most": rule.total[1]})
    else:
        trace.append({"rule": "by_parts", "level": rule.level, "number": number})
    return rule.level


def _fits(rule: LevelRule, total: int, parts: Mapping[str, int]) -> bool:
    in_total = rule.total is None or rule.total[0] <= total <= rule.total[1]
    return in_total and all(least <= parts[name] <= most for name, (least, most) in rule.parts.items())


def _raised(scale: Scale, answers: Answers, level: int, trace: list[dict[str, Any]]) -> int:
    """Raise the level for what the answers tell beside the scores; never beyond the highest."""
    rule = scale.raises
    why = [name for name in rule.facts if answers.facts.get(name)]
    if rule.least_events and sum(answers.events.values()) >= rule.least_events:
        why.append("events")
    steps = min(len(why), rule.times) * rule.by
    higher = max(level, min(level + steps, rule.highest))
    if why:
        trace.append({"rule": "raised", "why": why, "from": level, "level": higher})
    return higher


def _set_by_an_item(scale: Scale, answers: Answers, level: int, trace: list[dict[str, Any]]) -> int:
    for item, score, decided in scale.sets:
        if answers.scores[item] == score:
            trace.append({"rule": "set_by_item", "item": item, "level": decided})
            level = max(level, decided)
    return level


def next_due(assessed_on: date, interval_months: int) -> date:
    """When the next routine assessment is due: the same day so many months later, or that month's last day."""
    month = shifted(of_date(assessed_on), interval_months)
    return min(last_day(month), first_day(month).replace(day=min(assessed_on.day, last_day(month).day)))
