"""Pairing a phone by a QR on the assistant's screen, signing in with a PIN, revoking a lost phone."""

from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import Session, col, select

from timebank.audit.operations import note
from timebank.auth import operations as auth
from timebank.auth.guards import ON_A_PHONE
from timebank.auth.models import LoginSession, User
from timebank.auth.queries import user_of_person
from timebank.auth.rules import NAME_OF_PHONE_LOGIN
from timebank.core import clock, crypto, ids
from timebank.core.actors import SYSTEM, Actor
from timebank.core.errors import NotAllowed, NotFound, Refused
from timebank.core.text import T
from timebank.people import operations as people
from timebank.people.models import Person, PersonState
from timebank.phones import queries
from timebank.phones.models import PairingCode, Phone, PhoneUser
from timebank.phones.rules import PAIRING_MINUTES, PIN_TRIES_PER_HOUR, check_pin


def make_code(session: Session, *, actor: Actor, person_id: str) -> str:
    """A code that pairs one phone with a person of the actor's area, good once for ten minutes.

    Who has no login yet gets one: as a volunteer, as an elder or kin, or both; a login of the office gets that beside
    its own, since a phone opens the pages of a member only. Refuses the actor's own person: nobody pairs their own
    phone.
    """
    person = session.get(Person, person_id)
    if person is None or not actor.scope.holds_area(person.area_code):
        raise NotFound("people.no_such_person", T("There is no such person in your area."))
    if actor.person_id == person_id:
        raise NotAllowed("phones.own_phone", T("Somebody else must pair your phone."))
    if person.state in (PersonState.DEAD, PersonState.MERGED, PersonState.MOVED):
        raise Refused("phones.not_here", T("This person no longer lives here."))
    user = user_of_person(session, person_id) or _new_login(session, actor, person)
    people.give_member_roles(session, person)
    code = ids.new_secret(20)
    session.add(
        PairingCode(
            id=queries.hash_of(code),
            user_id=user.id,
            area_code=person.area_code[:12],
            made_by=actor.user_id,
            expires_at=clock.now() + timedelta(minutes=PAIRING_MINUTES),
        )
    )
    note(session, actor=actor, action="phones.make_code", subject_id=user.id, area_code=person.area_code)
    return code


def _new_login(session: Session, actor: Actor, person: Person) -> User:
    """A login without a password that anybody knows: it opens by PIN on a paired phone."""
    name = ids.new_id(NAME_OF_PHONE_LOGIN)
    return auth.create_user(
        session, actor=actor, login_name=name, secret=ids.new_secret(), display_name=person.name, person_id=person.id
    )


@dataclass(frozen=True)
class Paired:
    """A phone that was paired just now: who signs in, and the new secret for its cookie (empty where it has one)."""

    user: User
    phone: Phone
    new_secret: str


def pair(session: Session, *, code: str, pin: str, again: str, label: str = "", phone_secret: str = "") -> Paired:
    """Use a code: the phone with this cookie, or a new one, belongs to its person too, under a PIN of their own.

    Refuses a code that was used or ran out, and an easy PIN. Pairing again sets a new PIN.
    """
    chosen = check_pin(pin, again)
    found = queries.live_code(session, code)
    if found is None:
        text = T("This code was used already or is older than ten minutes. Ask your village assistant for a new one.")
        raise Refused("phones.code_is_over", text)
    user = session.get_one(User, found.user_id)
    if not user.is_active:
        raise Refused("phones.code_is_over", T("This login has ended. Ask your village assistant."))
    found.used_at = clock.now()
    phone, new_secret = queries.phone_by_secret(session, phone_secret), ""
    if phone is None:
        phone, new_secret = _new_phone(found.area_code, label)
    known = session.exec(select(PhoneUser).where(PhoneUser.phone_id == phone.id, PhoneUser.user_id == user.id)).first()
    entry = known or PhoneUser(
        id=ids.new_id("phu"), phone_id=phone.id, user_id=user.id, pin_hash="", since_at=clock.now()
    )
    entry.pin_hash = crypto.passwords().hash(chosen)
    session.add_all([found, phone])
    session.flush()
    session.add(entry)
    note(session, actor=SYSTEM, action="phones.pair", subject_id=phone.id, area_code=phone.area_code, user_id=user.id)
    return Paired(user, phone, new_secret)


def _new_phone(area_code: str, label: str) -> tuple[Phone, str]:
    secret, now = ids.new_secret(), clock.now()
    phone = Phone(
        id=ids.new_id("phn"),
        secret_hash=queries.hash_of(secret),
        area_code=area_code,
        label=label.strip()[:40],
        paired_at=now,
        last_seen_at=now,
    )
    return phone, secret


def enter_with_pin(session: Session, *, phone_secret: str, user_id: str, pin: str) -> User | None:
    """Who signs in on a paired phone, or None for a wrong PIN. Counts the tries; the one after the fifth is refused."""
    phone = queries.phone_by_secret(session, phone_secret)
    if phone is None:
        text = T("This phone is not paired any more. Ask your village assistant to pair it again.")
        raise NotAllowed("phones.not_paired", text)
    mine = next(((entry, user) for entry, user in queries.users_of(session, phone.id) if user.id == user_id), None)
    tried = f"{phone.id}:{user_id}"
    auth.count_attempt(session, purpose="pin", of=tried, limit=PIN_TRIES_PER_HOUR)
    if not crypto.passwords().fits(pin, mine[0].pin_hash if mine else None) or mine is None:
        note(session, actor=SYSTEM, action="phones.pin_failed", subject_id=phone.id, area_code=phone.area_code)
        return None
    auth.forget_attempts(session, purpose="pin", of=tried)
    phone.last_seen_at = clock.now()
    session.add(phone)
    note(session, actor=SYSTEM, action="phones.enter", subject_id=user_id, area_code=phone.area_code, phone_id=phone.id)
    return mine[1]


def revoke(session: Session, *, actor: Actor, phone_id: str) -> None:
    """A phone is lost: its cookie, its PINs and every session that began on it end now. Said twice, nothing changes."""
    phone = queries.phone_for(session, actor.scope, phone_id)
    if phone is None:
        raise NotFound("phones.no_such_phone", T("There is no such phone in your area."))
    if phone.revoked_at is not None:
        return
    phone.revoked_at, phone.revoked_by = clock.now(), actor.user_id
    session.add(phone)
    users = [entry.user_id for entry, _ in queries.users_of(session, phone.id)]
    found = select(LoginSession).where(col(LoginSession.user_id).in_(users), col(LoginSession.ended_at).is_(None))
    for row in session.exec(found):
        if row.values.get(ON_A_PHONE) == phone.id:
            row.ended_at = clock.now()
            session.add(row)
    note(session, actor=actor, action="phones.revoke", subject_id=phone.id, area_code=phone.area_code)
