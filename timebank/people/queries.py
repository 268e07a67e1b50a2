"""Reading people, always within the caller's scope."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session, col, or_, select

from timebank.core import clock, crypto
from timebank.core.actors import Scope
from timebank.core.db import in_area, in_scope
from timebank.core.limits import PAGE_ROWS
from timebank.people.models import Availability, Consent, DayOff, Household, Person, PersonState, Proxy, Qualification

CONSENT_PURPOSES = ("register", "health", "place", "visits", "open_data")


def person_for(session: Session, scope: Scope, person_id: str) -> Person | None:
    """The person if the scope may see them."""
    found = session.get(Person, person_id)
    return found if found and scope.holds_person(found.id, found.area_code) else None


def household_for(session: Session, scope: Scope, code: str) -> Household | None:
    """The household if the scope may see its area."""
    found = session.get(Household, code)
    return found if found and scope.holds_area(found.area_code) else None


def place_of(household: Household) -> tuple[float, float]:
    """Latitude and longitude of a door, WGS-84."""
    lat, lon = crypto.vault().open(household.place_sealed)
    return float(lat), float(lon)


def phone_of(person: Person) -> str:
    """The phone number, or an empty text."""
    return str(crypto.vault().open(person.phone_sealed)) if person.phone_sealed else ""


def search_people(
    session: Session, scope: Scope, *, words: str = "", area_code: str = "", kind: str = "", after_id: str = ""
) -> list[Person]:
    """One page of people by name, pinyin or household code, of a kind ("elder", "volunteer" or any), by name."""
    found = select(Person).where(in_scope(scope, col(Person.area_code), col(Person.id)))
    found = found.where(Person.state != PersonState.MERGED)
    if area_code:
        found = found.where(in_area(col(Person.area_code), area_code))
    if kind == "elder":
        found = found.where(col(Person.elder_since_on).is_not(None))
    if kind == "volunteer":
        found = found.where(col(Person.volunteer_since_on).is_not(None))
    cleaned = words.strip().lower()
    if cleaned:
        found = found.where(
            or_(
                col(Person.name).startswith(cleaned, autoescape=True),
                col(Person.pinyin).startswith(cleaned, autoescape=True),
                col(Person.household_code).startswith(cleaned, autoescape=True),
            )
        )
    if after_id:
        found = found.where(col(Person.id) > after_id)
    return list(session.exec(found.order_by(Person.id).limit(PAGE_ROWS)))


def people_by_id(session: Session, person_ids: Iterable[str]) -> dict[str, Person]:
    """Persons by id, for lists that were limited to the scope already."""
    found = select(Person).where(col(Person.id).in_(set(person_ids)))
    return {person.id: person for person in session.exec(found)}


def acts_for(session: Session, person_id: str) -> frozenset[str]:
    """Everybody a person may act for today by a written power that is in force."""
    today = clock.today()
    found = select(Proxy.for_person_id).where(
        Proxy.proxy_person_id == person_id,
        Proxy.starts_on <= today,
        Proxy.ends_on >= today,
        col(Proxy.revoked_at).is_(None),
    )
    return frozenset(session.exec(found))


def may_act(session: Session, *, person_id: str, for_person_id: str, purpose: str) -> bool:
    """Whether somebody may do a thing for another today: for oneself always, else by a power that names the purpose."""
    if person_id == for_person_id:
        return True
    today = clock.today()
    found = select(Proxy).where(
        Proxy.proxy_person_id == person_id,
        Proxy.for_person_id == for_person_id,
        Proxy.starts_on <= today,
        Proxy.ends_on >= today,
        col(Proxy.revoked_at).is_(None),
    )
    return any(purpose in proxy.purposes for proxy in session.exec(found))


def has_consent(session: Session, person_id: str, purpose: str) -> bool:
    """Whether a person agreed to a purpose and has not withdrawn it."""
    found = select(Consent.id).where(
        Consent.person_id == person_id, Consent.purpose == purpose, col(Consent.withdrawn_at).is_(None)
    )
    return session.exec(found).first() is not None


def valid_qualifications(session: Session, person_ids: Iterable[str], on: date) -> dict[str, frozenset[str]]:
    """For each person, the kinds of qualification that are valid on a day."""
    found = select(Qualification.person_id, Qualification.kind).where(
        col(Qualification.person_id).in_(set(person_ids)),
        Qualification.valid_from_on <= on,
        Qualification.valid_until_on >= on,
    )
    kinds: dict[str, set[str]] = {}
    for person_id, kind in session.exec(found):
        kinds.setdefault(person_id, set()).add(kind)
    return {person_id: frozenset(held) for person_id, held in kinds.items()}


@dataclass(frozen=True)
class CarerDay:
    """A volunteer who can work on a day: from where, when (minutes of the local day), how, with which skills."""

    person: Person
    lat: float
    lon: float
    shifts: tuple[tuple[int, int], ...]
    travel_mode: str
    qualifications: frozenset[str]


def carers_on(session: Session, area_code: str, on: date) -> list[CarerDay]:
    """Volunteers of an area who can help on a day: available on the weekday, no day off, active; by person id."""
    off = select(DayOff.person_id).where(DayOff.on == on)
    found = session.exec(
        select(Availability, Person, Household)
        .where(Availability.person_id == Person.id, Household.code == Person.household_code)
        .where(in_area(col(Person.area_code), area_code), Availability.weekday == on.weekday())
        .where(Person.state == PersonState.ACTIVE, col(Person.volunteer_since_on) <= on, col(Person.id).not_in(off))
        .order_by(col(Person.id), col(Availability.from_minute))
    ).all()
    held = valid_qualifications(session, {person.id for _, person, _ in found}, on)
    days: dict[str, CarerDay] = {}
    for window, person, household in found:
        shift = (window.from_minute, window.to_minute)
        known = days.get(person.id)
        shifts = (*known.shifts, shift) if known else (shift,)
        lat, lon = (known.lat, known.lon) if known else place_of(household)
        kinds = held.get(person.id, frozenset())
        days[person.id] = CarerDay(person, lat, lon, shifts, window.travel_mode, kinds)
    return list(days.values())


def proxies_of(session: Session, person_id: str) -> list[tuple[Proxy, Person]]:
    """The written powers that others hold for a person, with the holder; the newest end first."""
    found = (
        select(Proxy, Person)
        .where(Proxy.for_person_id == person_id, Person.id == Proxy.proxy_person_id, col(Proxy.revoked_at).is_(None))
        .order_by(col(Proxy.ends_on).desc())
    )
    return [(proxy, holder) for proxy, holder in session.exec(found)]


def consents_of(session: Session, person_id: str) -> dict[str, Consent]:
    """The consents in force of a person, by purpose."""
    found = select(Consent).where(Consent.person_id == person_id, col(Consent.withdrawn_at).is_(None))
    return {consent.purpose: consent for consent in session.exec(found)}
