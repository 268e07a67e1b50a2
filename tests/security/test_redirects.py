"""No address given from outside leads out of the site (ASVS 3.7.2)."""

from urllib.parse import urljoin, urlsplit

import pytest

from tests.factories import PASSWORD
from tests.fixtures.site import signed_in
from tests.fixtures.standing import StandingSite

BASE = "http://localhost/sign-in"
TRICKS = [
    *("https://evil.example", "http://evil.example/today", "HTTPS://EVIL.EXAMPLE", "ftp://evil.example"),
    *("//evil.example", "///evil.example", "////evil.example", "/\\evil.example", "\\\\evil.example"),
    *("/\\/evil.example", "\\/evil.example", "https:evil.example", "https:/evil.example", "http:evil.example"),
    *("http:\\\\evil.example", "https:\\evil.example", "javascript:alert(1)", "JaVaScRiPt:alert(1)"),
    *("data:text/html,hi", "vbscript:x", "mailto:a@evil.example", " https://evil.example"),
    *("\thttps://evil.example", "\nhttps://evil.example", "\r\n//evil.example", "/\t/evil.example"),
    *("/\n/evil.example", "/\r/evil.example", "\x00//evil.example", "/\x00/evil.example", "\x0b//evil.example"),
    *("//evil.example/%2e%2e", "//evil.example\\@localhost", "//localhost@evil.example"),
    *("https://localhost@evil.example", "//evil.example:80", "//[::1]", "//127.1", "//0x7f000001"),
    *("https://localhost.evil.example", "//evil。example", "／／evil.example", "/／evil.example"),
    *("//evil%E3%80%82example", "https://evil.example#/today", "//?", "//#", "//evil.example?next=/today"),
    *("?next=https://evil.example", "today", "../today", "./today", ".", "#main", "@evil.example", "https://"),
    *("http:///evil.example", "://evil.example", "//:@evil.example", "/\\\\evil.example", "\\evil.example"),
    *("/\u2028/evil.example", "\xa0//evil.example", "\u3000//evil.example", "/ /evil.example", "x" * 5_000),
]  # fmt: skip


@pytest.mark.parametrize("trick", TRICKS, ids=lambda trick: ascii(trick)[:40])
def test_after_sign_in_everybody_is_still_here(standing: StandingSite, trick: str) -> None:
    visitor = standing.app.test_client()
    page = visitor.get("/sign-in?lang=en").text
    token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
    answer = visitor.post("/sign-in", data={"csrf_token": token, "login_name": "li", "secret": PASSWORD, "next": trick})
    assert answer.status_code == 303
    assert urlsplit(urljoin(BASE, answer.location)).netloc == "localhost"
    assert not answer.location.startswith(("//", "/\\", "\\"))


@pytest.mark.parametrize("trick", ["https://evil.example", "//evil.example", "/\\evil.example"])
def test_language_and_type_size_lead_nowhere_else(standing: StandingSite, trick: str) -> None:
    answer = signed_in(standing.app, "li").send("/display", {"lang": "en", "next": trick})
    assert urlsplit(urljoin(BASE, answer.location)).netloc == "localhost"


def test_control_ones_own_page_is_reached(standing: StandingSite) -> None:
    answer = signed_in(standing.app, "li").send("/display", {"lang": "en", "next": "/today"})
    assert answer.location == "/today"
