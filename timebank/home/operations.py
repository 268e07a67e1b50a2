"""Taking over from a colleague who left."""

from dataclasses import dataclass

from sqlmodel import Session

from timebank.assessments import operations as assessments
from timebank.audit.operations import note
from timebank.auth.models import User
from timebank.core.actors import Actor
from timebank.core.errors import NotAllowed, NotFound, Refused
from timebank.core.text import T
from timebank.home import handover_queries as queries


@dataclass(frozen=True)
class TakenOver:
    """What came into the new hands: how many things in all, forms to go on with, forms that another must take."""

    things: int
    drafts: int
    left: int


def take_over(session: Session, *, actor: Actor, user_id: str) -> TakenOver:
    """Keep that somebody goes on with what a colleague left; drafts of assessments change hands, if they may assess.

    Everything else is open to whoever holds the role, so nothing else needs to be moved. Refuses one's own things, and
    those of somebody who still works here.
    """
    leaver = queries.colleague_for(session, actor.scope, user_id)
    if leaver is None:
        raise NotFound("home.no_such_colleague", T("There is no such colleague in your area."))
    if leaver.id == actor.user_id:
        raise NotAllowed("home.own_things", T("These are your own things. Whoever comes after you takes them over."))
    if queries.is_here(session, leaver):
        text = T("{name} still works here. Take over when the role has ended.", name=leaver.display_name)
        raise Refused("home.still_here", text)
    kinds = queries.in_hands_of(session, actor.scope, leaver)
    drafts = queries.drafts_of(session, actor.scope, leaver)
    taken = sum(_takes(session, actor, leaver, draft.id) for draft in drafts)
    note(session, actor=actor, action=queries.TAKEN_OVER, subject_id=leaver.id, **queries.counts(kinds))
    return TakenOver(sum(len(kind.things) for kind in kinds), taken, len(drafts) - taken)


def _takes(session: Session, actor: Actor, leaver: User, assessment_id: str) -> bool:
    """Whether a draft came over; who lacks the certificate, or is near the elder, leaves it for another."""
    try:
        assessments.take_over(session, actor=actor, assessment_id=assessment_id, from_user_id=leaver.id)
    except NotAllowed:
        return False
    return True
