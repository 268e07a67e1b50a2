"""The pages of elders and of kin who act for them: who comes, who came, how it went, asking for help."""

from datetime import timedelta
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from timebank.auth.guards import actor, guard
from timebank.careplans.models import ServiceKind
from timebank.core import clock, forms, http
from timebank.core.actors import Role
from timebank.core.errors import TimebankError
from timebank.core.i18n import gettext
from timebank.people.queries import people_by_id
from timebank.visits import operations, queries
from timebank.visits.models import Visit, VisitState

bp = Blueprint("family", __name__)
_MEMBERS = (Role.ELDER, Role.VOLUNTEER)


@bp.get("/family")
@guard(*_MEMBERS)
def visits_of_mine() -> Any:
    """For each person one stands for: what waits for a nod, what comes, what was."""
    session, on = http.session(), clock.today()
    people = people_by_id(session, actor().scope.person_ids or ())
    elders = [person for person in people.values() if person.elder_since_on]
    rows = []
    for elder in elders:
        visits = queries.visits_of_elder(session, elder.id, on - timedelta(days=30), on + timedelta(days=7))
        rows.append((elder, visits, queries.carers_of(session, [visit.id for visit in visits])))
    return render_template("visits/family.html", rows=rows, waiting=VisitState.DONE, today=on)


@bp.post("/family/<string:visit_id>/confirm")
@guard(*_MEMBERS, load={"visit_id": queries.visit_for})
def confirm(visit: Visit) -> Response:
    """Say how a visit was, with one of three faces; or that something is not right."""
    form = request.form
    happy = forms.whole_number(form, "happy", least=1, most=3) if form.get("happy") else None
    operations.confirm(
        http.session(),
        actor=actor(),
        visit_id=visit.id,
        method="button",
        happy=happy,
        disputed="disputed" in form,
        remark=forms.text(form, "remark", most=400),
    )
    flash(gettext("Thank you. The hours go to the review now."))
    return redirect(url_for("family.visits_of_mine"), code=303)


@bp.get("/family/ask")
@guard(*_MEMBERS)
def ask_form() -> Any:
    """The form to ask for help."""
    return _form({}, None)


def _form(values: Any, error: TimebankError | None) -> str:
    people = people_by_id(http.session(), actor().scope.person_ids or ())
    elders = [person for person in people.values() if person.elder_since_on]
    return render_template(
        "visits/ask.html", elders=elders, services=list(ServiceKind), values=values, error=error, today=clock.today()
    )


@bp.post("/family/ask")
@guard(*_MEMBERS)
def ask() -> Any:
    """Ask for help; the hours are held from now on."""
    form, session = request.form, http.session()
    try:
        asked = operations.RequestIn(
            elder_id=forms.text(form, "elder_id", required=True, most=31),
            service=forms.choice(form, "service", ServiceKind),
            due_on=forms.calendar_date(form, "due_on"),
            window_from_minute=forms.clock_minute(form, "window_from"),
            window_to_minute=forms.clock_minute(form, "window_to"),
            duration_minutes=forms.whole_number(form, "duration_minutes", least=15, most=240),
            notes=forms.text(form, "notes", most=400),
        )
        operations.ask_for_help(session, actor=actor(), asked=asked)
    except TimebankError as error:
        session.rollback()
        return _form(form, error), error.status
    flash(gettext("Asked. You will hear who comes."))
    return redirect(url_for("family.visits_of_mine"), code=303)
