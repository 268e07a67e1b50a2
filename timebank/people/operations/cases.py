"""Hospital, away, back, moved, died, merged: each a case with what follows from it (people.effects)."""

from datetime import date, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, or_, select

from timebank.audit.operations import note
from timebank.core import clock, ids
from timebank.core.actors import Actor
from timebank.core.db import table_of
from timebank.core.errors import BadInput, NotAllowed, Refused
from timebank.core.text import T
from timebank.people import effects, queries, rules
from timebank.people.models import (
    Availability,
    Consent,
    DayOff,
    Kinship,
    Person,
    PersonCase,
    PersonState,
    Proxy,
    Qualification,
    RealNameCheck,
    TwoPeople,
)
from timebank.people.operations.found import of_area

MERGING = "merging"  # the kind of a case that waits for the second person
LEFT = (PersonState.MOVED, PersonState.DEAD, PersonState.MERGED)
_LONGEST_ABSENCE_DAYS = 366
_FOLLOW_THE_PERSON = (
    *((Consent, "person_id"), (Qualification, "person_id"), (RealNameCheck, "person_id"), (DayOff, "person_id")),
    *((Kinship, "person_id"), (Kinship, "kin_id"), (Proxy, "for_person_id"), (Proxy, "proxy_person_id")),
)


def change_state(
    session: Session,
    *,
    actor: Actor,
    person_id: str,
    state: PersonState,
    since_on: date,
    until_on: date | None = None,
) -> PersonCase:
    """Keep that somebody is in hospital, away, back, has moved or died; opens a case, and does what follows from it.

    `until_on` is the day of return that is expected, if any. Coming back closes the absence. Refuses the dead and the
    merged, a day to come, and a return before the beginning.
    """
    person = of_area(session, actor, person_id)
    if person.state in (PersonState.DEAD, PersonState.MERGED):
        raise Refused("people.state_is_final", T("This cannot be changed any more. Ask the township office."))
    if state == PersonState.MERGED or since_on > clock.today():
        raise BadInput(
            "people.bad_state", T("Choose from the list, with a day that is not in the future."), field="state"
        )
    if until_on and not since_on <= until_on <= since_on + timedelta(days=_LONGEST_ABSENCE_DAYS):
        text = T("The return lies within a year after the beginning.")
        raise BadInput("people.bad_return", text, field="until_on")
    before = {"state": person.state.value, "since": person.state_since_on and person.state_since_on.isoformat()}
    ended = _close_absences(session, actor, person, state)
    person.state, person.state_since_on = state, since_on
    case = opened(session, actor, person, state.value, since_on)
    if until_on:
        case.detail = {"until": until_on.isoformat()}
    if state == PersonState.DEAD:
        effects.remember(case, "state", before | {"cases": ended})
    if state == PersonState.ACTIVE:
        case.closed_at, case.closed_by = clock.now(), actor.user_id
    session.add_all([person, case])
    note(session, actor=actor, action="people.change_state", subject_id=person.id, state=state.value)
    effects.run(session, actor, person, case)
    return case


def opened(session: Session, actor: Actor, person: Person, kind: str, on: date) -> PersonCase:
    """A new case of somebody; what follows from it is not done yet."""
    case = PersonCase(
        id=ids.new_id("cas"),
        person_id=person.id,
        kind=kind,
        happened_on=on,
        opened_at=clock.now(),
        opened_by=actor.user_id,
    )
    session.add(case)
    return case


def _close_absences(session: Session, actor: Actor, person: Person, state: PersonState) -> list[str]:
    """Whatever comes next ends a stay in hospital or elsewhere; who is gone for good moves to no other door.

    The cases that ended are named.
    """
    ended = [PersonState.HOSPITAL.value, PersonState.AWAY.value, PersonState.MOVED.value]
    if state in LEFT:
        ended.append(effects.RELOCATING)
    closed = [case for case in queries.open_cases_of(session, person.id) if case.kind in ended]
    for case in closed:
        case.closed_at, case.closed_by = clock.now(), actor.user_id
        session.add(case)
    return [case.id for case in closed]


def close_case(session: Session, *, actor: Actor, case: PersonCase) -> None:
    """Put a case away once everything is settled."""
    case.closed_at, case.closed_by = case.closed_at or clock.now(), case.closed_by or actor.user_id
    session.add(case)
    note(session, actor=actor, action="people.close_case", subject_id=case.person_id, kind=case.kind)


@effects.follows("powers_ended", T("written powers ended"))
def _end_powers(session: Session, _actor: Actor, person: Person, case: PersonCase) -> int:
    """A power ends with either life (Civil Code arts 173-174)."""
    if case.kind != PersonState.DEAD:
        return 0
    mine = or_(col(Proxy.for_person_id) == person.id, col(Proxy.proxy_person_id) == person.id)
    ended = session.exec(select(Proxy).where(mine, col(Proxy.revoked_at).is_(None)).order_by(Proxy.id)).all()
    for power in ended:
        power.revoked_at = clock.now()
        session.add(power)
    effects.remember(case, "powers_ended", [power.id for power in ended])
    return len(ended)


@effects.takes_back("powers_ended")
def _powers_stand(session: Session, _actor: Actor, _person: Person, power_ids: list[str]) -> int:
    """Who did not die never lost a power; of somebody who did die meanwhile none comes back."""
    powers = session.exec(select(Proxy).where(col(Proxy.id).in_(power_ids))).all()
    people = queries.people_by_id(
        session, [i for power in powers for i in (power.for_person_id, power.proxy_person_id)]
    )
    gone = {person.id for person in people.values() if person.state in (PersonState.DEAD, PersonState.MERGED)}
    standing = [power for power in powers if not {power.for_person_id, power.proxy_person_id} & gone]
    for power in standing:
        power.revoked_at = None
        session.add(power)
    return len(standing)


def tell_apart(session: Session, *, actor: Actor, one_id: str, other_id: str) -> None:
    """Keep that two entries which are alike are two people. Saying it twice changes nothing."""
    one, other = of_area(session, actor, one_id), of_area(session, actor, other_id)
    key = rules.pair_key(one.id, other.id)
    if session.get(TwoPeople, key) is None:
        session.add(TwoPeople(id=key, decided_by=actor.user_id, decided_at=clock.now()))
        note(session, actor=actor, action="people.tell_apart", subject_id=one.id, other=other.id)


def propose_merge(
    session: Session, *, actor: Actor, kept_id: str, other_id: str, evidence: str, on: date | None = None
) -> PersonCase:
    """Propose that an entry is the same person as the one to keep; somebody else looks at it again.

    Refuses one entry twice, entries that are merged or dead already, two with an identity number each, no reason, and a
    pair that waits already.
    """
    kept, other = of_area(session, actor, kept_id), of_area(session, actor, other_id)
    if kept.id == other.id:
        raise BadInput("people.one_entry", T("Choose two different entries."), field="kept_id")
    if PersonState.MERGED in (kept.state, other.state) or PersonState.DEAD in (kept.state, other.state):
        raise Refused("people.state_is_final", T("This cannot be changed any more. Ask the township office."))
    if not evidence.strip():
        raise BadInput("people.no_evidence", T("Write how you know that it is one person."), field="evidence")
    if kept.id_number_hash and other.id_number_hash:
        text = T("Both entries have a checked identity number, so they are two people. Say that instead.")
        raise Refused("people.two_numbers", text)
    if any(case.kind == MERGING for case in queries.open_cases_of(session, other.id)):
        raise Refused("people.merge_waits", T("This waits for a second person already."))
    case = opened(session, actor, other, MERGING, on or clock.today())
    case.detail = {"kept": kept.id, "evidence": evidence.strip()[:200]}
    note(session, actor=actor, action="people.propose_merge", subject_id=other.id, kept=kept.id)
    return case


def decline_merge(session: Session, *, actor: Actor, case: PersonCase) -> None:
    """They are two people after all; the pair is not suggested again."""
    if case.kind != MERGING or case.closed_at is not None:
        raise Refused("people.another_step", T("This case is settled, or asks for another step."))
    tell_apart(session, actor=actor, one_id=case.person_id, other_id=str(case.detail["kept"]))
    close_case(session, actor=actor, case=case)


def merge(session: Session, *, actor: Actor, case: PersonCase) -> Person:
    """Join an entry to the one that is kept, as the second person; the entry to keep is returned.

    Papers, consents, kin and powers follow; visits, care plans and logins by their features (people.effects); hours by
    `ledger.merge_accounts`, which leaves every line where it stands. Refuses who proposed it, an entry to keep that is
    gone, and entries of which one has died meanwhile: a death is never lost in another entry that lives.
    """
    if case.kind != MERGING or case.closed_at is not None:
        raise Refused("people.another_step", T("This case is settled, or asks for another step."))
    if case.opened_by == actor.user_id:
        raise NotAllowed("people.own_proposal", T("Another person must look at what you proposed."))
    other, kept = of_area(session, actor, case.person_id), of_area(session, actor, str(case.detail["kept"]))
    if kept.state in LEFT or other.state in (PersonState.DEAD, PersonState.MERGED):
        raise Refused("people.state_is_final", T("This cannot be changed any more. Ask the township office."))
    _hand_over(session, other, kept)
    _close_absences(session, actor, other, PersonState.MERGED)
    other.state, other.state_since_on, other.merged_into_id = PersonState.MERGED, clock.today(), kept.id
    case.kind = PersonState.MERGED.value
    session.add_all([other, kept, case])
    effects.run(session, actor, other, case)
    close_case(session, actor=actor, case=case)
    note(session, actor=actor, action="people.merge", subject_id=other.id, kept=kept.id)
    return kept


def _hand_over(session: Session, other: Person, kept: Person) -> None:
    number, sealed = other.id_number_hash, other.id_number_sealed
    other.id_number_hash, other.id_number_sealed = None, ""
    session.add(other)
    session.flush()  # the number is unique: it leaves the one entry before it comes to the other
    if kept.id_number_hash is None:
        kept.id_number_hash, kept.id_number_sealed = number, sealed
    kept.phone_sealed = kept.phone_sealed or other.phone_sealed
    kept.national_volunteer_no = kept.national_volunteer_no or other.national_volunteer_no
    kept.tags = sorted({*kept.tags, *other.tags})
    kept.elder_since_on = _earlier(kept.elder_since_on, other.elder_since_on)
    kept.volunteer_since_on = _earlier(kept.volunteer_since_on, other.volunteer_since_on)
    session.flush()
    for model, column in _FOLLOW_THE_PERSON:
        table = table_of(model)
        session.connection().execute(sa.update(table).where(table.c[column] == other.id).values({column: kept.id}))
    if not session.exec(select(Availability.id).where(Availability.person_id == kept.id)).first():
        moved = sa.update(table_of(Availability)).where(col(Availability.person_id) == other.id)
        session.connection().execute(moved.values(person_id=kept.id))
    session.connection().execute(sa.delete(table_of(Kinship)).where(col(Kinship.person_id) == col(Kinship.kin_id)))
    to_oneself = sa.update(table_of(Proxy)).where(col(Proxy.for_person_id) == col(Proxy.proxy_person_id))
    session.connection().execute(to_oneself.values(revoked_at=clock.now()))


def _earlier(one: date | None, other: date | None) -> date | None:
    return min((on for on in (one, other) if on), default=None)
