"""Days known ahead on which an elder is not at home or the family takes over."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from timebank.auth.guards import STAFF, actor, guard
from timebank.careplans.models import Absence, AbsenceKind
from timebank.careplans.queries import absence_for, absences_of
from timebank.core import clock, forms, http
from timebank.core.errors import TimebankError
from timebank.core.i18n import gettext
from timebank.people.models import Person
from timebank.people.queries import person_for
from timebank.visits import operations
from timebank.visits.words import ABSENCE_WORDS

bp = Blueprint("away", __name__)


@bp.get("/away/of/<string:person_id>")
@guard(*STAFF, load={"person_id": person_for})
def show(person: Person) -> Any:
    """The absences of an elder that are to come, and the form for one more."""
    return _page(person, {}, None)


def _page(person: Person, values: Any, error: TimebankError | None) -> str:
    rows = absences_of(http.session(), person.id, clock.today())
    return render_template(
        "visits/away.html",
        person=person,
        rows=rows,
        words=ABSENCE_WORDS,
        values=values,
        error=error,
        today=clock.today(),
    )


@bp.post("/away/of/<string:person_id>")
@guard(*STAFF, load={"person_id": person_for})
def enter(person: Person) -> Any:
    """Write down an absence; visits on its days are called off with the reason."""
    form, session = request.form, http.session()
    try:
        absence = operations.AbsenceIn(
            elder_id=person.id,
            kind=forms.choice(form, "kind", AbsenceKind),
            first_on=forms.calendar_date(form, "first_on"),
            last_on=forms.calendar_date(form, "last_on") if form.get("last_on") else None,
            told_by=forms.text(form, "told_by", most=60),
        )
        _, count = operations.enter_absence(session, actor=actor(), absence=absence)
    except TimebankError as error:
        session.rollback()
        return _page(person, form, error), error.status
    flash(gettext("Written down. {count:# visit is|# visits are} called off; helpers and family see why.", count=count))
    return redirect(url_for("away.show", person_id=person.id), code=303)


@bp.post("/away/<string:absence_id>/end")
@guard(*STAFF, load={"absence_id": absence_for})
def end(absence: Absence) -> Response:
    """The elder is back, or does not go after all."""
    count = operations.end_absence(http.session(), actor=actor(), absence_id=absence.id)
    flash(gettext("Written down. {count:# visit stands|# visits stand} again.", count=count))
    return redirect(url_for("away.show", person_id=absence.elder_id), code=303)
