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
    page.get_by_role("button", name="Credit", exact=True).click()
    expect(page.locator("h1")).to_have_text("Reviews")
    assert state_of(visit) == VisitState.SETTLED
    page.goto("/visiting-rate")
    expect(page.locator("main table")).to_contain_text("Qiaotou")
