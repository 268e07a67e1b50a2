"""Short ways to post, for tests of the ledger."""

from sqlmodel import Session

from timebank.core import clock, ids
from timebank.core.actors import SYSTEM
from timebank.ledger import operations as ledger
from timebank.ledger.models import Transfer
from timebank.people.models import Person
from timebank.policies.queries import in_force


def earn_visit(session: Session, person: Person, *, minutes: int = 60, visit_id: str = "") -> Transfer:
    """One visit of somebody, credited now."""
    policy = in_force(session, person.area_code, clock.today())
    visit_id = visit_id or ids.new_id("vis")
    made = ledger.earn(
        session, actor=SYSTEM, person=person, minutes=minutes, visit_id=visit_id, event_at=clock.now(), policy=policy
    )
    return made[0]
