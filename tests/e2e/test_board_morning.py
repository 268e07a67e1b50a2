"""A coordinator's morning on the board in a real browser: with the pointer, with the keyboard, with somebody else."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests import factories as make
from tests.dayplans.site import BoardOf, Office, board_of, office, ready
from tests.dayplans.township import COORDINATOR
from timebank.core import clock, db, ids
from timebank.core.actors import Actor, Role
from timebank.dayplans import operations, processes, queries
from timebank.dayplans.adapter.hand import Move
from timebank.dayplans.models import DayPlan, DayPlanState, PlannerRun
from timebank.dayplans.queries.board import opened
from timebank.visits import operations as visits
from timebank.visits.models import EventKind
from timebank.visits.rules import EventIn

__all__ = ["board_of", "office"]  # fixtures of this file
pytestmark = pytest.mark.waits  # for the browser
SLOW_MS = 30_000
TOWNSHIP_VISITS = 150


def standing(office: Office) -> DayPlan:
    with db.reading() as session:
        found = queries.latest_plan(session, office.draft.area_code, office.draft.on)
    assert found is not None
    return found


def news(page: Page, words: str) -> None:
    expect(page.locator("#board-news")).to_contain_text(words, timeout=SLOW_MS)


def drag_to_row(page: Page, visit: int, row: int) -> None:
    """Take a visit's block and put it on another carer's line at the time it has."""
    block = page.locator(".lines g.visit").nth(visit)
    block.scroll_into_view_if_needed()
    source, target = block.bounding_box(), page.locator(".lines g.who").nth(row).bounding_box()
    assert source and target
    page.mouse.move(source["x"] + 8, source["y"] + 12)
    page.mouse.down()
    page.mouse.move(source["x"] + 40, target["y"] + 15, steps=6)
    expect(page.locator("#board-hint")).not_to_be_empty(timeout=SLOW_MS)
    page.mouse.up()


class Mouse:
    """Hands on a mouse."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, button: Locator) -> None:
        """Press a button."""
        button.click()

    def open_visit(self, number: int) -> None:
        """Open a visit's card."""
        self.page.locator(".lines g.visit").nth(number).click()

    def move(self, number: int) -> None:
        """Carry a visit to another line."""
        drag_to_row(self.page, visit=number, row=number % 3 + 1)

    def choose(self, field: Locator, index: int) -> None:
        """Choose from a list."""
        field.select_option(index=index)


class Keyboard(Mouse):
    """A keyboard alone: every target is reached by Tab or arrows, never by the pointer."""

    def press(self, button: Locator) -> None:
        """Go to a button and press it."""
        self._reach(button)
        self.page.keyboard.press("Enter")

    def open_visit(self, number: int) -> None:
        """Go along the lines to a visit and open its card."""
        self._reach(self.page.locator(".lines g.visit[tabindex='0']"))
        self.page.keyboard.press("Control+Home")
        for _ in range(number):
            self.page.keyboard.press("ArrowRight")
            self.page.keyboard.press("ArrowDown")
        self.page.keyboard.press("Enter")

    def move(self, number: int) -> None:
        """Move a visit by the menu of its card, to the best of the others."""
        self.open_visit(number)
        self.press(self.page.locator("#board-card .buttons .main"))
        expect(self.page.locator("#card-who")).to_be_focused(timeout=SLOW_MS)
        self.page.keyboard.press("ArrowDown")
        expect(self.page.locator("#board-card .hint")).not_to_be_empty(timeout=SLOW_MS)
        self.press(self.page.locator("#board-card .places button.main"))

    def choose(self, field: Locator, index: int) -> None:
        """Go to a list and choose with the arrows."""
        self._reach(field)
        self.page.keyboard.press("Home")
        for _ in range(index):
            self.page.keyboard.press("ArrowDown")

    def _reach(self, target: Locator) -> None:
        """By Tab, from the top of the page or of the dialog, as far as it takes."""
        target.wait_for(timeout=SLOW_MS)
        for _ in range(400):
            if target.evaluate("(one) => one === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"no Tab leads to {target}")


def happens(page: Page, hand: Mouse, kind: str) -> None:
    """Press one of the buttons for what happened, and see the repaired day as a difference."""
    here = page.url
    hand.press(page.locator(f"[data-incident={kind}]"))
    expect(page.locator("#board-dialog select").last.locator("option")).not_to_have_count(0, timeout=SLOW_MS)
    if kind == "road":
        hand.choose(page.locator("#board-dialog select").last, 1)
    hand.press(page.locator("#board-dialog button.main"))
    page.wait_for_url(lambda url: url != here, timeout=SLOW_MS)
    ready(page)
    expect(page.locator("#board-changes")).to_be_visible(timeout=SLOW_MS)


def publish(page: Page, hand: Mouse) -> None:
    hand.press(page.locator("#board-publish"))
    expect(page.locator("#board-incidents")).to_be_visible(timeout=SLOW_MS)


NOT_OVER = {"en": "still to come", "zh": "还没到"}
CLOSED = {"en": "The day is closed", "zh": "收尾好了"}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each hand in one language at every run; with `--mornings whole` each hand in both."""
    if "hands" not in metafunc.fixturenames:
        return
    found: list[tuple[type[Mouse], str]] = [(Mouse, "en"), (Keyboard, "zh")]
    if metafunc.config.getoption("mornings", "half") == "whole":
        found += [(Mouse, "zh"), (Keyboard, "en")]
    ids = [f"{hands.__name__.lower()}-{lang}" for hands, lang in found]
    metafunc.parametrize(("hands", "lang"), found, ids=ids)


@pytest.mark.parametrize("office", [TOWNSHIP_VISITS], indirect=True, ids=[f"{TOWNSHIP_VISITS}-visits"])
def test_a_morning(office: Office, board_of: BoardOf, hands: type[Mouse], lang: str) -> None:
    """Plan, move five, lock two, publish; somebody is ill, a road is closed, an emergency; close the day."""
    page = board_of(lang=lang)
    hand = hands(page)
    hand.press(page.locator("#board-plan"))
    hand.press(page.locator("#board-dialog button.main"))  # good enough
    page.wait_for_url(lambda url: office.draft.id not in url, timeout=4 * SLOW_MS)
    ready(page)
    for number in range(5):
        before = revision(page)
        hand.move(number)
        expect(page.locator("#board")).not_to_have_attribute("data-revision", before, timeout=SLOW_MS)
        if page.locator("#board-faults").is_visible():  # what breaks a rule is shown, and taken back
            hand.press(page.locator("#board-undo"))
            expect(page.locator("#board")).to_have_attribute("data-revision", str(int(before) + 2), timeout=SLOW_MS)
    for locks, (number, what) in enumerate(((0, "lock_visit"), (2, "lock_pair")), start=1):
        hand.open_visit(number)
        hand.press(page.locator(f"#board-card [data-do={what}]"))
        expect(page.locator(".padlock")).to_have_count(locks, timeout=SLOW_MS)
    publish(page, hand)
    on_the_board = page.url
    for paper in ("run-sheets", "van-list"):  # what the helpers and the van take along
        page.goto(on_the_board.replace("/board", f"/{paper}"))
        expect(page.locator("main [data-print]")).to_be_visible()
    page.goto(on_the_board)
    ready(page)
    for kind in ("ill", "road", "sos"):
        happens(page, hand, kind)
        publish(page, hand)
    assert (standing(office).state, standing(office).version) == (DayPlanState.PUBLISHED, 5)
    hand.press(page.locator("#board-incidents a"))
    page.wait_for_url("**/days/close*")
    expect(page.locator("main tbody tr")).not_to_have_count(0)
    hand.press(page.locator("main form button.main"))
    expect(page.locator("main [role=alert]")).to_contain_text(NOT_OVER[lang])  # the day is tomorrow
    page.goto("/days/close")
    hand.press(page.locator("main form button.main"))
    expect(page.locator("main")).to_contain_text(CLOSED[lang], timeout=SLOW_MS)


def revision(page: Page) -> str:
    return page.locator("#board").get_attribute("data-revision") or ""


def test_an_arrival_appears_on_the_board_by_itself(office: Office, board_of: BoardOf) -> None:
    with db.transaction() as session:
        row = operations.publish_day(session, actor=COORDINATOR, day_plan_id=office.draft.id, revision=1)
        day = opened(session, row)
    page = board_of()
    task = next(name for name in day.places if "." not in name)
    block = page.locator(f".lines g.visit[data-task='{task}']")
    expect(block).not_to_have_class(re.compile("running"))
    carer = day.places[task].carer
    with db.transaction() as session:
        helper = Actor("usr_helper", Role.VOLUNTEER, make.VILLAGE, carer)
        visits.respond(session, actor=helper, visit_id=task, accept=True)
        arrives = EventIn(id=ids.new_id("evt"), visit_id=task, kind=EventKind.CHECK_IN, device_at=clock.now())
        visits.record_event(session, actor=helper, event=arrives, person_id=carer)
    expect(block).to_have_class(re.compile("running"), timeout=SLOW_MS)
    block.click()
    expect(page.locator("#board-card")).to_contain_text("arrived", timeout=SLOW_MS)


def test_what_two_coordinators_do_at_once_is_never_lost_silently(office: Office, board_of: BoardOf) -> None:
    first, second = board_of("zhou"), board_of("wu")
    first.locator(".lines g.visit").first.click()
    first.get_by_role("button", name="Lock who and when").click()
    news(first, "locked")
    second.locator(".lines g.visit").nth(3).click()
    second.get_by_role("button", name="Lock who and when").click()
    news(second, "Somebody changed this plan")
    news(second, "zhou: ")
    expect(second.locator(".padlock")).to_have_count(1)  # the other one's lock is shown
    second.get_by_role("button", name="Lock who and when").click()
    expect(second.locator(".padlock")).to_have_count(2, timeout=SLOW_MS)


def test_two_versions_are_compared_step_by_step(office: Office, board_of: BoardOf) -> None:
    with db.transaction() as session:
        day = opened(session, session.get_one(DayPlan, office.draft.id))
        task = next(name for name in day.places if "." not in name)
        taken = operations.take_over(session, actor=COORDINATOR, day_plan_id=office.draft.id)
        out = [Move(task, None, None)]
        operations.move_by_hand(session, actor=COORDINATOR, day_plan_id=taken.id, revision=taken.revision, moves=out)
    page = board_of()
    page.goto(f"/days/{taken.id}/board")
    ready(page)
    page.locator("#board-versions").click()
    page.get_by_role("button", name="Show differences").click()
    steps = page.locator("#board-changes li")
    expect(steps).to_have_count(1, timeout=SLOW_MS)
    expect(steps).to_contain_text(f"{clock_of(day.places[task].starts)} → –")
    steps.get_by_role("button").click()  # what changed in the list is chosen in all
    expect(page.locator("#board-card")).to_contain_text("taken out by hand")


def clock_of(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def test_a_planner_that_is_killed_leaves_the_last_plan_and_says_so(office: Office, board_of: BoardOf) -> None:
    page = board_of()
    page.locator("#board-plan").click()
    expect(page.locator("#board-dialog")).to_contain_text("The planner", timeout=SLOW_MS)
    run_id = _run_at_work(office, page)
    processes._children[run_id].kill()
    expect(page.locator("#board-dialog")).to_contain_text("the last plan stands", timeout=SLOW_MS)
    assert standing(office).id == office.draft.id
    with db.reading() as session:
        assert session.get_one(PlannerRun, run_id).day_plan_id is None
    page.locator("#board-dialog-close").click()
    page.locator("#board-plan").click()  # and the planner can be sent again at once
    expect(page.locator("#board-dialog")).to_contain_text(" s", timeout=SLOW_MS)
    again = _run_at_work(office, page, but_not=run_id)
    processes._children[again].kill()


def _run_at_work(office: Office, page: Page, *, but_not: str = "") -> str:
    """The run that this township's day is planned by now, once its process is there; another one than `but_not`."""
    for _ in range(300):
        with db.reading() as session:
            run = queries.running(session, office.draft.area_code, office.draft.on)
        if run and run.id != but_not and run.id in processes._children and not processes.was_killed(run.id):
            return run.id
        page.wait_for_timeout(100)
    raise AssertionError("no worker was started")


@pytest.mark.parametrize(("width", "lang"), [(width, lang) for width in (820, 1280, 1920) for lang in ("en", "zh")])
def test_the_board_fits_and_has_no_barrier(office: Office, board_of: BoardOf, width: int, lang: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = board_of(lang=lang, width=width)
    wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wider <= 0, f"the page is {wider} px wider than the screen"
    found = Axe().run(page).response["violations"]
    assert [(one["id"], [node["html"][:90] for node in one["nodes"][:2]]) for one in found] == []


def test_no_name_on_the_map_lies_on_another(office: Office, board_of: BoardOf) -> None:
    """More villages at one spot than there are sides to write on; station and kitchen elsewhere keep their names."""
    with db.transaction() as session:
        for number, name in enumerate(("竹林", "松树", "柏树", "黄桷", "青杠")):
            make.area(session=session, code=f"{make.TOWNSHIP}30{number}", name_zh=f"{name}村", name_en=name)
    page = board_of(lang="zh")
    expect(page.locator("#board-map .leaflet-tooltip.no-room")).not_to_have_count(0, timeout=SLOW_MS)
    page.wait_for_function(NO_NAMES_MEET, timeout=SLOW_MS)
    for kind in ("station", "kitchen"):
        expect(page.locator(f"#board-map .leaflet-tooltip.{kind}")).to_be_visible()
    scale = page.locator("#board-map .leaflet-control-scale-line")
    for _ in range(3):  # further off there is less room
        before = scale.inner_text()
        page.locator("#board-map .leaflet-control-zoom-out").click()
        expect(scale).not_to_have_text(before, timeout=SLOW_MS)
    page.wait_for_function(NO_NAMES_MEET, timeout=SLOW_MS)


NO_NAMES_MEET = """() => {
    const shown = [...document.querySelectorAll('#board-map .leaflet-tooltip.name')]
        .filter((one) => getComputedStyle(one).visibility === 'visible').map((one) => one.getBoundingClientRect());
    const meet = (one, two) => one.left + 1 < two.right && two.left + 1 < one.right
        && one.top + 1 < two.bottom && two.top + 1 < one.bottom;
    return shown.length > 0 && !shown.some((one, at) => shown.slice(at + 1).some((two) => meet(one, two)));
}"""
