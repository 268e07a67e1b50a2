"""The edge of the house: one unit of work per request, one mapping from errors to answers, headers on every answer."""

import logging
from functools import partial
from typing import Any

from flask import Flask, Response, g, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlmodel import Session
from werkzeug.exceptions import HTTPException

from timebank.core import db
from timebank.core.errors import BadInput, NotAllowed, TimebankError
from timebank.core.formpages import form_again, keep_typed, page_shown
from timebank.core.i18n import say
from timebank.core.text import T, Text

log = logging.getLogger("timebank")


def session() -> Session:
    """The database session of this request: reads see one state; the guard commits writes once, at the end."""
    if "session" not in g:
        g.session_context = db.reading()
        g.session = g.session_context.__enter__()
    found: Session = g.session
    return found


def close_session(_error: BaseException | None = None) -> None:
    """Give the request's reading session back."""
    context = g.pop("session_context", None)
    g.pop("session", None)
    if context is not None:
        context.__exit__(None, None, None)


def wants_json() -> bool:
    """Whether the caller is a program: an API path, or JSON sent or preferred."""
    return request.path.startswith("/api/") or request.is_json


def answer(code: str, message: Text, status: int, field: str | None = None) -> ResponseReturnValue:
    """One refusal as JSON or as a page, in the reader's language."""
    if wants_json():
        return jsonify(error={"code": code, "message": say(message), "field": field}), status
    again = form_again(code, status, field, partial(_why, code, say(message)))
    if again is not None:
        return again, status
    return render_template("errors/error.html", code=code, message=say(message), status=status, field=field), status


def _why(code: str, message: str, words: str, label: str, field: str) -> str:
    return render_template("errors/refused.html", code=code, message=words or message, label=label, field=field)


def install(app: Flask) -> None:
    """Register the mapping of errors, the end of the session, and the headers."""
    app.teardown_request(close_session)
    app.register_error_handler(TimebankError, _on_refusal)
    app.register_error_handler(CSRFError, _on_csrf)
    app.register_error_handler(HTTPException, _on_http)
    app.register_error_handler(DBAPIError, _on_database)
    app.register_error_handler(Exception, _on_surprise)
    app.after_request(_harden)
    app.context_processor(lambda: {"page_shown": page_shown})
    app.after_request(partial(keep_typed, markup=partial(_why, "", "")))


def _on_refusal(error: Any) -> ResponseReturnValue:
    return answer(error.code, error.message, error.status, error.field)


def _on_csrf(_error: Any) -> ResponseReturnValue:
    refusal = NotAllowed("core.stale_form", T("This page was open too long. Open it again and repeat the last step."))
    return _on_refusal(refusal)


_HTTP_TEXTS = {
    400: T("The request could not be read. Go back and try again."),
    404: T("There is no such page here, or it is not yours to see."),
    405: T("This page cannot be used that way. Go back and use its buttons."),
    413: T("That file is too large. Take a smaller photo and send it again."),
    429: T("Too many tries. Wait a little and try again."),
}


def _on_http(error: Any) -> ResponseReturnValue:
    if error.code is not None and error.code < 400:
        return error  # type: ignore[no-any-return]
    status = error.code or 500
    return answer(f"http.{status}", _HTTP_TEXTS.get(status, _HTTP_TEXTS[400]), status)


def _on_database(error: Any) -> ResponseReturnValue:
    if isinstance(error, IntegrityError):
        log.warning("a database rule refused a write on %s", request.endpoint)
        refusal = BadInput("core.conflict", T("Somebody changed this at the same moment. Open the page again."))
        return answer(refusal.code, refusal.message, 409)
    if isinstance(error, OperationalError):
        log.error("database not available on %s: %s", request.endpoint, type(error.orig).__name__)
        text = T("The records cannot be reached just now. Nothing was saved; try again in a minute.")
        return answer("core.unavailable", text, 503)
    return _on_surprise(error)


def _on_surprise(error: BaseException) -> ResponseReturnValue:
    log.error("unexpected %s on %s", type(error).__name__, request.endpoint, exc_info=error)
    return answer("core.surprise", T("Something went wrong on our side. Nothing was saved; try again."), 500)


_CSP = (
    "default-src 'self'; img-src 'self' data: blob: {tiles}; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


def _harden(response: Response) -> Response:
    tiles = g.get("tile_origin", "")
    response.headers.setdefault("Content-Security-Policy", _CSP.format(tiles=tiles))
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["Permissions-Policy"] = "geolocation=(self), camera=(self), microphone=()"
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    if request.is_secure:
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    if request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-store")
    return response
