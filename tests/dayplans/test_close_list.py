"""The list at the end of a day: empty once everything is looked at, and each visit under what it still waits for."""

import pytest
from sqlmodel import Session

from tests import factories as make
from tests.cast import Cast
from timebank.careplans.models import ServiceKind
from timebank.core import clock, db
from timebank.dayplans.queries.closing import loose_ends
from timebank.visits.models import Visit, VisitState


def a_visit(session: Session, cast: Cast, state: VisitState, service: ServiceKind) -> Visit:
    visit = make.visit(session=session, elder=cast.chen_popo, on=clock.today(), service=service)
    visit.state = state
    session.flush()
    return visit


@pytest.mark.parametrize(
    ("state", "service", "why"),
    [
        (VisitState.SETTLED, ServiceKind.PHONE_CHECK, []),
        (VisitState.SETTLED, ServiceKind.VISIT, []),  # somebody took it without a plan
        (VisitState.REJECTED, ServiceKind.VISIT, []),
        (VisitState.CONFIRMED, ServiceKind.VISIT, ["waits for review"]),
        (VisitState.DUE, ServiceKind.PHONE_CHECK, ["nobody has called"]),
        (VisitState.DUE, ServiceKind.VISIT, ["was on no plan"]),
    ],
)
def test_what_a_day_still_waits_for(cast: Cast, state: VisitState, service: ServiceKind, why: list[str]) -> None:
    with db.transaction() as session:
        a_visit(session, cast, state, service)
        found = loose_ends(session, make.TOWNSHIP, clock.today())
    assert [loose.why.msgid for loose in found] == why
