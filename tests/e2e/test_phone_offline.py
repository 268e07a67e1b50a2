"""A phone in a valley: opened cold without a network, told things, killed, late, wrong about the time."""

from datetime import timedelta
from typing import Literal

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from sqlmodel import select

from tests.fixtures.phones import DOOR, EVERYTHING_KEPT, PhoneOf, Village, open_today, until_the_worker_is_in_charge
from timebank.core import clock, db
from timebank.visits import queries
from timebank.visits.models import EventKind as Kind
from timebank.visits.models import Visit, VisitCarer, VisitEvent, VisitState

pytestmark = pytest.mark.waits  # for the browser


def events_of(visit: Visit) -> list[VisitEvent]:
    with db.reading() as session:
        return queries.events_of(session, visit.id)


def seen(visit: Visit) -> Visit:
    with db.reading() as session:
        return session.get_one(Visit, visit.id)


def carer_of(visit: Visit) -> VisitCarer:
    with db.reading() as session:
        return session.exec(select(VisitCarer).where(VisitCarer.visit_id == visit.id)).one()


def open_stop(page: Page, visit: Visit) -> None:
    page.goto(f"/stops/{visit.id}")


def press(page: Page, words: str) -> None:
    page.get_by_role("button", name=words, exact=True).click()


def say(page: Page, words: str) -> None:
    """Press a button and wait until the page has drawn itself anew with what was said."""
    with page.expect_event("load"):
        press(page, words)


def all_arrived(page: Page) -> None:
    expect(page.locator("#queue-state")).to_contain_text("Everything has arrived", timeout=20_000)


def test_a_cold_start_without_network_shows_the_stops_and_takes_a_whole_visit(
    village: Village, phone_of: PhoneOf
) -> None:
    visit = village.plan()
    phone = phone_of("li")
    open_today(phone).close()
    phone.set_offline(True)
    page = phone.new_page()
    page.goto("/today")
    expect(page.locator("article.stop")).to_contain_text("黄桷树下")
    page.get_by_role("link", name="Open", exact=True).click()
    page.wait_for_url(f"**/stops/{visit.id}")
    press(page, "I am here")
    expect(page.locator("#queue-state")).to_contain_text("Safe on this phone, not sent yet: 1")
    expect(page.get_by_text("Here since")).to_be_visible()
    say(page, "medicine taken")
    expect(page.locator("#queue-state")).to_contain_text("not sent yet: 2")
    say(page, "I am leaving")
    expect(page.locator("#queue-state")).to_contain_text("not sent yet: 3")
    assert events_of(visit) == []
    page.close()
    phone.set_offline(False)
    all_arrived(_today(phone))
    told = events_of(visit)
    assert [event.kind for event in told] == [Kind.CHECK_IN, Kind.TICK, Kind.CHECK_OUT]
    assert [event.counter for event in told] == [1, 2, 3]
    assert (seen(visit).state, seen(visit).flags) == (VisitState.DONE, [])


def _today(phone: BrowserContext) -> Page:
    page = phone.new_page()
    page.goto("/today")
    return page


def test_a_phone_killed_while_it_sends_tells_everything_exactly_once(village: Village, phone_of: PhoneOf) -> None:
    visit = village.plan()
    phone = phone_of("li")
    page = open_today(phone)
    open_stop(page, visit)
    village.line.state = "one_way"
    press(page, "I am here")
    expect(page.locator("#queue-state")).to_contain_text("not sent yet")
    assert len(events_of(visit)) == 1, "the office has it, the phone does not know"
    village.line.state = "whole"
    page.close()
    again = _today(phone)
    all_arrived(again)
    expect(again.locator("#queue-said")).to_contain_text("This had arrived already.")
    assert [event.kind for event in events_of(visit)] == [Kind.CHECK_IN]


@pytest.mark.parametrize(
    ("north", "accuracy", "flags"),
    [(0.0, 14.0, []), (0.0012, 60.0, []), (0.05, 20.0, ["out_of_fence"]), (0.0, 0.0, ["place_too_perfect"])],
)
def test_where_the_phone_says_it_is(
    village: Village, phone_of: PhoneOf, north: float, accuracy: float, flags: list[str]
) -> None:
    visit = village.plan()
    place = {"latitude": DOOR["latitude"] + north, "longitude": DOOR["longitude"], "accuracy": accuracy}
    page = open_today(phone_of("li", at=place))
    open_stop(page, visit)
    press(page, "I am here")
    all_arrived(page)
    assert seen(visit).flags == flags


@pytest.mark.parametrize("days", [-3, 3])
def test_a_clock_wrong_by_days_is_set_right_and_said(village: Village, phone_of: PhoneOf, days: int) -> None:
    visit = village.plan()
    phone = phone_of("li")
    phone.clock.install(time=clock.now() + timedelta(days=days))
    page = _today(phone)
    # The worker keeps the machine's clock, to which what a page of another day keeps is old: let it tidy up first.
    until_the_worker_is_in_charge(page)
    open_stop(page, visit)
    press(page, "I am here")
    all_arrived(page)
    assert seen(visit).flags == ["clock_skew"]
    came = carer_of(visit).checked_in_at
    assert came is not None and abs(clock.now() - came) < timedelta(minutes=2)


A_SLOW_POSITION = "navigator.geolocation.getCurrentPosition = found => { window.found = found; };"


def test_what_is_said_or_written_while_something_else_is_sent_is_not_lost(village: Village, phone_of: PhoneOf) -> None:
    visit = village.plan()
    page = open_today(phone_of("li"))
    open_stop(page, visit)
    press(page, "I am here")
    expect(page.get_by_text("Here since")).to_be_visible()
    page.get_by_text("Note or hazard").click()
    page.get_by_label("What did you see?").fill("the stove smokes")
    press(page, "medicine taken")
    expect(page.get_by_role("button", name="medicine taken")).to_be_disabled()
    say(page, "Tell the office")
    page.add_init_script(A_SLOW_POSITION)  # the page may just be coming anew, because everything has arrived
    page.evaluate(A_SLOW_POSITION)
    press(page, "I am leaving")
    expect(page.locator("#queue-state")).to_contain_text("Looking where you are")
    press(page, "spoke of the family")
    expect(page.locator("#queue-said li")).to_have_count(4, timeout=20_000)
    all_arrived(page)
    page.evaluate("window.found({coords: {latitude: 29.264, longitude: 107.846, accuracy: 14}})")
    expect(page.get_by_role("heading", name="Done, thank you")).to_be_visible()
    kinds = [event.kind for event in events_of(visit)]
    assert sorted(kinds) == sorted([Kind.CHECK_IN, Kind.TICK, Kind.NOTE, Kind.TICK, Kind.CHECK_OUT])


def test_what_is_said_while_the_new_page_is_on_its_way_is_not_lost(village: Village, phone_of: PhoneOf) -> None:
    visit = village.plan()
    page = phone_of("li", workers="block").new_page()  # so that this test, and no worker, brings the new page
    open_stop(page, visit)
    say(page, "I am here")
    village.line.pages.clear()
    page.evaluate(
        """() => {
          navigator.geolocation.getCurrentPosition = found => { window.found = found; };
          const leave = document.querySelector("form[data-visit-event=check_out][data-place] button");
          window.addEventListener("beforeunload", () => setTimeout(() => leave.click()), { once: true });
        }"""
    )
    press(page, "medicine taken")
    expect(page.locator("#queue-state")).to_contain_text("Looking where you are")
    village.line.pages.set()
    page.evaluate("window.found({coords: {latitude: 29.264, longitude: 107.846, accuracy: 14}})")
    expect(page.get_by_role("heading", name="Done, thank you")).to_be_visible()
    assert [event.kind for event in events_of(visit)] == [Kind.CHECK_IN, Kind.TICK, Kind.CHECK_OUT]


def test_an_alarm_does_not_wait_for_the_place(village: Village, phone_of: PhoneOf) -> None:
    visit = village.plan()
    page = open_today(phone_of("li"))
    open_stop(page, visit)
    page.evaluate(
        """() => {
          navigator.geolocation.getCurrentPosition = (found, none, asked) => {
            sessionStorage.setItem("asked", JSON.stringify(asked));
            none();
          };
        }"""
    )
    page.get_by_text("Emergency", exact=True).click()
    say(page, "Tell the office: emergency")
    asked = page.evaluate("JSON.parse(sessionStorage.getItem('asked'))")
    assert (asked["timeout"], asked["maximumAge"]) == (2_000, 120_000)
    assert [(event.kind, event.place_sealed) for event in events_of(visit)] == [(Kind.SOS, "")]


def test_nothing_personal_is_kept_and_all_of_it_is_forgotten(village: Village, phone_of: PhoneOf) -> None:
    village.plan()
    page = open_today(phone_of("li"))
    kept = page.evaluate(EVERYTHING_KEPT)
    assert "陈婆婆" not in str(kept) and "李姐" not in str(kept)
    assert set(kept["stops"][0]) == {
        *("visit_id", "owner", "on", "landmark", "name", "door", "service", "service_words", "starts", "minutes"),
        *("partners", "state", "there", "since", "ends_at", "tolerance_minutes", "left", "kept_at"),
    }
    cached = page.evaluate(
        "caches.open('shell').then(c => c.keys()).then(found => found.map(r => new URL(r.url).pathname))"
    )
    assert all(path == "/phone/offline" or path.startswith("/static/") for path in cached), cached
    page.locator("details.account summary").click()
    press(page, "Sign out")
    page.wait_for_url("**/sign-in")
    left = page.evaluate(EVERYTHING_KEPT)
    assert (left["entries"], left["stops"]) == ([], [])


def test_stops_are_forgotten_after_48_hours(village: Village, phone_of: PhoneOf) -> None:
    village.plan()
    phone = phone_of("li")
    open_today(phone).close()
    phone.set_offline(True)
    phone.clock.install(time=clock.now() + timedelta(hours=49))
    page = _today(phone)
    expect(page.locator("#offline")).to_contain_text("No stops are kept")
    assert page.evaluate(EVERYTHING_KEPT)["stops"] == []


@pytest.mark.parametrize("line", ["cut", "wifi", "wifi_later"])
def test_signing_out_waits_until_everything_has_arrived(
    village: Village, phone_of: PhoneOf, line: Literal["cut", "wifi", "wifi_later"]
) -> None:
    visit = village.plan()
    phone = phone_of("li")
    page = open_today(phone)
    open_stop(page, visit)
    village.line.state = line
    say(page, "I am here")  # and then the menu: the new page would close it
    expect(page.locator("#queue-state")).to_contain_text("No network just now")  # the new page has tried, too
    page.locator("details.account summary").click()
    press(page, "Sign out")
    expect(page.locator("#queue-state")).to_contain_text("before you sign out")
    village.line.state = "whole"
    press(page, "Sign out")
    page.wait_for_url("**/sign-in")
    assert [event.kind for event in events_of(visit)] == [Kind.CHECK_IN]


def test_the_next_day_yesterdays_stops_are_gone_but_not_the_question_when_one_left(
    village: Village, phone_of: PhoneOf
) -> None:
    left, stays = village.plan(), village.plan()
    phone = phone_of("li")
    page = open_today(phone)
    open_stop(page, stays)
    say(page, "I am here")
    all_arrived(page)
    page.close()
    phone.set_offline(True)
    phone.clock.install(time=clock.now() + timedelta(days=1))
    page = _today(phone)
    expect(page.locator("article.stop")).to_have_count(1)
    question = page.get_by_text("Did you leave?")
    expect(question).to_be_visible()
    day = clock.today().strftime("%B %-d")
    expect(question).to_contain_text(f"you came at {day}")
    expect(page.locator("article.stop .when")).to_contain_text(day)
    open_stop(page, left)
    expect(page.locator("article.stop")).to_have_count(1)
    expect(page.get_by_role("button", name="I am here", exact=True)).to_have_count(0)


def test_a_proxy_without_an_office_behind_it_is_no_page(village: Village, phone_of: PhoneOf) -> None:
    village.plan()
    page = open_today(phone_of("li"))
    village.line.state = "down"
    page.goto("/today")
    expect(page.locator("#offline article.stop")).to_contain_text("黄桷树下")


def test_signing_out_asks_the_phone_on_a_page_without_its_worker_too(village: Village, phone_of: PhoneOf) -> None:
    visit = village.plan()
    page = open_today(phone_of("li"))
    open_stop(page, visit)
    village.line.state = "cut"
    say(page, "I am here")
    expect(page.locator("#queue-state")).to_contain_text("not sent yet")
    page.evaluate("navigator.serviceWorker.getRegistration().then(worker => worker.unregister())")
    page.goto("/me")
    assert page.evaluate("navigator.serviceWorker.controller") is None
    page.locator("details.account summary").click()
    press(page, "Sign out")
    page.wait_for_url("**/today")
    expect(page.locator("#queue-state")).to_contain_text("not sent yet")
    assert [entry["kind"] for entry in page.evaluate(EVERYTHING_KEPT)["entries"]] == ["check_in"]


def test_a_queue_of_a_phone_whose_login_ran_out_waits_for_the_next_sign_in(village: Village, phone_of: PhoneOf) -> None:
    visit = village.plan()
    phone = phone_of("li")
    page = open_today(phone)
    open_stop(page, visit)
    phone.clear_cookies()
    press(page, "I am here")
    page.wait_for_url("**/sign-in**")
    assert len(page.evaluate(EVERYTHING_KEPT)["entries"]) == 1
    page.fill("input[name=login_name]", "li")
    page.fill("input[name=secret]", "three ducks cross")
    page.click("main form button")
    page.wait_for_url(lambda address: "/sign-in" not in address)
    page.goto("/today?lang=en")
    all_arrived(page)
    assert [event.kind for event in events_of(visit)] == [Kind.CHECK_IN]


def test_who_forgot_to_sign_out_is_asked_without_a_network_and_answers_there(
    village: Village, phone_of: PhoneOf
) -> None:
    visit = village.plan()
    phone = phone_of("li")
    page = open_today(phone)
    open_stop(page, visit)
    say(page, "I am here")
    all_arrived(page)
    page.close()
    phone.set_offline(True)
    page = phone.new_page()
    page.clock.install()
    page.goto("/today")
    question = page.get_by_text("Did you leave?")
    expect(page.locator("article.stop")).to_contain_text("黄桷树下")
    expect(question).to_be_hidden()
    page.clock.fast_forward("01:00:00")  # 30 minutes were planned, 15 more are left in peace
    expect(question).to_be_visible()
    expect(question).to_contain_text("黄桷树下: you came at")
    page.get_by_role("button", name="That is when I left").click()
    expect(page.locator("#queue-state")).to_contain_text("Safe on this phone, not sent yet: 1")
    page.close()
    phone.set_offline(False)
    all_arrived(_today(phone))
    assert [event.kind for event in events_of(visit)] == [Kind.CHECK_IN, Kind.CHECK_OUT]
    assert (seen(visit).state, "left_said_later" in seen(visit).flags) == (VisitState.DONE, True)
