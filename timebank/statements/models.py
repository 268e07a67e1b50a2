"""Tables of statements. A statement keeps its lines as they were, so it prints the same for ever (promise P6)."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel, UniqueConstraint


class Statement(SQLModel, table=True):
    """The month of one account, as it was when the month was closed."""

    __table_args__ = (UniqueConstraint("account_id", "month"),)

    id: str = Field(primary_key=True, max_length=31)
    serial: str = Field(unique=True, max_length=24)  # printed on the sheet
    proof_code: str = Field(unique=True, index=True, max_length=32)  # in the QR; says nothing about the person
    account_id: str = Field(foreign_key="houraccount.id", index=True, max_length=31)
    person_id: str = Field(foreign_key="person.id", index=True, max_length=31)
    area_code: str = Field(index=True, max_length=14)
    month: str = Field(index=True, max_length=7)
    opening_minutes: int
    in_minutes: int
    out_minutes: int
    closing_minutes: int
    held_minutes: int
    lines: list[dict[str, Any]] = Field(default_factory=list, sa_type=sa.JSON)
    digest: str = Field(max_length=64)
    issued_on: date
    revoked_at: datetime | None = None


class MonthRun(SQLModel, table=True):
    """Who closed which month of the district, when, and what was carried over."""

    month: str = Field(primary_key=True, max_length=7)
    district_code: str = Field(max_length=6)
    closed_at: datetime
    closed_by: str = Field(max_length=31)
    statements: int
    carried_over: list[str] = Field(default_factory=list, sa_type=sa.JSON)  # visit ids
    digest: str = Field(max_length=64)  # over all statements, in order of serial
