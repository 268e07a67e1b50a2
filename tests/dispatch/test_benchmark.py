"""Generated days, the peers' adapters, the independent score of published plans, tables."""

import json
from pathlib import Path

import numpy as np
import pytest

from dispatch.benchmark import peers
from dispatch.benchmark.hhcrsp_bench import (
    BenchError,
    Instance,
    Result,
    Run,
    group_rows,
    judge,
    pack,
    read_instances,
    unpack,
)
from dispatch.benchmark.report import compare, markdown, replace_between
from dispatch.benchmark.rural import generate
from dispatch.benchmark.rural_bench import Case, Outcome, summary
from dispatch.benchmark.scorer import score
from dispatch.check import check, price
from dispatch.model import Problem
from dispatch.valid import check_problem

# The generator.


def signature(problem: Problem) -> tuple[object, ...]:
    matrices = tuple((mode, matrix.tobytes()) for mode, matrix in problem.matrices.items())
    return problem.places, problem.carers, problem.tasks, problem.links, matrices


def test_the_same_name_gives_the_same_day_and_another_number_another() -> None:
    assert signature(generate(50, 1).problem) == signature(generate(50, 1).problem)
    assert signature(generate(50, 1).problem) != signature(generate(50, 2).problem)


@pytest.mark.parametrize("sync", [False, True])
@pytest.mark.parametrize("visits", [1, 50, 150])
def test_days_can_be_planned_and_their_shares_are_the_announced_ones(visits: int, sync: bool) -> None:
    problem = generate(visits, 3, sync=sync).problem
    check_problem(problem)
    named = [task.id.split() for task in problem.tasks]
    kinds = [kind for kind, number, *rest in named if not rest]
    assert len(kinds) == visits
    if visits == 150:
        mix = {kind: kinds.count(kind) for kind in set(kinds)}
        assert mix == {"check-in": 59, "meal": 38, "bath": 33, "escort": 20}
        assert all(len(task.windows) == 1 for task in problem.tasks)


def test_short_staffed_days_have_fewer_carers_for_the_same_visits() -> None:
    well, short = generate(150, 1).problem, generate(150, 1, short_staffed=True).problem
    assert well.tasks == short.tasks
    assert len(short.carers) == 20 and len(well.carers) == 25


def test_roads_are_trees_where_every_way_is_the_sum_of_its_stretches() -> None:
    day = generate(50, 1)
    for mode, minutes in day.problem.matrices.items():
        assert (minutes == minutes.T).all() and (np.diag(minutes) == 0).all(), mode
        through = np.min(minutes[:, :, None] + minutes[None, :, :], axis=1)
        assert (through >= minutes - 2).all()  # whole minutes: two roundings
    high = [number for number, node in enumerate(day.country) if node.height > 900]
    assert high


# The peers.


def test_every_peer_plans_a_small_day_and_the_checker_agrees_with_its_plan() -> None:
    problem = generate(20, 1).problem
    assert peers.expressible(problem) == ""
    for name in ("pyvrp", "vroom"):
        plan = peers.PEERS[name](problem, 0.5, 1)
        assert check(problem, plan) == [], name
        served = sum(len(route.stops) for route in plan.routes)
        assert served + len(plan.unserved) == 20 and served >= 10, name
        assert price(problem, plan).total > 0


def test_a_day_that_peers_cannot_express_is_named_by_what_they_lack() -> None:
    assert peers.expressible(generate(50, 1, sync=True).problem) == "linked tasks, meals handed over, breaks"


def test_times_of_an_order_are_the_earliest_ones() -> None:
    problem = generate(20, 1).problem
    plan = peers.timed(problem, [[0], *([] for _ in problem.carers[1:])], "hand")
    (route,) = plan.routes
    carer, task = problem.carers[0], problem.tasks[0]
    drive = int(problem.matrices[carer.mode][problem.places.index(carer.start_place), problem.places.index(task.place)])
    start = max(carer.shifts[0].opens_minutes + drive, task.windows[0].opens_minutes)
    assert (route.stops[0].start_minutes, route.leave_minutes) == (start, start - drive)
    assert len(plan.unserved) == 19


# The score of published plans: two patients, one needs two caregivers at once, the other one after the other.

INSTANCE = {
    "patients": [
        {"id": "p1", "time_window": [10, 20],
         "required_caregivers": [{"service": "s1", "duration": 5}, {"service": "s2"}],
         "synchronization": {"type": "simultaneous"}},
        {"id": "p2", "time_window": [30, 40], "required_caregivers": [{"service": "s1"}, {"service": "s2"}],
         "synchronization": {"type": "sequential", "distance": [5, 15]}},
    ],
    "services": [{"id": "s1", "default_duration": 8}, {"id": "s2", "default_duration": 6}],
    "caregivers": [{"id": "c1", "abilities": ["s1"]}, {"id": "c2", "abilities": ["s1", "s2"]}],
    "distances": [[0, 10, 7], [10, 0, 12.5], [7, 12.5, 0]],
}  # fmt: skip


def solution(**starts: float) -> dict[str, object]:
    at = {"a1": 12.0, "b1": 12.0, "a2": 45.0, "b2": 50.0} | starts
    stops = {
        key: {"patient": f"p{key[1]}", "service": "s1" if key[0] == "a" else "s2",
              "arrival_time": at[key], "departure_time": at[key] + took}
        for key, took in {"a1": 5, "b1": 6, "a2": 8, "b2": 6}.items()
    }  # fmt: skip
    routes = [
        {"caregiver_id": "c1", "locations": [stops["a1"], stops["a2"]]},
        {"caregiver_id": "c2", "locations": [stops["b1"], stops["b2"]]},
    ]
    return {"routes": routes}


def test_the_score_is_distance_plus_total_plus_greatest_tardiness_over_three() -> None:
    found = score(INSTANCE, solution())
    assert found.errors == ()
    assert (found.distance, found.total_tardiness, found.greatest_tardiness) == (59.0, 5.0 + 10.0, 10.0)
    assert found.cost == pytest.approx((59 + 15 + 10) / 3)


@pytest.mark.parametrize(
    ("starts", "said"),
    [
        ({"a1": 9.5, "b1": 9.5}, "before the window"),
        ({"b1": 12.5}, "the second starts 0.500 minutes after the first, not 0 to 0"),
        ({"b2": 61.0}, "the second starts 16.000 minutes after the first, not 5 to 15"),
        ({"a2": 29.0, "b2": 40.0}, "cannot be there before 29.500"),
    ],
)
def test_every_broken_rule_of_time_is_named(starts: dict[str, float], said: str) -> None:
    assert any(said in error for error in score(INSTANCE, solution(**starts)).errors)


def test_wrong_hands_and_missing_services_are_named() -> None:
    plan = solution()
    routes: list[dict[str, object]] = plan["routes"]  # type: ignore[assignment]
    swapped = {"routes": [routes[0] | {"caregiver_id": "c2"}, routes[1] | {"caregiver_id": "c1"}]}
    assert any("caregiver c1 is not able to" in error for error in score(INSTANCE, swapped).errors)
    assert "patient p1: 1 services are missing" in score(INSTANCE, {"routes": routes[:1]}).errors
    alone = {"routes": [{"caregiver_id": "c2", "locations": [*routes[0]["locations"], *routes[1]["locations"]]}]}  # type: ignore[misc]
    assert "patient p1: one caregiver gives both services" in score(INSTANCE, alone).errors


# The published instances' bench, on the instance above.


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tiny.json").write_text(json.dumps(INSTANCE))
    (tmp_path / "best_known.csv").write_text("set,instance,patients,cost\nmade,tiny.json,2,30.0\nmade,other.json,2,1\n")
    return tmp_path


def test_instances_are_those_the_table_names_and_the_folder_holds(folder: Path) -> None:
    assert read_instances(folder) == [Instance("tiny.json", "made", 2, 30.0, folder / "tiny.json")]
    with pytest.raises(BenchError, match=r"best_known\.csv is missing"):
        read_instances(folder / "nowhere")


def test_a_plan_survives_its_archive_and_a_bad_one_enters_no_table(folder: Path) -> None:
    run = Run(read_instances(folder)[0], 10, 1)
    kept = folder / "plans"
    kept.mkdir()
    (kept / run.file).write_text(json.dumps(solution()))
    pack([run], kept, folder / "plans.tar.xz")
    unpack(folder / "plans.tar.xz", folder / "again")
    plan = json.loads((folder / "again" / "tiny-10s-seed1.json").read_text())
    assert judge(run, INSTANCE, plan).cost == pytest.approx(28.0)
    with pytest.raises(BenchError, match="breaks rules"):
        judge(run, INSTANCE, solution(b1=13.0))


def test_groups_are_means_over_instances_of_means_over_seeds(folder: Path) -> None:
    small, large = (Instance(f"{n}.json", "made", n, 100.0, folder / f"{n}.json") for n in (25, 50))
    costs = [(small, 1, 90.0), (small, 2, 100.0), (large, 1, 105.0), (large, 2, 101.0)]
    results = [Result(Run(instance, 10, seed), cost, 10.0, False) for instance, seed, cost in costs]
    found = {row.case: row.ratio for row in group_rows(results)}
    assert found == {
        "25 to 75 patients, 10 s: mean over instances": 0.99,
        "25 to 75 patients, 10 s: worst instance": 1.03,
    }


# The rural bench and its tables.


def test_the_summary_is_the_median_over_days_and_seeds_and_counts_who_serves_fewer() -> None:
    def case(day: str, ours: list[int], best: list[int], served: int) -> Case:
        mine = {seed: Outcome(cost, served, 1.0, "ours") for seed, cost in enumerate(ours)}
        other = {seed: Outcome(cost, 50, 1.0, "pyvrp") for seed, cost in enumerate(best)}
        vroom = {0: Outcome(10_000, 50, 1.0, "vroom")}
        return Case(day, False, False, 10.0, mine, {"pyvrp": other, "vroom": vroom})

    cases = [case("a", [90, 100], [100, 100], 50), case("b", [110, 130], [100, 100], 49)]
    rows = {row.case: row for row in summary(cases)}
    assert rows["median of 2 well-staffed days, 10 s"].ratio == pytest.approx(1.05)
    assert rows["median of 2 well-staffed days, 10 s: runs that serve fewer"].ours == 2
    assert rows["a: best of 2 seeds at 10 s"].ratio == pytest.approx(1.0)
    assert rows["b: best of 2 seeds at 10 s"].ratio == pytest.approx(1.1)


def test_tables_stand_between_their_marks_and_nothing_else_changes(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- rural -->\nold\n<!-- /rural -->\nafter\n")
    replace_between(page, "rural", markdown(["day", "cost"], [["a", 5], ["bb", 12]]))
    assert page.read_text().splitlines()[1:6] == [
        "<!-- rural -->", "| day | cost |", "| --- | ---: |", "| a   |    5 |", "| bb  |   12 |",
    ]  # fmt: skip
    with pytest.raises(ValueError, match="marks"):
        replace_between(page, "hhcrsp", "")


def test_a_peer_without_an_answer_has_no_ratio() -> None:
    assert compare("day", 5, "vroom", None, "cost").ratio is None
    assert compare("day", 5, "vroom", 4, "cost").ratio == 1.25
