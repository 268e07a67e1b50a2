"""The driver of one worker: heats, chunks, limits and progress."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from dispatch.check import check, price
from dispatch.model import Carer, Cost, Limits, Plan, Problem, Progress, Task
from dispatch.search.anneal import anneal, mean_leg
from dispatch.search.arrays import Day, flatten
from dispatch.search.outcome import adopt, plan
from dispatch.search.recreate import recreate
from dispatch.search.room import make_room
from dispatch.search.state import BANKED, STATIC, State, assign, copy, cost, desk, empty
from dispatch.unserved import left_out

CHUNK_SECONDS = 0.02
"""CPU time between two looks at the clock and the stop request."""

CHUNK_MOVES, CHUNK_ROUNDS = 2_500, 40
"""Moves and rounds of ruin and recreate per chunk where steps are given."""

ROUND_STEPS = 50
"""Steps that a round counts for: about as many moves take its time."""

STEPS_PER_SECOND = 1_500_000
"""What a budget of steps is taken for when the first heat is chosen."""

COLD = 0.006
"""Last heat in mean legs."""

SCOUT, CYCLE_MS, MOST_CYCLES = 0.05, 30.0, 12
"""Share of the scouting anneal; CPU milliseconds per service of one anneal, and how many there are at most: several
anneals with reheats do better than one long one where there is time for each to cool slowly (measured at 10 s: 30 ms
against 12 ms is worth 1.3 points on 300_1; 80 ms is 0.4 points worse on days of 100)."""

SCOUT_HOT, HOT_PER_MS, LEAST_HOT, MOST_HOT, REHEAT = 0.3, 0.02, 0.4, 2.0, 0.3
"""First heat of the scouting anneal in mean legs; that of an anneal per millisecond and service of the run, its bounds
in mean legs (a least one of 0.3 costs a short-staffed day of 600 a fifth), and the share of it in a reheat."""

MOST_HARD = 4.0
"""How much more a day is heated at most where what is late or left out makes the cost, not travel (measured at 10 s:
a sixth cheaper on a linked day of 150 and two fewer visits left out, a tenth on a short-staffed one of 600)."""

SCOUTING, SCOUT_MS, FEW = 0.35, 5.0, 2
"""Share of time for scouting where a day is crowded (see `Worker._crowded`), CPU milliseconds per service of one scout
(measured on 75_1: of eight scouts of 5 ms six ended within 3 % of the best plan, of five that took 15 ms three), and
how many anneals, the first scout among them, are too few for it."""

SHARE_SLACK, SHARE_HARD, HARD = 1.0, 0.85, 1.3
"""Share of time for moves where tasks are linked and all are served: on a day with slack all of it but for one round of
recreating a chunk (0.8 points better than half of it on three days of 100), less where `Worker._hardness` is more than
HARD (75_1: -0.03 % against +5 %). Else it is half: there recreating pays more."""

ROOM, TRIES, SHAKE, ROOM_HEAT = 0.2, 32, 50, 0.02
"""Share of the time before each anneal in which room is made for what is left out; tries between two looks at the
clock; moves after each try, so that the next one meets other routes, and their heat in mean legs."""

WARM = 0.1
"""First heat where a plan is given to begin from."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How far a run has come, by CPU time of this thread or by steps."""

    seconds: float
    steps: int | None
    began: float

    @classmethod
    def of(cls, limits: Limits) -> Budget:
        return cls(limits.seconds, limits.steps, time.thread_time())

    def used(self, steps: int) -> float:
        """Share of the budget that is gone."""
        if self.steps is not None:
            return steps / self.steps
        return (time.thread_time() - self.began) / self.seconds

    def spent(self) -> float:
        """CPU seconds so far."""
        return time.thread_time() - self.began

    def expected(self) -> float:
        """CPU seconds this will take."""
        return self.seconds if self.steps is None else self.steps / STEPS_PER_SECOND


@dataclass(frozen=True, slots=True)
class Anneal:
    """One cooling: it ends when ``until`` of the budget is used; heats in mean legs."""

    until: float
    hot: float
    fresh: bool
    """Hot enough to forget the plan it begins from; hard days are heated more."""
    anew: bool = False
    """Begins with nobody sent anywhere, not with the best plan."""


def schedule(services: int, seconds: float, warm_start: bool) -> list[Anneal]:
    """The anneals of one run.

    A short scouting anneal, then as many as give each service about CYCLE_MS; every second one begins hot, the others
    reheat the best plan a little. Of three two begin hot: with only one the valley it ends in would decide (75_2 at
    10 s: 647 with each of three seeds, with one hot anneal 649 and 673). A given plan is only ever warmed.

    Parameters
    ----------
    services
        Nodes to plan.
    seconds
        CPU time of the whole run.
    warm_start
        Whether a plan is given to begin from.
    """
    if warm_start:
        return [Anneal(1.0, WARM, False)]
    per_service = 1000.0 * seconds * (1 - SCOUT) / max(1, services)
    count = min(max(1, round(per_service / CYCLE_MS)), MOST_CYCLES)
    hot = min(max(HOT_PER_MS * per_service, LEAST_HOT), MOST_HOT)
    anneals = [Anneal(SCOUT, SCOUT_HOT, True)]
    for index in range(count):
        fresh = (index % 2 == 0 or count == 3) and (index < count - 1 or count == 1)
        anneals.append(Anneal(SCOUT + (1 - SCOUT) * (index + 1) / count, hot if fresh else REHEAT * hot, fresh))
    return anneals


def scouts(services: int, seconds: float, ordinary: Sequence[Anneal]) -> list[Anneal]:
    """The anneals of a run on a crowded day: many scouts, each from nothing, then reheats of the best of them.

    Where a few carers have too much to do, the order of their visits makes the cost. It is settled while a plan is
    built, hardly changes later, and great heat loses it again: on 75_1 twenty hot anneals of 8 ms per service ended 8
    to 19 % above the best plan, sixteen scouts of 5 ms 0 to 14 %.

    Parameters
    ----------
    services, seconds
        As for `schedule`.
    ordinary
        What `schedule` gave, the first scout being done.
    """
    count = max(1, round(1000.0 * seconds * (SCOUTING - SCOUT) / max(1, services) / SCOUT_MS))
    step = (SCOUTING - SCOUT) / count
    anneals = [Anneal(SCOUT + step * (index + 1), SCOUT_HOT, False, anew=True) for index in range(count)]
    reheats = max(1, round((1 - SCOUTING) * (len(ordinary) - 1)))
    step, hot = (1 - SCOUTING) / reheats, ordinary[-1].hot
    return [ordinary[0], *anneals, *(Anneal(SCOUTING + step * (i + 1), hot, False) for i in range(reheats))]


def search(problem: Problem, limits: Limits, seed: int, start: Plan | None = None) -> Plan:
    """Plan a day on one core.

    Parameters
    ----------
    problem
        A problem that `dispatch.files.check_problem` accepts.
    limits, seed
        See `dispatch.model.Limits`; ``workers`` is not looked at here.
    start
        A plan to begin from, with little heat: what still fits of it is kept.
    """
    warm()
    return searched(problem, limits, seed, start)


class Stopped(Exception):
    """A stop was asked for before the search began."""


def searched(problem: Problem, limits: Limits, seed: int, start: Plan | None) -> Plan:
    """As `search`, with the kernels loaded."""
    try:
        worker = Worker(problem, limits, seed, start)
    except Stopped:
        return known(problem, start, seed) or Worker(problem, replace(limits, stop=None), seed, start).standing()
    return worker.run()


def known(problem: Problem, start: Plan | None, seed: int) -> Plan | None:
    """The plan that there is before any search: the given one (``None`` where it breaks a rule), or nobody goes."""
    routes = start.routes if start is not None else ()
    there = {stop.task for route in routes for stop in route.stops}
    unserved = left_out(problem, (task for task in problem.tasks if task.id not in there))
    found = Plan(routes, unserved, Cost(), "search", seed)
    return None if check(problem, found) else replace(found, cost=price(problem, found))


class Worker:
    """One search: the present plan, the best, and how far it is.

    Parameters
    ----------
    problem, limits, seed, start
        As for `search`.

    Raises
    ------
    Stopped
        Where a stop is asked for while the day is laid out in arrays.
    """

    def __init__(self, problem: Problem, limits: Limits, seed: int, start: Plan | None = None) -> None:
        self.limits, self.seed = limits, seed
        self.day, self.named = flatten(problem, self._look)
        self.desk, self.state = desk(self.day, seed), empty(self.day)
        if start is not None:
            adopt(self.day, self.named, self.state, self.desk, start)
        self.best, self.backup = copy(self.day, self.state), copy(self.day, self.state)
        self.budget = Budget.of(limits)
        self.anneals = schedule(self.day.breaks_from, self.budget.expected(), start is not None)
        self.steps, self.record = 0, int(cost(self.day, self.best)) + 1
        self.rounds, self.moves = 1, CHUNK_MOVES
        self.unit = 3 * mean_leg(self.day)

    def _look(self) -> None:
        if self.limits.stop and self.limits.stop():
            raise Stopped

    def run(self) -> Plan:
        """Search until the budget is gone or a stop is asked for."""
        began, number = 0.0, 0
        while number < len(self.anneals) and self._cool(self.anneals[number], began):
            began = self.anneals[number].until
            number += 1
            if number < len(self.anneals) and self.day.routes and self.best.total[BANKED]:
                began = self._make_room(began + ROOM * (self.anneals[number].until - began))
            if number == 1 and self._crowded():
                self.anneals = scouts(self.day.breaks_from, self.budget.expected(), self.anneals)
            if number < len(self.anneals):
                self._begin(self.anneals[number])
        return self.standing()

    def standing(self) -> Plan:
        """The best plan so far."""
        return plan(self.day, self.named, self.best, self.seed, self.steps, self.budget.spent())

    def _begin(self, cooling: Anneal) -> None:
        """Lay out the plan that an anneal begins from."""
        if cooling.anew:
            assign(self.state, empty(self.day))
            self.rounds, self.moves = 1, CHUNK_MOVES  # a round that fills an empty plan takes long
        else:
            assign(self.state, self.best)

    def _crowded(self) -> bool:
        """Whether linked tasks are all served and yet late, and there is time for more than one anneal."""
        served = self.day.has_links and not self.best.total[BANKED]
        return bool(served and self._hardness() > HARD and len(self.anneals) > FEW)

    def _cool(self, cooling: Anneal, began: float) -> bool:
        """One anneal; false where a stop was asked for."""
        stop: Callable[[], bool] | None = self.limits.stop
        hot = cooling.hot * (self._hardness() if cooling.fresh and began > 0 else 1.0)
        while self.day.breaks_from and self.day.routes:
            if stop and stop():
                return False
            used = self.budget.used(self.steps)
            if used >= cooling.until:
                break
            share = (used - began) / (cooling.until - began)
            self._turn(self.unit * hot * (COLD / hot) ** share)
            self._tell()
        return True

    def _make_room(self, until: float) -> float:
        """Try to bring in what the best plan leaves out; the share of the budget that is then gone."""
        stop: Callable[[], bool] | None = self.limits.stop
        assign(self.state, self.best)
        while self.best.total[BANKED] and self.budget.used(self.steps) < until and not (stop and stop()):
            for _ in range(TRIES):
                self._try_to_make_room()
            self._tell()
        return self.budget.used(self.steps)

    def _try_to_make_room(self) -> None:
        day, state, best, bench = self.day, self.state, self.best, self.desk
        if not state.total[BANKED]:  # all are served, but it does not pay
            assign(state, best)
        if state.total[BANKED]:
            make_room(day, state, best, bench)
        anneal(day, state, best, bench, SHAKE, self.unit * ROOM_HEAT)
        self.steps += SHAKE

    def _hardness(self) -> float:
        """Cost of the best plan by its travel, squared: 1 on a day with slack, more where much is late or left out."""
        total = int(cost(self.day, self.best))
        return float(min(MOST_HARD, max(1.0, total / max(1, int(self.best.total[STATIC]))) ** 2))

    def _turn(self, heat: float) -> None:
        """Some rounds of ruin and recreate, then some moves."""
        day, state, best, bench = self.day, self.state, self.best, self.desk
        began = time.thread_time()
        recreate(day, state, best, self.backup, bench, self.rounds, heat)
        between = time.thread_time()
        anneal(day, state, best, bench, self.moves, heat)
        self.steps += self.moves + ROUND_STEPS * self.rounds
        share = 0.5
        if day.has_links and not state.total[BANKED]:
            share = SHARE_HARD if self._hardness() > HARD else SHARE_SLACK
        if self.budget.steps is not None:
            self.rounds, self.moves = round(2 * CHUNK_ROUNDS * (1 - share)), round(2 * CHUNK_MOVES * share)
            return
        self.rounds = _sized(self.rounds, between - began, (1 - share) * CHUNK_SECONDS, 1)
        self.moves = _sized(self.moves, time.thread_time() - between, share * CHUNK_SECONDS, 100)

    def _tell(self) -> None:
        found = int(cost(self.day, self.best))
        if self.limits.on_progress and found < self.record:
            self.limits.on_progress(progress(self.day, self.best, self.budget, self.steps))
        self.record = min(self.record, found)


def _sized(count: int, took: float, wanted: float, least: int) -> int:
    """How many next time so that they take the seconds wanted."""
    return int(max(least, count * min(4.0, wanted / max(took, 1e-5))))


def progress(day: Day, best: State, budget: Budget, steps: int) -> Progress:
    """What is known now."""
    left_out = best.bank[: best.total[BANKED]]
    missing = sum(
        int(node < day.uses_from)
        for bundle in left_out
        for node in day.member[day.bundle_at[bundle] : day.bundle_at[bundle + 1]]
    )
    return Progress(int(cost(day, best)), day.uses_from - missing, budget.spent(), steps)


def warm() -> None:
    """Load the kernels, compiling them into the cache on disk where that has not been done."""
    if not _warmed:
        day, _ = flatten(_SMALL)
        bench, state = desk(day, 0), empty(day)
        best, backup = copy(day, state), copy(day, state)
        recreate(day, state, best, backup, bench, 1, 1.0)
        anneal(day, state, best, bench, 1, 1.0)
        make_room(day, empty(day), best, bench)
        _warmed.append(True)


_warmed: list[bool] = []

_SMALL = Problem(
    ("home",), {"default": np.zeros((1, 1), dtype=np.int32)}, (Carer("a", "home", "home"),), (Task("t", "home", 1),)
)
