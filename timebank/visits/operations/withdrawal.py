"""What stops at once when an elder withdraws a consent (PIPL art. 15): visits, baths, photos, places."""

import sqlalchemy as sa
from sqlmodel import Session, col, select

from timebank.careplans.models import ServiceKind
from timebank.core import clock
from timebank.core.actors import Actor
from timebank.core.db import table_of
from timebank.ledger import operations as ledger
from timebank.people.effects import when_withdrawn
from timebank.people.models import Person
from timebank.visits import queries
from timebank.visits.models import SlipPhoto, Visit, VisitState
from timebank.visits.operations.derivation import with_flag
from timebank.visits.operations.locking import locked_visits
from timebank.visits.operations.revival import NO_CONSENT, WITHDRAWN

_TO_COME = (VisitState.DUE, VisitState.PLANNED)


@when_withdrawn("visits")
def _no_more_visits(session: Session, actor: Actor, person: Person) -> int:
    return _call_off(session, actor, person, tuple(ServiceKind))


@when_withdrawn("health")
def _no_more_baths(session: Session, actor: Actor, person: Person) -> int:
    """A bath cannot be safe without health data."""
    return _call_off(session, actor, person, (ServiceKind.BATH,))


def _call_off(session: Session, actor: Actor, person: Person, services: tuple[ServiceKind, ...]) -> int:
    visits = locked_visits(
        session,
        Visit.elder_id == person.id,
        col(Visit.state).in_(_TO_COME),
        Visit.due_on >= clock.today(),
        col(Visit.service).in_(services),
    )
    for visit in visits:
        visit.state, visit.cancel_reason = VisitState.CANCELLED, NO_CONSENT.msgid
        if visit.care_item_id:
            visit.flags = with_flag(visit.flags, WITHDRAWN)  # comes back with the consent
        session.add(visit)
        if visit.hold_id and queries.is_hold_waiting(session, visit.hold_id):
            ledger.release(session, actor=actor, hold_id=visit.hold_id)
    return len(visits)


@when_withdrawn("photo")
def _no_more_photos(session: Session, _actor: Actor, person: Person) -> int:
    """Photos of the elder's slips are deleted; none are taken any more."""
    theirs = select(Visit.id).where(Visit.elder_id == person.id)
    photos = table_of(SlipPhoto)
    return session.connection().execute(sa.delete(photos).where(photos.c.visit_id.in_(theirs))).rowcount
