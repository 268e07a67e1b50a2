"""Tables of the event log."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel


class AuditEvent(SQLModel, table=True):
    """One thing that somebody did. Never changed, never deleted; holds ids and codes, no personal values."""

    id: str = Field(primary_key=True, max_length=31)
    at: datetime = Field(index=True)
    user_id: str = Field(index=True, max_length=31)
    role: str = Field(max_length=24)
    action: str = Field(index=True, max_length=60)  # feature.verb
    subject_id: str = Field(index=True, max_length=64)
    area_code: str = Field(index=True, max_length=14)
    detail: dict[str, Any] = Field(default_factory=dict, sa_type=sa.JSON)
