"""The kitchen's day, ordering for an elder, and the volunteer's round."""

from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from timebank.areas.models import Facility
from timebank.areas.queries import is_there
from timebank.areas.rules import is_open
from timebank.auth.guards import STAFF, actor, guard
from timebank.careplans.rules import DIETS
from timebank.core import clock, forms, http
from timebank.core.actors import Role
from timebank.core.errors import TimebankError
from timebank.core.i18n import gettext, say
from timebank.core.text import listed
from timebank.meals import operations, queries, rules
from timebank.meals.models import MealOrder, OrderState
from timebank.people.models import Person
from timebank.people.queries import person_for
from timebank.policies.queries import in_force
from timebank.visits.queries import households_of

bp = Blueprint("meals", __name__)
_WHO_ORDERS = (*STAFF, Role.ELDER)
_DAYS_SHOWN = 7


def _asked_day() -> date:
    return forms.calendar_date(request.args, "on") if request.args.get("on") else clock.today()


@bp.get("/meals")
@guard(*STAFF, Role.AUDITOR)
def kitchens() -> Any:
    """The kitchens of the area with what is ordered on a day, and meals of care plans that nobody ordered yet."""
    session, on, area_code = http.session(), _asked_day(), actor().area_code
    found = queries.kitchens_with_orders(session, area_code, on)
    rows = [row for row in found if queries.kitchen_for(session, actor().scope, row[0].id)]
    waiting = queries.meals_without_order(session, area_code, on)
    may_write = actor().role in STAFF
    return render_template(
        "meals/kitchens.html", rows=rows, waiting=waiting, on=on, may_write=may_write, is_there=is_there
    )


@bp.post("/meals/standing")
@guard(*STAFF)
def make_standing() -> Response:
    """Order what care plans ask for on a day."""
    on = forms.calendar_date(request.form, "on")
    report = operations.make_standing_orders(http.session(), actor=actor(), area_code=actor().area_code, on=on)
    left = sum(report.left.values())
    flash(gettext("{made:# meal|# meals} ordered, {left} could not be.", made=report.made, left=left))
    for reason, count in report.left.items():
        flash(gettext("{count:# meal|# meals}: {reason}", count=count, reason=gettext(reason)))
    return redirect(url_for("meals.kitchens", on=on.isoformat()), code=303)


@bp.get("/meals/kitchens/<string:kitchen_id>")
@guard(*STAFF, Role.AUDITOR, load={"kitchen_id": queries.kitchen_for})
def kitchen_day(kitchen: Facility) -> Any:
    """What a kitchen cooks on a day, for whom, and how it arrived."""
    return _kitchen_page(kitchen, _asked_day(), {}, None)


def _kitchen_page(kitchen: Facility, on: date, values: Any, error: TimebankError | None) -> str:
    session, scope = http.session(), actor().scope
    menus, orders = queries.menus_on(session, kitchen.id, on), queries.orders_on(session, kitchen.id, on)
    return render_template(
        "meals/kitchen.html",
        kitchen=kitchen,
        cooks_at_noon=rules.cooks_at_noon(kitchen.opens_minute, kitchen.closes_minute),
        noon=rules.HOME_WINDOW,
        on=on,
        menus=menus,
        counts=queries.by_menu(orders),
        orders=[row for row in orders if scope.holds_area(row.order.area_code)],
        points={point.id: point for point in queries.points_of(session, kitchen, on)},
        diets=DIETS,
        doubt_words=rules.DOUBT_WORDS,
        values=values,
        error=error,
        today=clock.today(),
        may_write=actor().role in STAFF,
        OrderState=OrderState,
    )


@bp.post("/meals/kitchens/<string:kitchen_id>/menus")
@guard(*STAFF, load={"kitchen_id": queries.kitchen_for})
def plan_menu(kitchen: Facility) -> Any:
    """Put a dish on the list of a day."""
    form, session = request.form, http.session()
    on = forms.calendar_date(form, "on")
    try:
        operations.plan_menu(
            session,
            actor=actor(),
            kitchen_id=kitchen.id,
            on=on,
            name=forms.text(form, "name", required=True, most=60),
            diet=forms.choices(form, "diet", DIETS),
            portions=forms.whole_number(form, "portions", least=1, most=500),
        )
    except TimebankError as error:
        session.rollback()
        return _kitchen_page(kitchen, on, form, error), error.status
    flash(gettext("The dish is on the list."))
    return redirect(url_for("meals.kitchen_day", kitchen_id=kitchen.id, on=on.isoformat()), code=303)


@bp.get("/meals/of/<string:person_id>")
@guard(*_WHO_ORDERS, load={"person_id": person_for})
def order_form(person: Person) -> Any:
    """The dishes of the next days for an elder, and what is ordered."""
    return _order_page(person, None)


def _order_page(person: Person, error: TimebankError | None) -> str:
    session, today = http.session(), clock.today()
    operations.check_power_to_order(session, actor(), person.id)
    days = [date.fromordinal(today.toordinal() + more) for more in range(1, _DAYS_SHOWN + 1)]
    cooking = {on: kitchen for on in days if (kitchen := queries.nearest_kitchen(session, person, on))}
    menus = [menu for on, kitchen in cooking.items() for menu in queries.menus_on(session, kitchen.id, on)]
    diets = {on: queries.diet_of(session, person.id, on) for on in days}
    orders = queries.orders_of(session, person.id, today)
    taken = {row.order.on for row in orders}
    cutoff = in_force(session, person.area_code, today).number("meal.cutoff_minute")
    open_days = {on for on in days if clock.now() <= queries.orders_close_at(on, cutoff) and on not in taken}
    return render_template(
        "meals/order.html",
        person=person,
        points={on: queries.points_of(session, kitchen, on) for on, kitchen in cooking.items()},
        menus=[menu for menu in menus if menu.on in open_days and rules.suits(menu, diets[menu.on])],
        left=queries.portions_left(session, menus),
        orders=orders,
        diet=diets[days[0]],
        diets=DIETS,
        cutoff=cutoff,
        error=error,
        OrderState=OrderState,
        may_write=True,
    )


@bp.post("/meals/of/<string:person_id>")
@guard(*_WHO_ORDERS, load={"person_id": person_for})
def order(person: Person) -> Any:
    """Order a dish."""
    form, session = request.form, http.session()
    try:
        operations.order_meal(
            session,
            actor=actor(),
            elder_id=person.id,
            menu_id=forms.text(form, "menu_id", required=True, most=31),
            point_id=forms.text(form, "point_id", most=31) or None,
        )
    except TimebankError as error:
        session.rollback()
        return _order_page(person, error), error.status
    flash(gettext("Ordered. Enjoy the meal!"))
    return redirect(url_for("meals.order_form", person_id=person.id), code=303)


@bp.post("/meals/orders/<string:order_id>/cancel")
@guard(*_WHO_ORDERS, load={"order_id": queries.order_for})
def cancel(order: MealOrder) -> Response:
    """Cancel an order that has not left the kitchen."""
    reason = forms.text(request.form, "reason", required=True, most=200)
    operations.cancel_order(http.session(), actor=actor(), order_id=order.id, reason=reason)
    flash(gettext("The meal is cancelled."))
    return redirect(url_for("meals.order_form", person_id=order.elder_id), code=303)


@bp.get("/meal-round")
@guard(Role.VOLUNTEER)
def my_round() -> Any:
    """The meals that a volunteer carries today: out of the kitchen with the heat of the bag, to each door."""
    session, today = http.session(), clock.today()
    rows = queries.my_orders(session, actor().person_id or "", today)
    kitchen_ids = {row.order.kitchen_id for row in rows if row.order.state == OrderState.ORDERED}
    policy, minute = in_force(session, actor().area_code, today), clock.minute_of_day(clock.now())
    found = [session.get_one(Facility, kitchen_id) for kitchen_id in sorted(kitchen_ids)]
    return render_template(
        "meals/round.html",
        rows=rows,
        kitchens=found,
        shut=[one.id for one in found if not is_open(one.opens_minute, one.closes_minute, minute, minute)],
        homes=households_of(session, [row.elder.household_code for row in rows]),
        most_minutes=policy.number("meal.max_minutes_in_bag"),
        least_c=policy.number("meal.least_c"),
        now=clock.now(),
        minutes=rules.minutes_in_bag,
        doubt_words=rules.DOUBT_WORDS,
        OrderState=OrderState,
    )


@bp.post("/meal-round")
@guard(Role.VOLUNTEER)
def start_round() -> Response:
    """Leave the kitchen."""
    form = request.form
    operations.start_round(
        http.session(),
        actor=actor(),
        kitchen_id=forms.text(form, "kitchen_id", required=True, most=31),
        left_c=forms.whole_number(form, "left_c", least=rules.COLDEST_C, most=rules.HOTTEST_C),
    )
    flash(gettext("Good way! The clock of the bag runs."))
    return redirect(url_for("meals.my_round"), code=303)


@bp.post("/meals/orders/<string:order_id>/hand-over")
@guard(Role.VOLUNTEER, *STAFF, load={"order_id": queries.order_for})
def hand_over(order: MealOrder) -> Response:
    """A meal is handed over at the door or at the table."""
    form = request.form
    celsius = forms.whole_number(form, "handed_c", least=0, most=100) if form.get("handed_c") else None
    eaten = {"yes": True, "no": False}.get(form.get("was_eaten", ""))
    doubts = operations.hand_over(http.session(), actor=actor(), order_id=order.id, handed_c=celsius, was_eaten=eaten)
    flash(gettext("Handed over."))
    if doubts:
        flash(
            gettext(
                "Please tell the kitchen: {doubts}.", doubts=say(listed([rules.DOUBT_WORDS[one] for one in doubts]))
            )
        )
    if eaten is False:
        flash(gettext("The last meal was not eaten: somebody looks in."))
    return _back_from(order)


@bp.post("/meals/orders/<string:order_id>/not-taken")
@guard(Role.VOLUNTEER, *STAFF, load={"order_id": queries.order_for})
def not_taken(order: MealOrder) -> Response:
    """Nobody took the meal: somebody looks in."""
    looks = operations.not_taken(http.session(), actor=actor(), order_id=order.id)
    flash(gettext("Written down. Somebody looks in.") if looks else gettext("Written down."))
    return _back_from(order)


def _back_from(order: MealOrder) -> Response:
    if actor().role == Role.VOLUNTEER:
        return redirect(url_for("meals.my_round"), code=303)
    return redirect(url_for("meals.kitchen_day", kitchen_id=order.kitchen_id, on=order.on.isoformat()), code=303)
