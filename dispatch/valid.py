"""What a problem has to fulfil before anybody plans it, and what is remarkable about it.

Errors make the problem meaningless (a window that closes before it opens); the first one found is raised. Remarks leave
it meaningful (a task nobody may do): the plan leaves the task out with its reason, and the remark says so beforehand.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from dispatch.model import FOREVER, UNREACHABLE, Break, Carer, Link, Problem, ProblemError, Task, Vehicle, Window
from dispatch.rules import may_serve

MAX_TASKS = 5_000
MAX_PLACES = 6_000
MAX_CARERS = 2_000
MAX_BYTES = 400_000_000
MAX_COST = 10**12
MAX_UNITS = 60_000
SIGNED = {"load", "min_gap_minutes", "max_gap_minutes"}
"""Numbers that may be below zero."""


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that a planner should know before planning.

    ``code`` is one of ``no_carers``, ``no_tasks``, ``carer_unused`` (no task may go to that carer), ``no_carer``
    (nobody may do the task), ``no_road`` (nobody who may do it gets there and back), ``no_vehicle``, ``pin_absent``
    (promised to somebody who is not there) and ``two_at_once`` (one carer is asked for two tasks at the same time).
    """

    code: str
    path: str
    reason: str
    remedy: str


def check_problem(problem: Problem) -> list[Remark]:
    """Remarks on a problem that can be planned.

    Raises
    ------
    ProblemError
        For the first thing that keeps it from being planned: sizes, matrices, references, numbers, windows, links.
    """
    _sizes(problem)
    _ids(problem)
    _matrices(problem)
    _numbers("", problem)
    places = frozenset(problem.places)
    for index, carer in enumerate(problem.carers):
        _carer(places, problem.matrices, carer, f"carers[{index}]")
    for index, task in enumerate(problem.tasks):
        _known("place", task.place, places, f"tasks[{index}].place")
        _windows(task.windows, f"tasks[{index}].windows", in_order=False)
    for index, vehicle in enumerate(problem.vehicles):
        _vehicle(places, problem.matrices, vehicle, f"vehicles[{index}]")
    _links(problem)
    return list(_remarks(problem))


# Errors.


def _sizes(problem: Problem) -> None:
    for name, items, most in (
        ("tasks", problem.tasks, MAX_TASKS),
        ("places", problem.places, MAX_PLACES),
        ("carers", problem.carers, MAX_CARERS),
        ("vehicles", problem.vehicles, MAX_CARERS),
        ("links", problem.links, 2 * MAX_TASKS),
    ):
        if len(items) > most:
            reason = f"are {len(items)}, more than the {most} a day may have"
            raise ProblemError(name, reason, "Split the day, by township for example")
    if not 1 <= problem.units_per_minute <= MAX_UNITS:
        raise ProblemError("units_per_minute", f"is {problem.units_per_minute}", f"Write 1 to {MAX_UNITS}")
    if not problem.weights.unserved:
        raise ProblemError("weights.unserved", "is empty", "Give the cost of leaving out a task, one for each tier")


def _matrices(problem: Problem) -> None:
    side = len(problem.places)
    for mode, matrix in problem.matrices.items():
        if matrix.shape != (side, side):
            shape = " x ".join(str(length) for length in matrix.shape)
            remedy = "A matrix is square: one row and one column for each place"
            raise ProblemError(f"matrices.{mode}", f"is {shape} for {side} places", remedy)
        if matrix.dtype.kind not in "iu":
            raise ProblemError(f"matrices.{mode}", f"holds {matrix.dtype}", "Give whole ticks (int32)")
        outside = np.argwhere((matrix < 0) | (matrix > UNREACHABLE))
        if len(outside):
            row, column = (int(number) for number in outside[0])
            where = f"matrices.{mode}[{row}][{column}]"
            raise ProblemError(
                where, f"is {int(matrix[row, column])}", f"Write 0 to {UNREACHABLE}, or null for no road"
            )


def _numbers(path: str, value: object) -> None:
    """Every whole number of the model lies in its range; walks along the fields."""
    if dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            _number(f"{path}.{field.name}" if path else field.name, field.name, getattr(value, field.name))


def _number(path: str, name: str, value: object) -> None:
    if isinstance(value, tuple):
        for index, item in enumerate(value):
            _number(f"{path}[{index}]", name, item)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            _number(f"{path}.{key}", name, item)
    elif isinstance(value, int):
        most = FOREVER if name.endswith("_minutes") else MAX_COST
        least = -most if name in SIGNED else 0
        if not least <= value <= most:
            raise ProblemError(path, f"is {value}", f"Write {least} to {most}")
    else:
        _numbers(path, value)


def _ids(problem: Problem) -> None:
    for name, ids in (
        ("places", problem.places),
        ("carers", [carer.id for carer in problem.carers]),
        ("tasks", [task.id for task in problem.tasks]),
        ("vehicles", [vehicle.id for vehicle in problem.vehicles]),
    ):
        seen: dict[str, int] = {}
        for index, text in enumerate(ids):
            where = f"{name}[{index}]" if name == "places" else f"{name}[{index}].id"
            if not text and name != "places":
                raise ProblemError(where, "is empty", "Give it a name of its own")
            if text in seen:
                raise ProblemError(where, f"is {text!r}, as {name}[{seen[text]}] is", "Give each a name of its own")
            seen[text] = index
    rounds = {f"{vehicle.id}#{index}" for vehicle in problem.vehicles for index in range(len(vehicle.rounds))}
    for index, carer in enumerate(problem.carers):
        if carer.id in rounds:
            raise ProblemError(
                f"carers[{index}].id", f"{carer.id!r} also names a vehicle's round", "Rename one of the two"
            )


def _known(what: str, name: str, names: Container[str], path: str) -> None:
    if name not in names:
        raise ProblemError(
            path, f"names the {what} {name!r}, which is not there", f"Correct the name or add the {what}"
        )


def _windows(windows: Sequence[Window], path: str, in_order: bool) -> None:
    if not windows:
        raise ProblemError(path, "is empty", "Give at least one span of time, or leave the field out for the whole day")
    for index, window in enumerate(windows):
        if window.closes_minutes < window.opens_minutes:
            reason = f"is {window.closes_minutes}, before it opens at {window.opens_minutes}"
            raise ProblemError(f"{path}[{index}].closes_minutes", reason, "Swap or correct the two times")
    if in_order:
        for index, (early, late) in enumerate(pairwise(windows)):
            if late.opens_minutes < early.closes_minutes:
                reason = f"is {late.opens_minutes}, before the one before it closes at {early.closes_minutes}"
                raise ProblemError(f"{path}[{index + 1}].opens_minutes", reason, "Put them in order, without overlap")


def _carer(places: Container[str], modes: Container[str], carer: Carer, path: str) -> None:
    _known("place", carer.start_place, places, f"{path}.start_place")
    _known("place", carer.end_place, places, f"{path}.end_place")
    _known("mode", carer.mode, modes, f"{path}.mode")
    _windows(carer.shifts, f"{path}.shifts", in_order=True)
    for index, rest in enumerate(carer.breaks):
        _break(rest, f"{path}.breaks[{index}]")
    for index, (early, late) in enumerate(pairwise(carer.breaks)):
        if late.window.opens_minutes < early.window.opens_minutes:
            where = f"{path}.breaks[{index + 1}].window.opens_minutes"
            raise ProblemError(where, "is before the opening of the break before it", "Put the breaks in order of time")


def _break(rest: Break, path: str) -> None:
    if rest.window.closes_minutes < rest.window.opens_minutes:
        reason = f"is {rest.window.closes_minutes}, before it opens at {rest.window.opens_minutes}"
        raise ProblemError(f"{path}.window.closes_minutes", reason, "Swap or correct the two times")


def _vehicle(places: Container[str], modes: Container[str], vehicle: Vehicle, path: str) -> None:
    _known("place", vehicle.place, places, f"{path}.place")
    _known("mode", vehicle.mode, modes, f"{path}.mode")
    _windows(vehicle.rounds, f"{path}.rounds", in_order=True)
    if not vehicle.kind:
        raise ProblemError(f"{path}.kind", "is empty", "Write the kind that tasks ask for, as in vehicle_kind")


def _links(problem: Problem) -> None:
    names, pairs = {task.id for task in problem.tasks}, dict[frozenset[str], int]()
    for index, link in enumerate(problem.links):
        path = f"links[{index}]"
        _known("task", link.first, names, f"{path}.first")
        _known("task", link.second, names, f"{path}.second")
        if link.first == link.second:
            raise ProblemError(f"{path}.second", f"is {link.second!r}, as first is", "A link joins two tasks")
        if link.max_gap_minutes is not None and link.max_gap_minutes < link.min_gap_minutes:
            reason = f"is {link.max_gap_minutes}, less than min_gap_minutes {link.min_gap_minutes}"
            raise ProblemError(f"{path}.max_gap_minutes", reason, "Correct one of the two")
        before = pairs.setdefault(frozenset((link.first, link.second)), index)
        if before != index:
            raise ProblemError(path, f"joins the same two tasks as links[{before}]", "Keep one of the two")
    _gaps(problem)


def _gaps(problem: Problem) -> None:
    """Gaps around a circle of links do not contradict each other (no positive cycle; Bellman and Ford)."""
    arcs = [(link.first, link.second, link.min_gap_minutes, index) for index, link in enumerate(problem.links)]
    arcs += [
        (link.second, link.first, -link.max_gap_minutes, index)
        for index, link in enumerate(problem.links)
        if link.max_gap_minutes is not None
    ]
    start: dict[str, int] = {name: 0 for arc in arcs for name in arc[:2]}
    late: int | None = None
    for _ in range(len(start) + 1):
        late = None
        for first, second, gap, index in arcs:
            if start[first] + gap > start[second]:
                start[second], late = start[first] + gap, index
        if late is None:
            return
    if late is not None:
        reason = "contradicts other links: around the circle of these tasks the gaps do not add up"
        raise ProblemError(f"links[{late}]", reason, "Take out one of the links, or widen its gaps")


# Remarks.


def _remarks(problem: Problem) -> Iterator[Remark]:
    if not problem.carers:
        yield Remark("no_carers", "carers", "is empty: every task will be left out", "Add the carers of the day")
    if not problem.tasks:
        yield Remark("no_tasks", "tasks", "is empty: there is nothing to plan", "Add the visits of the day")
    number = {place: index for index, place in enumerate(problem.places)}
    for index, task in enumerate(problem.tasks if problem.carers else ()):
        yield from _task_remarks(problem, number, task, f"tasks[{index}]")
    for index, carer in enumerate(problem.carers if problem.tasks else ()):
        if all(may_serve(carer, task) for task in problem.tasks):
            remedy = "Check skills and lists, or plan without them"
            yield Remark("carer_unused", f"carers[{index}]", f"{carer.id} may do none of the tasks", remedy)
    yield from _link_remarks(problem)


def _task_remarks(problem: Problem, number: dict[str, int], task: Task, path: str) -> Iterator[Remark]:
    able = [carer for carer in problem.carers if not may_serve(carer, task)]
    if task.pinned_carer is not None and all(carer.id != task.pinned_carer for carer in problem.carers):
        reason = f"is {task.pinned_carer!r}, who is not there"
        yield Remark("pin_absent", f"{path}.pinned_carer", reason, "Promise it to somebody else, or to nobody")
    elif not able:
        yield Remark("no_carer", path, "no carer may do it", "Check skills, sex and lists of carers")
    elif not any(_there_and_back(problem, number, carer, task) for carer in able):
        yield Remark("no_road", f"{path}.place", "no carer who may do it gets there and back", "Open a road")
    if task.vehicle_kind is not None and all(vehicle.kind != task.vehicle_kind for vehicle in problem.vehicles):
        yield Remark("no_vehicle", f"{path}.vehicle_kind", f"no vehicle of kind {task.vehicle_kind} is out", "Add one")


def _there_and_back(problem: Problem, number: dict[str, int], carer: Carer, task: Task) -> bool:
    matrix, place = problem.matrices[carer.mode], number[task.place]
    out, home = matrix[number[carer.start_place], place], matrix[place, number[carer.end_place]]
    return bool(out < UNREACHABLE and home < UNREACHABLE)


def _link_remarks(problem: Problem) -> Iterator[Remark]:
    length = {task.id: task.duration_minutes for task in problem.tasks}
    for index, link in enumerate(problem.links):
        if link.carers == "same" and _at_once(link, length):
            reason = "asks one carer for two tasks at the same time"
            yield Remark("two_at_once", f"links[{index}]", reason, "Widen the gap or ask for different carers")


def _at_once(link: Link, length: dict[str, int]) -> bool:
    """Whether every allowed gap makes the two tasks overlap."""
    after = link.max_gap_minutes is None or link.max_gap_minutes >= length[link.first]
    before = link.min_gap_minutes <= -length[link.second]
    return not after and not before
