"""Menus, orders with a cut-off, standing orders, the bag on its way, and the meal that was not eaten."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlmodel import Session, select

from tests import factories as make
from tests.cast import Cast
from tests.fixtures.site import At, SignIn
from tests.visits.conftest import actor_of
from timebank.areas.models import Facility, FacilityKind
from timebank.careplans import operations as careplans
from timebank.careplans.models import ServiceKind
from timebank.core import clock, db
from timebank.core.actors import SYSTEM, Role
from timebank.core.errors import TimebankError
from timebank.meals import operations, queries
from timebank.meals.models import MealOrder, MealRound, Menu, OrderState
from timebank.meals.queries import orders_close_at
from timebank.meals.rules import choose, doubts
from timebank.people.models import Person, PersonState, Proxy
from timebank.visits import operations as visits
from timebank.visits.models import Visit, VisitState

TOMORROW = date(2026, 11, 4)
MEAL = make.care_item(service=ServiceKind.MEAL, recurrence="FREQ=DAILY", window=(660, 750), minutes=15)


def kitchen_of(session: Session) -> Facility:
    return session.exec(
        select(Facility).where(Facility.kind == FacilityKind.KITCHEN, Facility.area_code == make.TOWNSHIP)
    ).one()


def dish(
    cast: Cast, name: str = "豆花饭", *, diet: tuple[str, ...] = (), portions: int = 5, on: date = TOMORROW
) -> str:
    with db.transaction() as session:
        menu = operations.plan_menu(
            session,
            actor=actor_of(cast, "wang"),
            kitchen_id=kitchen_of(session).id,
            on=on,
            name=name,
            diet=diet,
            portions=portions,
        )
        return menu.id


def order(cast: Cast, menu_id: str, elder: Person | None = None, *, who: str = "wang", at_table: bool = False) -> str:
    with db.transaction() as session:
        made = operations.order_meal(
            session,
            actor=actor_of(cast, who),
            elder_id=(elder or cast.chen_popo).id,
            menu_id=menu_id,
            point_id=kitchen_of(session).id if at_table else None,
        )
        return made.id


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(TimebankError) as refused:
        act()
    return refused.value.code


def seen(order_id: str) -> MealOrder:
    with db.reading() as session:
        return session.get_one(MealOrder, order_id)


@pytest.fixture
def on_the_way(cast: Cast, at: At) -> str:
    """An order of 陈婆婆 that 李姐 carries: it left the kitchen at eleven with 70 °C."""
    ordered = order(cast, dish(cast))
    with db.transaction() as session:
        visits.assign(
            session,
            actor=actor_of(cast, "zhou"),
            visit_id=str(seen(ordered).visit_id),
            carers=[(cast.li.id, 11 * 60)],
            day_plan_id=None,
        )
    at("2026-11-04 11:00")
    with db.transaction() as session:
        operations.start_round(session, actor=actor_of(cast, "li"), kitchen_id=kitchen_of(session).id, left_c=70)
    return ordered


def hand(cast: Cast, order_id: str, **told: object) -> list[str]:
    with db.transaction() as session:
        return operations.hand_over(session, actor=actor_of(cast, "li"), order_id=order_id, **told)  # type: ignore[arg-type]


def test_orders_close_the_evening_before() -> None:
    assert clock.minute_of_day(orders_close_at(TOMORROW, 1_020)) == 17 * 60
    assert clock.local_date(orders_close_at(TOMORROW, 1_020)) == date(2026, 11, 3)


def test_a_bag_is_too_long_on_its_way_or_too_cool_at_the_door() -> None:
    assert doubts(60, 60, most_minutes=60, least_c=60) == []
    assert doubts(61, 59, most_minutes=60, least_c=60) == ["too_long", "too_cool"]
    assert doubts(None, None, most_minutes=60, least_c=60) == []


def test_the_plainest_dish_that_suits_is_chosen() -> None:
    menus = [Menu(id=name, diet=diet) for name, diet in (("a", ["soft", "halal"]), ("b", ["soft"]), ("c", []))]
    left = {"a": 1, "b": 0, "c": 1}
    assert choose(menus, ["soft"], left) is menus[0]
    assert choose(menus, [], left) is menus[2]
    assert choose(menus, ["diabetic"], left) is None


def test_a_meal_carried_home_is_a_visit_that_is_planned_like_any_other(cast: Cast) -> None:
    made = seen(order(cast, dish(cast)))
    with db.reading() as session:
        visit = session.get_one(Visit, made.visit_id)
    assert (visit.service, visit.due_on, visit.state) == (ServiceKind.MEAL, TOMORROW, VisitState.DUE)
    assert (visit.window_from_minute, visit.window_to_minute) == (11 * 60, 12 * 60 + 30)


def test_at_the_table_nobody_carries_it(cast: Cast) -> None:
    assert seen(order(cast, dish(cast), at_table=True)).visit_id is None


def test_after_the_cut_off_an_order_is_refused_by_name(cast: Cast, at: At) -> None:
    menu_id = dish(cast)
    at("2026-11-03 17:00")
    order(cast, menu_id)
    at("2026-11-03 17:01")
    assert refusal(lambda: order(cast, menu_id, cast.ran_daye)) == "meals.too_late"


def test_sold_out_unsuitable_and_second_meals_are_refused(cast: Cast) -> None:
    with db.transaction() as session:
        make.care_plan(session=session, elder=cast.chen_popo, items=[replace(MEAL, diet=("low_salt",))])
    salty, mild = dish(cast, "回锅肉"), dish(cast, "蒸蛋", diet=("low_salt", "soft"), portions=1)
    assert refusal(lambda: order(cast, salty)) == "meals.diet"
    order(cast, mild)
    assert refusal(lambda: order(cast, mild, cast.ran_daye)) == "meals.none_left"
    assert refusal(lambda: order(cast, mild)) in ("meals.none_left", "meals.ordered_already")
    order(cast, salty, cast.ran_daye, at_table=True)
    assert refusal(lambda: order(cast, salty, cast.ran_daye)) == "meals.ordered_already"


def test_another_township_and_a_neighbour_order_nothing_here(cast: Cast) -> None:
    menu_id = dish(cast)
    assert refusal(lambda: order(cast, menu_id, who="sun")) == "people.no_such_person"
    assert refusal(lambda: order(cast, menu_id, cast.hu_daye, who="tan")) == "meals.no_such_dish"
    assert refusal(lambda: order(cast, menu_id, who="ran")) == "people.no_such_person"
    order(cast, menu_id, who="xiaofang")  # by a written power


def test_standing_orders_come_from_the_care_plan_and_say_what_could_not_be_made(cast: Cast) -> None:
    with db.transaction() as session:
        make.care_plan(session=session, elder=cast.chen_popo, items=[replace(MEAL, diet=("soft",))])
        make.care_plan(session=session, elder=cast.hu_daye, items=[MEAL])
        visits.generate(session, actor=actor_of(cast, "tan"), area_code=make.DISTRICT, month="2026-11")
    dish(cast, "回锅肉")
    soft = dish(cast, "南瓜稀饭", diet=("soft",))
    with db.transaction() as session:
        for made in (1, 0):
            report = operations.make_standing_orders(
                session, actor=actor_of(cast, "tan"), area_code=make.DISTRICT, on=TOMORROW
            )
            assert (report.made, dict(report.left)) == (
                made,
                {"no dish that suits, or all portions are taken": 1},
            )
        kept = session.exec(select(MealOrder)).one()
        assert (kept.menu_id, kept.is_standing) == (soft, True)
        assert session.get_one(Visit, kept.visit_id).care_item_id is not None


@pytest.mark.parametrize("at_table", [False, True])
def test_a_meal_ordered_by_hand_is_the_one_of_the_plan_and_stops_nobody_elses(cast: Cast, at_table: bool) -> None:
    with db.transaction() as session:
        for elder in (cast.chen_popo, cast.hu_daye):
            make.care_plan(session=session, elder=elder, items=[MEAL])
        visits.generate(session, actor=actor_of(cast, "tan"), area_code=make.DISTRICT, month="2026-11")
    ordered = order(cast, dish(cast), who="xiaofang", at_table=at_table)
    with db.transaction() as session:
        report = operations.make_standing_orders(
            session, actor=actor_of(cast, "tan"), area_code=make.DISTRICT, on=TOMORROW
        )
        meals = session.exec(select(Visit).where(Visit.elder_id == cast.chen_popo.id, Visit.due_on == TOMORROW)).all()
    assert (report.made, sum(report.left.values())) == (0, 1)  # where 胡大爷 lives nobody cooks
    (only,) = meals
    assert only.care_item_id is not None
    assert (only.id == seen(ordered).visit_id, only.state == "cancelled") == (not at_table, at_table)


def test_a_diet_counts_until_the_last_day_of_its_plan(cast: Cast) -> None:
    with db.transaction() as session:
        plan = make.care_plan(session=session, elder=cast.chen_popo, items=[replace(MEAL, diet=("diabetic",))])
        careplans.end_care_plan(session, actor=SYSTEM, care_plan_id=plan.id, ends_on=TOMORROW)
    sweet = dish(cast, "红糖糍粑")
    assert refusal(lambda: order(cast, sweet)) == "meals.diet"
    order(cast, dish(cast, "红糖糍粑", on=TOMORROW + timedelta(days=1)))


def test_a_visit_that_is_called_off_takes_its_meal_along(cast: Cast) -> None:
    ordered = order(cast, dish(cast, portions=1))
    with db.transaction() as session:
        visits.cancel(session, actor=actor_of(cast, "zhou"), visit_id=str(seen(ordered).visit_id), reason="住院")
    with db.reading() as session:
        assert queries.orders_on(session, kitchen_of(session).id, TOMORROW) == []
        menus = queries.menus_on(session, kitchen_of(session).id, TOMORROW)
        assert list(queries.portions_left(session, menus).values()) == [1]


def test_a_bag_leaves_hot_or_not_at_all(cast: Cast, at: At) -> None:
    ordered = order(cast, dish(cast))
    with db.transaction() as session:
        visits.assign(
            session,
            actor=actor_of(cast, "zhou"),
            visit_id=str(seen(ordered).visit_id),
            carers=[(cast.li.id, 660)],
            day_plan_id=None,
        )
    at("2026-11-04 11:00")

    def leave(who: str, left_c: int) -> None:
        with db.transaction() as session:
            operations.start_round(session, actor=actor_of(cast, who), kitchen_id=kitchen_of(session).id, left_c=left_c)

    assert refusal(lambda: leave("zhang", 70)) == "meals.nothing_to_carry"
    assert refusal(lambda: leave("li", 59)) == "meals.too_cool"
    assert refusal(lambda: hand(cast, ordered)) == "meals.still_in_kitchen"
    leave("li", 60)
    with db.reading() as session:
        bag = session.exec(select(MealRound)).one()
    assert (bag.left_c, bag.left_at, seen(ordered).state) == (60, clock.now(), OrderState.ON_THE_WAY)


def test_minutes_in_the_bag_and_heat_at_the_door_are_held_against_the_policy(
    cast: Cast, at: At, on_the_way: str
) -> None:
    at("2026-11-04 12:05")
    assert hand(cast, on_the_way, handed_c=58) == ["too_long", "too_cool"]
    with db.reading() as session:
        row = queries.orders_on(session, kitchen_of(session).id, TOMORROW)[0]
    assert (row.bag_minutes, row.doubts) == (65, ("too_long", "too_cool"))
    assert refusal(lambda: hand(cast, on_the_way)) == "meals.handed_over"


@pytest.mark.parametrize(("was_eaten", "looks"), [(False, 1), (True, 0), (None, 0)])
def test_a_meal_that_was_not_eaten_makes_somebody_look_in(
    cast: Cast, on_the_way: str, was_eaten: bool | None, looks: int
) -> None:
    hand(cast, on_the_way, was_eaten=was_eaten)
    with db.reading() as session:
        found = session.exec(select(Visit).where(Visit.source_key == f"uneaten:{on_the_way}")).all()
    assert len(found) == looks
    assert all((visit.tier, visit.service, visit.due_on) == ("high", ServiceKind.VISIT, TOMORROW) for visit in found)


def test_who_did_not_come_to_the_table_is_looked_after_unless_they_are_in_hospital(cast: Cast, at: At) -> None:
    menu_id = dish(cast)
    came_not, away = order(cast, menu_id, at_table=True), order(cast, menu_id, cast.ran_daye, at_table=True)
    at("2026-11-04 13:00")
    with db.transaction() as session:
        ran = session.get_one(Person, cast.ran_daye.id)
        ran.state = PersonState.HOSPITAL
        session.add(ran)
        first = operations.not_taken(session, actor=actor_of(cast, "wang"), order_id=came_not)
        second = operations.not_taken(session, actor=actor_of(cast, "wang"), order_id=away)
    assert first is not None and first.elder_id == cast.chen_popo.id and second is None


def test_members_cancel_until_the_cut_off_and_the_office_until_it_leaves(cast: Cast, at: At) -> None:
    first = order(cast, dish(cast))

    def cancel(who: str) -> None:
        with db.transaction() as session:
            operations.cancel_order(session, actor=actor_of(cast, who), order_id=first, reason="女儿做饭")

    at("2026-11-03 18:00")
    assert refusal(lambda: cancel("xiaofang")) == "meals.too_late"
    cancel("wang")
    with db.reading() as session:
        assert session.get_one(Visit, seen(first).visit_id).state == VisitState.CANCELLED


def test_a_day_in_the_kitchen_through_the_pages(cast: Cast, sign_in: SignIn, at: At) -> None:
    wang = sign_in(Role.ASSISTANT)
    with db.transaction() as session:
        kitchen = kitchen_of(session)
        kitchen.opens_minute, kitchen.closes_minute = 7 * 60, 10 * 60 + 30
    here = f"/meals/kitchens/{kitchen.id}"
    assert "not open all that time" in wang.visit(f"{here}?on=2026-11-04"), "meals leave it after it has shut"
    wang.submit("/menus", name="南瓜稀饭", diet="soft", portions="20")
    family = sign_in("xiaofang")
    assert "南瓜稀饭" in family.visit(f"/meals/of/{cast.chen_popo.id}")
    assert "Ordered. Enjoy the meal!" in family.submit(f"/meals/of/{cast.chen_popo.id}", point_id="")
    with db.transaction() as session:
        carried = session.exec(select(MealOrder)).one()
        visits.assign(
            session,
            actor=actor_of(cast, "zhou"),
            visit_id=str(carried.visit_id),
            carers=[(cast.li.id, 660)],
            day_plan_id=None,
        )
    at("2026-11-04 11:00")
    li = sign_in(Role.VOLUNTEER)
    assert "is open 07:00–10:30" in li.visit("/meal-round"), "told at 11:00, and may leave all the same"
    assert "at least 60 °C" in li.submit("/meal-round", left_c="45", status=409)
    li.visit("/meal-round")
    assert "0 min in the bag" in li.submit("/meal-round", left_c="72")
    assert "somebody looks in" in li.submit("/hand-over", handed_c="66", was_eaten="no")
    assert "the meal before was not eaten" in sign_in(Role.ASSISTANT).visit(f"{here}?on=2026-11-04")


def test_tomorrow_without_orders_stands_on_the_start_page(cast: Cast, sign_in: SignIn) -> None:
    with db.transaction() as session:
        make.care_plan(session=session, elder=cast.chen_popo, items=[MEAL])
        visits.generate(session, actor=actor_of(cast, "zhou"), area_code=make.TOWNSHIP, month="2026-11")
    wang = sign_in(Role.ASSISTANT)
    assert "meal of tomorrow is not ordered yet" in wang.visit("/")
    dish(cast)
    on = (clock.today() + timedelta(days=1)).isoformat()
    wang.visit(f"/meals?on={on}")
    assert "1 meal ordered, 0 could not be." in wang.submit("/standing")


def test_kin_who_may_not_ask_do_not_read_what_the_elder_eats(cast: Cast, sign_in: SignIn) -> None:
    menu_id = dish(cast)
    kin, here = sign_in("xiaofang"), f"/meals/of/{cast.chen_popo.id}"
    assert here in kin.visit("/family")
    with db.transaction() as session:
        power = session.exec(select(Proxy).where(Proxy.proxy_person_id == cast.xiaofang.id)).one()
        power.purposes = ["follow_visits"]
    assert here not in kin.visit("/family"), "not offered where it refuses"
    kin.visit(here, status=403)
    answer = kin.send(here, {"menu_id": menu_id})
    assert answer.status_code == 403 and "May eat" not in answer.get_data(as_text=True)
