"""Signing in and out, language and type size."""

from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask_login import current_user, login_user, logout_user

from timebank.auth import operations
from timebank.auth.guards import EVERY_ROLE, actor, guard, public
from timebank.core import http
from timebank.core.i18n import LOCALES, gettext

bp = Blueprint("auth", __name__)
TYPE_SIZES = ("normal", "large", "largest")


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
    return render_template("auth/sign_in.html", error=None, next=request.args.get("next", ""))


@bp.post("/sign-in")
@public
def enter() -> Any:
    """Check name and secret; a new session begins, whatever was in the old one."""
    name, secret = request.form.get("login_name", ""), request.form.get("secret", "")
    user = operations.sign_in(http.session(), login_name=name, secret=secret)
    target = request.form.get("next", "")
    if user is None:
        error = gettext("Name and password do not fit together. Try again, or ask your village assistant.")
        return render_template("auth/sign_in.html", error=error, next=target), 400
    _renew()
    login_user(user)
    return redirect(_own_path(target), code=303)


@bp.post("/sign-out")
@guard(*EVERY_ROLE)
def leave() -> Any:
    """End the session on the server: a copied cookie dies with it."""
    logout_user()
    _renew()
    flash(gettext("You are signed out."))
    response = redirect(url_for("auth.sign_in"), code=303)
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


@bp.post("/display")
@public
def display() -> Any:
    """Set the language and the type size of this browser."""
    locale, size = request.form.get("lang", ""), request.form.get("type_size", "")
    if locale in LOCALES:
        session["locale"] = locale
    if size in TYPE_SIZES:
        session["type_size"] = size
    return redirect(_own_path(request.form.get("next", "")), code=303)


@bp.get("/password")
@guard(*EVERY_ROLE)
def password() -> Any:
    """The form to change one's own password."""
    return render_template("auth/password.html", error=None)


@bp.post("/password")
@guard(*EVERY_ROLE)
def change_password() -> Any:
    """Change one's own password; asks for the present one, ends every other session."""
    if not operations.verify_secret(current_user, request.form.get("present", "")):
        return render_template("auth/password.html", error=gettext("The present password is not right.")), 400
    user_id = actor().user_id
    operations.set_secret(http.session(), actor=actor(), user_id=user_id, secret=request.form.get("secret", ""))
    _renew()
    flash(gettext("The password is changed. Please sign in again."))
    return redirect(url_for("auth.sign_in"), code=303)


def _renew() -> None:
    keep = {key: session[key] for key in ("locale", "type_size") if key in session}
    session.renew()  # type: ignore[attr-defined]
    session.update(keep)
