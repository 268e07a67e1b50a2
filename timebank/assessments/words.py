"""What states, levels and the rules of a trace are called on pages, in the reader's language."""

from collections.abc import Mapping, Sequence
from typing import Any

from timebank.assessments.models import AssessmentState
from timebank.assessments.scales import Label, Scale
from timebank.core.i18n import current_locale
from timebank.core.text import T, Text, listed

STATE_WORDS: dict[str, Text] = {
    AssessmentState.DRAFT: T("being filled in"),
    AssessmentState.WAITING: T("waits for the second assessor"),
    AssessmentState.VALID: T("signed by both"),
    AssessmentState.WITHDRAWN: T("given up"),
}
LEVEL_WORDS: tuple[Text, ...] = (
    T("able"),
    T("slightly dependent"),
    T("moderately dependent"),
    T("severely dependent"),
    T("fully dependent"),
)


def said(label: Label) -> str:
    """A label of a scale file in the reader's language."""
    return label.zh if current_locale() == "zh" else label.en


def trace_words(scale: Scale, trace: Sequence[Mapping[str, Any]]) -> list[Text]:
    """Each step of the counting as a sentence."""
    return [_step(scale, step) for step in trace]


def _step(scale: Scale, step: Mapping[str, Any]) -> Text:
    if step["rule"] == "sum":
        parts = listed(
            [T("{part} {score}", part=said(part.label), score=step["parts"][part.id]) for part in scale.parts]
        )
        return T("{parts}: {total} of {most} points.", parts=parts, total=step["total"], most=scale.most)
    level = T("{level} ({name})", level=step["level"], name=said(scale.levels[step["level"]]))
    if step["rule"] == "by_total":
        return T("{least} to {most} points are level {level}.", least=step["least"], most=step["most"], level=level)
    if step["rule"] == "by_parts":
        return T("Rule {number} of the scale gives level {level}.", number=step["number"], level=level)
    if step["rule"] == "set_by_item":
        return T(
            'The answer to "{item}" alone means level {level}.', item=said(scale.items[step["item"]].label), level=level
        )
    return T(
        "Raised to level {level}, once: {why}.", level=level, why=listed([_why(scale, name) for name in step["why"]])
    )


def _why(scale: Scale, name: str) -> Text:
    if name == "events":
        least, days = scale.raises.least_events, scale.event_days
        return T("{least} or more accidents in {days} days", least=least, days=days)
    return Text(said(scale.facts[name]))  # the scale file speaks both languages itself
