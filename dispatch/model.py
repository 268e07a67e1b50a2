"""What a day of home care is: places, carers, tasks, links, vehicles and the plan made of them.

Every value is frozen and every number an integer with its unit in the name. One rule for time: a field ending in
``_minutes`` counts clock ticks of ``1 / Problem.units_per_minute`` minutes since midnight of the planned day (or ticks
of length). ``units_per_minute`` is 1 in the product; the published instances use 1000 because their distances carry
three decimals. Costs are integers: weight × ticks, or weight × count.
"""

from __future__ import annotations

import copyreg
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

import numpy as np
import numpy.typing as npt

UNREACHABLE = 1_000_000_000
"""Matrix entry for "no road": never driven, in any plan. JSON files write ``null``."""

FOREVER = 1_000_000_000
"""A moment no day reaches: the end of a shift or window that does not end."""

Engine = Literal["auto", "search", "exact", "routing"]
SameCarer = Literal["any", "same", "different"]


def _frozen(values: dict[str, int]) -> Mapping[str, int]:
    return MappingProxyType(values)


copyreg.pickle(MappingProxyType, lambda view: (_frozen, (dict(view),)))  # type: ignore[arg-type, return-value]
NO_COSTS: Mapping[str, int] = MappingProxyType({})


class ProblemError(ValueError):
    """A problem or plan that cannot be read, with the path of the field, the reason and the remedy.

    Parameters
    ----------
    path
        Where, as in ``tasks[3].windows[0].closes_minutes``.
    reason
        What is wrong, with the value found.
    remedy
        What the reader can do about it.
    """

    def __init__(self, path: str, reason: str, remedy: str) -> None:
        super().__init__(f"{path}: {reason}. {remedy}")
        self.path, self.reason, self.remedy = path, reason, remedy

    def __reduce__(self) -> tuple[type[ProblemError], tuple[str, str, str]]:
        """Travels between processes with all its parts."""
        return ProblemError, (self.path, self.reason, self.remedy)


class NotExpressible(ValueError):
    """The engine cannot say this day; the text says what stands against it."""


@dataclass(frozen=True, slots=True)
class Window:
    """A span in which something may start (tasks, breaks) or happen (shifts, vehicle rounds); both ends included."""

    opens_minutes: int
    closes_minutes: int


@dataclass(frozen=True, slots=True)
class Break:
    """A rest of ``duration_minutes`` that starts inside ``window``, wherever the carer is, not during a task.

    A carer whose route ends before the window closes needs none. Of several breaks each has a pause of its own, and
    which of them comes first is left open.
    """

    window: Window
    duration_minutes: int


@dataclass(frozen=True, slots=True)
class Carer:
    """Someone who visits.

    Parameters
    ----------
    id, start_place, end_place, mode
        Own id, places of ``Problem.places`` and a key of ``Problem.matrices``.
    shifts
        When the carer works, in order. Between two shifts the carer does nothing. Leaving the start place happens at
        the opening of the first or later; arriving at the end place after the close of the last is overtime.
    max_overtime_minutes
        Hard bound of overtime; 0 means the shift end is hard.
    skills
        What the carer may do.
    breaks
        Rests, in the order in which their windows open.
    max_work_minutes, max_visits
        Hard bounds of service plus travel minutes, and of tasks; ``None`` is no bound.
    target_work_minutes
        Fair share of service plus travel minutes; more costs ``Weights.fairness_minute`` per minute.
    capacity
        Meals (units of ``Task.load``) carried at once; ``None`` is no bound.
    sex, dialects
        Compared with what tasks ask for.
    """

    id: str
    start_place: str
    end_place: str
    shifts: tuple[Window, ...] = (Window(0, FOREVER),)
    mode: str = "default"
    skills: frozenset[str] = frozenset()
    breaks: tuple[Break, ...] = ()
    max_overtime_minutes: int = 0
    max_work_minutes: int | None = None
    max_visits: int | None = None
    target_work_minutes: int | None = None
    capacity: int | None = None
    sex: str = ""
    dialects: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Task:
    """One thing one carer does at one place. A visit by two carers is two tasks and a link.

    Parameters
    ----------
    windows
        Hard: the start lies in one of them.
    due_minutes
        Soft: a later start costs ``Weights.tardiness_minute`` per minute (``None``: no soft part).
    skills
        All are needed.
    tier, unserved_cost
        Leaving it out costs ``Weights.unserved[tier]``, or ``unserved_cost`` where given.
    allowed_carers, banned_carers
        Hard. ``None`` allows every carer.
    carer_cost
        Cost of being served by that carer (continuity: 0 for the known face, more for others); carers not named cost
        ``other_carer_cost``.
    sex, sex_is_hard
        Asked sex of the carer; when not hard another sex costs ``Weights.other_sex``.
    dialect
        A carer without it costs ``Weights.other_dialect``.
    load
        Change of what the carer carries: +1 takes a meal, -1 hands it over. Always within 0 and the carer's capacity.
    pinned_carer, pinned_start_minutes
        Hard: running or promised visits.
    published_carer
        Whom the published day names; another carer costs ``Weights.changed_visit``.
    vehicle_kind
        A vehicle of this kind has to be there too, from ``Vehicle.setup_minutes`` before the start to the end.
    """

    id: str
    place: str
    duration_minutes: int
    windows: tuple[Window, ...] = (Window(0, FOREVER),)
    due_minutes: int | None = None
    skills: frozenset[str] = frozenset()
    tier: int = 0
    unserved_cost: int | None = None
    allowed_carers: frozenset[str] | None = None
    banned_carers: frozenset[str] = frozenset()
    carer_cost: Mapping[str, int] = field(default_factory=lambda: NO_COSTS)
    other_carer_cost: int = 0
    sex: str = ""
    sex_is_hard: bool = True
    dialect: str = ""
    load: int = 0
    pinned_carer: str | None = None
    pinned_start_minutes: int | None = None
    published_carer: str | None = None
    vehicle_kind: str | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """``min_gap_minutes <= start(second) - start(first) <= max_gap_minutes``; linked tasks are served all or none.

    0 and 0 is two carers at once; "same" carer with a maximum gap is a meal in its bag or an escort there and back.
    ``max_gap_minutes`` ``None`` is no maximum.
    """

    first: str
    second: str
    min_gap_minutes: int = 0
    max_gap_minutes: int | None = 0
    carers: SameCarer = "different"


@dataclass(frozen=True, slots=True)
class Vehicle:
    """A bathing van: it drives its own rounds and stands at the visits that need its kind.

    Each round starts full at ``place`` inside its window, ends there, and serves at most ``visits_per_round`` visits;
    between rounds it refills. ``setup_minutes`` before the visit starts it is at the door.
    """

    id: str
    kind: str
    place: str
    rounds: tuple[Window, ...]
    mode: str = "default"
    setup_minutes: int = 0
    visits_per_round: int | None = None


@dataclass(frozen=True, slots=True)
class Weights:
    """What things cost: by default one unvisited high-risk elder outweighs any driving, then faces, then minutes."""

    unserved: tuple[int, ...] = (20_000, 5_000, 1_000, 200)
    travel_minute: int = 1
    tardiness_minute: int = 2
    worst_tardiness_minute: int = 0
    overtime_minute: int = 4
    fairness_minute: int = 1
    other_sex: int = 60
    other_dialect: int = 15
    changed_visit: int = 40


@dataclass(frozen=True, eq=False)
class Problem:
    """A day to plan: all that the planner knows. ``matrices[mode]`` is int32 of shape (places, places), in ticks."""

    places: tuple[str, ...]
    matrices: Mapping[str, npt.NDArray[np.int32]]
    carers: tuple[Carer, ...]
    tasks: tuple[Task, ...]
    links: tuple[Link, ...] = ()
    vehicles: tuple[Vehicle, ...] = ()
    weights: Weights = field(default_factory=Weights)
    units_per_minute: int = 1
    name: str = ""


@dataclass(frozen=True, slots=True)
class Stop:
    """One task on a route: service runs from ``start_minutes`` to ``end_minutes``."""

    task: str
    start_minutes: int
    end_minutes: int


@dataclass(frozen=True, slots=True)
class Pause:
    """A break as taken."""

    start_minutes: int
    end_minutes: int


@dataclass(frozen=True, slots=True)
class Route:
    """What one carer (or one vehicle round, ``<vehicle id>#<round>``) does, in order; empty routes are left out."""

    carer: str
    stops: tuple[Stop, ...]
    pauses: tuple[Pause, ...] = ()
    leave_minutes: int = 0
    finish_minutes: int = 0


@dataclass(frozen=True, slots=True)
class Unserved:
    """A task left out: a ``reason`` code (``no_carer``, ``no_road``, ``no_time``, ``no_vehicle``) and a sentence."""

    task: str
    reason: str
    text: str


@dataclass(frozen=True, slots=True)
class Cost:
    """The parts of a plan's cost, each already weighted; ``total`` is their sum."""

    unserved: int = 0
    travel: int = 0
    tardiness: int = 0
    worst_tardiness: int = 0
    overtime: int = 0
    fairness: int = 0
    preferences: int = 0

    @property
    def total(self) -> int:
        """Sum of all parts."""
        return (
            self.unserved
            + self.travel
            + self.tardiness
            + self.worst_tardiness
            + self.overtime
            + self.fairness
            + self.preferences
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """Routes and what was left out. ``lower_bound`` is proven or ``None``; ``proved_optimal``: it is met."""

    routes: tuple[Route, ...]
    unserved: tuple[Unserved, ...]
    cost: Cost
    engine: str
    seed: int = 0
    steps: int = 0
    cpu_seconds: float = 0.0
    lower_bound: int | None = None
    proved_optimal: bool = False


@dataclass(frozen=True, slots=True)
class Violation:
    """A broken hard rule. ``task``/``carer`` are empty where the rule is not about one.

    ``text`` is the English sentence of ``code``; ``values`` are the pairs of name and value it is made of, so that the
    same can be said in another language.
    """

    code: str
    task: str
    carer: str
    text: str
    values: tuple[tuple[str, int | str], ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """What a running search has: cost and served tasks of its best plan after ``cpu_seconds``."""

    cost: int
    served: int
    cpu_seconds: float
    steps: int


@dataclass(frozen=True, slots=True)
class Limits:
    """When to stop.

    Parameters
    ----------
    seconds
        CPU seconds per worker, compilation excluded.
    steps
        Moves; when given, ``seconds`` is ignored and the plan depends on problem, seed and steps alone.
    workers
        Processes.
    on_progress
        Called whenever a better plan is known (from the calling thread).
    stop
        Asked often; once it returns true the best plan is returned within 200 ms.
    """

    seconds: float = 10.0
    steps: int | None = None
    workers: int = 1
    on_progress: Callable[[Progress], None] | None = None
    stop: Callable[[], bool] | None = None
