"""The speed a coordinator feels, on a generated day of 150 visits with linked ones, in a warm process.

First plan, a new plan after a disruption, where one visit would fit; and the memory of a day of 1,000 visits. CPU
seconds, because other work on the machine is not ours.
"""

from __future__ import annotations

import multiprocessing
import resource
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

from dispatch.benchmark.report import Row, compare
from dispatch.benchmark.rural import generate
from dispatch.check import check
from dispatch.insertion import best_places
from dispatch.model import Limits, Plan, Problem, Task, Window
from dispatch.replan import CarerIll, Disruption, VisitAdded, replan
from dispatch.solve import solve

VISITS = 150
FIRST_SECONDS = 0.6
REPLAN_SECONDS = 0.6
"""Search time; the rest of the second is for reading and checking."""

_T = TypeVar("_T")


def measure() -> list[Row]:
    """All rows, measured in fresh processes."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context, max_tasks_per_child=1) as pool:
        return [*pool.submit(_times).result(), pool.submit(_memory).result()]


def _times() -> list[Row]:
    problem = generate(VISITS, 1, sync=True).problem
    solve(generate(20, 1, sync=True).problem, Limits(steps=1))
    first, plan = _timed(lambda: _checked(problem, Limits(seconds=FIRST_SECONDS)))
    served = f"{len(problem.tasks) - len(plan.unserved)} of {len(problem.tasks)} tasks served"
    better = solve(problem, Limits(seconds=5.0), 1)
    rows = [compare(f"first checked plan ({served})", first, "goal", 1.0, "CPU seconds")]
    for name, disruption in _disruptions(problem, better):
        spent, found = _timed(lambda: replan(problem, better, disruption, Limits(seconds=REPLAN_SECONDS), 1))  # noqa: B023
        said = f"new plan, {name} ({found.changed_visits} published visits changed)"
        rows.append(compare(said, spent, "goal", 1.0, "CPU seconds"))
    best_places(problem, better, problem.tasks[0].id)
    answers = [_timed(lambda: best_places(problem, better, task.id))[0] for task in problem.tasks[::8]]  # noqa: B023
    rows.append(compare("where one visit fits, dearest answer", max(answers), "goal", 0.1, "CPU seconds"))
    return rows


def _checked(problem: Problem, limits: Limits) -> Plan:
    plan = solve(problem, limits, 1)
    if broken := check(problem, plan):
        raise AssertionError(broken[0].text)
    return plan


def _disruptions(problem: Problem, plan: Plan) -> list[tuple[str, Disruption]]:
    busiest = max(plan.routes, key=lambda route: len(route.stops)).carer
    emergency = Task("emergency", problem.tasks[0].place, 30, (Window(600, 690),), tier=0)
    return [
        ("carer ill at 8:00", Disruption(480, CarerIll(busiest))),
        ("carer ill at 11:00", Disruption(660, CarerIll(busiest))),
        ("emergency at 10:00", Disruption(600, VisitAdded((emergency,)))),
    ]


def _timed(work: Callable[[], _T]) -> tuple[float, _T]:
    began = time.process_time()
    result = work()
    return round(time.process_time() - began, 3), result


def _memory() -> Row:
    """Peak memory of a process that plans 1,000 visits for ten seconds."""
    solve(generate(1000, 1).problem, Limits(seconds=10.0), 1)
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return compare("memory for 1,000 visits", round(megabytes), "goal", 500, "MB")
