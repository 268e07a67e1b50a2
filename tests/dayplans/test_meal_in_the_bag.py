"""A meal that was fetched and has not reached its door: it is in one carer's bag, and its fetch is over."""

import numpy as np

from dispatch.check import check
from dispatch.disruption import CarerIll, Disruption
from dispatch.model import Carer, Cost, Limits, Link, Plan, Problem, Route, Stop, Task, Window
from dispatch.replan import replan
from timebank.dayplans.adapter.under_way import rest_of, standing

FETCH, DOOR = "vis_1.fetch", "vis_1"
NOW = 11 * 60 + 10


def day() -> tuple[Problem, Plan]:
    """Fetched at eleven, at its door at half past; ten minutes to everywhere."""
    drives = np.full((3, 3), 10, np.int32)
    np.fill_diagonal(drives, 0)
    carers = tuple(Carer(name, "home", "home", (Window(600, 900),), capacity=4) for name in ("li", "zhang"))
    tasks = (
        Task(FETCH, "kitchen", 3, (Window(655, 720),), load=1, unserved_cost=0),
        Task(DOOR, "door", 5, (Window(660, 720),), load=-1),
    )
    problem = Problem(
        ("home", "kitchen", "door"), {"default": drives}, carers, tasks, (Link(FETCH, DOOR, 3, 60, "same"),)
    )
    route = Route("li", (Stop(FETCH, 660, 663), Stop(DOOR, 690, 695)), (), 650, 705)
    return problem, Plan((route,), (), Cost(), "hand")


def test_the_rest_of_the_day_as_it_was_planned_breaks_no_rule() -> None:
    problem, plan = day()
    rest = rest_of(problem, plan, frozenset(), NOW)
    assert check(rest, plan) == []
    assert {task.id: task.pinned_carer for task in rest.tasks} == {FETCH: "li", DOOR: None}


def test_who_falls_ill_with_it_brings_it_nowhere_and_another_fetches_anew() -> None:
    problem, plan = day()
    stays = standing(problem, plan, (), NOW, away="li")
    assert stays == frozenset()
    found = replan(problem, plan, Disruption(NOW, CarerIll("li"), stays), Limits(steps=2_000)).plan
    (route,) = [route for route in found.routes if route.stops]
    assert (route.carer, [stop.task for stop in route.stops]) == ("zhang", [FETCH, DOOR])
