"""Why tasks could not be placed, as code and sentence: nobody may, nobody gets there, or no time was left."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from dispatch.model import UNREACHABLE, Problem, Task, Unserved, Window
from dispatch.rules import may_serve

Truths = npt.NDArray[np.bool_]


def left_out(problem: Problem, tasks: Iterable[Task]) -> tuple[Unserved, ...]:
    """An entry with its reason for each task that a plan leaves out."""
    staff = _Staff(problem)
    return tuple(Unserved(task.id, *staff.reason(task)) for task in tasks)


class _Staff:
    """The carers of a day, asked once for all tasks that are alike: a stopped day of 1,000 leaves out most of them."""

    def __init__(self, problem: Problem) -> None:
        self.problem, self.carers = problem, problem.carers
        self.kinds = {vehicle.kind for vehicle in problem.vehicles}
        self.number = {place: index for index, place in enumerate(problem.places)}
        starts = np.array([self.number[carer.start_place] for carer in self.carers], dtype=np.int64)
        modes = np.array([carer.mode for carer in self.carers], dtype=str)
        self.drivers = [(matrix, np.flatnonzero(modes == mode)) for mode, matrix in problem.matrices.items()]
        self.starts = starts
        hours = [(carer.shifts, carer.max_overtime_minutes) for carer in self.carers]
        self.hours = list(dict.fromkeys(hours))
        self.hours_of = np.array([self.hours.index(one) for one in hours], dtype=np.int64)
        self._able: dict[tuple[Any, ...], tuple[Truths, tuple[str, ...]]] = {}
        self._there: dict[tuple[Any, ...], Truths] = {}

    def reason(self, task: Task) -> tuple[str, str]:
        """Code and sentence."""
        if task.vehicle_kind and task.vehicle_kind not in self.kinds:
            return "no_vehicle", f"No vehicle of kind {task.vehicle_kind} is out that day."
        able, hints = self._who_may(task)
        if not able.any():
            return "no_carer", f"No carer may do this: {'; '.join(hints[:3])}."
        near = able & self._with_a_road(task)
        if not near.any():
            return "no_road", "No road leads there for any carer who may do this."
        present = int((near & self._at_work(task)).sum())
        if not present:
            return "no_time", "Nobody who may do this works in the asked hours."
        return "no_time", f"All {present} carers who may do this have no time left in the asked hours."

    def _who_may(self, task: Task) -> tuple[Truths, tuple[str, ...]]:
        """Which carers may do it, and what speaks against the others."""
        key = task.skills, task.banned_carers, task.allowed_carers, task.sex, task.sex_is_hard, task.pinned_carer
        if key not in self._able:
            against = [may_serve(carer, task) for carer in self.carers]
            hints = tuple(sorted(set(against))) or ("nobody is there",)
            self._able[key] = np.array([not words for words in against], dtype=bool), hints
        return self._able[key]

    def _with_a_road(self, task: Task) -> Truths:
        """From which carers' starts a road leads there."""
        if (task.place,) not in self._there:
            roads, place = np.zeros(len(self.carers), dtype=bool), self.number[task.place]
            for matrix, drivers in self.drivers:
                roads[drivers] = matrix[self.starts[drivers], place] < UNREACHABLE
            self._there[task.place,] = roads
        return self._there[task.place,]

    def _at_work(self, task: Task) -> Truths:
        """Which carers are at work long enough in its hours."""
        key = task.windows, task.duration_minutes
        if key not in self._there:
            fits = [_overlap(task, shifts, overtime) for shifts, overtime in self.hours]
            self._there[key] = np.array(fits, dtype=bool)[self.hours_of]
        return self._there[key]


def _overlap(task: Task, shifts: tuple[Window, ...], overtime: int) -> bool:
    return any(
        max(window.opens_minutes, shift.opens_minutes)
        <= min(window.closes_minutes, shift.closes_minutes + overtime - task.duration_minutes)
        for window in task.windows
        for shift in shifts
    )
