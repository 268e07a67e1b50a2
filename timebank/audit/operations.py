"""Writing the event log."""

from typing import Any

from sqlmodel import Session

from timebank.audit.models import AuditEvent
from timebank.core import clock, ids
from timebank.core.actors import Actor


def note(session: Session, *, actor: Actor, action: str, subject_id: str, area_code: str = "", **detail: Any) -> None:
    """Add one event to the log. `action` is `feature.verb`; `detail` holds ids, codes and numbers only."""
    session.add(
        AuditEvent(
            id=ids.new_id("aud"),
            at=clock.now(),
            user_id=actor.user_id,
            role=actor.role.value,
            action=action,
            subject_id=subject_id,
            area_code=area_code or actor.area_code,
            detail=detail,
        )
    )
