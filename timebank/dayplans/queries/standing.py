"""A version of a day as the book has that day now: who is off, what has begun, what came and what went."""

from datetime import date

from sqlmodel import Session, select

from timebank.core import clock
from timebank.dayplans.adapter import engine
from timebank.dayplans.adapter.engine import Plan, Problem
from timebank.dayplans.adapter.hand import keep_times
from timebank.dayplans.adapter.problem import problem_of
from timebank.dayplans.adapter.under_way import barred, held_up, lost_tasks, rest_of
from timebank.dayplans.models import DayPlan, DayPlanState
from timebank.dayplans.queries.facts import DayFacts, begun_among, gather
from timebank.dayplans.rules import visit_of


def published_version(session: Session, area_code: str, on: date) -> DayPlan | None:
    """The version that is the day now, if one is."""
    found = select(DayPlan).where(
        DayPlan.area_code == area_code, DayPlan.on == on, DayPlan.state == DayPlanState.PUBLISHED
    )
    return session.exec(found).first()


def facts_for(session: Session, row: DayPlan, plan: Plan, concerned: str = "") -> DayFacts:
    """The day as it stands now, for a plan that may be under way: with what has begun and whoever began it.

    `concerned` is there too although off by now, if the plan names them: somebody has still to say what becomes of it.
    """
    places = engine.places_of(plan)
    begun = begun_among(session, {visit_of(task) for task in places})
    began = {one.carer for task, one in places.items() if visit_of(task) in begun or one.carer == concerned}
    return gather(session, row.area_code, row.on, with_begun=True, with_carers=began)


def to_be_planned(session: Session, area_code: str, on: date) -> tuple[Problem, DayPlan | None, Plan | None]:
    """What the planner is told about a day, and of a published day under way the version and the plan to begin from.

    What has begun on such a day is fixed, and the rest is open from now on.
    """
    row = published_version(session, area_code, on) if on == clock.today() else None
    if row is None:
        return problem_of(gather(session, area_code, on)), None, None
    problem, plan = as_it_stands(session, row)
    return problem, row, plan


def problem_now(facts: DayFacts, row: DayPlan) -> Problem:
    """The planner's problem of the facts; who is off by now is given nothing more, who is held up nothing before then.

    That somebody is held up stands in no book but with the version, and with those made from it.
    """
    now = barred(problem_of(facts), facts.away, facts.begun)
    return held_up(now, engine.unpack_plan(row.body), row.reason.get("late", {}), facts.begun)


def as_it_stands(session: Session, row: DayPlan) -> tuple[Problem, Plan]:
    """The day as the book has it now, and a version carried over to it: everybody keeps their carer and their place
    in the order, and comes at the time that was promised unless a drive takes longer now. It may break rules."""
    plan = engine.unpack_plan(row.body)
    facts = facts_for(session, row, plan)
    problem = problem_now(facts, row)
    plan = engine.taken_over(problem, plan, lost_tasks(plan, facts.away, facts.begun))
    plan = keep_times(problem, plan, plan)  # drives may take a minute more than when it was made
    if row.on == clock.today():
        problem = rest_of(problem, plan, frozenset(facts.begun), clock.minutes_gone(row.on))
        plan = engine.taken_over(problem, plan)
    return problem, plan
