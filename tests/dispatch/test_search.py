"""What a search promises: the same again, an end when asked, a plan from a plan, several workers."""

import time
from dataclasses import replace

import numpy as np
import pytest

from dispatch.check import check, price
from dispatch.hhcrsp import problem_from_hhcrsp
from dispatch.model import Carer, Limits, Problem, Progress, Task, Weights, Window
from dispatch.search import pairs, search, search_many, warm
from dispatch.search.arrays import flatten
from dispatch.search.run import Worker, schedule, scouts
from tests.dispatch.published import instance

STEPS = Limits(steps=30_000)


def village(visits: int = 30, carers: int = 5, seed: int = 4) -> Problem:
    """A day with hard windows on which not everything can be done."""
    random = np.random.default_rng(seed)
    spots = random.uniform(0, 40, (visits + 1, 2))
    drives = np.rint(np.linalg.norm(spots[:, None] - spots[None], axis=2)).astype(np.int32)
    places = tuple(f"p{index}" for index in range(visits + 1))
    staff = tuple(Carer(f"c{index}", "p0", "p0", (Window(480, 720),)) for index in range(carers))
    opens = random.integers(480, 650, visits)
    tasks = tuple(
        Task(f"t{index}", places[index + 1], 25, (Window(int(start), int(start) + 60),), tier=index % 4)
        for index, start in enumerate(opens)
    )
    return Problem(places, {"default": drives}, staff, tasks)


def test_the_same_seed_and_steps_give_the_same_plan() -> None:
    for problem in (village(), problem_from_hhcrsp(instance(20, 5, 1))):
        first, second = (replace(search(problem, STEPS, 7), cpu_seconds=0.0) for _ in range(2))
        assert first == second
        assert first.steps >= 30_000
        assert check(problem, first) == []
        assert price(problem, first) == first.cost


def test_another_seed_gives_another_plan() -> None:
    problem = village()
    assert len({search(problem, Limits(steps=500), seed).routes for seed in range(4)}) > 1


def test_more_steps_are_not_worse_and_what_is_left_out_has_a_reason() -> None:
    problem = village(carers=3)
    short, long = search(problem, Limits(steps=100), 1), search(problem, Limits(steps=100_000), 1)
    assert long.cost.total <= short.cost.total
    assert long.cost.unserved < short.cost.unserved
    assert {entry.reason for entry in short.unserved} == {"no_time"}


def test_a_stop_is_obeyed_and_the_plan_is_whole() -> None:
    problem, asked = village(), []
    warm()
    found = search(problem, Limits(seconds=1000.0, stop=lambda: bool(asked.append(1)) or len(asked) > 3), 1)
    assert len(asked) == 4
    assert found.cpu_seconds < 60
    assert check(problem, found) == []


def test_progress_tells_better_and_better_plans() -> None:
    told: list[Progress] = []
    found = search(village(), Limits(steps=60_000, on_progress=told.append), 2)
    costs = [news.cost for news in told]
    assert costs == sorted(costs, reverse=True)
    assert costs[-1] == found.cost.total
    assert told[-1].served == len(village().tasks) - len(found.unserved)


def test_a_given_plan_is_kept_where_changes_cost_more_than_they_save() -> None:
    problem = village(24, 6)
    published = search(problem, STEPS, 1)
    whom = {stop.task: route.carer for route in published.routes for stop in route.stops}
    tasks = tuple(replace(task, published_carer=whom.get(task.id)) for task in problem.tasks)
    firm = replace(problem, tasks=tasks, weights=Weights(changed_visit=5_000))
    again = search(firm, Limits(steps=5_000), 2, published)
    assert again.cost.preferences == 0
    assert {stop.task: route.carer for route in again.routes for stop in route.stops} == whom


def test_workers_bring_the_better_of_their_plans() -> None:
    problem = problem_from_hhcrsp(instance(20, 5, 1))
    alone = [search(problem, Limits(steps=4_000), seed).cost.total for seed in (3, 4)]
    told: list[Progress] = []
    both = search_many(problem, Limits(steps=4_000, workers=2, on_progress=told.append), 3)
    assert both.cost.total == min(alone)
    assert told[-1].cost == both.cost.total


def test_workers_obey_a_stop() -> None:
    problem = problem_from_hhcrsp(instance(20, 5, 1))
    seen: list[Progress] = []
    limits = Limits(seconds=1000.0, workers=2, on_progress=seen.append, stop=lambda: len(seen) > 0)
    began = time.monotonic()
    found = search_many(problem, limits, 3)
    assert check(problem, found) == []
    assert time.monotonic() - began < 300


@pytest.mark.parametrize("tasks", [(), (Task("t", "p0", 10),)])
def test_nobody_to_send_or_nobody_to_visit_is_an_answer(tasks: tuple[Task, ...]) -> None:
    nobody = Problem(("p0",), {"default": np.zeros((1, 1), dtype=np.int32)}, (), tasks)
    found = search(nobody, STEPS, 1)
    assert found.routes == ()
    assert [entry.reason for entry in found.unserved] == ["no_carer"] * len(tasks)
    somebody = replace(nobody, carers=(Carer("c", "p0", "p0"),), tasks=())
    assert search(somebody, STEPS, 1).routes == ()


def test_long_runs_cool_several_times_and_given_plans_are_only_warmed() -> None:
    assert len(schedule(400, 10.0, False)) < len(schedule(65, 10.0, False))
    assert schedule(65, 10.0, False)[-1].until == pytest.approx(1.0)
    assert [anneal.fresh for anneal in schedule(65, 10.0, True)] == [False]


@pytest.mark.parametrize(("services", "begin_hot"), [(260, "H"), (130, "Hr"), (98, "HHr"), (65, "HrHrr")])
def test_two_anneals_begin_hot_wherever_there_is_time_for_three(services: int, begin_hot: str) -> None:
    kinds = ["H" if anneal.fresh else "r" for anneal in schedule(services, 10.0, False)[1:]]
    assert "".join(kinds) == begin_hot


def test_a_crowded_day_is_scouted_from_nothing_again_and_again() -> None:
    limits, roomy = Limits(steps=800_000), instance(8, 6, 1)
    rushed = instance(8, 2, 1)
    for patient in rushed["patients"]:
        patient["time_window"] = [0.0, 60.0]
    late = [Worker(problem_from_hhcrsp(rushed), limits, 5) for _ in range(2)]
    first, second = (replace(worker.run(), cpu_seconds=0.0) for worker in late)
    assert first == second
    assert first.cost.tardiness > first.cost.travel
    assert sum(anneal.anew for anneal in late[0].anneals) > 2
    relaxed = Worker(problem_from_hhcrsp(roomy), limits, 5)
    relaxed.run()
    assert not any(anneal.anew for anneal in relaxed.anneals)


def test_scouts_share_a_third_of_the_time_before_the_best_of_them_is_reheated() -> None:
    ordinary = schedule(98, 10.0, False)
    anneals = scouts(98, 10.0, ordinary)
    assert anneals[0] == ordinary[0]
    assert [anneal.anew for anneal in anneals] == [False] + [True] * 6 + [False] * 2
    assert [anneal.until for anneal in anneals] == sorted(anneal.until for anneal in anneals)
    assert anneals[6].until == pytest.approx(0.35)
    assert anneals[-1].until == pytest.approx(1.0)
    assert len(scouts(98, 60.0, schedule(98, 60.0, False))) > 2 * len(anneals)


def looks_while_laid_out(problem: Problem, monkeypatch: pytest.MonkeyPatch) -> int:
    """How often the driver has the word while the tables of a day are filled, in blocks of 20 and 300 steps."""
    monkeypatch.setattr(pairs, "MATCHES", 20)
    monkeypatch.setattr(pairs, "PAIRS", 300)
    looks: list[int] = []
    flatten(problem, lambda: looks.append(1))
    return len(looks)


def test_no_work_before_the_search_is_longer_than_a_block(monkeypatch: pytest.MonkeyPatch) -> None:
    assert looks_while_laid_out(village(30, 5), monkeypatch) == 8 + 8 + 3  # 30 x 5 by 20 twice, 30 x 30 by 300
    assert [(part.start, part.stop) for part in pairs.blocks(7, 100, 300)] == [(0, 3), (3, 6), (6, 7)]
    assert [(part.start, part.stop) for part in pairs.blocks(2, 100, 30)] == [(0, 1), (1, 2)]
    assert list(pairs.blocks(0, 0, 30)) == []


def test_a_stop_while_a_day_is_laid_out_leaves_the_plan_there_was(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = village()
    published = search(problem, Limits(steps=500), 1)
    called_off = replace(problem, tasks=problem.tasks[1:])
    for last in range(1, looks_while_laid_out(problem, monkeypatch) + 1):
        for day, start in ((problem, None), (problem, published), (called_off, published)):
            asked: list[int] = []

            def stop(asked: list[int] = asked, last: int = last) -> bool:
                asked.append(1)
                return len(asked) == last

            found = search(day, Limits(seconds=1000.0, stop=stop), 3, start)
            assert len(asked) == last
            assert check(day, found) == []
            assert price(day, found) == found.cost
            there = {stop.task for route in (start.routes if start else ()) for stop in route.stops}
            assert {stop.task for route in found.routes for stop in route.stops} == there & {
                task.id for task in day.tasks
            }
            assert (found.engine, found.seed, found.steps) == ("search", 3, 0)
