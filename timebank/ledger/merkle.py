"""The Merkle log of RFC 9162, section 2.1: roots, proofs that an entry is in it, proofs that it only grew. Pure.

A leaf is the digest of one row. Complete subtrees never change, so the hashes of every fourth level are kept
(`BAND` levels a band): a proof then needs at most sixteen kept hashes a band, however long the log.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

BAND = 4
FAN_OUT = 1 << BAND
EMPTY_ROOT = sha256(b"").hexdigest()

Node = tuple[int, int]  # (level, index): the complete subtree over leaves [index << level, (index + 1) << level)


def leaf_hash(digest: str) -> bytes:
    """The hash of a leaf: SHA-256 over 0x00 and the row's digest."""
    return sha256(b"\x00" + bytes.fromhex(digest)).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node: SHA-256 over 0x01 and both children."""
    return sha256(b"\x01" + left + right).digest()


class Log:
    """The right edge of a log: enough to append leaves, to emit the kept nodes and to tell the root.

    Parameters
    ----------
    size
        Leaves so far.
    edge
        For each band the hashes of complete subtrees that do not fill a group of sixteen yet: see `edge_ranges`.
    """

    def __init__(self, size: int = 0, edge: Sequence[Sequence[bytes]] = ()) -> None:
        self.size = size
        self._edge = [list(pending) for pending in edge] or [[]]

    def extend(self, leaves: Iterable[bytes]) -> list[tuple[int, int, bytes]]:
        """Append leaf hashes; the nodes that became complete as (level, index, hash)."""
        made: list[tuple[int, int, bytes]] = []
        pending = self._edge[0]
        for leaf in leaves:
            pending.append(leaf)
            self.size += 1
            if len(pending) == FAN_OUT:
                self._fold(made)
        return made

    def _fold(self, made: list[tuple[int, int, bytes]]) -> None:
        """Fold full groups into the band above, as far up as groups are full."""
        band = 0
        while len(self._edge[band]) == FAN_OUT:
            subtree = _root_of(self._edge[band])
            self._edge[band].clear()
            band += 1
            if band == len(self._edge):
                self._edge.append([])
            made.append((band * BAND, (self.size >> (band * BAND)) - 1, subtree))
            self._edge[band].append(subtree)

    def root(self) -> str:
        """The root over all leaves so far, hex."""
        peaks = [peak for pending in reversed(self._edge) for peak in _peaks(pending)]
        if not peaks:
            return EMPTY_ROOT
        top = peaks[-1]
        for peak in peaks[-2::-1]:
            top = node_hash(peak, top)
        return top.hex()


def _root_of(hashes: Sequence[bytes]) -> bytes:
    """The root of a complete subtree from a power of two of equal children."""
    row = list(hashes)
    while len(row) > 1:
        row = [sha256(b"\x01" + row[i] + row[i + 1]).digest() for i in range(0, len(row), 2)]
    return row[0]


def _peaks(pending: Sequence[bytes]) -> list[bytes]:
    """The complete subtrees that fewer than sixteen equal children form, biggest first."""
    peaks, start = [], 0
    for bit in reversed(range(BAND)):
        if len(pending) & (1 << bit):
            peaks.append(_root_of(pending[start : start + (1 << bit)]))
            start += 1 << bit
    return peaks


def edge_ranges(size: int) -> list[tuple[int, int, int]]:
    """Where the right edge of a log lies: (level, from index, to index) for each band, the leaves first."""
    ranges, level = [], 0
    while level == 0 or size >> level:
        index = size >> level
        ranges.append((level, index & ~(FAN_OUT - 1), index))
        level += BAND
    return ranges


def proof_ranges(position: int, size: int) -> list[tuple[int, int, int]]:
    """The kept hashes that proofs about a leaf need: its own groups and the right edge, as (level, from, to)."""
    ranges = []
    for level, start, end in edge_ranges(size):
        own = (position >> level) & ~(FAN_OUT - 1)
        ranges.append((level, own, min(own + FAN_OUT, end)))
        if start != own:
            ranges.append((level, start, end))
    return [(level, start, end) for level, start, end in ranges if start < end]


class BrokenLog(LookupError):
    """A kept hash is missing: the log was tampered with, and `timebank ledger verify` says where."""


class Tree:
    """Proofs from the kept hashes of `proof_ranges`."""

    def __init__(self, size: int, kept: Mapping[Node, bytes]) -> None:
        self.size = size
        self._kept = dict(kept)

    def inclusion_path(self, position: int) -> list[str]:
        """The hashes that lead from a leaf to the root (RFC 9162, 2.1.3.1)."""
        return [found.hex() for found in self._path(position, 0, self.size)]

    def consistency_path(self, earlier_size: int) -> list[str]:
        """The hashes that show that the log of `earlier_size` is its beginning (RFC 9162, 2.1.4.1)."""
        return [found.hex() for found in self._growth(earlier_size, 0, self.size, whole=True)]

    def _path(self, position: int, start: int, end: int) -> list[bytes]:
        if end - start == 1:
            return []
        middle = start + _split(end - start)
        if position < middle:
            return [*self._path(position, start, middle), self._over(middle, end)]
        return [*self._path(position, middle, end), self._over(start, middle)]

    def _growth(self, earlier: int, start: int, end: int, *, whole: bool) -> list[bytes]:
        if earlier == end:
            return [] if whole else [self._over(start, end)]
        middle = start + _split(end - start)
        if earlier <= middle:
            return [*self._growth(earlier, start, middle, whole=whole), self._over(middle, end)]
        return [*self._growth(earlier, middle, end, whole=False), self._over(start, middle)]

    def _over(self, start: int, end: int) -> bytes:
        """The hash over leaves [start, end)."""
        length = end - start
        if length & (length - 1) == 0 and start % length == 0:
            return self._complete(length.bit_length() - 1, start // length)
        middle = start + _split(length)
        return node_hash(self._over(start, middle), self._over(middle, end))

    def _complete(self, level: int, index: int) -> bytes:
        known = self._kept.get((level, index))
        if known is None and level == 0:
            raise BrokenLog(f"the log has no hash for its part {index}")
        if known is None:
            known = node_hash(self._complete(level - 1, 2 * index), self._complete(level - 1, 2 * index + 1))
            self._kept[level, index] = known
        return known


def _split(length: int) -> int:
    """The largest power of two below a length."""
    return int(1 << ((length - 1).bit_length() - 1))


@dataclass(frozen=True)
class InclusionProof:
    """That a row's digest stands at a position of the log whose root was sealed; holds nothing personal."""

    transfer_id: str
    digest: str
    position: int
    tree_size: int
    root: str
    seal_id: int
    path: tuple[str, ...]

    def holds(self) -> bool:
        """Whether the path really leads from the digest to the root (RFC 9162, 2.1.3.2)."""
        return is_included(self.digest, self.position, self.tree_size, self.path, self.root)


def is_included(digest: str, position: int, size: int, path: Sequence[str], root: str) -> bool:
    """Check an inclusion proof from its parts alone (RFC 9162, 2.1.3.2)."""
    if not 0 <= position < size:
        return False
    index, last, found = position, size - 1, leaf_hash(digest)
    for step in map(bytes.fromhex, path):
        if last == 0:
            return False
        if index & 1 or index == last:
            found = node_hash(step, found)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            found = node_hash(found, step)
        index, last = index >> 1, last >> 1
    return last == 0 and found.hex() == root


def is_grown(earlier_size: int, size: int, earlier_root: str, root: str, path: Sequence[str]) -> bool:
    """Check that a log is the beginning of a later one (RFC 9162, 2.1.4.2)."""
    if earlier_size == size:
        return not path and earlier_root == root
    if not 0 < earlier_size < size:
        return False
    steps = [bytes.fromhex(step) for step in path]
    if earlier_size & (earlier_size - 1) == 0:
        steps = [bytes.fromhex(earlier_root), *steps]
    return bool(steps) and _grown(earlier_size - 1, size - 1, steps) == (earlier_root, root)


def _grown(index: int, last: int, steps: Sequence[bytes]) -> tuple[str, str] | None:
    """Both roots as the steps of a consistency proof make them; None where the steps do not fit the sizes."""
    while index & 1:
        index, last = index >> 1, last >> 1
    before = after = steps[0]
    for step in steps[1:]:
        if last == 0:
            return None
        if index & 1 or index == last:
            before, after = node_hash(step, before), node_hash(step, after)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            after = node_hash(after, step)
        index, last = index >> 1, last >> 1
    return (before.hex(), after.hex()) if last == 0 else None
