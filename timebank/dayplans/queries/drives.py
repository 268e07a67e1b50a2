"""What arrivals and departures say about the roads: drives as they were, and what was learnt of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby, pairwise

from sqlmodel import Session, col, select

from dispatch.travel import Drive, Factors
from timebank.areas.models import RoadClosure
from timebank.careplans.models import ServiceKind
from timebank.core import clock
from timebank.core.db import in_area
from timebank.dayplans.adapter import travel
from timebank.dayplans.adapter.travel import Spot
from timebank.dayplans.models import LearntDrive
from timebank.people.models import Availability, Household
from timebank.people.queries import place_of
from timebank.visits.models import EvidenceGrade, Visit, VisitCarer

_SHORTEST_MINUTES = 3  # a drive that short says more about gates and dogs than about the road
_WAIT_MINUTES = 15  # who had longer than this to spare need not have hurried
_BY_WAY = (ServiceKind.MEAL, ServiceKind.ESCORT)  # by way of a kitchen or a clinic


@dataclass(frozen=True)
class _Leg:
    """Two visits that one carer made one after the other on a day."""

    on: date
    mode: str
    first: Visit
    second: Visit
    planned_gap: int
    taken: float


def learnt_drives(session: Session, area_code: str) -> list[LearntDrive]:
    """What is known about the drives of a township, where they take longest first."""
    found = select(LearntDrive).where(LearntDrive.area_code == area_code)
    order = (col(LearntDrive.percent).desc(), LearntDrive.from_code, LearntDrive.to_code)
    return list(session.exec(found.order_by(*order)))


def drive_factors(session: Session, area_code: str) -> Factors:
    """The same as the planner takes it: village → village, and what a drive takes of its estimate."""
    return {(row.from_code, row.to_code): row.percent / 100 for row in learnt_drives(session, area_code)}


def drives_seen(session: Session, area_code: str, on: date, days: int) -> list[Drive]:
    """Drives of the days before `on` from the door of one visit to that of the next, beside their estimate.

    Only what tells about the road: both visits proved on the spot, the next one planned so soon (by what was known of
    the road) that nobody had to wait, nothing fetched on the way, the road neither closed nor slow that day.
    """
    legs = list(_legs(session, area_code, on, days))
    doors = {door for leg in legs for door in (leg.first.household_code, leg.second.household_code)}
    homes = session.exec(select(Household).where(col(Household.code).in_(doors)))
    spots = [Spot(home.code, place_of(home), home.code.partition("-")[0]) for home in homes]
    modes = sorted({leg.mode for leg in legs})
    minutes = travel.minutes_between(spots, modes, (), on) if legs else {}
    row = {spot.name: number for number, spot in enumerate(spots)}
    closures, known = _closures(session, area_code, on, days), drive_factors(session, area_code)
    seen = []
    for leg in legs:
        estimated = float(minutes[leg.mode][row[leg.first.household_code], row[leg.second.household_code]])
        origin, target = (visit.area_code[: travel.VILLAGE_DIGITS] for visit in (leg.first, leg.second))
        longest_gap = estimated * max(1.0, known.get((origin, target), 1.0)) + _WAIT_MINUTES
        is_told_by_road = estimated >= _SHORTEST_MINUTES and leg.planned_gap <= longest_gap
        if is_told_by_road and not any(_concerns(closure, leg) for closure in closures):
            seen.append(Drive(origin, target, estimated, leg.taken))
    return seen


def _legs(session: Session, area_code: str, on: date, days: int) -> Iterator[_Leg]:
    found = select(VisitCarer, Visit).where(
        Visit.id == VisitCarer.visit_id,
        in_area(Visit.area_code, area_code),
        Visit.due_on >= on - timedelta(days=days),
        Visit.due_on < on,
        col(Visit.grade).in_((EvidenceGrade.A, EvidenceGrade.B)),
        col(Visit.service).not_in(_BY_WAY),
        col(VisitCarer.checked_in_at).is_not(None),
        col(VisitCarer.checked_out_at).is_not(None),
    )
    rows = session.exec(found.order_by(VisitCarer.person_id, col(Visit.due_on), col(VisitCarer.checked_in_at))).all()
    modes = _modes(session, {carer.person_id for carer, _ in rows})
    for (person_id, day), made in groupby(rows, key=lambda row: (row[0].person_id, row[1].due_on)):
        for (before, first), (after, second) in pairwise(made):
            assert before.checked_out_at and after.checked_in_at  # asked for above
            taken = (after.checked_in_at - before.checked_out_at).total_seconds() / 60
            gap = after.starts_minute - before.starts_minute - first.duration_minutes
            is_same_day = clock.local_date(before.checked_out_at) == clock.local_date(after.checked_in_at)
            if taken > 0 and is_same_day and person_id in modes:
                yield _Leg(day, modes[person_id], first, second, gap, taken)


def _modes(session: Session, person_ids: set[str]) -> Mapping[str, str]:
    """How each volunteer gets about."""
    found = select(Availability.person_id, Availability.travel_mode).where(col(Availability.person_id).in_(person_ids))
    return dict(session.exec(found.order_by(col(Availability.id))).all())


def _closures(session: Session, area_code: str, on: date, days: int) -> Sequence[RoadClosure]:
    found = select(RoadClosure).where(in_area(RoadClosure.area_code, area_code), RoadClosure.starts_on < on)
    return session.exec(found.where(RoadClosure.ends_on >= on - timedelta(days=days))).all()


def _concerns(closure: RoadClosure, leg: _Leg) -> bool:
    ways = ((leg.first.area_code, leg.second.area_code), (leg.second.area_code, leg.first.area_code))
    is_between = any(a.startswith(closure.from_code) and b.startswith(closure.to_code) for a, b in ways)
    return is_between and closure.starts_on <= leg.on <= closure.ends_on
