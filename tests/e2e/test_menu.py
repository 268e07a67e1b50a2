"""The menu in a real browser: five words for an office, a few for a member, without scripts and by keyboard alone."""

import pytest
from playwright.sync_api import expect

from tests.fixtures.served import NARROW, WIDE, Enter, Served

pytestmark = pytest.mark.waits  # for the browser
WORDS = {"zh": ("照护", "老年助餐"), "en": ("Care", "Meals for elders")}


@pytest.mark.parametrize(("lang", "viewport"), [("zh", NARROW), ("en", WIDE)], ids=["zh-narrow", "en-wide"])
def test_a_group_opens_by_keyboard_and_leads_on(
    served: Served, enter: Enter, lang: str, viewport: dict[str, int]
) -> None:
    """Enter opens the group over the page, Tab reaches its links, Enter follows; then the group is marked."""
    group, entry = WORDS[lang]
    page = enter("wang", lang=lang, scripts=False, viewport=viewport).new_page()
    page.goto("/")
    word = page.locator("nav.menu summary", has_text=group)
    link = page.locator("nav.menu a", has_text=entry)
    expect(link).to_be_hidden()
    word.focus()
    page.keyboard.press("Enter")
    expect(link).to_be_visible()
    for box in page.locator("nav.menu a:visible, nav.menu summary").evaluate_all(
        "ones => ones.map(one => one.getBoundingClientRect().toJSON())"
    ):
        assert box["height"] >= 43.5 and box["left"] >= 0 and box["right"] <= viewport["width"], box
    for _ in range(20):
        page.keyboard.press("Tab")
        if link.evaluate("one => one === document.activeElement"):
            break
    page.keyboard.press("Enter")
    page.wait_for_url("**/meals")
    expect(page.locator("nav.menu summary.current")).to_have_text(group)
    expect(page.locator("nav.menu a[aria-current]")).to_have_count(1)


def test_one_group_is_open_at_a_time(served: Served, enter: Enter) -> None:
    page = enter("zhou", scripts=False, viewport=WIDE).new_page()
    page.goto("/")
    for word in ("Care", "Mutual"):
        page.locator("nav.menu summary", has_text=word).click()
    expect(page.locator("nav.menu details[open]")).to_have_count(1)
