"""Hours that were earned, for the pages of the passbook, the sheets and the certificates."""

from collections.abc import Callable
from datetime import date

import pytest

from tests import factories as make
from tests.cast import Cast
from tests.fixtures.site import At
from tests.statements import books
from timebank.core import clock, db, ids
from timebank.core.actors import SYSTEM, Actor, Role
from timebank.ledger import operations as ledger
from timebank.ledger.models import Transfer
from timebank.people.models import Person
from timebank.policies.queries import in_force
from timebank.statements.models import MonthRun
from timebank.statements.operations import close_month
from timebank.visits.models import CarerState, Review, Visit, VisitCarer, VisitState

Earn = Callable[..., Transfer]
Close = Callable[..., MonthRun]


def carer_of(visit: Visit, person: Person, *, minutes: int) -> VisitCarer:
    """Somebody who was there from nine on."""
    begins = clock.at_local(visit.due_on, 9 * 60)
    return VisitCarer(
        id=ids.new_id("vca"),
        visit_id=visit.id,
        person_id=person.id,
        state=CarerState.ACCEPTED,
        starts_minute=9 * 60,
        checked_in_at=begins,
        checked_out_at=clock.at_local(visit.due_on, 9 * 60 + minutes),
    )


@pytest.fixture
def earn(cast: Cast) -> Earn:
    """Credit somebody for a visit to 陈婆婆, reviewed by 吴主任."""

    def earned(person: Person, *, on: date = date(2026, 11, 2), minutes: int = 45) -> Transfer:
        with db.transaction() as session:
            visit = books.settled_visit(session, cast.chen_popo, on)
            wu = cast.users["wu"]
            review = Review(id=ids.new_id("rev"), visit_id=visit.id, reviewer_id=wu, approved=True, at=clock.now())
            session.add_all([carer_of(visit, person, minutes=minutes), review])
            made = ledger.earn(
                session,
                actor=Actor(wu, Role.SUPERVISOR, make.TOWNSHIP),
                person=person,
                minutes=minutes,
                visit_id=visit.id,
                event_at=clock.at_local(on, 9 * 60),
                policy=in_force(session, person.area_code, on),
            )
        return made[0]

    return earned


@pytest.fixture
def on_the_way(cast: Cast) -> Visit:
    """A visit of 李姐 that 陈婆婆's side has not nodded to yet."""
    with db.transaction() as session:
        visit = books.settled_visit(session, cast.chen_popo, date(2026, 11, 2), state=VisitState.DONE)
        session.add(carer_of(visit, cast.li, minutes=50))
    return visit


@pytest.fixture
def closed(cast: Cast, earn: Earn, at: At) -> Close:
    """Close a month at ten in the morning of the fifth of the next one; the clock stays there."""

    def close(month: str = "2026-10") -> MonthRun:
        year, number = int(month[:4]), int(month[5:])
        at(f"{year + number // 12}-{number % 12 + 1:02d}-05 10:00")
        with db.transaction() as session:
            return close_month(session, actor=SYSTEM, district_code=make.DISTRICT, month=month)

    return close
