"""Should the search break, a coordinator has the best plan of the other engines, and the log has the cause."""

import logging
from dataclasses import replace
from importlib import import_module
from typing import Any

import pytest

from dispatch.check import check, price
from dispatch.greedy import greedy
from dispatch.model import Limits, Plan, Problem, Task, Window
from dispatch.replan import Disruption, VisitAdded, replan
from dispatch.search import search
from dispatch.solve import solve
from tests.dispatch.test_search import village

LIMITS = Limits(seconds=0.2)
ENGINES = import_module("dispatch.solve")  # by name: the package calls its function so


class Broken(Exception):
    """What no engine should raise."""


def breaks(*_: Any) -> Plan:
    raise Broken("routes that cannot be timed")


@pytest.fixture
def broken_search(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """The search fails from now on; what is logged."""
    monkeypatch.setattr(ENGINES, "search", breaks)
    caplog.set_level(logging.ERROR, "dispatch")
    return caplog


def test_a_broken_search_leaves_the_greedy_plan_and_its_cause_in_the_log(
    broken_search: pytest.LogCaptureFixture,
) -> None:
    problem = replace(village(), name="Wednesday")
    found = solve(problem, LIMITS, 5)
    assert (found.engine, found.seed) == ("greedy", 5)
    assert found.routes == greedy(problem).routes
    assert check(problem, found) == []
    assert price(problem, found) == found.cost
    assert "Wednesday" in broken_search.text and "routes that cannot be timed" in broken_search.text


def test_a_broken_search_keeps_the_given_plan_where_that_is_the_best(broken_search: pytest.LogCaptureFixture) -> None:
    problem = village()
    published = search(problem, Limits(steps=30_000), 1)
    found = solve(problem, LIMITS, 5, start=published)
    assert (found.engine, found.routes, found.cost) == ("given", published.routes, published.cost)
    assert found.cost.total < greedy(problem).cost.total
    crossed = replace(published, routes=published.routes[:1] * 2)
    assert solve(problem, LIMITS, 5, start=crossed).engine == "greedy"


def test_a_small_day_is_proved_without_the_search(broken_search: pytest.LogCaptureFixture) -> None:
    problem = village(6, 2)
    found = solve(problem, Limits(seconds=10), 5)
    assert found.engine in {"exact", "greedy"}
    assert found.cost.total == solve(problem, Limits(seconds=10), 5, "exact").cost.total


def test_the_running_day_is_kept_where_the_search_breaks(broken_search: pytest.LogCaptureFixture) -> None:
    problem = village(30, 8)
    published = greedy(problem)
    urgent = Task("urgent", "p1", 10, (Window(600, 700),))
    later = replan(problem, published, Disruption(0, VisitAdded((urgent,))))
    assert check(later.problem, later.plan) == []
    assert later.plan.engine in {"given", "greedy"}
    assert len(broken_search.records) == 1


def test_an_engine_that_is_named_and_breaks_says_so(broken_search: pytest.LogCaptureFixture) -> None:
    with pytest.raises(Broken):
        solve(village(), LIMITS, 1, "search")
    assert broken_search.records == []


def test_where_nothing_can_plan_the_first_fault_is_raised(
    broken_search: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks_too(problem: Problem) -> Plan:
        raise RuntimeError("greedy, too")

    monkeypatch.setattr(ENGINES, "greedy", breaks_too)
    with pytest.raises(Broken):
        solve(village(), LIMITS, 1)
    assert "greedy, too" in broken_search.text


@pytest.mark.parametrize("who", ["on_progress", "stop"])
def test_what_the_caller_raises_is_the_callers(who: str, caplog: pytest.LogCaptureFixture) -> None:
    limits = replace(Limits(seconds=30), **{who: breaks})  # type: ignore[arg-type]
    with pytest.raises(Broken):
        solve(village(), limits, 1)
    assert caplog.records == []
