"""Secret addresses that a phone's calendar reads."""

from sqlmodel import Session

from timebank.audit.operations import note
from timebank.core import clock, ids
from timebank.core.actors import Actor
from timebank.core.errors import NotFound
from timebank.core.text import T
from timebank.phones import queries
from timebank.phones.models import CalendarFeed


def make_feed(session: Session, *, actor: Actor) -> str:
    """A new secret for the actor's own calendar, shown once; addresses given before end."""
    if actor.person_id is None:
        raise NotFound("visits.no_person", T("This login belongs to no person. Ask the township office."))
    revoke_feeds(session, actor=actor)
    secret = ids.new_secret(24)
    feed = CalendarFeed(id=queries.hash_of(secret), person_id=actor.person_id, made_at=clock.now())
    session.add(feed)
    note(session, actor=actor, action="phones.make_feed", subject_id=actor.person_id)
    return secret


def revoke_feeds(session: Session, *, actor: Actor) -> int:
    """End every calendar address of the actor; how many."""
    found = queries.live_feeds(session, actor.person_id or "")
    for feed in found:
        feed.revoked_at = clock.now()
        session.add(feed)
    if found:
        note(session, actor=actor, action="phones.revoke_feeds", subject_id=actor.person_id or "")
    return len(found)
