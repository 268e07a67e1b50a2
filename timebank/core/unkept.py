"""The one sign that no database keeps: PostgreSQL refuses NUL in a text, and the reader would see our surprise."""

from flask import request

from timebank.core.errors import BadInput, NotFound
from timebank.core.text import T

_NUL = "\0"
_NEVER_ASKED_FOR = frozenset({"next"})  # where to go on to; no question to the records is made of it


def refuse_unkept() -> None:
    """Refuse NUL in an address and in fields, before any view asks the records with it.

    JSON is left to the views: of many entries of a phone one may hold it, and the others are kept.
    """
    if _NUL in request.path:
        raise NotFound("http.404", T("There is no such page here, or it is not yours to see."))
    for field, value in [*request.args.items(multi=True), *request.form.items(multi=True)]:
        if _NUL in value and field not in _NEVER_ASKED_FOR:
            text = T("This contains signs that cannot be kept. Type it again.")
            raise BadInput("core.control_signs", text, field=field)
