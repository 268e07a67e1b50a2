"""The hard rules by name, with the sentence that says a rule is broken."""

from enum import StrEnum


class Rule(StrEnum):
    """Codes of ``Violation``; the sentence of each is in ``SENTENCES``."""

    UNKNOWN_CARER = "unknown_carer"
    UNKNOWN_TASK = "unknown_task"
    ROUTE_TWICE = "route_twice"
    SERVED_TWICE = "served_twice"
    NOT_LISTED = "not_listed"
    LISTED_WRONGLY = "listed_wrongly"
    SKILL = "skill"
    CARER_LIST = "carer_list"
    SEX = "sex"
    PIN_CARER = "pin_carer"
    PIN_START = "pin_start"
    WINDOW = "window"
    DURATION = "duration"
    NO_ROAD = "no_road"
    TRAVEL = "travel"
    SHIFT = "shift"
    OVERTIME = "overtime"
    BREAK = "break"
    BREAK_IN_TASK = "break_in_task"
    MAX_WORK = "max_work"
    MAX_VISITS = "max_visits"
    LOAD = "load"
    LINK_GAP = "link_gap"
    LINK_CARERS = "link_carers"
    ALL_OR_NONE = "all_or_none"
    VEHICLE_MISSING = "vehicle_missing"
    VEHICLE_NEEDLESS = "vehicle_needless"
    VEHICLE_TIME = "vehicle_time"
    VEHICLE_SETUP = "vehicle_setup"
    VEHICLE_ROUND = "vehicle_round"
    VISITS_PER_ROUND = "visits_per_round"


SENTENCES: dict[Rule, str] = {
    Rule.UNKNOWN_CARER: "There is no carer or vehicle round {carer}.",
    Rule.UNKNOWN_TASK: "There is no task {task}.",
    Rule.ROUTE_TWICE: "{carer} has more than one route.",
    Rule.SERVED_TWICE: "{task} stands in the plan {count} times.",
    Rule.NOT_LISTED: "{task} is neither served nor listed as left out.",
    Rule.LISTED_WRONGLY: "{task} is listed as left out although it is served, or is listed twice.",
    Rule.SKILL: "{carer} lacks {missing} for {task}.",
    Rule.CARER_LIST: "{carer} is not among the carers who may come to {task}.",
    Rule.SEX: "{task} asks for a carer of sex {asked}; {carer} is {found}.",
    Rule.PIN_CARER: "{task} is promised to {promised}, not to {carer}.",
    Rule.PIN_START: "{task} is promised for {promised}, but starts at {start}.",
    Rule.WINDOW: "{task} starts at {start}, outside its hours.",
    Rule.DURATION: "{task} lasts {duration}, but the plan gives it {found}.",
    Rule.NO_ROAD: "No road for {carer} from {origin} to {destination}.",
    Rule.TRAVEL: "{carer} needs {drive} from {origin} to {destination} and has {available}.",
    Rule.SHIFT: "{carer} is not at work from {start} to {end}.",
    Rule.OVERTIME: "{carer} is back at {end}, later than {latest}.",
    Rule.BREAK: "{carer} has no break of {duration} that starts between {opens} and {closes}.",
    Rule.BREAK_IN_TASK: "{carer} has a break at {start} while another one or a task is going on.",
    Rule.MAX_WORK: "{carer} works {found}, more than {limit}.",
    Rule.MAX_VISITS: "{carer} has {found} visits, more than {limit}.",
    Rule.LOAD: "{carer} carries {found} after {task}; between 0 and {limit} is possible.",
    Rule.LINK_GAP: "{second} starts {found} after {task}; {least} to {most} is asked.",
    Rule.LINK_CARERS: "{task} and {second} need {asked} carers.",
    Rule.ALL_OR_NONE: "{task} is left out, but what is linked to it is served.",
    Rule.VEHICLE_MISSING: "Where {task} is served one vehicle of kind {kind} has to be, else none; {found} are there.",
    Rule.VEHICLE_NEEDLESS: "{carer} stands at {task}, which does not need a vehicle of its kind.",
    Rule.VEHICLE_TIME: "{carer} stands at {task} at other times than the carer.",
    Rule.VEHICLE_SETUP: "{carer} reaches {task} {available} before the start; drive and set-up take {needed}.",
    Rule.VEHICLE_ROUND: "{carer} is out from {start} to {end}; the round is {opens} to {closes}.",
    Rule.VISITS_PER_ROUND: "{carer} serves {found} visits, more than {limit}.",
}
"""One English sentence for each rule; ``Violation.values`` fills the names in braces. Times are ticks."""
