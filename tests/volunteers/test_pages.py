"""The desk's pages of papers, cases and entries registered twice, through HTTP; bad input stays and names the field."""

import pytest
from sqlmodel import select

from tests.cast import Cast
from tests.fixtures.site import SignIn
from timebank.core import db
from timebank.people.models import Person, PersonCase, PersonState, Qualification

GOOD = {"kind": "visit", "valid_from_on": "2026-11-01", "valid_until_on": "2027-11-01", "title": "探访入门"}


def test_the_desk_checks_a_card_and_enters_a_training(cast: Cast, sign_in: SignIn) -> None:
    assert sign_in("wang").get(f"/volunteers/{cast.yang.id}").status_code == 404, "another township"
    zhou, record = sign_in("zhou"), f"/volunteers/{cast.xiaofang.id}"
    page = zhou.visit(record)
    assert "not checked" in page and "a valid training" in page
    zhou.submit("/real-name", passed="yes", method="card_seen")
    assert "探访入门" in zhou.submit("/papers", **GOOD)
    with db.reading() as session:
        paper = session.exec(select(Qualification).where(Qualification.person_id == cast.xiaofang.id)).one()
        assert (paper.kind, paper.entered_by) == ("visit", cast.users["zhou"])


def test_a_paper_that_cannot_be_is_refused_and_what_was_typed_stays(cast: Cast, sign_in: SignIn) -> None:
    zhou = sign_in("zhou")
    for fields, said in (
        ({"kind": "flying"}, "Choose from the list."),
        ({"valid_until_on": "2026-10-01"}, "The end lies before the beginning."),
        ({"valid_from_on": "yesterday"}, "Write the date as year-month-day"),
        ({"length_minutes": "-3"}, "Write a whole number"),
    ):
        zhou.visit(f"/volunteers/{cast.li.id}")
        answer = zhou.submit("/papers", status=400, **(GOOD | fields))
        assert said in answer
        assert "探访入门" in answer


def test_a_volunteer_sees_the_own_papers_and_nobody_elses(cast: Cast, sign_in: SignIn) -> None:
    li = sign_in("li")
    assert "may do" in li.visit("/me/papers")
    assert li.get(f"/volunteers/{cast.zhang.id}").status_code == 403
    assert "No hours in the book for this year yet." in li.visit("/honours")


def test_a_death_is_written_down_and_the_case_leads_to_the_estate(cast: Cast, sign_in: SignIn) -> None:
    zhou, wu = sign_in("zhou"), sign_in("wu")
    zhou.visit(f"/people/{cast.chen_popo.id}")
    zhou.submit("/state", state="dead", since_on="2026-11-02")
    with db.reading() as session:
        case = session.exec(select(PersonCase)).one()
    page = zhou.visit(f"/cases/{case.id}")
    assert "written powers ended" in page and "陈小芳" in page
    zhou.submit("/estate", heir_id=cast.xiaofang.id, evidence="镇上 4 号夹")
    assert "A second person of the office passes them on." in zhou.visit(f"/cases/{case.id}")
    assert zhou.send(f"/cases/{case.id}/estate/settle").status_code == 403
    wu.visit(f"/cases/{case.id}")
    zhou.visit(f"/cases/{case.id}")
    zhou.submit("/estate", heir_id="", evidence="镇上 4 号夹")
    assert "was changed while you looked" in wu.submit("/estate/settle", status=409), "wu saw the daughter's name"
    wu.visit(f"/cases/{case.id}")
    assert "陈婆婆" not in wu.submit("/estate/settle")


def test_two_entries_are_compared_proposed_and_joined_by_somebody_else(cast: Cast, sign_in: SignIn) -> None:
    zhou, wu = sign_in("zhou"), sign_in("wu")
    assert "entries fit this. Write the name" in zhou.visit("/registered-twice?kept_id=李姐&other_id=5001")
    page = zhou.visit(f"/registered-twice?kept_id=李姐 0003&other_id={cast.zhang.id}")
    assert "李姐" in page and "张哥" in page
    assert "Write how you know" in zhou.submit("/registered-twice", status=400, decision="one")
    zhou.visit(f"/registered-twice?kept_id={cast.li.id}&other_id={cast.zhang.id}")
    page = zhou.submit("/registered-twice", decision="one", evidence="同一张身份证")
    assert "A second person of the office decides." in page
    with db.reading() as session:
        case = session.exec(select(PersonCase)).one()
    wu.visit(f"/cases/{case.id}")
    wu.submit("/join", decision="one")
    with db.reading() as session:
        assert session.get_one(Person, cast.zhang.id).state == PersonState.MERGED
    assert "this entry was joined to that of 李姐" in wu.visit(f"/people/{cast.zhang.id}")


@pytest.mark.parametrize("words", ["li jie", "0003", "李 桥头", "%25%27", "x" * 500])
def test_the_list_answers_whatever_is_typed(cast: Cast, sign_in: SignIn, words: str) -> None:
    answer = sign_in("zhou").get("/people", query_string={"words": words})
    assert answer.status_code == 200
    assert (cast.li.id in answer.text) == (words in ("li jie", "0003", "李 桥头"))


def test_signs_that_nobody_types_are_left_out_of_a_search(cast: Cast, sign_in: SignIn) -> None:
    for name in ("words", "area_code", "kind", "after_id"):
        answer = sign_in("zhou").get("/people", query_string={name: "\u0007x"})
        assert (answer.status_code, cast.li.id in answer.text) == (200, True), name
