"""Tables of visiting: decided tiers, contacts outside the day plan, and the ladder for elders whom nobody reached."""

from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from timebank.core.db import enum_type
from timebank.people.models import RiskTier


class TierDecision(SQLModel, table=True):
    """How closely an elder is visited from an instant on, and by which rules. Append-only; the last one holds."""

    id: str = Field(primary_key=True, max_length=31)
    elder_id: str = Field(foreign_key="person.id", index=True, max_length=31)
    area_code: str = Field(foreign_key="area.code", index=True, max_length=14)
    tier: RiskTier = Field(sa_type=enum_type(RiskTier))
    groups: list[str] = Field(default_factory=list, sa_type=sa.JSON)  # of the five groups (rules.GROUPS)
    trace: list[str] = Field(default_factory=list, sa_type=sa.JSON)  # codes of rules.TIER_RULES, the deciding one first
    at: datetime
    by_user_id: str = Field(max_length=31)


class ContactForm(StrEnum):
    """How an elder was visited (民政 guidance 2022: by visit, by phone, by video)."""

    DOOR = "door"
    PHONE = "phone"
    VIDEO = "video"


class Outcome(StrEnum):
    """What came of a contact."""

    WELL = "well"
    NEEDS_HELP = "needs_help"
    NO_ANSWER = "no_answer"
    ELSEWHERE = "elsewhere"  # not at home, and somebody knows where


class VisitingRecord(SQLModel, table=True):
    """One contact with an elder that was no planned visit: a knock on the round, a call, a video call."""

    id: str = Field(primary_key=True, max_length=31)
    elder_id: str = Field(foreign_key="person.id", index=True, max_length=31)
    area_code: str = Field(foreign_key="area.code", index=True, max_length=14)
    on: date = Field(index=True)
    form: ContactForm = Field(sa_type=enum_type(ContactForm))
    outcome: Outcome = Field(sa_type=enum_type(Outcome))
    answers_sealed: str = Field(default="", sa_type=sa.Text)  # sealed {question: fine | worry, "words": …}
    source_key: str | None = Field(default=None, unique=True, max_length=80)  # what made it, so that it counts once
    by_user_id: str = Field(max_length=31)
    at: datetime


class CaseEnd(StrEnum):
    """How the search for an elder ended."""

    REACHED = "reached"
    ELSEWHERE = "elsewhere"
    HANDLED = "handled"  # by who answered the alarm


class UnreachedCase(SQLModel, table=True):
    """An elder whom nobody reached, from the first try until somebody knows how they are."""

    id: str = Field(primary_key=True, max_length=31)
    elder_id: str = Field(foreign_key="person.id", index=True, max_length=31)
    area_code: str = Field(foreign_key="area.code", index=True, max_length=14)
    visit_id: str = Field(foreign_key="visit.id", unique=True, index=True, max_length=31)  # at which nobody answered
    opened_at: datetime
    closed_at: datetime | None = Field(default=None, index=True)
    end: CaseEnd | None = Field(default=None, sa_type=enum_type(CaseEnd))


class StepKind(StrEnum):
    """The rungs of the ladder, in order (field guide §4.8)."""

    FIRST_TRY = "first_try"
    SECOND_TRY = "second_try"
    NEIGHBOUR = "neighbour"
    VILLAGE = "village"
    EMERGENCY = "emergency"


class UnreachedStep(SQLModel, table=True):
    """One step of the search: what, when, by whom, and what it brought. Append-only."""

    __table_args__ = (sa.UniqueConstraint("case_id", "kind"),)

    id: str = Field(primary_key=True, max_length=31)
    case_id: str = Field(foreign_key="unreachedcase.id", index=True, max_length=31)
    kind: StepKind = Field(sa_type=enum_type(StepKind))
    at: datetime
    by_user_id: str = Field(max_length=31)
    outcome: Outcome = Field(sa_type=enum_type(Outcome))
    words_sealed: str = Field(default="", sa_type=sa.Text)
    event_id: str = Field(default="", max_length=31)  # the alarm that the last step raised
