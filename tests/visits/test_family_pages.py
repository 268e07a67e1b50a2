"""What kin far away see of the visits: who comes next, who came, when, and how it went."""

import re
from datetime import timedelta

import pytest
from sqlmodel import select

from tests import factories as make
from tests.cast import Cast
from tests.fixtures.site import At, SignIn
from tests.visits.conftest import Plan, event, tell
from timebank.core import clock, db
from timebank.core.actors import SYSTEM
from timebank.people import operations as people
from timebank.people.models import Proxy
from timebank.visits.models import EventKind as Kind
from timebank.visits.models import VisitState

pytestmark = pytest.mark.usefixtures("app")


def test_kin_hear_how_it_went_as_far_as_the_power_goes(sign_in: SignIn, planned: Plan, cast: Cast) -> None:
    visit = planned()
    for kind, minute, data in (
        (Kind.CHECK_IN, 540, {}),
        (Kind.TICK, 550, {"task": "health"}),
        (Kind.TICK, 551, {"task": "living"}),
        (Kind.TICK, 552, {"task": "health"}),
        (Kind.CHECK_OUT, 585, {}),
    ):
        tell(cast, event(visit, kind, minute, data=data))
    kin = sign_in("xiaofang")  # whose power is to ask and to confirm, not to follow
    assert "medicine taken" not in kin.visit("/family")
    kin.submit(f"/family/{visit.id}/confirm", happy="2")
    page = kin.visit("/family")
    assert "李姐" in page and "So-so" not in page
    with db.transaction() as session:
        power = session.exec(select(Proxy).where(Proxy.proxy_person_id == cast.xiaofang.id)).one()
        power.purposes = [*power.purposes, "follow_visits"]
    page = kin.visit("/family")
    assert "medicine taken, eats and sleeps well</p>" in page
    assert "#meh" in page and "So-so" in page


def test_kin_see_first_what_waits_then_who_comes_next(cast: Cast, sign_in: SignIn, at: At) -> None:
    at("2026-11-03 12:00")
    ahead, states = (-3, 5, 1, -1), {-1: VisitState.DONE}
    with db.transaction() as session:
        for days in ahead:
            made = make.visit(session=session, elder=cast.chen_popo, on=clock.today() + timedelta(days=days))
            made.state = states.get(days, VisitState.DUE)
    page = sign_in("xiaofang").visit("/family")
    shown = re.findall(r'<p class="when">([^<]+) 09:00', page)
    assert shown == ["Mon 2 Nov", "Wed 4 Nov", "Sun 8 Nov", "Sat 31 Oct"]


def test_who_only_follows_is_offered_neither_the_nod_nor_calling_off(cast: Cast, sign_in: SignIn, at: At) -> None:
    at("2026-11-03 12:00")
    with db.transaction() as session:
        make.visit(session=session, elder=cast.chen_popo, on=clock.today() + timedelta(days=1))
        make.visit(session=session, elder=cast.chen_popo, on=clock.today()).state = VisitState.DONE
    kin, offered = sign_in("xiaofang"), ("How was it?", "Call it off")
    page = kin.visit("/family")
    assert [words in page for words in offered] == [True, True]
    with db.transaction() as session:
        session.exec(select(Proxy).where(Proxy.proxy_person_id == cast.xiaofang.id)).one().purposes = ["follow_visits"]
    page = kin.visit("/family")
    assert [words in page for words in offered] == [False, False] and "Wed 4 Nov" in page


def test_kin_see_nobody_named_once_the_elder_takes_the_consent_back(
    cast: Cast, sign_in: SignIn, planned: Plan, at: At
) -> None:
    planned()
    at("2026-11-03 08:00")
    with db.transaction() as session:
        was = make.visit(session=session, elder=cast.chen_popo, on=clock.today() - timedelta(days=1))
        was.state = VisitState.SETTLED
        people.give_consent(session, actor=SYSTEM, person_id=cast.chen_popo.id, purpose="kin", method="read_aloud")
    kin = sign_in("xiaofang")
    page = kin.visit("/family")
    assert "李姐" in page and "Mon 2 Nov" in page
    with db.transaction() as session:
        people.withdraw_consent(session, actor=SYSTEM, person_id=cast.chen_popo.id, purpose="kin")
    page = kin.visit("/family")
    assert "李姐" not in page and "Mon 2 Nov" not in page and "Nobody named yet" not in page
    assert "does not want kin to see who comes" in page and "Call it off" in page, "what kin may do stays"
