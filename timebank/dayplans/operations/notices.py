"""Telling people what the change of a published day means for them: read by themselves, or told by the office."""

from sqlmodel import Session

from timebank.audit.operations import note
from timebank.core import clock
from timebank.core.actors import Actor
from timebank.core.errors import NotFound
from timebank.core.text import T
from timebank.dayplans.models import DayNotice
from timebank.dayplans.queries.notices import notice_for


def mark_read(session: Session, *, actor: Actor, notice_id: str) -> DayNotice:
    """Somebody has seen what changed for them, or for whom they act; a second time changes nothing."""
    row = _mine(session, actor, notice_id)
    if row.read_at is None:
        row.read_at = clock.now()
        session.add(row)
    return row


def mark_told(session: Session, *, actor: Actor, notice_id: str) -> DayNotice:
    """The office told somebody by telephone or at the door; a second time changes nothing."""
    row = _mine(session, actor, notice_id)
    if row.told_at is None:
        row.told_at, row.told_by = clock.now(), actor.user_id
        session.add(row)
        note(session, actor=actor, action="dayplans.mark_told", subject_id=row.id)
    return row


def _mine(session: Session, actor: Actor, notice_id: str) -> DayNotice:
    row = notice_for(session, actor.scope, notice_id)
    if row is None:
        raise NotFound("dayplans.no_such_notice", T("There is no such notice for you."))
    return row
