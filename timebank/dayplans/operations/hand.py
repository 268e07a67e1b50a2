"""The coordinator's hand on the wheel: moves, locks, undo. Each change names the revision it was made on."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlmodel import Session

from timebank.audit.operations import note
from timebank.core import clock, ids
from timebank.core.actors import Actor
from timebank.core.claims import claim
from timebank.core.errors import BadInput, NotFound, Refused
from timebank.core.text import T
from timebank.dayplans.adapter import engine
from timebank.dayplans.adapter.engine import Plan
from timebank.dayplans.adapter.hand import Move, moved
from timebank.dayplans.models import DayPlan, DayPlanChange, DayPlanState
from timebank.dayplans.operations.planning import left_out_visits
from timebank.dayplans.queries.board import Opened, check_moves, opened, pushed_visits, refuse_begun
from timebank.dayplans.queries.newer import refuse_replaced
from timebank.dayplans.queries.plans import last_change
from timebank.dayplans.rules import Locks, differences, visit_of


def move_by_hand(session: Session, *, actor: Actor, day_plan_id: str, revision: int, moves: Sequence[Move]) -> DayPlan:
    """Put tasks on other routes or at other times, or take them out, as one change that can be undone.

    The plan may break rules afterwards: the board shows which, and publishing refuses it. Refuses tasks and carers that
    the day does not have, what has begun, what a lock stands against (also where the move would push a locked visit to
    another time), and a plan that somebody changed since `revision`.
    """
    day = open_draft(session, actor, day_plan_id, revision)
    check_moves(session, day, moves)
    after = moved(day.problem, day.plan, moves)
    for visit in pushed_visits(session, day, after):
        text = T("{visit} is locked and would come at another time.", visit=visit)
        raise Refused("dayplans.is_locked", text, field="moves")
    detail = [{"task": move.task, "carer": move.carer, "starts": move.starts} for move in moves]
    return _keep(session, actor, day, "move", {"moves": detail}, after, day.locks)


def lock(session: Session, *, actor: Actor, day_plan_id: str, revision: int, kind: str, subject: str) -> DayPlan:
    """Hold a task where and when it is (`visit`), with whom it is (`pair`), or a carer's whole day (`carer`)."""
    day = open_draft(session, actor, day_plan_id, revision)
    locks = day.locks.without_task([subject])
    placed = day.places.get(subject)
    if kind == "carer" and subject in {carer.id for carer in day.problem.carers}:
        locks = Locks(locks.visits, locks.pairs, locks.carers | {subject})
    elif kind == "visit" and placed:
        locks = Locks({**locks.visits, subject: (placed.carer, placed.starts)}, locks.pairs, locks.carers)
    elif kind == "pair" and placed:
        locks = Locks(locks.visits, {**locks.pairs, subject: placed.carer}, locks.carers)
    else:
        raise BadInput("dayplans.cannot_lock", T("Only what has a place in the plan can be locked."), field="subject")
    return _keep(session, actor, day, "lock", {"kind": kind, "subject": subject}, day.plan, locks)


def unlock(session: Session, *, actor: Actor, day_plan_id: str, revision: int, subject: str) -> DayPlan:
    """Take the lock off a task or a carer; what is free already stays free."""
    day = open_draft(session, actor, day_plan_id, revision)
    free = day.locks.without_task([subject])
    locks = Locks(free.visits, free.pairs, free.carers - {subject})
    return _keep(session, actor, day, "unlock", {"subject": subject}, day.plan, locks)


def undo(session: Session, *, actor: Actor, day_plan_id: str, revision: int) -> DayPlan:
    """Take the last change back that is not taken back yet; this is a change too, so nothing is lost."""
    day = open_draft(session, actor, day_plan_id, revision)
    last = last_change(session, day_plan_id)
    if last is None:
        raise Refused("dayplans.nothing_to_undo", T("There is nothing to undo in this version."))
    last.undone = True
    session.add(last)
    plan, locks = engine.unpack_plan(last.before), Locks.from_json(last.locks_before)
    refuse_begun(session, {visit_of(step.task_id) for step in differences(day.places, engine.places_of(plan))})
    return _keep(session, actor, day, "undo", {"of": last.revision}, plan, locks)


def open_draft(session: Session, actor: Actor, day_plan_id: str, revision: int) -> Opened:
    """A draft as somebody saw it; refuses what is no draft any more, what was replaced and what changed meanwhile."""
    row = session.get(DayPlan, day_plan_id)
    if row is None or not actor.scope.holds_area(row.area_code):
        raise NotFound("dayplans.no_such_plan", T("There is no such day plan in your area."))
    refuse_replaced(session, row)
    if row.state not in (DayPlanState.DRAFT, DayPlanState.TRIAL):
        text = T("A published day changes only by a new version that everybody sees. Begin one with 'Change this day'.")
        raise Refused("dayplans.is_published", text)
    if row.revision != revision:
        raise changed_meanwhile()
    return opened(session, row)


def changed_meanwhile() -> Refused:
    """Somebody else was faster: nothing is written, nothing of theirs is lost."""
    text = T("Somebody changed this plan while you looked at it. Look at the new state, then do it again.")
    return Refused("dayplans.changed_meanwhile", text)


def _keep(
    session: Session, actor: Actor, day: Opened, kind: str, detail: Mapping[str, Any], plan: Plan, locks: Locks
) -> DayPlan:
    """Write the change if the plan still is at the revision it was made on; only one of two at once can win."""
    row, body_before = day.row, day.row.body
    change = {
        "revision": row.revision + 1,
        "body": engine.pack_plan(plan),
        "cost": plan.cost.total,
        "left_out": len(left_out_visits(plan)),
        "locks": locks.to_json(),
    }
    expected = {"revision": row.revision, "state": row.state}
    if not claim(session, DayPlan, row.id, expected=expected, change=change):
        raise changed_meanwhile()
    session.add(
        DayPlanChange(
            id=ids.new_id("dpc"),
            day_plan_id=row.id,
            revision=row.revision + 1,
            kind=kind,
            detail=dict(detail),
            before=body_before,
            locks_before=day.locks.to_json(),
            by_user_id=actor.user_id,
            at=clock.now(),
        )
    )
    note(session, actor=actor, action=f"dayplans.{kind}", subject_id=row.id, area_code=row.area_code)
    session.refresh(row)
    return row
