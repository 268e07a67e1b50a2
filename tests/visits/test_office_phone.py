"""The one number that a volunteer calls from the road: entered by the township, seen on the phone."""

import pytest

from tests.fixtures.site import SignIn
from tests.visits.conftest import Plan
from timebank.core.actors import Role

CALL = 'href="tel:02377881234"'


def test_the_township_enters_its_number_and_volunteers_call_it_with_one_button(sign_in: SignIn, planned: Plan) -> None:
    visit = planned()
    li, zhou = sign_in("li"), sign_in("zhou")
    assert "Call the coordinator" not in li.visit("/today")
    zhou.visit("/calendar")
    assert "Volunteers see it from now on" in zhou.submit("/calendar/phone", phone="023-7788 1234")
    for page in ("/today", f"/stops/{visit.id}"):
        assert CALL in li.visit(page), page
    assert li.get("/api/today").json["office_phone"] == "02377881234"
    assert 'value="02377881234"' in zhou.visit("/calendar")
    zhou.submit("/calendar/phone", phone="")
    assert "Call the coordinator" not in li.visit("/today")


@pytest.mark.parametrize("phone", ["1234", "call me", "0" * 17, "123456;ext=1"])
def test_what_is_no_number_is_not_kept(sign_in: SignIn, planned: Plan, phone: str) -> None:
    zhou = sign_in("zhou")
    assert zhou.send("/calendar/phone", {"phone": phone}).status_code == 400
    assert 'name="phone" type="tel" value=""' in zhou.visit("/calendar")


def test_a_district_has_no_number_of_its_own(sign_in: SignIn, planned: Plan) -> None:
    bureau = sign_in(Role.BUREAU)
    assert "/calendar/phone" not in bureau.visit("/calendar")
    assert bureau.send("/calendar/phone", {"phone": "02377881234"}).status_code == 400
