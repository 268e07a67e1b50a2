"""The desk of who administers and audits: the event log here, logins where people are known (people.login_pages)."""

from typing import Any

from flask import Blueprint, render_template, request

from timebank.audit.queries import latest_events
from timebank.audit.words import event_words
from timebank.auth.guards import actor, guard
from timebank.auth.queries import names_of_users
from timebank.core import http
from timebank.core.actors import Role

bp = Blueprint("desk", __name__)


@bp.get("/events")
@guard(Role.AUDITOR, Role.ADMINISTRATOR, Role.BUREAU)
def event_log() -> Any:
    """Who did what, newest first."""
    asked = {key: request.args.get(key, "") for key in ("subject_id", "before_id")}
    events = latest_events(http.session(), actor().scope, **asked)
    names = names_of_users(http.session(), [one for event in events for one in (event.user_id, event.subject_id)])
    return render_template("auth/events.html", events=events, asked=asked, names=names, event_words=event_words)
