"""Appointments at the doctor's to which somebody goes along."""

from datetime import date
from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from timebank.areas.models import Facility
from timebank.areas.words import open_hours, place_name
from timebank.auth.guards import STAFF, actor, guard
from timebank.core import clock, forms, http
from timebank.core.actors import Role
from timebank.core.errors import TimebankError
from timebank.core.i18n import gettext
from timebank.core.text import T, Text
from timebank.escorts import operations, queries, rules
from timebank.escorts.models import Escort
from timebank.people.models import Household, Person
from timebank.people.queries import person_for

bp = Blueprint("escorts", __name__)
_LONGEST = 240


@bp.get("/escorts")
@guard(*STAFF, Role.AUDITOR)
def list_escorts() -> Any:
    """The appointments from today on, with who goes along on each part."""
    rows = queries.escorts_from(http.session(), actor().area_code, clock.today())
    return render_template("escorts/list.html", rows=rows, rules=rules, may_write=actor().role in STAFF)


@bp.get("/escorts/of/<string:person_id>")
@guard(*STAFF, load={"person_id": person_for})
def escort_form(person: Person) -> Any:
    """The form for one appointment."""
    return _page(person, {}, None)


def _page(person: Person, values: Any, error: TimebankError | None, *, shut: Facility | None = None) -> str:
    session, today = http.session(), clock.today()
    places = queries.clinics_for(session, person, today)
    rides = _rides(person, places, today)
    clinics = [(place.id, _told(place, rides.get(place.id))) for place in places]
    return render_template(
        "escorts/new.html",
        person=person,
        values=values or {"clinic_id": clinics[0][0] if clinics else ""},
        error=error,
        shut=shut,
        today=today,
        clinics=[*clinics, ("", T("another one"))] if clinics else [],
        has_rides=bool(rides),
    )


def _rides(person: Person, places: list[Facility], on: date) -> dict[str, int]:
    """What a ride to each of the places takes by the planner's reckoning, up to the next five minutes."""
    session = http.session()
    home = session.get_one(Household, person.household_code)
    found = current_app.extensions["ride_minutes"](session, home, places, on)
    return {place_id: rules.proposed(minutes) for place_id, minutes in found.items()}


def _told(place: Facility, ride: int | None) -> Text:
    """A doctor in the list: the name, how far it is, when it is open."""
    words = [place_name(place), gettext("{minutes} min by car", minutes=ride) if ride else "", open_hours(place)]
    return Text(" · ".join(word for word in words if word))


@bp.post("/escorts/of/<string:person_id>")
@guard(*STAFF, load={"person_id": person_for})
def arrange(person: Person) -> Any:
    """Arrange an escort; what was typed stays when something is refused."""
    form, session = request.form, http.session()
    try:
        clinic, clinic_id = forms.text(form, "clinic", most=60), forms.text(form, "clinic_id", most=31)
        on = forms.calendar_date(form, "on")
        place = next((one for one in queries.clinics_for(session, person, on) if one.id == clinic_id), None)
        plan = rules.Plan(
            on=on,
            appointment_minute=forms.clock_minute(form, "appointment"),
            ride_minutes=_ride(person, place, on),
            wait_minutes=forms.whole_number(form, "wait_minutes", least=15, most=_LONGEST),
        )
        if place and "anyway" not in form and rules.is_shut(plan, place.opens_minute, place.closes_minute):
            return _page(person, form, None, shut=place)
        operations.arrange(session, actor=actor(), elder_id=person.id, plan=plan, clinic=clinic, clinic_id=clinic_id)
    except TimebankError as error:
        session.rollback()
        return _page(person, form, error), error.status
    flash(gettext("Arranged. The planner finds somebody who goes along all the way."))
    return redirect(url_for("escorts.list_escorts"), code=303)


def _ride(person: Person, place: Facility | None, on: date) -> int:
    """The minutes of the ride as typed; left empty, as they are reckoned for the doctor of the list."""
    reckoned = _rides(person, [place], on) if place and not request.form.get("ride_minutes", "").strip() else {}
    if place and place.id in reckoned:
        return reckoned[place.id]
    return forms.whole_number(request.form, "ride_minutes", least=5, most=_LONGEST)


@bp.post("/escorts/<string:escort_id>/call-off")
@guard(*STAFF, load={"escort_id": queries.escort_for})
def call_off(escort: Escort) -> Response:
    """Call an appointment off with all its parts."""
    reason = forms.text(request.form, "reason", required=True, most=200)
    operations.call_off(http.session(), actor=actor(), escort_id=escort.id, reason=reason)
    flash(gettext("The appointment is called off with all its parts."))
    return redirect(url_for("escorts.list_escorts"), code=303)
