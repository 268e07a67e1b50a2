"""Who is signed in: the session lies on the server, so every end of it counts on the very next request (C21)."""

from pathlib import Path

import pytest
from flask import Flask
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from sqlmodel import select

from tests.cast import Cast
from tests.factories import PASSWORD, VILLAGE
from tests.fixtures.browsing import Visitor
from tests.fixtures.registered import write_cast
from tests.fixtures.site import At, SignIn, make_app, signed_in
from timebank.auth import operations as auth
from timebank.auth.models import Grant, LoginSession
from timebank.core import db, ids
from timebank.core.actors import SYSTEM, Role

COOKIE = "timebank"


def cookie_of(visitor: Visitor) -> str:
    cookie = visitor.get_cookie(COOKIE)
    assert cookie is not None
    return cookie.value


def with_cookie(app: Flask, value: str) -> Visitor:
    """A browser somewhere else that holds a copy of a cookie."""
    visitor = app.test_client()
    assert isinstance(visitor, Visitor)
    visitor.set_cookie(COOKIE, value)
    return visitor


def is_in(visitor: Visitor) -> bool:
    return visitor.get("/password").status_code == 200


def test_a_cookie_planted_before_sign_in_is_not_the_one_after(app: Flask, cast: Cast) -> None:
    victim = app.test_client()
    assert isinstance(victim, Visitor)
    victim.visit("/sign-in?lang=en")
    planted = cookie_of(victim)
    victim.submit("/sign-in", login_name="li", secret=PASSWORD)
    assert cookie_of(victim) != planted
    assert is_in(victim)
    assert not is_in(with_cookie(app, planted))


def test_an_invented_cookie_opens_nothing_and_is_replaced(app: Flask, cast: Cast) -> None:
    visitor = with_cookie(app, "chosen-by-somebody-else")
    visitor.visit("/sign-in?lang=en")
    visitor.submit("/sign-in", login_name="li", secret=PASSWORD)
    assert cookie_of(visitor) != "chosen-by-somebody-else"


def test_a_copied_cookie_dies_at_sign_out(app: Flask, sign_in: SignIn) -> None:
    li = sign_in(Role.VOLUNTEER)
    copy = with_cookie(app, cookie_of(li))
    assert is_in(copy)
    li.visit("/password")
    li.submit("/sign-out")
    assert not is_in(li)
    assert not is_in(copy)


class _KeptInTheCookie(SecureCookieSession):
    def renew(self) -> None:
        self.clear()


def test_control_flasks_own_session_would_fail_that_test(db_url: str, tmp_path: Path, at: At) -> None:
    at("2026-11-03 09:00")
    app = make_app(db_url, tmp_path / "data")
    write_cast(db_url)
    app.session_interface = SecureCookieSessionInterface()
    app.session_interface.session_class = _KeptInTheCookie
    app.config["SESSION_COOKIE_NAME"] = COOKIE
    li = signed_in(app, "li")
    copy = with_cookie(app, cookie_of(li))
    li.visit("/password")
    li.submit("/sign-out")
    assert is_in(copy), "if this fails, the tests above prove nothing: look for what changed in Flask"


def test_sign_out_on_one_device_leaves_the_other(sign_in: SignIn) -> None:
    phone, office = sign_in(Role.VOLUNTEER), sign_in(Role.VOLUNTEER)
    phone.visit("/password")
    phone.submit("/sign-out")
    assert is_in(office)


def test_sign_out_clears_what_the_browser_keeps(sign_in: SignIn) -> None:
    li = sign_in(Role.VOLUNTEER)
    answer = li.send("/sign-out")
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'


def test_a_disabled_login_is_out_at_once(sign_in: SignIn, cast: Cast) -> None:
    li, admin = sign_in(Role.VOLUNTEER), sign_in(Role.ADMINISTRATOR)
    admin.visit("/logins")
    admin.submit(f"/logins/{cast.users['li']}/disable")
    assert not is_in(li)
    again = sign_in("zhang")
    assert is_in(again), "only the one login is ended"


def test_a_disabled_login_cannot_sign_in_again(app: Flask, sign_in: SignIn, cast: Cast) -> None:
    with db.transaction() as session:
        auth.disable_user(session, actor=SYSTEM, user_id=cast.users["li"])
    visitor = app.test_client()
    assert isinstance(visitor, Visitor)
    visitor.visit("/sign-in?lang=en")
    visitor.submit("/sign-in", login_name="li", secret=PASSWORD, status=400)


def test_a_role_that_ends_is_over_on_the_next_request(sign_in: SignIn, cast: Cast) -> None:
    zhou, admin = sign_in(Role.COORDINATOR), sign_in(Role.ADMINISTRATOR)
    zhou.visit("/people")
    with db.reading() as session:
        grant = session.exec(select(Grant).where(Grant.user_id == cast.users["zhou"])).one()
    admin.visit("/logins")
    admin.submit(f"/logins/roles/{grant.id}/end")
    zhou.visit("/people", status=403)


def test_a_role_with_an_end_ends_by_itself(sign_in: SignIn, cast: Cast, at: At) -> None:
    with db.transaction() as session:
        grant = session.exec(select(Grant).where(Grant.user_id == cast.users["zhou"])).one()
        grant.ends_on = grant.starts_on
        session.add(grant)
    at("2026-11-03 23:58")
    zhou = sign_in(Role.COORDINATOR)
    zhou.visit("/people")
    at("2026-11-04 00:01")
    zhou.visit("/people", status=403)


def test_an_idle_session_ends(sign_in: SignIn, at: At) -> None:
    li = sign_in(Role.VOLUNTEER)
    at("2026-11-03 20:59")
    assert is_in(li), "11 hours 59 minutes are no idleness yet"
    at("2026-11-04 09:00")
    assert not is_in(li)


def test_a_session_in_use_still_ends_after_its_longest_time(db_url: str, tmp_path: Path, at: At) -> None:
    at("2026-11-03 09:00")
    app = make_app(db_url, tmp_path / "data", absolute_minutes=24 * 60)
    write_cast(db_url)
    li = signed_in(app, "li")
    for moment in ("2026-11-03 20:00", "2026-11-04 07:00", "2026-11-04 08:59"):
        at(moment)
        assert is_in(li), f"in use, and within a day: {moment}"
    at("2026-11-04 09:01")
    assert not is_in(li)
    db.engine().dispose()


def test_a_new_password_ends_every_session(app: Flask, sign_in: SignIn) -> None:
    phone, office = sign_in(Role.VOLUNTEER), sign_in(Role.VOLUNTEER)
    office.visit("/password")
    office.submit("/password", present=PASSWORD, secret="a kettle and two cups")
    assert not is_in(phone)
    assert not is_in(office)
    office.visit("/sign-in")
    office.submit("/sign-in", login_name="li", secret=PASSWORD, status=400)
    office.submit("/sign-in", login_name="li", secret="a kettle and two cups")
    assert is_in(office)


def test_changing_a_password_needs_the_present_one(sign_in: SignIn) -> None:
    li = sign_in(Role.VOLUNTEER)
    li.visit("/password")
    li.submit("/password", present="not this one", secret="a kettle and two cups", status=400)
    assert is_in(li)


@pytest.mark.parametrize("weak", ["short", "12345678", "xiaofang drinks tea", "aaaabbbbaaaa", "x1y2z3" * 22])
def test_easy_passwords_are_refused_with_the_field(sign_in: SignIn, weak: str) -> None:
    xiaofang = sign_in("xiaofang")
    xiaofang.visit("/password")
    answer = xiaofang.submit("/password", present=PASSWORD, secret=weak, status=400)
    assert 'id="error-secret"' in answer
    assert is_in(xiaofang)


def test_the_database_holds_no_cookie_only_its_hash(sign_in: SignIn) -> None:
    li = sign_in(Role.VOLUNTEER)
    with db.reading() as session:
        rows = session.exec(select(LoginSession)).all()
    assert rows
    assert all(cookie_of(li) not in str(row.model_dump()) for row in rows)


def test_the_cookie_is_out_of_reach_for_scripts_and_other_sites(app: Flask, cast: Cast) -> None:
    answer = app.test_client().get("/sign-in?lang=en")
    assert "HttpOnly" in answer.headers["Set-Cookie"]
    assert "SameSite=Lax" in answer.headers["Set-Cookie"]


def test_secure_cookies_are_bound_to_the_host(db_url: str, tmp_path: Path) -> None:
    made = make_app(db_url, tmp_path / "secure", secure_cookies=True)
    answer = made.test_client().get("/sign-in?lang=en", base_url="https://county.example")
    assert answer.headers["Set-Cookie"].startswith("__Host-timebank=")
    assert "Secure" in answer.headers["Set-Cookie"]
    assert "Domain=" not in answer.headers["Set-Cookie"]
    assert "max-age" in answer.headers["Strict-Transport-Security"]
    db.engine().dispose()


def test_session_secrets_are_long_and_never_alike() -> None:
    made = {ids.new_secret() for _ in range(1_000)}
    assert len(made) == 1_000
    assert min(map(len, made)) >= 43, "32 bytes, so 256 bits"


def test_nobody_gives_themselves_a_role(sign_in: SignIn, cast: Cast) -> None:
    with db.transaction() as session, pytest.raises(Exception, match="own_role"):
        auth.give_role(
            session,
            actor=SYSTEM.__class__(cast.users["gao"], Role.ADMINISTRATOR, "500156"),
            user_id=cast.users["gao"],
            role=Role.BUREAU,
            area_code=VILLAGE,
        )
