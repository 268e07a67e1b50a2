"""Why this carer, why not another, what would make it possible: what is plain at once, then what was searched."""

from typing import Any

from sqlmodel import Session

from dispatch.explain import Answer, Explanation
from dispatch.model import ProblemError
from timebank.core.i18n import say
from timebank.core.text import T, Text
from timebank.dayplans.adapter import engine
from timebank.dayplans.adapter.explaining import Asked, explained
from timebank.dayplans.explanation_words import reason_words, relaxation_words
from timebank.dayplans.models import DayPlan
from timebank.dayplans.queries.answers import asked_task, places_in
from timebank.dayplans.queries.board import Opened, cast_of, names_for, opened
from timebank.dayplans.words import Names, clock_time

_MOST_HELP = 5


def why(session: Session, row: DayPlan, visit_id: str) -> dict[str, Any]:
    """What is plain to see within a moment: why who comes comes, and how many others cannot, for which reason."""
    day = opened(session, row)
    task_id = asked_task(day, visit_id)
    offers = places_in(session, day, task_id)
    against: dict[str, int] = {}
    for offer in offers:
        if offer["against"]:
            against[offer["against"]] = against.get(offer["against"], 0) + 1
    return {
        "here": [say(text) for text in _why_here(day, task_id, offers, names_for(session, day, {task_id}))],
        "reasons": sorted(against.items(), key=lambda one: (-one[1], one[0])),
        "fits": sum(1 for offer in offers if offer["cost"] is not None),
    }


def _why_here(day: Opened, task_id: str, offers: list[dict[str, Any]], names: Names) -> list[Text]:
    placed = day.places.get(task_id)
    if placed is None:
        return []
    carer = names.person(placed.carer)
    task = next(task for task in day.problem.tasks if task.id == task_id)
    found = [T("It is locked with {carer}.", carer=carer)] if day.locks.holds(task_id, day.places) else []
    if placed.carer in task.carer_cost:
        found.append(T("{carer} has come to this door before.", carer=carer))
    others = sorted((one for one in offers if one["change"] is not None and not one["is_here"]), key=_change)
    if not others:
        found.append(T("Nobody else could come as things stand."))
    elif _change(others[0]) >= 0:
        text = T("Of {count} people who could come, {carer} costs least.", count=len(others) + 1, carer=carer)
        found.append(text)
        found.append(T("The next best is {other}: {more} more.", other=others[0]["name"], more=_change(others[0])))
    else:
        text = T(
            "As things stand now, {other} would cost {less} less.", other=others[0]["name"], less=-_change(others[0])
        )
        found.append(text)
    return found


def _change(offer: dict[str, Any]) -> int:
    return int(offer["change"])


def explanation(session: Session, row: DayPlan, visit_id: str) -> dict[str, Any]:
    """What the planner finds when it searches: rules in conflict, what would help, what each carer says.

    `busy` where another question is being answered; `faulty` where the plan breaks a rule, so that nothing follows.
    """
    day = opened(session, row)
    task_id = asked_task(day, visit_id)
    problem = engine.locked(day.problem, day.locks.without_task([task_id]), day.places)
    try:
        found = explained(Asked(row.id, row.revision, problem, day.plan, task_id))
    except ProblemError:
        return {"busy": False, "faulty": True}
    if found is None:
        return {"busy": True, "faulty": False}
    names = cast_of(session, day).names()
    told = _of_left_out(found, names) if isinstance(found, Explanation) else _of_placed(day, task_id, found, names)
    return {"busy": False, "faulty": False} | told


def _of_left_out(found: Explanation, names: Names) -> dict[str, Any]:
    return {
        "fits": found.fits,
        "extra_cost": found.extra_cost,
        "reasons": [say(reason_words(one, names)) for one in found.reasons],
        "would_help": [say(relaxation_words(one, names)) for one in found.relaxations[:_MOST_HELP]],
        "complete": found.complete,
        "carers": [],
    }


def _of_placed(day: Opened, task_id: str, answers: list[Answer], names: Names) -> dict[str, Any]:
    placed = day.places[task_id]
    return {
        "fits": True,
        "extra_cost": None,
        "reasons": [],
        "would_help": [],
        "complete": True,
        "carers": [
            {
                "carer": one.carer,
                "name": names.person(one.carer),
                "is_here": one.carer == placed.carer,
                "change": one.extra_cost,
                "starts": clock_time(one.start_minutes) if one.start_minutes is not None else "",
                "reasons": [say(reason_words(reason, names)) for reason in one.reasons],
            }
            for one in answers
        ],
    }
