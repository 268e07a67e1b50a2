"""The alarm: from a phone, a card, a call or a visit it becomes one case, and the first people are asked at once."""

from sqlmodel import Session

from timebank.audit.operations import note
from timebank.auth import operations as auth
from timebank.core import clock, ids
from timebank.core.actors import SYSTEM, Actor
from timebank.core.errors import BadInput, NotFound, Refused
from timebank.core.text import T
from timebank.emergency import queries
from timebank.emergency.models import CaseKind, CaseSource, EmergencyCase, EntryKind
from timebank.emergency.operations.log import sealed, write
from timebank.emergency.operations.watching import advance
from timebank.people.models import Person, PersonState
from timebank.visits.models import Visit, VisitEvent
from timebank.visits.operations.alarms import hears_alarms

ALARMS_PER_HOUR = 6  # at one door, by card
_GONE = (PersonState.DEAD, PersonState.MOVED, PersonState.MERGED)


def open_case(
    session: Session,
    *,
    actor: Actor,
    elder_id: str,
    source: CaseSource,
    kind: CaseKind = CaseKind.OTHER,
    words: str = "",
    source_key: str | None = None,
    by_person_id: str | None = None,
) -> EmergencyCase:
    """Open the emergency of an elder and ask the first people to go. While one is open, an alarm is a line in its log.

    Members raise the alarm for themselves and those they act for, offices for everybody in their area.
    """
    elder = session.get(Person, elder_id, with_for_update={"key_share": True})  # beside rows that refer to the elder
    if elder is None or not actor.scope.holds_person(elder.id, elder.area_code):
        raise NotFound("people.no_such_person", T("There is no such person in your area."))
    if elder.elder_since_on is None or elder.state in _GONE:
        text = T("Choose a registered elder who lives here. In danger, call 120 first.")
        raise BadInput("emergency.not_an_elder", text, field="elder_id")
    known = queries.open_case_of(session, elder.id)
    if known:
        write(session, known, EntryKind.ALARM_AGAIN, actor=actor, person_id=by_person_id, words=words)
        return known
    case = EmergencyCase(
        id=ids.new_id("emc"),
        elder_id=elder.id,
        area_code=elder.area_code,
        source=source,
        source_key=source_key,
        kind=kind,
        words_sealed=sealed(words),
        opened_at=clock.now(),
        opened_by=actor.user_id,
    )
    session.add(case)
    session.flush()
    write(session, case, EntryKind.OPENED, actor=actor, person_id=by_person_id)
    note(session, actor=actor, action="emergency.open", subject_id=case.id, area_code=case.area_code, source=source)
    advance(session, case)
    return case


def alarm_at_card(session: Session, *, household_code: str, card: str, kind: CaseKind, words: str) -> EmergencyCase:
    """The alarm of somebody who scanned the card at a door; nobody needs to be known for it.

    Refuses a card that is none (the sign on it is keyed), a home without elders, and many alarms at one door.
    Doors are counted, not callers: many phones of a valley share one address.
    """
    if card != queries.card_code(household_code):
        raise NotFound("emergency.no_such_card", T("This card is not one of ours. Call 120, or the village."))
    auth.count_attempt(session, purpose="alarm", of=household_code, limit=ALARMS_PER_HOUR)
    elders = queries.elders_of_door(session, household_code)
    if not elders:
        raise Refused("emergency.nobody_here", T("No elder is registered at this door. Call 120, or the village."))
    return open_case(session, actor=SYSTEM, elder_id=elders[0].id, source=CaseSource.CARD, kind=kind, words=words)


@hears_alarms
def from_visit(session: Session, actor: Actor, visit: Visit, event: VisitEvent) -> None:
    """An alarm of a visit becomes a case in the same unit of work. Who raised it is with the elder; others are asked.

    It never refuses: what a phone tells is kept, also of somebody who is no registered elder any more.
    """
    elder = session.get_one(Person, visit.elder_id)
    if elder.elder_since_on is None or elder.state in _GONE:
        return
    is_search = event.data.get("source") == "unreached"
    open_case(
        session,
        actor=SYSTEM,
        elder_id=visit.elder_id,
        source=CaseSource.VISIT,
        kind=CaseKind.NO_ANSWER if is_search else CaseKind.OTHER,
        source_key=f"event:{event.id}",
        by_person_id=None if event.person_id == visit.elder_id else event.person_id,
    )
