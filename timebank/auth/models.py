"""Tables of logins."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from flask_login import UserMixin
from sqlmodel import Field, SQLModel

from timebank.core.actors import Role
from timebank.core.db import enum_type


class User(UserMixin, SQLModel, table=True):  # type: ignore[misc]
    """A login. Not a person (people) and not an hour account (ledger); may belong to a person."""

    id: str = Field(primary_key=True, max_length=31)
    login_name: str = Field(unique=True, index=True, max_length=60)
    secret_hash: str = Field(max_length=200)  # argon2 of a password or PIN
    display_name: str = Field(max_length=60)
    person_id: str | None = Field(default=None, index=True, max_length=31)
    locale: str | None = Field(default=None, max_length=2)
    type_size: str = Field(default="normal", max_length=10)
    disabled_at: datetime | None = None
    created_at: datetime

    @property
    def is_active(self) -> bool:
        """Flask-Login asks on every request: a disabled login ends at once."""
        return self.disabled_at is None


class Grant(SQLModel, table=True):
    """A role of a login in an area, from a day until a day."""

    id: str = Field(primary_key=True, max_length=31)
    user_id: str = Field(foreign_key="user.id", index=True, max_length=31)
    role: Role = Field(sa_type=enum_type(Role))
    area_code: str = Field(foreign_key="area.code", max_length=14)
    starts_on: date
    ends_on: date | None = None


class LoginSession(SQLModel, table=True):
    """What a browser's cookie points at: the cookie holds a secret, this row its hash; ending it ends every copy."""

    id: str = Field(primary_key=True, max_length=64)  # SHA-256 of the cookie
    user_id: str | None = Field(default=None, index=True, max_length=31)
    values: dict[str, Any] = Field(default_factory=dict, sa_type=sa.JSON)
    created_at: datetime
    last_seen_at: datetime
    ended_at: datetime | None = None


class Attempt(SQLModel, table=True):
    """How often something guessable was tried in an hour; shared by all processes."""

    id: str = Field(primary_key=True, max_length=80)  # purpose : keyed hash : hour
    count: int
    hour_at: datetime = Field(index=True)
