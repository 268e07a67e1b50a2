"""Being ready: drills and their calendar, call-ups of volunteers, phone calls to elders, the cards at the doors."""

from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from segno import make_qr
from werkzeug.wrappers import Response

from timebank.areas.models import Area, AreaKind
from timebank.areas.queries import areas_within
from timebank.auth.guards import STAFF, actor, guard
from timebank.core import clock, forms, http
from timebank.core.actors import Role
from timebank.core.errors import Refused, TimebankError
from timebank.core.i18n import gettext
from timebank.core.text import T
from timebank.emergency import operations, queries, ready_queries, rules
from timebank.emergency.models import CallUp, CallUpReason, CaseKind
from timebank.emergency.pages import chosen_area
from timebank.people.models import Household
from timebank.people.queries import phone_of
from timebank.people.rules import QUALIFICATIONS
from timebank.visiting.models import Outcome
from timebank.visiting.rules import OUTCOME_WORDS

bp = Blueprint("readiness", __name__)
_READERS = (*STAFF, Role.AUDITOR)
_USUAL_HOURS = 8  # how long a call-up is offered for; whoever calls writes what it takes
_OUTCOMES = (Outcome.WELL, Outcome.NEEDS_HELP, Outcome.NO_ANSWER, Outcome.ELSEWHERE)


@bp.get("/emergency/drills")
@guard(*_READERS)
def drills() -> Any:
    """Which drills were held and which are due."""
    return _drills_page({}, None)


def _drills_page(values: Any, error: TimebankError | None) -> str:
    session, on, scope = http.session(), clock.today(), actor().scope
    return render_template(
        "emergency/drills.html",
        calendar=ready_queries.drill_calendar(session, scope, on),
        held=ready_queries.drills_in(session, scope.area_code[:9], on.year),
        names={area.code: area for area in areas_within(session, scope.area_code[:6], AreaKind.TOWNSHIP)},
        may_write=actor().role in STAFF and len(scope.area_code) <= 9,
        today=on,
        values=values,
        error=error,
        rules=rules,
    )


@bp.post("/emergency/drills")
@guard(*STAFF)
def record_drill() -> Any:
    """Write a drill into the log."""
    form, session = request.form, http.session()
    try:
        drill = operations.DrillIn(
            area_code=forms.text(form, "area_code", required=True, most=14),
            on=forms.calendar_date(form, "on"),
            kind=forms.choice(form, "kind", CaseKind),
            people=forms.whole_number(form, "people", least=2, most=2_000),
            minutes_to_help=forms.whole_number(form, "minutes_to_help", least=0, most=600),
            went_well=forms.text(form, "went_well", required=True, most=400),
            to_mend=forms.text(form, "to_mend", most=400),
        )
        operations.record_drill(session, actor=actor(), drill=drill)
    except TimebankError as error:
        session.rollback()
        return _drills_page(form, error), error.status
    flash(gettext("The drill is in the log."))
    return redirect(url_for("readiness.drills"), code=303)


@bp.get("/emergency/call-ups")
@guard(*_READERS)
def call_ups() -> Any:
    """Call-ups that run and those that were; a form for a new one."""
    return _call_ups_page({}, None)


def _call_ups_page(values: Any, error: TimebankError | None) -> str:
    session, area = http.session(), chosen_area(actor().scope.area_code)
    rows = ready_queries.call_ups_in(session, area.code)
    this_hour = clock.minute_of_day(clock.now()) // 60 * 60
    return render_template(
        "emergency/call_ups.html",
        area=area,
        rows=rows,
        counts=ready_queries.counts_of(session, [row.id for row in rows]),
        places=[area, *_parts(area)],
        skills=QUALIFICATIONS,
        may_write=actor().role in STAFF,
        today=clock.today(),
        hours=(this_hour, (this_hour + _USUAL_HOURS * 60) % (24 * 60)),
        values=values,
        error=error,
        rules=rules,
    )


def _parts(area: Area) -> list[Area]:
    kind = {6: AreaKind.TOWNSHIP, 9: AreaKind.VILLAGE, 12: AreaKind.HELP_GROUP}.get(len(area.code))
    return areas_within(http.session(), area.code, kind) if kind else []


@bp.post("/emergency/call-ups")
@guard(*STAFF)
def call_up() -> Any:
    """Call volunteers together."""
    form, session = request.form, http.session()
    try:
        asked = operations.CallUpIn(
            area_code=forms.text(form, "area_code", required=True, most=14),
            reason=forms.choice(form, "reason", CallUpReason),
            words=forms.text(form, "words", required=True, most=400),
            on=forms.calendar_date(form, "on"),
            from_minute=forms.clock_minute(form, "from"),
            to_minute=forms.clock_minute(form, "to"),
            wanted=forms.whole_number(form, "wanted", least=1, most=2_000),
            skill=forms.one_of(form, "skill", ("", *QUALIFICATIONS)),
            meet_at=forms.text(form, "meet_at", most=120),
            with_checks="with_checks" in form,
        )
        made = operations.call_up(session, actor=actor(), asked=asked)
    except TimebankError as error:
        session.rollback()
        return _call_ups_page(form, error), error.status
    flash(gettext("Everybody who can was asked. Answers come in below."))
    return _to_call_up(made.id)


def _to_call_up(call_up_id: str) -> Response:
    return redirect(url_for("readiness.show_call_up", call_up_id=call_up_id), code=303)


@bp.get("/emergency/call-ups/<string:call_up_id>")
@guard(*_READERS, load={"call_up_id": ready_queries.call_up_for})
def show_call_up(call_up: CallUp) -> Any:
    """Who comes, and which elders of the caller's area are still to be called."""
    session, area_code = http.session(), actor().scope.area_code
    checks = ready_queries.checks_of(session, call_up.id, area_code)
    return render_template(
        "emergency/call_up.html",
        call_up=call_up,
        area=session.get_one(Area, call_up.area_code),
        answers=ready_queries.answers_of(session, call_up.id, area_code),
        checks=checks[:200],
        reached=sum(check.is_done for check in checks),
        total=len(checks),
        counts=ready_queries.counts_of(session, [call_up.id]).get(call_up.id, {"asked": 0, "yes": 0, "no": 0}),
        outcomes=_OUTCOMES,
        outcome_words=OUTCOME_WORDS,
        skills=QUALIFICATIONS,
        phone_of=phone_of,
        may_write=actor().role in STAFF and call_up.ended_at is None,
        may_end=actor().role in STAFF and actor().scope.holds_area(call_up.area_code),
    )


@bp.post("/emergency/call-ups/<string:call_up_id>/checks")
@guard(*STAFF, load={"call_up_id": ready_queries.call_up_for})
def tell_check(call_up: CallUp) -> Response:
    """Write down what a call to an elder brought."""
    form = request.form
    operations.tell_check(
        http.session(),
        actor=actor(),
        call_up_id=call_up.id,
        check_id=forms.text(form, "check_id", required=True, most=31),
        outcome=forms.choice(form, "outcome", Outcome),
        words=forms.text(form, "words", most=400),
    )
    flash(gettext("Written down."))
    return _to_call_up(call_up.id)


@bp.post("/emergency/call-ups/<string:call_up_id>/end")
@guard(*STAFF, load={"call_up_id": ready_queries.call_up_for})
def end_call_up(call_up: CallUp) -> Response:
    """End a call-up."""
    operations.end_call_up(http.session(), actor=actor(), call_up_id=call_up.id)
    flash(gettext("The call-up is over. Thank everybody who came."))
    return _to_call_up(call_up.id)


@bp.get("/emergency/cards")
@guard(Role.ASSISTANT)
def cards() -> Any:
    """The printed emergency cards of a village: what a neighbour scans when somebody needs help."""
    if len(actor().area_code) < 12:
        raise Refused("visits.strips_by_village", T("Strips and cards are printed for one village at a time."))
    homes = ready_queries.homes_of_elders(http.session(), actor().area_code[:12])
    return render_template("emergency/cards.html", homes=homes, qr=_qr)


def _qr(home: Household) -> str:
    base: str = current_app.extensions["settings"].base_url
    address = url_for("alarm.card_form", household_code=home.code, card=queries.card_code(home.code))
    image: str = make_qr(base + address, error="m").svg_data_uri(scale=4, border=2)
    return image
