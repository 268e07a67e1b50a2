"""Behind one proxy the server of SQLite installations knows who the caller is; with none it believes nobody."""

from contextlib import suppress
from pathlib import Path
from threading import Thread
from urllib.request import Request, urlopen

import pytest
from flask import request
from waitress.server import create_server

from tests.fixtures.databases import migrated_file
from tests.fixtures.site import make_app
from timebank.cli import serving_options
from timebank.core import db

SAID = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "hours.example.org"}


@pytest.mark.parametrize(("hops", "caller", "is_secure"), [(1, "203.0.113.9", True), (0, "127.0.0.1", False)])
def test_what_the_proxy_says_arrives(tmp_path: Path, hops: int, caller: str, is_secure: bool) -> None:
    file = tmp_path / "timebank.sqlite3"
    file.write_bytes(migrated_file().read_bytes())
    app, callers = make_app(f"sqlite:///{file}", tmp_path, trusted_proxies=hops), list[str | None]()
    app.before_request(lambda: callers.append(request.remote_addr))
    server = create_server(app, host="127.0.0.1", port=0, **serving_options(app.extensions["settings"]))

    def serve() -> None:
        with suppress(OSError):  # what closing the server says to the thread that waits for callers
            server.run()

    thread = Thread(target=serve, daemon=True)
    thread.start()
    try:
        with urlopen(Request(f"http://127.0.0.1:{server.effective_port}/sign-in", headers=SAID)) as answer:
            says_tls = "Strict-Transport-Security" in answer.headers
    finally:
        server.close()
        thread.join(timeout=10)
        db.engine().dispose()
    assert (callers, says_tls) == ([caller], is_secure)
