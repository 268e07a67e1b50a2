"""Bounds: never above the proved optimum, and above nothing where something has to cost."""

from dataclasses import replace

from hypothesis import HealthCheck, given, settings

from dispatch.bound import lower_bound
from dispatch.exact import solve_exact
from dispatch.model import Carer, Limits, Problem, Task, Window
from dispatch.routing import solve_routing
from tests.dispatch.cases import busy_day, matrix, tiny_days
from tests.dispatch.test_exact import crowded_day


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tiny_days())
def test_no_plan_is_cheaper_than_the_bound(problem: Problem) -> None:
    bound = lower_bound(problem, 5)
    assert bound is not None
    assert 0 <= bound <= solve_exact(problem, Limits(seconds=20), 1).cost.total


def test_a_single_visit_is_bounded_by_its_drive_there_and_back() -> None:
    drives = {"default": matrix([[0, 7], [9, 0]])}
    problem = Problem(("home", "door"), drives, (Carer("c", "home", "home"),), (Task("t", "door", 5),))
    assert lower_bound(problem, 5) == 16


def test_lateness_that_the_drive_forces_is_counted() -> None:
    drives = {"default": matrix([[0, 7], [9, 0]])}
    task = Task("t", "door", 5, due_minutes=4)
    problem = Problem(("home", "door"), drives, (Carer("c", "home", "home"),), (task,))
    assert lower_bound(problem, 5) == 16 + 2 * 3


def test_too_few_hands_are_counted() -> None:
    """Five visits of 30 minutes in the same hour, all at the station, by two carers: one has to be left out."""
    hour = (Window(600, 630),)
    tasks = tuple(Task(f"t{number}", "station", 30, hour, unserved_cost=1_000) for number in range(5))
    team = tuple(Carer(f"c{number}", "station", "station") for number in range(2))
    problem = Problem(("station",), {"default": matrix([[0]])}, team, tasks)
    assert lower_bound(problem, 5) == 1_000
    assert solve_exact(problem, Limits(seconds=20), 1).cost.total == 1_000


def test_what_others_may_do_is_no_burden_on_the_trained() -> None:
    """A bath and a visit in the same hour: the trained carer bathes, the other one visits."""
    hour = (Window(600, 600),)
    tasks = (Task("bath", "station", 30, hour, skills=frozenset({"bath"})), Task("visit", "station", 30, hour))
    trained = Carer("trained", "station", "station", skills=frozenset({"bath"}))
    drives = {"default": matrix([[0]])}
    assert lower_bound(Problem(("station",), drives, (trained, Carer("other", "station", "station")), tasks), 5) == 0
    assert lower_bound(Problem(("station",), drives, (trained,), tasks), 5) == 20_000


def test_what_nobody_may_do_counts_in_full() -> None:
    problem = replace(busy_day(), carers=())
    assert lower_bound(problem, 5) == solve_exact(problem, Limits(seconds=5), 1).cost.total


def test_no_visits_cost_nothing_and_too_large_a_day_has_no_bound() -> None:
    assert lower_bound(replace(busy_day(), tasks=(), links=()), 5) == 0
    team = tuple(Carer(f"c{number}", "station", "station") for number in range(2_000))
    tasks = tuple(Task(f"t{number}", "station", 5) for number in range(1_001))
    assert lower_bound(Problem(("station",), {"default": matrix([[0]])}, team, tasks), 5) is None


def test_a_day_of_25_visits_is_bounded_to_within_two_fifths() -> None:
    problem = crowded_day(25, 4)
    bound, plan = lower_bound(problem, 5), solve_routing(problem, Limits(steps=100_000), 1)
    assert bound is not None
    assert plan.cost.total * 0.6 <= bound <= plan.cost.total
