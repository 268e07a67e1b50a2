"""Answers to what a coordinator asks of a plan: where else, at what cost, why not, what would a move break."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlmodel import Session

from dispatch.insertion import Place, best_places
from dispatch.model import Carer, ProblemError, Task
from timebank.core import clock
from timebank.core.errors import NotFound
from timebank.core.i18n import say
from timebank.core.text import T, Text
from timebank.dayplans.adapter import engine
from timebank.dayplans.adapter.engine import Plan, Problem
from timebank.dayplans.adapter.hand import Move, moved, touched, tried_places
from timebank.dayplans.adapter.under_way import rest_of
from timebank.dayplans.figures import cost_parts
from timebank.dayplans.models import DayPlan, DayPlanState
from timebank.dayplans.queries.board import Opened, check_moves, names_for, opened, pushed_visits
from timebank.dayplans.queries.facts import begun_among
from timebank.dayplans.rules import FETCH, differences, visit_of
from timebank.dayplans.words import PLACE_WORDS, STEP_WORDS, Names, clock_time, joined, violation_words
from timebank.people.rules import QUALIFICATIONS


def better_places(session: Session, row: DayPlan, visit_id: str) -> list[dict[str, Any]]:
    """For every carer the cheapest place of a visit and what it changes in cost, or what stands against it.

    Places that fit come first, the cheapest first. `mates` are the other tasks that would go with it.
    """
    day = _as_it_stands(session, row)
    return places_in(session, day, asked_task(day, visit_id))


def _as_it_stands(session: Session, row: DayPlan) -> Opened:
    """A version ready to be asked; of one of today only what is still to come can be elsewhere, from now on."""
    day = opened(session, row)
    if row.state not in (DayPlanState.PUBLISHED, DayPlanState.DRAFT) or row.on != clock.today():
        return day
    begun = frozenset(begun_among(session, {visit_of(task.id) for task in day.problem.tasks}))
    return replace(day, problem=rest_of(day.problem, day.plan, begun, clock.minutes_gone(row.on)))


def asked_task(day: Opened, visit_id: str) -> str:
    """The task that is meant by the id of a task or of a visit; refuses what the day does not have."""
    tasks = touched(day.problem, visit_of(visit_id))
    if not tasks:
        raise NotFound("dayplans.unknown_move", T("This visit or this person is not in the day."))
    return visit_id if visit_id in tasks else tasks[0]


def places_in(session: Session, day: Opened, task_id: str) -> list[dict[str, Any]]:
    """As `better_places`, for a version that is open already."""
    free = day.locks.without_task([task_id])
    problem, now = engine.locked(day.problem, free, day.places), clock.minutes_gone(day.row.on)
    found = _without_partners(day, task_id, _best(problem, day.plan, task_id))
    tasks = {task.id: task for task in problem.tasks}
    carers = {carer.id: carer for carer in problem.carers}
    placed = day.places.get(task_id)
    here = next((one.cost for one in found if placed and one.carer == placed.carer), None) or 0
    names = names_for(session, day, {task_id} | {one.hinders for one in found if one.hinders})
    return [
        {
            "carer": one.carer,
            "name": names.person(one.carer),
            "is_here": placed is not None and placed.carer == one.carer,
            "cost": one.cost,
            "change": None if one.cost is None else one.cost - here,
            "starts": one.start_minutes,
            "mates": [
                {"task": mate.task, "carer": mate.carer, "name": names.person(mate.carer), "starts": mate.start_minutes}
                for mate in one.mates
                if mate.carer in carers
            ],
            "against": say(_against(one, carers[one.carer], tasks[task_id], names, now)) if one.cost is None else "",
        }
        for one in found
    ]


def _without_partners(day: Opened, task_id: str, found: list[Place]) -> list[Place]:
    """Whoever comes along for the other part of a crew is no other place: that would only change the parts round."""
    mates = [other for other in touched(day.problem, visit_of(task_id)) if other != task_id]
    partners = {day.places[other].carer for other in mates if other in day.places}
    told = [replace(one, cost=None, mates=(), reason="partner") if one.carer in partners else one for one in found]
    return sorted(told, key=lambda place: place.cost is None)


def _best(problem: Problem, plan: Plan, task_id: str) -> list[Place]:
    """The planner's answer for every carer; where the plan breaks a rule just now, for everybody whom that leaves out.

    The planner takes whole plans only, so it is asked about the day without the visits at fault; those who should go
    there are tried one by one.
    """
    faults = engine.violations_of(problem, plan)
    whole, concerned = plan, set[str]()
    if faults:
        at_fault = engine.visits_at_fault(plan, faults) - {visit_of(task_id)}
        stands = engine.places_of(plan)
        concerned = {fault.carer for fault in faults}
        concerned |= {placed.carer for task, placed in stands.items() if visit_of(task) in at_fault}
        whole = engine.whole(problem, plan, faults)
    tried = tried_places(problem, plan, task_id, [carer for carer in problem.carers if carer.id in concerned])
    try:
        others = best_places(problem, whole, task_id)
    except ProblemError:  # what the planner does not accept although no rule is broken; nobody is offered then
        others = []
    found = [*tried, *(one for one in others if one.carer not in concerned)]
    return sorted(found, key=lambda place: (place.cost is None, place.cost or 0))


def _against(place: Place, carer: Carer, task: Task, names: Names, now: int) -> Text:
    """What stands against a carer, as exactly as we can say it; `now` is 0 on a day that is not today."""
    if max(window.closes_minutes for window in task.windows) < now:
        return PLACE_WORDS["over"]
    if place.reason != "not_allowed":
        if place.hinders:
            return T("would come too late to {visit} afterwards", visit=names.visit(place.hinders))
        return PLACE_WORDS[place.reason]
    missing = sorted(task.skills - carer.skills)
    if missing:
        return T("not trained or insured: {missing}", missing=joined([QUALIFICATIONS.get(one, one) for one in missing]))
    if task.sex and task.sex_is_hard and carer.sex != task.sex:
        return T("the elder asks for somebody of the same sex")
    if max(shift.closes_minutes for shift in carer.shifts) + carer.max_overtime_minutes < now + task.duration_minutes:
        return PLACE_WORDS["shift"]
    if carer.id in task.banned_carers:
        return T("kin, same home, declined, away by now, or the day is locked")
    return T("it is promised to somebody else")


def _pushed(session: Session, day: Opened, after: Plan) -> list[str]:
    return [
        say(T("{visit} is locked and would come at another time.", visit=visit))
        for visit in pushed_visits(session, day, after)
    ]


def preview(session: Session, row: DayPlan, moves: Sequence[Move]) -> dict[str, Any]:
    """What moves would break that is whole now, what they cost, and who else would come at another time."""
    day = _as_it_stands(session, row)
    check_moves(session, day, moves)
    after, price = moved(day.problem, day.plan, moves), engine.price(day.problem, day.plan)
    before_faults = {fault.text for fault in engine.violations_of(day.problem, day.plan)}
    faults = [fault for fault in engine.violations_of(day.problem, after) if fault.text not in before_faults]
    asked = {move.task for move in moves}
    steps = [
        step
        for step in differences(day.places, engine.places_of(after))
        if step.task_id not in asked and not step.task_id.endswith(FETCH)
    ]
    places = engine.places_of(after)
    names = names_for(session, day, {step.task_id for step in steps} | {fault.task for fault in faults})
    return {
        "cost": after.cost.total - price.total,
        "parts": cost_parts(price, after.cost),
        "breaks": [*_pushed(session, day, after), *(say(violation_words(fault, names)) for fault in faults)],
        "others": [
            say(
                T(
                    "{visit}: {change}, {before} → {after}",
                    visit=names.visit(step.task_id),
                    change=STEP_WORDS[step.kind],
                    before=clock_time(step.before.starts) if step.before else "–",
                    after=clock_time(step.after.starts) if step.after else "–",
                )
            )
            for step in steps
        ],
        "starts": {task: places[task].starts for task in asked if task in places},
    }
