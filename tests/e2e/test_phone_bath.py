"""Two phones at one bath: each sees the other arrive, and the water waits until nothing speaks against it."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests import factories as make
from tests.fixtures.phones import PhoneOf, Village, open_today
from timebank.careplans.models import ServiceKind
from timebank.core import db
from timebank.visits import queries
from timebank.visits.models import EventKind, Visit

pytestmark = pytest.mark.waits  # for the browser


def press(page: Page, words: str) -> None:
    page.get_by_role("button", name=words, exact=True).click()


def at_stop(phone_of: PhoneOf, name: str, visit: Visit, lang: str = "en") -> Page:
    """Without its worker, which shows the page without a network instead where the machine takes its time."""
    page = phone_of(name, lang=lang, workers="block").new_page()
    page.goto(f"/stops/{visit.id}")
    return page


def test_two_carers_at_one_bath(village: Village, phone_of: PhoneOf) -> None:
    visit = village.plan(village.cast.li, village.cast.zhang, service=ServiceKind.BATH)
    with db.transaction() as session:
        make.assessment(session=session, elder=village.cast.chen_popo)
    li, zhang = at_stop(phone_of, "li", visit), at_stop(phone_of, "zhang", visit)
    expect(li.get_by_text("not there yet")).to_be_visible()
    press(li, "I am here")
    expect(li.get_by_text("the second carer is not there yet")).to_be_visible()
    expect(li.get_by_role("button", name="The water runs")).to_have_count(0)
    expect(zhang.get_by_text("is there")).to_be_visible()  # without a hand on the phone
    press(zhang, "I am here")
    expect(zhang.get_by_text("Here since")).to_be_visible()
    expect(li.get_by_text("is there")).to_be_visible()
    li.get_by_label("Upper blood pressure").fill("195")
    li.get_by_label("Water, °C").fill("38")
    li.get_by_label("Room, °C").fill("25")
    li.get_by_label("the heating is on").check()
    press(li, "Keep")
    expect(li.get_by_text("the blood pressure is not safe for a bath")).to_be_visible()
    li.get_by_label("Upper blood pressure").fill("135")
    li.get_by_label("Water, °C").fill("38")
    li.get_by_label("Room, °C").fill("19")
    press(li, "Keep")
    expect(li.get_by_text("the room is too cold")).to_be_visible()
    li.get_by_label("Upper blood pressure").fill("135")
    li.get_by_label("Water, °C").fill("38")
    li.get_by_label("Room, °C").fill("25")
    li.get_by_label("the heating is on").check()
    press(li, "Keep")
    expect(li.get_by_text("The bath may start.")).to_be_visible()
    press(li, "The water runs")
    expect(li.get_by_text("The bath has begun.")).to_be_visible()
    for page in (li, zhang):
        page.reload()
        press(page, "I am leaving")
        expect(page.get_by_role("heading", name="Done, thank you")).to_be_visible()
    with db.reading() as session:
        found = session.get_one(Visit, visit.id)
        started = [e for e in queries.events_of(session, visit.id) if e.kind == EventKind.TICK]
    assert found.state == "done" and "bath_gate" not in found.flags
    assert [event.data["task"] for event in started] == ["bath_start"]


def test_a_scanned_card_of_another_home_is_said_without_a_network_too(village: Village, phone_of: PhoneOf) -> None:
    visit = village.plan()
    phone = phone_of("li")
    open_today(phone).close()
    phone.set_offline(True)
    page = phone.new_page()
    page.goto(f"/door/{village.cast.ran_daye.household_code}")
    expect(page.locator("#offline")).to_contain_text("not on your list today")
    page.goto(f"/door/{visit.household_code}")
    expect(page.get_by_role("button", name="I am here", exact=True)).to_be_visible()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_phones_pages_are_for_everybody(village: Village, phone_of: PhoneOf, lang: str) -> None:
    visit = village.plan()
    phone = phone_of("li", lang=lang)
    page, axe = open_today(phone), Axe()
    for path in ("/today", f"/stops/{visit.id}", "/wanted", "/me", "/phone/offline"):
        page.goto(path)
        page.locator("h1").wait_for()
        found = axe.run(page).response["violations"]
        assert not found, (path, [(one["id"], one["nodes"][0]["html"]) for one in found])
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, f"{path} is wider than the phone"
    page.goto("/today")
    page.locator("button[value=simple]").click()
    expect(page.locator("html")).to_have_attribute("data-type-size", "simple")
    for path in ("/today", f"/stops/{visit.id}", "/hours"):
        page.goto(path)
        size = page.locator("main").evaluate("main => parseFloat(getComputedStyle(main).fontSize)")
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert (size >= 30, wide <= 360) == (True, True), (path, size, wide)


def test_the_first_page_is_light(village: Village, phone_of: PhoneOf) -> None:
    village.plan()
    page = open_today(phone_of("li"))
    packed = """async () => {
      const files = [...document.querySelectorAll('script[src], link[rel=stylesheet]')].map(one => one.src || one.href);
      let total = 0;
      for (const file of files) {
        const stream = (await fetch(file)).body.pipeThrough(new CompressionStream('gzip'));
        total += (await new Response(stream).arrayBuffer()).byteLength;
      }
      return total;
    }"""
    assert page.evaluate(packed) <= 100_000
