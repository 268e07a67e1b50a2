"""Registering people and what happens in their lives."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from pypinyin import Style, lazy_pinyin
from sqlmodel import Session, select

from timebank.audit.operations import note
from timebank.core import clock, crypto, ids
from timebank.core.actors import Actor
from timebank.core.errors import BadInput, NotAllowed, NotFound, Refused
from timebank.core.text import T
from timebank.people import rules
from timebank.people.models import (
    Availability,
    Consent,
    DayOff,
    Household,
    Person,
    PersonCase,
    PersonState,
    Proxy,
    Qualification,
    RealNameCheck,
    Sex,
)


@dataclass(frozen=True)
class NewPerson:
    """What the desk writes down when somebody registers. Texts as entered; `register` checks them."""

    household_code: str
    name: str
    sex: Sex
    born_on: date
    id_number: str = ""
    phone: str = ""
    dialect: str = ""
    tags: Sequence[str] = ()
    is_elder: bool = False
    is_volunteer: bool = False
    volunteer_kind: str = ""


def register(session: Session, *, actor: Actor, given: NewPerson) -> Person:
    """Register somebody once. Refuses a known identity number (keyed hash) and a household outside the actor's area."""
    household = session.get(Household, given.household_code)
    if household is None or not actor.scope.holds_area(household.area_code):
        raise BadInput(
            "people.no_such_household", T("There is no such household in your area."), field="household_code"
        )
    today = clock.today()
    born_on = rules.check_birth(given.born_on, today=today)
    if given.is_volunteer and not rules.may_volunteer(born_on, today):
        raise Refused("people.too_young", T("Who is under 18 helps in a group with a guardian."), field="born_on")
    unknown = [tag for tag in given.tags if tag not in rules.TAGS]
    if unknown:
        raise BadInput("people.unknown_tag", T("Choose from the list."), field="tags")
    vault, number = crypto.vault(), given.id_number.strip()
    person = Person(
        id=ids.new_id("per"),
        household_code=household.code,
        area_code=household.area_code,
        name=rules.check_name(given.name),
        pinyin=" ".join(lazy_pinyin(given.name.strip(), style=Style.NORMAL)).lower(),
        sex=given.sex,
        born_on=born_on,
        phone_sealed=_sealed(rules.check_phone(given.phone)),
        id_number_sealed=_sealed(rules.check_id_number(number)) if number else "",
        id_number_hash=vault.fingerprint(number.upper()) if number else None,
        dialect=given.dialect.strip(),
        tags=list(given.tags),
        elder_since_on=today if given.is_elder else None,
        volunteer_since_on=today if given.is_volunteer else None,
        volunteer_kind=given.volunteer_kind,
        created_at=clock.now(),
    )
    _refuse_duplicate(session, person)
    session.add(person)
    session.flush()
    note(session, actor=actor, action="people.register", subject_id=person.id, area_code=person.area_code)
    return person


def _sealed(value: str) -> str:
    return crypto.vault().seal(value) if value else ""


def _refuse_duplicate(session: Session, person: Person) -> None:
    if person.id_number_hash is None:
        return
    if session.exec(select(Person.id).where(Person.id_number_hash == person.id_number_hash)).first():
        text = T("Somebody with this identity number is registered already. Look for the name first.")
        raise Refused("people.known_already", text, field="id_number")


def correct_pinyin(session: Session, *, actor: Actor, person_id: str, pinyin: str) -> None:
    """Write the reading of a name by hand: surnames such as 单 or 仇 are read otherwise than the word."""
    person = _of_area(session, actor, person_id)
    cleaned = " ".join(pinyin.lower().split())
    if not cleaned or len(cleaned) > 120 or not cleaned.replace(" ", "").isalpha():
        raise BadInput(
            "people.bad_pinyin", T("Write the reading in letters, for example shan xiongxin."), field="pinyin"
        )
    person.pinyin = cleaned
    session.add(person)
    note(session, actor=actor, action="people.correct_pinyin", subject_id=person.id, area_code=person.area_code)


def give_consent(
    session: Session, *, actor: Actor, person_id: str, purpose: str, method: str, evidence: str = ""
) -> Consent:
    """Keep that somebody agreed to one purpose, and how (signed, thumb print, read aloud)."""
    person = _of_area(session, actor, person_id)
    consent = Consent(
        id=ids.new_id("con"),
        person_id=person.id,
        purpose=purpose,
        method=method,
        evidence=evidence,
        given_at=clock.now(),
    )
    session.add(consent)
    note(session, actor=actor, action="people.give_consent", subject_id=person.id, purpose=purpose)
    return consent


def withdraw_consent(session: Session, *, actor: Actor, person_id: str, purpose: str) -> None:
    """End a consent; what rested on it stops from now on (PIPL art. 15)."""
    person = _of_area(session, actor, person_id)
    found = select(Consent).where(Consent.person_id == person.id, Consent.purpose == purpose)
    for consent in session.exec(found):
        consent.withdrawn_at = consent.withdrawn_at or clock.now()
        session.add(consent)
    note(session, actor=actor, action="people.withdraw_consent", subject_id=person.id, purpose=purpose)


def give_proxy(
    session: Session,
    *,
    actor: Actor,
    for_person_id: str,
    proxy_person_id: str,
    purposes: Sequence[str],
    ends_on: date,
    evidence: str,
) -> Proxy:
    """A written power to act for somebody, for named purposes, for at most two years. Refuses oneself and no paper."""
    person = _of_area(session, actor, for_person_id)
    if proxy_person_id in (for_person_id, ""):
        raise BadInput("people.own_proxy", T("Choose another person than the elder."), field="proxy_person_id")
    if not purposes or any(purpose not in rules.PROXY_PURPOSES for purpose in purposes):
        raise BadInput("people.no_purpose", T("Tick what they may do for the elder."), field="purposes")
    if not evidence.strip():
        raise BadInput("people.no_paper", T("Write where the signed paper lies."), field="evidence")
    today = clock.today()
    if not today <= ends_on <= today.replace(year=today.year + 2, day=min(today.day, 28)):
        raise BadInput("people.proxy_end", T("The power ends on a day within two years."), field="ends_on")
    if session.get(Person, proxy_person_id) is None:
        raise BadInput("people.no_such_person", T("There is no such person."), field="proxy_person_id")
    proxy = Proxy(
        id=ids.new_id("prx"),
        for_person_id=person.id,
        proxy_person_id=proxy_person_id,
        purposes=list(purposes),
        evidence=evidence.strip(),
        starts_on=today,
        ends_on=ends_on,
    )
    session.add(proxy)
    note(session, actor=actor, action="people.give_proxy", subject_id=person.id, proxy=proxy_person_id)
    return proxy


def revoke_proxy(session: Session, *, actor: Actor, proxy_id: str) -> None:
    """End a power at once."""
    proxy = session.get(Proxy, proxy_id)
    if proxy is None:
        raise NotFound("people.no_such_proxy", T("There is no such power."))
    _of_area(session, actor, proxy.for_person_id)
    proxy.revoked_at = proxy.revoked_at or clock.now()
    session.add(proxy)
    note(
        session, actor=actor, action="people.revoke_proxy", subject_id=proxy.for_person_id, proxy=proxy.proxy_person_id
    )


def check_real_name(session: Session, *, actor: Actor, person_id: str, passed: bool, method: str) -> RealNameCheck:
    """Keep that an identity was checked. Nobody checks their own."""
    person = _of_area(session, actor, person_id)
    if actor.person_id == person.id:
        raise NotAllowed("people.own_check", T("Somebody else must check your identity card."))
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


def add_qualification(
    session: Session,
    *,
    actor: Actor,
    person_id: str,
    kind: str,
    valid_from_on: date,
    valid_until_on: date,
    evidence: str,
) -> Qualification:
    """Keep a training, insurance or certificate with its end. Nobody gives themselves one."""
    person = _of_area(session, actor, person_id)
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
    )
    session.add(held)
    note(session, actor=actor, action="people.add_qualification", subject_id=person.id, kind=kind)
    return held


def take_day_off(session: Session, *, actor: Actor, person_id: str, on: date, reason: str = "") -> DayOff:
    """Say that a volunteer cannot come on a day. Saying it twice changes nothing."""
    person = _of_area_or_self(session, actor, person_id)
    known = session.exec(select(DayOff).where(DayOff.person_id == person.id, DayOff.on == on)).first()
    if known:
        return known
    day = DayOff(id=ids.new_id("off"), person_id=person.id, on=on, reason=reason.strip()[:60])
    session.add(day)
    note(session, actor=actor, action="people.take_day_off", subject_id=person.id, on=on.isoformat())
    return day


def set_availability(
    session: Session, *, actor: Actor, person_id: str, windows: Sequence[tuple[int, int, int]], travel_mode: str
) -> None:
    """Replace a volunteer's weekly hours: (weekday, from minute, to minute)."""
    person = _of_area_or_self(session, actor, person_id)
    for weekday, start, end in windows:
        if not (0 <= weekday <= 6 and 0 <= start < end <= 24 * 60):
            raise BadInput("people.bad_hours", T("The end of a time must lie after its beginning."), field="windows")
    for old in session.exec(select(Availability).where(Availability.person_id == person.id)):
        session.delete(old)
    for weekday, start, end in windows:
        session.add(
            Availability(
                id=ids.new_id("avl"),
                person_id=person.id,
                weekday=weekday,
                from_minute=start,
                to_minute=end,
                travel_mode=travel_mode,
            )
        )
    note(session, actor=actor, action="people.set_availability", subject_id=person.id)


def change_state(session: Session, *, actor: Actor, person_id: str, state: PersonState, since_on: date) -> PersonCase:
    """Keep that somebody is in hospital, away, back, has moved or died; opens a case for what follows from it."""
    person = _of_area(session, actor, person_id)
    if person.state in (PersonState.DEAD, PersonState.MERGED):
        raise Refused("people.state_is_final", T("This cannot be changed any more. Ask the township office."))
    if state == PersonState.MERGED or since_on > clock.today():
        raise BadInput(
            "people.bad_state", T("Choose from the list, with a day that is not in the future."), field="state"
        )
    person.state, person.state_since_on = state, since_on
    case = PersonCase(
        id=ids.new_id("cas"), person_id=person.id, kind=state.value, happened_on=since_on, opened_at=clock.now()
    )
    session.add_all([person, case])
    note(session, actor=actor, action="people.change_state", subject_id=person.id, state=state.value)
    return case


def _of_area(session: Session, actor: Actor, person_id: str) -> Person:
    person = session.get(Person, person_id)
    if person is None or not actor.scope.holds_area(person.area_code):
        raise NotFound("people.no_such_person", T("There is no such person in your area."))
    return person


def _of_area_or_self(session: Session, actor: Actor, person_id: str) -> Person:
    person = session.get(Person, person_id)
    if person is None or not actor.scope.holds_person(person.id, person.area_code):
        raise NotFound("people.no_such_person", T("There is no such person in your area."))
    return person
