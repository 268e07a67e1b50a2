"""Pairing by QR, PINs, shared phones, lost phones, calendar addresses, and asking to help."""

import re
from collections.abc import Iterator
from datetime import date

import pytest
from flask import Flask
from sqlmodel import select

from tests import factories as make
from tests.cast import Cast
from tests.factories import VILLAGE
from tests.fixtures.browsing import Visitor
from tests.fixtures.site import At, SignIn
from timebank.auth import operations as auth
from timebank.auth.models import Grant
from timebank.core import db
from timebank.core.actors import SYSTEM, Role
from timebank.people.models import Person, RealNameCheck
from timebank.phones.models import Application, ApplicationState, CalendarFeed, PairingCode, Phone, PhoneUser
from timebank.phones.queries import phone_by_secret
from timebank.visits import operations

PIN = "407152"


@pytest.fixture
def assistant(sign_in: SignIn) -> Visitor:
    return sign_in(Role.ASSISTANT)


@pytest.fixture
def phone(app: Flask, cast: Cast) -> Iterator[Visitor]:
    """A browser that nobody has used yet."""
    made = app.test_client()
    assert isinstance(made, Visitor)
    made.visit("/sign-in?lang=en")
    yield made


def code_for(assistant: Visitor, person: Person) -> str:
    """What the QR on the assistant's screen says."""
    assistant.visit("/phones?words=" + person.household_code)
    page = assistant.submit(f"/phones/people/{person.id}/code")
    found = re.search(r"/phones/pair/([\w-]+)", page)
    assert found
    return found[1]


def pair(phone: Visitor, code: str, *, pin: str = PIN, again: str | None = None, status: int = 200) -> str:
    phone.visit(f"/phones/pair/{code}")
    return phone.submit(f"/phones/pair/{code}", pin=pin, again=pin if again is None else again, status=status)


def enter(phone: Visitor, user_id: str, pin: str, status: int = 200) -> str:
    phone.visit("/phones/enter")
    return phone.submit("/phones/enter", user_id=user_id, pin=pin, status=status)


def leave(phone: Visitor) -> None:
    phone.visit("/")
    phone.submit("/sign-out")


def test_a_phone_is_paired_by_scanning_and_opens_by_pin(assistant: Visitor, phone: Visitor, cast: Cast) -> None:
    pair(phone, code_for(assistant, cast.li))
    assert "李姐" in phone.visit("/today")
    leave(phone)
    assert "Who are you?" in phone.visit("/sign-in")
    enter(phone, cast.users["li"], PIN)
    phone.visit("/today")


def test_codes_secrets_and_pins_lie_hashed(assistant: Visitor, phone: Visitor, cast: Cast) -> None:
    code = code_for(assistant, cast.li)
    pair(phone, code)
    cookie = phone.get_cookie("timebank_phone")
    assert cookie is not None
    with db.reading() as session:
        kept = [*session.exec(select(PairingCode)), *session.exec(select(Phone)), *session.exec(select(PhoneUser))]
    assert not any(secret in str(row) for row in kept for secret in (code, cookie.value, PIN))


def test_a_code_works_once_and_for_ten_minutes(assistant: Visitor, app: Flask, cast: Cast, at: At) -> None:
    code = code_for(assistant, cast.li)
    for wanted in (200, 409):
        other = app.test_client()
        assert isinstance(other, Visitor)
        other.visit("/sign-in?lang=en")
        pair(other, code, status=wanted)
    late = code_for(assistant, cast.li)
    at("2026-11-03 09:11")
    other = app.test_client()
    assert isinstance(other, Visitor)
    assert "older than ten minutes" in pair(_fresh(app), late, status=409)


def _fresh(app: Flask) -> Visitor:
    made = app.test_client()
    assert isinstance(made, Visitor)
    made.visit("/sign-in?lang=en")
    return made


@pytest.mark.parametrize(
    ("pin", "again", "words"),
    [
        ("123456", "123456", "too easy"),
        ("111111", "111111", "too easy"),
        ("40715", "40715", "six plain digits"),
        ("４０７１５２", "４０７１５２", "six plain digits"),
        ("407152", "407153", "not alike"),
    ],
)
def test_pins_that_do_not_do(assistant: Visitor, phone: Visitor, cast: Cast, pin: str, again: str, words: str) -> None:
    code = code_for(assistant, cast.li)
    assert words in pair(phone, code, pin=pin, again=again, status=400)
    pair(phone, code)


def test_five_wrong_pins_lock_this_person_on_this_phone_for_the_hour(
    assistant: Visitor, phone: Visitor, cast: Cast, at: At
) -> None:
    pair(phone, code_for(assistant, cast.li))
    leave(phone)
    for _ in range(5):
        assert "not right" in enter(phone, cast.users["li"], "999999", status=400)
    assert "Too many tries" in enter(phone, cast.users["li"], PIN, status=403)
    at("2026-11-03 10:01")
    enter(phone, cast.users["li"], PIN)


def test_several_people_share_a_phone_and_are_counted(assistant: Visitor, phone: Visitor, cast: Cast) -> None:
    for person in (cast.li, cast.zhang):
        pair(phone, code_for(assistant, person))
        leave(phone)
    page = phone.visit("/phones/enter")
    assert "李姐" in page and "张哥" in page
    assert "2 people on this phone" in assistant.visit("/phones")
    assert "not right" in enter(phone, cast.users["xiaofang"], PIN, status=400), "who was not paired cannot enter"


def test_a_lost_phone_ends_at_once_no_other_does(assistant: Visitor, phone: Visitor, cast: Cast, app: Flask) -> None:
    other = _fresh(app)
    pair(phone, code_for(assistant, cast.li))
    pair(other, code_for(assistant, cast.li))
    with db.reading() as session:
        cookie = phone.get_cookie("timebank_phone")
        lost = phone_by_secret(session, cookie.value if cookie else "")
    assert lost is not None
    assistant.visit("/phones")
    assistant.submit(f"/phones/{lost.id}/revoke")
    assert phone.get("/today").status_code == 302
    assert "/sign-in" in phone.get("/phones/enter").location
    assert other.get("/today").status_code == 200


def test_nobody_pairs_their_own_phone_or_one_of_elsewhere(assistant: Visitor, cast: Cast) -> None:
    assistant.visit("/phones?words=" + cast.wang.household_code)
    assistant.submit(f"/phones/people/{cast.wang.id}/code", status=403)
    assert assistant.send(f"/phones/people/{cast.yang.id}/code").status_code == 404


def test_a_person_without_a_login_gets_one_by_pairing(assistant: Visitor, phone: Visitor, cast: Cast) -> None:
    with db.transaction() as session:
        home = make.household(session=session, number=40)
        new = make.volunteer(session=session, household=home, name="罗嬢")
    pair(phone, code_for(assistant, new))
    phone.visit("/today")


def test_a_calendar_address_shows_visits_without_names_until_it_is_ended(
    sign_in: SignIn, app: Flask, cast: Cast
) -> None:

    with db.transaction() as session:
        visit = make.visit(session=session, elder=cast.chen_popo)
        operations.assign(session, actor=SYSTEM, visit_id=visit.id, carers=[(cast.li.id, 540)], day_plan_id=None)
    li, stranger = sign_in("li"), _fresh(app)
    li.visit("/me")
    page = li.submit("/me/calendar")
    secret = re.search(r"/calendar/([\w-]+)\.ics", page)
    assert secret
    text = stranger.get(f"/calendar/{secret[1]}.ics").text
    assert "黄桷树下" in text and "陈" not in text and "DTSTART:20261103T010000Z" in text
    with db.reading() as session:
        assert secret[1] not in str(session.exec(select(CalendarFeed)).all())
    li.visit("/me")
    li.submit("/me/calendar/end")
    assert stranger.get(f"/calendar/{secret[1]}.ics").status_code == 404
    assert stranger.get("/calendar/guessed.ics").status_code == 404


WISH = {"area_code": VILLAGE, "name": "田小妹", "sex": "female", "born_on": "1979-05-01", "phone": "13900001111"}


def test_who_wants_to_help_asks_and_is_taken_on_in_two_steps(phone: Visitor, sign_in: SignIn, cast: Cast) -> None:
    for _ in range(2):
        phone.visit("/join?lang=en")
        assert "have arrived" in phone.submit("/join", **WISH)
    with db.reading() as session:
        asked = session.exec(select(Application)).one()
    assert "13900001111" not in str(asked)
    township = sign_in(Role.COORDINATOR)
    assert township.send(f"/applications/{asked.id}/decide", {"decision": "yes"}).status_code == 409
    village = sign_in(Role.ASSISTANT)
    village.visit("/applications")
    village.submit(f"/applications/{asked.id}/agree", household_code=cast.chen_popo.household_code)
    township.visit("/applications")
    township.submit(f"/applications/{asked.id}/decide", decision="yes")
    with db.reading() as session:
        known = session.get_one(Application, asked.id)
        assert known.state == ApplicationState.ACCEPTED and known.person_id
        person = session.get_one(Person, known.person_id)
        checked = session.exec(select(RealNameCheck).where(RealNameCheck.person_id == person.id)).one()
    assert person.volunteer_since_on == date(2026, 11, 3)
    assert checked.verifier_user_id == cast.users["wang"], "the village saw the card"


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("born_on", "2015-01-01", "under 18"),
        ("born_on", "yesterday", "year-month-day"),
        ("phone", "call me", "5 to 15 plain digits"),
        ("name", "\x00", "signs that cannot be kept"),
    ],
)
def test_applications_that_cannot_be(phone: Visitor, field: str, value: str, words: str) -> None:
    phone.visit("/join?lang=en")
    answer = phone.send("/join", WISH | {field: value})
    assert answer.status_code in (400, 409) and words in answer.text
    with db.reading() as session:
        assert session.exec(select(Application)).all() == []


def test_a_no_needs_a_reason_and_strangers_see_nothing(phone: Visitor, sign_in: SignIn, cast: Cast) -> None:
    phone.visit("/join?lang=en")
    phone.submit("/join", **WISH)
    with db.reading() as session:
        asked = session.exec(select(Application)).one()
    assert "田小妹" not in sign_in("sun").visit("/applications")
    village, township = sign_in(Role.ASSISTANT), sign_in(Role.SUPERVISOR)
    assert village.send(f"/applications/{asked.id}/agree", {"household_code": "500156102201"}).status_code == 400
    village.visit("/applications")
    village.submit(f"/applications/{asked.id}/agree", household_code=cast.chen_popo.household_code)
    refused = township.send(f"/applications/{asked.id}/decide", {"decision": "no"})
    assert refused.status_code == 400 and "Write the reason" in refused.text


def test_a_pin_opens_no_page_of_the_office(assistant: Visitor, phone: Visitor, cast: Cast) -> None:
    """Who pairs a phone could choose its PIN: it must not make a supervisor of an assistant."""
    with db.transaction() as session:
        auth.give_role(session, actor=SYSTEM, user_id=cast.users["li"], role=Role.SUPERVISOR, area_code=VILLAGE[:9])
    pair(phone, code_for(assistant, cast.li))
    phone.visit("/today")
    assert phone.get("/reviews").status_code == 403
    assert "/reviews" not in phone.visit("/")


def test_a_phone_of_the_office_opens_the_pages_of_a_member(assistant: Visitor, phone: Visitor, cast: Cast) -> None:
    with db.transaction() as session:
        for grant in session.exec(select(Grant).where(Grant.user_id == cast.users["li"])).all():
            session.delete(grant)
        auth.give_role(session, actor=SYSTEM, user_id=cast.users["li"], role=Role.SUPERVISOR, area_code=VILLAGE[:9])
    pair(phone, code_for(assistant, cast.li))
    assert "李姐" in phone.visit("/today")
