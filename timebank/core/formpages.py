"""Where a form that was sent stands, and the way back to it when it is refused: nothing typed is lost."""

from io import BytesIO
from urllib.parse import unquote, urlsplit

from flask import Response, current_app, g, request
from werkzeug.exceptions import HTTPException

from timebank.core.refill import FORM_PAGE, Blame, Markup, refilled

_REFUSED = (400, 403, 404, 409)
_NO_FORM = frozenset(
    {
        "core.stale_form",  # whether the caller meant to send that form is not known: nothing of it is shown again
        "auth.not_your_role",  # who may not send it may not see it either; asking again would be a second denial
    }
)
_NOT_THE_PAGES_OWN = ("werkzeug.request", "HTTP_ACCEPT_ENCODING", "HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE")


def page_shown() -> str:
    """The path of the page that is being shown: of a form that came back, of the page that it stands on."""
    return _origin().partition("?")[0] if request.method == "POST" else request.path


def _origin() -> str:
    """The address of the page from which a form was sent."""
    try:
        named = request.form.get(FORM_PAGE)
    except HTTPException:  # a body that is too large is not read to say so
        named = None
    origin = urlsplit(named or request.referrer or "")
    is_ours = origin.netloc in ("", request.host) and origin.path.startswith("/")
    return (origin.path + ("?" + origin.query if origin.query else "")) if is_ours else request.path


def form_again(code: str, status: int, field: str | None, markup: Markup) -> str | None:
    """The page from which a refused form came, as it was filled in; None where it cannot be told or has none."""
    if request.method != "POST" or status not in _REFUSED or code in _NO_FORM:
        return None
    page = _origin()
    html = _page_at(page)
    again = html and refilled(
        html,
        action=request.path,
        page=page.partition("?")[0],
        sent=request.form,
        markup=markup,
        blame=Blame(field or "", "", page),
    )
    g.came_back = bool(again)
    return again or None


def keep_as_shown() -> None:
    """Say that the form comes back with other values on purpose: what was sent does not replace them."""
    g.came_back = True


def keep_typed(response: Response, markup: Markup) -> Response:
    """A page that shows its refused form again by itself shows it as it was sent, whatever its view has handed on.

    Where no field says so by itself, the one that the page calls wrong (`m.form_error`) says why it is.
    """
    is_refusal = request.method == "POST" and response.status_code in _REFUSED and not g.get("came_back")
    if not is_refusal or response.mimetype != "text/html":
        return response
    html = response.get_data(as_text=True)
    again = refilled(html, action=request.path, page=request.path, sent=request.form, markup=markup)
    if again is not None:
        response.set_data(again)
    return response


def _page_at(address: str) -> str | None:
    """A page of the house as the caller would see it now; a request of its own, for the refused one is over."""
    path, _, query = address.partition("?")
    environ = {key: value for key, value in request.environ.items() if key not in _NOT_THE_PAGES_OWN}
    environ |= {"REQUEST_METHOD": "GET", "PATH_INFO": unquote(path, "latin-1"), "QUERY_STRING": query}
    environ |= {"CONTENT_LENGTH": "0", "wsgi.input": BytesIO()}
    with current_app.app_context(), current_app.request_context(environ):
        shown = current_app.full_dispatch_request()
    return shown.get_data(as_text=True) if shown.status_code == 200 and shown.mimetype == "text/html" else None
