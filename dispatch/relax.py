"""Changes that would let a task in: one rule given up by as little as possible, several together, or one more carer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ortools.sat.python import cp_model

from dispatch.clock import Clock, Expression, latest
from dispatch.formulation import OTHERS, Formulation
from dispatch.model import Carer, Link, Task
from dispatch.probe import FOUND, Key, Probe
from dispatch.reasons import ONE_MORE_CARER, OTHER_TASKS, TOGETHER, Relaxation, clock, hours, minutes, relaxation
from dispatch.violations import Rule

EMPTY = 1_000_000
"""More than anybody carries: weight of what is handed over out of an empty bag."""


def loosened(probe: Probe, core: Sequence[Key]) -> tuple[Relaxation, ...]:
    """The rules of a conflict whose giving way alone lets the task in, each by as little as possible, easiest first.

    Whatever lets the task in gives up something of every conflict, so no other rule needs to be tried.
    """
    changes = [change for key in core if (change := _loosened(probe, key)) is not None]
    return tuple(sorted(changes, key=_effort))


def _effort(change: Relaxation) -> tuple[int, int, str]:
    """Minutes first, the fewer the better; then visits to give away; then what takes more than a telephone call."""
    if change.minutes:
        return 0, change.minutes, change.carer
    visits = dict(change.values).get("visits", 0)
    return (1, int(visits), change.carer) if change.code == OTHERS else (2, 0, change.carer)


def _loosened(probe: Probe, key: Key) -> Relaxation | None:
    amount = _amount(probe.formulation, probe, key)
    others = [rule for rule in probe.formulation.rules if rule != key]
    if probe.solve(others, amount) not in FOUND:
        return None
    found = round(probe.solver.objective_value)
    if key[0] == Rule.BREAK and found:
        return None  # a rest may be taken at another time; nobody has to do without
    if key[0] == Rule.LOAD and found >= EMPTY:
        return None  # a bag may be larger; what was not fetched cannot be handed over
    return _told(probe, key, found)


def least_set(probe: Probe) -> tuple[Relaxation, ...]:
    """The fewest rules that have to be given up together; empty where nothing helps or time is over."""
    rules = probe.formulation.rules
    given_up = cp_model.LinearExpr.sum([1 - literal for literal in rules.values()])
    if probe.solve([], given_up) not in FOUND:
        return ()
    off = [key for key, literal in rules.items() if not probe.solver.boolean_value(literal)]
    text = " / ".join(probe.reason(key).text.rstrip(".") for key in off)
    codes = ", ".join(code for code, _ in off)
    return (relaxation(TOGETHER, probe.wanted.id, probe.who(), rules=text, codes=codes),)


def one_more_carer(probe: Probe) -> tuple[Relaxation, ...]:
    """The nearest place from which somebody new would do, with a colleague's hours there and all that the task asks."""
    problem, first = probe.problem, probe.wanted
    wanted = [task for task in problem.tasks if task.id in probe.asked]
    bases: dict[object, Carer] = {}
    for carer in problem.carers:
        bases.setdefault((carer.start_place, carer.end_place, carer.mode, carer.shifts), carer)
    drive = probe.formulation.drive
    near = sorted(bases.values(), key=lambda carer: drive(carer.mode, carer.start_place, first.place))
    for base in near[:3]:
        skills = frozenset(skill for task in wanted for skill in task.skills)
        new = Carer("one more carer", base.start_place, base.end_place, base.shifts, base.mode, skills, sex=first.sex)
        tasks = tuple(_listing(task, new.id) if task in wanted else task for task in problem.tasks)
        day = replace(problem, carers=(*problem.carers, new), tasks=tasks)
        if Probe(day, probe.routes, probe.asked, probe.orders, probe.deadline).feasible():
            place, span, asks = new.start_place, hours(problem, new.shifts), ", ".join(sorted(skills))
            return (relaxation(ONE_MORE_CARER, first.id, place=place, hours=span, skills=asks, sex=new.sex),)
    return ()


def _listing(task: Task, carer: str) -> Task:
    return task if task.allowed_carers is None else replace(task, allowed_carers=task.allowed_carers | {carer})


# How far one rule has to give way.


def _amount(formulation: Formulation, probe: Probe, key: Key) -> Expression:
    """What is made as small as possible when only this rule is given up: ticks, visits, or the cost."""
    code, subject = key
    if code in (OTHERS, OTHER_TASKS):
        return cp_model.LinearExpr.sum([1 - served for served in formulation.served])
    match code:
        case Rule.WINDOW:
            return _outside_hours(formulation, subject)
        case Rule.PIN_START:
            promised = formulation.task(subject).pinned_start_minutes or 0
            return _distance(formulation, formulation.starts[formulation.number[subject]], promised)
        case Rule.SHIFT | Rule.BREAK:
            return _outside_hours_of(formulation, formulation.clocks[subject], code)
        case Rule.MAX_WORK | Rule.MAX_VISITS | Rule.LOAD:
            return _beyond_a_bound(formulation, code, _carer(probe, subject))
        case Rule.LINK_GAP:
            return _off_the_gap(formulation, probe.link(subject))
        case _:
            return formulation.cost


def _beyond_a_bound(formulation: Formulation, code: str, carer: Carer) -> Expression:
    """Work above its bound, the number of visits, or what has to be carried."""
    if code == Rule.MAX_WORK:
        return _over(formulation, _work(formulation, carer.id) - (carer.max_work_minutes or 0))
    if code == Rule.LOAD:
        return _out_of_the_bag(formulation, carer.id)
    return cp_model.LinearExpr.sum(list(formulation.carers[carer.id].visits.values()))


def _over(formulation: Formulation, expression: Expression) -> cp_model.IntVar:
    """At least the expression, at least nothing."""
    most = 4 * formulation.horizon + 1
    over = formulation.model.new_int_var(0, most, "")
    formulation.model.add(over >= expression)
    return over


def _distance(formulation: Formulation, moment: cp_model.IntVar, goal: int) -> Expression:
    return _over(formulation, moment - goal) + _over(formulation, goal - moment)


def _outside_hours(formulation: Formulation, task: str) -> Expression:
    """How far a start lies outside the hours of its task."""
    early, late = (formulation.model.new_int_var(0, formulation.horizon, "") for _ in range(2))
    spans = [[window.opens_minutes, window.closes_minutes] for window in formulation.task(task).windows]
    moved = formulation.starts[formulation.number[task]] + early - late
    formulation.model.add_linear_expression_in_domain(moved, cp_model.Domain.from_intervals(spans))
    return early + late


def _work(formulation: Formulation, carer: str) -> Expression:
    circuit, tasks = formulation.carers[carer], formulation.problem.tasks
    service = [tasks[index].duration_minutes * visit for index, visit in circuit.visits.items()]
    return cp_model.LinearExpr.sum([*service, circuit.drive])


def _outside_hours_of(formulation: Formulation, times: Clock, code: str) -> Expression:
    """Minutes of work before, between and after the shifts; or how many rests are not taken at all."""
    if code == Rule.BREAK:
        return cp_model.LinearExpr.sum([rest.dropped for rest in times.rests])
    before = _over(formulation, times.carer.shifts[0].opens_minutes - times.leave)
    return before + times.more() + _over(formulation, times.finish - latest(times.carer))


def _out_of_the_bag(formulation: Formulation, carer: str) -> Expression:
    """The most that is carried at once; and EMPTY for each piece that is handed over without having been fetched."""
    visits, limit = formulation.carers[carer].visits, sum(abs(task.load) for task in formulation.problem.tasks)
    most, missing = (formulation.model.new_int_var(0, limit, "") for _ in range(2))
    for index, carried in formulation.carried[carer].items():
        formulation.model.add(most >= carried).only_enforce_if(visits[index])
        formulation.model.add(missing >= -carried).only_enforce_if(visits[index])
    return most + EMPTY * missing


def _off_the_gap(formulation: Formulation, link: Link) -> Expression:
    """How far two starts are from the gap that is asked."""
    gap = _gap(formulation, link.first, link.second)
    late = _over(formulation, gap - link.max_gap_minutes) if link.max_gap_minutes is not None else 0
    return _over(formulation, link.min_gap_minutes - gap) + late


def _gap(formulation: Formulation, first: str, second: str) -> Expression:
    return formulation.starts[formulation.number[second]] - formulation.starts[formulation.number[first]]


def _carer(probe: Probe, name: str) -> Carer:
    return next(carer for carer in probe.problem.carers if carer.id == name)


# Saying it.


def _told(probe: Probe, key: Key, amount: int) -> Relaxation:
    code, subject = key
    if code in (OTHERS, OTHER_TASKS):
        gone = [task.id for task in probe.problem.tasks if task.id in _served(probe) - _served_now(probe)]
        return relaxation(OTHERS, probe.wanted.id, subject or probe.who(), tasks=", ".join(gone), visits=len(gone))
    if subject in probe.formulation.number:
        return _told_of_task(probe, code, probe.formulation.task(subject), amount)
    if "|" in subject and code in (Rule.LINK_GAP, Rule.LINK_CARERS):
        return _told_of_link(probe, code, subject, amount)
    return _told_of_carer(probe, code, _carer(probe, subject), amount)


def _served(probe: Probe) -> set[str]:
    return {task for order in probe.orders.values() for task in order}


def _served_now(probe: Probe) -> set[str]:
    served = zip(probe.problem.tasks, probe.formulation.served, strict=True)
    return {task.id for task, literal in served if probe.solver.boolean_value(literal)}


def _told_of_task(probe: Probe, code: str, task: Task, amount: int) -> Relaxation:
    problem, start, who = probe.problem, probe.start(task.id), probe.who()
    match code:
        case Rule.WINDOW:
            side, moved = _direction(task, start), minutes(problem, amount)
            return relaxation(code, task.id, who, moved, start=clock(problem, start), direction=side)
        case Rule.PIN_START:
            promised, moved = clock(problem, task.pinned_start_minutes or 0), minutes(problem, amount)
            return relaxation(code, task.id, who, moved, start=clock(problem, start), promised=promised)
        case Rule.PIN_CARER:
            return relaxation(code, task.id, who, promised=str(task.pinned_carer))
        case _:
            skills = ", ".join(sorted(task.skills))
            return relaxation(code, task.id, who, place=task.place, skills=skills, kind=str(task.vehicle_kind))


def _direction(task: Task, start: int) -> str:
    """On which side of the nearest window a start lies."""
    sides = [(window.opens_minutes - start, "earlier") for window in task.windows]
    sides += [(start - window.closes_minutes, "later") for window in task.windows]
    return min(side for side in sides if side[0] > 0)[1]


def _told_of_link(probe: Probe, code: str, subject: str, amount: int) -> Relaxation:
    link, problem = probe.link(subject), probe.problem
    found = probe.start(link.second) - probe.start(link.first)
    if code == Rule.LINK_CARERS:
        return relaxation(code, link.first, probe.who(), second=link.second, asked=link.carers)
    gap = minutes(problem, found)
    return relaxation(code, link.first, probe.who(), minutes(problem, amount), second=link.second, found=gap)


def _told_of_carer(probe: Probe, code: str, carer: Carer, amount: int) -> Relaxation:
    problem, task = probe.problem, probe.wanted.id
    if code == Rule.SHIFT:
        of = probe.formulation.clocks[carer.id]
        start = min(carer.shifts[0].opens_minutes, probe.solver.value(of.leave))
        end = max(carer.shifts[-1].closes_minutes, probe.solver.value(of.finish))
        more = minutes(problem, amount)
        return relaxation(code, task, carer.id, more, start=clock(problem, start), end=clock(problem, end))
    if code == Rule.MAX_WORK:
        return relaxation(code, task, carer.id, minutes(problem, amount))
    if code == Rule.MAX_VISITS:
        return relaxation(code, task, carer.id, visits=amount - (carer.max_visits or 0))
    if code == Rule.LOAD:
        return relaxation(code, task, carer.id, load=amount)
    return relaxation(code, task, carer.id)
