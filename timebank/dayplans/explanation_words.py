"""What the planner's explanations are called: rules in conflict and changes that help, by code (dispatch.reasons)."""

import re
from collections.abc import Callable, Mapping

from dispatch.formulation import OTHERS
from dispatch.reasons import NO_CARERS, ONE_MORE_CARER, OTHER_TASKS, TOGETHER, Reason, Relaxation
from dispatch.violations import Rule
from timebank.core.text import T, Text
from timebank.dayplans.words import Names, joined
from timebank.people.rules import QUALIFICATIONS
from timebank.visits.words import SERVICE_WORDS

_SEXES: dict[str, Text] = {"female": T("woman"), "male": T("man")}
_DIRECTIONS: dict[str, Text] = {"earlier": T("earlier than agreed"), "later": T("later than agreed")}
_REASONS: dict[str, Text] = {
    Rule.NO_ROAD: T("No open road leads there."),
    Rule.SKILL: T("It asks for somebody who may do this ({skills}); {able} of {all} people may."),
    Rule.SEX: T("It asks for a {sex}; {able} of {all} people at work are."),
    Rule.CARER_LIST: T("{able} of {all} people may come; the others are kin, live in the same home, or declined."),
    Rule.PIN_CARER: T("It is promised to {promised}."),
    Rule.PIN_START: T("It is promised for {start}."),
    Rule.WINDOW: T("It was agreed to begin {hours}."),
    Rule.VEHICLE_MISSING: T("It needs the bathing van, and the van cannot be there."),
    Rule.LINK_GAP: T("{visit}: a crew comes together, and a meal is handed over while it is hot."),
    Rule.LINK_CARERS: T("{visit}: a crew is two different people, and who fetches a meal hands it over."),
    Rule.SHIFT: T("{carer} is at work {hours}."),
    Rule.BREAK: T("{carer} has a break of {minutes} minutes, {hours}."),
    Rule.MAX_WORK: T("{carer} works {minutes} minutes at most."),
    Rule.MAX_VISITS: T("{carer} makes {limit:# visit|# visits} at most."),
    Rule.LOAD: T("The bag of {carer} holds {limit} meals, and they are fetched first."),
    OTHERS: T("{carer} has {visits:# visit|# visits} already."),
    OTHER_TASKS: T("All {visits} visits that have a place keep it."),
    NO_CARERS: T("Nobody is at work on this day."),
}
_RELAXATIONS: dict[str, Text] = {
    Rule.NO_ROAD: T("{carer} could come if the road were open."),
    Rule.SKILL: T("{carer} could come with the training and papers for it ({skills})."),
    Rule.SEX: T("{carer} could come if it need not be somebody of the same sex."),
    Rule.CARER_LIST: T("{carer} could come if kinship, the same home or the refusal did not stand against it."),
    Rule.PIN_CARER: T("{carer} could come instead of {promised}."),
    Rule.PIN_START: T("{carer} could come at {start} instead of {promised}."),
    Rule.WINDOW: T("{carer} could come at {start}, {minutes} minutes {direction}."),
    Rule.VEHICLE_MISSING: T("{carer} could come if one more bathing van were out."),
    Rule.LINK_GAP: T("{carer} could come if the two parts need not be so close together ({minutes} minutes more)."),
    Rule.LINK_CARERS: T("{carer} could come if one person might do both parts."),
    Rule.SHIFT: T("{carer} could come by working from {start} to {end}, {minutes} minutes more."),
    Rule.BREAK: T("{carer} could come by taking the break at another time."),
    Rule.MAX_WORK: T("{carer} could come by working {minutes} minutes more."),
    Rule.MAX_VISITS: T("{carer} could come by making {visits:# more visit|# more visits}."),
    Rule.LOAD: T("{carer} could come with a bag for {load} meals."),
    OTHERS: T("{carer} could come by giving away: {tasks}."),
    ONE_MORE_CARER: T("One more volunteer who may do this, at work {hours}, could come."),
    TOGETHER: T("Only several things together would help: {codes}."),
}
_SHORT: dict[str, Text] = {
    Rule.NO_ROAD: T("an open road"),
    Rule.SKILL: T("training and papers"),
    Rule.SEX: T("the same sex left open"),
    Rule.CARER_LIST: T("kin or who declined"),
    Rule.WINDOW: T("other hours"),
    Rule.SHIFT: T("longer work"),
    Rule.BREAK: T("another break"),
    Rule.MAX_WORK: T("more minutes of work"),
    Rule.MAX_VISITS: T("more visits for one person"),
    Rule.LOAD: T("a larger bag"),
    Rule.VEHICLE_MISSING: T("one more van"),
    OTHERS: T("giving visits away"),
}
_SPAN, _OPEN = re.compile(r"(\d\d:\d\d) to (\d\d:\d\d)"), re.compile(r"from (\d\d:\d\d) on")


def reason_words(reason: Reason, names: Names) -> Text:
    """A rule that stands against a task, as a sentence."""
    return _worded(_REASONS, reason, names)


def relaxation_words(change: Relaxation, names: Names) -> Text:
    """A change that would let a task in, as a sentence."""
    return _worded(_RELAXATIONS, change, names)


def _worded(sentences: Mapping[str, Text], said: Reason | Relaxation, names: Names) -> Text:
    values: dict[str, object] = {key: _value(key, value, names) for key, value in said.values}
    values |= {"carer": _who(said.carer, names), "visit": names.visit(said.task)}
    if isinstance(said, Relaxation):
        values["minutes"] = said.minutes
    return Text(sentences[said.code].msgid, values) if said.code in sentences else Text(said.text, {})


def _who(carer: str, names: Names) -> str | Text:
    return T("the bathing van") if "#" in carer else names.person(carer)


def _value(key: str, value: int | str, names: Names) -> object:
    if isinstance(value, int):
        return value
    spoken: dict[str, Callable[[str], object]] = {
        "skills": lambda all_of: joined([_ability(one) for one in all_of.split(", ")]),
        "sex": lambda sex: _SEXES.get(sex, sex),
        "promised": names.person,
        "hours": _hours,
        "direction": lambda side: _DIRECTIONS.get(side, side),
        "tasks": lambda all_of: joined([names.visit(one) for one in all_of.split(", ")]),
        "codes": lambda all_of: joined(_abbreviated(all_of.split(", "))),
    }
    return spoken[key](value) if key in spoken else value


def _ability(kind: str) -> str | Text:
    return (SERVICE_WORDS | QUALIFICATIONS).get(kind, kind)


def _abbreviated(codes: list[str]) -> list[Text]:
    return [_SHORT.get(code, T("other rules")) for code in dict.fromkeys(codes)]


def _hours(spans: str) -> str:
    """The planner's `08:00 to 11:00 and 14:00 to 17:00` in signs that both languages read."""
    return _OPEN.sub(r"≥ \1", _SPAN.sub(r"\1–\2", spans)).replace(" and ", " · ")
