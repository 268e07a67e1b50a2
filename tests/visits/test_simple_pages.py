"""Large type and simple pages: chosen once, there on every phone, and only what is needed now."""

import re

from flask import Flask
from sqlmodel import select

from tests import factories as make
from tests.cast import Cast
from tests.fixtures.site import SignIn
from tests.visits.conftest import Plan
from timebank.auth.models import User
from timebank.core import db


def test_what_was_chosen_once_is_there_after_the_next_sign_in(app: Flask, sign_in: SignIn) -> None:
    sign_in("li").send("/display", {"type_size": "simple", "lang": "en", "next": "/today"})
    assert 'data-type-size="simple"' in sign_in("li").visit("/today")
    assert 'data-type-size="normal"' in sign_in("zhang").visit("/today")
    with db.reading() as session:
        kept = session.exec(select(User).where(User.login_name == "li")).one()
    assert (kept.type_size, kept.locale) == ("simple", "en")


def test_on_a_shared_phone_ones_own_choice_counts(app: Flask, sign_in: SignIn) -> None:
    sign_in("zhang").send("/display", {"type_size": "large", "next": "/today"})
    phone = sign_in("li")
    phone.send("/display", {"type_size": "largest", "next": "/today"})
    phone.send("/sign-out", {})
    assert 'data-type-size="largest"' in phone.visit("/sign-in")
    assert 'data-type-size="large"' in sign_in("zhang").visit("/today")


def test_an_odd_size_changes_nothing(app: Flask, sign_in: SignIn) -> None:
    li = sign_in("li")
    li.send("/display", {"type_size": "gigantic", "next": "/today"})
    assert 'data-type-size="normal"' in li.visit("/today")


def test_simple_today_shows_the_next_home_and_keeps_the_others_at_hand(sign_in: SignIn, planned: Plan) -> None:
    first, other = sorted(planned().id for _ in range(2))  # at the same minute: in the order of their names
    li = sign_in("li")
    everything = li.visit("/today")
    assert "All homes of today" not in everything and "Help wanted nearby" in everything
    li.send("/display", {"type_size": "simple", "lang": "en", "next": "/today"})
    simple = li.visit("/today")
    before, _, after = simple.partition("All homes of today")
    assert first in before and other not in before and other in after
    assert "Help wanted nearby" not in simple


def test_simple_hours_are_three_figures_and_the_rest_behind_a_link(sign_in: SignIn, cast: Cast) -> None:
    with db.transaction() as session:
        make.hours(session=session, person=cast.li, minutes=600)
        make.earned(session=session, person=cast.li, elder=cast.chen_popo, minutes=90)
    li = sign_in("li")
    everything = li.visit("/hours")
    assert "Everything in the book" not in everything and "Set aside for help asked for" in everything
    li.send("/display", {"type_size": "simple", "lang": "en", "next": "/hours"})
    plain, link, rest = li.visit("/hours").partition("Everything in the book")
    figures = re.findall(r"<dt>([^<]+)</dt><dd>([^<]+)</dd>", plain)
    assert figures == [
        ("Can be used now", "11 h 30 min"),
        ("Helped in all", "1 h 30 min"),
        ("Were helped in all", "0 min"),
    ]
    assert link and "Set aside for help asked for" in rest and "Pass hours to kin" in rest
    assert "Everything in the book" not in sign_in("wang").visit(f"/hours/{cast.li.id}"), "the office sees all of it"
