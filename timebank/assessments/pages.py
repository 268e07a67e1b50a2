"""Assessments on the screen: what waits, an elder's course, the form, the result, the two signatures, disputes."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from timebank.assessments import operations, pictures, queries, rules, scales, words
from timebank.assessments.models import Assessment
from timebank.auth.guards import actor, guard, public
from timebank.auth.queries import user_by_id
from timebank.core import clock, forms, http
from timebank.core.actors import Role
from timebank.core.errors import TimebankError
from timebank.core.i18n import gettext
from timebank.people.models import Person
from timebank.people.queries import person_for
from timebank.people.rules import masked_name
from timebank.policies.queries import in_force

bp = Blueprint("assessments", __name__)
ASSESSORS = (Role.COORDINATOR, Role.SUPERVISOR, Role.ASSISTANT)
FIGURES = (Role.BUREAU, Role.SUPERVISOR, Role.COORDINATOR, Role.AUDITOR)


@bp.app_template_filter("said")
def said(label: scales.Label) -> str:
    """Words that a scale file brings along, in the reader's language."""
    return words.said(label)


@bp.get("/assessments")
@guard(*ASSESSORS)
def list_assessments() -> Any:
    """What waits for a signature, what is disputed, what is due."""
    session, caller, today = http.session(), actor(), clock.today()
    return render_template(
        "assessments/list.html",
        under_way=queries.under_way(session, caller.scope),
        disputes=queries.open_disputes(session, caller.scope),
        due=queries.due_in(session, caller.area_code, today),
        state_words=words.STATE_WORDS,
        caller=caller,
        today=today,
    )


@bp.get("/assessments/figures")
@guard(*FIGURES)
def figures() -> Any:
    """Levels of dependency by township or village, without names."""
    rows = queries.level_figures(http.session(), actor().area_code, clock.today())
    return render_template("assessments/figures.html", rows=rows, level_words=words.LEVEL_WORDS)


@bp.get("/assessments/of/<string:person_id>")
@guard(*ASSESSORS, load={"person_id": person_for})
def of_person(person: Person) -> Any:
    """An elder's assessments over time, and the way to the next one."""
    return _course(person, {}, None)


def _course(person: Person, values: Mapping[str, Any], error: TimebankError | None) -> str:
    session = http.session()
    history = queries.history(session, person.id)
    disputes = queries.disputes_of(session, person.id)
    months = in_force(session, person.area_code, clock.today()).number("assessment.interval_months")
    levels = [(row.assessed_on, row.level) for row in reversed(history) if row.level is not None]
    return render_template(
        "assessments/course.html",
        person=person,
        history=history,
        scale_of={row.scale: scales.scale(row.scale) for row in history},
        course=pictures.course(levels, highest=len(words.LEVEL_WORDS) - 1),
        disputes={key: (dispute, queries.words_of(dispute)) for key, dispute in disputes.items()},
        next_due=rules.next_due(history[0].assessed_on, months) if history else None,
        open_one=queries.open_one(session, person.id),
        may_assess=queries.may_assess(session, actor(), clock.today()),
        reasons=rules.REASONS,
        level_words=words.LEVEL_WORDS,
        scales={name: scales.scale(name).name for name in scales.names()},
        values=values,
        error=error,
        caller=actor(),
    )


@bp.post("/assessments/of/<string:person_id>")
@guard(*ASSESSORS, load={"person_id": person_for})
def begin(person: Person) -> Any:
    """Open the form."""
    form, session = request.form, http.session()
    try:
        made = operations.begin(
            session,
            actor=actor(),
            elder_id=person.id,
            reason=forms.one_of(form, "reason", rules.REASONS),
            scale=forms.one_of(form, "scale", scales.names()) if form.get("scale") else scales.CURRENT,
            assessed_on=None,
        )
    except TimebankError as error:
        session.rollback()
        return _course(person, form, error), error.status
    return redirect(url_for("assessments.form", assessment_id=made.id), code=303)


@bp.get("/assessments/<string:assessment_id>/form")
@guard(*ASSESSORS, load={"assessment_id": queries.assessment_for})
def form(assessment: Assessment) -> Any:
    """The form, part by part; one page, so that a tablet can keep it."""
    if assessment.state != "draft" or assessment.first_assessor_id != actor().user_id:
        return redirect(url_for("assessments.show", assessment_id=assessment.id))
    return _form(assessment, {}, None)


def _form(assessment: Assessment, typed: Mapping[str, str], error: TimebankError | None) -> str:
    scale, content = scales.scale(assessment.scale), queries.opened(assessment)
    person = http.session().get_one(Person, assessment.elder_id)
    return render_template(
        "assessments/form.html",
        assessment=assessment,
        person=person,
        scale=scale,
        values=queries.as_typed(assessment) | dict(typed),
        missing=rules.missing(scale, content.answers),
        sent_back=content.sent_back,
        most_events=rules.MOST_EVENTS,
        error=error,
        owner=actor().user_id,
        label=masked_name(person.name),
    )


@bp.post("/assessments/<string:assessment_id>/form")
@guard(*ASSESSORS, load={"assessment_id": queries.assessment_for})
def save(assessment: Assessment) -> Any:
    """Keep what the form says; then on to the next part, or sign."""
    sent, session = request.form, http.session()
    known = {*rules.field_names(scales.scale(assessment.scale)), *operations.OTHER_FIELDS}
    values = {name: sent[name] for name in known if name in sent}
    try:
        operations.save_draft(session, actor=actor(), assessment_id=assessment.id, values=values)
        if "sign" in sent:
            operations.sign_first(session, actor=actor(), assessment_id=assessment.id)
    except TimebankError as error:
        if error.code == "assessments.missing_answers":
            return _form(assessment, {}, error), error.status  # what was answered so far is kept
        session.rollback()
        return _form(session.get_one(Assessment, assessment.id), values, error), error.status
    if "sign" in sent:
        flash(gettext("Signed. Now a second assessor looks at it and signs."))
        return redirect(url_for("assessments.show", assessment_id=assessment.id), code=303)
    anchor = sent.get("next", "")
    flash(gettext("Kept. You can go on later, on any device."))
    fits = anchor in {part.id for part in scales.scale(assessment.scale).parts} | {"beside", "sign"}
    return redirect(
        url_for("assessments.form", assessment_id=assessment.id, _anchor=f"part-{anchor}" if fits else None), code=303
    )


@bp.get("/assessments/<string:assessment_id>")
@guard(*ASSESSORS, load={"assessment_id": queries.assessment_for})
def show(assessment: Assessment) -> Any:
    """The result: every answer, how it was counted, who signed; and the buttons of who comes next."""
    return _result(assessment, None)


def _result(assessment: Assessment, error: TimebankError | None) -> str:
    session, scale, content = http.session(), scales.scale(assessment.scale), queries.opened(assessment)
    first, second = (user_by_id(session, id) for id in (assessment.first_assessor_id, assessment.second_assessor_id))
    return render_template(
        "assessments/show.html",
        assessment=assessment,
        person=session.get_one(Person, assessment.elder_id),
        scale=scale,
        content=content,
        trace=words.trace_words(scale, content.trace),
        is_deleted=assessment.content_sealed == queries.DELETED,
        agrees=assessment.level is None or queries.counts_the_same(assessment),
        names={"first": first.display_name if first else "–", "second": second.display_name if second else "–"},
        dispute=queries.disputes_of(session, assessment.elder_id).get(assessment.id),
        state_words=words.STATE_WORDS,
        reasons=rules.REASONS,
        error=error,
        caller=actor(),
    )


@bp.post("/assessments/<string:assessment_id>/sign")
@guard(*ASSESSORS, load={"assessment_id": queries.assessment_for})
def sign(assessment: Assessment) -> Any:
    """The second signature."""
    return _act(assessment, operations.sign_second, gettext("Signed by both: valid from now on."))


def _act(assessment: Assessment, work: Any, message: str, **given: str) -> Any:
    session = http.session()
    try:
        work(session, actor=actor(), assessment_id=assessment.id, **given)
    except TimebankError as error:
        session.rollback()
        return _result(session.get_one(Assessment, assessment.id), error), error.status
    flash(message)
    return redirect(url_for("assessments.show", assessment_id=assessment.id), code=303)


@bp.post("/assessments/<string:assessment_id>/send-back")
@guard(*ASSESSORS, load={"assessment_id": queries.assessment_for})
def send_back(assessment: Assessment) -> Any:
    """Ask the first assessor to look again."""
    asked = request.form.get("words", "")
    return _act(assessment, operations.send_back, gettext("Sent back to the first assessor."), words=asked)


@bp.post("/assessments/<string:assessment_id>/withdraw")
@guard(*ASSESSORS, load={"assessment_id": queries.assessment_for})
def withdraw(assessment: Assessment) -> Response:
    """Give up an assessment that is not valid."""
    operations.withdraw(http.session(), actor=actor(), assessment_id=assessment.id)
    flash(gettext("Given up. Its answers are deleted."))
    return redirect(url_for("assessments.of_person", person_id=assessment.elder_id), code=303)


@bp.post("/assessments/<string:assessment_id>/dispute")
@guard(*ASSESSORS, load={"assessment_id": queries.assessment_for})
def dispute(assessment: Assessment) -> Any:
    """Keep on behalf of the elder's side that they do not agree."""
    said = request.form.get("words", "")
    return _act(assessment, operations.raise_dispute, gettext("Kept. Two other people will assess again."), words=said)


@bp.get("/assessments/offline")
@public
def offline() -> Any:
    """The empty form of every scale, which a tablet fills from what it keeps when there is no network."""
    found = [scales.scale(name) for name in scales.names()]
    return render_template("assessments/offline.html", scales=found, most_events=rules.MOST_EVENTS)
