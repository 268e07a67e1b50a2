"""Explanations: the right rules, changes that do help, and places that trying all of them confirms."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from ortools.sat.python import cp_model

from dispatch.exact import solve_exact, timed
from dispatch.explain import Answer, Explanation, who_could, why_unserved
from dispatch.files import check_problem
from dispatch.formulation import OTHERS
from dispatch.model import Break, Carer, Limits, Link, Plan, Problem, ProblemError, Task, Window
from dispatch.probe import Deadline, Probe
from dispatch.reasons import NO_CARERS, ONE_MORE_CARER, OTHER_TASKS, REASONS, RELAXATIONS, TOGETHER
from dispatch.violations import Rule
from tests.dispatch.cases import busy_day, busy_plan, left_out, matrix, tiny_days

MORNING = (Window(490, 495),)


def asking(task: Task, change: Callable[[Problem], Problem] | None = None, **links: Any) -> tuple[Problem, Plan]:
    """The busy day with one more task, which its plan leaves out."""
    problem = replace(busy_day(), tasks=(*busy_day().tasks, task))
    if links:
        problem = replace(problem, links=(*problem.links, Link(first="check", second=task.id, **links)))
    problem = change(problem) if change else problem
    check_problem(problem)
    return problem, left_out(problem, busy_plan().routes)


def each(field: str, *values: int) -> Callable[[Problem], Problem]:
    """Give the three carers these values."""
    changes: list[dict[str, Any]] = [{field: value} for value in values]
    return lambda problem: replace(
        problem, carers=tuple(replace(carer, **new) for carer, new in zip(problem.carers, changes, strict=True))
    )


CASES: list[tuple[set[str], Rule | str, Task, Callable[[Problem], Problem] | None]] = [
    ({Rule.NO_ROAD}, Rule.NO_ROAD, Task("x", "island", 10), None),
    ({Rule.SKILL}, Rule.SKILL, Task("x", "li", 10, skills=frozenset({"sing"})), None),
    ({Rule.SEX}, Rule.SEX, Task("x", "li", 10, sex="d"), None),
    ({Rule.CARER_LIST}, Rule.CARER_LIST, Task("x", "li", 10, allowed_carers=frozenset({"nobody"})), None),
    ({Rule.PIN_CARER}, Rule.PIN_CARER, Task("x", "li", 10, pinned_carer="gone"), None),
    ({Rule.SHIFT, Rule.WINDOW}, Rule.WINDOW, Task("x", "li", 10, (Window(480, 485),)), None),
    ({Rule.SHIFT, Rule.WINDOW}, Rule.SHIFT, Task("x", "li", 10, (Window(480, 485),)), None),
    ({Rule.SHIFT, Rule.PIN_START}, Rule.PIN_START, Task("x", "li", 10, pinned_start_minutes=485), None),
    ({Rule.SEX, Rule.WINDOW, OTHERS}, OTHERS, Task("x", "li", 60, (Window(555, 560),), sex="f"), None),
    ({Rule.MAX_VISITS, OTHERS}, Rule.MAX_VISITS, Task("x", "li", 10), each("max_visits", 3, 1, 1)),
    ({Rule.MAX_WORK, OTHERS}, Rule.MAX_WORK, Task("x", "li", 30), each("max_work_minutes", 95, 65, 45)),
    ({Rule.LOAD}, Rule.LOAD, Task("x", "li", 10, load=2), each("capacity", 1, 1, 1)),
    ({Rule.VEHICLE_MISSING}, Rule.VEHICLE_MISSING, Task("x", "li", 10, vehicle_kind="lift"), None),
]


def relaxed(problem: Problem, found: Explanation, code: str) -> Problem:
    """The problem after the change that an explanation proposes."""
    change = next(change for change in found.relaxations if change.code == code)
    task = next(task for task in problem.tasks if task.id == found.task)
    width = change.minutes
    spans = tuple(Window(w.opens_minutes - width, w.closes_minutes + width) for w in task.windows)
    new = {
        Rule.SKILL: replace(task, skills=frozenset()),
        Rule.SEX: replace(task, sex=""),
        Rule.CARER_LIST: replace(task, allowed_carers=frozenset({change.carer})),
        Rule.PIN_CARER: replace(task, pinned_carer=change.carer),
        Rule.WINDOW: replace(task, windows=spans),
        Rule.PIN_START: replace(task, pinned_start_minutes=(task.pinned_start_minutes or 0) + width),
        Rule.VEHICLE_MISSING: replace(task, vehicle_kind=None),
    }.get(code, task)  # type: ignore[call-overload]

    def helped(carer: Carer) -> Carer:
        if carer.id != change.carer:
            return carer
        shifts = (Window(carer.shifts[0].opens_minutes - width, carer.shifts[-1].closes_minutes + width),)
        values = dict(change.values)
        better: dict[str, dict[str, Any]] = {
            Rule.SHIFT: {"shifts": shifts},
            Rule.MAX_WORK: {"max_work_minutes": (carer.max_work_minutes or 0) + width},
            Rule.MAX_VISITS: {"max_visits": (carer.max_visits or 0) + int(values.get("visits", 0))},
            Rule.LOAD: {"capacity": values.get("load")},
        }
        return replace(carer, **better.get(code, {}))

    tasks = tuple(new if other.id == task.id else other for other in problem.tasks)
    return replace(problem, tasks=tasks, carers=tuple(map(helped, problem.carers)))


@pytest.mark.parametrize(("codes", "helps", "task", "change"), CASES)
def test_the_rules_in_conflict_and_a_change_that_helps(
    codes: set[str], helps: Rule | str, task: Task, change: Callable[[Problem], Problem] | None
) -> None:
    problem, plan = asking(task, change)
    found = why_unserved(problem, plan, "x")
    assert found.complete and not found.fits
    assert {reason.code for reason in found.reasons} == codes
    assert helps in {relaxation.code for relaxation in found.relaxations}
    if helps in (Rule.NO_ROAD, OTHERS):
        return
    again = why_unserved(relaxed(problem, found, helps), plan, "x")
    assert again.fits and again.extra_cost is not None


def test_a_change_in_minutes_is_the_smallest() -> None:
    problem, plan = asking(Task("x", "li", 10, (Window(480, 485),)))
    found = why_unserved(problem, plan, "x")
    assert {(change.code, change.minutes) for change in found.relaxations} == {(Rule.WINDOW, 5), (Rule.SHIFT, 5)}
    closer = replace(problem.tasks[-1], windows=(Window(480, 489),))
    assert not why_unserved(replace(problem, tasks=(*problem.tasks[:-1], closer)), plan, "x").fits


def test_who_gives_away_what_is_named_and_then_it_fits() -> None:
    problem, plan = asking(Task("x", "li", 60, (Window(555, 560),), sex="f"))
    found = why_unserved(problem, plan, "x")
    gifts = {change.carer: dict(change.values)["tasks"] for change in found.relaxations if change.code == OTHERS}
    assert gifts == {"anna": "bath 1", "bella": "bath 2"}
    routes = tuple(route for route in plan.routes if route.carer not in ("bella", "van#0"))
    routes = tuple(replace(route, stops=route.stops[1:]) if route.carer == "anna" else route for route in routes)
    assert why_unserved(problem, left_out(problem, routes), "x").fits


def test_minutes_come_before_visits_and_visits_before_training() -> None:
    problem, plan = asking(Task("x", "li", 60, (Window(555, 560),), sex="f"))
    codes = [change.code for change in why_unserved(problem, plan, "x").relaxations]
    assert codes == [Rule.WINDOW, OTHERS, OTHERS, Rule.SEX, ONE_MORE_CARER]


def test_one_more_woman_trained_for_it_would_help() -> None:
    problem, plan = asking(Task("x", "li", 10, MORNING, skills=frozenset({"sing"}), sex="f"))
    found = why_unserved(problem, plan, "x")
    more = next(change for change in found.relaxations if change.code == ONE_MORE_CARER)
    values = dict(more.values)
    assert (values["skills"], values["sex"], values["place"]) == ("sing", "f", "station")


def test_links_are_explained() -> None:
    late = Task("x", "li", 10, (Window(500, 520),), pinned_carer="carl")
    problem, plan = asking(late, min_gap_minutes=0, max_gap_minutes=60, carers="same")
    found = why_unserved(problem, plan, "x")
    assert {reason.code for reason in found.reasons} == {Rule.LINK_GAP, Rule.WINDOW, OTHERS}
    change = next(change for change in found.relaxations if change.code == Rule.LINK_GAP)
    assert (dict(change.values)["found"], change.minutes) == (520 - 870, 350)
    other = Task("x", "li", 10, pinned_carer="anna")
    problem, plan = asking(other, max_gap_minutes=None, carers="same")
    codes = {reason.code for reason in why_unserved(problem, plan, "x").reasons}
    assert codes == {Rule.LINK_CARERS, Rule.PIN_CARER, OTHERS}


def test_where_no_single_change_helps_the_fewest_are_named() -> None:
    problem, plan = asking(Task("x", "island", 10, skills=frozenset({"sing"}), sex="d"))
    changes = why_unserved(problem, plan, "x").relaxations
    assert [change.code for change in changes] == [TOGETHER]
    assert set(str(dict(changes[0].values)["codes"]).split(", ")) == {Rule.NO_ROAD, Rule.SKILL, Rule.SEX}


def test_what_fits_is_left_out_for_its_cost() -> None:
    problem, plan = asking(Task("x", "li", 10, unserved_cost=3))
    found = why_unserved(problem, plan, "x")
    assert found.fits and found.reasons == ()
    assert found.extra_cost == min(a.extra_cost for a in who_could(problem, plan, "x") if a.extra_cost is not None)


def test_with_everything_free_a_visit_may_change_hands() -> None:
    """Carl can only do "x" while bella, who could do his other visit, has the whole day."""
    stuck, plan = asking(Task("x", "li", 10, (Window(870, 875),), pinned_carer="carl"))
    unpinned = tuple(replace(task, pinned_carer=None) if task.id == "check" else task for task in stuck.tasks)
    problem = replace(stuck, tasks=unpinned)
    assert not why_unserved(problem, plan, "x").fits
    assert why_unserved(problem, plan, "x", free=True).fits
    codes = {reason.code for reason in why_unserved(stuck, plan, "x", free=True).reasons}
    assert OTHER_TASKS in codes


def test_nobody_at_work_is_a_reason() -> None:
    problem = replace(busy_day(), carers=())
    found = why_unserved(problem, left_out(problem, ()), "check")
    assert [reason.code for reason in found.reasons] == [NO_CARERS]


def test_unknown_and_served_tasks_are_refused() -> None:
    for task in ("nothing", "check"):
        with pytest.raises(ProblemError):
            why_unserved(busy_day(), busy_plan(), task)
    with pytest.raises(ProblemError):
        who_could(busy_day(), busy_plan(), "nothing")


def test_a_stop_leaves_an_honest_answer() -> None:
    problem, plan = asking(Task("x", "li", 10, (Window(480, 485),)))
    found = why_unserved(problem, plan, "x", Limits(seconds=5, stop=lambda: True))
    assert not found.complete


def test_too_little_time_names_no_reason_rather_than_a_wrong_one() -> None:
    problem, plan = asking(Task("x", "li", 10, (Window(480, 485),)))
    found = why_unserved(problem, plan, "x", Limits(seconds=0))
    assert (found.complete, found.reasons, found.relaxations) == (False, (), ())


def test_a_carer_for_whom_the_time_did_not_suffice_has_no_place_rather_than_half_of_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seconds = iter([2.0])  # enough to see that it fits, none to find the best place
    monkeypatch.setattr(Deadline, "left", lambda self: next(seconds, 0.0))
    answers = {answer.carer: answer for answer in who_could(busy_day(), busy_plan(), "check")}
    assert answers["carl"] == Answer("carl", None, None, "", ())


def visit_of(minutes: int, window: Window, *shifts: Window, rest: Break | None = None) -> Explanation:
    """Why the only carer of a day does not make the only visit, ten minutes from home."""
    carer = Carer("c", "home", "home", shifts, breaks=(rest,) if rest else ())
    drives = {"default": matrix([[0, 10], [10, 0]])}
    problem = Problem(("home", "door"), drives, (carer,), (Task("x", "door", minutes, (window,)),))
    return why_unserved(problem, left_out(problem, ()), "x")


def test_who_works_through_the_gap_between_two_shifts_works_its_minutes_more() -> None:
    found = visit_of(40, Window(760, 770), Window(480, 720), Window(840, 1020))
    changes = {change.code: change for change in found.relaxations}
    assert dict(changes[Rule.SHIFT].values) == {"start": "08:00", "end": "17:00"}
    assert changes[Rule.SHIFT].minutes == 120
    assert changes[Rule.WINDOW].minutes == 70


def test_a_rest_is_moved_only_where_there_is_time_for_it() -> None:
    rest, shift = Break(Window(540, 600), 30), Window(480, 720)
    moved = visit_of(150, Window(490, 500), shift, rest=rest)
    assert Rule.BREAK in {change.code for change in moved.relaxations}
    missed = visit_of(210, Window(490, 500), shift, rest=rest)  # 230 minutes of work and 30 of rest in 240
    assert Rule.BREAK in {reason.code for reason in missed.reasons}
    assert Rule.BREAK not in {change.code for change in missed.relaxations}
    together = next(change for change in missed.relaxations if change.code == TOGETHER)
    assert "rests for 30 minutes" in together.text and not together.text.endswith("..")


def test_a_served_task_may_stay_or_move() -> None:
    answers = {answer.carer: answer for answer in who_could(busy_day(), busy_plan(), "bath 2")}
    assert (answers["bella"].extra_cost, answers["bella"].start_minutes) == (0, 540)
    assert {reason.code for reason in answers["anna"].reasons} >= {OTHERS}
    assert [reason.code for reason in answers["carl"].reasons] == [Rule.SKILL, Rule.SEX]


def test_a_visit_that_changes_hands_spares_the_other_the_way() -> None:
    """Carl's 20 minutes of driving fall away, bella's round grows by 10."""
    unpinned = tuple(replace(task, pinned_carer=None) for task in busy_day().tasks)
    answers = {answer.carer: answer for answer in who_could(replace(busy_day(), tasks=unpinned), busy_plan(), "check")}
    assert (answers["bella"].extra_cost, answers["bella"].after) == (-10, "bath 2")


@pytest.mark.parametrize(
    ("lasting", "wish"),
    [
        (Rule.SKILL, {"skills": frozenset({"sing"})}),
        (Rule.SEX, {"sex": "d"}),
        (Rule.CARER_LIST, {"allowed_carers": frozenset({"nobody"})}),
        (Rule.NO_ROAD, {"place": "island"}),
    ],
)
def test_the_lasting_reason_is_said_before_the_passing_one(lasting: Rule, wish: dict[str, Any]) -> None:
    problem, plan = asking(replace(Task("x", "li", 10, (Window(480, 485),), load=2), **wish), each("capacity", 1, 1, 1))
    assert {reason.code for reason in why_unserved(problem, plan, "x").reasons} == {lasting}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(tiny_days())
def test_no_rule_of_a_conflict_is_there_for_nothing(problem: Problem) -> None:
    plan = solve_exact(problem, Limits(seconds=20), 1)
    assume(plan.unserved)
    orders = {route.carer: [stop.task for stop in route.stops] for route in plan.routes}
    probe = Probe(problem, orders, frozenset({plan.unserved[0].task}), orders, Deadline(Limits(seconds=20)))
    core = probe.conflict()
    assume(core)
    assert core is not None
    assert probe.solve(core) == cp_model.INFEASIBLE
    assert all(probe.solve([other for other in core if other != key]) != cp_model.INFEASIBLE for key in core)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(tiny_days())
def test_the_best_place_of_each_carer_is_what_trying_all_places_gives(problem: Problem) -> None:
    problem = replace(problem, links=(), vehicles=(), tasks=tuple(replace(t, vehicle_kind=None) for t in problem.tasks))
    task, rest = problem.tasks[-1], replace(problem, tasks=problem.tasks[:-1])
    plan = left_out(problem, solve_exact(rest, Limits(seconds=20), 1).routes)
    orders = {route.carer: [stop.task for stop in route.stops] for route in plan.routes}
    for answer in who_could(problem, plan, task.id):
        order = orders.get(answer.carer, [])
        places = [[*order[:at], task.id, *order[at:]] for at in range(len(order) + 1)]
        plans = [timed(problem, orders | {answer.carer: place}) for place in places]
        costs = [found.cost.total - plan.cost.total for found in plans if found is not None]
        assert answer.extra_cost == min(costs, default=None)
        assert (answer.extra_cost is None) == bool(answer.reasons)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(tiny_days())
def test_what_is_left_out_always_has_a_reason_and_a_change(problem: Problem) -> None:
    plan = solve_exact(problem, Limits(seconds=20), 1)
    assume(plan.unserved)
    found = why_unserved(problem, plan, plan.unserved[0].task)
    assert found.complete
    assert found.fits or (found.reasons and found.relaxations)


def test_the_page_lists_every_code_and_sentence() -> None:
    text = (Path(__file__).parents[2] / "docs" / "planner" / "explanations.md").read_text(encoding="utf-8")
    for table in (REASONS, RELAXATIONS):
        assert all(f"| `{code}` | {sentence} |" in text for code, sentence in table.items())


def test_a_larger_bag_is_no_help_for_a_meal_that_was_never_fetched() -> None:
    problem, plan = asking(Task("x", "li", 10, load=-1))
    found = why_unserved(problem, plan, "x")
    assert Rule.LOAD in {reason.code for reason in found.reasons}
    assert Rule.LOAD not in {change.code for change in found.relaxations}


def test_the_bag_that_would_do_is_the_smallest() -> None:
    problem, plan = asking(Task("x", "li", 10, load=2), each("capacity", 1, 1, 1))
    loads = {
        dict(change.values)["load"]
        for change in why_unserved(problem, plan, "x").relaxations
        if change.code == Rule.LOAD
    }
    assert loads == {2}
