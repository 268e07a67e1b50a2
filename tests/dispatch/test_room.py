"""Room is made for what is left out: along a chain of visits that move on, and for both halves of a bath."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dispatch.benchmark.rural import generate
from dispatch.check import check
from dispatch.model import Carer, Cost, Limits, Link, Plan, Problem, Route, Stop, Task, Window
from dispatch.search import run, search
from dispatch.search.arrays import flatten
from dispatch.search.outcome import adopt, plan, sequences
from dispatch.search.room import make_room
from dispatch.search.state import BANKED, copy, cost, desk, empty
from tests.dispatch.test_search_times import TURNS, days, turn

MORNING = (Window(480, 500),)


def carer(name: str, *skills: str) -> Carer:
    """Somebody whose shift has room for one visit."""
    return Carer(name, "home", "home", (Window(470, 580),), skills=frozenset(skills))


def visit(name: str, *skills: str) -> Task:
    """A visit of an hour in the morning."""
    return Task(name, "door", 60, MORNING, skills=frozenset(skills), unserved_cost=1_000)


def morning(carers: tuple[Carer, ...], tasks: tuple[Task, ...], links: tuple[Link, ...] = ()) -> Problem:
    """All visits behind one door, ten minutes from where everybody lives."""
    return Problem(("home", "door"), {"default": np.array([[0, 10], [10, 0]], np.int32)}, carers, tasks, links)


def served_after(problem: Problem, whom: dict[str, str], tries: int) -> dict[str, str]:
    """Who serves what after some tries, from a plan in which each of these visits has its carer."""
    day, named = flatten(problem)
    state, bench = empty(day), desk(day, 1)
    routes = tuple(Route(who, (Stop(task, 480, 540),)) for task, who in whom.items())
    assert adopt(day, named, state, bench, Plan(routes, (), Cost(), "by hand"))
    best = copy(day, state)
    for _ in range(tries):
        if state.total[BANKED]:
            make_room(day, state, best, bench)
    made = plan(day, named, best, 1, 0, 0.0)
    assert check(problem, made) == []
    return {stop.task: route.carer for route in made.routes for stop in route.stops}


def test_each_visit_of_a_chain_moves_on_until_the_last_finds_somebody_free() -> None:
    staff = (carer("a", "one", "two"), carer("b", "two", "three"), carer("c", "three"))
    tasks = (visit("p", "one"), visit("q", "two"), visit("r", "three"))
    problem = morning(staff, tasks)
    begun = {"q": "a", "r": "b"}
    assert served_after(problem, begun, 0) == begun
    assert served_after(problem, begun, 20) == {"p": "a", "q": "b", "r": "c"}


def test_a_bath_has_both_its_carers_once_what_one_of_them_did_has_moved_on() -> None:
    staff = (carer("a", "bath"), carer("b", "bath", "look in"), carer("c", "look in"))
    tasks = (visit("bath", "bath"), visit("helper", "bath"), visit("look in", "look in"))
    problem = morning(staff, tasks, (Link("bath", "helper"),))
    served = served_after(problem, {"look in": "b"}, 20)
    assert served.pop("look in") == "c"
    assert sorted(served) == ["bath", "helper"]


def test_what_can_be_served_by_nobody_else_stays_out() -> None:
    problem = morning((carer("a", "one"),), (visit("p", "one"), visit("q", "one")))
    assert len(served_after(problem, {"q": "a"}, 20)) == 1


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(days(), st.integers(0, 2**32), TURNS)
def test_a_try_that_fails_leaves_the_plan_as_it_was(
    problem: Problem, seed: int, turns: list[tuple[str, float]]
) -> None:
    day, _ = flatten(problem)
    state, bench = empty(day), desk(day, seed)
    best = copy(day, state)
    for kind, heat in turns:
        turn(day, (state, best, copy(day, state)), bench, kind, heat)
    for _ in range(10):
        before, price, record = sequences(day, state), cost(day, state), cost(day, best)
        if state.total[BANKED] and not make_room(day, state, best, bench):
            assert (sequences(day, state), cost(day, state), cost(day, best)) == (before, price, record)
        assert cost(day, best) <= record


def test_a_short_staffed_day_is_served_whole_where_annealing_alone_leaves_somebody_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    problem, limits = generate(50, 1, short_staffed=True, sync=False).problem, Limits(steps=600_000)
    assert search(problem, limits, 1).unserved == ()
    monkeypatch.setattr(run, "ROOM", 0.0)
    assert search(problem, limits, 1).unserved != ()
