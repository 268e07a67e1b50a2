"""A move within the district: what is the elder's goes along, what is the village's ends, and the hours stand still."""

from dataclasses import dataclass
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from tests import factories as make
from tests.cast import Cast
from timebank.areas.models import Facility, FacilityKind
from timebank.auth.models import Grant
from timebank.beds.models import BedState
from timebank.beds.queries import bed_of
from timebank.careplans.models import ServiceKind
from timebank.careplans.queries import plans_of
from timebank.core import clock, db
from timebank.core.actors import SYSTEM, Actor, Role
from timebank.core.errors import TimebankError
from timebank.escorts import operations as escorts
from timebank.escorts.queries import escorts_from
from timebank.escorts.rules import Plan
from timebank.ledger.models import HourAccount, Transfer
from timebank.meals import operations as meals
from timebank.meals.models import MealOrder, OrderState
from timebank.mutual import operations as mutual
from timebank.mutual.models import GroupKind, Pairing, PatrolDoor
from timebank.people import operations as people
from timebank.people.models import Person, PersonCase, PersonState
from timebank.visits import operations as visits
from timebank.visits.models import Visit, VisitState
from timebank.visits.queries import carers_of, visits_of_elder

TODAY = date(2026, 11, 3)
TOWNSHIP = Actor("usr_first", Role.COORDINATOR, make.TOWNSHIP)
BUREAU = Actor("usr_bureau", Role.BUREAU, make.DISTRICT)
MEAL = make.care_item(service=ServiceKind.MEAL, recurrence="FREQ=DAILY", window=(660, 750), minutes=15)


@dataclass
class Doors:
    """Homes to move to: in the next village of the township, and in the other township."""

    near: str
    far: str


@pytest.fixture
def doors(cast: Cast) -> Doors:
    """陈婆婆 has visits on Tuesdays with 李姐, a daily meal, a bed, a pair, a group's round and hours."""
    with db.transaction() as session:
        homes = [
            make.household(session=session, group_code=code, number=9) for code in (make.NEXT_GROUP, make.OTHER_GROUP)
        ]
        _life(session, cast)
        return Doors(*(home.code for home in homes))


def _life(session: Session, cast: Cast) -> None:
    elder, tomorrow = cast.chen_popo, TODAY + timedelta(days=1)
    make.care_plan(session=session, elder=elder, items=[make.care_item(), MEAL])
    make.assessment(session=session, elder=elder, level=3)
    session.flush()
    make.care_bed(session=session, elder=elder)
    visits.generate(session, actor=SYSTEM, area_code=make.TOWNSHIP, month="2026-11")
    for visit in visits_of_elder(session, elder.id, TODAY, date(2026, 11, 30)):
        if visit.service == ServiceKind.VISIT:
            visits.assign(session, actor=SYSTEM, visit_id=visit.id, carers=[(cast.li.id, 540)], day_plan_id=None)
    for area_code in (make.TOWNSHIP, make.OTHER_TOWNSHIP):
        found = select(Facility).where(Facility.kind == FacilityKind.KITCHEN, Facility.area_code == area_code)
        kitchen = session.exec(found).one()
        meals.plan_menu(session, actor=SYSTEM, kitchen_id=kitchen.id, on=tomorrow, name="豆花饭", diet=[], portions=9)
    meals.make_standing_orders(session, actor=SYSTEM, area_code=make.TOWNSHIP, on=tomorrow)
    escorts.arrange(
        session, actor=SYSTEM, elder_id=elder.id, clinic="镇卫生院", plan=Plan(TODAY + timedelta(days=9), 600, 30, 60)
    )
    group = mutual.found_group(
        session, actor=SYSTEM, area_code=elder.area_code, kind=GroupKind.GROUP, leader_id=cast.li.id
    )
    mutual.plan_round(session, actor=SYSTEM, group_id=group.id, on=tomorrow)
    mutual.pair(session, actor=SYSTEM, elder_id=elder.id, helper_id=cast.zhang.id)
    make.hours(session=session, person=elder, minutes=120)


def move(person: Person, to: str, *, actor: Actor = BUREAU, since_on: date = TODAY) -> PersonCase:
    with db.transaction() as session:
        return people.relocate(session, actor=actor, person_id=person.id, household_code=to, since_on=since_on)


def book() -> list[object]:
    """Every account and every line of the ledger."""
    with db.reading() as session:
        tables = [table.__table__ for table in (HourAccount, Transfer)]  # type: ignore[attr-defined]
        return [tuple(row) for table in tables for row in session.execute(sa.select(table).order_by(table.c.id))]


def open_visits(elder: Person) -> list[Visit]:
    with db.reading() as session:
        return [
            visit
            for visit in visits_of_elder(session, elder.id, TODAY, date(2026, 11, 30))
            if visit.state in (VisitState.DUE, VisitState.PLANNED)
        ]


def test_within_the_township_helpers_and_the_pair_come_to_the_new_door(cast: Cast, doors: Doors) -> None:
    before, planned = book(), open_visits(cast.chen_popo)
    case = move(cast.chen_popo, doors.near, actor=TOWNSHIP)
    done = case.detail["done"]
    assert case.detail["from"] == cast.chen_popo.household_code and case.detail["to"] == doors.near
    assert (done["visits_go_along"], done["care_plans_go_along"], done["bed_goes_along"]) == (len(planned), 1, 1)
    assert (done["pairs_go_along"], done["meals_of_move"], done["escorts_go_along"]) == (1, 1, 1)
    assert done["doors_left_out"] == 1 and "pairs_ended" not in done
    after = open_visits(cast.chen_popo)
    assert {visit.id for visit in after} == {visit.id for visit in planned}
    assert {(visit.household_code, visit.area_code) for visit in after} == {(doors.near, make.NEXT_GROUP)}
    with db.reading() as session:
        tuesdays = [visit for visit in after if visit.service == ServiceKind.VISIT]
        comes = carers_of(session, [visit.id for visit in tuesdays])
        assert all([person.id for _, person in comes[visit.id]] == [cast.li.id] for visit in tuesdays)
        assert {plan.area_code for plan in plans_of(session, cast.chen_popo.id)} == {make.NEXT_GROUP}
        bed = bed_of(session, cast.chen_popo.id)
        assert bed and (bed.area_code, bed.state) == (make.NEXT_GROUP, BedState.SUSPENDED)
        pairing = session.exec(select(Pairing)).one()
        assert (pairing.area_code, pairing.ends_on) == (make.NEXT_GROUP, None)
        elder_doors = select(PatrolDoor).where(PatrolDoor.elder_id == cast.chen_popo.id)
        assert session.exec(elder_doors).all() == []
        assert [row.elder.id for row in escorts_from(session, make.NEXT_VILLAGE, TODAY)] == [cast.chen_popo.id]
    assert book() == before, "not one line of the ledger is touched"


def test_what_is_made_from_then_on_leads_to_the_new_door(cast: Cast, doors: Doors) -> None:
    move(cast.chen_popo, doors.far)
    with db.transaction() as session:
        visits.generate(session, actor=SYSTEM, area_code=make.OTHER_TOWNSHIP, month="2026-12")
        made = visits_of_elder(session, cast.chen_popo.id, date(2026, 12, 1), date(2026, 12, 31))
        assert made and {visit.household_code for visit in made} == {doors.far}


def test_into_another_township_helpers_step_back_and_the_meal_is_ordered_from_its_kitchen(
    cast: Cast, doors: Doors
) -> None:
    before = book()
    done = move(cast.chen_popo, doors.far).detail["done"]
    assert (done["pairs_ended"], done["meals_of_move"]) == (1, 1)
    with db.transaction() as session:
        found = open_visits(cast.chen_popo)
        assert {visit.area_code for visit in found} == {make.OTHER_GROUP}
        assert {visit.state for visit in found} == {VisitState.DUE}, "nobody of the old township comes"
        assert carers_of(session, [visit.id for visit in found]) == {}
        tomorrow = TODAY + timedelta(days=1)
        report = meals.make_standing_orders(session, actor=SYSTEM, area_code=make.OTHER_TOWNSHIP, on=tomorrow)
        assert report.made == 1
        order = session.exec(select(MealOrder)).one()
        kitchen = session.get_one(Facility, order.kitchen_id)
        assert (order.state, order.area_code, kitchen.area_code) == (
            OrderState.ORDERED,
            make.OTHER_GROUP,
            make.OTHER_TOWNSHIP,
        )
    assert book() == before


def test_a_helper_who_moves_gives_visits_groups_and_village_back(cast: Cast, doors: Doors) -> None:
    done = move(cast.li, doors.far).detail["done"]
    assert (done["visits_of_helper_given_back"], done["groups_left"], done["logins_go_along"]) == (4, 1, 1)
    with db.reading() as session:
        assert (
            session.exec(select(Grant.area_code).where(Grant.user_id == cast.users["li"])).one() == make.OTHER_VILLAGE
        )
        tuesdays = [visit for visit in open_visits(cast.chen_popo) if visit.service == ServiceKind.VISIT]
        assert carers_of(session, [visit.id for visit in tuesdays]) == {}
        assert {visit.household_code for visit in tuesdays} == {cast.chen_popo.household_code}


def test_what_no_move_is_is_refused(cast: Cast, doors: Doors) -> None:
    own = cast.chen_popo.household_code
    for to, actor, since_on, code in (
        (own, BUREAU, TODAY, "people.same_home"),
        (doors.near, BUREAU, TODAY + timedelta(days=1), "people.move_to_come"),
        (doors.far, TOWNSHIP, TODAY, "people.home_elsewhere"),
        ("500156101201019-9999", BUREAU, TODAY, "people.home_elsewhere"),
        (doors.near, Actor("usr_sun", Role.COORDINATOR, make.OTHER_TOWNSHIP), TODAY, "people.no_such_person"),
    ):
        with pytest.raises(TimebankError) as refused:
            move(cast.chen_popo, to, actor=actor, since_on=since_on)
        assert refused.value.code == code
    with db.transaction() as session:
        people.change_state(
            session, actor=SYSTEM, person_id=cast.ran_daye.id, state=PersonState.DEAD, since_on=clock.today()
        )
    with pytest.raises(TimebankError) as refused:
        move(cast.ran_daye, doors.near)
    assert refused.value.code == "people.state_is_final"
