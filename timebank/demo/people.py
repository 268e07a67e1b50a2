"""The demo's people: 6,000 elders in their homes, 2,400 volunteers, care plans for 900 home-care beds. All invented.

Names are drawn from common surnames and given names of the generation; identity numbers are left out, because a made-up
number may be somebody's. Rows are inserted in bulk: they are a starting state, not something that was done.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

import sqlalchemy as sa
from pypinyin import Style, lazy_pinyin
from sqlmodel import Session, SQLModel

from timebank.careplans.models import Assessment, BedState, CareBed, CareItem, CarePlan, CarePlanState, ServiceKind
from timebank.core import clock, crypto, ids
from timebank.core.db import table_of
from timebank.demo.geography import Group, landmark
from timebank.ledger.models import AccountKind, HourAccount
from timebank.people.models import Availability, Consent, Household, Person, Qualification, RiskTier, Sex
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
_SERVICES = ("visit", "meal", "agreement", "insurance")


@dataclass
class Population:
    """Everybody of the demo, in the order in which they were made."""

    rows: dict[type[SQLModel], list[SQLModel]] = field(default_factory=dict)
    elders: list[Person] = field(default_factory=list)
    volunteers: list[Person] = field(default_factory=list)

    def add(self, *made: SQLModel) -> None:
        """Keep rows for the bulk insert."""
        for row in made:
            self.rows.setdefault(type(row), []).append(row)


def settle(random: Random, groups: Sequence[Group], *, today: date) -> Population:
    """People the villager groups: elders by the share of the population, volunteers likewise, beds for the frailest."""
    population = Population()
    weights = [group.people**0.5 for group in groups]
    for _ in range(ELDERS):
        _add_elder(random, population, random.choices(groups, weights)[0], today)
    for number in range(VOLUNTEERS):
        group = groups[number * len(groups) // VOLUNTEERS]
        _add_volunteer(random, population, group, today, number)
    frail = sorted(population.elders, key=lambda elder: (elder.tier != RiskTier.HIGH, elder.born_on))[:BEDS]
    for elder in frail:
        _add_bed(random, population, elder, today)
    with_bed = {elder.id for elder in frail}
    for elder in population.elders:
        if elder.tier == RiskTier.KEY and elder.id not in with_bed:
            _add_care_plan(random, population, elder, today, [_visit_item(random, "FREQ=MONTHLY")])
    return population


def insert(session: Session, population: Population) -> None:
    """Write everybody, parents of foreign keys first."""
    order = (Household, Person, HourAccount, Consent, Qualification, Availability)
    for model in (*order, Assessment, CareBed, CarePlan, CareItem):
        rows = population.rows.get(model, [])
        if rows:
            session.connection().execute(sa.insert(table_of(model)), columns_of(rows))


def columns_of(rows: Iterable[SQLModel]) -> list[dict[str, object]]:
    """Rows as plain columns, for inserting many at once."""
    return [{column.name: getattr(row, column.name) for column in table_of(type(row)).columns} for row in rows]


def _add_person(random: Random, population: Population, group: Group, *, sex: Sex, born_on: date, names: str) -> Person:
    homes = population.rows.setdefault(Household, [])
    spot = group.spot.moved(random.uniform(20, 350), random.uniform(0, 6.283))
    place = crypto.vault().seal([spot.lat, spot.lon])
    code = f"{group.code}-{len(homes):04d}"
    home = Household(code=code, area_code=group.code, landmark=landmark(random), place_sealed=place)
    name = random.choice(_SURNAMES) + names
    person = Person(
        id=ids.new_id("per"),
        household_code=home.code,
        area_code=group.code,
        name=name,
        pinyin=" ".join(lazy_pinyin(name, style=Style.NORMAL)),
        sex=sex,
        born_on=born_on,
        created_at=clock.now(),
    )
    policy = default_values()
    account = HourAccount(
        id=ids.new_id("acc"),
        kind=AccountKind.MEMBER,
        person_id=person.id,
        area_code=group.code,
        floor_minutes=policy["balance.floor_minutes"],
        ceiling_minutes=policy["balance.cap_minutes"],
        opened_at=clock.now(),
    )
    consents = [
        Consent(id=ids.new_id("con"), person_id=person.id, purpose=purpose, method="read_aloud", given_at=clock.now())
        for purpose in ("register", "visits", "place", "health")
    ]
    population.add(home, person, account, *consents)
    return person


def _add_elder(random: Random, population: Population, group: Group, today: date) -> None:
    sex = Sex.FEMALE if random.random() < 0.55 else Sex.MALE
    age = min(99, 65 + int(random.expovariate(1 / 9)))
    born_on = today - timedelta(days=age * 365 + random.randrange(365))
    elder = _add_person(random, population, group, sex=sex, born_on=born_on, names=random.choice(_OLD[sex]))
    chance = random.random()
    elder.tags = [tag for tag, share in (("living_alone", 0.2), ("empty_nest", 0.35)) if random.random() < share]
    if age >= 75 and chance < 0.35:
        elder.tags = [*elder.tags, "disabled"]
    frail = "disabled" in elder.tags or (age >= 80 and "living_alone" in elder.tags)
    watched = age >= 80 or "living_alone" in elder.tags
    elder.tier = RiskTier.HIGH if frail else RiskTier.KEY if watched else RiskTier.GENERAL
    elder.elder_since_on = today - timedelta(days=random.randrange(90, 900))
    population.elders.append(elder)


def _add_volunteer(random: Random, population: Population, group: Group, today: date, number: int) -> None:
    sex = Sex.FEMALE if random.random() < 0.7 else Sex.MALE
    born_on = today - timedelta(days=random.randrange(38, 66) * 365 + random.randrange(365))
    person = _add_person(random, population, group, sex=sex, born_on=born_on, names=random.choice(_YOUNGER[sex]))
    person.volunteer_since_on = today - timedelta(days=random.randrange(70, 700))
    person.volunteer_kind = "cadre" if number % 12 == 0 else random.choice(_KINDS)
    extra = [kind for kind, share in (("bath", 0.4), ("escort", 0.5), ("vitals", 0.4)) if random.random() < share]
    for kind in (*_SERVICES, *extra):
        population.add(
            Qualification(
                id=ids.new_id("qua"),
                person_id=person.id,
                kind=kind,
                valid_from_on=today - timedelta(days=200),
                valid_until_on=today + timedelta(days=500),
            )
        )
    mode = random.choices(("walk", "moto", "car"), (40, 50, 10))[0]
    starts, ends = random.choice(((8 * 60, 12 * 60), (8 * 60, 17 * 60), (13 * 60, 18 * 60), (10 * 60, 15 * 60)))
    for weekday in sorted(random.sample(range(7), 5)):
        population.add(
            Availability(
                id=ids.new_id("avl"),
                person_id=person.id,
                weekday=weekday,
                from_minute=starts,
                to_minute=ends,
                travel_mode=mode,
            )
        )
    population.volunteers.append(person)


def _add_bed(random: Random, population: Population, elder: Person, today: date) -> None:
    level = random.choices((2, 3, 4), (5, 3, 2))[0]
    population.add(
        Assessment(
            id=ids.new_id("ass"),
            elder_id=elder.id,
            area_code=elder.area_code,
            scale="entered-from-paper",
            reason="first",
            assessed_on=today - timedelta(days=random.randrange(5, 80)),
            item_scores_sealed=crypto.vault().seal({}),
            total=75 - 20 * (level - 1),
            level=level,
            created_at=clock.now(),
        ),
        CareBed(
            id=ids.new_id("bed"),
            elder_id=elder.id,
            area_code=elder.area_code,
            state=BedState.ACTIVE,
            provider="武隆居家养老服务站",
            starts_on=today - timedelta(days=100),
            monthly_target_minutes=720,
            monthly_target_visits=8,
            created_at=clock.now(),
        ),
    )
    items = [_visit_item(random, f"FREQ=WEEKLY;BYDAY={random.choice(('MO', 'TU', 'WE', 'TH', 'FR'))}")]
    if random.random() < 0.35:
        days = random.choice(("MO,WE,FR", "TU,TH,SA"))
        items.append(_item(ServiceKind.MEAL, f"FREQ=WEEKLY;BYDAY={days}", 11 * 60, 12 * 60 + 30, 15))
    if random.random() < 0.25:
        day = random.choice(("TU", "WE", "TH", "SA"))
        bath = _item(ServiceKind.BATH, f"FREQ=WEEKLY;BYDAY={day}", 9 * 60, 16 * 60, 60)
        bath.crew_size, bath.same_sex = 2, "soft"
        items.append(bath)
    _add_care_plan(random, population, elder, today, items)


def _add_care_plan(
    random: Random, population: Population, elder: Person, today: date, items: Sequence[CareItem]
) -> None:
    care_plan = CarePlan(
        id=ids.new_id("cpl"),
        elder_id=elder.id,
        area_code=elder.area_code,
        version=1,
        state=CarePlanState.AGREED,
        starts_on=today - timedelta(days=80 + random.randrange(7)),
        agreed_at=clock.now(),
        agreed_by=elder.id,
        consent_method="read_aloud",
        created_at=clock.now(),
    )
    for item in items:
        item.care_plan_id = care_plan.id
    population.add(care_plan, *items)


def _visit_item(random: Random, recurrence: str) -> CareItem:
    starts = random.choice((8, 9, 14, 15)) * 60
    return _item(ServiceKind.VISIT, recurrence, starts, starts + 180, random.choice((30, 40, 60)))


def _item(service: ServiceKind, recurrence: str, starts: int, ends: int, minutes: int) -> CareItem:
    return CareItem(
        id=ids.new_id("cit"),
        care_plan_id="",
        service=service,
        recurrence=recurrence,
        window_from_minute=starts,
        window_to_minute=ends,
        duration_minutes=minutes,
    )
