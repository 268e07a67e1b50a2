"""Server-side sessions: the cookie is a secret that points at a row, so ending the row ends every copy of the cookie.

Flask's own signed cookie still works after logout when it was copied before, and keeps what was in it at login; this
one does neither (reliability.md §6).
"""

import hashlib
from datetime import timedelta
from typing import Any

from flask import Flask, Request, Response
from flask.sessions import SessionInterface, SessionMixin
from werkzeug.datastructures import CallbackDict

from timebank.auth.models import LoginSession
from timebank.auth.rules import is_over
from timebank.config import Settings
from timebank.core import clock, db, ids


class StoredSession(CallbackDict[str, Any], SessionMixin):
    """The values of one session, and whether they must be written back."""

    def __init__(self, values: dict[str, Any], token: str | None, *, seen_lately: bool) -> None:
        def changed(stored: "StoredSession") -> None:
            stored.modified = True

        super().__init__(values, changed)
        self.token = token
        self.ends_token: str | None = None
        self.seen_lately = seen_lately
        self.modified = False
        self.new = token is None

    def renew(self) -> None:
        """Forget everything and take a new cookie: at login and at logout."""
        self.ends_token = self.ends_token or self.token
        self.token = None
        self.clear()
        self.modified = True


def _row_id(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


class StoredSessions(SessionInterface):
    """Keeps sessions in the table login_session."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.cookie = "__Host-timebank" if settings.secure_cookies else "timebank"

    def open_session(self, app: Flask, request: Request) -> StoredSession:
        """The session of the request's cookie; an empty one where there is none, it is over, or nobody's is needed."""
        is_file = request.path.startswith(f"{app.static_url_path}/")  # the same for everybody, and kept by caches
        token = "" if is_file else request.cookies.get(self.cookie, "")
        row = self._row(token) if token else None
        if row is None:
            return StoredSession({}, None, seen_lately=True)
        lately = clock.now() - row.last_seen_at < timedelta(minutes=1)
        return StoredSession(dict(row.values), token, seen_lately=lately)

    def _row(self, token: str) -> LoginSession | None:
        with db.reading() as session:
            row = session.get(LoginSession, _row_id(token))
        if row is None or row.ended_at is not None:
            return None
        over = is_over(
            created_at=row.created_at,
            last_seen_at=row.last_seen_at,
            now=clock.now(),
            idle_minutes=self._settings.idle_minutes,
            absolute_minutes=self._settings.absolute_minutes,
        )
        return None if over else row

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Write back what changed; note once a minute that the session is in use."""
        assert isinstance(session, StoredSession)
        if not session.modified and session.seen_lately:
            return
        if session.token is None and not session and session.ends_token is None:
            return
        self._write(session)
        response.set_cookie(
            self.cookie,
            session.token or "",
            httponly=True,
            secure=self._settings.secure_cookies,
            samesite="Lax",
            path="/",
            max_age=self._settings.absolute_minutes * 60,
        )
        response.headers.add("Vary", "Cookie")

    @staticmethod
    def _write(stored: StoredSession) -> None:
        now = clock.now()
        with db.transaction() as session:
            if stored.ends_token:
                old = session.get(LoginSession, _row_id(stored.ends_token))
                if old is not None:
                    old.ended_at = now
                    session.add(old)
            if stored.token is None:
                stored.token = ids.new_secret()
            key = _row_id(stored.token)
            row = session.get(LoginSession, key) or LoginSession(id=key, created_at=now, last_seen_at=now)
            if row.ended_at is None:
                row.values, row.user_id, row.last_seen_at = dict(stored), stored.get("_user_id"), now
                session.add(row)
