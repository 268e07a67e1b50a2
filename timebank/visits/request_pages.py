"""What is said by voice: elders without a phone ask for help; volunteers say yes where nobody comes yet."""

from datetime import timedelta
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from timebank.auth.guards import STAFF, actor, guard
from timebank.careplans.models import ServiceKind
from timebank.core import clock, forms, http
from timebank.core.errors import TimebankError
from timebank.core.i18n import gettext
from timebank.people.models import Person
from timebank.people.queries import person_for
from timebank.visits import gap_queries, operations, queries
from timebank.visits.forms import request_in
from timebank.visits.models import Visit, VisitState

bp = Blueprint("requests", __name__)
_SHOWN_DAYS = 90
_NOT_BEGUN = (VisitState.DUE, VisitState.PLANNED)


@bp.get("/requests/of/<string:person_id>")
@guard(*STAFF, load={"person_id": person_for})
def show(person: Person) -> Any:
    """What an elder has asked for, the hours that are left for it, and the form for one request more."""
    return _page(person, {}, None)


def _page(person: Person, values: Any, error: TimebankError | None) -> str:
    session, today = http.session(), clock.today()
    visits = queries.visits_of_elder(session, person.id, today, today + timedelta(days=_SHOWN_DAYS))
    asked = [visit for visit in visits if visit.hold_id and visit.state in _NOT_BEGUN]
    return render_template(
        "visits/requests.html",
        person=person,
        rows=asked,
        carers=queries.carers_of(session, [visit.id for visit in asked]),
        left=queries.hours_to_draw(session, person.id),
        services=list(ServiceKind),
        values=values,
        error=error,
        today=today,
    )


@bp.post("/requests/of/<string:person_id>")
@guard(*STAFF, load={"person_id": person_for})
def ask(person: Person) -> Any:
    """Ask in an elder's name; the hours are held from now on."""
    session = http.session()
    try:
        operations.ask_for_help(session, actor=actor(), asked=request_in(request.form, person.id))
    except TimebankError as error:
        session.rollback()
        return _page(person, request.form, error), error.status
    flash(gettext("Asked. The next day plan looks for somebody; tell the elder who comes."))
    return redirect(url_for("requests.show", person_id=person.id), code=303)


@bp.post("/requests/<string:visit_id>/call-off")
@guard(*STAFF, load={"visit_id": queries.visit_for})
def call_off(visit: Visit) -> Response:
    """The elder needs it no more."""
    reason = forms.text(request.form, "reason", required=True, most=200)
    operations.cancel(http.session(), actor=actor(), visit_id=visit.id, reason=reason)
    flash(gettext("Called off. Hours that were held are free again."))
    return redirect(url_for("requests.show", person_id=visit.elder_id), code=303)


@bp.get("/gaps")
@guard(*STAFF)
def gaps() -> Any:
    """Visits of the next days that nobody comes to."""
    session = http.session()
    return render_template("visits/gaps.html", rows=gap_queries.gaps_ahead(session, actor().area_code, clock.today()))


@bp.get("/gaps/<string:visit_id>")
@guard(*STAFF, load={"visit_id": queries.visit_for})
def gap(visit: Visit) -> Any:
    """Whom to ring up for a visit."""
    return _gap_page(visit, None)


def _gap_page(visit: Visit, error: TimebankError | None) -> str:
    session = http.session()
    return render_template(
        "visits/gap.html",
        visit=visit,
        elder=session.get_one(Person, visit.elder_id),
        coming=[person for _, person in queries.carers_of(session, [visit.id]).get(visit.id, [])],
        found=gap_queries.who_could_come(session, visit) if visit.state == VisitState.DUE else [],
        error=error,
    )


@bp.post("/gaps/<string:visit_id>")
@guard(*STAFF, load={"visit_id": queries.visit_for})
def fill(visit: Visit) -> Any:
    """Somebody said yes."""
    session, who = http.session(), forms.text(request.form, "person_id", required=True, most=31)
    try:
        operations.fill_gap(session, actor=actor(), visit_id=visit.id, person_id=who)
    except TimebankError as error:
        session.rollback()
        return _gap_page(visit, error), error.status
    flash(gettext("Written down. It stands on their list of the day."))
    return redirect(url_for("requests.gaps"), code=303)
