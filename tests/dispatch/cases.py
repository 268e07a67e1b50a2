"""Small days for the tests of the planner: one to plant faults in, random ones, and the answer by trying all plans."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

from dispatch.check import check, price
from dispatch.model import (
    UNREACHABLE,
    Break,
    Carer,
    Cost,
    Link,
    Pause,
    Plan,
    Problem,
    Route,
    Stop,
    Task,
    Unserved,
    Vehicle,
    Weights,
    Window,
)

LAST = 14
"""No moment of a tiny day is later."""


def matrix(rows: Sequence[Sequence[int]]) -> npt.NDArray[np.int32]:
    """Rows of drives as the model wants them."""
    return np.array(rows, dtype=np.int32)


def busy_day() -> Problem:
    """Every hard rule at once: a bath by two women with the van, a meal carried from the kitchen, a promised visit.

    Drives: 10 between any two places, except that no road leads to the island.
    """
    places = ("station", "kitchen", "wang", "li", "island")
    drives = matrix([[0 if a == b else UNREACHABLE if 4 in (a, b) else 10 for b in range(5)] for a in range(5)])
    lunch = Break(Window(720, 780), 30)
    day = (Window(480, 1020),)
    anna = Carer("anna", "station", "station", day, skills=frozenset({"bath"}), breaks=(lunch,), sex="f", capacity=1)
    anna = replace(anna, max_overtime_minutes=30, max_visits=4, max_work_minutes=300, target_work_minutes=100)
    bella = Carer("bella", "station", "station", day, skills=frozenset({"bath"}), sex="f", max_overtime_minutes=0)
    carl = Carer("carl", "station", "station", (Window(480, 700), Window(840, 1020)), sex="m")
    tasks = (
        Task("bath 1", "wang", 40, (Window(540, 600),), skills=frozenset({"bath"}), sex="f", vehicle_kind="van"),
        Task("bath 2", "wang", 40, (Window(540, 600),), skills=frozenset({"bath"}), sex="f"),
        Task("fetch", "kitchen", 5, (Window(660, 700),), load=1),
        Task("meal", "li", 5, (Window(670, 720),), load=-1),
        Task("check", "li", 20, due_minutes=860, pinned_carer="carl", pinned_start_minutes=870),
        Task("far", "island", 10, tier=2),
    )
    links = (
        Link("bath 1", "bath 2", 0, 0, "different"),
        Link("fetch", "meal", 0, 30, "same"),
    )
    vans = (Vehicle("van", "van", "station", (Window(480, 720),), setup_minutes=15, visits_per_round=1),)
    return Problem(places, {"default": drives}, (anna, bella, carl), tasks, links, vans)


def busy_plan() -> Plan:
    """A plan of ``busy_day`` that keeps every rule."""
    anna = (Stop("bath 1", 550, 590), Stop("fetch", 660, 665), Stop("meal", 675, 680))
    routes = (
        Route("anna", anna, (), 540, 690),
        Route("bella", (Stop("bath 2", 550, 590),), (), 540, 600),
        Route("carl", (Stop("check", 870, 890),), (), 860, 900),
        Route("van#0", (Stop("bath 1", 550, 590),), (), 525, 600),
    )
    return Plan(routes, (Unserved("far", "no_road", ""),), Cost(), "hand")


# Random tiny days, small enough to try every plan.


@st.composite
def windows(draw: st.DrawFn) -> tuple[Window, ...]:
    """One or two short windows."""
    opens = draw(st.integers(0, 9))
    first = Window(opens, opens + draw(st.integers(0, 3)))
    if not draw(st.integers(0, 3)):
        return (first, Window(first.closes_minutes + 1, first.closes_minutes + 1 + draw(st.integers(0, 1))))
    return (first,)


@st.composite
def tasks(draw: st.DrawFn, number: int, places: int) -> Task:
    """A short task, now and then with a skill, a due moment, a load, a pin or a carer's name."""
    seldom = st.integers(0, 7).map(lambda value: value == 0)
    return Task(
        id=f"t{number}",
        place=f"p{draw(st.integers(0, places - 1))}",
        duration_minutes=draw(st.integers(1, 3)),
        windows=draw(windows()),
        due_minutes=draw(st.none() | st.integers(0, 10)),
        skills=draw(st.sampled_from([frozenset[str](), frozenset[str](), frozenset({"a"})])),
        unserved_cost=draw(st.sampled_from([10, 40, 200])),
        carer_cost={"c0": draw(st.integers(0, 5))},
        other_carer_cost=draw(st.integers(0, 3)),
        load=draw(st.sampled_from([0, 0, 0, 1])),
        pinned_carer="c0" if draw(seldom) else None,
        pinned_start_minutes=draw(st.integers(0, 9)) if draw(seldom) and draw(seldom) else None,
        banned_carers=frozenset({"c1"}) if draw(seldom) else frozenset(),
        vehicle_kind="van" if draw(seldom) else None,
    )


@st.composite
def carers(draw: st.DrawFn, number: int, places: int) -> Carer:
    """A carer with one shift or two, perhaps a break and bounds."""
    shifts = draw(
        st.sampled_from(
            [
                (Window(0, 13),),
                (Window(0, 13),),
                (Window(2, 12),),
                (Window(4, 13),),
                (Window(0, 6), Window(7, 13)),
                (Window(1, 5), Window(7, 13)),
            ]
        )
    )
    opens = draw(st.integers(0, 7))
    rest = Break(Window(opens, opens + draw(st.integers(0, 2))), draw(st.integers(1, 2)))
    return Carer(
        id=f"c{number}",
        start_place=f"p{draw(st.integers(0, places - 1))}",
        end_place=f"p{draw(st.integers(0, places - 1))}",
        shifts=shifts,
        skills=draw(st.sampled_from([frozenset[str](), frozenset({"a"}), frozenset({"a"}), frozenset({"a"})])),
        breaks=(rest,) if draw(st.sampled_from([False, False, True])) else (),
        max_overtime_minutes=draw(st.integers(0, 2)),
        max_work_minutes=draw(st.none() | st.none() | st.integers(4, 12)),
        max_visits=draw(st.none() | st.integers(1, 3)),
        target_work_minutes=draw(st.none() | st.integers(0, 8)),
        capacity=draw(st.none() | st.integers(0, 2)),
    )


@st.composite
def links(draw: st.DrawFn, count: int) -> tuple[Link, ...]:
    """No link or one, with any kind of gap."""
    if count < 2 or draw(st.booleans()):
        return ()
    least = draw(st.integers(-2, 3))
    most = draw(st.none() | st.integers(least, least + 3))
    return (Link("t0", "t1", least, most, draw(st.sampled_from(["any", "same", "different"]))),)


@st.composite
def tiny_days(draw: st.DrawFn, most_tasks: int = 3, most_carers: int = 2) -> Problem:
    """Days of up to three tasks and two carers that mix all features."""
    places = 3
    cell = st.sampled_from([0, 1, 1, 1, 2, 2, 3, UNREACHABLE])
    drives = [[0 if a == b else draw(cell) for b in range(places)] for a in range(places)]
    count = draw(st.integers(1, most_tasks))
    some_tasks = tuple(draw(tasks(number, places)) for number in range(count))
    some_links = draw(links(count))
    if some_links and draw(st.booleans()):  # a meal: taken at the first task, handed over at the second
        some_tasks = (replace(some_tasks[0], load=1), replace(some_tasks[1], load=-1), *some_tasks[2:])
    some_carers = tuple(draw(carers(number, places)) for number in range(draw(st.integers(1, most_carers))))
    van = Vehicle("v", "van", "p0", (Window(0, 11),), setup_minutes=draw(st.integers(0, 2)), visits_per_round=1)
    return Problem(
        places=tuple(f"p{number}" for number in range(places)),
        matrices={"default": matrix(drives)},
        carers=some_carers,
        tasks=some_tasks,
        links=some_links,
        vehicles=(van,) if any(task.vehicle_kind for task in some_tasks) else (),
        weights=Weights(worst_tardiness_minute=draw(st.integers(0, 2))),
    )


# The answer by trying everything.


def cheapest(problem: Problem) -> int:
    """The least cost of all plans that ``check`` accepts, by trying carers, starts and pauses one by one.

    Only for days whose moments lie within ``LAST``; the judge alone decides what is allowed.
    """
    empty = left_out(problem, ())
    return min((plan.cost.total for plan in _plans(problem) if not check(problem, plan)), default=empty.cost.total)


def left_out(problem: Problem, routes: tuple[Route, ...]) -> Plan:
    """These routes, priced, with all other tasks listed as left out."""
    there = {stop.task for route in routes for stop in route.stops}
    plan = Plan(routes, tuple(Unserved(t.id, "no_time", "") for t in problem.tasks if t.id not in there), Cost(), "all")
    return replace(plan, cost=price(problem, plan))


def _plans(problem: Problem) -> Iterator[Plan]:
    yield left_out(problem, ())
    choices = [[None, *product(problem.carers, _moments(task))] for task in problem.tasks]
    for choice in product(*choices):
        stops: dict[str, list[Stop]] = {}
        for task, chosen in zip(problem.tasks, choice, strict=True):
            if chosen is not None:
                carer, start = chosen
                stop = Stop(task.id, start, start + task.duration_minutes)
                stops.setdefault(carer.id, []).append(stop)
        routes = _all_routes(problem, stops)
        if routes is not None:
            yield left_out(problem, routes)


def _moments(task: Task) -> list[int]:
    moments = [m for window in task.windows for m in range(window.opens_minutes, min(window.closes_minutes, LAST) + 1)]
    return [moment for moment in moments if task.pinned_start_minutes in (None, moment)]


def _all_routes(problem: Problem, stops: Mapping[str, list[Stop]]) -> tuple[Route, ...] | None:
    """The best legal route of each carer for these starts, and of the van; ``None`` where one has none."""
    routes = []
    for carer in problem.carers:
        if carer.id in stops:
            ordered = tuple(sorted(stops[carer.id], key=lambda stop: stop.start_minutes))
            legal = [route for route in _routes(carer, ordered) if _legal(problem, route)]
            if not legal:
                return None
            routes.append(min(legal, key=lambda route: route.finish_minutes))
    wanting = {task.id: task for task in problem.tasks if task.vehicle_kind}
    there = sorted((s for some in stops.values() for s in some if s.task in wanting), key=lambda s: s.start_minutes)
    if there and problem.vehicles:
        van = problem.vehicles[0]
        row = problem.matrices["default"][int(wanting[there[-1].task].place[1:])]
        home = there[-1].end_minutes + int(row[int(van.place[1:])])
        routes.append(Route("v#0", tuple(there), (), van.rounds[0].opens_minutes, home))
    return tuple(routes)


def _routes(carer: Carer, stops: tuple[Stop, ...]) -> Iterator[Route]:
    moments: list[list[Any]] = [
        [None, *range(rest.window.opens_minutes, rest.window.closes_minutes + 1)] for rest in carer.breaks
    ]
    for finish in range(stops[-1].end_minutes, LAST + 4):
        for chosen in product(*moments):
            pauses = tuple(
                Pause(start, start + rest.duration_minutes)
                for rest, start in zip(carer.breaks, chosen, strict=True)
                if start is not None
            )
            yield Route(carer.id, stops, pauses, carer.shifts[0].opens_minutes, finish)


ABOUT_ONE_ROUTE = {"no_road", "travel", "shift", "overtime", "break", "break_in_task", "max_work", "max_visits", "load"}


def _legal(problem: Problem, route: Route) -> bool:
    found = check(problem, Plan((route,), (), Cost(), "all"))
    return not any(violation.code in ABOUT_ONE_ROUTE for violation in found)
