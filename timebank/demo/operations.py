"""Loading the demo: the real townships of Wulong, everything below them from a seed, and one login per role."""

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random

from sqlmodel import Session, col, select

from timebank.areas.models import Area, AreaKind
from timebank.auth import operations as auth
from timebank.auth.models import User
from timebank.auth.queries import user_of_person
from timebank.core import clock, ids, months
from timebank.core.actors import SYSTEM, Role
from timebank.core.db import reading, transaction
from timebank.dayplans.operations import learn_drives
from timebank.dayplans.queries import latest_plan
from timebank.demo import beds, care, days, helping
from timebank.demo.geography import lay_out
from timebank.demo.history import Span, live_through
from timebank.demo.lives import change_lives
from timebank.demo.people import TABLES, settle
from timebank.ledger import operations as ledger
from timebank.ledger.models import AccountKind, HourAccount
from timebank.people import operations as people
from timebank.people.models import Household, Kinship, Person, Sex
from timebank.visits import operations as visits
from timebank.visits.models import Visit
from timebank.visits.queries import carers_of, visits_on

SEED, TOWNSHIP = 20_261, "江口镇"
_DESKS = {
    Role.COORDINATOR: f"{TOWNSHIP}排班员",
    Role.SUPERVISOR: f"{TOWNSHIP}主管",
    Role.BUREAU: "区民政局",
    Role.AUDITOR: "审计员",
    Role.ADMINISTRATOR: "管理员",
}
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
    """Make the district, its people, the months before, this month and today so far, and one login per role."""
    random, today = Random(SEED), clock.today()
    yesterday = today - timedelta(days=1)
    with transaction() as session:
        _live_through_months(session, random, today, district_code=district_code, say=say)
        township = _township(session)
        days.publish(session, township, yesterday, at=clock.at_local(yesterday, 6 * 60))
        days.live_through_day(session, random, township, yesterday, until=clock.now())
        say(f"yesterday lived through in {TOWNSHIP}")
        for month in sorted({months.of_date(today), months.of_date(tomorrow())}):
            report = visits.generate(session, actor=SYSTEM, area_code=district_code, month=month)
            say(f"{report.made} visits made for {month}")
        morning = min(clock.now(), clock.at_local(today, 6 * 60))
        row = days.publish(session, township, today, at=morning)
        with clock.frozen(morning):
            days.ask_what_if(session, days.amend(session, row))
        volunteer, visit = _busiest(session, township, today)
        days.live_through_day(session, Random(SEED), township, today, until=clock.now(), but=volunteer.id)
        say(f"today published, amended and lived so far in {TOWNSHIP}, {len(days.WHAT_IFS)} what-ifs answered")
        helping.help_each_other(session, township, today)
        change_lives(session, random, township)
        say(care.live_with_care(session, district_code=district_code, township=township, today=today))
        learn_drives(session, actor=SYSTEM, area_code=district_code)
        ledger.seal_new_rows(session, reason="minute")
        return _logins(session, township, volunteer, visit)


def unplanned_townships() -> dict[str, str]:
    """Townships with visits tomorrow and no plan for them yet: code → name."""
    with reading() as session:
        found = select(Area).where(Area.kind == AreaKind.TOWNSHIP).order_by(Area.code)
        return {
            area.code: area.name_zh
            for area in session.exec(found)
            if latest_plan(session, area.code, tomorrow()) is None and visits_on(session, area.code, tomorrow())
        }


def _live_through_months(session: Session, random: Random, today: date, *, district_code: str, say: Say) -> None:
    spans = _spans(today)
    begin = spans[0].first_on
    with clock.frozen(clock.at_local(begin - timedelta(days=20), 9 * 60)), ids.seeded(SEED):
        land = lay_out(random, district_code=district_code)
        session.add_all([*land.areas, *land.facilities])
        session.flush()
        ledger.open_common_accounts(session, actor=SYSTEM, district_code=district_code)
        population = settle(random, land.groups, today=begin)
        helping.organise(Random(SEED), population, land.areas, today=begin)
        population.write(session, (*TABLES, *helping.TABLES))
    say(f"{len(land.areas)} areas, {len(population.elders)} elders, {len(population.volunteers)} volunteers")
    live_through(session, random, population, spans, district_code=district_code)
    with ids.seeded(SEED + 1):
        beds.bring_up_to_date(session, random, population, population.elders, today)
    say(f"{spans[0].month} to {spans[-1].last_on} lived through")


def _spans(today: date) -> list[Span]:
    """The two months before this one, and this one until the day before yesterday."""
    this = months.first_day(months.of_date(today))
    past = [months.shifted(months.of_date(today), by) for by in (-2, -1)]
    spans = [Span(months.first_day(month), months.last_day(month)) for month in past]
    last_on = today - timedelta(days=2)
    return [*spans, Span(this, last_on)] if last_on >= this else spans


def _township(session: Session) -> str:
    return session.exec(select(Area.code).where(Area.name_zh == TOWNSHIP)).one()


def _logins(session: Session, township: str, volunteer: Person, visit: Visit) -> list[Login]:
    """One login per role around one township; the volunteer has homes to go to today, one of them the elder's."""
    village, district = visit.area_code[:12], township[:6]
    elder = session.get_one(Person, visit.elder_id)
    assistant = _assistant(session, village)
    who: list[tuple[Role, str, Person | None]] = [
        (Role.VOLUNTEER, volunteer.area_code[:12], volunteer),
        (Role.ELDER, village, _daughter(session, elder)),
        (Role.ASSISTANT, village, assistant),
        (Role.COORDINATOR, township, None),
        (Role.SUPERVISOR, township, None),
        (Role.BUREAU, district, None),
        (Role.AUDITOR, district, None),
        (Role.ADMINISTRATOR, district, None),
    ]
    return [give_login(session, role, area_code, person) for role, area_code, person in who]


def _busiest(session: Session, township: str, on: date) -> tuple[Person, Visit]:
    """Of the volunteers with hours in the book the one with the most stops of a day, and the last of them."""
    found = {visit.id: visit for visit in visits_on(session, township, on)}
    stops = [(person.id, carer) for pairs in carers_of(session, found).values() for carer, person in pairs]
    count = Counter(person_id for person_id, _ in stops)
    books = select(HourAccount.person_id).where(HourAccount.kind == AccountKind.MEMBER, HourAccount.balance_minutes > 0)
    savers = set(session.exec(books.where(col(HourAccount.person_id).in_(count))))
    person_id = max(count, key=lambda own: (own in savers, count[own]))
    last = max((carer for own, carer in stops if own == person_id), key=lambda carer: carer.starts_minute)
    return session.get_one(Person, person_id), found[last.visit_id]


def _assistant(session: Session, village: str) -> Person:
    """The care assistant of a village."""
    found = select(User.person_id).where(User.login_name == f"assistant-{village}")
    return session.get_one(Person, session.exec(found).one())


def _daughter(session: Session, elder: Person) -> Person:
    """A grown-up daughter in town who acts for the elder by a written power of one year."""
    home = session.get_one(Household, elder.household_code)
    given = people.NewPerson(
        household_code=home.code, name=elder.name[:1] + "小梅", sex=Sex.FEMALE, born_on=date(1979, 5, 20)
    )
    daughter = people.register(session, actor=SYSTEM, given=given)
    session.add(Kinship(id=ids.new_id("kin"), person_id=elder.id, kin_id=daughter.id, relation="child"))
    session.add(Kinship(id=ids.new_id("kin"), person_id=daughter.id, kin_id=elder.id, relation="parent"))
    people.give_proxy(
        session,
        actor=SYSTEM,
        for_person_id=elder.id,
        proxy_person_id=daughter.id,
        purposes=["request", "confirm", "donate", "follow_visits", "see_bed"],
        ends_on=clock.today() + timedelta(days=365),
        evidence="村委会文件柜 3 号夹",
    )
    return daughter


def give_login(session: Session, role: Role, area_code: str, person: Person | None) -> Login:
    """A login named after its role. Whose person has one, such as the assistant of a village, goes on with that."""
    login = Login(role, role.value, ids.new_secret(9), area_code)
    known = user_of_person(session, person.id) if person else None
    if known is not None:
        known.login_name = login.login_name
        auth.set_secret(session, actor=SYSTEM, user_id=known.id, secret=login.secret)
        return login
    user = auth.create_user(
        session,
        actor=SYSTEM,
        login_name=login.login_name,
        secret=login.secret,
        display_name=person.name if person else _DESKS[role],
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
