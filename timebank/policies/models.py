"""Table of policy versions."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel


class PolicyVersion(SQLModel, table=True):
    """What an area decided from a day on. Holds only what it sets; the rest comes from above and the defaults."""

    id: str = Field(primary_key=True, max_length=31)
    area_code: str = Field(foreign_key="area.code", index=True, max_length=14)
    starts_on: date = Field(index=True)
    changes: dict[str, Any] = Field(default_factory=dict, sa_type=sa.JSON)
    note: str = Field(default="", max_length=400)
    proposed_by: str = Field(max_length=31)
    approved_by: str | None = Field(default=None, max_length=31)  # in force only when a second person approved
    created_at: datetime
    serial: int  # the how manieth of its area: of two for one day, the later one counts
