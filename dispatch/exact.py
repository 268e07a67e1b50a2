"""Small days solved to proven optimality by CP-SAT, and given routes timed at least cost.

Measured on the published instances: days of 10 patients are proved optimal within seconds; from about 25 on the bound
is too weak for a proof, and annealing finds better plans in the same time. ``auto`` therefore takes this engine for
small days only.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from ortools.sat.python import cp_model

from dispatch.bound import lower_bound
from dispatch.check import check, price
from dispatch.clock import Clock
from dispatch.formulation import DEPOT, Circuit, Formulation
from dispatch.model import (
    Cost,
    Limits,
    NotExpressible,
    Pause,
    Plan,
    Problem,
    Progress,
    Route,
    Stop,
    Vehicle,
)
from dispatch.rules import latest_departure
from dispatch.unserved import left_out

__all__ = ["NotExpressible", "order_of", "plan_of", "solve_exact", "timed"]

LOOK_SECONDS = 0.02
"""How often a running solver is looked after: budget, stop and progress."""

BOUND_SECONDS = 1.0
"""For the bound of ``dispatch.bound``, which the solver starts from."""


def solve_exact(problem: Problem, limits: Limits, seed: int, start: Plan | None = None) -> Plan:
    """The cheapest plan, with ``proved_optimal`` and a proven ``lower_bound``; or the best one known when time is over.

    Parameters
    ----------
    problem
        A day that passed ``check_problem``.
    limits
        ``seconds`` of CPU time for each worker; ``steps`` are conflicts of CP-SAT, then in one worker.
    seed
        Of CP-SAT.
    start
        A plan to begin from. If it keeps the hard rules, the answer is never dearer.

    Raises
    ------
    NotExpressible
        Where the day is too large for this model.
    """
    begun = time.process_time()
    formulation = Formulation(problem)
    least = lower_bound(problem, BOUND_SECONDS) or 0
    formulation.model.add(formulation.cost >= least)
    known = start if start is not None and not check(problem, start) else _complete(problem, ())
    _hint(formulation, known)
    solver = _solver(limits, seed)
    status = _run(formulation, solver, limits, begun)
    plan, proved = known, status == cp_model.OPTIMAL
    if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        found = timed(problem, _orders(formulation, solver), round(solver.objective_value)) or plan_of(
            formulation, solver
        )
        plan = found if proved or found.cost.total < known.cost.total else known
    bound = plan.cost.total if proved else max(least, math.ceil(solver.best_objective_bound - 1e-6))
    return replace(
        plan,
        engine="exact",
        seed=seed,
        steps=int(solver.num_conflicts),
        cpu_seconds=time.process_time() - begun,
        lower_bound=bound,
        proved_optimal=proved,
    )


def timed(problem: Problem, routes: Mapping[str, Sequence[str]], cost: int | None = None) -> Plan | None:
    """The plan with these orders of tasks, at least cost and then as early as possible; ``None`` where none fits.

    Parameters
    ----------
    problem
        A day that passed ``check_problem``.
    routes
        Task ids in order, by carer id or ``<vehicle id>#<round>``.
    cost
        The least cost of these orders, where it is known already.
    """
    formulation = Formulation(problem, routes)
    solver = _solver(Limits(steps=10_000), 0)
    if cost is None:
        if solver.solve(formulation.model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return None
        cost = round(solver.objective_value)
    formulation.model.add(formulation.cost <= cost)
    clocks = formulation.clocks.values()
    moments = [*formulation.starts, *(clock.finish for clock in clocks)]
    moments += [rest.start for clock in clocks for rest in clock.rests]
    formulation.model.minimize(cp_model.LinearExpr.sum(moments))
    if solver.solve(formulation.model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None
    return plan_of(formulation, solver)


# Running CP-SAT so that it can be stopped.


def _solver(limits: Limits, seed: int) -> cp_model.CpSolver:
    solver = cp_model.CpSolver()
    solver.parameters.random_seed = seed
    solver.parameters.num_workers = limits.workers if limits.steps is None else 1
    if limits.steps is not None:
        solver.parameters.max_number_of_conflicts = limits.steps
    return solver


class _Best(cp_model.CpSolverSolutionCallback):
    """Remembers the newest solution for the thread that reports it."""

    def __init__(self, served: Sequence[cp_model.IntVar]) -> None:
        super().__init__()
        self.served = served
        self.news: tuple[int, int] | None = None

    def on_solution_callback(self) -> None:
        self.news = round(self.objective_value), sum(self.boolean_value(task) for task in self.served)


def _run(formulation: Formulation, solver: cp_model.CpSolver, limits: Limits, begun: float) -> int:
    """Solve in a thread of its own; the calling thread reports progress and stops it (asked again until it obeys)."""
    best = _Best(formulation.served)
    outcome: list[int] = []
    thread = threading.Thread(target=lambda: outcome.append(int(solver.solve(formulation.model, best))), daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(LOOK_SECONDS)
        spent = time.process_time() - begun
        _report(best, limits, spent)
        over = limits.steps is None and spent >= limits.seconds * limits.workers
        if over or (limits.stop is not None and limits.stop()):
            solver.stop_search()
    _report(best, limits, time.process_time() - begun)
    return outcome[0] if outcome else int(cp_model.UNKNOWN)


def _report(best: _Best, limits: Limits, spent: float) -> None:
    news, best.news = best.news, None
    if news is not None and limits.on_progress is not None:
        limits.on_progress(Progress(cost=news[0], served=news[1], cpu_seconds=spent, steps=0))


def _hint(formulation: Formulation, plan: Plan) -> None:
    """Tell CP-SAT the plan: starts, who goes where after whom, and when each is back."""
    model, stops = formulation.model, {stop.task: stop for route in plan.routes for stop in route.stops}
    for index, task in enumerate(formulation.problem.tasks):
        stop = stops.get(task.id)
        earliest = formulation.span(index)[0]
        model.add_hint(formulation.served[index], stop is not None)
        model.add_hint(formulation.starts[index], earliest if stop is None else stop.start_minutes)
    routes = {route.carer: route for route in plan.routes}
    for name, circuit in (formulation.carers | formulation.rounds).items():
        order = [formulation.number[stop.task] for stop in routes[name].stops] if name in routes else []
        driven = set(pairwise([DEPOT, *order, DEPOT])) if order else set()
        model.add_hint(circuit.used, bool(order))
        for index, visit in circuit.visits.items():
            model.add_hint(visit, index in order)
        for arc, literal in circuit.arcs.items():
            model.add_hint(literal, arc in driven)
        if name in formulation.clocks and name in routes:
            model.add_hint(formulation.clocks[name].finish, routes[name].finish_minutes)


# Reading a plan from values.


def order_of(circuit: Circuit, solver: cp_model.CpSolver) -> list[int]:
    """The tasks of a route in the solver's values."""
    follows = {origin: destination for (origin, destination), arc in circuit.arcs.items() if solver.boolean_value(arc)}
    order, node = [], follows.get(DEPOT, DEPOT)
    while node != DEPOT:
        order.append(node)
        node = follows[node]
    return order


def _orders(formulation: Formulation, solver: cp_model.CpSolver) -> dict[str, list[str]]:
    tasks = formulation.problem.tasks
    circuits = formulation.carers | formulation.rounds
    return {name: [tasks[index].id for index in order_of(circuit, solver)] for name, circuit in circuits.items()}


def plan_of(formulation: Formulation, solver: cp_model.CpSolver) -> Plan:
    """The plan that the solver's values say, priced, with a reason for each task left out."""
    problem, routes = formulation.problem, []
    for carer in problem.carers:
        stops = _stops(formulation, solver, formulation.carers[carer.id])
        if stops:
            pauses = _pauses(formulation.clocks[carer.id], solver)
            out = formulation.drive(carer.mode, carer.start_place, formulation.task(stops[0].task).place)
            leave = latest_departure(carer, pauses, stops[0].start_minutes, out)
            routes.append(Route(carer.id, stops, pauses, leave, solver.value(formulation.clocks[carer.id].finish)))
    for vehicle in problem.vehicles:
        for index in range(len(vehicle.rounds)):
            name = f"{vehicle.id}#{index}"
            stops = _stops(formulation, solver, formulation.rounds[name])
            if stops:
                routes.append(_round(formulation, vehicle, name, stops))
    return _complete(problem, tuple(routes))


def _pauses(clock: Clock, solver: cp_model.CpSolver) -> tuple[Pause, ...]:
    """The breaks that are taken, in order of time."""
    taken = [rest for rest in clock.rests if solver.boolean_value(rest.needed)]
    pauses = [Pause(begin := solver.value(rest.start), begin + rest.rest.duration_minutes) for rest in taken]
    return tuple(sorted(pauses, key=lambda pause: (pause.start_minutes, pause.end_minutes)))


def _round(formulation: Formulation, vehicle: Vehicle, name: str, stops: tuple[Stop, ...]) -> Route:
    """The round as late out and as early home as its stops allow."""
    first, last = formulation.task(stops[0].task).place, formulation.task(stops[-1].task).place
    leave = stops[0].start_minutes - vehicle.setup_minutes - formulation.drive(vehicle.mode, vehicle.place, first)
    finish = stops[-1].end_minutes + formulation.drive(vehicle.mode, last, vehicle.place)
    return Route(name, stops, (), leave, finish)


def _stops(formulation: Formulation, solver: cp_model.CpSolver, circuit: Circuit) -> tuple[Stop, ...]:
    tasks, starts = formulation.problem.tasks, formulation.starts
    order = [(tasks[index], solver.value(starts[index])) for index in order_of(circuit, solver)]
    return tuple(Stop(task.id, start, start + task.duration_minutes) for task, start in order)


def _complete(problem: Problem, routes: tuple[Route, ...]) -> Plan:
    """A priced plan of these routes in which everything else is listed as left out, with its reason."""
    there = {stop.task for route in routes for stop in route.stops}
    unserved = left_out(problem, (task for task in problem.tasks if task.id not in there))
    plan = Plan(routes, unserved, Cost(), "exact")
    return replace(plan, cost=price(problem, plan))
