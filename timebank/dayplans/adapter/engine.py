"""What the rest of the feature asks of the planner: keep and read problems and plans, solve, judge, price."""

import hashlib
import json
import logging
import zlib
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import lru_cache
from threading import Lock
from typing import Any, Generic, TypeVar

from dispatch import Limits, solve
from dispatch.check import check, price
from dispatch.files import plan_from_json, plan_to_json, problem_from_json, problem_to_json
from dispatch.model import Plan, Problem, Route, Task, Unserved, Violation
from timebank.dayplans.rules import Locks, Placed, visit_of

log = logging.getLogger("timebank.planner")

__all__ = [
    "Limits",
    "Plan",
    "Problem",
    "as_far_as_known",
    "check",
    "digest_of",
    "locked",
    "pack_plan",
    "pack_problem",
    "places_of",
    "plan_from_json",
    "plan_to_json",
    "planned",
    "price",
    "solve",
    "sound",
    "taken_over",
    "unpack_plan",
    "unpack_problem",
    "violations_of",
    "visits_at_fault",
    "whole",
    "without",
]


def _pack(document: Mapping[str, Any]) -> bytes:
    text = json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return zlib.compress(text.encode(), 6)


Value = TypeVar("Value", Problem, Plan)


class _Kept(Generic[Value]):
    """The last few documents that were packed or unpacked, by their bytes: a board asks for the same at every move."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: OrderedDict[bytes, Value] = OrderedDict()
        self._lock = Lock()

    def keep(self, body: bytes, value: Value) -> None:
        with self._lock:
            self._known[body] = value
            while len(self._known) > self._most:
                self._known.popitem(last=False)

    def get(self, body: bytes, read: Callable[[Any], Value]) -> Value:
        known = self._known.get(body)
        if known is None:
            known = read(json.loads(zlib.decompress(body)))
            self.keep(body, known)
        return known


_problems = _Kept[Problem](16)
_plans = _Kept[Plan](64)


def pack_problem(problem: Problem) -> bytes:
    """A problem as kept: its JSON (docs/planner/format.md), compressed; equal problems give equal bytes."""
    body = _pack(problem_to_json(problem))
    _problems.keep(body, problem)
    return body


def unpack_problem(body: bytes) -> Problem:
    """A problem that was kept."""
    return _problems.get(body, problem_from_json)


def pack_plan(plan: Plan) -> bytes:
    """A plan as kept."""
    body = _pack(plan_to_json(plan))
    _plans.keep(body, plan)
    return body


def unpack_plan(body: bytes) -> Plan:
    """A plan that was kept."""
    return _plans.get(body, plan_from_json)


def digest_of(body: bytes) -> str:
    """SHA-256 of what was packed, uncompressed, so that the library's version of zlib does not matter."""
    return hashlib.sha256(zlib.decompress(body)).hexdigest()


def places_of(plan: Plan) -> dict[str, Placed]:
    """Where each task stands; rounds of vans are not carers and are left out."""
    return {
        stop.task: Placed(route.carer, stop.start_minutes, stop.end_minutes)
        for route in plan.routes
        if "#" not in route.carer
        for stop in route.stops
    }


def locked(problem: Problem, locks: Locks, places: Mapping[str, Placed]) -> Problem:
    """The problem with the coordinator's locks as pins, so that the planner cannot move what is held.

    The same locks give the same object, so that whoever keeps something by problem finds it again.
    """
    free = locks.without_carers(locks.with_whom() - {carer.id for carer in problem.carers})  # who is off by now
    held = {task: (one.carer, one.starts) for task, one in places.items() if one.carer in free.carers}
    pins = dict(free.visits) | held
    return _pinned(problem, tuple(sorted(pins.items())), tuple(sorted(free.pairs.items())), free.carers)


Pins = tuple[tuple[str, tuple[str, int]], ...]  # task, its carer and start


@lru_cache(maxsize=16)
def _pinned(problem: Problem, pins: Pins, pairs: tuple[tuple[str, str], ...], held: frozenset[str]) -> Problem:
    if not (pins or pairs or held):
        return problem
    who_and_when, who = dict(pins), dict(pairs)
    tasks = (_pinned_task(task, who_and_when.get(task.id), who.get(task.id), held) for task in problem.tasks)
    return replace(problem, tasks=tuple(tasks))


def _pinned_task(task: Task, pin: tuple[str, int] | None, carer: str | None, held: frozenset[str]) -> Task:
    if task.pinned_carer is not None and task.pinned_start_minutes is not None:
        return task  # has begun: where and when it is, is no question any more
    if pin:
        return replace(task, pinned_carer=pin[0], pinned_start_minutes=pin[1])
    free = replace(task, banned_carers=task.banned_carers | held) if held else task
    return replace(free, pinned_carer=carer) if carer else free


def violations_of(problem: Problem, plan: Plan) -> list[Violation]:
    """Every hard rule that a plan breaks, by the independent checker."""
    return list(_violations(problem, plan))


@lru_cache(maxsize=32)
def _violations(problem: Problem, plan: Plan) -> tuple[Violation, ...]:
    """Kept, because a board asks about the plan that stands at every question."""
    return tuple(check(problem, plan))


def planned(problem: Problem, limits: Limits, seed: int, start: Plan | None = None) -> Plan:
    """What the planner finds, without the visits that the independent checker faults.

    A fault is a mistake of the planner. It is logged, and the visits concerned wait: a township is better served by a
    day that lacks two visits than by none.
    """
    return sound(problem, solve(problem, limits, seed, start=start))


def sound(problem: Problem, plan: Plan) -> Plan:
    """A plan of the planner without the visits that the checker faults."""
    faults = check(problem, plan)
    if faults:
        log.error("the planner broke %s: %s", problem.name, ", ".join(sorted({str(fault.code) for fault in faults})))
    return whole(problem, plan, faults)


def whole(problem: Problem, plan: Plan, faults: Collection[Violation]) -> Plan:
    """A plan without the visits at fault, as often as it takes; the faults are those that the checker names in it."""
    while faults:
        at_fault = visits_at_fault(plan, faults)
        if not at_fault:
            break
        plan = without(problem, plan, at_fault)
        faults = check(problem, plan)
    return plan


def visits_at_fault(plan: Plan, faults: Collection[Violation]) -> set[str]:
    """The visits that faults name, and where they name a carer alone, all of that carer's."""
    named = {visit_of(fault.task) for fault in faults if fault.task}
    lonely = {fault.carer for fault in faults if not fault.task}
    return named | {visit_of(stop.task) for route in plan.routes if route.carer in lonely for stop in route.stops}


def without(problem: Problem, plan: Plan, visit_ids: set[str], reason: str = "no_time") -> Plan:
    """A plan with some visits taken out, priced again; everybody else stays where and when they are."""
    tasks = [task.id for task in problem.tasks if visit_of(task.id) in visit_ids]
    routes = tuple(_thinned(route, set(tasks)) for route in plan.routes)
    others = [one for one in plan.unserved if visit_of(one.task) not in visit_ids]
    left_out = (*others, *(Unserved(task, reason, "Left out of the plan.") for task in tasks))
    changed = replace(plan, routes=tuple(route for route in routes if route.stops), unserved=left_out)
    return replace(changed, cost=price(problem, changed))


def _thinned(route: Route, task_ids: set[str]) -> Route:
    return replace(route, stops=tuple(stop for stop in route.stops if stop.task not in task_ids))


def as_far_as_known(problem: Problem, plan: Plan, lost: Collection[str] = ()) -> Plan:
    """A plan without the people and the visits that the day does not have, and without the tasks in `lost`.

    It is neither completed nor priced.
    """
    known = {task.id for task in problem.tasks}
    carers = {carer.id for carer in problem.carers} | {van.id for van in problem.vehicles}
    stays = [route for route in plan.routes if route.carer.partition("#")[0] in carers]
    gone = ({stop.task for route in plan.routes for stop in route.stops} - known) | set(lost)
    return replace(plan, routes=tuple(route for route in (_thinned(route, gone) for route in stays) if route.stops))


def taken_over(problem: Problem, plan: Plan, lost: Collection[str] = ()) -> Plan:
    """A plan carried over to the day as it stands now: visits that went are gone, those that came wait.

    So do those of carers who are off now, and the tasks in `lost`.
    """
    routes = as_far_as_known(problem, plan, lost).routes
    had_somebody = {stop.task for route in plan.routes for stop in route.stops}
    served = {stop.task for route in routes for stop in route.stops}
    before = {one.task: one for one in plan.unserved}
    left_out = tuple(
        before.get(task.id, _left(task.id, task.id in had_somebody)) for task in problem.tasks if task.id not in served
    )
    changed = replace(plan, routes=routes, unserved=left_out)
    return replace(changed, cost=price(problem, changed))


def _left(task_id: str, had_somebody: bool) -> Unserved:
    if had_somebody:
        return Unserved(task_id, "carer_off", "Whoever was to come is off by now.")
    return Unserved(task_id, "new_visit", "Came after the plan was made.")
