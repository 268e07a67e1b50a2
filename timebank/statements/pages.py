"""Statements on the screen and on paper, the close of the month, and the public page that checks a sheet."""

from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request, url_for

from timebank.areas.models import Area
from timebank.areas.queries import area, area_for, areas_by_code
from timebank.areas.words import area_name
from timebank.auth.guards import EVERY_ROLE, STAFF, actor, guard, public
from timebank.core import clock, db, http, months
from timebank.core.actors import Role
from timebank.core.errors import NotFound
from timebank.core.i18n import current_locale, gettext, say
from timebank.core.text import T
from timebank.ledger.operations import export_seals
from timebank.ledger.queries import account_for
from timebank.people.models import Person
from timebank.policies.queries import in_force
from timebank.statements import operations, queries, sheets
from timebank.statements.certificate_queries import certificate_by_proof
from timebank.statements.certificates import checked_state
from timebank.statements.models import Statement
from timebank.statements.readers import check_reader, reads

bp = Blueprint("statements", __name__)
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_CLOSERS = (Role.BUREAU, Role.ADMINISTRATOR, Role.SUPERVISOR)


@bp.get("/statements")
@guard(*EVERY_ROLE)
def list_statements() -> Any:
    """A member's own statements; for offices, the months and villages to print."""
    session, caller = http.session(), actor()
    whose = request.args.get("person_id", "")
    if whose or caller.scope.person_ids is not None:
        wanted = [whose] if whose else sorted(caller.scope.person_ids or ())
        read = [one for one in wanted if reads(session, caller, one)]
        found = [item for one in read for item in queries.statements_of(session, caller.scope, one)]
        people = queries.people_of(session, found)
        return render_template("statements/own.html", statements=found, people=people, whose=whose)
    code = request.args.get("area_code") or caller.area_code
    chosen = area_for(session, caller.scope, code)
    if chosen is None:
        raise NotFound("http.404", T("There is no such page here, or it is not yours to see."))
    runs = queries.month_runs(session)
    last = runs[0].month if runs else months.preceding(months.of_date(clock.today()))
    asked = months.parse_month(request.args.get("month") or last)
    rows = queries.statements_of_area(session, chosen.code, asked) if len(chosen.code) >= 12 else []
    parts = queries.parts_with_sheets(session, chosen.code, asked, digits=9 if len(chosen.code) < 9 else 12)
    places = areas_by_code(session, [part for part, _ in parts])
    return render_template(
        "statements/area.html",
        rows=rows,
        worth_paper=sum(1 for statement, _ in rows if queries.is_worth_paper(statement)),
        month=asked,
        area=chosen,
        runs=runs,
        parts=parts,
        part_names={part: area_name(place) for part, place in places.items()},
        is_part=chosen.code != caller.area_code,
    )


@bp.get("/statements/<string:statement_id>")
@guard(*EVERY_ROLE, load={"statement_id": queries.statement_for})
def show_statement(statement: Statement) -> Any:
    """One statement as a page, with what the phone reads aloud.

    It stays with the village of its month; the lines go with the account, to where its member lives now.
    """
    _check_reader(statement)
    session = http.session()
    return render_template(
        "statements/show.html",
        statement=statement,
        person=session.get_one(Person, statement.person_id),
        has_lines=account_for(session, actor().scope, statement.account_id) is not None,
        spoken=sheets.spoken_statement(statement, current_locale()),
        may_revoke=actor().role in _CLOSERS,
    )


def _check_reader(statement: Statement) -> None:
    check_reader(http.session(), actor(), statement.person_id)


@bp.get("/statements/<string:statement_id>/sheet.pdf")
@guard(*EVERY_ROLE, load={"statement_id": queries.statement_for})
def sheet_pdf(statement: Statement) -> Response:
    """The statement as an A4 sheet."""
    _check_reader(statement)
    return _as_pdf([statement], f"statement-{statement.serial}.pdf")


@bp.get("/statements/<string:statement_id>/sheet.csv")
@guard(*EVERY_ROLE, load={"statement_id": queries.statement_for})
def sheet_csv(statement: Statement) -> Response:
    """The statement's figures for a spreadsheet."""
    _check_reader(statement)
    return _as_table([statement], "csv", f"statement-{statement.serial}")


@bp.get("/statements/<string:statement_id>/sheet.xlsx")
@guard(*EVERY_ROLE, load={"statement_id": queries.statement_for})
def sheet_xlsx(statement: Statement) -> Response:
    """The same as a workbook."""
    _check_reader(statement)
    return _as_table([statement], "xlsx", f"statement-{statement.serial}")


@bp.get("/statements/areas/<string:area_id>/<string:month>/<string:form>")
@guard(*STAFF, load={"area_id": area_for})
def print_area(area: Area, month: str, form: str) -> Response:
    """All sheets of a village in one print file, in the order of the assistant's round; or the same as a table."""
    rows = queries.statements_of_area(http.session(), area.code, months.parse_month(month))
    name, _, kind = form.partition(".")
    if not rows or len(area.code) < 12 or name != "sheets" or kind not in ("pdf", "csv", "xlsx"):
        raise NotFound("statements.nothing_to_print", T("There is nothing to print for this month and village."))
    statements = [statement for statement, _ in rows]
    if kind == "pdf":  # paper is for those who have something in the book; whoever asks gets an own sheet
        worth_paper = [statement for statement in statements if queries.is_worth_paper(statement)]
        return _as_pdf(worth_paper or statements, f"statements-{area.code}-{month}")
    return _as_table(statements, kind, f"statements-{area.code}-{month}")


def _as_pdf(statements: list[Statement], name: str) -> Response:
    session, first = http.session(), statements[0]
    people = queries.people_of(session, statements)
    run = queries.run_of(session, first.month)
    head = sheets.Letterhead(
        **_issuer(first.area_code),
        base_url=current_app.extensions["settings"].base_url,
        policy=in_force(session, first.area_code, months.last_day(first.month)),
        root=run.root if run else "",
    )
    made = sheets.pdf([(statement, people[statement.person_id]) for statement in statements], head=head)
    return as_file(made, "application/pdf", f"{name}.pdf")


def _issuer(area_code: str) -> dict[str, str]:
    district = area(http.session(), area_code[:6])
    scheme = current_app.extensions["settings"].scheme_name_zh
    return {"scheme": scheme, "district": district.name_zh if district else ""}


def _as_table(statements: list[Statement], kind: str, name: str) -> Response:
    people = queries.people_of(http.session(), statements)
    rows = [(statement, people[statement.person_id]) for statement in statements]
    if kind == "csv":
        return as_file(sheets.csv_text(rows, current_locale()).encode(), "text/csv; charset=utf-8", f"{name}.csv")
    return as_file(sheets.xlsx_bytes(rows, current_locale()), _XLSX, f"{name}.xlsx")


def as_file(content: bytes, mimetype: str, name: str) -> Response:
    """A file to open (PDF) or to keep (tables)."""
    how = "inline" if mimetype == "application/pdf" else "attachment"
    return Response(content, content_type=mimetype, headers={"Content-Disposition": f'{how}; filename="{name}"'})


@bp.get("/months/<string:month>/root-sheet")
@guard(*_CLOSERS, Role.AUDITOR)
def root_sheet(month: str) -> Response:
    """The root sheet of a closed month, to print, sign and keep."""
    session = http.session()
    run = queries.run_of(session, months.parse_month(month))
    if run is None:
        raise NotFound("statements.no_root_sheet", T("This month is not closed yet."))
    seal, growth = queries.seal_of_month(session, month), queries.growth_of(session, month)
    made = sheets.root_pdf(run, seal, growth, **_issuer(run.district_code))
    return as_file(made, "application/pdf", f"root-{month}.pdf")


@bp.get("/months")
@guard(*_CLOSERS, Role.AUDITOR)
def list_months() -> Any:
    """Which months are closed, and what the next one still waits for."""
    session = http.session()
    this_month = months.of_date(clock.today())
    month = queries.earlier_open_month(session, this_month) or months.preceding(this_month)
    is_closed = queries.is_closed(session, month)
    return render_template(
        "statements/months.html",
        runs=queries.month_runs(session),
        month=month,
        is_closed=is_closed,
        is_before_the_books=is_closed and queries.run_of(session, month) is None,
        waiting=queries.unsettled_visits(session, actor().area_code, month),
        may_only_administer=actor().role == Role.ADMINISTRATOR,
        unsettled_rule=in_force(session, actor().area_code, months.last_day(month)).choice("period.unsettled"),
        may_close=actor().role in (Role.BUREAU, Role.ADMINISTRATOR),
    )


@bp.post("/months/<string:month>/close")
@guard(Role.BUREAU, Role.ADMINISTRATOR)
def close_month(month: str) -> Any:
    """Close a month; closing it twice is refused and changes nothing."""
    code = current_app.extensions["settings"].district_code
    run = operations.close_month(http.session(), actor=actor(), district_code=code, month=month)
    closed = T(
        "{month} is closed: {count:# statement|# statements}.", month=months.spoken(run.month), count=run.statements
    )
    flash(say(closed))
    answer = redirect(url_for("statements.list_months"), code=303)
    answer.call_on_close(partial(_export_seals, current_app.extensions["settings"].data_dir))  # after the commit
    return answer


def _export_seals(data_dir: Path) -> None:
    with db.reading() as session:
        export_seals(session, data_dir / "seals")


@bp.post("/statements/<string:statement_id>/revoke")
@guard(*_CLOSERS, load={"statement_id": queries.statement_for})
def revoke(statement: Statement) -> Any:
    """Say that a printed sheet no longer counts."""
    operations.revoke_statement(
        http.session(), actor=actor(), statement_id=statement.id, why=request.form.get("why", "")
    )
    flash(gettext("The sheet is revoked. Who scans it reads so."))
    return redirect(url_for("statements.show_statement", statement_id=statement.id), code=303)


@bp.app_template_filter("as_date")
def as_date(iso: str) -> date:
    """A date that a statement keeps as text."""
    return date.fromisoformat(iso)


@bp.get("/check/<string:proof_code>")
@public
def check(proof_code: str) -> Any:
    """What the QR of a sheet opens: valid, revoked or unknown, and nothing personal."""
    session = http.session()
    found = queries.statement_by_proof(session, proof_code)
    if found is None:
        return _check_certificate(proof_code)
    proof = queries.sheet_proof(session, found)
    state = queries.sheet_state(session, found, proof)
    seal = queries.seal_of_month(session, found.month)
    return render_template("statements/check.html", state=state, statement=found, proof=proof, seal=seal)


def _check_certificate(proof_code: str) -> Any:
    session = http.session()
    found = certificate_by_proof(session, proof_code)
    state = checked_state(session, found) if found else "unknown"
    if state == "unknown":
        return render_template("statements/check.html", state=state, statement=None, proof=None), 404
    return render_template("statements/check_certificate.html", state=state, certificate=found)
