"""Reading home-care beds: the bed, what belongs to it, and its month from the visits that took place."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from timebank.areas.models import Area, AreaKind
from timebank.areas.queries import areas_within
from timebank.beds import rules
from timebank.beds.models import (
    BedAdaptation,
    BedEquipment,
    BedHazard,
    BedInspection,
    BedState,
    BedStep,
    CareBed,
)
from timebank.careplans.models import ServiceKind
from timebank.core import clock, months
from timebank.core.actors import Scope
from timebank.core.db import in_area, in_scope
from timebank.core.limits import PAGE_ROWS
from timebank.people.models import Person
from timebank.policies.queries import Policy, in_force
from timebank.visits.models import CarerState, Visit, VisitCarer, VisitState

_TOOK_PLACE = (VisitState.DONE, VisitState.CONFIRMED, VisitState.SETTLED)


def bed_for(session: Session, scope: Scope, bed_id: str) -> CareBed | None:
    """The bed if the scope may see it."""
    mine = in_scope(scope, col(CareBed.area_code), col(CareBed.elder_id))
    return session.exec(select(CareBed).where(CareBed.id == bed_id, mine)).first()


def bed_of(session: Session, elder_id: str) -> CareBed | None:
    """An elder's home-care bed that is not closed."""
    found = select(CareBed).where(CareBed.elder_id == elder_id, CareBed.state != BedState.CLOSED)
    return session.exec(found).first()


def beds_of(session: Session, elder_id: str) -> list[CareBed]:
    """Every bed that an elder had, the newest first."""
    found = select(CareBed).where(CareBed.elder_id == elder_id).order_by(col(CareBed.id).desc())
    return list(session.exec(found))


def beds_in(session: Session, scope: Scope, *, state: str = "", after_id: str = "") -> list[tuple[CareBed, Person]]:
    """One page of an area's beds with their elders, in a state where one is named; ended ones only when asked for."""
    found = (
        select(CareBed, Person)
        .where(in_area(col(CareBed.area_code), scope.area_code), Person.id == CareBed.elder_id)
        .order_by(col(CareBed.id))
        .limit(PAGE_ROWS)
    )
    found = found.where(CareBed.state == state if state in set(BedState) else CareBed.state != BedState.CLOSED)
    if after_id:
        found = found.where(col(CareBed.id) > after_id)
    return [(bed, elder) for bed, elder in session.exec(found)]


def count_by_state(session: Session, area_code: str) -> dict[str, int]:
    """How many beds of an area stand in each state."""
    found = select(CareBed.state, sa.func.count()).where(in_area(col(CareBed.area_code), area_code))
    return {str(state): int(count) for state, count in session.exec(found.group_by(col(CareBed.state)))}


def steps_of(session: Session, bed_id: str) -> list[BedStep]:
    """The steps of a bed in the order in which they were taken."""
    found = select(BedStep).where(BedStep.bed_id == bed_id).order_by(col(BedStep.id))
    return rules.in_order(list(session.exec(found)))


def equipment_of(session: Session, bed_id: str) -> list[BedEquipment]:
    """What was lent to a bed, what is still there first."""
    found = select(BedEquipment).where(BedEquipment.bed_id == bed_id).order_by(col(BedEquipment.id))
    return sorted(session.exec(found), key=lambda thing: thing.returned_on is not None)


def adaptations_of(session: Session, bed_id: str) -> list[BedAdaptation]:
    """What is to be changed in the home, what is open first."""
    found = select(BedAdaptation).where(BedAdaptation.bed_id == bed_id).order_by(col(BedAdaptation.id))
    return sorted(session.exec(found), key=lambda change: change.done_on is not None)


def inspections_of(session: Session, bed_id: str) -> list[BedInspection]:
    """The inspections of a bed, the latest first."""
    found = select(BedInspection).where(BedInspection.bed_id == bed_id)
    return list(session.exec(found.order_by(col(BedInspection.inspected_on).desc(), col(BedInspection.at).desc())))


def hazards_of(session: Session, bed_id: str) -> list[BedHazard]:
    """The hazards found at a bed, open ones first."""
    found = select(BedHazard).where(BedHazard.bed_id == bed_id).order_by(col(BedHazard.due_on))
    return sorted(session.exec(found), key=lambda hazard: hazard.closed_by_id is not None)


def equipment_for(session: Session, bed: CareBed, equipment_id: str) -> BedEquipment | None:
    """A thing lent to this bed."""
    found = session.get(BedEquipment, equipment_id)
    return found if found and found.bed_id == bed.id else None


def adaptation_for(session: Session, bed: CareBed, adaptation_id: str) -> BedAdaptation | None:
    """A change asked for in this bed's home."""
    found = session.get(BedAdaptation, adaptation_id)
    return found if found and found.bed_id == bed.id else None


def hazard_for(session: Session, scope: Scope, hazard_id: str) -> BedHazard | None:
    """The hazard if the scope may see its bed."""
    found = session.get(BedHazard, hazard_id)
    return found if found and scope.person_ids is None and scope.holds_area(found.area_code) else None


def open_hazards(session: Session, area_code: str) -> list[tuple[BedHazard, CareBed, Person]]:
    """Hazards of an area that no inspection found gone yet, the nearest deadline first."""
    found = (
        select(BedHazard, CareBed, Person)
        .where(in_area(col(BedHazard.area_code), area_code), col(BedHazard.closed_by_id).is_(None))
        .where(CareBed.id == BedHazard.bed_id, Person.id == CareBed.elder_id)
        .order_by(col(BedHazard.due_on), col(BedHazard.id))
    )
    return [(hazard, bed, elder) for hazard, bed, elder in session.exec(found)]


def inspections_due(session: Session, area_code: str, today: date) -> list[tuple[CareBed, Person, date | None]]:
    """Beds that run and were not looked at for policy bed.inspect_every_days, with the day of the last look."""
    days = in_force(session, area_code, today).number("bed.inspect_every_days")
    last = (
        select(BedInspection.bed_id, sa.func.max(BedInspection.inspected_on).label("on"))
        .where(in_area(col(BedInspection.area_code), area_code))
        .group_by(col(BedInspection.bed_id))
        .subquery()
    )
    found = (
        select(CareBed, Person, last.c.on)
        .outerjoin(last, last.c.bed_id == CareBed.id)
        .where(in_area(col(CareBed.area_code), area_code), CareBed.state == BedState.ACTIVE)
        .where(Person.id == CareBed.elder_id)
        .where(
            sa.or_(
                last.c.on < today - timedelta(days=days), sa.and_(last.c.on.is_(None), col(CareBed.starts_on) < today)
            )
        )
        .order_by(last.c.on.is_not(None), last.c.on, col(CareBed.id))
    )
    return [(bed, elder, on) for bed, elder, on in session.exec(found)]


def delivered(session: Session, area_code: str, month: str, on: date) -> dict[str, list[tuple[date, int, bool]]]:
    """What took place at the beds of an area in a month: elder → (day, minutes, paid by voucher) for each visit.

    A phone check is no visit to a bed; a meal brought is one by policy bed.meals_count. A stay whose departure nobody
    told counts by what a review credited for it (decision 0014). Each elder's township decides, by its rules on a day,
    whoever asks. This is the only query for it.
    """
    mine = select(CareBed.elder_id).where(in_area(col(CareBed.area_code), area_code))
    of_elder: list[Any] = [Person.area_code, Visit.service]
    of_visit: list[Any] = [Visit.id, Visit.elder_id, Visit.due_on, Visit.paid_by, Visit.duration_minutes]
    of_carer: list[Any] = [VisitCarer.checked_in_at, VisitCarer.checked_out_at, VisitCarer.credited_minutes]
    is_told = sa.or_(col(VisitCarer.checked_out_at).is_not(None), col(VisitCarer.credited_minutes) > 0)
    found = (
        sa.select(*of_elder, *of_visit, *of_carer)
        .where(col(Person.id) == col(Visit.elder_id))
        .where(col(VisitCarer.visit_id) == col(Visit.id), col(VisitCarer.state) == CarerState.ACCEPTED)
        .where(col(Visit.state).in_(_TOOK_PLACE))
        .where(col(Visit.due_on) >= months.first_day(month), col(Visit.due_on) <= months.last_day(month))
        .where(col(Visit.service) != ServiceKind.PHONE_CHECK, col(Visit.elder_id).in_(mine))
        .where(col(VisitCarer.checked_in_at).is_not(None), is_told)
    )
    stays: dict[str, list[rules.Stay]] = {}
    visits: dict[str, tuple[str, date, str, int, Policy]] = {}
    for home, service, visit_id, elder_id, due_on, paid_by, minutes, *stay in session.connection().execute(found):
        policy = in_force(session, home, on)
        if service != ServiceKind.MEAL or policy.choice("bed.meals_count") != "no":
            stays.setdefault(visit_id, []).append(rules.Stay(stay[0], stay[1], stay[2] or 0))
            visits[visit_id] = (elder_id, due_on, paid_by, minutes, policy)
    by_elder: dict[str, list[tuple[date, int, bool]]] = {}
    for visit_id, (elder_id, due_on, paid_by, planned, policy) in visits.items():
        over = policy.number("earn.over_planned_minutes")
        minutes = rules.presence_minutes(stays[visit_id], planned_minutes=planned, over_planned_minutes=over)
        by_elder.setdefault(elder_id, []).append((due_on, minutes, paid_by == "voucher"))
    return by_elder


@dataclass(frozen=True)
class BedFigures:
    """A bed with its elder and its month."""

    bed: CareBed
    elder: Person
    month: rules.MonthOfBed


def month_figures(session: Session, area_code: str, month: str, *, bed_id: str = "") -> list[BedFigures]:
    """The month of every bed of an area that ran in it, by bed; pages, start pages, alerts and the export use this."""
    today = clock.today()
    rules_on = min(today, months.last_day(month))
    found = select(CareBed, Person).where(in_area(col(CareBed.area_code), area_code), Person.id == CareBed.elder_id)
    if bed_id:
        found = found.where(CareBed.id == bed_id)
    rows = session.exec(found.order_by(col(CareBed.id))).all()
    steps = _steps_by_bed(session, area_code, [bed.id for bed, _ in rows] if bed_id else None)
    got = delivered(session, area_code, month, rules_on)
    figures = []
    for bed, elder in rows:
        policy = in_force(session, bed.area_code, rules_on)
        of_month = _month(bed, steps.get(bed.id, []), got.get(elder.id, []), month, today, policy)
        figures.append(BedFigures(bed, elder, of_month))
    return [row for row in figures if row.month.days]


def _steps_by_bed(
    session: Session, area_code: str, bed_ids: Iterable[str] | None
) -> dict[str, list[tuple[date, BedState]]]:
    columns: list[Any] = [BedStep.bed_id, BedStep.step, BedStep.state, BedStep.happened_on, BedStep.at]
    found = (
        sa.select(*columns)
        .where(col(BedStep.bed_id) == col(CareBed.id), in_area(col(CareBed.area_code), area_code))
        .order_by(col(BedStep.id))
    )
    if bed_ids is not None:
        found = found.where(col(BedStep.bed_id).in_(list(bed_ids)))
    taken: dict[str, list[rules.Taken]] = {}
    for bed_id, *step in session.connection().execute(found):
        taken.setdefault(bed_id, []).append(rules.Taken(*step))
    return {bed_id: [(one.happened_on, one.state) for one in rules.in_order(some)] for bed_id, some in taken.items()}


def _month(
    bed: CareBed,
    steps: Sequence[tuple[date, BedState]],
    visits: Sequence[tuple[date, int, bool]],
    month: str,
    today: date,
    policy: Policy,
) -> rules.MonthOfBed:
    last_on = bed.ends_on if bed.ends_on and bed.ends_on < months.last_day(month) else months.last_day(month)
    ran_on = rules.active_days(steps, months.first_day(month), last_on)
    got = rules.Delivered()
    for on, minutes, is_paid in visits:
        if on in ran_on:
            got = got.with_visit(minutes, is_paid=is_paid)
    return rules.month_of_bed(
        month=month,
        today=today,
        ran_on=ran_on,
        visits=bed.monthly_target_visits,
        minutes=bed.monthly_target_minutes,
        got=got,
        alert_percent=policy.number("bed.alert_percent"),
    )


@dataclass(frozen=True)
class AreaBeds:
    """The beds of a township or village in figures; no names."""

    area: Area
    beds: int
    reached: int
    short: int
    target_minutes: int
    minutes: int
    paid_minutes: int
    open_hazards: int


def area_figures(session: Session, area_code: str, month: str) -> list[AreaBeds]:
    """The month of the beds by township, or by village inside one township."""
    kind, digits = (AreaKind.TOWNSHIP, 9) if len(area_code) < 9 else (AreaKind.VILLAGE, 12)
    rows = month_figures(session, area_code, month)
    hazards = [hazard.area_code[:digits] for hazard, _, _ in open_hazards(session, area_code)]
    return [
        _of_area(area, [row.month for row in rows if row.bed.area_code[:digits] == area.code], hazards.count(area.code))
        for area in areas_within(session, area_code, kind)
    ]


def _of_area(area: Area, beds: Sequence[rules.MonthOfBed], hazards: int) -> AreaBeds:
    return AreaBeds(
        area,
        beds=len(beds),
        reached=sum(bed.is_reached for bed in beds),
        short=sum(bed.is_short for bed in beds),
        target_minutes=sum(bed.target_minutes for bed in beds),
        minutes=sum(bed.got.minutes for bed in beds),
        paid_minutes=sum(bed.got.paid_minutes for bed in beds),
        open_hazards=hazards,
    )
