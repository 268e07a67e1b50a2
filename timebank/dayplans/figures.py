"""Key figures and timelines of a plan. Pure: from the planner's problem and plan alone. Minutes, counts."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from dispatch.model import UNREACHABLE, Carer, Cost, Plan, Problem, Route, Task
from timebank.dayplans.rules import FETCH, visit_of

_TIERS = ("high", "key", "general")


class Lookup:
    """Tasks, places and routes of one problem and plan by name, looked up once for many lines."""

    def __init__(self, problem: Problem, plan: Plan) -> None:
        self.problem, self.plan = problem, plan
        self.tasks = {task.id: task for task in problem.tasks}
        self.index = {place: number for number, place in enumerate(problem.places)}
        self.routes = {route.carer: route for route in plan.routes}


def timeline_of(day: Lookup, carer: Carer) -> dict[str, Any]:
    """A carer's day as blocks (drive, visit, fetch, break) in order, with minutes driven, worked and over time."""
    route = day.routes.get(carer.id)
    if route is None:
        return {"blocks": [], "drive": 0, "work": 0, "overtime": 0, "leaves": None, "back": None}
    tasks = day.tasks
    drives = drives_of(day, carer, route)
    blocks: list[dict[str, Any]] = [
        {"kind": "break", "from": pause.start_minutes, "to": pause.end_minutes} for pause in route.pauses
    ]
    for stop, drive in zip(route.stops, drives, strict=False):
        if drive:
            blocks.append({"kind": "drive", "from": stop.start_minutes - drive, "to": stop.start_minutes})
        kind = "fetch" if stop.task.endswith(FETCH) else "visit"
        blocks.append(
            {
                "kind": kind,
                "task": stop.task,
                "visit": visit_of(stop.task),
                "from": stop.start_minutes,
                "to": stop.end_minutes,
            }
        )
    if drives[-1]:
        blocks.append({"kind": "drive", "from": route.finish_minutes - drives[-1], "to": route.finish_minutes})
    blocks.sort(key=lambda block: (block["from"], block["to"]))
    service = sum(tasks[stop.task].duration_minutes for stop in route.stops if stop.task in tasks)
    return {
        "blocks": blocks,
        "drive": sum(drives),
        "work": service + sum(drives),
        "overtime": max(0, route.finish_minutes - carer.shifts[-1].closes_minutes),
        "leaves": route.leave_minutes,
        "back": route.finish_minutes,
    }


def stops_of(blocks: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A carer's visits and fetches in order; meals fetched one after the other are one stop, with all its visits."""
    stops: list[dict[str, Any]] = []
    is_there = False
    for block in blocks:
        if block["kind"] == "fetch" and is_there:
            stops[-1] = stops[-1] | {"to": block["to"], "visits": [*stops[-1]["visits"], block["visit"]]}
        elif block["kind"] in ("fetch", "visit"):
            stops.append({**block, "visits": [block["visit"]]})
        is_there = block["kind"] == "fetch"
    return stops


def drives_of(day: Lookup, carer: Carer, route: Route) -> list[int]:
    """Minutes of each leg of a route: to every stop, then home; a closed leg counts nothing (the checker names it)."""
    matrix = day.problem.matrices[carer.mode]
    stops = [day.index[day.tasks[stop.task].place] for stop in route.stops if stop.task in day.tasks]
    way = [day.index[carer.start_place], *stops, day.index[carer.end_place]]
    legs = [int(matrix[here, there]) for here, there in pairwise(way)]
    return [leg if leg < UNREACHABLE else 0 for leg in legs]


def figures_of(problem: Problem, plan: Plan) -> dict[str, Any]:
    """What a coordinator compares two plans by.

    `left_out` counts visits by tier; `continuity` is [visits by a known face, visits to elders who know somebody];
    `fairness` is [most, middle] minutes of work among those who are out.
    """
    day = Lookup(problem, plan)
    tasks = day.tasks
    lines = [timeline_of(day, carer) for carer in problem.carers if carer.id in day.routes]
    work = sorted(line["work"] for line in lines if line["blocks"])
    return {
        "left_out": _left_out(tasks, plan),
        "placed": len({visit_of(stop.task) for route in plan.routes for stop in route.stops}),
        "drive": sum(line["drive"] for line in lines),
        "overtime": sum(line["overtime"] for line in lines),
        "out": len(work),
        "fairness": [work[-1], work[len(work) // 2]] if work else [0, 0],
        "continuity": _continuity(tasks, plan),
        "cost": plan.cost.total,
    }


def cost_parts(before: Cost, after: Cost) -> dict[str, int]:
    """How each part of the cost changes, by name; parts that stay the same are left out."""
    names = ("unserved", "travel", "tardiness", "overtime", "fairness", "preferences")
    changes = {name: getattr(after, name) - getattr(before, name) for name in names}
    return {name: change for name, change in changes.items() if change}


def _left_out(tasks: dict[str, Task], plan: Plan) -> dict[str, int]:
    tiers: dict[str, str] = {}
    for one in plan.unserved:
        task = tasks.get(one.task)
        if task is not None and not one.task.endswith(FETCH):
            tiers[visit_of(one.task)] = _TIERS[min(task.tier, len(_TIERS) - 1)]
    return {tier: sum(1 for found in tiers.values() if found == tier) for tier in _TIERS}


def _continuity(tasks: dict[str, Task], plan: Plan) -> list[int]:
    known = total = 0
    for route in plan.routes:
        for stop in route.stops:
            task = tasks.get(stop.task)
            if task is not None and task.carer_cost and "#" not in route.carer:
                total += 1
                known += route.carer in task.carer_cost
    return [known, total]
