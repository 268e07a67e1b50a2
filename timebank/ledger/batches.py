"""Writing many transfers at once: each is judged in its order, what does not fit falls out alone and hides no other.

The accounts with limits are locked in order of id and read once; the checks then run in memory exactly as one posting
after the other would meet them; what passes goes to the database as one set. Sent again, a batch posts nothing twice.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from timebank.core import clock
from timebank.core.crash import crash_point
from timebank.core.db import table_of
from timebank.core.errors import Refused
from timebank.ledger import books
from timebank.ledger.books import Outcome
from timebank.ledger.bulk import insert_rows
from timebank.ledger.models import Transfer
from timebank.ledger.rules import AccountState, Posting, instant_text, refusal_of

COLUMNS = tuple(column.name for column in table_of(Transfer).columns)
_INSTANTS = (COLUMNS.index("event_at"), COLUMNS.index("recorded_at"))
_TRIES = 3
_MOVE_POSTGRES = (
    "UPDATE houraccount a SET balance_minutes = a.balance_minutes + c.net "
    "FROM unnest(%s::text[], %s::int[]) AS c(id, net) WHERE a.id = c.id"
)
_MOVE_SQLITE = "UPDATE houraccount SET balance_minutes = balance_minutes + ? WHERE id = ?"


def write_batch(
    session: Session, postings: Sequence[Posting], *, user_id: str, journal_id: str | None = None
) -> list[Outcome]:
    """Write what fits of many postings inside the caller's unit of work; one outcome for each, in order."""
    session.flush()
    for _ in range(_TRIES):
        try:
            with session.begin_nested():
                return _write_set(session, postings, user_id=user_id, journal_id=journal_id)
        except sa.exc.IntegrityError as error:  # somebody posted one of the keys meanwhile
            taken = error
    raise taken


def _write_set(session: Session, postings: Sequence[Posting], *, user_id: str, journal_id: str | None) -> list[Outcome]:
    open_month, now = books.first_open_month(session), clock.now()
    states = books.account_states(session, _outflow(postings))
    known = books.known_keys(session, [posting.key for posting in postings])
    outcomes: list[Outcome] = []
    net: dict[str, int] = {}
    recorded_at = instant_text(now)
    is_written = itemgetter(*COLUMNS) if books.is_postgres(session) else written_sqlite

    def fitting() -> Iterator[Sequence[Any]]:
        """Judge one posting after the other; the rows of those that pass, while the database takes in the first."""
        for posting in postings:
            outcome = _repetition(posting, known) or _refused(posting, states, now)
            if outcome is None:
                row = books.row_of(
                    posting, user_id=user_id, journal_id=journal_id, open_month=open_month, recorded_at=recorded_at
                )
                known[posting.key] = (row["id"], row["request_digest"])
                _move(states, net, posting)
                outcome = Outcome(posting.key, row["id"])
                yield is_written(row)
            outcomes.append(outcome)

    insert_rows(session, "transfer", COLUMNS, fitting())
    crash_point("ledger.between_insert_and_balance")
    _write_balances(session, net)
    return outcomes


def written_sqlite(row: Mapping[str, Any]) -> list[Any]:
    """The values of a row of `books.row_of` as SQLite keeps them, in the order of `COLUMNS`."""
    stored = [row[name] for name in COLUMNS]
    for place in _INSTANTS:
        stored[place] = f"{stored[place][:10]} {stored[place][11:26]}"
    return stored


def _outflow(postings: Sequence[Posting]) -> dict[str, int]:
    """Every account of a batch, with what flows out of it at most."""
    outflow: dict[str, int] = {}
    for posting in postings:
        outflow[posting.debit_account_id] = outflow.get(posting.debit_account_id, 0) + posting.minutes
        outflow.setdefault(posting.credit_account_id, 0)
    return outflow


def _repetition(posting: Posting, known: dict[str, tuple[str, str]]) -> Outcome | None:
    before = known.get(posting.key)
    if before is None:
        return None
    if before[1] == posting.request_digest:
        return Outcome(posting.key, before[0], repeated=True)
    return Outcome(posting.key, None, refusal=books.key_reused())


def _refused(posting: Posting, states: dict[str, AccountState], now: datetime) -> Outcome | None:
    debit, credit = states.get(posting.debit_account_id), states.get(posting.credit_account_id)
    refusal: Refused | None = books.in_future(posting, now) or refusal_of(debit, credit, posting.minutes)
    return Outcome(posting.key, None, refusal=refusal) if refusal else None


def _move(states: dict[str, AccountState], net: dict[str, int], posting: Posting) -> None:
    for account_id, minutes in (
        (posting.debit_account_id, -posting.minutes),
        (posting.credit_account_id, posting.minutes),
    ):
        state = states[account_id]
        state.balance += minutes
        if state.kind not in books.COMMON:
            net[account_id] = net.get(account_id, 0) + minutes


def _write_balances(session: Session, net: dict[str, int]) -> None:
    if not net:
        return
    connection = session.connection()
    if books.is_postgres(session):
        connection.exec_driver_sql(_MOVE_POSTGRES, (list(net), list(net.values())))
    else:
        connection.exec_driver_sql(_MOVE_SQLITE, [(minutes, account_id) for account_id, minutes in net.items()])
