"""What the demo shows of visiting, meals and escorts: a list that was kept, kitchens that cook, a door that is shut."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from random import Random

import sqlalchemy as sa
from sqlmodel import Session, col, select

from timebank.areas.models import Facility, FacilityKind
from timebank.areas.queries import facilities_within
from timebank.careplans.models import ServiceKind
from timebank.core import clock, ids, months
from timebank.core.actors import SYSTEM
from timebank.demo.rows import Rows
from timebank.escorts import operations as escorts
from timebank.escorts.rules import Plan
from timebank.meals import operations as meals
from timebank.meals.models import MealOrder, MealRound, Menu, OrderState
from timebank.people.models import Person
from timebank.policies.queries import in_force
from timebank.visiting import operations as visiting
from timebank.visiting import queries
from timebank.visiting.door_queries import unanswered_doors
from timebank.visiting.models import ContactForm, Outcome, StepKind, TierDecision, VisitingRecord
from timebank.visiting.rules import Situation, groups_of, tier_of
from timebank.visits.models import Visit, VisitCarer, VisitState

_SEED = 20_267
_DISHES: tuple[tuple[str, list[str]], ...] = (
    *(("南瓜稀饭配蒸蛋", ["soft", "low_salt"]), ("豆花饭", ["vegetarian"])),
    *(("清炖牛肉萝卜", ["halal", "low_salt", "diabetic"]), ("回锅肉配青菜", [])),
)
_POINTS_AT = ("江口镇", "白马镇", "火炉镇", "仙女山街道")
_ASKED = 0.93  # share of the list that the villages reach in a month besides planned visits


def live_with_care(session: Session, *, district_code: str, township: str, today: date) -> str:
    """Everything at once, from a seed of its own; a sentence about it."""
    random = Random(_SEED)
    with ids.seeded(_SEED):
        rows = Rows()
        elders = _on_the_list(session, district_code)
        _decide(session, rows, elders, district_code)
        _ask_round(session, random, rows, elders, district_code, today)
        _cook(session, rows, district_code, today)
        rows.write(session, (TierDecision, VisitingRecord, Menu))
        for area_code, on in ((township, today), (district_code, today + timedelta(days=1))):
            meals.make_standing_orders(session, actor=SYSTEM, area_code=area_code, on=on)
        _carried_yesterday(session, random, township, today - timedelta(days=1))
        _look_for(session, township, today)
        _to_the_doctor(session, township, today)
    records, menus = len(rows.of(VisitingRecord)), len(rows.of(Menu))
    return f"{len(elders)} elders on the visiting list, {records} contacts, {menus} dishes in the kitchens"


def _on_the_list(session: Session, area_code: str) -> list[Person]:
    found = select(Person).where(
        col(Person.area_code).startswith(area_code), queries.in_a_group(), col(Person.elder_since_on).is_not(None)
    )
    return list(session.exec(found.order_by(col(Person.id))))


def _decide(session: Session, rows: Rows, elders: Sequence[Person], district_code: str) -> None:
    old_age = in_force(session, district_code, clock.today()).number("visiting.old_age")
    levels = queries.levels_in(session, district_code)
    for elder in elders:
        age = months.age_on(elder.born_on, clock.today())
        tier, trace = tier_of(Situation(elder.tags, age, levels.get(elder.id)), old_age=old_age)
        elder.tier = tier
        rows.add(
            TierDecision,
            id=ids.new_id("tie"),
            elder_id=elder.id,
            area_code=elder.area_code,
            tier=tier,
            groups=groups_of(elder.tags),
            trace=trace,
            at=clock.now(),
            by_user_id=SYSTEM.user_id,
        )


def _ask_round(
    session: Session, random: Random, rows: Rows, elders: Sequence[Person], district_code: str, today: date
) -> None:
    """In each month the villages call or knock at whoever no planned visit has reached; some they do not get to."""
    this = months.of_date(today)
    for month in (months.shifted(this, -2), months.shifted(this, -1), this):
        last_on = min(months.last_day(month), today - timedelta(days=1))
        days = (last_on - months.first_day(month)).days + 1
        if days < 1:
            continue
        share = _ASKED * days / len(months.days(month))
        found = queries.contacts(district_code, months.first_day(month), last_on).subquery()
        reached = set(session.execute(sa.select(found.c.elder_id).distinct()).scalars())
        for elder in elders:
            if elder.id not in reached and random.random() < share:
                _contact(random, rows, elder, months.first_day(month) + timedelta(days=random.randrange(days)))


def _contact(random: Random, rows: Rows, elder: Person, on: date) -> None:
    rows.add(
        VisitingRecord,
        id=ids.new_id("vre"),
        elder_id=elder.id,
        area_code=elder.area_code,
        on=on,
        form=random.choices(tuple(ContactForm), (60, 35, 5))[0],
        outcome=random.choices((Outcome.WELL, Outcome.NEEDS_HELP), (94, 6))[0],
        by_user_id="usr_history",
        at=clock.at_local(on, random.randrange(8 * 60, 18 * 60)),
    )


def _cook(session: Session, rows: Rows, district_code: str, today: date) -> None:
    """Two dishes a day in every kitchen, from yesterday to the end of next week, and tables to eat at in four towns."""
    for station in facilities_within(session, district_code, FacilityKind.STATION):
        name = station.name.removesuffix("养老服务中心")
        if name in _POINTS_AT:
            session.add(_point(station, name))
    for kitchen in facilities_within(session, district_code, FacilityKind.KITCHEN):
        for day in range(-1, 8):
            for turn in (0, 1):
                name, diet = _DISHES[(2 * day + turn) % len(_DISHES)]
                _dish(rows, kitchen, today + timedelta(days=day), name, diet)


def _point(station: Facility, name: str) -> Facility:
    return Facility(
        id=f"fac_{FacilityKind.DINING_POINT.value}_{station.area_code}",
        kind=FacilityKind.DINING_POINT,
        area_code=station.area_code,
        name=f"{name}助餐点",
        name_en=station.name_en.replace("care station", "dining point"),
        lat=station.lat,
        lon=station.lon,
    )


def _dish(rows: Rows, kitchen: Facility, on: date, name: str, diet: list[str]) -> None:
    rows.add(
        Menu,
        id=ids.new_id("mnu"),
        kitchen_id=kitchen.id,
        area_code=kitchen.area_code,
        on=on,
        name=name,
        diet=diet,
        portions=40,
        by_user_id="usr_history",
        at=clock.now(),
    )


def _carried_yesterday(session: Session, random: Random, township: str, on: date) -> None:
    """The meals that reached a door yesterday: one bag for each carer, and how hot they arrived."""
    meals_of = select(Visit, VisitCarer).where(
        Visit.due_on == on,
        Visit.service == ServiceKind.MEAL,
        col(Visit.area_code).startswith(township),
        VisitCarer.visit_id == Visit.id,
        col(VisitCarer.checked_in_at).is_not(None),
    )
    menu = session.exec(select(Menu).where(Menu.area_code == township, Menu.on == on).order_by(col(Menu.id))).first()
    carried = [(visit, carer) for visit, carer in session.exec(meals_of.order_by(col(Visit.id)))]
    if menu is None or not carried:
        return
    rows, bags = Rows(), _bags(random, menu, carried)
    for visit, carer in carried:
        rows.add(
            MealOrder,
            id=ids.new_id("mor"),
            elder_id=visit.elder_id,
            area_code=visit.area_code,
            kitchen_id=menu.kitchen_id,
            menu_id=menu.id,
            on=on,
            visit_id=visit.id,
            is_standing=True,
            state=OrderState.HANDED_OVER,
            round_id=bags[carer.person_id].id,
            handed_at=carer.checked_in_at,
            handed_c=random.randrange(58, 69),
            was_eaten=random.random() < 0.95,
            by_user_id="usr_history",
            at=clock.at_local(on - timedelta(days=1), 16 * 60),
        )
    session.add_all(bags.values())
    session.flush()
    rows.write(session, (MealOrder,))


def _bags(random: Random, menu: Menu, carried: Sequence[tuple[Visit, VisitCarer]]) -> Mapping[str, MealRound]:
    first: dict[str, datetime] = {}
    for _, carer in carried:
        came = carer.checked_in_at or clock.now()
        first[carer.person_id] = min(came, first.get(carer.person_id, came))
    return {
        person_id: MealRound(
            id=ids.new_id("mro"),
            kitchen_id=menu.kitchen_id,
            area_code=menu.area_code,
            carer_id=person_id,
            on=menu.on,
            left_at=came - timedelta(minutes=random.randrange(10, 30)),
            left_c=random.randrange(68, 80),
            by_user_id="usr_history",
        )
        for person_id, came in first.items()
    }


def _look_for(session: Session, township: str, today: date) -> None:
    """Doors that stayed shut yesterday: the neighbour knew. And one call of this morning that nobody answered."""
    for door in unanswered_doors(session, township, today):
        with clock.frozen(door.at + timedelta(minutes=20)):
            case = visiting.begin_search(session, actor=SYSTEM, visit_id=door.visit.id)
        steps = (
            (StepKind.SECOND_TRY, Outcome.NO_ANSWER, ""),
            (StepKind.NEIGHBOUR, Outcome.ELSEWHERE, "说是去女儿家了"),
        )
        for number, (kind, outcome, words) in enumerate(steps, start=1):
            with clock.frozen(door.at + timedelta(minutes=80 * number)):
                visiting.take_step(session, actor=SYSTEM, case_id=case.id, kind=kind, outcome=outcome, words=words)
    silent = next((row for row in queries.visiting_list(session, township, today) if row.is_overdue(today)), None)
    if silent:
        contact = visiting.Contact(silent.elder.id, today, ContactForm.PHONE, Outcome.NO_ANSWER)
        visiting.record_contact(session, actor=SYSTEM, contact=contact)


def _to_the_doctor(session: Session, township: str, today: date) -> None:
    """Two appointments tomorrow, for elders who have a visit at home then anyway."""
    tomorrow = today + timedelta(days=1)
    found = select(Visit.elder_id).where(
        Visit.due_on == tomorrow,
        col(Visit.area_code).startswith(township),
        col(Visit.state).in_((VisitState.DUE, VisitState.PLANNED)),
    )
    elder_ids = sorted(set(session.exec(found)))[:2]
    clinic_id = facilities_within(session, township, FacilityKind.CLINIC)[0].id
    for elder_id, minute in zip(elder_ids, (9 * 60 + 30, 14 * 60), strict=False):
        plan = Plan(tomorrow, minute, 35, 60)
        escorts.arrange(session, actor=SYSTEM, elder_id=elder_id, clinic_id=clinic_id, plan=plan)
