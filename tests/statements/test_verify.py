"""Verifying what was issued: sheets edited, removed or put in, roots replaced: all found by name."""

from collections.abc import Callable
from datetime import date

import pytest
from sqlmodel import Session, select

from tests.cast import Cast
from tests.statements.conftest import Close, Earn
from timebank.core import db
from timebank.ledger.queries import account_of
from timebank.statements.models import MonthRun, Statement
from timebank.statements.queries import digest_of
from timebank.statements.rules import root_of
from timebank.statements.verify import check_statements


@pytest.fixture
def month(cast: Cast, earn: Earn, closed: Close) -> MonthRun:
    """October with hours of two volunteers, closed."""
    earn(cast.li, on=date(2026, 10, 20))
    earn(cast.zhang, on=date(2026, 10, 21))
    return closed()


def sheet_of(session: Session, cast: Cast) -> Statement:
    account = account_of(session, cast.li.id)
    assert account is not None
    return session.exec(select(Statement).where(Statement.account_id == account.id)).one()


def edited(session: Session, cast: Cast) -> str:
    sheet = sheet_of(session, cast)
    sheet.closing_minutes += 60
    session.add(sheet)
    return sheet.serial


def edited_with_its_digest(session: Session, cast: Cast) -> str:
    sheet = sheet_of(session, cast)
    sheet.opening_minutes += 60
    sheet.closing_minutes += 60
    sheet.digest = digest_of(sheet)
    session.add(sheet)
    return sheet.serial


def edited_with_digest_and_root(session: Session, cast: Cast) -> str:
    serial = edited_with_its_digest(session, cast)
    session.flush()
    run = session.get_one(MonthRun, "2026-10")
    digests = session.exec(select(Statement.digest).order_by(Statement.serial)).all()
    run.root = root_of(digests)
    session.add(run)
    return serial


def removed(session: Session, cast: Cast) -> str:
    session.delete(sheet_of(session, cast))
    return "2026-10"


def put_in(session: Session, cast: Cast) -> str:
    facts = sheet_of(session, cast).model_dump() | {"id": "stm_new", "serial": "202610-000099", "month": "2026-10"}
    zhang = account_of(session, cast.wang.id) or account_of(session, cast.zhang.id)
    assert zhang is not None
    forged = Statement(**(facts | {"proof_code": "f" * 32, "account_id": zhang.id, "month": "2026-10"}))
    known = session.exec(select(Statement).where(Statement.account_id == zhang.id)).one()
    session.delete(known)
    session.flush()
    session.add(forged)
    return "202610-000099"


def test_an_honest_month_has_no_fault(month: MonthRun) -> None:
    with db.reading() as session:
        assert list(check_statements(session)) == []


@pytest.mark.parametrize("tamper", [edited, edited_with_its_digest, edited_with_digest_and_root, removed, put_in])
def test_every_change_is_found_and_named(cast: Cast, month: MonthRun, tamper: Callable[[Session, Cast], str]) -> None:
    with db.transaction() as session:
        where = tamper(session, cast)
    with db.reading() as session:
        assert where in [subject for subject, _ in check_statements(session)]


def test_a_root_that_was_replaced_is_not_the_sealed_one(cast: Cast, month: MonthRun) -> None:
    with db.transaction() as session:
        edited_with_digest_and_root(session, cast)
    with db.reading() as session:
        assert ("2026-10", "the root of the sheets is not the one that was sealed when the month was closed") in list(
            check_statements(session)
        )
