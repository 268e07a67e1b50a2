"""The emergency desk: open cases with their clock, one case, its report, who is on duty, a call written down."""

from datetime import date, datetime, timedelta
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from timebank.areas.models import Area, AreaKind
from timebank.areas.queries import area_for, areas_within
from timebank.auth.guards import STAFF, actor, guard
from timebank.careplans.rules import WEEKDAYS
from timebank.core import clock, forms, http
from timebank.core.actors import Role
from timebank.core.errors import NotFound, TimebankError
from timebank.core.i18n import gettext
from timebank.core.text import T
from timebank.emergency import operations, queries, ready_queries, rules
from timebank.emergency.models import AskState, CaseEnding, CaseKind, CaseSource, DutyShift, EmergencyCase
from timebank.mutual.queries import volunteers_to_choose
from timebank.people.models import Household, Person, PersonState
from timebank.people.queries import people_by_id, phone_of, search_people

bp = Blueprint("emergency", __name__)
_READERS = (*STAFF, Role.AUDITOR)


@bp.app_context_processor
def shared_words() -> dict[str, Any]:
    """What kinds, states and endings are called, for every template that shows emergencies."""
    return {
        "emergency_words": {
            "kind": rules.KIND_WORDS,
            "source": rules.SOURCE_WORDS,
            "ask": rules.ASK_WORDS,
            "entry": rules.ENTRY_WORDS,
            "ending": rules.ENDING_WORDS,
            "reason": rules.REASON_WORDS,
            "levels": rules.LEVELS,
        },
        "words_of": queries.words_of,
        "minutes_since": _minutes_since,
    }


def _minutes_since(instant: datetime, until: datetime | None = None) -> int:
    return int(((until or clock.now()) - instant).total_seconds()) // 60


def chosen_area(asked: str = "") -> Area:
    """The area that the address asks for, within the caller's; theirs where it asks for none."""
    scope = actor().scope
    found = area_for(http.session(), scope, asked or request.args.get("area_code") or scope.area_code)
    if found is None:
        raise NotFound("http.404", T("There is no such page here, or it is not yours to see."))
    return found


@bp.get("/emergency")
@guard(*_READERS)
def desk() -> Any:
    """What is open, with its clock; who is on duty now; what is due."""
    session, area = http.session(), chosen_area()
    cases = queries.open_cases(session, area.code)
    return render_template(
        "emergency/desk.html",
        area=area,
        cases=cases,
        helpers=queries.helpers_of(session, [case.id for case, _ in cases]),
        duty=queries.on_duty_at(session, area.code, clock.now()) if len(area.code) >= 9 else [],
        closed=queries.closed_cases(session, area.code)[:10],
        drills=[row for row in ready_queries.drill_calendar(session, actor().scope, clock.today()) if _reminds(row)],
        call_ups=[one for one in ready_queries.call_ups_in(session, area.code) if one.ended_at is None],
        phone_of=phone_of,
        may_write=actor().role in STAFF,
        now=clock.now(),
    )


def _reminds(row: ready_queries.TownshipDrills) -> bool:
    return row.due is not None and row.due.is_near


@bp.get("/emergency/new")
@guard(*STAFF)
def call_form() -> Any:
    """Find the elder of whom somebody calls."""
    return _call_page({}, None)


def _call_page(values: Any, error: TimebankError | None) -> str:
    words = request.values.get("words_asked", "").strip()[:60]
    found = search_people(http.session(), actor().scope, words=words, kind="elder") if words else []
    return render_template("emergency/new.html", words=words, found=found[:12], values=values, error=error)


@bp.post("/emergency/new")
@guard(*STAFF)
def write_call() -> Any:
    """Open the emergency of a call."""
    form, session = request.form, http.session()
    try:
        case = operations.open_case(
            session,
            actor=actor(),
            elder_id=forms.text(form, "elder_id", required=True, most=31),
            source=CaseSource.CALL,
            kind=forms.choice(form, "kind", CaseKind),
            words=forms.text(form, "words", most=400),
        )
    except TimebankError as error:
        session.rollback()
        return _call_page(form, error), error.status
    flash(gettext("The nearest people are asked to go. If a life is in danger, call 120 now."))
    return _to_case(case.id)


def _to_case(case_id: str) -> Response:
    return redirect(url_for("emergency.show_case", emergency_id=case_id), code=303)


@bp.get("/emergency/cases/<string:emergency_id>")
@guard(*_READERS, load={"emergency_id": queries.case_for})
def show_case(emergency: EmergencyCase) -> Any:
    """One case: the clock, who was asked, who is on duty, what happened so far."""
    session = http.session()
    elder = session.get_one(Person, emergency.elder_id)
    entries = queries.entries_of(session, emergency.id)
    report = queries.report_of(session, emergency.id)
    helpers = queries.helpers_of(session, [emergency.id]).get(emergency.id, [])
    asked = {person.id for _, person in helpers}
    could_go = [] if emergency.closed_at else queries.who_could_go(session, emergency, clock.now())[:8]
    named = {entry.person_id for entry in entries if entry.person_id} | {one.person_id for one in could_go}
    people = people_by_id(session, named | set(report.who if report else []))
    return render_template(
        "emergency/case.html",
        case=emergency,
        elder=elder,
        home=session.get_one(Household, elder.household_code),
        helpers=helpers,
        could_go=[(one, people[one.person_id]) for one in could_go if one.person_id not in asked],
        duty=queries.on_duty_at(session, emergency.area_code, clock.now()),
        entries=entries,
        people=people,
        report=report,
        phone_of=phone_of,
        may_write=actor().role in STAFF and emergency.closed_at is None,
        now=clock.now(),
    )


@bp.post("/emergency/cases/<string:emergency_id>/people")
@guard(*STAFF, load={"emergency_id": queries.case_for})
def tell_person(emergency: EmergencyCase) -> Response:
    """Ask somebody by name, or write down what somebody who was asked says on the phone."""
    form, session = request.form, http.session()
    person_id = forms.text(form, "person_id", required=True, most=31)
    if form.get("state") == AskState.ASKED:
        operations.ask_person(session, actor=actor(), case_id=emergency.id, person_id=person_id)
    else:
        state = forms.choice(form, "state", AskState)
        operations.answer(session, actor=actor(), case_id=emergency.id, person_id=person_id, state=state)
    return _to_case(emergency.id)


@bp.post("/emergency/cases/<string:emergency_id>/log")
@guard(*STAFF, load={"emergency_id": queries.case_for})
def write_log(emergency: EmergencyCase) -> Response:
    """Write down that 120 was called, or a note."""
    form, session = request.form, http.session()
    words = forms.text(form, "words", most=400)
    if forms.one_of(form, "what", ("120", "note")) == "120":
        operations.call_120(session, actor=actor(), case_id=emergency.id, words=words)
    else:
        operations.write_note(session, actor=actor(), case_id=emergency.id, words=words)
    flash(gettext("Written down."))
    return _to_case(emergency.id)


@bp.get("/emergency/cases/<string:emergency_id>/report")
@guard(*STAFF, load={"emergency_id": queries.case_for})
def report_form(emergency: EmergencyCase) -> Any:
    """The closing report."""
    return _report_page(emergency, {}, None)


def _report_page(case: EmergencyCase, values: Any, error: TimebankError | None) -> str:
    session = http.session()
    helpers = queries.helpers_of(session, [case.id]).get(case.id, [])
    raised = {entry.person_id for entry in queries.entries_of(session, case.id) if entry.person_id}
    people = people_by_id(session, {person.id for _, person in helpers} | raised)
    there = {helper.person_id for helper, _ in helpers if helper.state == AskState.THERE}
    return render_template(
        "emergency/report.html",
        case=case,
        elder=session.get_one(Person, case.elder_id),
        people=sorted(people.values(), key=lambda person: (person.id not in there, person.pinyin_key)),
        there=there,
        there_on=clock.local_date(case.there_at or case.opened_at),
        today=clock.today(),
        now=clock.now(),
        values=values,
        error=error,
    )


@bp.post("/emergency/cases/<string:emergency_id>/report")
@guard(*STAFF, load={"emergency_id": queries.case_for})
def close_case(emergency: EmergencyCase) -> Any:
    """Close the case with its report; an incomplete one comes back with the field that is missing."""
    form, session = request.form, http.session()
    try:
        report = operations.ReportIn(
            ending=forms.choice(form, "ending", CaseEnding),
            words=forms.text(form, "words", required=True, most=1_000),
            there_at=_moment(form, "there") if form.get("there_time") else None,
            over_at=_moment(form, "over"),
            who=form.getlist("who"),
        )
        operations.close_case(session, actor=actor(), case_id=emergency.id, report=report)
    except TimebankError as error:
        session.rollback()
        return _report_page(session.get_one(EmergencyCase, emergency.id), form, error), error.status
    flash(gettext("The case is closed. Thank everybody who went."))
    return _to_case(emergency.id)


def _moment(form: forms.Form, name: str) -> datetime:
    """A day and a clock time of a form as an instant; the minute counts, not the seconds."""
    return clock.at_local(forms.calendar_date(form, f"{name}_on"), forms.clock_minute(form, f"{name}_time"))


@bp.get("/emergency/duty")
@guard(*_READERS)
def duty() -> Any:
    """The duty list of a village or township: the week, the exceptions, hours without anybody."""
    return _duty_page(chosen_area(), {}, None)


def _duty_page(area: Area, values: Any, error: TimebankError | None) -> str:
    session, on = http.session(), clock.today()
    is_listed = len(area.code) >= 9
    code = area.code[:12] if len(area.code) >= 12 else area.code[:9]
    shifts = [shift for shift in queries.shifts_in(session, {code}, on) if _is_in_force(shift, on)] if is_listed else []
    week = [on + timedelta(days=ahead) for ahead in range(7)]
    both = queries.shifts_in(session, {code, code[:9]}, on) if is_listed else []
    changes = queries.changes_of(session, both, on - timedelta(days=1), week[-1])
    people = people_by_id(
        session, {shift.person_id for shift in both} | {one for one in changes.values() if one is not None}
    )
    not_here = {one for one, person in people.items() if person.state != PersonState.ACTIVE}
    return render_template(
        "emergency/duty.html",
        area=area,
        places=areas_within(session, area.code[:9], AreaKind.VILLAGE if is_listed else AreaKind.TOWNSHIP),
        days=[(day, _of_day(shifts, changes, day), rules.gaps(both, changes, day, not_here=not_here)) for day in week],
        people=people,
        volunteers=volunteers_to_choose(session, area.code[:9], first_of=code) if is_listed else [],
        weekdays=WEEKDAYS,
        code=code,
        may_write=actor().role in STAFF and is_listed and actor().scope.holds_area(code),
        values=values,
        error=error,
    )


def _is_in_force(shift: DutyShift, on: date) -> bool:
    return shift.ends_on is None or shift.ends_on >= on


def _of_day(
    shifts: list[DutyShift], changes: dict[tuple[str, date], str | None], day: date
) -> list[tuple[DutyShift, str | None, bool]]:
    """The shifts that begin on a day: who holds each, and whether that is an exception."""
    begun = [shift for shift in shifts if shift.weekday == day.weekday()]
    begun = [shift for shift in begun if shift.starts_on <= day and (shift.ends_on is None or day <= shift.ends_on)]
    return [(shift, changes.get((shift.id, day), shift.person_id), (shift.id, day) in changes) for shift in begun]


@bp.post("/emergency/duty")
@guard(*STAFF)
def add_shift() -> Any:
    """Put somebody on duty on some days of the week."""
    form, session = request.form, http.session()
    area = chosen_area(forms.text(form, "area_code", required=True, most=14))
    try:
        for weekday in forms.choices(form, "weekday", [str(day) for day in range(7)]) or ["missing"]:
            operations.add_shift(
                session,
                actor=actor(),
                area_code=area.code,
                person_id=forms.text(form, "person_id", required=True, most=31),
                weekday=int(weekday) if weekday.isdigit() else -1,
                from_minute=forms.clock_minute(form, "from"),
                to_minute=forms.clock_minute(form, "to"),
            )
    except TimebankError as error:
        session.rollback()
        return _duty_page(session.get_one(Area, area.code), form, error), error.status
    flash(gettext("On the duty list."))
    return _to_duty(area.code)


def _to_duty(area_code: str) -> Response:
    return redirect(url_for("emergency.duty", area_code=area_code), code=303)


@bp.post("/emergency/duty/<string:shift_id>/end")
@guard(*STAFF, load={"shift_id": queries.shift_for})
def end_shift(shift: DutyShift) -> Response:
    """Take a shift off the list."""
    operations.end_shift(http.session(), actor=actor(), shift_id=shift.id)
    flash(gettext("Taken off the duty list."))
    return _to_duty(shift.area_code)


@bp.post("/emergency/duty/<string:shift_id>/change")
@guard(*STAFF, load={"shift_id": queries.shift_for})
def change_shift(shift: DutyShift) -> Response:
    """Let somebody else take a shift on one day, or nobody."""
    form = request.form
    instead_id = forms.text(form, "instead_id", most=31) or None
    on = forms.calendar_date(form, "on")
    operations.change_shift(http.session(), actor=actor(), shift_id=shift.id, on=on, instead_id=instead_id)
    flash(gettext("Written down for that day."))
    return _to_duty(shift.area_code)
