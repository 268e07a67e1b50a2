"""Two coordinators on one day, each before a board: what one does is told to the other, and nothing typed is lost."""

import pytest
from playwright.sync_api import Page, expect
from sqlmodel import Session, select

from tests.dayplans.site import BoardOf, Office, board_of, office, ready
from tests.factories import TOWNSHIP
from timebank.auth.models import User
from timebank.core import db
from timebank.core.actors import Actor, Role
from timebank.dayplans import operations
from timebank.dayplans.adapter.hand import Move
from timebank.dayplans.models import DayPlan
from timebank.dayplans.queries.board import opened

__all__ = ["board_of", "office"]  # fixtures of this file
pytestmark = [pytest.mark.waits, pytest.mark.parametrize("office", [12], indirect=True, ids=["12-visits"])]
SLOW_MS = 30_000


def wu(session: Session) -> Actor:
    user = session.exec(select(User).where(User.login_name == "wu")).one()
    return Actor(user.id, Role.SUPERVISOR, TOWNSHIP)


def type_a_move(page: Page) -> None:
    """Open the menu that moves a visit, and write a time into it."""
    page.locator(".lines g.visit").first.click()
    page.locator("#board-card .buttons .main").click()
    page.locator("#card-when").fill("14:44")
    page.locator("#card-when").focus()


def typed(page: Page) -> str:
    return page.locator("#card-when").input_value()


def test_what_somebody_else_does_to_this_version_is_told_and_shown_when_wanted(
    office: Office, board_of: BoardOf
) -> None:
    page = board_of("zhou")
    type_a_move(page)
    with db.transaction() as session:
        row = session.get_one(DayPlan, office.draft.id)
        task = max(task for task in opened(session, row).places if "." not in task)
        operations.move_by_hand(session, actor=wu(session), day_plan_id=row.id, revision=1, moves=[Move(task, None)])
    told = page.locator("#board-newer")
    expect(told).to_contain_text("wu: ", timeout=SLOW_MS)
    assert typed(page) == "14:44"
    expect(page.locator("#card-when")).to_be_focused()
    expect(page.locator("#board")).to_have_attribute("data-revision", "1")
    told.get_by_role("button").click()
    expect(page.locator("#board")).to_have_attribute("data-revision", "2", timeout=SLOW_MS)
    expect(told).to_be_empty()


def test_who_looks_at_a_version_that_was_replaced_is_told_by_whom_and_led_to_the_new_one(
    office: Office, board_of: BoardOf
) -> None:
    page = board_of("zhou")
    type_a_move(page)
    with db.transaction() as session:
        new = operations.take_over(session, actor=wu(session), day_plan_id=office.draft.id)
    told = page.locator("#board-newer")
    expect(told).to_contain_text("wu made version 2 from this one", timeout=SLOW_MS)
    with db.transaction() as session:
        operations.publish_day(session, actor=wu(session), day_plan_id=new.id, revision=1)
    expect(told).to_contain_text("took the place of this one: wu published it", timeout=SLOW_MS)
    assert typed(page) == "14:44"
    page.locator("#board-card .places button.main").click()
    expect(page.locator("#board-news")).to_contain_text("wu published it", timeout=SLOW_MS)
    assert typed(page) == "14:44"
    told.get_by_role("link").click()
    page.wait_for_url(f"**/days/{new.id}/board")
    ready(page)
    expect(told).to_be_empty()


def test_on_a_slow_line_one_press_is_one_change(office: Office, board_of: BoardOf) -> None:
    page = board_of("zhou")
    with db.transaction() as session:
        operations.publish_day(session, actor=wu(session), day_plan_id=office.draft.id, revision=1)
    page.reload()
    ready(page)
    slow = page.context.new_cdp_session(page)
    slow.send("Network.enable")
    conditions = {"offline": False, "latency": 700, "downloadThroughput": -1, "uploadThroughput": -1}
    slow.send("Network.emulateNetworkConditions", conditions)
    page.locator("#board-change").dblclick()
    page.wait_for_url(lambda url: office.draft.id not in url, timeout=SLOW_MS)
    ready(page)
    with db.reading() as session:
        assert len(session.exec(select(DayPlan)).all()) == 2
    page.locator(".lines g.visit").first.click()
    page.locator("[data-do=lock_visit]").click()
    page.locator(".lines g.visit").nth(2).click()  # before the first is answered
    page.locator("[data-do=lock_visit]").click()
    expect(page.locator(".padlock")).to_have_count(2, timeout=SLOW_MS)
    page.locator("#board-undo").dblclick()
    expect(page.locator(".padlock")).to_have_count(1, timeout=SLOW_MS)
    expect(page.locator("#board-news")).not_to_have_class("refused")
