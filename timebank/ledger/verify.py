"""Checking the whole ledger: every row's digest, every balance by replay, holds, closed months, statements apart.

Reads one state of the database in one pass and keeps two numbers per account, so memory does not grow with the history.
"""

from collections import defaultdict
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlmodel import Session, col, select

from timebank.core.db import table_of
from timebank.ledger.models import AccountKind, ClosedMonth, Hold, HoldState, HourAccount, Transfer
from timebank.ledger.rules import row_digest

_FETCH = 5_000


@dataclass
class Findings:
    """Rows checked and what is wrong: (row id, sentence), the first bad row first."""

    rows: int = 0
    problems: list[tuple[str, str]] = field(default_factory=list)

    def add(self, subject: str, text: str) -> None:
        """Keep one problem."""
        self.problems.append((subject, text))


def verify(session: Session) -> Findings:
    """Check every transfer and every account; finds edited, inserted and removed rows by digest and replay."""
    findings = Findings()
    replayed = _check_rows(session, findings)
    _check_accounts(session, findings, replayed)
    return findings


def _check_rows(session: Session, findings: Findings) -> dict[str, int]:
    """Check digests in order of id; returns the balance of every account as the rows make it."""
    table = table_of(Transfer)
    balances: dict[str, int] = defaultdict(int)
    closed_at = {month.month: month.closed_at for month in session.exec(select(ClosedMonth))}
    rows = session.connection().execution_options(yield_per=_FETCH).execute(sa.select(table).order_by(table.c.id))
    for row in rows:
        findings.rows += 1
        facts = dict(row._mapping)
        transfer_id, digest = facts.pop("id"), facts.pop("digest")
        facts.pop("request_digest")
        if row_digest(transfer_id=transfer_id, **{**facts, "reason": facts["reason"].value}) != digest:
            findings.add(transfer_id, "the row does not fit its digest: it was changed after it was written")
        closing = closed_at.get(row.book_month)
        if closing and row.recorded_at > closing:
            findings.add(transfer_id, f"booked in {row.book_month} after that month was closed")
        balances[row.debit_account_id] -= row.minutes
        balances[row.credit_account_id] += row.minutes
    return balances


def _check_accounts(session: Session, findings: Findings, replayed: dict[str, int]) -> None:
    held = dict(
        session.exec(
            select(Hold.account_id, sa.func.sum(col(Hold.minutes)))
            .where(Hold.state == HoldState.WAITING)
            .group_by(col(Hold.account_id))
        ).all()
    )
    for account in session.exec(select(HourAccount).order_by(HourAccount.id)):
        found = replayed.get(account.id, 0)
        if account.kind in (AccountKind.MEMBER, AccountKind.GIFT) and account.balance_minutes != found:
            findings.add(account.id, f"balance {account.balance_minutes} is kept, {found} follows from its rows")
        if account.held_minutes != int(held.get(account.id) or 0):
            findings.add(account.id, f"{account.held_minutes} minutes are kept as held, the holds say otherwise")
    if sum(replayed.values()):
        findings.add("ledger", "the balances do not add up to zero")
