"""Vehicles on the running day: none leaves before now, and what one drove before a road closed stays driven."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from dispatch.model import UNREACHABLE, Plan, Problem, Route, Task, Vehicle

Matrix = npt.NDArray[np.int32]


def round_of(plan: Plan, van: Vehicle, index: int) -> Route:
    """The route of one round; an empty one where it does not go out."""
    name = f"{van.id}#{index}"
    return next((route for route in plan.routes if route.carer == name), Route(name, ()))


def _has_left(route: Route, now: int) -> bool:
    return bool(route.stops) and route.leave_minutes < now


def from_now_on(problem: Problem, published: Plan, now: int) -> tuple[Vehicle, ...]:
    """The vehicles, whose rounds that have not left by now leave now or later."""
    return tuple(
        replace(
            van,
            rounds=tuple(
                window
                if _has_left(round_of(published, van, index), now) or window.closes_minutes < now
                else replace(window, opens_minutes=max(window.opens_minutes, now))
                for index, window in enumerate(van.rounds)
            ),
        )
        for van in problem.vehicles
    )


def soonest_start(problem: Problem, published: Plan, begun: Collection[str], now: int, task: Task) -> int:
    """The first moment for which a vehicle of the kind that a task needs can be there, now at the earliest.

    A vehicle under way can have set out for the task only where it stood last; one that has left for it as published
    is not called back.
    """
    found = [
        _there(problem, round_of(published, van, index), van, index, begun, now, task)
        for van in problem.vehicles
        for index, window in enumerate(van.rounds)
        if van.kind == task.vehicle_kind and window.closes_minutes >= now
    ]
    return max(now, min(found, default=now))


def _there(
    problem: Problem, route: Route, van: Vehicle, index: int, begun: Collection[str], now: int, task: Task
) -> int:
    """When a round can stand ready at the door of a task."""
    place = {entry.id: entry.place for entry in problem.tasks}
    done = [stop for stop in route.stops if stop.task in begun]
    here, since = van.place, max(now, van.rounds[index].opens_minutes)
    if done:
        here, since = place[done[-1].task], max(now, done[-1].end_minutes)
    elif _has_left(route, now):
        since = route.leave_minutes
    ways = problem.matrices[van.mode][problem.places.index(here)]
    needed = int(ways[problem.places.index(task.place)]) + van.setup_minutes
    planned = next((stop.start_minutes for stop in route.stops if stop.task == task.id), None)
    if planned is not None and planned - needed < now:
        return min(since + needed, planned)
    return since + needed


def has_begun(published: Plan, van: Vehicle, begun: Collection[str]) -> bool:
    """Whether a vehicle has been at one of these doors."""
    routes = [round_of(published, van, index) for index in range(len(van.rounds))]
    return any(stop.task in begun for route in routes for stop in route.stops)


def with_driven(
    before: Problem, van: Vehicle, published: Plan, matrix: Matrix, where: Mapping[str, int], row: Mapping[str, int]
) -> Matrix:
    """A vehicle's own matrix after a closure, with its drives to what has begun as they were.

    Parameters
    ----------
    before
        The day before the road closed.
    matrix
        Drives of the vehicle's mode after the closure, [places, places].
    where, row
        Place of each task, and the place of its own that each begun one has now.
    """
    matrix, depot = matrix.copy(), before.places.index(van.place)
    for index in range(len(van.rounds)):
        here = there = depot
        for task in (stop.task for stop in round_of(published, van, index).stops if stop.task in row):
            matrix[here, row[task]] = before.matrices[van.mode][there, where[task]]
            here, there = row[task], where[task]
        if here != depot and matrix[here, depot] >= UNREACHABLE:  # the baths it made stay made, wherever it stands now
            matrix[here, depot] = before.matrices[van.mode][there, depot]
    return matrix
