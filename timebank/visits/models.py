"""Tables of visits."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel, UniqueConstraint

from timebank.careplans.models import ServiceKind
from timebank.core.db import enum_type


class VisitState(StrEnum):
    """Where a visit stands on the path of one hour."""

    DUE = "due"  # generated or requested, on no published day plan
    PLANNED = "planned"  # on a published day plan, or taken by a volunteer
    RUNNING = "running"  # somebody checked in
    DONE = "done"  # everybody checked out, waits for the elder's side
    CONFIRMED = "confirmed"  # waits for review, or for settlement
    SETTLED = "settled"  # hours are in the ledger
    UNREACHED = "unreached"  # nobody answered
    CANCELLED = "cancelled"
    REJECTED = "rejected"  # reviewed and not credited


class EvidenceGrade(StrEnum):
    """A two independent proofs (place and elder), B one, C paper or later entry (field guide §4.8)."""

    A = "a"
    B = "b"
    C = "c"


class Visit(SQLModel, table=True):
    """One service for one elder on one day."""

    __table_args__ = (UniqueConstraint("care_item_id", "due_on", "slot"),)

    id: str = Field(primary_key=True, max_length=31)
    elder_id: str = Field(foreign_key="person.id", index=True, max_length=31)
    area_code: str = Field(foreign_key="area.code", index=True, max_length=14)  # villager group of the elder
    household_code: str = Field(foreign_key="household.code", max_length=20)
    service: ServiceKind = Field(sa_type=enum_type(ServiceKind))
    state: VisitState = Field(default=VisitState.DUE, index=True, sa_type=enum_type(VisitState))
    care_item_id: str | None = Field(default=None, foreign_key="careitem.id", max_length=31)  # None: on request
    requested_by: str = Field(default="", max_length=31)  # person who asked; redeeming member
    hold_id: str | None = Field(default=None, max_length=31)  # hours held for a redeemed visit
    paid_by: str = Field(default="hours", max_length=12)  # hours, gift, voucher: a voucher visit never posts hours
    due_on: date = Field(index=True)
    slot: int = 0
    source_key: str | None = Field(default=None, unique=True, max_length=80)  # what made it, so that it is made once
    window_from_minute: int
    window_to_minute: int
    duration_minutes: int
    crew_size: int = 1
    same_sex: str = Field(default="", max_length=8)
    skills: list[str] = Field(default_factory=list, sa_type=sa.JSON)  # beyond what the service asks for anyway
    moved_from_on: date | None = None  # the day on which the care plan wanted it
    moved_because: str = Field(default="", max_length=200)  # an English sentence of the catalogue
    tier: str = Field(default="general", max_length=12)
    notes: str = Field(default="", max_length=400)
    day_plan_id: str | None = Field(default=None, index=True, max_length=31)
    grade: EvidenceGrade | None = Field(default=None, sa_type=enum_type(EvidenceGrade))
    flags: list[str] = Field(default_factory=list, sa_type=sa.JSON)  # out_of_fence, clock_skew, same_device, …
    cancel_reason: str = Field(default="", max_length=200)
    created_at: datetime


class CarerState(StrEnum):
    """A volunteer is invited and may decline: the law forbids forced assignment (志愿服务条例 art. 25)."""

    INVITED = "invited"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    REPLACED = "replaced"


class VisitCarer(SQLModel, table=True):
    """One carer of one visit: invited, accepted, checked in, checked out, credited."""

    __table_args__ = (UniqueConstraint("visit_id", "person_id"),)

    id: str = Field(primary_key=True, max_length=31)
    visit_id: str = Field(foreign_key="visit.id", index=True, max_length=31)
    person_id: str = Field(foreign_key="person.id", index=True, max_length=31)
    state: CarerState = Field(default=CarerState.INVITED, sa_type=enum_type(CarerState))
    starts_minute: int  # planned start, minute of the local day
    decline_reason: str = Field(default="", max_length=200)
    checked_in_at: datetime | None = None
    checked_out_at: datetime | None = None
    credited_minutes: int | None = None
    transfer_id: str | None = Field(default=None, max_length=31)


class EventKind(StrEnum):
    """What a phone, an assistant or a paper slip can say about a visit."""

    CHECK_IN = "check_in"
    CHECK_OUT = "check_out"
    TICK = "tick"
    VITALS = "vitals"
    NOTE = "note"
    PHOTO = "photo"
    NO_ANSWER = "no_answer"
    CANCELLED = "cancelled"
    SOS = "sos"


class VisitEvent(SQLModel, table=True):
    """One thing that happened at a visit, under the id that the phone gave it. Append-only."""

    id: str = Field(primary_key=True, max_length=31)
    visit_id: str = Field(foreign_key="visit.id", index=True, max_length=31)
    person_id: str = Field(foreign_key="person.id", index=True, max_length=31)
    kind: EventKind = Field(sa_type=enum_type(EventKind))
    device_id: str = Field(default="", index=True, max_length=40)
    counter: int = 0
    device_at: datetime
    server_at: datetime
    place_sealed: str = Field(default="", max_length=160)  # sealed [lat, lon, accuracy_m]
    place_mark: str = Field(default="", index=True, max_length=16)  # keyed hash: the same position leaves the same mark
    entered_by: str = Field(default="", max_length=31)  # login that entered it for the carer (paper slip, proxy)
    data: dict[str, Any] = Field(default_factory=dict, sa_type=sa.JSON)
    digest: str = Field(max_length=64)  # of the content: same id with other content is refused


class SlipPhoto(SQLModel, table=True):
    """The picture of a paper slip: redrawn, sealed, kept for a time (policy evidence.photo_days)."""

    event_id: str = Field(primary_key=True, foreign_key="visitevent.id", max_length=31)
    visit_id: str = Field(foreign_key="visit.id", index=True, max_length=31)
    sealed: str = Field(sa_type=sa.Text)  # sealed base64 of the JPEG
    digest: str = Field(max_length=64)  # of what was sent, to tell a repetition from another picture
    width: int
    height: int
    kept_at: datetime


class AlarmAnswer(SQLModel, table=True):
    """That an alarm, a need or a hazard told at a visit was taken in hand, by whom and how."""

    event_id: str = Field(primary_key=True, foreign_key="visitevent.id", max_length=31)
    by_user_id: str = Field(max_length=31)
    words: str = Field(default="", max_length=400)
    at: datetime


class Confirmation(SQLModel, table=True):
    """The elder's side said how it was."""

    id: str = Field(primary_key=True, max_length=31)
    visit_id: str = Field(foreign_key="visit.id", unique=True, index=True, max_length=31)
    by_person_id: str | None = Field(default=None, max_length=31)
    by_user_id: str = Field(max_length=31)
    method: str = Field(max_length=24)  # code, button, assistant, call_back, paper
    happy: int | None = None  # three faces: 1, 2, 3
    disputed: bool = False
    remark: str = Field(default="", max_length=400)
    at: datetime


class CallOutcome(StrEnum):
    """What came of a call to the elder before a review."""

    FITS = "fits"
    OTHERWISE = "otherwise"
    NOT_REACHED = "not_reached"


class CallBack(SQLModel, table=True):
    """A reviewer called the elder's side and asked whether it was so, whoever had answered for them before."""

    id: str = Field(primary_key=True, max_length=31)
    visit_id: str = Field(foreign_key="visit.id", index=True, max_length=31)
    by_user_id: str = Field(max_length=31)  # login
    outcome: CallOutcome = Field(sa_type=enum_type(CallOutcome))
    words: str = Field(default="", max_length=400)
    at: datetime


class Review(SQLModel, table=True):
    """A reviewer, never who earned, recorded or confirmed the hour, decides what is credited."""

    id: str = Field(primary_key=True, max_length=31)
    visit_id: str = Field(foreign_key="visit.id", index=True, max_length=31)
    reviewer_id: str = Field(max_length=31)  # login
    approved: bool
    minutes: dict[str, int] = Field(default_factory=dict, sa_type=sa.JSON)  # person id → minutes credited
    reason: str = Field(default="", max_length=400)
    at: datetime


class VisitGeneration(SQLModel, table=True):
    """One run of the generator: what it made, what it could not make and why, for the page that shows it."""

    id: str = Field(primary_key=True, max_length=31)
    area_code: str = Field(foreign_key="area.code", index=True, max_length=14)
    month: str = Field(max_length=7)
    made: int
    known: int
    withdrawn: int
    moved: int = 0
    left_out: dict[str, int] = Field(default_factory=dict, sa_type=sa.JSON)  # reason → how many; complete
    skipped: list[dict[str, Any]] = Field(default_factory=list, sa_type=sa.JSON)  # elder_id, service, on, reason code
    at: datetime
    by_user_id: str = Field(max_length=31)
