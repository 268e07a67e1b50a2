"""Tables of places and their calendars."""

from datetime import date
from enum import StrEnum

from sqlmodel import Field, SQLModel

from timebank.core.db import enum_type


class AreaKind(StrEnum):
    """The four levels of the tree; the code has 6, 9, 12 or 14 digits."""

    DISTRICT = "district"
    TOWNSHIP = "township"
    VILLAGE = "village"
    HELP_GROUP = "villager_group"


class Area(SQLModel, table=True):
    """A node of the tree. The code of a part begins with the code of the whole, so a scope is a range of codes."""

    code: str = Field(primary_key=True, max_length=14)
    kind: AreaKind = Field(sa_type=enum_type(AreaKind))
    parent_code: str | None = Field(default=None, foreign_key="area.code", index=True, max_length=14)
    name_zh: str = Field(max_length=60)
    name_en: str = Field(max_length=60)
    lat: float
    lon: float  # both WGS-84
    population: int | None = None
    population_on: date | None = None
    market_digits: str = Field(default="", max_length=20)  # "1,4,7": market on dates that end in these digits


class FacilityKind(StrEnum):
    """Places of service: what a day starts from, and where it leads."""

    STATION = "station"
    KITCHEN = "kitchen"
    DINING_POINT = "dining_point"
    VAN_BASE = "van_base"
    CLINIC = "clinic"


class Facility(SQLModel, table=True):
    """A care station, a meal kitchen, a dining point, the yard of a bathing van, a hospital or a village clinic.

    Never deleted: what was cooked, eaten or driven from there still names it after it has closed.
    """

    id: str = Field(primary_key=True, max_length=31)
    kind: FacilityKind = Field(sa_type=enum_type(FacilityKind))
    area_code: str = Field(foreign_key="area.code", index=True, max_length=14)
    name: str = Field(max_length=60)  # as it stands on its door
    name_en: str = Field(default="", max_length=60)  # empty: the same in both languages
    lat: float
    lon: float  # both WGS-84
    phone: str = Field(default="", max_length=20)
    opens_minute: int | None = None  # of the local day; None: not said
    closes_minute: int | None = None
    closed_from_on: date | None = None  # the first day on which it is no more


class DayKind(StrEnum):
    """Why a day is not like the others."""

    HOLIDAY = "holiday"
    WORKDAY = "workday"  # a weekend day that is worked instead
    MARKET = "market"
    FARMING = "farming"
    NO_SERVICE = "no_service"


class CalendarDay(SQLModel, table=True):
    """A special day of an area, entered by the office; it overrides what the national calendar says."""

    id: str = Field(primary_key=True, max_length=31)
    area_code: str = Field(foreign_key="area.code", index=True, max_length=14)
    on: date = Field(index=True)
    kind: DayKind = Field(sa_type=enum_type(DayKind))
    name: str = Field(default="", max_length=60)


class RoadClosure(SQLModel, table=True):
    """A road between two areas that is closed or slow for some days (landslide, ferry, fog)."""

    id: str = Field(primary_key=True, max_length=31)
    area_code: str = Field(foreign_key="area.code", index=True, max_length=14)  # the township that reported it
    from_code: str = Field(foreign_key="area.code", max_length=14)
    to_code: str = Field(foreign_key="area.code", max_length=14)
    starts_on: date
    ends_on: date
    extra_minutes: int | None = None  # None: closed
    reason: str = Field(default="", max_length=200)
