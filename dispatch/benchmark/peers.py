"""What a coordinator would otherwise pick: PyVRP, VROOM and OR-Tools routing, given the same day and the same CPU time.

Each peer answers with one order of tasks per carer; `timed` turns that into a plan with the earliest times, which the
independent checker then judges and prices, so that no peer is believed about its own cost. Only what all three express
is translated: one window, skills, one hard shift, loads that only grow, optional visits. `expressible` says what else a
day asks for.

Traps, each seen in a run: PyVRP trades a skill held as load against a prize unless one unit weighs a lot, and returns
infeasible plans unless asked; VROOM has no seed, stops by the wall clock alone and ranks visits by priority whatever
the driving costs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from importlib.metadata import version
from typing import Any

import numpy as np

from dispatch.model import FOREVER, Cost, Limits, Plan, Problem, Route, Stop, Unserved
from dispatch.rules import unserved_cost

Orders = Sequence[Sequence[int]]
"""Task numbers in order, for each carer in the order of ``Problem.carers``."""

SKILL_WEIGHT = 10_000
"""Load of one missing skill, heavy enough that no prize buys it: of 10, 100, 1,000 and 10,000, and of skills as routing
profiles, this let PyVRP find its best plans."""


def expressible(problem: Problem) -> str:
    """Empty where all peers can express the day, else what they cannot."""
    tasks, carers = problem.tasks, problem.carers
    asks = {
        "linked tasks": bool(problem.links),
        "vehicles": bool(problem.vehicles),
        "several windows": any(len(task.windows) != 1 for task in tasks),
        "due times": any(task.due_minutes is not None for task in tasks),
        "preferences": any(task.carer_cost or task.other_carer_cost or task.dialect or task.sex for task in tasks),
        "lists of carers": any(task.banned_carers or task.allowed_carers is not None for task in tasks),
        "pins": any(task.pinned_carer or task.pinned_start_minutes is not None for task in tasks),
        "published carers": any(task.published_carer for task in tasks),
        "meals handed over": any(task.load < 0 for task in tasks),
        "several shifts": any(len(carer.shifts) != 1 for carer in carers),
        "breaks": any(carer.breaks for carer in carers),
        "overtime": any(carer.max_overtime_minutes for carer in carers),
        "bounds of work": any(carer.max_work_minutes is not None or carer.max_visits is not None for carer in carers),
        "fair shares": any(carer.target_work_minutes is not None for carer in carers),
    }
    return ", ".join(name for name, asked in asks.items() if asked)


def timed(problem: Problem, orders: Orders, engine: str, cpu_seconds: float = 0.0, seed: int = 0) -> Plan:
    """A plan with the earliest times for these orders. It is not judged here: a late start stays late."""
    place = {name: number for number, name in enumerate(problem.places)}
    routes, served = [], set()
    for carer, order in zip(problem.carers, orders, strict=True):
        if not order:
            continue
        matrix, now, here = problem.matrices[carer.mode], carer.shifts[0].opens_minutes, place[carer.start_place]
        stops: list[Stop] = []
        leave = now
        for number in order:
            task = problem.tasks[number]
            drive = int(matrix[here, place[task.place]])
            start = max(now + drive, task.windows[0].opens_minutes)
            leave = leave if stops else start - drive
            now, here = start + task.duration_minutes, place[task.place]
            stops.append(Stop(task.id, start, now))
            served.add(number)
        finish = now + int(matrix[here, place[carer.end_place]])
        routes.append(Route(carer.id, tuple(stops), leave_minutes=leave, finish_minutes=finish))
    left = tuple(
        Unserved(task.id, "no_time", "This planner left it out.")
        for number, task in enumerate(problem.tasks)
        if number not in served
    )
    return Plan(tuple(routes), left, Cost(), engine, seed=seed, cpu_seconds=cpu_seconds)


class _CpuClock:
    """Stops PyVRP after CPU seconds; called once per iteration with the best cost."""

    def __init__(self, seconds: float) -> None:
        self.end = time.process_time() + seconds

    def __call__(self, best_cost: float) -> bool:
        return time.process_time() >= self.end


def pyvrp(problem: Problem, seconds: float, seed: int) -> Plan:
    """PyVRP's iterated local search; the empty plan where it found no feasible one."""
    from pyvrp import solve  # a peer is loaded only where it is measured

    began = time.process_time()
    data = _pyvrp_data(problem)
    spent = time.process_time() - began
    result = solve(data, _CpuClock(seconds - spent), seed=seed, collect_stats=False, display=False)
    orders: list[list[int]] = [[] for _ in problem.carers]
    if result.best.is_feasible():
        for route in result.best.routes():
            orders[route.vehicle_type()] = [stop.idx for stop in route if stop.is_client()]
    return timed(problem, orders, f"pyvrp {version('pyvrp')}", time.process_time() - began, seed)


def _pyvrp_data(problem: Problem) -> Any:
    """Skills as load dimensions that only their holders have room for, one more for what is carried."""
    from pyvrp import Client, Depot, Location, ProblemData, VehicleType

    place = {name: number for number, name in enumerate(problem.places)}
    modes, skills = sorted(problem.matrices), sorted({skill for task in problem.tasks for skill in task.skills})
    bases = sorted({name for carer in problem.carers for name in (carer.start_place, carer.end_place)})
    everything = SKILL_WEIGHT * (len(problem.tasks) + 1)
    clients = [
        Client(
            place[task.place],
            pickup=[SKILL_WEIGHT * (skill in task.skills) for skill in skills] + [task.load],
            service_duration=task.duration_minutes,
            tw_early=task.windows[0].opens_minutes,
            tw_late=task.windows[0].closes_minutes,
            prize=unserved_cost(problem, task),
            required=False,
        )
        for task in problem.tasks
    ]
    vehicles = [
        VehicleType(
            capacity=[everything * (skill in carer.skills) for skill in skills]
            + [everything if carer.capacity is None else carer.capacity],
            start_depot=bases.index(carer.start_place),
            end_depot=bases.index(carer.end_place),
            tw_early=carer.shifts[0].opens_minutes,
            tw_late=carer.shifts[0].closes_minutes,
            unit_distance_cost=problem.weights.travel_minute,
            profile=modes.index(carer.mode),
        )
        for carer in problem.carers
    ]
    matrices: list[Any] = [problem.matrices[mode].astype(np.int64) for mode in modes]
    return ProblemData(
        locations=[Location(0, 0, name=name) for name in problem.places],
        clients=clients,
        depots=[Depot(place[name]) for name in bases],
        vehicle_types=vehicles,
        distance_matrices=matrices,
        duration_matrices=matrices,
    )


def vroom(problem: Problem, seconds: float, seed: int) -> Plan:
    """VROOM at its highest level of exploration. It knows no seed and only the wall clock.

    Where other work on the machine took a tenth or more of its CPU time away, it is asked once more for longer.
    """
    wall = seconds
    for _attempt in range(2):
        began, began_wall = time.process_time(), time.monotonic()
        solution = _vroom_input(problem).solve(exploration_level=5, nb_threads=1, timeout=timedelta(seconds=wall))
        spent, passed = time.process_time() - began, time.monotonic() - began_wall
        if passed < wall or spent >= 0.9 * seconds:
            break
        wall *= seconds / spent
    orders: list[list[int]] = [[] for _ in problem.carers]
    steps = solution.routes[solution.routes["type"] == "job"]
    for carer, task in zip(steps["vehicle_id"], steps["id"], strict=True):
        orders[int(carer)].append(int(task))
    return timed(problem, orders, f"vroom {version('pyvroom')}", spent, seed)


def _vroom_input(problem: Problem) -> Any:
    """Jobs and vehicles; costs of leaving out become priorities between 1 and 100."""
    from vroom import Input, Job, TimeWindow, Vehicle

    place = {name: number for number, name in enumerate(problem.places)}
    skills = sorted({skill for task in problem.tasks for skill in task.skills})
    dearest = max((unserved_cost(problem, task) for task in problem.tasks), default=1)
    day = Input()
    for mode, matrix in problem.matrices.items():
        day.set_durations_matrix(profile=mode, matrix_input=matrix.astype(np.uint32) * 60)
    for number, task in enumerate(problem.tasks):
        window = task.windows[0]
        day.add_job(
            Job(
                number,
                location=place[task.place],
                default_service=task.duration_minutes * 60,
                pickup=[task.load],
                skills={skills.index(skill) for skill in task.skills},
                priority=max(1, round(100 * unserved_cost(problem, task) / max(1, dearest))),
                time_windows=[TimeWindow(window.opens_minutes * 60, window.closes_minutes * 60)],
            )
        )
    for number, carer in enumerate(problem.carers):
        shift = carer.shifts[0]
        day.add_vehicle(
            Vehicle(
                number,
                start=place[carer.start_place],
                end=place[carer.end_place],
                profile=carer.mode,
                capacity=[len(problem.tasks) if carer.capacity is None else carer.capacity],
                skills={skills.index(skill) for skill in carer.skills if skill in skills},
                time_window=TimeWindow(shift.opens_minutes * 60, min(shift.closes_minutes, FOREVER // 60) * 60),
            )
        )
    return day


def ortools(problem: Problem, seconds: float, seed: int) -> Plan:
    """The OR-Tools routing library with guided local search, as the engine ``routing`` of this planner."""
    from dispatch.routing import solve_routing

    return solve_routing(problem, Limits(seconds=seconds), seed)


PEERS: dict[str, Callable[[Problem, float, int], Plan]] = {"pyvrp": pyvrp, "vroom": vroom, "ortools": ortools}
