"""The desk of the administrator: logins, roles, and the event log. Kept apart from signing in (pages.py)."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for

from timebank.audit.queries import latest_events
from timebank.auth import operations, queries
from timebank.auth.guards import actor, guard
from timebank.auth.models import User
from timebank.auth.words import ROLE_WORDS
from timebank.core import forms, http
from timebank.core.actors import Role
from timebank.core.errors import TimebankError
from timebank.core.i18n import gettext

bp = Blueprint("desk", __name__)


@bp.get("/logins")
@guard(Role.ADMINISTRATOR)
def list_logins() -> Any:
    """Logins and their roles, one page."""
    return _logins_page({}, None)


def _logins_page(values: Any, error: TimebankError | None) -> str:
    words = request.args.get("words", "")
    rows = queries.logins_page(http.session(), actor().scope, words=words)
    roles = list(ROLE_WORDS.items())
    return render_template("auth/logins.html", rows=rows, roles=roles, words=words, error=error, values=values)


@bp.post("/logins")
@guard(Role.ADMINISTRATOR)
def create_login() -> Any:
    """Make a login with one role; the first secret is spoken or handed over, and changed at first use."""
    form, session = request.form, http.session()
    try:
        user = operations.create_user(
            session,
            actor=actor(),
            login_name=forms.text(form, "login_name", required=True, most=60),
            secret=form.get("secret", ""),
            display_name=forms.text(form, "display_name", required=True, most=60),
        )
        operations.give_role(
            session,
            actor=actor(),
            user_id=user.id,
            role=forms.choice(form, "role", Role),
            area_code=forms.text(form, "area_code", required=True, most=14),
        )
    except TimebankError as error:
        session.rollback()
        return _logins_page(form, error), error.status
    flash(gettext("The login is made."))
    return redirect(url_for("desk.list_logins"), code=303)


@bp.post("/logins/<string:user_id>/disable")
@guard(Role.ADMINISTRATOR, load={"user_id": queries.login_for})
def disable_login(user: User) -> Any:
    """End a login and all its sessions: a lost phone, somebody who left."""
    operations.disable_user(http.session(), actor=actor(), user_id=user.id)
    flash(gettext("The login is ended, on every device."))
    return redirect(url_for("desk.list_logins"), code=303)


@bp.post("/logins/roles/<string:grant_id>/end")
@guard(Role.ADMINISTRATOR)
def end_role(grant_id: str) -> Any:
    """End a role from the next request on."""
    operations.end_role(http.session(), actor=actor(), grant_id=grant_id)
    flash(gettext("The role is ended."))
    return redirect(url_for("desk.list_logins"), code=303)


@bp.get("/events")
@guard(Role.AUDITOR, Role.ADMINISTRATOR, Role.BUREAU)
def event_log() -> Any:
    """Who did what, newest first."""
    asked = {key: request.args.get(key, "") for key in ("subject_id", "before_id")}
    events = latest_events(http.session(), actor().scope, **asked)
    return render_template("auth/events.html", events=events, asked=asked)
