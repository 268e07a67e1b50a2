"""Alarms: who hears of them, and those that no phone at the door raised: the office or the clock did."""

from collections.abc import Callable

from sqlmodel import Session

from timebank.audit.operations import note
from timebank.core import clock, ids
from timebank.core.actors import Actor
from timebank.core.errors import NotFound
from timebank.core.text import T
from timebank.visits.models import EventKind, Visit, VisitEvent
from timebank.visits.rules import EventIn

Hearing = Callable[[Session, Actor, Visit, VisitEvent], None]
_hearing: list[Hearing] = []


def hears_alarms(hearing: Hearing) -> Hearing:
    """Declare what a feature does when an alarm of a visit is kept; it runs in the same unit of work, for each once."""
    _hearing.append(hearing)
    return hearing


def sound(session: Session, actor: Actor, visit: Visit, event: VisitEvent) -> None:
    """Let every feature hear of an alarm that was just kept."""
    for hearing in _hearing:
        hearing(session, actor, visit, event)


def raise_alarm(session: Session, *, actor: Actor, visit_id: str, source: str) -> VisitEvent:
    """Raise the alarm for the elder of a visit; it stands with the alarms that phones raise, on the same list.

    `source` says what raised it, such as "unreached". The entry speaks of the elder, because nobody else was there.
    """
    visit = session.get(Visit, visit_id)
    if visit is None or not actor.scope.holds_area(visit.area_code):
        raise NotFound("visits.no_such_visit", T("There is no such visit in your area."))
    told = EventIn(
        id=ids.new_id("evt"), visit_id=visit.id, kind=EventKind.SOS, device_at=clock.now(), data={"source": source}
    )
    row = VisitEvent(
        id=told.id,
        visit_id=visit.id,
        person_id=visit.elder_id,
        kind=told.kind,
        device_at=told.device_at,
        server_at=clock.now(),
        data=dict(told.data),
        digest=told.digest,
    )
    session.add(row)
    note(session, actor=actor, action="visits.raise_alarm", subject_id=visit.id, area_code=visit.area_code)
    session.flush()
    sound(session, actor, visit, row)
    return row
