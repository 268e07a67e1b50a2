"""Consents are read aloud in a version, to somebody who may agree; what rests on one stops at once with it."""

from datetime import date

import pytest
from sqlmodel import select

from tests import factories as make
from tests.cast import Cast
from tests.fixtures.site import SignIn
from tests.visits.conftest import actor_of, at_door, event, tell
from timebank.careplans import consents
from timebank.careplans.models import ConsentReading, ServiceKind
from timebank.core import clock, db
from timebank.core.actors import Role
from timebank.core.errors import TimebankError
from timebank.people import operations as people
from timebank.people.models import Proxy
from timebank.people.queries import has_consent
from timebank.visits import operations as visits
from timebank.visits.models import EventKind, Visit, VisitEvent, VisitState

PURPOSES = ("visits", "health", "place", "photo", "kin")


def read(cast: Cast, purpose: str, *, heard_by: str = "", method: str = "read_aloud") -> ConsentReading:
    with db.transaction() as session:
        return consents.read_consent(
            session,
            actor=actor_of(cast, "wang"),
            person_id=cast.chen_popo.id,
            purpose=purpose,
            heard_by=heard_by or cast.chen_popo.id,
            method=method,
        )


def withdraw(cast: Cast, purpose: str) -> None:
    with db.transaction() as session:
        people.withdraw_consent(session, actor=actor_of(cast, "wang"), person_id=cast.chen_popo.id, purpose=purpose)


@pytest.mark.parametrize("purpose", PURPOSES)
def test_each_purpose_has_a_text_in_both_languages(purpose: str) -> None:
    text = consents.texts()["texts"][purpose]
    assert len(text["zh"]) > 20 and len(text["en"]) > 40


def test_a_reading_says_who_read_which_text_to_whom_and_when(cast: Cast) -> None:
    reading = read(cast, "photo", heard_by=cast.xiaofang.id)
    assert (reading.text_version, reading.read_by_user_id, reading.heard_by, reading.read_at) == (
        "2026-1",
        cast.users["wang"],
        cast.xiaofang.id,
        clock.now(),
    )
    with db.reading() as session:
        assert has_consent(session, cast.chen_popo.id, "photo")
        given = consents.given_by(session, cast.chen_popo.id)
    assert given["photo"].reading is not None and given["health"].reading is None


def test_a_neighbour_agrees_to_nothing(cast: Cast) -> None:
    with pytest.raises(TimebankError) as refused:
        read(cast, "photo", heard_by=cast.li.id)
    assert refused.value.code == "careplans.no_power"


def test_without_consent_to_visits_they_are_called_off_at_once_and_come_back_with_it(cast: Cast) -> None:
    with db.transaction() as session:
        make.care_plan(session=session, elder=cast.chen_popo)
        visits.generate(session, actor=actor_of(cast, "zhou"), area_code=make.TOWNSHIP, month="2026-11")
        planned = session.exec(select(Visit).where(Visit.due_on == date(2026, 11, 10))).one()
        visits.assign(
            session, actor=actor_of(cast, "zhou"), visit_id=planned.id, carers=[(cast.li.id, 540)], day_plan_id=None
        )
    withdraw(cast, "visits")
    with db.reading() as session:
        found = session.exec(select(Visit)).all()
        assert {visit.state for visit in found} == {VisitState.CANCELLED} and len(found) == 4
        assert {visit.cancel_reason for visit in found} == {
            "the elder does not agree any more that the office keeps this"
        }
    with db.transaction() as session:
        report = visits.generate(session, actor=actor_of(cast, "zhou"), area_code=make.TOWNSHIP, month="2026-11")
    assert (report.made, sum(report.skipped.values())) == (0, 4)
    read(cast, "visits")
    with db.transaction() as session:
        report = visits.generate(session, actor=actor_of(cast, "zhou"), area_code=make.TOWNSHIP, month="2026-11")
    assert report.made == 4


def test_without_health_data_there_is_no_bath_but_company_goes_on(cast: Cast) -> None:
    with db.transaction() as session:
        bath = make.visit(session=session, elder=cast.chen_popo, service=ServiceKind.BATH, crew=2)
        talk = make.visit(session=session, elder=cast.chen_popo, service=ServiceKind.COMPANY)
    withdraw(cast, "health")
    with db.reading() as session:
        states = [session.get_one(Visit, one.id).state for one in (bath, talk)]
    assert states == [VisitState.CANCELLED, VisitState.DUE]


def test_without_consent_to_places_an_arrival_is_kept_without_one(cast: Cast) -> None:
    with db.transaction() as session:
        made = make.visit(session=session, elder=cast.chen_popo)
        visits.assign(
            session, actor=actor_of(cast, "zhou"), visit_id=made.id, carers=[(cast.li.id, 540)], day_plan_id=None
        )
    withdraw(cast, "place")
    tell(cast, event(made, EventKind.CHECK_IN, 9 * 60, place=at_door()))
    with db.reading() as session:
        kept = session.exec(select(VisitEvent)).one()
    assert (kept.place_sealed, kept.place_mark) == ("", "")


def test_without_consent_kin_see_nothing_more_but_may_still_ask_and_confirm(cast: Cast) -> None:
    with db.transaction() as session:
        make.proxy(
            session=session,
            holder=cast.xiaofang,
            elder=cast.chen_popo,
            purposes=["follow_visits", "see_bed", "confirm"],
        )
        make.proxy(session=session, holder=cast.zhang, elder=cast.chen_popo, purposes=["see_bed"])
    read(cast, "kin")
    withdraw(cast, "kin")
    with db.reading() as session:
        found = session.exec(select(Proxy).where(Proxy.for_person_id == cast.chen_popo.id)).all()
    left = sorted(tuple(proxy.purposes) for proxy in found if proxy.revoked_at is None)
    assert left == [("confirm",), ("request", "confirm")]


def test_the_page_reads_the_text_and_keeps_the_answer(cast: Cast, sign_in: SignIn) -> None:
    wang, here = sign_in(Role.ASSISTANT), f"/care-plans/of/{cast.chen_popo.id}/consents"
    assert "A photo of the paper slip is kept" in wang.visit(here)
    page = wang.submit("/consents", having={"purpose": "photo"}, heard_by=cast.xiaofang.id, method="read_aloud")
    assert "read by 王助理 to 陈小芳, version 2026-1" in page
    page = wang.submit("/withdraw", having={"purpose": "photo"})
    assert "What rested on it has stopped." in page


def test_a_withdrawn_consent_that_stops_nothing_does_not_say_it_did(cast: Cast, sign_in: SignIn) -> None:
    wang, here = sign_in(Role.ASSISTANT), f"/care-plans/of/{cast.chen_popo.id}/consents"
    wang.visit(here)
    page = wang.submit("/withdraw", having={"purpose": "register"})
    assert "has stopped" not in page and "Nothing stops by itself" in page
