"""Two carers of one visit: each proves for themselves that they came; what an office enters is looked at."""

import io
from typing import Any

import pytest
from PIL import Image

from tests.cast import Cast
from tests.visits.conftest import Plan, actor_of, at_door, event, seen, tell
from timebank.careplans.models import ServiceKind
from timebank.core import db
from timebank.visits import operations, queries
from timebank.visits.models import EventKind as Kind
from timebank.visits.models import EvidenceGrade, Visit, VisitState
from timebank.visits.operations import SlipIn

A, B, C = EvidenceGrade.A, EvidenceGrade.B, EvidenceGrade.C


def stays(cast: Cast, visit: Visit, who: str = "li", *, place: bool = False, code: bool = False) -> None:
    """Half an hour at a visit, with these proofs; two people do not stand on the very same spot."""
    proofs: dict[str, Any] = {"device_id": f"dev_{who}"}
    if place:
        proofs["place"] = at_door(north_m=len(who))
    if code:
        proofs["day_code"] = queries.day_code(visit.household_code, visit.due_on)
    tell(cast, event(visit, Kind.CHECK_IN, 9 * 60 + 1, **proofs), who)
    tell(cast, event(visit, Kind.CHECK_OUT, 9 * 60 + 32, device_id=f"dev_{who}"), who)


def looked_at(visit: Visit) -> list[str]:
    with db.reading() as session:
        return operations.needs_a_look(session, session.get_one(Visit, visit.id))


def nods(cast: Cast, visit: Visit) -> None:
    with db.transaction() as session:
        operations.confirm(session, actor=actor_of(cast, "xiaofang"), visit_id=visit.id, method="button")


@pytest.mark.parametrize(
    ("first", "second", "before", "after"),
    [
        ({"place": True, "code": True}, {"place": True, "code": True}, A, A),
        ({"place": True, "code": True}, {"place": True}, B, A),
        ({"place": True, "code": True}, {"code": True}, B, B),
        ({"place": True, "code": True}, {}, C, C),  # neither place nor code: the nod does not say who bathed her
    ],
)
def test_a_visit_is_graded_by_who_proves_least(
    cast: Cast,
    planned: Plan,
    first: dict[str, bool],
    second: dict[str, bool],
    before: EvidenceGrade,
    after: EvidenceGrade,
) -> None:
    bath = planned(cast.li, cast.zhang, service=ServiceKind.BATH)
    stays(cast, bath, "li", **first)
    stays(cast, bath, "zhang", **second)
    assert seen(bath).grade == before
    nods(cast, bath)
    assert seen(bath).grade == after
    if after == C:  # the others may be drawn by lot too
        assert "sampled" in looked_at(bath), "without proof somebody asks the elder's side"


def test_the_nod_is_a_proof_for_who_came_alone(cast: Cast, planned: Plan) -> None:
    visit = planned()
    stays(cast, visit)
    assert seen(visit).grade == C
    nods(cast, visit)
    assert seen(visit).grade == B


@pytest.mark.parametrize("has_photo", [True, False])
def test_a_slip_beside_a_partners_good_proof_is_still_looked_at(cast: Cast, planned: Plan, has_photo: bool) -> None:
    bath = planned(cast.li, cast.zhang, service=ServiceKind.BATH)
    stays(cast, bath, "li", place=True, code=True)
    picture = io.BytesIO()
    Image.new("RGB", (320, 240), "white").save(picture, "JPEG")
    slip = SlipIn(bath.id, cast.zhang.id, 540, 570, photo=picture.getvalue() if has_photo else None)
    with db.transaction() as session:
        operations.enter_slip(session, actor=actor_of(cast, "wang"), slip=slip)
    nods(cast, bath)
    assert (seen(bath).state, seen(bath).grade) == (VisitState.CONFIRMED, C)
    assert {"by_office"} <= set(looked_at(bath))
    with db.transaction() as session:
        done = operations.review_all(session, actor=actor_of(cast, "wu"), visit_ids=[bath.id])
    assert (done.credited, len(done.left)) == (0, 1)
