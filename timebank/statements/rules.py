"""What a statement says and proves. Pure."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from timebank.core.errors import Refused
from timebank.core.text import T
from timebank.ledger.merkle import Log, Tree, is_included, leaf_hash
from timebank.ledger.models import AccountKind

DIGEST_VERSION = "s2"
_COVERED = {  # what a version's canonical form holds, in this order, before the lines; s1 named neither whose nor where
    "s1": ("serial", "account_id", "kind", "month", "figures", "issued_on"),
    "s2": (
        *("serial", "proof_code", "account_id", "kind", "person_id", "area_code", "household_code", "month"),
        *("figures", "issued_on", "expires_on"),
    ),
}


class Sheet(Protocol):
    """What a digest is made of: a statement, or the row it is made from."""

    serial: str
    proof_code: str
    account_id: str
    kind: AccountKind
    person_id: str
    area_code: str
    household_code: str
    month: str
    opening_minutes: int
    in_minutes: int
    out_minutes: int
    closing_minutes: int
    held_minutes: int
    expiring_minutes: int
    expires_on: date | None
    issued_on: date
    lines: list[dict[str, Any]]
    digest: str


def statement_digest(sheet: Sheet, version: str = DIGEST_VERSION) -> str:
    """SHA-256 of what a sheet says, in canonical JSON: sorted keys, no blanks, version first (ledger/vectors.json).

    A line is named by the key of its transfer, which is the same whenever a close is repeated; its row id is not.
    """
    figures = (
        *(sheet.opening_minutes, sheet.in_minutes, sheet.out_minutes, sheet.closing_minutes),
        *(sheet.held_minutes, sheet.expiring_minutes),
    )
    named = [{name: value for name, value in line.items() if name != "transfer"} for line in sheet.lines]
    said = [figures if name == "figures" else _written(getattr(sheet, name)) for name in _COVERED[version]]
    canonical = json.dumps([version, *said, named], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _written(value: str | date | None) -> str:
    return value.isoformat() if isinstance(value, date) else str(value or "")


def fits_digest(sheet: Sheet) -> bool:
    """Whether a sheet says what it said when it was issued, by the version of that time.

    No version need be kept: the root of the month was sealed over the digests, so an older form cannot be chosen later.
    """
    return any(statement_digest(sheet, version) == sheet.digest for version in sorted(_COVERED, reverse=True))


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
    """Minutes that will be asked for in a year: own hours by the age band people are in then, and gifts."""

    year: int
    by_band: Mapping[str, int]
    gifts: int

    @property
    def minutes(self) -> int:
        """All together."""
        return sum(self.by_band.values()) + self.gifts


def project(
    cohorts: Sequence[Cohort], *, draw_age: int, percent: int, gifts: int, first_year: int, years: int
) -> list[Projection]:
    """When today's hours will be asked for: each year everybody of drawing age draws `percent` of what is left.

    Hours that will be earned later are left out, as are deaths: it shows what today's promises mean, cautiously. Elders
    in hardship are taken to use as many given hours (`gifts`) each year as in the last one.
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
        projected.append(Projection(first_year + offset, by_band, gifts))
    return projected
