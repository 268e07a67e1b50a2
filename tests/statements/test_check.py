"""Scanning a sheet: valid, revoked, unknown, or altered; and nothing about the person."""

import io
import re
from datetime import date

import pytest
from pypdf import PdfReader
from sqlmodel import select

from tests import factories as make
from tests.cast import Cast
from tests.fixtures.browsing import Visitor
from tests.fixtures.site import At, SignIn
from tests.statements.conftest import Close, Earn
from timebank.core import clock, db
from timebank.core.actors import SYSTEM, Role
from timebank.ledger.queries import account_of
from timebank.people.operations.moves import Door, relocate
from timebank.statements.models import MonthRun, Statement
from timebank.statements.queries import sheet_proof
from timebank.statements.rules import proves, root_of, statement_digest


@pytest.fixture
def sheet(cast: Cast, earn: Earn, closed: Close) -> Statement:
    """The October of 李姐, closed."""
    earn(cast.li, on=date(2026, 10, 20))
    closed()
    with db.reading() as session:
        account = account_of(session, cast.li.id)
        assert account is not None
        return session.exec(select(Statement).where(Statement.account_id == account.id)).one()


def test_a_sheet_is_valid_and_shows_its_proof_but_no_person(cast: Cast, sheet: Statement, client: Visitor) -> None:
    page = client.visit(f"/check/{sheet.proof_code}?lang=en")
    assert "Valid." in page and sheet.serial in page and sheet.digest in page
    for personal in ("李", cast.li.id, cast.li.household_code, sheet.account_id, "45 min"):
        assert personal not in page, personal


def test_the_proof_leads_to_the_root_that_was_printed(sheet: Statement) -> None:
    with db.reading() as session:
        proof = sheet_proof(session, sheet)
        run = session.get_one(MonthRun, "2026-10")
    assert proof is not None and proves(proof, sheet.digest, run.root)
    assert not proves(proof, "0" * 64, run.root)


def test_a_revoked_sheet_says_so(sheet: Statement, client: Visitor, sign_in: SignIn) -> None:
    office = sign_in(Role.SUPERVISOR)
    office.visit(f"/statements/{sheet.id}")
    office.submit("/revoke", why="printed with a wrong name")
    assert "Revoked." in client.visit(f"/check/{sheet.proof_code}?lang=en")


def test_a_sheet_is_revoked_once_and_for_a_reason(sheet: Statement, sign_in: SignIn) -> None:
    office = sign_in(Role.SUPERVISOR)
    office.visit(f"/statements/{sheet.id}")
    assert "Write the reason" in office.submit("/revoke", why=" ", status=400)
    office.submit("/revoke", why="printed with a wrong name")
    again = office.send(f"/statements/{sheet.id}/revoke", {"why": "once more"})
    assert again.status_code == 409 and "revoked already" in again.text


@pytest.mark.parametrize(("was_revoked", "answer"), [(True, "Revoked."), (False, "Something is wrong with our record")])
def test_a_row_alone_neither_revokes_a_sheet_nor_makes_it_valid_again(
    sheet: Statement, client: Visitor, sign_in: SignIn, was_revoked: bool, answer: str
) -> None:
    if was_revoked:
        office = sign_in(Role.SUPERVISOR)
        office.visit(f"/statements/{sheet.id}")
        office.submit("/revoke", why="printed with a wrong name")
    with db.transaction() as session:
        row = session.get_one(Statement, sheet.id)
        row.revoked_at = None if was_revoked else clock.now()
        session.add(row)
    assert answer in client.visit(f"/check/{sheet.proof_code}?lang=en")


def test_a_code_that_we_never_printed_is_unknown(sheet: Statement, client: Visitor) -> None:
    assert "Unknown." in client.visit("/check/" + "0" * 32 + "?lang=en", status=404)


@pytest.mark.parametrize("change", [{"closing_minutes": 900}, {"lines": []}, {"serial": "202610-999999"}])
def test_an_altered_sheet_has_no_proof_any_more(sheet: Statement, client: Visitor, change: dict[str, object]) -> None:
    with db.transaction() as session:
        row = session.get_one(Statement, sheet.id)
        for name, value in change.items():
            setattr(row, name, value)
        session.add(row)
    assert "Something is wrong with our record" in client.visit(f"/check/{sheet.proof_code}?lang=en")


def test_a_sheet_that_was_altered_with_its_digest_misses_the_root(sheet: Statement, client: Visitor) -> None:
    with db.transaction() as session:
        row = session.get_one(Statement, sheet.id)
        row.closing_minutes = 9_000
        row.digest = statement_digest(row)
        session.add(row)
    assert "Something is wrong with our record" in client.visit(f"/check/{sheet.proof_code}?lang=en")
    with db.transaction() as session:  # and with the root of its month
        run = session.get_one(MonthRun, "2026-10")
        run.root = root_of(session.exec(select(Statement.digest).order_by(Statement.serial)).all())
        session.add(run)
    assert "Something is wrong with our record" in client.visit(f"/check/{sheet.proof_code}?lang=en")


def test_the_sheet_opens_as_pdf_csv_and_workbook_for_its_owner_only(sheet: Statement, sign_in: SignIn) -> None:
    owner, stranger = sign_in(Role.VOLUNTEER), sign_in("yang")
    for form, kind in (("pdf", "application/pdf"), ("csv", "text/csv"), ("xlsx", "spreadsheetml")):
        answer = owner.get(f"/statements/{sheet.id}/sheet.{form}")
        assert answer.status_code == 200 and kind in answer.content_type
        assert stranger.get(f"/statements/{sheet.id}/sheet.{form}").status_code == 404


def test_the_bureau_goes_from_township_to_village_to_sheet(cast: Cast, sheet: Statement, sign_in: SignIn) -> None:
    bureau, page = sign_in(Role.BUREAU), "/statements?month=2026-10"
    for code in (make.TOWNSHIP, make.VILLAGE):
        ways = set(re.findall(r"/statements\?area_code=(\d+)", bureau.visit(page)))
        assert ways == {code}
        page = f"/statements?area_code={code}&month=2026-10"
    assert "李姐" in bureau.visit(page) and "← Monthly sheets" in bureau.visit(page)


def test_the_village_prints_all_its_sheets_in_one_file(cast: Cast, sheet: Statement, sign_in: SignIn) -> None:
    office = sign_in(Role.ASSISTANT)
    listed = office.visit("/statements?month=2026-10")
    assert "李姐" in listed and "1 sheet in one print file" in listed
    answer = office.get("/statements/areas/500156101201/2026-10/sheets.pdf")
    assert answer.status_code == 200 and answer.data.startswith(b"%PDF")
    office.visit("/statements/areas/500156102201/2026-10/sheets.pdf", status=404)


def test_a_revoked_sheet_is_not_printed_with_the_village_s(
    cast: Cast, sheet: Statement, earn: Earn, closed: Close, sign_in: SignIn
) -> None:
    earn(cast.zhang, on=date(2026, 11, 2))
    closed("2026-11")
    with db.reading() as session:
        november = session.exec(select(Statement).where(Statement.month == "2026-11", Statement.in_minutes > 0)).one()
    office, path = sign_in(Role.SUPERVISOR), f"/statements?area_code={make.VILLAGE}&month=2026-11"
    assert "2 sheets in one print file" in office.visit(path)
    office.visit(f"/statements/{november.id}")
    office.submit("/revoke", why="printed twice")
    assert "1 sheet in one print file" in office.visit(path)
    printed = office.get(f"/statements/areas/{make.VILLAGE}/2026-11/sheets.pdf").data
    said = "".join(page.extract_text() for page in PdfReader(io.BytesIO(printed)).pages)
    assert november.serial not in said and "202611-" in said
    assert "revoked" in sign_in("zhang").visit("/statements")


def test_the_list_of_sheets_opens_at_the_last_month_that_was_closed(sheet: Statement, sign_in: SignIn, at: At) -> None:
    at("2026-12-02 10:00")
    assert " · October 2026</h1>" in sign_in(Role.SUPERVISOR).visit("/statements?lang=en")


def test_a_village_in_which_nobody_has_a_sheet_is_not_told_that_the_month_is_open(
    cast: Cast, sheet: Statement, sign_in: SignIn
) -> None:
    page = sign_in(Role.SUPERVISOR).visit(f"/statements?area_code={make.NEXT_VILLAGE}&month={sheet.month}")
    assert "This month is closed. Nobody here has a sheet of it." in page


def test_who_moved_away_since_is_named_on_the_sheet_of_the_old_village(
    cast: Cast, sheet: Statement, sign_in: SignIn
) -> None:
    """The sheet stays with the village of its month; the lines of the book went along, and no way leads nowhere."""
    with db.transaction() as session:
        door = Door(make.OTHER_GROUP, "0009", "石梁上")
        relocate(session, actor=SYSTEM, person_id=cast.li.id, to=door, since_on=clock.today())
    page = sign_in(Role.SUPERVISOR).visit(f"/statements/{sheet.id}")
    assert "李姐" in page and "/hours/lines/" not in page
    assert "/hours/lines/" in sign_in(Role.BUREAU).visit(f"/statements/{sheet.id}")
