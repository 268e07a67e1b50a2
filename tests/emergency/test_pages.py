"""One emergency through the pages of everybody it concerns; being ready through those of the office."""

import re

import pytest
from sqlmodel import select

from tests import factories as make
from tests.cast import Cast
from tests.emergency.conftest import Village
from tests.fixtures.browsing import Visitor
from tests.fixtures.site import At, SignIn
from timebank.core import db
from timebank.core.actors import Role
from timebank.emergency import operations, queries
from timebank.emergency.models import CallUp, CaseReport, EmergencyCase
from timebank.people.models import Person


def case() -> EmergencyCase:
    with db.reading() as session:
        return session.exec(select(EmergencyCase)).one()


def test_from_the_daughters_phone_to_the_closing_report(village: Village, sign_in: SignIn, at: At) -> None:
    daughter, helper, office = sign_in("xiaofang"), sign_in("zhang"), sign_in(Role.ASSISTANT)
    assert "Somebody near you needs help now" not in helper.visit("/today")
    daughter.visit("/sos")
    assert "nobody is there yet" in daughter.submit("/sos", kind="fall")
    at("2026-11-03 09:02")
    assert "Somebody near you needs help now" in helper.visit("/today")
    seen = helper.visit("/needed")
    assert "陈婆婆" in seen and "黄桷树下" in seen and "fell down" in seen
    helper.submit("/needed/answer", state="coming")
    assert "张哥" in daughter.visit("/sos")
    desk = office.visit("/emergency")
    assert "2 min" in desk and "张哥 is on the way" in desk
    at("2026-11-03 09:08")
    helper.visit("/needed")
    helper.submit("/needed/answer", state="there")
    page = office.visit(f"/emergency/cases/{case().id}")
    assert "somebody was there after 8 min" in page
    report = f"/emergency/cases/{case().id}/report"
    at("2026-11-03 09:30")
    office.visit(report)
    refused = office.submit(report, status=400, ending="at_home", words="")
    assert "Please fill this in." in refused and case().closed_at is None
    office.visit(report)
    closed = office.submit(report, ending="at_home", words="扶起来了，量了血压", who=village.cast.zhang.id)
    assert "The case is closed." in closed and "扶起来了" in closed
    assert "Somebody near you needs help now" not in helper.visit("/today")
    assert "is well at home" in office.visit("/emergency")


def test_a_neighbour_without_a_login_scans_the_card(village: Village, client: Visitor, sign_in: SignIn) -> None:
    home = village.cast.chen_popo.household_code
    address = f"/sos/{home}/{queries.card_code(home)}"
    page = client.visit(address + "?lang=en")
    assert "陈婆婆" not in page  # who scans stands at the door; nobody is named
    client.submit(address, kind="no_answer", words="喊了半天没人应")
    assert "from the card at the door" in sign_in(Role.COORDINATOR).visit("/emergency")
    client.visit(f"/sos/{home}/0123456789abcdef", status=404)


def test_a_call_is_written_down_and_somebody_is_asked_by_name(village: Village, sign_in: SignIn) -> None:
    office = sign_in(Role.COORDINATOR)
    office.visit("/emergency/new?words_asked=chen")
    assert "陈婆婆" in office.page.text if office.page else False
    page = office.submit("/emergency/new", kind="ill", words="邻居打来的")
    assert "suddenly ill" in page and "邻居打来的" in page
    office.submit("/people", having={"state": "asked"}, person_id=village.far_helper.id)
    assert "周嫂" in office.submit("/log", having={"what": "120"})
    assert "120 was called." in office.visit(f"/emergency/cases/{case().id}")
    office.submit("/people", having={"person_id": village.far_helper.id}, state="there")
    assert case().there_at is not None


def test_only_desks_see_a_case_and_only_those_of_the_area(village: Village, sign_in: SignIn) -> None:
    case_id = village.alarm().id
    sign_in("sun").visit(f"/emergency/cases/{case_id}", status=404)
    sign_in("li").visit(f"/emergency/cases/{case_id}", status=403)
    assert "陈婆婆" not in sign_in("sun").visit("/emergency")


def test_who_answers_is_on_the_duty_list_by_the_page(village: Village, sign_in: SignIn, at: At) -> None:
    office = sign_in(Role.ASSISTANT)
    page = office.visit("/emergency/duty")
    assert "00:00–24:00" in page
    li = village.cast.li
    assert f"{li.name} · {li.household_code}" in page, "two of one name are told apart"
    office.submit("/emergency/duty", person_id=li.id, weekday=["1", "2"], **{"from": "08:00", "to": "20:00"})
    page = office.visit("/emergency/duty")
    assert "08:00–20:00" in page and "00:00–08:00, 20:00–24:00" in page
    assert "李姐" in office.visit("/emergency")
    office.visit("/emergency/duty")
    office.submit("/change", instead_id=village.cast.zhang.id)
    assert "this day only" in office.visit("/emergency/duty")
    assert "张哥" in office.visit("/emergency")


def test_a_drill_goes_from_the_reminder_into_the_log(cast: Cast, sign_in: SignIn) -> None:
    office = sign_in(Role.SUPERVISOR)
    assert "drill is due" in office.visit("/")
    assert "is due by" in office.visit("/emergency")
    office.visit("/emergency/drills")
    page = office.submit("/emergency/drills", on="2026-10-20", people="24", minutes_to_help="9", went_well="电话都通了")
    assert "24 people; somebody was there after 9 min." in page and "number 2" in page


def test_a_call_up_from_the_bureau_reaches_phones_and_elders(village: Village, sign_in: SignIn) -> None:
    with db.transaction() as session:
        elder = session.get_one(Person, village.cast.chen_popo.id)
        elder.tags = ["living_alone"]
        session.add(elder)
    bureau, helper, assistant = sign_in(Role.BUREAU), sign_in("li"), sign_in(Role.ASSISTANT)
    bureau.visit("/emergency/call-ups")
    bureau.submit("/emergency/call-ups", area_code=make.TOWNSHIP, words="暴雨，转移沿河住户", on="2026-11-04")
    assert "Can you come?" in helper.visit("/today")
    helper.visit("/needed")
    assert "You said yes." in helper.submit("/needed/call-up", answer="yes")
    with db.reading() as session:
        call_up_id = session.exec(select(CallUp.id)).one()
    page = assistant.visit(f"/emergency/call-ups/{call_up_id}")
    assert "陈婆婆" in page and re.search(r"Elders reached by phone</dt><dd>0/1", page)
    assert re.search(r"Elders reached by phone</dt><dd>1/1", assistant.submit("/checks", outcome="well"))
    assert re.search(r"<dt>Yes</dt><dd>1/10", bureau.visit(f"/emergency/call-ups/{call_up_id}"))


def test_the_cards_of_a_village_lead_to_its_doors(village: Village, sign_in: SignIn) -> None:
    page = sign_in(Role.ASSISTANT).visit("/emergency/cards")
    assert page.count("<img") == 2  # 陈婆婆 and 冉大爷
    assert village.cast.chen_popo.household_code in page


@pytest.mark.parametrize("who", ["wu", "tan"])
def test_a_case_shows_on_the_start_page_of_the_desk_that_it_was_carried_to(
    village: Village, sign_in: SignIn, at: At, who: str
) -> None:
    village.alarm()

    def shown() -> int:
        page = re.sub(r"<[^>]*>", " ", sign_in(who).visit("/"))
        found = re.search(r"(\d+)\s+emergenc(?:y is|ies are) open", page)
        return int(found[1]) if found else -1

    assert shown() == 0
    at("2026-11-03 09:10" if who == "wu" else "2026-11-03 09:20")
    village.watch()
    assert shown() == 1


def test_what_was_said_is_sealed_in_the_database(village: Village, at: At) -> None:
    made = village.alarm()
    assert "灶房" not in made.words_sealed and queries.words_of(made.words_sealed) == "摔在灶房"
    at("2026-11-03 09:30")
    with db.transaction() as session:
        report = operations.ReportIn("false_alarm", "按错了按钮", made.opened_at)  # type: ignore[arg-type]
        operations.close_case(session, actor=village.actor("wang"), case_id=made.id, report=report)
    with db.reading() as session:
        kept = session.get_one(CaseReport, made.id)
        assert "按错" not in kept.words_sealed and queries.words_of(kept.words_sealed) == "按错了按钮"
