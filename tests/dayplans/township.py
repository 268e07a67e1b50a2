"""A township with as many visits as a test wants: two villages, a kitchen, volunteers of several trainings."""

from dataclasses import dataclass, field
from datetime import date, timedelta

from sqlmodel import Session

from tests import factories as make
from timebank.careplans.models import ServiceKind
from timebank.core import clock, crypto
from timebank.core.actors import Actor, Role
from timebank.people.models import Household, Person, RiskTier, Sex
from timebank.visits.models import Visit

COORDINATOR = Actor("usr_coordinator", Role.COORDINATOR, make.TOWNSHIP)
_SERVICES = (ServiceKind.VISIT, ServiceKind.MEAL, ServiceKind.VISIT, ServiceKind.BATH, ServiceKind.ESCORT)
_SURNAMES = "陈冉王李张刘杨黄周吴徐孙"
_WINDOWS = {ServiceKind.MEAL: (660, 750), ServiceKind.BATH: (540, 900)}


def tomorrow() -> date:
    """The day that the tests plan."""
    return clock.today() + timedelta(days=1)


@dataclass
class Township:
    """Who and what was made, in order."""

    elders: list[Person] = field(default_factory=list)
    volunteers: list[Person] = field(default_factory=list)
    visits: list[Visit] = field(default_factory=list)


def settle(session: Session, *, visits: int, volunteers: int, on: date | None = None) -> Township:
    """Homes, elders with one visit each (visit, meal, visit, bath, escort in turn), and volunteers who may do it."""
    make.district(session=session)
    return fill(session, visits=visits, volunteers=volunteers, on=on)


def fill(session: Session, *, visits: int, volunteers: int, on: date | None = None) -> Township:
    """The same in a district that stands already."""
    made = Township()
    for number in range(volunteers):
        group = make.GROUP if number % 2 else make.NEXT_GROUP
        home = _home(session, group, 200 + number, "竹林坎上")
        extra = ("bath", "health", "escort") if number % 3 != 2 else ("escort",)
        made.volunteers.append(
            make.volunteer(
                session=session,
                household=home,
                name=f"{_SURNAMES[number % 12]}姐{number}",
                sex=Sex.MALE if number % 4 == 3 else Sex.FEMALE,
                qualifications=("visit", "meal", "agreement", "insurance", *extra),
                hours=(480, 1080),
            )
        )
    for number in range(visits):
        service = _SERVICES[number % len(_SERVICES)]
        made.visits.append(add_visit(session, made, service=service, on=on or tomorrow()))
    session.flush()
    return made


def _home(session: Session, group_code: str, number: int, landmark: str) -> Household:
    """A door within some two kilometres of the villages, the same for the same number everywhere."""
    home = make.household(session=session, group_code=group_code, number=number, landmark=landmark)
    lat = 29.255 + number * 37 % 100 / 4_000
    lon = 107.835 + number * 61 % 100 / 3_000
    home.place_sealed = crypto.vault().seal([round(lat, 6), round(lon, 6)])
    session.add(home)
    return home


def add_visit(session: Session, township: Township, *, service: ServiceKind, on: date) -> Visit:
    """One more elder with one visit."""
    number = len(township.elders)
    group = make.GROUP if number % 3 else make.NEXT_GROUP
    home = _home(session, group, 500 + number, "黄桷树下")
    elder = make.elder(
        session=session,
        household=home,
        name=f"{_SURNAMES[number % 12]}婆婆{number}",
        tier=(RiskTier.HIGH, RiskTier.KEY, RiskTier.GENERAL)[number % 3],
    )
    township.elders.append(elder)
    window = _WINDOWS.get(service, (480 + number % 6 * 60, 600 + number % 6 * 60))
    return make.visit(
        session=session,
        elder=elder,
        on=on,
        service=service,
        window=window,
        minutes=15 if service == ServiceKind.MEAL else 40,
        crew=2 if service == ServiceKind.BATH else 1,
    )
