"""Checking what was issued: every statement by its digest, every month by its root, every figure by the ledger's rows.

`timebank ledger verify` runs it with the ledger's own checks; each problem is (serial or month, sentence).
"""

from collections.abc import Iterator

from sqlmodel import Session, select

from timebank.audit.models import AuditEvent
from timebank.ledger.queries import MonthFigures, month_figures
from timebank.statements.certificates import digest_of as certificate_digest
from timebank.statements.models import Certificate, CertificateState, MonthRun, Statement
from timebank.statements.queries import digest_of
from timebank.statements.rules import root_of

_FETCH = 1_000
Problem = tuple[str, str]


def check_statements(session: Session) -> Iterator[Problem]:
    """Find statements that were edited, inserted or removed, months whose root was replaced, certificates altered."""
    for run in session.exec(select(MonthRun).order_by(MonthRun.month)).all():
        yield from _check_month(session, run)
        if _sealed_root(session, run.month) != run.root:
            yield run.month, "the root of the sheets is not the one that was sealed when the month was closed"
    listed = select(Certificate).where(Certificate.state == CertificateState.LISTED).order_by(Certificate.id)
    for certificate in session.exec(listed):
        if certificate_digest(certificate) != certificate.digest:
            yield certificate.serial or certificate.id, "the certificate was changed after it was issued"


def _check_month(session: Session, run: MonthRun) -> Iterator[Problem]:
    figures = month_figures(session, run.month)
    digests = []
    rows = select(Statement).where(Statement.month == run.month).order_by(Statement.serial)
    for statement in session.exec(rows.execution_options(yield_per=_FETCH)):
        digests.append(statement.digest)
        if digest_of(statement) != statement.digest:
            yield statement.serial, "the sheet was changed after it was issued"
        elif not _agrees(statement, figures.get(statement.account_id, MonthFigures(statement.account_id, 0, 0, 0))):
            yield statement.serial, "the sheet does not say what the ledger's rows add up to"
    if root_of(digests) != run.root or len(digests) != run.statements:
        yield run.month, "the root does not fit the sheets: one was put in, taken out or replaced"


def _agrees(statement: Statement, figures: MonthFigures) -> bool:
    said = (statement.opening_minutes, statement.in_minutes, statement.out_minutes, statement.closing_minutes)
    return said == (figures.opening, figures.came_in, figures.went_out, figures.closing)


def _sealed_root(session: Session, month: str) -> str | None:
    """The root as the event of the close has it: events are leaves of the sealed log."""
    found = select(AuditEvent).where(AuditEvent.action == "statements.close_month", AuditEvent.subject_id == month)
    event = session.exec(found).first()
    return str(event.detail.get("root")) if event else None
