"""Care plans on the screen: who has one, what was agreed, and agreeing a new version with the elder's side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from timebank.assessments.queries import latest_assessment, level_of
from timebank.auth.guards import OFFICE, STAFF, actor, guard
from timebank.careplans import operations, queries, rules
from timebank.careplans.models import CareItem, CarePlan, ServiceKind
from timebank.careplans.suggestions import REASONS, Suggestion, suggest
from timebank.core import clock, forms, http
from timebank.core.actors import Role
from timebank.core.errors import TimebankError
from timebank.core.i18n import gettext
from timebank.people.models import Person
from timebank.people.queries import consents_of, person_for, proxies_of

bp = Blueprint("careplans", __name__)
_WEEKDAYS = tuple(map(str, range(7)))  # 0 is Monday


@bp.app_context_processor
def words() -> dict[str, Any]:
    """How items of a care plan are said, for every template that shows them."""
    return {"recurrence_words": rules.recurrence_words}


@bp.get("/care-plans")
@guard(*STAFF, Role.AUDITOR)
def list_plans() -> Any:
    """Elders of the caller's area with an agreed care plan, one page."""
    rows = queries.agreed_plans(http.session(), actor().scope, after_id=request.args.get("after_id", ""))
    return render_template("careplans/list.html", rows=rows, may_make_visits=actor().role in OFFICE)


@bp.get("/care-plans/of/<string:person_id>")
@guard(*STAFF, Role.AUDITOR, load={"person_id": person_for})
def show_plan(person: Person) -> Any:
    """What was agreed with an elder, the versions before, and the form for a new one."""
    suggested = _suggested(person) if request.args.get("suggest") else []
    return _page(person, _values_of(person, suggested), None, suggested)


def _suggested(person: Person) -> list[Suggestion]:
    """Lines to begin with, from level, wish and household."""
    session = http.session()
    return suggest(
        level=level_of(session, person.id) or 0,
        wish=person.care_wish,
        tags=person.tags,
        per_week=queries.service_list()["suggested_per_week_by_level"],
        contraindications=queries.contraindications_of(session, person.id, clock.today()),
    )


@bp.post("/care-plans/of/<string:person_id>")
@guard(*STAFF, load={"person_id": person_for})
def agree_plan(person: Person) -> Any:
    """Write down what was agreed; what was typed stays when something is refused."""
    form, session = request.form, http.session()
    try:
        care_plan = operations.agree_care_plan(
            session,
            actor=actor(),
            elder_id=person.id,
            items=_items(form),
            starts_on=forms.calendar_date(form, "starts_on"),
            agreed_by=forms.text(form, "agreed_by", required=True, most=31),
            consent_method=forms.one_of(form, "consent_method", rules.CONSENT_METHODS),
            contraindications=forms.choices(form, "contraindications", rules.CONTRAINDICATIONS),
        )
    except TimebankError as error:
        session.rollback()
        return _page(person, _typed(form), error), error.status
    flash(gettext("Agreed, version {version}", version=care_plan.version))
    return redirect(url_for("careplans.show_plan", person_id=person.id), code=303)


@bp.post("/care-plans/<string:care_plan_id>/end")
@guard(*OFFICE, load={"care_plan_id": queries.care_plan_for})
def end_plan(care_plan: CarePlan) -> Response:
    """End a care plan on a day."""
    ends_on = forms.calendar_date(request.form, "ends_on")
    operations.end_care_plan(http.session(), actor=actor(), care_plan_id=care_plan.id, ends_on=ends_on)
    flash(gettext("The care plan ends on that day. Visits after it are no longer made."))
    return redirect(url_for("careplans.show_plan", person_id=care_plan.elder_id), code=303)


def _items(form: forms.Form) -> list[rules.ItemIn]:
    """The ticked services; a refusal names the field of its service, such as `bath-weekdays`."""
    items = []
    for service in ServiceKind:
        if f"{service.value}-on" not in form:
            continue
        try:
            items.append(rules.check_item(_item(forms.part(form, f"{service.value}-"), service)))
        except TimebankError as error:
            error.field = f"{service.value}-{error.field}"
            raise
    return items


def _item(form: forms.Form, service: ServiceKind) -> rules.ItemIn:
    every = forms.one_of(form, "every", rules.RHYTHMS)
    weekdays = [int(day) for day in forms.choices(form, "weekdays", _WEEKDAYS)]
    return rules.ItemIn(
        service=service,
        recurrence=rules.recurrence(every, weekdays),
        window_from_minute=forms.clock_minute(form, "window_from"),
        window_to_minute=forms.clock_minute(form, "window_to"),
        duration_minutes=forms.whole_number(form, "duration_minutes", least=5, most=480),
        crew_size=forms.whole_number(form, "crew_size", least=1, most=6),
        same_sex=forms.one_of(form, "same_sex", rules.SAME_SEX),
        skips_holidays="skips_holidays" in form,
        skips_market_days="skips_market_days" in form,
        moves_when_off="moves_when_off" in form,
        skills=forms.choices(form, "skills", rules.EXTRA_SKILLS),
        diet=forms.choices(form, "diet", rules.DIETS),
        paid_by=forms.one_of(form, "paid_by", rules.PAID_BY),
        notes=forms.text(form, "notes", most=400),
    )


@dataclass(frozen=True)
class _Row:
    """What the form shows for one service."""

    service: ServiceKind
    ticked: bool
    values: Mapping[str, Any]


def _values_of(person: Person, suggested: Sequence[Suggestion]) -> dict[str, Any]:
    """The present plan as the form shows it, so that a new version starts from what is agreed or suggested."""
    plans = queries.plans_of(http.session(), person.id)
    present = plans[0] if plans else None
    agreed = queries.items_of(http.session(), present.id) if present else []
    items: dict[str, CareItem | rules.ItemIn] = {item.service: item for item in agreed}
    if suggested:
        items = {row.item.service: row.item for row in suggested}
    rows = [_Row(service, service in items, _shown(service, items.get(service))) for service in ServiceKind]
    return {
        "rows": rows,
        "starts_on": clock.today().isoformat(),
        "contraindications": present.contraindications if present else [],
        "agreed_by": "",
        "consent_method": "",
    }


def _shown(service: ServiceKind, item: CareItem | rules.ItemIn | None) -> dict[str, Any]:
    if item is None:
        return {"every": "week", "weekdays": [], "crew_size": rules.LEAST_CREW.get(service, 1)}
    every, weekdays = rules.rhythm_of(item.recurrence)
    return {
        **(vars(item) if isinstance(item, rules.ItemIn) else item.model_dump()),
        "every": every,
        "weekdays": weekdays,
        "window_from": f"{item.window_from_minute // 60:02d}:{item.window_from_minute % 60:02d}",
        "window_to": f"{item.window_to_minute // 60:02d}:{item.window_to_minute % 60:02d}",
    }


def _typed(form: forms.Form) -> dict[str, Any]:
    rows = []
    for service in ServiceKind:
        own = forms.part(form, f"{service.value}-")
        values: dict[str, Any] = {
            **own.to_dict(),
            "weekdays": [int(day) for day in own.getlist("weekdays") if day in _WEEKDAYS],
            "skills": own.getlist("skills"),
            "diet": own.getlist("diet"),
        }
        rows.append(_Row(service, "on" in own, values))
    return {**form.to_dict(), "rows": rows, "contraindications": form.getlist("contraindications")}


def _page(
    person: Person, values: Mapping[str, Any], error: TimebankError | None, suggested: Sequence[Suggestion] = ()
) -> str:
    session = http.session()
    plans = queries.plans_of(session, person.id)
    return render_template(
        "careplans/show.html",
        person=person,
        plans=[(care_plan, queries.items_of(session, care_plan.id)) for care_plan in plans],
        proxies=[holder for proxy, holder in proxies_of(session, person.id) if "request" in proxy.purposes],
        consents=consents_of(session, person.id),
        latest=latest_assessment(session, person.id),
        granted=queries.service_list(),
        values=values,
        error=error,
        rules=rules,
        suggested=suggested,
        suggestion_words=REASONS,
        may_agree=actor().role in STAFF,
        today=clock.today(),
    )
