"""The routing library as a second opinion: same rules, same prices, never cheaper than the proved optimum."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings

from dispatch.check import check, price
from dispatch.exact import solve_exact
from dispatch.model import Carer, Limits, Plan, Problem, Progress, Task, Window
from dispatch.routing import NotExpressible, solve_routing
from tests.dispatch.cases import busy_day, matrix, tiny_days
from tests.dispatch.test_exact import crowded_day


def expressible(problem: Problem) -> Problem:
    """The day without what the library cannot say."""
    carers = tuple(replace(carer, shifts=carer.shifts[-1:], breaks=()) for carer in problem.carers)
    tasks = tuple(replace(task, vehicle_kind=None) for task in problem.tasks)
    return replace(problem, carers=carers, tasks=tasks, links=(), vehicles=())


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tiny_days())
def test_its_plans_keep_the_rules_and_never_beat_the_proof(day: Problem) -> None:
    problem = expressible(day)
    plan = solve_routing(problem, Limits(steps=200), 1)
    assert check(problem, plan) == []
    assert plan.cost == price(problem, plan)
    assert plan.cost.total >= solve_exact(problem, Limits(seconds=20), 1).cost.total
    assert plan.lower_bound is None and not plan.proved_optimal


def test_a_day_of_ten_visits_is_planned_as_well_as_the_proof_says() -> None:
    problem = crowded_day(10, 2)
    best = solve_exact(problem, Limits(seconds=20), 1)
    plans = [solve_routing(problem, Limits(steps=3_000), seed) for seed in range(3)]
    assert best.proved_optimal
    assert min(plan.cost.total for plan in plans) == best.cost.total


def test_the_same_seed_gives_the_same_plan_and_another_one_may_differ() -> None:
    problem = crowded_day(30, 4)

    def planned(seed: int) -> Plan:
        return solve_routing(problem, Limits(steps=300), seed)

    assert planned(1).routes == planned(1).routes
    assert len({planned(seed).cost.total for seed in range(6)}) > 1


def test_a_stop_ends_it_with_the_best_plan_so_far() -> None:
    problem, told = crowded_day(60, 8), list[Progress]()
    limits = Limits(seconds=120, on_progress=told.append, stop=lambda: len(told) > 1)
    plan = solve_routing(problem, limits, 1)
    assert check(problem, plan) == []
    assert plan.cost.total <= told[0].cost
    assert plan.cpu_seconds < 60


@pytest.mark.parametrize("word", ["links", "vehicles", "breaks", "several shifts"])
def test_what_it_cannot_say_is_named(word: str) -> None:
    with pytest.raises(NotExpressible, match=word):
        solve_routing(busy_day(), Limits(seconds=1), 1)


def test_nobody_and_nothing_give_an_empty_plan_with_reasons() -> None:
    problem = expressible(busy_day())
    plan = solve_routing(replace(problem, carers=()), Limits(seconds=1), 1)
    assert plan.routes == () and {entry.reason for entry in plan.unserved} == {"no_carer"}
    assert solve_routing(replace(problem, tasks=()), Limits(seconds=1), 1).cost.total == 0


def test_a_visit_behind_every_shift_is_left_out_with_its_reason() -> None:
    carer = Carer("c", "home", "home", (Window(0, 130),))
    day = Problem(("home",), {"default": matrix([[0]])}, (carer,), (Task("t", "home", 1, (Window(140, 190),)),))
    plan = solve_routing(day, Limits(steps=200), 1)
    assert [(entry.task, entry.reason) for entry in plan.unserved] == [("t", "no_time")]
