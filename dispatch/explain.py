"""Why a task is left out, what would let it in, and what each carer says to it.

A day is put to CP-SAT with every rule that may stand against the task under a literal of its own, and all literals are
assumed. If that is impossible the solver names assumptions that contradict each other; leaving out one after the other
as long as it stays impossible gives a smallest set of rules in conflict (deletion filter, Chinneck 1997). Whatever lets
the task in has to give way somewhere in that set, so only its rules are tried as relaxations, each by as little as
possible.

``Reason`` and ``Relaxation`` carry codes and values, so that the same can be said in any language; the codes are listed
in docs/planner/explanations.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from dispatch.formulation import against
from dispatch.model import Carer, Limits, Plan, Problem, ProblemError
from dispatch.probe import Deadline, Probe
from dispatch.reasons import NO_CARERS, Reason, Relaxation, reason, task_reason
from dispatch.relax import least_set, loosened, one_more_carer
from dispatch.rules import bundles

__all__ = ["Answer", "Explanation", "Reason", "Relaxation", "who_could", "why_unserved"]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a task is left out.

    Parameters
    ----------
    task
        Its id.
    fits
        No rule stands against it: leaving it out is cheaper, or nobody has looked yet.
    extra_cost
        Where it fits beside the plan as it stands: what the plan would cost more with it.
    reasons
        A smallest set of rules that together keep it out, most lasting first.
    relaxations
        Single changes that would let it in, easiest first; where none does alone, the least set of changes.
    complete
        False where time was over: ``reasons`` may then be more than are needed, or none.
    """

    task: str
    fits: bool
    extra_cost: int | None
    reasons: tuple[Reason, ...]
    relaxations: tuple[Relaxation, ...]
    complete: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """What a carer says to a task: cost, start and predecessor (empty: first) of the best place, or what is against it.

    ``extra_cost`` is the cost of the plan with the task there, less the cost of the plan as it stands. Where time was
    over there is neither a place nor a reason.
    """

    carer: str
    extra_cost: int | None
    start_minutes: int | None
    after: str
    reasons: tuple[Reason, ...]


def why_unserved(
    problem: Problem, plan: Plan, task: str, limits: Limits | None = None, free: bool = False
) -> Explanation:
    """Why ``task`` is left out, and what would let it in.

    Parameters
    ----------
    problem, plan
        A day that passed ``check_problem``, and a plan of it.
    task
        The id of a task that the plan leaves out; tasks linked to it are asked for with it.
    limits
        ``seconds`` of CPU time in all, 5 by default.
    free
        False: carers keep their visits in their order, and only times move. True: everything that is served now stays
        served, by whomever; for small days only.

    Raises
    ------
    ProblemError
        For a task that is unknown or served.
    NotExpressible
        With ``free``, for a day too large for the exact model.
    """
    orders = _orders(plan)
    _known(problem, task)
    if any(task in order for order in orders.values()):
        raise ProblemError("task", f"{task!r} is served", "Ask who_could for other places of a task that is served")
    asked = _asked(problem, orders, task)
    deadline = Deadline(limits or Limits(seconds=5))
    probe = Probe(problem, None if free else orders, asked, orders, deadline)
    core = probe.conflict()
    if core is None:
        return Explanation(task, True, None if free else probe.extra_cost(problem, plan), (), (), True)
    reasons = tuple(probe.reason(key) for key in core) if problem.carers else (reason(NO_CARERS),)
    changes = loosened(probe, core) or least_set(probe)
    more = one_more_carer(probe)
    return Explanation(task, False, None, reasons, (*changes, *more), probe.complete)


def who_could(problem: Problem, plan: Plan, task: str, limits: Limits | None = None) -> list[Answer]:
    """For every carer the best place of ``task`` in the plan, or the rules that keep it out; cheapest first.

    A task that is served is thought away from where it stands, so the carer who has it now is among the answers. The
    others keep their visits in their order; only times move.

    Parameters
    ----------
    problem, plan, task
        A day that passed ``check_problem``, a plan of it, and the id of a task.
    limits
        ``seconds`` of CPU time for each carer, 2 by default.

    Raises
    ------
    ProblemError
        For a task that is unknown.
    """
    _known(problem, task)
    orders = {name: [stop for stop in order if stop != task] for name, order in _orders(plan).items()}
    now = {name for name, order in _orders(plan).items() if task in order}
    asked = _asked(problem, orders, task)
    answers = [_answer(problem, plan, orders, now, asked, carer, task, limits) for carer in problem.carers]
    return sorted(answers, key=lambda answer: (answer.extra_cost is None, answer.extra_cost or 0, answer.carer))


def _answer(
    problem: Problem,
    plan: Plan,
    orders: Mapping[str, Sequence[str]],
    now: set[str],
    asked: frozenset[str],
    carer: Carer,
    task: str,
    limits: Limits | None,
) -> Answer:
    wanted = next(entry for entry in problem.tasks if entry.id == task)
    codes = against(carer, wanted)
    if codes:
        able = [sum(code not in against(other, wanted) for other in problem.carers) for code in codes]
        reasons = tuple(task_reason(problem, code, wanted, count) for code, count in zip(codes, able, strict=True))
        return Answer(carer.id, None, None, "", reasons)
    names = _concerned(problem, orders, asked, now | {carer.id})
    near = {name: order for name, order in orders.items() if name in names}
    deadline = Deadline(limits or Limits(seconds=2))
    probe = Probe(_part(problem, near, asked, names), near, asked, near, deadline)
    probe.insist(carer.id, task)
    core = probe.conflict()
    if core is not None:
        return Answer(carer.id, None, None, "", tuple(probe.reason(key) for key in core))
    extra = probe.extra_cost(problem, plan)
    if extra is None:  # time was over: the solver may hold no plan to read a place from
        return Answer(carer.id, None, None, "", ())
    order = probe.order(carer.id)
    place = order.index(task)
    return Answer(carer.id, extra, probe.start(task), order[place - 1] if place else "", ())


# The part of the day that is concerned.


def _orders(plan: Plan) -> dict[str, list[str]]:
    return {route.carer: [stop.task for stop in route.stops] for route in plan.routes}


def _known(problem: Problem, task: str) -> None:
    if all(entry.id != task for entry in problem.tasks):
        raise ProblemError("task", f"there is no task {task!r}", "Name a task of the problem")


def _asked(problem: Problem, orders: Mapping[str, Sequence[str]], task: str) -> frozenset[str]:
    """The task, and what is linked to it and left out as well."""
    number = next(index for index, entry in enumerate(problem.tasks) if entry.id == task)
    group = next(group for group in bundles(problem) if number in group)
    served = {name for order in orders.values() for name in order}
    return frozenset({task, *(problem.tasks[index].id for index in group)} - (served - {task}))


def _concerned(
    problem: Problem, orders: Mapping[str, Sequence[str]], asked: frozenset[str], names: set[str]
) -> frozenset[str]:
    """Routes whose times hang on those of ``names`` through links and vehicles, names themselves included."""
    if len(asked) > 1:
        return frozenset({carer.id for carer in problem.carers} | set(orders))
    kinds = {task.vehicle_kind for task in problem.tasks if task.id in asked and task.vehicle_kind is not None}
    found = names | {
        name for name in orders for van in problem.vehicles if van.kind in kinds and _is_round(name, van.id)
    }
    routes: dict[str, set[str]] = {}
    for name, order in orders.items():
        for task in order:
            routes.setdefault(task, set()).add(name)
    partners: dict[str, set[str]] = {}
    for link in problem.links:
        partners.setdefault(link.first, set()).add(link.second)
        partners.setdefault(link.second, set()).add(link.first)
    waiting = [*asked, *(task for name in found for task in orders.get(name, ()))]
    while waiting:
        task = waiting.pop()
        for name in {name for other in {task, *partners.get(task, ())} for name in routes.get(other, ())} - found:
            found.add(name)
            waiting += orders[name]
    return frozenset(found)


def _is_round(name: str, vehicle: str) -> bool:
    return name.rpartition("#")[0] == vehicle


def _part(
    problem: Problem, orders: Mapping[str, Sequence[str]], asked: frozenset[str], names: frozenset[str]
) -> Problem:
    """The day with these routes alone."""
    there = asked | {task for name in names for task in orders.get(name, ())}
    return replace(
        problem,
        carers=tuple(carer for carer in problem.carers if carer.id in names),
        tasks=tuple(task for task in problem.tasks if task.id in there),
        links=tuple(link for link in problem.links if link.first in there and link.second in there),
    )
