"""Large type and simple pages: chosen once, there on every phone, and only what is needed now."""

import re
from datetime import timedelta

from flask import Flask
from sqlmodel import select

from tests import factories as make
from tests.cast import Cast
from tests.fixtures.site import At, SignIn
from tests.visits.conftest import Plan
from timebank.auth.models import User
from timebank.core import clock, db
from timebank.visits.models import VisitState


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
    visits = [planned(), planned()]
    li = sign_in("li")
    everything = li.visit("/today")
    assert "All homes of today" not in everything and "Help wanted nearby" in everything
    li.send("/display", {"type_size": "simple", "lang": "en", "next": "/today"})
    simple = li.visit("/today")
    before, _, after = simple.partition("All homes of today")
    assert visits[0].id in before and visits[1].id not in before and visits[1].id in after
    assert "Help wanted nearby" not in simple


def test_kin_see_first_what_waits_then_who_comes_next(app: Flask, cast: Cast, sign_in: SignIn, at: At) -> None:
    at("2026-11-03 12:00")
    ahead, states = (-3, 5, 1, -1), {-1: VisitState.DONE}
    with db.transaction() as session:
        for days in ahead:
            made = make.visit(session=session, elder=cast.chen_popo, on=clock.today() + timedelta(days=days))
            made.state = states.get(days, VisitState.DUE)
    page = sign_in("xiaofang").visit("/family")
    shown = re.findall(r'<p class="when">([^<]+) 09:00', page)
    assert shown == ["Mon 2 Nov", "Wed 4 Nov", "Sun 8 Nov", "Sat 31 Oct"]
