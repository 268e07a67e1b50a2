"""What a posting is and what it proves. Pure.

The canonical form is versioned and has test vectors (tests/ledger/test_vectors.py): changing it means a new version.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from operator import itemgetter
from typing import Any

from timebank.core.errors import BadInput, Refused
from timebank.core.limits import MAX_OPENING_MINUTES
from timebank.core.minutes import spoken
from timebank.core.text import T, Text
from timebank.ledger.models import AccountKind, Reason, Seal

DIGEST_VERSION = "v1"
SEAL_VERSION = "s1"

REASON_WORDS: dict[Reason, Text] = {
    Reason.EARN: T("helped"),
    Reason.GROUP_SESSION: T("group session"),
    Reason.GIFT: T("gift of the month"),
    Reason.GIFT_LAPSE: T("gift not used"),
    Reason.REDEEM: T("was helped"),
    Reason.TRANSFER: T("passed to kin"),
    Reason.DONATION: T("donated"),
    Reason.OVERFLOW: T("above the cap"),
    Reason.ESTATE: T("estate"),
    Reason.EXPIRY: T("expired"),
    Reason.OPENING: T("from the paper register"),
    Reason.ADJUSTMENT: T("adjustment"),
    Reason.REVERSAL: T("taken back"),
}


@dataclass(frozen=True)
class Posting:
    """What is asked of the ledger: minutes from one account to another, why, when it happened, and by which rules.

    `key` makes it exactly-once: the same key with the same content is the same posting, with other content a conflict.
    """

    key: str
    debit_account_id: str
    credit_account_id: str
    minutes: int
    reason: Reason
    source_id: str
    event_at: datetime
    policy_version: str
    area_code: str
    reverses_id: str | None = None

    def __post_init__(self) -> None:
        if isinstance(self.minutes, bool) or not isinstance(self.minutes, int):
            raise BadInput("ledger.bad_minutes", T("Hours are counted in whole minutes."), field="minutes")
        if not 1 <= self.minutes <= MAX_OPENING_MINUTES:
            text = T("Minutes go from 1 to {maximum}.", maximum=MAX_OPENING_MINUTES)
            raise BadInput("ledger.bad_minutes", text, field="minutes")
        if self.debit_account_id == self.credit_account_id:
            raise BadInput("ledger.same_account", T("Minutes cannot go from an account to itself."), field="account")
        if not 1 <= len(self.key) <= 120 or not self.key.isprintable():
            raise BadInput("ledger.bad_key", T("The entry has no name of its own."), field="key")
        if not 1 <= len(self.source_id) <= 64 or not self.source_id.isprintable():
            raise BadInput("ledger.bad_source", T("The entry does not say what it comes from."), field="source_id")
        if self.event_at.tzinfo is None:
            raise ValueError("event_at must be aware")

    @cached_property
    def event_text(self) -> str:
        """When it happened, as canonical forms write it."""
        return instant_text(self.event_at)

    @cached_property
    def request_digest(self) -> str:
        """SHA-256 of what was asked, to tell a repetition from a conflict."""
        parts = (
            self.debit_account_id,
            self.credit_account_id,
            str(self.minutes),
            self.reason,
            self.source_id,
            self.event_text,
            self.reverses_id or "",
        )
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


CANONICAL = (
    *("id", "journal_id", "debit_account_id", "credit_account_id", "minutes", "reason", "source_id", "area_code"),
    *("event_at", "recorded_at", "recorded_by", "book_month", "policy_version", "key", "request_digest", "reverses_id"),
)
COLUMNS = (*CANONICAL, "digest")  # a transfer as its table has it
_canonical_values = itemgetter(*CANONICAL)


def row_digest(row: Mapping[str, Any]) -> str:
    """SHA-256 of a transfer's canonical form: the version, each column of `CANONICAL`, one a line, nothing for null.

    Instants are written as `instant_text` does; given as that text already, they are taken as they are.
    """
    return digest_of_values(_canonical_values(row))


def digest_of_values(values: Sequence[Any]) -> str:
    """The same from the columns of `CANONICAL`, in their order."""
    # one literal of sixteen names, read in one go: sealing, posting and verification spend their time here
    (id_, journal_id, debit, credit, minutes, reason, source_id, area, event_at, recorded_at, recorded_by,
     book_month, policy_version, key, request_digest, reverses_id) = values  # fmt: skip
    text = (
        f"{DIGEST_VERSION}\n{id_}\n{journal_id or ''}\n{debit}\n{credit}\n{minutes}\n{reason}\n{source_id}\n{area}\n"
        f"{instant_text(event_at)}\n{instant_text(recorded_at)}\n{recorded_by}\n"
        f"{book_month}\n{policy_version}\n{key}\n{request_digest}\n{reverses_id or ''}"
    )
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass
class AccountState:
    """What of an account decides whether minutes may move; `balance` and `held` in minutes."""

    id: str
    kind: AccountKind
    floor: int | None
    ceiling: int | None
    balance: int
    held: int
    is_closed: bool


def refusal_of(debit: AccountState | None, credit: AccountState | None, minutes: int) -> Refused | None:
    """What stands in the way of a posting, with the minutes that are missing or still fit; None where nothing does."""
    if debit is None or credit is None:
        return Refused("ledger.no_such_account", T("There is no such account in your area."), field="account")
    if debit.is_closed or credit.is_closed:
        return Refused("ledger.account_closed", T("This account is closed. Ask the township office."), field="account")
    if debit.floor is not None and (short := minutes - (debit.balance - debit.held - debit.floor)) > 0:
        if debit.kind == AccountKind.POOL:
            text = T("The fund backs {short} less than this asks for. Ask the bureau.", short=spoken(short))
            return Refused("ledger.fund_too_small", text, field="minutes")
        text = T("{short} are missing; the pool may help out.", short=spoken(short))
        return Refused("ledger.floor_reached", text, field="minutes")
    if credit.ceiling is not None and (room := credit.ceiling - credit.balance) < minutes:
        text = T("At most {room} more fit into this account; the rest can be donated.", room=spoken(max(room, 0)))
        return Refused("ledger.ceiling_reached", text, field="minutes")
    return None


def instant_text(at: datetime | str) -> str:
    """An instant as canonical forms write it: UTC with microseconds, such as 2026-11-03T01:00:00.000000Z."""
    if isinstance(at, str):
        return at
    utc = at if at.tzinfo is UTC else at.astimezone(UTC)
    return utc.isoformat("T", "microseconds")[:26] + "Z"


def seal_chain(seal: Seal) -> str:
    """SHA-256 of a seal's canonical form, the chain of the seal before among it: what is signed and printed."""
    parts = (SEAL_VERSION, seal.id, seal.tree_size, seal.root, seal.previous, instant_text(seal.sealed_at), seal.reason)
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()


def seal_line(seal: Seal) -> str:
    """A seal as one line of the file outside the database."""
    kept = ("id", "tree_size", "root", "previous", "chain", "signature", "reason")
    facts = {name: getattr(seal, name) for name in kept}
    return json.dumps(facts | {"sealed_at": instant_text(seal.sealed_at)}, sort_keys=True)


def split_at_cap(minutes: int, *, balance_minutes: int, cap_minutes: int) -> tuple[int, int]:
    """How many of earned minutes a member keeps under the cap, and how many go to the commons."""
    kept = max(0, min(minutes, cap_minutes - balance_minutes))
    return kept, minutes - kept
