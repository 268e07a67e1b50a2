"""Checked identities, trainings, insurance and certificates: entered by the office, never by the person themselves."""

from datetime import date

from sqlmodel import Session

from timebank.audit.operations import note
from timebank.core import clock, crypto, ids
from timebank.core.actors import Actor
from timebank.core.errors import BadInput, NotAllowed, NotFound, Refused
from timebank.core.text import T
from timebank.people import queries, rules
from timebank.people.models import Person, Qualification, RealNameCheck
from timebank.people.operations.found import of_area


def check_real_name(
    session: Session, *, actor: Actor, person_id: str, passed: bool, method: str, id_number: str = ""
) -> RealNameCheck:
    """Keep that an identity was checked: result, method, instant, verifier. The newest check counts.

    The number on the card, where it is given, is kept sealed, with a keyed hash to find who is registered twice.
    Refuses one's own identity, a number that does not fit birth and sex, and a number that somebody else has.
    """
    person = of_area(session, actor, person_id)
    if actor.person_id == person.id:
        raise NotAllowed("people.own_check", T("Somebody else must check your identity card."))
    if method not in rules.REAL_NAME_METHODS:
        raise BadInput("core.not_a_choice", T("Choose from the list."), field="method")
    if passed and id_number.strip():
        _keep_number(session, person, rules.check_id_number(id_number))
    check = RealNameCheck(
        id=ids.new_id("rnc"),
        person_id=person.id,
        passed=passed,
        method=method,
        checked_at=clock.now(),
        verifier_user_id=actor.user_id,
    )
    session.add(check)
    note(session, actor=actor, action="people.check_real_name", subject_id=person.id, passed=passed)
    return check


def _keep_number(session: Session, person: Person, number: str) -> None:
    rules.check_fits_card(number, born_on=person.born_on, sex=person.sex)
    other = queries.person_of_number(session, number)
    if other and other.id != person.id:
        text = T(
            "{name} is registered with this number already. If it is one person, join the two entries.",
            name=other.name,
        )
        raise Refused("people.known_already", text, field="id_number")
    person.id_number_sealed = crypto.vault().seal(number)
    person.id_number_hash = crypto.vault().fingerprint(number)
    session.add(person)


def add_qualification(
    session: Session,
    *,
    actor: Actor,
    person_id: str,
    kind: str,
    valid_from_on: date,
    valid_until_on: date,
    evidence: str,
    title: str = "",
    issuer: str = "",
    length_minutes: int = 0,
) -> Qualification:
    """Keep a training, insurance or certificate with its end. Nobody gives themselves one."""
    person = of_area(session, actor, person_id)
    if kind not in rules.QUALIFICATIONS:
        raise BadInput("people.unknown_qualification", T("Choose from the list."), field="kind")
    if valid_until_on < valid_from_on:
        raise BadInput("people.ends_before_start", T("The end lies before the beginning."), field="valid_until_on")
    if actor.person_id == person.id:
        raise NotAllowed("people.own_qualification", T("Somebody else must enter your certificates."))
    held = Qualification(
        id=ids.new_id("qua"),
        person_id=person.id,
        kind=kind,
        valid_from_on=valid_from_on,
        valid_until_on=valid_until_on,
        evidence=evidence.strip(),
        title=title.strip(),
        issuer=issuer.strip(),
        length_minutes=length_minutes,
        entered_by=actor.user_id,
    )
    session.add(held)
    note(session, actor=actor, action="people.add_qualification", subject_id=person.id, kind=kind)
    return held


def revoke_qualification(session: Session, *, actor: Actor, person_id: str, qualification_id: str) -> None:
    """End a paper at once: cancelled insurance, a training that was not attended. What it allowed before stays."""
    person, held = of_area(session, actor, person_id), session.get(Qualification, qualification_id)
    if held is None or held.person_id != person.id:
        raise NotFound("people.no_such_paper", T("There is no such paper."))
    held.revoked_at = held.revoked_at or clock.now()
    session.add(held)
    note(session, actor=actor, action="people.revoke_qualification", subject_id=held.person_id, kind=held.kind)
