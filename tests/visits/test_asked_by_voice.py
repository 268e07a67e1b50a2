"""Most elders have no phone: they say to the assistant what they need, and the office writes it down (§4.2, §4.3)."""

import pytest
from sqlmodel import select

from tests.cast import Cast
from tests.fixtures.site import SignIn
from tests.stories.hours import helps
from timebank.core import db
from timebank.visits.models import Visit, VisitState
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
