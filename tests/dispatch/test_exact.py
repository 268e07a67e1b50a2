"""The exact engine against trying every plan, and against days whose answer is known."""

import threading
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dispatch.check import check, price
from dispatch.exact import NotExpressible, solve_exact, timed
from dispatch.model import Break, Carer, Limits, Plan, Problem, Progress, Task, Window
from tests.dispatch.cases import busy_day, cheapest, tiny_days

LIMITS = Limits(seconds=20)
few = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def solved(problem: Problem) -> Plan:
    """The proved plan of a day, after the judge has accepted it and its price."""
    plan = solve_exact(problem, LIMITS, 1)
    assert check(problem, plan) == []
    assert plan.cost == price(problem, plan)
    assert plan.proved_optimal and plan.lower_bound == plan.cost.total
    return plan


def crowded_day(visits: int, carers: int) -> Problem:
    """A day too large for a proof within seconds: scattered places, wide hours, everybody may do everything."""
    numbers = np.random.default_rng(7)
    points = numbers.integers(0, 60, (visits + 1, 2))
    drives = np.abs(points[:, None, :] - points[None, :, :]).sum(axis=2).astype(np.int32)
    places = tuple(f"p{number}" for number in range(visits + 1))
    tasks = []
    for number in range(visits):
        opens = int(numbers.integers(0, 300))
        tasks.append(Task(f"t{number}", places[number + 1], 15, (Window(opens, opens + 120),)))
    team = tuple(Carer(f"c{number}", "p0", "p0", (Window(0, 480),)) for number in range(carers))
    return Problem(places, {"default": drives}, team, tuple(tasks))


@few
@given(tiny_days())
def test_no_plan_is_cheaper_than_the_proved_one(problem: Problem) -> None:
    assert solved(problem).cost.total == cheapest(problem)


@few
@given(tiny_days(), st.randoms(use_true_random=False))
def test_the_order_of_places_carers_and_tasks_does_not_matter(problem: Problem, chance: object) -> None:
    numbers = np.random.default_rng(chance.randrange(1000))  # type: ignore[attr-defined]
    order = numbers.permutation(len(problem.places))
    shuffled = replace(
        problem,
        places=tuple(problem.places[index] for index in order),
        matrices={mode: matrix[np.ix_(order, order)] for mode, matrix in problem.matrices.items()},
        carers=tuple(reversed(problem.carers)),
        tasks=tuple(problem.tasks[index] for index in numbers.permutation(len(problem.tasks))),
    )
    assert solved(shuffled).cost.total == solved(problem).cost.total


@few
@given(tiny_days())
def test_other_names_do_not_change_the_cost(problem: Problem) -> None:
    def renamed(task: Task) -> Task:
        costs = {f"new {name}": cost for name, cost in task.carer_cost.items()}
        pin = None if task.pinned_carer is None else f"new {task.pinned_carer}"
        banned = frozenset(f"new {name}" for name in task.banned_carers)
        return replace(task, id=f"new {task.id}", carer_cost=costs, pinned_carer=pin, banned_carers=banned)

    links = tuple(replace(link, first=f"new {link.first}", second=f"new {link.second}") for link in problem.links)
    carers = tuple(replace(carer, id=f"new {carer.id}") for carer in problem.carers)
    other = replace(problem, tasks=tuple(map(renamed, problem.tasks)), carers=carers, links=links)
    assert solved(other).cost.total == solved(problem).cost.total


def without_breaks(carer: Carer) -> Carer:
    return replace(carer, breaks=())


def with_all_skills(carer: Carer) -> Carer:
    return replace(carer, skills=frozenset({"a"}))


def with_more_overtime(carer: Carer) -> Carer:
    return replace(carer, max_overtime_minutes=carer.max_overtime_minutes + 3)


def without_bounds(carer: Carer) -> Carer:
    return replace(carer, max_visits=None, max_work_minutes=None, capacity=None)


@few
@given(tiny_days(), st.sampled_from([without_breaks, with_all_skills, with_more_overtime, without_bounds]))
def test_asking_less_of_carers_never_costs_more(problem: Problem, relax: object) -> None:
    relaxed = replace(problem, carers=tuple(map(relax, problem.carers)))  # type: ignore[call-overload]
    assert solved(relaxed).cost.total <= solved(problem).cost.total


@few
@given(tiny_days())
def test_wider_hours_and_looser_links_never_cost_more(problem: Problem) -> None:
    def wider(task: Task) -> Task:
        spans = tuple(Window(max(0, w.opens_minutes - 1), w.closes_minutes + 1) for w in task.windows)
        return replace(task, windows=spans)

    links = tuple(replace(link, max_gap_minutes=None, carers="any") for link in problem.links)
    cost = solved(problem).cost.total
    assert solved(replace(problem, links=links)).cost.total <= cost
    assert solved(replace(problem, tasks=tuple(map(wider, problem.tasks)))).cost.total <= cost


def test_a_day_with_every_feature_is_proved() -> None:
    plan = solved(busy_day())
    assert {entry.task for entry in plan.unserved} == {"far"}
    assert plan.unserved[0].reason == "no_road"


@pytest.mark.parametrize(
    ("rests", "first_moment"),
    [
        ((), 24),  # four minutes of the drive before the gap from 10 to 20, four after
        ((Break(Window(5, 5), 8),), 25),  # three before the break, which ends inside the gap, five after
        ((Break(Window(21, 21), 2),), 26),  # four before the gap, one before the break, three after
    ],
)
def test_a_drive_goes_on_after_a_break_and_after_the_gap_between_shifts(
    rests: tuple[Break, ...], first_moment: int
) -> None:
    start = 2 if rests and rests[0].window.opens_minutes < 10 else 6
    drives = {"default": np.array([[0, 8], [0, 0]], np.int32)}
    carer = Carer("c", "near", "near", (Window(0, 10), Window(20, 30)), breaks=rests)
    for moment, served in ((first_moment - 1, 1), (first_moment, 2)):
        tasks = (Task("a", "near", 1, (Window(start - 1, start - 1),)), Task("b", "far", 1, (Window(moment, moment),)))
        plan = solved(Problem(("near", "far"), drives, (carer,), tasks))
        assert sum(len(route.stops) for route in plan.routes) == served


def test_a_good_start_is_never_made_worse_and_a_bad_one_is_not_believed() -> None:
    problem = busy_day()
    best = solved(problem)
    again = solve_exact(problem, Limits(steps=0), 1, start=best)
    assert again.cost.total == best.cost.total
    broken = replace(best, routes=(*best.routes, best.routes[0]))
    assert check(problem, solve_exact(problem, Limits(steps=0), 1, start=broken)) == []


def test_the_same_seed_and_steps_give_the_same_plan() -> None:
    problem = crowded_day(12, 2)
    first, second = (solve_exact(problem, Limits(steps=300), 5) for _ in range(2))
    assert (first.routes, first.lower_bound, first.steps) == (second.routes, second.lower_bound, second.steps)


def test_progress_is_told_by_the_calling_thread_and_a_stop_is_obeyed_with_the_best_plan() -> None:
    problem, told, threads = crowded_day(25, 4), list[Progress](), set[int]()

    def listen(progress: Progress) -> None:
        told.append(progress)
        threads.add(threading.get_ident())

    limits = Limits(seconds=120, on_progress=listen, stop=lambda: len(told) > 0)
    plan = solve_exact(problem, limits, 1)
    assert check(problem, plan) == []
    assert threads == {threading.get_ident()}
    assert plan.cost.total <= told[0].cost
    assert not plan.proved_optimal and plan.lower_bound is not None and plan.lower_bound <= plan.cost.total
    assert plan.cpu_seconds < 60


def test_a_day_without_carers_or_without_tasks_is_empty_and_proved() -> None:
    problem = busy_day()
    nobody = solved(replace(problem, carers=()))
    assert nobody.routes == () and {entry.reason for entry in nobody.unserved} == {"no_carer"}
    nothing = solved(replace(problem, tasks=(), links=()))
    assert nothing.routes == () and nothing.unserved == () and nothing.cost.total == 0


def test_too_large_a_day_says_so() -> None:
    with pytest.raises(NotExpressible, match="arcs"):
        solve_exact(crowded_day(150, 40), LIMITS, 1)


def test_given_orders_are_timed_at_least_cost_and_early() -> None:
    problem = busy_day()
    orders = {"carl": ["check"], "anna": ["fetch", "meal"]}
    plan = timed(problem, orders)
    assert plan is not None
    assert [violation.code for violation in check(problem, plan)] == []
    assert {route.carer: [stop.start_minutes for stop in route.stops] for route in plan.routes} == {
        "anna": [660, 675],
        "carl": [870],
    }
    assert timed(problem, {"anna": ["meal", "fetch"]}) is None


@pytest.mark.parametrize("opens", [690, 725, 730])
def test_nobody_sets_out_between_two_shifts_although_the_break_is_taken_there(opens: int) -> None:
    carer = Carer("ann", "s", "h", (Window(480, 720), Window(840, 1080)), breaks=(Break(Window(opens, 780), 30),))
    drives = np.array([[0, 20], [20, 0]], dtype=np.int32)
    task = Task("t", "h", 30, (Window(840, 845),))
    assert solved(Problem(("s", "h"), {"default": drives}, (carer,), (task,))).unserved == ()


def test_what_takes_no_time_is_not_over_before_the_gap_between_two_shifts() -> None:
    carer = Carer("ann", "s", "s", (Window(3, 9), Window(10, 12)))
    tasks = tuple(
        Task(name, "s", 0, (Window(9, 11),), pinned_start_minutes=start) for name, start in (("a", 10), ("b", 9))
    )
    day = Problem(("s",), {"default": np.zeros((1, 1), dtype=np.int32)}, (carer,), tasks)
    assert solved(day).unserved == ()
