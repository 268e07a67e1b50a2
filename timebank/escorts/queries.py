"""Reading escorts with their parts, always within the caller's scope."""

from dataclasses import dataclass
from datetime import date

from sqlmodel import Session, col, select

from timebank.areas.models import Facility, FacilityKind
from timebank.areas.queries import facilities_within
from timebank.core.actors import Scope
from timebank.core.db import in_area
from timebank.core.limits import PAGE_ROWS
from timebank.core.maps import distance_m
from timebank.escorts.models import Escort
from timebank.escorts.rules import PartKind, source_key
from timebank.people.models import Household, Person
from timebank.people.queries import place_of
from timebank.visits.models import Visit, VisitCarer
from timebank.visits.queries import carers_of


@dataclass(frozen=True)
class Arranged:
    """An escort, whom for, its parts in order, and who comes to each."""

    escort: Escort
    elder: Person
    parts: dict[PartKind, Visit]
    carers: dict[str, list[tuple[VisitCarer, Person]]]


def escort_for(session: Session, scope: Scope, escort_id: str) -> Escort | None:
    """The escort if the scope may see the elder."""
    found = session.get(Escort, escort_id)
    return found if found and scope.holds_person(found.elder_id, found.area_code) else None


def clinics_for(session: Session, elder: Person, on: date) -> list[Facility]:
    """The hospitals and clinics of an elder's district on a day, the nearest to the door first."""
    found = facilities_within(session, elder.area_code[:6], FacilityKind.CLINIC, on=on)
    door = place_of(session.get_one(Household, elder.household_code))
    return sorted(found, key=lambda one: (distance_m(*door, one.lat, one.lon), one.id))


def parts_of(session: Session, escort_id: str) -> dict[PartKind, Visit]:
    """The visits that are the parts of an escort."""
    keys = {source_key(escort_id, kind): kind for kind in PartKind}
    rows = session.exec(select(Visit).where(col(Visit.source_key).in_(keys)))
    found = {keys[str(visit.source_key)]: visit for visit in rows}
    return {kind: found[kind] for kind in PartKind if kind in found}


def escorts_from(session: Session, area_code: str, since_on: date) -> list[Arranged]:
    """The escorts of an area from a day on, by day and hour."""
    found = (
        select(Escort, Person)
        .where(in_area(col(Escort.area_code), area_code), Escort.on >= since_on, Person.id == Escort.elder_id)
        .where(col(Escort.is_cancelled).is_(False))
        .order_by(col(Escort.on), col(Escort.appointment_minute), col(Escort.id))
        .limit(PAGE_ROWS)
    )
    rows = [(escort, elder, parts_of(session, escort.id)) for escort, elder in session.exec(found).all()]
    carers = carers_of(session, [visit.id for _, _, parts in rows for visit in parts.values()])
    return [Arranged(escort, elder, parts, carers) for escort, elder, parts in rows]
