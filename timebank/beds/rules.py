"""The life of a home-care bed, its month in figures, its hazards. Pure.

Sources: 武隆府办发〔2022〕31号 (supervised like beds of institutions); numbers are policies (field guide §2.5).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol, TypeVar

from timebank.beds.models import BedState
from timebank.core import months
from timebank.core.errors import BadInput, Refused
from timebank.core.text import T, Text

EQUIPMENT: dict[str, Text] = {
    "care_bed": T("care bed"),
    "call_button": T("call button"),
    "grab_bar": T("grab bar"),
    "commode": T("commode chair"),
    "wheelchair": T("wheelchair"),
    "walker": T("walking frame"),
    "smoke_alarm": T("smoke alarm"),
    "other": T("something else"),
}
ADAPTATIONS: dict[str, Text] = {
    "grab_bar_toilet": T("grab bars at the toilet"),
    "no_sill": T("take the door sill away"),
    "non_slip": T("non-slip floor where it gets wet"),
    "light": T("light on the way to the toilet"),
    "bed_height": T("bring the bed to the right height"),
    "wiring_safe": T("make wires and sockets safe"),
    "heating": T("safe heating in winter"),
    "other": T("something else"),
}
STATE_WORDS: dict[str, Text] = {
    BedState.APPLIED: T("applied for"),
    BedState.ASSESSED: T("assessed, home not looked at yet"),
    BedState.CHECKED: T("home looked at, no contract yet"),
    BedState.CONTRACTED: T("contract signed, not begun"),
    BedState.ACTIVE: T("runs"),
    BedState.SUSPENDED: T("rests"),
    BedState.CLOSED: T("ended"),
}
STEP_WORDS: dict[str, Text] = {
    "apply": T("Applied for"),
    "assess": T("Assessment taken over"),
    "check": T("Home looked at"),
    "contract": T("Contract signed"),
    "begin": T("Begun"),
    "suspend": T("Rests"),
    "resume": T("Goes on"),
    "close": T("Ended"),
}
_OPEN = frozenset(BedState) - {BedState.CLOSED}
_FROM: dict[str, tuple[frozenset[BedState], BedState]] = {
    "assess": (frozenset({BedState.APPLIED}), BedState.ASSESSED),
    "check": (frozenset({BedState.ASSESSED}), BedState.CHECKED),
    "contract": (frozenset({BedState.CHECKED}), BedState.CONTRACTED),
    "begin": (frozenset({BedState.CONTRACTED}), BedState.ACTIVE),
    "suspend": (frozenset({BedState.ACTIVE}), BedState.SUSPENDED),
    "resume": (frozenset({BedState.SUSPENDED}), BedState.ACTIVE),
    "close": (_OPEN, BedState.CLOSED),
}
_REFUSALS: dict[str, tuple[str, Text]] = {
    "assess": ("beds.not_applied", T("Only a bed that was applied for takes over an assessment.")),
    "check": ("beds.not_assessed", T("The home is looked at after the assessment.")),
    "contract": ("beds.not_checked", T("Look at the home and list what must be changed before the contract.")),
    "begin": ("beds.no_contract", T("A bed begins after its contract is signed.")),
    "suspend": ("beds.not_active", T("Only a bed that runs can rest.")),
    "resume": ("beds.not_suspended", T("Only a bed that rests can go on.")),
    "close": ("beds.closed", T("This bed is ended. Apply for a new one.")),
}
ANSWERS: dict[str, Text] = {"good": T("in order"), "hazard": T("a hazard"), "not_here": T("not here")}
GRADES: dict[str, Text] = {"serious": T("serious"), "general": T("to be mended")}


def steps_from(state: BedState) -> list[str]:
    """The steps that a bed in a state may take, the usual next one first."""
    return [step for step, (before, _) in _FROM.items() if state in before]


def after(state: BedState, step: str) -> BedState:
    """The state after a step. Refuses a step that the state does not allow, by a name of its own."""
    if step not in _FROM:
        raise BadInput("core.not_a_choice", T("Choose from the list."), field="step")
    before, reached = _FROM[step]
    if state == BedState.CLOSED:
        raise Refused(*_REFUSALS["close"])
    if state not in before:
        raise Refused(*_REFUSALS[step])
    return reached


class Step(Protocol):
    """A step that a bed took, as it is kept."""

    @property
    def step(self) -> str: ...
    @property
    def happened_on(self) -> date: ...
    @property
    def at(self) -> datetime: ...
    @property
    def state(self) -> BedState: ...


@dataclass(frozen=True)
class Taken:
    """A step in figures."""

    step: str
    state: BedState
    happened_on: date
    at: datetime


AnyStep = TypeVar("AnyStep", bound=Step)


def in_order(steps: Sequence[AnyStep]) -> list[AnyStep]:
    """Steps by day and instant; those of one instant in the order in which a bed can take them."""
    rest = sorted(steps, key=lambda one: (one.happened_on, one.at))
    ordered: list[AnyStep] = []
    while rest:
        possible = steps_from(ordered[-1].state) if ordered else ["apply"]
        moment = [one for one in rest if (one.happened_on, one.at) == (rest[0].happened_on, rest[0].at)]
        ordered.append(min(moment, key=lambda one: [*possible, one.step].index(one.step)))
        rest.remove(ordered[-1])
    return ordered


@dataclass(frozen=True)
class Delivered:
    """What a bed got in a month: visits and minutes given for hours, and apart from them those paid by voucher."""

    visits: int = 0
    minutes: int = 0
    paid_visits: int = 0
    paid_minutes: int = 0

    def with_visit(self, minutes: int, *, is_paid: bool) -> "Delivered":
        """With one visit more."""
        if is_paid:
            return Delivered(self.visits, self.minutes, self.paid_visits + 1, self.paid_minutes + minutes)
        return Delivered(self.visits + 1, self.minutes + minutes, self.paid_visits, self.paid_minutes)

    @property
    def all_visits(self) -> int:
        """Visits of both kinds: the bed's target does not ask who paid."""
        return self.visits + self.paid_visits

    @property
    def all_minutes(self) -> int:
        """Minutes of both kinds."""
        return self.minutes + self.paid_minutes


@dataclass(frozen=True)
class MonthOfBed:
    """A bed's month: days it ran, what was aimed at for these days, what was due by a day, what it got."""

    days: int
    month_days: int
    target_visits: int
    target_minutes: int
    due_visits: int
    due_minutes: int
    got: Delivered
    alert_percent: int

    @property
    def is_reached(self) -> bool:
        """Whether both targets of the month are reached."""
        return self.got.all_visits >= self.target_visits and self.got.all_minutes >= self.target_minutes

    @property
    def is_short(self) -> bool:
        """Whether it got less than the alert share (policy bed.alert_percent) of what was due by the day."""
        visits = self.got.all_visits * 100 < self.due_visits * self.alert_percent
        return visits or self.got.all_minutes * 100 < self.due_minutes * self.alert_percent

    def subsidy_yuan(self, yuan: int) -> int:
        """The provider's subsidy: by the days the bed ran where both targets are reached, else nothing (assumed)."""
        return yuan * self.days // self.month_days if self.is_reached else 0


def active_days(steps: Sequence[tuple[date, BedState]], first_on: date, last_on: date) -> list[date]:
    """The days from `first_on` to `last_on` on which a bed ran; the day of a step counts for the state after it.

    `steps` are (day, state after the step) in the order of the days.
    """
    days, state, rest = [], BedState.APPLIED, list(steps)
    for number in range((last_on - first_on).days + 1):
        on = first_on + timedelta(days=number)
        while rest and rest[0][0] <= on:
            state = rest.pop(0)[1]
        if state == BedState.ACTIVE:
            days.append(on)
    return days


def month_of_bed(
    *, month: str, today: date, ran_on: Sequence[date], visits: int, minutes: int, got: Delivered, alert_percent: int
) -> MonthOfBed:
    """A bed's month from the days it ran; targets (for a whole month) shrink with the days, rounded down."""
    length = len(months.days(month))
    past = sum(1 for on in ran_on if on < today)  # what is due today may still come
    return MonthOfBed(
        days=len(ran_on),
        month_days=length,
        target_visits=visits * len(ran_on) // length,
        target_minutes=minutes * len(ran_on) // length,
        due_visits=visits * past // length,
        due_minutes=minutes * past // length,
        got=got,
        alert_percent=alert_percent,
    )


@dataclass(frozen=True)
class Stay:
    """One carer at one visit: when they came, when they left if that was told, what a review credited."""

    came_at: datetime
    left_at: datetime | None = None
    credited_minutes: int = 0

    def counted_minutes(self, *, planned_minutes: int, over_planned_minutes: int) -> int:
        """Minutes that the stay counts for a bed.

        Never much beyond the plan. Where nobody told the departure, what a review credited counts, and never beyond the
        plan: somebody vouched for the visit, nobody saw that it was longer (decision 0014).
        """
        if self.left_at is None:
            return min(self.credited_minutes, planned_minutes)
        present = int((self.left_at - self.came_at).total_seconds()) // 60
        return max(0, min(present, planned_minutes + over_planned_minutes))


def presence_minutes(stays: Iterable[Stay], *, planned_minutes: int, over_planned_minutes: int) -> int:
    """Minutes that a visit counts for a bed: the longest stay of one carer."""
    given = {"planned_minutes": planned_minutes, "over_planned_minutes": over_planned_minutes}
    return max((stay.counted_minutes(**given) for stay in stays), default=0)


def check_answers(answers: Mapping[str, str], items: Iterable[str]) -> None:
    """Refuse an inspection that leaves an item out or answers it otherwise than offered."""
    for item in items:
        if answers.get(item) not in ANSWERS:
            text = T("Answer every item of the checklist.")
            raise BadInput("beds.unanswered_item", text, field=f"item-{item}")


def check_contract(starts_on: date, ends_on: date, *, today: date) -> None:
    """Refuse a contract that ends before it begins, has run out, or lasts longer than five years."""
    if ends_on <= starts_on or ends_on < today or (ends_on - starts_on).days > 5 * 366:
        text = T("A contract ends after it begins, not in the past, and lasts five years at most.")
        raise BadInput("beds.bad_contract_days", text, field="ends_on")
