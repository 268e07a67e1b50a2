"""Visits of a plan whose elder has moved since it was made: it leads to a door behind which they no longer live."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlmodel import Session, col, select

from timebank.core.text import T, Text
from timebank.dayplans.adapter import engine
from timebank.dayplans.adapter.problem import door_name
from timebank.dayplans.models import DayPlan, DayProblem
from timebank.dayplans.queries.facts import TO_PLAN
from timebank.dayplans.rules import FETCH, visit_of
from timebank.people.models import Household, PersonCase
from timebank.people.queries import moves_since
from timebank.visits.models import Visit


@dataclass(frozen=True)
class Moved:
    """A visit that is still to come, and what a coordinator must know of its door."""

    visit: Visit
    words: Text


def moved_since(session: Session, row: DayPlan) -> dict[str, Moved]:
    """Visits to come whose door is another than the plan's, by id; also those that another township looks after now.

    The doors are compared, not the hours: a plan made after the move, or published anew, is never named.
    """
    elders = {case.person_id for case in _moves(session, row)}
    if not elders:  # nearly every day: no need to open the problem
        return {}
    return {visit.id: Moved(visit, _words(session, row, visit)) for visit in planned_for_old_door(session, row, elders)}


def planned_for_old_door(session: Session, row: DayPlan, elder_ids: Collection[str]) -> list[Visit]:
    """Visits to come of some elders that a version leads to another door than theirs."""
    found = select(Visit).where(
        col(Visit.elder_id).in_(elder_ids), Visit.due_on == row.on, col(Visit.state).in_(TO_PLAN)
    )
    visits, planned = session.exec(found.order_by(Visit.id)), _doors(session, row)
    return [one for one in visits if planned.get(one.id, "") not in ("", door_name(one.household_code))]


def moves_known(session: Session, row: DayPlan) -> list[str]:
    """A mark of the moves that may touch a plan: it changes when somebody moves."""
    return [case.id for case in _moves(session, row)]


def _moves(session: Session, row: DayPlan) -> list[PersonCase]:
    return moves_since(session, row.area_code, row.made_at)


def _doors(session: Session, row: DayPlan) -> dict[str, str]:
    problem = engine.unpack_problem(session.get_one(DayProblem, row.problem_digest).body)
    return {visit_of(task.id): task.place for task in problem.tasks if not task.id.endswith(FETCH)}


def _words(session: Session, row: DayPlan, visit: Visit) -> Text:
    if not visit.area_code.startswith(row.area_code):
        return T("lives in another township now; nobody of this one comes")
    place = session.get_one(Household, visit.household_code).landmark
    return T("has moved: planned for the old door, lives at {place} now", place=place)
