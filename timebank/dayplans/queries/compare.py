"""Two versions of one day side by side: what changed, for whom, and what it costs."""

from typing import Any

from sqlmodel import Session

from timebank.core.i18n import say
from timebank.dayplans.adapter import engine
from timebank.dayplans.figures import cost_parts, figures_of
from timebank.dayplans.models import DayPlan
from timebank.dayplans.queries.board import Opened, names_for, opened
from timebank.dayplans.rules import FETCH, Placed, Step, differences, visit_of
from timebank.dayplans.words import STEP_WORDS


def _waiting(old: Opened, new: Opened) -> list[Step]:
    """What came since the older version and has nobody yet, such as an emergency for which no time was left."""
    came = {task.id for task in new.problem.tasks} - {task.id for task in old.problem.tasks}
    return [Step(task_id, "waiting", None, None) for task_id in sorted(came - set(new.places))]


def comparison(session: Session, before: DayPlan, after: DayPlan) -> dict[str, Any]:
    """The steps from one version to another, each task once, and both rows of figures."""
    old, new = opened(session, before), opened(session, after)
    found = [*_waiting(old, new), *differences(old.places, new.places)]
    steps = [step for step in found if not step.task_id.endswith(FETCH)]
    names = names_for(session, new, {step.task_id for step in steps}, {one.id for one in old.problem.carers})

    def place(placed: Placed | None) -> dict[str, Any] | None:
        if placed is None:
            return None
        name = names.person(placed.carer)
        return {"carer": placed.carer, "name": name, "from": placed.starts, "to": placed.ends}

    return {
        "before": {"id": before.id, "version": before.version, "figures": figures_of(old.problem, old.plan)},
        "after": {"id": after.id, "version": after.version, "figures": figures_of(new.problem, new.plan)},
        "parts": cost_parts(engine.price(old.problem, old.plan), engine.price(new.problem, new.plan)),
        "steps": [
            {
                "task": step.task_id,
                "visit": visit_of(step.task_id),
                "visit_words": say(names.visit(step.task_id)),
                "kind": step.kind,
                "words": say(STEP_WORDS[step.kind]),
                "before": place(step.before),
                "after": place(step.after),
            }
            for step in steps
        ],
    }
