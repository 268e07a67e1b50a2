"""The published format: read, solved, written, and scored the same by other words."""

import json
from copy import deepcopy
from typing import Any

import pytest

from dispatch.check import check
from dispatch.hhcrsp import is_hhcrsp, objective, problem_from_hhcrsp, solution
from dispatch.model import Limits, ProblemError
from dispatch.solve import solve
from tests.dispatch.published import instance, score


@pytest.mark.parametrize(("patients", "carers", "italian"), [(25, 6, False), (10, 4, True)])
def test_the_objective_is_the_published_one(patients: int, carers: int, italian: bool) -> None:
    document = json.loads(json.dumps(instance(patients, carers, 5, italian=italian)))
    assert is_hhcrsp(document)
    problem = problem_from_hhcrsp(document, "small")
    plan = solve(problem, Limits(steps=60_000), 3, "search")
    assert check(problem, plan) == []
    written = json.loads(json.dumps(solution(problem, document, plan)))
    value, wrong = score(document, written)
    assert wrong == []
    assert abs(value - objective(plan)) < 0.002
    assert abs(value - written["cost"]) < 0.002


def test_a_small_day_is_proved_optimal_and_no_worse_than_the_search() -> None:
    problem = problem_from_hhcrsp(instance(7, 3, 2))
    found = solve(problem, Limits(steps=100_000), 1, "search")
    proved = solve(problem, Limits(seconds=20.0), 1)
    assert proved.proved_optimal
    assert proved.lower_bound == proved.cost.total <= found.cost.total


def change(path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    document = deepcopy(instance(10, 4, 5))
    holder: Any = document
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    return document


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        (("patients",), {}, "patients"),
        (("patients", 3, "id"), "p2", "patients[3].id"),
        (("patients", 3, "time_window"), [50.0, 20.0], "patients[3].time_window"),
        (("patients", 3, "time_window"), [50.0, "x"], "patients[3].time_window[1]"),
        (("patients", 8, "synchronization"), {"type": "maybe"}, "patients[8].synchronization"),
        (("patients", 0, "required_caregivers"), [], "patients[0].required_caregivers"),
        (("patients", 0, "required_caregivers", 0, "duration"), -1, "patients[0].required_caregivers[0].duration"),
        (("caregivers", 1, "abilities"), "s1", "caregivers[1].abilities"),
        (("distances",), [[0]], "distances"),
        (("distances", 1, 2), -4, "distances[1][2]"),
        (("distances", 1, 2), "far", "distances[1][2]"),
        (("distances", 1, 2), "5", "distances[1][2]"),
        (("distances", 1, 2), [5], "distances[1][2]"),
        (("distances", 1, 2), True, "distances[1][2]"),
        (("distances", 1, 2), float("nan"), "distances[1][2]"),
        (("distances", 1, 2), 1e308, "distances[1][2]"),
        (("distances", 1, 2), 10**400, "distances[1][2]"),
    ],
)
def test_a_wrong_field_is_named(path: tuple[Any, ...], value: Any, named: str) -> None:
    with pytest.raises(ProblemError) as caught:
        problem_from_hhcrsp(change(path, value))
    assert caught.value.path == named


def test_nothing_of_the_format_is_taken_for_granted() -> None:
    for key in ("patients", "caregivers", "services", "distances"):
        document = instance(10, 4, 5)
        del document[key]
        with pytest.raises(ProblemError) as caught:
            problem_from_hhcrsp(document)
        assert caught.value.path == key
