"""What the planner's codes are called on pages. The planner speaks in ids, readers in names."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dispatch.model import Violation
from dispatch.violations import Rule
from timebank.core.text import T, Text
from timebank.dayplans.models import DayPlanState, RunState
from timebank.dayplans.rules import visit_of
from timebank.people.rules import QUALIFICATIONS
from timebank.visits.words import SERVICE_WORDS

PLAN_STATE_WORDS: dict[str, Text] = {
    DayPlanState.DRAFT: T("draft"),
    DayPlanState.PUBLISHED: T("published"),
    DayPlanState.SUPERSEDED: T("replaced"),
    DayPlanState.TRIAL: T("only a trial"),
}
RUN_STATE_WORDS: dict[str, Text] = {
    RunState.RUNNING: T("the planner is at work"),
    RunState.DONE: T("the plan is there"),
    RunState.FAILED: T("the planner stopped without a plan"),
}
REASON_WORDS: dict[str, Text] = {
    "no_carer": T("nobody may do this: training, sex, kinship or a refusal speaks against everyone"),
    "no_road": T("no open road leads there"),
    "no_time": T("whoever may do this has no time left in the asked hours"),
    "no_vehicle": T("no bathing van is out on this day"),
    "taken_out": T("taken out by hand"),
    "new_visit": T("came after the plan was made"),
    "carer_off": T("whoever was to come is off by now"),
    "moved": T("lives elsewhere now, and from there it breaks a rule of the day as it was planned"),
}
TIER_WORDS: dict[str, Text] = {
    "high": T("at high risk"),
    "key": T("to watch"),
    "general": T("other"),
}
STEP_WORDS: dict[str, Text] = {
    "moved": T("somebody else comes"),
    "later": T("later"),
    "earlier": T("earlier"),
    "placed": T("now has a place"),
    "left_out": T("has no place any more"),
    "waiting": T("came in, and nobody can go yet"),
}
PLACE_WORDS: dict[str, Text] = {
    "no_road": T("no open road leads there"),
    "over": T("the hours asked for are over: send somebody by an urgent visit"),
    "too_late": T("cannot be there in time"),
    "shift": T("goes home before the visit would be over"),
    "full": T("has as many visits as allowed"),
    "no_partner": T("could come, but nobody who must come along"),
    "partner": T("comes along already"),
    "no_time": T("has no time left for it"),
}
_SEXES = {"female": T("woman"), "male": T("man")}
_BROKEN: dict[str, Text] = {
    Rule.UNKNOWN_CARER: T("{carer} is not at work on this day."),
    Rule.UNKNOWN_TASK: T("{visit} is not a visit of this day any more."),
    Rule.ROUTE_TWICE: T("{carer} stands in the plan twice."),
    Rule.SERVED_TWICE: T("{visit} stands in the plan more than once."),
    Rule.NOT_LISTED: T("{visit} is missing in the plan."),
    Rule.LISTED_WRONGLY: T("{visit} is called left out although somebody comes."),
    Rule.SKILL: T("{carer} is not trained or insured for this: {missing}."),
    Rule.CARER_LIST: T("{carer} may not come to {visit}: kin, same home, declined, off by now, or held by a lock."),
    Rule.SEX: T("{visit} asks for a {asked}."),
    Rule.PIN_CARER: T("{visit} is promised to {promised}."),
    Rule.PIN_START: T("{visit} is promised for {promised}, not {start}."),
    Rule.WINDOW: T("{visit} would start at {start}, outside the hours that were agreed."),
    Rule.DURATION: T("{visit} takes {duration} minutes, the plan gives {found}."),
    Rule.NO_ROAD: T("No open road leads {carer} to {visit}."),
    Rule.TRAVEL: T("{carer} needs {drive} minutes to the next door and has {available}."),
    Rule.SHIFT: T("{carer} is not at work from {start} to {end}."),
    Rule.OVERTIME: T("{carer} would be home at {end}; {latest} is the latest."),
    Rule.BREAK: T("{carer} has no break of {duration} minutes between {opens} and {closes}."),
    Rule.BREAK_IN_TASK: T("{carer} would have a break in the middle of a visit, at {start}."),
    Rule.MAX_WORK: T("{carer} would work {found} minutes; {limit} is the most."),
    Rule.MAX_VISITS: T("{carer} would have {found:# visit|# visits}; {limit} is the most."),
    Rule.LOAD: T("{carer} would carry {found:# meal|# meals} at {visit}; {limit:# fits|# fit} into the bag."),
    Rule.LINK_GAP: T("{visit}: the crew must come at the same time, and a meal must be handed over while it is hot."),
    Rule.LINK_CARERS: T("{visit}: a crew is two different people, and who fetches a meal hands it over."),
    Rule.ALL_OR_NONE: T("{visit}: one half has a place, the other has none."),
    Rule.VEHICLE_MISSING: T("{visit} needs the bathing van, and it is not there."),
    Rule.VEHICLE_NEEDLESS: T("The van stands at {visit}, which needs none."),
    Rule.VEHICLE_TIME: T("The van is at {visit} at another time than the crew."),
    Rule.VEHICLE_SETUP: T("The van reaches {visit} too late to be ready."),
    Rule.VEHICLE_ROUND: T("The van would be out from {start} to {end}; it may from {opens} to {closes}."),
    Rule.VISITS_PER_ROUND: T("The van's tank is enough for {limit} baths, not for {found}."),
}
_CLOCK_VALUES = ("start", "end", "latest", "opens", "closes")


@dataclass(frozen=True)
class Names:
    """What a reader calls the people and visits that the planner knows by id; unknown ids stay as they are."""

    people: Mapping[str, str] = field(default_factory=dict)
    visits: Mapping[str, str | Text] = field(default_factory=dict)

    def person(self, person_id: str) -> str:
        """A carer's name, or the id."""
        return self.people.get(person_id, person_id)

    def visit(self, task_id: str) -> str | Text:
        """What a visit is called, such as 'bath 王爷爷', or the id."""
        return self.visits.get(visit_of(task_id), task_id)


def visit_words(service: str, elder_name: str) -> Text:
    """A visit in a list: what and for whom."""
    return T("{service} {name}", service=SERVICE_WORDS[service], name=elder_name)


def violation_words(violation: Violation, names: Names | None = None) -> Text:
    """A broken rule as a sentence with names and clock times."""
    names = names or Names()
    values: dict[str, object] = {key: _said(key, value, violation, names) for key, value in violation.values}
    values |= {"carer": names.person(violation.carer), "visit": names.visit(violation.task)}
    return Text(_BROKEN[violation.code].msgid, values)


def _said(key: str, value: int | str, violation: Violation, names: Names) -> object:
    if key in _CLOCK_VALUES and isinstance(value, int):
        return clock_time(value)
    known: dict[str, Callable[[str], object]] = {
        "missing": lambda kinds: joined([QUALIFICATIONS.get(kind, kind) for kind in kinds.split(", ")]),
        "asked": lambda sex: _SEXES.get(sex, sex),
        "promised": names.person,
    }
    if key == "promised" and isinstance(value, int):
        return clock_time(value)
    return known[key](str(value)) if key in known else value


def clock_time(minute: int) -> str:
    """A minute of the day as 08:05."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def joined(parts: Sequence[Text | str]) -> Text:
    """Several texts in one, with a dot between."""
    return Text(
        " · ".join(f"{{part{index}}}" for index in range(len(parts))), {f"part{i}": p for i, p in enumerate(parts)}
    )


def change_words(kind: str, detail: Mapping[str, Any], names: Names) -> Text:
    """One change by hand as a sentence."""
    if kind == "move":
        return joined([_move_words(move, names) for move in detail["moves"]])
    if kind == "undo":
        return T("change {number} taken back", number=detail["of"])
    subject = str(detail["subject"])
    what = names.person(subject) if subject in names.people else names.visit(subject)
    return T("{what} locked", what=what) if kind == "lock" else T("{what} unlocked", what=what)


def _move_words(move: Mapping[str, Any], names: Names) -> Text:
    visit = names.visit(str(move["task"]))
    if move["carer"] is None:
        return T("{visit} taken out", visit=visit)
    carer = names.person(str(move["carer"]))
    if move["starts"] is None:
        return T("{visit} to {carer}", visit=visit, carer=carer)
    return T("{visit} to {carer}, {starts}", visit=visit, carer=carer, starts=clock_time(int(move["starts"])))


def notice_words(step: Mapping[str, Any], person_id: str, names: Names, *, as_elder: bool) -> Text:
    """What a change of a published day means for one person: an elder hears who comes, a volunteer what they do."""
    visit = names.visit(str(step["visit"]))
    before, after = step["before"], step["after"]
    if as_elder and step["kind"] == "called_off":
        return T("{visit}: called off, nobody comes", visit=visit)
    if as_elder:
        return _for_elder(visit, before, after, names)
    was, becomes = (bool(where) and where[0] == person_id for where in (before, after))
    if was and becomes:
        at = {"before": clock_time(before[1]), "after": clock_time(after[1])}
        return T("{visit}: at {after} instead of {before}", visit=visit, **at)
    if becomes:
        return T("New for you: {visit} at {after}", visit=visit, after=clock_time(after[1]))
    return T("You need not go: {visit} at {before}", visit=visit, before=clock_time(before[1]))


def _for_elder(visit: str | Text, before: Sequence[Any] | None, after: Sequence[Any] | None, names: Names) -> Text:
    if after is None:
        return T("{visit}: nobody can come now, the office looks for somebody", visit=visit)
    who = names.person(str(after[0]))
    if before is None or before[1] == after[1]:
        return T("{visit}: {carer} comes at {after}", visit=visit, carer=who, after=clock_time(after[1]))
    values = {"carer": who, "after": clock_time(after[1]), "before": clock_time(before[1])}
    return T("{visit}: {carer} comes at {after} instead of {before}", visit=visit, **values)
