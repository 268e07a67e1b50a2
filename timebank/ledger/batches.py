"""Writing many transfers at once: each is judged in its order, what does not fit falls out alone and hides no other.

The accounts with limits are locked in order of id and read once; the checks then run in memory exactly as one posting
after the other would meet them; what passes goes to the database as one set. Sent again, a batch posts nothing twice.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from timebank.core import clock
from timebank.core.crash import crash_point
from timebank.core.errors import Refused
from timebank.ledger import books
from timebank.ledger.books import Outcome, Row
from timebank.ledger.bulk import fetch, insert_rows
from timebank.ledger.rules import COLUMNS, AccountState, Posting, instant_text, refusal_of

_INSTANTS = (COLUMNS.index("event_at"), COLUMNS.index("recorded_at"))
_TRIES = 3
_MOVE = "UPDATE houraccount SET balance_minutes = balance_minutes + {} WHERE houraccount.id = moved.key"
_MOVE_POSTGRES = _MOVE.format("moved.value::int FROM json_each_text(%s) AS moved")
_MOVE_SQLITE = _MOVE.format("moved.value FROM json_each(?) AS moved")


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
    is_postgres = books.is_postgres(session)

    def fitting() -> Iterator[Sequence[Any]]:
        """Judge one posting after the other; the rows of those that pass, while the database takes in the first."""
        for posting in postings:
            outcome = _repetition(posting, known) or _refused(posting, states, now)
            if outcome is None:
                row = books.row_of(
                    posting, user_id=user_id, journal_id=journal_id, open_month=open_month, recorded_at=recorded_at
                )
                known[posting.key] = (row[0], posting.request_digest)
                _move(states, net, posting)
                outcome = Outcome(posting.key, row[0])
                yield row if is_postgres else written_sqlite(row)
            outcomes.append(outcome)

    insert_rows(session, "transfer", COLUMNS, fitting())
    crash_point("ledger.between_insert_and_balance")
    _write_balances(session, net)
    return outcomes


def written_sqlite(row: Row) -> list[Any]:
    """A row as SQLite keeps it: its instants have a space in the middle and no sign of UTC."""
    stored = list(row)
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
    if net:
        fetch(session, _MOVE_POSTGRES if books.is_postgres(session) else _MOVE_SQLITE, [json.dumps(net)])
