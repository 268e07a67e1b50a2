"""Forged requests: without the right token nothing unsafe happens, and reading changes nothing (C22)."""

import hashlib

import pytest
import sqlalchemy as sa

from tests.fixtures.browsing import gist
from tests.fixtures.site import signed_in
from tests.fixtures.standing import StandingSite
from tests.security.sweep import EVERYBODY, Row, Somebody, Ticket, address, ask, rows, ticket_of
from timebank.core import db
from timebank.tables import metadata

TABLE = rows()
UNSAFE = [row for row in TABLE if row.method == "POST"]
SAFE = [row for row in TABLE if row.method == "GET" and not row.rule.endswith("/stream")]
NOT_COUNTED = {"loginsession"}  # keeps when a browser was seen last, and its token


@pytest.fixture(scope="module")
def tickets(standing: StandingSite) -> dict[Somebody, Ticket]:
    return {who: ticket_of(signed_in(standing.app, who.login)) for who in EVERYBODY}


def digest() -> str:
    """What the whole database says, but for sessions."""
    total = hashlib.sha256()
    with db.reading() as session:
        for table in metadata.sorted_tables:
            if table.name not in NOT_COUNTED:
                found = session.connection().execute(sa.select(table).order_by(*table.primary_key.columns))
                total.update("\n".join(repr(tuple(row)) for row in found).encode())
    return total.hexdigest()


def somebody_for(row: Row) -> Somebody:
    return next(who for who in EVERYBODY if not row.roles or who.role in row.roles)


@pytest.mark.parametrize("row", UNSAFE, ids=str)
def test_no_foreign_token_moves_anything(row: Row, standing: StandingSite, tickets: dict[Somebody, Ticket]) -> None:
    who, before = somebody_for(row), digest()
    others = tickets[next(other for other in EVERYBODY if other != who)].token
    for token in ("", "made-up", others, tickets[who].token[:-1]):
        forged = Ticket(tickets[who].cookie, token)
        answer = ask(standing.app, forged, row, address(row, standing, who, "own"))
        assert answer.status_code == 403, f"{row} with token {token[:8]!r}: {answer.status_code}"
        assert "core.stale_form" in gist(answer)
    assert digest() == before


@pytest.mark.parametrize("row", SAFE, ids=str)
def test_reading_changes_nothing(row: Row, standing: StandingSite, tickets: dict[Somebody, Ticket]) -> None:
    before = digest()
    for who in EVERYBODY:
        if not row.roles or who.role in row.roles:
            path = address(row, standing, who, "own")
            answer = ask(standing.app, tickets[who], row, path)
            assert answer.status_code < 500
            visitor = standing.app.test_client()
            visitor.set_cookie("timebank", tickets[who].cookie)
            assert visitor.head(path).status_code == answer.status_code
    assert digest() == before, f"{row} wrote something"


def test_control_a_right_token_does_move_something(standing: StandingSite, tickets: dict[Somebody, Ticket]) -> None:
    who, before = EVERYBODY[2], digest()
    row = next(row for row in UNSAFE if row.rule == "/people/<string:person_id>/pinyin")
    answer = ask(standing.app, tickets[who], row, address(row, standing, who, "own"), pinyin="chen popo")
    assert answer.status_code == 303
    assert digest() != before
    standing.restore()
