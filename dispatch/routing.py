"""The routing library of OR-Tools as a second opinion and a baseline, on days without links and vehicles.

Measured on rural days of 150 to 600 visits (10 and 60 CPU seconds, cheapest insertion and guided local search): 1.1 to
3.3 times the cost of the best plan known, because visits left out of its first solution are rarely brought back. It is
kept because it shares no code with the search, and because a comparison needs it.

Not expressible here: links, vehicles, breaks and several shifts (``NotExpressible``). The dearest lateness has no place
in its objective; it is left out of the search and counted in the price.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import count, pairwise
from random import Random
from typing import Any

import numpy as np
from ortools.constraint_solver import pywrapcp, routing_enums_pb2

from dispatch.check import price
from dispatch.formulation import horizon
from dispatch.model import (
    UNREACHABLE,
    Carer,
    Cost,
    Limits,
    NotExpressible,
    Plan,
    Problem,
    Progress,
    Route,
    Stop,
    Task,
)
from dispatch.rules import hours_in_order, may_serve, preference_cost, unserved_cost
from dispatch.unserved import left_out

__all__ = ["NotExpressible", "solve_routing"]

LOOK_SECONDS = 0.02
NEVER = 4 * UNREACHABLE
"""A transit that no route can hold."""


def solve_routing(
    problem: Problem, limits: Limits, seed: int, first_solution: str = "LOCAL_CHEAPEST_INSERTION"
) -> Plan:
    """A plan by cheapest insertion and guided local search; no proof and no bound.

    Parameters
    ----------
    problem
        A day that passed ``check_problem``.
    limits
        ``seconds`` of CPU time; ``steps`` are its own checks of limits. One worker, whatever is asked.
    seed
        The library has no seed of its own; this one shuffles the order of the tasks.
    first_solution
        A name of its ``FirstSolutionStrategy``.

    Raises
    ------
    NotExpressible
        For days with links, vehicles, breaks or carers of several shifts.
    """
    begun = time.process_time()
    _refuse(problem)
    order = Random(seed).sample(range(len(problem.tasks)), len(problem.tasks))
    routes: tuple[Route, ...] = ()
    if problem.tasks and problem.carers:
        day = _Day(problem, [problem.tasks[index] for index in order])
        routes = day.solve(_parameters(first_solution), limits, begun)
    there = {stop.task for route in routes for stop in route.stops}
    unserved = left_out(problem, (task for task in problem.tasks if task.id not in there))
    plan = Plan(routes, unserved, Cost(), "routing", seed, cpu_seconds=time.process_time() - begun)
    return replace(plan, cost=price(problem, plan))


def _refuse(problem: Problem) -> None:
    found = {
        "links between tasks": bool(problem.links),
        "vehicles": any(task.vehicle_kind is not None for task in problem.tasks),
        "breaks": any(carer.breaks for carer in problem.carers),
        "several shifts": any(len(carer.shifts) > 1 for carer in problem.carers),
    }
    missing = [name for name, there in found.items() if there]
    if missing:
        raise NotExpressible(f"The routing library has no {', no '.join(missing)} as this planner means them.")


def _parameters(first_solution: str) -> Any:
    parameters = pywrapcp.DefaultRoutingSearchParameters()
    parameters.first_solution_strategy = getattr(routing_enums_pb2.FirstSolutionStrategy, first_solution)
    parameters.local_search_metaheuristic = routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
    parameters.time_limit.seconds = 86_400  # a limit that it asks for; the calling thread cancels long before
    return parameters


class _Day:
    """The routing model: one node for each task, then one for each place where carers start or end."""

    def __init__(self, problem: Problem, tasks: list[Task]) -> None:
        self.problem, self.tasks, self.latest = problem, tasks, horizon(problem)
        self.number = {place: index for index, place in enumerate(problem.places)}
        ends = dict.fromkeys(place for carer in problem.carers for place in (carer.start_place, carer.end_place))
        self.nodes = [self.number[task.place] for task in tasks] + [self.number[place] for place in ends]
        node = {place: len(tasks) + index for index, place in enumerate(ends)}
        starts = [node[carer.start_place] for carer in problem.carers]
        finishes = [node[carer.end_place] for carer in problem.carers]
        self.manager = pywrapcp.RoutingIndexManager(len(self.nodes), len(problem.carers), starts, finishes)
        self.routing = pywrapcp.RoutingModel(self.manager)
        self.best: Progress | None = None
        self.begun = 0.0
        service = [task.duration_minutes for task in tasks] + [0] * len(ends)
        self.drives = {mode: matrix[self.nodes][:, self.nodes].astype(int) for mode, matrix in problem.matrices.items()}
        self.clocks = {mode: self._clock(drive, service) for mode, drive in self.drives.items()}
        self._costs()
        self._times()
        self._bounds()
        self._tasks()

    def _clock(self, drive: Any, service: list[int]) -> int:
        clock = drive + np.array(service)[:, None]
        clock[drive >= UNREACHABLE] = NEVER
        return int(self.routing.RegisterTransitMatrix(clock.tolist()))

    def _costs(self) -> None:
        """Drives, and who comes to whom; carers to whom all of it is equal share one matrix."""
        shared: dict[tuple[str, tuple[int, ...]], int] = {}
        weight = self.problem.weights.travel_minute
        for vehicle, carer in enumerate(self.problem.carers):
            faces = tuple(preference_cost(self.problem, carer, task) for task in self.tasks)
            key = carer.mode, faces
            if key not in shared:
                costs = weight * self.drives[carer.mode]
                costs[:, : len(faces)] += list(faces)
                shared[key] = self.routing.RegisterTransitMatrix(costs.tolist())
            self.routing.SetArcCostEvaluatorOfVehicle(shared[key], vehicle)

    def _times(self) -> None:
        carers = self.problem.carers
        clocks = [self.clocks[carer.mode] for carer in carers]
        last = max(carer.shifts[0].closes_minutes + carer.max_overtime_minutes for carer in carers)
        span = min(last, self.latest)
        self.routing.AddDimensionWithVehicleTransits(clocks, span, span, False, "time")
        self.time = self.routing.GetDimensionOrDie("time")
        for vehicle, carer in enumerate(carers):
            shift, end = carer.shifts[0], self.routing.End(vehicle)
            latest = min(span, shift.closes_minutes + carer.max_overtime_minutes)
            opens = min(shift.opens_minutes, latest)
            self.time.CumulVar(self.routing.Start(vehicle)).SetRange(opens, latest)
            self.time.CumulVar(end).SetRange(opens, latest)
            if carer.max_overtime_minutes:
                price_of_minute = self.problem.weights.overtime_minute
                self.time.SetCumulVarSoftUpperBound(end, min(span, shift.closes_minutes), price_of_minute)

    def _bounds(self) -> None:
        """Work, visits and loads; each only where a carer has a bound."""
        carers, weights = self.problem.carers, self.problem.weights
        if any(carer.max_work_minutes is not None or carer.target_work_minutes is not None for carer in carers):
            clocks = [self.clocks[carer.mode] for carer in carers]
            most = [NEVER if carer.max_work_minutes is None else carer.max_work_minutes for carer in carers]
            self.routing.AddDimensionWithVehicleTransitAndCapacity(clocks, 0, most, True, "work")
            work = self.routing.GetDimensionOrDie("work")
            for vehicle, carer in enumerate(carers):
                if carer.target_work_minutes is not None:
                    end = self.routing.End(vehicle)
                    work.SetCumulVarSoftUpperBound(end, carer.target_work_minutes, weights.fairness_minute)
        nodes, ends = len(self.tasks), len(self.nodes) - len(self.tasks)
        if any(carer.max_visits is not None for carer in carers):
            one = self.routing.RegisterUnaryTransitVector([1] * nodes + [0] * ends)
            most = [nodes if carer.max_visits is None else carer.max_visits for carer in carers]
            self.routing.AddDimensionWithVehicleCapacity(one, 0, most, True, "visits")
        if any(task.load for task in self.tasks):
            load = self.routing.RegisterUnaryTransitVector([task.load for task in self.tasks] + [0] * ends)
            total = sum(max(0, task.load) for task in self.tasks)
            most = [total if carer.capacity is None else min(total, carer.capacity) for carer in carers]
            self.routing.AddDimensionWithVehicleCapacity(load, 0, most, True, "load")

    def _tasks(self) -> None:
        for node, task in enumerate(self.tasks):
            index = self.manager.NodeToIndex(node)
            able = [vehicle for vehicle, carer in enumerate(self.problem.carers) if not may_serve(carer, task)]
            self.routing.VehicleVar(index).SetValues([-1, *able])  # SetAllowedVehiclesForIndex raises TypeError in 9.15
            self.routing.AddDisjunction([index], unserved_cost(self.problem, task))
            start = self.time.CumulVar(index)
            moments = [span for span in _spans(task, self.latest) if span[0] <= start.Max()]
            if not moments:
                self.routing.VehicleVar(index).SetValues([-1])
                continue
            start.SetRange(moments[0][0], min(moments[-1][1], start.Max()))
            for early, late in pairwise(moments):
                start.RemoveInterval(early[1] + 1, late[0] - 1)
            if task.due_minutes is not None:
                self.time.SetCumulVarSoftUpperBound(index, task.due_minutes, self.problem.weights.tardiness_minute)

    def solve(self, parameters: Any, limits: Limits, begun: float) -> tuple[Route, ...]:
        """Search in a thread of its own; the calling thread reports progress and cancels."""
        found: list[Any] = []
        self.begun = begun
        self.routing.AddAtSolutionCallback(self._note)
        solve = self.routing.SolveWithParameters
        thread = threading.Thread(target=lambda: found.append(solve(parameters)), daemon=True)
        if limits.steps is not None:
            looks, most = count(), limits.steps
            self.routing.AddSearchMonitor(self.routing.solver().CustomLimit(lambda: next(looks) >= most))
        thread.start()
        while thread.is_alive():
            thread.join(LOOK_SECONDS)
            self._report(limits)
            over = limits.steps is None and time.process_time() - begun >= limits.seconds
            if over or (limits.stop is not None and limits.stop()):
                self.routing.CancelSearch()
        self._report(limits)
        if not found or found[0] is None:
            return ()
        routes = [self._route(found[0], vehicle) for vehicle in range(len(self.problem.carers))]
        return tuple(route for route in routes if route is not None)

    def _note(self) -> None:
        nodes = map(self.manager.NodeToIndex, range(len(self.tasks)))
        served = sum(self.routing.NextVar(node).Min() != node for node in nodes)
        self.best = Progress(int(self.routing.CostVar().Min()), served, time.process_time() - self.begun, 0)

    def _report(self, limits: Limits) -> None:
        news, self.best = self.best, None
        if news is not None and limits.on_progress is not None:
            limits.on_progress(news)

    def _route(self, found: Any, vehicle: int) -> Route | None:
        """The order found, at its earliest times."""
        index, order = self.routing.Start(vehicle), list[Task]()
        while not self.routing.IsEnd(index := found.Value(self.routing.NextVar(index))):
            order.append(self.tasks[self.manager.IndexToNode(index)])
        return _timed(self.problem, self.problem.carers[vehicle], order, self.number) if order else None


def _spans(task: Task, latest: int) -> list[tuple[int, int]]:
    """Windows in order of time, or the promised moment inside one of them."""
    hours = hours_in_order(task)
    spans = [(w.opens_minutes, min(w.closes_minutes, latest)) for w in hours if w.opens_minutes <= latest]
    pin = task.pinned_start_minutes
    return spans if pin is None else [(pin, pin) for opens, closes in spans if opens <= pin <= closes][:1]


def _timed(problem: Problem, carer: Carer, order: Sequence[Task], number: dict[str, int]) -> Route:
    matrix, place, moment, stops = problem.matrices[carer.mode], carer.start_place, carer.shifts[0].opens_minutes, []
    for task in order:
        arrive = moment + int(matrix[number[place], number[task.place]])
        start = min(max(arrive, opens) for opens, closes in _spans(task, UNREACHABLE) if closes >= arrive)
        place, moment = task.place, start + task.duration_minutes
        stops.append(Stop(task.id, start, moment))
    out = int(matrix[number[carer.start_place], number[order[0].place]])
    home = int(matrix[number[place], number[carer.end_place]])
    return Route(carer.id, tuple(stops), (), stops[0].start_minutes - out, moment + home)
