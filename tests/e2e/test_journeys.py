"""Days of people at the other end of the visits, walked in a real browser: kin, the village assistant, the township.

Sources: field guide §4.2, §4.3, §4.5. The volunteer's day (§4.1) is walked in test_phone_*.py and test_walk.py, the
coordinator's (§4.4) in test_board_morning.py; visiting, meals and the way to the doctor in test_care_walks.py.
"""

from datetime import timedelta

import pytest
from playwright.sync_api import expect
from sqlmodel import Session, select

from tests import factories as make
from tests.fixtures.served import WIDE, Enter, Served
from tests.stories.hours import helps
from timebank.core import clock, db, ids
from timebank.core.actors import SYSTEM, Actor, Role
from timebank.ledger.queries import account_of
from timebank.people.models import Person
from timebank.visits import operations as visits
from timebank.visits.models import EventKind, Visit, VisitState
from timebank.visits.rules import EventIn

pytestmark = pytest.mark.waits  # for the browser


def yesterdays_visit(served: Served, elder: Person, helper: Person, *, kinds: tuple[EventKind, ...]) -> Visit:
    """A visit of yesterday at nine, of which a phone told so much."""
    on = clock.today() - timedelta(days=1)
    with db.transaction() as session:
        visit = make.visit(session=session, elder=elder, on=on)
        visits.assign(session, actor=SYSTEM, visit_id=visit.id, carers=[(helper.id, 540)], day_plan_id=None)
        for number, kind in enumerate(kinds):
            _tell(session, served, helper, visit, kind, 540 + 45 * number)
    return visit


def _tell(session: Session, served: Served, helper: Person, visit: Visit, kind: EventKind, minute: int) -> None:
    told = EventIn(id=ids.new_id("evt"), visit_id=visit.id, kind=kind, device_at=clock.at_local(visit.due_on, minute))
    helper_on_the_phone = Actor(served.site.cast.users["li"], Role.VOLUNTEER, make.VILLAGE, helper.id)
    visits.record_event(session, actor=helper_on_the_phone, event=told, person_id=helper.id)


def state_of(visit: Visit) -> VisitState:
    with db.reading() as session:
        return session.get_one(Visit, visit.id).state


def test_a_daughter_in_the_city_follows_her_mother(served: Served, enter: Enter) -> None:
    """§4.2: she sees who came and when, says how it was, asks for help in her mother's name and calls it off."""
    cast = served.site.cast
    visit = yesterdays_visit(served, cast.chen_popo, cast.li, kinds=(EventKind.CHECK_IN, EventKind.CHECK_OUT))
    helps(cast.chen_popo, 120)
    page = enter("xiaofang").new_page()
    page.goto("/family")
    card = page.locator("article", has=page.locator(f'form[action*="{visit.id}"]')).first
    expect(card).to_contain_text("李姐 09:00–09:45")
    card.get_by_role("button", name="Good", exact=True).click()
    expect(page.locator("main")).to_contain_text("Visits")
    assert state_of(visit) == VisitState.CONFIRMED

    page.get_by_role("link", name="Ask for help").first.click()
    page.get_by_label("For whom").select_option(cast.chen_popo.id)
    page.get_by_label("What help").select_option("visit")
    tomorrow = clock.today() + timedelta(days=1)
    page.get_by_label("On which day").fill(tomorrow.isoformat())
    page.get_by_role("button", name="Ask for help").click()
    expect(page.locator("h1")).to_have_text("Visits")
    with db.reading() as session:
        account = account_of(session, cast.chen_popo.id)
        assert account is not None and account.held_minutes == 60

    with db.reading() as session:
        asked_for = session.exec(select(Visit).where(Visit.hold_id != "", Visit.due_on == tomorrow)).one()
    call_off = page.locator(f'form[action*="{asked_for.id}/cancel"]')
    page.locator("article", has=call_off).get_by_text("Call it off").click()
    call_off.get_by_label("Why?").fill("哥哥回来了")
    call_off.get_by_role("button", name="Say so").click()
    expect(call_off).to_have_count(0)
    with db.reading() as session:
        account = account_of(session, cast.chen_popo.id)
        assert account is not None and account.held_minutes == 0


def test_a_daughter_gives_hours_away_questions_a_line_and_prints_the_sheet(served: Served, enter: Enter) -> None:
    """§4.2: hours for elders who have nobody, a word against a line of the book, the month on paper in large type."""
    cast = served.site.cast
    helps(cast.xiaofang, 60)
    page = enter("xiaofang").new_page()
    page.goto(f"/hours/{cast.xiaofang.id}")
    page.get_by_role("link", name="Give hours away").click()
    page.get_by_label("Minutes").fill("45")
    page.get_by_role("button", name="Give", exact=True).click()
    expect(page.locator("h1")).not_to_have_text("Give hours away")
    with db.reading() as session:
        account = account_of(session, cast.xiaofang.id)
        assert account is not None and account.balance_minutes == 15

    page.goto(f"/hours/{cast.xiaofang.id}")
    page.locator('main a[href*="/hours/lines/"]').first.click()
    page.get_by_text("This line is wrong").click()
    page.get_by_label("What is not right?").fill("我那天帮了两个小时")
    page.get_by_role("button", name="Send to the township").click()
    expect(page.locator("main")).to_contain_text("the township answers")

    page.goto(f"/statements?person_id={cast.chen_popo.id}")
    sheet = page.get_by_role("link", name="Sheet to print (PDF)").first.get_attribute("href")
    answer = page.request.get(str(sheet))
    assert answer.ok and answer.body().startswith(b"%PDF")


def test_who_has_no_phone_asks_by_voice_and_the_village_finds_somebody(served: Served, enter: Enter) -> None:
    """§4.2, §4.3: a request told at the door, a helper rung up, a consent read aloud and withdrawn, cards and strips to
    hand out, a storm."""
    cast, on = served.site.cast, clock.today() + timedelta(days=5)
    helps(cast.chen_popo, 60)
    page = enter("wang", viewport=WIDE).new_page()
    page.goto(f"/people/{cast.chen_popo.id}")
    page.get_by_role("link", name="Ask for help").click()
    page.get_by_label("What help").select_option("visit")
    page.get_by_label("On which day").fill(on.isoformat())
    page.get_by_role("button", name="Ask for help").click()
    expect(page.locator("main")).to_contain_text("nobody named yet")
    with db.reading() as session:
        asked_for = session.exec(select(Visit).where(Visit.requested_by == cast.wang.id)).one()
    page.goto("/village-day")
    page.get_by_role("link", name="Nobody comes yet").click()
    page.locator(f'a[href$="/gaps/{asked_for.id}"]').click()
    page.get_by_role("button", name="李姐 comes").click()
    expect(page.locator("h1")).to_have_text("Nobody comes yet")
    assert state_of(asked_for) == VisitState.PLANNED

    page.goto(f"/care-plans/of/{cast.ran_daye.id}/consents")
    purpose = 'form:has(input[name=purpose][value="visits"])'
    page.locator(purpose).get_by_role("button").click()
    withdraw = page.locator(f'{purpose}[action$="/withdraw"]')
    expect(withdraw).to_have_count(1)
    page.once("dialog", lambda dialog: dialog.accept())
    withdraw.get_by_role("button").click()
    expect(withdraw).to_have_count(0)

    for address in ("/village-day/strips", "/village-day/cards"):
        page.goto(address)
        expect(page.locator("main")).to_contain_text(cast.chen_popo.household_code)
    page.goto("/emergency/call-ups")
    page.get_by_label("What is to be done").fill("沿河的住户转移到村小")
    page.get_by_role("button", name="Ask them all").click()
    expect(page.locator("h1")).to_contain_text("Call-up")
    expect(page.locator("main")).to_contain_text("沿河的住户转移到村小")


def test_a_village_assistants_day(served: Served, enter: Enter) -> None:
    """§4.3: registers somebody, calls back, sends a second try, and enters a slip that she then cannot speak for."""
    cast = served.site.cast
    silent = yesterdays_visit(served, cast.chen_popo, cast.li, kinds=(EventKind.NO_ANSWER,))
    on_paper = yesterdays_visit(served, cast.chen_popo, cast.li, kinds=())
    page = enter("wang", viewport=WIDE).new_page()
    page.goto("/people/new")
    page.get_by_label("Household code").fill(cast.chen_popo.household_code)
    page.get_by_label("Name", exact=True).fill("陈大爷")
    page.get_by_label("Sex").select_option("male")
    page.get_by_label("Born on").fill("1939-05-01")
    page.get_by_label("an elder who receives help").check()
    page.get_by_role("button", name="Register").click()
    expect(page.locator("h1")).to_contain_text("陈大爷")

    page.goto("/village-day")
    again = page.locator(f'form[action*="{silent.id}/try-again"]')
    again.get_by_role("button").click()
    expect(page.locator(f'form[action*="{silent.id}/try-again"]')).to_have_count(0)

    page.goto(f"/village-day/slips?on={on_paper.due_on.isoformat()}")
    key = f"{on_paper.id}-{cast.li.id}"
    page.locator(f'[name="slip-{key}"]').focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Keep all slips").click()
    expect(page.locator("h1")).not_to_contain_text("Slips")
    assert state_of(on_paper) == VisitState.DONE
    page.goto(f"/village-day?on={on_paper.due_on.isoformat()}")
    page.locator(f'form[action*="{on_paper.id}/confirm"]').get_by_role("button", name="Good", exact=True).first.click()
    expect(page.locator("main")).to_contain_text("You entered the slip of this visit yourself")
    assert state_of(on_paper) == VisitState.DONE


def test_a_township_supervisor_at_the_reviews(served: Served, enter: Enter) -> None:
    """§4.5: looks at what happened, credits it, and finds the month's visiting rate by village."""
    cast = served.site.cast
    visit = yesterdays_visit(served, cast.chen_popo, cast.li, kinds=(EventKind.CHECK_IN, EventKind.CHECK_OUT))
    with db.transaction() as session:
        caller = Actor(cast.users["wang"], Role.ASSISTANT, make.VILLAGE, cast.wang.id)
        visits.confirm(session, actor=caller, visit_id=visit.id, method="call_back")
        session.get_one(Person, cast.chen_popo.id).tags = ["empty_nest"]
    page = enter("wu", viewport=WIDE).new_page()
    page.goto("/reviews")
    page.locator(f'a[href*="/reviews/{visit.id}"]').click()
    expect(page.locator("main")).to_contain_text("What happened")
    page.get_by_text("Call the elder and ask").click()
    page.get_by_label("What they said").fill("来了，坐了三刻钟")
    page.locator('button[name=outcome][value="fits"]').click()
    expect(page.locator("main")).to_contain_text("来了，坐了三刻钟")
    page.get_by_role("button", name="Credit", exact=True).click()
    expect(page.locator("h1")).to_have_text("Reviews")
    assert state_of(visit) == VisitState.SETTLED
    page.goto("/visiting-rate")
    expect(page.locator("main table")).to_contain_text("Qiaotou")


def test_a_township_supervisor_signs_for_the_second_time_and_answers(served: Served, enter: Enter) -> None:
    """§4.5: what the office enters needs a second person; a line that a member questions gets an answer; the month."""
    things = served.site.things["own"]
    page = enter("wu", viewport=WIDE).new_page()
    page.goto("/entries")
    entry = page.locator(f'form[action*="/entries/{things["entry_id"]}/decide"]')
    entry.get_by_role("button", name="Approve and write").click()
    expect(entry).to_have_count(0)
    page.goto("/disputes")
    page.locator(f"#answer-{things['dispute_id']}").fill("查了纸条，时间没有错")
    page.locator(f'form[action*="{things["dispute_id"]}"]').get_by_role("button", name="The line stands").click()
    expect(page.locator(f"#answer-{things['dispute_id']}")).to_have_count(0)
    page.goto("/months")
    sheet = page.request.get(str(page.get_by_role("link", name="Print the root sheet").first.get_attribute("href")))
    assert sheet.ok and sheet.body().startswith(b"%PDF")
