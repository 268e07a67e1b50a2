"""Staff turnover (field guide §4.8): 王助理 leaves with work half done; 小杨 finds it on one page and goes on with it.

Everything after the last day of 王助理 is done on the pages, by the newcomer and those who are still there.
"""

from dataclasses import dataclass

import pytest
from sqlmodel import select

from tests import factories as make
from tests.cast import Cast
from tests.fixtures.browsing import Visitor
from tests.fixtures.site import SignIn
from tests.visits.conftest import actor_of
from timebank.assessments import operations as assessments
from timebank.assessments.models import Assessment
from timebank.audit.models import AuditEvent
from timebank.core import clock, db
from timebank.core.actors import SYSTEM
from timebank.emergency import operations as emergency
from timebank.emergency.models import CallUpReason, CaseSource, EmergencyCase
from timebank.emergency.operations.callups import CallUpIn
from timebank.home import handover_queries
from timebank.ledger.models import EntryKind
from timebank.ledger.operations import entries
from timebank.ledger.queries import account_of
from timebank.people import operations as people
from timebank.people.models import PersonCase, PersonState
from timebank.visiting import operations as visiting
from timebank.visiting.models import ContactForm, Outcome, UnreachedCase


@dataclass(frozen=True)
class HalfDone:
    """What 王助理 leaves, by id."""

    emergency: str
    search: str
    draft: str
    case: str
    call_up: str
    shift: str


@pytest.fixture
def half_done(cast: Cast) -> HalfDone:
    """A morning of work: an emergency, an elder who is silent, a form, a stay in hospital, an entry, a call-up."""
    wang, today = actor_of(cast, "wang"), clock.today()
    with db.transaction() as session:
        make.papers(session=session, person=cast.wang, kinds=["assessor"])
        called = emergency.open_case(
            session, actor=wang, elder_id=cast.ran_daye.id, source=CaseSource.CALL, words="摔了一跤"
        )
        silent = visiting.Contact(cast.chen_popo.id, today, ContactForm.PHONE, Outcome.NO_ANSWER)
        visiting.record_contact(session, actor=wang, contact=silent)
        draft = assessments.begin(session, actor=wang, elder_id=cast.chen_popo.id, reason="first", assessed_on=today)
        case = people.change_state(
            session, actor=wang, person_id=cast.zhang.id, state=PersonState.HOSPITAL, since_on=today
        )
        make.hours(session=session, person=cast.li, minutes=60)
        account = account_of(session, cast.li.id)
        assert account is not None
        told = entries.EntryIn(
            kind=EntryKind.ADJUSTMENT,
            account_id=account.id,
            minutes=30,
            event_on=today,
            why="漏记",
            evidence="第 3 页",
        )
        entries.propose_entry(session, actor=wang, entry=told)
        rain = CallUpIn(make.VILLAGE, CallUpReason.RAIN, "转移沿河住户", today, 10 * 60, 18 * 60, 2)
        call_up = emergency.call_up(session, actor=wang, asked=rain)
        shift = emergency.add_shift(
            session,
            actor=wang,
            area_code=make.VILLAGE,
            person_id=cast.wang.id,
            weekday=today.weekday(),
            from_minute=8 * 60,
            to_minute=20 * 60,
        )
        search = session.exec(select(UnreachedCase)).one()
        return HalfDone(called.id, search.id, draft.id, case.id, call_up.id, shift.id)


def leaves(cast: Cast, sign_in: SignIn) -> Visitor:
    """The administrator ends the login of 王助理 and makes one for 小杨, who signs in."""
    gao = sign_in("gao")
    gao.visit("/logins")
    gao.submit(f"/logins/{cast.users['wang']}/disable")
    gao.submit(
        "/logins",
        display_name="小杨",
        login_name="xiaoyang",
        secret=make.PASSWORD,
        role="assistant",
        area_code=make.VILLAGE,
        no_person="yes",
    )
    newcomer = sign_in("xiaoyang")
    newcomer.visit("/")
    newcomer.submit("/password", present=make.PASSWORD, secret="a kettle and two cups")
    newcomer.submit("/sign-in", login_name="xiaoyang", secret="a kettle and two cups")
    return newcomer


def in_hand(cast: Cast) -> set[str]:
    """The kinds of things that are still open in the hands of 王助理."""
    with db.reading() as session:
        leaver = handover_queries.colleague_for(session, SYSTEM.scope, cast.users["wang"])
        assert leaver is not None
        return {kind.text.msgid for kind in handover_queries.in_hands_of(session, SYSTEM.scope, leaver)}


def test_staff_turnover(cast: Cast, half_done: HalfDone, sign_in: SignIn) -> None:
    """The newcomer sees every open thing with its name, goes on with each, and in the end nothing is open."""
    page_of_wang = f"/handover/{cast.users['wang']}"
    newcomer = leaves(cast, sign_in)
    assert "has left" in newcomer.visit("/handover")
    page = newcomer.visit(page_of_wang)
    for words in ("Open emergencies (1)", "not reached (1)", "Assessments under way (1)", "not settled (1)", "小杨"):
        assert words in page, words
    assert "Entries that wait for a second person (1)" in page and "What waits at this desk" in page
    assert "Call-ups that are not ended (1)" in page and "Hours on the duty list (1)" in page
    page = newcomer.submit("/take-over")
    assert "Things: 7, forms that are yours now: 0" in page
    assert "assessor's certificate takes over: 1" in page.replace("&#39;", "'")

    case = f"/emergency/cases/{half_done.emergency}"
    newcomer.visit(f"{case}/report")
    newcomer.submit("/report", ending="at_home", words="扶起来了，没有受伤", there_time="09:00", who=[cast.li.id])
    newcomer.visit("/visiting/searches")
    newcomer.submit(f"/visiting/searches/{half_done.search}", kind="second_try", outcome="well")
    newcomer.visit(f"/people/{cast.zhang.id}")
    newcomer.submit(f"/people/{cast.zhang.id}/state", state="active", since_on=clock.today().isoformat())
    newcomer.visit(f"/emergency/call-ups/{half_done.call_up}")
    newcomer.submit("/end")
    newcomer.visit("/emergency/duty")
    newcomer.submit(f"/emergency/duty/{half_done.shift}/end")
    with db.reading() as session:
        assert session.get_one(EmergencyCase, half_done.emergency).closed_at
        assert session.get_one(UnreachedCase, half_done.search).closed_at
        assert session.get_one(PersonCase, half_done.case).closed_at
    assert in_hand(cast) == {"Assessments under way", "Entries that wait for a second person"}

    zhou = sign_in("zhou")  # the township's desk may assess: the form comes to it with what was answered
    zhou.visit(page_of_wang)
    assert "forms that are yours now: 1" in zhou.submit("/take-over")
    form = zhou.visit(f"/assessments/{half_done.draft}/form")
    assert "陈婆婆" in form
    with db.reading() as session:
        assert session.get_one(Assessment, half_done.draft).first_assessor_id == cast.users["zhou"]
    wu = sign_in("wu")
    wu.visit("/entries")
    wu.submit("/decide", decision="approve")
    assert "Nothing is open in these hands." in newcomer.visit(page_of_wang)
    assert "小杨 went on with this" in newcomer.visit(page_of_wang)


def test_nobody_takes_over_from_who_still_works_here(cast: Cast, half_done: HalfDone, sign_in: SignIn) -> None:
    page_of_wang = f"/handover/{cast.users['wang']}"
    zhou = sign_in("zhou")
    page = zhou.visit(page_of_wang)
    assert "still works here" in page and "take-over" not in page
    assert zhou.send(f"{page_of_wang}/take-over").status_code == 409
    wang = sign_in("wang")
    assert wang.send(f"{page_of_wang}/take-over").status_code == 403
    with db.reading() as session:
        assert session.get_one(Assessment, half_done.draft).first_assessor_id == cast.users["wang"]
        assert not session.exec(select(AuditEvent).where(AuditEvent.action == "home.take_over")).all()


def test_only_ones_own_area_is_seen(cast: Cast, half_done: HalfDone, sign_in: SignIn) -> None:
    """孙站长 of the other township sees neither the colleague nor the names; the page speaks Chinese too."""
    sun = sign_in("sun")
    assert "王助理" not in sun.visit("/handover")
    sun.visit(f"/handover/{cast.users['wang']}", status=404)
    page = sign_in("zhou").visit(f"/handover/{cast.users['wang']}?lang=zh")
    assert "没结案的紧急情况 (1)" in page and "还没有别人" in page
