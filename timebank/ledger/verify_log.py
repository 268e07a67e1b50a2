"""Checking the sealed log: its leaves against the roots that were sealed, the seals against the file outside."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from timebank.core import crypto
from timebank.core.db import table_of
from timebank.ledger import proofs
from timebank.ledger.merkle import Log, leaf_hash
from timebank.ledger.models import Seal, SealedLeaf, SealedNode
from timebank.ledger.operations.sealing import SEALS_FILE
from timebank.ledger.rules import seal_chain, seal_line

_CHUNK = 20_000
Problems = Iterator[tuple[str, str]]
_leaf, _node = table_of(SealedLeaf).c, table_of(SealedNode).c


def check_log(session: Session) -> Problems:
    """Build the log again from its leaves: no gap, every kept node, and at the size of each seal its root."""
    log, made = Log(), proofs.seals(session)
    leaves = _digests(session)
    for seal in made:
        while log.size < seal.tree_size:
            wanted = min(_CHUNK, seal.tree_size - log.size)
            digests = [digest for _, digest in zip(range(wanted), leaves, strict=False)]
            nodes = log.extend(map(leaf_hash, digests))
            yield from _check_nodes(session, nodes)
            if len(digests) < wanted:
                yield _name(seal), f"{seal.tree_size} rows were sealed, only the first {log.size} are in the log"
                return
        if log.root() != seal.root:
            yield _name(seal), "the rows of the log do not lead to the root that was sealed"
    if next(leaves, None) is not None:
        yield f"position {log.size}", "the log goes on behind the last seal: seals were cut off or rows put in"


def _digests(session: Session) -> Iterator[str]:
    """The digests of the leaves in order, up to the first gap."""
    found = sa.select(_leaf.position, _leaf.digest).order_by(_leaf.position)
    rows = session.connection().execute(found, execution_options={"yield_per": _CHUNK})
    for expected, (position, digest) in enumerate(rows):
        if position != expected:
            return
        yield digest


def _check_nodes(session: Session, nodes: list[tuple[int, int, bytes]]) -> Problems:
    """Compare the nodes of one stretch of the log with those that are kept."""
    built = {(level, position): hash_.hex() for level, position, hash_ in nodes}
    for level in sorted({level for level, _ in built}):
        positions = [position for at, position in built if at == level]
        kept = sa.select(_node.position, _node.hash).where(
            _node.level == level, _node.position >= min(positions), _node.position <= max(positions)
        )
        found: dict[int, Any] = {row[0]: row[1] for row in session.connection().execute(kept)}
        for position in positions:
            if found.get(position) != built[level, position]:
                yield f"node {level}/{position}", "the kept hash is not the one that its rows make"


def check_seals(session: Session, folder: Path | None) -> Problems:
    """Check that seals are numbered, chained and signed, and that those outside the database are the same."""
    public_key, before = crypto.signer().public_key, None
    made = proofs.seals(session)
    for seal in made:
        if seal.id != (before.id + 1 if before else 1) or seal.previous != (before.chain if before else ""):
            yield _name(seal), "the seal does not follow the one before it"
        if before and seal.tree_size < before.tree_size:
            yield _name(seal), "the log is shorter than at the seal before"
        if seal.chain != seal_chain(seal) or not crypto.is_signed(seal.chain, seal.signature, public_key=public_key):
            yield _name(seal), "the seal was changed or not made by this installation"
        before = seal
    if folder is not None:
        yield from _check_file(made, folder / SEALS_FILE)


def _check_file(made: list[Seal], path: Path) -> Problems:
    """Compare with the file; only the newest seal may still wait to be written there."""
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []
    for seal, line in zip(made, lines, strict=False):
        if seal_line(seal) != line:
            yield _name(seal), "the seal is not the one that was kept outside the database"
    if len(lines) > len(made):
        kept = _tree_size(lines[-1])
        yield f"seal {len(made) + 1}", f"was kept outside and is not in the database: {kept} rows had been sealed"
    if len(made) > len(lines) + 1:
        yield f"seal {len(lines) + 1}", "is missing in the file outside the database"


def _tree_size(line: str) -> str:
    try:
        return str(json.loads(line)["tree_size"])
    except (ValueError, KeyError, TypeError):
        return "an unreadable number of"


def _name(seal: Seal) -> str:
    return f"seal {seal.id}"
