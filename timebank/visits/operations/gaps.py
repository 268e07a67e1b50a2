"""A gap is filled by telephone: the office writes down who said yes."""

from sqlmodel import Session, select

from timebank.audit.operations import note
from timebank.core import clock
from timebank.core.actors import Actor
from timebank.core.errors import NotFound, Refused
from timebank.core.text import T
from timebank.visits import gap_queries
from timebank.visits.models import CarerState, Visit, VisitCarer, VisitState
from timebank.visits.operations.derivation import derive
from timebank.visits.operations.planning import new_carer


def fill_gap(session: Session, *, actor: Actor, visit_id: str, person_id: str) -> VisitCarer:
    """Keep that somebody said on the telephone that they come to a visit that nobody comes to.

    Refuses a visit that is over, has somebody or takes two, and whoever may not come to it or is expected elsewhere.
    """
    visit = session.get(Visit, visit_id, with_for_update=True, populate_existing=True)
    if visit is None or not actor.scope.holds_area(visit.area_code):
        raise NotFound("visits.no_such_visit", T("There is no such visit in your area."))
    if visit.state != VisitState.DUE or visit.crew_size > 1 or visit.due_on < clock.today():
        raise Refused("visits.no_gap", T("Somebody comes to this visit already, or it is over."))
    if person_id not in {one.person.id for one in gap_queries.who_could_come(session, visit)}:
        text = T("This person cannot come to this visit now. Choose somebody from the list.")
        raise Refused("visits.not_on_the_list", text, field="person_id")
    known = session.exec(
        select(VisitCarer).where(VisitCarer.visit_id == visit.id, VisitCarer.person_id == person_id)
    ).first()
    carer = known or new_carer(visit.id, person_id, visit.window_from_minute)
    carer.state, carer.starts_minute = CarerState.ACCEPTED, visit.window_from_minute
    session.add(carer)
    note(session, actor=actor, action="visits.fill_gap", subject_id=visit.id, area_code=visit.area_code)
    derive(session, visit)
    return carer
