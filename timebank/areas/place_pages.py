"""Places of service: the page on which a county enters its kitchens, dining points, yards, stations and clinics."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for

from timebank.areas import operations, queries, rules
from timebank.areas.models import AreaKind, Facility, FacilityKind
from timebank.areas.words import PLACE_KIND_WORDS, READ_OFF_WORDS, area_name, open_hours, place_name
from timebank.auth.guards import OFFICE, STAFF, actor, guard
from timebank.core import clock, forms, http, maps
from timebank.core.actors import Role
from timebank.core.errors import TimebankError
from timebank.core.formats import local_time
from timebank.core.i18n import gettext

bp = Blueprint("places", __name__)
bp.add_app_template_filter(place_name)
bp.add_app_template_filter(open_hours)


@bp.get("/places")
@guard(*STAFF, Role.AUDITOR)
def list_places() -> Any:
    """The places of the caller's area by kind; those that are no more stand at the end."""
    session, code, today = http.session(), actor().area_code, clock.today()
    found = queries.facilities_within(session, code)
    here = [place for place in found if queries.is_there(place, today)]
    return render_template(
        "areas/places.html",
        kinds={kind: [place for place in here if place.kind == kind] for kind in FacilityKind},
        gone=[place for place in found if not queries.is_there(place, today)],
        kind_words=PLACE_KIND_WORDS,
        area_names=_area_names(code),
    )


def _area_names(code: str) -> dict[str, str]:
    """The areas that a place may lie in, for an office of this area, with those around them named."""
    session, kinds = http.session(), (AreaKind.TOWNSHIP, AreaKind.VILLAGE)
    areas = [area for kind in kinds for area in queries.areas_within(session, code[:9], kind)]
    if here := queries.area(session, code):
        areas.append(here)
    names = {area.code: area_name(area) for area in areas}
    around = {area.code: names.get(area.code[:9], "") for area in areas if area.kind == AreaKind.VILLAGE}
    return {key: f"{around[key]} · {name}" if around.get(key) else name for key, name in sorted(names.items())}


@bp.get("/places/new")
@guard(*OFFICE)
def new_place() -> Any:
    """The form for one more place."""
    return _form(None, {"area_code": actor().area_code}, None)


def _form(place: Facility | None, values: Any, error: TimebankError | None) -> str:
    return render_template(
        "areas/place.html",
        place=place,
        values=values,
        error=error,
        kind_words=PLACE_KIND_WORDS,
        read_off_words=READ_OFF_WORDS,
        area_names=_area_names(actor().area_code),
        has_times=place is None or place.kind in rules.WITH_TIMES,
        way=maps.amap_link(place.lat, place.lon, place.name) if place else "",
        today=clock.today(),
    )


@bp.post("/places/new")
@guard(*OFFICE)
def open_place() -> Any:
    """Enter a place; what was typed stays when something is refused."""
    form, session = request.form, http.session()
    try:
        kind = forms.choice(form, "kind", FacilityKind)
        place = operations.open_place(session, actor=actor(), kind=kind, given=_given(form))
    except TimebankError as error:
        session.rollback()
        return _form(None, form, error), error.status
    flash(gettext("{name} is in the book.", name=place_name(place)))
    return redirect(url_for("places.list_places"), code=303)


def _given(form: forms.Form) -> operations.PlaceIn:
    written = forms.text(form, "position", most=60)
    read_off = forms.choice(form, "read_off", rules.ReadOff) if written else rules.ReadOff.PHONE
    return operations.PlaceIn(
        area_code=forms.text(form, "area_code", required=True, most=14),
        name=forms.text(form, "name", required=True, most=60),
        name_en=forms.text(form, "name_en", most=60),
        point=rules.position(written, read_off) if written else None,
        phone=forms.text(form, "phone", most=20),
        opens_minute=forms.clock_minute(form, "opens") if form.get("opens") else None,
        closes_minute=forms.clock_minute(form, "closes") if form.get("closes") else None,
    )


@bp.get("/places/<string:place_id>")
@guard(*OFFICE, load={"place_id": queries.facility_for})
def place_form(place: Facility) -> Any:
    """What is kept of a place, to be changed; and the day from which it is no more."""
    return _form(place, _kept(place), None)


def _kept(place: Facility) -> dict[str, str]:
    return {
        "area_code": place.area_code,
        "name": place.name,
        "name_en": place.name_en,
        "position": f"{place.lat:.6f}, {place.lon:.6f}",
        "phone": place.phone,
        "opens": local_time(place.opens_minute) if place.opens_minute is not None else "",
        "closes": local_time(place.closes_minute) if place.closes_minute is not None else "",
        "closed_from_on": place.closed_from_on.isoformat() if place.closed_from_on else "",
    }


@bp.post("/places/<string:place_id>")
@guard(*OFFICE, load={"place_id": queries.facility_for})
def change_place(place: Facility) -> Any:
    """Keep what was changed."""
    form, session = request.form, http.session()
    try:
        operations.change_place(session, actor=actor(), place_id=place.id, given=_given(form))
    except TimebankError as error:
        return _refused(place, form, error)
    flash(gettext("Kept. The next day plan knows of it."))
    return redirect(url_for("places.list_places"), code=303)


def _refused(place: Facility, form: forms.Form, error: TimebankError) -> tuple[str, int]:
    session = http.session()
    session.rollback()
    session.refresh(place)
    return _form(place, _kept(place) | form.to_dict(), error), error.status


@bp.post("/places/<string:place_id>/close")
@guard(*OFFICE, load={"place_id": queries.facility_for})
def close_place(place: Facility) -> Any:
    """Say from which day on a place is no more; without a day it stays."""
    form, session = request.form, http.session()
    try:
        from_on = forms.calendar_date(form, "closed_from_on") if form.get("closed_from_on") else None
        operations.close_place(session, actor=actor(), place_id=place.id, from_on=from_on)
    except TimebankError as error:
        return _refused(place, form, error)
    flash(gettext("Kept. Until then it is used as before.") if from_on else gettext("It stays open."))
    return redirect(url_for("places.list_places"), code=303)
