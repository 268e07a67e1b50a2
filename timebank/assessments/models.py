"""Tables of assessments. What was answered is health data and lies sealed (PIPL art. 28); only the level is plain."""

from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from timebank.core.db import enum_type


class AssessmentState(StrEnum):
    """A draft is filled in and signed by one assessor, looked at and signed by another; then it is valid."""

    DRAFT = "draft"
    WAITING = "waiting"  # signed by the first assessor
    VALID = "valid"  # signed by both
    WITHDRAWN = "withdrawn"  # given up before it was valid; its answers are gone


class Assessment(SQLModel, table=True):
    """One assessment of an elder by one version of a scale; the level is counted on the server from the answers."""

    id: str = Field(primary_key=True, max_length=31)
    elder_id: str = Field(foreign_key="person.id", index=True, max_length=31)
    area_code: str = Field(foreign_key="area.code", index=True, max_length=14)
    scale: str = Field(max_length=40)  # name and version of the scale data
    scale_digest: str = Field(max_length=64)  # of the file that was counted by
    reason: str = Field(max_length=24)  # rules.REASONS
    state: AssessmentState = Field(index=True, sa_type=enum_type(AssessmentState))
    assessed_on: date
    content_sealed: str = Field(sa_type=sa.Text)  # sealed answers, notes, and once signed total and trace
    level: int | None = None  # 0 able … 4 fully dependent; none before the first signature
    first_assessor_id: str = Field(index=True, max_length=31)  # login
    first_signed_at: datetime | None = None
    second_assessor_id: str = Field(default="", max_length=31)
    second_signed_at: datetime | None = None
    answers_dispute_id: str | None = Field(default=None, max_length=31)  # the dispute that this one settles
    created_at: datetime
    changed_at: datetime


class AssessmentDispute(SQLModel, table=True):
    """That the elder's side does not agree with an assessment; settled by another one, done by other people."""

    id: str = Field(primary_key=True, max_length=31)
    assessment_id: str = Field(foreign_key="assessment.id", unique=True, index=True, max_length=31)
    elder_id: str = Field(foreign_key="person.id", index=True, max_length=31)
    area_code: str = Field(foreign_key="area.code", index=True, max_length=14)
    by_user_id: str = Field(max_length=31)
    words_sealed: str = Field(sa_type=sa.Text)
    raised_at: datetime
    settled_by_id: str | None = Field(default=None, max_length=31)  # the assessment that settled it
