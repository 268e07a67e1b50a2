"""Visits as they are now, kept from everybody else until the unit of work ends.

Who decides by a visit's state and then writes it must hold the row: on PostgreSQL an approval and a rejection of the
same second would otherwise both pass. News from a phone takes the same lock (`fieldwork.record_event`).
"""

from typing import Any

from sqlmodel import Session, col, select

from timebank.core.actors import Scope
from timebank.visits import queries
from timebank.visits.models import Visit

_ROW: Any = {"key_share": True}  # beside rows that refer to the visit


def locked_visit(session: Session, scope: Scope, visit_id: str) -> Visit | None:
    """The visit if the scope may see it, read under its lock, as it is now."""
    there = locked_visits(session, Visit.id == visit_id)
    return queries.visit_for(session, scope, visit_id) if there else None


def locked_visits(session: Session, *conditions: Any) -> list[Visit]:
    """The visits that meet the conditions, read again under their locks, in order of id as everywhere."""
    found = select(Visit).where(*conditions).order_by(col(Visit.id)).with_for_update(**_ROW)
    return list(session.exec(found, execution_options={"populate_existing": True}))
