"""Statements on the screen and on paper, the close of the month, and the public page that checks a sheet."""

from typing import Any

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request, url_for

from timebank.areas.queries import area, area_for
from timebank.auth.guards import EVERY_ROLE, STAFF, actor, guard, public
from timebank.core import clock, http, months
from timebank.core.actors import Role
from timebank.core.errors import NotFound
from timebank.core.i18n import current_locale, gettext
from timebank.core.text import T
from timebank.people.queries import person_for
from timebank.policies.queries import in_force
from timebank.statements import operations, queries, sheets
from timebank.statements.models import Statement

bp = Blueprint("statements", __name__)
_CLOSERS = (Role.BUREAU, Role.ADMINISTRATOR, Role.SUPERVISOR)


@bp.get("/statements")
@guard(*EVERY_ROLE)
def list_statements() -> Any:
    """A member's own statements; for offices, the months and villages to print."""
    session, caller = http.session(), actor()
    asked = months.parse_month(request.args.get("month") or months.preceding(months.of_date(clock.today())))
    if caller.scope.person_ids is not None:
        found = [
            item
            for person_id in sorted(caller.scope.person_ids)
            for item in queries.statements_of(session, caller.scope, person_id)
        ]
        return render_template("statements/own.html", statements=found, people=queries.people_of(session, found))
    code = request.args.get("area_code") or caller.area_code
    chosen = area_for(session, caller.scope, code)
    if chosen is None:
        raise NotFound("http.404", T("There is no such page here, or it is not yours to see."))
    rows = queries.statements_of_area(session, chosen.code, asked) if len(chosen.code) >= 12 else []
    return render_template(
        "statements/area.html",
        rows=rows,
        month=asked,
        area=chosen,
        runs=queries.month_runs(session),
        parts=queries.parts_with_sheets(session, chosen.code, asked),
    )


@bp.get("/statements/<string:statement_id>")
@guard(*EVERY_ROLE, load={"statement_id": queries.statement_for})
def show_statement(statement: Statement) -> Any:
    """One statement as a page, with what the phone reads aloud."""
    person = person_for(http.session(), actor().scope, statement.person_id)
    return render_template(
        "statements/show.html",
        statement=statement,
        person=person,
        spoken=sheets.spoken_statement(statement, current_locale()),
        lines=[(line, sheets.what_words(line)) for line in statement.lines],
    )


@bp.get("/statements/<string:statement_id>/sheet.pdf")
@guard(*EVERY_ROLE, load={"statement_id": queries.statement_for})
def sheet_pdf(statement: Statement) -> Response:
    """The statement as an A4 sheet."""
    return _as_pdf([statement], f"statement-{statement.serial}.pdf")


@bp.get("/statements/<string:statement_id>/sheet.csv")
@guard(*EVERY_ROLE, load={"statement_id": queries.statement_for})
def sheet_csv(statement: Statement) -> Response:
    """The statement's figures for a spreadsheet."""
    people = queries.people_of(http.session(), [statement])
    return _as_file(sheets.csv_text([(statement, people[statement.person_id])]), f"statement-{statement.serial}.csv")


@bp.get("/statements/areas/<string:area_id>/<string:month>/<string:form>")
@guard(*STAFF, load={"area_id": area_for})
def print_area(area: Any, month: str, form: str) -> Response:
    """All sheets of a village in one print file, in the order of the assistant's round; or the same as CSV."""
    rows = queries.statements_of_area(http.session(), area.code, months.parse_month(month))
    if not rows or len(area.code) < 12 or form not in ("sheets.pdf", "sheets.csv"):
        raise NotFound("statements.nothing_to_print", T("There is nothing to print for this month and village."))
    if form == "sheets.csv":
        return _as_file(sheets.csv_text(rows), f"statements-{area.code}-{month}.csv")
    return _as_pdf([statement for statement, _ in rows], f"statements-{area.code}-{month}.pdf")


def _as_pdf(statements: list[Statement], name: str) -> Response:
    session, settings = http.session(), current_app.extensions["settings"]
    people = queries.people_of(session, statements)
    first = statements[0]
    district = area(session, first.area_code[:6])
    made = sheets.pdf(
        [(statement, people[statement.person_id]) for statement in statements],
        policy=in_force(session, first.area_code, months.last_day(first.month)),
        scheme=settings.scheme_name_zh,
        district=district.name_zh if district else "",
        base_url=settings.base_url,
    )
    return Response(made, mimetype="application/pdf", headers={"Content-Disposition": f'inline; filename="{name}"'})


def _as_file(text: str, name: str) -> Response:
    return Response(text, mimetype="text/csv", headers={"Content-Disposition": f'attachment; filename="{name}"'})


@bp.get("/months")
@guard(*_CLOSERS, Role.AUDITOR)
def list_months() -> Any:
    """Which months are closed, and what the next one still waits for."""
    session = http.session()
    month = months.preceding(months.of_date(clock.today()))
    return render_template(
        "statements/months.html",
        runs=queries.month_runs(session),
        month=month,
        is_closed=queries.is_closed(session, month),
        waiting=queries.unsettled_visits(session, actor().area_code, month),
        may_close=actor().role in (Role.BUREAU, Role.ADMINISTRATOR),
    )


@bp.post("/months/<string:month>/close")
@guard(Role.BUREAU, Role.ADMINISTRATOR)
def close_month(month: str) -> Any:
    """Close a month; closing it twice is refused and changes nothing."""
    code = current_app.extensions["settings"].district_code
    run = operations.close_month(http.session(), actor=actor(), district_code=code, month=month)
    flash(gettext("{month} is closed: {count} statements.", month=run.month, count=run.statements))
    return redirect(url_for("statements.list_months"), code=303)


@bp.post("/statements/<string:statement_id>/revoke")
@guard(*_CLOSERS, load={"statement_id": queries.statement_for})
def revoke(statement: Statement) -> Any:
    """Say that a printed sheet no longer counts."""
    operations.revoke_statement(
        http.session(), actor=actor(), statement_id=statement.id, why=request.form.get("why", "")
    )
    flash(gettext("The sheet is revoked. Who scans it reads so."))
    return redirect(url_for("statements.show_statement", statement_id=statement.id), code=303)


@bp.get("/check/<string:proof_code>")
@public
def check(proof_code: str) -> Any:
    """What the QR of a sheet opens: valid, revoked or unknown, and nothing personal."""
    found = queries.statement_by_proof(http.session(), proof_code)
    state = "unknown" if found is None else "revoked" if found.revoked_at else "valid"
    return render_template("statements/check.html", state=state, statement=found), 404 if found is None else 200
