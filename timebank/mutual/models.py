"""Tables of mutual help: groups and teams, pairs, patrol rounds, sessions."""

from datetime import date, datetime
from enum import StrEnum

from sqlmodel import Field, SQLModel, UniqueConstraint

from timebank.core.db import enum_type


class GroupKind(StrEnum):
    """The two bodies of neighbours that the district's plan asks for."""

    GROUP = "group"  # 互助服务小组, one for each villager group
    TEAM = "team"  # 志愿服务队, one for each village


class HelpGroup(SQLModel, table=True):
    """A mutual-help group of a villager group, or the volunteer team of a village; an area has one of a kind for good.

    Who leads is a member too. A group that fell asleep has an end and can be called together again.
    """

    __table_args__ = (UniqueConstraint("area_code", "kind"),)

    id: str = Field(primary_key=True, max_length=31)
    area_code: str = Field(foreign_key="area.code", index=True, max_length=14)
    kind: GroupKind = Field(sa_type=enum_type(GroupKind))
    name: str = Field(max_length=60)
    leader_id: str = Field(foreign_key="person.id", max_length=31)
    founded_on: date
    ended_on: date | None = None


class GroupMember(SQLModel, table=True):
    """That somebody belongs to a group, from a day until a day."""

    id: str = Field(primary_key=True, max_length=31)
    group_id: str = Field(foreign_key="helpgroup.id", index=True, max_length=31)
    person_id: str = Field(foreign_key="person.id", index=True, max_length=31)
    joined_on: date
    left_on: date | None = None


class Pairing(SQLModel, table=True):
    """结对: a helper who looks after an elder for good, until one of them ends it; the same face at the door."""

    id: str = Field(primary_key=True, max_length=31)
    elder_id: str = Field(foreign_key="person.id", index=True, max_length=31)
    helper_id: str = Field(foreign_key="person.id", index=True, max_length=31)
    area_code: str = Field(foreign_key="area.code", index=True, max_length=14)  # of the elder
    starts_on: date
    ends_on: date | None = None  # the last day
    end_reason: str = Field(default="", max_length=200)


class PatrolRound(SQLModel, table=True):
    """One walk of a group from door to door on a day."""

    __table_args__ = (UniqueConstraint("group_id", "on"),)

    id: str = Field(primary_key=True, max_length=31)
    group_id: str = Field(foreign_key="helpgroup.id", index=True, max_length=31)
    area_code: str = Field(foreign_key="area.code", index=True, max_length=14)
    on: date = Field(index=True)
    made_by: str = Field(max_length=31)  # login
    made_at: datetime


class PatrolDoor(SQLModel, table=True):
    """One door of a round, in the order of the walk. What came of it is the visiting record that `record_key` names."""

    __table_args__ = (UniqueConstraint("round_id", "elder_id"),)

    id: str = Field(primary_key=True, max_length=31)
    round_id: str = Field(foreign_key="patrolround.id", index=True, max_length=31)
    elder_id: str = Field(foreign_key="person.id", index=True, max_length=31)
    place: int
    record_key: str | None = Field(default=None, unique=True, max_length=80)
    knocked_by: str | None = Field(default=None, foreign_key="person.id", max_length=31)  # None: the office told


class SessionState(StrEnum):
    """A session is told by one person and accepted by another; only then are its hours in the ledger."""

    TOLD = "told"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


class GroupSession(SQLModel, table=True):
    """An afternoon together: who came, who helped, for how long. Hours go to the commons (policy group.hours_mode)."""

    id: str = Field(primary_key=True, max_length=31)
    group_id: str = Field(foreign_key="helpgroup.id", index=True, max_length=31)
    area_code: str = Field(foreign_key="area.code", index=True, max_length=14)
    on: date = Field(index=True)
    from_minute: int
    minutes: int
    topic: str = Field(max_length=24)  # rules.TOPICS
    state: SessionState = Field(default=SessionState.TOLD, sa_type=enum_type(SessionState))
    told_by: str = Field(max_length=31)  # login
    told_at: datetime
    decided_by: str = Field(default="", max_length=31)  # login
    decided_at: datetime | None = None
    reason: str = Field(default="", max_length=200)  # why it was rejected


class SessionPart(StrEnum):
    """As what somebody was there."""

    HELPED = "helped"
    CAME = "came"


class SessionAttendee(SQLModel, table=True):
    """Somebody who was at a session."""

    __table_args__ = (UniqueConstraint("session_id", "person_id"),)

    id: str = Field(primary_key=True, max_length=31)
    session_id: str = Field(foreign_key="groupsession.id", index=True, max_length=31)
    person_id: str = Field(foreign_key="person.id", index=True, max_length=31)
    part: SessionPart = Field(sa_type=enum_type(SessionPart))
