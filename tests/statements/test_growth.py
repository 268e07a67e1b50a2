"""Two root sheets and the proof on the later one show that the ledger only grew between them."""

import io
from datetime import date

import sqlalchemy as sa
from pypdf import PdfReader

from tests.cast import Cast
from tests.fixtures.browsing import Visitor
from tests.fixtures.site import SignIn
from tests.ledger.tampering import unprotected
from tests.statements.conftest import Close, Earn
from timebank.core import db
from timebank.core.actors import Role
from timebank.ledger.merkle import is_grown
from timebank.statements.queries import growth_of, seal_of_month


def sheet_of(office: Visitor, month: str) -> str:
    pages = PdfReader(io.BytesIO(office.get(f"/months/{month}/root-sheet").data)).pages
    return "".join("".join(page.extract_text().split()) for page in pages)


def test_the_sheet_of_a_month_proves_that_the_one_before_still_stands(
    cast: Cast, earn: Earn, closed: Close, sign_in: SignIn
) -> None:
    for day in (5, 12, 19):
        earn(cast.li, on=date(2026, 10, day))
    closed("2026-10")
    for day in (2, 4):
        earn(cast.li, on=date(2026, 11, day))
    closed("2026-11")
    with db.reading() as session:
        growth, later = growth_of(session, "2026-11"), seal_of_month(session, "2026-11")
        assert growth and later and growth_of(session, "2026-10") is None
        then = growth.earlier
        assert is_grown(then.tree_size, later.tree_size, then.root, later.root, growth.path)
    office = sign_in(Role.AUDITOR)
    sheet = sheet_of(office, "2026-11")
    assert all(digest in sheet for digest in (then.root, *growth.path)) and "2026年10月的总账是本总账的开头" in sheet
    assert "总账是本总账的开头" not in sheet_of(office, "2026-10")
    with unprotected(db.engine()) as connection:
        for change in ("UPDATE sealedleaf SET digest = :other", "UPDATE sealednode SET hash = :other"):
            connection.execute(sa.text(change), {"other": "0" * 64})
    assert "2026年10月的总账不是本总账的开头" in sheet_of(office, "2026-11")
