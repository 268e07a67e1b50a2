"""Beds in figures and open hazards for township and bureau; the table for the subsidy."""

from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from timebank.auth.guards import actor, guard
from timebank.beds import checklists, operations, queries, rules, subsidy
from timebank.beds.models import BedHazard
from timebank.beds.pages import READERS
from timebank.core import clock, forms, http, months, sheets
from timebank.core.actors import Role
from timebank.core.i18n import gettext, say

bp = Blueprint("bed_figures", __name__)
EXPORTERS = (Role.SUPERVISOR, Role.BUREAU)


@bp.get("/beds/figures")
@guard(*READERS)
def by_area() -> Any:
    """A month of the beds by township or village, without names."""
    month = months.parse_month(request.args.get("month") or months.of_date(clock.today()))
    return render_template(
        "beds/figures.html",
        rows=queries.area_figures(http.session(), actor().area_code, month),
        month=month,
        before=months.preceding(month),
        after=months.following(month) if month < months.of_date(clock.today()) else "",
        may_export=actor().role in EXPORTERS,
    )


@bp.get("/beds/hazards")
@guard(*READERS)
def hazards() -> Any:
    """Open hazards, the nearest deadline first, and beds that nobody looked at for long."""
    session, area_code = http.session(), actor().area_code
    return render_template(
        "beds/hazards.html",
        hazards=queries.open_hazards(session, area_code),
        due=queries.inspections_due(session, area_code, clock.today()),
        items=checklists.items(),
        grades=rules.GRADES,
        may_write=actor().role in (Role.COORDINATOR, Role.SUPERVISOR, Role.ASSISTANT),
        today=clock.today(),
    )


@bp.post("/beds/hazards/<string:hazard_id>/mended")
@guard(Role.COORDINATOR, Role.SUPERVISOR, Role.ASSISTANT, load={"hazard_id": queries.hazard_for})
def mended(hazard: BedHazard) -> AnyResponse:
    """Write down that a hazard is mended."""
    evidence = forms.text(request.form, "evidence", required=True, most=200)
    operations.mend(http.session(), actor=actor(), hazard_id=hazard.id, mended_on=clock.today(), evidence=evidence)
    flash(gettext("Kept. The next inspection looks whether it is so."))
    return redirect(url_for("bed_figures.hazards"), code=303)


@bp.post("/beds/subsidy")
@guard(*EXPORTERS)
def export() -> Response:
    """The month's table for the subsidy, as CSV or XLSX, marked with who took it and when; each taking is logged."""
    form = request.form
    month = months.parse_month(form.get("month", ""))
    kind = forms.one_of(form, "kind", ("csv", "xlsx"))
    table = subsidy.take(http.session(), actor=actor(), month=month)
    columns = [say(column) for column in subsidy.COLUMNS]
    headers = {"Content-Disposition": f'attachment; filename="beds-{actor().area_code}-{month}.{kind}"'}
    if kind == "csv":
        return Response(sheets.csv_text(columns, table), mimetype="text/csv", headers=headers)
    sheet = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return Response(sheets.xlsx_bytes(month, columns, table), mimetype=sheet, headers=headers)
