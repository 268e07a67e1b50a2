"""The one place that writes transfers: limits, exactly-once key, digests, in as few statements as the engine allows.

PostgreSQL gets one statement (insert, then the balances of the limited sides in id order); SQLite, which has no
writing CTE, gets the same steps one by one under BEGIN IMMEDIATE. Only member and gift accounts keep a balance:
a balance on the pool would make every poster queue for one row (docs/decisions/0003).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from timebank.core import clock, ids, months
from timebank.core.crash import crash_point
from timebank.core.db import table_of
from timebank.core.errors import Refused, TimebankError
from timebank.core.minutes import spoken
from timebank.core.text import T
from timebank.ledger.models import AccountKind, ClosedMonth, HourAccount, Transfer
from timebank.ledger.rules import Posting, row_digest

_BOOK_LOCK = 20_260_101  # advisory lock: shared by posters, exclusive for who closes a month
_transfer = table_of(Transfer)
_account = table_of(HourAccount)
_keeps_balance = sa.or_(_account.c.kind == AccountKind.MEMBER, _account.c.kind == AccountKind.GIFT)

_COLUMNS = ", ".join(column.name for column in _transfer.columns)
_VALUES = ", ".join(f":{column.name}" for column in _transfer.columns)
_POST_POSTGRES = sa.text(
    f"""
    WITH ins AS (
        INSERT INTO transfer ({_COLUMNS}) VALUES ({_VALUES}) ON CONFLICT (key) DO NOTHING RETURNING id
    ), side AS (
        SELECT id FROM houraccount
        WHERE id IN (:debit_account_id, :credit_account_id) AND kind IN ('member', 'gift') AND EXISTS (SELECT FROM ins)
        ORDER BY id FOR UPDATE
    ), moved AS (
        UPDATE houraccount a
        SET balance_minutes = balance_minutes + CASE WHEN a.id = :debit_account_id THEN -:minutes ELSE :minutes END
        FROM side
        WHERE a.id = side.id AND a.closed_at IS NULL
          AND (a.id <> :debit_account_id OR a.floor_minutes IS NULL
               OR a.balance_minutes - a.held_minutes - :minutes >= a.floor_minutes)
          AND (a.id <> :credit_account_id OR a.ceiling_minutes IS NULL
               OR a.balance_minutes + :minutes <= a.ceiling_minutes)
        RETURNING a.id
    )
    SELECT (SELECT count(*) FROM ins), (SELECT count(*) FROM side), (SELECT count(*) FROM moved)
    """
)


@dataclass(frozen=True)
class Outcome:
    """What became of one posting of a batch: the transfer, or the refusal."""

    key: str
    transfer_id: str | None
    repeated: bool = False
    refusal: TimebankError | None = None


def first_open_month(session: Session) -> str:
    """The first month that is not closed, or "" when none was closed yet.

    On PostgreSQL it also takes the shared side of the book lock, so that no month closes under a posting.
    """
    latest = select(sa.func.max(col(ClosedMonth.next_month)))
    if session.get_bind().dialect.name == "postgresql":
        lock = sa.func.pg_advisory_xact_lock_shared(_BOOK_LOCK)
        found = session.connection().execute(sa.select(latest.scalar_subquery(), lock)).one()[0]
    else:
        found = session.exec(latest).one()
    return found or ""


def lock_books(session: Session) -> None:
    """Keep every poster out until this unit of work ends: for closing a month."""
    if session.get_bind().dialect.name == "postgresql":
        session.connection().execute(sa.select(sa.func.pg_advisory_xact_lock(_BOOK_LOCK)))


def row_of(posting: Posting, *, user_id: str, journal_id: str | None, open_month: str, now: datetime) -> dict[str, Any]:
    """The transfer row of a posting, digests included."""
    row: dict[str, Any] = {
        "id": ids.new_id("trf"),
        "journal_id": journal_id,
        "debit_account_id": posting.debit_account_id,
        "credit_account_id": posting.credit_account_id,
        "minutes": posting.minutes,
        "reason": posting.reason.value,
        "source_id": posting.source_id,
        "area_code": posting.area_code,
        "event_at": posting.event_at,
        "recorded_at": now,
        "recorded_by": user_id,
        "book_month": max(months.month_of(posting.event_at), open_month),
        "policy_version": posting.policy_version,
        "key": posting.key,
        "reverses_id": posting.reverses_id,
    }
    facts = {("transfer_id" if name == "id" else name): value for name, value in row.items()}
    return {**row, "request_digest": posting.request_digest, "digest": row_digest(**facts)}


def write(session: Session, posting: Posting, *, user_id: str, journal_id: str | None = None) -> tuple[str, bool]:
    """Write one transfer inside the caller's unit of work; the id, and whether it had been written before.

    Raises
    ------
    Refused
        `ledger.key_reused`, `ledger.floor_reached`, `ledger.ceiling_reached`, `ledger.account_closed`.
        The caller's unit of work must then be rolled back.
    """
    session.flush()
    row = row_of(posting, user_id=user_id, journal_id=journal_id, open_month=first_open_month(session), now=clock.now())
    if session.get_bind().dialect.name == "postgresql":
        written = _write_postgres(session, row)
    else:
        written = _write_sqlite(session, row)
    crash_point("ledger.after_post")
    return (row["id"], False) if written else (_repeated(session, posting), True)


def _write_postgres(session: Session, row: dict[str, Any]) -> bool:
    inserted, sides, moved = session.connection().execute(_POST_POSTGRES, row).one()
    if inserted and moved < sides:
        _refuse(session, row)
    return bool(inserted)


def _write_sqlite(session: Session, row: dict[str, Any]) -> bool:
    connection = session.connection()
    known = connection.execute(sa.select(_transfer.c.id).where(_transfer.c.key == row["key"])).first()
    if known:
        return False
    connection.execute(sa.insert(_transfer).values(**row))
    crash_point("ledger.between_insert_and_balance")
    for account_id, change in ((row["debit_account_id"], -row["minutes"]), (row["credit_account_id"], row["minutes"])):
        _move(session, row, account_id, change)
    return True


def _move(session: Session, row: dict[str, Any], account_id: str, change: int) -> None:
    """Change the kept balance of one side; sides without a kept balance (pool, commons) have nothing to change."""
    c = _account.c
    fits = sa.or_(
        c.floor_minutes.is_(None) if change < 0 else c.ceiling_minutes.is_(None),
        c.balance_minutes - c.held_minutes + change >= c.floor_minutes
        if change < 0
        else c.balance_minutes + change <= c.ceiling_minutes,
    )
    moved = sa.update(_account).where(c.id == account_id, _keeps_balance, c.closed_at.is_(None), fits)
    result = session.connection().execute(moved.values(balance_minutes=c.balance_minutes + change))
    if result.rowcount == 0:
        kind = session.connection().execute(sa.select(c.kind).where(c.id == account_id)).scalar()
        if kind in (AccountKind.MEMBER, AccountKind.GIFT):
            _refuse(session, row)


def _refuse(session: Session, row: dict[str, Any]) -> None:
    """Say which limit stood in the way, with the minutes that are missing."""
    both = [row["debit_account_id"], row["credit_account_id"]]
    facts = {
        found.id: found for found in session.connection().execute(sa.select(_account).where(_account.c.id.in_(both)))
    }
    if any(found.closed_at for found in facts.values()):
        raise Refused("ledger.account_closed", T("This account is closed. Ask the township office."), field="account")
    debit, credit, minutes = facts[both[0]], facts[both[1]], row["minutes"]
    if debit.floor_minutes is not None:
        short = minutes - (debit.balance_minutes - debit.held_minutes - debit.floor_minutes)
        if short > 0:
            text = T("{short} are missing; the pool may help out.", short=spoken(short))
            raise Refused("ledger.floor_reached", text, field="minutes")
    room = credit.ceiling_minutes - credit.balance_minutes
    text = T("At most {room} more fit into this account; the rest can be donated.", room=spoken(room))
    raise Refused("ledger.ceiling_reached", text, field="minutes")


def _repeated(session: Session, posting: Posting) -> str:
    known = (
        session.connection()
        .execute(sa.select(_transfer.c.id, _transfer.c.request_digest).where(_transfer.c.key == posting.key))
        .one()
    )
    if known.request_digest != posting.request_digest:
        text = T("This entry was made before with other content. Nothing was changed.")
        raise Refused("ledger.key_reused", text, field="key")
    return str(known.id)


def write_batch(session: Session, postings: Sequence[Posting], *, user_id: str) -> list[Outcome]:
    """Write many transfers set by set; what does not fit falls out alone and hides no other.

    First all at once with the net change of each account; if any account would break a limit, one by one in a
    savepoint each. A batch that is sent again posts nothing twice.
    """
    session.flush()
    fresh, outcomes = _sort_out(session, postings)
    if fresh:
        try:
            with session.begin_nested():
                made = _write_set(session, fresh, user_id=user_id)
            outcomes.update(made)
        except Refused:
            outcomes.update(_one_by_one(session, fresh, user_id=user_id))
    return [outcomes[posting.key] for posting in postings]


def _sort_out(session: Session, postings: Sequence[Posting]) -> tuple[list[Posting], dict[str, Outcome]]:
    """Which postings are new; the outcomes of those that are repetitions or conflicts."""
    keys = [posting.key for posting in postings]
    known: dict[str, tuple[str, str]] = {}
    for start in range(0, len(keys), 500):
        part = sa.select(_transfer.c.key, _transfer.c.id, _transfer.c.request_digest)
        for key, transfer_id, digest in session.connection().execute(
            part.where(_transfer.c.key.in_(keys[start : start + 500]))
        ):
            known[key] = (transfer_id, digest)
    fresh: dict[str, Posting] = {}
    outcomes: dict[str, Outcome] = {}
    conflict = Refused("ledger.key_reused", T("This entry was made before with other content. Nothing was changed."))
    for posting in postings:
        first = known.get(posting.key)
        twin = fresh.get(posting.key)
        if first is not None:
            same = first[1] == posting.request_digest
            outcomes[posting.key] = (
                Outcome(posting.key, first[0], True) if same else Outcome(posting.key, None, False, conflict)
            )
        elif twin is None:
            fresh[posting.key] = posting
        elif twin.request_digest != posting.request_digest:
            raise conflict
    return list(fresh.values()), outcomes


def _write_set(session: Session, postings: Sequence[Posting], *, user_id: str) -> dict[str, Outcome]:
    now, open_month = clock.now(), first_open_month(session)
    rows = [row_of(item, user_id=user_id, journal_id=None, open_month=open_month, now=now) for item in postings]
    net: dict[str, int] = {}
    for row in rows:
        net[row["debit_account_id"]] = net.get(row["debit_account_id"], 0) - row["minutes"]
        net[row["credit_account_id"]] = net.get(row["credit_account_id"], 0) + row["minutes"]
    connection = session.connection()
    connection.execute(sa.insert(_transfer), rows)
    c = _account.c
    change = sa.bindparam("change", type_=sa.Integer)
    statement = (
        sa.update(_account)
        .where(c.id == sa.bindparam("account_id"), _keeps_balance, c.closed_at.is_(None))
        .values(balance_minutes=c.balance_minutes + change)
    )
    changes = [{"account_id": account_id, "change": minutes} for account_id, minutes in sorted(net.items())]
    try:
        connection.execute(statement, changes)
    except sa.exc.IntegrityError:  # the checks of the table: a floor or a ceiling
        raise Refused("ledger.batch_limit", T("One of the entries does not fit.")) from None
    _refuse_closed(session, list(net))
    return {row["key"]: Outcome(row["key"], row["id"]) for row in rows}


def _refuse_closed(session: Session, account_ids: list[str]) -> None:
    for start in range(0, len(account_ids), 500):
        part = account_ids[start : start + 500]
        closed = sa.select(_account.c.id).where(_account.c.id.in_(part), _account.c.closed_at.is_not(None))
        if session.connection().execute(closed).first():
            raise Refused("ledger.account_closed", T("This account is closed. Ask the township office."))


def _one_by_one(session: Session, postings: Sequence[Posting], *, user_id: str) -> dict[str, Outcome]:
    outcomes = {}
    for posting in postings:
        try:
            with session.begin_nested():
                transfer_id, repeated = write(session, posting, user_id=user_id)
            outcomes[posting.key] = Outcome(posting.key, transfer_id, repeated)
        except Refused as refusal:
            outcomes[posting.key] = Outcome(posting.key, None, False, refusal)
    return outcomes
