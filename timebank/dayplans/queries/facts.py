"""What a township's day is made of: visits, doors, carers, kitchens, vans, roads, rules. Read once, then planned."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from sqlmodel import Session, col, or_, select

from dispatch.travel import Factors
from timebank.areas.models import Area, Facility, FacilityKind, RoadClosure
from timebank.areas.queries import closures_on, facilities_within
from timebank.careplans.models import ServiceKind
from timebank.dayplans.queries.drives import drive_factors
from timebank.mutual.queries import paired_helpers
from timebank.people.models import Availability, Household, Kinship, Person
from timebank.people.queries import CarerDay, carers_on, people_by_id, place_of, valid_qualifications
from timebank.policies.queries import Policy, in_force
from timebank.visits.models import CarerState, Visit, VisitCarer, VisitState
from timebank.visits.queries import SAID_NO, last_carers, visits_on
from timebank.volunteers.queries import may_do

Point = tuple[float, float]
_KNOWN_FOR_DAYS = 90
TO_PLAN = (VisitState.DUE, VisitState.PLANNED)
BEGUN = (VisitState.RUNNING, VisitState.DONE, VisitState.CONFIRMED, VisitState.SETTLED, VisitState.UNREACHED)


@dataclass(frozen=True)
class Invitation:
    """Who was asked to come to a visit, when (minute of the day), and how they answered, also before others did."""

    person_id: str
    minute: int
    state: CarerState
    said_no: bool = False


@dataclass(frozen=True)
class DayFacts:
    """Everything the planner is told about a township's day; points are (latitude, longitude), WGS-84.

    `visits` leaves out phone calls (nobody drives) and what has begun or ended, unless it was asked for.
    """

    township: Area
    on: date
    policy: Policy
    visits: tuple[Visit, ...]
    elders: Mapping[str, Person]
    doors: Mapping[str, Point]  # household code → point
    carers: tuple[CarerDay, ...]
    kitchens: tuple[Facility, ...]
    van_bases: tuple[Facility, ...]
    closures: tuple[RoadClosure, ...]
    drive_factors: Factors  # village → village: what drives take of their estimate
    known_faces: Mapping[str, Mapping[str, int]]  # elder → carer → visits in the last 90 days; pairs too
    kin: Mapping[str, frozenset[str]]  # elder → carers who are kin
    invitations: Mapping[str, tuple[Invitation, ...]]  # visit → everybody ever asked
    away: frozenset[str] = frozenset()  # of the carers, who is off by now: what they had begun stays, nothing is added

    @property
    def begun(self) -> set[str]:
        """The visits that somebody has begun, or that are over."""
        return {visit.id for visit in self.visits if visit.state in BEGUN}


def gather(
    session: Session, area_code: str, on: date, *, with_begun: bool = False, with_carers: Collection[str] = ()
) -> DayFacts:
    """The facts of a township's day.

    `with_begun` adds the visits under way or over, for repairs of a running day; `with_carers` are there too although
    they are off by now, because they had begun something; they do nothing more (`away`).
    """
    states = (*TO_PLAN, *BEGUN) if with_begun else TO_PLAN
    visits = [visit for visit in visits_on(session, area_code, on, states) if visit.service != ServiceKind.PHONE_CHECK]
    elder_ids = {visit.elder_id for visit in visits}
    carers = carers_on(session, area_code, on)
    off = _off_by_now(session, on, set(with_carers) - {carer.person.id for carer in carers})
    carers += off
    allowed = may_do(session, [carer.person for carer in carers], on)
    carers = [_with_gates(carer, allowed[carer.person.id]) for carer in carers]
    return DayFacts(
        township=session.get_one(Area, area_code),
        on=on,
        policy=in_force(session, area_code, on),
        visits=tuple(visits),
        elders=people_by_id(session, elder_ids),
        doors=_doors(session, {visit.household_code for visit in visits}),
        carers=tuple(carers),
        kitchens=tuple(facilities_within(session, area_code, FacilityKind.KITCHEN, on=on)),
        van_bases=tuple(facilities_within(session, area_code, FacilityKind.VAN_BASE, on=on)),
        closures=tuple(closures_on(session, area_code, on)),
        drive_factors=drive_factors(session, area_code),
        known_faces=_known_faces(session, elder_ids, on),
        kin=_kin(session, elder_ids, {carer.person.id for carer in carers}),
        invitations=_invitations(session, [visit.id for visit in visits]),
        away=frozenset(carer.person.id for carer in off),
    )


def _known_faces(session: Session, elder_ids: set[str], on: date) -> dict[str, dict[str, int]]:
    """Who came to each elder lately, and who looks after them as a pair, also where they have not come yet."""
    faces = last_carers(session, elder_ids, on - timedelta(days=_KNOWN_FOR_DAYS))
    for elder_id, helpers in paired_helpers(session, elder_ids, on).items():
        faces[elder_id] = dict.fromkeys(helpers, 0) | faces.get(elder_id, {})
    return faces


def _with_gates(carer: CarerDay, services: frozenset[str]) -> CarerDay:
    """What a carer brings: services whose gates are passed, and training that an item may ask for beside."""
    beside = carer.qualifications - set(ServiceKind)
    return replace(carer, qualifications=services | beside)


def begun_among(session: Session, visit_ids: Collection[str]) -> set[str]:
    """Those of some visits that have begun or are over."""
    found = select(Visit.id).where(col(Visit.id).in_(visit_ids), col(Visit.state).in_(BEGUN))
    return set(session.exec(found))


def _off_by_now(session: Session, on: date, person_ids: set[str]) -> list[CarerDay]:
    if not person_ids:  # nearly every day
        return []
    found = session.exec(
        select(Availability, Person, Household)
        .where(
            col(Person.id).in_(person_ids), Availability.person_id == Person.id, Availability.weekday == on.weekday()
        )
        .where(Household.code == Person.household_code)
        .order_by(col(Person.id), col(Availability.from_minute))
    )
    held = valid_qualifications(session, person_ids, on)
    days: dict[str, CarerDay] = {}
    for window, person, home in found:
        known, shift = days.get(person.id), (window.from_minute, window.to_minute)
        shifts = (*known.shifts, shift) if known else (shift,)
        kinds = held.get(person.id, frozenset())
        days[person.id] = CarerDay(person, *place_of(home), shifts, window.travel_mode, kinds)
    return list(days.values())


def _doors(session: Session, codes: set[str]) -> dict[str, Point]:
    found = select(Household).where(col(Household.code).in_(codes))
    return {household.code: place_of(household) for household in session.exec(found)}


def _kin(session: Session, elder_ids: set[str], carer_ids: set[str]) -> dict[str, frozenset[str]]:
    """The carers who are kin of each elder, whichever way round the kinship was written."""
    person, kin = col(Kinship.person_id), col(Kinship.kin_id)
    found = session.exec(
        select(Kinship.person_id, Kinship.kin_id).where(or_(person.in_(elder_ids), kin.in_(elder_ids)))
    )
    close: dict[str, frozenset[str]] = {}
    for one, other in found:
        for elder, carer in ((one, other), (other, one)):
            if carer in carer_ids:
                close[elder] = close.get(elder, frozenset()) | {carer}
    return close


def _invitations(session: Session, visit_ids: list[str]) -> dict[str, tuple[Invitation, ...]]:
    found = (
        select(VisitCarer, SAID_NO.label("said_no"))
        .where(col(VisitCarer.visit_id).in_(visit_ids))
        .order_by(col(VisitCarer.person_id))
    )
    asked: dict[str, tuple[Invitation, ...]] = {}
    for row, said_no in session.exec(found):
        one = Invitation(row.person_id, row.starts_minute, row.state, bool(said_no))
        asked[row.visit_id] = (*asked.get(row.visit_id, ()), one)
    return asked
