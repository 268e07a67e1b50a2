"""The planner's own explanations: rules in conflict, changes that help, what each carer says. Bounded and remembered.

An answer takes seconds of a core, so each is worked out once for a version as it stands and one at a time: who asks
while another question is being answered is asked to come back.
"""

from collections import OrderedDict
from dataclasses import dataclass
from threading import BoundedSemaphore, Lock
from typing import Any

from dispatch.explain import Answer, Explanation, who_could, why_unserved
from dispatch.model import Limits, Plan, Problem

_SECONDS = 4.0  # CPU seconds for all of one question; docs/planner/explanations.md
_KEPT = 200
_at_work = BoundedSemaphore(1)
_answers: OrderedDict[tuple[str, int, str], Any] = OrderedDict()
_lock = Lock()


@dataclass(frozen=True)
class Asked:
    """A question about one task of a version as it stands."""

    day_plan_id: str
    revision: int
    problem: Problem
    plan: Plan
    task: str

    @property
    def key(self) -> tuple[str, int, str]:
        """What the answer is remembered under."""
        return self.day_plan_id, self.revision, self.task

    @property
    def is_placed(self) -> bool:
        """Whether the task stands on a route."""
        return any(stop.task == self.task for route in self.plan.routes for stop in route.stops)


def explained(asked: Asked) -> Explanation | list[Answer] | None:
    """Why a task is left out, or, where it has a place, what every carer says to it.

    None where another question is being answered just now. Raises ProblemError where the plan breaks a rule, because
    then there is nothing to compare with.
    """
    if asked.key in _answers:
        return _remembered(asked)
    if not _at_work.acquire(blocking=False):
        return None
    try:
        found = _work_out(asked)
    finally:
        _at_work.release()
    with _lock:
        _answers[asked.key] = found
        while len(_answers) > _KEPT:
            _answers.popitem(last=False)
    return found


def _remembered(asked: Asked) -> Explanation | list[Answer] | None:
    with _lock:
        return _answers.get(asked.key)


def _work_out(asked: Asked) -> Explanation | list[Answer]:
    if asked.is_placed:
        each = Limits(seconds=_SECONDS / max(4, len(asked.problem.carers)))
        return who_could(asked.problem, asked.plan, asked.task, each)
    return why_unserved(asked.problem, asked.plan, asked.task, Limits(seconds=_SECONDS))
