"""Reading people, always within the caller's scope."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session, and_, col, or_, select

from timebank.areas.models import Area
from timebank.core import clock, crypto
from timebank.core.actors import Scope
from timebank.core.db import in_area, in_scope
from timebank.core.limits import PAGE_ROWS
from timebank.people.effects import RELOCATED, RELOCATING
from timebank.people.entries import kept_entry, with_merged
from timebank.people.models import (
    Availability,
    Consent,
    DayOff,
    Household,
    Kinship,
    MoveNotice,
    Person,
    PersonCase,
    PersonState,
    Proxy,
    Qualification,
    RealNameCheck,
)
from timebank.people.names import key_of


def person_for(session: Session, scope: Scope, person_id: str) -> Person | None:
    """The person if the scope may see them."""
    found = session.get(Person, person_id)
    return found if found and scope.holds_person(found.id, found.area_code) else None


def entry_for(session: Session, scope: Scope, person_id: str) -> Person | None:
    """The person if the scope may see them, also under an entry that was merged into theirs."""
    return person_for(session, with_merged(session, scope), person_id)


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
    """One page of people, by reading: by name, reading, its first letters, household code, hamlet or village.

    Several words must all fit ("陈 桥头"); `kind` is "elder", "volunteer" or any; `after_id` is the last of the page
    before. Entries that were joined to another are left out.
    """
    found = select(Person).where(in_scope(scope, col(Person.area_code), col(Person.id)))
    found = found.where(Person.state != PersonState.MERGED)
    if area_code:
        found = found.where(in_area(col(Person.area_code), area_code))
    if kind == "elder":
        found = found.where(col(Person.elder_since_on).is_not(None))
    if kind == "volunteer":
        found = found.where(col(Person.volunteer_since_on).is_not(None))
    typed = "".join(sign if sign.isprintable() else " " for sign in words)
    for word in typed.lower().split():
        found = found.where(or_(*_fits(word)))
    last = session.get(Person, after_id) if after_id else None
    if last:
        after = and_(Person.pinyin_key == last.pinyin_key, col(Person.id) > last.id)
        found = found.where(or_(col(Person.pinyin_key) > last.pinyin_key, after))
    return list(session.exec(found.order_by(col(Person.pinyin_key), col(Person.id)).limit(PAGE_ROWS)))


def _fits(word: str) -> list[ColumnElement[bool]]:
    """Where one typed word may stand: digits in a household code, letters in a reading, signs in a name or a place."""
    if word[0].isdigit():
        code = col(Person.household_code)
        return [code.startswith(word, autoescape=True), code.endswith("-" + word.zfill(4), autoescape=True)]
    places = select(Area.code).where(
        or_(
            col(Area.name_zh).startswith(word, autoescape=True),
            sa.func.lower(Area.name_en).startswith(word, autoescape=True),
        )
    )
    lives_there = [sa.func.substr(Person.area_code, 1, digits).in_(places) for digits in (9, 12)]
    if word.isascii():
        key = key_of(word)
        reading = [col(Person.pinyin_key).contains(key, autoescape=True)] if key else []
        return [*reading, col(Person.initials).startswith(word, autoescape=True), *lives_there]
    landmarks = select(Household.code).where(col(Household.landmark).contains(word, autoescape=True))
    key = key_of(word)  # lü typed with its dots
    reading = [col(Person.pinyin_key).contains(key, autoescape=True)] if key.isascii() and key else []
    by_name = [col(Person.name).contains(word, autoescape=True), col(Person.household_code).in_(landmarks)]
    return [*by_name, *reading, *lives_there]


def villages_of(session: Session, people: Iterable[Person]) -> dict[str, Area]:
    """The villages that some people live in, by the code of the person's area."""
    codes = {person.area_code for person in people}
    found = select(Area).where(col(Area.code).in_({code[:12] for code in codes}))
    villages = {area.code: area for area in session.exec(found)}
    return {code: villages[code[:12]] for code in codes}


def person_of_number(session: Session, id_number: str) -> Person | None:
    """Who is registered under an identity number (keyed hash)."""
    return session.exec(
        select(Person).where(Person.id_number_hash == crypto.vault().fingerprint(id_number.upper()))
    ).first()


def same_person(
    session: Session, *, household_code: str, name: str, born_on: date, id_number: str = ""
) -> Person | None:
    """Who is registered already under this identity number, or in this home with this name and birth."""
    same = and_(Person.household_code == household_code, Person.name == name, Person.born_on == born_on)
    if id_number:
        same = or_(same, Person.id_number_hash == crypto.vault().fingerprint(id_number.upper()))
    return session.exec(select(Person).where(same)).first()


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


def has_withdrawn(session: Session, person_id: str, purpose: str) -> bool:
    """Whether a person agreed to a purpose once and does not any more."""
    found = select(Consent.withdrawn_at).where(Consent.person_id == person_id, Consent.purpose == purpose)
    ends = list(session.exec(found))
    return bool(ends) and all(ends)


def kin_may_see(session: Session, *, reader_id: str, person_id: str) -> bool:
    """Whether somebody may see who visits a person: oneself always, kin until the person takes that consent back."""
    return reader_id == person_id or not has_withdrawn(session, person_id, "kin")


def may_read_hours(session: Session, *, reader_id: str, person_id: str) -> bool:
    """Whether somebody may read a book of hours: one's own, or with a power for what hours are spent or earned by.

    The book of an entry that was merged is read as that of the entry that is kept.
    """
    person_id = kept_entry(session, person_id)
    if not kin_may_see(session, reader_id=reader_id, person_id=person_id):
        return False
    powers = (
        may_act(session, person_id=reader_id, for_person_id=person_id, purpose=purpose)
        for purpose in ("request", "confirm", "donate")
    )
    return any(powers)


def valid_qualifications(session: Session, person_ids: Iterable[str], on: date) -> dict[str, frozenset[str]]:
    """For each person, the kinds of paper that are valid on a day and were not taken back before its end."""
    found = select(Qualification.person_id, Qualification.kind).where(
        col(Qualification.person_id).in_(set(person_ids)),
        Qualification.valid_from_on <= on,
        Qualification.valid_until_on >= on,
        or_(col(Qualification.revoked_at).is_(None), col(Qualification.revoked_at) >= clock.at_local(on, 24 * 60)),
    )
    kinds: dict[str, set[str]] = {}
    for person_id, kind in session.exec(found):
        kinds.setdefault(person_id, set()).add(kind)
    return {person_id: frozenset(held) for person_id, held in kinds.items()}


def papers_of(session: Session, person_id: str) -> list[Qualification]:
    """Every training, insurance and certificate of a person, the newest end first."""
    found = select(Qualification).where(Qualification.person_id == person_id)
    return list(session.exec(found.order_by(col(Qualification.valid_until_on).desc(), col(Qualification.id))))


def real_name_checks(session: Session, person_ids: Iterable[str]) -> dict[str, RealNameCheck]:
    """The last check of each person's identity, whenever it was: it says who somebody is, also for days before."""
    found = (
        select(RealNameCheck)
        .where(col(RealNameCheck.person_id).in_(set(person_ids)))
        .order_by(col(RealNameCheck.checked_at), col(RealNameCheck.id))
    )
    return {check.person_id: check for check in session.exec(found)}


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


def hours_of(session: Session, person_id: str) -> list[Availability]:
    """A volunteer's weekly hours, from Monday on."""
    found = select(Availability).where(Availability.person_id == person_id)
    return list(session.exec(found.order_by(col(Availability.weekday), col(Availability.from_minute))))


def days_off_of(session: Session, person_id: str, since_on: date) -> list[DayOff]:
    """A volunteer's days off from a day on."""
    found = select(DayOff).where(DayOff.person_id == person_id, DayOff.on >= since_on)
    return list(session.exec(found.order_by(col(DayOff.on))))


def open_cases_of(session: Session, person_id: str) -> list[PersonCase]:
    """The cases of a person that are not settled, the oldest first."""
    found = select(PersonCase).where(PersonCase.person_id == person_id, col(PersonCase.closed_at).is_(None))
    return list(session.exec(found.order_by(col(PersonCase.opened_at), col(PersonCase.id))))


def open_cases(session: Session, scope: Scope) -> list[tuple[PersonCase, Person]]:
    """One page of an office's cases that are not settled, the oldest first."""
    found = (
        select(PersonCase, Person)
        .where(Person.id == PersonCase.person_id, in_area(col(Person.area_code), scope.area_code))
        .where(col(PersonCase.closed_at).is_(None))
        .order_by(col(PersonCase.opened_at), col(PersonCase.id))
        .limit(PAGE_ROWS)
    )
    return [(case, person) for case, person in session.exec(found)]


def case_for(session: Session, scope: Scope, case_id: str) -> PersonCase | None:
    """The case if the scope may see the person's area."""
    case = session.get(PersonCase, case_id)
    person = session.get(Person, case.person_id) if case else None
    return case if person and scope.person_ids is None and scope.holds_area(person.area_code) else None


def death_of(session: Session, person: Person) -> PersonCase | None:
    """The case by which somebody counts as dead; None for everybody else."""
    if person.state != PersonState.DEAD:
        return None
    found = select(PersonCase).where(PersonCase.person_id == person.id, PersonCase.kind == PersonState.DEAD.value)
    last_first = session.exec(found.order_by(col(PersonCase.opened_at).desc(), col(PersonCase.id).desc()))
    return next((case for case in last_first if "taken_back" not in case.detail), None)


def moves_due(session: Session, area_code: str, on: date) -> list[tuple[PersonCase, Person]]:
    """Moves of an area that were entered ahead and whose day has come, in the order of their days."""
    found = (
        select(PersonCase, Person)
        .where(Person.id == PersonCase.person_id, in_area(col(Person.area_code), area_code))
        .where(PersonCase.kind == RELOCATING, PersonCase.happened_on <= on, col(PersonCase.closed_at).is_(None))
        .order_by(col(PersonCase.happened_on), col(PersonCase.id))
    )
    return [(case, person) for case, person in session.exec(found)]


def notices_of_move(session: Session, case_id: str) -> list[MoveNotice]:
    """Who is to be told of a move, and who knows."""
    return list(session.exec(select(MoveNotice).where(MoveNotice.case_id == case_id).order_by(col(MoveNotice.id))))


@dataclass(frozen=True)
class MoveTold:
    """A move that a helper has not heard of yet; the new door only where they can still be the one who comes."""

    notice: MoveNotice
    elder: Person
    case: PersonCase
    door: Household | None


def moves_to_hear(session: Session, person_id: str) -> list[MoveTold]:
    """The moves of elders that a helper has not read and was not told of, in the order of their days.

    Of another township the helper learns that somebody moved, not where to: nobody goes there any more.
    """
    found = (
        select(MoveNotice, PersonCase, Person)
        .where(MoveNotice.person_id == person_id, col(MoveNotice.read_at).is_(None), col(MoveNotice.told_at).is_(None))
        .where(PersonCase.id == MoveNotice.case_id, Person.id == PersonCase.person_id)
        .order_by(col(PersonCase.happened_on), col(MoveNotice.id))
    )
    told = []
    for notice, case, elder in session.exec(found):
        is_near = case.detail["from_area"][:9] == case.detail["to"][:9]
        door = session.get(Household, case.detail["to"]) if is_near else None
        told.append(MoveTold(notice, elder, case, door))
    return told


class Home(NamedTuple):
    """Where somebody lived: the area and the door in it."""

    area_code: str
    household_code: str


def lived_elsewhere(session: Session, on: date) -> dict[str, Home]:
    """Area and home in which people lived on a day, of those who moved within the district after it, by person id."""
    found = select(PersonCase).where(PersonCase.kind == RELOCATED, PersonCase.happened_on > on)
    latest_first = found.order_by(col(PersonCase.happened_on).desc(), col(PersonCase.opened_at).desc())
    return {
        case.person_id: Home(str(case.detail["from_area"]), str(case.detail["from"]))
        for case in session.exec(latest_first)
    }


def moves_since(session: Session, area_code: str, at: datetime) -> list[PersonCase]:
    """Who of an area has moved to another door of the district since the day of an instant, wherever they live now;
    also those whose earlier move was entered after it."""
    since = or_(col(PersonCase.happened_on) >= clock.local_date(at), col(PersonCase.opened_at) >= at)
    found = select(PersonCase).where(PersonCase.kind == RELOCATED, since)
    cases = session.exec(found.order_by(col(PersonCase.happened_on), col(PersonCase.id)))
    return [case for case in cases if str(case.detail["from_area"]).startswith(area_code)]


def moved_in(session: Session, person_ids: Iterable[str], since_on: date) -> dict[str, date]:
    """Since when people live behind their door, of those who moved there on a day or later, by person id."""
    found = select(PersonCase).where(
        PersonCase.kind == RELOCATED,
        PersonCase.happened_on >= since_on,
        col(PersonCase.person_id).in_(set(person_ids)),
    )
    return {case.person_id: case.happened_on for case in session.exec(found.order_by(col(PersonCase.happened_on)))}


def close_people(session: Session, person: Person) -> list[Person]:
    """Kin of somebody, and who lives in the same home; the oldest first. Those who left are left out."""
    kin = select(Kinship.kin_id).where(Kinship.person_id == person.id)
    found = select(Person).where(
        or_(col(Person.id).in_(kin), Person.household_code == person.household_code),
        Person.id != person.id,
        col(Person.state).not_in([PersonState.DEAD, PersonState.MERGED]),
    )
    return list(session.exec(found.order_by(col(Person.born_on), col(Person.id))))


def kin_of(session: Session, person_id: str) -> list[tuple[str, Person]]:
    """Who somebody's kin are: what they are to the person, and who, whichever way round it was written."""
    found = select(Kinship.relation, Person).where(Kinship.person_id == person_id, Person.id == Kinship.kin_id)
    return [(relation, kin) for relation, kin in session.exec(found.order_by(Person.id))]
