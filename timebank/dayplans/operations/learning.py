"""What drives take is learnt from what they took."""

from collections import Counter

import sqlalchemy as sa
from sqlmodel import Session

from dispatch.travel import learn
from timebank.areas.models import AreaKind
from timebank.areas.queries import areas_within
from timebank.core import clock
from timebank.core.actors import Actor
from timebank.core.db import table_of
from timebank.dayplans.models import LearntDrive
from timebank.dayplans.queries.drives import drives_seen
from timebank.policies.queries import in_force


def learn_drives(session: Session, *, actor: Actor, area_code: str) -> int:
    """Learn anew, in each township of an area, what drives from village to village take; how many ways are known.

    A township whose policy `dispatch.learn_days` is 0 forgets what it knew.
    """
    return sum(
        _learn_in(session, township.code)
        for township in areas_within(session, area_code, AreaKind.TOWNSHIP)
        if actor.scope.holds_area(township.code)
    )


def _learn_in(session: Session, area_code: str) -> int:
    today = clock.today()
    days = in_force(session, area_code, today).number("dispatch.learn_days")
    seen = drives_seen(session, area_code, today, days)
    counts = Counter((drive.origin, drive.target) for drive in seen)
    known = learn(seen)
    table = table_of(LearntDrive)
    session.connection().execute(sa.delete(table).where(table.c.area_code == area_code))
    for (from_code, to_code), factor in known.items():
        way = {"area_code": area_code, "from_code": from_code, "to_code": to_code}
        session.add(LearntDrive(**way, percent=round(100 * factor), drives=counts[from_code, to_code]))
    session.flush()
    return len(known)
