"""Reading versions of day plans and runs of the planner, always within the caller's scope."""

from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from timebank.areas.models import Area, AreaKind
from timebank.core.actors import Scope
from timebank.core.db import in_area
from timebank.dayplans.models import DayPlan, DayPlanChange, DayPlanState, DayProblem, PlannerRun, RunState
from timebank.visits.models import Visit, VisitState


def day_plan_for(session: Session, scope: Scope, day_plan_id: str) -> DayPlan | None:
    """The version if its township lies in the scope."""
    found = session.get(DayPlan, day_plan_id)
    return found if found and scope.holds_area(found.area_code) else None


def run_for(session: Session, scope: Scope, run_id: str) -> PlannerRun | None:
    """The run if its township lies in the scope."""
    found = session.get(PlannerRun, run_id)
    return found if found and scope.holds_area(found.area_code) else None


def versions_of(session: Session, area_code: str, on: date) -> list[DayPlan]:
    """All versions of a township's day, the newest first."""
    found = select(DayPlan).where(DayPlan.area_code == area_code, DayPlan.on == on)
    return list(session.exec(found.order_by(col(DayPlan.version).desc())))


def versions_at_work(session: Session, area_code: str, since_on: date) -> list[DayPlan]:
    """Of a township's days from one on: the published version, and drafts newer than it; each day's oldest first."""
    found = (
        select(DayPlan)
        .where(DayPlan.area_code == area_code, DayPlan.on >= since_on)
        .where(col(DayPlan.state).in_([DayPlanState.DRAFT, DayPlanState.PUBLISHED]))
        .order_by(col(DayPlan.on), col(DayPlan.version))
    )
    rows = list(session.exec(found))
    published = {row.on: row.version for row in rows if row.state == DayPlanState.PUBLISHED}
    return [row for row in rows if row.version >= published.get(row.on, 0)]


def latest_plan(session: Session, area_code: str, on: date) -> DayPlan | None:
    """The version of a day that counts: the published one, else the newest draft, else None."""
    versions = versions_of(session, area_code, on)
    published = (one for one in versions if one.state == DayPlanState.PUBLISHED)
    drafts = (one for one in versions if one.state == DayPlanState.DRAFT)
    return next(published, None) or next(drafts, None)


def problem_row(session: Session, row: DayPlan) -> DayProblem:
    """What the planner was told for a version."""
    return session.get_one(DayProblem, row.problem_digest)


def running(session: Session, area_code: str, on: date) -> PlannerRun | None:
    """The run at work on a township's day, if any; what-if runs are not about the day itself."""
    found = select(PlannerRun).where(
        PlannerRun.area_code == area_code, PlannerRun.on == on, PlannerRun.state == RunState.RUNNING
    )
    rows = session.exec(found.order_by(col(PlannerRun.id).desc()))
    return next((run for run in rows if not run.trial), None)


def count_running(session: Session) -> int:
    """How many runs are at work in the whole installation."""
    return int(session.exec(select(sa.func.count()).where(PlannerRun.state == RunState.RUNNING)).one())


def changes_of(session: Session, day_plan_id: str) -> list[DayPlanChange]:
    """What was changed by hand, the newest first."""
    found = select(DayPlanChange).where(DayPlanChange.day_plan_id == day_plan_id)
    return list(session.exec(found.order_by(col(DayPlanChange.revision).desc())))


def last_change(session: Session, day_plan_id: str) -> DayPlanChange | None:
    """The last change by hand that is not taken back yet."""
    found = select(DayPlanChange).where(
        DayPlanChange.day_plan_id == day_plan_id, col(DayPlanChange.undone).is_(False), DayPlanChange.kind != "undo"
    )
    return session.exec(found.order_by(col(DayPlanChange.revision).desc()).limit(1)).first()


@dataclass(frozen=True)
class TownshipDay:
    """One line of the list of days."""

    township: Area
    on: date
    visits: int
    plan: DayPlan | None


def days_ahead(session: Session, scope: Scope, first_on: date, days: int) -> list[TownshipDay]:
    """Every township of the scope with its next days: how many visits are asked for, and the plan that counts."""
    last_on = first_on + timedelta(days=days - 1)
    townships = select(Area).where(Area.kind == AreaKind.TOWNSHIP, in_area(col(Area.code), scope.area_code[:9]))
    part = sa.func.substr(Visit.area_code, 1, 9).label("part")
    open_states = [state for state in VisitState if state != VisitState.CANCELLED]
    counted = (
        select(part, col(Visit.due_on), sa.func.count(col(Visit.id)))
        .where(in_area(col(Visit.area_code), scope.area_code), Visit.due_on >= first_on, Visit.due_on <= last_on)
        .where(col(Visit.state).in_(open_states))
        .group_by(part, col(Visit.due_on))
    )
    visits = {(code, on): int(count) for code, on, count in session.exec(counted)}
    plans = _plans_that_count(session, scope, first_on, last_on)
    return [
        TownshipDay(township, on, visits.get((township.code, on), 0), plans.get((township.code, on)))
        for township in session.exec(townships.order_by(Area.code))
        for on in (first_on + timedelta(days=index) for index in range(days))
    ]


def _plans_that_count(session: Session, scope: Scope, first_on: date, last_on: date) -> dict[tuple[str, date], DayPlan]:
    """For each township and day, the published version, else the newest draft."""
    found = (
        select(DayPlan)
        .where(in_area(col(DayPlan.area_code), scope.area_code), DayPlan.on >= first_on, DayPlan.on <= last_on)
        .where(col(DayPlan.state).in_([DayPlanState.DRAFT, DayPlanState.PUBLISHED]))
        .order_by(col(DayPlan.version))
    )
    best: dict[tuple[str, date], DayPlan] = {}
    for row in session.exec(found):
        known = best.get((row.area_code, row.on))
        if known is None or known.state != DayPlanState.PUBLISHED:
            best[row.area_code, row.on] = row
    return best
