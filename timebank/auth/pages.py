"""Signing in and out, language and type size."""

from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, current_app, flash, redirect, render_template, request, session, url_for
from flask_login import current_user, login_user, logout_user
from werkzeug.wrappers import Response

from timebank.auth import operations
from timebank.auth.guards import EVERY_ROLE, MUST_CHANGE, actor, guard, public, public_in_steps
from timebank.auth.models import User
from timebank.auth.queries import has_foreign_password, user_by_id
from timebank.auth.words import ROLE_WORDS
from timebank.core import db, http
from timebank.core.errors import BadInput, TimebankError
from timebank.core.i18n import LOCALES, gettext, say
from timebank.core.limits import LOGIN_TRIES_PER_HOUR
from timebank.core.text import T

bp = Blueprint("auth", __name__)
TYPE_SIZES = ("normal", "large", "largest", "simple")  # simple: the largest, and only what is needed now
_DEVICE_COOKIE, _DEVICE_DAYS = "timebank-device", 180


@bp.app_template_filter("role_name")
def role_name(role: str) -> str:
    """What a role is called, in the reader's language."""
    return say(ROLE_WORDS[role])


def _own_path(target: str) -> str:
    """A path of this site, else the start page: never a redirect elsewhere (ASVS 3.7.2)."""
    parts = urlsplit(target)
    odd = "\\" in target or any(ord(sign) < 33 for sign in target)
    if parts.scheme or parts.netloc or odd or not target.startswith("/") or target.startswith("//"):
        return url_for("home.start")
    return target


@bp.get("/sign-in")
@public
def sign_in() -> Any:
    """The form with name and secret."""
    if current_user.is_authenticated:
        return redirect(url_for("home.start"))
    if "timebank_phone" in request.cookies and "by" not in request.args:  # a paired phone asks for the PIN
        return redirect(url_for("phones.enter_form"))
    return render_template("auth/sign_in.html", error=None, next=request.args.get("next", ""))


@bp.post("/sign-in")
@public_in_steps
def enter() -> Any:
    """Check name and secret; a new session begins, whatever was in the old one."""
    form, target = request.form, request.form.get("next", "")
    user = _who_signs_in(form.get("login_name", ""), form.get("secret", ""))
    if user is None:
        error = gettext("Name and password do not fit together. Try again, or ask your village assistant.")
        return render_template("auth/sign_in.html", error=error, next=target), 400
    _renew()
    login_user(user)
    if has_foreign_password(http.session(), user.id):
        session[MUST_CHANGE] = True
    return _remember_device(redirect(_own_path(target), code=303), user.id)


def _who_signs_in(name: str, secret: str) -> User | None:
    """Count, compare, keep. Comparing is slow on purpose, and on SQLite there is one place to write: it is not held."""
    device, address = request.cookies.get(_DEVICE_COOKIE, ""), request.remote_addr or ""
    http.close_session()
    with db.transaction() as writing:
        tried = operations.begin_sign_in(writing, login_name=name, device=device, address=address)
    secret_fits = operations.fits(secret, tried.kept_hash)
    with db.transaction() as writing:
        user = operations.end_sign_in(writing, tried=tried, secret_fits=secret_fits)
    return user_by_id(http.session(), user.id) if user else None


def _remember_device(response: Response, user_id: str) -> Response:
    response.set_cookie(
        _DEVICE_COOKIE,
        operations.device_mark(user_id),
        path=url_for("auth.sign_in"),
        max_age=_DEVICE_DAYS * 24 * 3600,
        httponly=True,
        samesite="Strict",
        secure=current_app.extensions["settings"].secure_cookies,
    )
    return response


@bp.post("/sign-out")
@guard(*EVERY_ROLE)
def leave() -> Any:
    """End the session on the server: a copied cookie dies with it."""
    logout_user()
    _renew()
    flash(gettext("You are signed out."))
    response = redirect(url_for("auth.sign_in"), code=303)
    # a phone that has just forgotten this person keeps what others who share it have not sent yet
    shared = request.form.get("phone_cleared") == "yes"
    response.headers["Clear-Site-Data"] = '"cache"' if shared else '"cache", "storage"'
    return response


@bp.post("/display")
@public
def display() -> Any:
    """Set the language and the type size: of this browser, and of the login for every later sign-in."""
    locale, size = request.form.get("lang", ""), request.form.get("type_size", "")
    if locale in LOCALES:
        session["locale"] = locale
    if size in TYPE_SIZES:
        session["type_size"] = size
    if current_user.is_authenticated:
        operations.keep_display(
            http.session(), user_id=current_user.id, locale=session.get("locale"), type_size=session.get("type_size")
        )
    return redirect(_own_path(request.form.get("next", "")), code=303)


@bp.get("/password")
@guard(*EVERY_ROLE)
def password() -> Any:
    """The form to change one's own password."""
    return _password_page(None)


def _password_page(error: TimebankError | None) -> str:
    return render_template("auth/password.html", error=error, is_first=MUST_CHANGE in session)


@bp.post("/password")
@guard(*EVERY_ROLE)
def change_password() -> Any:
    """Change one's own password; asks for the present one, ends every other session."""
    writing, form, caller = http.session(), request.form, actor()
    operations.count_attempt(writing, purpose="present", of=caller.user_id, limit=LOGIN_TRIES_PER_HOUR)
    if not operations.fits(form.get("present", ""), current_user.secret_hash):
        wrong = BadInput("auth.wrong_present", T("The present password is not right."), field="present")
        return _password_page(wrong), wrong.status  # the try counts, so no rollback
    try:
        operations.set_secret(writing, actor=caller, user_id=caller.user_id, secret=form.get("secret", ""))
    except TimebankError as error:
        writing.rollback()
        return _password_page(error), error.status
    _renew()
    flash(gettext("The password is changed. Please sign in again."))
    return redirect(url_for("auth.sign_in"), code=303)


def _renew() -> None:
    keep = {key: session[key] for key in ("locale", "type_size") if key in session}
    session.renew()  # type: ignore[attr-defined]
    session.update(keep)
