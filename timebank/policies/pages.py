"""The rules of the scheme in plain words, and how the bureau changes them."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict

from timebank.areas.queries import area
from timebank.auth.guards import EVERY_ROLE, actor, guard
from timebank.core import clock, forms, http
from timebank.core.actors import Role
from timebank.core.errors import Refused, TimebankError
from timebank.core.formpages import keep_as_shown
from timebank.core.i18n import gettext
from timebank.core.text import T
from timebank.policies import operations, queries
from timebank.policies.key import PolicyKey
from timebank.policies.rules import CHOICE_WORDS, KEYS, may_decide, value_words

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


def _form(values: Any, error: TimebankError | None, on: date | None = None) -> str:
    session, code = http.session(), actor().area_code[:9]
    shown_on = on or clock.today()
    return render_template(
        "policies/change.html",
        keys={name: key for name, key in KEYS.items() if may_decide(code, name)},
        options={name: [(choice, CHOICE_WORDS[choice]) for choice in key.choices] for name, key in KEYS.items()},
        policy=queries.in_force(session, code, shown_on),
        shown_on=shown_on,
        area=area(session, code),
        values=values,
        error=error,
        today=clock.today(),
    )


@bp.post("/rules/change")
@guard(Role.BUREAU, Role.SUPERVISOR)
def propose_rules() -> Any:
    """Propose what differs from the rules of the day from which it is to count; somebody else approves.

    Where other rules than the form shows are decided for that day, the form comes back with them before anything is
    proposed: a field that nobody touched must neither undo such a decision nor be taken for no change.
    """
    form, session, code = request.form, http.session(), actor().area_code[:9]
    shown_on = clock.today()
    try:
        shown_on = forms.calendar_date(form, "shown_on") if "shown_on" in form else shown_on
        starts_on = forms.calendar_date(form, "starts_on")
        there = queries.in_force(session, code, max(starts_on, clock.today())).values
        entered = _entered(form)
        shown = queries.in_force(session, code, shown_on).values
        behind = {name: there[name] for name, value in entered.items() if value == shown[name] != there[name]}
        if behind:
            return _form_of_day(form, starts_on, behind), 409
        operations.propose(
            session,
            actor=actor(),
            area_code=code,
            starts_on=starts_on,
            changes={name: value for name, value in entered.items() if value != there[name]},
            note_text=forms.text(form, "note", most=400),
        )
    except TimebankError as error:
        return _form(form, error, shown_on), error.status
    flash(gettext("Proposed. It is in force once a second person approves."))
    return redirect(url_for("policies.rules_in_force"), code=303)


def _form_of_day(form: forms.Form, on: date, behind: Mapping[str, int | str]) -> str:
    """The form again, where nobody touched a field with what is decided for the day, and a word that says so."""
    values = MultiDict(form)
    for name, value in behind.items():
        values.setlist(name, str(value).split())
    keep_as_shown()
    text = T("Other rules are decided for this day already. They stand below now: change what you want, propose again.")
    return _form(values, Refused("policies.decided_for_that_day", text, field="starts_on"), on)


def _entered(form: forms.Form) -> dict[str, int | str]:
    sent = {name: key for name, key in KEYS.items() if form.get(name, "").strip() or f"{name}-asked" in form}
    return {name: _value(key, name, form) for name, key in sent.items()}


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
