"""The office's pages of cases: what is open, one case with its steps, and entries that may be one person."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from timebank.auth.guards import OFFICE, STAFF, actor, guard
from timebank.cases import operations
from timebank.cases.words import BACK, LEFT, Task
from timebank.core import clock, forms, http
from timebank.core.actors import Role
from timebank.core.errors import BadInput, TimebankError
from timebank.core.i18n import gettext
from timebank.core.text import T, Text
from timebank.ledger.operations.giving import KIN_WHO_MAY_RECEIVE
from timebank.ledger.queries import account_of, available_minutes, estate_lines
from timebank.people import duplicates as likeness
from timebank.people import effects, queries
from timebank.people import operations as people
from timebank.people.finding import the_one
from timebank.people.models import Household, Person, PersonCase
from timebank.people.words import CASE_WORDS

bp = Blueprint("cases", __name__)


@bp.app_context_processor
def _words() -> dict[str, Any]:
    return {"case_words": CASE_WORDS, "effect_words": effects.words_of, "moves_to_hear": _moves_to_hear}


def _moves_to_hear() -> list[queries.MoveTold]:
    """For a volunteer's day: elders who move, of whom the volunteer has not heard yet."""
    person_id = actor().person_id if current_user.is_authenticated else None
    return queries.moves_to_hear(http.session(), person_id) if person_id else []


@bp.post("/moves/heard")
@guard(Role.VOLUNTEER)
def hear() -> Response:
    """I know that somebody moves."""
    notice_id = forms.text(request.form, "notice_id", required=True, most=31)
    people.hear_of_move(http.session(), actor=actor(), notice_id=notice_id)
    return redirect(url_for("visits.today"), code=303)


@bp.post("/cases/<string:case_id>/told")
@guard(*STAFF, load={"case_id": queries.case_for})
def told(case: PersonCase) -> Response:
    """The office told a helper of a move."""
    notice_id = forms.text(request.form, "notice_id", required=True, most=31)
    people.tell_of_move(http.session(), actor=actor(), case=case, notice_id=notice_id)
    flash(gettext("Noted. Thank you."))
    return redirect(url_for("cases.show_case", case_id=case.id), code=303)


@bp.get("/cases")
@guard(*STAFF)
def list_cases() -> Any:
    """Cases that are not settled, the oldest first."""
    return render_template("cases/list.html", rows=queries.open_cases(http.session(), actor().scope))


@bp.get("/cases/<string:case_id>")
@guard(*STAFF, load={"case_id": queries.case_for})
def show_case(case: PersonCase) -> Any:
    """What happened, what followed from it, and what is left to do."""
    return _page(case, None)


def _page(case: PersonCase, error: TimebankError | None) -> str:
    session = http.session()
    person = session.get_one(Person, case.person_id)
    kept_id = case.detail.get("kept")
    account = account_of(session, person.id)
    estate = case.detail.get("estate") or {}
    heirs = [("", T("to the commons, for elders in hardship"))]
    kin = queries.kin_of(session, person.id)
    heirs += [(heir.id, Text(heir.name)) for relation, heir in kin if relation in KIN_WHO_MAY_RECEIVE]
    told = queries.notices_of_move(session, case.id)
    return render_template(
        "cases/show.html",
        case=case,
        homes=_homes(case),
        told=told,
        helpers=queries.people_by_id(session, [row.person_id for row in told]),
        phone_of=queries.phone_of,
        person=person,
        kept=session.get(Person, kept_id) if kept_id else None,
        left=available_minutes(session, account.id) if account and account.closed_at is None else 0,
        heirs=heirs,
        estate=estate,
        estate_mark=operations.mark_of(estate) if estate else "",
        heir=session.get(Person, estate["heir"]) if estate.get("heir") else None,
        is_mine=actor().user_id in (estate.get("by"), case.opened_by if case.kind == people.MERGING else ""),
        may_decide=actor().role in OFFICE,
        error=error,
        **_of_mistake(case, person),
    )


def _of_mistake(case: PersonCase, person: Person) -> dict[str, Any]:
    """What a page tells of a death that may have been, or was, entered by mistake."""
    session, detail = http.session(), case.detail
    death = queries.death_of(session, person)
    back, left = detail.get("back", {}), detail.get("left", {})
    if is_death := death is not None and death.id == case.id:
        done, lines = detail.get("done", {}), len(estate_lines(session, case.person_id, since=case.opened_at))
        back = {code: count for code, count in done.items() if effects.comes_back(case, code)}
        left = {code: count for code, count in done.items() if code not in back}
        left |= {"estate_lines": lines} if lines else {}
    mistake = detail.get("mistake", {}) if is_death else {}
    return {
        "is_death": is_death,
        "mistake": mistake,
        "is_own_mistake": mistake.get("by") == actor().user_id,
        "back": [(BACK.get(code) or effects.words_of(code), count) for code, count in back.items()],
        "left_to_do": [(_task(code), count) for code, count in left.items()],
    }


def _task(code: str) -> Task:
    unknown = Task(effects.words_of(code), T("Look whether it must be entered again."), "people.show_person")
    return LEFT.get(code, unknown)


def _homes(case: PersonCase) -> list[Household]:
    """Of a move within the district, the old home and the new one."""
    codes = [case.detail.get(name) for name in ("from", "to")]
    return [http.session().get_one(Household, code) for code in codes if code]


def _done(message: str) -> Any:
    flash(message)
    return redirect(url_for("cases.list_cases"), code=303)


def _refused(case: PersonCase, error: TimebankError) -> Any:
    http.session().rollback()
    return _page(http.session().get_one(PersonCase, case.id), error), error.status


@bp.post("/cases/<string:case_id>/estate")
@guard(*STAFF, load={"case_id": queries.case_for})
def propose_estate(case: PersonCase) -> Any:
    """Propose to whom the hours of the dead go."""
    try:
        heir_id = forms.text(request.form, "heir_id", most=31)
        evidence = forms.text(request.form, "evidence", most=200)
        operations.propose_estate(http.session(), actor=actor(), case=case, heir_id=heir_id, evidence=evidence)
    except TimebankError as error:
        return _refused(case, error)
    return _done(gettext("Proposed. A second person passes the hours on."))


@bp.post("/cases/<string:case_id>/estate/settle")
@guard(*OFFICE, load={"case_id": queries.case_for})
def settle_estate(case: PersonCase) -> Any:
    """Pass the hours on, as the second person."""
    try:
        seen = forms.text(request.form, "seen", most=80)
        operations.settle_estate(http.session(), actor=actor(), case=case, seen=seen)
    except TimebankError as error:
        return _refused(case, error)
    return _done(gettext("The hours are passed on, and the account is closed."))


@bp.post("/cases/<string:case_id>/join")
@guard(*OFFICE, load={"case_id": queries.case_for})
def decide_join(case: PersonCase) -> Any:
    """Make two entries one, or say that they are two people."""
    session = http.session()
    try:
        if forms.one_of(request.form, "decision", ("one", "two")) == "two":
            people.decline_merge(session, actor=actor(), case=case)
            return _done(gettext("Kept: these are two people."))
        kept = operations.join_entries(session, actor=actor(), case=case)
    except TimebankError as error:
        return _refused(case, error)
    flash(gettext("Joined. Everything now stands with {name}.", name=kept.name))
    return redirect(url_for("people.show_person", person_id=kept.id), code=303)


@bp.post("/cases/<string:case_id>/mistake")
@guard(*STAFF, load={"case_id": queries.case_for})
def propose_mistake(case: PersonCase) -> Any:
    """Write down that somebody lives whose death was entered."""
    try:
        evidence = forms.text(request.form, "evidence", most=200)
        operations.propose_mistake(http.session(), actor=actor(), case=case, evidence=evidence)
    except TimebankError as error:
        return _refused(case, error)
    return _done(gettext("Proposed. A second person takes the death back."))


@bp.post("/cases/<string:case_id>/mistake/decide")
@guard(*OFFICE, load={"case_id": queries.case_for})
def decide_mistake(case: PersonCase) -> Any:
    """Take a death back, or keep it, as the second person."""
    try:
        lives = forms.one_of(request.form, "decision", ("lives", "died")) == "lives"
        seen = forms.text(request.form, "seen", most=40)
        made = operations.decide_mistake(http.session(), actor=actor(), case=case, lives=lives, seen=seen)
    except TimebankError as error:
        return _refused(case, error)
    if made is None:
        return _done(gettext("Kept: the person has died."))
    flash(gettext("Taken back. Look at what is left for a person to do."))
    return redirect(url_for("cases.show_case", case_id=made.id), code=303)


@bp.post("/cases/<string:case_id>/close")
@guard(*STAFF, load={"case_id": queries.case_for})
def close_case(case: PersonCase) -> Any:
    """Put a case away that needs nothing more."""
    try:
        operations.put_away(http.session(), actor=actor(), case=case)
    except TimebankError as error:
        return _refused(case, error)
    if case.kind == effects.RELOCATING:
        return _done(gettext("Called off. Who was told of it reads that they do not move."))
    return _done(gettext("The case is put away."))


@bp.get("/registered-twice")
@guard(*STAFF)
def duplicates() -> Any:
    """Entries that may be one person; and any two entries to look at beside each other."""
    return _duplicates_page(None)


def _duplicates_page(error: TimebankError | None) -> str:
    session, scope = http.session(), actor().scope
    typed = {name: request.values.get(name, "").strip()[:60] for name in ("kept_id", "other_id")}
    try:
        chosen = [the_one(session, scope, words=words, field=name) for name, words in typed.items() if words]
    except BadInput as nobody:
        chosen, error = [], error or nobody
    return render_template(
        "cases/duplicates.html",
        pairs=likeness.suspected(session, scope),
        why_words=likeness.WHY,
        chosen=chosen if len(chosen) == 2 else [],
        typed=typed,
        today=clock.today(),
        error=error,
    )


@bp.post("/registered-twice")
@guard(*STAFF)
def decide_duplicates() -> Any:
    """Propose to join two entries, or keep that they are two people."""
    form, session = request.form, http.session()
    try:
        decision = forms.one_of(form, "decision", ("one", "two"))
        kept_id, other_id = (forms.text(form, name, required=True, most=31) for name in ("kept_id", "other_id"))
        if decision == "two":
            people.tell_apart(session, actor=actor(), one_id=kept_id, other_id=other_id)
            flash(gettext("Kept: these are two people."))
            return redirect(url_for("cases.duplicates"), code=303)
        evidence = forms.text(form, "evidence", most=200)
        case = people.propose_merge(session, actor=actor(), kept_id=kept_id, other_id=other_id, evidence=evidence)
    except TimebankError as error:
        session.rollback()
        return _duplicates_page(error), error.status
    flash(gettext("Proposed. A second person looks at both entries."))
    return redirect(url_for("cases.show_case", case_id=case.id), code=303)
