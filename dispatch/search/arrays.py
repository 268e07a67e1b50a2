"""A problem as flat integer arrays: the only thing the kernels see.

Numbering. *Nodes* 0..tasks-1 are the tasks; then come the *uses* of vehicles (a task that needs a bathing van has a
second node on the van's round, linked ``setup_minutes`` before it), then the breaks, each pinned to its carer. *Routes*
0..carers-1 are the carers, then one per vehicle round. Route ``r`` begins at the sentinel ``nodes + r`` and ends at
``nodes + routes + r``. So vehicles and breaks need no rules of their own in the search: they are routes, tasks, links.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dispatch.model import FOREVER, Break, Carer, Problem, Task, Window
from dispatch.rules import hours_in_order, rests_on_the_way, sets_out_minutes, unserved_cost
from dispatch.search.compile import Table
from dispatch.search.pairs import Ints, Longs, Look, able_fields, near_fields, pair_fields

ANY, SAME, DIFFERENT = 0, 1, 2
_KINDS = {"any": ANY, "same": SAME, "different": DIFFERENT}


class Day(Table):
    """A problem for the kernels. Times in ticks, costs weighted; shapes in brackets, CSR pointers end in ``_at``."""

    nodes: int
    """Tasks, uses and breaks."""
    uses_from: int
    breaks_from: int
    routes: int
    bundles: int
    modes: int
    places: int
    place: Ints  # [nodes + 2 routes], -1 for breaks
    duration: Ints  # [nodes + 2 routes]
    due: Ints  # [nodes]
    opens: Ints  # [nodes] first window
    closes: Ints  # [nodes] last window
    window_at: Ints  # [nodes + 1]
    window_opens: Ints
    window_closes: Ints
    load: Ints  # [nodes]
    bundle: Ints  # [nodes]
    bundle_at: Ints  # [bundles + 1]
    member: Ints
    loss: Longs  # [bundles] cost of leaving it out; breaks have none
    link_at: Ints  # [nodes + 1]
    link_to: Ints
    link_most: Ints  # start(link_to) - start(node) <= link_most
    link_least: Ints  # start(link_to) - start(node) >= link_least
    link_kind: Ints  # ANY, SAME, DIFFERENT
    knotted: npt.NDArray[np.int8]  # [bundles] linked, on a day where a link ties two tasks of one carer
    allowed: npt.NDArray[np.int8]  # [routes * nodes]
    able_at: Ints  # [nodes + 1]
    able: Ints  # routes that may serve the node, the ones that begin nearest first
    away: Ints  # the way there from their start
    face: Longs  # [routes * nodes] preference cost
    drive: Ints  # [modes * places * places]
    mode: Ints  # [routes]
    shift_at: Ints  # [routes + 1]
    shift_opens: Ints
    shift_closes: Ints  # the last one with overtime
    due_home: Ints  # [routes] later arrival is overtime
    latest: Ints  # [routes] later arrival is forbidden
    most_visits: Ints  # [routes]
    most_work: Ints  # [routes]
    fair_work: Ints  # [routes]
    capacity: Ints  # [routes]
    weight: Longs  # travel, tardiness, worst tardiness, overtime, fairness
    near: Ints  # [nodes * NEAR] ranked predecessors, -1 behind the last
    near_count: Ints  # [nodes]
    around: Ints  # [nodes * AROUND] nodes by distance, itself first
    around_count: int
    has_breaks: bool
    has_rests: bool  # a route with several breaks
    has_shifts: bool  # a route with several shifts
    has_windows: bool  # a node with several windows
    has_loads: bool
    has_work: bool  # a bound or a fair share of work
    has_faces: bool
    has_modes: bool
    has_links: bool
    has_knots: bool
    has_ends: bool  # an unused route must not pay for the way from its start to its end


TRAVEL, TARDINESS, WORST, OVERTIME, FAIRNESS = range(5)
"""Indices of ``Day.weight``."""


@dataclass(frozen=True, slots=True)
class Named:
    """What the numbers of a `Day` stand for."""

    problem: Problem
    bundles: list[list[int]]
    uses: list[int]
    """Task of each use."""
    breaks: list[tuple[int, Break]]
    """Carer and break of each break node; rests at home before the shift are none."""
    rounds: list[tuple[int, int]]
    """Vehicle and round of each route behind the carers."""


def flatten(problem: Problem, look: Look = lambda: None) -> tuple[Day, Named]:
    """Arrays of a problem that `dispatch.files.check_problem` accepts, and what they stand for.

    ``look`` is called every few milliseconds; what it raises ends the work.
    """
    uses = [index for index, task in enumerate(problem.tasks) if task.vehicle_kind is not None]
    breaks = [(index, rest) for index, carer in enumerate(problem.carers) for rest in rests_on_the_way(carer)]
    rounds = [(index, turn) for index, van in enumerate(problem.vehicles) for turn in range(len(van.rounds))]
    links = [*_task_links(problem), *_use_links(problem, uses)]
    count = len(problem.tasks) + len(uses)
    bundles = [*_bundles(count, links), *([count + index] for index in range(len(breaks)))]
    named = Named(problem, bundles, uses, breaks, rounds)
    fields = {
        **_node_fields(named),
        **_bundle_fields(named),
        **_link_fields(named, links),
        **_route_fields(named),
        **pair_fields(problem, uses, [carer for carer, _ in breaks], rounds, look),
    }
    fields |= _flags(fields, named) | able_fields(fields, look) | near_fields(fields, look)
    for key in ("allowed", "face", "drive", "near", "around"):
        fields[key] = fields[key].ravel()
    return Day(**fields), named


def _ints(values: Any) -> Ints:
    return np.ascontiguousarray(np.minimum(np.asarray(values, dtype=np.int64), FOREVER), dtype=np.int32)


def _pointers(groups: list[Any]) -> Ints:
    return _ints(np.cumsum([0, *(len(group) for group in groups)]))


def _windows(named: Named) -> Iterator[tuple[Window, ...]]:
    """Allowed starts of every node."""
    for task in named.problem.tasks:
        pin = task.pinned_start_minutes
        fits = pin is not None and any(w.opens_minutes <= pin <= w.closes_minutes for w in task.windows)
        yield (Window(pin, pin),) if pin is not None and fits else hours_in_order(task)
    for _ in named.uses:
        yield (Window(0, FOREVER),)
    for _, rest in named.breaks:
        yield (rest.window,)


def _node_fields(named: Named) -> dict[str, Any]:
    problem = named.problem
    number = {place: index for index, place in enumerate(problem.places)}
    tasks = [*problem.tasks, *(problem.tasks[index] for index in named.uses)]
    setup = [problem.tasks[index].duration_minutes + _setup(problem, problem.tasks[index]) for index in named.uses]
    starts = [number[carer.start_place] for carer in problem.carers]
    ends = [number[carer.end_place] for carer in problem.carers]
    depots = [number[problem.vehicles[van].place] for van, _ in named.rounds]
    windows, breaks = list(_windows(named)), named.breaks
    routes = len(problem.carers) + len(named.rounds)
    durations = [task.duration_minutes for task in problem.tasks] + setup
    durations += [rest.duration_minutes for _, rest in named.breaks]
    due = [FOREVER if task.due_minutes is None else task.due_minutes for task in problem.tasks]
    nodes = len(windows)
    return {
        "nodes": nodes,
        "uses_from": len(problem.tasks),
        "breaks_from": len(tasks),
        "routes": routes,
        "places": len(problem.places),
        "place": _ints(
            [*(number[task.place] for task in tasks), *([-1] * len(breaks)), *starts, *depots, *ends, *depots]
        ),
        "duration": _ints(durations + [0] * (2 * routes)),
        "due": _ints(due + [FOREVER] * (nodes - len(due))),
        "opens": _ints([group[0].opens_minutes for group in windows]),
        "closes": _ints([group[-1].closes_minutes for group in windows]),
        "window_at": _pointers(windows),
        "window_opens": _ints([window.opens_minutes for group in windows for window in group]),
        "window_closes": _ints([window.closes_minutes for group in windows for window in group]),
        "load": _ints([task.load for task in problem.tasks] + [0] * (nodes - len(problem.tasks))),
    }


def _setup(problem: Problem, task: Task) -> int:
    return max((van.setup_minutes for van in problem.vehicles if van.kind == task.vehicle_kind), default=0)


def _task_links(problem: Problem) -> Iterator[tuple[int, int, int, int, int]]:
    """First, second, least and most gap, kind."""
    number = {task.id: index for index, task in enumerate(problem.tasks)}
    for link in problem.links:
        most = FOREVER if link.max_gap_minutes is None else link.max_gap_minutes
        yield number[link.first], number[link.second], link.min_gap_minutes, most, _KINDS[link.carers]


def _use_links(problem: Problem, uses: list[int]) -> Iterator[tuple[int, int, int, int, int]]:
    for index, task in enumerate(uses):
        setup = _setup(problem, problem.tasks[task])
        yield len(problem.tasks) + index, task, setup, setup, DIFFERENT


def _bundles(count: int, links: list[tuple[int, int, int, int, int]]) -> list[list[int]]:
    """Connected parts of the links, each in ascending order."""
    root = list(range(count))

    def find(node: int) -> int:
        while root[node] != node:
            root[node] = root[root[node]]
            node = root[node]
        return node

    for first, second, *_ in links:
        root[find(second)] = find(first)
    groups: dict[int, list[int]] = {}
    for node in range(count):
        groups.setdefault(find(node), []).append(node)
    return list(groups.values())


def _bundle_fields(named: Named) -> dict[str, Any]:
    problem, count = named.problem, len(named.problem.tasks)
    bundle = np.zeros(sum(len(group) for group in named.bundles), dtype=np.int32)
    for index, group in enumerate(named.bundles):
        bundle[group] = index
    losses = [sum(unserved_cost(problem, problem.tasks[v]) for v in group if v < count) for group in named.bundles]
    return {
        "bundles": len(named.bundles),
        "bundle": bundle,
        "bundle_at": _pointers(named.bundles),
        "member": _ints([node for group in named.bundles for node in group]),
        "loss": np.asarray(losses, dtype=np.int64),
    }


def _link_fields(named: Named, links: list[tuple[int, int, int, int, int]]) -> dict[str, Any]:
    around: list[list[tuple[int, int, int, int]]] = [[] for _ in range(sum(len(group) for group in named.bundles))]
    for first, second, least, most, kind in links:
        around[first].append((second, most, kind, least))
        around[second].append((first, -least, kind, -most))
    knotted = np.zeros(len(named.bundles), dtype=np.int8)
    for index, group in enumerate(named.bundles):
        knotted[index] = len(group) > 1
    if not any(kind != DIFFERENT for entries in around for _, _, kind, _ in entries):
        knotted[:] = 0
    flat = [entry for entries in around for entry in entries]
    return {
        "knotted": knotted,
        "link_at": _pointers(around),
        "link_to": _ints([entry[0] for entry in flat]),
        "link_most": _ints([entry[1] for entry in flat]),
        "link_kind": _ints([entry[2] for entry in flat]),
        "link_least": _ints([entry[3] for entry in flat]),
    }


def _shifts(carer: Carer) -> list[Window]:
    first, *others = carer.shifts
    return [Window(sets_out_minutes(carer), first.closes_minutes), *others]


def _bound(value: int | None) -> int:
    return FOREVER if value is None else value


def _route_fields(named: Named) -> dict[str, Any]:
    problem = named.problem
    vans = [problem.vehicles[van] for van, _ in named.rounds]
    turns = [problem.vehicles[van].rounds[turn] for van, turn in named.rounds]
    modes = {name: index for index, name in enumerate(problem.matrices)}
    shifts = [_shifts(carer) for carer in problem.carers] + [[turn] for turn in turns]
    overtime = [carer.max_overtime_minutes for carer in problem.carers] + [0] * len(turns)
    due_home = [group[-1].closes_minutes for group in shifts]
    latest = [close + extra for close, extra in zip(due_home, overtime, strict=True)]
    closes = [[*(shift.closes_minutes for shift in group[:-1]), end] for group, end in zip(shifts, latest, strict=True)]
    carers, weights, free = problem.carers, problem.weights, [FOREVER] * len(turns)
    return {
        "modes": len(modes),
        "drive": np.ascontiguousarray([problem.matrices[name].ravel() for name in modes], dtype=np.int32),
        "mode": _ints([modes[carer.mode] for carer in carers] + [modes[van.mode] for van in vans]),
        "shift_at": _pointers(shifts),
        "shift_opens": _ints([shift.opens_minutes for group in shifts for shift in group]),
        "shift_closes": _ints([close for group in closes for close in group]),
        "due_home": _ints(due_home),
        "latest": _ints(latest),
        "most_visits": _ints([_bound(c.max_visits) for c in carers] + [_bound(van.visits_per_round) for van in vans]),
        "most_work": _ints([_bound(carer.max_work_minutes) for carer in carers] + free),
        "fair_work": _ints([_bound(carer.target_work_minutes) for carer in carers] + free),
        "capacity": _ints([_bound(carer.capacity) for carer in carers] + free),
        "weight": np.asarray(
            [
                weights.travel_minute,
                weights.tardiness_minute,
                weights.worst_tardiness_minute,
                weights.overtime_minute,
                weights.fairness_minute,
            ],
            dtype=np.int64,
        ),
    }


def _flags(fields: dict[str, Any], named: Named) -> dict[str, bool]:
    count, routes = fields["nodes"], fields["routes"]
    place, drive, places = fields["place"], fields["drive"], fields["places"]
    home = place[count : count + routes].astype(np.int64) * places + place[count + routes :]
    return {
        "has_breaks": bool(named.breaks),
        "has_rests": any(len(named.problem.carers[carer].breaks) > 1 for carer, _ in named.breaks),
        "has_shifts": bool((np.diff(fields["shift_at"]) > 1).any()),
        "has_windows": bool((np.diff(fields["window_at"]) > 1).any()),
        "has_loads": bool(fields["load"].any()),
        "has_work": bool((fields["most_work"] < FOREVER).any() or (fields["fair_work"] < FOREVER).any()),
        "has_faces": bool(fields["face"].any()),
        "has_links": len(fields["link_to"]) > 0,
        "has_knots": bool(fields["knotted"].any()),
        "has_modes": len(drive) > 1,
        "has_ends": bool(drive[fields["mode"], home].any()),
    }
