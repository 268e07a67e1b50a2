"""Calling back: a reviewer asks the elder's side, so that no answer given in their name stands unheard."""

from sqlmodel import Session

from timebank.audit.operations import note
from timebank.core import clock, ids
from timebank.core.actors import Actor
from timebank.core.errors import BadInput, NotFound, Refused
from timebank.core.text import T
from timebank.visits import queries
from timebank.visits.models import CallBack, CallOutcome, VisitState
from timebank.visits.operations.derivation import with_flag
from timebank.visits.operations.settlement import check_reviewer


def call_back(session: Session, *, actor: Actor, visit_id: str, outcome: CallOutcome, words: str = "") -> CallBack:
    """Keep what the elder said on the phone about a visit that waits for a review; what was not so flags the visit.

    Refuses who helped, recorded or confirmed it, a visit that does not wait, and "otherwise" without a word.
    """
    visit = queries.visit_for(session, actor.scope, visit_id)
    if visit is None:
        raise NotFound("visits.no_such_visit", T("There is no such visit in your area."))
    check_reviewer(session, actor, visit, queries.crew_of(session, visit.id))
    if visit.state != VisitState.CONFIRMED:
        raise Refused("visits.not_confirmed", T("This visit does not wait for a review."))
    if outcome == CallOutcome.OTHERWISE:
        if not words.strip():
            raise BadInput("core.missing", T("Please fill this in."), field="words")
        visit.flags = with_flag(visit.flags, "disputed")
    made = CallBack(
        id=ids.new_id("cbk"),
        visit_id=visit.id,
        by_user_id=actor.user_id,
        outcome=outcome,
        words=words.strip()[:400],
        at=clock.now(),
    )
    session.add_all([made, visit])
    note(
        session, actor=actor, action="visits.call_back", subject_id=visit.id, area_code=visit.area_code, outcome=outcome
    )
    session.flush()
    return made
