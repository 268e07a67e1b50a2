"""Reading visits, always within the caller's scope."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from timebank.areas.models import Area
from timebank.core import clock, crypto, months
from timebank.core.actors import Scope
from timebank.core.db import in_area
from timebank.core.limits import PAGE_ROWS
from timebank.ledger.models import HourAccount, Reason, Transfer
from timebank.people.models import Household, Person, PersonState
from timebank.visits.models import (
    CarerState,
    Confirmation,
    EventKind,
    Review,
    Visit,
    VisitCarer,
    VisitEvent,
    VisitState,
)

COMING = (CarerState.INVITED, CarerState.ACCEPTED)


def visit_for(session: Session, scope: Scope, visit_id: str) -> Visit | None:
    """The visit if the scope may see it: in its area, for a person it stands for, or as a carer of it."""
    visit = session.get(Visit, visit_id)
    if visit is None:
        return None
    if scope.holds_person(visit.elder_id, visit.area_code):
        return visit
    if scope.person_ids is None:
        return None
    mine = select(VisitCarer.id).where(
        VisitCarer.visit_id == visit_id,
        col(VisitCarer.person_id).in_(scope.person_ids),
        col(VisitCarer.state).in_(COMING),
    )
    return visit if session.exec(mine).first() else None


def visits_on(session: Session, area_code: str, on: date, states: Iterable[VisitState] = ()) -> list[Visit]:
    """Visits of an area that are due on a day, by id; in some states only, where given."""
    found = select(Visit).where(in_area(col(Visit.area_code), area_code), Visit.due_on == on)
    if states:
        found = found.where(col(Visit.state).in_(list(states)))
    return list(session.exec(found.order_by(Visit.id)))


def carers_of(session: Session, visit_ids: Iterable[str]) -> dict[str, list[tuple[VisitCarer, Person]]]:
    """The carers of visits who are invited or have accepted, by visit, in order of their start."""
    found = (
        select(VisitCarer, Person)
        .where(col(VisitCarer.visit_id).in_(set(visit_ids)), VisitCarer.person_id == Person.id)
        .where(col(VisitCarer.state).in_(COMING))
        .order_by(col(VisitCarer.starts_minute), VisitCarer.person_id)
    )
    carers: dict[str, list[tuple[VisitCarer, Person]]] = {}
    for carer, person in session.exec(found):
        carers.setdefault(carer.visit_id, []).append((carer, person))
    return carers


@dataclass(frozen=True)
class Stop:
    """One stop of a volunteer's day: the visit, their part in it, the elder, the door, and who else comes."""

    visit: Visit
    carer: VisitCarer
    elder: Person
    household: Household
    partners: tuple[tuple[VisitCarer, Person], ...]


def stops_of(session: Session, person_id: str, first_on: date, last_on: date) -> list[Stop]:
    """A volunteer's stops from a day to a day, in order."""
    found = session.exec(
        select(Visit, VisitCarer, Person, Household)
        .where(VisitCarer.visit_id == Visit.id, Person.id == Visit.elder_id, Household.code == Visit.household_code)
        .where(VisitCarer.person_id == person_id, col(VisitCarer.state).in_(COMING))
        .where(Visit.due_on >= first_on, Visit.due_on <= last_on, Visit.state != VisitState.CANCELLED)
        .order_by(col(Visit.due_on), col(VisitCarer.starts_minute), Visit.id)
    ).all()
    all_carers = carers_of(session, [visit.id for visit, *_ in found])
    return [
        Stop(
            visit,
            carer,
            elder,
            household,
            tuple(pair for pair in all_carers[visit.id] if pair[0].person_id != person_id),
        )
        for visit, carer, elder, household in found
    ]


def events_of(session: Session, visit_id: str) -> list[VisitEvent]:
    """What happened at a visit, in the order of the phones' clocks."""
    found = select(VisitEvent).where(VisitEvent.visit_id == visit_id)
    return list(session.exec(found.order_by(col(VisitEvent.device_at), col(VisitEvent.counter), col(VisitEvent.id))))


def confirmation_of(session: Session, visit_id: str) -> Confirmation | None:
    """What the elder's side said, if anything."""
    return session.exec(select(Confirmation).where(Confirmation.visit_id == visit_id)).first()


def reviews_of(session: Session, visit_id: str) -> list[Review]:
    """The reviews of a visit, oldest first."""
    return list(session.exec(select(Review).where(Review.visit_id == visit_id).order_by(col(Review.at))))


def waiting_in_state(session: Session, scope: Scope, state: VisitState) -> list[tuple[Visit, Person]]:
    """One page of an office's visits in a state with their elders, the longest waiting first."""
    found = (
        select(Visit, Person)
        .where(in_area(col(Visit.area_code), scope.area_code), Visit.state == state, Person.id == Visit.elder_id)
        .order_by(col(Visit.due_on), col(Visit.id))
        .limit(PAGE_ROWS)
    )
    return [(visit, elder) for visit, elder in session.exec(found)]


def count_in_state(session: Session, area_code: str, state: VisitState) -> int:
    """How many visits of an area are in a state."""
    found = select(sa.func.count()).where(in_area(col(Visit.area_code), area_code), Visit.state == state)
    return int(session.exec(found).one())


def visits_of_elder(session: Session, elder_id: str, first_on: date, last_on: date) -> list[Visit]:
    """An elder's visits from a day to a day, in order."""
    found = select(Visit).where(Visit.elder_id == elder_id, Visit.due_on >= first_on, Visit.due_on <= last_on)
    return list(session.exec(found.order_by(col(Visit.due_on), col(Visit.window_from_minute))))


def credited_between(session: Session, person_id: str, first_on: date, last_on: date) -> int:
    """Minutes a volunteer was credited for visits from a day to a day: what day and week caps count."""
    start, end = clock.at_local(first_on, 0), clock.at_local(last_on + timedelta(days=1), 0)
    taken_back = select(Transfer.reverses_id).where(col(Transfer.reverses_id).is_not(None))
    found = select(sa.func.coalesce(sa.func.sum(Transfer.minutes), 0)).where(
        Transfer.credit_account_id == HourAccount.id,
        HourAccount.person_id == person_id,
        Transfer.reason == Reason.EARN,
        Transfer.event_at >= start,
        Transfer.event_at < end,
        col(Transfer.id).not_in(taken_back),
    )
    return int(session.exec(found).one())


def last_carers(session: Session, elder_ids: Iterable[str], since_on: date) -> dict[str, dict[str, int]]:
    """How often each carer visited each elder since a day: elder → person → visits. For the same face (continuity)."""
    found = (
        select(Visit.elder_id, VisitCarer.person_id, sa.func.count())
        .where(VisitCarer.visit_id == Visit.id, col(Visit.elder_id).in_(set(elder_ids)), Visit.due_on >= since_on)
        .where(col(VisitCarer.checked_in_at).is_not(None))
        .group_by(Visit.elder_id, VisitCarer.person_id)
    )
    counts: dict[str, dict[str, int]] = {}
    for elder_id, person_id, visits in session.exec(found):
        counts.setdefault(elder_id, {})[person_id] = int(visits)
    return counts


@dataclass(frozen=True)
class VisitingRate:
    """月探访率 of an area in a month: registered elders who were visited at least once."""

    area_code: str
    name_zh: str
    name_en: str
    registered: int
    visited: int

    @property
    def percent(self) -> int | None:
        """Visited in percent of registered, rounded down; None where nobody is registered."""
        return self.visited * 100 // self.registered if self.registered else None


def visiting_rate(session: Session, area_code: str, month: str, *, level_digits: int = 12) -> list[VisitingRate]:
    """月探访率: visited at least once in the month / registered, for every township (9) or village (12) of an area.

    A visit or phone check counts when somebody checked in and did reach the elder. This is the only query for it.
    Source: field guide §2.5 (formula ours).
    """
    reached = (
        select(Visit.elder_id)
        .where(in_area(col(Visit.area_code), area_code))
        .where(Visit.due_on >= months.first_day(month), Visit.due_on <= months.last_day(month))
        .where(col(Visit.state).in_([VisitState.RUNNING, VisitState.DONE, VisitState.CONFIRMED, VisitState.SETTLED]))
        .distinct()
        .subquery()
    )
    part = sa.func.substr(Person.area_code, 1, level_digits).label("part")
    counted = (
        select(part, sa.func.count(col(Person.id)), sa.func.count(reached.c.elder_id))
        .select_from(Person)
        .outerjoin(reached, reached.c.elder_id == Person.id)
        .where(in_area(col(Person.area_code), area_code), col(Person.elder_since_on) <= months.last_day(month))
        .where(col(Person.state).in_([PersonState.ACTIVE, PersonState.HOSPITAL]))
        .group_by(part)
        .order_by(part)
    )
    rows = session.exec(counted).all()
    names = {area.code: area for area in session.exec(select(Area).where(col(Area.code).in_([row[0] for row in rows])))}
    return [
        VisitingRate(code, names[code].name_zh, names[code].name_en, int(registered), int(visited))
        for code, registered, visited in rows
    ]


def day_code(household_code: str, on: date) -> str:
    """The six digits on a home's printed strip for a day: from the vault's key, so only the strip and we know them."""
    return f"{int(crypto.vault().fingerprint(f'day code {household_code} {on.isoformat()}')[:12], 16) % 1_000_000:06d}"


def wrong_codes(session: Session, visit_id: str) -> int:
    """How many wrong day codes were tried at a visit."""
    found = select(VisitEvent).where(VisitEvent.visit_id == visit_id, VisitEvent.kind == EventKind.CHECK_IN)
    return sum(1 for event in session.exec(found) if event.data.get("code") == "wrong")


def homes_with_visits(session: Session, area_code: str, month: str) -> list[Household]:
    """The homes of an area that have visits in a month, by code."""
    due = select(Visit.household_code).where(
        in_area(col(Visit.area_code), area_code),
        Visit.due_on >= months.first_day(month),
        Visit.due_on <= months.last_day(month),
    )
    return list(session.exec(select(Household).where(col(Household.code).in_(due)).order_by(Household.code)))


def wanted_near(
    session: Session, person_id: str, township_code: str, on: date
) -> list[tuple[Visit, Person, Household]]:
    """Open single-carer requests of a township that are on no plan, in the next week, the own village first."""
    me = session.get_one(Person, person_id)
    found = session.exec(
        select(Visit, Person, Household)
        .where(in_area(col(Visit.area_code), township_code), Visit.state == VisitState.DUE, Visit.crew_size == 1)
        .where(col(Visit.care_item_id).is_(None), Visit.due_on >= on, Visit.due_on <= on + timedelta(days=7))
        .where(Person.id == Visit.elder_id, Household.code == Visit.household_code, Visit.elder_id != person_id)
        .order_by(col(Visit.due_on), col(Visit.window_from_minute))
        .limit(PAGE_ROWS)
    ).all()
    rows = [(visit, elder, household) for visit, elder, household in found]
    return sorted(rows, key=lambda row: row[0].area_code[:12] != me.area_code[:12])
