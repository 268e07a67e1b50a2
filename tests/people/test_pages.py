"""The list of people, as the office opens it."""

import pytest
from sqlmodel import select

from tests import factories as make
from tests.cast import Cast
from tests.fixtures.site import At, SignIn
from timebank.core import clock
from timebank.core.actors import SYSTEM, Role
from timebank.core.db import reading, transaction
from timebank.core.errors import Refused
from timebank.mutual import operations as mutual
from timebank.people import operations as people
from timebank.people.models import Person, PersonState
from timebank.people.rules import check_sign


def test_the_list_says_who_is_in_hospital(cast: Cast, sign_in: SignIn, at: At) -> None:
    at("2026-11-03 09:00")
    with transaction() as session:
        who, state = cast.chen_popo.id, PersonState.HOSPITAL
        people.change_state(session, actor=SYSTEM, person_id=who, state=state, since_on=clock.today())
    assert "in hospital" in sign_in(Role.ASSISTANT).visit("/people?kind=elder")


def test_a_move_is_entered_by_village_and_door_and_the_case_says_what_followed(sign_in: SignIn, cast: Cast) -> None:
    zhou, address = sign_in("zhou"), f"/people/{cast.chen_popo.id}/home"
    assert address in zhou.visit(f"/people/{cast.chen_popo.id}")
    assert "To which village" in zhou.visit(address)
    assert "Keep the move" in zhou.submit("/home", village_code=make.NEXT_VILLAGE)
    typed = {"group_code": make.NEXT_GROUP, "door": "12", "since_on": "2026-11-03"}
    for field, given in (
        ("landmark", {}),
        ("door", {"door": "abc"}),
        ("since_on", {"landmark": "水井旁", "since_on": "2028-11-04"}),
    ):
        refused = zhou.send(address, typed | given)
        assert refused.status_code == 400 and f'id="error-{field}"' in refused.text, field
    elsewhere = zhou.send(address, typed | {"group_code": make.OTHER_GROUP, "landmark": "水井旁"})
    assert elsewhere.status_code == 400 and "lies outside your area" in elsewhere.text
    zhou.visit(f"{address}?village_code={make.NEXT_VILLAGE}")
    told = zhou.submit("/home", group_code=make.NEXT_GROUP, door="12", landmark="水井旁", since_on="2026-11-03")
    assert f"{make.NEXT_GROUP}-0012" in told and "To be decided" in told
    assert "水井旁" in zhou.visit(f"/people/{cast.chen_popo.id}")
    assert "lives elsewhere in the district" in zhou.visit("/cases")
    assert sign_in("wang").get(address).status_code == 404, "the old village has no say any more"


def test_a_helper_reads_on_today_where_the_elder_will_live_and_the_office_tells_the_others(
    sign_in: SignIn, cast: Cast
) -> None:
    with transaction() as session:
        for helper in (cast.li, cast.zhang):
            mutual.pair(session, actor=SYSTEM, elder_id=cast.chen_popo.id, helper_id=helper.id)
    zhou, li, zhang = sign_in("zhou"), sign_in("li"), sign_in("zhang")
    zhou.visit(f"/people/{cast.chen_popo.id}/home?village_code={make.NEXT_VILLAGE}")
    told = zhou.submit("/home", group_code=make.NEXT_GROUP, door="12", landmark="水井旁", since_on="2026-11-20")
    assert "will live elsewhere in the district" in told and told.count("has not heard of it") == 2
    assert "水井旁" not in zhou.visit(f"/people/{cast.chen_popo.id}"), "she lives where she lives until the day"
    assert "水井旁" in li.visit("/today")
    li.visit("/today")
    li.submit("/moves/heard")
    assert "水井旁" not in li.visit("/today")
    case_id = zhou.visit("/cases").split("/cases/cas_")[1].split('"')[0]
    page = zhou.visit(f"/cases/cas_{case_id}")
    assert "has read it" in page and page.count("has not heard of it") == 1
    notice_id = page.split('name="notice_id" value="')[1].split('"')[0]
    assert zhang.send("/moves/heard", {"notice_id": notice_id}).status_code == 303
    assert li.send("/moves/heard", {"notice_id": notice_id}).status_code == 404, "that is for somebody else"
    assert "they do not move" in zhou.submit(f"/cases/cas_{case_id}/close")
    assert "does not move after all" in zhang.visit("/today")


def test_a_consent_is_given_and_withdrawn_in_one_place_beside_its_text(sign_in: SignIn, cast: Cast) -> None:
    page = sign_in(Role.ASSISTANT).visit(f"/people/{cast.chen_popo.id}")
    assert f"/care-plans/of/{cast.chen_popo.id}/consents" in page and 'name="purpose"' not in page


def test_who_may_act_is_written_as_people_say_it(sign_in: SignIn, cast: Cast) -> None:
    zhou, power = sign_in("zhou"), {"purposes": "request", "ends_on": "2027-05-01", "evidence": "柜 3"}
    page, refused = f"/people/{cast.ran_daye.id}", "entries fit this. Write the name"
    zhou.visit(page)
    assert refused in zhou.submit("/proxies", status=400, proxy_person_id="没有这个人", **power)
    zhou.visit(page)
    told = zhou.submit("/proxies", proxy_person_id="李姐 0003", **power)
    assert "李姐" in told and "The power is kept" in told


def test_a_second_press_registers_nobody_twice(sign_in: SignIn, cast: Cast) -> None:
    wang = sign_in(Role.ASSISTANT)
    given = {"household_code": cast.li.household_code, "name": "赵 大娘", "sex": "female", "born_on": "1950-02-03"}
    for words in ("Registered: 赵 大娘.", "赵 大娘 is in the book already."):
        wang.visit("/people/new")
        assert words in wang.submit("/people/new", **given)
    with reading() as session:
        assert len(session.exec(select(Person).where(Person.name == "赵 大娘")).all()) == 1


def test_a_card_of_somebody_else_registers_nobody(sign_in: SignIn, cast: Cast) -> None:
    wang = sign_in(Role.ASSISTANT)
    wang.visit("/people/new")
    number = "50023219900101001"
    page = wang.submit(
        "/people/new",
        status=400,
        household_code=cast.li.household_code,
        name="赵大娘",
        sex="female",
        born_on="1941-02-03",
        id_number=number + check_sign(number),
    )
    assert "another birthday or sex" in page


def test_two_checked_numbers_are_two_people(cast: Cast) -> None:
    with transaction() as session, pytest.raises(Refused, match="two people"):
        for person, mark in ((cast.chen_popo, "a"), (cast.ran_daye, "b")):
            session.get_one(Person, person.id).id_number_hash = mark * 64
        people.propose_merge(
            session, actor=SYSTEM, kept_id=cast.chen_popo.id, other_id=cast.ran_daye.id, evidence="村里都晓得"
        )
