"""Who may open what: every address × every role × own, next village, other township, absent (C19).

The table is docs/routes.md; what lies outside somebody's scope answers exactly like what does not exist.
"""

import pytest
from flask import Response
from sqlmodel import select

from tests.fixtures.browsing import Visitor, gist
from tests.fixtures.site import signed_in
from tests.fixtures.standing import StandingSite
from tests.security.sweep import (
    EVERYBODY,
    MEMBERS,
    Row,
    Somebody,
    Ticket,
    address,
    ask,
    rows,
    said,
    things_for,
    ticket_of,
)
from timebank.audit.models import AuditEvent
from timebank.core import clock, db

TABLE = [row for row in rows() if row.roles]
FILLED: dict[str, dict[str, str]] = {  # what a form must say before the address looks at what it names
    "/hours/lines/<string:transfer_id>/dispute": {"words": "少记了", "account_id": "{account_id}"},
    "/hours/disputes/<string:dispute_id>/appeal": {"words": "还是不对"},
    "/village-day/alarms/<string:event_id>": {"words": "邻居去看过了"},
    "/disputes/<string:dispute_id>/answer": {"decision": "no", "answer": "查过了"},
    "/entries/<string:entry_id>/decide": {"decision": "approve"},
    "/entries/<string:entry_id>/check": {"words": "看过原件"},
    "/entries/reverse/<string:transfer_id>": {
        "why": "记错了",
        "evidence": "第 3 页",
        "account_id": "{account_id}",
    },
}
MEMBERS_SEE_THE_TOWNSHIP = {"/wanted/<string:visit_id>/take"}  # open requests are shown to the whole township
SAYS_NOTHING = {"/door/<string:household_code>": 302}  # every card that is not on today's list answers alike
STREAMS = {"/api/days/<string:day_plan_id>/stream"}  # does not end by itself
VILLAGE_ONLY = {"/village-day/strips"}  # offices above a village are told so
NOT_OWED = ("auth.not_your_role", "core.stale_form", "auth.sign_in")  # refusals that a rule of the scheme never gives


@pytest.fixture(scope="module")
def tickets(standing: StandingSite) -> dict[Somebody, Ticket]:
    """Everybody signed in, before the installation's state is kept."""
    found = {who: ticket_of(signed_in(standing.app, who.login)) for who in EVERYBODY}
    db.engine().dispose()
    standing.kept.write_bytes(standing.file.read_bytes())
    return found


@pytest.fixture(autouse=True)
def as_it_was(standing: StandingSite, tickets: dict[Somebody, Ticket]) -> None:
    standing.restore()


def form_of(row: Row, standing: StandingSite, who: Somebody, place: str) -> dict[str, str]:
    things = things_for(standing, row, who, place)
    return {name: value.format(**things) for name, value in FILLED.get(row.rule, {}).items()}


@pytest.mark.parametrize("row", TABLE, ids=str)
def test_a_stranger_is_asked_to_sign_in(row: Row, standing: StandingSite) -> None:
    visitor = standing.app.test_client()
    assert isinstance(visitor, Visitor)
    visitor.visit("/sign-in")
    nobody = Ticket(cookie_value(visitor), visitor.token())
    answer = ask(standing.app, nobody, row, address(row, standing, EVERYBODY[0], "own"))
    asked = (answer.status_code, (answer.location or "").split("?")[0])
    assert asked in ((302, "/sign-in"), (401, "")), f"{row} answered {said(answer)}"


def cookie_value(visitor: Visitor) -> str:
    cookie = visitor.get_cookie("timebank")
    return cookie.value if cookie else ""


@pytest.mark.parametrize("row", TABLE, ids=str)
def test_other_roles_are_refused(row: Row, standing: StandingSite, tickets: dict[Somebody, Ticket]) -> None:
    for who in EVERYBODY:
        if who.role not in row.roles:
            answer = ask(standing.app, tickets[who], row, address(row, standing, who, "own"))
            assert answer.status_code == 403, f"{who.role} at {row}: {said(answer)}"


@pytest.mark.parametrize("row", [row for row in TABLE if row.parameters], ids=str)
def test_what_is_elsewhere_answers_like_what_is_not_there(
    row: Row, standing: StandingSite, tickets: dict[Somebody, Ticket]
) -> None:
    for who in EVERYBODY:
        if who.role not in row.roles:
            continue
        form = form_of(row, standing, who, "own")
        absent = ask(standing.app, tickets[who], row, address(row, standing, who, "absent"), **form)
        assert absent.status_code == SAYS_NOTHING.get(row.rule, 404), f"{who.role} at {row}, absent: {said(absent)}"
        for place in ("next", "far"):
            shared = place == "next" and who.role in MEMBERS and row.rule in MEMBERS_SEE_THE_TOWNSHIP
            if not who.sees(place) and not shared:
                form = form_of(row, standing, who, place)
                foreign = ask(standing.app, tickets[who], row, address(row, standing, who, place), **form)
                assert said(foreign) == said(absent), f"{who.role} at {row}, {place}: {said(foreign)}"


@pytest.mark.parametrize("row", [row for row in TABLE if row.rule not in STREAMS], ids=str)
def test_ones_own_is_there(row: Row, standing: StandingSite, tickets: dict[Somebody, Ticket]) -> None:
    for who in EVERYBODY:
        if who.role in row.roles:
            if row.method == "POST":
                standing.restore()
            form = form_of(row, standing, who, "own")
            answer = ask(standing.app, tickets[who], row, address(row, standing, who, "own"), **form)
            shut = row.rule not in VILLAGE_ONLY and any(code in gist(answer) for code in NOT_OWED)
            wrong = shut or answer.status_code in (401, 404) or answer.status_code >= 500
            assert not wrong, f"{who.role} at {row}: {said(answer)}"


def test_a_sheet_is_told_by_its_kind() -> None:
    """Its compressed bytes may hold what no page reader can follow, such as the beginning of a marked section."""
    assert gist(Response(b"%PDF-1.7 <main><![q", mimetype="application/pdf")) == "application/pdf"
    assert gist(Response("<main><p>Not <b>yours</b></p></main>", mimetype="text/html")) == "Not yours"


def test_each_denial_leaves_one_event(standing: StandingSite, tickets: dict[Somebody, Ticket]) -> None:
    for method in ("GET", "POST"):
        standing.restore()
        row = Row("/people/new", method, frozenset())
        assert ask(standing.app, tickets[EVERYBODY[0]], row, "/people/new").status_code == 403
        with db.reading() as session:
            denied = session.exec(select(AuditEvent).where(AuditEvent.action == "auth.denied")).all()
        assert [(event.subject_id, event.at) for event in denied] == [(standing.cast.users["li"], clock.now())]
