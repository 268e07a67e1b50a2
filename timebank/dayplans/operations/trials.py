"""What-if runs: a saved day is planned again as it would be, in the planner's process, and never published."""

from typing import Any

from sqlmodel import Session

from timebank.core.actors import Actor
from timebank.core.errors import BadInput, NotFound
from timebank.core.text import T
from timebank.dayplans.adapter import engine
from timebank.dayplans.adapter.problem import van_at
from timebank.dayplans.adapter.whatif import KINDS, MOST, Question, changed
from timebank.dayplans.models import DayPlan, DayProblem, PlannerRun
from timebank.dayplans.operations.planning import keep_problem
from timebank.dayplans.operations.runs import bury_lost_runs, new_run
from timebank.policies.queries import Policy, in_force


def begin_trial(session: Session, *, actor: Actor, day_plan_id: str, kind: str, count: int = 0) -> PlannerRun:
    """Note that a saved day is to be planned as it would be; its worker is to be started now.

    Refuses a question that is not known, a number out of bounds, and a busy machine.
    """
    base = session.get(DayPlan, day_plan_id)
    if base is None or not actor.scope.holds_area(base.area_code):
        raise NotFound("dayplans.no_such_plan", T("There is no such day plan in your area."))
    policy = in_force(session, base.area_code, base.on)
    question = _question(policy, kind, count)
    bury_lost_runs(session)
    problem = engine.unpack_problem(session.get_one(DayProblem, base.problem_digest).body)
    asked = changed(problem, question, van_at(policy, "", ""))
    kept = keep_problem(session, asked, area_code=base.area_code, on=base.on)
    seconds, trial = policy.number("dispatch.seconds"), _as_json(base, question)
    return new_run(session, actor, kept, len(asked.tasks), seconds, base.seed, None, trial)


def _question(policy: Policy, kind: str, count: int) -> Question:
    if kind not in KINDS:
        raise BadInput("core.not_a_choice", T("Choose from the list."), field="kind")
    if kind in ("vans", "volunteers") and not 0 <= count <= MOST:
        raise BadInput("dayplans.bad_count", T("Choose a number from 0 to {most}.", most=MOST), field="count")
    if kind == "festival":
        away, more = (policy.number(f"dispatch.festival_{name}_percent") for name in ("away", "more"))
        return Question(kind, away_percent=away, more_percent=more)
    return Question(kind, count)


def _as_json(base: DayPlan, question: Question) -> dict[str, Any]:
    numbers = {"count": question.count, "away": question.away_percent, "more": question.more_percent}
    return {"kind": f"what_if_{question.kind}", "base": base.id, **{key: one for key, one in numbers.items() if one}}
