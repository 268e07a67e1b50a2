"""The running day after something happened: a carer is ill or late, a visit is added or called off, a road is closed.

What is done, running or under way stays as it is; what was promised to a carer stays there while that costs less than
``Weights.changed_visit``. The search begins from the published plan, so that few visits move, and says which.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from dispatch.disruption import (
    CarerIll,
    CarerLate,
    Change,
    Disruption,
    RoadClosed,
    VisitAdded,
    VisitCancelled,
    refuse_unknown,
)
from dispatch.model import Limits, Plan, Problem, Stop, Task, Window
from dispatch.solve import unbroken
from dispatch.today import NEVER_LEFT_OUT, Begun, changed, frozen_visits, ready, route_of, served

__all__ = [
    "CarerIll",
    "CarerLate",
    "Disruption",
    "Moved",
    "Replan",
    "RoadClosed",
    "VisitAdded",
    "VisitCancelled",
    "replan",
]


@dataclass(frozen=True, slots=True)
class Moved:
    """A visit as published and as planned now; ``None`` where it was or is left out."""

    task: str
    carer_before: str | None
    carer_after: str | None
    start_before: int | None
    start_after: int | None


@dataclass(frozen=True, slots=True)
class Replan:
    """A new plan for the whole day and how it differs from the published one.

    Parameters
    ----------
    problem
        The day as it is now: what has begun is pinned, the road is closed, the visit added. ``plan`` keeps its rules.
    moved, retimed, dropped, added
        Visits with another carer; with the same carer but another start; left out now; served only now.
    frozen
        Tasks that had begun or were under way.
    stranded
        Carers whom a closed road keeps from their end place; their day ends where they were.
    """

    problem: Problem
    plan: Plan
    moved: tuple[Moved, ...]
    retimed: tuple[Moved, ...]
    dropped: tuple[Moved, ...]
    added: tuple[Moved, ...]
    frozen: frozenset[str]
    stranded: tuple[str, ...] = ()

    @property
    def changed_visits(self) -> int:
        """Published visits that another carer makes now, or nobody."""
        return len(self.moved) + len(self.dropped)


def replan(
    problem: Problem,
    published: Plan,
    disruption: Disruption,
    limits: Limits | None = None,
    seed: int = 0,
    *,
    noticed_minutes: int = 10,
) -> Replan:
    """A new plan after a disruption that changes as few published visits as possible.

    Parameters
    ----------
    problem
        As it was planned.
    published
        A plan for it that keeps the rules.
    limits
        One CPU second by default.
    noticed_minutes
        A start that moves by no more is not counted as re-timed.

    Raises
    ------
    ProblemError
        Where the disruption names what the problem does not know.
    """
    refuse_unknown(problem, disruption.change)
    frozen = frozen_visits(problem, published, disruption)
    today = changed(problem, published, disruption, frozen)
    anchors = list(_anchors(problem, today, published, disruption, frozen))
    begin = _begin(today, published, disruption.change, frozen, anchors)
    found = unbroken(_anchored(today, anchors), limits or Limits(seconds=1.0), seed, begin, prove=False)
    plan = _without(found, {stop.task for _, _, stop in anchors})
    ends = {carer.id: carer.end_place for carer in problem.carers}
    stranded = tuple(carer.id for carer in today.carers if carer.end_place != ends[carer.id])
    return replace(_compare(today, published, plan, frozen, noticed_minutes), stranded=stranded)


# Carers between two visits stand where they are, now: an anchor of no length, taken away afterwards.


_Anchor = tuple[Task, str, Stop]
"""Task, carer and stop."""


def _anchors(
    problem: Problem,
    today: Problem,
    published: Plan,
    disruption: Disruption,
    frozen: Begun,
) -> Iterator[_Anchor]:
    """One for each carer who has begun and is free now; he cannot have left for somewhere else before."""
    moments = ready(problem, published, disruption, frozen)
    place = {task.id: task.place for task in today.tasks}
    for carer in today.carers:
        route, moment = route_of(published, carer.id), moments[carer.id]
        begun = [stop for stop in route.stops if stop.task in frozen]
        if not begun or moment is None or moment <= begun[-1].end_minutes:
            continue
        is_home = len(begun) == len(route.stops) and moment >= route.finish_minutes
        where = carer.end_place if is_home else place[begun[-1].task]
        name = f"now {carer.id}"
        task = Task(name, where, 0, (Window(moment, moment),), unserved_cost=NEVER_LEFT_OUT, pinned_carer=carer.id)
        yield task, carer.id, Stop(name, moment, moment)


def _anchored(today: Problem, anchors: Sequence[_Anchor]) -> Problem:
    """The problem with the anchors; they do not count as visits."""
    held = {carer for _, carer, _ in anchors}
    carers = tuple(
        replace(carer, max_visits=carer.max_visits + 1) if carer.id in held and carer.max_visits is not None else carer
        for carer in today.carers
    )
    return replace(today, carers=carers, tasks=(*today.tasks, *(task for task, _, _ in anchors)))


def _begin(
    today: Problem,
    published: Plan,
    change: Change | None,
    frozen: Collection[str],
    anchors: Sequence[_Anchor],
) -> Plan:
    """The published plan as far as it can still be: without called-off visits and what an ill carer had to do."""
    still_open = {task.id for task in today.tasks} - set(frozen)
    held = {carer: [stop] for _, carer, stop in anchors}
    routes = []
    for route in published.routes:
        is_ill = isinstance(change, CarerIll) and change.carer == route.carer
        begun = [stop for stop in route.stops if stop.task in frozen]
        still = [stop for stop in route.stops if stop.task in still_open and not is_ill]
        if stops := (*begun, *held.get(route.carer, ()), *still):
            routes.append(replace(route, stops=stops))
    return replace(published, routes=tuple(routes))


def _without(plan: Plan, names: Collection[str]) -> Plan:
    """The plan without the anchors."""
    routes = (
        replace(route, stops=tuple(stop for stop in route.stops if stop.task not in names)) for route in plan.routes
    )
    left_out = tuple(entry for entry in plan.unserved if entry.task not in names)
    return replace(plan, routes=tuple(route for route in routes if route.stops), unserved=left_out)


# What differs.


def _compare(today: Problem, published: Plan, plan: Plan, frozen: Collection[str], noticed: int) -> Replan:
    before, after = served(today, published), served(today, plan)
    rows = [_row(task.id, before.get(task.id), after.get(task.id)) for task in today.tasks]
    both = [row for row in rows if row.carer_before and row.carer_after]
    same = [row for row in both if row.carer_before == row.carer_after]
    return Replan(
        today,
        plan,
        moved=tuple(row for row in both if row.carer_before != row.carer_after),
        retimed=tuple(row for row in same if abs((row.start_after or 0) - (row.start_before or 0)) > noticed),
        dropped=tuple(row for row in rows if row.carer_before and not row.carer_after),
        added=tuple(row for row in rows if row.carer_after and not row.carer_before),
        frozen=frozenset(frozen),
    )


def _row(task: str, before: tuple[str, Stop] | None, after: tuple[str, Stop] | None) -> Moved:
    return Moved(
        task,
        before[0] if before else None,
        after[0] if after else None,
        before[1].start_minutes if before else None,
        after[1].start_minutes if after else None,
    )
