"""The log is the one of RFC 9162: same roots as an independent library, proofs that fit and false ones that do not."""

import json
from hashlib import sha256
from pathlib import Path

import pytest
from pymerkle import InmemoryTree

from timebank.ledger.merkle import (
    EMPTY_ROOT,
    BrokenLog,
    Log,
    Tree,
    edge_ranges,
    is_grown,
    is_included,
    leaf_hash,
    proof_ranges,
)

SIZE = 600
DIGESTS = [sha256(str(number).encode()).hexdigest() for number in range(SIZE)]
SIZES = (1, 2, 3, 7, 15, 16, 17, 31, 255, 256, 257, 300, 511, 512, 513, SIZE)
VECTORS = json.loads((Path(__file__).parent / "vectors.json").read_text())


def grown_log() -> tuple[dict[tuple[int, int], bytes], dict[int, str]]:
    """Every kept hash of a log, and its root at each size."""
    log, kept, roots = Log(), {}, {}
    for index, digest in enumerate(DIGESTS):
        kept[0, index] = leaf_hash(digest)
        kept |= {(level, at): hash_ for level, at, hash_ in log.extend([kept[0, index]])}
        roots[index + 1] = log.root()
    return kept, roots


KEPT, ROOTS = grown_log()


def tree(position: int, size: int) -> Tree:
    """A tree that knows what a proof may read, and nothing else."""
    ranges = proof_ranges(position, size)
    return Tree(size, {(level, at): KEPT[level, at] for level, start, end in ranges for at in range(start, end)})


def test_every_root_is_the_one_that_pymerkle_finds() -> None:
    oracle = InmemoryTree(algorithm="sha256")
    for size, digest in enumerate(DIGESTS, start=1):
        oracle.append_entry(bytes.fromhex(digest))
        assert ROOTS[size] == oracle.get_root().hex()


def test_the_roots_of_the_published_vectors_stay_as_they_are() -> None:
    log = Log()
    assert log.root() == EMPTY_ROOT == VECTORS["merkle"]["0"]
    for size, digest in enumerate(DIGESTS[:33], start=1):
        log.extend([leaf_hash(digest)])
        assert log.root() == VECTORS["merkle"].get(str(size), log.root())


@pytest.mark.parametrize("size", SIZES)
def test_a_log_that_is_taken_up_again_at_its_right_edge_goes_on_as_if_never_stopped(size: int) -> None:
    edge = [[KEPT[level, at] for at in range(start, end)] for level, start, end in edge_ranges(size)]
    log = Log(size, edge)
    assert log.root() == ROOTS[size]
    log.extend(KEPT[0, at] for at in range(size, SIZE))
    assert log.root() == ROOTS[SIZE]


@pytest.mark.parametrize("size", SIZES)
def test_every_leaf_is_proved_and_no_other_digest_position_or_root_passes(size: int) -> None:
    for position in range(0, size, 1 + size // 40):
        path = tree(position, size).inclusion_path(position)
        assert is_included(DIGESTS[position], position, size, path, ROOTS[size])
        assert not is_included(DIGESTS[position - 1] if size > 1 else ROOTS[1], position, size, path, ROOTS[size])
        assert not is_included(DIGESTS[position], position + size, size, path, ROOTS[size])
        assert not is_included(DIGESTS[position], position, size, path, ROOTS[size % SIZE + 1])
        assert not is_included(DIGESTS[position], position, size, [*path, ROOTS[1]], ROOTS[size])
        assert not path or not is_included(DIGESTS[position], position, size, path[:-1], ROOTS[size])


@pytest.mark.parametrize("size", SIZES)
def test_growth_is_proved_from_every_earlier_size_and_a_rewritten_beginning_is_not(size: int) -> None:
    for earlier in range(1, size + 1, 1 + size // 40):
        path = tree(earlier - 1, size).consistency_path(earlier)
        assert is_grown(earlier, size, ROOTS[earlier], ROOTS[size], path)
        assert not is_grown(earlier, size, ROOTS[earlier % SIZE + 1], ROOTS[size], path)
        assert not is_grown(earlier, size, ROOTS[earlier], ROOTS[size], [*path, ROOTS[1]])


def test_the_hashes_a_proof_reads_are_few_however_long_the_log() -> None:
    read = sum(end - start for _, start, end in proof_ranges(5_000_000, 10_000_019))
    assert read <= 6 * 2 * 16


def test_a_missing_hash_says_so_instead_of_proving_anything() -> None:
    with pytest.raises(BrokenLog):
        Tree(300, {}).inclusion_path(3)
