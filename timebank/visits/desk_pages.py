"""The village's pages of visits: the day's round, confirming for those who cannot, slips, strips and door cards."""

from datetime import date, timedelta
from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from segno import make as make_qr
from werkzeug.wrappers import Response

from timebank.auth.guards import OFFICE, actor, guard
from timebank.careplans.models import ServiceKind
from timebank.careplans.rules import LEAST_CREW
from timebank.core import clock, forms, http, months
from timebank.core.actors import Role
from timebank.core.errors import BadInput, Refused, TimebankError
from timebank.core.formats import local_time
from timebank.core.i18n import gettext
from timebank.core.text import T
from timebank.people.models import Household, Person
from timebank.people.queries import people_by_id, phone_of, search_people
from timebank.visits import desk_queries, operations, queries
from timebank.visits.models import SlipPhoto, Visit, VisitCarer, VisitState
from timebank.visits.operations import SlipIn, UnplannedIn
from timebank.visits.operations.derivation import data_of
from timebank.visits.words import SERVICE_WORDS

bp = Blueprint("visit_desk", __name__)
_VILLAGE = (Role.ASSISTANT, *OFFICE)
_ON_PAPER = (VisitState.DUE, VisitState.PLANNED, VisitState.RUNNING)
_MOST_ROWS, _MOST_NAMES = 300, 4


def _asked_day() -> date:
    return forms.calendar_date(request.args, "on") if request.args.get("on") else clock.today()


def _round(on: date) -> list[Visit]:
    """A day's visits of the caller's area in the order of the round: by household, then by time."""
    visits = queries.visits_on(http.session(), actor().scope.area_code, on)
    return sorted(visits, key=lambda visit: (visit.household_code, visit.window_from_minute))[:_MOST_ROWS]


@bp.get("/village-day")
@guard(*_VILLAGE)
def village_day() -> Any:
    """The visits of a day by household, who must be called back, who was not reached, and alarms."""
    session, scope, on = http.session(), actor().scope, _asked_day()
    visits = _round(on)
    silent = desk_queries.silent_visits(session, scope.area_code, clock.now())
    unreached = desk_queries.unreached_visits(session, scope.area_code, clock.today() - timedelta(days=14))
    told_since = clock.now() - timedelta(days=desk_queries.NOTE_DAYS)
    return render_template(
        "visits/village_day.html",
        visits=visits,
        elders=people_by_id(session, [visit.elder_id for visit in visits]),
        carers=queries.carers_of(session, [visit.id for visit in visits]),
        on=on,
        today=clock.today(),
        silent=silent,
        silent_carers=queries.carers_of(session, [visit.id for visit, _ in silent]),
        unreached=unreached,
        still_there=desk_queries.still_there(session, scope.area_code, clock.now()),
        phone_of=phone_of,
        alarms=desk_queries.alarms(session, scope.area_code, clock.now() - timedelta(days=7)),
        notes=desk_queries.notes(session, scope.area_code, told_since),
        late_news=desk_queries.late_news(session, scope.area_code, told_since),
        data_of=data_of,
        VisitState=VisitState,
        is_village=len(scope.area_code) >= 12,
    )


@bp.post("/village-day/<string:visit_id>/confirm")
@guard(*_VILLAGE, load={"visit_id": queries.visit_for})
def confirm(visit: Visit) -> Response:
    """Confirm for an elder who cannot, after asking them at the door or by phone."""
    method = forms.one_of(request.form, "method", ("assistant", "call_back"))
    happy = forms.whole_number(request.form, "happy", least=1, most=3) if request.form.get("happy") else None
    operations.confirm(
        http.session(),
        actor=actor(),
        visit_id=visit.id,
        method=method,
        happy=happy,
        disputed="disputed" in request.form,
        remark=forms.text(request.form, "remark", most=400),
    )
    flash(gettext("Confirmed for the elder."))
    return _to_day(visit.due_on)


def _to_day(on: date) -> Response:
    return redirect(url_for("visit_desk.village_day", on=on.isoformat()), code=303)


@bp.get("/village-day/slips")
@guard(*_VILLAGE)
def slips() -> Any:
    """A day's slips on one page, in the order of the round and of the printed slips."""
    return _slips_page(_asked_day(), {}, None)


def _slips_page(on: date, values: Any, error: TimebankError | None) -> str:
    session = http.session()
    visits = [visit for visit in _round(on) if visit.state in _ON_PAPER]
    carers = queries.carers_of(session, [visit.id for visit in visits])
    rows = [
        (visit, person, _planned_times(visit, carer))
        for visit in visits
        for carer, person in carers.get(visit.id, [])
        if carer.checked_in_at is None and carer.checked_out_at is None
    ]
    elders = people_by_id(session, [visit.elder_id for visit in visits])
    return render_template("visits/slips.html", rows=rows, elders=elders, on=on, values=values, error=error)


def _planned_times(visit: Visit, carer: VisitCarer) -> tuple[str, str]:
    ends = min(carer.starts_minute + visit.duration_minutes, 24 * 60 - 1)
    return local_time(carer.starts_minute), local_time(ends)


@bp.post("/village-day/slips")
@guard(*_VILLAGE)
def enter_slips() -> Any:
    """Keep all slips of the page, or none and say which is wrong. Rows left as they were are visits without a slip."""
    form, session, on = request.form, http.session(), forms.calendar_date(request.form, "on")
    try:
        keys = [name.removeprefix("from-") for name in form if name.startswith("from-")]
        given = [_slip(form, key) for key in keys if _has_slip(form, key)]
        count = operations.enter_slips(session, actor=actor(), slips=given)
    except TimebankError as error:
        session.rollback()
        return _slips_page(on, form, error), error.status
    flash(gettext("{count:# slip is|# slips are} in the book.", count=count))
    return _to_day(on)


@bp.get("/village-day/unplanned-slip")
@guard(*_VILLAGE)
def unplanned_slip_form() -> Any:
    """The form for a slip of help that stood on no plan."""
    return _unplanned_page({"on": _asked_day().isoformat()}, None)


def _unplanned_page(values: Any, error: TimebankError | None) -> str:
    services = [(kind.value, SERVICE_WORDS[kind]) for kind in ServiceKind if LEAST_CREW.get(kind, 1) == 1]
    return render_template(
        "visits/unplanned_slip.html", values=values, services=services, today=clock.today(), error=error
    )


@bp.post("/village-day/unplanned-slip")
@guard(*_VILLAGE)
def enter_unplanned_slip() -> Any:
    """Keep a slip of help that stood on no plan; a reviewer looks at it."""
    form, session = request.form, http.session()
    try:
        photo = request.files.get("photo")
        slip = UnplannedIn(
            elder_id=_only_one(forms.text(form, "elder", required=True, most=60), "elder").id,
            person_id=_only_one(forms.text(form, "person", required=True, most=60), "person").id,
            service=forms.choice(form, "service", ServiceKind),
            on=forms.calendar_date(form, "on"),
            from_minute=forms.clock_minute(form, "from"),
            to_minute=forms.clock_minute(form, "to"),
            is_signed="signed" in form,
            photo=photo.read() or None if photo else None,
        )
        operations.enter_unplanned(session, actor=actor(), slip=slip)
    except TimebankError as error:
        session.rollback()
        return _unplanned_page(form, error), error.status
    flash(gettext("The slip is in the book. A reviewer looks at it."))
    return _to_day(slip.on)


def _only_one(words: str, field: str) -> Person:
    """The one elder or volunteer whom some words mean; refuses nobody, and names who else fits."""
    kind = "elder" if field == "elder" else "volunteer"
    found = search_people(http.session(), actor().scope, words=words, kind=kind)
    exact = [person for person in found if person.name == words] or found
    if not exact:
        text = T("Nobody of this name here. Write the name, its reading or the number of the door.")
        raise BadInput("visits.nobody_found", text, field=field)
    if len(exact) > 1:
        doors = sorted((person.household_code, person.name) for person in exact)[:_MOST_NAMES]
        names = "、".join(f"{name} {code[-4:]}" for code, name in doors)
        text = T("Several people fit: {names}. Write the number of the door after the name.", names=names)
        raise BadInput("visits.several_found", text, field=field)
    return exact[0]


def _has_slip(form: forms.Form, key: str) -> bool:
    """Whether somebody ticked the row, or changed its times: they stand there as planned from the beginning."""
    times = (form.get(f"from-{key}", ""), form.get(f"to-{key}", ""))
    is_changed = any(times) and "-".join(times) != form.get(f"planned-{key}", "")
    is_ticked = f"slip-{key}" in form or f"signed-{key}" in form
    photo = request.files.get(f"photo-{key}")
    return is_ticked or is_changed or bool(photo and photo.filename)


def _slip(form: forms.Form, key: str) -> SlipIn:
    """One row of the page; `key` is `<visit>-<person>`."""
    visit_id, _, person_id = key.partition("-")
    photo = request.files.get(f"photo-{key}")
    return SlipIn(
        visit_id=visit_id,
        person_id=person_id,
        from_minute=forms.clock_minute(form, f"from-{key}"),
        to_minute=forms.clock_minute(form, f"to-{key}"),
        is_signed=f"signed-{key}" in form,
        photo=photo.read() or None if photo else None,
    )


@bp.get("/village-day/slips/print")
@guard(*_VILLAGE)
def print_slips() -> Any:
    """The paper slips of a day: what a volunteer without a phone fills in; they mirror the page that takes them."""
    session, on = http.session(), _asked_day()
    visits = [visit for visit in _round(on) if visit.state in _ON_PAPER]
    return render_template(
        "visits/slips_print.html",
        visits=visits,
        elders=people_by_id(session, [visit.elder_id for visit in visits]),
        homes=queries.households_of(session, [visit.household_code for visit in visits]),
        carers=queries.carers_of(session, [visit.id for visit in visits]),
        on=on,
    )


@bp.post("/village-day/close")
@guard(*_VILLAGE)
def close_day() -> Response:
    """End visits that nobody left: a forgotten departure."""
    on = forms.calendar_date(request.form, "on")
    count = operations.close_day(http.session(), actor=actor(), area_code=actor().area_code, on=on)
    flash(gettext("{count:# visit without a departure was|# visits without a departure were} ended.", count=count))
    return _to_day(on)


@bp.post("/village-day/<string:visit_id>/left")
@guard(*_VILLAGE, load={"visit_id": queries.visit_for})
def left(visit: Visit) -> Response:
    """Write down when somebody left who forgot to sign out."""
    form = request.form
    person_id = forms.text(form, "person_id", required=True, most=31)
    operations.enter_departure(
        http.session(), actor=actor(), visit_id=visit.id, person_id=person_id, left=forms.text(form, "left", most=5)
    )
    flash(gettext("Written down. A reviewer looks at it."))
    return _to_day(clock.today())


@bp.post("/village-day/<string:visit_id>/try-again")
@guard(*_VILLAGE, load={"visit_id": queries.visit_for})
def try_again(visit: Visit) -> Response:
    """Make a second visit where nobody answered."""
    on = forms.calendar_date(request.form, "due_on")
    operations.try_again(http.session(), actor=actor(), visit_id=visit.id, due_on=on)
    flash(gettext("A second visit is made. Somebody must be found for it."))
    return _to_day(on)


@bp.post("/village-day/alarms/<string:event_id>")
@guard(*_VILLAGE)
def answer_alarm(event_id: str) -> Response:
    """Write down that an alarm was taken in hand."""
    words = forms.text(request.form, "words", required=True, most=400)
    operations.answer_alarm(http.session(), actor=actor(), event_id=event_id, words=words)
    flash(gettext("Written down."))
    return _to_day(clock.today())


@bp.get("/village-day/strips")
@guard(Role.ASSISTANT)
def strips() -> Any:
    """The printed strips with the day codes of a month, one for each home of the village."""
    month = _asked_month()
    households = queries.homes_with_visits(http.session(), _own_village(), month)
    return render_template(
        "visits/strips.html", households=households, month=month, days=months.days(month), code=_code
    )


def _asked_month() -> str:
    return months.parse_month(request.args.get("month") or months.of_date(clock.today()))


def _own_village() -> str:
    if len(actor().area_code) < 12:
        raise Refused("visits.strips_by_village", T("Strips and cards are printed for one village at a time."))
    return actor().area_code


def _code(household: Household, on: date) -> str:
    return queries.day_code(household.code, on)


@bp.get("/village-day/cards")
@guard(Role.ASSISTANT)
def cards() -> Any:
    """The printed door cards: landmark, code of the home, and a QR that opens the visit at this home."""
    households = queries.homes_with_visits(http.session(), _own_village(), _asked_month())
    return render_template("visits/cards.html", households=households, qr=_qr)


def _qr(household: Household) -> str:
    base: str = current_app.extensions["settings"].base_url
    code = make_qr(base + url_for("visits.door", household_code=household.code), error="m")
    image: str = code.svg_data_uri(scale=4, border=2)
    return image


@bp.get("/slip-photos/<string:event_id>")
@guard(*_VILLAGE, load={"event_id": desk_queries.photo_for})
def photo(event: SlipPhoto) -> Response:
    """The picture of a slip, for who reviews it: as a file, in a context that runs nothing."""
    headers = {
        "Content-Disposition": 'attachment; filename="slip.jpg"',
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    return Response(desk_queries.jpeg_of(event), mimetype="image/jpeg", headers=headers)
