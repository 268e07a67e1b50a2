"""The form of an assessment on a tablet: filled in without a network, opened again, sent, signed; gone at sign-out."""

from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests import factories as make
from tests.fixtures.phones import PhoneOf, Village, until
from timebank.assessments import operations, queries
from timebank.assessments.models import Assessment, AssessmentState
from timebank.core import db
from timebank.core.actors import Actor, Role

pytestmark = pytest.mark.waits  # for the browser

DRAFTS = """() => new Promise(done => {
  const ask = indexedDB.open("timebank-assess");
  ask.onsuccess = () => {
    const db = ask.result;
    if (!db.objectStoreNames.contains("drafts")) { db.close(); return done([]); }
    const all = db.transaction("drafts").objectStore("drafts").getAll();
    all.onsuccess = () => { db.close(); done(all.result); };
  };
})"""


def begun(village: Village) -> str:
    desk = Actor(village.cast.users["zhou"], Role.COORDINATOR, make.TOWNSHIP)
    with db.transaction() as session:
        return operations.begin(
            session, actor=desk, elder_id=village.cast.chen_popo.id, reason="first", assessed_on=None
        ).id


def seen(assessment_id: str) -> tuple[AssessmentState, dict[str, int], int | None]:
    with db.reading() as session:
        row = session.get_one(Assessment, assessment_id)
        return row.state, dict(queries.opened(row).answers.scores), row.level


def opened(tablet: BrowserContext, assessment_id: str) -> Page:
    """The form with its service worker in charge: what a tablet has after it was opened once."""
    page = tablet.new_page()
    page.goto(f"/assessments/{assessment_id}/form")
    until(page, "async () => navigator.serviceWorker.controller !== null")
    until(page, "async () => (await (await caches.open('shell')).keys()).length >= 8")
    until(page, f"async () => (await ({DRAFTS})()).length === 1")
    return page


def answer(page: Page, name: str, value: str) -> None:
    field = page.locator(f'[name="{name}"]')
    if field.first.get_attribute("type") == "radio":
        page.locator(f'[name="{name}"][value="{value}"]').check()
    else:
        field.fill(value)


def state_says(page: Page, words: str) -> None:
    expect(page.locator("#draft-state")).to_contain_text(words, timeout=20_000)


def test_a_form_is_filled_in_without_a_network_and_signed_with_one(village: Village, phone_of: PhoneOf) -> None:
    assessment_id, values = begun(village), make.answers(level=3)
    tablet = phone_of("zhou")
    page = opened(tablet, assessment_id)
    for name in list(values)[:3]:
        answer(page, name, values[name])
    state_says(page, "Kept at the office")
    assert set(seen(assessment_id)[1]) == set(list(values)[:3])
    page.close()
    tablet.set_offline(True)
    page = tablet.new_page()
    page.goto(f"/assessments/{assessment_id}/form")  # cold, without a network
    expect(page.locator("#draft-label")).to_contain_text("陈〇")
    expect(page.locator(f'[name="eating"][value="{values["eating"]}"]')).to_be_checked()
    for name in list(values)[3:]:
        answer(page, name, values[name])
    state_says(page, "Kept on this tablet")
    kept: list[dict[str, Any]] = page.evaluate(DRAFTS)
    assert set(kept[0]["unsent"]) == set(list(values)[3:])
    assert "陈婆婆" not in str(kept)
    page.close()
    tablet.set_offline(False)
    page = tablet.new_page()
    page.goto(f"/assessments/{assessment_id}/form")
    state_says(page, "Kept at the office")
    page.get_by_role("button", name="Sign as first assessor").click()
    expect(page.locator("main")).to_contain_text("waits for the second assessor")
    assert (seen(assessment_id)[0], seen(assessment_id)[2]) == (AssessmentState.WAITING, 3)
    assert page.evaluate(DRAFTS) == []


def test_signing_out_waits_until_the_office_has_it_and_then_forgets(village: Village, phone_of: PhoneOf) -> None:
    assessment_id = begun(village)
    tablet = phone_of("zhou")
    page = opened(tablet, assessment_id)
    tablet.set_offline(True)
    answer(page, "eating", "2")
    state_says(page, "Kept on this tablet")
    with page.expect_navigation(url=f"**/assessments/{assessment_id}/form"):  # the page is left for itself
        _press_sign_out(page)
    assert len(page.evaluate(DRAFTS)) == 1
    tablet.set_offline(False)
    page.goto("/assessments")
    _press_sign_out(page)
    page.wait_for_url("**/sign-in*")
    assert page.evaluate(DRAFTS) == []
    assert seen(assessment_id)[1] == {"eating": 2}


def _press_sign_out(page: Page) -> None:
    page.locator("details.account summary").click()
    page.get_by_role("button", name="Sign out").click()


def test_what_lies_on_the_tablet_for_two_days_is_dropped(village: Village, phone_of: PhoneOf) -> None:
    assessment_id = begun(village)
    page = opened(phone_of("zhou"), assessment_id)
    page.evaluate(
        """() => new Promise(done => { const ask = indexedDB.open("timebank-assess"); ask.onsuccess = () => {
        const store = ask.result.transaction("drafts", "readwrite").objectStore("drafts"); const all = store.getAll();
        all.onsuccess = () => { const old = all.result[0]; old.changed_at -= 49 * 3600 * 1000; old.values.eating = "0";
        old.unsent = ["eating"]; const put = store.put(old);
        put.onsuccess = () => { ask.result.close(); done(); }; }; }; })"""
    )
    page.reload()
    until(page, f"async () => (await ({DRAFTS})())[0]?.changed_at > Date.now() - 60000")
    assert page.evaluate(DRAFTS)[0]["unsent"] == []
