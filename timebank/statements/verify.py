"""Checking what was issued: every statement by its digest, every month by its root, every figure by the ledger's rows.

What was issued is asked of the sealed events, not of the tables alone: who edits a sheet or a certificate can also make
its digest anew, or take the row of the month away, but the event of the close and of the list are leaves of the log.
`timebank ledger verify` runs it with the ledger's own checks; each problem is (serial, month or id, sentence).
"""

from collections import defaultdict
from collections.abc import Iterator

from sqlmodel import Session, col, or_, select

from timebank.audit.models import AuditEvent
from timebank.ledger.models import HourAccount, Seal
from timebank.ledger.proofs import CLOSE, in_the_log
from timebank.ledger.queries import MonthFigures, month_figures
from timebank.ledger.rules import instant_text
from timebank.statements import certificates
from timebank.statements.models import Certificate, CertificateState, MonthRun, Statement
from timebank.statements.rules import fits_digest, root_of

_FETCH = 1_000
_ISSUED = (CertificateState.LISTED, CertificateState.REVOKED)
Problem = tuple[str, str]
Events = dict[str, list[AuditEvent]]


def check_statements(session: Session) -> Iterator[Problem]:
    """Find sheets and certificates that were edited, inserted, removed, given to somebody else or made valid again."""
    yield from _check_months(session)
    yield from _check_revoked_sheets(session)
    yield from _check_certificates(session)


def _events(session: Session, action: str) -> Events:
    """The events of one kind by what they are about, in the order in which they were sealed."""
    events: Events = defaultdict(list)
    for event in session.exec(in_the_log(col(AuditEvent.action) == action)):
        events[event.subject_id].append(event)
    return events


def _check_months(session: Session) -> Iterator[Problem]:
    closes = _events(session, "statements.close_month")
    runs = {run.month: run for run in session.exec(select(MonthRun))}
    sheets = set(session.exec(select(Statement.month).distinct()))
    for month in sorted({*closes, *runs, *sheets}):
        run, sealed = runs.get(month), closes.get(month)
        if run is None:
            yield month, "the month was closed, and the row of its close is gone" if sealed else "it was never closed"
            continue
        yield from _check_month(session, run)
        if sealed is None or sealed[0].detail.get("root") != run.root:
            yield month, "the root of the sheets is not the one that was sealed when the month was closed"
        elif not _is_close(session, run, sealed[0]):
            yield month, "the month was closed by somebody else, at another time or under another seal than is said"


def _is_close(session: Session, run: MonthRun, sealed: AuditEvent) -> bool:
    """Whether who closed a month, when and under which seal is as it was sealed; the root sheet prints it."""
    closed_at = instant_text(run.closed_at)
    of_close = col(Seal.reason).startswith(f"{CLOSE}{run.month} ")
    first = select(Seal.id).where(of_close).order_by(col(Seal.id)).limit(1)
    said = (sealed.user_id, sealed.detail.get("closed_at", closed_at), session.exec(first).first())
    return said == (run.closed_by, closed_at, run.seal_id)


def _check_month(session: Session, run: MonthRun) -> Iterator[Problem]:
    figures = month_figures(session, run.month)
    digests = []
    rows = select(Statement, HourAccount.person_id).where(Statement.month == run.month)
    rows = rows.join(HourAccount, col(HourAccount.id) == Statement.account_id).order_by(Statement.serial)
    for statement, owner_id in session.exec(rows.execution_options(yield_per=_FETCH)):
        digests.append(statement.digest)
        if not fits_digest(statement):
            yield statement.serial, "the sheet was changed after it was issued"
        elif not _agrees(statement, figures.get(statement.account_id, MonthFigures(statement.account_id, 0, 0, 0))):
            yield statement.serial, "the sheet does not say what the ledger's rows add up to"
        elif owner_id != statement.person_id:
            yield statement.serial, "the sheet stands under somebody else's name"
    if root_of(digests) != run.root or len(digests) != run.statements:
        yield run.month, "the root does not fit the sheets: one was put in, taken out or replaced"


def _agrees(statement: Statement, figures: MonthFigures) -> bool:
    said = (statement.opening_minutes, statement.in_minutes, statement.out_minutes, statement.closing_minutes)
    return said == (figures.opening, figures.came_in, figures.went_out, figures.closing)


def _check_revoked_sheets(session: Session) -> Iterator[Problem]:
    told = set(_events(session, "statements.revoke"))
    revoked = select(Statement.id, Statement.serial, Statement.revoked_at).where(
        or_(col(Statement.revoked_at).is_not(None), col(Statement.id).in_(told))
    )
    for statement_id, serial, revoked_at in session.exec(revoked.order_by(Statement.serial)):
        if (revoked_at is not None) != (statement_id in told):
            yield serial, "the sheet was revoked or made valid again without anybody having said so"


def _check_certificates(session: Session) -> Iterator[Problem]:
    listed, revoked = _events(session, "statements.list_certificate"), _events(session, "statements.revoke_certificate")
    kept = {row.id: row for row in session.exec(select(Certificate).where(col(Certificate.state).in_(_ISSUED)))}
    for certificate_id in sorted({*listed, *kept}):
        certificate, sealed = kept.get(certificate_id), listed.get(certificate_id)
        if certificate is None:
            yield certificate_id, "the certificate was issued, and is gone"
            continue
        name = certificate.serial or certificate.id
        if sealed is None:
            yield name, "nobody has put this certificate on the list"
        elif not certificates.fits_digest(certificate) or certificate.digest != sealed[0].detail.get("digest"):
            yield name, "the certificate was changed after it was issued"
        if (certificate.state == CertificateState.REVOKED) != (certificate_id in revoked):
            yield name, "the certificate was revoked or made valid again without anybody having said so"
