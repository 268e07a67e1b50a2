"""Most elders have no phone: they say to the assistant what they need, and the office writes it down (§4.2, §4.3)."""

import re
from datetime import timedelta

import pytest
from sqlmodel import select

from tests import factories as make
from tests.cast import Cast
from tests.fixtures.site import SignIn
from tests.stories.hours import helps
from tests.visits.conftest import actor_of
from timebank.careplans.models import ServiceKind
from timebank.core import clock, db
from timebank.core.actors import SYSTEM
from timebank.core.errors import TimebankError
from timebank.visits import operations
from timebank.visits.models import CarerState, Visit, VisitCarer, VisitState
from timebank.visits.queries import hours_to_draw

pytestmark = pytest.mark.usefixtures("app")
ASKED = {
    "service": "company",
    "due_on": "2026-11-05",
    "window_from": "09:00",
    "window_to": "11:00",
    "duration_minutes": "60",
    "notes": "想找人说说话",
}


def left(cast: Cast) -> int:
    with db.reading() as session:
        return hours_to_draw(session, cast.chen_popo.id)


def test_the_assistant_asks_in_the_name_of_an_elder_and_calls_it_off(cast: Cast, sign_in: SignIn) -> None:
    helps(cast.chen_popo, 90)
    office, address = sign_in("wang"), f"/requests/of/{cast.chen_popo.id}"
    assert f'href="{address}"' in office.visit(f"/people/{cast.chen_popo.id}")
    assert "1 h 30 min" in office.visit(address)
    office.submit(address, **ASKED)
    with db.reading() as session:
        visit = session.exec(select(Visit)).one()
    assert (visit.elder_id, visit.requested_by, visit.notes) == (cast.chen_popo.id, cast.wang.id, "想找人说说话")
    page = office.visit(address)
    assert "nobody named yet" in page and left(cast) == 30
    office.submit(f"/requests/{visit.id}/call-off", reason="女儿回来了")
    with db.reading() as session:
        assert session.get_one(Visit, visit.id).state == VisitState.CANCELLED
    assert visit.id not in office.visit(address) and left(cast) == 90


def test_without_hours_nothing_is_asked_and_the_form_says_so(cast: Cast, sign_in: SignIn) -> None:
    office, address = sign_in("wang"), f"/requests/of/{cast.chen_popo.id}"
    office.visit(address)
    answer = office.submit(address, status=409, **ASKED)
    assert "1 h are missing" in answer and "想找人说说话" in answer
    with db.reading() as session:
        assert session.exec(select(Visit)).all() == []


def test_the_village_rings_up_who_may_come_and_writes_down_who_said_yes(cast: Cast, sign_in: SignIn) -> None:
    tomorrow = clock.today() + timedelta(days=1)
    with db.transaction() as session:
        gap = make.visit(session=session, elder=cast.chen_popo, on=tomorrow)
        make.visit(session=session, elder=cast.chen_popo, on=tomorrow, service=ServiceKind.BATH, crew=2)
        busy = make.visit(session=session, elder=cast.ran_daye, on=tomorrow)
        operations.assign(session, actor=SYSTEM, visit_id=busy.id, carers=[(cast.zhang.id, 540)], day_plan_id=None)
    office = sign_in("wang")
    assert 'href="/gaps"' in office.visit("/village-day")
    assert set(re.findall(r'href="/gaps/([^"]+)"', office.visit("/gaps"))) == {gap.id}, "a bath is for the planner"
    page = office.visit(f"/gaps/{gap.id}")
    assert "李姐" in page and "张哥" not in page, "who is expected elsewhere is not rung up"
    office.submit(f"/gaps/{gap.id}", person_id=cast.li.id)
    with db.reading() as session:
        [carer] = session.exec(select(VisitCarer).where(VisitCarer.visit_id == gap.id)).all()
        assert (carer.person_id, carer.state, carer.starts_minute) == (cast.li.id, CarerState.ACCEPTED, 540)
        assert session.get_one(Visit, gap.id).state == VisitState.PLANNED
    assert gap.id not in office.visit("/gaps")
    assert "黄桷树下" in sign_in("li").visit(f"/today?on={tomorrow.isoformat()}")


def test_who_may_not_come_is_not_written_down(cast: Cast) -> None:
    with db.transaction() as session:
        gap = make.visit(session=session, elder=cast.chen_popo)
    for who in (cast.wang.id, cast.yang.id):  # no volunteer, and of another township
        with pytest.raises(TimebankError) as refused, db.transaction() as session:
            operations.fill_gap(session, actor=actor_of(cast, "wang"), visit_id=gap.id, person_id=who)
        assert refused.value.code == "visits.not_on_the_list"
    with db.transaction() as session:
        operations.fill_gap(session, actor=actor_of(cast, "wang"), visit_id=gap.id, person_id=cast.li.id)
    with pytest.raises(TimebankError) as refused, db.transaction() as session:
        operations.fill_gap(session, actor=actor_of(cast, "wang"), visit_id=gap.id, person_id=cast.zhang.id)
    assert refused.value.code == "visits.no_gap"
