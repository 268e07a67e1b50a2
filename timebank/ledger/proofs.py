"""Reading the sealed log: the latest seal, proofs that a transfer is in it, proofs that it only grew."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session, and_, col, outerjoin, select
from sqlmodel.sql.expression import SelectOfScalar

from timebank.audit.models import AuditEvent
from timebank.core import ids
from timebank.ledger.bulk import fetch
from timebank.ledger.merkle import FAN_OUT, BrokenLog, InclusionProof, Node, Tree, edge_ranges, leaf_hash, proof_ranges
from timebank.ledger.models import Seal, SealedLeaf, Transfer
from timebank.ledger.rules import row_digest

CLOSE = "close "  # how the reason of a seal begins that closes a month, which stands behind it
SEALED_WITHIN = timedelta(minutes=15)  # a row that waits longer for its seal than this was put in behind it
LOOK_BACK = timedelta(days=1)  # no unit of work runs longer; a row made by a wrong clock waits for the complete look
_AT_MOST = f"LIMIT {FAN_OUT}"  # else PostgreSQL expects so many rows in a range that it starts parallel workers
_LEAVES = "SELECT 0, position, digest FROM sealedleaf WHERE position >= {mark} AND position < {mark} " + _AT_MOST
_LEAF_AND_SEAL = (
    "SELECT l.position, l.digest, s.id, s.tree_size, s.root FROM sealedleaf l, seal s "
    "WHERE l.row_id = {mark} AND s.id = (SELECT max(id) FROM seal) AND l.position < s.tree_size"
)
_NODES = (
    "SELECT level, position, hash FROM sealednode "
    "WHERE level = {mark} AND position >= {mark} AND position < {mark} " + _AT_MOST
)


def latest_seal(session: Session) -> Seal | None:
    """The newest seal, if anything was sealed."""
    return session.exec(select(Seal).order_by(col(Seal.id).desc()).limit(1)).first()


def seals(session: Session, *, after_id: int = 0, limit: int | None = None) -> list[Seal]:
    """Seals in order, those after one."""
    return list(session.exec(select(Seal).where(Seal.id > after_id).order_by(col(Seal.id)).limit(limit)))


def in_the_log(condition: ColumnElement[bool]) -> SelectOfScalar[AuditEvent]:
    """Events in the order in which they were sealed, what waits for its seal last.

    Whoever puts one in later may give it any date, and no place before those that are sealed.
    """
    leaf = outerjoin(AuditEvent, SealedLeaf, col(SealedLeaf.row_id) == AuditEvent.id)
    found = select(AuditEvent).select_from(leaf).where(condition)
    return found.order_by(col(SealedLeaf.position).is_(None), col(SealedLeaf.position), AuditEvent.id)


def first_said(session: Session, action: str, subject_id: str) -> AuditEvent | None:
    """The first event of a kind about something: what was said when it was done, and sealed then."""
    about = and_(AuditEvent.action == action, AuditEvent.subject_id == subject_id)
    return session.exec(in_the_log(about)).first()


def newer_than(seal: Seal | None, prefix: str) -> str:
    """The id after which rows may not be sealed yet: a day before a seal, or the very first without one."""
    return ids.first_id(prefix, seal.sealed_at - LOOK_BACK) if seal else ""


def seal_before(session: Session, instant: datetime) -> Seal | None:
    """The newest seal made before an instant: for the root sheet of a month."""
    found = select(Seal).where(col(Seal.sealed_at) < instant).order_by(col(Seal.id).desc()).limit(1)
    return session.exec(found).first()


class Sealing(StrEnum):
    """Where a line of the ledger stands: not sealed yet, proved by the newest seal, or tampered with."""

    WAITING = "waiting"
    PROVED = "proved"
    BROKEN = "broken"


def sealing_of(session: Session, transfer: Transfer) -> tuple[Sealing, InclusionProof | None]:
    """Whether a row, as it stands in the records now, is the one that was sealed; with the proof where there is one.

    The digest is made again from what the row says, so an edited row is broken though its digest was left alone; so is
    one that the last seal should have held long ago.
    """
    try:
        proof = inclusion_of(session, transfer.id)
    except BrokenLog:
        return Sealing.BROKEN, None
    if proof is None:
        last = latest_seal(session)
        is_overdue = last is not None and transfer.recorded_at < last.sealed_at - SEALED_WITHIN
        return (Sealing.BROKEN if is_overdue else Sealing.WAITING), None
    is_sound = proof.digest == row_digest(transfer.model_dump()) and proof.holds()
    return (Sealing.PROVED if is_sound else Sealing.BROKEN), proof


def inclusion_of(session: Session, transfer_id: str) -> InclusionProof | None:
    """The proof that a transfer stands in the log under the newest seal; None where it is not sealed yet.

    Reads a bounded number of kept hashes, however long the log; raises `BrokenLog` where one of them is missing.
    """
    found = fetch(session, _LEAF_AND_SEAL.format(mark=_mark(session)), (transfer_id,))
    if not found:
        return None
    position, digest, seal_id, size, root = found[0]
    path = Tree(size, kept_hashes(session, proof_ranges(position, size))).inclusion_path(position)
    return InclusionProof(transfer_id, digest, position, size, root, seal_id, tuple(path))


def consistency_of(session: Session, earlier: Seal, later: Seal) -> list[str]:
    """The proof that the log under `later` begins with the log under `earlier` (RFC 9162, 2.1.4)."""
    if earlier.tree_size == later.tree_size:
        return []
    ranges = proof_ranges(earlier.tree_size - 1, later.tree_size)
    return Tree(later.tree_size, kept_hashes(session, ranges)).consistency_path(earlier.tree_size)


def right_edge(session: Session, size: int) -> list[list[bytes]]:
    """The hashes from which a log of this size goes on growing."""
    ranges = edge_ranges(size)
    kept = kept_hashes(session, ranges)
    return [[kept[level, index] for index in range(start, end)] for level, start, end in ranges]


def kept_hashes(session: Session, ranges: Sequence[tuple[int, int, int]]) -> dict[Node, bytes]:
    """The kept hashes of some ranges (level, from, to) within groups of sixteen, leaves hashed; one statement."""
    wanted = [(level, start, end) for level, start, end in ranges if start < end]
    if not wanted:
        return {}
    mark = _mark(session)
    one = "SELECT * FROM ({}) AS part"  # each by its primary key
    parts = (one.format((_NODES if level else _LEAVES).format(mark=mark)) for level, _, _ in wanted)
    values = [value for level, start, end in wanted for value in ((level, start, end) if level else (start, end))]
    found = fetch(session, " UNION ALL ".join(parts), values)
    return {(level, position): bytes.fromhex(kept) if level else leaf_hash(kept) for level, position, kept in found}


def _mark(session: Session) -> str:
    """How a value is written in a statement of our own."""
    return "%s" if session.connection().dialect.name == "postgresql" else "?"
