"""Every answer carries the headers that keep a browser out of trouble: pages, files, JSON, refusals, static files."""

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.fixtures.site import signed_in
from tests.fixtures.standing import StandingSite
from tests.security.sweep import EVERYBODY, Row, Somebody, Ticket, address, ask, rows, ticket_of

ROWS = [row for row in rows() if not row.rule.endswith("/stream")]
POLICY = {
    "default-src 'self'",
    "script-src 'self'",
    "style-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
}
KEPT_BY_THE_BROWSER = {"/sw.js", "/manifest.webmanifest"}  # nobody's data


@pytest.fixture(scope="module")
def tickets(standing: StandingSite) -> dict[Somebody, Ticket]:
    return {who: ticket_of(signed_in(standing.app, who.login)) for who in EVERYBODY}


def faults(answer: TestResponse) -> Iterator[str]:
    """What is missing on one answer."""
    headers = answer.headers
    policy = headers.get("Content-Security-Policy", "")
    parts = {part.strip() for part in policy.split(";")}
    missing = set() if parts == {"default-src 'none'", "sandbox"} else POLICY - parts  # a picture needs nothing at all
    if missing or "unsafe-" in policy:
        yield f"Content-Security-Policy lacks {sorted(missing)}: {policy}"
    if headers.get("X-Content-Type-Options") != "nosniff":
        yield "X-Content-Type-Options"
    if headers.get("Referrer-Policy") not in ("same-origin", "no-referrer"):
        yield "Referrer-Policy"
    if "geolocation=(self)" not in headers.get("Permissions-Policy", ""):
        yield "Permissions-Policy"
    if "Access-Control-Allow-Origin" in headers:
        yield "answers other origins"
    if answer.mimetype.startswith("text/") and "charset=utf-8" not in headers.get("Content-Type", "").lower():
        yield f"Content-Type without charset: {headers.get('Content-Type')}"
    if any(banned in headers for banned in ("Server", "X-Powered-By")):
        yield "says which software it is"


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_every_address(row: Row, standing: StandingSite, tickets: dict[Somebody, Ticket]) -> None:
    allowed = next((who for who in EVERYBODY if not row.roles or who.role in row.roles), EVERYBODY[0])
    path = address(row, standing, allowed, "own")
    for ticket in (tickets[allowed], Ticket()):
        answer = ask(standing.app, ticket, row, path)
        assert list(faults(answer)) == [], f"{row} → {answer.status_code}"
        if row.rule not in KEPT_BY_THE_BROWSER:
            assert "no-store" in answer.headers.get("Cache-Control", ""), f"{row} may lie in a cache"


def visitor(standing: StandingSite) -> FlaskClient:
    return standing.app.test_client()


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/no-such-page", 404), ("DELETE", "/rules", 405), ("TRACE", "/", 405), ("POST", "/sign-in", 403)],
)
def test_refusals_of_the_edge(standing: StandingSite, method: str, path: str, status: int) -> None:
    answer = visitor(standing).open(path, method=method)
    assert answer.status_code == status
    assert list(faults(answer)) == []
    assert "Traceback" not in answer.text


def test_a_body_that_is_too_large(standing: StandingSite) -> None:
    answer = visitor(standing).post("/sign-in", data={"login_name": "x" * (13 * 1024 * 1024)})
    assert answer.status_code == 413
    assert list(faults(answer)) == []


def test_a_fault_of_ours_says_nothing_about_the_inside(standing: StandingSite, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> str:
        raise RuntimeError("password of the database: hunter2")

    monkeypatch.setitem(standing.app.view_functions, "auth.sign_in", broken)
    monkeypatch.setitem(standing.app.config, "PROPAGATE_EXCEPTIONS", False)
    answer = visitor(standing).get("/sign-in")
    assert answer.status_code == 500
    assert list(faults(answer)) == []
    assert "hunter2" not in answer.text
    assert "core.surprise" in answer.text


def test_static_files_are_typed_and_may_be_kept(standing: StandingSite) -> None:
    answer = visitor(standing).get("/static/app.css")
    assert answer.status_code == 200
    assert answer.mimetype == "text/css"
    assert list(faults(answer)) == []


@pytest.mark.parametrize("header", ["X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-For", "Forwarded", "X-Host"])
def test_nobody_forges_where_the_site_is(standing: StandingSite, header: str) -> None:
    forged = "host=evil.example;proto=https" if header == "Forwarded" else "evil.example"
    answer = visitor(standing).get("/", headers={header: "https" if header.endswith("Proto") else forged})
    assert answer.status_code == 302
    assert answer.location.startswith("/sign-in")
    assert "Strict-Transport-Security" not in answer.headers
