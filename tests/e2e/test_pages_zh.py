"""Every page of every role in Chinese, narrow and wide: see looking.py for what is looked at."""

import pytest
from playwright.sync_api import Browser

from tests.e2e.looking import ROLES, look_at_every_page, look_at_open_pages
from tests.fixtures.served import Enter, Served

pytestmark = pytest.mark.waits  # for the browser


@pytest.mark.parametrize("role", ROLES)
def test_every_page_of_a_role(served: Served, enter: Enter, role: str) -> None:
    look_at_every_page(served, enter, role, "zh")


def test_pages_for_strangers(served: Served, chromium: Browser) -> None:
    look_at_open_pages(served, chromium, "zh")
