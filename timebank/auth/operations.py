"""Making logins, giving roles, signing in."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, delete, select

from timebank.areas.models import Area
from timebank.audit.operations import note
from timebank.auth import queries
from timebank.auth.models import Attempt, Grant, LoginSession, User
from timebank.auth.rules import NAME_OF_PHONE_LOGIN, check_password
from timebank.core import clock, crypto, ids
from timebank.core.actors import SYSTEM, Actor, Role
from timebank.core.db import in_area
from timebank.core.errors import BadInput, NotAllowed, NotFound, Refused
from timebank.core.limits import ADDRESS_TRIES_PER_HOUR, LOGIN_TRIES_PER_HOUR
from timebank.core.text import T


def create_user(
    session: Session, *, actor: Actor, login_name: str, secret: str, display_name: str, person_id: str | None = None
) -> User:
    """A new login without any role, of a person of the register or of nobody in it.

    One person has one login, so that whoever helped, entered or confirmed is known again: a login that only a PIN
    opened gets the name and the password. Refuses a name that is taken, an easy password, a person who has a login.
    """
    name = login_name.strip().lower()
    check_password(secret, login_name=name)
    if queries.user_by_name(session, name):
        raise Refused("auth.name_taken", T("This login name is taken. Choose another."), field="login_name")
    user = queries.user_of_person(session, person_id) if person_id else None
    if user is None:
        user = User(id=ids.new_id("usr"), login_name="", secret_hash="", display_name="", created_at=clock.now())
    elif not user.login_name.startswith(f"{NAME_OF_PHONE_LOGIN}_"):
        text = T("This person has the login {name}. Give it the role in the list below.", name=user.login_name)
        raise Refused("auth.person_has_login", text, field="person")
    user.login_name, user.secret_hash = name, crypto.passwords().hash(secret)
    user.display_name, user.person_id = display_name, person_id
    session.add(user)
    session.flush()
    note(session, actor=actor, action="auth.create_user", subject_id=user.id)
    return user


def link_person(session: Session, *, actor: Actor, user_id: str, person_id: str) -> None:
    """Say whose a login is, once: from then on the rule holds that nobody reviews the hours that they earned.

    Refuses one's own login, and a login that belongs to somebody already: an end and a new login tell that honestly.
    """
    user = queries.login_for(session, actor.scope, user_id)
    if user is None:
        raise NotFound("auth.no_such_user", T("There is no such login."))
    if user.id == actor.user_id:
        raise NotAllowed("auth.own_link", T("Another administrator must say whose your login is."))
    if user.person_id is not None:
        raise Refused("auth.linked_already", T("This login belongs to somebody already. End it and make a new one."))
    user.person_id = person_id
    session.add(user)
    note(session, actor=actor, action="auth.link_person", subject_id=user.id, person_id=person_id)


def give_role(
    session: Session, *, actor: Actor, user_id: str, role: Role, area_code: str, ends_on: date | None = None
) -> Grant:
    """Give a login a role in an area from today. Nobody gives a role to themselves or outside their own area."""
    if actor.user_id == user_id:
        raise NotAllowed("auth.own_role", T("Nobody can give themselves a role. Ask another administrator."))
    if not actor.scope.holds_area(area_code):
        raise NotAllowed(
            "auth.role_outside_area", T("You can give roles inside your own area only."), field="area_code"
        )
    if session.get(Area, area_code) is None:
        raise BadInput("auth.no_such_area", T("There is no area with this code."), field="area_code")
    grant = Grant(
        id=ids.new_id("grt"), user_id=user_id, role=role, area_code=area_code, starts_on=clock.today(), ends_on=ends_on
    )
    session.add(grant)
    note(session, actor=actor, action="auth.give_role", subject_id=user_id, area_code=area_code, role_given=role.value)
    return grant


def end_role(session: Session, *, actor: Actor, grant_id: str) -> None:
    """End a role with effect on the very next request. One that ended before keeps its day: the past stays true."""
    grant = session.get(Grant, grant_id)
    if grant is None or not actor.scope.holds_area(grant.area_code):
        raise NotFound("auth.no_such_grant", T("There is no such role in your area."))
    yesterday = clock.today() - timedelta(days=1)
    if grant.ends_on is not None and grant.ends_on <= yesterday:
        return
    grant.ends_on = yesterday
    session.add(grant)
    note(session, actor=actor, action="auth.end_role", subject_id=grant.user_id, area_code=grant.area_code)


def disable_user(session: Session, *, actor: Actor, user_id: str) -> None:
    """End a login and all its sessions at once (lost phone, staff who left). Refuses one's own and one elsewhere."""
    user = queries.login_for(session, actor.scope, user_id)
    if user is None:
        raise NotFound("auth.no_such_user", T("There is no such login."))
    if user.id == actor.user_id:
        raise NotAllowed("auth.own_login", T("Another administrator must end your login."))
    user.disabled_at = clock.now()
    session.add(user)
    end_sessions(session, user_id=user_id)
    note(session, actor=actor, action="auth.disable_user", subject_id=user_id)


def reopen_user(session: Session, *, actor: Actor, user_id: str, secret: str) -> None:
    """Open a login that was ended again, under a new first password: its roles that have no end count again.

    Refuses where its person got another login meanwhile: one person has one.
    """
    user = queries.login_for(session, actor.scope, user_id)
    if user is None:
        raise NotFound("auth.no_such_user", T("There is no such login."))
    if user.disabled_at is None:
        raise Refused("auth.not_ended", T("This login is open already."))
    if user.person_id and queries.user_of_person(session, user.person_id):
        raise Refused("auth.has_another", T("This person has another login by now."))
    check_password(secret, login_name=user.login_name)
    user.disabled_at, user.secret_hash = None, crypto.passwords().hash(secret)
    session.add(user)
    note(session, actor=actor, action="auth.reopen", subject_id=user.id)


def end_all_sessions(session: Session, *, actor: Actor) -> int:
    """End every session of everybody whose roles all lie in the actor's area, also the actor's own; how many it were.

    For the day on which data got out: everybody signs in again.
    """
    inside = in_area(col(Grant.area_code), actor.area_code)
    theirs = select(Grant.user_id).where(inside, col(Grant.user_id).not_in(select(Grant.user_id).where(~inside)))
    open_now = (col(LoginSession.user_id).in_(theirs), col(LoginSession.ended_at).is_(None))
    count = session.exec(select(sa.func.count()).select_from(LoginSession).where(*open_now)).one()
    session.connection().execute(sa.update(LoginSession).where(*open_now).values(ended_at=clock.now()))
    note(session, actor=actor, action="auth.end_all_sessions", subject_id=actor.user_id, count=count)
    return count


def end_sessions(session: Session, *, user_id: str) -> None:
    """End every session of a login, on every device."""
    ended = sa.update(LoginSession).where(col(LoginSession.user_id) == user_id, col(LoginSession.ended_at).is_(None))
    session.connection().execute(ended.values(ended_at=clock.now()))


def set_secret(session: Session, *, actor: Actor, user_id: str, secret: str) -> None:
    """Set a new password; every session of the login ends. Refuses the password that it has."""
    user = session.get(User, user_id)
    if user is None:
        raise NotFound("auth.no_such_user", T("There is no such login."))
    check_password(secret, login_name=user.login_name)
    if fits(secret, user.secret_hash):
        raise BadInput("auth.same_password", T("This is the present password. Choose another."), field="secret")
    user.secret_hash = crypto.passwords().hash(secret)
    session.add(user)
    end_sessions(session, user_id=user_id)
    note(session, actor=actor, action="auth.set_secret", subject_id=user_id)


def keep_display(session: Session, *, user_id: str, locale: str | None, type_size: str | None) -> None:
    """Keep how a login reads: what was chosen once is there after the next sign-in, on any phone. No event: no fact."""
    user = session.get_one(User, user_id)
    user.locale = locale or user.locale
    user.type_size = type_size or user.type_size
    session.add(user)


@dataclass(frozen=True)
class SignInTry:
    """A counted try to sign in: whose name it was and the hash to compare with, if there is such a login."""

    user_id: str | None
    kept_hash: str | None
    counted: str
    address: str


def begin_sign_in(session: Session, *, login_name: str, device: str = "", address: str = "") -> SignInTry:
    """Count a try to sign in, before the password is looked at. Slows guessing per name, and many names per address.

    A browser that signed this user in before (`device`, from `device_mark`) has tries of its own, so that a stranger
    who guesses cannot lock the owner out (ASVS 6.1.1), nor a neighbour behind the same address.
    """
    user = queries.user_by_name(session, login_name)
    is_known = user is not None and is_device_of(device, user.id)
    counted = device if is_known else login_name.strip().lower()
    count_attempt(session, purpose="login", of=counted, limit=LOGIN_TRIES_PER_HOUR)
    if is_known:
        address = ""
    if address:
        count_attempt(session, purpose="address", of=address, limit=ADDRESS_TRIES_PER_HOUR)
    return SignInTry(user.id if user else None, user.secret_hash if user else None, counted, address)


def end_sign_in(session: Session, *, tried: SignInTry, secret_fits: bool) -> User | None:
    """The user who signs in, or None where name and password do not fit or the login has ended."""
    user = session.get(User, tried.user_id) if tried.user_id else None
    if user is None or not secret_fits or not user.is_active:
        note(session, actor=SYSTEM, action="auth.sign_in_failed", subject_id=user.id if user else "unknown")
        return None
    forget_attempts(session, purpose="login", of=tried.counted)
    if tried.address:
        give_attempt_back(session, purpose="address", of=tried.address)
    note(session, actor=SYSTEM, action="auth.sign_in", subject_id=user.id)
    return user


def device_mark(user_id: str) -> str:
    """What a browser keeps after a sign-in, so that it is known the next time; opens nothing by itself."""
    drawn = ids.new_secret(12)
    return f"{drawn}.{_device_proof(user_id, drawn)}"


def is_device_of(device: str, user_id: str) -> bool:
    """Whether a mark was given to a browser of this user."""
    drawn, _, proof = device.partition(".")
    return crypto.is_same(proof, _device_proof(user_id, drawn))


def _device_proof(user_id: str, drawn: str) -> str:
    return crypto.vault().fingerprint(f"device {user_id} {drawn}")[:32]


def fits(secret: str, kept_hash: str | None) -> bool:
    """Whether a password fits, in the same time for a login that does not exist. Slow on purpose: ask it outside a unit
    of work that writes, or everybody else waits for it."""
    return crypto.passwords().fits(secret, kept_hash)


def count_attempt(session: Session, *, purpose: str, of: str, limit: int) -> None:
    """Count one try of something guessable in this hour; refuses the one after the limit."""
    hour_at = _this_hour()
    key = _attempt_key(purpose, of)
    row = session.get(Attempt, key, with_for_update=True) or Attempt(id=key, count=0, hour_at=hour_at)
    if row.count >= limit:
        raise NotAllowed("auth.too_many_tries", T("Too many tries. Wait an hour, or ask your village assistant."))
    row.count += 1
    session.add(row)
    session.exec(delete(Attempt).where(col(Attempt.hour_at) < hour_at - timedelta(hours=2)))


def give_attempt_back(session: Session, *, purpose: str, of: str) -> None:
    """Uncount one try of this hour that turned out well; the others stay counted."""
    row = session.get(Attempt, _attempt_key(purpose, of), with_for_update=True)
    if row is not None:
        row.count = max(row.count - 1, 0)
        session.add(row)


def _this_hour() -> datetime:
    return clock.now().replace(minute=0, second=0, microsecond=0)


def _attempt_key(purpose: str, of: str) -> str:
    return f"{purpose}:{crypto.vault().fingerprint(of)[:32]}:{_this_hour():%Y%m%d%H}"


def forget_attempts(session: Session, *, purpose: str, of: str) -> None:
    """Forget the tries of this hour after a success."""
    prefix = f"{purpose}:{crypto.vault().fingerprint(of)[:32]}:"
    session.exec(delete(Attempt).where(col(Attempt.id).startswith(prefix)))
