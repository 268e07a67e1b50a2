"""Visits of the next days to which nobody comes, and whom the village can ring up for one."""

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from typing import NamedTuple

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import Select

from timebank.careplans.models import ServiceKind
from timebank.core.db import in_area
from timebank.core.limits import PAGE_ROWS
from timebank.core.maps import distance_m
from timebank.people.models import DayOff, Household, Person, PersonState
from timebank.people.queries import phone_of, place_of, valid_qualifications
from timebank.visits.models import Visit, VisitCarer, VisitState
from timebank.visits.queries import SAID_NO, is_expected_elsewhere, last_carers
from timebank.volunteers.queries import may_do

DAYS = 7
_MOST_NAMES = 10
_KNOWN_FOR_DAYS = 90


class Gap(NamedTuple):
    """A visit without anybody, its elder and door."""

    visit: Visit
    elder: Person
    household: Household


@dataclass(frozen=True)
class Reachable:
    """Who may come to a visit and is free then: how far off they live, how often they were there lately, the number."""

    person: Person
    distance_m: int
    visits_lately: int
    phone: str


def gaps_ahead(session: Session, area_code: str, on: date) -> list[Gap]:
    """Visits for one helper to which nobody comes, of a week from a day on, by day and hour.

    Baths and whatever else takes two are for the planner, and a call for help is nobody's way.
    """
    found = session.exec(
        select(Visit, Person, Household)
        .where(in_area(col(Visit.area_code), area_code), Visit.state == VisitState.DUE, Visit.crew_size == 1)
        .where(Visit.service != ServiceKind.PHONE_CHECK, Visit.due_on >= on, Visit.due_on < on + timedelta(days=DAYS))
        .where(Person.id == Visit.elder_id, Household.code == Visit.household_code)
        .order_by(col(Visit.due_on), col(Visit.window_from_minute), col(Visit.id))
        .limit(PAGE_ROWS)
    )
    return [Gap(*row) for row in found]


def who_could_come(session: Session, visit: Visit) -> list[Reachable]:
    """Volunteers of the township who may do a visit and are free then: familiar faces first, then the nearest.

    Left out are the own home, days off, those who declined it already, and whoever lacks training or papers for it.
    """
    found = session.exec(_volunteers_for(session, visit)).all()
    people = [person for person, _ in found]
    may = may_do(session, people, visit.due_on)
    held = valid_qualifications(session, [person.id for person in people], visit.due_on)
    lately = last_carers(session, [visit.elder_id], visit.due_on - timedelta(days=_KNOWN_FOR_DAYS))
    faces = lately.get(visit.elder_id, {})
    door = place_of(session.get_one(Household, visit.household_code))
    able = [
        Reachable(person, round(distance_m(*door, *place_of(home))), faces.get(person.id, 0), phone_of(person))
        for person, home in found
        if visit.service.value in may[person.id] and set(visit.skills) <= held.get(person.id, frozenset())
    ]
    able.sort(key=lambda one: (-one.visits_lately, one.distance_m, one.person.id))
    free = (one for one in able if not is_expected_elsewhere(session, one.person.id, visit))
    return list(islice(free, _MOST_NAMES))


def _volunteers_for(session: Session, visit: Visit) -> Select[Person, Household]:
    elder = session.get_one(Person, visit.elder_id)
    off = select(DayOff.person_id).where(DayOff.on == visit.due_on)
    asked = select(VisitCarer.person_id).where(VisitCarer.visit_id == visit.id, SAID_NO)
    found = (
        select(Person, Household)
        .where(Household.code == Person.household_code, in_area(col(Person.area_code), visit.area_code[:9]))
        .where(Person.state == PersonState.ACTIVE, col(Person.volunteer_since_on) <= visit.due_on)
        .where(Person.household_code != visit.household_code, col(Person.id).not_in(off), col(Person.id).not_in(asked))
    )
    return found.where(Person.sex == elder.sex) if visit.same_sex == "hard" else found
