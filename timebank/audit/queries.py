"""Reading the event log."""

from sqlmodel import Session, col, or_, select

from timebank.audit.models import AuditEvent
from timebank.core.actors import Scope
from timebank.core.db import in_area
from timebank.core.limits import PAGE_ROWS

DISTRICT_DIGITS = 6


def latest_events(session: Session, scope: Scope, *, subject_id: str = "", before_id: str = "") -> list[AuditEvent]:
    """One page of events of the scope's area, newest first, older than `before_id` where given.

    What belongs to no area (a sign-in, a refused one, a denial, a job for the whole house) is the district's to see.
    """
    inside = in_area(col(AuditEvent.area_code), scope.area_code)
    if len(scope.area_code) <= DISTRICT_DIGITS:
        inside = or_(inside, col(AuditEvent.area_code) == "")
    found = select(AuditEvent).where(inside)
    if subject_id:
        found = found.where(AuditEvent.subject_id == subject_id)
    if before_id:
        found = found.where(col(AuditEvent.id) < before_id)
    return list(session.exec(found.order_by(col(AuditEvent.id).desc()).limit(PAGE_ROWS)))


def first_of(session: Session, action: str, subject_id: str) -> AuditEvent | None:
    """The first event of a kind about something: what was said when it was done, and sealed since."""
    found = select(AuditEvent).where(AuditEvent.subject_id == subject_id, AuditEvent.action == action)
    return session.exec(found.order_by(col(AuditEvent.at), AuditEvent.id)).first()
