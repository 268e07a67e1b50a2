"""Runs of the planner in a process of its own: begun here, lived through in the worker, stopped or lost."""

from datetime import date, timedelta
from typing import Any

from sqlmodel import Session, select

from timebank.areas.models import Area
from timebank.audit.operations import note
from timebank.core import clock, ids
from timebank.core.actors import Actor, Role
from timebank.core.claims import claim
from timebank.core.errors import NotFound, Refused
from timebank.core.limits import MAX_PLANNER_PROCESSES
from timebank.core.text import T
from timebank.dayplans import processes
from timebank.dayplans.adapter import engine
from timebank.dayplans.adapter.engine import Plan
from timebank.dayplans.models import DayPlan, DayPlanState, DayProblem, PlannerRun, RunState
from timebank.dayplans.operations.planning import check_day, keep_plan, keep_problem
from timebank.dayplans.queries.newer import refuse_replaced
from timebank.dayplans.queries.plans import count_running, latest_plan, running
from timebank.dayplans.queries.standing import to_be_planned
from timebank.dayplans.rules import Locks
from timebank.policies.queries import in_force

SILENCE_SECONDS = 60  # for workers of another machine: one that compiles on a busy core is silent for long


def begin_run(
    session: Session,
    *,
    actor: Actor,
    area_code: str,
    on: date,
    seed: int = 0,
    seconds: int | None = None,
    start_plan_id: str | None = None,
) -> tuple[PlannerRun, bool]:
    """Note that a township's day is to be planned: the run, and whether it is new and needs its worker now.

    A run that is at work already for the same day is returned instead of a second one. With `start_plan_id` the
    planner begins from that version and leaves its locks alone, else from the version that counts where that has
    locks; of a published day under way it begins from what is published, and plans from now on. Refuses when the
    machine is busy with other days.
    """
    check_day(actor, area_code, on)
    session.get(Area, area_code, with_for_update=True)  # two presses at once make one run
    bury_lost_runs(session)
    at_work = running(session, area_code, on)
    if at_work:
        return at_work, False
    if start := session.get(DayPlan, start_plan_id or ""):
        refuse_replaced(session, start)
    problem, stands, _ = to_be_planned(session, area_code, on)
    kept = keep_problem(session, problem, area_code=area_code, on=on)
    wanted = in_force(session, area_code, on).number("dispatch.seconds") if seconds is None else seconds
    begin = start_plan_id or (stands.id if stands else _with_locks(session, area_code, on))
    return new_run(session, actor, kept, len(problem.tasks), wanted, seed, begin, {}), True


def _with_locks(session: Session, area_code: str, on: date) -> str | None:
    """The version of a day that counts, where somebody locked something in it: whoever plans anew need not know."""
    counts = latest_plan(session, area_code, on)
    return counts.id if counts and Locks.from_json(counts.locks) != Locks() else None


def new_run(
    session: Session,
    actor: Actor,
    kept: DayProblem,
    tasks: int,
    seconds: int,
    seed: int,
    start_plan_id: str | None,
    trial: dict[str, Any],
) -> PlannerRun:
    """Note a run whose worker is to be started now; refuses when the machine is busy with other runs."""
    if count_running(session) >= MAX_PLANNER_PROCESSES:
        text = T("The planner is busy with other townships. Try again in a minute; nothing is lost.")
        raise Refused("dayplans.planner_is_busy", text)
    now = clock.now()
    run = PlannerRun(
        id=ids.new_id("run"),
        area_code=kept.area_code,
        on=kept.on,
        problem_digest=kept.digest,
        seconds=seconds,
        seed=seed,
        tasks=tasks,
        trial=trial,
        start_plan_id=start_plan_id,
        made_by=actor.user_id,
        role_of_maker=actor.role.value,
        area_of_maker=actor.area_code,
        started_at=now,
        seen_at=now,
    )
    session.add(run)
    session.flush()
    note(session, actor=actor, action="dayplans.begin_run", subject_id=run.id, area_code=run.area_code)
    return run


def ask_to_stop(session: Session, *, actor: Actor, run_id: str) -> PlannerRun:
    """Ask a run to end now with the best plan that it has; a run that has ended is left as it is."""
    run = session.get(PlannerRun, run_id)
    if run is None or not actor.scope.holds_area(run.area_code):
        raise NotFound("dayplans.no_such_run", T("There is no such run of the planner in your area."))
    if run.state == RunState.RUNNING:
        run.stop_asked = True
        session.add(run)
        note(session, actor=actor, action="dayplans.ask_to_stop", subject_id=run.id, area_code=run.area_code)
    return run


def is_asked_to_stop(session: Session, run_id: str) -> bool:
    """Whether somebody asked a run to stop."""
    return session.exec(select(PlannerRun.stop_asked).where(PlannerRun.id == run_id)).one()


def show_life(session: Session, *, run_id: str, curve: list[Any]) -> bool:
    """Write a run's sign of life and its progress; whether it was asked to stop."""
    run = session.get_one(PlannerRun, run_id)
    run.seen_at, run.curve = clock.now(), curve
    session.add(run)
    return run.stop_asked


def finish_run(session: Session, *, run_id: str, plan: Plan) -> DayPlan | None:
    """Keep what the worker found as a new version; None where the run was given up meanwhile."""
    run = session.get_one(PlannerRun, run_id)
    ended = {"state": RunState.DONE, "ended_at": clock.now()}
    if not claim(session, PlannerRun, run_id, expected={"state": RunState.RUNNING}, change=ended):
        return None
    kept = session.get_one(DayProblem, run.problem_digest)
    start = session.get(DayPlan, run.start_plan_id) if run.start_plan_id else None
    made = keep_plan(
        session,
        actor=Actor(run.made_by, Role(run.role_of_maker), run.area_of_maker),
        kept=kept,
        problem=engine.unpack_problem(kept.body),
        plan=plan,
        state=DayPlanState.TRIAL if run.trial else DayPlanState.DRAFT,
        locks_of=start,
        amends_id=run.trial.get("base") or (start.id if start else None),
        reason=dict(run.trial),
        read_at=run.started_at,
    )
    session.refresh(run)
    run.day_plan_id = made.id
    session.add(run)
    return made


def give_up_run(session: Session, *, run_id: str, fault: str) -> None:
    """Say that a run ended without a plan, under the code of what was wrong; the last plan stands."""
    ended = {"state": RunState.FAILED, "fault": fault, "ended_at": clock.now()}
    claim(session, PlannerRun, run_id, expected={"state": RunState.RUNNING}, change=ended)


def bury_lost_runs(session: Session) -> None:
    """Runs whose worker is no more are over: it was killed, or the machine was switched off."""
    for run in session.exec(select(PlannerRun).where(PlannerRun.state == RunState.RUNNING)).all():
        if is_lost(run):
            give_up_run(session, run_id=run.id, fault="dayplans.worker_lost")
            processes.forget(run.id)


def is_lost(run: PlannerRun) -> bool:
    """Whether the worker of a run that should be at work is gone: seen at once on this machine, else by its silence."""
    if run.state != RunState.RUNNING:
        return False
    return processes.was_killed(run.id) or run.seen_at < clock.now() - timedelta(seconds=SILENCE_SECONDS)


def elapsed_seconds(run: PlannerRun) -> int:
    """How long a run has been at work, or was, by the clock on the wall."""
    return int(((run.ended_at or clock.now()) - run.started_at).total_seconds())
