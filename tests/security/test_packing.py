"""What travels is packed, for who asks for it; nothing that a reader gets differs, and its length tells nothing."""

import gzip
import re
from pathlib import Path

from flask import Flask, Response

from tests.fixtures.site import At, SignIn, make_app
from timebank.core.packing import padded

PACKED = {"Accept-Encoding": "gzip"}


def asset(app: Flask, name: str) -> str:
    with app.test_request_context():
        found: str = app.extensions["asset"](name)
    return found


def test_a_page_is_packed_for_a_browser_that_asks_for_it(sign_in: SignIn) -> None:
    li = sign_in("li")
    plain, packed = li.get("/today"), li.get("/today", headers=PACKED)
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert {"Accept-Encoding"} <= set(packed.headers["Vary"].split(", ")) & set(plain.headers["Vary"].split(", "))

    def same(page: bytes) -> str:  # every page carries a token of its own
        return re.sub(r'csrf_token" value="[^"]+"', "", page.decode())

    assert same(gzip.decompress(packed.data)) == same(plain.data)
    assert len(packed.data) < len(plain.data) / 2
    assert packed.headers["Content-Length"] == str(len(packed.data))


def test_the_length_of_a_packed_page_varies_by_itself() -> None:
    page = b"<p>the same page</p>" * 60
    made = [padded(page) for _ in range(60)]
    assert {gzip.decompress(one) for one in made} == {page}
    assert len({len(one) for one in made}) > 10


def test_a_built_file_is_packed_and_kept_under_the_mark_of_its_content(app: Flask) -> None:
    client, address = app.test_client(), asset(app, "app.css")
    plain, packed = client.get(address), client.get(address, headers=PACKED)
    assert gzip.decompress(packed.data) == plain.data
    for answer in (plain, packed):
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    for other in ("/static/app.css", "/static/app.css?v=0123456789", address + "&x=1"):
        assert client.get(other).headers["Cache-Control"] == "no-cache", other
    kept = {"If-None-Match": packed.headers["ETag"]}
    assert client.get(address, headers=PACKED | kept).status_code == 304


def test_a_built_file_carries_no_session(app: Flask, sign_in: SignIn, at: At) -> None:
    # Caches keep it for everybody. A session is noted as in use once a minute, and the answer then carries its cookie.
    at("2026-11-03 09:00")
    li = sign_in("li")
    at("2026-11-03 09:05")
    answer = li.get(asset(app, "app.css"))
    assert "Set-Cookie" not in answer.headers
    assert "Set-Cookie" in li.get("/today").headers


def test_what_is_small_still_being_made_or_a_picture_is_left_alone(db_url: str, tmp_path: Path) -> None:
    app = make_app(db_url, tmp_path / "data")  # one of its own, to add an address to

    @app.get("/test-stream")
    def _stream() -> Response:
        return Response(("data: x\n\n" * 200 for _ in range(2)), mimetype="text/plain")

    client = app.test_client()
    small = client.get(asset(app, "icon.svg"), headers=PACKED)
    assert len(small.data) < 600 and "Content-Encoding" not in small.headers
    stream = client.get("/test-stream", headers=PACKED)
    assert "Content-Encoding" not in stream.headers and len(stream.data) == 3_600
    refused = client.get(asset(app, "app.css"), headers={"Accept-Encoding": "gzip;q=0"})
    assert "Content-Encoding" not in refused.headers
