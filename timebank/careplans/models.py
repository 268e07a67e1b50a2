"""Tables of assessments, home-care beds and care plans."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from timebank.core.db import enum_type


class ServiceKind(StrEnum):
    """What is done for an elder. The order is the order on screens."""

    VISIT = "visit"  # 探访
    MEAL = "meal"  # 送餐
    BATH = "bath"  # 助浴
    ESCORT = "escort"  # 陪诊
    CHORE = "chore"  # 家务
    COMPANY = "company"  # 陪伴
    PHONE_CHECK = "phone_check"  # 电话问候


class Assessment(SQLModel, table=True):
    """One assessment of an elder by a named, versioned scale; the level is recomputed on the server from the items."""

    id: str = Field(primary_key=True, max_length=31)
    elder_id: str = Field(foreign_key="person.id", index=True, max_length=31)
    area_code: str = Field(foreign_key="area.code", index=True, max_length=14)
    scale: str = Field(max_length=40)  # name and version of the scale data
    reason: str = Field(max_length=24)  # first, routine, immediate, dispute, other
    assessed_on: date
    item_scores_sealed: str = Field(max_length=2000)  # sealed {item: score}
    adjustments: list[str] = Field(default_factory=list, sa_type=sa.JSON)
    total: int
    level: int  # 0 intact … 4 fully dependent
    rule_trace: list[str] = Field(default_factory=list, sa_type=sa.JSON)
    assessor_ids: list[str] = Field(default_factory=list, sa_type=sa.JSON)  # two login ids
    created_at: datetime


class BedState(StrEnum):
    """The life of a home-care bed."""

    APPLIED = "applied"
    ASSESSED = "assessed"
    CHECKED = "checked"  # home looked at, adaptations listed
    ACTIVE = "active"  # contract with a provider
    SUSPENDED = "suspended"
    CLOSED = "closed"


class CareBed(SQLModel, table=True):
    """A home-care bed (家庭养老床位): an elder's own bed, supervised like one in an institution."""

    id: str = Field(primary_key=True, max_length=31)
    elder_id: str = Field(foreign_key="person.id", index=True, max_length=31)
    area_code: str = Field(foreign_key="area.code", index=True, max_length=14)
    state: BedState = Field(sa_type=enum_type(BedState))
    provider: str = Field(default="", max_length=80)
    contract_no: str = Field(default="", max_length=40)
    starts_on: date | None = None
    ends_on: date | None = None
    monthly_target_minutes: int = 0
    monthly_target_visits: int = 0
    equipment: list[str] = Field(default_factory=list, sa_type=sa.JSON)
    adaptations: list[dict[str, Any]] = Field(default_factory=list, sa_type=sa.JSON)
    created_at: datetime


class CarePlanState(StrEnum):
    """A care plan is written, agreed with the elder's side, replaced by a newer version, or ended."""

    DRAFT = "draft"
    AGREED = "agreed"
    REPLACED = "replaced"
    ENDED = "ended"


class CarePlan(SQLModel, table=True):
    """What was agreed with an elder, one version of it. Its items make the visits."""

    id: str = Field(primary_key=True, max_length=31)
    elder_id: str = Field(foreign_key="person.id", index=True, max_length=31)
    area_code: str = Field(foreign_key="area.code", index=True, max_length=14)
    version: int
    state: CarePlanState = Field(sa_type=enum_type(CarePlanState))
    starts_on: date
    ends_on: date | None = None
    agreed_at: datetime | None = None
    agreed_by: str = Field(default="", max_length=31)  # person who agreed: the elder or a proxy
    consent_method: str = Field(default="", max_length=24)
    contraindications: list[str] = Field(default_factory=list, sa_type=sa.JSON)  # codes of rules.CONTRAINDICATIONS
    entitlement: str = Field(default="", max_length=40)  # version of the basic service list it was checked against
    created_at: datetime


class CareItem(SQLModel, table=True):
    """A recurring part of a care plan: service, when, how long, how many carers, what they must be able to do."""

    id: str = Field(primary_key=True, max_length=31)
    care_plan_id: str = Field(foreign_key="careplan.id", index=True, max_length=31)
    service: ServiceKind = Field(sa_type=enum_type(ServiceKind))
    recurrence: str = Field(max_length=200)  # an RRULE, e.g. FREQ=WEEKLY;BYDAY=MO,TH
    window_from_minute: int
    window_to_minute: int  # of the local day
    duration_minutes: int
    crew_size: int = 1
    same_sex: str = Field(default="", max_length=8)  # "", soft, hard
    skips_holidays: bool = False
    skips_market_days: bool = False
    paid_by: str = Field(default="hours", max_length=12)  # hours, voucher: the two are never mixed
    notes: str = Field(default="", max_length=400)
