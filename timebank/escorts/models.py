"""Table of escorts to the doctor. The parts are visits, made once by their `source_key`."""

from datetime import date, datetime

from sqlmodel import Field, SQLModel


class Escort(SQLModel, table=True):
    """An appointment to which somebody goes along: pick-up at the door, the wait, and the way home."""

    id: str = Field(primary_key=True, max_length=31)
    elder_id: str = Field(foreign_key="person.id", index=True, max_length=31)
    area_code: str = Field(foreign_key="area.code", index=True, max_length=14)
    clinic: str = Field(max_length=60)  # its name on the day it was arranged
    clinic_id: str | None = Field(default=None, foreign_key="facility.id", max_length=31)  # None: not among the places
    on: date = Field(index=True)
    appointment_minute: int  # of the local day
    ride_minutes: int  # one way
    wait_minutes: int  # until they are ready to go home, as expected
    is_cancelled: bool = False
    by_user_id: str = Field(max_length=31)
    at: datetime
