"""Reading logins and their roles."""

from collections.abc import Iterable
from datetime import date, datetime

from sqlmodel import Session, col, or_, select

from timebank.audit.models import AuditEvent
from timebank.auth.models import Grant, User
from timebank.core.actors import SYSTEM, Scope
from timebank.core.db import in_area
from timebank.core.limits import PAGE_ROWS

SETS_A_PASSWORD = ("auth.create_user", "auth.set_secret", "auth.reopen")


def user_by_name(session: Session, login_name: str) -> User | None:
    """The login with this name, in whatever state."""
    return session.exec(select(User).where(User.login_name == login_name.strip().lower())).first()


def user_by_id(session: Session, user_id: str) -> User | None:
    """The login with this id, if it is not disabled; set apart, so that a refused write does not unload the reader."""
    user = session.get(User, user_id)
    if user is None or not user.is_active:
        return None
    session.expunge(user)
    return user


def user_of_person(session: Session, person_id: str) -> User | None:
    """The login of a person that is not ended."""
    found = select(User).where(User.person_id == person_id, col(User.disabled_at).is_(None))
    return session.exec(found.order_by(User.id)).first()


def login_for(session: Session, scope: Scope, user_id: str) -> User | None:
    """The login if every role it ever held lies inside the scope: who works elsewhere too is ended from above."""
    areas = session.exec(select(Grant.area_code).where(Grant.user_id == user_id)).all()
    return session.get(User, user_id) if areas and all(map(scope.holds_area, areas)) else None


def names_of_users(session: Session, user_ids: Iterable[str]) -> dict[str, str]:
    """What logins call themselves, by id."""
    found = select(User.id, User.display_name).where(col(User.id).in_(set(user_ids)))
    return dict(session.exec(found).all())


def grants_on(session: Session, user_id: str, on: date) -> list[Grant]:
    """The roles a login holds on a day, widest area first."""
    found = select(Grant).where(
        Grant.user_id == user_id, Grant.starts_on <= on, or_(col(Grant.ends_on).is_(None), col(Grant.ends_on) >= on)
    )
    return sorted(session.exec(found), key=lambda grant: (len(grant.area_code), grant.id))


def has_foreign_password(session: Session, user_id: str) -> bool:
    """Whether an administrator knows the password of a login: they set it, and its owner has not changed it since.

    A login that was made from a terminal is not asked: whoever has that holds the database too.
    """
    found = select(AuditEvent.user_id, AuditEvent.at).where(
        AuditEvent.subject_id == user_id, col(AuditEvent.action).in_(SETS_A_PASSWORD)
    )
    set_by: dict[bool, datetime] = {}
    for by, at in session.exec(found):
        if by != SYSTEM.user_id:
            set_by[by == user_id] = max(at, set_by.get(by == user_id, at))
    return False in set_by and (True not in set_by or set_by[True] < set_by[False])


def grants_of(session: Session, user_id: str) -> list[Grant]:
    """Every role a login holds or held, in the order they were given."""
    return list(session.exec(select(Grant).where(Grant.user_id == user_id).order_by(col(Grant.starts_on), Grant.id)))


def logins_page(session: Session, scope: Scope, *, words: str = "") -> list[tuple[User, list[Grant]]]:
    """One page of logins with a role inside the scope's area, by name."""
    inside = select(Grant.user_id).where(in_area(col(Grant.area_code), scope.area_code))
    found = select(User).where(col(User.id).in_(inside))
    if words.strip():
        found = found.where(col(User.login_name).startswith(words.strip().lower(), autoescape=True))
    users = session.exec(found.order_by(User.login_name).limit(PAGE_ROWS)).all()
    grants = session.exec(select(Grant).where(col(Grant.user_id).in_([user.id for user in users]))).all()
    return [(user, [grant for grant in grants if grant.user_id == user.id]) for user in users]
