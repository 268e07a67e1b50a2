"""Loading the demo district into an empty installation."""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random

import sqlalchemy as sa
from sqlmodel import Session, select

from timebank.areas.models import Area, Facility
from timebank.auth import operations as auth
from timebank.core import clock, ids, months
from timebank.core.actors import SYSTEM, Role
from timebank.core.db import table_of, transaction
from timebank.demo.geography import lay_out
from timebank.demo.history import live_through
from timebank.demo.people import Population, columns_of, insert, settle
from timebank.ledger import operations as ledger
from timebank.people.models import Person
from timebank.visits import operations as visits

SEED, TOWNSHIP = 20_261, "江口镇"
Say = Callable[[str], None]


@dataclass(frozen=True)
class Login:
    """One way into the demo; the secret is random and this installation's own."""

    role: Role
    login_name: str
    secret: str
    area_code: str


def is_empty() -> bool:
    """Whether nothing was ever loaded here."""
    with transaction() as session:
        return session.exec(select(Area.code).limit(1)).first() is None


def load(*, district_code: str, say: Say) -> list[Login]:
    """Make the district, its people, two closed months, this and the next month's visits, and one login per role."""
    random, today = Random(SEED), clock.today()
    begin = months.first_day(months.preceding(months.preceding(months.of_date(today))))
    with transaction() as session:
        with clock.frozen(clock.at_local(begin - timedelta(days=20), 9 * 60)), ids.seeded(SEED):
            land = lay_out(random, district_code=district_code)
            for model, rows in ((Area, land.areas), (Facility, land.facilities)):
                session.connection().execute(sa.insert(table_of(model)), columns_of(rows))
            ledger.open_common_accounts(session, actor=SYSTEM, district_code=district_code)
            population = settle(random, land.groups, today=begin)
            insert(session, population)
        say(f"{len(land.areas)} areas, {len(population.elders)} elders, {len(population.volunteers)} volunteers")
        for month in (months.of_date(begin), months.following(months.of_date(begin))):
            live_through(session, random, population, district_code=district_code, month=month)
            say(f"{month} lived through and closed")
        this_month = months.of_date(today)
        for month in (this_month, months.following(this_month)):
            report = visits.generate(session, actor=SYSTEM, area_code=district_code, month=month)
            say(f"{report.made} visits made for {month}")
        return _logins(session, land.areas, population)


def _logins(session: Session, areas: list[Area], population: Population) -> list[Login]:
    """One login per role around one township; the volunteer and the elder live in the same village."""
    township = next((area.code for area in areas if area.name_zh == TOWNSHIP), areas[1].code)
    volunteer = next(person for person in population.volunteers if person.area_code.startswith(township))
    village = volunteer.area_code[:12]
    elder = next(person for person in population.elders if person.area_code.startswith(village))
    assistant = [person for person in population.volunteers if person.area_code.startswith(village)][-1]
    district = areas[0].code
    who: list[tuple[Role, str, Person | None]] = [
        (Role.VOLUNTEER, village, volunteer),
        (Role.ELDER, village, elder),
        (Role.ASSISTANT, village, assistant),
        (Role.COORDINATOR, township, None),
        (Role.SUPERVISOR, township, None),
        (Role.BUREAU, district, None),
        (Role.AUDITOR, district, None),
        (Role.ADMINISTRATOR, district, None),
    ]
    return [_login(session, role, area_code, person) for role, area_code, person in who]


def _login(session: Session, role: Role, area_code: str, person: Person | None) -> Login:
    login = Login(role, role.value, ids.new_secret(9), area_code)
    user = auth.create_user(
        session,
        actor=SYSTEM,
        login_name=login.login_name,
        secret=login.secret,
        display_name=person.name if person else role.value.capitalize(),
        person_id=person.id if person else None,
    )
    auth.give_role(session, actor=SYSTEM, user_id=user.id, role=role, area_code=area_code)
    return login


def keep(logins: list[Login], path: Path) -> None:
    """Write the demo's logins where only the owner can read them, for the next start."""
    rows = [{"role": login.role, "login": login.login_name, "secret": login.secret} for login in logins]
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(rows, file, indent=1)


def kept(path: Path) -> Iterator[tuple[str, str, str]]:
    """Role, login and secret of every demo login kept at a path."""
    for row in json.loads(path.read_text()) if path.exists() else []:
        yield row["role"], row["login"], row["secret"]


def tomorrow() -> date:
    """The day that the demo plans."""
    return clock.today() + timedelta(days=1)
