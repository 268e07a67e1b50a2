"""Reading visits, always within the caller's scope."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from timebank.areas.models import DayKind
from timebank.areas.queries import closures_on, day_kinds
from timebank.core import clock, crypto, months
from timebank.core.actors import Scope
from timebank.core.db import in_area
from timebank.core.limits import PAGE_ROWS
from timebank.core.maps import distance_m
from timebank.ledger.models import AccountKind, Hold, HoldState
from timebank.ledger.queries import account_of, available_minutes
from timebank.ledger.served import by, served
from timebank.people.models import DayOff, Household, Person
from timebank.people.queries import moved_in, place_of
from timebank.visits.models import (
    CarerState,
    Confirmation,
    EventKind,
    Visit,
    VisitCarer,
    VisitEvent,
    VisitState,
)
from timebank.visits.rules import Forgotten, forgotten, when
from timebank.volunteers.queries import may_do

Coming = tuple[VisitCarer, Person]
_NEW_DOOR_DAYS = 30  # so long a new door is pointed out: visits may be four weeks apart
COMING = (CarerState.INVITED, CarerState.ACCEPTED)
SAID_NO = sa.or_(  # the reason stays when somebody else is asked after them
    col(VisitCarer.state) == CarerState.DECLINED,
    sa.and_(col(VisitCarer.state) == CarerState.REPLACED, col(VisitCarer.decline_reason) != ""),
)
OPEN_STATES = (  # events still change the visit: nobody reviewed, cancelled or settled it
    *(VisitState.DUE, VisitState.PLANNED, VisitState.RUNNING),
    *(VisitState.DONE, VisitState.CONFIRMED, VisitState.UNREACHED),
)
UNSETTLED = (VisitState.RUNNING, VisitState.DONE, VisitState.CONFIRMED)  # begun, and not in the ledger yet


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


def crew_of(session: Session, visit_id: str) -> list[Coming]:
    """The carers of one visit who are invited or have accepted, in order of their start."""
    return carers_of(session, [visit_id]).get(visit_id, [])


@dataclass(frozen=True)
class Stop:
    """One stop of a volunteer's day: the visit, their part in it, the elder, the door, and who else comes."""

    visit: Visit
    carer: VisitCarer
    elder: Person
    household: Household
    partners: tuple[tuple[VisitCarer, Person], ...]
    moved_in_on: date | None = None  # lately: the helper may still know the way to the old door only

    @property
    def arrived(self) -> int:
        """How many of the crew are there, or were."""
        return sum(carer.checked_in_at is not None for carer in (self.carer, *(one for one, _ in self.partners)))


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
    lately = moved_in(session, (elder.id for _, _, elder, _ in found), first_on - timedelta(days=_NEW_DOOR_DAYS))
    return [
        Stop(
            visit,
            carer,
            elder,
            household,
            tuple(pair for pair in all_carers[visit.id] if pair[0].person_id != person_id),
            lately.get(elder.id),
        )
        for visit, carer, elder, household in found
    ]


def forgotten_by(visit: Visit, carer: VisitCarer, tolerance_minutes: int) -> Forgotten | None:
    """For a carer who is still signed in at a visit: until when it was planned, and when to ask whether they left."""
    if carer.checked_in_at is None or carer.checked_out_at is not None or visit.state not in OPEN_STATES:
        return None
    planned_end = clock.at_local(visit.due_on, carer.starts_minute) + timedelta(minutes=visit.duration_minutes)
    return forgotten(
        planned_end,
        carer.checked_in_at,
        planned_minutes=visit.duration_minutes,
        tolerance_minutes=tolerance_minutes,
    )


def events_of(session: Session, visit_id: str) -> list[VisitEvent]:
    """What happened at a visit, in order: by the phones' clocks, set right where one of them was wrong."""
    found = session.exec(select(VisitEvent).where(VisitEvent.visit_id == visit_id))
    return sorted(found, key=lambda event: (when(event), event.counter, event.id))


def confirmation_of(session: Session, visit_id: str) -> Confirmation | None:
    """What the elder's side said, if anything."""
    return session.exec(select(Confirmation).where(Confirmation.visit_id == visit_id)).first()


def who_recorded(session: Session, visit_id: str) -> set[str]:
    """The users who entered what happened at a visit for somebody else."""
    found = select(VisitEvent.entered_by).where(VisitEvent.visit_id == visit_id, VisitEvent.entered_by != "")
    return set(session.exec(found.distinct()))


def who_confirmed(session: Session, visit_id: str) -> str:
    """The user who gave or wrote down what the elder's side said; "" while nobody has."""
    found = select(Confirmation.by_user_id).where(Confirmation.visit_id == visit_id)
    return session.exec(found).first() or ""


@dataclass(frozen=True)
class Went:
    """How a visit went: what was ticked, in its order, and the face that the elder's side gave."""

    ticked: tuple[str, ...]
    happy: int | None


def how_it_went(session: Session, visit_ids: Collection[str]) -> dict[str, Went]:
    """How visits went, for those of which something is known."""
    ticks = select(VisitEvent).where(col(VisitEvent.visit_id).in_(visit_ids), VisitEvent.kind == EventKind.TICK)
    ticked: dict[str, dict[str, None]] = defaultdict(dict)  # the same thing ticked twice was done once
    for event in session.exec(ticks.order_by(col(VisitEvent.device_at), col(VisitEvent.counter))):
        ticked[event.visit_id][str(event.data.get("task"))] = None
    said = session.exec(select(Confirmation).where(col(Confirmation.visit_id).in_(visit_ids)))
    faces = {one.visit_id: one.happy for one in said}
    return {key: Went(tuple(ticked.get(key, ())), faces.get(key)) for key in {*ticked, *faces}}


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


def hours_to_draw(session: Session, person_id: str) -> int:
    """Minutes that somebody can ask for help with now: the month's gift and their own, less what is held."""
    kept = [account_of(session, person_id, kind) for kind in (AccountKind.GIFT, AccountKind.MEMBER)]
    return sum(available_minutes(session, one.id) for one in kept if one and one.closed_at is None)


_week = served(by(sa.bindparam("person_id")), since=sa.bindparam("week_from"), before=sa.bindparam("week_to")).c
_of_day = sa.and_(_week.event_at >= sa.bindparam("day_from"), _week.event_at < sa.bindparam("day_to"))
_CREDITED = sa.select(
    sa.func.coalesce(sa.func.sum(sa.case((_of_day, _week.minutes), else_=0)), 0),
    sa.func.coalesce(sa.func.sum(_week.minutes), 0),
)


def credited_around(session: Session, person_id: str, on: date) -> tuple[int, int]:
    """Minutes a volunteer was credited for visits of a day and of its week from Monday: what the caps count."""
    monday = on - timedelta(days=on.weekday())
    days = {
        "day_from": on,
        "day_to": on + timedelta(days=1),
        "week_from": monday,
        "week_to": monday + timedelta(days=7),
    }
    instants = {name: clock.at_local(day, 0) for name, day in days.items()}
    day, week = session.connection().execute(_CREDITED, {"person_id": person_id, **instants}).one()
    return int(day), int(week)


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


def day_code(household_code: str, on: date) -> str:
    """The six digits on a home's printed strip for a day: from the vault's key, so only the strip and we know them."""
    return f"{int(crypto.vault().fingerprint(f'day code {household_code} {on.isoformat()}')[:12], 16) % 1_000_000:06d}"


def wrong_codes(session: Session, visit_id: str) -> int:
    """How many wrong day codes were tried at a visit, whatever was told with them: any kind of entry may bring one."""
    found = select(VisitEvent).where(VisitEvent.visit_id == visit_id)
    return sum(1 for event in session.exec(found) if event.data.get("code") == "wrong")


def is_hold_waiting(session: Session, hold_id: str) -> bool:
    """Whether held hours are still there: neither drawn, nor freed, nor run out.

    Held once more for an entry that two were joined to, they wait under the same source in another row.
    """
    source = select(Hold.source_id).where(Hold.id == hold_id).scalar_subquery()
    waiting = select(Hold.id).where(Hold.source_id == source, Hold.state == HoldState.WAITING)
    return session.exec(waiting.limit(1)).first() is not None


def source_of_hold(session: Session, visit: Visit) -> str:
    """What the hours for a visit were held for: the visit, or the one that it is the second try of."""
    return session.exec(select(Hold.source_id).where(Hold.id == visit.hold_id)).first() or visit.id


def sources_at_work(session: Session) -> list[str]:
    """Sources of waiting holds for help that has begun and is not settled: those hours are for that help."""
    at_work = select(Hold.source_id).join(Visit, col(Visit.hold_id) == Hold.id).where(col(Visit.state).in_(UNSETTLED))
    waiting = select(Hold.source_id).where(Hold.state == HoldState.WAITING, col(Hold.source_id).in_(at_work))
    return list(session.exec(waiting.distinct()))


def is_expected_elsewhere(session: Session, person_id: str, visit: Visit) -> bool:
    """Whether a volunteer is planned at another visit while this one is due."""
    found = select(VisitCarer.starts_minute, Visit.duration_minutes).where(
        VisitCarer.visit_id == Visit.id,
        VisitCarer.person_id == person_id,
        col(VisitCarer.state).in_(COMING),
        Visit.due_on == visit.due_on,
        Visit.id != visit.id,
        col(Visit.state).in_([VisitState.DUE, VisitState.PLANNED, VisitState.RUNNING]),
    )
    start, end = visit.window_from_minute, visit.window_from_minute + visit.duration_minutes
    return any(other < end and start < other + minutes for other, minutes in session.exec(found))


def who_came_in_vain(session: Session, visit: Visit) -> list[Coming]:
    """The carers who told that nobody answered and were not credited yet."""
    told = {event.person_id for event in events_of(session, visit.id) if event.kind == EventKind.NO_ANSWER}
    coming = crew_of(session, visit.id)
    return [(carer, person) for carer, person in coming if person.id in told and carer.credited_minutes is None]


def was_planned(session: Session, elder_id: str, person_id: str, on: date) -> bool:
    """Whether a visit of a person to an elder stands in the book on a day, neither called off nor rejected."""
    found = select(Visit.id).where(
        Visit.elder_id == elder_id,
        Visit.due_on == on,
        col(Visit.state).not_in((VisitState.CANCELLED, VisitState.REJECTED)),
        VisitCarer.visit_id == Visit.id,
        VisitCarer.person_id == person_id,
        col(VisitCarer.state).in_(COMING),
    )
    return session.exec(found.limit(1)).first() is not None


def count_rejected(session: Session, elder_id: str, person_id: str, on: date) -> int:
    """How many visits of a person to an elder on a day were reviewed and not credited."""
    found = select(sa.func.count(col(Visit.id))).where(
        Visit.elder_id == elder_id,
        Visit.due_on == on,
        Visit.state == VisitState.REJECTED,
        VisitCarer.visit_id == Visit.id,
        VisitCarer.person_id == person_id,
    )
    return int(session.exec(found).one())


def households_of(session: Session, codes: Iterable[str]) -> dict[str, Household]:
    """Doors by code, for lists that were limited to the scope already."""
    found = select(Household).where(col(Household.code).in_(set(codes)))
    return {household.code: household for household in session.exec(found)}


def homes_with_visits(session: Session, area_code: str, month: str) -> list[Household]:
    """The homes of an area that have visits in a month, by code."""
    due = select(Visit.household_code).where(
        in_area(col(Visit.area_code), area_code),
        Visit.due_on >= months.first_day(month),
        Visit.due_on <= months.last_day(month),
    )
    return list(session.exec(select(Household).where(col(Household.code).in_(due)).order_by(Household.code)))


@dataclass(frozen=True)
class Wanted:
    """A request that a volunteer may take: what, whose, which door, how far as the crow flies, who took it so far."""

    visit: Visit
    elder: Person
    household: Household
    distance_m: int
    partners: tuple[Person, ...]


def wanted_near(session: Session, person_id: str, township_code: str, on: date) -> list[Wanted]:
    """Open requests of a township that are on no plan and that a volunteer may do, of the next week, nearest first.

    Left out are requests of the own home, those whose time is over or whose gates are closed to the volunteer, and days
    off.
    """
    me = session.get_one(Person, person_id)
    own_door = place_of(session.get_one(Household, me.household_code))
    rows = _open_requests(session, me, township_code, on)
    coming = carers_of(session, [visit.id for visit, *_ in rows])
    allowed = {day: may_do(session, [me], day)[me.id] for day in {visit.due_on for visit, *_ in rows}}
    found = []
    for visit, elder, household in rows:
        partners = tuple(person for _, person in coming.get(visit.id, []))
        if visit.service.value in allowed[visit.due_on] and me.id not in {person.id for person in partners}:
            metres = round(distance_m(*own_door, *place_of(household)))
            found.append(Wanted(visit, elder, household, metres, partners))
    return sorted(found, key=lambda row: (row.distance_m, row.visit.due_on, row.visit.id))[:PAGE_ROWS]


def _open_requests(session: Session, me: Person, township_code: str, on: date) -> list[tuple[Visit, Person, Household]]:
    days_off = select(col(DayOff.on)).where(DayOff.person_id == me.id)
    found = session.exec(
        select(Visit, Person, Household)
        .where(in_area(col(Visit.area_code), township_code), Visit.state == VisitState.DUE)
        .where(col(Visit.care_item_id).is_(None), Visit.due_on >= on, Visit.due_on <= on + timedelta(days=7))
        .where(Person.id == Visit.elder_id, Household.code == Visit.household_code)
        .where(Visit.household_code != me.household_code, col(Visit.due_on).not_in(days_off))
        .order_by(col(Visit.due_on), col(Visit.window_from_minute))
        .limit(4 * PAGE_ROWS)
    ).all()
    return [(visit, elder, household) for visit, elder, household in found if not is_over(visit)]


def is_over(visit: Visit) -> bool:
    """Whether the time in which a visit should have been is over."""
    return visit.due_on < clock.today() or visit.window_to_minute <= clock.minutes_gone(visit.due_on)


def warnings_on(session: Session, area_code: str, on: date) -> list[tuple[str, str, int | None]]:
    """What a volunteer must know about today: kind, words of the office, extra minutes (None: closed) for roads."""
    township = area_code[:9]
    roads = [("road", closure.reason, closure.extra_minutes) for closure in closures_on(session, township, on)]
    kinds = day_kinds(session, area_code, [on])[on]
    told = (DayKind.MARKET, DayKind.NO_SERVICE, DayKind.HOLIDAY)
    return [*roads, *((kind.value, kinds[kind], None) for kind in told if kind in kinds)]
