"""The office's pages of visits: the village assistant's round, the review queue, the visiting rate."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from timebank.areas.queries import area_for
from timebank.auth.guards import OFFICE, STAFF, actor, guard
from timebank.core import clock, forms, http, ids, months
from timebank.core.actors import Role
from timebank.core.errors import NotFound, TimebankError
from timebank.core.i18n import gettext
from timebank.core.text import T
from timebank.people.models import Household
from timebank.people.queries import people_by_id
from timebank.visits import operations, queries
from timebank.visits.models import EventKind, Visit, VisitState
from timebank.visits.rules import EventIn

bp = Blueprint("visit_desk", __name__)


@bp.get("/village-day")
@guard(Role.ASSISTANT, *OFFICE)
def village_day() -> Any:
    """The visits of a day by household: confirm for those who cannot, enter paper slips."""
    session, scope = http.session(), actor().scope
    on = forms.calendar_date(request.args, "on") if request.args.get("on") else clock.today()
    visits = sorted(
        queries.visits_on(session, scope.area_code, on),
        key=lambda visit: (visit.household_code, visit.window_from_minute),
    )[:300]
    elders = people_by_id(session, [visit.elder_id for visit in visits])
    carers = queries.carers_of(session, [visit.id for visit in visits])
    return render_template(
        "visits/village_day.html", visits=visits, elders=elders, carers=carers, on=on, VisitState=VisitState
    )


@bp.post("/village-day/<string:visit_id>/confirm")
@guard(Role.ASSISTANT, *OFFICE, load={"visit_id": queries.visit_for})
def confirm(visit: Visit) -> Response:
    """Confirm for an elder who cannot, after asking them."""
    method = "call_back" if request.form.get("method") == "call_back" else "assistant"
    happy = forms.whole_number(request.form, "happy", least=1, most=3) if request.form.get("happy") else None
    operations.confirm(http.session(), actor=actor(), visit_id=visit.id, method=method, happy=happy)
    flash(gettext("Confirmed for the elder."))
    return _to_day(visit)


@bp.post("/village-day/<string:visit_id>/slip")
@guard(Role.ASSISTANT, *OFFICE, load={"visit_id": queries.visit_for})
def enter_slip(visit: Visit) -> Response:
    """Enter a paper slip: who, from, to. It counts as proof of the lowest grade and is always looked at."""
    form, session = request.form, http.session()
    person_id = forms.text(form, "person_id", required=True, most=31)
    for kind, field in ((EventKind.CHECK_IN, "from"), (EventKind.CHECK_OUT, "to")):
        at = clock.at_local(visit.due_on, forms.clock_minute(form, field))
        event = EventIn(id=ids.new_id("evt"), visit_id=visit.id, kind=kind, device_at=at, data={"slip": True})
        operations.record_event(session, actor=actor(), event=event, person_id=person_id, entered_by=actor().user_id)
    flash(gettext("The slip is in the book."))
    return _to_day(visit)


def _to_day(visit: Visit) -> Response:
    return redirect(url_for("visit_desk.village_day", on=visit.due_on.isoformat()), code=303)


@bp.get("/village-day/strips")
@guard(Role.ASSISTANT, *OFFICE)
def strips() -> Any:
    """The printed strips with the day codes of a month, one for each home of the village."""
    month = months.parse_month(request.args.get("month") or months.of_date(clock.today()))
    households = queries.homes_with_visits(http.session(), actor().scope.area_code, month)
    if len(actor().scope.area_code) < 12:
        raise NotFound("visits.strips_by_village", T("Strips are printed by the village assistant."))
    return render_template(
        "visits/strips.html", households=households, month=month, days=months.days(month), code=_code
    )


def _code(household: Household, on: Any) -> str:
    return queries.day_code(household.code, on)


@bp.get("/reviews")
@guard(Role.SUPERVISOR, Role.BUREAU, Role.COORDINATOR)
def review_queue() -> Any:
    """Confirmed visits that wait for a review, the oldest first, with what there is to look at."""
    session = http.session()
    rows = queries.waiting_in_state(session, actor().scope, VisitState.CONFIRMED)
    looks = {visit.id: operations.needs_a_look(session, visit) for visit, _ in rows}
    total = queries.count_in_state(session, actor().scope.area_code, VisitState.CONFIRMED)
    return render_template("visits/reviews.html", rows=rows, looks=looks, total=total)


@bp.get("/reviews/<string:visit_id>")
@guard(Role.SUPERVISOR, Role.BUREAU, Role.COORDINATOR, load={"visit_id": queries.visit_for})
def review_form(visit: Visit) -> Any:
    """One visit with its proof, and what the rules would credit."""
    return _review_page(visit, None)


def _review_page(visit: Visit, error: TimebankError | None) -> str:
    session = http.session()
    return render_template(
        "visits/review.html",
        visit=visit,
        elder=people_by_id(session, [visit.elder_id])[visit.elder_id],
        carers=queries.carers_of(session, [visit.id]).get(visit.id, []),
        events=queries.events_of(session, visit.id),
        confirmation=queries.confirmation_of(session, visit.id),
        proposed=operations.proposed_minutes(session, visit),
        look=operations.needs_a_look(session, visit),
        error=error,
    )


@bp.post("/reviews/<string:visit_id>")
@guard(Role.SUPERVISOR, Role.BUREAU, Role.COORDINATOR, load={"visit_id": queries.visit_for})
def review(visit: Visit) -> Any:
    """Credit, correct or reject a visit."""
    form, session = request.form, http.session()
    minutes = None
    try:
        names = [name for name in form if name.startswith("minutes-")]
        if names and form.get("decision") == "approve":
            minutes = {name[8:]: forms.whole_number(form, name, least=0, most=600) for name in names}
        operations.review(
            session,
            actor=actor(),
            visit_id=visit.id,
            approved=form.get("decision") == "approve",
            minutes=minutes,
            reason=forms.text(form, "reason", most=400),
        )
    except TimebankError as error:
        session.rollback()
        return _review_page(visit, error), error.status
    flash(gettext("Decided. The volunteer sees it."))
    return redirect(url_for("visit_desk.review_queue"), code=303)


@bp.get("/visiting-rate")
@guard(*STAFF, Role.AUDITOR)
def visiting_rate() -> Any:
    """月探访率 by township or village, the lowest first."""
    session, scope = http.session(), actor().scope
    month = months.parse_month(request.args.get("month") or months.of_date(clock.today()))
    chosen = area_for(session, scope, request.args.get("area_code") or scope.area_code)
    if chosen is None:
        raise NotFound("http.404", T("There is no such page here, or it is not yours to see."))
    digits = 9 if len(chosen.code) == 6 else 12
    rows = queries.visiting_rate(session, chosen.code, month, level_digits=digits)
    rows.sort(key=lambda row: (row.percent is None, row.percent, row.area_code))
    return render_template("visits/visiting_rate.html", rows=rows, month=month, area=chosen, digits=digits)
