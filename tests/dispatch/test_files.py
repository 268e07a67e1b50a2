"""Files of problems and plans: the way there and back, and everything that may come in wrong."""

import json
import math
import re
from collections.abc import Callable
from copy import deepcopy
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from dispatch.check import check, price
from dispatch.exact import solve_exact
from dispatch.files import (
    check_problem,
    parsed,
    plan_from_json,
    plan_to_json,
    problem_from_json,
    problem_to_json,
    read_plan,
    read_problem,
    write_plan,
    write_problem,
)
from dispatch.model import (
    FOREVER,
    UNREACHABLE,
    Carer,
    Limits,
    Link,
    Problem,
    ProblemError,
    Route,
    Task,
    Unserved,
    Vehicle,
    Weights,
    Window,
)
from dispatch.violations import SENTENCES, Rule
from tests.dispatch.cases import busy_day, busy_plan, tiny_days


def same(one: Problem, other: Problem) -> bool:
    """Problems have no equality of their own, because of the arrays."""
    parts = ("places", "carers", "tasks", "links", "vehicles", "weights", "units_per_minute", "name")
    equal = all(getattr(one, part) == getattr(other, part) for part in parts)
    return equal and all(np.array_equal(one.matrices[mode], other.matrices[mode]) for mode in one.matrices)


@settings(max_examples=40, deadline=None)
@given(tiny_days())
def test_a_problem_comes_back_as_it_was(problem: Problem) -> None:
    text = json.dumps(problem_to_json(problem))
    assert same(read_problem(text), problem)


def test_files_come_back_as_they_were_and_are_replaced_whole(tmp_path: Path) -> None:
    problem_file, plan_file = tmp_path / "problem.json", tmp_path / "plan.json"
    plan_file.write_text("old")
    write_problem(busy_day(), problem_file)
    write_plan(busy_plan(), plan_file)
    assert same(read_problem(problem_file), busy_day())
    assert read_plan(str(plan_file)) == busy_plan()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["plan.json", "problem.json"]


def test_a_plan_that_cannot_be_written_leaves_the_old_file(tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    file.write_text("old")
    with pytest.raises(ValueError):
        write_plan(replace(busy_plan(), cpu_seconds=math.nan), file)
    assert file.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["plan.json"]


def test_a_place_that_cannot_be_written_to_is_named_and_left_clean(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "inside").mkdir(parents=True)
    for path in (folder, tmp_path / "missing" / "plan.json"):
        with pytest.raises(ProblemError) as caught:
            write_plan(busy_plan(), path)
        assert caught.value.path == str(path)
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_no_road_and_no_end_are_null() -> None:
    data = problem_to_json(busy_day())
    assert data["matrices"]["default"][0][4] is None
    open_end = replace(busy_day(), tasks=(Task("t", "wang", 5, (Window(10, FOREVER),)),), links=())
    written = problem_to_json(open_end)
    assert written["tasks"][0]["windows"] == [{"opens_minutes": 10, "closes_minutes": None}]
    assert problem_from_json(written).tasks == open_end.tasks


def test_equal_problems_are_written_alike() -> None:
    names = [f"c{number}" for number in range(20)]
    tasks = [Task("t", "p", 1, allowed_carers=frozenset(order)) for order in (names, reversed(names))]
    texts = {json.dumps(problem_to_json(Problem(("p",), {}, (), (task,)))) for task in tasks}
    assert len(texts) == 1


def test_a_plan_written_by_hand_needs_its_routes_only() -> None:
    stop = {"task": "check", "start_minutes": 870, "end_minutes": 890}
    plan = plan_from_json({"format": "dispatch-plan/1", "routes": [{"carer": "carl", "stops": [stop]}]})
    assert plan.routes[0].stops[0].task == "check" and plan.engine == "hand"
    assert plan_to_json(busy_plan())["cost"]["total"] == busy_plan().cost.total


# Bad input: the path of the field, the reason and the remedy.

Change = Callable[[dict[str, Any]], object]


def put(path: str, value: object) -> Change:
    """Set a value by a path such as ``tasks.3.windows.0.closes_minutes``."""

    def change(data: dict[str, Any]) -> None:
        *inner, last = path.split(".")
        place: Any = data
        for key in inner:
            place = place[int(key) if isinstance(place, list) else key]
        place[int(last) if isinstance(place, list) else last] = value

    return change


def drop(path: str) -> Change:
    """Take a key out."""

    def change(data: dict[str, Any]) -> None:
        *inner, last = path.split(".")
        place: Any = data
        for key in inner:
            place = place[int(key) if isinstance(place, list) else key]
        del place[last]

    return change


def again(part: str) -> Change:
    """Repeat the first entry of a list."""
    return lambda data: data[part].append(deepcopy(data[part][0]))


def circle(data: dict[str, Any]) -> None:
    """Three tasks, each at least ten minutes after the one before, in a circle."""
    names = ["check", "far", "meal"]
    pairs = zip(names, names[1:] + names[:1], strict=True)
    data["links"] = [
        {"first": a, "second": b, "min_gap_minutes": 10, "max_gap_minutes": None, "carers": "any"} for a, b in pairs
    ]


BAD: list[tuple[str, Change]] = [
    ("format", drop("format")),
    ("format", put("format", "dispatch-problem/2")),
    ("taskz", put("taskz", [])),
    ("tasks[3].durations_minutes", put("tasks.3.durations_minutes", 5)),
    ("tasks", drop("tasks")),
    ("tasks[0].place", drop("tasks.0.place")),
    ("tasks", put("tasks", {})),
    ("tasks[2]", put("tasks.2", 7)),
    ("tasks[2].duration_minutes", put("tasks.2.duration_minutes", "5")),
    ("tasks[2].duration_minutes", put("tasks.2.duration_minutes", 5.0)),
    ("tasks[2].duration_minutes", put("tasks.2.duration_minutes", True)),
    ("tasks[2].duration_minutes", put("tasks.2.duration_minutes", None)),
    ("tasks[2].duration_minutes", put("tasks.2.duration_minutes", -5)),
    ("tasks[2].duration_minutes", put("tasks.2.duration_minutes", 10**10)),
    ("tasks[2].unserved_cost", put("tasks.2.unserved_cost", 10**13)),
    ("tasks[2].carer_cost.anna", put("tasks.2.carer_cost", {"anna": -1})),
    ("tasks[0].sex_is_hard", put("tasks.0.sex_is_hard", 1)),
    ("tasks[0].skills[0]", put("tasks.0.skills", [3])),
    ("tasks[0].place", put("tasks.0.place", "nowhere")),
    ("tasks[0].windows", put("tasks.0.windows", [])),
    ("tasks[0].windows[0].closes_minutes", put("tasks.0.windows.0.closes_minutes", 539)),
    ("tasks[6].id", again("tasks")),
    ("tasks[1].id", put("tasks.1.id", "")),
    ("carers[3].id", again("carers")),
    ("carers[0].id", put("carers.0.id", "van#0")),
    ("carers[0].mode", put("carers.0.mode", "bicycle")),
    ("carers[0].start_place", put("carers.0.start_place", "nowhere")),
    ("carers[0].end_place", put("carers.0.end_place", "nowhere")),
    ("carers[0].shifts", put("carers.0.shifts", [])),
    ("carers[2].shifts[1].opens_minutes", put("carers.2.shifts.1.opens_minutes", 699)),
    ("carers[0].breaks[0].window.closes_minutes", put("carers.0.breaks.0.window.closes_minutes", 1)),
    ("carers[0].breaks[1].window.opens_minutes", lambda d: put_early_break(d)),
    ("places[5]", again("places")),
    ("matrices.default[2]", put("matrices.default.2", [1, 2])),
    ("matrices.default[2][1]", put("matrices.default.2.1", -1)),
    ("matrices.default[2][1]", put("matrices.default.2.1", 10**12)),
    ("matrices.default[2][1]", put("matrices.default.2.1", 1.5)),
    ("matrices.default[2]", put("matrices.default.2", "row")),
    ("matrices.default", put("places", ["station", "kitchen", "wang", "li", "island", "more"])),
    ("links[0].carers", put("links.0.carers", "both")),
    ("links[0].first", put("links.0.first", "nothing")),
    ("links[0].second", put("links.0.second", "nothing")),
    ("links[0].second", put("links.0.second", "bath 1")),
    ("links[2]", again("links")),
    ("links[1].max_gap_minutes", put("links.1.min_gap_minutes", 31)),
    ("links[2]", circle),
    ("vehicles[1].id", again("vehicles")),
    ("vehicles[0].kind", put("vehicles.0.kind", "")),
    ("vehicles[0].place", put("vehicles.0.place", "nowhere")),
    ("vehicles[0].mode", put("vehicles.0.mode", "boat")),
    ("vehicles[0].rounds", put("vehicles.0.rounds", [])),
    ("vehicles[0].setup_minutes", put("vehicles.0.setup_minutes", -1)),
    ("weights.unserved", put("weights", {"unserved": []})),
    ("weights.travel_minute", put("weights", {"travel_minute": -1})),
    ("weights.unserved[1]", put("weights", {"unserved": [1, -1]})),
    ("units_per_minute", put("units_per_minute", 0)),
]


def put_early_break(data: dict[str, Any]) -> None:
    """A second break that opens before the first."""
    rest = deepcopy(data["carers"][0]["breaks"][0])
    rest["window"]["opens_minutes"] = 600
    data["carers"][0]["breaks"].append(rest)


@pytest.mark.parametrize(("path", "change"), BAD)
def test_bad_input_names_the_field_and_the_remedy(path: str, change: Change) -> None:
    data = problem_to_json(busy_day())
    change(data)
    with pytest.raises(ProblemError) as caught:
        problem_from_json(data)
    assert caught.value.path == path
    assert caught.value.reason and caught.value.remedy


def test_a_misspelt_field_is_answered_with_the_right_one() -> None:
    data = problem_to_json(busy_day())
    data["tasks"][0]["duraton_minutes"] = 5
    with pytest.raises(ProblemError, match="Is duration_minutes meant"):
        problem_from_json(data)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "{}",
        "[]",
        '{"format": "dispatch-problem/1", "places": NaN}',
        '{"format": "dispatch-problem/1", "units_per_minute": Infinity}',
        '{"format": "dispatch-problem/1", "format": "dispatch-problem/1"}',
        '{"a":' * 100_000,
        '{"format": 1' + "0" * 5_000 + "}",
        '{"format": "dispatch-problem/1", "units_per_minute": 1e999}',
    ],
)
def test_text_that_is_no_problem_is_refused(text: str) -> None:
    with pytest.raises(ProblemError):
        read_problem(text)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    binary = tmp_path / "binary.json"
    binary.write_bytes(b"\xff\xfe{")
    for path in (tmp_path / "missing.json", tmp_path, binary):
        with pytest.raises(ProblemError) as caught:
            read_problem(path)
        assert caught.value.path == str(path)


def test_ten_thousand_visits_are_refused_with_a_remedy() -> None:
    tasks = tuple(Task(f"t{number}", "p", 5) for number in range(10_000))
    problem = Problem(("p",), {"default": np.zeros((1, 1), np.int32)}, (Carer("c", "p", "p"),), tasks)
    with pytest.raises(ProblemError, match=r"tasks: are 10000, more than .* Split the day"):
        check_problem(problem)


def test_matrices_made_in_code_are_looked_at_too() -> None:
    problem = busy_day()
    for matrix, path in (
        (np.zeros((5, 4), np.int32), "matrices.default"),
        (np.zeros((5, 5)), "matrices.default"),
        (np.full((5, 5), -3, np.int32), "matrices.default[0][0]"),
    ):
        with pytest.raises(ProblemError) as caught:
            check_problem(replace(problem, matrices={"default": matrix}))
        assert caught.value.path == path


# Remarkable, but a problem: the plan leaves out what cannot be done.


def test_remarks_say_what_will_be_left_out() -> None:
    problem = busy_day()
    assert [(remark.code, remark.path) for remark in check_problem(problem)] == [("no_road", "tasks[5].place")]
    codes = {
        "no_carers": replace(problem, carers=()),
        "no_tasks": replace(problem, tasks=(), links=()),
        "no_vehicle": replace(problem, vehicles=()),
        "carer_unused": replace(problem, tasks=problem.tasks[:2], links=problem.links[:1]),
        "no_carer": replace(problem, tasks=(*problem.tasks, Task("t", "li", 5, skills=frozenset({"sing"})))),
        "pin_absent": replace(problem, tasks=(*problem.tasks, Task("t", "li", 5, pinned_carer="gone"))),
        "two_at_once": replace(problem, links=(Link("bath 1", "bath 2", 0, 39, "same"),)),
    }
    for code, changed in codes.items():
        assert code in {remark.code for remark in check_problem(changed)}


@pytest.mark.parametrize("carers", [True, False])
def test_zero_carers_or_zero_visits_give_an_empty_plan_with_reasons(carers: bool) -> None:
    changed = replace(busy_day(), carers=()) if carers else replace(busy_day(), tasks=(), links=())
    problem = problem_from_json(problem_to_json(changed))
    plan = solve_exact(problem, Limits(), 0)
    assert plan.routes == ()
    assert [entry.task for entry in plan.unserved] == [task.id for task in problem.tasks]
    assert all(entry.reason and entry.text for entry in plan.unserved)


def test_a_road_of_any_length_up_to_the_largest_is_kept() -> None:
    problem = replace(busy_day(), matrices={"default": np.full((5, 5), UNREACHABLE - 1, np.int32)})
    assert same(read_problem(json.dumps(problem_to_json(problem))), problem)


# The page that describes the format.

PAGE = Path(__file__).parents[2] / "docs" / "planner" / "format.md"


def test_the_examples_of_the_page_are_read_and_fit_each_other() -> None:
    problem_text, plan_text = re.findall(r"```json\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    problem, plan = read_problem(problem_text), read_plan(plan_text)
    assert check(problem, plan) == []
    assert plan.cost == price(problem, plan)


def test_the_page_lists_every_field_and_every_code() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert all(f"| `{rule}` | {SENTENCES[rule]} |" in text for rule in Rule)
    for kind in (Carer, Task, Link, Vehicle, Weights, Problem, Route, Unserved):
        assert {field.name for field in fields(kind) if f"`{field.name}`" not in text} == set()


@pytest.mark.parametrize(("escape", "is_whole"), [(r"\ud800", False), (r"a\udfffb", False), (r"\ud83d\ude00", True)])
def test_half_a_character_is_refused_and_a_whole_one_is_read(escape: str, is_whole: bool) -> None:
    text = f'{{"name": "{escape}"}}'
    if is_whole:
        assert parsed(text) == {"name": "\N{GRINNING FACE}"}
        return
    with pytest.raises(ProblemError, match="half a character"):
        parsed(text)
