"""What no plan of a day can go below: two relaxations, the larger of their answers.

*Assignment*: on a plan every task is left out, or has one predecessor and one successor, each a task or the start or
end of a carer. Allowing any such pairing of neighbours, routes or not, at the cost of the cheapest carer who may do
both, is an assignment problem (Carpaneto and Toth 1980); its optimum is at most the cost of any plan. A pair costs its
drive, the face at the second door, and the lateness that even the earliest start at the first door forces on the
second.

*Working time*: whoever is served takes, whatever the start inside its hours, a least number of minutes out of any span
of the day (energetic reasoning, Erschler and Lopez 1990), and those who have the skill work so and so many minutes in
that span. How much has to stay undone then is a linear program.

Overtime, fairness, vans and links only make plans dearer, so leaving them out keeps both valid.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment, linprog

from dispatch.model import UNREACHABLE, Carer, Problem
from dispatch.rules import may_serve, preference_cost, unserved_cost

MAX_NODES = 3_000
"""Tasks and carers together; the matrices of the assignment then take some 300 MB."""

MAX_MOMENTS = 24
"""Moments between which working time is compared: 276 spans."""

Numbers = npt.NDArray[np.float64]


def lower_bound(problem: Problem, seconds: float) -> int | None:
    """A cost that no plan of ``problem`` falls below, or ``None`` where the day is too large to say.

    Parameters
    ----------
    problem
        A day that passed ``check_problem``.
    seconds
        Of the linear program; where they do not suffice only the assignment speaks.
    """
    if len(problem.tasks) + len(problem.carers) > MAX_NODES:
        return None
    if not problem.tasks:
        return 0
    able = np.array([[not may_serve(carer, task) for task in problem.tasks] for carer in problem.carers], dtype=bool)
    able = able.reshape(len(problem.carers), len(problem.tasks))
    return max(_assignment(problem, able), _working_time(problem, able, seconds))


# Assignment.


def _assignment(problem: Problem, able: npt.NDArray[np.bool_]) -> int:
    tasks, carers = len(problem.tasks), len(problem.carers)
    costs = np.full((tasks + carers, tasks + carers), np.inf)
    for number, carer in enumerate(problem.carers):
        pairs, out, home = _neighbours(problem, carer, able[number])
        costs[:tasks, :tasks] = np.minimum(costs[:tasks, :tasks], pairs)
        costs[tasks + number, :tasks] = out
        costs[:tasks, tasks + number] = home
        costs[tasks + number, tasks + number] = 0  # stays at home
    np.fill_diagonal(costs[:tasks, :tasks], [unserved_cost(problem, task) for task in problem.tasks])
    rows, columns = linear_sum_assignment(costs)
    return int(costs[rows, columns].sum())


def _neighbours(problem: Problem, carer: Carer, able: npt.NDArray[np.bool_]) -> tuple[Numbers, Numbers, Numbers]:
    """Least cost of each pair of neighbours, of each first task and of each last one; infinite: impossible."""
    weights, matrix = problem.weights, problem.matrices[carer.mode].astype(float)
    place = {name: index for index, name in enumerate(problem.places)}
    at = np.array([place[task.place] for task in problem.tasks])
    opens, latest = carer.shifts[0].opens_minutes, carer.shifts[-1].closes_minutes + carer.max_overtime_minutes
    service = np.array([task.duration_minutes for task in problem.tasks], dtype=float)
    earliest = np.array([max(opens, min(w.opens_minutes for w in task.windows)) for task in problem.tasks], dtype=float)
    last = np.array([max(w.closes_minutes for w in task.windows) for task in problem.tasks], dtype=float)
    last = np.minimum(last, latest - service)
    due = np.array([math.inf if task.due_minutes is None else task.due_minutes for task in problem.tasks])
    faces = np.array([preference_cost(problem, carer, task) for task in problem.tasks], dtype=float)
    able = able & (earliest <= last)

    def legs(drive: Numbers, ready: Numbers) -> Numbers:
        late = np.maximum(0, np.maximum(ready + drive, earliest) - due)
        costs = weights.travel_minute * drive + weights.tardiness_minute * late + faces
        return np.where((drive < UNREACHABLE) & (ready + drive <= last) & able, costs, np.inf)

    pairs = legs(matrix[np.ix_(at, at)], (earliest + service)[:, None])
    pairs[~able, :] = np.inf
    out = legs(matrix[place[carer.start_place], at], np.full(len(at), float(opens)))
    back = matrix[at, place[carer.end_place]]
    home = np.where((back < UNREACHABLE) & able, weights.travel_minute * back, np.inf)
    return pairs, out, home


# Working time.


def _working_time(problem: Problem, able: npt.NDArray[np.bool_], seconds: float) -> int:
    """Least cost of what has to stay undone, with at least the cheapest face where something is done."""
    losses = np.array([unserved_cost(problem, task) for task in problem.tasks], dtype=float)
    faces = np.array([_cheapest_face(problem, able, index) for index in range(len(problem.tasks))])
    rows, limits = _spans(problem, able)
    most = np.where(able.any(axis=0), 1.0, 0.0)
    if not rows:
        return int(np.where(most > 0, np.minimum(losses, faces), losses).sum())
    found = linprog(
        faces - losses,
        A_ub=np.array(rows),
        b_ub=np.array(limits),
        bounds=np.column_stack([np.zeros(len(most)), most]),
        method="highs",
        options={"time_limit": seconds},
    )
    if found.status != 0:
        return 0
    value = float(losses.sum() + found.fun)
    return max(0, math.ceil(value - 1e-6 * max(1.0, float(losses.sum()))))


def _cheapest_face(problem: Problem, able: npt.NDArray[np.bool_], index: int) -> float:
    task = problem.tasks[index]
    costs = [
        preference_cost(problem, carer, task) for carer, may in zip(problem.carers, able[:, index], strict=True) if may
    ]
    return float(min(costs, default=0))


def _spans(problem: Problem, able: npt.NDArray[np.bool_]) -> tuple[list[Numbers], list[float]]:
    """For each span and each circle of carers: minutes that each task takes out of it, and minutes there are.

    A circle is the set of carers who may do some task; a task counts in it if nobody outside may do it.
    """
    tasks, moments = problem.tasks, _moments(problem)
    first = np.array([min(w.opens_minutes for w in task.windows) for task in tasks], dtype=float)
    last = np.array([max(w.closes_minutes for w in task.windows) for task in tasks], dtype=float)
    service = np.array([task.duration_minutes for task in tasks], dtype=float)
    rows, limits = list[Numbers](), list[float]()
    for circle in np.unique(able.T, axis=0) if len(problem.carers) else ():
        inside = ~(able & ~circle[:, None]).any(axis=0)
        for low, high in ((low, high) for index, low in enumerate(moments) for high in moments[index + 1 :]):
            taken = np.minimum(service, np.minimum(first + service - low, high - last)).clip(0, high - low) * inside
            there = sum(
                _at_work(carer, low, high) for carer, counts in zip(problem.carers, circle, strict=True) if counts
            )
            if taken.sum() > there:
                rows.append(taken)
                limits.append(float(there))
    return rows, limits


def _moments(problem: Problem) -> list[int]:
    """Openings, and last ends of service; a sample of them evenly spread where there are many."""
    moments = {window.opens_minutes for task in problem.tasks for window in task.windows}
    moments |= {max(w.closes_minutes for w in task.windows) + task.duration_minutes for task in problem.tasks}
    ordered = sorted(moments)
    if len(ordered) <= MAX_MOMENTS:
        return ordered
    chosen = np.linspace(0, len(ordered) - 1, MAX_MOMENTS).round().astype(int)
    return [ordered[index] for index in chosen]


def _at_work(carer: Carer, low: int, high: int) -> int:
    """Minutes of ``carer`` between ``low`` and ``high``, overtime included."""
    spans = [(shift.opens_minutes, shift.closes_minutes) for shift in carer.shifts]
    spans[-1] = spans[-1][0], spans[-1][1] + carer.max_overtime_minutes
    return sum(max(0, min(high, closes) - max(low, opens)) for opens, closes in spans)
