"""Looking ahead: who is due by the month's cadence, and what-if questions to days that were planned."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from timebank.areas.models import Area, AreaKind
from timebank.areas.queries import area_for, areas_within
from timebank.areas.words import DAY_KIND_WORDS
from timebank.auth.guards import actor, guard
from timebank.core import clock, db, forms, http
from timebank.core.errors import NotFound
from timebank.core.i18n import say
from timebank.core.text import T
from timebank.dayplans import operations, processes, queries
from timebank.dayplans.adapter import travel
from timebank.dayplans.adapter.whatif import MOST
from timebank.dayplans.drawings import coverage
from timebank.dayplans.models import DayPlan
from timebank.dayplans.operations.runs import is_lost
from timebank.dayplans.pages import PLANNERS
from timebank.dayplans.queries.ahead import due_ahead, rates, saved_days, spring_festival
from timebank.dayplans.queries.drives import learnt_drives
from timebank.dayplans.queries.trials import question_words, trials_at_work, trials_of
from timebank.policies.queries import in_force

bp = Blueprint("ahead", __name__)
_MOST_NAMES = 60


@bp.get("/days/ahead")
@guard(*PLANNERS)
def look() -> Any:
    """The visiting rate by village with the lowest first, who is due, and the days that what-ifs can be asked of."""
    session, today = http.session(), clock.today()
    area = _area()
    ahead = due_ahead(session, area.code, today)
    names, found = _names(area), rates(session, area.code, today)
    return render_template(
        "dayplans/ahead.html",
        area=area,
        today=today,
        rates=found,
        low_percent=in_force(session, area.code, today).number("visiting.low_rate_percent"),
        drawing=coverage([(names[row.area_code], row.percent) for row in found]),
        ahead=ahead,
        overdue=ahead.overdue[:_MOST_NAMES],
        names=names,
        day_kind_words=DAY_KIND_WORDS,
        townships=areas_within(session, actor().scope.area_code, AreaKind.TOWNSHIP),
        days=saved_days(session, area.code),
        festival=spring_festival(session, area.code, today),
    )


@bp.get("/days/drives")
@guard(*PLANNERS)
def drives() -> Any:
    """What drives between the villages take of their estimate, as arrivals and departures taught."""
    session, area = http.session(), _area()
    return render_template(
        "dayplans/drives.html",
        area=area,
        names=_names(area),
        rows=learnt_drives(session, area.code),
        days=in_force(session, area.code, clock.today()).number("dispatch.learn_days"),
        source=travel.source().kind,
        townships=areas_within(session, actor().scope.area_code, AreaKind.TOWNSHIP),
    )


def _area() -> Area:
    found = area_for(http.session(), actor().scope, request.args.get("area") or actor().area_code[:9])
    if found is None:
        raise NotFound("areas.no_such_area", T("There is no such place."))
    return found


def _names(area: Area) -> Mapping[str, Area]:
    """Villages and townships by code, for the tables."""
    kinds = (AreaKind.TOWNSHIP, AreaKind.VILLAGE)
    return {one.code: one for kind in kinds for one in areas_within(http.session(), area.code, kind)}


@bp.get("/days/<string:day_plan_id>/what-if")
@guard(*PLANNERS, load={"day_plan_id": queries.day_plan_for})
def what_if(day_plan: DayPlan) -> Any:
    """Ask what would be, and compare the answers with the day as it stands; refreshes itself while one is worked on."""
    session = http.session()
    at_work = [(run, say(question_words(run.trial)), is_lost(run)) for run in trials_at_work(session, day_plan)]
    policy = in_force(session, day_plan.area_code, day_plan.on)
    page = make_response(
        render_template(
            "dayplans/what_if.html",
            row=day_plan,
            area=area_for(session, actor().scope, day_plan.area_code),
            trials=trials_of(session, day_plan),
            at_work=at_work,
            festival=spring_festival(session, day_plan.area_code, clock.today()),
            away=policy.number("dispatch.festival_away_percent"),
            more=policy.number("dispatch.festival_more_percent"),
            most=MOST,
        )
    )
    if any(not lost for _, _, lost in at_work):
        page.headers["Refresh"] = "3"
    return page


@bp.post("/days/<string:day_plan_id>/what-if")
@guard(*PLANNERS, load={"day_plan_id": queries.day_plan_for}, writes=False)
def ask(day_plan: DayPlan) -> Response:
    """Plan the day as it would be, in a process of its own."""
    kind = forms.text(request.form, "kind", most=20)
    count = forms.whole_number(request.form, "count", least=0, most=MOST) if request.form.get("count") else 0
    http.close_session()
    with db.transaction() as session:
        run = operations.begin_trial(session, actor=actor(), day_plan_id=day_plan.id, kind=kind, count=count)
    processes.start(run.id)
    return redirect(url_for("ahead.what_if", day_plan_id=day_plan.id), code=303)
