"""Looking ahead: whom the month's cadence makes due and when, what stands in the book for it, and the next festival."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlmodel import Session, col, select

from timebank.areas.models import DayKind
from timebank.areas.queries import day_kinds
from timebank.core import months
from timebank.core.db import in_area
from timebank.dayplans.models import DayPlan, DayPlanState
from timebank.visiting.queries import Listed, VisitingRate, visiting_list, visiting_rate
from timebank.visits.models import Visit, VisitState

DAYS = 14
_A_YEAR = 380
_FESTIVAL = "春节"


def rates(session: Session, area_code: str, on: date) -> list[VisitingRate]:
    """月探访率 of the month of a day, village by village (for a district, township by township), the lowest first."""
    digits = 12 if len(area_code) >= 9 else 9
    found = visiting_rate(session, area_code, months.of_date(on), level_digits=digits)
    return sorted(found, key=lambda row: (row.percent is None, row.percent or 0, row.area_code))


@dataclass(frozen=True)
class DueDay:
    """One day ahead: elders who become due, those of them with a visit in the book until then, kinds of day."""

    on: date
    due: tuple[Listed, ...]
    booked: int
    kinds: dict[DayKind, str]


@dataclass(frozen=True)
class Ahead:
    """Who is overdue already without a visit in the book, and who becomes due on each of the next days."""

    overdue: tuple[Listed, ...]
    days: tuple[DueDay, ...]


def due_ahead(session: Session, area_code: str, on: date) -> Ahead:
    """Whom the cadence makes due within two weeks, and who of them is in the book already."""
    days = [on + timedelta(days=number) for number in range(DAYS)]
    listed = visiting_list(session, area_code, on)
    booked = _booked(session, area_code, on, days[-1])
    kinds = day_kinds(session, area_code, days)
    overdue = tuple(row for row in listed if row.is_overdue(on) and row.elder.id not in booked)
    due: dict[date, list[Listed]] = {}
    for row in listed:
        due.setdefault(row.due_on, []).append(row)
    return Ahead(
        overdue,
        tuple(
            DueDay(day, tuple(due.get(day, ())), _in_time(due.get(day, ()), booked), kinds.get(day, {})) for day in days
        ),
    )


def _in_time(due: Sequence[Listed], booked: dict[str, date]) -> int:
    return sum(1 for row in due if row.elder.id in booked and booked[row.elder.id] <= row.due_on)


def _booked(session: Session, area_code: str, first_on: date, last_on: date) -> dict[str, date]:
    """The next visit that stands in the book, by elder."""
    found = (
        select(col(Visit.elder_id), col(Visit.due_on))
        .where(in_area(col(Visit.area_code), area_code), Visit.due_on >= first_on, Visit.due_on <= last_on)
        .where(Visit.state != VisitState.CANCELLED)
        .order_by(col(Visit.due_on).desc())
    )
    return dict(session.exec(found).all())  # the earliest comes last and stays


def spring_festival(session: Session, area_code: str, on: date) -> tuple[date, date] | None:
    """The next days off at Spring Festival, by the national calendar; None where it does not know them yet."""
    days = [on + timedelta(days=number) for number in range(_A_YEAR)]
    kinds = day_kinds(session, area_code, days)
    found = [day for day in days if _FESTIVAL in kinds[day].get(DayKind.HOLIDAY, "")]
    first = [day for day in found if (day - found[0]).days < DAYS]
    return (first[0], first[-1]) if first else None


def saved_days(session: Session, area_code: str, limit: int = 10) -> list[DayPlan]:
    """Days that were planned, the newest first, one version each: what-ifs are asked of them."""
    found = (
        select(DayPlan)
        .where(in_area(col(DayPlan.area_code), area_code))
        .where(col(DayPlan.state).in_([DayPlanState.PUBLISHED, DayPlanState.DRAFT]))
        .order_by(col(DayPlan.on).desc(), DayPlan.area_code, col(DayPlan.version).desc())
        .limit(5 * limit)
    )
    newest: dict[tuple[str, date], DayPlan] = {}
    for row in session.exec(found):
        newest.setdefault((row.area_code, row.on), row)
    return list(newest.values())[:limit]
