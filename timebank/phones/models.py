"""Tables of paired phones, calendar addresses, and applications. Codes and secrets are kept as hashes only."""

from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, SQLModel, UniqueConstraint

from timebank.core.db import enum_type
from timebank.people.models import Sex


class Phone(SQLModel, table=True):
    """A phone that an assistant paired; its cookie holds a secret, this row the hash. Several people may share it."""

    id: str = Field(primary_key=True, max_length=31)
    secret_hash: str = Field(unique=True, max_length=64)
    area_code: str = Field(foreign_key="area.code", index=True, max_length=14)  # village that paired it
    label: str = Field(default="", max_length=40)
    paired_at: datetime
    last_seen_at: datetime
    revoked_at: datetime | None = None
    revoked_by: str = Field(default="", max_length=31)


class PhoneUser(SQLModel, table=True):
    """Somebody who signs in on a phone with a PIN of their own."""

    __table_args__ = (UniqueConstraint("phone_id", "user_id"),)

    id: str = Field(primary_key=True, max_length=31)
    phone_id: str = Field(foreign_key="phone.id", index=True, max_length=31)
    user_id: str = Field(foreign_key="user.id", index=True, max_length=31)
    pin_hash: str = Field(max_length=200)
    since_at: datetime


class PairingCode(SQLModel, table=True):
    """What the QR on the assistant's screen carries: good once, for ten minutes."""

    id: str = Field(primary_key=True, max_length=64)  # SHA-256 of the code
    user_id: str = Field(foreign_key="user.id", max_length=31)
    area_code: str = Field(max_length=14)
    made_by: str = Field(max_length=31)
    expires_at: datetime
    used_at: datetime | None = None


class CalendarFeed(SQLModel, table=True):
    """A secret address from which a calendar reads somebody's visits, until it is revoked."""

    id: str = Field(primary_key=True, max_length=64)  # SHA-256 of the secret
    person_id: str = Field(foreign_key="person.id", index=True, max_length=31)
    made_at: datetime
    revoked_at: datetime | None = None


class ApplicationState(StrEnum):
    """An application goes to the village, then to the township."""

    SENT = "sent"
    VILLAGE_AGREED = "village_agreed"
    ACCEPTED = "accepted"
    REFUSED = "refused"


class Application(SQLModel, table=True):
    """Somebody asks to become a volunteer. What they wrote is sealed until they are registered."""

    id: str = Field(primary_key=True, max_length=31)
    area_code: str = Field(foreign_key="area.code", index=True, max_length=14)  # village
    name: str = Field(max_length=60)
    sex: Sex = Field(sa_type=enum_type(Sex))
    born_on: date
    phone_sealed: str = Field(max_length=120)
    wishes: list[str] = Field(default_factory=list, sa_type=sa.JSON)  # services
    words: str = Field(default="", max_length=400)
    state: ApplicationState = Field(default=ApplicationState.SENT, index=True, sa_type=enum_type(ApplicationState))
    sent_at: datetime
    household_code: str | None = Field(default=None, foreign_key="household.code", max_length=20)
    village_by: str = Field(default="", max_length=31)  # login that saw the identity card
    village_at: datetime | None = None
    decided_by: str = Field(default="", max_length=31)
    decided_at: datetime | None = None
    reason: str = Field(default="", max_length=400)
    person_id: str | None = Field(default=None, foreign_key="person.id", max_length=31)
