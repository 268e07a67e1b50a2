"""A given plan is taken over also where a closed road lets nobody home from a visit before the one behind it."""

from dataclasses import replace

import numpy as np

from dispatch.check import check
from dispatch.insertion import best_places
from dispatch.model import UNREACHABLE, Carer, Cost, Limits, Link, Plan, Problem, Route, Stop, Task, Window
from dispatch.replan import Disruption, VisitAdded, replan
from dispatch.search.arrays import flatten
from dispatch.search.outcome import adopt, plan
from dispatch.search.state import desk, empty

PLACES = ("home", "upper", "lower", "hill")


def one_way_day(*links: Link, capacity: int | None = None) -> Problem:
    """Ten minutes between any two places, but a landslide lies on the way from the upper one home."""
    drives = np.full((4, 4), 10, dtype=np.int32)
    np.fill_diagonal(drives, 0)
    drives[1, 0] = UNREACHABLE
    load = int(bool(links))
    tasks = (
        Task("first", "upper", 20, (Window(500, 520),), load=load),
        Task("second", "lower", 20, (Window(540, 560),), load=-load),
        Task("third", "hill", 20, (Window(600, 620),)),
    )
    carers = (Carer("c", "home", "home", (Window(480, 720),), capacity=capacity, max_work_minutes=120),)
    return Problem(PLACES, {"default": drives}, carers, tasks, links)


STOPS = (Stop("first", 500, 520), Stop("second", 540, 560), Stop("third", 600, 620))
PUBLISHED = Plan((Route("c", STOPS, (), 490, 630),), (), Cost(travel=40), "hand")


def taken_over(problem: Problem, given: Plan) -> tuple[bool, Plan]:
    """Whether a plan stands exactly as given, and the plan that stands."""
    day, named = flatten(problem)
    state = empty(day)
    return adopt(day, named, state, desk(day, 1), given), plan(day, named, state, 1, 0, 0.0)


def test_a_road_that_is_not_driven_may_be_closed() -> None:
    problem = one_way_day()
    assert check(problem, PUBLISHED) == []
    assert taken_over(problem, PUBLISHED) == (True, replace(PUBLISHED, engine="search", seed=1))
    assert best_places(problem, PUBLISHED, "third")[0].cost == 10  # on the way home anyway
    added = VisitAdded((Task("urgent", "lower", 5, (Window(660, 690),)),))
    later = replan(problem, PUBLISHED, Disruption(495, added), Limits(steps=2_000))
    assert (later.changed_visits, [row.task for row in later.added]) == (0, ["urgent"])


def test_a_road_that_is_driven_may_not() -> None:
    alone = replace(PUBLISHED, routes=(Route("c", STOPS[:1], (), 490, 530),))
    whole, left = taken_over(one_way_day(), alone)
    assert (whole, left.routes) == (False, ())


def test_what_still_fits_is_kept_over_a_closed_road() -> None:
    problem = one_way_day()
    tasks = (*problem.tasks[:2], replace(problem.tasks[2], banned_carers=frozenset("c")))
    whole, kept = taken_over(replace(problem, tasks=tasks), PUBLISHED)
    assert not whole
    assert [stop.task for route in kept.routes for stop in route.stops] == ["first", "second"]
    assert [entry.task for entry in kept.unserved] == ["third"]


def test_a_meal_is_kept_that_is_fetched_where_only_its_door_lies_on_the_way_home() -> None:
    problem = one_way_day(Link("first", "second", 20, 60, "same"), capacity=1)
    assert taken_over(problem, PUBLISHED)[0]
    tasks = (*problem.tasks[:2], replace(problem.tasks[2], banned_carers=frozenset("c")))
    whole, kept = taken_over(replace(problem, tasks=tasks), PUBLISHED)
    assert (whole, [stop.task for route in kept.routes for stop in route.stops]) == (False, ["first", "second"])


def test_bounds_of_work_and_visits_count_once_all_stand() -> None:
    problem = one_way_day()
    for bound in ({"max_work_minutes": 99}, {"max_visits": 2}):
        tight = replace(problem, carers=(replace(problem.carers[0], **bound),))  # type: ignore[arg-type]
        whole, kept = taken_over(tight, PUBLISHED)
        assert not whole
        assert check(tight, kept) == []
        assert len(kept.routes[0].stops) == 2
