"""What a posting is and what it proves. Pure.

The canonical form is versioned and has test vectors (tests/ledger/test_vectors.py): changing it means a new version.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

from timebank.core.errors import BadInput
from timebank.core.limits import MAX_OPENING_MINUTES
from timebank.core.text import T, Text
from timebank.ledger.models import Reason

DIGEST_VERSION = "v1"

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
        if not 1 <= len(self.key) <= 120:
            raise BadInput("ledger.bad_key", T("The entry has no name of its own."), field="key")
        if self.event_at.tzinfo is None:
            raise ValueError("event_at must be aware")

    @property
    def request_digest(self) -> str:
        """SHA-256 of what was asked, to tell a repetition from a conflict."""
        parts = (
            self.debit_account_id,
            self.credit_account_id,
            str(self.minutes),
            self.reason.value,
            self.source_id,
            _instant(self.event_at),
            self.reverses_id or "",
        )
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def row_digest(
    *,
    transfer_id: str,
    journal_id: str | None,
    debit_account_id: str,
    credit_account_id: str,
    minutes: int,
    reason: str,
    source_id: str,
    area_code: str,
    event_at: datetime,
    recorded_at: datetime,
    recorded_by: str,
    book_month: str,
    policy_version: str,
    key: str,
    reverses_id: str | None,
) -> str:
    """SHA-256 of a transfer's canonical form: the version, then every column in fixed order, one a line."""
    canonical = (
        f"{DIGEST_VERSION}\n{transfer_id}\n{journal_id or ''}\n{debit_account_id}\n{credit_account_id}\n{minutes}\n"
        f"{reason}\n{source_id}\n{area_code}\n{_instant(event_at)}\n{_instant(recorded_at)}\n{recorded_by}\n"
        f"{book_month}\n{policy_version}\n{key}\n{reverses_id or ''}"
    )
    return hashlib.sha256(canonical.encode()).hexdigest()


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def split_at_cap(minutes: int, *, balance_minutes: int, cap_minutes: int) -> tuple[int, int]:
    """How many of earned minutes a member keeps under the cap, and how many go to the commons."""
    kept = max(0, min(minutes, cap_minutes - balance_minutes))
    return kept, minutes - kept
