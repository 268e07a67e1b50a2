"""What a statement says and proves. Pure."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from timebank.core.errors import Refused
from timebank.core.text import T
from timebank.ledger.merkle import Log, Tree, is_included, leaf_hash


def statement_digest(
    *,
    serial: str,
    account_id: str,
    kind: str,
    month: str,
    figures: Sequence[int],
    issued_on: date,
    lines: Sequence[Mapping[str, Any]],
) -> str:
    """SHA-256 of what the sheet says, in canonical JSON (sorted keys, no blanks, version first).

    `figures` are opening, in, out, closing, held, expiring: minutes. A line is named by the key of its transfer, which
    is the same whenever a close is repeated; its row id is not.
    """
    named = [{name: value for name, value in line.items() if name != "transfer"} for line in lines]
    content = ["s1", serial, account_id, str(kind), month, list(figures), issued_on.isoformat(), named]
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def check_sum(opening: int, lines: Sequence[Mapping[str, Any]], closing: int) -> None:
    """Refuse a statement whose lines do not lead from opening to closing."""
    if opening + sum(int(line["minutes"]) for line in lines) != closing:
        raise Refused("statements.does_not_add_up", T("The lines of a statement do not add up. The month stays open."))


def root_of(digests: Sequence[str]) -> str:
    """The RFC 9162 root over the digests of a month's statements, in order of their serials."""
    log = Log()
    log.extend(map(leaf_hash, digests))
    return log.root()


@dataclass(frozen=True)
class SheetProof:
    """That a statement is the one of its month: the digests that lead from its own to the printed root."""

    index: int
    size: int
    root: str
    path: tuple[str, ...]


def proof_of(digests: Sequence[str], index: int) -> SheetProof:
    """The proof for one of a month's digests."""
    tree = Tree(len(digests), {(0, position): leaf_hash(digest) for position, digest in enumerate(digests)})
    return SheetProof(index, len(digests), root_of(digests), tuple(tree.inclusion_path(index)))


def proves(proof: SheetProof, digest: str, root: str) -> bool:
    """Whether a proof leads from a digest to the root that was printed."""
    return is_included(digest, proof.index, proof.size, proof.path, root)


@dataclass(frozen=True)
class Lot:
    """Minutes that came in on one day."""

    on: date
    minutes: int


def remaining_lots(credits: Sequence[Lot], balance: int) -> list[Lot]:
    """What is left of credits (oldest first) of an account that holds `balance` minutes; the oldest are used first.

    First in, first out means that what is left are the newest credits that add up to the balance.
    """
    left, lots = max(balance, 0), []
    for lot in reversed(credits):
        if left <= 0:
            break
        kept = min(lot.minutes, left)
        lots.append(Lot(lot.on, kept))
        left -= kept
    return lots[::-1]


BANDS = ("under 60", "60-69", "70-79", "80 and over")


def band_of(age: int) -> str:
    """The age band of a full number of years."""
    return BANDS[0] if age < 60 else BANDS[min(3, age // 10 - 5)]


@dataclass(frozen=True)
class Cohort:
    """Minutes that people of one age own today."""

    age: int
    minutes: int


@dataclass(frozen=True)
class Projection:
    """Minutes that will be asked for in a year, by the age band people are in then."""

    year: int
    by_band: Mapping[str, int]

    @property
    def minutes(self) -> int:
        """All bands together."""
        return sum(self.by_band.values())


def project(cohorts: Sequence[Cohort], *, draw_age: int, percent: int, first_year: int, years: int) -> list[Projection]:
    """When today's hours will be asked for: each year everybody of drawing age draws `percent` of what is left.

    Hours that will be earned later are left out, as are deaths: it shows what today's promises mean, cautiously.
    """
    left = {cohort.age: cohort.minutes for cohort in cohorts}
    projected = []
    for offset in range(years):
        by_band = dict.fromkeys(BANDS, 0)
        for age, minutes in left.items():
            if age + offset + 1 >= draw_age:
                drawn = minutes * percent // 100
                by_band[band_of(age + offset + 1)] += drawn
                left[age] = minutes - drawn
        projected.append(Projection(first_year + offset, by_band))
    return projected
