"""Taking over a register from a table."""

import csv
import io
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for

from timebank.auth.guards import OFFICE, actor, guard
from timebank.core import http
from timebank.core.errors import BadInput, TimebankError
from timebank.core.i18n import current_locale, gettext
from timebank.core.text import T
from timebank.exchange import operations
from timebank.exchange.operations import ImportReport
from timebank.exchange.rules import PEOPLE_COLUMNS, REQUIRED

bp = Blueprint("exchange", __name__)


@bp.get("/imports/people")
@guard(*OFFICE)
def people_form() -> Any:
    """The form to send a register."""
    return _form(None, None)


def _form(report: ImportReport | None, error: TimebankError | None) -> str:
    columns = [(name, words[0], name in REQUIRED) for name, words in PEOPLE_COLUMNS.items()]
    return render_template("exchange/people.html", report=report, error=error, columns=columns)


@bp.post("/imports/people")
@guard(*OFFICE)
def import_people() -> Any:
    """Take over a register; a file with any fault is not taken over at all."""
    sent = request.files.get("file")
    try:
        if sent is None or not sent.filename:
            raise BadInput("exchange.no_file", T("Choose a file."), field="file")
        report = operations.import_people(http.session(), actor=actor(), raw=sent.read())
    except TimebankError as error:
        return _form(None, error), error.status
    if report.faults:
        return _form(report, None), 400
    words = gettext(
        "{new:# person|# people} registered; known already: {known}.", new=report.registered, known=report.known
    )
    flash(words)
    return redirect(url_for("people.list_people"), code=303)


@bp.get("/imports/people/template.csv")
@guard(*OFFICE)
def people_template() -> Response:
    """An empty table with the columns, for the spreadsheet."""
    out = io.StringIO()
    out.write("\ufeff")
    is_chinese = current_locale() == "zh"
    csv.writer(out).writerow([words[0] if is_chinese else name for name, words in PEOPLE_COLUMNS.items()])
    headers = {"Content-Disposition": 'attachment; filename="people.csv"'}
    return Response(out.getvalue(), mimetype="text/csv", headers=headers)
