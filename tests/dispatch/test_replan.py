"""The running day after a disruption: what has begun stays, few published visits change, and the difference is told."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from dispatch.check import check
from dispatch.model import (
    UNREACHABLE,
    Break,
    Carer,
    Cost,
    Limits,
    Link,
    Pause,
    Plan,
    Problem,
    ProblemError,
    Route,
    Stop,
    Task,
    Vehicle,
    Weights,
    Window,
)
from dispatch.replan import (
    CarerIll,
    CarerLate,
    Disruption,
    Moved,
    Replan,
    RoadClosed,
    VisitAdded,
    VisitCancelled,
    replan,
)
from dispatch.solve import solve
from dispatch.travel import Closure

STEPS = Limits(steps=20_000)
DAY = Window(480, 1020)


def problem(**changes: object) -> Problem:
    """Two carers at the station, 10 minutes from each of the villages a and b, which are 5 apart; two visits in each.

    The bath in a needs both carers.
    """
    places = ("station", "a", "b")
    minutes = np.array([[0, 10, 10], [10, 0, 5], [10, 5, 0]], dtype=np.int32)
    carers = tuple(Carer(name, "station", "station", (DAY,), skills=frozenset({"bath"})) for name in ("ann", "bo"))
    tasks = (
        Task("early", "a", 30, (Window(500, 560),)),
        Task("bath", "a", 60, (Window(600, 660),), skills=frozenset({"bath"})),
        Task("helper", "a", 60, (Window(600, 660),), skills=frozenset({"bath"}), unserved_cost=0),
        Task("noon", "b", 20, (Window(700, 760),)),
        Task("late", "b", 30, (Window(800, 860),)),
    )
    facts: dict[str, object] = {
        "places": places, "matrices": {"default": minutes}, "carers": carers, "tasks": tasks,
        "links": (Link("bath", "helper"),), "weights": Weights(changed_visit=40),
    }  # fmt: skip
    return Problem(**(facts | changes))  # type: ignore[arg-type]


def published(day: Problem) -> Plan:
    """Ann: early, bath, noon; Bo: helper, late. It keeps the rules."""
    routes = (
        Route("ann", stops("early 500 530", "bath 600 660", "noon 700 720"), (), 490, 730),
        Route("bo", stops("helper 600 660", "late 800 830"), (), 590, 840),
    )
    plan = solve(day, Limits(steps=1))
    made = Plan(routes, (), plan.cost, "hand")
    assert check(day, made) == []
    return made


def stops(*lines: str) -> tuple[Stop, ...]:
    return tuple(Stop(task, int(start), int(end)) for task, start, end in (line.split() for line in lines))


def after(at: int, change: object, day: Problem | None = None, **facts: object) -> Replan:
    day = day or problem()
    found = replan(day, published(day), Disruption(at, change, **facts), STEPS, 1)  # type: ignore[arg-type]
    assert check(found.problem, found.plan) == []
    return found


def where(found: Replan) -> dict[str, tuple[str, int]]:
    routes = [route for route in found.plan.routes if "#" not in route.carer]
    return {stop.task: (route.carer, stop.start_minutes) for route in routes for stop in route.stops}


def test_a_carer_who_falls_ill_hands_over_what_was_not_begun_and_nothing_else_moves() -> None:
    found = after(670, CarerIll("ann"))
    assert found.frozen == {"early", "bath", "helper"}
    assert found.moved == (Moved("noon", "ann", "bo", 700, 700),)
    assert found.changed_visits == 1 and found.dropped == () and found.added == ()
    assert where(found)["bath"] == ("ann", 600) and where(found)["late"] == ("bo", 800)


def test_a_bath_for_two_is_dropped_as_a_whole_where_one_carer_is_left() -> None:
    found = after(0, CarerIll("bo"))
    assert {row.task for row in found.dropped} == {"bath", "helper"}
    assert {row.task for row in found.moved} == {"late"}
    assert {entry.task for entry in found.plan.unserved} == {"bath", "helper"}


def test_a_visit_that_is_added_finds_a_place_beside_the_published_ones() -> None:
    found = after(670, VisitAdded((Task("sos", "a", 30, (Window(670, 740),)),)))
    assert [row.task for row in found.added] == ["sos"]
    assert found.changed_visits == 0
    assert where(found)["sos"] in {("ann", 670), ("bo", 670)}  # both are free in the village


def test_a_cancelled_bath_goes_with_its_helper_and_frees_both() -> None:
    found = after(0, VisitCancelled("helper"))
    assert set(where(found)) == {"early", "noon", "late"}
    assert found.changed_visits == 0
    assert found.plan.unserved == ()


def test_a_late_carer_keeps_what_still_fits() -> None:
    found = after(480, CarerLate("ann", 575))
    assert where(found)["bath"][0] == "ann"
    assert [row.task for row in found.moved] == ["early"]
    assert all(start >= 585 for task, (carer, start) in where(found).items() if carer == "ann")


def test_a_late_carer_in_the_middle_of_the_day_goes_on_from_where_she_is() -> None:
    found = after(670, CarerLate("ann", 750))
    assert where(found)["noon"] == ("ann", 755)  # leaves village a at 750
    assert where(found)["early"] == ("ann", 500)
    (ann,) = [carer for carer in found.problem.carers if carer.id == "ann"]
    assert (ann.shifts[0].closes_minutes, ann.shifts[1].opens_minutes) == (660, 750)  # nor does she in a plan made anew


def test_a_published_face_is_kept_unless_the_detour_costs_more_than_a_changed_visit() -> None:
    far = problem(weights=Weights(changed_visit=0))
    for weight, moved in ((0, True), (1000, False)):
        day = problem(weights=Weights(changed_visit=weight))
        found = replan(day, published(far), Disruption(0, VisitCancelled("bath")), STEPS, 1)
        assert bool(found.moved) is moved  # one carer alone could do all that is left


def test_a_carer_on_the_way_is_not_called_back() -> None:
    found = after(592, VisitAdded((Task("sos", "b", 10, (Window(592, 640),)),)))
    assert found.frozen == {"early", "helper"}  # bo left at 590; ann is there since the morning
    assert [entry.task for entry in found.plan.unserved] == ["sos"]


def test_nobody_arrives_sooner_than_from_where_he_stands_now() -> None:
    found = after(680, VisitAdded((Task("sos", "b", 10, (Window(670, 700),)),)))
    assert where(found)["sos"][1] >= 685  # from village a, five minutes, not before 680


def test_what_check_ins_say_has_begun_counts_and_not_the_published_clock() -> None:
    found = after(550, CarerIll("ann"), begun=frozenset())
    assert "early" not in found.frozen
    assert where(found)["early"] == ("bo", 560)  # leaves the station when it is known


def test_who_passed_a_door_over_keeps_what_they_have_begun_behind_it() -> None:
    begun = frozenset({"bath", "helper"})  # ann went to the bath first and owes the visit before it
    tasks = tuple(replace(one, windows=(Window(500, 900),)) if one.id == "early" else one for one in problem().tasks)
    day = problem(tasks=tasks)
    found = replan(day, published(day), Disruption(620, VisitCancelled("late"), begun), STEPS, 1)
    assert found.frozen == begun
    places = where(found)
    assert places["bath"] == ("ann", 600) and places["early"][1] >= 660
    assert check(found.problem, found.plan) == []


@pytest.mark.parametrize("at", [690, 780, 850])
def test_in_the_afternoon_nobody_is_asked_for_the_rest_of_noon(at: int) -> None:
    noon = (Break(Window(660, 740), 20),)
    crew = [
        Carer(name, "station", "station", (DAY,), "default", frozenset({"bath"}), noon) for name in ("ann", "bo", "cy")
    ]
    day = problem(carers=tuple(crew))
    plan = solve(day, STEPS, 1)
    assert check(day, plan) == []
    for change in (CarerIll("cy"), VisitAdded((Task("sos", "b", 10, (Window(at, at + 120),)),))):
        found = replan(day, plan, Disruption(at, change), STEPS, 1)
        assert check(found.problem, found.plan) == []
    assert "sos" in where(found)


def test_a_rest_that_was_taken_is_not_taken_again() -> None:
    carers = tuple(
        Carer(name, "station", "station", (DAY,), skills=frozenset({"bath"}), breaks=(Break(Window(530, 690), 20),))
        for name in ("ann", "bo")
    )
    day = problem(carers=carers)
    plan = published(problem())
    rested = Plan(
        tuple(
            Route(r.carer, r.stops, (Pause(540, 560) if r.carer == "ann" else Pause(665, 685),), *times)
            for r, times in zip(plan.routes, ((490, 730), (590, 840)), strict=True)
        ),
        (), plan.cost, "hand",
    )  # fmt: skip
    assert check(day, rested) == []
    found = replan(day, rested, Disruption(670, VisitCancelled("late")), STEPS, 1)
    pauses = {route.carer: route.pauses for route in found.plan.routes}
    assert pauses["ann"] == (Pause(540, 560),)
    assert check(found.problem, found.plan) == []


def test_a_closed_road_spares_what_was_driven_before_and_strands_who_is_behind_it() -> None:
    closure = Closure(frozenset({"a"}), frozenset({"station", "b"}), date(2026, 5, 1), date(2026, 5, 1))
    found = after(670, RoadClosed(closure))
    assert found.stranded == ("ann", "bo")
    assert {row.task for row in found.dropped} == {"noon", "late"}
    assert where(found)["bath"] == ("ann", 600)
    (matrix,) = found.problem.matrices.values()
    assert matrix[found.problem.places.index("a"), found.problem.places.index("b")] == UNREACHABLE


def test_a_meal_behind_a_closed_road_is_left_out_and_its_pickup_stays_done() -> None:
    tasks = (
        Task("fetch", "a", 5, (Window(600, 700),), unserved_cost=0, load=1),
        Task("meal", "b", 10, (Window(600, 700),), load=-1, unserved_cost=500),
        Task("tea", "a", 10, (Window(700, 800),)),
    )
    day = problem(tasks=tasks, links=(Link("fetch", "meal", 0, 60, "same"),))
    way = Route("ann", stops("fetch 640 645", "meal 655 665", "tea 700 710"), (), 630, 720)
    plan = Plan((way,), (), Cost(), "hand")
    assert check(day, plan) == []
    closure = Closure(frozenset({"b"}), frozenset({"station", "a"}), date(2026, 5, 1), date(2026, 5, 1))
    found = replan(day, plan, Disruption(646, RoadClosed(closure)), STEPS, 1)
    assert check(found.problem, found.plan) == []
    assert [entry.task for entry in found.plan.unserved] == ["meal"]
    assert set(where(found)) == {"fetch", "tea"}
    kept = replan(day, plan, Disruption(646, VisitCancelled("tea")), STEPS, 1)
    assert where(kept) == {"fetch": ("ann", 640), "meal": ("ann", 651)}  # the one who has it in the bag brings it


def test_a_slow_road_delays_and_drops_nothing_that_still_fits() -> None:
    closure = Closure(frozenset({"a"}), frozenset({"b"}), date(2026, 5, 1), date(2026, 5, 1), extra_minutes=50)
    found = after(662, RoadClosed(closure), problem(weights=Weights(changed_visit=500)))
    assert found.changed_visits == 0
    assert where(found)["noon"] == ("ann", 717)  # 662 + 5 + 50
    assert [row.task for row in found.retimed] == ["noon"]


def bath_day(*tasks: Task) -> Problem:
    """Two carers who live at the doors of a and b, and a van at the station, half an hour from each."""
    minutes = np.array([[0, 30, 30], [30, 0, 30], [30, 30, 0]], dtype=np.int32)
    carers = tuple(Carer(name, place, place, (DAY,)) for name, place in (("ann", "a"), ("bo", "b")))
    vans = (Vehicle("van", "bath", "station", (Window(480, 720), Window(780, 1020)), setup_minutes=15),)
    return problem(carers=carers, matrices={"default": minutes}, tasks=tasks, links=(), vehicles=vans)


FIRST = Task("first", "a", 40, (Window(540, 560),), vehicle_kind="bath")
SECOND = Task("second", "b", 40, (Window(540, 700),), vehicle_kind="bath")
OUT = (
    Route("ann", stops("first 540 580"), (), 540, 580),
    Route("van#0", stops("first 540 580"), (), 495, 610),
)


def with_second(at: int) -> Replan:
    """One bath is published, another one is added."""
    day = bath_day(FIRST)
    plan = Plan(OUT, (), Cost(), "hand")
    assert check(day, plan) == []
    found = replan(day, plan, Disruption(at, VisitAdded((SECOND,))), STEPS, 1)
    assert check(found.problem, found.plan) == []
    return found


@pytest.mark.parametrize(
    ("at", "start"),
    [
        (490, 625),  # it has not left, and goes on after the first bath
        (500, 625),  # it is on its way to the first one
        (590, 635),  # it stands at the first door: half an hour on the road, a quarter to set up
        (600, 645),
        (610, None),  # before the round of the morning ends it cannot be back
    ],
)
def test_no_van_sets_out_before_now(at: int, start: int | None) -> None:
    found = with_second(at)
    assert where(found).get("second") == (None if start is None else ("bo", start))
    assert where(found)["first"] == ("ann", 540)


def test_a_van_that_stays_in_leaves_now_at_the_earliest() -> None:
    found = replan(bath_day(), Plan((), (), Cost(), "hand"), Disruption(600, VisitAdded((SECOND,))), STEPS, 1)
    assert where(found) == {"second": ("bo", 645)}
    assert {route.carer: route.leave_minutes for route in found.plan.routes}["van#0"] == 600


def test_a_van_on_its_way_is_not_called_back() -> None:
    day = bath_day(FIRST, SECOND)
    routes = (OUT[0], Route("bo", stops("second 640 680"), (), 640, 680))
    van = Route("van#0", stops("first 540 580", "second 640 680"), (), 495, 710)
    plan = Plan((*routes, van), (), Cost(), "hand")
    assert check(day, plan) == []
    found = replan(day, plan, Disruption(605, None), STEPS, 1)  # on the road since 595 at the latest
    assert where(found)["second"] == ("bo", 640)


def test_a_bath_that_was_made_stays_made_behind_a_closed_road() -> None:
    day = bath_day(FIRST, SECOND)
    routes = (OUT[0], Route("bo", stops("second 640 680"), (), 640, 680))
    van = Route("van#0", stops("first 540 580", "second 640 680"), (), 495, 710)
    plan = Plan((*routes, van), (), Cost(), "hand")
    closure = Closure(frozenset({"a"}), frozenset({"station", "b"}), date(2026, 5, 1), date(2026, 5, 1))
    found = replan(day, plan, Disruption(585, RoadClosed(closure)), STEPS, 1)
    assert check(found.problem, found.plan) == []
    assert where(found) == {"first": ("ann", 540)}
    assert [entry.task for entry in found.plan.unserved] == ["second"]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (CarerIll("eve"), "change.carer"),
        (VisitCancelled("tea"), "change.task"),
        (VisitAdded((Task("early", "a", 5),)), "change.tasks[0].id"),
        (VisitAdded((Task("sos", "moon", 5),)), "change.tasks[0].place"),
        (VisitAdded((Task("sos", "a", 5), Task("sos", "b", 5))), "change.tasks[1].id"),
        (VisitAdded((Task("sos", "a", 5),), (Link("sos", "tea"),)), "change.links[0].second"),
    ],
)
def test_what_the_day_does_not_know_is_refused_by_field(change: object, path: str) -> None:
    with pytest.raises(ProblemError) as caught:
        after(0, change)
    assert caught.value.path == path


@pytest.mark.parametrize("now", [690, 700, 709, 711, 730])
def test_who_rests_on_the_way_to_the_first_visit_is_on_the_way(now: int) -> None:
    """Left at 680, ten minutes driven, then half an hour of rest: the visit at 750 is on time and stays."""
    carer = Carer("ann", "s", "s", (DAY,), breaks=(Break(Window(690, 780), 30),))
    drives = np.array([[0, 40], [40, 0]], dtype=np.int32)
    day = Problem(("s", "h"), {"default": drives}, (carer,), (Task("t", "h", 30, (Window(750, 755),)),))
    route = Route("ann", (Stop("t", 750, 780),), (Pause(690, 720),), 680, 820)
    published = Plan((route,), (), Cost(), "hand")
    assert check(day, published) == []
    found = replan(day, published, Disruption(now, None), STEPS, 1)
    assert found.plan.unserved == ()
    assert found.plan.routes[0].stops == route.stops
