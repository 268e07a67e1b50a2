"""Verifying what was issued: sheets edited, removed or put in, roots replaced: all found by name."""

import json
from collections.abc import Callable
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from tests import factories as make
from tests.cast import Cast
from tests.fixtures.site import At
from tests.ledger.tampering import unprotected
from tests.statements.conftest import Close, Earn
from timebank.audit.models import AuditEvent
from timebank.core import db, ids
from timebank.core.actors import Actor, Role
from timebank.ledger.models import Transfer
from timebank.ledger.operations import seal_new_rows
from timebank.ledger.queries import account_of
from timebank.ledger.rules import row_digest
from timebank.ledger.verify import verify
from timebank.statements.certificate_queries import is_as_issued
from timebank.statements.certificates import (
    ask_certificate,
    checked_state,
    list_certificate,
    revoke_certificate,
    state_of,
)
from timebank.statements.certificates import digest_of as certificate_digest
from timebank.statements.models import Certificate, CertificateState, MonthRun, Statement
from timebank.statements.operations import revoke_statement
from timebank.statements.queries import sheet_proof, sheet_state
from timebank.statements.rules import root_of, statement_digest
from timebank.statements.verify import check_statements


@pytest.fixture
def month(cast: Cast, earn: Earn, closed: Close) -> MonthRun:
    """October with hours of two volunteers, closed."""
    earn(cast.li, on=date(2026, 10, 20))
    earn(cast.zhang, on=date(2026, 10, 21))
    return closed()


@pytest.fixture
def issued(cast: Cast, month: MonthRun) -> MonthRun:
    """The same, with a certificate of 李姐 over it."""
    with db.transaction() as session:
        li = Actor(cast.users["li"], Role.VOLUNTEER, make.VILLAGE, person_id=cast.li.id)
        october = {"first_on": date(2026, 10, 1), "last_on": date(2026, 10, 31)}
        asked = ask_certificate(session, actor=li, person_id=cast.li.id, **october)
        wu = Actor(cast.users["wu"], Role.SUPERVISOR, make.TOWNSHIP)
        list_certificate(session, actor=wu, certificate_id=asked.id, issuer="江口镇", handler="吴主任")
    return month


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
    sheet.digest = statement_digest(sheet)
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


def given_to_somebody_else(session: Session, cast: Cast) -> str:
    sheet = sheet_of(session, cast)
    sheet.person_id = cast.zhang.id
    session.add(sheet)
    return sheet.serial


def said_to_expire_later(session: Session, cast: Cast) -> str:
    sheet = sheet_of(session, cast)
    sheet.expires_on = date(2036, 11, 30)
    session.add(sheet)
    return sheet.serial


def made_valid_again(session: Session, cast: Cast) -> str:
    sheet = sheet_of(session, cast)
    bureau = Actor(cast.users["tan"], Role.BUREAU, make.DISTRICT)
    revoke_statement(session, actor=bureau, statement_id=sheet.id, why="the wrong person")
    sheet.revoked_at = None
    session.add(sheet)
    return sheet.serial


def month_removed(session: Session, cast: Cast) -> str:
    for table in (Statement, MonthRun):
        session.connection().execute(sa.delete(table))
    return "2026-10"


def closed_by_somebody_else(session: Session, cast: Cast) -> str:
    run = session.get_one(MonthRun, "2026-10")
    run.closed_by = cast.users["wu"]
    session.add(run)
    return run.month


def closed_on_another_day(session: Session, _: Cast) -> str:
    run = session.get_one(MonthRun, "2026-10")
    run.closed_at -= timedelta(days=3)
    session.add(run)
    return run.month


def closed_under_another_seal(session: Session, cast: Cast) -> str:
    run = session.get_one(MonthRun, "2026-10")
    bureau = Actor(cast.users["tan"], Role.BUREAU, make.DISTRICT)
    revoke_statement(session, actor=bureau, statement_id=sheet_of(session, cast).id, why="something to seal")
    later = seal_new_rows(session, actor=bureau, reason="tick", complete=True)
    assert later is not None
    run.seal_id = later.id
    session.add(run)
    return run.month


def closed_without_a_seal(session: Session, _: Cast) -> str:
    run = session.get_one(MonthRun, "2026-10")
    run.seal_id = None
    session.add(run)
    return run.month


def certificate_of(session: Session) -> Certificate:
    return session.exec(select(Certificate)).one()


def certificate_with_more_hours(session: Session, _: Cast) -> str:
    certificate = certificate_of(session)
    certificate.minutes = 60_000
    certificate.digest = certificate_digest(certificate)
    session.add(certificate)
    return str(certificate.serial)


def certificate_of_another_place(session: Session, _: Cast) -> str:
    certificate = certificate_of(session)
    certificate.area_code = make.DISTRICT + "999"
    session.add(certificate)
    return str(certificate.serial)


def certificate_listed_earlier(session: Session, _: Cast) -> str:
    certificate = certificate_of(session)
    certificate.listed_on = date(2026, 10, 1)
    session.add(certificate)
    return str(certificate.serial)


def certificate_in_the_older_form(session: Session, _: Cast) -> str:
    """Whoever wants to move it makes a digest that does not name the place."""
    certificate = certificate_of(session)
    certificate.area_code = make.DISTRICT + "999"
    certificate.digest = certificate_digest(certificate, "c1")
    session.add(certificate)
    return str(certificate.serial)


def certificate_removed(session: Session, _: Cast) -> str:
    certificate = certificate_of(session)
    session.delete(certificate)
    return certificate.id


def certificate_put_in(session: Session, _: Cast) -> str:
    facts = certificate_of(session).model_dump() | {"id": "crt_new", "serial": "ZF-0002", "proof_code": "f" * 32}
    forged = Certificate(**facts)
    forged.digest = certificate_digest(forged)
    session.add(forged)
    return "ZF-0002"


def certificate_made_valid_again(session: Session, cast: Cast) -> str:
    certificate = certificate_of(session)
    wu = Actor(cast.users["wu"], Role.SUPERVISOR, make.TOWNSHIP)
    revoke_certificate(session, actor=wu, certificate_id=certificate.id, reason="never there")
    certificate.state = CertificateState.LISTED
    session.add(certificate)
    return str(certificate.serial)


def test_an_honest_month_has_no_fault(issued: MonthRun, cast: Cast) -> None:
    with db.transaction() as session:
        bureau = Actor(cast.users["tan"], Role.BUREAU, make.DISTRICT)
        revoke_statement(session, actor=bureau, statement_id=sheet_of(session, cast).id, why="printed twice")
        revoke_certificate(session, actor=bureau, certificate_id=certificate_of(session).id, reason="never there")
    with db.reading() as session:
        assert list(check_statements(session)) == []


def test_a_sheet_of_the_first_form_stays_sound(issued: MonthRun, cast: Cast) -> None:
    """What was closed by the release before: digests that named neither the person nor the place."""
    with db.transaction() as session:
        sheets = session.exec(select(Statement).order_by(Statement.serial)).all()
        for sheet in sheets:
            sheet.digest = statement_digest(sheet, "s1")
            session.add(sheet)
        run = session.get_one(MonthRun, "2026-10")
        run.root = root_of([sheet.digest for sheet in sheets])
        close = session.exec(select(AuditEvent).where(AuditEvent.action == "statements.close_month")).one()
        close_id, detail = close.id, json.dumps({**close.detail, "root": run.root})
        session.add(run)
    with unprotected(db.engine()) as connection:
        connection.execute(sa.text("UPDATE auditevent SET detail = :d WHERE id = :i"), {"d": detail, "i": close_id})
    with db.reading() as session:
        assert list(check_statements(session)) == []
    with db.transaction() as session:
        serial = given_to_somebody_else(session, cast)
    with db.reading() as session:
        assert [subject for subject, _ in check_statements(session)] == [serial]


def test_a_certificate_of_the_first_form_stays_sound(issued: MonthRun, cast: Cast) -> None:
    """What the release before put on the list: a digest that named neither the place nor the day of the list."""
    with db.transaction() as session:
        certificate = certificate_of(session)
        certificate.digest = certificate_digest(certificate, "c1")
        session.add(certificate)
        listed = session.exec(select(AuditEvent).where(AuditEvent.action == "statements.list_certificate")).one()
        listed_id, detail = listed.id, json.dumps({**listed.detail, "digest": certificate.digest})
    with unprotected(db.engine()) as connection:
        connection.execute(sa.text("UPDATE auditevent SET detail = :d WHERE id = :i"), {"d": detail, "i": listed_id})
    with db.reading() as session:
        assert list(check_statements(session)) == []
        certificate = certificate_of(session)
        assert (state_of(certificate), is_as_issued(session, certificate)) == ("listed", True)
    with db.transaction() as session:
        serial = certificate_with_more_hours(session, cast)
    with db.reading() as session:
        assert [subject for subject, _ in check_statements(session)] == [serial]


TAMPERINGS: tuple[Callable[[Session, Cast], str], ...] = (
    *(edited, edited_with_its_digest, edited_with_digest_and_root, removed, put_in, given_to_somebody_else),
    *(said_to_expire_later, made_valid_again, month_removed, certificate_with_more_hours, certificate_removed),
    *(closed_by_somebody_else, closed_on_another_day, closed_under_another_seal, closed_without_a_seal),
    *(certificate_of_another_place, certificate_listed_earlier, certificate_in_the_older_form),
    *(certificate_put_in, certificate_made_valid_again),
)


def test_every_change_is_found_and_named(cast: Cast, issued: MonthRun) -> None:
    """One after the other in the same records, each undone before the next."""
    missed = []
    for tamper in TAMPERINGS:
        with Session(db.engine().execution_options(writes=True)) as session:
            where = tamper(session, cast)
            session.flush()
            if where not in [subject for subject, _ in check_statements(session)]:
                missed.append(tamper.__name__)
            session.rollback()
    assert missed == []
    with db.reading() as session:
        assert list(check_statements(session)) == []


def test_a_root_that_was_replaced_is_not_the_sealed_one(cast: Cast, month: MonthRun) -> None:
    with db.transaction() as session:
        edited_with_digest_and_root(session, cast)
    with db.reading() as session:
        assert ("2026-10", "the root of the sheets is not the one that was sealed when the month was closed") in list(
            check_statements(session)
        )


def told_again(session: Session, action: str, **detail: str) -> None:
    """The event of a close or a list once more, with other words and dated before the true one."""
    true = session.exec(select(AuditEvent).where(AuditEvent.action == action)).one()
    before = {"id": ids.new_id("aud"), "at": true.at - timedelta(seconds=1), "detail": true.detail | detail}
    session.add(AuditEvent(**(true.model_dump() | before)))


def test_an_event_told_again_with_an_older_date_makes_nothing_true(cast: Cast, issued: MonthRun, at: At) -> None:
    """Whoever may add to the log puts in a close and a list that fit the records they wrote, and has them sealed."""
    at("2026-11-05 18:00")
    with db.transaction() as session:
        seal_new_rows(session)
    at("2026-11-20 10:00")
    with db.transaction() as session:
        serial, number = edited_with_digest_and_root(session, cast), certificate_with_more_hours(session, cast)
        root, digest = session.get_one(MonthRun, "2026-10").root, certificate_of(session).digest
        told_again(session, "statements.close_month", root=root)
        told_again(session, "statements.list_certificate", digest=digest)
        seal_new_rows(session)
    with db.reading() as session:
        problems = [subject for subject, _ in verify(session, also=[check_statements]).problems]
        assert {"2026-10", serial, number} <= set(problems)
        sheet = sheet_of(session, cast)
        assert sheet_state(session, sheet, sheet_proof(session, sheet)) == "broken"
        assert checked_state(session, certificate_of(session)) == "broken"


def test_a_line_put_into_a_closed_month_is_named_whatever_date_it_bears(cast: Cast, month: MonthRun, at: At) -> None:
    """Sealed with what is new, behind the close, although it says that it was written before."""
    at("2026-11-20 10:00")
    with db.transaction() as session:
        true = session.exec(select(Transfer).where(Transfer.book_month == "2026-10")).first()
        assert true is not None
        forged = true.model_dump() | {"id": ids.new_id("trf"), "key": "earn:vis_forged:x"}
        session.add(Transfer(**(forged | {"digest": row_digest(forged)})))
        session.flush()
        seal_new_rows(session)
    with db.reading() as session:
        assert (forged["id"], "booked in 2026-10 after that month was closed") in verify(session).problems
