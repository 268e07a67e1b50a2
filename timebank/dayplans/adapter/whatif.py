"""What if there were more vans or volunteers, or it were the week of Spring Festival? A problem, changed. Pure.

What is changed is chosen by a hash of the ids, so the same question of the same day is always the same problem.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from dispatch.model import UNREACHABLE, Carer, Problem, Task, Vehicle
from timebank.dayplans.rules import visit_of

KINDS = ("same", "vans", "volunteers", "festival")
MOST = 50  # vans or volunteers in one question
NEW, EXTRA = "new-", "extra-"


@dataclass(frozen=True)
class Question:
    """What is asked of a day.

    Parameters
    ----------
    kind
        `same`: planned again as it is; `vans`: that many bathing vans in all; `volunteers`: that many more;
        `festival`: so many volunteers in a hundred are away, so many visits in a hundred more are wanted.
    count
        Of vans or volunteers.
    away_percent, more_percent
        Of the festival's week.
    """

    kind: str
    count: int = 0
    away_percent: int = 0
    more_percent: int = 0


def changed(problem: Problem, question: Question, van: Vehicle) -> Problem:
    """The problem as it would be; `van` is what a bathing van is like here, its place and id left open."""
    if question.kind == "vans":
        return _with_vans(problem, question.count, van)
    if question.kind == "volunteers":
        return replace(problem, carers=(*problem.carers, *_new_carers(problem, question.count)))
    if question.kind == "festival":
        return _with_more_visits(_without_some(problem, question.away_percent), question.more_percent)
    return problem


def _shuffled(names: Iterable[str]) -> list[str]:
    return sorted(names, key=lambda name: hashlib.sha256(name.encode()).digest())


def _with_vans(problem: Problem, count: int, van: Vehicle) -> Problem:
    """So many vans of the kind: those that are there first, further ones beside them or in the middle of the baths."""
    others = tuple(one for one in problem.vehicles if one.kind != van.kind)
    there = [one for one in problem.vehicles if one.kind == van.kind][:count]
    home = there[0].place if there else _middle(problem, van)
    new = [replace(van, id=f"{NEW}van-{number + 1}", place=home) for number in range(count - len(there))]
    tasks = problem.tasks
    if count == 0:
        tasks = tuple(replace(one, vehicle_kind=None) if one.vehicle_kind == van.kind else one for one in tasks)
    elif not any(one.kind == van.kind for one in problem.vehicles):
        tasks = tuple(replace(one, vehicle_kind=van.kind) if _is_bath(one) else one for one in tasks)
    return replace(problem, vehicles=(*others, *there, *new), tasks=tasks)


def _is_bath(task: Task) -> bool:
    """The first of a crew that bathes somebody: the van stands with them."""
    return "bath" in task.skills and task.id.endswith((".1", visit_of(task.id)))


def _middle(problem: Problem, van: Vehicle) -> str:
    """The place from which the baths are nearest in all; without baths, the first place."""
    index = {name: number for number, name in enumerate(problem.places)}
    doors = sorted({index[task.place] for task in problem.tasks if _is_bath(task)})
    reach = np.minimum(problem.matrices[van.mode][:, doors], UNREACHABLE // 1_000).sum(axis=1)
    return problem.places[int(reach.argmin())]


def _new_carers(problem: Problem, count: int) -> list[Carer]:
    """More of those that there are, one after the other: they live where these live and may do what these may."""
    known = {carer.id: carer for carer in problem.carers}
    models = [known[name] for name in _shuffled(known)]
    if not models:
        return []
    return [replace(models[number % len(models)], id=f"{NEW}{number + 1}") for number in range(count)]


def _without_some(problem: Problem, percent: int) -> Problem:
    """Without so many carers in a hundred; promises to them are open again."""
    names = _shuffled(carer.id for carer in problem.carers)
    away = set(names[: len(names) * percent // 100])
    return replace(
        problem,
        carers=tuple(carer for carer in problem.carers if carer.id not in away),
        tasks=tuple(_promised_to_nobody(task, away) for task in problem.tasks),
    )


def _promised_to_nobody(task: Task, away: set[str]) -> Task:
    return replace(
        task,
        pinned_carer=None if task.pinned_carer in away else task.pinned_carer,
        published_carer=None if task.published_carer in away else task.published_carer,
        banned_carers=task.banned_carers - away,
        carer_cost={name: cost for name, cost in task.carer_cost.items() if name not in away},
    )


def _with_more_visits(problem: Problem, percent: int) -> Problem:
    """With so many visits in a hundred more: company at doors that are visited anyway, at the hours agreed there."""
    visits = {visit_of(task.id) for task in problem.tasks}
    plain = {task.id: task for task in problem.tasks if "." not in task.id and not task.load and not task.vehicle_kind}
    linked = {name for link in problem.links for name in (link.first, link.second)}
    models = [plain[name] for name in _shuffled(plain) if name not in linked]
    if not models:
        return problem
    new = [
        replace(models[number % len(models)], id=f"{EXTRA}{number + 1}", pinned_carer=None, published_carer=None)
        for number in range(len(visits) * percent // 100)
    ]
    return replace(problem, tasks=(*problem.tasks, *new))
