"""Tables of people. Identity numbers, phones and places are sealed with the vault (core.crypto)."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel, UniqueConstraint

from timebank.core.db import enum_type


class Sex(StrEnum):
    """As on the identity card."""

    FEMALE = "female"
    MALE = "male"


class PersonState(StrEnum):
    """Where a person is; changes are cases, never deletions."""

    ACTIVE = "active"
    HOSPITAL = "hospital"
    AWAY = "away"  # with children in the city for a while
    MOVED = "moved"
    DEAD = "dead"
    MERGED = "merged"  # a duplicate; merged_into_id says of whom


class RiskTier(StrEnum):
    """How closely an elder is visited; policy visit.every_days.<tier>."""

    HIGH = "high"
    KEY = "key"
    GENERAL = "general"


class Household(SQLModel, table=True):
    """A door: what a volunteer looks for in the hamlet."""

    code: str = Field(primary_key=True, max_length=20)  # group code and a running number, printed on the door card
    area_code: str = Field(foreign_key="area.code", index=True, max_length=14)
    landmark: str = Field(max_length=60)
    place_sealed: str = Field(max_length=120)  # sealed [lat, lon], WGS-84
    place_is_learnt: bool = False  # from the first verified visits, not from the desk
    fence_m: int | None = None  # overrides policy geo.fence_m
    emptied_on: date | None = None  # its place was deleted: nobody is left of those who lived there


class Person(SQLModel, table=True):
    """Somebody who gives or receives help, or both. One person keeps one hour account for life."""

    id: str = Field(primary_key=True, max_length=31)
    household_code: str = Field(foreign_key="household.code", index=True, max_length=20)
    area_code: str = Field(foreign_key="area.code", index=True, max_length=14)  # of the household
    name: str = Field(index=True, max_length=60)
    pinyin: str = Field(default="", index=True, max_length=120)  # "chen gui ying"; correctable by hand
    pinyin_key: str = Field(default="", index=True, max_length=120)  # the same as it is searched: people.names
    initials: str = Field(default="", index=True, max_length=40)
    sex: Sex = Field(sa_type=enum_type(Sex))
    born_on: date
    phone_sealed: str = Field(default="", max_length=120)
    id_number_sealed: str = Field(default="", max_length=160)
    id_number_hash: str | None = Field(default=None, unique=True, index=True, max_length=64)
    national_volunteer_no: str = Field(default="", max_length=40)
    dialect: str = Field(default="", max_length=20)
    state: PersonState = Field(default=PersonState.ACTIVE, sa_type=enum_type(PersonState))
    state_since_on: date | None = None
    merged_into_id: str | None = Field(default=None, index=True, max_length=31)
    elder_since_on: date | None = Field(default=None, index=True)
    tags: list[str] = Field(default_factory=list, sa_type=sa.JSON)  # living_alone, empty_nest, left_behind, disabled, …
    tier: RiskTier = Field(default=RiskTier.GENERAL, sa_type=enum_type(RiskTier))
    care_wish: str = Field(default="", max_length=24)  # family, neighbours, group_living, social_services
    volunteer_since_on: date | None = Field(default=None, index=True)
    volunteer_kind: str = Field(default="", max_length=24)  # young_old, left_behind_woman, cadre, party_member, other
    created_at: datetime
    forgotten_on: date | None = None  # phone and identity number were deleted, long after death or merging


class Kinship(SQLModel, table=True):
    """Who belongs to whom: `kin_id` is the `relation` of `person_id` (spouse, child, parent, grandchild, …)."""

    id: str = Field(primary_key=True, max_length=31)
    person_id: str = Field(foreign_key="person.id", index=True, max_length=31)
    kin_id: str = Field(foreign_key="person.id", index=True, max_length=31)
    relation: str = Field(max_length=24)


class Proxy(SQLModel, table=True):
    """A written power to act for somebody without a phone, for named purposes, until a day."""

    id: str = Field(primary_key=True, max_length=31)
    for_person_id: str = Field(foreign_key="person.id", index=True, max_length=31)
    proxy_person_id: str = Field(foreign_key="person.id", index=True, max_length=31)
    purposes: list[str] = Field(
        default_factory=list, sa_type=sa.JSON
    )  # request, confirm, donate, follow_visits, see_bed
    evidence: str = Field(max_length=200)  # where the signed paper lies
    starts_on: date
    ends_on: date
    revoked_at: datetime | None = None


class Consent(SQLModel, table=True):
    """An agreement for one purpose, given so and so, withdrawn or not (PIPL art. 14-15, 29)."""

    id: str = Field(primary_key=True, max_length=31)
    person_id: str = Field(foreign_key="person.id", index=True, max_length=31)
    purpose: str = Field(max_length=40)  # register, health, place, visits, open_data
    method: str = Field(max_length=24)  # signed, thumb_print, read_aloud
    evidence: str = Field(default="", max_length=200)
    given_at: datetime
    withdrawn_at: datetime | None = None


class Qualification(SQLModel, table=True):
    """A training, insurance, health certificate or agreement of a volunteer, with an end.

    Of a training: its title, who gave it and how long it took (MCA order 67: training records).
    """

    id: str = Field(primary_key=True, max_length=31)
    person_id: str = Field(foreign_key="person.id", index=True, max_length=31)
    kind: str = Field(max_length=24, index=True)  # visit, meal, bath, escort, vitals, insurance, health, agreement
    valid_from_on: date
    valid_until_on: date
    evidence: str = Field(default="", max_length=200)
    title: str = Field(default="", max_length=120)
    issuer: str = Field(default="", max_length=80)
    length_minutes: int = 0
    entered_by: str = Field(default="", max_length=31)  # login
    revoked_at: datetime | None = None


class RealNameCheck(SQLModel, table=True):
    """That somebody's identity was checked: result, method, date, verifier; the number itself is sealed elsewhere."""

    id: str = Field(primary_key=True, max_length=31)
    person_id: str = Field(foreign_key="person.id", index=True, max_length=31)
    passed: bool
    method: str = Field(max_length=24)  # card_seen, national_system
    checked_at: datetime
    verifier_user_id: str = Field(max_length=31)


class Availability(SQLModel, table=True):
    """When a volunteer can help on a weekday (0 = Monday), in minutes after midnight."""

    id: str = Field(primary_key=True, max_length=31)
    person_id: str = Field(foreign_key="person.id", index=True, max_length=31)
    weekday: int = Field(ge=0, le=6)
    from_minute: int
    to_minute: int
    travel_mode: str = Field(default="walk", max_length=12)  # walk, moto, car


class DayOff(SQLModel, table=True):
    """A day on which a volunteer cannot come (farm work, market, ill)."""

    id: str = Field(primary_key=True, max_length=31)
    person_id: str = Field(foreign_key="person.id", index=True, max_length=31)
    on: date = Field(index=True)
    reason: str = Field(default="", max_length=60)


class PersonCase(SQLModel, table=True):
    """A change in somebody's life that the office handles step by step: death, moving away, hospital, merging."""

    id: str = Field(primary_key=True, max_length=31)
    person_id: str = Field(foreign_key="person.id", index=True, max_length=31)
    kind: str = Field(max_length=24)
    happened_on: date
    detail: dict[str, Any] = Field(default_factory=dict, sa_type=sa.JSON)
    opened_at: datetime
    opened_by: str = Field(default="", max_length=31)  # login
    closed_at: datetime | None = None
    closed_by: str = Field(default="", max_length=31)


class MoveNotice(SQLModel, table=True):
    """A helper who must know that an elder lives, or will live, behind another door: read, or told by the office."""

    __table_args__ = (UniqueConstraint("case_id", "person_id"),)

    id: str = Field(primary_key=True, max_length=31)
    case_id: str = Field(foreign_key="personcase.id", index=True, max_length=31)
    person_id: str = Field(foreign_key="person.id", index=True, max_length=31)
    told_at: datetime | None = None
    told_by: str = Field(default="", max_length=31)  # login
    read_at: datetime | None = None


class TwoPeople(SQLModel, table=True):
    """That somebody looked at two entries which are alike, and they are two people: not suggested again."""

    id: str = Field(primary_key=True, max_length=63)  # both ids in order
    decided_by: str = Field(max_length=31)  # login
    decided_at: datetime
