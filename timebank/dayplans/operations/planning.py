"""A day is drafted: facts become a problem, the planner answers, the checker agrees, a new version is kept."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from dispatch.model import Violation
from timebank.areas.models import Area
from timebank.audit.operations import note
from timebank.core import clock, ids
from timebank.core.actors import Actor
from timebank.core.errors import BadInput, NotFound, Refused
from timebank.core.text import T
from timebank.dayplans.adapter import engine
from timebank.dayplans.adapter.engine import Limits, Plan, Problem
from timebank.dayplans.models import DayPlan, DayPlanState, DayProblem
from timebank.dayplans.queries.board import names_in
from timebank.dayplans.queries.standing import to_be_planned
from timebank.dayplans.rules import Locks, visit_of
from timebank.dayplans.words import violation_words
from timebank.policies.queries import in_force

TOWNSHIP_DIGITS = 9


def draft_day(
    session: Session,
    *,
    actor: Actor,
    area_code: str,
    on: date,
    seconds: int | None = None,
    seed: int = 0,
    steps: int | None = None,
) -> DayPlan:
    """Plan a township's day here and now and keep it as a new version.

    `seconds` are CPU seconds; without them policy `dispatch.seconds` decides. With `steps` the plan depends on the day
    and the seed alone. A published day under way is planned from now on. Refuses an area that is no township of
    the caller, a day that is over, a day without visits, and a plan that the independent checker faults.
    """
    check_day(actor, area_code, on)
    read_at = clock.now()
    problem, stands, begin = to_be_planned(session, area_code, on)
    if seconds is None:
        seconds = in_force(session, area_code, on).number("dispatch.seconds")
    locks = Locks.from_json(stands.locks) if stands else Locks()
    held = engine.locked(problem, locks, engine.places_of(begin)) if begin else problem
    found = engine.planned(held, Limits(seconds=float(seconds), steps=steps), seed, start=begin)
    kept = keep_problem(session, problem, area_code=area_code, on=on)
    return keep_plan(
        session,
        actor=actor,
        kept=kept,
        problem=problem,
        plan=found,
        locks_of=stands,
        amends_id=stands.id if stands else None,
        read_at=read_at,
    )


def check_day(actor: Actor, area_code: str, on: date) -> None:
    """Refuse a place that is no township of the caller, and a day that is over."""
    if not actor.scope.holds_area(area_code):
        raise NotFound("areas.no_such_area", T("There is no such place."))
    if len(area_code) != TOWNSHIP_DIGITS:
        raise BadInput("dayplans.not_a_township", T("A day is planned for one township. Choose one."), field="area")
    if on < clock.today():
        raise Refused("dayplans.day_is_over", T("This day is over. Choose today or a later day."), field="on")


def keep_problem(session: Session, problem: Problem, *, area_code: str, on: date) -> DayProblem:
    """The row of a problem; one that is known already is not kept twice."""
    body = engine.pack_problem(problem)
    digest = engine.digest_of(body)
    known = session.get(DayProblem, digest)
    if known:
        return known
    made = DayProblem(digest=digest, area_code=area_code, on=on, body=body, made_at=clock.now())
    session.add(made)
    session.flush()
    return made


def keep_plan(
    session: Session,
    *,
    actor: Actor,
    kept: DayProblem,
    problem: Problem,
    plan: Plan,
    state: DayPlanState = DayPlanState.DRAFT,
    locks_of: DayPlan | None = None,
    amends_id: str | None = None,
    reason: dict[str, Any] | None = None,
    read_at: datetime | None = None,
    may_be_faulty: bool = False,
) -> DayPlan:
    """Keep a plan as the next version of its day; refuses one that breaks a hard rule unless people go on with it.

    `read_at` is when the day was read for it, where that was before now: what is published later it does not know. Who
    is held up in the version that it amends is so in this one too. The locks of `locks_of` go on as far as this plan
    keeps them; `reason` has under "unlocked" which it does not.
    """
    if not may_be_faulty:
        refuse_faults(session, kept.area_code, problem, engine.violations_of(problem, plan))
    amended = session.get(DayPlan, amends_id) if amends_id else None
    late = amended.reason.get("late") if amended else None
    locks, unlocked = _carried_locks(locks_of, problem, plan)
    row = DayPlan(
        id=ids.new_id("dpl"),
        area_code=kept.area_code,
        on=kept.on,
        version=_next_version(session, kept.area_code, kept.on),
        state=state,
        problem_digest=kept.digest,
        body=engine.pack_plan(plan),
        cost=plan.cost.total,
        left_out=len(left_out_visits(plan)),
        seed=plan.seed,
        engine=plan.engine,
        locks=locks.to_json(),
        amends_id=amends_id,
        reason=({"late": late} if late else {}) | (reason or {}) | ({"unlocked": unlocked} if unlocked else {}),
        made_by=actor.user_id,
        made_at=read_at or clock.now(),
    )
    session.add(row)
    session.flush()
    note(session, actor=actor, action="dayplans.draft", subject_id=row.id, area_code=row.area_code, cost=row.cost)
    return row


def _carried_locks(row: DayPlan | None, problem: Problem, plan: Plan) -> tuple[Locks, list[str]]:
    """The locks of a version as far as another plan keeps them, and the tasks and carers for which it does not."""
    if row is None:
        return Locks(), []
    known, before = {task.id for task in problem.tasks}, engine.places_of(engine.unpack_plan(row.body))
    kept, unlocked = Locks.from_json(row.locks).carried(known, before, engine.places_of(plan))
    return kept, sorted(unlocked)


def left_out_visits(plan: Plan) -> set[str]:
    """The visits without a place, each once however many tasks it has."""
    return {visit_of(one.task) for one in plan.unserved}


def refuse_faults(session: Session, area_code: str, problem: Problem, faults: Sequence[Violation]) -> None:
    """Refuse a plan that breaks hard rules, saying in names which comes first."""
    if faults:
        people = {carer.id for carer in problem.carers} | {faults[0].carer}
        first = violation_words(faults[0], names_in(session, area_code, {visit_of(faults[0].task)}, people))
        text = T("This plan breaks a rule: {first} (and {more} more).", first=first, more=len(faults) - 1)
        raise Refused("dayplans.faulty_plan", text)


def _next_version(session: Session, area_code: str, on: date) -> int:
    session.get(Area, area_code, with_for_update=True)  # two planners of one day number their versions in turn
    found = select(sa.func.max(DayPlan.version)).where(col(DayPlan.area_code) == area_code, DayPlan.on == on)
    return int(session.exec(found).one() or 0) + 1
