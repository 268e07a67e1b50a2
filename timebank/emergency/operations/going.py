"""Who goes: yes, no, there; and what the office does meanwhile."""

from sqlmodel import Session, select

from timebank.audit.operations import note
from timebank.core import clock
from timebank.core.actors import Actor
from timebank.core.errors import BadInput, NotFound, Refused
from timebank.core.maps import distance_m
from timebank.core.text import T
from timebank.emergency import queries
from timebank.emergency.models import AskState, CaseAsk, EmergencyCase, EntryKind
from timebank.emergency.operations.log import open_and_locked, write
from timebank.emergency.operations.watching import advance, ask
from timebank.emergency.rules import Candidate
from timebank.people.models import Household, Person, PersonState
from timebank.people.queries import place_of

_ENTRIES = {
    AskState.COMING: EntryKind.COMING,
    AskState.CANNOT: EntryKind.CANNOT,
    AskState.THERE: EntryKind.THERE,
}


def answer(session: Session, *, actor: Actor, case_id: str, person_id: str, state: AskState) -> CaseAsk:
    """Say that somebody who was asked is coming, cannot come, or is there: by themselves, or by the office for them.

    After a no the next people are asked at once. When the first one is there the clock stops, and who has not answered
    is not needed any more. Said again it changes nothing.
    """
    case, helper = _asked(session, actor, case_id, person_id)
    if state not in _ENTRIES:
        raise BadInput("core.not_a_choice", T("Choose from the list."), field="state")
    if helper.state == state or (helper.state == AskState.THERE and state == AskState.COMING):
        return helper
    helper.state, helper.answered_at = state, clock.now()  # of the last word: who comes after all is not late yet
    session.add(helper)
    write(session, case, _ENTRIES[state], actor=actor, person_id=person_id)
    if state == AskState.THERE:
        _arrive(session, case, helper)
    elif state == AskState.CANNOT:
        session.flush()
        advance(session, case)
    note(session, actor=actor, action="emergency.answer", subject_id=case.id, area_code=case.area_code, state=state)
    return helper


def _asked(session: Session, actor: Actor, case_id: str, person_id: str) -> tuple[EmergencyCase, CaseAsk]:
    case = session.get(EmergencyCase, case_id, with_for_update=True, populate_existing=True)
    mine = select(CaseAsk).where(CaseAsk.case_id == case_id, CaseAsk.person_id == person_id)
    helper = session.exec(mine).first()
    is_own = actor.scope.person_ids is not None and actor.person_id == person_id
    is_office = actor.scope.person_ids is None and case is not None and actor.scope.holds_area(case.area_code)
    if case is None or helper is None or not (is_own or is_office):
        raise NotFound("emergency.not_asked", T("You were not asked to this emergency, or it is over."))
    if case.closed_at is not None:
        raise Refused("emergency.is_over", T("It is over already. Thank you for answering."))
    return case, helper


def _arrive(session: Session, case: EmergencyCase, helper: CaseAsk) -> None:
    helper.there_at = clock.now()
    if case.there_at is not None:
        return
    case.there_at = helper.there_at
    session.add(case)
    release(session, case, (AskState.ASKED, AskState.SILENT))


def release(session: Session, case: EmergencyCase, states: tuple[AskState, ...]) -> None:
    """Tell who was asked and is in one of these states that they are not needed any more."""
    for helper, _ in queries.helpers_of(session, [case.id]).get(case.id, []):
        if helper.state in states:
            helper.state = AskState.RELEASED
            session.add(helper)
    session.flush()


def ask_person(session: Session, *, actor: Actor, case_id: str, person_id: str) -> CaseAsk:
    """Ask somebody by name, whom the office has reached by phone or knows to be near."""
    case = open_and_locked(session, actor, case_id)
    person = session.get(Person, person_id)
    if person is None or person.area_code[:6] != case.area_code[:6] or person.state != PersonState.ACTIVE:
        raise BadInput("emergency.not_here", T("Choose somebody who lives in the district."), field="person_id")
    if person.id == case.elder_id:
        raise BadInput("emergency.own_door", T("Choose somebody else than the elder."), field="person_id")
    helpers = queries.helpers_of(session, [case.id]).get(case.id, [])
    known = [helper for helper, _ in helpers if helper.person_id == person_id]
    if known:
        return known[0]
    elder = session.get_one(Person, case.elder_id)
    metres = distance_m(*_door(session, elder), *_door(session, person))
    made = ask(session, case, Candidate(person.id, round(metres)), place=len(helpers) + 1)
    note(session, actor=actor, action="emergency.ask_person", subject_id=case.id, area_code=case.area_code)
    return made


def _door(session: Session, person: Person) -> tuple[float, float]:
    return place_of(session.get_one(Household, person.household_code))


def call_120(session: Session, *, actor: Actor, case_id: str, words: str = "") -> None:
    """Write down that 120 was called, by whom and when."""
    case = open_and_locked(session, actor, case_id)
    write(session, case, EntryKind.CALLED_120, actor=actor, words=words)
    note(session, actor=actor, action="emergency.call_120", subject_id=case.id, area_code=case.area_code)


def write_note(session: Session, *, actor: Actor, case_id: str, words: str) -> None:
    """Add a line in one's own words to the log."""
    case = open_and_locked(session, actor, case_id)
    if not words.strip():
        raise BadInput("core.missing", T("Please fill this in."), field="words")
    write(session, case, EntryKind.NOTE, actor=actor, words=words)
    note(session, actor=actor, action="emergency.note", subject_id=case.id, area_code=case.area_code)
