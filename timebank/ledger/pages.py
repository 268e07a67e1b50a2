"""What members do with their hours: pass them to kin, give them away, say that a line is wrong."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from timebank.auth.guards import MEMBERS, actor, guard
from timebank.core import clock, forms, http, ids
from timebank.core.errors import NotFound, TimebankError
from timebank.core.i18n import gettext, say
from timebank.core.limits import MAX_POSTED_MINUTES
from timebank.core.minutes import parse_minutes, spoken
from timebank.core.text import T
from timebank.ledger import desk_queries, operations, queries
from timebank.ledger.models import HourAccount, OfficeEntry
from timebank.ledger.operations import disputes, entries
from timebank.ledger.operations.giving import KIN_WHO_MAY_RECEIVE
from timebank.people.models import Person
from timebank.people.queries import may_read_hours, person_for
from timebank.people.rules import RELATIONS, masked_name
from timebank.policies.queries import in_force

bp = Blueprint("giving", __name__)


@bp.app_template_filter("masked")
def masked(name: str) -> str:
    """A name as others may see it."""
    return masked_name(name)


@bp.get("/hours/<string:person_id>/pass-on")
@guard(*MEMBERS, load={"person_id": person_for})
def pass_on_form(person: Person) -> Any:
    """The form to pass hours to spouse, parents, grandparents or descendants."""
    return _pass_on_page(person, {}, None)


def _may_read(person: Person) -> bool:
    return may_read_hours(http.session(), reader_id=actor().person_id or "", person_id=person.id)


def _back(person: Person) -> Response:
    """To the book; who may give out of it and not read it stays at the form."""
    page = "hours.passbook_of" if _may_read(person) else "giving.donate_form"
    return redirect(url_for(page, person_id=person.id), code=303)


def _account_of(person: Person) -> HourAccount:
    account = queries.account_of(http.session(), person.id)
    if account is None:
        raise NotFound(
            "ledger.no_account_yet", T("There is no book for this person yet. It opens with the first visit.")
        )
    return account


def _pass_on_page(person: Person, values: Any, error: TimebankError | None) -> str:
    session, account = http.session(), _account_of(person)
    policy = in_force(session, account.area_code, clock.today())
    kin = [pair for pair in desk_queries.kin_of(session, person.id) if pair[1] in KIN_WHO_MAY_RECEIVE]
    most = policy.number("transfer.max_minutes_per_year")
    return render_template(
        "ledger/pass_on.html",
        person=person,
        may_read=_may_read(person),
        kin=[(found.id, f"{found.name} · {say(RELATIONS[relation])}") for found, relation in kin],
        left=queries.available_minutes(session, account.id),
        left_this_year=most - queries.sent_in_year(session, person.id, clock.today().year),
        second_above=policy.number("transfer.second_approver_minutes"),
        waiting=[entry for entry in desk_queries.asked_for(session, account.id) if entry.kin_id],
        key=values.get("key") or ids.new_id("ent"),
        values=values,
        error=error,
    )


@bp.post("/hours/<string:person_id>/pass-on")
@guard(*MEMBERS, load={"person_id": person_for})
def pass_on(person: Person) -> Any:
    """Pass hours on; a large sum waits for the township. A second tap passes nothing twice."""
    form, session = request.form, http.session()
    try:
        minutes = parse_minutes(form.get("minutes", ""), field="minutes", maximum=MAX_POSTED_MINUTES)
        kin_id = forms.text(form, "kin_id", required=True, most=31)
        key = forms.text(form, "key", required=True, most=31)
        made = entries.pass_on(session, actor=actor(), person_id=person.id, kin_id=kin_id, minutes=minutes, key=key)
    except TimebankError as error:
        session.rollback()
        return _pass_on_page(person, form, error), error.status
    if isinstance(made, OfficeEntry):
        flash(gettext("So many hours need a second person. The township looks at it; nothing has moved yet."))
    else:
        flash(gettext("{minutes} are passed on.", minutes=say(spoken(minutes))))
    return _back(person)


@bp.get("/hours/<string:person_id>/donate")
@guard(*MEMBERS, load={"person_id": person_for})
def donate_form(person: Person) -> Any:
    """The form to give hours to elders in hardship."""
    return _donate_page(person, {}, None)


def _donate_page(person: Person, values: Any, error: TimebankError | None) -> str:
    account = _account_of(person)
    left = queries.available_minutes(http.session(), account.id)
    key = values.get("key") or ids.new_id("ent")
    return render_template(
        "ledger/donate.html",
        person=person,
        may_read=_may_read(person),
        left=left,
        key=key,
        values=values,
        error=error,
    )


@bp.post("/hours/<string:person_id>/donate")
@guard(*MEMBERS, load={"person_id": person_for})
def donate(person: Person) -> Any:
    """Give hours away; a second tap gives nothing twice."""
    form, session = request.form, http.session()
    try:
        entries.check_power_to_give(session, actor(), person.id)
        minutes = parse_minutes(form.get("minutes", ""), field="minutes", maximum=MAX_POSTED_MINUTES)
        key = forms.text(form, "key", required=True, most=31)
        operations.donate(session, actor=actor(), person_id=person.id, minutes=minutes, key=key)
    except TimebankError as error:
        session.rollback()
        return _donate_page(person, form, error), error.status
    flash(gettext("Thank you. {minutes} now help elders in hardship.", minutes=say(spoken(minutes))))
    return _back(person)


@bp.post("/hours/lines/<string:transfer_id>/dispute")
@guard(*MEMBERS)
def dispute(transfer_id: str) -> Response:
    """Say that a line is wrong; the township answers."""
    form = request.form
    words = forms.text(form, "words", required=True, most=400)
    account_id = forms.text(form, "account_id", required=True, most=31)
    disputes.raise_dispute(http.session(), actor=actor(), transfer_id=transfer_id, account_id=account_id, words=words)
    flash(gettext("The township has it. You find the answer here."))
    return redirect(url_for("hours.line", transfer_id=transfer_id), code=303)


@bp.post("/hours/disputes/<string:dispute_id>/appeal")
@guard(*MEMBERS)
def appeal(dispute_id: str) -> Response:
    """Ask the bureau after the township said no."""
    words = forms.text(request.form, "words", required=True, most=400)
    made = disputes.appeal(http.session(), actor=actor(), dispute_id=dispute_id, words=words)
    flash(gettext("The bureau has it. You find the answer here."))
    return redirect(url_for("hours.line", transfer_id=made.transfer_id), code=303)
