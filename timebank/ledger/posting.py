"""The one place that writes single transfers: limits, exactly-once key, digests, open month.

PostgreSQL is called once: a function of its own locks the limited sides in order of id, checks and writes
(docs/decisions/0003 and 0009). SQLite, which has none, reads once and writes what fits under BEGIN IMMEDIATE (0004).
"""

from datetime import datetime

from sqlmodel import Session

from timebank.core import clock
from timebank.core.crash import crash_point
from timebank.core.db import bare
from timebank.core.errors import Refused
from timebank.ledger import books
from timebank.ledger.batches import write_batch, written_sqlite
from timebank.ledger.books import Outcome, Row, first_open_month, lock_books
from timebank.ledger.bulk import call, stored_instant
from timebank.ledger.rules import COLUMNS, Posting, instant_text, refusal_of

__all__ = ["Outcome", "Row", "first_open_month", "lock_books", "write", "write_batch"]

_TRIES = 5
_ROW = f"ROW({', '.join(f'${number}' for number in range(4, len(COLUMNS) + 4))})::transfer"
_POST = (b"ledger_post", f"SELECT ledger_post({_ROW}, $1::timestamptz, $2::int, $3::int)".encode())
_READ_SQLITE = f"""
    SELECT {books.STATE.format(fresh_after="?4")},
           coalesce((SELECT max(next_month) FROM closedmonth), '') AS open_month,
           (SELECT id || ' ' || request_digest FROM transfer WHERE key = ?3) AS known
    FROM houraccount WHERE id IN (?1, ?2)
"""
_INSERT_SQLITE = f"INSERT INTO transfer ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"
_MOVE_SQLITE = "UPDATE houraccount SET balance_minutes = balance_minutes + ? WHERE id = ?"


def write(session: Session, posting: Posting, *, user_id: str, journal_id: str | None = None) -> tuple[Row | None, str]:
    """Write one transfer inside the caller's unit of work; its row (None where it had been written before) and its id.

    Raises
    ------
    Refused
        `ledger.key_reused`, `ledger.event_in_future`, `ledger.no_such_account`, `ledger.account_closed`,
        `ledger.floor_reached`, `ledger.fund_too_small`, `ledger.ceiling_reached`.
        The caller's unit of work must then be rolled back.
    """
    session.flush()
    if books.is_postgres(session):
        row, transfer_id = _write_postgres(session, posting, user_id=user_id, journal_id=journal_id)
    else:
        row, transfer_id = _write_sqlite(session, posting, user_id=user_id, journal_id=journal_id)
    crash_point("ledger.after_post")
    return row, transfer_id


def _write_postgres(
    session: Session, posting: Posting, *, user_id: str, journal_id: str | None
) -> tuple[Row | None, str]:
    """One call of `ledger_post` (ledger.ddl); a second one where a month was closed or the floor must be counted."""
    now = clock.now()
    open_month = ""
    counted_after: datetime | None = now - books.COUNT_LASTS
    if early := books.in_future(posting, now):
        raise early
    for _ in range(_TRIES):
        row = books.row_of(
            posting, user_id=user_id, journal_id=journal_id, open_month=open_month, recorded_at=instant_text(now)
        )
        limits = (counted_after, books.NEAR_MINUTES, books.LARGE_MINUTES)
        verdict, *told = call(session, *_POST, (*limits, *row)).split()
        if verdict == "posted":
            return row, row[0]
        if verdict == "known":
            return None, _same_request(posting, *told)
        if verdict == "month":
            (open_month,) = told
        elif verdict == "blocked":
            _refuse_by_limits(session, posting)
        elif verdict == "near":
            _count_exactly(session, posting)
            counted_after = None
    raise RuntimeError("a posting was neither written nor refused")


def _same_request(posting: Posting, transfer_id: str, request_digest: str) -> str:
    """The transfer that stands under the key already, or the refusal where it was asked for with other content."""
    if request_digest != posting.request_digest:
        raise books.key_reused()
    return transfer_id


def _write_sqlite(
    session: Session, posting: Posting, *, user_id: str, journal_id: str | None
) -> tuple[Row | None, str]:
    """The same under BEGIN IMMEDIATE: nobody else writes, so what was read holds until the commit."""
    now, sides = clock.now(), (posting.debit_account_id, posting.credit_account_id)
    with bare(session.connection()) as driver:
        fresh_after = stored_instant(now - books.COUNT_LASTS)
        found = driver.execute(_READ_SQLITE, (*sides, posting.key, fresh_after)).fetchall()
        *_, open_month, known = found[0] if found else ("", None)
        if known:
            return None, _same_request(posting, *known.split())
        states = books.states_of(session, found, dict(zip(sides, (posting.minutes, 0), strict=True)))
        debit, credit = (states.get(account_id) for account_id in sides)
        refusal = books.in_future(posting, now) or refusal_of(debit, credit, posting.minutes)
        if refusal:
            raise refusal
        row = books.row_of(
            posting, user_id=user_id, journal_id=journal_id, open_month=open_month, recorded_at=instant_text(now)
        )
        driver.execute(_INSERT_SQLITE, written_sqlite(row))
        crash_point("ledger.between_insert_and_balance")
        for account_id, minutes in zip(sides, (-posting.minutes, posting.minutes), strict=True):
            if states[account_id].kind not in books.COMMON:
                driver.execute(_MOVE_SQLITE, (minutes, account_id))
    return row, row[0]


def _count_exactly(session: Session, posting: Posting) -> None:
    """Refuse what goes below the floor of a pool or commons; its row stays locked, so the answer holds until commit."""
    if refusal := _judged(session, posting, outflow=posting.minutes):
        raise refusal


def _refuse_by_limits(session: Session, posting: Posting) -> None:
    """Say which limit stands in the way; none where the account moved meanwhile. It is locked now, so try again."""
    if refusal := _judged(session, posting, outflow=0):
        raise refusal


def _judged(session: Session, posting: Posting, *, outflow: int) -> Refused | None:
    states = books.account_states(session, {posting.debit_account_id: outflow, posting.credit_account_id: 0})
    return refusal_of(states.get(posting.debit_account_id), states.get(posting.credit_account_id), posting.minutes)
