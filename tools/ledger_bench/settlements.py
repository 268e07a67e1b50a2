"""The whole settlement of a visit: rules, separation of duties, review, audit events, transfer, state of the visit."""

from collections.abc import Callable
from datetime import timedelta

import sqlalchemy as sa
from sqlmodel import Session, SQLModel

from ledger_bench.steps import MEMBERS, Step
from timebank.careplans.models import ServiceKind
from timebank.core import clock, crypto, db
from timebank.core.actors import Actor, Role
from timebank.core.db import transaction
from timebank.people.models import RealNameCheck
from timebank.visits import operations as visits
from timebank.visits.models import CarerState, Confirmation, EvidenceGrade, Visit, VisitCarer, VisitState

DAYS = 300
COUNTER = "CREATE SEQUENCE bench_visit MINVALUE 0"


def lay_out(session: Session, *, count: int, area_code: str, household_code: str) -> None:
    """Visits that were confirmed and wait for a review, each of another day or carer."""
    ids = [f"per_{number:026d}" for number in range(MEMBERS)]
    seen = {"passed": True, "method": "card_seen", "checked_at": clock.now(), "verifier_user_id": "usr_village"}
    followers: list[SQLModel] = [RealNameCheck(id=f"rnc_{id_[4:]}", person_id=id_, **seen) for id_ in ids]
    for number in range(count):
        on = clock.today() - timedelta(days=1 + number % DAYS)
        began = clock.at_local(on, 9 * 60)
        carer = ids[(number // DAYS) % (MEMBERS - 1)]
        visit = Visit(
            id=f"vis_{number:026d}",
            elder_id=ids[-1],
            area_code=area_code,
            household_code=household_code,
            service=ServiceKind.COMPANY,
            state=VisitState.CONFIRMED,
            due_on=on,
            slot=number,
            window_from_minute=9 * 60,
            window_to_minute=11 * 60,
            duration_minutes=60,
            tier="general",
            grade=EvidenceGrade.A,
            created_at=began,
        )
        came = VisitCarer(
            id=f"vca_{number:026d}",
            visit_id=visit.id,
            person_id=carer,
            state=CarerState.ACCEPTED,
            starts_minute=9 * 60,
            checked_in_at=began,
            checked_out_at=began + timedelta(minutes=60),
        )
        said = Confirmation(
            id=f"cfm_{number:026d}", visit_id=visit.id, by_user_id="usr_elder", method="button", happy=3, at=began
        )
        session.add(visit)
        followers += [came, said]
    session.flush()
    session.add_all(followers)
    session.connection().execute(sa.text(COUNTER))


def settling(url: str) -> Callable[[Step], bool]:
    """`visits.review` of one visit after the other, each in a unit of work of its own."""
    crypto.use(crypto.Vault("A" * 43 + "="))
    db.use(db.make_engine(url))
    reviewer = Actor(user_id="usr_reviewer", role=Role.COORDINATOR, area_code="500156")

    def post(_step: Step) -> bool:
        with transaction() as session:
            number = session.connection().execute(sa.text("SELECT nextval('bench_visit')")).scalar_one()
            visits.review(session, actor=reviewer, visit_id=f"vis_{number:026d}", approved=True)
        return True

    return post
