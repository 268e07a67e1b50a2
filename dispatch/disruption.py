"""What can happen to a published day."""

from __future__ import annotations

from dataclasses import dataclass

from dispatch.model import Link, Problem, ProblemError, Task
from dispatch.travel import Closure


@dataclass(frozen=True, slots=True)
class CarerIll:
    """The carer does nothing more; what is running is finished."""

    carer: str


@dataclass(frozen=True, slots=True)
class CarerLate:
    """The carer can go on only at ``until_minutes``."""

    carer: str
    until_minutes: int


@dataclass(frozen=True, slots=True)
class VisitAdded:
    """A visit that has to be made still today, such as an emergency; its places are known to the problem."""

    tasks: tuple[Task, ...]
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class VisitCancelled:
    """A visit that is not wanted any more; what is linked to it goes with it."""

    task: str


@dataclass(frozen=True, slots=True)
class RoadClosed:
    """From now on drives over a road are impossible, or longer; see `dispatch.travel.Closure`, whose day is today."""

    closure: Closure
    knows_roads: bool = False


Change = CarerIll | CarerLate | VisitAdded | VisitCancelled | RoadClosed


@dataclass(frozen=True, slots=True)
class Disruption:
    """What happened, and when in the day (ticks since midnight; 0: before anybody leaves).

    ``change`` ``None`` is nothing but the time that has passed. ``begun`` names the tasks that have begun, as check-ins
    say; ``None`` takes the published starts for it.
    """

    at_minutes: int
    change: Change | None
    begun: frozenset[str] | None = None


def refuse_unknown(problem: Problem, change: Change | None) -> None:
    """Raise a `ProblemError` where the change names what the day does not know."""
    carers, tasks = {carer.id for carer in problem.carers}, {task.id for task in problem.tasks}
    if isinstance(change, CarerIll | CarerLate) and change.carer not in carers:
        raise ProblemError("change.carer", f"{change.carer!r} is not a carer of this day", "Choose one who is.")
    if isinstance(change, VisitCancelled) and change.task not in tasks:
        raise ProblemError("change.task", f"{change.task!r} is not a visit of this day", "Choose one that is.")
    if isinstance(change, VisitAdded):
        _refuse_addition(problem, change, tasks)


def _refuse_addition(problem: Problem, change: VisitAdded, known: set[str]) -> None:
    """The same for new visits and their links."""
    for index, task in enumerate(change.tasks):
        if task.id in known:
            raise ProblemError(f"change.tasks[{index}].id", f"{task.id!r} is there already", "Give it its own id.")
        if task.place not in problem.places:
            raise ProblemError(f"change.tasks[{index}].place", f"{task.place!r} is unknown", "Add it to the matrices.")
        known = known | {task.id}
    for index, link in enumerate(change.links):
        for end, name in (("first", link.first), ("second", link.second)):
            if name not in known:
                raise ProblemError(f"change.links[{index}].{end}", f"{name!r} is not a visit", "Choose one that is.")
