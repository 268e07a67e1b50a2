"""Making a month's visits from the agreed care plans, and what came of it: made, known, taken back, left out, why."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from timebank.auth.guards import OFFICE, actor, guard
from timebank.core import clock, http, months
from timebank.core.i18n import gettext
from timebank.people.queries import people_by_id
from timebank.visits import operations
from timebank.visits.desk_queries import generations_in

bp = Blueprint("month_visits", __name__)


@bp.get("/month-visits")
@guard(*OFFICE)
def month_visits() -> Any:
    """The months to make visits for, and the last runs with what they left out."""
    session, scope = http.session(), actor().scope
    runs = generations_in(session, scope)
    found = people_by_id(session, [skip["elder_id"] for run in runs[:1] for skip in run.skipped])
    elders = {
        elder.id: elder for elder in found.values() if scope.holds_area(elder.area_code)
    }  # a run may be the district's
    this = months.of_date(clock.today())
    return render_template("visits/month.html", runs=runs, elders=elders, months=[this, months.following(this)])


@bp.post("/month-visits")
@guard(*OFFICE)
def make() -> Response:
    """Make the visits of a month; done again, only what is new is added."""
    month = months.parse_month(request.form.get("month", ""))
    report = operations.generate(http.session(), actor=actor(), area_code=actor().area_code, month=month)
    words = gettext("{made:# visit|# visits} made, {known} stood already.", made=report.made, known=report.known)
    flash(words)
    return redirect(url_for("month_visits.month_visits"), code=303)
