"""The coordinator's pages of days: list, planner at work, one version, print-outs. They work without JavaScript."""

import json
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, current_app, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from timebank.areas.models import Area
from timebank.areas.queries import area_for
from timebank.auth.guards import actor, guard
from timebank.core import clock, db, forms, http
from timebank.core.actors import Role
from timebank.core.errors import NotFound, Refused
from timebank.core.i18n import gettext, say
from timebank.core.text import T
from timebank.dayplans import operations, processes, queries
from timebank.dayplans.board_words import BOARD_WORDS
from timebank.dayplans.figures import stops_of
from timebank.dayplans.models import DayPlan, DayPlanState, PlannerRun, RunState
from timebank.dayplans.operations.runs import is_lost
from timebank.dayplans.queries.board import board_of
from timebank.dayplans.queries.closing import loose_ends
from timebank.dayplans.queries.notices import count_unknown
from timebank.dayplans.queries.sheets import kitchen_list, run_sheets, van_list
from timebank.dayplans.words import PLAN_STATE_WORDS, RUN_STATE_WORDS, TIER_WORDS
from timebank.visits.operations import close_day as close_visits_of_day

bp = Blueprint("dayplans", __name__)
PLANNERS = (Role.COORDINATOR, Role.SUPERVISOR, Role.BUREAU)
_DAYS = 8


@bp.app_context_processor
def words() -> dict[str, Any]:
    """What states and tiers are called, for the templates of day plans."""
    return {"plan_state_words": PLAN_STATE_WORDS, "run_state_words": RUN_STATE_WORDS, "tier_words": TIER_WORDS}


@bp.get("/days")
@guard(*PLANNERS)
def list_days() -> Any:
    """The next days of a township, or one day of every township, with the plan that counts."""
    session, scope, today = http.session(), actor().scope, clock.today()
    on = forms.calendar_date(request.args, "on") if request.args.get("on") else today
    is_township = len(scope.area_code) >= 9
    rows = queries.days_ahead(session, scope, on, _DAYS if is_township else 2)
    runs = {(row.township.code, row.on): queries.running(session, row.township.code, row.on) for row in rows}
    return render_template(
        "dayplans/days.html", rows=rows, runs=runs, on=on, today=today, tomorrow=today + timedelta(days=1)
    )


@bp.post("/days/plan")
@guard(*PLANNERS, writes=False)
def plan_day() -> Response:
    """Start the planner for a township's day, in a process of its own, and show it at work."""
    form = request.form
    area, on = _township_day(form)
    seed = forms.whole_number(form, "seed", least=0, most=1_000_000) if form.get("seed") else 0
    start_plan_id = forms.text(form, "start_plan_id", most=31) or None
    return redirect(url_for("dayplans.show_run", run_id=start_run(area.code, on, seed, start_plan_id).id), code=303)


def start_run(area_code: str, on: date, seed: int, start_plan_id: str | None = None) -> PlannerRun:
    """Begin a run and its worker; a run at work already is returned."""
    http.close_session()
    with db.transaction() as session:
        run, is_new = operations.begin_run(
            session, actor=actor(), area_code=area_code, on=on, seed=seed, start_plan_id=start_plan_id
        )
    if is_new:
        processes.start(run.id)
    return run


@bp.get("/days/runs/<string:run_id>")
@guard(*PLANNERS, load={"run_id": queries.run_for})
def show_run(run: PlannerRun) -> Any:
    """The planner at work: how the cost falls, how many visits have a place; refreshes itself."""
    died = is_lost(run)
    if run.trial:
        return redirect(url_for("ahead.what_if", day_plan_id=run.trial["base"]))
    if run.state == RunState.DONE and run.day_plan_id:
        return redirect(url_for("dayplans.show_day", day_plan_id=run.day_plan_id))
    standing = queries.latest_plan(http.session(), run.area_code, run.on)
    page = make_response(
        render_template(
            "dayplans/run.html",
            run=run,
            died=died,
            standing=standing,
            curve=_curve(run.curve),
            elapsed=operations.elapsed_seconds(run),
        )
    )
    if run.state == RunState.RUNNING and not died:
        page.headers["Refresh"] = "2"  # without scripts; a <meta> would do the same to readers who cannot stop it
    return page


def _curve(points: list[list[float]]) -> str:
    """The falling cost as an SVG path in a field of 600 × 160, on a logarithmic scale of cost."""
    if not points:
        return ""
    last, top, low = points[-1][0] or 1.0, points[0][1], points[-1][1]
    span = max(1.0, float(top - low))
    drawn = [(600 * seconds / max(last, 0.1), 150 - 140 * (cost - low) / span) for seconds, cost, _ in points]
    return "M" + " L".join(f"{x:.1f},{y:.1f}" for x, y in drawn)


@bp.post("/days/runs/<string:run_id>/stop")
@guard(*PLANNERS, load={"run_id": queries.run_for})
def stop_run(run: PlannerRun) -> Response:
    """Good enough: the planner ends with the best plan it has."""
    operations.ask_to_stop(http.session(), actor=actor(), run_id=run.id)
    return redirect(url_for("dayplans.show_run", run_id=run.id), code=303)


@bp.get("/days/<string:day_plan_id>")
@guard(*PLANNERS, load={"day_plan_id": queries.day_plan_for})
def show_day(day_plan: DayPlan) -> Any:
    """One version: timeline, who waits and why, key figures, every stop in a table."""
    session = http.session()
    board = board_of(session, day_plan)
    return render_template(
        "dayplans/day.html",
        row=day_plan,
        board=board,
        waiting=[visit for visit in board["visits"] if len(visit["placed"]) < visit["crew"]],
        visits={visit["id"]: visit for visit in board["visits"]},
        stops={carer["id"]: stops_of(carer["blocks"]) for carer in board["carers"]},
        versions=queries.versions_of(session, day_plan.area_code, day_plan.on),
        hours=_hours(board),
        touched=count_unknown(session, day_plan),
    )


def _hours(board: dict[str, Any]) -> tuple[int, int]:
    """The hours that the timeline shows: from the earliest shift or block to the latest."""
    spans = [shift for carer in board["carers"] for shift in carer["shifts"]]
    spans += [[block["from"], block["to"]] for carer in board["carers"] for block in carer["blocks"]]
    first, last = min((span[0] for span in spans), default=480), max((span[1] for span in spans), default=1080)
    return first // 60, -(-last // 60)


@bp.get("/days/<string:day_plan_id>/board")
@guard(*PLANNERS, load={"day_plan_id": queries.day_plan_for})
def show_board(day_plan: DayPlan) -> Any:
    """The board of one version: waiting visits, timeline, map, figures; the script fetches what it shows."""
    settings = current_app.extensions["settings"]
    return render_template(
        "dayplans/board.html",
        row=day_plan,
        township=area_for(http.session(), actor().scope, day_plan.area_code),
        words=json.dumps({key: say(text) for key, text in BOARD_WORDS.items()}, ensure_ascii=False),
        tiles=settings.tile_url,
    )


@bp.post("/days/<string:day_plan_id>/publish")
@guard(*PLANNERS, load={"day_plan_id": queries.day_plan_for})
def publish(day_plan: DayPlan) -> Response:
    """Publish the version that was looked at: everybody on it is invited."""
    revision = forms.whole_number(request.form, "revision", least=1, most=1_000_000)
    operations.publish_day(http.session(), actor=actor(), day_plan_id=day_plan.id, revision=revision)
    flash(gettext("The day is published. Everybody on it is invited now."))
    return redirect(url_for("dayplans.show_day", day_plan_id=day_plan.id), code=303)


@bp.get("/days/<string:day_plan_id>/run-sheets")
@guard(*PLANNERS, load={"day_plan_id": queries.day_plan_for})
def print_run_sheets(day_plan: DayPlan) -> Any:
    """One sheet for each carer, to print."""
    _refuse_trial(day_plan)
    return render_template("dayplans/run_sheets.html", row=day_plan, sheets=run_sheets(http.session(), day_plan))


@bp.get("/days/<string:day_plan_id>/kitchen-list")
@guard(*PLANNERS, load={"day_plan_id": queries.day_plan_for})
def print_kitchen_list(day_plan: DayPlan) -> Any:
    """How many meals who fetches when, to print."""
    _refuse_trial(day_plan)
    return render_template("dayplans/kitchen_list.html", row=day_plan, fetches=kitchen_list(http.session(), day_plan))


@bp.get("/days/<string:day_plan_id>/van-list")
@guard(*PLANNERS, load={"day_plan_id": queries.day_plan_for})
def print_van_list(day_plan: DayPlan) -> Any:
    """The rounds of the bathing vans, to print."""
    _refuse_trial(day_plan)
    return render_template("dayplans/van_list.html", row=day_plan, rounds=van_list(http.session(), day_plan))


def _refuse_trial(row: DayPlan) -> None:
    """A what-if names people who do not exist: nobody is sent out with it."""
    if row.state == DayPlanState.TRIAL:
        raise Refused("dayplans.only_a_trial", T("This is only a trial. Print a version that can be published."))


@bp.get("/days/close")
@guard(*PLANNERS)
def close_list() -> Any:
    """The end of a day: everything that somebody must still look at."""
    area, on = _township_day(request.args)
    return render_template("dayplans/close.html", area=area, on=on, rows=loose_ends(http.session(), area.code, on))


@bp.post("/days/close")
@guard(*PLANNERS)
def close_day() -> Response:
    """Close the day: end what somebody forgot to end."""
    area, on = _township_day(request.form)
    ended = close_visits_of_day(http.session(), actor=actor(), area_code=area.code, on=on)
    flash(gettext("The day is closed. {count} forgotten departures were ended.", count=ended))
    return redirect(url_for("dayplans.close_list", area=area.code, on=on.isoformat()), code=303)


def _township_day(form: forms.Form) -> tuple[Area, date]:
    area = area_for(http.session(), actor().scope, form.get("area") or actor().area_code[:9])
    if area is None:
        raise NotFound("areas.no_such_area", T("There is no such place."))
    return area, forms.calendar_date(form, "on") if form.get("on") else clock.today()
