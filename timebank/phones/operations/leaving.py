"""What follows for logins and phones when somebody died, moved away, or was registered twice."""

import sqlalchemy as sa
from sqlmodel import Session, col, or_, select

from timebank.auth import operations as auth
from timebank.auth.models import Grant
from timebank.auth.queries import user_of_person
from timebank.core import clock
from timebank.core.actors import SYSTEM, Actor, Role
from timebank.core.db import table_of
from timebank.core.text import T
from timebank.people.effects import RELOCATED, follows, forgets, has_left
from timebank.people.models import Person, PersonCase, PersonState
from timebank.phones.models import Application, CalendarFeed


@follows("logins_go_along", T("logins that go along"))
def take_login_along(session: Session, _actor: Actor, person: Person, case: PersonCase) -> int:
    """What somebody is as a member they are in the new village; what they are for an office stays with the office."""
    user = user_of_person(session, person.id) if case.kind == RELOCATED else None
    if user is None:
        return 0
    found = select(Grant).where(Grant.user_id == user.id, col(Grant.role).in_((Role.VOLUNTEER, Role.ELDER)))
    grants = [grant for grant in session.exec(found) if has_left(case, person, grant.area_code)]
    for grant in grants:
        grant.area_code = person.area_code[:12]
        session.add(grant)
    return 1 if grants else 0


@follows("logins_ended", T("logins ended"))
def end_logins(session: Session, actor: Actor, person: Person, case: PersonCase) -> int:
    """The login of somebody who died or moved away ends at once, with every phone and calendar address.

    Of two entries that become one, the login goes on with the entry that is kept, if that has none.
    """
    if case.kind not in (PersonState.DEAD, PersonState.MOVED, PersonState.MERGED):
        return 0
    user = user_of_person(session, person.id)
    feeds = sa.update(table_of(CalendarFeed)).where(col(CalendarFeed.person_id) == person.id)
    session.connection().execute(feeds.where(col(CalendarFeed.revoked_at).is_(None)).values(revoked_at=clock.now()))
    if user is None or user.id == actor.user_id:
        return 0
    kept_id = case.detail.get("kept")
    if kept_id and user_of_person(session, str(kept_id)) is None:
        user.person_id = str(kept_id)
        session.add(user)
        return 0
    auth.disable_user(session, actor=SYSTEM, user_id=user.id)
    return 1


@forgets("applications")
def forget_application(session: Session, person: Person) -> int:
    """The phone number and the words with which somebody once applied are kept no longer than their own number."""
    kept = or_(col(Application.phone_sealed) != "", col(Application.words) != "")
    gone = sa.update(table_of(Application)).where(col(Application.person_id) == person.id, kept)
    return session.connection().execute(gone.values(phone_sealed="", words="")).rowcount
