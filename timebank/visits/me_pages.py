"""The volunteer's own page: when one can help, days off, farm days, and the calendar that a phone subscribes to."""

from datetime import date, timedelta
from typing import Any

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request, url_for

from timebank.areas.models import DayKind
from timebank.areas.queries import day_kinds
from timebank.auth.guards import actor, guard, public
from timebank.careplans.rules import WEEKDAYS
from timebank.core import clock, forms, http
from timebank.core.actors import Role
from timebank.core.errors import BadInput, NotFound, TimebankError
from timebank.core.i18n import current_locale, gettext, say
from timebank.core.text import T
from timebank.people import operations as people
from timebank.people.queries import days_off_of, hours_of
from timebank.phones import operations as phones
from timebank.phones.queries import live_feeds, person_of_feed
from timebank.visits import queries
from timebank.visits.calendar_feed import Entry, as_ical
from timebank.visits.words import SERVICE_WORDS, TRAVEL_WORDS

bp = Blueprint("me", __name__)
_LONGEST_LEAVE_DAYS = 62
_FARM_DAYS_AHEAD = 90


@bp.get("/me")
@guard(Role.VOLUNTEER)
def show() -> Any:
    """When I can help, which days I am off, and my calendar."""
    return _page(None)


def _own_id() -> str:
    person_id = actor().person_id
    if person_id is None:
        raise NotFound("visits.no_person", T("This login belongs to no person. Ask the township office."))
    return person_id


def _page(error: TimebankError | None, address: str = "") -> str:
    session, on = http.session(), clock.today()
    hours = hours_of(session, _own_id())
    return render_template(
        "visits/me.html",
        weekdays=WEEKDAYS,
        hours={window.weekday: window for window in hours},
        travel_mode=hours[0].travel_mode if hours else "walk",
        travel_words=TRAVEL_WORDS,
        days_off=days_off_of(session, _own_id(), on),
        farm_days=_farm_days(),
        has_feed=bool(live_feeds(session, _own_id())),
        address=address,
        webcal="webcal:" + address.partition(":")[2],  # the scheme that opens a phone's calendar
        today=on,
        error=error,
    )


def _farm_days() -> list[date]:
    days = [clock.today() + timedelta(days=ahead) for ahead in range(_FARM_DAYS_AHEAD)]
    kinds = day_kinds(http.session(), actor().area_code, days)
    return [on for on in days if DayKind.FARMING in kinds[on]]


@bp.post("/me/hours")
@guard(Role.VOLUNTEER)
def set_hours() -> Any:
    """Replace the weekly hours: from and to for each weekday, empty where one cannot come."""
    form, session = request.form, http.session()
    try:
        windows = [
            (weekday, forms.clock_minute(form, f"from-{weekday}"), forms.clock_minute(form, f"to-{weekday}"))
            for weekday in range(7)
            if form.get(f"from-{weekday}") or form.get(f"to-{weekday}")
        ]
        mode = forms.one_of(form, "travel_mode", TRAVEL_WORDS)
        people.set_availability(session, actor=actor(), person_id=_own_id(), windows=windows, travel_mode=mode)
    except TimebankError as error:
        session.rollback()
        return _page(error), error.status
    return _saved()


def _saved() -> Any:
    flash(gettext("Kept. The coordinator plans with it."))
    return redirect(url_for("me.show"), code=303)


@bp.post("/me/days-off")
@guard(Role.VOLUNTEER)
def take_days_off() -> Any:
    """Be off from a day to a day."""
    form, session = request.form, http.session()
    try:
        first_on = forms.calendar_date(form, "first_on")
        last_on = forms.calendar_date(form, "last_on") if form.get("last_on") else first_on
        if not clock.today() <= first_on <= last_on <= first_on + timedelta(days=_LONGEST_LEAVE_DAYS):
            text = T("Choose days from today on, at most {days} in a row.", days=_LONGEST_LEAVE_DAYS)
            raise BadInput("visits.bad_leave", text, field="last_on")
        reason = forms.text(form, "reason", most=60)
        for ahead in range((last_on - first_on).days + 1):
            on = first_on + timedelta(days=ahead)
            people.take_day_off(session, actor=actor(), person_id=_own_id(), on=on, reason=reason)
    except TimebankError as error:
        session.rollback()
        return _page(error), error.status
    return _saved()


@bp.post("/me/farm-days")
@guard(Role.VOLUNTEER)
def take_farm_days_off() -> Any:
    """Be off on all farm days that the township has entered."""
    for on in _farm_days():
        people.take_day_off(http.session(), actor=actor(), person_id=_own_id(), on=on, reason=gettext("farm work"))
    return _saved()


@bp.post("/me/days-off/remove")
@guard(Role.VOLUNTEER)
def come_after_all() -> Any:
    """Take a day off back."""
    on = forms.calendar_date(request.form, "on")
    people.come_after_all(http.session(), actor=actor(), person_id=_own_id(), on=on)
    return _saved()


@bp.post("/me/calendar")
@guard(Role.VOLUNTEER)
def make_calendar() -> Any:
    """A new secret address; the one before ends."""
    base: str = current_app.extensions["settings"].base_url
    secret = phones.make_feed(http.session(), actor=actor())
    return _page(None, base + url_for("me.calendar", secret=secret))


@bp.post("/me/calendar/end")
@guard(Role.VOLUNTEER)
def end_calendar() -> Any:
    """End the address: who has it sees nothing any more."""
    phones.revoke_feeds(http.session(), actor=actor())
    return _saved()


@bp.get("/calendar/<string:secret>.ics")
@public
def calendar(secret: str) -> Response:
    """The calendar behind a secret address."""
    session, on = http.session(), clock.today()
    person = person_of_feed(session, secret)
    if person is None:
        raise NotFound("http.404", T("There is no such page here, or it is not yours to see."))
    stops = queries.stops_of(session, person.id, on - timedelta(days=7), on + timedelta(days=60))
    entries = [
        Entry(
            stop.visit.id,
            stop.visit.due_on,
            stop.carer.starts_minute,
            stop.visit.duration_minutes,
            say(SERVICE_WORDS[stop.visit.service]),
            stop.household.landmark,
        )
        for stop in stops
    ]
    settings = current_app.extensions["settings"]
    name = settings.scheme_name_zh if current_locale() == "zh" else settings.scheme_name_en
    return Response(as_ical(entries, name=name, stamp=clock.now()), mimetype="text/calendar")
