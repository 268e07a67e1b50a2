"""The rules of the scheme in plain words, and how the bureau changes them."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for

from timebank.areas.queries import area
from timebank.auth.guards import EVERY_ROLE, actor, guard
from timebank.core import clock, forms, http
from timebank.core.actors import Role
from timebank.core.errors import TimebankError
from timebank.core.i18n import gettext
from timebank.policies import operations, queries
from timebank.policies.key import PolicyKey
from timebank.policies.rules import CHOICE_WORDS, KEYS, value_words

bp = Blueprint("policies", __name__)


@bp.app_context_processor
def words() -> dict[str, Any]:
    """What keys and choices are called, for every template that shows rules."""
    return {"value_words": value_words, "key_words": {name: key.words for name, key in KEYS.items()}}


@bp.get("/rules")
@guard(*EVERY_ROLE)
def rules_in_force() -> Any:
    """The rules in force today where the caller lives or works, each with its source."""
    session, code = http.session(), actor().area_code[:9]
    policy = queries.in_force(session, code, clock.today())
    versions = queries.versions_of(session, code)
    rows = [
        {
            "key": name,
            "words": key.words,
            "value": policy.values[name],
            "source": key.source,
            "choices": key.choices,
            "assumed": queries.is_assumed(versions, name),
        }
        for name, key in KEYS.items()
    ]
    return render_template(
        "policies/rules.html",
        rows=rows,
        policy=policy,
        area=area(session, code),
        versions=versions,
        may_change=actor().role in (Role.BUREAU, Role.SUPERVISOR),
    )


@bp.get("/rules/change")
@guard(Role.BUREAU, Role.SUPERVISOR)
def change_form() -> Any:
    """The form to propose rules from a day on."""
    return _form({}, None)


def _form(values: Any, error: TimebankError | None) -> str:
    session, code = http.session(), actor().area_code[:9]
    policy = queries.in_force(session, code, clock.today())
    return render_template(
        "policies/change.html",
        keys=KEYS,
        options={name: [(choice, CHOICE_WORDS[choice]) for choice in key.choices] for name, key in KEYS.items()},
        policy=policy,
        area=area(session, code),
        values=values,
        error=error,
        today=clock.today(),
    )


@bp.post("/rules/change")
@guard(Role.BUREAU, Role.SUPERVISOR)
def propose_rules() -> Any:
    """Propose what differs from today's rules; somebody else approves."""
    form, session, code = request.form, http.session(), actor().area_code[:9]
    policy = queries.in_force(session, code, clock.today())
    try:
        sent = {name: key for name, key in KEYS.items() if form.get(name, "").strip() or f"{name}-asked" in form}
        entered = {name: _value(key, name, form) for name, key in sent.items()}
        changes = {name: value for name, value in entered.items() if value != policy.values[name]}
        operations.propose(
            session,
            actor=actor(),
            area_code=code,
            starts_on=forms.calendar_date(form, "starts_on"),
            changes=changes,
            note_text=forms.text(form, "note", most=400),
        )
    except TimebankError as error:
        return _form(form, error), error.status
    flash(gettext("Proposed. It is in force once a second person approves."))
    return redirect(url_for("policies.rules_in_force"), code=303)


def _value(key: PolicyKey, name: str, form: forms.Form) -> int | str:
    if key.many:
        ticked = forms.choices(form, name, key.choices)
        return " ".join(code for code in key.choices if code in ticked)
    if key.choices:
        return forms.text(form, name)
    return forms.whole_number(form, name, least=key.least or 0, most=key.most or 0)


@bp.post("/rules/<string:version_id>/approve")
@guard(Role.BUREAU, Role.SUPERVISOR)
def approve_rules(version_id: str) -> Any:
    """Put a proposal in force, as the second person."""
    operations.approve(http.session(), actor=actor(), version_id=version_id)
    flash(gettext("Approved."))
    return redirect(url_for("policies.rules_in_force"), code=303)
