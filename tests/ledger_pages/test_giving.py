"""Passing hours to kin and giving them away: at once, through a second person, or refused with what is missing."""

import pytest

from tests import factories as make
from tests.cast import Cast
from tests.fixtures.site import SignIn
from timebank.core import db
from timebank.core.actors import Role
from timebank.ledger.queries import account_of
from timebank.people.models import Person


def minutes_of(person: Person) -> int:
    with db.reading() as session:
        account = account_of(session, person.id)
        return account.balance_minutes if account else 0


@pytest.fixture
def rich(cast: Cast) -> Cast:
    """李姐 has 40 hours and a mother: 陈婆婆."""
    with db.transaction() as session:
        make.hours(session=session, person=cast.li, minutes=2_400)
        make.kin(session=session, of=cast.li, kin=cast.chen_popo, relation="parent")
        make.kin(session=session, of=cast.li, kin=cast.zhang, relation="sibling")
    return cast


def test_hours_go_to_the_mother_at_once_and_a_second_tap_gives_nothing_more(rich: Cast, sign_in: SignIn) -> None:
    li = sign_in(Role.VOLUNTEER)
    form = li.visit(f"/hours/{rich.li.id}/pass-on")
    assert "陈婆婆 · parent" in form and "张哥" not in form
    page = li.page
    assert "2 h are passed on." in li.submit("/pass-on", kin_id=rich.chen_popo.id, minutes="120")
    assert (minutes_of(rich.li), minutes_of(rich.chen_popo)) == (2_280, 120)
    li.page = page  # back, and the same button again
    li.submit("/pass-on", kin_id=rich.chen_popo.id, minutes="120")
    assert (minutes_of(rich.li), minutes_of(rich.chen_popo)) == (2_280, 120)


def test_a_large_sum_waits_for_the_township(rich: Cast, sign_in: SignIn) -> None:
    li, office = sign_in(Role.VOLUNTEER), sign_in(Role.SUPERVISOR)
    li.visit(f"/hours/{rich.li.id}/pass-on")
    assert "need a second person" in li.submit("/pass-on", kin_id=rich.chen_popo.id, minutes="1500")
    assert minutes_of(rich.li) == 2_400
    assert "25 h wait for the township" in li.visit(f"/hours/{rich.li.id}/pass-on")
    waiting = office.visit("/entries")
    assert "李姐" in waiting and "asked for on the own page" in waiting
    assert "Approved and in the book." in office.submit("/decide", decision="approve")
    assert (minutes_of(rich.li), minutes_of(rich.chen_popo)) == (900, 1_500)


def test_of_two_relations_after_a_merge_the_near_one_counts(rich: Cast, sign_in: SignIn) -> None:
    with db.transaction() as session:
        make.kin(session=session, of=rich.li, kin=rich.zhang, relation="spouse")  # written down as a sibling too
    li = sign_in(Role.VOLUNTEER)
    li.visit(f"/hours/{rich.li.id}/pass-on")
    assert "need a second person" in li.submit("/pass-on", kin_id=rich.zhang.id, minutes="1500")


@pytest.mark.parametrize(
    ("minutes", "why"),
    [
        ("0", "Minutes go from 1"),
        ("-5", "plain digits"),
        ("１２", "plain digits"),
        ("an hour", "plain digits"),
        ("1.5", "plain digits"),
        ("1000000", "Minutes go from 1"),
        ("", "plain digits"),
        ("3000", "are missing"),
    ],
)
def test_minutes_that_make_no_sense_are_refused_and_nothing_moves(
    rich: Cast, sign_in: SignIn, minutes: str, why: str
) -> None:
    li = sign_in(Role.VOLUNTEER)
    li.visit(f"/hours/{rich.li.id}/pass-on")
    status = 409 if why == "are missing" else 400
    assert why in li.submit("/pass-on", kin_id=rich.chen_popo.id, minutes=minutes, status=status)
    assert minutes_of(rich.li) == 2_400


@pytest.mark.parametrize("minutes", ["60", "1500"])
def test_a_brother_gets_nothing_however_much_it_is(rich: Cast, sign_in: SignIn, minutes: str) -> None:
    li = sign_in(Role.VOLUNTEER)
    li.visit(f"/hours/{rich.li.id}/pass-on")
    refused = li.submit("/pass-on", kin_id=rich.zhang.id, minutes=minutes, status=409)
    assert "Hours go to spouse, parents" in refused
    assert minutes_of(rich.li) == 2_400


def test_hours_are_given_away_to_elders_in_hardship(rich: Cast, sign_in: SignIn) -> None:
    li = sign_in(Role.VOLUNTEER)
    li.visit(f"/hours/{rich.li.id}/donate")
    assert "Thank you. 1 h now help" in li.submit("/donate", minutes="60")
    assert minutes_of(rich.li) == 2_340


def test_kin_who_act_for_an_elder_need_that_power_in_writing(cast: Cast, sign_in: SignIn) -> None:
    with db.transaction() as session:
        make.hours(session=session, person=cast.chen_popo, minutes=600)
    xiaofang = sign_in(Role.ELDER)  # may request and confirm, not give
    xiaofang.visit(f"/hours/{cast.chen_popo.id}/donate")
    assert "You need a written power" in xiaofang.submit("/donate", minutes="60", status=403)
    with db.transaction() as session:
        make.proxy(session=session, holder=cast.xiaofang, elder=cast.chen_popo, purposes=("donate",))
    xiaofang.visit(f"/hours/{cast.chen_popo.id}/donate")
    xiaofang.submit("/donate", minutes="60")
    assert minutes_of(cast.chen_popo) == 540


def test_nobody_gives_away_a_stranger_s_hours(rich: Cast, sign_in: SignIn) -> None:
    yang = sign_in("yang")
    for page in ("donate", "pass-on"):
        yang.visit(f"/hours/{rich.li.id}/{page}", status=404)
        fields = {"minutes": "60", "key": "x", "kin_id": rich.yang.id}
        assert yang.send(f"/hours/{rich.li.id}/{page}", fields).status_code == 404
    assert minutes_of(rich.li) == 2_400


def test_who_has_no_book_yet_is_told_when_it_opens(cast: Cast, sign_in: SignIn) -> None:
    assert "opens with the first visit" in sign_in(Role.VOLUNTEER).visit(f"/hours/{cast.li.id}/donate", status=404)
