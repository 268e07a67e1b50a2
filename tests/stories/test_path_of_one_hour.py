"""The path of one hour, through the pages that people use: care plan → visits → day plan → door → nod → review →
book → month → sheet. At every step somebody also tries what must not be, and is told why.
"""

import csv
import io
import re
from dataclasses import dataclass
from datetime import date

import pytest
from pypdf import PdfReader
from sqlmodel import select

from tests.cast import Cast
from tests.factories import TOWNSHIP
from tests.fixtures.browsing import Visitor
from tests.fixtures.site import At, SignIn
from timebank.core import db
from timebank.dayplans import processes, worker
from timebank.ledger.verify import verify
from timebank.visits import queries
from timebank.visits.models import Visit, VisitCarer

THURSDAY = "2026-11-05"
NAMES = ("li", "zhang", "xiaofang", "zhou", "wu", "tan", "he", "sun")


@pytest.fixture(autouse=True)
def planner_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same worker, called instead of started, because a process of its own would not share the frozen clock."""
    monkeypatch.setattr(processes, "start", worker.work)


@dataclass
class Walk:
    """Who takes part, and what they work on once it is there."""

    cast: Cast
    at: At
    sign_in: SignIn
    chen_plan: str
    li: Visitor
    zhang: Visitor
    xiaofang: Visitor
    zhou: Visitor
    wu: Visitor
    tan: Visitor
    he: Visitor
    sun: Visitor
    visit_id: str = ""
    helper: str = ""  # who the planner chose: li or zhang

    def new_day(self, moment: str) -> None:
        """Everybody signs in again on a later day: the sessions of the day before are over."""
        self.at(moment)
        for name in NAMES:
            setattr(self, name, self.sign_in(name))

    @property
    def carer(self) -> Visitor:
        return self.li if self.helper == "li" else self.zhang

    @property
    def other(self) -> Visitor:
        return self.zhang if self.helper == "li" else self.li


@pytest.fixture
def walk(cast: Cast, at: At, sign_in: SignIn) -> Walk:
    people = {name: sign_in(name) for name in NAMES}
    return Walk(cast, at, sign_in, f"/care-plans/of/{cast.chen_popo.id}", **people)


def test_one_hour_from_the_care_plan_to_the_sheet(walk: Walk) -> None:
    the_bureau_lets_the_planner_work_a_second_only(walk)
    the_care_plan_is_agreed(walk)
    the_month_gets_its_visits(walk)
    the_day_is_planned_and_published(walk)
    the_helper_says_yes(walk)
    the_helper_comes_and_goes(walk)
    the_daughter_nods(walk)
    the_supervisor_reviews(walk)
    the_month_is_closed(walk)
    the_sheet_says_what_was(walk)
    with db.reading() as session:
        assert verify(session).problems == []


def the_bureau_lets_the_planner_work_a_second_only(walk: Walk) -> None:
    walk.tan.visit("/rules/change")
    walk.tan.submit("/rules/change", **{"dispatch.seconds": "0"}, starts_on="2026-11-03", note="", status=400)
    walk.tan.submit("/rules/change", **{"dispatch.seconds": "1"}, starts_on="2026-11-03", note="small township")
    approve = re.findall(r'action="(/rules/[^"]+/approve)"', walk.tan.page.text if walk.tan.page else "")[0]
    walk.tan.submit(approve, status=403)  # nobody approves what they proposed
    walk.he.visit("/rules")
    assert "Approved." in walk.he.submit(approve)


def the_care_plan_is_agreed(walk: Walk) -> None:
    walk.li.visit(walk.chen_plan, status=403)
    walk.sun.visit(walk.chen_plan, status=404)
    agreed = {"visit__on": "yes", "visit__weekdays": ["1", "3"], "starts_on": "2026-11-03"}  # Tuesdays, Thursdays
    walk.zhou.visit(f"/care-plans/of/{walk.cast.ran_daye.id}")
    refused = walk.zhou.submit(f"/care-plans/of/{walk.cast.ran_daye.id}", **agreed, status=409)
    assert "First read the consent for visits aloud" in refused
    walk.zhou.visit(walk.chen_plan)
    assert "Add at least one service." in walk.zhou.submit(walk.chen_plan, status=400)
    no_days = walk.zhou.submit(walk.chen_plan, **{**agreed, "visit__weekdays": []}, status=400)
    assert "Choose on which days the service takes place." in no_days
    walk.zhou.visit(walk.chen_plan)
    assert "Agreed, version 1" in walk.zhou.submit(walk.chen_plan, **agreed, agreed_by=walk.cast.xiaofang.id)


def the_month_gets_its_visits(walk: Walk) -> None:
    walk.zhou.visit("/month-visits")
    assert "8 visits made, 0 stood already." in walk.zhou.submit("/month-visits", month="2026-11")
    assert "0 visits made, 8 stood already." in walk.zhou.submit("/month-visits", month="2026-11")
    with db.reading() as session:
        visit = session.exec(
            select(Visit).where(Visit.elder_id == walk.cast.chen_popo.id, Visit.due_on == date.fromisoformat(THURSDAY))
        ).one()
    walk.visit_id = visit.id


def the_day_is_planned_and_published(walk: Walk) -> None:
    walk.sun.send("/days/plan", {"area": TOWNSHIP, "on": THURSDAY}, follow_redirects=True)
    assert walk.sun.page is not None
    assert walk.sun.page.status_code == 404
    walk.zhou.visit("/days")
    drafted = walk.zhou.submit("/days/plan", having={"on": THURSDAY})
    publish = re.findall(r'action="(/days/[^"]+/publish)"', drafted)[0]
    assert walk.zhou.send(publish, {"revision": "99"}).status_code == 409  # somebody changed it, as far as this knows
    for volunteer in (walk.li, walk.zhang):
        assert walk.visit_id not in volunteer.visit("/today"), "a draft invites nobody"
    walk.sun.visit(publish.removesuffix("/publish"), status=404)
    walk.zhou.visit(publish.removesuffix("/publish"))
    assert "The day is published." in walk.zhou.submit(publish)
    with db.reading() as session:
        chosen = session.exec(select(VisitCarer).where(VisitCarer.visit_id == walk.visit_id)).one()
    walk.helper = {walk.cast.li.id: "li", walk.cast.zhang.id: "zhang"}[chosen.person_id]


def the_helper_says_yes(walk: Walk) -> None:
    answer = f"/stops/{walk.visit_id}/answer"
    walk.other.visit(f"/stops/{walk.visit_id}", status=404)
    assert walk.other.send(answer, {"answer": "yes"}).status_code == 404
    assert walk.carer.send(answer, {"answer": "no", "reason": " "}).status_code == 400  # a no needs a word
    walk.carer.visit("/today")
    assert "Thank you, you are expected." in walk.carer.submit(answer, answer="yes")


def the_helper_comes_and_goes(walk: Walk) -> None:
    stop, tell = f"/stops/{walk.visit_id}", f"/stops/{walk.visit_id}/events"
    assert "I am here" not in walk.carer.visit(stop), "not before the day"
    with db.reading() as session:
        visit = session.get_one(Visit, walk.visit_id)
        code = queries.day_code(visit.household_code, visit.due_on)
    walk.new_day(f"{THURSDAY} 09:10")
    walk.carer.visit(stop)
    walk.carer.submit(tell, having={"kind": "check_in"}, day_code=code)
    walk.at(f"{THURSDAY} 10:02")
    early = walk.xiaofang.send(f"/family/{walk.visit_id}/confirm", {"happy": "3"})
    assert (early.status_code, "not finished yet" in early.text) == (409, True)
    walk.carer.visit(stop)
    walk.carer.submit(tell, having={"kind": "check_out"})
    assert "Done, thank you" in walk.carer.visit(stop)


def the_daughter_nods(walk: Walk) -> None:
    confirm = f"/family/{walk.visit_id}/confirm"
    assert walk.carer.send(confirm, {"happy": "3"}).status_code == 403  # who helped cannot also confirm
    assert walk.other.send(confirm, {"happy": "3"}).status_code == 404
    assert walk.wu.send(f"/reviews/{walk.visit_id}", {"decision": "approve"}).status_code == 409  # nobody nodded yet
    walk.xiaofang.visit("/family")
    assert "Thank you." in walk.xiaofang.submit(confirm, happy="3")


def the_supervisor_reviews(walk: Walk) -> None:
    review = f"/reviews/{walk.visit_id}"
    person_id = getattr(walk.cast, walk.helper).id
    assert walk.carer.send(review, {"decision": "approve"}).status_code == 403
    assert walk.sun.send(review, {"decision": "approve"}).status_code == 404
    walk.wu.visit(review)
    more = walk.wu.submit(review, decision="approve", **{f"minutes__{person_id}": "60"}, status=400)
    assert "The rules credit at most 45 minutes." in more  # 52 minutes there, rounded down to quarters
    walk.wu.submit(review, decision="reject", reason="", status=400)
    walk.wu.visit(review)
    assert "Decided." in walk.wu.submit(review, decision="approve")
    assert walk.wu.send(review, {"decision": "approve"}).status_code == 409  # settled once
    assert "45 min" in walk.carer.visit("/hours")


def the_month_is_closed(walk: Walk) -> None:
    close = "/months/2026-11/close"
    assert walk.tan.send(close).status_code == 409  # the month is not over
    walk.new_day("2026-12-03 09:00")
    assert walk.zhou.send(close).status_code == 403
    walk.tan.visit("/months")
    assert "is closed:" in walk.tan.submit(close)
    assert walk.tan.send(close).status_code == 409  # once


def the_sheet_says_what_was(walk: Walk) -> None:
    listed = walk.carer.visit("/statements")
    address = re.findall(r'href="(/statements/stm_[^"/]+)"', listed)[0]
    sheet = walk.carer.visit(address)
    household = walk.cast.chen_popo.household_code
    for said in ("Opening", "Closing", "45 min", household, "pol_"):
        assert said in sheet
    rows = list(csv.reader(io.StringIO(walk.carer.get(f"{address}/sheet.csv").text.lstrip("\ufeff"))))
    assert any(household in row and "45" in row for row in rows)
    pdf = PdfReader(io.BytesIO(walk.carer.get(f"{address}/sheet.pdf").data))
    assert household in "".join(page.extract_text() for page in pdf.pages)
    walk.zhou.visit(address)
    walk.other.visit(address, status=404)
