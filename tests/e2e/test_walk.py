"""People at work in a real browser: signing in by role, a visit without scripts, a page by keyboard alone."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlmodel import select

from tests import factories as make
from tests.cast import LOGIN_OF_ROLE
from tests.fixtures.served import WIDE, Enter, Served
from timebank.areas import operations as areas
from timebank.careplans.models import ServiceKind
from timebank.core import clock, db
from timebank.core.actors import SYSTEM, Role
from timebank.visits import operations as visits
from timebank.visits.models import Visit, VisitEvent, VisitState

pytestmark = pytest.mark.waits  # for the browser


def new_visit(served: Served) -> Visit:
    """A visit of 李姐 to 陈婆婆 that may begin now."""
    cast, minute = served.site.cast, clock.minute_of_day(clock.now())
    with db.transaction() as session:
        window = (max(0, minute - 60), min(24 * 60, minute + 120))
        made = make.visit(session=session, elder=cast.chen_popo, window=window)
        carers = [(cast.li.id, minute)]
        return visits.assign(session, actor=SYSTEM, visit_id=made.id, carers=carers, day_plan_id=None)


def state_of(visit: Visit) -> VisitState:
    with db.reading() as session:
        return session.get_one(Visit, visit.id).state


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("role", list(Role))
def test_every_role_starts_with_what_is_to_be_done(served: Served, enter: Enter, role: Role, lang: str) -> None:
    page = enter(LOGIN_OF_ROLE[role], lang=lang, viewport=WIDE).new_page()
    page.goto("/")
    assert page.locator("html").get_attribute("lang") == {"zh": "zh-CN", "en": "en"}[lang]
    links = page.locator("nav.menu > ul > li > a, main a").evaluate_all(
        "links => links.map(link => link.getAttribute('href'))"
    )
    assert links, "a start page without a way on"
    for link in dict.fromkeys(link for link in links if link.startswith("/")):
        answer = page.request.get(link)  # how it looks when it is opened: test_pages_*.py
        assert answer.ok, f"{role} follows {link} and meets {answer.status}"
        assert answer.text().count("<h1") == 1, f"{role} follows {link} to a page without a heading"


def test_a_visit_without_scripts(served: Served, enter: Enter) -> None:
    visit = new_visit(served)
    page = enter("li", scripts=False).new_page()
    page.goto("/today")
    page.locator(f'a[href*="/stops/{visit.id}"]').first.click()
    page.get_by_role("button", name="I am here").click()
    expect(page.locator("main")).to_contain_text("Here since")
    page.get_by_role("button", name="I am leaving").click()
    expect(page.locator("main")).to_contain_text("Done, thank you")
    assert state_of(visit) == VisitState.DONE
    with db.reading() as session:
        told = session.exec(select(VisitEvent).where(VisitEvent.visit_id == visit.id)).all()
    assert sorted(event.kind.value for event in told) == ["check_in", "check_out"]


def tab_to(page: Page, words: str, *, most: int = 40) -> int:
    """Press Tab until the focus is on something with these words; how often. The focus must be seen all the way."""
    for presses in range(1, most + 1):
        page.keyboard.press("Tab")
        focused = page.evaluate(
            "() => { const one = document.activeElement, look = getComputedStyle(one); return ["
            "one.innerText || one.value || one.name || '',"
            "look.outlineStyle !== 'none' || look.boxShadow !== 'none' || one.matches('.skip')] }"
        )
        assert focused[1], f"nobody sees that the focus is on {focused[0]!r}"
        if words in focused[0]:
            return presses
    raise AssertionError(f"{most} presses of Tab do not reach {words!r}")


def test_signing_in_by_keyboard(served: Served, chromium: Browser) -> None:
    page = chromium.new_page(base_url=served.address)
    page.goto("/sign-in?lang=en")
    tab_to(page, "login_name")
    page.keyboard.type("li")
    page.keyboard.press("Tab")
    page.keyboard.type(make.PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/$"))
    page.close()


def test_the_main_action_of_a_stop_by_keyboard(served: Served, enter: Enter) -> None:
    visit = new_visit(served)
    page = enter("li", scripts=False).new_page()
    page.goto(f"/stops/{visit.id}")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # "skip to the content" is the first thing
    assert tab_to(page, "I am here", most=12) <= 12
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("Here since")
    assert state_of(visit) == VisitState.RUNNING


def test_language_and_type_size_stay(served: Served, enter: Enter) -> None:
    page = enter("li", lang="zh").new_page()
    page.goto("/rules")
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    assert page.url.endswith("/rules")
    before = page.locator("main p").first.evaluate("one => parseFloat(getComputedStyle(one).fontSize)")
    page.get_by_role("button", name="Larger type").click()
    after = page.locator("main p").first.evaluate("one => parseFloat(getComputedStyle(one).fontSize)")
    assert before >= 18
    assert after > before


def test_touch_targets_are_large_enough_on_a_phone(served: Served, enter: Enter) -> None:
    visit = new_visit(served)
    page = enter("li").new_page()
    for path in ("/", "/today", f"/stops/{visit.id}", "/wanted", "/hours"):
        page.goto(path)
        small = page.locator("main button:visible, main a.button:visible, nav a:visible").evaluate_all(
            "ones => ones.map(one => [one.innerText, one.getBoundingClientRect()])"
            ".filter(([, box]) => box.height < 43.5 || box.width < 43.5).map(([words]) => words)"
        )
        assert small == [], f"{path} has targets under 44 px: {small}"


BROKEN_WORDS = """ones => ones.flatMap(one => {
  const found = [], texts = document.createTreeWalker(one, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) for (const word of texts.currentNode.data.matchAll(/[A-Za-z]+/g)) {
    const range = document.createRange();
    range.setStart(texts.currentNode, word.index);
    range.setEnd(texts.currentNode, word.index + word[0].length);
    if (new Set([...range.getClientRects()].map(box => box.top)).size > 1) found.push(word[0]);
  }
  return found;
})"""


def test_the_largest_type_breaks_no_word_of_a_button_and_nothing_leaves_the_screen(
    served: Served, enter: Enter
) -> None:
    cast = served.site.cast  # somebody whom no other test here signs in: the choice of type stays with the login
    with db.transaction() as session:
        areas.keep_station_phone(session, actor=SYSTEM, township_code=make.TOWNSHIP, phone="023-7777 1234")
        made = make.visit(session=session, elder=cast.chen_popo, service=ServiceKind.MEAL)
        visit = visits.assign(session, actor=SYSTEM, visit_id=made.id, carers=[(cast.zhang.id, 600)], day_plan_id=None)
    page = enter("zhang").new_page()
    page.goto("/today")
    page.get_by_role("button", name="Large and simple").click()
    expect(page.locator("html")).to_have_attribute("data-type-size", "simple")
    for path in ("/", "/today", f"/stops/{visit.id}", "/hours"):
        page.goto(path)
        broken = page.locator("main button:visible, main a.button:visible, .scheme").evaluate_all(BROKEN_WORDS)
        assert broken == [], f"{path} breaks {broken}"
        assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth"), path
