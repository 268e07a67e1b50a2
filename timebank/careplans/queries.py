"""Reading care plans."""

import json
from collections.abc import Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, or_, select

from timebank.careplans.models import Absence, CareItem, CarePlan, CarePlanState
from timebank.core.actors import Scope
from timebank.core.db import in_area, in_scope
from timebank.core.limits import PAGE_ROWS
from timebank.people.models import Consent, Person


def care_plan_for(session: Session, scope: Scope, care_plan_id: str) -> CarePlan | None:
    """The care plan if the scope may see it."""
    mine = in_scope(scope, col(CarePlan.area_code), col(CarePlan.elder_id))
    return session.exec(select(CarePlan).where(CarePlan.id == care_plan_id, mine)).first()


def plans_of(session: Session, elder_id: str) -> list[CarePlan]:
    """All versions of an elder's care plan, newest first."""
    found = select(CarePlan).where(CarePlan.elder_id == elder_id).order_by(col(CarePlan.version).desc())
    return list(session.exec(found))


def items_of(session: Session, care_plan_id: str) -> list[CareItem]:
    """The items of a care plan."""
    return list(session.exec(select(CareItem).where(CareItem.care_plan_id == care_plan_id).order_by(CareItem.id)))


def stands(first_on: date, last_on: date) -> sa.ColumnElement[bool]:
    """Care plans in force on some day of a time: one that was replaced or ended counts until its last day."""
    ends_on = col(CarePlan.ends_on)
    return sa.and_(
        col(CarePlan.state) != CarePlanState.DRAFT,
        col(CarePlan.starts_on) <= last_on,
        or_(ends_on.is_(None), ends_on >= first_on),
    )


def items_in_force(
    session: Session, area_code: str, first_on: date, last_on: date
) -> list[tuple[CareItem, CarePlan, Person]]:
    """Items of care plans of an area that are in force within a time, with plan and elder; by item id."""
    found = (
        select(CareItem, CarePlan, Person)
        .where(CareItem.care_plan_id == CarePlan.id, CarePlan.elder_id == Person.id)
        .where(in_area(col(CarePlan.area_code), area_code), stands(first_on, last_on))
        .order_by(CareItem.id)
    )
    return [(item, plan, elder) for item, plan, elder in session.exec(found)]


def absences_in(session: Session, area_code: str, first_on: date, last_on: date) -> dict[str, list[Absence]]:
    """The absences known ahead that touch some days, by elder."""
    found = select(Absence).where(
        in_area(col(Absence.area_code), area_code),
        Absence.first_on <= last_on,
        or_(col(Absence.last_on).is_(None), col(Absence.last_on) >= first_on),
    )
    known: dict[str, list[Absence]] = {}
    for absence in session.exec(found.order_by(col(Absence.first_on), col(Absence.id))):
        known.setdefault(absence.elder_id, []).append(absence)
    return known


def absences_of(session: Session, elder_id: str, since_on: date) -> list[Absence]:
    """An elder's absences that end on a day or later, the next first."""
    found = select(Absence).where(
        Absence.elder_id == elder_id, or_(col(Absence.last_on).is_(None), col(Absence.last_on) >= since_on)
    )
    return list(session.exec(found.order_by(col(Absence.first_on), col(Absence.id))))


def absence_for(session: Session, scope: Scope, absence_id: str) -> Absence | None:
    """The absence if the scope holds its area."""
    found = session.get(Absence, absence_id)
    return found if found and scope.holds_area(found.area_code) else None


def consents_in(session: Session, area_code: str, purposes: Sequence[str]) -> dict[str, frozenset[str]]:
    """For each person of an area, to which of some purposes they agree now."""
    found = (
        select(Consent.person_id, Consent.purpose)
        .where(Consent.person_id == Person.id, in_area(col(Person.area_code), area_code))
        .where(col(Consent.purpose).in_(purposes), col(Consent.withdrawn_at).is_(None))
    )
    agreed: dict[str, set[str]] = {}
    for person_id, purpose in session.exec(found):
        agreed.setdefault(person_id, set()).add(purpose)
    return {person_id: frozenset(held) for person_id, held in agreed.items()}


def consents_of(session: Session, person_id: str, purposes: Sequence[str]) -> frozenset[str]:
    """To which of some purposes a person agrees now."""
    found = select(Consent.purpose).where(
        Consent.person_id == person_id, col(Consent.purpose).in_(purposes), col(Consent.withdrawn_at).is_(None)
    )
    return frozenset(session.exec(found))


def agreed_plans(session: Session, scope: Scope, *, after_id: str = "") -> list[tuple[CarePlan, Person]]:
    """One page of agreed care plans of the scope's area with their elders."""
    found = (
        select(CarePlan, Person)
        .where(in_area(col(CarePlan.area_code), scope.area_code), CarePlan.elder_id == Person.id)
        .where(CarePlan.state == CarePlanState.AGREED)
    )
    if after_id:
        found = found.where(col(CarePlan.id) > after_id)
    return [(plan, elder) for plan, elder in session.exec(found.order_by(CarePlan.id).limit(PAGE_ROWS))]


def contraindications_of(session: Session, elder_id: str, on: date) -> list[str]:
    """What speaks against a bath on a day by the elder's care plan of that day."""
    found = select(CarePlan.contraindications).where(CarePlan.elder_id == elder_id, stands(on, on))
    return [code for codes in session.exec(found) for code in codes]


@cache
def service_list(version: str = "basic-2026-assumed") -> dict[str, Any]:
    """A version of the basic service list: for each service with a limit, times in 31 days at levels 0 to 4."""
    path = Path(__file__).parent / "service_lists" / f"{version}.json"
    return dict(json.loads(path.read_text(encoding="utf-8")))
