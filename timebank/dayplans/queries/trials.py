"""What came of the what-if runs of a saved day, beside the day itself."""

from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, select

from timebank.core.text import T, Text
from timebank.dayplans.adapter import engine
from timebank.dayplans.figures import figures_of
from timebank.dayplans.models import DayPlan, DayPlanState, DayProblem, PlannerRun, RunState

_SHOWN = 12


@dataclass(frozen=True)
class Trial:
    """One line of the comparison: what was asked, the figures of the plan, and those less the day's own."""

    row: DayPlan
    asked: Text
    figures: dict[str, Any]
    change: dict[str, int]


def trials_of(session: Session, base: DayPlan) -> list[Trial]:
    """The day as it stands, then its what-ifs, the newest first."""
    found = select(DayPlan).where(DayPlan.amends_id == base.id, DayPlan.state == DayPlanState.TRIAL)
    rows = session.exec(found.order_by(col(DayPlan.version).desc()).limit(_SHOWN)).all()
    mine = _figures(session, base)
    trials = [_trial(row, _figures(session, row), mine) for row in rows]
    return [Trial(base, T("As it stands (version {number})", number=base.version), mine, {}), *trials]


def _figures(session: Session, row: DayPlan) -> dict[str, Any]:
    problem = engine.unpack_problem(session.get_one(DayProblem, row.problem_digest).body)
    return figures_of(problem, engine.unpack_plan(row.body))


def _trial(row: DayPlan, figures: dict[str, Any], mine: dict[str, Any]) -> Trial:
    change = {key: figures[key] - mine[key] for key in ("drive", "overtime", "out", "cost", "placed")}
    change |= {tier: count - mine["left_out"][tier] for tier, count in figures["left_out"].items()}
    return Trial(row, question_words(row.reason), figures, change)


def question_words(trial: dict[str, Any]) -> Text:
    """What was asked, as a sentence."""
    kind = str(trial.get("kind", "")).removeprefix("what_if_")
    if kind == "vans":
        return T("{count} bathing vans in all", count=trial.get("count", 0))
    if kind == "volunteers":
        return T("{count:# more volunteer|# more volunteers}", count=trial.get("count", 0))
    if kind == "festival":
        return T(
            "Week of Spring Festival: {away} % of the volunteers away, {more} % more visits",
            away=trial.get("away", 0),
            more=trial.get("more", 0),
        )
    return T("Nothing changed, planned once more")


def trials_at_work(session: Session, base: DayPlan) -> list[PlannerRun]:
    """The what-if runs of a day that have not ended."""
    found = select(PlannerRun).where(
        PlannerRun.area_code == base.area_code, PlannerRun.on == base.on, PlannerRun.state == RunState.RUNNING
    )
    return [run for run in session.exec(found.order_by(col(PlannerRun.id))) if run.trial.get("base") == base.id]
