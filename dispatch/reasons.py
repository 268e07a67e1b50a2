"""What an explanation says: rules that stand against a task and changes that help, by code, values and sentence."""

from __future__ import annotations

from dataclasses import dataclass

from dispatch.formulation import OTHERS
from dispatch.model import FOREVER, Carer, Link, Problem, Task, Window
from dispatch.violations import Rule

Values = tuple[tuple[str, int | str], ...]

OTHER_TASKS = "other_tasks"
NO_CARERS = "no_carers"
ONE_MORE_CARER = "one_more_carer"
TOGETHER = "together"

REASONS: dict[str, str] = {
    Rule.NO_ROAD: "No road leads to {place} for {task}, or none back.",
    Rule.SKILL: "{task} asks for {skills}; {able} of {all} carers have it.",
    Rule.SEX: "{task} asks for a carer of sex {sex}; {able} of {all} carers are.",
    Rule.CARER_LIST: "Only {able} of {all} carers are on the list for {task}.",
    Rule.PIN_CARER: "{task} is promised to {promised}.",
    Rule.PIN_START: "{task} is promised for {start}.",
    Rule.WINDOW: "{task} may only start {hours}.",
    Rule.VEHICLE_MISSING: "{task} needs a vehicle of kind {kind}, and none can be there.",
    Rule.LINK_GAP: "{second} has to start {least} to {most} minutes after {task}.",
    Rule.LINK_CARERS: "{task} and {second} need {asked} carers.",
    Rule.SHIFT: "{carer} works {hours}.",
    Rule.BREAK: "{carer} rests for {minutes} minutes {hours}.",
    Rule.MAX_WORK: "{carer} works at most {minutes} minutes.",
    Rule.MAX_VISITS: "{carer} makes at most {limit} visits.",
    Rule.LOAD: "What {carer} carries has to be fetched first, and is at most {limit} at once.",
    OTHERS: "{carer} already has {visits} visits.",
    OTHER_TASKS: "All {visits} visits that are served now stay served.",
    NO_CARERS: "Nobody works on that day.",
}
"""One sentence for each rule that may stand against a task. ``values`` fills the names in braces."""

RELAXATIONS: dict[str, str] = {
    Rule.NO_ROAD: "It fits with {carer} if the road to {place} were open.",
    Rule.SKILL: "It fits if {carer} could do {skills}.",
    Rule.SEX: "It fits with {carer} if the carer's sex were left open.",
    Rule.CARER_LIST: "It fits if {carer} were on the list for {task}.",
    Rule.PIN_CARER: "It fits with {carer} instead of {promised}.",
    Rule.PIN_START: "It fits with {carer} at {start} instead of {promised}.",
    Rule.WINDOW: "It fits with {carer} if it could start at {start}, {minutes} minutes {direction}.",
    Rule.VEHICLE_MISSING: "It fits with {carer} if one more vehicle of kind {kind} were out.",
    Rule.LINK_GAP: "It fits with {carer} if {second} could start {found} minutes after {task}, {minutes} off the rule.",
    Rule.LINK_CARERS: "It fits with {carer} if {task} and {second} did not need {asked} carers.",
    Rule.SHIFT: "It fits if {carer} could work from {start} to {end}, {minutes} minutes more.",
    Rule.BREAK: "It fits if {carer} took the break at another time.",
    Rule.MAX_WORK: "It fits if {carer} could work {minutes} minutes more.",
    Rule.MAX_VISITS: "It fits if {carer} could make {visits} more visits.",
    Rule.LOAD: "It fits if {carer} could carry {load} at once.",
    OTHERS: "It fits if {carer} gave away {tasks}.",
    ONE_MORE_CARER: "It fits if one more carer who may do it worked from {place}, {hours}.",
    TOGETHER: "It fits if all of this were given up at once: {rules}.",
}
"""One sentence for each single change that would let a task in, and one for the fewest changes together."""


@dataclass(frozen=True, slots=True)
class Reason:
    """A rule that stands against a task: a ``code`` of ``REASONS``, with ``task`` and ``carer`` if it is about one."""

    code: str
    task: str
    carer: str
    values: Values
    text: str


@dataclass(frozen=True, slots=True)
class Relaxation:
    """A change that lets a task in: a ``code`` of ``RELAXATIONS``; ``carer`` is who then does the task.

    ``minutes`` is how far a rule has to give way, if it is one of time.
    """

    code: str
    task: str
    carer: str
    minutes: int
    values: Values
    text: str


def reason(code: str, task: str = "", carer: str = "", **values: int | str) -> Reason:
    """A reason with its sentence."""
    return Reason(code, task, carer, tuple(values.items()), REASONS[code].format(task=task, carer=carer, **values))


def relaxation(code: str, task: str = "", carer: str = "", minutes: int = 0, **values: int | str) -> Relaxation:
    """A relaxation with its sentence."""
    text = RELAXATIONS[code].format(task=task, carer=carer, minutes=minutes, **values)
    return Relaxation(code, task, carer, minutes, tuple(values.items()), text)


def clock(problem: Problem, ticks: int) -> str:
    """A moment as hours and minutes."""
    minutes = ticks // problem.units_per_minute
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def minutes(problem: Problem, ticks: int) -> int:
    """Whole minutes that are enough for so many ticks."""
    return -(-ticks // problem.units_per_minute)


def hours(problem: Problem, windows: tuple[Window, ...]) -> str:
    """Spans in words: ``08:00 to 11:00 and 14:00 to 17:00``."""
    ends = [
        (clock(problem, w.opens_minutes), None if w.closes_minutes >= FOREVER else clock(problem, w.closes_minutes))
        for w in windows
    ]
    return " and ".join(f"from {opens} on" if closes is None else f"{opens} to {closes}" for opens, closes in ends)


def task_reason(problem: Problem, code: str, task: Task, able: int) -> Reason:
    """A reason that is about one task; ``able`` carers meet the rule."""
    everybody = len(problem.carers)
    match code:
        case Rule.NO_ROAD:
            return reason(code, task.id, place=task.place)
        case Rule.SKILL:
            return reason(code, task.id, skills=", ".join(sorted(task.skills)), able=able, all=everybody)
        case Rule.SEX:
            return reason(code, task.id, sex=task.sex, able=able, all=everybody)
        case Rule.CARER_LIST:
            return reason(code, task.id, able=able, all=everybody)
        case Rule.PIN_CARER:
            return reason(code, task.id, promised=str(task.pinned_carer))
        case Rule.PIN_START:
            return reason(code, task.id, start=clock(problem, int(task.pinned_start_minutes or 0)))
        case Rule.WINDOW:
            return reason(code, task.id, hours=hours(problem, task.windows))
        case _:
            return reason(code, task.id, kind=str(task.vehicle_kind))


def carer_reason(problem: Problem, code: str, carer: Carer) -> Reason:
    """A reason that is about one carer."""
    match code:
        case Rule.SHIFT:
            return reason(code, "", carer.id, hours=hours(problem, carer.shifts))
        case Rule.BREAK:
            lengths = sum(rest.duration_minutes for rest in carer.breaks)
            spans = hours(problem, tuple(rest.window for rest in carer.breaks))
            return reason(code, "", carer.id, minutes=minutes(problem, lengths), hours=spans)
        case Rule.MAX_WORK:
            return reason(code, "", carer.id, minutes=minutes(problem, carer.max_work_minutes or 0))
        case Rule.MAX_VISITS:
            return reason(code, "", carer.id, limit=carer.max_visits or 0)
        case _:
            return reason(code, "", carer.id, limit="any number" if carer.capacity is None else carer.capacity)


def link_reason(problem: Problem, code: str, link: Link) -> Reason:
    """A reason that is about two linked tasks."""
    if code == Rule.LINK_CARERS:
        return reason(code, link.first, second=link.second, asked=link.carers)
    most = "any number of" if link.max_gap_minutes is None else minutes(problem, link.max_gap_minutes)
    return reason(code, link.first, second=link.second, least=minutes(problem, link.min_gap_minutes), most=most)
