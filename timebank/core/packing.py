"""Answers packed with gzip on their way, and built files that a browser keeps.

A valley's network carries about 150 kB a second: what is not packed is waited for. Packing in the house itself means
that a village with one small machine and nothing in front of it gains it too. Each packed page carries a random number
of bytes that say nothing: the length of a packed answer would otherwise tell an eavesdropper who can make a reader open
addresses what the page holds (the attack known as BREACH).
"""

import gzip
import io
import secrets
from functools import lru_cache

from flask import Flask, Response, current_app, request

_KINDS = {
    *("text/html", "text/css", "text/javascript", "text/csv", "text/calendar", "text/plain"),
    *("application/json", "application/manifest+json", "image/svg+xml"),
}
_LEAST_BYTES = 600  # below this the packed answer fills as many packets
_LEVEL, _BEST = 6, 9
_PADDING = 100
_YEAR_S = 365 * 24 * 3600


def install(app: Flask) -> None:
    """Pack every answer that gains by it; let browsers keep built files whose address changes with their content."""
    app.after_request(_keep)
    app.after_request(_pack)


def _keep(response: Response) -> Response:
    if request.endpoint == "static" and response.status_code in (200, 304) and _is_marked():
        response.headers["Cache-Control"] = f"public, max-age={_YEAR_S}, immutable"
    return response


def _is_marked() -> bool:
    """Whether a built file is asked for by the mark of its present content: what this address gives never changes."""
    file = (request.view_args or {}).get("filename", "")
    return bool(current_app.extensions["asset"](file) == request.full_path)


def _pack(response: Response) -> Response:
    if response.mimetype not in _KINDS:
        return response
    response.vary.add("Accept-Encoding")
    if not (_is_asked_for() and _gains(response)):
        return response
    response.direct_passthrough = False
    raw = response.get_data()
    response.set_data(_packed_file(raw) if request.endpoint == "static" else padded(raw))
    response.headers["Content-Encoding"] = "gzip"
    response.headers.pop("Accept-Ranges", None)
    tag, _ = response.get_etag()
    if tag:
        response.set_etag(tag, weak=True)  # the same content in other bytes
    return response


def _is_asked_for() -> bool:
    return request.method in ("GET", "POST") and bool(request.accept_encodings["gzip"])


def _gains(response: Response) -> bool:
    if response.status_code == 206 or "Content-Encoding" in response.headers:
        return False
    if request.endpoint == "static":
        return (response.content_length or 0) >= _LEAST_BYTES
    # an answer still being made (a stream of changes) is left alone: packing would hold it back until its end
    return response.is_sequence and len(response.get_data()) >= _LEAST_BYTES


@lru_cache(maxsize=32)
def _packed_file(raw: bytes) -> bytes:
    return gzip.compress(raw, _BEST, mtime=0)


def padded(raw: bytes) -> bytes:
    """Gzip with a random number of bytes, fewer than 100, in the name that its head may carry."""
    body = io.BytesIO()
    name = "x" * (1 + secrets.randbelow(_PADDING - 1))
    with gzip.GzipFile(filename=name, mode="wb", compresslevel=_LEVEL, fileobj=body, mtime=0) as file:
        file.write(raw)
    return body.getvalue()
