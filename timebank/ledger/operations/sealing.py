"""Putting new rows of the record into the Merkle log and sealing its root, and keeping the roots outside the database.

No row waits for the hash of the one before it: rows are posted first and sealed within the minute. A row is found
because it has no leaf yet, within a day of ids before the last seal; a complete look, at each close, finds the rest.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import sqlalchemy as sa
from sqlmodel import Session, col, select

from timebank.audit.models import AuditEvent
from timebank.audit.rules import event_digest
from timebank.core import clock, crypto
from timebank.core.actors import SYSTEM, Actor
from timebank.core.crash import crash_point
from timebank.core.db import table_of
from timebank.ledger import proofs
from timebank.ledger.bulk import insert_rows
from timebank.ledger.merkle import Log, leaf_hash
from timebank.ledger.models import AccountKind, HourAccount, Seal, SealedLeaf, Transfer
from timebank.ledger.rules import seal_chain, seal_line

SEALS_FILE = "seals.jsonl"
_SEAL_LOCK = 20_260_102  # advisory lock: one sealer at a time
_CHUNK = 20_000
_transfer, _leaf, _event = table_of(Transfer).c, table_of(SealedLeaf).c, table_of(AuditEvent).c


def seal_new_rows(
    session: Session, *, actor: Actor = SYSTEM, reason: str = "minute", complete: bool = False
) -> Seal | None:
    """Seal every transfer and audit event that is not in the log yet; None where there is nothing new.

    `complete` looks at the whole history instead of the time since the last seal: at each close. The caller commits and
    then calls `export_seals`. Several callers at once wait for each other.
    """
    session.flush()
    if session.get_bind().dialect.name == "postgresql":
        session.connection().execute(sa.select(sa.func.pg_advisory_xact_lock(_SEAL_LOCK)))
    last = proofs.latest_seal(session)
    size = last.tree_size if last else 0
    since = None if complete else last
    log = Log(size, proofs.right_edge(session, size))
    counted: dict[str, int] = {}
    for leaves in _new_leaves(session, since, counted):
        _append(session, log, leaves)
    _count_common_accounts(session, counted)
    if log.size == size:
        return None
    crash_point("ledger.before_seal")
    return _seal(session, log, last, reason=reason, user_id=actor.user_id)


def _new_leaves(session: Session, since: Seal | None, counted: dict[str, int]) -> Iterator[list[tuple[str, str]]]:
    """(row id, digest) of what is not sealed yet, chunk by chunk, transfers first; adds those up in `counted`."""
    after = proofs.newer_than(since, "trf")
    while rows := session.connection().execute(_unsealed_transfers(after)).all():
        for row in rows:
            counted[row.debit_account_id] = counted.get(row.debit_account_id, 0) - row.minutes
            counted[row.credit_account_id] = counted.get(row.credit_account_id, 0) + row.minutes
        yield [(row.id, row.digest) for row in rows]
        after = rows[-1].id
    after = proofs.newer_than(since, "aud")
    while events := session.connection().execute(_unsealed_events(after)).all():
        yield [(event.id, digest_of_event(event._asdict())) for event in events]
        after = events[-1].id


def _unsealed_transfers(after: str) -> sa.Select[Any]:
    columns = (_transfer.id, _transfer.digest, _transfer.debit_account_id, _transfer.credit_account_id)
    found = sa.select(*columns, _transfer.minutes).outerjoin(table_of(SealedLeaf), _leaf.row_id == _transfer.id)
    return found.where(_transfer.id > after, _leaf.row_id.is_(None)).order_by(_transfer.id).limit(_CHUNK)


def _unsealed_events(after: str) -> sa.Select[Any]:
    found = sa.select(table_of(AuditEvent)).outerjoin(table_of(SealedLeaf), _leaf.row_id == _event.id)
    return found.where(_event.id > after, _leaf.row_id.is_(None)).order_by(_event.id).limit(_CHUNK)


def digest_of_event(columns: Mapping[str, Any]) -> str:
    """The digest of an audit event's row."""
    facts = dict(columns)
    return event_digest(event_id=facts.pop("id"), **facts)


def _append(session: Session, log: Log, leaves: list[tuple[str, str]]) -> None:
    first = log.size
    made = log.extend([leaf_hash(digest) for _, digest in leaves])
    rows = ((first + index, row_id, digest) for index, (row_id, digest) in enumerate(leaves))
    insert_rows(session, "sealedleaf", ("position", "row_id", "digest"), rows)
    crash_point("ledger.between_leaves_and_nodes")
    nodes = ((level, index, hash_.hex()) for level, index, hash_ in made)
    insert_rows(session, "sealednode", ("level", "position", "hash"), nodes)


def _count_common_accounts(session: Session, counted: dict[str, int]) -> None:
    """Bring the pools and commons up to what is sealed now: the mark from which their balance is read."""
    common = select(HourAccount.id).where(col(HourAccount.kind).in_(AccountKind.common()))
    table = table_of(HourAccount)
    for account_id in session.exec(common.order_by(HourAccount.id)).all():
        balance = table.c.balance_minutes + counted.get(account_id, 0)
        change = sa.update(table).where(table.c.id == account_id)
        session.connection().execute(change.values(balance_minutes=balance, counted_at=clock.now()))


def _seal(session: Session, log: Log, last: Seal | None, *, reason: str, user_id: str) -> Seal:
    seal = Seal(
        id=last.id + 1 if last else 1,
        tree_size=log.size,
        root=log.root(),
        previous=last.chain if last else "",
        chain="",
        signature="",
        sealed_at=clock.now(),
        reason=f"{reason} {user_id}"[:40],
    )
    seal.chain = seal_chain(seal)
    seal.signature = crypto.signer().sign(seal.chain)
    session.add(seal)
    session.flush()
    return seal


def export_seals(session: Session, folder: Path) -> int:
    """Append the seals that are not in the file yet to `<folder>/seals.jsonl`, on the disk before it returns; how many.

    To be called after the unit of work that sealed was committed. What a crash in between left out, the next call adds;
    half a line, as a full disk or a power cut leaves it, is taken off and written whole.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / SEALS_FILE, "a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        fresh = proofs.seals(session, after_id=_last_whole(file))
        file.writelines(f"{seal_line(seal)}\n".encode() for seal in fresh)
        file.flush()
        os.fsync(file.fileno())
    return len(fresh)


def _last_whole(file: BinaryIO) -> int:
    """The number of the last seal that the file holds whole, 0 for none; what stands behind it is cut off.

    Raises ValueError where the last line is none: the file was changed, and nothing is added until somebody looks.
    """
    file.seek(0)
    whole, _, torn = file.read().rpartition(b"\n")
    if torn:
        file.truncate(len(whole) + 1 if whole else 0)
    try:
        return int(json.loads(whole.splitlines()[-1])["id"]) if whole else 0
    except (KeyError, TypeError) as error:
        raise ValueError("the last line of the file of seals is not a seal") from error
