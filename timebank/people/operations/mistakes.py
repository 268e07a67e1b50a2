"""A death that was entered by a slip: the person lives, and what followed is taken back where that can be done."""

from datetime import date

from sqlmodel import Session

from timebank.audit.operations import note
from timebank.core import clock
from timebank.core.actors import Actor
from timebank.core.claims import claim
from timebank.core.errors import Refused
from timebank.core.text import T
from timebank.people import effects, queries
from timebank.people.models import Person, PersonCase, PersonState
from timebank.people.operations.cases import close_case, opened
from timebank.people.operations.found import of_area

NOT_DEAD = "not_dead"  # the kind of a case: a death was entered by mistake


def take_back_death(session: Session, *, actor: Actor, case: PersonCase) -> PersonCase:
    """Let the state of before stand again; the new case says what came back and, by effect, how much is left to do.

    Refuses another kind of case, one that is not the last death of the person, and a person whose phone and identity
    number were deleted already. Two people are the caller's to see to.
    """
    person = of_area(session, actor, case.person_id)
    latest = queries.death_of(session, person)
    if latest is None or latest.id != case.id:
        raise Refused("people.another_step", T("This case is settled, or asks for another step."))
    if person.forgotten_on:
        text = T("Phone and identity number of this entry were deleted already. Register the person anew.")
        raise Refused("people.forgotten", text)
    before = case.detail.get("before", {}).get("state", {})
    change = {"state": PersonState(before.get("state", PersonState.ACTIVE)), "state_since_on": _since(before)}
    dead = {"state": PersonState.DEAD, "forgotten_on": None}
    if not claim(session, Person, person.id, expected=dead, change=change):
        raise Refused("people.another_step", T("This case is settled, or asks for another step."))
    session.refresh(person)
    _open_again(session, person, before.get("cases", []))
    back = effects.take_back(session, actor, person, case)
    left = {code: count - back.get(code, 0) for code, count in case.detail.get("done", {}).items()}
    made = opened(session, actor, person, NOT_DEAD, clock.today())
    made.detail = {"death": case.id, "back": back, "left": {code: count for code, count in left.items() if count > 0}}
    case.detail = {**case.detail, "taken_back": made.id}
    session.add_all([made, case])
    close_case(session, actor=actor, case=case)
    note(
        session,
        actor=actor,
        action="people.take_back_death",
        subject_id=person.id,
        area_code=person.area_code,
        case=case.id,
        back=back,
    )
    session.flush()
    return made


def _since(before: dict[str, str | None]) -> date | None:
    since = before.get("since")
    return date.fromisoformat(since) if since else None


def _open_again(session: Session, person: Person, case_ids: list[str]) -> None:
    """Cases that the death had ended (a stay in hospital, a move to come) wait for their end again."""
    for case_id in case_ids:
        case = session.get_one(PersonCase, case_id)
        case.closed_at, case.closed_by = None, ""
        session.add(case)
    session.flush()
