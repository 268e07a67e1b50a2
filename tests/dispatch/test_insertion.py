"""Where one visit would fit: exact costs, every carer answered, reasons for those who cannot."""

from collections.abc import Iterator

import numpy as np
import pytest

from dispatch.benchmark.rural import generate
from dispatch.check import check, price
from dispatch.exact import timed
from dispatch.insertion import Place, best_places
from dispatch.model import (
    UNREACHABLE,
    Carer,
    Cost,
    Limits,
    Link,
    Plan,
    Problem,
    ProblemError,
    Route,
    Stop,
    Task,
    Window,
)
from dispatch.solve import solve

DAY = Window(480, 1020)


def orders(problem: Problem, plan: Plan, without: set[str]) -> dict[str, list[str]]:
    found = {route.carer: [stop.task for stop in route.stops if stop.task not in without] for route in plan.routes}
    return {carer.id: found.get(carer.id, []) for carer in problem.carers}


def cheapest(problem: Problem, plan: Plan, members: list[str]) -> dict[str, int]:
    """By trying everything: the least cost of each carer's taking the first member, timed by CP-SAT."""
    base = orders(problem, plan, set(members))
    rest = timed(problem, base)
    assert rest is not None
    before = price(problem, rest)
    found: dict[str, int] = {}
    for lead in base:
        for routes in ways(base, members, lead):
            made = timed(problem, routes)
            if made is not None:
                cost = price(problem, made)
                extra = cost.total - cost.unserved - before.total + before.unserved
                found[lead] = min(extra, found.get(lead, extra))
    return found


def ways(base: dict[str, list[str]], members: list[str], lead: str) -> Iterator[dict[str, list[str]]]:
    """All ways to put one or two members into the routes, the first on the lead's."""
    for place in range(len(base[lead]) + 1):
        routes = base | {lead: [*base[lead][:place], members[0], *base[lead][place:]]}
        if len(members) == 1:
            yield routes
            continue
        for mate in routes:
            for second in range(len(routes[mate]) + 1):
                yield routes | {mate: [*routes[mate][:second], members[1], *routes[mate][second:]]}


@pytest.mark.parametrize("kind", ["check-in", "bath", "escort", "meal"])
def test_costs_are_those_of_trying_every_place_with_exact_times(kind: str) -> None:
    problem = generate(14, 5).problem
    plan = solve(problem, Limits(steps=20_000), 1, "search")
    task = next(task for task in problem.tasks if task.id.startswith(kind))
    found = {place.carer: place.cost for place in best_places(problem, plan, task.id) if place.cost is not None}
    assert found == cheapest(problem, plan, [task.id])
    assert len(best_places(problem, plan, task.id)) == len(problem.carers)


def pair_day() -> tuple[Problem, Plan]:
    """Three carers at one station, villages a and b; ann and bo have a visit each; a bath for two waits in a."""
    minutes = np.array([[0, 10, 20], [10, 0, 15], [20, 15, 0]], dtype=np.int32)
    carers = tuple(Carer(name, "home", "home", (DAY,)) for name in ("ann", "bo", "cy"))
    tasks = (
        Task("first", "a", 60, (Window(540, 560),)),
        Task("second", "b", 60, (Window(600, 620),)),
        Task("bath", "a", 45, (Window(590, 640),)),
        Task("helper", "a", 45, (Window(590, 640),), unserved_cost=0),
    )
    problem = Problem(("home", "a", "b"), {"default": minutes}, carers, tasks, (Link("bath", "helper"),))
    routes = (
        Route("ann", (Stop("first", 540, 600),), (), 530, 610),
        Route("bo", (Stop("second", 600, 660),), (), 580, 680),
    )
    return problem, Plan(routes, (), Cost(), "hand")


def test_a_bath_for_two_finds_both_carers_and_one_moment() -> None:
    problem, plan = pair_day()
    found = best_places(problem, plan, "bath")
    costs = {place.carer: place.cost for place in found if place.cost is not None}
    assert costs == cheapest(problem, plan, ["bath", "helper"])
    best = found[0]
    assert (best.carer, best.cost, best.start_minutes) == ("ann", 20, 600)  # she is there, cy comes: 10 + 10
    assert [(mate.task, mate.carer, mate.start_minutes) for mate in best.mates] == [("helper", "cy", 600)]


def test_a_visit_that_stands_already_is_lifted_out_first() -> None:
    problem, plan = pair_day()
    found = {place.carer: place for place in best_places(problem, plan, "first")}
    assert found["ann"].cost == found["cy"].cost == 20
    assert found["bo"].cost == 5  # on the way to b: 10 + 15 - 20
    assert found["bo"].position == 0


def test_on_a_day_with_linked_visits_whoever_has_a_visit_has_a_place_for_it() -> None:
    problem = generate(40, 1, sync=True).problem
    plan = solve(problem, Limits(steps=100_000), 1, "search")
    linked = {name for link in problem.links for name in (link.first, link.second)}
    single = [(route.carer, stop.task) for route in plan.routes for stop in route.stops if stop.task not in linked]
    assert len(single) > 10
    for carer, task in single:
        assert one(problem, plan, carer, task).cost is not None, task


def one(problem: Problem, plan: Plan, carer: str, task: str = "sos") -> Place:
    return next(place for place in best_places(problem, plan, task) if place.carer == carer)


def with_task(task: Task, **changes: object) -> tuple[Problem, Plan]:
    problem, plan = pair_day()
    facts = {"places": problem.places, "matrices": problem.matrices, "carers": problem.carers}
    return Problem(tasks=(*problem.tasks[:2], task), **(facts | changes)), plan  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("task", "reason", "text"),
    [
        (Task("sos", "a", 30, (DAY,), skills=frozenset({"nurse"})), "not_allowed", "ann lacks nurse."),
        (Task("sos", "a", 30, (DAY,), banned_carers=frozenset({"ann"})), "not_allowed", "list of carers"),
        (Task("sos", "b", 30, (Window(400, 490),)), "too_late", "before the window closes"),
        (Task("sos", "a", 30, (Window(1000, 1010),)), "shift", "shift ends before"),
        (Task("sos", "b", 70, (Window(480, 530),)), "no_time", "25 minutes too late to first"),
    ],
)
def test_what_stands_against_a_carer_is_said(task: Task, reason: str, text: str) -> None:
    found = one(*with_task(task), "ann")
    assert found.cost is None and found.reason == reason
    assert text in found.text


def test_the_visit_that_would_come_too_late_is_named() -> None:
    found = one(*with_task(Task("sos", "b", 70, (Window(480, 530),))), "ann")
    assert found.hinders == "first"  # 480 + 20 + 70 + 15 = 585, and it has to begin by 560 at the latest


def test_a_place_without_a_road_is_said() -> None:
    minutes = np.array([[0, 10, 20], [10, 0, 15], [20, 15, 0]], dtype=np.int32)
    minutes[:, 2] = minutes[2, :] = UNREACHABLE
    minutes[2, 2] = 0
    carers = (Carer("ann", "home", "home", (DAY,)),)
    problem = Problem(("home", "a", "b"), {"default": minutes}, carers, (Task("sos", "b", 30),))
    assert one(problem, Plan((), (), Cost(), "hand"), "ann").reason == "no_road"


def test_no_partner_is_told_from_no_time() -> None:
    problem, plan = pair_day()
    alone = Problem(problem.places, problem.matrices, problem.carers[:1], problem.tasks, problem.links)
    plan = Plan(plan.routes[:1], (), Cost(), "hand")
    assert one(alone, plan, "ann", "bath").reason == "no_partner"


def test_unknown_tasks_and_plans_that_cannot_stand_are_refused_by_field() -> None:
    problem, plan = pair_day()
    with pytest.raises(ProblemError, match="tea"):
        best_places(problem, plan, "tea")
    wrong = Plan((Route("ann", (Stop("first", 540, 600), Stop("second", 600, 660))),), (), Cost(), "hand")
    assert check(problem, wrong)
    far = Problem(
        problem.places,
        {"default": np.where(problem.matrices["default"] == 15, 90, problem.matrices["default"]).astype(np.int32)},
        problem.carers, problem.tasks, problem.links,
    )  # fmt: skip
    with pytest.raises(ProblemError, match=r"plan\.routes: the plan breaks a rule"):
        best_places(far, wrong, "bath")
