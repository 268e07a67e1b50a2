"""Reading menus, orders and rounds, always within the caller's scope."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, or_, select

from timebank.areas.models import Facility, FacilityKind
from timebank.areas.queries import facilities_within, is_there
from timebank.careplans.models import CareItem, CarePlan, ServiceKind
from timebank.careplans.queries import stands
from timebank.core import clock
from timebank.core.actors import Scope
from timebank.core.db import in_area
from timebank.core.maps import distance_m
from timebank.meals.models import MealOrder, MealRound, Menu, OrderState
from timebank.meals.rules import doubts, minutes_in_bag
from timebank.people.models import Household, Person
from timebank.people.queries import place_of
from timebank.policies.queries import in_force
from timebank.visits.models import CarerState, Visit, VisitCarer, VisitState

PLACES = (FacilityKind.KITCHEN, FacilityKind.DINING_POINT)


def kitchens(session: Session, area_code: str, on: date) -> list[Facility]:
    """The kitchens that cook on a day in the township that an area lies in, or in all townships of a district."""
    return facilities_within(session, area_code[:9], FacilityKind.KITCHEN, on=on)


def kitchen_for(session: Session, scope: Scope, kitchen_id: str) -> Facility | None:
    """The kitchen if it lies in the scope's area, or cooks for all of it: a village's is not its neighbour's."""
    found = session.get(Facility, kitchen_id)
    if found is None or found.kind != FacilityKind.KITCHEN:
        return None
    return found if scope.holds_area(found.area_code) or scope.area_code.startswith(found.area_code) else None


def points_of(session: Session, kitchen: Facility, on: date) -> list[Facility]:
    """The tables at which a kitchen's meals are eaten on a day: its own, and those of the township's dining points."""
    return [kitchen, *facilities_within(session, kitchen.area_code[:9], FacilityKind.DINING_POINT, on=on)]


def nearest_kitchen(session: Session, elder: Person, on: date) -> Facility | None:
    """The kitchen of the township that cooks on a day nearest to an elder's door, as the crow flies."""
    return next(iter(nearest_first(session, elder, kitchens(session, elder.area_code, on))), None)


def nearest_first(session: Session, elder: Person, found: Iterable[Facility]) -> list[Facility]:
    """Places in the order of their distance from an elder's door, as the crow flies."""
    door = place_of(session.get_one(Household, elder.household_code))
    return sorted(found, key=lambda one: (distance_m(*door, one.lat, one.lon), one.id))


def orders_close_at(on: date, cutoff_minute: int) -> datetime:
    """Until when the meals of a day are ordered: the evening before, so that the kitchen can buy."""
    return clock.at_local(on - timedelta(days=1), cutoff_minute)


def menus_on(session: Session, kitchen_id: str, on: date) -> list[Menu]:
    """What a kitchen cooks on a day, in the order in which it was planned."""
    return list(session.exec(select(Menu).where(Menu.kitchen_id == kitchen_id, Menu.on == on).order_by(col(Menu.id))))


def is_live() -> sa.ColumnElement[bool]:
    """Orders that count: not cancelled, and carried by no visit that was called off. Needs an outer join with Visit."""
    carried = or_(col(MealOrder.visit_id).is_(None), col(Visit.state) != VisitState.CANCELLED)
    return sa.and_(col(MealOrder.state) != OrderState.CANCELLED, carried)


def portions_left(session: Session, menus: Sequence[Menu]) -> dict[str, int]:
    """How many portions of each dish nobody has ordered yet."""
    found = (
        select(MealOrder.menu_id, sa.func.count())
        .outerjoin(Visit, col(Visit.id) == col(MealOrder.visit_id))
        .where(col(MealOrder.menu_id).in_([menu.id for menu in menus]), is_live())
        .group_by(MealOrder.menu_id)
    )
    taken = dict(session.exec(found).all())
    return {menu.id: menu.portions - taken.get(menu.id, 0) for menu in menus}


@dataclass(frozen=True)
class Ordered:
    """One order with the elder, the dish, the round it is on, and what was wrong when it arrived."""

    order: MealOrder
    elder: Person
    menu: Menu
    visit: Visit | None
    round: MealRound | None
    bag_minutes: int | None
    doubts: tuple[str, ...]


def orders_on(session: Session, kitchen_id: str, on: date) -> list[Ordered]:
    """The orders of a kitchen for a day that count, by place and household."""
    rows = _rows(session, MealOrder.kitchen_id == kitchen_id, MealOrder.on == on)
    return sorted(rows, key=lambda row: (row.order.point_id or "", row.elder.household_code, row.order.id))


def orders_of(session: Session, elder_id: str, since_on: date) -> list[Ordered]:
    """An elder's orders from a day on, the next first."""
    return sorted(
        _rows(session, MealOrder.elder_id == elder_id, MealOrder.on >= since_on), key=lambda row: row.order.on
    )


def my_orders(session: Session, person_id: str, on: date) -> list[Ordered]:
    """The meals that a volunteer carries on a day: those of the visits that they come to."""
    mine = select(VisitCarer.visit_id).where(
        VisitCarer.person_id == person_id, col(VisitCarer.state).in_((CarerState.INVITED, CarerState.ACCEPTED))
    )
    rows = _rows(session, MealOrder.on == on, col(MealOrder.visit_id).in_(mine))
    return sorted(rows, key=lambda row: (row.order.kitchen_id, row.visit.window_from_minute if row.visit else 0))


def _rows(session: Session, *conditions: Any) -> list[Ordered]:
    found = (
        sa.select(MealOrder, Person, Menu, Visit, MealRound)
        .join(Person, col(Person.id) == col(MealOrder.elder_id))
        .join(Menu, col(Menu.id) == col(MealOrder.menu_id))
        .outerjoin(Visit, col(Visit.id) == col(MealOrder.visit_id))
        .outerjoin(MealRound, col(MealRound.id) == col(MealOrder.round_id))
        .where(*conditions, is_live())
    )
    return [_ordered(session, *row) for row in session.execute(found)]


def _ordered(
    session: Session, order: MealOrder, elder: Person, menu: Menu, visit: Visit | None, bag: MealRound | None
) -> Ordered:
    minutes = minutes_in_bag(bag.left_at, order.handed_at) if bag and order.handed_at else None
    policy = in_force(session, order.area_code, order.on)
    found = doubts(
        minutes,
        order.handed_c,
        most_minutes=policy.number("meal.max_minutes_in_bag"),
        least_c=policy.number("meal.least_c"),
    )
    return Ordered(order, elder, menu, visit, bag, minutes, tuple(found))


def order_for(session: Session, scope: Scope, order_id: str) -> MealOrder | None:
    """The order if the scope holds the elder, or it is carried by a volunteer of the scope."""
    found = session.get(MealOrder, order_id)
    if found is None or scope.holds_person(found.elder_id, found.area_code):
        return found
    mine = select(VisitCarer.id).where(
        VisitCarer.visit_id == found.visit_id, col(VisitCarer.person_id).in_(scope.person_ids or ())
    )
    return found if session.exec(mine).first() else None


def diet_of(session: Session, elder_id: str, on: date) -> list[str]:
    """What an elder must keep to on a day, by the meals of the care plan of that day."""
    found = select(CareItem.diet).where(
        CareItem.care_plan_id == CarePlan.id,
        CarePlan.elder_id == elder_id,
        stands(on, on),
        CareItem.service == ServiceKind.MEAL,
    )
    return sorted({code for codes in session.exec(found) for code in codes})


def diets_in(session: Session, area_code: str, on: date) -> dict[str, list[str]]:
    """The same for every elder of an area who has one."""
    found = select(CarePlan.elder_id, CareItem.diet).where(
        CareItem.care_plan_id == CarePlan.id,
        in_area(col(CarePlan.area_code), area_code),
        stands(on, on),
        CareItem.service == ServiceKind.MEAL,
    )
    diets: dict[str, list[str]] = {}
    for elder_id, diet in session.exec(found):
        diets.setdefault(elder_id, []).extend(diet)
    return diets


def meals_without_order(session: Session, area_code: str, on: date) -> list[tuple[Visit, Person]]:
    """Meals that care plans ask for on a day, of elders for whom nobody has ordered yet."""
    eats = (
        select(MealOrder.elder_id)
        .outerjoin(Visit, col(Visit.id) == col(MealOrder.visit_id))
        .where(MealOrder.on == on, is_live())
    )
    found = (
        select(Visit, Person)
        .where(in_area(col(Visit.area_code), area_code), *_asked_by_plan(on))
        .where(Person.id == Visit.elder_id, col(Visit.elder_id).not_in(eats))
        .order_by(col(Visit.id))
    )
    return [(visit, elder) for visit, elder in session.exec(found)]


def meal_of_plan(session: Session, elder_id: str, on: date) -> Visit | None:
    """The visit that brings an elder the meal their care plan asks for on a day, and that carries no order yet."""
    known = select(MealOrder.visit_id).where(MealOrder.on == on, col(MealOrder.visit_id).is_not(None))
    found = select(Visit).where(Visit.elder_id == elder_id, *_asked_by_plan(on), col(Visit.id).not_in(known))
    return session.exec(found.order_by(col(Visit.id))).first()


def _asked_by_plan(on: date) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        col(Visit.due_on) == on,
        col(Visit.service) == ServiceKind.MEAL,
        col(Visit.state).in_((VisitState.DUE, VisitState.PLANNED)),
        col(Visit.care_item_id).is_not(None),
    )


def kitchens_with_orders(session: Session, area_code: str, on: date) -> list[tuple[Facility, list[Ordered]]]:
    """The kitchens that cook on a day with their orders; one that closed before stays in sight while it has orders."""
    found = facilities_within(session, area_code[:9], FacilityKind.KITCHEN)
    rows = [(kitchen, orders_on(session, kitchen.id, on)) for kitchen in found]
    return [(kitchen, orders) for kitchen, orders in rows if orders or is_there(kitchen, on)]


def by_menu(rows: Iterable[Ordered]) -> dict[str, int]:
    """How many of each dish are ordered."""
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.menu.id] = counts.get(row.menu.id, 0) + 1
    return counts
