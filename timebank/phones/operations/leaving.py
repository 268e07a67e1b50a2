"""What follows for logins and phones when somebody died, moved away, or was registered twice."""

import sqlalchemy as sa
from sqlmodel import Session, col

from timebank.auth import operations as auth
from timebank.core import clock
from timebank.core.actors import SYSTEM, Actor
from timebank.core.db import table_of
from timebank.core.text import T
from timebank.people.effects import follows
from timebank.people.models import Person, PersonCase, PersonState
from timebank.phones import queries
from timebank.phones.models import CalendarFeed


@follows("logins_ended", T("logins ended"))
def end_logins(session: Session, actor: Actor, person: Person, case: PersonCase) -> int:
    """The login of somebody who died or moved away ends at once, with every phone and calendar address.

    Of two entries that become one, the login goes on with the entry that is kept, if that has none.
    """
    if case.kind not in (PersonState.DEAD, PersonState.MOVED, PersonState.MERGED):
        return 0
    user = queries.user_of_person(session, person.id)
    feeds = sa.update(table_of(CalendarFeed)).where(col(CalendarFeed.person_id) == person.id)
    session.connection().execute(feeds.where(col(CalendarFeed.revoked_at).is_(None)).values(revoked_at=clock.now()))
    if user is None or user.id == actor.user_id:
        return 0
    kept_id = case.detail.get("kept")
    if kept_id and queries.user_of_person(session, str(kept_id)) is None:
        user.person_id = str(kept_id)
        session.add(user)
        return 0
    auth.disable_user(session, actor=SYSTEM, user_id=user.id)
    return 1
