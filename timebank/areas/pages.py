"""The calendar of a township and its closed roads."""

from datetime import timedelta
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for

from timebank.areas import operations, queries
from timebank.areas.models import AreaKind, DayKind, RoadClosure
from timebank.areas.words import DAY_KIND_WORDS, area_name
from timebank.auth.guards import OFFICE, STAFF, actor, guard
from timebank.core import clock, forms, http
from timebank.core.errors import TimebankError
from timebank.core.i18n import gettext

bp = Blueprint("areas", __name__)


@bp.get("/calendar")
@guard(*STAFF)
def calendar() -> Any:
    """The next five weeks: holidays, market days, what the office entered; and roads closed now or later."""
    return _page({}, None)


def _page(values: Any, error: TimebankError | None) -> str:
    session, code, today = http.session(), actor().area_code, clock.today()
    closures = queries.closures_from(session, code[:9], today)
    days = [today + timedelta(days=index) for index in range(35)]
    townships = queries.areas_within(session, code[:6], AreaKind.TOWNSHIP)
    places = [*townships, *queries.areas_within(session, code[:9], AreaKind.VILLAGE)] if len(code) > 6 else townships
    return render_template(
        "areas/calendar.html",
        kinds=queries.day_kinds(session, code, days),
        entered=queries.entered_days(session, code, days[0], days[-1]),
        closures=closures,
        may_open={road.id for road in closures if queries.may_open(actor().scope, road)},
        place_names={place.code: area_name(place) for place in places},
        day_kind_words=DAY_KIND_WORDS,
        today=today,
        phone=queries.office_phone(session, code),
        is_township=len(code) == 9,
        values=values,
        error=error,
    )


def _refused(error: TimebankError) -> tuple[str, int]:
    http.session().rollback()
    return _page(request.form, error), error.status


@bp.post("/calendar/days")
@guard(*OFFICE)
def enter_day() -> Any:
    """Enter a special day for the caller's area."""
    form = request.form
    try:
        operations.enter_day(
            http.session(),
            actor=actor(),
            area_code=actor().area_code,
            on=forms.calendar_date(form, "on"),
            kind=forms.choice(form, "kind", DayKind),
            name=forms.text(form, "name", most=60),
        )
    except TimebankError as error:
        return _refused(error)
    flash(gettext("Entered. Visits not yet generated will respect it."))
    return redirect(url_for("areas.calendar"), code=303)


@bp.post("/calendar/days/<string:day_id>/remove")
@guard(*OFFICE)
def remove_day(day_id: str) -> Any:
    """Take an entered day back."""
    operations.remove_day(http.session(), actor=actor(), day_id=day_id)
    flash(gettext("Removed."))
    return redirect(url_for("areas.calendar"), code=303)


@bp.post("/calendar/phone")
@guard(*OFFICE)
def keep_phone() -> Any:
    """Keep the number that volunteers of the caller's township call."""
    try:
        phone = forms.text(request.form, "phone", most=20)
        operations.keep_station_phone(http.session(), actor=actor(), township_code=actor().area_code, phone=phone)
    except TimebankError as error:
        return _refused(error)
    flash(gettext("Kept. Volunteers see it from now on."))
    return redirect(url_for("areas.calendar"), code=303)


@bp.post("/calendar/roads")
@guard(*STAFF)
def close_road() -> Any:
    """Report a closed or slow road."""
    form = request.form
    try:
        slow = forms.whole_number(form, "extra_minutes", least=1, most=600) if form.get("extra_minutes") else None
        operations.close_road(
            http.session(),
            actor=actor(),
            from_code=forms.text(form, "from_code", required=True, most=14),
            to_code=forms.text(form, "to_code", required=True, most=14),
            starts_on=forms.calendar_date(form, "starts_on"),
            ends_on=forms.calendar_date(form, "ends_on"),
            extra_minutes=slow,
            reason=forms.text(form, "reason", most=200),
        )
    except TimebankError as error:
        return _refused(error)
    flash(gettext("Kept. Day plans go round it from now on."))
    return redirect(url_for("areas.calendar"), code=303)


@bp.post("/calendar/roads/<string:road_id>/open")
@guard(*STAFF, load={"road_id": queries.closure_for})
def open_road(road: RoadClosure) -> Any:
    """A road is as usual again."""
    try:
        open_on = forms.calendar_date(request.form, "open_on")
        operations.open_road(http.session(), actor=actor(), road_id=road.id, open_on=open_on)
    except TimebankError as error:
        return _refused(error)
    flash(gettext("Kept. Day plans use the road again from that day on; what is planned stays until you plan anew."))
    return redirect(url_for("areas.calendar"), code=303)
