"""The log of a case: every step is one line, at the server's time."""

import sqlalchemy as sa
from sqlmodel import Session, select

from timebank.core import clock, crypto, ids
from timebank.core.actors import Actor
from timebank.core.errors import NotFound, Refused
from timebank.core.text import T
from timebank.emergency.models import CaseEntry, EmergencyCase, EntryKind

MAX_WORDS = 400


def write(
    session: Session,
    case: EmergencyCase,
    kind: EntryKind,
    *,
    actor: Actor,
    person_id: str | None = None,
    level: int | None = None,
    words: str = "",
) -> CaseEntry:
    """Add a line."""
    entry = CaseEntry(
        id=ids.new_id("cen"),
        case_id=case.id,
        place=_lines(session, case.id) + 1,
        kind=kind,
        at=clock.now(),
        by_user_id=actor.user_id,
        person_id=person_id,
        level=level,
        words_sealed=sealed(words),
    )
    session.add(entry)
    session.flush()
    return entry


def _lines(session: Session, case_id: str) -> int:
    return int(session.exec(select(sa.func.count()).where(CaseEntry.case_id == case_id)).one())


def sealed(words: str) -> str:
    """Free words as they are kept: nobody reads them in the database."""
    words = words.strip()[:MAX_WORDS]
    return crypto.vault().seal(words) if words else ""


def open_and_locked(session: Session, actor: Actor, case_id: str) -> EmergencyCase:
    """The case, for writing, if it lies in the actor's area and is not closed."""
    case = session.get(EmergencyCase, case_id, with_for_update=True, populate_existing=True)
    if case is None or actor.scope.person_ids is not None or not actor.scope.holds_area(case.area_code):
        raise NotFound("emergency.no_such_case", T("There is no such emergency in your area."))
    if case.closed_at is not None:
        raise Refused("emergency.is_closed", T("This emergency is closed. A new alarm opens a new one."))
    return case
