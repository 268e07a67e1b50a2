"""The volunteer's pages: today's stops, one stop, what is wanted nearby. They work without JavaScript."""

from datetime import timedelta
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from timebank.auth.guards import actor, guard
from timebank.core import clock, forms, http, ids
from timebank.core.actors import Role
from timebank.core.errors import BadInput, NotFound
from timebank.core.i18n import gettext, say
from timebank.core.text import T
from timebank.people.queries import phone_of
from timebank.visits import operations, queries
from timebank.visits.models import EventKind, Visit
from timebank.visits.rules import EventIn, Place
from timebank.visits.words import EVENT_WORDS, FLAG_WORDS, GATE_WORDS, SERVICE_WORDS, STATE_WORDS

bp = Blueprint("visits", __name__)


@bp.app_context_processor
def words() -> dict[str, Any]:
    """What services, states and flags are called, for every template that shows visits."""
    return {
        "service_words": SERVICE_WORDS,
        "state_words": STATE_WORDS,
        "flag_words": FLAG_WORDS,
        "event_words": EVENT_WORDS,
    }


@bp.get("/today")
@guard(Role.VOLUNTEER)
def today() -> Any:
    """Today's stops in order, and what comes in the next days."""
    session, person_id, on = http.session(), _own_id(), clock.today()
    stops = queries.stops_of(session, person_id, on, on)
    later = queries.stops_of(session, person_id, on + timedelta(days=1), on + timedelta(days=7))
    return render_template("visits/today.html", stops=stops, later=later, today=on)


def _own_id() -> str:
    person_id = actor().person_id
    if person_id is None:
        raise NotFound("visits.no_person", T("This login belongs to no person. Ask the township office."))
    return person_id


@bp.get("/stops/<string:visit_id>")
@guard(Role.VOLUNTEER, load={"visit_id": queries.visit_for})
def stop(visit: Visit) -> Any:
    """One stop: what to do, what has arrived, who else comes."""
    session = http.session()
    found = next(
        (s for s in queries.stops_of(session, _own_id(), visit.due_on, visit.due_on) if s.visit.id == visit.id), None
    )
    if found is None:
        raise NotFound("visits.not_your_visit", T("This visit is not on your list. Call the coordinator."))
    is_today = visit.due_on == clock.today()  # the phone number and the notes are for the day of the visit only
    return render_template(
        "visits/stop.html",
        stop=found,
        is_today=is_today,
        phone=phone_of(found.elder) if is_today else "",
        events=queries.events_of(session, visit.id),
        gates=[GATE_WORDS[gate] for gate in operations.bath_gates(session, visit)] if visit.service == "bath" else [],
    )


@bp.post("/stops/<string:visit_id>/events")
@guard(Role.VOLUNTEER, load={"visit_id": queries.visit_for})
def tell(visit: Visit) -> Response:
    """Arrival, departure, blood pressure, note, nobody there: without JavaScript, as a plain form."""
    form = request.form
    event = EventIn(
        id=form.get("event_id") or ids.new_id("evt"),
        visit_id=visit.id,
        kind=forms.choice(form, "kind", EventKind),
        device_at=clock.now(),
        place=_place(form),
        day_code=form.get("day_code", "").strip() or None,
        data=_data(form),
    )
    result = operations.record_event(http.session(), actor=actor(), event=event, person_id=_own_id())
    flash(say(result.message))
    return redirect(url_for("visits.stop", visit_id=visit.id), code=303)


def _place(form: forms.Form) -> Place | None:
    if not form.get("lat"):
        return None
    try:
        return Place(float(form["lat"]), float(form["lon"]), float(form["accuracy_m"]))
    except (KeyError, ValueError):
        raise BadInput(
            "visits.bad_place", T("The position could not be read. Try again, or type the day code."), field="lat"
        ) from None


def _data(form: forms.Form) -> dict[str, Any]:
    data: dict[str, Any] = {}
    if form.get("systolic"):
        data["systolic"] = forms.whole_number(form, "systolic", least=40, most=300)
    for name in ("note", "task", "reason"):
        if form.get(name):
            data[name] = forms.text(form, name, most=400)
    for name in ("start", "contraindication"):
        if form.get(name):
            data[name] = True
    return data


@bp.post("/stops/<string:visit_id>/answer")
@guard(Role.VOLUNTEER, load={"visit_id": queries.visit_for})
def answer(visit: Visit) -> Response:
    """Accept an invitation, or decline it with a reason."""
    accept = request.form.get("answer") == "yes"
    reason = forms.text(request.form, "reason", most=200)
    operations.respond(http.session(), actor=actor(), visit_id=visit.id, accept=accept, reason=reason)
    flash(gettext("Thank you, you are expected.") if accept else gettext("Good to know. We look for somebody else."))
    return redirect(url_for("visits.today"), code=303)


@bp.get("/wanted")
@guard(Role.VOLUNTEER)
def wanted() -> Any:
    """Open requests that are on no plan and that the volunteer may do, nearest first."""
    rows = queries.wanted_near(http.session(), _own_id(), actor().area_code[:9], clock.today())
    return render_template("visits/wanted.html", rows=rows)


@bp.post("/wanted/<string:visit_id>/take")
@guard(Role.VOLUNTEER)
def take(visit_id: str) -> Response:
    """Take an open request."""
    operations.take(http.session(), actor=actor(), visit_id=visit_id)
    flash(gettext("It is yours. Thank you!"))
    return redirect(url_for("visits.today"), code=303)
