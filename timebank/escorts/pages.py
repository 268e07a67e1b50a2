"""Appointments at the doctor's to which somebody goes along."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from timebank.areas.words import place_name
from timebank.auth.guards import STAFF, actor, guard
from timebank.core import clock, forms, http
from timebank.core.actors import Role
from timebank.core.errors import TimebankError
from timebank.core.i18n import gettext
from timebank.core.text import T
from timebank.escorts import operations, queries, rules
from timebank.escorts.models import Escort
from timebank.people.models import Person
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


def _page(person: Person, values: Any, error: TimebankError | None) -> str:
    today = clock.today()
    clinics = [(place.id, place_name(place)) for place in queries.clinics_for(http.session(), person, today)]
    return render_template(
        "escorts/new.html",
        person=person,
        values=values or {"clinic_id": clinics[0][0] if clinics else ""},
        error=error,
        today=today,
        clinics=[*clinics, ("", T("another one"))] if clinics else [],
    )


@bp.post("/escorts/of/<string:person_id>")
@guard(*STAFF, load={"person_id": person_for})
def arrange(person: Person) -> Any:
    """Arrange an escort; what was typed stays when something is refused."""
    form, session = request.form, http.session()
    try:
        plan = rules.Plan(
            on=forms.calendar_date(form, "on"),
            appointment_minute=forms.clock_minute(form, "appointment"),
            ride_minutes=forms.whole_number(form, "ride_minutes", least=5, most=_LONGEST),
            wait_minutes=forms.whole_number(form, "wait_minutes", least=15, most=_LONGEST),
        )
        clinic, clinic_id = forms.text(form, "clinic", most=60), forms.text(form, "clinic_id", most=31)
        operations.arrange(session, actor=actor(), elder_id=person.id, plan=plan, clinic=clinic, clinic_id=clinic_id)
    except TimebankError as error:
        session.rollback()
        return _page(person, form, error), error.status
    flash(gettext("Arranged. The planner finds somebody who goes along all the way."))
    return redirect(url_for("escorts.list_escorts"), code=303)


@bp.post("/escorts/<string:escort_id>/call-off")
@guard(*STAFF, load={"escort_id": queries.escort_for})
def call_off(escort: Escort) -> Response:
    """Call an appointment off with all its parts."""
    reason = forms.text(request.form, "reason", required=True, most=200)
    operations.call_off(http.session(), actor=actor(), escort_id=escort.id, reason=reason)
    flash(gettext("The appointment is called off with all its parts."))
    return redirect(url_for("escorts.list_escorts"), code=303)
