"""Reading phones, calendar addresses and applications."""

import hashlib
from dataclasses import dataclass

from sqlmodel import Session, col, select

from timebank.auth.models import User
from timebank.core import clock
from timebank.core.actors import Scope
from timebank.core.db import in_area
from timebank.core.limits import PAGE_ROWS
from timebank.people.models import Person
from timebank.phones.models import Application, ApplicationState, CalendarFeed, PairingCode, Phone, PhoneUser


def hash_of(secret: str) -> str:
    """How codes and secrets are kept. They are long and random, so a fast hash is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


def phone_by_secret(session: Session, secret: str) -> Phone | None:
    """The phone whose cookie this is, if it was not revoked."""
    found = select(Phone).where(Phone.secret_hash == hash_of(secret), col(Phone.revoked_at).is_(None))
    return session.exec(found).first() if secret else None


def users_of(session: Session, phone_id: str) -> list[tuple[PhoneUser, User]]:
    """Who may sign in on a phone, in the order of pairing; ended logins left out."""
    found = (
        select(PhoneUser, User)
        .where(PhoneUser.phone_id == phone_id, User.id == PhoneUser.user_id, col(User.disabled_at).is_(None))
        .order_by(col(PhoneUser.since_at), col(PhoneUser.id))
    )
    return [(entry, user) for entry, user in session.exec(found)]


def live_code(session: Session, code: str) -> PairingCode | None:
    """The pairing code if it may still be used."""
    found = session.get(PairingCode, hash_of(code), with_for_update=True)
    return found if found and found.used_at is None and found.expires_at > clock.now() else None


@dataclass(frozen=True)
class PhoneRow:
    """A phone of an area with the people who use it."""

    phone: Phone
    users: tuple[User, ...]


def phones_in(session: Session, scope: Scope) -> list[PhoneRow]:
    """One page of an area's phones that are in use, the last seen first."""
    found = (
        select(Phone)
        .where(in_area(col(Phone.area_code), scope.area_code), col(Phone.revoked_at).is_(None))
        .order_by(col(Phone.last_seen_at).desc(), col(Phone.id))
        .limit(PAGE_ROWS)
    )
    return [PhoneRow(phone, tuple(user for _, user in users_of(session, phone.id))) for phone in session.exec(found)]


def phone_for(session: Session, scope: Scope, phone_id: str) -> Phone | None:
    """The phone if the scope may see its village."""
    phone = session.get(Phone, phone_id)
    return phone if phone and scope.person_ids is None and scope.holds_area(phone.area_code) else None


def person_of_feed(session: Session, secret: str) -> Person | None:
    """Whose calendar a secret address shows, if it was not revoked."""
    feed = session.get(CalendarFeed, hash_of(secret))
    return session.get(Person, feed.person_id) if feed and feed.revoked_at is None else None


def live_feeds(session: Session, person_id: str) -> list[CalendarFeed]:
    """A person's calendar addresses that work."""
    found = select(CalendarFeed).where(CalendarFeed.person_id == person_id, col(CalendarFeed.revoked_at).is_(None))
    return list(session.exec(found.order_by(col(CalendarFeed.made_at))))


def application_for(session: Session, scope: Scope, application_id: str) -> Application | None:
    """The application if the scope may see its village."""
    found = session.get(Application, application_id)
    return found if found and scope.person_ids is None and scope.holds_area(found.area_code) else None


def open_applications(session: Session, scope: Scope) -> list[Application]:
    """One page of applications of an area that nobody has decided, the oldest first."""
    waiting = (ApplicationState.SENT, ApplicationState.VILLAGE_AGREED)
    found = (
        select(Application)
        .where(in_area(col(Application.area_code), scope.area_code), col(Application.state).in_(waiting))
        .order_by(col(Application.sent_at), col(Application.id))
        .limit(PAGE_ROWS)
    )
    return list(session.exec(found))
