"""Asking on a phone to become a volunteer; the village's and the township's desks that answer."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for

from timebank.areas.models import AreaKind
from timebank.areas.queries import areas_within
from timebank.auth.guards import OFFICE, actor, guard, public
from timebank.core import crypto, forms, http
from timebank.core.actors import Role
from timebank.core.errors import TimebankError
from timebank.core.i18n import gettext
from timebank.people.models import Sex
from timebank.people.rules import QUALIFICATIONS
from timebank.phones import operations, queries
from timebank.phones.models import Application, ApplicationState

bp = Blueprint("applications", __name__)
_WISHES = tuple(kind for kind in QUALIFICATIONS if kind in ("visit", "meal", "bath", "escort"))


@bp.get("/join")
@public
def join_form() -> Any:
    """The form for who wants to help."""
    return _form({}, None)


def _form(values: Any, error: TimebankError | None) -> str:
    session = http.session()
    townships = areas_within(session, "", AreaKind.TOWNSHIP)
    villages = areas_within(session, "", AreaKind.VILLAGE)
    by_township = [(one, [v for v in villages if v.code.startswith(one.code)]) for one in townships]
    return render_template(
        "phones/join.html",
        by_township=by_township,
        wishes=[(kind, QUALIFICATIONS[kind]) for kind in _WISHES],
        sexes=list(Sex),
        values=values,
        error=error,
    )


@bp.post("/join")
@public
def join() -> Any:
    """Keep the application; the village assistant calls."""
    form, session = request.form, http.session()
    try:
        asked = operations.ApplicationIn(
            area_code=forms.text(form, "area_code", required=True, most=14),
            name=forms.text(form, "name", required=True, most=60),
            sex=forms.choice(form, "sex", Sex),
            born_on=forms.calendar_date(form, "born_on"),
            phone=forms.text(form, "phone", required=True, most=20),
            wishes=forms.choices(form, "wishes", _WISHES),
            words=forms.text(form, "words", most=400),
        )
        operations.apply(session, asked=asked, address=request.remote_addr or "")
    except TimebankError as error:
        session.rollback()
        return _form(form, error), error.status
    return render_template("phones/joined.html")


@bp.get("/applications")
@guard(Role.ASSISTANT, *OFFICE)
def list_applications() -> Any:
    """Who wants to help and waits for the village or the township."""
    return _list(None, "")


def _list(error: TimebankError | None, at: str) -> str:
    rows = queries.open_applications(http.session(), actor().scope)
    return render_template(
        "phones/applications.html",
        rows=rows,
        phone_of=lambda one: crypto.vault().open(one.phone_sealed),
        qualifications=QUALIFICATIONS,
        is_village=actor().role == Role.ASSISTANT,
        states=ApplicationState,
        error=error,
        at=at,
    )


@bp.post("/applications/<string:application_id>/agree")
@guard(Role.ASSISTANT, load={"application_id": queries.application_for})
def agree(application: Application) -> Any:
    """The village saw the identity card."""
    session, key = http.session(), application.id
    try:
        code = forms.text(request.form, "household_code", required=True, most=20)
        operations.agree_in_village(session, actor=actor(), application_id=key, household_code=code)
    except TimebankError as error:
        session.rollback()
        return _list(error, key), error.status
    flash(gettext("Agreed. Now the township decides."))
    return redirect(url_for("applications.list_applications"), code=303)


@bp.post("/applications/<string:application_id>/decide")
@guard(Role.COORDINATOR, Role.SUPERVISOR, load={"application_id": queries.application_for})
def decide(application: Application) -> Any:
    """The township takes somebody on, or not."""
    form, session, key = request.form, http.session(), application.id
    try:
        accept = forms.one_of(form, "decision", ("yes", "no")) == "yes"
        reason = forms.text(form, "reason", most=400)
        operations.decide(session, actor=actor(), application_id=key, accept=accept, reason=reason)
    except TimebankError as error:
        session.rollback()
        return _list(error, key), error.status
    flash(gettext("Registered as a volunteer. The village pairs the phone.") if accept else gettext("Decided."))
    return redirect(url_for("applications.list_applications"), code=303)
