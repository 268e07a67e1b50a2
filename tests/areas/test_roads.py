"""Closed and slow roads."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from tests import factories as make
from tests.cast import Cast
from tests.dayplans.township import COORDINATOR
from tests.fixtures.site import SignIn
from timebank.areas import operations, queries
from timebank.areas.models import RoadClosure
from timebank.audit.models import AuditEvent
from timebank.core import clock, db
from timebank.core.actors import SYSTEM, Actor, Role
from timebank.core.errors import BadInput, NotFound, Refused
from timebank.dayplans.adapter.travel import Spot, minutes_between
from timebank.dayplans.queries.facts import gather
from timebank.visits.queries import warnings_on

TODAY = date(2026, 5, 12)
TO_SUNDAY = TODAY + timedelta(days=5)


def test_a_road_that_is_known_to_be_closed_is_not_closed_twice(database: sa.Engine) -> None:
    with db.transaction() as session:
        make.district(session=session)

        def close(from_code: str, to_code: str, last: date, extra_minutes: int | None = None) -> str:
            return operations.close_road(
                session,
                actor=COORDINATOR,
                from_code=from_code,
                to_code=to_code,
                starts_on=TODAY,
                ends_on=last,
                extra_minutes=extra_minutes,
                reason="",
            ).id

        first = close(make.VILLAGE, make.NEXT_VILLAGE, TO_SUNDAY)
        assert close(make.NEXT_VILLAGE, make.VILLAGE, TODAY) == first
        slow = close(make.VILLAGE, make.NEXT_VILLAGE, TO_SUNDAY, 20)
        longer = close(make.VILLAGE, make.NEXT_VILLAGE, TO_SUNDAY + timedelta(days=1))
        session.flush()
        known = [closure.id for closure in queries.closures_on(session, make.TOWNSHIP, TODAY)]
        assert known == sorted({first, slow, longer})
        assert len(known) == 3


def test_each_township_keeps_its_own_closure_of_the_road_between_them(database: sa.Engine) -> None:
    with db.transaction() as session:
        make.district(session=session)
        ends = ((make.TOWNSHIP, make.OTHER_TOWNSHIP), (make.OTHER_TOWNSHIP, make.TOWNSHIP))
        for here, there in ends:
            actor = replace(COORDINATOR, area_code=here)
            operations.close_road(
                session,
                actor=actor,
                from_code=here,
                to_code=there,
                starts_on=TODAY,
                ends_on=TODAY,
                extra_minutes=None,
                reason="",
            )
        session.flush()
        assert all(len(queries.closures_on(session, here, TODAY)) == 1 for here, _ in ends)


def closed(session: Session, *, actor: Actor = COORDINATOR, from_code: str = make.VILLAGE, to_code: str) -> RoadClosure:
    return operations.close_road(
        session,
        actor=actor,
        from_code=from_code,
        to_code=to_code,
        starts_on=TODAY,
        ends_on=TO_SUNDAY,
        extra_minutes=None,
        reason="塌方",
    )


@pytest.mark.parametrize(
    ("from_code", "to_code", "code"),
    [
        (make.VILLAGE, "500199001", "areas.unknown_place"),  # another district, known to the book
        (make.VILLAGE, make.DISTRICT, "areas.unknown_place"),  # no place, but all of them
        (make.VILLAGE, "500156999", "areas.unknown_place"),
        (make.OTHER_TOWNSHIP, make.OTHER_VILLAGE, "areas.road_elsewhere"),
    ],
)
def test_a_road_begins_and_ends_in_the_district_and_one_end_is_ones_own(
    database: sa.Engine, from_code: str, to_code: str, code: str
) -> None:
    with db.transaction() as session:
        make.district(session=session)
        make.area(session=session, code="500199")
        make.area(session=session, code="500199001")
        session.flush()
        with pytest.raises((BadInput, Refused)) as refused:
            closed(session, from_code=from_code, to_code=to_code)
        assert refused.value.code == code
        assert not queries.closures_on(session, "", TODAY)


def test_a_road_that_is_open_again_is_used_by_plans_and_told_to_nobody(database: sa.Engine) -> None:
    """The days on which it was closed stay in the book: what drives took then teaches nothing about the road."""
    spots = [Spot("here", (29.25, 107.83), make.VILLAGE), Spot("there", (29.27, 107.85), make.NEXT_VILLAGE)]
    thursday, friday = TODAY + timedelta(days=2), TODAY + timedelta(days=3)

    def drive(on: date) -> int:
        known = gather(session, make.TOWNSHIP, on).closures
        return int(minutes_between(spots, ["car"], known, on)["car"][0, 1])

    with db.transaction() as session:
        make.district(session=session)
        usual = drive(friday)
        closure = closed(session, to_code=make.NEXT_VILLAGE)
        assert usual < drive(thursday) == drive(friday)
        operations.open_road(session, actor=COORDINATOR, road_id=closure.id, open_on=friday)
        assert (drive(friday), drive(thursday) > usual) == (usual, True)
        assert [len(warnings_on(session, make.VILLAGE, on)) for on in (thursday, friday)] == [1, 0]
        session.flush()
        event = session.exec(select(AuditEvent).where(AuditEvent.action == "areas.open_road")).one()
        told = (event.subject_id, event.user_id, event.detail["open_on"], event.detail["was_until"])
        assert told == (closure.id, COORDINATOR.user_id, friday.isoformat(), TO_SUNDAY.isoformat())
        for wrong in (TODAY - timedelta(days=1), friday):  # before it began, and when it is open anyhow
            with pytest.raises(BadInput, match="road_not_closed"):
                operations.open_road(session, actor=COORDINATOR, road_id=closure.id, open_on=wrong)
        operations.open_road(session, actor=COORDINATOR, road_id=closure.id, open_on=TODAY)
        assert not queries.closures_from(session, make.TOWNSHIP, TODAY)


@pytest.mark.parametrize(
    ("role", "area_code", "may"),
    [
        (Role.COORDINATOR, make.TOWNSHIP, True),
        (Role.ASSISTANT, make.VILLAGE, True),
        (Role.BUREAU, make.DISTRICT, True),
        (Role.ASSISTANT, make.NEXT_VILLAGE, False),  # of the township, but at neither end
        (Role.COORDINATOR, make.OTHER_TOWNSHIP, False),  # at the other end: it keeps a closure of its own
        (Role.ASSISTANT, make.OTHER_VILLAGE, False),
        (Role.VOLUNTEER, make.VILLAGE, False),
    ],
)
def test_who_reported_a_road_or_lives_at_its_end_says_that_it_is_open(
    database: sa.Engine, role: Role, area_code: str, may: bool
) -> None:
    with db.transaction() as session:
        make.district(session=session)
        closure = closed(session, actor=SYSTEM, to_code=make.OTHER_TOWNSHIP)
        session.flush()
        actor = Actor("usr_other", role, area_code, "per_x" if role == Role.VOLUNTEER else None)
        if may:
            operations.open_road(session, actor=actor, road_id=closure.id, open_on=TODAY)
            assert closure.ends_on < TODAY
        else:
            with pytest.raises(NotFound):
                operations.open_road(session, actor=actor, road_id=closure.id, open_on=TODAY)
            assert closure.ends_on == TO_SUNDAY


def test_the_calendar_shows_roads_to_come_and_opens_them(cast: Cast, sign_in: SignIn) -> None:
    today = clock.today()
    with db.transaction() as session:
        for starts_on in (today, today + timedelta(days=3)):
            operations.close_road(
                session,
                actor=COORDINATOR,
                from_code=make.VILLAGE,
                to_code=make.NEXT_VILLAGE,
                starts_on=starts_on,
                ends_on=starts_on + timedelta(days=1),
                extra_minutes=None,
                reason="桥在修",
            )
        first, second = queries.closures_from(session, make.TOWNSHIP, today)
    wang = sign_in(Role.COORDINATOR)
    assert wang.visit("/calendar").count("桥在修") == 2
    address = f"/calendar/roads/{first.id}/open"
    refused = wang.submit(address, open_on=(today + timedelta(days=9)).isoformat(), status=400)
    assert "Choose a day between" in refused and refused.count("桥在修") == 2
    assert "Day plans use the road again" in wang.submit(address, open_on=today.isoformat())
    shown = wang.visit("/calendar")
    assert (f"/roads/{first.id}/open" in shown, f"/roads/{second.id}/open" in shown) == (False, True)
