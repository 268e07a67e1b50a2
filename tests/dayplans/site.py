"""A served township and Chromium before it: the board as a coordinator sees it, on the day that it is."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import Browser, Page
from waitress.server import create_server

from tests import factories as make
from tests.dayplans.township import COORDINATOR, Township, settle, tomorrow
from tests.fixtures.databases import migrated_file
from tests.fixtures.phones import enter_password
from tests.fixtures.site import make_app
from timebank.core import db
from timebank.core.actors import Role
from timebank.dayplans import operations
from timebank.dayplans.models import DayPlan

VISITS, STEPS = 40, 400_000


@dataclass(frozen=True)
class Office:
    """A served site with one township in it and a draft of tomorrow."""

    address: str
    township: Township
    draft: DayPlan


@pytest.fixture
def office(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Office]:
    """The site on a free port of this machine; ends with the test. A parameter is the number of visits."""
    visits = getattr(request, "param", VISITS)
    path = tmp_path / "timebank.sqlite3"
    shutil.copyfile(migrated_file(), path)
    app = make_app(f"sqlite:///{path}", tmp_path / "data")
    with db.transaction() as session:
        township = settle(session, visits=visits, volunteers=visits // 2)
        for name, role in (("zhou", Role.COORDINATOR), ("wu", Role.SUPERVISOR)):
            make.login(session=session, name=name, role=role, area_code=make.TOWNSHIP)
        on = tomorrow()
        draft = operations.draft_day(session, actor=COORDINATOR, area_code=make.TOWNSHIP, on=on, steps=STEPS)
    server = create_server(app, host="127.0.0.1", port=0, threads=8)
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    yield Office(f"http://127.0.0.1:{server.effective_port}", township, draft)
    server.close()
    thread.join(timeout=5)
    db.engine().dispose()


BoardOf = Callable[..., Page]


@pytest.fixture
def board_of(chromium: Browser, office: Office) -> Iterator[BoardOf]:
    """Open the board of the draft as somebody, in a language, at a width; every browser is its own."""
    contexts = []

    def open_board(who: str = "zhou", *, lang: str = "en", width: int = 1280) -> Page:
        context = chromium.new_context(viewport={"width": width, "height": 900}, base_url=office.address)
        contexts.append(context)
        enter_password(context, who, lang)
        page = context.new_page()
        page.goto(f"/days/{office.draft.id}/board")
        ready(page)
        return page

    yield open_board
    for context in contexts:
        context.close()


def ready(page: Page) -> None:
    """Wait until the board has drawn what the server says."""
    page.wait_for_selector("#board[data-ready=yes]", timeout=30_000)
