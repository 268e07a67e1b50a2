"""The demo's people: 6,000 elders in their homes, 2,400 volunteers, care plans for 900 home-care beds. All invented.

Names are drawn from common surnames and given names of the generation; identity numbers are left out, because a made-up
number may be somebody's. Rows are inserted in bulk: they are a starting state, not something that was done.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from argon2 import PasswordHasher

from timebank.assessments.models import Assessment
from timebank.auth.models import Grant, User
from timebank.beds.models import BedAdaptation, BedEquipment, BedStep, CareBed
from timebank.careplans.models import CareItem, CarePlan, CarePlanState, ServiceKind
from timebank.careplans.queries import service_list
from timebank.core import clock, crypto, ids, months
from timebank.core.actors import Role
from timebank.demo.beds import add_bed
from timebank.demo.geography import Group, landmark
from timebank.demo.rows import Row, Rows
from timebank.ledger.models import AccountKind, HourAccount
from timebank.people.models import (
    Availability,
    Consent,
    Household,
    Kinship,
    Person,
    Qualification,
    RealNameCheck,
    RiskTier,
    Sex,
)
from timebank.people.names import initials_of, key_of, reading_of
from timebank.policies.rules import default_values

ELDERS, VOLUNTEERS, BEDS = 6_000, 2_400, 900
_SURNAMES = "李王张刘陈杨黄周吴徐孙马朱胡郭何罗高冉谢"
_OLD = {
    Sex.FEMALE: ["桂英", "秀英", "玉兰", "素珍", "明芳", "国碧", "淑华", "正群", "天芬", "光菊"],
    Sex.MALE: ["国富", "明德", "正华", "光荣", "天禄", "世昌", "大发", "兴全", "朝贵", "永福"],
}
_YOUNGER = {
    Sex.FEMALE: ["小琴", "红梅", "晓燕", "春兰", "丽蓉", "冬梅", "建英", "小芳", "永秀", "世容"],
    Sex.MALE: ["建国", "小军", "永红", "世平", "云贵", "小波", "建明", "大勇", "光伟", "兴华"],
}
_KINDS = ("young_old", "left_behind_woman", "cadre", "party_member", "other")
_SERVICES = ("visit", "meal", "agreement", "insurance", "health")
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")  # help knows no weekend: a demo begun on a Sunday has a day to show
_GENERATION = timedelta(days=20 * 365)
_NO_REAL_PHONE = "100000"  # no number of the country begins so


@dataclass
class Population(Rows):
    """Everybody of the demo, in the order in which they were made."""

    elders: list[Row] = field(default_factory=list)
    volunteers: list[Row] = field(default_factory=list)


TABLES = (
    *(Household, Person, User, Grant, HourAccount, Consent, Kinship, Qualification, RealNameCheck),
    *(Availability, Assessment, CareBed, BedStep, BedEquipment, BedAdaptation, CarePlan, CareItem),
)


def settle(random: Random, groups: Sequence[Group], *, today: date) -> Population:
    """People the villager groups: elders by the share of the population, volunteers likewise, beds for the frailest."""
    population = Population()
    weights = [group.people**0.5 for group in groups]
    while len(population.elders) < ELDERS:
        elder = _add_elder(random, population, random.choices(groups, weights)[0], today)
        if "living_alone" not in elder.tags and len(population.elders) < ELDERS and random.random() < 0.4:
            _add_spouse(random, population, elder, today)
    for number in range(VOLUNTEERS):
        group = groups[number * len(groups) // VOLUNTEERS]
        _add_volunteer(random, population, group, today, number)
    _appoint_assistants(population, today)
    frail = sorted(population.elders, key=lambda elder: (elder.tier != RiskTier.HIGH, elder.born_on))[:BEDS]
    for elder in frail:
        _add_bed(random, population, elder, today)
    with_bed = {elder.id for elder in frail}
    watched = [elder for elder in population.elders if elder.tier == RiskTier.KEY and elder.id not in with_bed]
    for elder in watched:
        care_plan = _add_care_plan(random, population, elder, today)
        _add_visits(random, population, care_plan, f"FREQ=MONTHLY;BYDAY=1{random.choice(_DAYS)}")
    _relate(population, [*frail, *watched])
    return population


def _add_person(random: Random, population: Population, home_code: str, *, sex: Sex, born_on: date, names: str) -> Row:
    """Somebody in a home, with an hour account and the consents that everybody gives when they register."""
    name, group_code = random.choice(_SURNAMES) + names, home_code[:14]
    person = population.add(
        Person,
        id=ids.new_id("per"),
        household_code=home_code,
        area_code=group_code,
        name=name,
        pinyin=reading_of(name),
        pinyin_key=key_of(reading_of(name)),
        initials=initials_of(reading_of(name)),
        sex=sex,
        born_on=born_on,
        phone_sealed=crypto.vault().seal(f"{_NO_REAL_PHONE}{random.randrange(10**5):05d}"),
        created_at=clock.now(),
    )
    policy = default_values()
    population.add(
        HourAccount,
        id=ids.new_id("acc"),
        kind=AccountKind.MEMBER,
        person_id=person.id,
        area_code=group_code,
        floor_minutes=policy["balance.floor_minutes"],
        ceiling_minutes=policy["balance.cap_minutes"],
        opened_at=clock.now(),
    )
    for purpose in ("register", "visits", "place", "health"):
        population.add(
            Consent,
            id=ids.new_id("con"),
            person_id=person.id,
            purpose=purpose,
            method="read_aloud",
            given_at=clock.now(),
        )
    return person


def _appoint_assistants(population: Population, today: date) -> None:
    """One care assistant (养老助理) a village, with a login that nobody can use before the office sets its password."""
    nobody_knows = PasswordHasher().hash(ids.new_secret())
    last = {volunteer.area_code[:12]: volunteer for volunteer in population.volunteers}
    for village, person in last.items():
        user = population.add(
            User,
            id=ids.new_id("usr"),
            login_name=f"assistant-{village}",
            secret_hash=nobody_knows,
            display_name=person.name,
            person_id=person.id,
            created_at=clock.now(),
        )
        population.add(
            Grant,
            id=ids.new_id("grt"),
            user_id=user.id,
            role=Role.ASSISTANT,
            area_code=village,
            starts_on=today,
        )


def _add_home(random: Random, population: Population, group: Group) -> str:
    """A door near the middle of a villager group; its household code."""
    spot = group.spot.moved(random.uniform(20, 350), random.uniform(0, 6.283))
    home = population.add(
        Household,
        code=f"{group.code}-{len(population.of(Household)):04d}",
        area_code=group.code,
        landmark=landmark(random),
        place_sealed=crypto.vault().seal([spot.lat, spot.lon]),
    )
    return str(home.code)


def _add_elder(random: Random, population: Population, group: Group, today: date) -> Row:
    sex = Sex.FEMALE if random.random() < 0.55 else Sex.MALE
    age = min(99, 65 + int(random.expovariate(1 / 9)))
    born_on = today - timedelta(days=age * 365 + random.randrange(365))
    home_code = _add_home(random, population, group)
    elder = _add_person(random, population, home_code, sex=sex, born_on=born_on, names=random.choice(_OLD[sex]))
    elder.tags = [tag for tag, share in (("living_alone", 0.2), ("empty_nest", 0.35)) if random.random() < share]
    if age >= 75 and random.random() < 0.35:
        elder.tags.append("disabled")
    _register_elder(random, population, elder, age, today)
    return elder


def _add_spouse(random: Random, population: Population, elder: Row, today: date) -> None:
    """The other half of an old couple, in the same home."""
    sex = Sex.MALE if elder.sex == Sex.FEMALE else Sex.FEMALE
    age = max(60, months.age_on(elder.born_on, today) + random.randrange(-5, 5))
    born_on = today - timedelta(days=age * 365 + random.randrange(365))
    names = random.choice(_OLD[sex])
    spouse = _add_person(random, population, elder.household_code, sex=sex, born_on=born_on, names=names)
    spouse.tags = [tag for tag in elder.tags if tag == "empty_nest"]
    for one, other in ((elder, spouse), (spouse, elder)):
        population.add(Kinship, id=ids.new_id("kin"), person_id=one.id, kin_id=other.id, relation="spouse")
    _register_elder(random, population, spouse, age, today)


def _register_elder(random: Random, population: Population, elder: Row, age: int, today: date) -> None:
    frail = "disabled" in elder.tags or (age >= 80 and "living_alone" in elder.tags)
    watched = age >= 80 or "living_alone" in elder.tags
    elder.tier = RiskTier.HIGH if frail else RiskTier.KEY if watched else RiskTier.GENERAL
    elder.elder_since_on = today - timedelta(days=random.randrange(90, 900))
    population.elders.append(elder)


def _add_volunteer(random: Random, population: Population, group: Group, today: date, number: int) -> None:
    sex = Sex.FEMALE if random.random() < 0.7 else Sex.MALE
    born_on = today - timedelta(days=random.randrange(38, 66) * 365 + random.randrange(365))
    home_code, names = _add_home(random, population, group), random.choice(_YOUNGER[sex])
    person = _add_person(random, population, home_code, sex=sex, born_on=born_on, names=names)
    person.volunteer_since_on = today - timedelta(days=random.randrange(70, 700))
    person.volunteer_kind = "cadre" if number % 12 == 0 else random.choice(_KINDS)
    population.add(
        RealNameCheck,
        id=ids.new_id("rnc"),
        person_id=person.id,
        passed=True,
        method="card_seen",
        checked_at=clock.now(),
        verifier_user_id="usr_history",
    )
    extra = [kind for kind, share in (("bath", 0.4), ("escort", 0.5), ("vitals", 0.4)) if random.random() < share]
    for kind in (*_SERVICES, *extra):
        population.add(
            Qualification,
            id=ids.new_id("qua"),
            person_id=person.id,
            kind=kind,
            valid_from_on=today - timedelta(days=200),
            valid_until_on=today + timedelta(days=100 if kind == "insurance" and number % 60 == 0 else 500),
        )
    _add_hours(random, population, person)
    population.volunteers.append(person)


def _relate(population: Population, elders: Sequence[Row]) -> None:
    """Volunteers with a surname and a village in common with an elder who gets help, a generation older, are children.

    Part of what they save is passed on to these parents (history).
    """
    by_family = defaultdict(list)
    for elder in elders:
        by_family[elder.area_code[:12], elder.name[0]].append(elder)
    for volunteer in population.volunteers:
        for elder in by_family[volunteer.area_code[:12], volunteer.name[0]]:
            if _GENERATION <= volunteer.born_on - elder.born_on <= 2 * _GENERATION:
                pairs = ((volunteer, elder, "parent"), (elder, volunteer, "child"))
                for one, other, relation in pairs:
                    population.add(Kinship, id=ids.new_id("kin"), person_id=one.id, kin_id=other.id, relation=relation)
                break


def _add_hours(random: Random, population: Population, person: Row) -> None:
    mode = random.choices(("walk", "moto", "car"), (40, 50, 10))[0]
    starts, ends = random.choice(((8 * 60, 12 * 60), (8 * 60, 17 * 60), (13 * 60, 18 * 60), (10 * 60, 15 * 60)))
    for weekday in sorted(random.sample(range(7), 5)):
        population.add(
            Availability,
            id=ids.new_id("avl"),
            person_id=person.id,
            weekday=weekday,
            from_minute=starts,
            to_minute=ends,
            travel_mode=mode,
        )


def _add_bed(random: Random, population: Population, elder: Row, today: date) -> None:
    add_bed(random, population, elder, today)
    care_plan = _add_care_plan(random, population, elder, today)
    _add_visits(random, population, care_plan, f"FREQ=WEEKLY;BYDAY={random.choice(_DAYS)}")
    if random.random() < 0.35:
        _add_meals(random, population, care_plan)
    if random.random() < 0.25:
        _add_bath(random, population, care_plan)


def _add_care_plan(random: Random, population: Population, elder: Row, today: date) -> Row:
    return population.add(
        CarePlan,
        id=ids.new_id("cpl"),
        elder_id=elder.id,
        area_code=elder.area_code,
        version=1,
        state=CarePlanState.AGREED,
        starts_on=today - timedelta(days=80 + random.randrange(7)),
        agreed_at=clock.now(),
        agreed_by=elder.id,
        consent_method="read_aloud",
        entitlement=service_list()["version"],
        created_at=clock.now(),
    )


def _add_visits(random: Random, population: Population, care_plan: Row, recurrence: str) -> None:
    starts = random.choice((8, 9, 14, 15)) * 60
    window = (starts, starts + 180)
    _add_item(population, care_plan, ServiceKind.VISIT, recurrence, window, random.choice((30, 40, 60)))


def _add_meals(random: Random, population: Population, care_plan: Row) -> None:
    days = random.choice(("MO,WE,FR", "TU,TH,SA"))
    _add_item(population, care_plan, ServiceKind.MEAL, f"FREQ=WEEKLY;BYDAY={days}", (11 * 60, 12 * 60 + 30), 15)


def _add_bath(random: Random, population: Population, care_plan: Row) -> None:
    day = random.choice(("TU", "WE", "TH", "SA"))
    bath = _add_item(population, care_plan, ServiceKind.BATH, f"FREQ=WEEKLY;BYDAY={day}", (9 * 60, 16 * 60), 60)
    bath.crew_size, bath.same_sex = 2, "soft"


def _add_item(
    population: Population,
    care_plan: Row,
    service: ServiceKind,
    recurrence: str,
    window: tuple[int, int],
    minutes: int,
) -> Row:
    return population.add(
        CareItem,
        id=ids.new_id("cit"),
        care_plan_id=care_plan.id,
        service=service,
        recurrence=recurrence,
        window_from_minute=window[0],
        window_to_minute=window[1],
        duration_minutes=minutes,
    )
