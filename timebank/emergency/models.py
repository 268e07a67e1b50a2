"""Tables of emergencies: the duty list, cases with their log and report, drills, call-ups."""

from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, SQLModel, UniqueConstraint

from timebank.core.db import enum_type


class DutyShift(SQLModel, table=True):
    """Somebody who is on duty for a village or a township every week at these hours, from a day until a day.

    `to_minute` may lie after midnight of the next day (up to 36 h), so that a night is one shift.
    """

    id: str = Field(primary_key=True, max_length=31)
    area_code: str = Field(foreign_key="area.code", index=True, max_length=14)
    person_id: str = Field(foreign_key="person.id", index=True, max_length=31)
    weekday: int  # 0 is Monday: the day on which it begins
    from_minute: int
    to_minute: int
    starts_on: date
    ends_on: date | None = None


class DutyChange(SQLModel, table=True):
    """An exception: on this day somebody else takes the shift, or nobody (`instead_id` is None)."""

    __table_args__ = (UniqueConstraint("shift_id", "on"),)

    id: str = Field(primary_key=True, max_length=31)
    shift_id: str = Field(foreign_key="dutyshift.id", index=True, max_length=31)
    on: date
    instead_id: str | None = Field(default=None, foreign_key="person.id", max_length=31)
    by_user_id: str = Field(max_length=31)
    at: datetime


class CaseSource(StrEnum):
    """How the alarm came."""

    PHONE = "phone"  # the elder, or kin who act for them
    CARD = "card"  # somebody scanned the card at the door
    CALL = "call"  # a call, written down by the office
    VISIT = "visit"  # a volunteer at the door, or the search for an unreached elder


class CaseKind(StrEnum):
    """What is the matter, as far as it is known when the alarm comes."""

    FALL = "fall"
    ILL = "ill"
    NO_ANSWER = "no_answer"
    FIRE = "fire"
    WEATHER = "weather"
    OTHER = "other"


class EmergencyCase(SQLModel, table=True):
    """One emergency, from the alarm until the report. Who comes and what was done stand in its log."""

    id: str = Field(primary_key=True, max_length=31)
    elder_id: str = Field(foreign_key="person.id", index=True, max_length=31)
    area_code: str = Field(foreign_key="area.code", index=True, max_length=14)
    source: CaseSource = Field(sa_type=enum_type(CaseSource))
    source_key: str | None = Field(default=None, unique=True, max_length=80)  # of the alarm, so that it opens one case
    kind: CaseKind = Field(sa_type=enum_type(CaseKind))
    words_sealed: str = Field(default="", max_length=1600)
    opened_at: datetime = Field(index=True)
    opened_by: str = Field(max_length=31)  # login
    level: int = 0  # how far it was carried: index of rules.LEVELS
    there_at: datetime | None = None  # when the first person was there
    closed_at: datetime | None = Field(default=None, index=True)


class AskState(StrEnum):
    """What somebody who was asked to come said or did."""

    ASKED = "asked"
    COMING = "coming"
    THERE = "there"
    CANNOT = "cannot"
    SILENT = "silent"  # the next one was asked meanwhile; they may still answer
    RELEASED = "released"  # the case was over before


class CaseAsk(SQLModel, table=True):
    """Somebody who was asked to go there, in the order of asking."""

    __table_args__ = (UniqueConstraint("case_id", "person_id"),)

    id: str = Field(primary_key=True, max_length=31)
    case_id: str = Field(foreign_key="emergencycase.id", index=True, max_length=31)
    person_id: str = Field(foreign_key="person.id", index=True, max_length=31)
    place: int
    distance_m: int
    is_on_duty: bool
    state: AskState = Field(default=AskState.ASKED, sa_type=enum_type(AskState))
    asked_at: datetime
    answered_at: datetime | None = None
    there_at: datetime | None = None


class EntryKind(StrEnum):
    """What the log of a case tells."""

    OPENED = "opened"
    ALARM_AGAIN = "alarm_again"
    ASKED = "asked"
    COMING = "coming"
    CANNOT = "cannot"
    SILENT = "silent"
    THERE = "there"
    NOBODY_LEFT = "nobody_left"
    CARRIED_UP = "carried_up"
    CALLED_120 = "called_120"
    NOTE = "note"
    CLOSED = "closed"


class CaseEntry(SQLModel, table=True):
    """One line of the log of a case, at the server's time. Append-only."""

    id: str = Field(primary_key=True, max_length=31)
    case_id: str = Field(foreign_key="emergencycase.id", index=True, max_length=31)
    place: int  # in the log: several lines may have one instant
    kind: EntryKind = Field(sa_type=enum_type(EntryKind))
    at: datetime
    by_user_id: str = Field(max_length=31)  # login
    person_id: str | None = Field(default=None, foreign_key="person.id", max_length=31)  # of whom it tells
    level: int | None = None
    words_sealed: str = Field(default="", max_length=1600)


class CaseEnding(StrEnum):
    """How a case ended."""

    AT_HOME = "at_home"
    HOSPITAL = "hospital"
    WITH_KIN = "with_kin"
    DIED = "died"
    FALSE_ALARM = "false_alarm"
    OTHER = "other"


class CaseReport(SQLModel, table=True):
    """The closing report: what happened, when help was there and when it was over, who was there."""

    case_id: str = Field(primary_key=True, foreign_key="emergencycase.id", max_length=31)
    ending: CaseEnding = Field(sa_type=enum_type(CaseEnding))
    words_sealed: str = Field(max_length=4000)
    there_at: datetime | None = None  # None: nobody had to go
    over_at: datetime
    who: list[str] = Field(default_factory=list, sa_type=sa.JSON)  # persons who were there
    by_user_id: str = Field(max_length=31)
    at: datetime


class Drill(SQLModel, table=True):
    """A drill of a township (集中演练): what was practised, how long it took, what is to be mended."""

    id: str = Field(primary_key=True, max_length=31)
    area_code: str = Field(foreign_key="area.code", index=True, max_length=14)
    on: date = Field(index=True)
    kind: CaseKind = Field(sa_type=enum_type(CaseKind))
    people: int
    minutes_to_help: int
    went_well: str = Field(max_length=400)
    to_mend: str = Field(default="", max_length=400)
    by_user_id: str = Field(max_length=31)
    at: datetime


class CallUpReason(StrEnum):
    """Why volunteers are called together."""

    RAIN = "rain"
    LANDSLIDE = "landslide"
    COLD = "cold"
    HEAT = "heat"
    SEARCH = "search"
    OTHER = "other"


class CallUp(SQLModel, table=True):
    """Volunteers of an area asked for a day and hours: with whom to meet where, and which skill is wanted."""

    id: str = Field(primary_key=True, max_length=31)
    area_code: str = Field(foreign_key="area.code", index=True, max_length=14)
    reason: CallUpReason = Field(sa_type=enum_type(CallUpReason))
    skill: str = Field(default="", max_length=24)  # a service or training they must be able to do; "" for anybody
    words: str = Field(max_length=400)
    meet_at: str = Field(default="", max_length=120)
    on: date = Field(index=True)
    from_minute: int
    to_minute: int
    wanted: int
    by_user_id: str = Field(max_length=31)
    at: datetime
    ended_at: datetime | None = None


class CallUpAnswer(SQLModel, table=True):
    """Somebody who was asked: `is_coming` is None until they answer."""

    __table_args__ = (UniqueConstraint("call_up_id", "person_id"),)

    id: str = Field(primary_key=True, max_length=31)
    call_up_id: str = Field(foreign_key="callup.id", index=True, max_length=31)
    person_id: str = Field(foreign_key="person.id", index=True, max_length=31)
    is_coming: bool | None = None
    answered_at: datetime | None = None


class CallUpCheck(SQLModel, table=True):
    """An elder in special difficulty to be called by phone. What came of it is the visiting record of `record_key`."""

    __table_args__ = (UniqueConstraint("call_up_id", "elder_id"),)

    id: str = Field(primary_key=True, max_length=31)
    call_up_id: str = Field(foreign_key="callup.id", index=True, max_length=31)
    elder_id: str = Field(foreign_key="person.id", index=True, max_length=31)
    tries: int = 0
    record_key: str | None = Field(default=None, max_length=80)  # of the last call
