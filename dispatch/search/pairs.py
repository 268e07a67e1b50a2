"""What is known of two at a time: who may do what and at what price, and which tasks lie well behind or near which.

These tables grow with the square of the day. They are filled in blocks, and between two blocks the driver is given the
word, so that a stop request need not wait for them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from dispatch.model import NO_COSTS, UNREACHABLE, Carer, Problem, Task
from dispatch.rules import may_serve, preference_cost

Ints = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]
Look = Callable[[], None]
"""Called between two blocks of work; it may raise."""

NEAR = 30
"""Ranked predecessors kept per node."""

AROUND = 80
"""Neighbours by distance kept per node, for strings."""

PAIRS = 200_000
"""Pairs of tasks in one block, about 10 ms of work."""

MATCHES = 20_000
"""Carers asked about tasks in one block, about 10 ms of work where no two tasks are alike."""


def blocks(count: int, each: int, most: int) -> Iterator[slice]:
    """Parts of a range of ``count`` rows that take ``each`` steps, none of more than ``most`` steps or one row."""
    size = max(1, most // max(1, each))
    for low in range(0, count, size):
        yield slice(low, min(count, low + size))


# Who may do what.


class Faces:
    """Who may serve a task, and the price of each face at its door; tasks that ask alike are looked at once."""

    def __init__(self, problem: Problem) -> None:
        self.problem, self.number = problem, {carer.id: index for index, carer in enumerate(problem.carers)}
        self._able: dict[tuple[Any, ...], npt.NDArray[np.int8]] = {}
        self._prices: dict[tuple[Any, ...], Longs] = {}

    def able(self, task: Task) -> npt.NDArray[np.int8]:
        """For each carer whether nothing but times speaks against the task."""
        key = task.skills, task.banned_carers, task.allowed_carers, task.sex, task.sex_is_hard, task.pinned_carer
        if key not in self._able:
            self._able[key] = np.array([not may_serve(carer, task) for carer in self.problem.carers], dtype=np.int8)
        return self._able[key] if _pin_fits(task) else np.zeros_like(self._able[key])

    def prices(self, task: Task) -> Longs:
        """For each carer the price of the face."""
        key = task.other_carer_cost, task.sex, task.sex_is_hard, task.dialect, task.published_carer
        if key not in self._prices:
            plain = replace(task, carer_cost=NO_COSTS) if task.carer_cost else task
            self._prices[key] = np.array([self._price(carer, plain) for carer in self.problem.carers], dtype=np.int64)
        prices = self._prices[key]
        known = [self.number[name] for name in task.carer_cost if name in self.number]
        if known:
            prices = prices.copy()
            prices[known] = [self._price(self.problem.carers[index], task) for index in known]
        return prices

    def _price(self, carer: Carer, task: Task) -> int:
        return preference_cost(self.problem, carer, task)


def _pin_fits(task: Task) -> bool:
    """Whether a promised start lies in the task's hours."""
    pin = task.pinned_start_minutes
    return pin is None or any(window.opens_minutes <= pin <= window.closes_minutes for window in task.windows)


def pair_fields(
    problem: Problem, uses: list[int], breaks: list[int], rounds: list[tuple[int, int]], look: Look
) -> dict[str, Any]:
    """Who may do what, and the price of that face at that door.

    Parameters
    ----------
    problem
        The day.
    uses, breaks, rounds
        Task of each use, carer of each break, vehicle and turn of each round, as in `dispatch.search.arrays.Named`.
    look
        See `Look`.
    """
    tasks, carers = problem.tasks, len(problem.carers)
    nodes, routes = len(tasks) + len(uses) + len(breaks), carers + len(rounds)
    allowed = np.zeros((nodes, routes), dtype=np.int8)
    face = np.zeros((nodes, routes), dtype=np.int64)
    faces = Faces(problem)
    for block in blocks(len(tasks), carers, MATCHES):
        look()
        for node in range(block.start, block.stop):
            allowed[node, :carers], face[node, :carers] = faces.able(tasks[node]), faces.prices(tasks[node])
    for use, task in enumerate(uses):
        kind = tasks[task].vehicle_kind
        allowed[len(tasks) + use, carers:] = [problem.vehicles[van].kind == kind for van, _ in rounds]
    for index, carer in enumerate(breaks):
        allowed[len(tasks) + len(uses) + index, carer] = True
    return {"allowed": np.ascontiguousarray(allowed.T), "face": np.ascontiguousarray(face.T)}


def able_fields(fields: dict[str, Any], look: Look) -> dict[str, Any]:
    """The routes that may serve each node and the way there from their start; the ones that begin nearest first, but
    on days with links, where all of them are looked at.
    """
    nodes, routes, places = fields["nodes"], fields["routes"], fields["places"]
    drive, starts = fields["drive"].reshape(-1, places, places), fields["place"][nodes : nodes + routes]
    able, away = [np.zeros(0, dtype=np.int32)], [np.zeros(0, dtype=np.int32)]
    for block in blocks(nodes, routes, MATCHES):
        look()
        node, route = np.nonzero(fields["allowed"][:, block].T)
        way = drive[fields["mode"][route], starts[route], fields["place"][block][node]]
        order = np.lexsort((route if len(fields["link_to"]) else way, node))
        able.append(route[order].astype(np.int32))
        away.append(way[order])
    counts = fields["allowed"].sum(axis=0, dtype=np.int32)
    return {
        "able_at": np.concatenate([[0], np.cumsum(counts)]).astype(np.int32),
        "able": np.concatenate(able),
        "away": np.concatenate(away),
    }


# What lies well behind what, and near it.


def near_fields(fields: dict[str, Any], look: Look) -> dict[str, Any]:
    """The best predecessors of every node by travel + 0.2 x forced wait + forced lateness, and its neighbours.

    Left out of the predecessors: pairs nobody may serve both of, orders no window allows, and breaks (they move inside
    their route). Neighbours are tasks and uses by the way there and back, nearest first.
    """
    count, nodes = fields["breaks_from"], fields["nodes"]
    near, near_count = np.full((nodes, NEAR), -1, dtype=np.int32), np.zeros(nodes, dtype=np.int32)
    around, kept = np.zeros((nodes, AROUND), dtype=np.int32), min(count, AROUND)
    place = fields["place"][:count].astype(np.int64)
    drive = fields["drive"].min(axis=0).reshape(fields["places"], -1)
    able = np.ascontiguousarray(fields["allowed"][:, :count].T).astype(np.float32)
    for block in blocks(count, count, PAIRS):
        look()
        to, back = (drive[pair].astype(np.int64) for pair in (np.ix_(place, place[block]), np.ix_(place[block], place)))
        near[block], near_count[block] = _predecessors(fields, block, np.ascontiguousarray(to.T), able)
        around[block, :kept] = _neighbours(block, to.T, back, kept)
    return {"near": near, "near_count": near_count, "around": around, "around_count": kept}


def _predecessors(
    fields: dict[str, Any], block: slice, drive: Longs, able: npt.NDArray[np.float32]
) -> tuple[Ints, Ints]:
    """Ranked predecessors of a block of tasks; ``drive`` is the way to each of them (rows) from every task."""
    count = drive.shape[1]
    opens, hard = (fields[key][:count].astype(np.int64) for key in ("opens", "closes"))
    soft = np.minimum(hard, fields["due"][:count])
    service = fields["duration"][:count]
    arrival = (opens + service)[None, :] + drive
    wait = np.maximum(0, opens[block, None] - (soft + service)[None, :] - drive)
    score = drive + 0.2 * wait + np.maximum(0, arrival - soft[block, None])
    bad = (able[block] @ able.T < 0.5) | (arrival > hard[block, None]) | (drive >= UNREACHABLE)
    bad[np.arange(len(bad)), np.arange(block.start, block.stop)] = True
    score[bad] = np.inf
    known = np.minimum((~bad).sum(axis=1), NEAR)
    # Sorting all of a row would take five times as long as finding what is not behind the NEAR-th of it.
    least = min(NEAR, count) - 1
    row, column = np.nonzero((score <= np.partition(score, least, axis=1)[:, least : least + 1]) & ~bad)
    order = np.lexsort((score[row, column], row))  # stable: of equals the first task comes first
    row, column = row[order], column[order]
    rank = np.arange(len(row)) - np.searchsorted(row, row)
    ranked = np.full((len(bad), NEAR), -1, dtype=np.int32)
    ranked[row[rank < NEAR], rank[rank < NEAR]] = column[rank < NEAR]
    return ranked, known.astype(np.int32)


def _neighbours(block: slice, to: Longs, back: Longs, kept: int) -> Ints:
    """The tasks nearest to each of a block; of equals the first one comes first."""
    way, count = np.minimum(to, UNREACHABLE) + np.minimum(back, UNREACHABLE), to.shape[1]
    way[np.arange(len(way)), np.arange(block.start, block.stop)] = -1
    key = way * count + np.arange(count)
    nearest = np.sort(np.partition(key, kept - 1, axis=1)[:, :kept], axis=1)
    return np.asarray(nearest % count, dtype=np.int32)
