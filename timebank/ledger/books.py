"""What single postings and batches share: the row, the open month, repetitions, the accounts as they are now.

The pool and the commons keep no running balance: one would make every poster queue for one row. What was counted at
the last seal tells how far the pool's floor is. While it is far, nobody counts; when it comes near, or the count is
old, the posting counts exactly under the pool's row lock, so the floor holds (docs/decisions/0003).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from timebank.core import clock, ids, months
from timebank.core.db import table_of
from timebank.core.errors import Refused, TimebankError
from timebank.core.limits import CLOCK_SKEW_FLAG_MINUTES
from timebank.core.text import T
from timebank.ledger.bulk import fetch, stored_instant
from timebank.ledger.ddl import BOOK_LOCK
from timebank.ledger.models import AccountKind, ClosedMonth, HourAccount
from timebank.ledger.queries import balance_minutes
from timebank.ledger.rules import AccountState, Posting, digest_of_values

COUNT_LASTS = timedelta(minutes=5)  # how old the count of the last seal may be to be relied on
NEAR_MINUTES = 60_000  # a pool this near to its floor is counted exactly: more than a county posts between two seals
LARGE_MINUTES = NEAR_MINUTES // 10  # so is what alone would use up a tenth of that
COMMON = AccountKind.common()
STATE = (
    "id, kind, floor_minutes, ceiling_minutes, balance_minutes, held_minutes, closed_at IS NOT NULL, "
    "coalesce(counted_at > {fresh_after}, false)"
)
_KINDS = {kind.value: kind for kind in AccountKind}
_LOCKED, _COMMON = "kind NOT IN ('pool', 'commons')", "kind IN ('pool', 'commons')"
# many names go to the server as one JSON text: psycopg takes ten times as long to write a list as an array
_LISTED_POSTGRES, _LISTED_SQLITE = "IN (SELECT json_array_elements_text(%s))", "IN (SELECT value FROM json_each(?))"
_OF_POSTGRES = f"SELECT {STATE.format(fresh_after='%s')} FROM houraccount WHERE id {_LISTED_POSTGRES}"
_OF_SQLITE = f"SELECT {STATE.format(fresh_after='?')} FROM houraccount WHERE id {_LISTED_SQLITE}"
_STATES_POSTGRES = {
    "locked": f"{_OF_POSTGRES} AND {_LOCKED} ORDER BY id FOR NO KEY UPDATE OF houraccount",
    "common": f"{_OF_POSTGRES} AND {_COMMON} ORDER BY id",
}
_STATES_SQLITE = {
    "locked": f"{_OF_SQLITE} AND {_LOCKED} ORDER BY id",
    "common": f"{_OF_SQLITE} AND {_COMMON} ORDER BY id",
}
_account = table_of(HourAccount).c
_KNOWN = "SELECT key, id, request_digest FROM transfer WHERE key"
Row = tuple[Any, ...]  # a transfer as `rules.COLUMNS` names it


@dataclass(frozen=True)
class Outcome:
    """What became of one posting of a batch: the transfer, or the refusal."""

    key: str
    transfer_id: str | None
    repeated: bool = False
    refusal: TimebankError | None = None


def is_postgres(session: Session) -> bool:
    """Whether this unit of work runs on PostgreSQL."""
    return session.connection().dialect.name == "postgresql"


def first_open_month(session: Session) -> str:
    """The first month that is not closed, or "" when none was closed yet.

    On PostgreSQL it also takes the shared side of the book lock, so that no month closes under a posting.
    """
    if is_postgres(session):
        return str(session.connection().execute(sa.select(sa.func.ledger_open_month())).scalar_one())
    return session.exec(select(sa.func.max(col(ClosedMonth.next_month)))).one() or ""


def lock_books(session: Session) -> None:
    """Keep every poster out until this unit of work ends: for closing a month, before anything else in it."""
    if is_postgres(session):
        session.connection().execute(sa.select(sa.func.pg_advisory_xact_lock(BOOK_LOCK)))


def row_of(posting: Posting, *, user_id: str, journal_id: str | None, open_month: str, recorded_at: str) -> Row:
    """The transfer row of a posting, digests included; instants as `rules.instant_text` writes them."""
    values = (
        ids.new_id("trf"),
        journal_id,
        posting.debit_account_id,
        posting.credit_account_id,
        posting.minutes,
        posting.reason.value,
        posting.source_id,
        posting.area_code,
        posting.event_text,
        recorded_at,
        user_id,
        max(months.month_of(posting.event_at), open_month),
        posting.policy_version,
        posting.key,
        posting.request_digest,
        posting.reverses_id,
    )
    return (*values, digest_of_values(values))


def in_future(posting: Posting, now: datetime) -> Refused | None:
    """The refusal of an event that has not happened yet by this machine's clock: one of two clocks is wrong."""
    if posting.event_at <= now + timedelta(minutes=CLOCK_SKEW_FLAG_MINUTES):
        return None
    text = T("This lies in the future. Check the date on the phone and on this computer, then enter it again.")
    return Refused("ledger.event_in_future", text, field="event_at")


def key_reused() -> Refused:
    """The refusal of a key that stands for other content already."""
    text = T("This entry was made before with other content. Nothing was changed.")
    return Refused("ledger.key_reused", text, field="key")


def known_keys(session: Session, keys: Sequence[str]) -> dict[str, tuple[str, str]]:
    """For keys that were posted before: the transfer's id and the digest of what was asked."""
    listed = _LISTED_POSTGRES if is_postgres(session) else _LISTED_SQLITE
    found = fetch(session, f"{_KNOWN} {listed}", [json.dumps(list(keys))])
    return {key: (transfer_id, digest) for key, transfer_id, digest in found}


def account_states(session: Session, outflow: Mapping[str, int]) -> dict[str, AccountState]:
    """Accounts as they are now, locked in order of id; what flows out of each at most, in minutes, is given.

    The pool and the commons are neither locked nor counted unless their floor is near.
    """
    fresh_after = clock.now() - COUNT_LASTS
    named = json.dumps(list(outflow))
    wanted: Sequence[Any] = (fresh_after, named)
    statements = _STATES_POSTGRES
    if not is_postgres(session):
        wanted, statements = (stored_instant(fresh_after), named), _STATES_SQLITE
    rows = fetch(session, statements["locked"], wanted)
    if len(rows) < len(outflow):
        rows += fetch(session, statements["common"], wanted)
    return states_of(session, rows, outflow)


def states_of(session: Session, rows: Sequence[Sequence[Any]], outflow: Mapping[str, int]) -> dict[str, AccountState]:
    """The states of accounts from rows that begin with `STATE`."""
    states = {}
    for account_id, kind, floor, ceiling, balance, held, is_closed, is_fresh, *_ in rows:
        state = AccountState(account_id, _KINDS[kind], floor, ceiling, balance, held, bool(is_closed))
        if state.kind in COMMON:
            watch_floor(session, state, is_fresh=bool(is_fresh), outflow=outflow[account_id])
        states[account_id] = state
    return states


def watch_floor(session: Session, state: AccountState, *, is_fresh: bool, outflow: int) -> None:
    """Forget the floor of a common account while it is far; else lock the account and count it exactly."""
    if state.floor is None or outflow == 0:
        state.floor = None
        return
    is_far = outflow <= LARGE_MINUTES and state.balance - outflow >= state.floor + NEAR_MINUTES
    if state.kind == AccountKind.POOL and is_fresh and is_far:
        state.floor = None
        return
    lock_common(session, state.id)
    state.balance = balance_minutes(session, state.id)


def lock_common(session: Session, account_id: str) -> None:
    """Let the postings that draw on a pool or commons near its floor go one after the other."""
    row = sa.select(_account.id).where(_account.id == account_id)
    session.connection().execute(row.with_for_update(key_share=True)).one()
