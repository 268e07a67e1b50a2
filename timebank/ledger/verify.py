"""Checking the whole ledger: every row by its digest and its leaf, every balance by replay, every seal in the database
and in the file outside it, the protection of the tables, and what other features add (statements).

Reads one state of the database, column by column and streaming: memory does not grow with the history.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from timebank.audit.models import AuditEvent
from timebank.core.db import table_of
from timebank.ledger.ddl import triggers
from timebank.ledger.models import AccountKind, ClosedMonth, Hold, HoldState, HourAccount, Seal, SealedLeaf, Transfer
from timebank.ledger.operations.sealing import digest_of_event
from timebank.ledger.proofs import CLOSE, SEALED_WITHIN, latest_seal, seals
from timebank.ledger.rules import CANONICAL, digest_of_values, instant_text
from timebank.ledger.verify_log import check_log, check_seals

FETCH = 10_000
_MOST_PROBLEMS = 1_000
Check = Callable[[Session], Iterable[tuple[str, str]]]


@dataclass
class Findings:
    """Rows checked and what is wrong: (row id, sentence), the first bad row first."""

    rows: int = 0
    problems: list[tuple[str, str]] = field(default_factory=list)

    def add(self, subject: str, text: str) -> None:
        """Keep one problem; of very many only the first."""
        if len(self.problems) < _MOST_PROBLEMS:
            self.problems.append((subject, text))


def verify(session: Session, *, seals_folder: Path | None = None, also: Sequence[Check] = ()) -> Findings:
    """Check every transfer, account, audit event and seal; finds what was edited, inserted, removed or put back.

    Parameters
    ----------
    seals_folder
        Where the seals are kept outside the database: shows that the tail was cut or an old copy restored.
    also
        Checks of features to the right, each yielding (row id, sentence).
    """
    if session.get_bind().dialect.name == "postgresql" and not session.in_transaction():
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})  # one state, while others post
    findings = Findings()
    last = latest_seal(session)
    balances, sealed = _check_transfers(session, findings, last)
    _check_events(session, findings, last)
    of_log = (_rows_gone(session), check_log(session), check_seals(session, seals_folder))
    of_state = (_accounts_off(session, balances, sealed), _triggers_gone(session))
    for found in (*of_log, *of_state, *(check(session) for check in also)):
        for problem in found:
            findings.add(*problem)
    return findings


def _check_transfers(session: Session, findings: Findings, last: Seal | None) -> tuple[dict[str, int], dict[str, int]]:
    """Check rows in order of id; returns the balance of every account as all rows and as the sealed rows make it."""
    balances: dict[str, int] = defaultdict(int)
    sealed: dict[str, int] = defaultdict(int)
    closed_at = {month.month: instant_text(month.closed_at) for month in session.exec(select(ClosedMonth))}
    closed_with = _sizes_at_closes(session)
    overdue, size = _overdue_before(last), last.tree_size if last else 0
    for row in _stream(session, _transfer_rows(session)):
        values, digest, position, leaf_digest = row[:-3], row[-3], row[-2], row[-1]
        debit, credit, minutes, recorded_at, month = values[2], values[3], values[4], values[9], values[11]
        findings.rows += 1
        if digest_of_values(values) != digest:
            findings.add(values[0], "the row does not fit its digest: it was changed after it was written")
        if position is None and recorded_at < overdue:
            findings.add(values[0], "the row is not in the log: it was put in behind the last seal")
        elif position is not None and leaf_digest != digest:
            findings.add(values[0], f"the row is not the one that was sealed at position {position}")
        if recorded_at > closed_at.get(month, "9") or (position or 0) >= closed_with.get(month, math.inf):
            findings.add(values[0], f"booked in {month} after that month was closed")
        balances[debit] -= minutes
        balances[credit] += minutes
        if position is not None and position < size:
            sealed[debit] -= minutes
            sealed[credit] += minutes
    return balances, sealed


def _transfer_rows(session: Session) -> str:
    """Every transfer as its canonical columns are written, with its digest and its leaf."""
    instant = {
        "postgresql": """to_char(t.{} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')""",
        "sqlite": "replace(t.{}, ' ', 'T') || 'Z'",
    }[session.connection().dialect.name]
    written = {
        "event_at": instant.format("event_at"),
        "recorded_at": instant.format("recorded_at"),
    }
    columns = ", ".join(written.get(name, f"t.{name}") for name in CANONICAL)
    return (
        f"SELECT {columns}, t.digest, l.position, l.digest "
        "FROM transfer t LEFT JOIN sealedleaf l ON l.row_id = t.id ORDER BY t.id"
    )


def _stream(session: Session, statement: str) -> Iterator[tuple[Any, ...]]:
    result = session.connection().exec_driver_sql(statement, execution_options={"yield_per": FETCH})
    for part in result.partitions():
        yield from map(tuple, part)


def _sizes_at_closes(session: Session) -> dict[str, float]:
    """How many rows the log held when a month was closed: what is booked in it stands before, whatever its date."""
    closes = [seal for seal in seals(session) if seal.reason.startswith(CLOSE)]
    return {seal.reason.split()[1]: seal.tree_size for seal in closes}


def _overdue_before(last: Seal | None) -> str:
    return instant_text(last.sealed_at - SEALED_WITHIN) if last else ""


def _check_events(session: Session, findings: Findings, last: Seal | None) -> None:
    event, leaf = table_of(AuditEvent), table_of(SealedLeaf)
    found = sa.select(event, leaf.c.position, leaf.c.digest).outerjoin(leaf, leaf.c.row_id == event.c.id)
    width = len(event.c)
    found = found.order_by(event.c.id)
    for row in session.connection().execute(found, execution_options={"yield_per": FETCH}):
        findings.rows += 1
        facts = dict(zip(event.c.keys(), row[:width], strict=True))
        position, leaf_digest = row[width:]
        if position is None and last and facts["at"] < last.sealed_at - SEALED_WITHIN:
            findings.add(facts["id"], "the event is not in the log: it was put in behind the last seal")
        elif position is not None and digest_of_event(facts) != leaf_digest:
            findings.add(facts["id"], f"the event is not the one that was sealed at position {position}")


def _accounts_off(session: Session, balances: dict[str, int], sealed: dict[str, int]) -> Iterator[tuple[str, str]]:
    """Accounts whose kept minutes are not those that follow from rows and holds."""
    waiting = select(Hold.account_id, sa.func.sum(col(Hold.minutes))).where(Hold.state == HoldState.WAITING)
    held = dict(session.exec(waiting.group_by(col(Hold.account_id))).all())
    for account in session.exec(select(HourAccount).order_by(HourAccount.id)):
        found = (sealed if account.kind in AccountKind.common() else balances).get(account.id, 0)
        if account.balance_minutes != found:
            yield account.id, f"balance {account.balance_minutes} is kept, {found} follows from its rows"
        if account.held_minutes != int(held.get(account.id) or 0):
            yield account.id, f"{account.held_minutes} minutes are kept as held, the holds say otherwise"
    if sum(balances.values()):
        yield "ledger", "the balances do not add up to zero"


def _rows_gone(session: Session) -> Iterator[tuple[str, str]]:
    """Leaves whose transfer or event is no longer there."""
    leaf, transfer, event = table_of(SealedLeaf).c, table_of(Transfer).c, table_of(AuditEvent).c
    kept = sa.or_(
        sa.exists().where(transfer.id == leaf.row_id),
        sa.exists().where(event.id == leaf.row_id),
    )
    gone = sa.select(leaf.row_id, leaf.position).where(~kept).order_by(leaf.position).limit(_MOST_PROBLEMS)
    for row_id, position in session.connection().execute(gone):
        yield row_id, f"the row that was sealed at position {position} is gone"


def _triggers_gone(session: Session) -> Iterator[tuple[str, str]]:
    dialect = session.connection().dialect.name
    listing = {
        "postgresql": "SELECT tgname FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid "
        "WHERE tgenabled IN ('O', 'A') AND strpos(prosrc, 'RAISE EXCEPTION') > 0 "
        "AND starts_with(tgname, tgrelid::regclass::text)",
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger' AND instr(sql, 'RAISE(ABORT') > 0 "
        "AND instr(name, tbl_name) = 1",
    }[dialect]
    there = set(session.connection().exec_driver_sql(listing).scalars())
    for name in sorted(triggers(dialect) - there):
        yield name, "the trigger that keeps the record from being changed is missing, switched off or does nothing"
