"""Registering somebody once, opening a home, writing how a name is read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session, select

from timebank.areas.models import Area, AreaKind
from timebank.audit.operations import note
from timebank.core import clock, crypto, ids
from timebank.core.actors import Actor
from timebank.core.errors import BadInput, Refused
from timebank.core.text import T
from timebank.people import rules
from timebank.people.models import Household, Person, Sex
from timebank.people.names import initials_of, key_of, reading_of
from timebank.people.operations.found import of_area
from timebank.people.operations.members import give_member_roles


@dataclass(frozen=True)
class NewPerson:
    """What the desk writes down when somebody registers. Texts as entered; `register` checks them."""

    household_code: str
    name: str
    sex: Sex
    born_on: date
    id_number: str = ""
    phone: str = ""
    dialect: str = ""
    tags: Sequence[str] = ()
    is_elder: bool = False
    is_volunteer: bool = False
    volunteer_kind: str = ""


def register(session: Session, *, actor: Actor, given: NewPerson) -> Person:
    """Register somebody once.

    Refuses a known identity number (keyed hash), one that says another birthday or sex, and a household outside the
    actor's area.
    """
    household = session.get(Household, given.household_code)
    if household is None or not actor.scope.holds_area(household.area_code):
        raise BadInput(
            "people.no_such_household", T("There is no such household in your area."), field="household_code"
        )
    today = clock.today()
    born_on = rules.check_birth(given.born_on, today=today)
    if given.is_volunteer and not rules.may_volunteer(born_on, today):
        raise Refused("people.too_young", T("Who is under 18 helps in a group with a guardian."), field="born_on")
    unknown = [tag for tag in given.tags if tag not in rules.TAGS]
    if unknown:
        raise BadInput("people.unknown_tag", T("Choose from the list."), field="tags")
    vault, number = crypto.vault(), given.id_number.strip()
    if number:
        rules.check_fits_card(number, born_on=born_on, sex=given.sex)
    person = Person(
        id=ids.new_id("per"),
        household_code=household.code,
        area_code=household.area_code,
        name=rules.check_name(given.name),
        sex=given.sex,
        born_on=born_on,
        phone_sealed=_sealed(rules.check_phone(given.phone)),
        id_number_sealed=_sealed(rules.check_id_number(number)) if number else "",
        id_number_hash=vault.fingerprint(number.upper()) if number else None,
        dialect=rules.check_dialect(given.dialect),
        tags=list(given.tags),
        elder_since_on=today if given.is_elder else None,
        volunteer_since_on=today if given.is_volunteer else None,
        volunteer_kind=given.volunteer_kind,
        created_at=clock.now(),
    )
    _read_as(person, reading_of(person.name))
    _refuse_duplicate(session, person)
    session.add(person)
    session.flush()
    note(session, actor=actor, action="people.register", subject_id=person.id, area_code=person.area_code)
    return person


def _read_as(person: Person, reading: str) -> None:
    person.pinyin = reading[:120]
    person.pinyin_key, person.initials = key_of(person.pinyin), initials_of(person.pinyin)[:40]


def _sealed(value: str) -> str:
    return crypto.vault().seal(value) if value else ""


def _refuse_duplicate(session: Session, person: Person) -> None:
    if person.id_number_hash is None:
        return
    if session.exec(select(Person.id).where(Person.id_number_hash == person.id_number_hash)).first():
        text = T("Somebody with this identity number is registered already. Look for the name first.")
        raise Refused("people.known_already", text, field="id_number")


def open_household(
    session: Session,
    *,
    actor: Actor,
    group_code: str,
    door: str,
    landmark: str,
    place: tuple[float, float] | None = None,
) -> tuple[Household, bool]:
    """The home behind a door of a villager group, and whether it is new; its code is the group and the door.

    Without a place (WGS-84) it lies at the middle of its group until the first verified visits say better. Refuses a
    group outside the actor's area, a door that is no number, and no landmark.
    """
    group = session.get(Area, group_code)
    if group is None or group.kind != AreaKind.HELP_GROUP or not actor.scope.holds_area(group.code):
        text = T("There is no such villager group in your area.")
        raise BadInput("people.no_such_group", text, field="group_code")
    code = f"{group.code}-{rules.check_door(door)}"
    known = session.get(Household, code)
    if known:
        return known, False
    lat, lon = place or (group.lat, group.lon)
    home = Household(
        code=code,
        area_code=group.code,
        landmark=rules.check_landmark(landmark),
        place_sealed=crypto.vault().seal([lat, lon]),
    )
    session.add(home)
    session.flush()
    note(session, actor=actor, action="people.open_household", subject_id=home.code, area_code=home.area_code)
    return home, True


def correct_pinyin(session: Session, *, actor: Actor, person_id: str, pinyin: str) -> None:
    """Write the reading of a name by hand: surnames such as 单 or 仇 are read otherwise than the word."""
    person = of_area(session, actor, person_id)
    cleaned = " ".join(pinyin.lower().split())
    if not cleaned or len(cleaned) > 120 or not cleaned.replace(" ", "").isalpha():
        raise BadInput(
            "people.bad_pinyin", T("Write the reading in letters, for example shan xiongxin."), field="pinyin"
        )
    _read_as(person, cleaned)
    session.add(person)
    note(session, actor=actor, action="people.correct_pinyin", subject_id=person.id, area_code=person.area_code)


def take_part(session: Session, *, actor: Actor, person_id: str, as_elder: bool, as_volunteer: bool) -> None:
    """Say whether somebody receives help, gives it, or both; the hour account stays the same for life.

    Refuses who is under 18 as a volunteer: a guardian's consent lets them help.
    """
    person, today = of_area(session, actor, person_id), clock.today()
    if as_volunteer and person.volunteer_since_on is None and not rules.may_volunteer(person.born_on, today):
        raise Refused("people.too_young", T("Who is under 18 helps in a group with a guardian."), field="as_volunteer")
    person.elder_since_on = (person.elder_since_on or today) if as_elder else None
    person.volunteer_since_on = (person.volunteer_since_on or today) if as_volunteer else None
    session.add(person)
    give_member_roles(session, person)
    note(session, actor=actor, action="people.take_part", subject_id=person.id, elder=as_elder, volunteer=as_volunteer)
