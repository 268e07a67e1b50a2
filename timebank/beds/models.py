"""Tables of home-care beds: the bed, its steps, equipment, adaptations, inspections and hazards."""

from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from timebank.core.db import enum_type


class BedState(StrEnum):
    """The life of a home-care bed, in its order."""

    APPLIED = "applied"
    ASSESSED = "assessed"  # a valid assessment says that the elder needs one
    CHECKED = "checked"  # home looked at, adaptations listed
    CONTRACTED = "contracted"  # signed with a provider, not begun
    ACTIVE = "active"
    SUSPENDED = "suspended"
    CLOSED = "closed"


class CareBed(SQLModel, table=True):
    """A home-care bed (家庭养老床位): an elder's own bed, supervised like one in an institution."""

    id: str = Field(primary_key=True, max_length=31)
    elder_id: str = Field(foreign_key="person.id", index=True, max_length=31)
    area_code: str = Field(foreign_key="area.code", index=True, max_length=14)
    state: BedState = Field(index=True, sa_type=enum_type(BedState))
    applied_by: str = Field(default="", max_length=31)  # person who applied: the elder or a proxy
    assessment_id: str | None = Field(default=None, foreign_key="assessment.id", max_length=31)
    provider: str = Field(default="", max_length=80)
    contract_no: str = Field(default="", max_length=40)
    starts_on: date | None = None  # of the contract
    ends_on: date | None = None
    monthly_target_minutes: int = 0
    monthly_target_visits: int = 0
    created_at: datetime


class BedStep(SQLModel, table=True):
    """One step in the life of a bed: what, when, by whom, with which paper. Append-only."""

    id: str = Field(primary_key=True, max_length=31)
    bed_id: str = Field(foreign_key="carebed.id", index=True, max_length=31)
    step: str = Field(max_length=16)  # rules.STEPS
    state: BedState = Field(sa_type=enum_type(BedState))  # after the step
    happened_on: date
    evidence: str = Field(default="", max_length=200)  # where the paper lies
    words: str = Field(default="", max_length=400)  # why, where a step needs a reason
    by_user_id: str = Field(max_length=31)
    at: datetime


class BedEquipment(SQLModel, table=True):
    """A thing that was lent to a bed: what, which one, since when, back when."""

    id: str = Field(primary_key=True, max_length=31)
    bed_id: str = Field(foreign_key="carebed.id", index=True, max_length=31)
    kind: str = Field(max_length=24)  # rules.EQUIPMENT
    mark: str = Field(default="", max_length=40)  # number on the thing
    placed_on: date
    returned_on: date | None = None


class BedAdaptation(SQLModel, table=True):
    """What the check of the home asks to be changed, and when it was done."""

    id: str = Field(primary_key=True, max_length=31)
    bed_id: str = Field(foreign_key="carebed.id", index=True, max_length=31)
    kind: str = Field(max_length=24)  # rules.ADAPTATIONS
    before_start: bool = True  # the bed does not begin before it is done
    done_on: date | None = None
    evidence: str = Field(default="", max_length=200)


class BedInspection(SQLModel, table=True):
    """One inspection of a bed by a version of the checklist, as in an institution."""

    id: str = Field(primary_key=True, max_length=31)
    bed_id: str = Field(foreign_key="carebed.id", index=True, max_length=31)
    area_code: str = Field(foreign_key="area.code", index=True, max_length=14)
    checklist: str = Field(max_length=40)
    answers: dict[str, str] = Field(default_factory=dict, sa_type=sa.JSON)  # item → good, hazard, not_here
    words: str = Field(default="", max_length=400)
    inspected_on: date
    by_user_id: str = Field(max_length=31)
    at: datetime


class BedHazard(SQLModel, table=True):
    """A hazard that an inspection found: a ticket with a deadline, mended by somebody, closed by the next look."""

    id: str = Field(primary_key=True, max_length=31)
    bed_id: str = Field(foreign_key="carebed.id", index=True, max_length=31)
    area_code: str = Field(foreign_key="area.code", index=True, max_length=14)
    inspection_id: str = Field(foreign_key="bedinspection.id", max_length=31)
    item: str = Field(max_length=40)  # of the checklist
    grade: str = Field(max_length=12)  # serious, general
    due_on: date
    mended_on: date | None = None
    mended_by: str = Field(default="", max_length=31)  # login
    evidence: str = Field(default="", max_length=200)
    closed_by_id: str | None = Field(default=None, max_length=31)  # the inspection that found it gone
