"""Tables of statements. A statement keeps its lines as they were, so it prints the same for ever (promise P6)."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel, UniqueConstraint

from timebank.core.db import enum_type
from timebank.ledger.models import AccountKind


class Statement(SQLModel, table=True):
    """The month of one account, as it was when the month was closed."""

    __table_args__ = (UniqueConstraint("account_id", "month"),)

    id: str = Field(primary_key=True, max_length=31)
    serial: str = Field(unique=True, max_length=24)  # printed on the sheet
    proof_code: str = Field(unique=True, index=True, max_length=32)  # in the QR; says nothing about the person
    account_id: str = Field(foreign_key="houraccount.id", index=True, max_length=31)
    kind: AccountKind = Field(sa_type=enum_type(AccountKind))
    person_id: str = Field(foreign_key="person.id", index=True, max_length=31)
    area_code: str = Field(index=True, max_length=14)
    household_code: str = Field(default="", max_length=20)  # where the member lived when the month ended
    month: str = Field(index=True, max_length=7)
    opening_minutes: int
    in_minutes: int
    out_minutes: int
    closing_minutes: int
    held_minutes: int
    expiring_minutes: int = 0  # by the end of the next month, unless used
    expires_on: date | None = None
    lines: list[dict[str, Any]] = Field(default_factory=list, sa_type=sa.JSON)
    digest: str = Field(max_length=64)
    issued_on: date  # the local day of the close
    revoked_at: datetime | None = None


class MonthRun(SQLModel, table=True):
    """Who closed which month of the district, when, and what was carried over."""

    month: str = Field(primary_key=True, max_length=7)
    district_code: str = Field(max_length=6)
    closed_at: datetime
    closed_by: str = Field(max_length=31)
    statements: int
    carried_over: list[str] = Field(default_factory=list, sa_type=sa.JSON)  # visit ids
    root: str = Field(max_length=64)  # RFC 9162 root over the digests of all statements, in order of serial
    seal_id: int | None = None  # the seal of the ledger made at this close


class JobFiring(SQLModel, table=True):
    """One firing of a job, written in the unit of work of its effect: who finds it there has nothing left to do."""

    id: str = Field(primary_key=True, max_length=80)  # job : slot
    done_at: datetime


class CertificateState(StrEnum):
    """A certificate is asked for, stands on the public list, counts, or counts no longer."""

    ASKED = "asked"
    LISTED = "listed"  # on the publicity list; counts from `counts_from_on` unless somebody objects
    DECLINED = "declined"
    REVOKED = "revoked"


class Certificate(SQLModel, table=True):
    """A certificate of volunteer service: truthful, free, after a publicity list (field guide §2.3)."""

    id: str = Field(primary_key=True, max_length=31)
    serial: str | None = Field(default=None, unique=True, max_length=24)
    proof_code: str = Field(unique=True, index=True, max_length=32)
    person_id: str = Field(foreign_key="person.id", index=True, max_length=31)
    area_code: str = Field(index=True, max_length=14)
    state: CertificateState = Field(index=True, sa_type=enum_type(CertificateState))
    first_on: date
    last_on: date
    minutes: int = 0
    visits: int = 0
    services: dict[str, int] = Field(default_factory=dict, sa_type=sa.JSON)  # service → minutes
    asked_at: datetime
    asked_by: str = Field(max_length=31)
    listed_on: date | None = None
    counts_from_on: date | None = None
    issued_by: str = Field(default="", max_length=31)
    issuer: str = Field(default="", max_length=80)  # the organisation whose seal stands on it
    handler: str = Field(default="", max_length=60)  # who is asked about it
    reason: str = Field(default="", max_length=200)  # why declined or revoked
    digest: str = Field(default="", max_length=64)
    revoked_at: datetime | None = None
