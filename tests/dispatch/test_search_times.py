"""The kernels time as the plain-Python twin does from scratch, after any moves.

Exactly, but for one thing that they do not promise: a longest gap between two carers can close a ring of starts that is
exactly tight, whose starts then rest on each other and stay late after their cause is gone. Such times still keep every
rule and are never too early; the plan that leaves the search has the twin's times, but for pick-ups that follow each
other at one place: those it brings together.
"""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dispatch.check import check, price
from dispatch.model import Break, Carer, Engine, Limits, Link, Problem, Task, Vehicle, Window
from dispatch.search.anneal import anneal
from dispatch.search.arrays import Day, flatten
from dispatch.search.outcome import adopt, fetch_at_once, plan, sequences
from dispatch.search.recreate import recreate
from dispatch.search.room import make_room
from dispatch.search.state import BANKED, LATE, OVER, STATIC, WORST, Desk, State, copy, cost, desk, empty
from dispatch.search.twin import Twin
from dispatch.solve import solve
from tests.dispatch.cases import matrix

FAR = 600
HEATS = st.sampled_from([0.0, 30.0, 3000.0])
KINDS = ("anneal", "recreate", "make room")
TURNS = st.lists(st.tuples(st.sampled_from(KINDS), HEATS), min_size=1, max_size=6)


def a_day(count: int, seed: int) -> Problem:
    """A day of so many tasks with every feature that concerns time."""
    random = np.random.default_rng(seed)
    places = tuple(f"p{index}" for index in range(count + 1))
    drives = random.integers(1, 30, (count + 1, count + 1)).astype(np.int32)
    np.fill_diagonal(drives, 0)
    shifts = [(Window(0, 500),), (Window(30, 200), Window(260, 480)), (Window(0, FAR),), (Window(160, FAR),)]
    shifts += [(Window(230, FAR),), (Window(30, 240), Window(240, 480))]  # after lunch; two that touch
    lunch = (Break(Window(150, 220), 25),)
    carers = tuple(
        Carer(
            f"c{index}",
            "p0",
            places[int(random.integers(0, 2))],
            shifts[int(random.integers(0, len(shifts)))],
            mode=("foot", "moto")[index % 2],
            breaks=lunch if random.random() < 0.4 else (),
            max_overtime_minutes=int(random.integers(0, 60)),
            capacity=2,
            max_visits=int(random.integers(3, 9)),
            target_work_minutes=120 if random.random() < 0.3 else None,
            max_work_minutes=350 if random.random() < 0.3 else None,
        )
        for index in range(4)
    )
    tasks = [_task(random, index, places) for index in range(count)]
    links = _links(random, tasks)
    vans = (Vehicle("van", "bath", "p0", (Window(0, 240), Window(250, 500)), "moto", 5, 3),)
    matrices = {"foot": drives, "moto": (drives // 2).astype(np.int32)}
    return Problem(places, matrices, carers, tuple(tasks), tuple(links), vans)


def without_rings(problem: Problem) -> Problem:
    """The day without its longest gaps between two carers."""
    return replace(problem, links=tuple(link for link in problem.links if link.first not in ("t2", "t7")))


def days() -> st.SearchStrategy[Problem]:
    """Days of 6 to 14 tasks."""
    return st.builds(a_day, st.integers(6, 14), st.integers(0, 2**32 - 1))


def _task(random: np.random.Generator, index: int, places: tuple[str, ...]) -> Task:
    opens = int(random.integers(0, 350))
    windows = [Window(opens, opens + int(random.integers(20, 150)))]
    if random.random() < 0.3:
        windows.append(Window(windows[0].closes_minutes + 30, windows[0].closes_minutes + 80))
    return Task(
        f"t{index}",
        places[index + 1],
        int(random.integers(5, 30)),
        tuple(windows),
        due_minutes=opens + 20 if random.random() < 0.5 else None,
        carer_cost={"c0": 3} if random.random() < 0.3 else {},
        vehicle_kind="bath" if index == 5 else None,
    )


def _links(random: np.random.Generator, tasks: list[Task]) -> list[Link]:
    """A pair at once, a pair in sequence, a meal in its bag; on long days three in a chain."""
    tasks[1] = replace(tasks[1], windows=tasks[0].windows)
    tasks[4] = replace(tasks[4], load=-1, windows=(Window(60, 400),))
    tasks[3] = replace(tasks[3], load=1, windows=(Window(0, FAR),))
    if len(tasks) > 9:
        tasks[7:9] = [replace(task, windows=tasks[6].windows) for task in tasks[7:9]]
        chain = [Link("t6", "t7"), Link("t7", "t8", 0, 40)]  # the first and the last may be one carer's
    else:
        chain = []
    return [
        *chain,
        Link("t0", "t1"),
        Link("t3", "t4", 5, int(random.integers(20, 60)), "same"),
        Link("t2", "t5", 10, 60, "different"),
    ]


def disagreements(day: Day, state: State) -> list[str]:
    """Where a state and the twin differ."""
    twin = Twin(day, sequences(day, state))
    if not twin.settle():
        return ["cannot be timed"]
    found = [
        f"{node}: {state.start[node]} instead of {start}"
        for node, start in twin.start.items()
        if state.start[node] != start and node < day.breaks_from
    ]
    late = [max(0, start - int(day.due[node])) for node, start in twin.start.items()]
    if (state.total[LATE], state.total[WORST]) != (sum(late), max(late, default=0)):
        found.append("lateness")
    over = sum(
        max(0, finish - int(day.due_home[route])) for route, finish in enumerate(twin.finish) if state.visits[route]
    )
    return found + ["overtime"] * int(state.total[OVER] != over)


def broken_rules(day: Day, state: State) -> list[str]:
    """Where the times of a state are earlier than can be, or break a rule of time."""
    twin = Twin(day, sequences(day, state))
    if not twin.settle():
        return ["cannot be timed"]
    least = dict(twin.start)
    found = [
        f"{node}: {state.start[node]} before {start}" for node, start in least.items() if state.start[node] < start
    ]
    twin.start = {node: int(state.start[node]) for node in least}
    if not twin.settle():
        return [*found, "cannot stand"]
    moved = [node for node, start in twin.start.items() if node < day.breaks_from and start != state.start[node]]
    return found + [f"{node} is not late enough for another" for node in moved]


def turn(day: Day, states: tuple[State, State, State], bench: Desk, kind: str, heat: float) -> None:
    """Some rounds, some moves or some tries to make room."""
    state, best, backup = states
    if kind == "recreate":
        recreate(day, state, best, backup, bench, 5, heat)
    elif kind == "make room":
        for _ in range(5):
            if state.total[BANKED]:
                make_room(day, state, best, bench)
    else:
        anneal(day, state, best, bench, 200, heat)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(days(), st.integers(0, 2**32), TURNS)
def test_the_kernels_time_as_the_twin_does(problem: Problem, seed: int, turns: list[tuple[str, float]]) -> None:
    problem = without_rings(problem)
    day, named = flatten(problem)
    state, bench = empty(day), desk(day, seed)
    best = copy(day, state)
    for kind, heat in turns:
        turn(day, (state, best, copy(day, state)), bench, kind, heat)
        assert disagreements(day, state) == []
    made = plan(day, named, best, seed, 0, 0.0)
    assert check(problem, made) == []
    assert price(problem, made) == made.cost
    assert made.cost.total == cost(day, best)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(days(), st.integers(0, 2**32), TURNS)
def test_rings_never_start_too_early_and_leave_with_least_times(
    problem: Problem, seed: int, turns: list[tuple[str, float]]
) -> None:
    day, named = flatten(problem)
    state, bench = empty(day), desk(day, seed)
    best = copy(day, state)
    for kind, heat in turns:
        turn(day, (state, best, copy(day, state)), bench, kind, heat)
        assert broken_rules(day, state) == []
    made = plan(day, named, best, seed, 0, 0.0)
    assert check(problem, made) == []
    assert price(problem, made) == made.cost
    assert made.cost.total <= cost(day, best)
    twin = Twin(day, sequences(day, best))
    assert twin.settle()
    fetch_at_once(day, twin)
    starts = {stop.task: stop.start_minutes for route in made.routes for stop in route.stops}
    tasks = {task.id: index for index, task in enumerate(problem.tasks)}
    assert all(twin.start[tasks[name]] == start for name, start in starts.items() if name in tasks)


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(days(), st.integers(0, 2**32))
def test_a_plan_is_taken_over_exactly_as_it_stands(problem: Problem, seed: int) -> None:
    day, named = flatten(problem)
    state, bench = empty(day), desk(day, seed)
    best = copy(day, state)
    recreate(day, state, best, copy(day, state), bench, 30, 30.0)
    made = plan(day, named, best, seed, 0, 0.0)
    again = empty(day)
    assert adopt(day, named, again, bench, made)
    assert disagreements(day, again) == []
    assert plan(day, named, again, seed, 0, 0.0) == made


def test_a_rest_at_home_does_not_cost_the_place_of_the_one_after_it() -> None:
    rests = (Break(Window(600, 660), 20), Break(Window(780, 840), 20))
    carer = Carer("c", "home", "home", (Window(700, 1000),), breaks=rests)
    tasks = (Task("one", "door", 30, (Window(720, 740),)), Task("two", "door", 30, (Window(860, 900),)))
    problem = Problem(("home", "door"), {"default": np.array([[0, 10], [10, 0]], np.int32)}, (carer,), tasks)
    made = solve(problem, Limits(steps=50_000), 1, "search")
    assert [pause.start_minutes < 700 for pause in made.routes[0].pauses] == [True, False]
    day, named = flatten(problem)
    assert adopt(day, named, again := empty(day), desk(day, 1), made)
    assert plan(day, named, again, 1, 0, 0.0).routes == made.routes


@pytest.mark.parametrize("broken", ["t0", "t3"])
def test_what_no_longer_fits_is_left_out_and_the_rest_kept(broken: str) -> None:
    drives = np.full((7, 7), 10, dtype=np.int32)
    np.fill_diagonal(drives, 0)
    places = tuple(f"p{index}" for index in range(7))
    tasks = tuple(Task(f"t{index}", f"p{index + 1}", 10, (Window(0, 300),)) for index in range(6))
    problem = Problem(places, {"default": drives}, (Carer("c", "p0", "p0"), Carer("d", "p0", "p0")), tasks)
    day, named = flatten(problem)
    state, bench = empty(day), desk(day, 1)
    best = copy(day, state)
    recreate(day, state, best, copy(day, state), bench, 20, 1.0)
    made = plan(day, named, best, 1, 0, 0.0)
    assert not made.unserved
    banned = tuple(replace(task, banned_carers=frozenset("cd")) if task.id == broken else task for task in tasks)
    day, named = flatten(replace(problem, tasks=banned))
    fresh = empty(day)
    assert not adopt(day, named, fresh, desk(day, 1), made)
    kept = plan(day, named, fresh, 1, 0, 0.0)
    assert [entry.task for entry in kept.unserved] == [broken]
    before = {stop.task: route.carer for route in made.routes for stop in route.stops if stop.task != broken}
    assert before == {stop.task: route.carer for route in kept.routes for stop in route.stops}
    assert fresh.total[STATIC] == kept.cost.travel


def kitchen(*tasks: Task, links: tuple[Link, ...], shifts: tuple[Window, ...] = (Window(600, 720),)) -> dict[str, int]:
    """Starts of the plan of one carer who is first at a kitchen and then at the doors."""
    drives = np.array([[0, 10, 10], [10, 0, 5], [10, 5, 0]], dtype=np.int32)
    carer = Carer("c", "kitchen", "kitchen", shifts, capacity=3)
    problem = Problem(("kitchen", "p1", "p2"), {"default": drives}, (carer,), tasks, links)
    day, named = flatten(problem)
    state, bench = empty(day), desk(day, 1)
    best = copy(day, state)
    recreate(day, state, best, copy(day, state), bench, 300, 1.0)
    made = plan(day, named, best, 1, 0, 0.0)
    assert check(problem, made) == []
    assert price(problem, made) == made.cost
    assert made.cost.total == cost(day, best)
    assert made.unserved == ()
    return {stop.task: stop.start_minutes for route in made.routes for stop in route.stops}


MEALS = (
    Task("fetch 1", "kitchen", 1, (Window(600, 639),), load=1),  # nobody can fetch the second box before it
    Task("bring 1", "p1", 5, (Window(660, 661),), load=-1),
    Task("fetch 2", "kitchen", 1, load=1),
    Task("bring 2", "p2", 5, (Window(670, 671),), load=-1),
)
IN_THE_BAG = (Link("fetch 1", "bring 1", 1, 30, "same"), Link("fetch 2", "bring 2", 1, 30, "same"))


def test_boxes_of_one_kitchen_are_fetched_at_once() -> None:
    starts = kitchen(*MEALS, links=IN_THE_BAG)
    assert (starts["fetch 1"], starts["fetch 2"]) == (639, 640)  # without waiting, the first box is taken at 630


@pytest.mark.parametrize(
    "first",
    [
        Task("fetch 1", "kitchen", 1, (Window(600, 634),), load=1),
        Task("fetch 1", "kitchen", 1, due_minutes=634, load=1),
    ],
)
def test_a_box_that_may_not_wait_is_fetched_for_itself(first: Task) -> None:
    starts = kitchen(first, *MEALS[1:], links=IN_THE_BAG)
    assert (starts["fetch 1"], starts["fetch 2"]) == (630, 640)


def test_a_box_that_somebody_waits_for_elsewhere_is_not_kept_back() -> None:
    links = (*IN_THE_BAG, Link("fetch 1", "bring 2", 35, None, "same"))
    starts = kitchen(*MEALS, links=links)
    assert (starts["fetch 1"], starts["fetch 2"]) == (630, 640)


@pytest.mark.parametrize(
    ("hours", "busy"), [(((4, 5), (0, 2)), 1), (((0, 8), (6, 7)), 8), (((6, 7), (0, 8), (20, 30)), 8)]
)
@pytest.mark.parametrize("engine", ["search", "exact", "routing"])
def test_the_windows_of_a_task_may_stand_in_any_order_and_overlap(
    engine: Engine, hours: tuple[tuple[int, int], ...], busy: int
) -> None:
    tasks = (
        Task("a", "home", 1, tuple(Window(*span) for span in hours)),
        Task("b", "home", busy, pinned_start_minutes=0),
    )
    day = Problem(("home",), {"default": matrix([[0]])}, (Carer("c", "home", "home"),), tasks)
    found = solve(day, Limits(steps=500), 1, engine)
    assert check(day, found) == []
    assert found.unserved == ()
