"""A move within the district: entered ahead or afterwards, done once on its day, and told to the helpers."""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlmodel import Session

from timebank.audit.operations import note
from timebank.core import clock, ids
from timebank.core.actors import Actor
from timebank.core.claims import claim
from timebank.core.errors import BadInput, NotFound, Refused, TimebankError
from timebank.core.text import T
from timebank.people import effects, queries
from timebank.people.effects import RELOCATED, RELOCATING
from timebank.people.models import Household, MoveNotice, Person, PersonCase
from timebank.people.operations.cases import LEFT, close_case, opened
from timebank.people.operations.found import of_area
from timebank.people.operations.registering import open_household

_MOST_DAYS_AHEAD = 366


@dataclass(frozen=True)
class Door:
    """Where somebody moves to: the villager group, the number of the door, and what one looks for there."""

    group_code: str
    number: str
    landmark: str = ""


def relocate(session: Session, *, actor: Actor, person_id: str, to: Door, since_on: date) -> PersonCase:
    """Keep that somebody lives behind another door of the district since a day, or will from a day to come.

    The door is opened where nobody is registered behind it yet. On the day, area, visits to come, care plan, bed,
    papers and the hour account go along, and what belongs to the old village ends; until then both doors are known.
    Refuses the dead and the merged, a day far ahead, a second move that waits, the same home, and a home outside the
    actor's area.
    """
    person = of_area(session, actor, person_id)
    if person.state in LEFT:
        raise Refused("people.state_is_final", T("This cannot be changed any more. Ask the township office."))
    if since_on > clock.today() + timedelta(days=_MOST_DAYS_AHEAD):
        text = T("Enter a move at most a year ahead.")
        raise BadInput("people.move_far_ahead", text, field="since_on")
    if any(case.kind == RELOCATING for case in queries.open_cases_of(session, person.id)):
        text = T("A move of theirs waits for its day already. Call that one off first.")
        raise Refused("people.move_waits", text, field="since_on")
    if not actor.scope.holds_area(to.group_code):
        text = T("This home lies outside your area. The office of both places enters such a move.")
        raise BadInput("people.home_elsewhere", text, field="group_code")
    home, _ = open_household(session, actor=actor, group_code=to.group_code, door=to.number, landmark=to.landmark)
    if home.code == person.household_code:
        raise Refused("people.same_home", T("They live in this home already."), field="door")
    is_ahead = since_on > clock.today()
    case = opened(session, actor, person, RELOCATING if is_ahead else RELOCATED, since_on)
    case.detail = {"from": person.household_code, "from_area": person.area_code, "to": home.code}
    note(session, actor=actor, action="people.relocate", subject_id=person.id, area_code=home.area_code)
    _tell_helpers(session, person, case)
    if not is_ahead:
        _move(session, actor, person, case, home)
    return case


def _move(session: Session, actor: Actor, person: Person, case: PersonCase, home: Household) -> None:
    case.detail = {**case.detail, "from": person.household_code, "from_area": person.area_code}
    person.household_code, person.area_code = home.code, home.area_code
    session.add_all([person, case])
    effects.run(session, actor, person, case)


def carry_out_moves(session: Session, *, actor: Actor, area_code: str) -> int:
    """Do the moves whose day has come, each once and each for itself; how many.

    A move that a feature refuses stays open and is tried again; somebody who died meanwhile moves nowhere.
    """
    done = 0
    for case, person in queries.moves_due(session, area_code, clock.today()):
        part = session.begin_nested()
        try:
            if claim(session, PersonCase, case.id, expected={"kind": RELOCATING}, change={"kind": RELOCATED}):
                session.refresh(case)
                _move(session, actor, person, case, session.get_one(Household, case.detail["to"]))
                _tell_helpers(session, person, case)
                done += 1
            part.commit()
        except TimebankError:
            part.rollback()
    return done


def call_off_move(session: Session, *, actor: Actor, case: PersonCase) -> None:
    """A move that was entered ahead does not take place; who was told of it is told that too."""
    if case.kind != RELOCATING or case.closed_at is not None:
        raise Refused("people.another_step", T("This case is settled, or asks for another step."))
    close_case(session, actor=actor, case=case)
    for row in queries.notices_of_move(session, case.id):
        if row.read_at is None and row.told_at is None:
            session.delete(row)
            continue
        row.read_at, row.told_at, row.told_by = None, None, ""
        session.add(row)


def _tell_helpers(session: Session, elder: Person, case: PersonCase) -> None:
    """A notice for everybody who comes to the elder and has none of this move yet."""
    known = {row.person_id for row in queries.notices_of_move(session, case.id)}
    for helper_id in effects.helpers_of(session, elder):
        if helper_id not in known:
            session.add(MoveNotice(id=ids.new_id("mvn"), case_id=case.id, person_id=helper_id))
    session.flush()


def hear_of_move(session: Session, *, actor: Actor, notice_id: str) -> None:
    """A helper has read it. A second time changes nothing."""
    row = session.get(MoveNotice, notice_id)
    if row is None or row.person_id != actor.person_id:
        raise NotFound("people.no_such_notice", T("There is no such notice for you."))
    row.read_at = row.read_at or clock.now()
    session.add(row)


def tell_of_move(session: Session, *, actor: Actor, case: PersonCase, notice_id: str) -> None:
    """The office told a helper by telephone or at the door. A second time changes nothing."""
    row = session.get(MoveNotice, notice_id)
    if row is None or row.case_id != case.id:
        raise NotFound("people.no_such_notice", T("There is no such notice for you."))
    if row.told_at is None:
        row.told_at, row.told_by = clock.now(), actor.user_id
        session.add(row)
        note(session, actor=actor, action="people.tell_of_move", subject_id=case.person_id)
