"""What changed on a published day, for those it touches: volunteers read it, the office tells everybody else."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from timebank.auth.guards import actor, guard
from timebank.core import http
from timebank.core.actors import Role
from timebank.core.i18n import gettext
from timebank.dayplans.models import DayNotice, DayPlan
from timebank.dayplans.operations import mark_read, mark_told
from timebank.dayplans.pages import PLANNERS
from timebank.dayplans.queries import day_plan_for
from timebank.dayplans.queries.notices import count_unread, notice_for, notices_for, notices_of_day
from timebank.dayplans.queries.standing import published_version

bp = Blueprint("notices", __name__)


def _unread() -> int:
    """How many changes the member who looks has not read."""
    return count_unread(http.session(), actor().scope) if current_user.is_authenticated else 0


@bp.app_context_processor
def unread() -> dict[str, Any]:
    """For the page of a volunteer's day."""
    return {"unread_notices": _unread}


@bp.get("/notices")
@guard(Role.VOLUNTEER)
def mine() -> Any:
    """What changed for me."""
    return render_template("dayplans/notices.html", notices=notices_for(http.session(), actor().scope))


@bp.post("/notices/<string:notice_id>/read")
@guard(Role.VOLUNTEER, load={"notice_id": notice_for})
def read(notice: DayNotice) -> Response:
    """I have seen it."""
    mark_read(http.session(), actor=actor(), notice_id=notice.id)
    return redirect(url_for("notices.mine"), code=303)


@bp.get("/days/<string:day_plan_id>/notices")
@guard(*PLANNERS, load={"day_plan_id": day_plan_for})
def of_day(day_plan: DayPlan) -> Any:
    """Whom the publication of a version touches, and who knows already."""
    return render_template("dayplans/day_notices.html", row=day_plan, notices=notices_of_day(http.session(), day_plan))


@bp.post("/days/notices/<string:notice_id>/told")
@guard(*PLANNERS, load={"notice_id": notice_for})
def told(notice: DayNotice) -> Response:
    """The office told somebody; it goes on with the list of the version that stands, which bears what is still open."""
    session = http.session()
    mark_told(session, actor=actor(), notice_id=notice.id)
    flash(gettext("Noted. Thank you."))
    row = session.get_one(DayPlan, notice.day_plan_id)
    standing = published_version(session, row.area_code, row.on) or row
    return redirect(url_for("notices.of_day", day_plan_id=standing.id), code=303)
