"""Logins at the desk of the administrator: whose they are, what they may do, and what nobody can do with their own."""

import re
from datetime import date, timedelta

import pytest
from flask import Flask
from sqlmodel import col, delete, select

from tests import factories as make
from tests.cast import Cast
from tests.factories import PASSWORD
from tests.fixtures.browsing import Visitor
from tests.fixtures.site import At, SignIn
from timebank.auth import operations as auth
from timebank.auth.models import Grant, User
from timebank.core import clock, db
from timebank.core.actors import SYSTEM, Role
from timebank.people.models import Person
from timebank.phones import operations as phones
from timebank.visits import operations as visits
from timebank.visits.models import VisitState

OF_A_SUPERVISOR = {"role": "supervisor", "area_code": make.TOWNSHIP, "secret": PASSWORD}


@pytest.fixture
def helper(cast: Cast) -> Person:
    """谢嫂 helps in the village and has no login."""
    with db.transaction() as session:
        home = make.household(session=session, number=40)
        return make.volunteer(session=session, household=home, name="谢嫂", born_on=date(1970, 1, 2))


def confirmed_visit(cast: Cast, helper: Person) -> str:
    """A visit that waits for a review only."""
    with db.transaction() as session:
        visit = make.visit(session=session, elder=cast.chen_popo)
        visits.assign(session, actor=SYSTEM, visit_id=visit.id, carers=[(helper.id, 9 * 60)], day_plan_id=None)
        visit.state = VisitState.CONFIRMED
        session.add(visit)
        return visit.id


def test_nobody_reviews_their_own_hours_through_a_login_of_the_office(
    cast: Cast, helper: Person, sign_in: SignIn
) -> None:
    gao = sign_in(Role.ADMINISTRATOR)
    gao.visit("/logins")
    gao.submit("/logins", display_name="谢站长", login_name="xie", person="谢嫂", **OF_A_SUPERVISOR)
    own = confirmed_visit(cast, helper)
    xie = sign_in("xie")
    change(xie, PASSWORD, "a kettle and two cups")
    enter(xie, "xie", "a kettle and two cups")
    assert xie.send(f"/reviews/{own}", {"decision": "approve"}).status_code == 403
    assert sign_in("wu").send(f"/reviews/{own}", {"decision": "approve"}).status_code == 303, "somebody else may"


def test_a_login_made_before_is_told_whose_it_is(cast: Cast, helper: Person, sign_in: SignIn) -> None:
    gao, wu = sign_in(Role.ADMINISTRATOR), cast.users["wu"]
    gao.visit(f"/logins/{wu}")
    gao.submit(f"/logins/{wu}/person", person="谢嫂")
    own = confirmed_visit(cast, helper)
    assert sign_in("wu").send(f"/reviews/{own}", {"decision": "approve"}).status_code == 403
    assert gao.send(f"/logins/{wu}/person", {"person": "李姐"}).status_code == 409, "once, and never to somebody else"
    assert gao.send(f"/logins/{cast.users['gao']}/person", {"person": "李姐"}).status_code == 403, "not one's own"


def test_a_login_is_made_for_somebody_or_said_to_be_for_nobody(cast: Cast, helper: Person, sign_in: SignIn) -> None:
    with db.transaction() as session:
        home = make.household(session=session, number=41)
        other = make.volunteer(session=session, household=home, name="谢嫂", born_on=date(1981, 1, 2))
    gao = sign_in(Role.ADMINISTRATOR)
    gao.visit("/logins")
    asked = {"display_name": "谢站长", "login_name": "xie", **OF_A_SUPERVISOR}
    gao.submit("/logins", status=400, **asked)
    gao.submit("/logins", status=400, person="没有这个人", **asked)
    page = gao.submit("/logins", status=400, person="谢嫂", **asked)
    assert "1970" in page and "1981" in page, "two of one name are told apart by their year"
    gao.submit("/logins", person="谢嫂", person_id=other.id, **asked)
    gao.submit("/logins", no_person="yes", **(asked | {"login_name": "nobody"}))
    with db.reading() as session:
        holders = dict(session.exec(select(User.login_name, User.person_id)).all())
    assert (holders["xie"], holders["nobody"]) == (other.id, None)


def test_one_person_has_one_login(cast: Cast, helper: Person, sign_in: SignIn) -> None:
    with db.transaction() as session:
        phones.make_code(session, actor=SYSTEM, person_id=helper.id)
    gao = sign_in(Role.ADMINISTRATOR)
    gao.visit("/logins")
    asked = {"display_name": "谢站长", "person": "谢嫂", **OF_A_SUPERVISOR}
    gao.submit("/logins", login_name="xie", **asked)
    gao.submit("/logins", login_name="xie2", status=409, **asked)
    with db.reading() as session:
        names = session.exec(select(User.login_name).where(User.person_id == helper.id)).all()
    assert names == ["xie"], "the login of the phone got the name and the password"
    change(sign_in("xie"), PASSWORD, "a kettle and two cups")


def test_an_elder_who_starts_to_help_opens_the_pages_of_a_volunteer(cast: Cast, sign_in: SignIn) -> None:
    ran, wang = sign_in("ran"), sign_in(Role.ASSISTANT)
    ran.visit("/today", status=403)
    wang.visit(f"/people/{cast.ran_daye.id}")
    wang.submit(f"/people/{cast.ran_daye.id}/parts", as_elder="yes", as_volunteer="yes")
    ran.visit("/today")
    assert "冉大爷" in ran.visit("/family")


def test_a_volunteer_sees_the_mother_whom_they_act_for(cast: Cast, sign_in: SignIn) -> None:
    li = sign_in("li")
    li.visit(f"/hours/{cast.chen_popo.id}", status=404)
    with db.transaction() as session:
        make.proxy(session=session, holder=cast.li, elder=cast.chen_popo)
    assert "陈婆婆" in li.visit("/family") and "陈婆婆" in li.visit("/sos")
    li.visit(f"/hours/{cast.chen_popo.id}")
    with db.transaction() as session:
        session.exec(delete(Grant).where(col(Grant.user_id) == cast.users["li"], col(Grant.role) == Role.ELDER))
    li.visit(f"/hours/{cast.chen_popo.id}")
    li.visit(f"/hours/{cast.ran_daye.id}", status=404)


def test_a_coordinator_of_two_townships_works_in_both(cast: Cast, sign_in: SignIn) -> None:
    gao, zhou = sign_in(Role.ADMINISTRATOR), sign_in(Role.COORDINATOR)
    zhou.visit(f"/people/{cast.hu_daye.id}", status=404)
    gao.visit(f"/logins/{cast.users['zhou']}")
    gao.submit(f"/logins/{cast.users['zhou']}/roles", role="coordinator", area_code=make.OTHER_TOWNSHIP)
    assert "胡大爷" in zhou.visit(f"/people/{cast.hu_daye.id}")
    assert "陈婆婆" in zhou.visit(f"/people/{cast.chen_popo.id}")
    assert "胡大爷" in zhou.visit(f"/people?area_code={make.OTHER_TOWNSHIP}")
    home = {"group_code": make.OTHER_GROUP, "door": "77", "landmark": "水井边"}
    assert zhou.send("/households/new", home).status_code == 303


LISTS = ["people", "month-visits", "days", "days/ahead", "days/close", "volunteers", "visiting", "beds", "gaps"]


@pytest.mark.parametrize("address", [*LISTS, "households/new"])
def test_a_page_of_one_township_offers_its_reader_their_other_one(cast: Cast, sign_in: SignIn, address: str) -> None:
    gao, zhou = sign_in(Role.ADMINISTRATOR), sign_in(Role.COORDINATOR)
    assert 'class="elsewhere' not in zhou.visit(f"/{address}")
    gao.visit(f"/logins/{cast.users['zhou']}")
    gao.submit(f"/logins/{cast.users['zhou']}/roles", role="coordinator", area_code=make.OTHER_TOWNSHIP)
    first = zhou.visit(f"/{address}?words=a")
    (other,) = re.findall(r'href="([^"]*)">Show [^<]* instead', first)
    assert "words=a" in other
    second = zhou.visit(other.replace("&amp;", "&"))
    here = [re.findall(r"You see (.*?) here", shown) for shown in (first, second)]
    assert here[0] and here[1] and here[0] != here[1]
    assert 'class="elsewhere' not in zhou.visit(f"/people/{cast.hu_daye.id}")  # the address says which
    assert 'class="elsewhere' not in zhou.visit("/")  # both are there


def test_a_coordinator_of_two_townships_plans_the_day_of_each(cast: Cast, sign_in: SignIn) -> None:
    gao, zhou = sign_in(Role.ADMINISTRATOR), sign_in(Role.COORDINATOR)
    gao.visit(f"/logins/{cast.users['zhou']}")
    gao.submit(f"/logins/{cast.users['zhou']}/roles", role="coordinator", area_code=make.OTHER_TOWNSHIP)
    yesterday = (clock.today() - timedelta(days=1)).isoformat()
    for township in (make.TOWNSHIP, make.OTHER_TOWNSHIP):
        assert zhou.visit(f"/days/close?area={township}")
        over = zhou.send("/days/plan", {"area": township, "on": yesterday})
        assert over.status_code == 409  # the day, not the place, is refused


def test_a_failed_sign_in_and_a_denial_are_seen_by_the_district(cast: Cast, client: Visitor, sign_in: SignIn) -> None:
    client.visit("/sign-in?lang=en")
    client.submit("/sign-in", status=400, login_name="li", secret="a wrong guess")
    sign_in("li").visit("/logins", status=403)
    page = sign_in(Role.AUDITOR).visit(f"/events?subject_id={cast.users['li']}")
    assert "refused a sign-in of" in page and "refused a page to" in page
    assert ">李姐</a>" in page and f">{cast.users['li']}</a>" not in page
    with db.transaction() as session:
        make.login(session=session, name="deng", role=Role.ADMINISTRATOR, area_code=make.TOWNSHIP)
    assert "refused a sign-in of" not in sign_in("deng").visit(f"/events?subject_id={cast.users['li']}")


def test_a_role_that_ended_keeps_its_day(cast: Cast, sign_in: SignIn, at: At) -> None:
    with db.transaction() as session:
        grant = session.exec(select(Grant).where(Grant.user_id == cast.users["wu"])).one()
        grant.ends_on = date(2026, 11, 10)
        session.add(grant)
        grant_id = grant.id
    at("2026-11-20 09:00")
    assert sign_in(Role.ADMINISTRATOR).send(f"/logins/roles/{grant_id}/end").status_code == 303
    with db.reading() as session:
        assert session.get_one(Grant, grant_id).ends_on == date(2026, 11, 10)


def test_a_mistyped_area_makes_no_login(cast: Cast, sign_in: SignIn) -> None:
    gao = sign_in(Role.ADMINISTRATOR)
    gao.visit("/logins")
    asked = OF_A_SUPERVISOR | {"area_code": "500156999"}
    page = gao.submit("/logins", status=400, display_name="谢站长", login_name="xie", no_person="yes", **asked)
    assert "no area with this code" in page and "The login is made" not in page


def change(visitor: Visitor, present: str, new: str) -> None:
    visitor.visit("/password")
    visitor.submit("/password", present=present, secret=new)


def test_a_first_password_opens_nothing_but_the_page_to_change_it(
    app: Flask, cast: Cast, sign_in: SignIn, at: At
) -> None:
    gao = sign_in(Role.ADMINISTRATOR)
    gao.visit("/logins")
    gao.submit("/logins", display_name="谢站长", login_name="xie", no_person="yes", **OF_A_SUPERVISOR)
    xie = sign_in("xie")
    assert xie.get("/people").location == "/password"
    assert xie.send("/people/new", {"name": "某人"}).location == "/password"
    at("2026-11-03 09:05")
    xie.visit("/password")
    xie.submit("/password", present=PASSWORD, secret=PASSWORD, status=400)
    xie.submit("/password", present=PASSWORD, secret="a kettle and two cups")
    enter(xie, "xie", "a kettle and two cups").visit("/people")


def enter(visitor: Visitor, name: str, secret: str, status: int = 200) -> Visitor:
    visitor.visit("/sign-in?lang=en")
    visitor.submit("/sign-in", login_name=name, secret=secret, status=status)
    return visitor


def test_a_forgotten_password_is_set_anew(cast: Cast, sign_in: SignIn, client: Visitor) -> None:
    gao, wu, page = sign_in(Role.ADMINISTRATOR), sign_in("wu"), f"/logins/{cast.users['wu']}"
    gao.visit(page)
    gao.submit(f"{page}/password", secret="12345678", status=400)
    gao.submit(f"{page}/password", secret="seven geese in rain")
    assert wu.get("/people").location.startswith("/sign-in"), "every session of the login is over"
    enter(client, "wu", PASSWORD, status=400)
    enter(client, "wu", "seven geese in rain")
    assert client.get("/people").location == "/password"
    assert gao.send(f"/logins/{cast.users['gao']}/password", {"secret": "seven geese in rain"}).status_code == 403


def test_an_ended_login_is_opened_again(cast: Cast, sign_in: SignIn, client: Visitor) -> None:
    gao, page = sign_in(Role.ADMINISTRATOR), f"/logins/{cast.users['wu']}"
    assert gao.send(f"{page}/reopen", {"secret": "seven geese in rain"}).status_code == 409, "it is open"
    gao.send(f"{page}/disable")
    enter(client, "wu", PASSWORD, status=400)
    gao.visit(page)
    gao.submit(f"{page}/reopen", secret="seven geese in rain")
    enter(client, "wu", "seven geese in rain")
    change(client, "seven geese in rain", "a kettle and two cups")
    enter(client, "wu", "a kettle and two cups").visit("/people")


def test_one_login_is_signed_out_everywhere(cast: Cast, sign_in: SignIn) -> None:
    gao, li, zhang = sign_in(Role.ADMINISTRATOR), sign_in("li"), sign_in("zhang")
    gao.visit(f"/logins/{cast.users['li']}")
    gao.submit("/sessions/end")
    assert li.get("/today").location.startswith("/sign-in")
    zhang.visit("/today")
    sign_in("li").visit("/today")


def test_everybody_of_an_area_is_signed_out(cast: Cast, sign_in: SignIn) -> None:
    with db.transaction() as session:
        make.login(session=session, name="deng", role=Role.ADMINISTRATOR, area_code=make.TOWNSHIP)
        both = {"user_id": cast.users["sun"], "role": Role.COORDINATOR, "area_code": make.TOWNSHIP}
        auth.give_role(session, actor=SYSTEM, **both)  # type: ignore[arg-type]
    deng, gao, li, sun = (sign_in(name) for name in ("deng", "gao", "li", "sun"))
    deng.visit("/logins")
    deng.submit("/logins/sessions/end")
    assert [visitor.get("/").status_code for visitor in (deng, gao, li, sun)] == [302, 200, 302, 200]
    gao.visit("/logins")
    gao.submit("/logins/sessions/end")
    assert [visitor.get("/").status_code for visitor in (gao, sun)] == [302, 302]
    sign_in("li").visit("/today")
