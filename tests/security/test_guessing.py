"""Guessing: ten tries an hour for each login, whoever tries; and the owner still gets in (C23)."""

import pytest
from flask import Flask
from sqlmodel import select

from tests.cast import Cast
from tests.factories import PASSWORD
from tests.fixtures.browsing import Visitor
from tests.fixtures.site import At, SignIn
from timebank.auth import operations as auth
from timebank.auth.models import Attempt
from timebank.core import crypto, db
from timebank.core.limits import LOGIN_TRIES_PER_HOUR


def stranger(app: Flask) -> Visitor:
    visitor = app.test_client()
    assert isinstance(visitor, Visitor)
    visitor.visit("/sign-in?lang=en")
    return visitor


def guess(visitor: Visitor, name: str, secret: str) -> int:
    return visitor.send("/sign-in", {"login_name": name, "secret": secret}).status_code


def use_up(app: Flask, name: str) -> None:
    """Ten wrong guesses, each from a browser that was never here before."""
    for number in range(LOGIN_TRIES_PER_HOUR):
        assert guess(stranger(app), name, f"guess number {number}") == 400


def test_the_eleventh_guess_is_refused_even_if_it_is_right(app: Flask, cast: Cast) -> None:
    use_up(app, "li")
    assert guess(stranger(app), "li", PASSWORD) == 403
    assert guess(stranger(app), "LI ", PASSWORD) == 403, "the same login, written otherwise"


def test_another_login_is_not_touched(app: Flask, cast: Cast) -> None:
    use_up(app, "li")
    assert guess(stranger(app), "zhang", PASSWORD) == 303


def test_the_next_hour_begins_anew(app: Flask, cast: Cast, at: At) -> None:
    use_up(app, "li")
    at("2026-11-03 10:00")
    assert guess(stranger(app), "li", PASSWORD) == 303


def test_the_owner_still_gets_in_from_a_browser_that_is_known(app: Flask, sign_in: SignIn) -> None:
    owner = sign_in("li")
    owner.visit("/password")
    owner.submit("/sign-out")
    use_up(app, "li")
    owner.visit("/sign-in")
    assert guess(owner, "li", PASSWORD) == 303


def test_a_known_browser_may_not_guess_for_ever_either(app: Flask, sign_in: SignIn) -> None:
    owner = sign_in("li")
    owner.visit("/password")
    owner.submit("/sign-out")
    owner.visit("/sign-in")
    for number in range(LOGIN_TRIES_PER_HOUR):
        assert guess(owner, "li", f"guess number {number}") == 400
    assert guess(owner, "li", PASSWORD) == 403


def test_the_mark_of_one_login_is_no_mark_of_another(cast: Cast) -> None:
    mark = auth.device_mark(cast.users["zhang"])
    assert auth.is_device_of(mark, cast.users["zhang"])
    assert not auth.is_device_of(mark, cast.users["li"])
    assert not auth.is_device_of(mark[:-1] + ("0" if mark[-1] != "0" else "1"), cast.users["zhang"])
    assert not auth.is_device_of("", cast.users["zhang"])


def test_a_right_guess_gives_the_tries_back(app: Flask, cast: Cast) -> None:
    for _ in range(3):
        for number in range(LOGIN_TRIES_PER_HOUR - 1):
            assert guess(stranger(app), "li", f"guess number {number}") == 400
        assert guess(stranger(app), "li", PASSWORD) == 303


def test_a_login_that_does_not_exist_answers_like_one_that_does(app: Flask, cast: Cast) -> None:
    known, unknown = stranger(app), stranger(app)
    said = [
        visitor.send("/sign-in", {"login_name": name, "secret": "wrong guess"})
        .text.replace(visitor.token(), "")
        .replace(f'value="{name}"', "")  # what was typed may stand there again
        for visitor, name in ((known, "li"), (unknown, "nobody-of-this-name"))
    ]
    assert said[0] == said[1]
    use_up(app, "nobody-else")
    assert guess(unknown, "nobody-else", PASSWORD) == 403


def test_an_unknown_login_costs_a_guesser_as_much_work(monkeypatch: pytest.MonkeyPatch, cast: Cast) -> None:
    worked: list[str] = []
    verify = crypto.passwords()._hasher.verify
    monkeypatch.setattr(
        crypto.passwords(),
        "_hasher",
        type("Counts", (), {"verify": staticmethod(lambda *a: worked.append("") or verify(*a))}),
    )
    for name in ("li", "nobody-of-this-name"):
        with db.transaction() as session:
            tried = auth.begin_sign_in(session, login_name=name)
        assert not auth.fits("wrong guess", tried.kept_hash)
    assert len(worked) == 2


def test_the_present_password_cannot_be_guessed_from_an_open_session(sign_in: SignIn) -> None:
    li = sign_in("li")
    for number in range(LOGIN_TRIES_PER_HOUR):
        answer = li.send("/password", {"present": f"guess number {number}", "secret": "a kettle and two cups"})
        assert answer.status_code == 400
    assert li.send("/password", {"present": PASSWORD, "secret": "a kettle and two cups"}).status_code == 403


def test_the_table_of_tries_holds_no_name(app: Flask, cast: Cast) -> None:
    guess(stranger(app), "xiaofang", "wrong guess")
    with db.reading() as session:
        rows = session.exec(select(Attempt)).all()
    assert rows
    assert not any("xiaofang" in row.id for row in rows)


def test_who_signs_in_keeps_nobody_from_writing(app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    compare, wrote = auth.fits, list[str]()

    def somebody_writes_meanwhile(secret: str, kept_hash: str | None) -> bool:
        with db.transaction() as session:  # SQLite has one place to write: refused where this thread holds it
            session.connection()
            wrote.append("meanwhile")
        return compare(secret, kept_hash)

    monkeypatch.setattr(auth, "fits", somebody_writes_meanwhile)
    assert guess(stranger(app), "li", PASSWORD) == 303
    assert wrote == ["meanwhile"]


def test_one_address_does_not_try_names_without_end(
    app: Flask, sign_in: SignIn, at: At, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = sign_in("li")
    owner.visit("/password")
    owner.submit("/sign-out")
    owner.visit("/sign-in")
    monkeypatch.setattr(auth, "ADDRESS_TRIES_PER_HOUR", 4)
    assert guess(stranger(app), "zhang", PASSWORD) == 303, "who gets in is not counted"
    assert [guess(stranger(app), f"name-{number}", "summer 2026") for number in range(5)] == [400] * 4 + [403]
    assert guess(owner, "li", PASSWORD) == 303, "a browser that is known is let in all the same"
    at("2026-11-03 10:00")
    assert guess(stranger(app), "zhang", PASSWORD) == 303
