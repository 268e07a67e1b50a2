"""Tables of the ledger. Rows hold ids only, so a lawful erasure never breaks the proof."""

from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import CheckConstraint, Field, Index, SQLModel, UniqueConstraint

from timebank.core.db import enum_type

_OVER = sa.text("reason = 'overflow'")
_POSITION = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # the row number itself there, so it costs no index


class AccountKind(StrEnum):
    """Whose minutes an account counts."""

    MEMBER = "member"
    GIFT = "gift"  # an elder's minutes given for one month: used first, gone at its end
    POOL = "pool"  # the other side of every hour earned and drawn; owes as far as its fund is backed
    COMMONS = "commons"  # hours donated for elders in hardship

    @classmethod
    def common(cls) -> tuple["AccountKind", "AccountKind"]:
        """The two kinds that belong to a district, not to a person."""
        return cls.POOL, cls.COMMONS


class HourAccount(SQLModel, table=True):
    """An account of minutes. Members keep a balance with a floor; the pool's is only ever computed (no hot row)."""

    __table_args__ = (
        UniqueConstraint("person_id", "kind"),
        CheckConstraint("floor_minutes IS NULL OR balance_minutes - held_minutes >= floor_minutes", name="floor"),
        CheckConstraint("ceiling_minutes IS NULL OR balance_minutes <= ceiling_minutes", name="ceiling"),
        CheckConstraint("held_minutes >= 0", name="held"),
    )

    id: str = Field(primary_key=True, max_length=31)
    kind: AccountKind = Field(sa_type=enum_type(AccountKind, is_native=True))
    person_id: str | None = Field(default=None, foreign_key="person.id", max_length=31)
    area_code: str = Field(foreign_key="area.code", index=True, max_length=14)
    floor_minutes: int | None = None
    ceiling_minutes: int | None = None
    balance_minutes: int = 0  # pool and commons: as of the last seal; what is newer is added when it is read
    counted_at: datetime | None = None  # pool and commons: when that was
    held_minutes: int = 0
    opened_at: datetime
    closed_at: datetime | None = None


class Reason(StrEnum):
    """Why minutes moved."""

    EARN = "earn"
    GROUP_SESSION = "group_session"
    GIFT = "gift"
    GIFT_LAPSE = "gift_lapse"
    REDEEM = "redeem"
    TRANSFER = "transfer"
    DONATION = "donation"
    OVERFLOW = "overflow"
    ESTATE = "estate"
    EXPIRY = "expiry"
    OPENING = "opening"
    ADJUSTMENT = "adjustment"
    REVERSAL = "reversal"


class Transfer(SQLModel, table=True):
    """Minutes from one account to another. Never changed, never deleted; a mistake is answered by its reversal."""

    __table_args__ = (
        CheckConstraint("minutes > 0", name="positive"),
        CheckConstraint("debit_account_id <> credit_account_id", name="two_sides"),
        Index("ix_transfer_debit", "debit_account_id", "book_month"),
        Index("ix_transfer_credit", "credit_account_id", "book_month"),
        Index("ix_transfer_over", "event_at", sqlite_where=_OVER, postgresql_where=_OVER),  # few: found by who helped
    )

    id: str = Field(primary_key=True, max_length=31)
    journal_id: str | None = Field(default=None, max_length=31)
    debit_account_id: str = Field(foreign_key="houraccount.id", max_length=31)
    credit_account_id: str = Field(foreign_key="houraccount.id", max_length=31)
    minutes: int
    reason: Reason = Field(sa_type=enum_type(Reason, is_native=True))
    source_id: str = Field(index=True, max_length=64)
    area_code: str = Field(max_length=14)
    event_at: datetime
    recorded_at: datetime
    recorded_by: str = Field(max_length=31)
    book_month: str = Field(max_length=7)  # the event's month, or the first open one if that is closed
    policy_version: str = Field(max_length=70)
    key: str = Field(unique=True, max_length=120)
    request_digest: str = Field(max_length=64)
    reverses_id: str | None = Field(default=None, unique=True, foreign_key="transfer.id", max_length=31)
    digest: str = Field(max_length=64)


class HoldState(StrEnum):
    """A hold waits, then is captured by the visit, released by a cancellation, or expires."""

    WAITING = "waiting"
    CAPTURED = "captured"
    RELEASED = "released"
    EXPIRED = "expired"


class Hold(SQLModel, table=True):
    """Minutes set aside when help is asked for, so that they cannot be promised twice.

    One request may be held on two accounts: the gift of the month first, the rest on the elder's own.
    """

    __table_args__ = (UniqueConstraint("source_id", "account_id"),)

    id: str = Field(primary_key=True, max_length=31)
    account_id: str = Field(foreign_key="houraccount.id", index=True, max_length=31)
    minutes: int
    source_id: str = Field(max_length=64)
    state: HoldState = Field(default=HoldState.WAITING, index=True, sa_type=enum_type(HoldState))
    held_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None  # drawn, freed or run out


class ClosedMonth(SQLModel, table=True):
    """A month whose statements are out. What happened in it and arrives later is booked in the first open month.

    The oldest row is the month before the books began: it has no statements, and nothing is booked before it ended.
    """

    month: str = Field(primary_key=True, max_length=7)
    next_month: str = Field(max_length=7)
    closed_at: datetime


class SealedLeaf(SQLModel, table=True):
    """The position of a row of the record (a transfer or an audit event) in the log that is sealed, and its digest."""

    position: int = Field(primary_key=True, sa_type=_POSITION, sa_column_kwargs={"autoincrement": False})
    row_id: str = Field(unique=True, max_length=31)
    digest: str = Field(max_length=64)


class SealedNode(SQLModel, table=True):
    """The hash of a complete subtree of the log at every fourth level, so that a proof needs no full scan."""

    level: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    position: int = Field(primary_key=True, sa_type=_POSITION, sa_column_kwargs={"autoincrement": False})
    hash: str = Field(max_length=64)


class Seal(SQLModel, table=True):
    """The root of the log at a size, chained to the seal before and signed; also written outside the database."""

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    tree_size: int
    root: str = Field(max_length=64)
    previous: str = Field(max_length=64)  # chain of the seal before; empty for the first
    chain: str = Field(max_length=64)
    signature: str = Field(max_length=128)
    sealed_at: datetime
    reason: str = Field(max_length=40)


class Dispute(SQLModel, table=True):
    """A member says that a line is wrong; goes to the township, then to the bureau."""

    id: str = Field(primary_key=True, max_length=31)
    transfer_id: str = Field(foreign_key="transfer.id", index=True, max_length=31)
    account_id: str = Field(foreign_key="houraccount.id", index=True, max_length=31)
    area_code: str = Field(max_length=14, index=True)
    words: str = Field(max_length=400)
    raised_by: str = Field(max_length=31)
    raised_at: datetime
    level: str = Field(default="township", max_length=12)  # township, bureau
    answer: str = Field(default="", max_length=400)
    upheld: bool | None = None
    answered_by: str = Field(default="", max_length=31)
    answered_at: datetime | None = None


class EntryKind(StrEnum):
    """Entries that need a second person before they are written."""

    OPENING = "opening"  # from a paper register
    ADJUSTMENT = "adjustment"
    TRANSFER = "transfer"  # to kin, above policy transfer.second_approver_minutes or entered by the office
    REVERSAL = "reversal"


class EntryState(StrEnum):
    """An entry waits for the second person, who approves or declines it."""

    WAITING = "waiting"
    APPROVED = "approved"
    DECLINED = "declined"


class OfficeEntry(SQLModel, table=True):
    """An entry that one person proposes with evidence and another approves; each is looked at afterwards (P9)."""

    id: str = Field(primary_key=True, max_length=31)
    kind: EntryKind = Field(sa_type=enum_type(EntryKind))
    state: EntryState = Field(default=EntryState.WAITING, index=True, sa_type=enum_type(EntryState))
    account_id: str = Field(foreign_key="houraccount.id", index=True, max_length=31)
    area_code: str = Field(index=True, max_length=14)
    minutes: int  # signed: positive credits the account
    kin_id: str | None = Field(default=None, max_length=31)
    reverses_id: str | None = Field(default=None, max_length=31)
    event_on: date
    why: str = Field(max_length=200)
    evidence: str = Field(max_length=200)  # where the paper lies
    proposed_by: str = Field(max_length=31)
    proposed_at: datetime
    decided_by: str = Field(default="", max_length=31)
    decided_at: datetime | None = None
    decline_reason: str = Field(default="", max_length=200)
    transfer_id: str | None = Field(default=None, max_length=31)
    checked_by: str = Field(default="", max_length=31)  # a third person: every such entry is sampled
    checked_at: datetime | None = None
    check_note: str = Field(default="", max_length=200)
