"""Tables of care plans."""

from datetime import date, datetime
from enum import StrEnum

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
    skills: list[str] = Field(default_factory=list, sa_type=sa.JSON)  # beyond what the service asks for anyway
    diet: list[str] = Field(default_factory=list, sa_type=sa.JSON)  # of meals: codes of rules.DIETS
    skips_holidays: bool = False
    skips_market_days: bool = False
    moves_when_off: bool = False  # to the next day that is none of these, instead of being left out
    paid_by: str = Field(default="hours", max_length=12)  # hours, voucher: the two are never mixed
    notes: str = Field(default="", max_length=400)


class ConsentReading(SQLModel, table=True):
    """How a consent came about: which text was read aloud, by whom, to whom, when (PIPL art. 14, 17, 29)."""

    consent_id: str = Field(primary_key=True, foreign_key="consent.id", max_length=31)
    person_id: str = Field(foreign_key="person.id", index=True, max_length=31)
    text_version: str = Field(max_length=40)
    read_by_user_id: str = Field(max_length=31)
    heard_by: str = Field(foreign_key="person.id", max_length=31)  # the elder, or who holds a written power
    read_at: datetime


class AbsenceKind(StrEnum):
    """Why an elder is not at home for some days."""

    HOSPITAL = "hospital"
    WITH_FAMILY = "with_family"
    FAMILY_HERE = "family_here"  # at the Spring Festival: children are home and take over
    ELSEWHERE = "elsewhere"


class Absence(SQLModel, table=True):
    """Days on which an elder is known not to be at home; visits on them are called off, and made again on return."""

    id: str = Field(primary_key=True, max_length=31)
    elder_id: str = Field(foreign_key="person.id", index=True, max_length=31)
    area_code: str = Field(foreign_key="area.code", index=True, max_length=14)
    kind: AbsenceKind = Field(sa_type=enum_type(AbsenceKind))
    first_on: date
    last_on: date | None = None  # None: nobody knows yet
    told_by: str = Field(default="", max_length=60)
    by_user_id: str = Field(max_length=31)
    at: datetime
