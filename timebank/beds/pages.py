"""Home-care beds at the desk: the list with this month's figures, one bed with its steps, its things and its papers."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlmodel import Session
from werkzeug.wrappers import Response

from timebank.assessments.queries import latest_assessment
from timebank.auth.guards import actor, guard
from timebank.beds import checklists, operations, queries, rules
from timebank.beds.models import CareBed
from timebank.beds.operations import Contract, Paper
from timebank.core import clock, forms, http, ids, months
from timebank.core.actors import Actor, Role, Scope
from timebank.core.errors import TimebankError
from timebank.core.i18n import current_locale, gettext, say
from timebank.people.models import Person
from timebank.people.queries import person_for, proxies_of

bp = Blueprint("beds", __name__)
DESK = (Role.COORDINATOR, Role.SUPERVISOR, Role.ASSISTANT)
READERS = (*DESK, Role.BUREAU, Role.AUDITOR)


@bp.app_context_processor
def bed_words() -> dict[str, Any]:
    """The bed of an elder, for pages of features that stand before this one."""
    return {"bed_of": lambda elder_id: queries.bed_of(http.session(), elder_id)}


@bp.get("/beds")
@guard(*READERS)
def list_beds() -> Any:
    """One page of beds, by state, with what each got this month; or only those that got too little."""
    session, month = http.session(), months.of_date(clock.today())
    asked = {key: request.args.get(key, "") for key in ("state", "after_id", "short", "area")}
    inside = asked["area"].isdecimal() and asked["area"].isascii() and asked["area"].startswith(actor().area_code)
    scope = Scope(asked["area"]) if inside else actor().scope
    after_id = asked["after_id"] if ids.is_id(asked["after_id"], "bed") else ""
    figures = queries.month_figures(session, scope.area_code, month)
    months_of = {row.bed.id: row.month for row in figures}
    if asked["short"]:
        rows = [(row.bed, row.elder) for row in figures if row.month.is_short]
    else:
        rows = queries.beds_in(session, scope, state=asked["state"], after_id=after_id)
    return render_template(
        "beds/list.html",
        rows=rows,
        months_of=months_of,
        short=sum(row.is_short for row in months_of.values()),
        counts=queries.count_by_state(session, scope.area_code),
        state_words=rules.STATE_WORDS,
        asked=asked,
        month=month,
        page_rows=len(rows) if not asked["short"] else 0,
        may_assess=actor().role in DESK,
    )


@bp.get("/beds/of/<string:person_id>")
@guard(*DESK, load={"person_id": person_for})
def of_person(person: Person) -> Any:
    """An elder's beds, and the form to apply for one."""
    return _apply_form(person, {}, None)


def _apply_form(person: Person, values: Mapping[str, Any], error: TimebankError | None) -> str:
    session = http.session()
    return render_template(
        "beds/apply.html",
        person=person,
        beds=queries.beds_of(session, person.id),
        bed=queries.bed_of(session, person.id),
        proxies=[holder for proxy, holder in proxies_of(session, person.id) if "request" in proxy.purposes],
        state_words=rules.STATE_WORDS,
        values=values,
        error=error,
        today=clock.today(),
    )


@bp.post("/beds/of/<string:person_id>")
@guard(*DESK, load={"person_id": person_for})
def apply(person: Person) -> Any:
    """Keep an application."""
    form, session = request.form, http.session()
    try:
        applied_by = forms.text(form, "applied_by", required=True, most=31)
        bed = operations.apply(session, actor=actor(), elder_id=person.id, applied_by=applied_by, paper=_paper(form))
    except TimebankError as error:
        session.rollback()
        return _apply_form(person, form, error), error.status
    flash(gettext("The application is kept. Next: the assessment."))
    return redirect(url_for("beds.show", bed_id=bed.id), code=303)


def _paper(form: forms.Form) -> Paper:
    return Paper(
        happened_on=forms.calendar_date(form, "happened_on"),
        evidence=forms.text(form, "evidence", most=200),
        words=forms.text(form, "words", most=400),
    )


@bp.get("/beds/<string:bed_id>")
@guard(*READERS, load={"bed_id": queries.bed_for})
def show(bed: CareBed) -> Any:
    """One bed: where it stands, this month, its things, inspections and hazards, every step so far."""
    return _bed(bed, {}, None)


def _bed(bed: CareBed, values: Mapping[str, Any], error: TimebankError | None) -> str:
    session, caller, month = http.session(), actor(), months.of_date(clock.today())
    figures = queries.month_figures(session, bed.area_code, month, bed_id=bed.id)
    before = queries.month_figures(session, bed.area_code, months.preceding(month), bed_id=bed.id)
    return render_template(
        "beds/show.html",
        bed=bed,
        person=session.get_one(Person, bed.elder_id),
        steps=queries.steps_of(session, bed.id),
        next_steps=rules.steps_from(bed.state),
        figures=[(name, rows[0].month) for name, rows in ((month, figures), (months.preceding(month), before)) if rows],
        equipment=queries.equipment_of(session, bed.id),
        adaptations=queries.adaptations_of(session, bed.id),
        inspections=queries.inspections_of(session, bed.id),
        hazards=queries.hazards_of(session, bed.id),
        items=checklists.items(),
        checklist_name=checklists.name_of,
        latest=latest_assessment(session, bed.elder_id) if caller.role in DESK else None,
        rules=rules,
        values=values,
        error=error,
        may_write=caller.role in DESK,
        may_inspect=caller.role in INSPECTORS,
        today=clock.today(),
    )


INSPECTORS = (Role.SUPERVISOR, Role.BUREAU)


def _contract(form: forms.Form) -> Contract:
    return Contract(
        provider=forms.text(form, "provider", required=True, most=80),
        contract_no=forms.text(form, "contract_no", required=True, most=40),
        starts_on=forms.calendar_date(form, "starts_on"),
        ends_on=forms.calendar_date(form, "ends_on"),
        monthly_target_visits=forms.whole_number(form, "monthly_target_visits", least=1, most=62),
        monthly_target_minutes=forms.whole_number(form, "monthly_target_minutes", least=30, most=14_880),
    )


def _adaptations(form: forms.Form) -> list[tuple[str, bool]]:
    later = set(forms.choices(form, "later", rules.ADAPTATIONS))
    return [(kind, kind not in later) for kind in forms.choices(form, "adaptations", rules.ADAPTATIONS)]


def _check(session: Session, *, actor: Actor, bed_id: str, paper: Paper) -> CareBed:
    wanted = _adaptations(request.form)
    return operations.check_home(session, actor=actor, bed_id=bed_id, adaptations=wanted, paper=paper)


def _sign(session: Session, *, actor: Actor, bed_id: str, paper: Paper) -> CareBed:
    return operations.sign_contract(session, actor=actor, bed_id=bed_id, contract=_contract(request.form), paper=paper)


_STEPS: dict[str, Callable[..., CareBed]] = {
    "assess": operations.take_over_assessment,
    "check": _check,
    "contract": _sign,
    "begin": operations.begin,
    "suspend": operations.suspend,
    "resume": operations.resume,
    "close": operations.close,
}


@bp.post("/beds/<string:bed_id>/steps")
@guard(*DESK, load={"bed_id": queries.bed_for})
def take_step(bed: CareBed) -> Any:
    """Take one step with its paper; what was typed stays when it is refused."""
    form, session = request.form, http.session()
    try:
        step = forms.one_of(form, "step", _STEPS)
        _STEPS[step](session, actor=actor(), bed_id=bed.id, paper=_paper(form))
    except TimebankError as error:
        session.rollback()
        return _bed(session.get_one(CareBed, bed.id), form, error), error.status
    return _back(bed, say(rules.STEP_WORDS[step]))


def _back(bed: CareBed, message: str) -> Response:
    flash(message)
    return redirect(url_for("beds.show", bed_id=bed.id), code=303)


@bp.post("/beds/<string:bed_id>/equipment")
@guard(*DESK, load={"bed_id": queries.bed_for})
def lend(bed: CareBed) -> Response:
    """Write down a thing that was brought."""
    form = request.form
    operations.lend(
        http.session(),
        actor=actor(),
        bed_id=bed.id,
        kind=forms.one_of(form, "kind", rules.EQUIPMENT),
        mark=forms.text(form, "mark", most=40),
        placed_on=forms.calendar_date(form, "placed_on"),
    )
    return _back(bed, gettext("Saved."))


@bp.post("/beds/<string:bed_id>/equipment/<string:equipment_id>/back")
@guard(*DESK, load={"bed_id": queries.bed_for})
def take_back(bed: CareBed, equipment_id: str) -> Response:
    """Write down that a thing came back today."""
    operations.take_back(
        http.session(), actor=actor(), bed_id=bed.id, equipment_id=equipment_id, returned_on=clock.today()
    )
    return _back(bed, gettext("Saved."))


@bp.post("/beds/<string:bed_id>/adaptations/<string:adaptation_id>/done")
@guard(*DESK, load={"bed_id": queries.bed_for})
def finish_adaptation(bed: CareBed, adaptation_id: str) -> Response:
    """Write down that a change of the home is done."""
    operations.finish_adaptation(
        http.session(),
        actor=actor(),
        bed_id=bed.id,
        adaptation_id=adaptation_id,
        done_on=clock.today(),
        evidence=forms.text(request.form, "evidence", required=True, most=200),
    )
    return _back(bed, gettext("Saved."))


@bp.get("/beds/<string:bed_id>/inspect")
@guard(*INSPECTORS, load={"bed_id": queries.bed_for})
def inspect_form(bed: CareBed) -> Any:
    """The checklist."""
    return _inspect(bed, {"inspected_on": clock.today().isoformat()}, None)


def _inspect(bed: CareBed, values: Mapping[str, Any], error: TimebankError | None) -> str:
    session = http.session()
    return render_template(
        "beds/inspect.html",
        bed=bed,
        person=session.get_one(Person, bed.elder_id),
        items=[(item, item.said(current_locale())) for item in checklists.items().values()],
        open_items={row.item for row in queries.hazards_of(session, bed.id) if row.closed_by_id is None},
        answers=rules.ANSWERS,
        values=values,
        error=error,
    )


@bp.post("/beds/<string:bed_id>/inspect")
@guard(*INSPECTORS, load={"bed_id": queries.bed_for})
def inspect(bed: CareBed) -> Any:
    """Keep an inspection; hazards become tickets, those that are gone are closed."""
    form, session = request.form, http.session()
    try:
        operations.inspect(
            session,
            actor=actor(),
            bed_id=bed.id,
            answers=forms.part(form, "item-").to_dict(),
            inspected_on=forms.calendar_date(form, "inspected_on"),
            words=forms.text(form, "words", most=400),
        )
    except TimebankError as error:
        session.rollback()
        return _inspect(session.get_one(CareBed, bed.id), form, error), error.status
    return _back(bed, gettext("The inspection is kept."))
