"""The parts of an escort to the doctor, and when each begins. Pure.

Source: field guide §2.5 (medical escort), look of a day: pick-up, wait, return. Who goes along stays all the way.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from timebank.areas.rules import is_open
from timebank.core.errors import BadInput, Refused
from timebank.core.limits import MAX_VISIT_MINUTES
from timebank.core.text import T, Text

EARLY_MINUTES = 15  # at the doctor's before the appointment: registering takes time
SLACK_MINUTES = 15  # how much later than planned a part may begin


class PartKind(StrEnum):
    """The parts, in order."""

    OUT = "out"
    WAIT = "wait"
    BACK = "back"


PART_WORDS: dict[str, Text] = {
    PartKind.OUT: T("pick up and go to the doctor"),
    PartKind.WAIT: T("with the elder at the doctor"),
    PartKind.BACK: T("home again"),
}


@dataclass(frozen=True)
class Plan:
    """An appointment as the office writes it down; minutes of the local day, rides one way."""

    on: date
    appointment_minute: int
    ride_minutes: int
    wait_minutes: int


@dataclass(frozen=True)
class Part:
    """One part: when it may begin, in minutes of the day, and how long it takes."""

    kind: PartKind
    from_minute: int
    to_minute: int
    duration_minutes: int


def check(plan: Plan, *, today: date) -> Plan:
    """The plan if it can be carried out; refuses days that are past, rides and waits nobody can make, and night."""
    if plan.on < today:
        raise Refused("escorts.day_is_past", T("Choose today or a later day."), field="on")
    for name, minutes, least in (("ride_minutes", plan.ride_minutes, 5), ("wait_minutes", plan.wait_minutes, 15)):
        if not least <= minutes <= MAX_VISIT_MINUTES // 2:
            most = MAX_VISIT_MINUTES // 2
            raise BadInput(
                "core.not_in_range",
                T("Write a whole number from {least} to {most}.", least=least, most=most),
                field=name,
            )
    first, last = parts(plan)[0], parts(plan)[-1]
    if first.from_minute < 0 or last.to_minute + last.duration_minutes > 24 * 60:
        text = T("There and back does not fit into one day. Choose another time.")
        raise BadInput("escorts.does_not_fit", text, field="appointment")
    return plan


def parts(plan: Plan) -> list[Part]:
    """There in time for registering, the wait, and home: each begins where the one before ends."""
    leaves = plan.appointment_minute - EARLY_MINUTES - plan.ride_minutes
    arrives = leaves + plan.ride_minutes
    stays = EARLY_MINUTES + plan.wait_minutes
    spans = ((PartKind.OUT, leaves, plan.ride_minutes), (PartKind.WAIT, arrives, stays))
    made = [Part(kind, start, start + SLACK_MINUTES, minutes) for kind, start, minutes in spans]
    back = arrives + stays
    return [*made, Part(PartKind.BACK, back, back + 2 * SLACK_MINUTES, plan.ride_minutes)]


def proposed(minutes: int) -> int:
    """The ride that a form proposes: what was reckoned, up to the next five minutes, and never less than five."""
    return max(5, -(-minutes // 5) * 5)


def is_shut(plan: Plan, opens: int | None, closes: int | None) -> bool:
    """Whether the doctor's is not open at the time of the appointment."""
    return not is_open(opens, closes, plan.appointment_minute, plan.appointment_minute)


def source_key(escort_id: str, kind: PartKind) -> str:
    """What makes the visit of a part once; the planner links visits that share the middle."""
    return f"escort:{escort_id}:{kind.value}"
