"""Planning dishes, ordering, carrying, handing over; and what follows when a meal was not eaten."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlmodel import Session, select

from timebank.areas.models import Facility
from timebank.areas.queries import is_there
from timebank.audit.operations import note
from timebank.careplans.models import ServiceKind
from timebank.careplans.rules import DIETS
from timebank.core import clock, ids
from timebank.core.actors import Actor, Role
from timebank.core.errors import BadInput, NotAllowed, NotFound, Refused
from timebank.core.text import T
from timebank.meals import queries, rules
from timebank.meals.models import MealOrder, MealRound, Menu, OrderState
from timebank.people.effects import follows, go_along, has_left_township
from timebank.people.models import Person, PersonCase
from timebank.people.queries import may_act
from timebank.policies.queries import in_force
from timebank.visits import operations as visits
from timebank.visits.models import Visit

_MOST_PORTIONS = 500


def plan_menu(
    session: Session, *, actor: Actor, kitchen_id: str, on: date, name: str, diet: Sequence[str], portions: int
) -> Menu:
    """Put a dish on a kitchen's list for a day. Refuses a day that is past or on which the kitchen has closed,
    and the same dish twice.
    """
    kitchen = _kitchen(session, actor, kitchen_id)
    if on < clock.today():
        raise Refused("meals.day_is_past", T("Choose today or a later day."), field="on")
    _check_cooks(kitchen, on, field="name")
    if not name.strip():
        raise BadInput("core.missing", T("Please fill this in."), field="name")
    if not set(diet) <= set(DIETS):
        raise BadInput("core.not_a_choice", T("Choose from the list."), field="diet")
    if not 1 <= portions <= _MOST_PORTIONS:
        text = T("Write a whole number from {least} to {most}.", least=1, most=_MOST_PORTIONS)
        raise BadInput("core.not_in_range", text, field="portions")
    if any(menu.name == name.strip() for menu in queries.menus_on(session, kitchen.id, on)):
        raise Refused("meals.dish_known", T("This dish is on the list of that day already."), field="name")
    menu = Menu(
        id=ids.new_id("mnu"),
        kitchen_id=kitchen.id,
        area_code=kitchen.area_code,
        on=on,
        name=name.strip()[:60],
        diet=list(diet),
        portions=portions,
        by_user_id=actor.user_id,
        at=clock.now(),
    )
    session.add(menu)
    note(session, actor=actor, action="meals.plan_menu", subject_id=menu.id, area_code=kitchen.area_code)
    session.flush()
    return menu


def _kitchen(session: Session, actor: Actor, kitchen_id: str) -> Facility:
    kitchen = queries.kitchen_for(session, actor.scope, kitchen_id)
    if kitchen is None:
        raise NotFound("meals.no_such_kitchen", T("There is no such kitchen in your area."))
    return kitchen


def _check_cooks(kitchen: Facility, on: date, *, field: str) -> None:
    if not is_there(kitchen, on):
        raise Refused("meals.kitchen_closed", T("This kitchen has closed by that day."), field=field)


def order_meal(
    session: Session, *, actor: Actor, elder_id: str, menu_id: str, point_id: str | None = None
) -> MealOrder:
    """Order a dish for an elder: carried home, or at a table of the township.

    Refuses after the cut-off (policy `meal.cutoff_minute` of the day before), a dish that is sold out or does not suit
    the elder's diet, a kitchen that has closed, a second meal on a day, and somebody one may not ask for. A meal that
    the care plan asks for on that day is this one: its visit carries it, or is not needed where the elder comes.
    """
    elder = _elder(session, actor, elder_id)
    menu = session.get(Menu, menu_id, with_for_update=True)
    if menu is None or menu.area_code[:9] != elder.area_code[:9]:
        raise NotFound("meals.no_such_dish", T("There is no such dish for this elder."))
    _check_in_time(session, elder, menu.on)
    _check_cooks(session.get_one(Facility, menu.kitchen_id), menu.on, field="menu_id")
    if not rules.suits(menu, queries.diet_of(session, elder.id, menu.on)):
        raise Refused("meals.diet", T("This dish does not suit what the elder may eat."), field="menu_id")
    if queries.portions_left(session, [menu])[menu.id] < 1:
        raise Refused("meals.none_left", T("All portions of this dish are taken. Choose another."), field="menu_id")
    if point_id is not None and point_id not in {point.id for point in _points(session, menu)}:
        raise BadInput("core.not_a_choice", T("Choose from the list."), field="point_id")
    order = _ordered(session, actor, elder, menu, point_id)
    planned = queries.meal_of_plan(session, elder.id, menu.on) if point_id else None
    if planned:
        visits.cancel(session, actor=_as_office(actor, elder), visit_id=planned.id, reason=AT_TABLE.msgid)
    return order


def _points(session: Session, menu: Menu) -> list[Facility]:
    return queries.points_of(session, session.get_one(Facility, menu.kitchen_id), menu.on)


def _elder(session: Session, actor: Actor, elder_id: str) -> Person:
    elder = session.get(Person, elder_id)
    if elder is None or elder.elder_since_on is None or not actor.scope.holds_person(elder.id, elder.area_code):
        raise NotFound("people.no_such_person", T("There is no such person in your area."))
    check_power_to_order(session, actor, elder.id)
    return elder


def check_power_to_order(session: Session, actor: Actor, elder_id: str) -> None:
    """Refuse members who have no power to ask in this name: what an elder eats tells what they suffer from."""
    is_member = actor.scope.person_ids is not None
    if is_member and not may_act(session, person_id=actor.person_id or "", for_person_id=elder_id, purpose="request"):
        raise NotAllowed("visits.no_power", T("You need a written power to ask for help in this name."))


def _check_in_time(session: Session, elder: Person, on: date) -> None:
    cutoff = in_force(session, elder.area_code, on).number("meal.cutoff_minute")
    if clock.now() > queries.orders_close_at(on, cutoff):
        at = f"{cutoff // 60:02d}:{cutoff % 60:02d}"
        text = T("Meals are ordered until {time} on the day before. Choose a later day.", time=at)
        raise Refused("meals.too_late", text, field="menu_id")


def _ordered(
    session: Session, actor: Actor, elder: Person, menu: Menu, point_id: str | None, visit: Visit | None = None
) -> MealOrder:
    found = select(MealOrder).where(MealOrder.elder_id == elder.id, MealOrder.on == menu.on)
    order = session.exec(found).first()
    if order and order.state != OrderState.CANCELLED and not _is_called_off(session, order):
        raise Refused("meals.ordered_already", T("A meal is ordered for this day already."), field="menu_id")
    order = order or MealOrder(
        id=ids.new_id("mor"),
        elder_id=elder.id,
        area_code=elder.area_code,
        kitchen_id=menu.kitchen_id,
        menu_id=menu.id,
        on=menu.on,
        by_user_id=actor.user_id,
        at=clock.now(),
    )
    order.state, order.cancel_reason = OrderState.ORDERED, ""
    order.menu_id, order.kitchen_id, order.point_id = menu.id, menu.kitchen_id, point_id
    order.is_standing, order.by_user_id = visit is not None, actor.user_id
    carried = visit
    if carried is None and point_id is None:
        carried = queries.meal_of_plan(session, elder.id, menu.on) or _carried(session, actor, elder, order)
    order.visit_id = carried.id if carried else None
    session.add(order)
    note(session, actor=actor, action="meals.order", subject_id=order.id, area_code=order.area_code)
    session.flush()
    return order


def _is_called_off(session: Session, order: MealOrder) -> bool:
    visit = session.get(Visit, order.visit_id) if order.visit_id else None
    return visit is not None and visit.state == "cancelled"


def _carried(session: Session, actor: Actor, elder: Person, order: MealOrder) -> Visit:
    """The visit that carries a meal home, so that it is planned, told by phone and credited as any other."""
    start, end = rules.HOME_WINDOW
    extra = visits.ExtraIn(
        elder.id, ServiceKind.MEAL, order.on, start, end, rules.HOME_MINUTES, source_key=f"meal:{order.id}"
    )
    return visits.add_extra(session, actor=_as_office(actor, elder), extra=extra)


def _as_office(actor: Actor, elder: Person) -> Actor:
    """The same login, for what a kitchen or a volunteer sets going in the elder's village."""
    return Actor(actor.user_id, Role.ASSISTANT, elder.area_code[:12], actor.person_id)


@dataclass
class StandingReport:
    """What came of a day's standing orders: how many were made, and how many were left for which reason."""

    made: int = 0
    left: Counter[str] = field(default_factory=Counter)


NO_KITCHEN, NO_DISH = T("no kitchen in the township"), T("no dish that suits, or all portions are taken")
SECOND_MEAL, AT_TABLE = T("a second meal on one day"), T("eats at the dining point on this day")


def make_standing_orders(session: Session, *, actor: Actor, area_code: str, on: date) -> StandingReport:
    """Order the meals that care plans ask for on a day: a dish that suits, from the nearest kitchen that cooks one.

    Run again, it orders only what is new. What no kitchen can cook is counted with the reason, for a person to see to.
    """
    if not actor.scope.holds_area(area_code):
        raise NotFound("areas.no_such_area", T("There is no such place."))
    report, diets = StandingReport(), queries.diets_in(session, area_code, on)
    rows = queries.meals_without_order(session, area_code, on)
    places = {elder.area_code[:9]: queries.kitchens(session, elder.area_code, on) for _, elder in rows}
    menus = {kitchen.id: queries.menus_on(session, kitchen.id, on) for found in places.values() for kitchen in found}
    left = queries.portions_left(session, [menu for found in menus.values() for menu in found])
    served: set[str] = set()
    for visit, elder in rows:
        kitchens = places[elder.area_code[:9]]
        if len(kitchens) > 1:
            kitchens = queries.nearest_first(session, elder, kitchens)
        dishes = (rules.choose(menus[kitchen.id], diets.get(elder.id, []), left) for kitchen in kitchens)
        menu = next(filter(None, dishes), None)
        if menu is None or elder.id in served:
            report.left[(SECOND_MEAL if menu else NO_DISH if kitchens else NO_KITCHEN).msgid] += 1
            continue
        _ordered(session, actor, elder, menu, None, visit)
        served.add(elder.id)
        left[menu.id] -= 1
        report.made += 1
    return report


def cancel_order(session: Session, *, actor: Actor, order_id: str, reason: str) -> MealOrder:
    """Cancel an order that has not left the kitchen; members until the cut-off, the office until it leaves."""
    order = session.get(MealOrder, order_id, with_for_update=True)
    if order is None or not actor.scope.holds_person(order.elder_id, order.area_code):
        raise NotFound("meals.no_such_order", T("There is no such order in your area."))
    elder = _elder(session, actor, order.elder_id)
    if order.state != OrderState.ORDERED:
        raise Refused("meals.on_its_way", T("This meal has left the kitchen, or was cancelled."))
    if actor.scope.person_ids is not None:
        _check_in_time(session, elder, order.on)
    order.state, order.cancel_reason = OrderState.CANCELLED, reason.strip()[:200]
    session.add(order)
    if order.visit_id and not _is_called_off(session, order):
        visits.cancel(session, actor=actor, visit_id=order.visit_id, reason=reason)
    note(session, actor=actor, action="meals.cancel", subject_id=order.id, area_code=order.area_code)
    return order


@follows("meals_of_move", T("meals that go along or are ordered anew"))
def follow_move(session: Session, actor: Actor, person: Person, case: PersonCase) -> int:
    """Meals to come go to the new door. Of another township's kitchen they are cancelled: it does not drive that far.

    What the care plan asks for is ordered anew from a kitchen there; a meal that somebody chose is chosen again.
    """
    found = select(MealOrder).where(
        MealOrder.elder_id == person.id, MealOrder.on >= clock.today(), MealOrder.state == OrderState.ORDERED
    )
    orders = list(session.exec(found))
    if not has_left_township(case, person):
        return go_along(case, person, orders)
    for order in orders:
        order.area_code = person.area_code
        order.state, order.cancel_reason = OrderState.CANCELLED, T("lives elsewhere now").msgid
        visit = session.get(Visit, order.visit_id) if order.visit_id else None
        if visit is not None and visit.care_item_id is None:
            visits.cancel(session, actor=actor, visit_id=visit.id, reason=order.cancel_reason)
        order.visit_id = None
        session.add(order)
    return len(orders)


def start_round(session: Session, *, actor: Actor, kitchen_id: str, left_c: int) -> MealRound:
    """A volunteer leaves a kitchen with everything of today that is theirs to carry; the bag is as hot as they say.

    Refuses a bag with nothing in it, and food that is not hot when it leaves (policy `meal.least_c`).
    """
    kitchen, on = session.get(Facility, kitchen_id), clock.today()
    mine = [
        row.order
        for row in queries.my_orders(session, actor.person_id or "", on)
        if row.order.kitchen_id == kitchen_id and row.order.state == OrderState.ORDERED
    ]
    if kitchen is None or not mine:
        raise Refused("meals.nothing_to_carry", T("There is nothing for you to carry from this kitchen now."))
    _check_hot(session, kitchen.area_code, on, left_c)
    bag = MealRound(
        id=ids.new_id("mro"),
        kitchen_id=kitchen_id,
        area_code=kitchen.area_code,
        carer_id=actor.person_id or "",
        on=on,
        left_at=clock.now(),
        left_c=left_c,
        by_user_id=actor.user_id,
    )
    session.add(bag)
    session.flush()
    for order in mine:
        order.state, order.round_id = OrderState.ON_THE_WAY, bag.id
        session.add(order)
    note(session, actor=actor, action="meals.start_round", subject_id=bag.id, meals=len(mine))
    return bag


def _check_hot(session: Session, area_code: str, on: date, celsius: int) -> None:
    least = in_force(session, area_code, on).number("meal.least_c")
    if celsius < least:
        text = T("The food is not hot enough: at least {least} °C. Let the kitchen heat it again.", least=least)
        raise Refused("meals.too_cool", text, field="left_c")


def hand_over(
    session: Session, *, actor: Actor, order_id: str, handed_c: int | None = None, was_eaten: bool | None = None
) -> list[str]:
    """A meal is handed over, at the door or at the table; what was not as it should be (rules.DOUBT_WORDS).

    A meal before that was not eaten is a sign: somebody looks in, through a visit that is made at once.
    """
    order = queries.order_for(session, actor.scope, order_id)
    if order is None:
        raise NotFound("meals.no_such_order", T("There is no such order in your area."))
    if order.state == OrderState.HANDED_OVER:
        raise Refused("meals.handed_over", T("This meal is in the book already."))
    if order.state == OrderState.CANCELLED or order.on != clock.today():
        raise Refused("meals.not_today", T("This meal is not for today."))
    if order.point_id is None and order.state != OrderState.ON_THE_WAY:
        raise Refused("meals.still_in_kitchen", T("First write down that you leave the kitchen."))
    order.state, order.handed_at, order.handed_c, order.was_eaten = (
        OrderState.HANDED_OVER,
        clock.now(),
        handed_c,
        was_eaten,
    )
    session.add(order)
    note(session, actor=actor, action="meals.hand_over", subject_id=order.id, area_code=order.area_code)
    session.flush()
    if was_eaten is False:
        _look_in(session, actor, order)
    return _doubts(session, order)


def _doubts(session: Session, order: MealOrder) -> list[str]:
    bag = session.get(MealRound, order.round_id) if order.round_id else None
    policy = in_force(session, order.area_code, order.on)
    return rules.doubts(
        rules.minutes_in_bag(bag.left_at, order.handed_at) if bag and order.handed_at else None,
        order.handed_c,
        most_minutes=policy.number("meal.max_minutes_in_bag"),
        least_c=policy.number("meal.least_c"),
    )


def not_taken(session: Session, *, actor: Actor, order_id: str) -> Visit | None:
    """Nobody came to the table, or nobody took the meal at the door: somebody looks in. The visit that is made for it.

    None where the elder is known not to be at home.
    """
    order = queries.order_for(session, actor.scope, order_id)
    if order is None:
        raise NotFound("meals.no_such_order", T("There is no such order in your area."))
    if order.state in (OrderState.CANCELLED, OrderState.HANDED_OVER):
        raise Refused("meals.handed_over", T("This meal is in the book already."))
    order.state, order.cancel_reason = OrderState.CANCELLED, T("not taken").msgid
    session.add(order)
    note(session, actor=actor, action="meals.not_taken", subject_id=order.id, area_code=order.area_code)
    return _look_in(session, actor, order)


def _look_in(session: Session, actor: Actor, order: MealOrder) -> Visit | None:
    elder = session.get_one(Person, order.elder_id)
    if elder.state in visits.NOT_HERE:
        return None
    as_office = Actor(actor.user_id, actor.role, elder.area_code[:12], actor.person_id)
    key = f"uneaten:{order.id}"
    return visits.look_in(session, actor=as_office, elder_id=elder.id, source_key=key, notes=rules.UNEATEN.msgid)
