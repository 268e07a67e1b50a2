"""Many visits of many people, for campaigns: who goes to whom on which day, and what a phone says about it."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from sqlmodel import Session

from tests import factories as make
from timebank.core import clock, ids
from timebank.core.actors import SYSTEM, Actor, Role
from timebank.people.models import Household, Person
from timebank.people.queries import place_of
from timebank.visits import operations
from timebank.visits.models import EventKind as Kind
from timebank.visits.models import Visit
from timebank.visits.rules import EventIn, Place

METRES_PER_DEGREE = 111_195


@dataclass
class Side:
    """A village of helpers and elders, each with a home."""

    helpers: list[Person]
    elders: list[Person]
    homes: dict[str, Household] = field(default_factory=dict)

    def door(self, elder: Person) -> tuple[float, float]:
        """Where an elder's door is."""
        return place_of(self.homes[elder.household_code])


def settle_side(session: Session, *, group_code: str, count: int, first_number: int = 100) -> Side:
    """As many helpers as elders, each in a home of their own."""
    side = Side([], [])
    for index in range(count):
        number = first_number + 2 * index
        homes = [make.household(session=session, group_code=group_code, number=number + step) for step in (0, 1)]
        side.homes |= {home.code: home for home in homes}
        side.elders.append(make.elder(session=session, household=homes[0], name=f"老人{index}"))
        side.helpers.append(make.volunteer(session=session, household=homes[1], name=f"帮手{index}"))
    return side


def planned_visit(
    session: Session, *, helper: Person, elder: Person, on: date, minute: int, minutes: int = 45
) -> Visit:
    """A visit that a helper accepted."""
    visit = make.visit(session=session, elder=elder, on=on, window=(minute, minute + 120), minutes=minutes)
    operations.assign(session, actor=SYSTEM, visit_id=visit.id, carers=[(helper.id, minute)], day_plan_id=None)
    return visit


def near(random: Random, door: tuple[float, float], *, least_m: float = 0, most_m: float = 60) -> Place:
    """Where a phone at a door believes to be: off by some metres, and about as exact as it says."""
    off_m = random.uniform(least_m, most_m)
    turn = random.choice((-1, 1))
    lat = door[0] + turn * off_m / METRES_PER_DEGREE
    return Place(round(lat, 7), round(door[1] + random.uniform(-2e-5, 2e-5), 7), round(random.uniform(8, 70), 3))


def at(on: date, minute: float) -> datetime:
    """An instant of a local day, to the second."""
    return clock.at_local(on, 0) + timedelta(seconds=round(minute * 60))


@dataclass
class PhoneLog:
    """A phone with its name and its count."""

    device_id: str
    counter: int = 0

    def says(self, visit: Visit, kind: Kind, when: datetime, **more: Any) -> EventIn:
        """The next entry of this phone."""
        self.counter += 1
        return EventIn(
            id=ids.new_id("evt"),
            visit_id=visit.id,
            kind=kind,
            device_at=when,
            device_id=self.device_id,
            counter=self.counter,
            **more,
        )


def volunteer(person: Person) -> Actor:
    """Somebody as the guard would hand them over."""
    return Actor(f"usr_{person.id[4:]}", Role.VOLUNTEER, person.area_code[:12], person.id)


def supervisor() -> Actor:
    """Who reviews in the township."""
    return Actor("usr_reviewer", Role.SUPERVISOR, make.TOWNSHIP)


def assistant() -> Actor:
    """Who calls back in the village."""
    return Actor("usr_assistant", Role.ASSISTANT, make.VILLAGE)


def record(session: Session, helper: Person, told: EventIn) -> operations.EventResult:
    """Let a helper's phone tell something."""
    return operations.record_event(session, actor=volunteer(helper), event=told, person_id=helper.id)
