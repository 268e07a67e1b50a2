"""The office and single lines: answer disputes; propose, approve and check entries (two people, evidence)."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from timebank.auth.guards import STAFF, actor, guard
from timebank.core import clock, forms, http, ids
from timebank.core.actors import Role
from timebank.core.errors import BadInput, NotFound, TimebankError
from timebank.core.i18n import gettext
from timebank.core.limits import MAX_OPENING_MINUTES
from timebank.core.minutes import parse_minutes
from timebank.core.text import T
from timebank.ledger import desk_queries, queries
from timebank.ledger.models import EntryKind, EntryState, HourAccount, Transfer
from timebank.ledger.operations import disputes, entries, open_account
from timebank.ledger.served import concerns
from timebank.ledger.words import ENTRY_WORDS
from timebank.people.models import Person
from timebank.people.queries import person_for

bp = Blueprint("hours_desk", __name__)
PROPOSERS = (Role.ASSISTANT, Role.COORDINATOR, Role.SUPERVISOR, Role.BUREAU, Role.ADMINISTRATOR)
_READERS = (*STAFF, Role.AUDITOR)
_ANSWERERS = (Role.SUPERVISOR, Role.BUREAU)


@bp.get("/disputes")
@guard(*_ANSWERERS, Role.AUDITOR)
def list_disputes() -> Any:
    """Lines that members say are wrong, the oldest first."""
    rows = desk_queries.open_disputes(http.session(), actor().scope, actor().role)
    return render_template("ledger/disputes.html", rows=rows, may_answer=actor().role in _ANSWERERS, error=None)


@bp.post("/disputes/<string:dispute_id>/answer")
@guard(*_ANSWERERS)
def answer(dispute_id: str) -> Any:
    """Answer one, with a reason the member reads; who is right gets the line put right."""
    form, session = request.form, http.session()
    try:
        decision = forms.text(form, "decision", required=True, most=10)
        if decision not in ("yes", "no"):
            raise BadInput("core.not_a_choice", T("Choose from the list."), field="decision")
        words = forms.text(form, "answer", most=400)
        disputes.answer_dispute(session, actor=actor(), dispute_id=dispute_id, upheld=decision == "yes", words=words)
    except TimebankError as error:
        session.rollback()
        rows = desk_queries.open_disputes(session, actor().scope, actor().role)
        return render_template("ledger/disputes.html", rows=rows, may_answer=True, error=error), error.status
    flash(gettext("Answered. The member sees it."))
    return redirect(url_for("hours_desk.list_disputes"), code=303)


@bp.get("/entries")
@guard(*_READERS)
def list_entries() -> Any:
    """Entries that wait for a second person, and approved ones that nobody has checked yet: every one is checked."""
    return _entries_page(None)


def _entries_page(error: TimebankError | None) -> str:
    session, caller = http.session(), actor()
    return render_template(
        "ledger/entries.html",
        waiting=desk_queries.entries_in(session, caller.scope, state=EntryState.WAITING),
        unchecked=desk_queries.entries_in(session, caller.scope, state=EntryState.APPROVED, unchecked=True),
        entry_words=ENTRY_WORDS,
        by_member=entries.ASKED_BY_MEMBER,
        may_decide=caller.role in entries.APPROVERS,
        may_check=caller.role in (*entries.APPROVERS, Role.AUDITOR),
        user_id=caller.user_id,
        error=error,
    )


@bp.post("/entries/<string:entry_id>/decide")
@guard(Role.SUPERVISOR, Role.BUREAU)
def decide(entry_id: str) -> Any:
    """Approve an entry as the second person, which writes it; or decline it with a reason."""
    form, session = request.form, http.session()
    approve = form.get("decision") == "approve"
    try:
        reason = forms.text(form, "reason", most=200)
        entries.decide_entry(session, actor=actor(), entry_id=entry_id, approve=approve, reason=reason)
    except TimebankError as error:
        session.rollback()
        return _entries_page(error), error.status
    flash(gettext("Approved and in the book.") if approve else gettext("Declined."))
    return redirect(url_for("hours_desk.list_entries"), code=303)


@bp.post("/entries/<string:entry_id>/check")
@guard(Role.AUDITOR, Role.SUPERVISOR, Role.BUREAU)
def check(entry_id: str) -> Any:
    """Say that an approved entry was looked at against its paper."""
    form, session = request.form, http.session()
    try:
        words = forms.text(form, "words", most=200)
        entries.check_entry(session, actor=actor(), entry_id=entry_id, words=words)
    except TimebankError as error:
        session.rollback()
        return _entries_page(error), error.status
    flash(gettext("Checked."))
    return redirect(url_for("hours_desk.list_entries"), code=303)


@bp.get("/entries/new/<string:person_id>")
@guard(*PROPOSERS, load={"person_id": person_for})
def new_entry(person: Person) -> Any:
    """The form to propose an entry for a member: from the paper register, an adjustment, a transfer to kin."""
    return _new_page(person, {}, None)


def _new_page(person: Person, values: Any, error: TimebankError | None) -> str:
    session = http.session()
    account = queries.account_of(session, person.id)
    kin = desk_queries.kin_of(session, person.id)
    return render_template(
        "ledger/new_entry.html",
        person=person,
        balance=queries.available_minutes(session, account.id) if account else 0,
        kinds=[(kind.value, ENTRY_WORDS[kind]) for kind in EntryKind if kind != EntryKind.REVERSAL],
        kin=[("", T("nobody")), *((found.id, found.name) for found, _ in kin)],
        key=values.get("key") or ids.new_id("ent"),
        today=clock.today(),
        values=values,
        error=error,
    )


@bp.post("/entries/new/<string:person_id>")
@guard(*PROPOSERS, load={"person_id": person_for})
def propose(person: Person) -> Any:
    """Propose an entry; nothing moves until a second person approves it."""
    form, session = request.form, http.session()
    try:
        account = open_account(session, actor=actor(), person_id=person.id, area_code=person.area_code)
        entries.propose_entry(session, actor=actor(), entry=_entry_of(form, account))
    except TimebankError as error:
        session.rollback()
        return _new_page(person, form, error), error.status
    flash(gettext("Proposed. A second person must approve it."))
    return redirect(url_for("hours_desk.list_entries"), code=303)


def _entry_of(form: forms.Form, account: HourAccount) -> entries.EntryIn:
    minutes = parse_minutes(form.get("minutes", ""), field="minutes", maximum=MAX_OPENING_MINUTES)
    kind = forms.choice(form, "kind", EntryKind)
    takes_off = kind == EntryKind.ADJUSTMENT and form.get("direction") == "out"
    return entries.EntryIn(
        kind=kind,
        account_id=account.id,
        minutes=-minutes if takes_off else minutes,
        event_on=forms.calendar_date(form, "event_on"),
        why=forms.text(form, "why", required=True, most=200),
        evidence=forms.text(form, "evidence", required=True, most=200),
        kin_id=forms.text(form, "kin_id", most=31) or None,
        id=forms.text(form, "key", most=31),
    )


@bp.post("/entries/reverse/<string:transfer_id>")
@guard(*PROPOSERS)
def propose_reversal(transfer_id: str) -> Response:
    """Propose to take a line back; the second person writes the opposite entry."""
    form, session, scope = request.form, http.session(), actor().scope
    transfer = session.get(Transfer, transfer_id)
    account = queries.account_for(session, scope, forms.text(form, "account_id", required=True, most=31))
    if transfer is None or account is None or not concerns(transfer, account):
        raise NotFound("ledger.no_such_transfer", T("There is no such entry in your area."))
    asked = entries.EntryIn(
        kind=EntryKind.REVERSAL,
        account_id=account.id,
        minutes=transfer.minutes,
        event_on=clock.today(),
        why=forms.text(form, "why", required=True, most=200),
        evidence=forms.text(form, "evidence", required=True, most=200),
        reverses_id=transfer.id,
        id=forms.text(form, "key", most=31),
    )
    entries.propose_entry(session, actor=actor(), entry=asked)
    flash(gettext("Proposed. A second person must approve it."))
    return redirect(url_for("hours_desk.list_entries"), code=303)
