"""Carers who rest several times a day: the search, the exact engine and the judge mean the same by it."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from dispatch.check import check, price
from dispatch.exact import solve_exact
from dispatch.model import Break, Carer, Cost, Limits, Pause, Plan, Problem, Route, Stop, Task, Window
from dispatch.replan import Disruption, replan
from dispatch.rules import rests_at_home, rests_on_the_way, rests_taken
from dispatch.search import search
from dispatch.search.arrays import flatten
from dispatch.search.outcome import adopt, plan
from dispatch.search.state import copy, cost, desk, empty
from dispatch.solve import solve
from tests.dispatch.cases import cheapest, matrix
from tests.dispatch.test_search_times import KINDS, a_day, disagreements, turn, without_rings

HEATS = (0.0, 30.0, 3000.0)


def rests(random: np.random.Generator, last: int, width: int, longest: int) -> tuple[Break, ...]:
    """Two or three rests that may be due at the same time, one inside the other's window, or before the shift."""
    drawn = []
    for _ in range(int(random.integers(2, 4))):
        opens = int(random.integers(0, last))
        window = Window(opens, opens + int(random.integers(0, width)))
        drawn.append(Break(window, int(random.integers(0, longest))))
    return tuple(sorted(drawn, key=lambda rest: rest.window.opens_minutes))


def restful_day(seed: int) -> Problem:
    """A day of 6 to 14 tasks with every feature that concerns time, and several rests for most carers."""
    random, problem = np.random.default_rng(seed), without_rings(a_day(6 + seed % 9, seed))
    carers = [
        replace(carer, breaks=rests(random, 300, 120, 40)) if random.random() < 0.7 else carer
        for carer in problem.carers
    ]
    return replace(problem, carers=tuple(carers))


def test_the_search_keeps_every_rule_where_carers_rest_several_times() -> None:
    served = rested = 0
    for seed in range(60):
        day, named = flatten(problem := restful_day(seed))
        state, bench, random = empty(day), desk(day, seed), np.random.default_rng(seed)
        best = copy(day, state)
        for _ in range(5):
            kind, heat = KINDS[int(random.integers(0, 3))], HEATS[int(random.integers(0, 3))]
            turn(day, (state, best, copy(day, state)), bench, kind, heat)
            assert disagreements(day, state) == []
        made = plan(day, named, best, seed, 0, 0.0)
        assert check(problem, made) == []
        assert price(problem, made) == made.cost
        assert made.cost.total == cost(day, best)
        assert adopt(day, named, again := empty(day), bench, made)
        assert plan(day, named, again, seed, 0, 0.0) == made
        served += len(problem.tasks) - len(made.unserved)
        rested += sum(len(route.pauses) > 1 for route in made.routes)
    assert served > 480  # of 600; two in three are served where rests that are not due stand in the way
    assert rested > 40


def tiny_day(seed: int) -> Problem:
    """One carer with two or three rests and two tasks, small enough to try every plan."""
    random, places = np.random.default_rng(seed), ("p0", "p1", "p2")
    drives = matrix([[0 if a == b else int(random.integers(0, 3)) for b in range(3)] for a in range(3)])
    shifts = [(Window(0, 13),), (Window(3, 13),), (Window(0, 13),), (Window(0, 5), Window(7, 13))]
    hours, breaks = shifts[int(random.integers(0, 4))], rests(random, 9, 4, 4)
    carer = Carer("c", "p0", "p1", hours, breaks=breaks, max_overtime_minutes=int(random.integers(0, 3)))
    tasks = []
    for number in range(2):
        opens, place = int(random.integers(0, 10)), places[int(random.integers(0, 3))]
        window = Window(opens, opens + int(random.integers(0, 4)))
        tasks.append(Task(f"t{number}", place, int(random.integers(1, 4)), (window,), unserved_cost=50))
    return Problem(places, {"default": drives}, (carer,), tuple(tasks))


@pytest.mark.parametrize("seed", [0, 5, 7, 11])
def test_no_plan_that_the_judge_accepts_is_cheaper_than_the_proved_one(seed: int) -> None:
    problem = tiny_day(seed)
    proved = solve_exact(problem, Limits(seconds=20), 1)
    assert check(problem, proved) == []
    assert proved.cost == price(problem, proved)
    assert proved.proved_optimal and proved.cost.total == cheapest(problem)
    found = solve(problem, Limits(steps=3_000), 1, "search")
    assert check(problem, found) == []
    assert found.cost.total >= proved.cost.total


def day_with(*breaks: Break, visits: tuple[Window, ...], closes: int = 1020) -> Problem:
    """One carer with these rests, and visits of half an hour ten minutes from home."""
    tasks = tuple(Task(f"t{number}", "door", 30, (window,)) for number, window in enumerate(visits))
    carer = Carer("c", "home", "home", (Window(480, closes),), breaks=breaks)
    return Problem(("home", "door"), {"default": matrix([[0, 10], [10, 0]])}, (carer,), tasks)


def both(problem: Problem) -> Iterator[Plan]:
    """The plan of the search and the exact one, after the judge has accepted them."""
    for found in (solve(problem, Limits(steps=30_000), 1, "search"), solve_exact(problem, Limits(seconds=20), 1)):
        assert check(problem, found) == []
        assert price(problem, found) == found.cost
        yield found


LONG_AND_SHORT = (Break(Window(720, 750), 60), Break(Window(720, 750), 10))


def test_a_short_rest_may_come_before_a_long_one_of_the_same_hours() -> None:
    problem = day_with(*LONG_AND_SHORT, visits=(Window(840, 850),))
    for found in both(problem):
        assert not found.unserved
        assert [p.end_minutes - p.start_minutes for p in found.routes[0].pauses] == [10, 60]


def test_a_rest_that_closes_first_is_due_although_a_later_one_is_not() -> None:
    nested = (Break(Window(600, 900), 20), Break(Window(610, 640), 30))
    for found in both(day_with(*nested, visits=(Window(610, 610),))):
        assert not found.unserved
        assert any(610 <= pause.start_minutes <= 640 for pause in found.routes[0].pauses)


def test_rests_that_cannot_both_be_taken_do_not_keep_a_carer_at_home_who_is_back_before() -> None:
    crossed = (Break(Window(700, 700), 60), Break(Window(720, 720), 60))
    for found in both(day_with(*crossed, visits=(Window(600, 640), Window(800, 840)))):
        assert [stop.task for route in found.routes for stop in route.stops] == ["t0"]
        assert found.routes[0].pauses == ()


def test_rests_before_the_shift_are_taken_at_home_whichever_stands_first() -> None:
    early = (Break(Window(0, 600), 500), Break(Window(100, 110), 30))
    problem = day_with(*early, visits=(Window(990, 1000),), closes=1140)
    assert rests_at_home(problem.carers[0]) == (Pause(100, 130),)
    assert rests_on_the_way(problem.carers[0]) == early[:1]
    for found in both(problem):
        assert not found.unserved


def test_the_judge_gives_each_rest_a_pause_of_its_own_in_whatever_order() -> None:
    problem = day_with(Break(Window(700, 800), 10), Break(Window(700, 720), 30), visits=(Window(840, 850),))
    route = Route("c", (Stop("t0", 840, 870),), (Pause(705, 735), Pause(735, 745)), 830, 880)
    whole = Plan((route,), (), Cost(), "hand")
    assert check(problem, whole) == []
    assert check(problem, replace(whole, routes=(replace(route, pauses=route.pauses[::-1]),))) == []
    for pauses in (route.pauses[:1], route.pauses[1:], (Pause(705, 735), Pause(730, 740))):
        broken = check(problem, replace(whole, routes=(replace(route, pauses=pauses),)))
        assert [violation.carer for violation in broken] == ["c"]


def test_a_rest_that_is_not_due_takes_no_pause_from_one_that_is() -> None:
    problem = day_with(Break(Window(700, 900), 10), Break(Window(705, 710), 10), visits=(Window(720, 730),))
    route = Route("c", (Stop("t0", 720, 750),), (Pause(706, 716),), 700, 760)
    assert check(problem, Plan((route,), (), Cost(), "hand")) == []


def test_what_was_rested_already_is_not_asked_again_after_a_change() -> None:
    problem = day_with(*LONG_AND_SHORT, visits=(Window(840, 850), Window(900, 910)))
    published = next(both(problem))
    for moment in (725, 735, 800):
        later = replan(problem, published, Disruption(moment, None), Limits(steps=2_000))
        assert check(later.problem, later.plan) == []
        assert not later.plan.unserved
        lengths = {rest.window.opens_minutes: rest.duration_minutes for rest in later.problem.carers[0].breaks}
        assert lengths[published.routes[0].pauses[0].start_minutes] == 10


def test_each_pause_is_the_rest_that_it_can_be() -> None:
    breaks = (Break(Window(0, 20), 5), Break(Window(0, 10), 5), Break(Window(5, 10), 9))
    pauses = (Pause(4, 9), Pause(9, 18), Pause(18, 23))
    assert rests_taken(breaks, pauses) == {0: pauses[2], 1: pauses[0], 2: pauses[1]}
    assert rests_taken(breaks[2:], (Pause(6, 8),)) == {0: Pause(6, 8)}  # too short, but nothing else can be meant
    assert rests_taken(breaks, (Pause(30, 40),)) == {}


def test_who_can_never_take_both_rests_of_the_early_morning_is_given_nothing() -> None:
    rests = (Break(Window(0, 1), 2), Break(Window(0, 1), 3))
    early = Carer("early", "home", "home", (Window(2, 15),), breaks=rests)
    day = Problem(("home",), {"default": matrix([[1]])}, (early,), (Task("t", "home", 3, (Window(6, 6),)),))
    for found in (search(day, Limits(steps=500), 1), solve_exact(day, Limits(seconds=5), 1)):
        assert check(day, found) == []
        assert [entry.task for entry in found.unserved] == ["t"]
