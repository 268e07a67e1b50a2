"""Logins at the desk of the administrator: whose they are, what they may do, when they end.

Here and not beside signing in, because a login is made for a person of the register: only then can the product know
that a coordinator earned the hours which lie before them.
"""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from timebank.audit.operations import note
from timebank.auth import operations
from timebank.auth.desk import bp
from timebank.auth.guards import actor, guard
from timebank.auth.models import User
from timebank.auth.queries import grants_of, login_for, logins_page
from timebank.auth.words import ROLE_WORDS
from timebank.core import clock, forms, http
from timebank.core.actors import Role
from timebank.core.errors import BadInput, NotAllowed, TimebankError
from timebank.core.i18n import gettext
from timebank.core.text import T
from timebank.people import queries
from timebank.people.models import Person, PersonState

__all__ = ["bp"]

_GONE = (PersonState.DEAD, PersonState.MERGED)


@bp.get("/logins")
@guard(Role.ADMINISTRATOR)
def list_logins() -> Any:
    """Logins, whose they are and their roles, one page."""
    return _logins_page({}, None)


def _logins_page(values: Any, error: TimebankError | None) -> str:
    session, words = http.session(), request.args.get("words", "")
    rows = logins_page(session, actor().scope, words=words)
    holders = queries.people_by_id(session, {user.person_id for user, _ in rows if user.person_id})
    return _page("people/logins.html", values, error, rows=rows, holders=holders, words=words)


def _page(template: str, values: Any, error: TimebankError | None, **shown: Any) -> str:
    found = _found(values.get("person", "")) if error and error.field == "person_id" else []
    villages = queries.villages_of(http.session(), found)
    roles = list(ROLE_WORDS.items())
    return render_template(
        template, found=found, villages=villages, roles=roles, values=values, error=error, today=clock.today(), **shown
    )


def _found(words: str) -> list[Person]:
    """The people of the caller's area that typed words fit."""
    found = queries.search_people(http.session(), actor().scope, words=words) if words.strip() else []
    return [person for person in found if person.state not in _GONE]


@bp.post("/logins")
@guard(Role.ADMINISTRATOR)
def create_login() -> Any:
    """Make a login with one role, of a person of the register or of somebody who stands in none."""
    form, session = request.form, http.session()
    try:
        holder = None if "no_person" in form else _holder()
        user = operations.create_user(
            session,
            actor=actor(),
            login_name=forms.text(form, "login_name", required=True, most=60),
            secret=form.get("secret", ""),
            display_name=forms.text(form, "display_name", required=True, most=60),
            person_id=holder.id if holder else None,
        )
        _give_role(user)
    except TimebankError as error:
        session.rollback()
        return _logins_page(form, error), error.status
    flash(gettext("The login is made."))
    return redirect(url_for("desk.list_logins"), code=303)


def _holder() -> Person:
    """Who was meant: the one chosen of several, or the only one whom the typed words fit."""
    form = request.form
    words = forms.text(form, "person", most=60)
    chosen = forms.text(form, "person_id", most=31)
    if not words and not chosen:
        text = T("Write who it is in the register, or tick that they stand in none.")
        raise BadInput("people.whose_login", text, field="person")
    person = queries.person_for(http.session(), actor().scope, chosen) if chosen else None
    found = [person] if person and person.state not in _GONE else _found(words)
    if not found:
        text = T("Nobody of this name or number is in the register of your area.")
        raise BadInput("people.nobody_found", text, field="person")
    if len(found) > 1:
        raise BadInput("people.choose_person", T("Several people fit. Choose who it is."), field="person_id")
    return found[0]


def _give_role(user: User) -> None:
    operations.give_role(
        http.session(),
        actor=actor(),
        user_id=user.id,
        role=forms.choice(request.form, "role", Role),
        area_code=forms.text(request.form, "area_code", required=True, most=14),
    )


@bp.get("/logins/<string:user_id>")
@guard(Role.ADMINISTRATOR, load={"user_id": login_for})
def show_login(user: User) -> Any:
    """One login: whose it is, what it may do, and the steps after something went wrong."""
    return _login_page(user, {}, None)


def _login_page(user: User, values: Any, error: TimebankError | None) -> str:
    session = http.session()
    holder = session.get(Person, user.person_id) if user.person_id else None
    return _page("people/login.html", values, error, user=user, holder=holder, grants=grants_of(session, user.id))


@bp.post("/logins/<string:user_id>/roles")
@guard(Role.ADMINISTRATOR, load={"user_id": login_for})
def add_role(user: User) -> Any:
    """Give a login one more role, or the same one in another area."""
    try:
        _give_role(user)
    except TimebankError as error:
        return _login_page(user, request.form, error), error.status
    return _done(user, gettext("The role is given."))


@bp.post("/logins/<string:user_id>/person")
@guard(Role.ADMINISTRATOR, load={"user_id": login_for})
def link_person(user: User) -> Any:
    """Say whose a login is that was made without a person."""
    try:
        operations.link_person(http.session(), actor=actor(), user_id=user.id, person_id=_holder().id)
    except TimebankError as error:
        return _login_page(user, request.form, error), error.status
    return _done(user, gettext("Kept. This login reviews no hours of this person from now on."))


def _done(user: User, message: str) -> Response:
    flash(message)
    return redirect(url_for("desk.show_login", user_id=user.id), code=303)


@bp.post("/logins/<string:user_id>/disable")
@guard(Role.ADMINISTRATOR, load={"user_id": login_for})
def disable_login(user: User) -> Any:
    """End a login and all its sessions: a lost phone, somebody who left."""
    operations.disable_user(http.session(), actor=actor(), user_id=user.id)
    flash(gettext("The login is ended, on every device."))
    return redirect(url_for("desk.list_logins"), code=303)


@bp.post("/logins/roles/<string:grant_id>/end")
@guard(Role.ADMINISTRATOR)
def end_role(grant_id: str) -> Any:
    """End a role from the next request on."""
    operations.end_role(http.session(), actor=actor(), grant_id=grant_id)
    flash(gettext("The role is ended."))
    return redirect(url_for("desk.list_logins"), code=303)


@bp.post("/logins/<string:user_id>/password")
@guard(Role.ADMINISTRATOR, load={"user_id": login_for})
def reset_password(user: User) -> Any:
    """Set a new first password for somebody who forgot theirs; every session of the login ends."""
    try:
        if user.id == actor().user_id:
            raise NotAllowed("auth.own_reset", T("Change your own password on its page: it asks for the present one."))
        secret = request.form.get("secret", "")
        operations.set_secret(http.session(), actor=actor(), user_id=user.id, secret=secret)
    except TimebankError as error:
        return _login_page(user, {}, error), error.status
    return _done(user, gettext("The first password is set. Give it by hand."))


@bp.post("/logins/<string:user_id>/reopen")
@guard(Role.ADMINISTRATOR, load={"user_id": login_for})
def reopen_login(user: User) -> Any:
    """Open an ended login again: somebody came back."""
    secret = request.form.get("secret", "")
    try:
        operations.reopen_user(http.session(), actor=actor(), user_id=user.id, secret=secret)
    except TimebankError as error:
        return _login_page(user, {}, error), error.status
    return _done(user, gettext("The login is open again. Give the first password by hand."))


@bp.post("/logins/<string:user_id>/sessions/end")
@guard(Role.ADMINISTRATOR, load={"user_id": login_for})
def end_sessions(user: User) -> Any:
    """Sign a login out on every device; it may sign in again."""
    operations.end_sessions(http.session(), user_id=user.id)
    note(http.session(), actor=actor(), action="auth.end_sessions", subject_id=user.id)
    return _done(user, gettext("Signed out on every device."))


@bp.post("/logins/sessions/end")
@guard(Role.ADMINISTRATOR)
def end_all_sessions() -> Any:
    """Sign everybody of the area out, the caller too: data got out."""
    count = operations.end_all_sessions(http.session(), actor=actor())
    flash(gettext("Everybody is signed out: {count:# session|# sessions}.", count=count))
    return redirect(url_for("auth.sign_in"), code=303)
