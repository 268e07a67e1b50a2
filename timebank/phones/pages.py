"""Pairing a phone and signing in on it with a PIN; the assistant's list of phones."""

from typing import Any

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request, session, url_for
from flask_login import current_user, login_user
from segno import make as make_qr

from timebank.auth.guards import OFFICE, ON_A_PHONE, actor, guard, public
from timebank.auth.models import User
from timebank.core import forms, http
from timebank.core.actors import Role
from timebank.core.errors import TimebankError
from timebank.core.i18n import gettext
from timebank.people.models import Person
from timebank.people.queries import person_for, search_people
from timebank.phones import operations, queries
from timebank.phones.models import Phone
from timebank.phones.rules import PAIRING_MINUTES

bp = Blueprint("phones", __name__)
COOKIE = "timebank_phone"
_YEAR_S = 365 * 24 * 3600
_DESK = (Role.ASSISTANT, *OFFICE)


@bp.get("/phones")
@guard(*_DESK)
def list_phones() -> Any:
    """Phones of the area with who uses them; and people to pair a phone with."""
    found, words = [], request.args.get("words", "").strip()
    if words:
        found = search_people(http.session(), actor().scope, words=words)
    rows = queries.phones_in(http.session(), actor().scope)
    return render_template("phones/list.html", rows=rows, people=found, words=words)


@bp.post("/phones/people/<string:person_id>/code")
@guard(*_DESK, load={"person_id": person_for})
def show_code(person: Person) -> Any:
    """The QR that the person scans with the phone to be paired."""
    code = operations.make_code(http.session(), actor=actor(), person_id=person.id)
    base: str = current_app.extensions["settings"].base_url
    address = base + url_for("phones.pair_form", code=code)
    image = make_qr(address, error="m").svg_data_uri(scale=6, border=3)
    return render_template("phones/code.html", person=person, image=image, address=address, minutes=PAIRING_MINUTES)


@bp.post("/phones/<string:phone_id>/revoke")
@guard(*_DESK, load={"phone_id": queries.phone_for})
def revoke(phone: Phone) -> Any:
    """A lost phone: it ends now, with everybody's sessions on it."""
    operations.revoke(http.session(), actor=actor(), phone_id=phone.id)
    flash(gettext("The phone is locked out. Nobody can sign in on it any more."))
    return redirect(url_for("phones.list_phones"), code=303)


@bp.get("/phones/pair/<string:code>")
@public
def pair_form(code: str) -> Any:
    """What the QR opens on the new phone: choose a PIN."""
    return render_template("phones/pair.html", code=code, error=None)


@bp.post("/phones/pair/<string:code>")
@public
def pair(code: str) -> Any:
    """Pair this phone and sign in."""
    form, database = request.form, http.session()
    try:
        paired = operations.pair(
            database,
            code=code,
            pin=form.get("pin", ""),
            again=form.get("again", ""),
            label=forms.text(form, "label", most=40),
            phone_secret=request.cookies.get(COOKIE, ""),
        )
    except TimebankError as error:
        database.rollback()
        return render_template("phones/pair.html", code=code, error=error), error.status
    answer = _signed_in(paired.user, paired.phone.id)
    if paired.new_secret:
        _give_cookie(answer, paired.new_secret)
    return answer


def _give_cookie(answer: Response, secret: str) -> None:
    settings = current_app.extensions["settings"]
    answer.set_cookie(
        COOKIE, secret, max_age=_YEAR_S, httponly=True, secure=settings.secure_cookies, samesite="Lax", path="/"
    )


def _signed_in(user: User, phone_id: str) -> Response:
    keep = {key: session[key] for key in ("locale", "type_size") if key in session}
    session.renew()  # type: ignore[attr-defined]
    session.update(keep)
    login_user(user)
    session[ON_A_PHONE] = phone_id
    answer = redirect(url_for("home.start"), code=303)
    assert isinstance(answer, Response)
    return answer


@bp.get("/phones/enter")
@public
def enter_form() -> Any:
    """Who uses this phone, and the PIN; on a phone that is not paired, the form with name and password."""
    if current_user.is_authenticated:
        return redirect(url_for("home.start"))
    return _enter_page(None)


def _enter_page(error: str | None) -> Any:
    phone = queries.phone_by_secret(http.session(), request.cookies.get(COOKIE, ""))
    if phone is None:
        return redirect(url_for("auth.sign_in", by="password"))
    users = [user for _, user in queries.users_of(http.session(), phone.id)]
    return render_template("phones/enter.html", users=users, error=error, chosen=request.form.get("user_id", ""))


@bp.post("/phones/enter")
@public
def enter() -> Any:
    """Sign in with the PIN."""
    form, secret = request.form, request.cookies.get(COOKIE, "")
    user_id, pin = forms.text(form, "user_id", required=True, most=31), form.get("pin", "")[:20]
    user = operations.enter_with_pin(http.session(), phone_secret=secret, user_id=user_id, pin=pin)
    if user is None:
        return _enter_page(gettext("This PIN is not right. Try again, or ask your village assistant.")), 400
    phone = queries.phone_by_secret(http.session(), secret)
    assert phone is not None
    return _signed_in(user, phone.id)
