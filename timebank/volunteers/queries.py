"""Who may do what on a day, whose papers run out, and what the ledger says of a volunteer's help."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from timebank.careplans.models import ServiceKind
from timebank.core import clock, months
from timebank.core.actors import Actor, Scope
from timebank.core.db import in_area
from timebank.core.limits import PAGE_ROWS
from timebank.ledger.models import HourAccount
from timebank.ledger.served import ALL_HELP, by, served
from timebank.people.entries import kept_entries
from timebank.people.models import Person, PersonState, Qualification
from timebank.people.queries import people_by_id, real_name_checks, valid_qualifications
from timebank.people.rules import CERTIFICATES
from timebank.policies.queries import in_force
from timebank.volunteers import rules
from timebank.volunteers.models import GuardianConsent
from timebank.volunteers.rules import Standing


def standings(session: Session, people: Iterable[Person], on: date) -> dict[str, Standing]:
    """What each of some people holds on a day."""
    rows = {person.id: person for person in people}
    papers = valid_qualifications(session, rows, on)
    checks = real_name_checks(session, rows)
    ages = {person_id: months.age_on(person.born_on, on) for person_id, person in rows.items()}
    guarded = _guarded(session, [person_id for person_id, age in ages.items() if age < rules.ADULT], on)
    return {
        person_id: Standing(
            age=ages[person_id],
            papers=papers.get(person_id, frozenset()),
            real_name=person_id in checks and checks[person_id].passed,
            guardian=person_id in guarded,
        )
        for person_id in rows
    }


def _guarded(session: Session, minors: Collection[str], on: date) -> frozenset[str]:
    if not minors:
        return frozenset()
    found = select(GuardianConsent.person_id).where(
        col(GuardianConsent.person_id).in_(minors),
        GuardianConsent.starts_on <= on,
        GuardianConsent.ends_on >= on,
        sa.or_(
            col(GuardianConsent.revoked_at).is_(None), col(GuardianConsent.revoked_at) >= clock.at_local(on, 24 * 60)
        ),
    )
    return frozenset(session.exec(found))


def may_do(session: Session, people: Iterable[Person], on: date) -> dict[str, frozenset[str]]:
    """For each person, the services they may do on a day by themselves: every gate of the rules in force is open."""
    rows = list(people)
    return _services(session, rows, standings(session, rows, on), on)


def _services(
    session: Session, people: Iterable[Person], held: Mapping[str, Standing], on: date
) -> dict[str, frozenset[str]]:
    may: dict[str, frozenset[str]] = {}
    for person in people:
        policy, standing = in_force(session, person.area_code, on), held[person.id]
        may[person.id] = frozenset(kind.value for kind in ServiceKind if not rules.gaps(kind.value, standing, policy))
    return may


def gaps_of_crew(
    session: Session, person_ids: Iterable[str], service: str, on: date, *, until_minute: int = 0
) -> list[tuple[Person, list[str]]]:
    """Who of a crew lacks what for a service that ends at a minute of a day; an adult of the crew minds a minor."""
    people = people_by_id(session, person_ids).values()
    return gaps_of_people(session, people, service, on, until_minute=until_minute)


def gaps_of_people(
    session: Session, people: Iterable[Person], service: str, on: date, *, until_minute: int = 0
) -> list[tuple[Person, list[str]]]:
    """The same of a crew whose people were read already."""
    crew = sorted(people, key=lambda person: person.id)
    held = standings(session, crew, on)
    has_adult = any(standing.age >= rules.ADULT for standing in held.values())
    found = []
    for person in crew:
        policy, standing = in_force(session, person.area_code, on), held[person.id]
        missing = rules.gaps(service, standing, policy, with_adult=has_adult)
        if rules.is_late_for(standing.age, until_minute, policy):
            missing.append("earlier")
        if missing:
            found.append((person, missing))
    return found


def guardians_of(session: Session, person_id: str) -> list[tuple[GuardianConsent, Person]]:
    """Consents for a minor that were not taken back, with the guardian, the newest end first."""
    found = (
        select(GuardianConsent, Person)
        .where(GuardianConsent.person_id == person_id, Person.id == GuardianConsent.guardian_id)
        .where(col(GuardianConsent.revoked_at).is_(None))
        .order_by(col(GuardianConsent.ends_on).desc())
    )
    return [(consent, guardian) for consent, guardian in session.exec(found)]


def helped_minutes(
    session: Session, scope: Scope, *, first_on: date | None = None, last_on: date | None = None, person_id: str = ""
) -> dict[str, int]:
    """Minutes that people of an area helped, from the ledger, what was taken back left out: person → minutes.

    Of group sessions only what was credited to the person counts here (group.hours_mode personal).
    """
    whose = [by(person_id)] if person_id else []
    rows = served(
        *(in_area(col(HourAccount.area_code), scope.area_code), *whose),
        kinds=ALL_HELP,
        since=clock.at_local(first_on, 0) if first_on else None,
        before=clock.at_local(last_on, 24 * 60) if last_on else None,
    ).c
    found = session.connection().execute(sa.select(rows.person_id, sa.func.sum(rows.minutes)).group_by(rows.person_id))
    kept, helped = kept_entries(session), Counter[str]()
    for registered_as, minutes in found:
        helped[kept.get(registered_as, registered_as)] += int(minutes)
    return dict(helped)


def helped_minutes_of(session: Session, person: Person) -> int:
    """Minutes that somebody ever helped, from the ledger."""
    return helped_minutes(session, Scope(person.area_code[:6]), person_id=person.id).get(person.id, 0)


def area_scope(actor: Actor) -> Scope:
    """The area whose roll of honour somebody reads: an office its own, a volunteer the own village."""
    return Scope(actor.area_code)


@dataclass(frozen=True)
class Honour:
    """One line of the roll of honour: who, minutes of help in the year and in all, stars for the latter, the level."""

    person: Person
    year_minutes: int
    all_minutes: int
    stars: int
    level: str


def roll_of_honour(session: Session, scope: Scope, year: int) -> list[Honour]:
    """Who helped most in a year in an area, by the ledger; ties by name. At most a page."""
    first_on, last_on = date(year, 1, 1), date(year, 12, 31)
    of_year = helped_minutes(session, scope, first_on=first_on, last_on=last_on)
    most = sorted(of_year, key=lambda person_id: (-of_year[person_id], person_id))[: 2 * PAGE_ROWS]
    in_all = helped_minutes(session, scope, last_on=last_on)
    people = people_by_id(session, most)
    papers = valid_qualifications(session, most, min(last_on, clock.today()))
    return [
        honour_of(session, people[person_id], of_year[person_id], in_all[person_id], papers.get(person_id, frozenset()))
        for person_id in most
        if people[person_id].state != PersonState.MERGED
    ]


def honour_of(session: Session, person: Person, year: int, in_all: int, papers: frozenset[str]) -> Honour:
    """The line of one volunteer."""
    policy = in_force(session, person.area_code, clock.today())
    return Honour(person, year, in_all, rules.stars(in_all, policy), rules.level(in_all, papers, policy))


def running_out(session: Session, scope: Scope, on: date) -> list[tuple[Qualification, Person]]:
    """Papers of active volunteers that run out soon (policy papers.remind_days) with nothing newer of their kind."""
    days = in_force(session, scope.area_code, on).number("papers.remind_days")
    newest = (
        select(Qualification.person_id, Qualification.kind, sa.func.max(Qualification.valid_until_on).label("until"))
        .where(col(Qualification.revoked_at).is_(None))
        .group_by(col(Qualification.person_id), col(Qualification.kind))
        .subquery()
    )
    found = (
        select(Qualification, Person)
        .where(Person.id == Qualification.person_id, in_area(col(Person.area_code), scope.area_code))
        .where(Person.state == PersonState.ACTIVE, col(Person.volunteer_since_on).is_not(None))
        .where(newest.c.person_id == Qualification.person_id, newest.c.kind == Qualification.kind)
        .where(newest.c.until == Qualification.valid_until_on, col(Qualification.revoked_at).is_(None))
        .where(Qualification.valid_until_on >= on - timedelta(days=days))
        .where(Qualification.valid_until_on <= on + timedelta(days=days))
        .order_by(col(Qualification.valid_until_on), col(Person.pinyin_key), col(Qualification.id))
        .limit(PAGE_ROWS)
    )
    return [(paper, person) for paper, person in session.exec(found)]


@dataclass(frozen=True)
class Readiness:
    """How many volunteers of an area there are, how many have a training, and how many may do each service today."""

    volunteers: int
    trained: int
    by_service: Mapping[str, int]

    @property
    def trained_percent(self) -> int:
        """Trained in percent of all, rounded down: the plan of the district asks for 90 (持证上岗率)."""
        return self.trained * 100 // self.volunteers if self.volunteers else 0


def readiness(session: Session, scope: Scope, on: date) -> Readiness:
    """The volunteers of an area and what they may do on a day."""
    found = select(Person).where(
        in_area(col(Person.area_code), scope.area_code),
        Person.state == PersonState.ACTIVE,
        col(Person.volunteer_since_on) <= on,
    )
    people = list(session.exec(found))
    held = standings(session, people, on)
    may = _services(session, people, held, on)
    return Readiness(
        volunteers=len(people),
        trained=sum(1 for standing in held.values() if standing.papers - set(CERTIFICATES)),
        by_service={
            service.value: sum(1 for services in may.values() if service.value in services) for service in ServiceKind
        },
    )
