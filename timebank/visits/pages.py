"""The volunteer's pages: today's stops, one stop, what is wanted nearby. They work without JavaScript."""

from datetime import timedelta
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlmodel import Session
from werkzeug.wrappers import Response

from timebank.areas.queries import office_phone, office_station
from timebank.auth.guards import actor, guard
from timebank.careplans.models import ServiceKind
from timebank.core import clock, forms, http, ids, maps
from timebank.core.actors import Role
from timebank.core.errors import BadInput, NotFound
from timebank.core.i18n import gettext, say
from timebank.core.text import T
from timebank.people.queries import phone_of, place_of
from timebank.policies.queries import in_force
from timebank.visits import operations, queries, words
from timebank.visits.models import EventKind, Visit
from timebank.visits.rules import AGAINST_A_BATH, BATH_SIGNS, VITALS, EventIn, Forgotten, Place, plain_code

bp = Blueprint("visits", __name__)


@bp.app_context_processor
def shared_words() -> dict[str, Any]:
    """What services, states and flags are called, for every template that shows visits."""
    return {
        "service_words": words.SERVICE_WORDS,
        "state_words": words.STATE_WORDS,
        "flag_words": words.FLAG_WORDS,
        "event_words": words.EVENT_WORDS,
        "task_words": words.TASK_WORDS,
        "verdict_words": words.VERDICT_WORDS,
        "method_words": words.METHOD_WORDS,
    }


@bp.get("/today")
@guard(Role.VOLUNTEER)
def today() -> Any:
    """Today's stops in order, warnings of today, and what comes in the next days."""
    session, person_id, on = http.session(), _own_id(), clock.today()
    stops = queries.stops_of(session, person_id, on, on)
    later = queries.stops_of(session, person_id, on + timedelta(days=1), on + timedelta(days=7))
    return render_template(
        "visits/today.html",
        stops=stops,
        later=later,
        today=on,
        warnings=queries.warnings_on(session, actor().area_code, on),
        office=office_station(session, actor().area_code),
        links={stop.visit.id: _ways(stop) for stop in stops},
        still_there=[(stop, late) for stop in stops if (late := _forgotten(stop))],
        now=clock.now(),
    )


def _forgotten(stop: queries.Stop) -> Forgotten | None:
    policy = in_force(http.session(), stop.visit.area_code, stop.visit.due_on)
    return queries.forgotten_by(stop.visit, stop.carer, policy.number("earn.over_planned_minutes"))


def _own_id() -> str:
    person_id = actor().person_id
    if person_id is None:
        raise NotFound("visits.no_person", T("This login belongs to no person. Ask the township office."))
    return person_id


def _ways(stop: queries.Stop) -> dict[str, str]:
    lat, lon = place_of(stop.household)
    landmark = stop.household.landmark
    return {"amap": maps.amap_link(lat, lon, landmark), "baidu": maps.baidu_link(lat, lon, landmark)}


@bp.get("/stops/<string:visit_id>")
@guard(Role.VOLUNTEER, load={"visit_id": queries.visit_for})
def stop(visit: Visit) -> Any:
    """One stop: what to do, what has arrived, who else comes. Phone number, notes and way are for its day only."""
    session = http.session()
    found = next(
        (s for s in queries.stops_of(session, _own_id(), visit.due_on, visit.due_on) if s.visit.id == visit.id), None
    )
    if found is None:
        raise NotFound("visits.not_your_visit", T("This visit is not on your list. Call the coordinator."))
    is_today = visit.due_on == clock.today()
    is_bath = visit.service == ServiceKind.BATH
    return render_template(
        "visits/stop.html",
        stop=found,
        is_today=is_today,
        phone=phone_of(found.elder) if is_today else "",
        ways=_ways(found) if is_today else {},
        ticked=_ticked(session, visit.id),
        late=_forgotten(found),
        now=clock.now(),
        gates=[words.GATE_WORDS[gate] for gate in operations.bath_gates(session, visit)] if is_bath else [],
        office_phone=office_phone(session, actor().area_code),
        card=request.args.get("card", ""),
        window_hours=in_force(session, visit.area_code, visit.due_on).number("confirm.window_hours"),
    )


def _ticked(session: Session, visit_id: str) -> set[str]:
    events = queries.events_of(session, visit_id)
    return {str(event.data.get("task")) for event in events if event.kind == EventKind.TICK}


@bp.get("/door/<string:household_code>")
@guard(Role.VOLUNTEER)
def door(household_code: str) -> Response:
    """What the QR of a door card opens: the stop at this home, or a word that it is another home."""
    on = clock.today()
    stops = queries.stops_of(http.session(), _own_id(), on, on)
    here = [stop for stop in stops if stop.household.code == household_code]
    if here:
        return redirect(url_for("visits.stop", visit_id=here[0].visit.id, card=household_code))
    flash(gettext("This card hangs at a home that is not on your list today. Look whether you are at the right door."))
    return redirect(url_for("visits.today"))


@bp.post("/stops/<string:visit_id>/events")
@guard(Role.VOLUNTEER, load={"visit_id": queries.visit_for})
def tell(visit: Visit) -> Response:
    """Arrival, departure, ticks, blood pressure, note, photo, nobody there: without JavaScript, as a plain form."""
    form, session = request.form, http.session()
    event = EventIn(
        id=form.get("event_id") or ids.new_id("evt"),
        visit_id=visit.id,
        kind=forms.choice(form, "kind", EventKind),
        device_at=clock.now(),
        place=_place(form),
        day_code=_day_code(form),
        card=forms.text(form, "card", most=20) or None,
        data=_data(form),
    )
    photo = request.files.get("photo")
    if event.kind == EventKind.PHOTO and not photo:
        raise BadInput("core.missing", T("Please fill this in."), field="photo")
    result = operations.record_event(session, actor=actor(), event=event, person_id=_own_id())
    if event.kind == EventKind.PHOTO and photo:
        operations.keep_photo(session, actor=actor(), event_id=event.id, raw=photo.read())
    flash(say(result.message))
    return redirect(url_for("visits.stop", visit_id=visit.id), code=303)


def _day_code(form: forms.Form) -> str | None:
    code = plain_code(form.get("day_code", ""))
    if code and not (len(code) == 6 and code.isascii() and code.isdigit()):
        raise BadInput("visits.bad_day_code", T("The strip has six plain digits for each day."), field="day_code")
    return code or None


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
    for name, (least, most) in VITALS.items():
        if form.get(name):
            data[name] = forms.whole_number(form, name, least=least, most=most)
    for name in ("note", "task", "reason", "left"):
        if form.get(name):
            data[name] = forms.text(form, name, most=400)
    return data | {name: True for name in (*AGAINST_A_BATH, *BATH_SIGNS) if form.get(name)}


@bp.post("/stops/<string:visit_id>/answer")
@guard(Role.VOLUNTEER, load={"visit_id": queries.visit_for})
def answer(visit: Visit) -> Response:
    """Accept an invitation, or decline it with a reason."""
    accept = forms.one_of(request.form, "answer", ("yes", "no")) == "yes"
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
