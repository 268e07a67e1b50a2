"""Two people decide about one visit in the same moment: one of them is told."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.cast import Cast
from tests.visits.conftest import Plan, actor_of, at_door, event, seen, tell
from timebank.core import clock, db
from timebank.core.errors import Refused
from timebank.ledger.queries import account_of
from timebank.visits import operations
from timebank.visits.models import EventKind as Kind
from timebank.visits.models import VisitState

pytestmark = pytest.mark.waits  # until the database says that one decision waits for the other

WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"


def test_an_approval_and_a_rejection_do_not_both_count(cast: Cast, planned: Plan, db_url: str) -> None:
    visit = planned()
    for kind, minute in ((Kind.CHECK_IN, 9 * 60), (Kind.CHECK_OUT, 9 * 60 + 45)):
        tell(cast, event(visit, kind, minute, place=at_door()))
    with db.transaction() as session:
        operations.confirm(session, actor=actor_of(cast, "xiaofang"), visit_id=visit.id, method="button")
    now = clock.now()

    def reject() -> None:
        with clock.frozen(now), db.transaction() as session:
            operations.review(
                session, actor=actor_of(cast, "tan"), visit_id=visit.id, approved=False, reason="nobody came"
            )

    with ThreadPoolExecutor(1) as threads:
        with db.transaction() as session:
            operations.review(session, actor=actor_of(cast, "wu"), visit_id=visit.id, approved=True)
            session.flush()
            later = threads.submit(reject)
            while db_url.startswith("postgresql") and not session.connection().exec_driver_sql(WAITING).scalar_one():
                assert not later.done(), "the second decision did not wait for the first"
        with pytest.raises(Refused, match="does not wait for a review"):
            later.result(timeout=30)
    assert seen(visit).state == VisitState.SETTLED
    with db.reading() as session:
        account = account_of(session, cast.li.id)
        assert account and account.balance_minutes == 45
