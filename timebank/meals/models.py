"""Tables of meals: menus by day, orders, and the rounds that carry them."""

from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, SQLModel, UniqueConstraint

from timebank.core.db import enum_type


class Menu(SQLModel, table=True):
    """A dish that a kitchen cooks on a day, with the diets that it suits."""

    __table_args__ = (UniqueConstraint("kitchen_id", "on", "name"),)

    id: str = Field(primary_key=True, max_length=31)
    kitchen_id: str = Field(foreign_key="facility.id", index=True, max_length=31)
    area_code: str = Field(foreign_key="area.code", index=True, max_length=14)
    on: date = Field(index=True)
    name: str = Field(max_length=60)
    diet: list[str] = Field(default_factory=list, sa_type=sa.JSON)  # codes of careplans.rules.DIETS
    portions: int  # the most that are cooked
    by_user_id: str = Field(max_length=31)
    at: datetime


class OrderState(StrEnum):
    """Where a meal stands."""

    ORDERED = "ordered"
    CANCELLED = "cancelled"
    ON_THE_WAY = "on_the_way"
    HANDED_OVER = "handed_over"


class MealOrder(SQLModel, table=True):
    """One meal for one elder on one day: at home, or at the table of a dining point."""

    __table_args__ = (UniqueConstraint("elder_id", "on"),)

    id: str = Field(primary_key=True, max_length=31)
    elder_id: str = Field(foreign_key="person.id", index=True, max_length=31)
    area_code: str = Field(foreign_key="area.code", index=True, max_length=14)  # of the elder
    kitchen_id: str = Field(foreign_key="facility.id", index=True, max_length=31)
    menu_id: str = Field(foreign_key="menu.id", index=True, max_length=31)
    on: date = Field(index=True)
    point_id: str | None = Field(default=None, foreign_key="facility.id", max_length=31)  # None: carried home
    visit_id: str | None = Field(default=None, foreign_key="visit.id", index=True, max_length=31)  # that carries it
    is_standing: bool = False  # from the care plan
    state: OrderState = Field(default=OrderState.ORDERED, sa_type=enum_type(OrderState))
    cancel_reason: str = Field(default="", max_length=200)
    round_id: str | None = Field(default=None, foreign_key="mealround.id", index=True, max_length=31)
    handed_at: datetime | None = None
    handed_c: int | None = None  # °C when the lid was opened at the door
    was_eaten: bool | None = None  # the meal before: False is a sign that somebody should look in
    by_user_id: str = Field(max_length=31)
    at: datetime


class MealRound(SQLModel, table=True):
    """One bag on its way: who carries it, when it left the kitchen and how hot it was."""

    id: str = Field(primary_key=True, max_length=31)
    kitchen_id: str = Field(foreign_key="facility.id", index=True, max_length=31)
    area_code: str = Field(foreign_key="area.code", index=True, max_length=14)  # of the kitchen
    carer_id: str = Field(foreign_key="person.id", index=True, max_length=31)
    on: date = Field(index=True)
    left_at: datetime
    left_c: int  # °C
    by_user_id: str = Field(max_length=31)
