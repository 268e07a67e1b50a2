"""Tables of day plans. A plan holds ids, minutes and places without names: nothing in it says who somebody is."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel, UniqueConstraint

from timebank.core.db import enum_type


class DayProblem(SQLModel, table=True):
    """What the planner was told about a day, kept once under its digest; every version of a plan names its own."""

    digest: str = Field(primary_key=True, max_length=64)
    area_code: str = Field(foreign_key="area.code", index=True, max_length=14)
    on: date = Field(index=True)
    body: bytes  # zlib of the planner's JSON (docs/planner/format.md)
    made_at: datetime


class DayPlanState(StrEnum):
    """A draft may be changed; a published plan only by a new version that is published in its place."""

    DRAFT = "draft"
    PUBLISHED = "published"
    SUPERSEDED = "superseded"
    TRIAL = "trial"  # a what-if: looked at and compared, never published


class DayPlan(SQLModel, table=True):
    """One version of a township's day. `revision` counts the changes by hand: who changes names the one they saw."""

    __table_args__ = (UniqueConstraint("area_code", "on", "version"),)

    id: str = Field(primary_key=True, max_length=31)
    area_code: str = Field(foreign_key="area.code", index=True, max_length=14)  # a township
    on: date = Field(index=True)
    version: int
    revision: int = 1
    state: DayPlanState = Field(default=DayPlanState.DRAFT, sa_type=enum_type(DayPlanState))
    problem_digest: str = Field(foreign_key="dayproblem.digest", max_length=64)
    body: bytes  # zlib of the plan's JSON: routes, and what was left out with the reason
    cost: int
    left_out: int  # visits without a place
    seed: int
    engine: str = Field(max_length=24)
    locks: dict[str, Any] = Field(default_factory=dict, sa_type=sa.JSON)  # rules.Locks as JSON
    amends_id: str | None = Field(default=None, foreign_key="dayplan.id", max_length=31)  # the plan it was made from
    reason: dict[str, Any] = Field(default_factory=dict, sa_type=sa.JSON)  # what it answers: an illness, a closed road
    made_by: str = Field(max_length=31)
    made_at: datetime
    published_by: str = Field(default="", max_length=31)
    published_at: datetime | None = None


class DayPlanChange(SQLModel, table=True):
    """One change by hand, with the plan as it was before, so that it can be undone."""

    __table_args__ = (UniqueConstraint("day_plan_id", "revision"),)

    id: str = Field(primary_key=True, max_length=31)
    day_plan_id: str = Field(foreign_key="dayplan.id", index=True, max_length=31)
    revision: int  # the revision that this change made
    kind: str = Field(max_length=24)  # move, take_out, lock, unlock, undo
    detail: dict[str, Any] = Field(default_factory=dict, sa_type=sa.JSON)
    before: bytes  # the plan as it was packed
    locks_before: dict[str, Any] = Field(default_factory=dict, sa_type=sa.JSON)
    undone: bool = False
    by_user_id: str = Field(max_length=31)
    at: datetime


class RunState(StrEnum):
    """The life of one run of the planner."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"  # it ended without a plan; the last plan stands


class PlannerRun(SQLModel, table=True):
    """One run of the planner in a process of its own: its progress, and the plan that came of it."""

    id: str = Field(primary_key=True, max_length=31)
    area_code: str = Field(foreign_key="area.code", index=True, max_length=14)
    on: date = Field(index=True)
    problem_digest: str = Field(foreign_key="dayproblem.digest", max_length=64)
    seconds: int
    seed: int
    state: RunState = Field(default=RunState.RUNNING, index=True, sa_type=enum_type(RunState))
    stop_asked: bool = False
    curve: list[Any] = Field(default_factory=list, sa_type=sa.JSON)  # [seconds, cost, tasks served], better each time
    tasks: int
    trial: dict[str, Any] = Field(default_factory=dict, sa_type=sa.JSON)  # the question of a what-if run
    start_plan_id: str | None = Field(default=None, foreign_key="dayplan.id", max_length=31)
    day_plan_id: str | None = Field(default=None, foreign_key="dayplan.id", max_length=31)
    fault: str = Field(default="", max_length=40)  # the code of the refusal that ended it
    made_by: str = Field(max_length=31)
    role_of_maker: str = Field(max_length=24)
    area_of_maker: str = Field(default="", max_length=14)
    started_at: datetime
    seen_at: datetime  # the worker's last sign of life
    ended_at: datetime | None = None


class DayNotice(SQLModel, table=True):
    """Somebody who must be told what the change of a published day means for them.

    Who has a phone with pages reads it there (`read_at`); elders and half of the volunteers have none, so telling them
    is work with a list: the office ticks that it was done (`told_at`).
    """

    __table_args__ = (UniqueConstraint("day_plan_id", "person_id", "as_elder"),)

    id: str = Field(primary_key=True, max_length=31)
    day_plan_id: str = Field(foreign_key="dayplan.id", index=True, max_length=31)
    person_id: str = Field(foreign_key="person.id", index=True, max_length=31)
    as_elder: bool
    steps: list[dict[str, Any]] = Field(default_factory=list, sa_type=sa.JSON)  # visit, kind, from and to minute
    told_at: datetime | None = None
    told_by: str = Field(default="", max_length=31)
    read_at: datetime | None = None


class LearntDrive(SQLModel, table=True):
    """What drives from one village to another take of their estimate, as arrivals taught; learnt anew every night."""

    area_code: str = Field(foreign_key="area.code", primary_key=True, max_length=14)  # a township
    from_code: str = Field(primary_key=True, max_length=14)
    to_code: str = Field(primary_key=True, max_length=14)
    percent: int
    drives: int
