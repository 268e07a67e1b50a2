"""Rounds of doors: planned for a day, told door by door. Each knock is a visiting record, so it counts by one rule."""

from collections.abc import Sequence
from datetime import date, timedelta

from sqlmodel import Session, col, select

from timebank.audit.operations import note
from timebank.core import clock, ids
from timebank.core.actors import Actor
from timebank.core.errors import BadInput, NotFound, Refused
from timebank.core.text import T
from timebank.mutual import queries, rules
from timebank.mutual.models import PatrolDoor, PatrolRound
from timebank.mutual.operations.groups import led_group
from timebank.people.effects import follows, has_left
from timebank.people.models import Person, PersonCase
from timebank.people.queries import people_by_id
from timebank.visiting import operations as visiting
from timebank.visiting.models import ContactForm, Outcome, VisitingRecord
from timebank.visiting.rules import REACHED

_MOST_DOORS, _DAYS_AHEAD = 60, 31


def plan_round(
    session: Session, *, actor: Actor, group_id: str, on: date, elder_ids: Sequence[str] = ()
) -> PatrolRound:
    """Make a group's round of a day: the doors of the elders named, or of every elder of the group's area.

    A second round of the same day adds the doors that are not on it yet. Where there are more than a round holds,
    elders in special difficulty come first. Refuses days that are over or far ahead.
    """
    group = led_group(session, actor, group_id)
    if not clock.today() <= on <= clock.today() + timedelta(days=_DAYS_AHEAD):
        text = T("Choose today or one of the next {days} days.", days=_DAYS_AHEAD)
        raise BadInput("mutual.bad_round_day", text, field="on")
    there = {elder.id: elder for elder in queries.elders_in(session, group.area_code)}
    chosen = [there[one] for one in elder_ids if one in there] if elder_ids else list(there.values())
    if not chosen:
        raise BadInput("mutual.no_doors", T("Tick at least one door."), field="elder_ids")
    known = session.exec(select(PatrolRound).where(PatrolRound.group_id == group.id, PatrolRound.on == on)).first()
    patrol = known or PatrolRound(
        id=ids.new_id("prd"),
        group_id=group.id,
        area_code=group.area_code,
        on=on,
        made_by=actor.user_id,
        made_at=clock.now(),
    )
    session.add(patrol)
    session.flush()
    _add_doors(session, patrol, chosen)
    note(session, actor=actor, action="mutual.plan_round", subject_id=patrol.id, area_code=group.area_code)
    return patrol


def _add_doors(session: Session, patrol: PatrolRound, elders: Sequence[Person]) -> None:
    known = {door.door.elder_id for door in queries.doors_of(session, [patrol.id]).get(patrol.id, [])}
    new = [elder for elder in elders if elder.id not in known][: _MOST_DOORS - len(known)]
    walk = sorted(new, key=lambda elder: elder.household_code)
    for place, elder in enumerate(walk, start=len(known) + 1):
        session.add(PatrolDoor(id=ids.new_id("pdr"), round_id=patrol.id, elder_id=elder.id, place=place))
    session.flush()


def tell_door(
    session: Session,
    *,
    actor: Actor,
    round_id: str,
    door_id: str,
    outcome: Outcome,
    form: ContactForm = ContactForm.DOOR,
    words: str = "",
) -> PatrolDoor:
    """Write down what came of a knock, on the day of the round or the days after it.

    It counts for the visiting rate by the rule of visiting records. Nobody answered: the search begins there; who is
    reached on a second walk to the door is told again. What was said of somebody who was reached stands.
    """
    patrol = queries.round_for(session, actor.scope, round_id)
    door = session.get(PatrolDoor, door_id, with_for_update=True)
    if patrol is None or door is None or door.round_id != patrol.id:
        raise NotFound("mutual.no_such_door", T("There is no such door on this round."))
    if patrol.on > clock.today():
        raise Refused("mutual.round_to_come", T("This round is for another day."), field="on")
    elder = people_by_id(session, [door.elder_id])[door.elder_id]
    if elder.id == actor.person_id:
        raise Refused("mutual.own_door", T("Nobody writes down their own door. Let another member do it."))
    if _was_reached(session, door):
        return door
    if rules.why_no_knock(elder.state, elder.area_code, patrol.area_code):
        raise Refused("mutual.not_there_now", T("Nobody knocks here now: they do not live behind this door."))
    key = _next_key(door)
    contact = visiting.Contact(elder.id, clock.today(), form, outcome, words=words, source_key=key)
    visiting.record_contact(session, actor=actor, contact=contact)
    door.record_key, door.knocked_by = key, actor.person_id
    session.add(door)
    session.flush()
    note(session, actor=actor, action="mutual.tell_door", subject_id=door.id, area_code=patrol.area_code)
    return door


def _next_key(door: PatrolDoor) -> str:
    tries = int(door.record_key.rsplit(":", 1)[1]) if door.record_key else 0
    return f"door:{door.id}:{tries + 1}"


def _was_reached(session: Session, door: PatrolDoor) -> bool:
    if door.record_key is None:
        return False
    found = session.exec(select(VisitingRecord).where(VisitingRecord.source_key == door.record_key)).first()
    return found is not None and found.outcome in REACHED


@follows("doors_left_out", T("doors of rounds left out"))
def leave_out(session: Session, _actor: Actor, person: Person, case: PersonCase) -> int:
    """How many doors of rounds to come lie outside the round now: they stay on it, marked, and nobody knocks there.

    A move that was entered by mistake and taken back thus brings the doors back too.
    """
    found = (
        select(PatrolRound.area_code)
        .join(PatrolDoor, col(PatrolDoor.round_id) == PatrolRound.id)
        .where(PatrolDoor.elder_id == person.id, col(PatrolDoor.record_key).is_(None), PatrolRound.on >= clock.today())
    )
    return sum(has_left(case, person, area_code) for area_code in session.exec(found))
