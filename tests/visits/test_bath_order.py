"""A bath with two phones whose clocks differ: what counts is when something happened, not what a phone shows."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests import factories as make
from tests.cast import Cast
from tests.visits.conftest import Plan, event, seen, tell
from timebank.careplans.models import ServiceKind
from timebank.core import clock, db, ids
from timebank.core.errors import TimebankError
from timebank.visits import operations
from timebank.visits.models import EventKind as Kind
from timebank.visits.models import Visit
from timebank.visits.rules import EventIn

GOOD = {"systolic": 130, "water_c": 38, "room_c": 25, "heated": True}
WATER = {"task": "bath_start"}


@pytest.fixture
def bath(cast: Cast, planned: Plan) -> Visit:
    """A bath of today with 李姐 and 张姐; nothing speaks against it but what a test tells."""
    made = planned(cast.li, cast.zhang, service=ServiceKind.BATH)
    with db.transaction() as session:
        make.assessment(session=session, elder=cast.chen_popo)
    return made


def gates(bath: Visit) -> list[str]:
    with db.reading() as session:
        return operations.bath_gates(session, session.get_one(Visit, bath.id))


def by_phone(bath: Visit, kind: Kind, happened: datetime, *, ahead: timedelta, data: dict[str, Any]) -> EventIn:
    """What a phone tells whose clock is ahead of ours (or behind), and that says so when it sends."""
    offset_s = -round(ahead.total_seconds())
    return EventIn(ids.new_id("evt"), bath.id, kind, happened + ahead, "dev_a", data=data, offset_s=offset_s)


@pytest.mark.parametrize("ahead", [timedelta(0), timedelta(minutes=-15), timedelta(days=1), timedelta(days=-3)])
def test_water_that_runs_now_waits_for_the_gate_whatever_the_phone_shows(
    cast: Cast, bath: Visit, ahead: timedelta
) -> None:
    tell(cast, event(bath, Kind.CHECK_IN, 11 * 60))
    now = clock.now()
    with pytest.raises(TimebankError) as refused:
        tell(cast, by_phone(bath, Kind.TICK, now, ahead=ahead, data=WATER))
    assert refused.value.code == "visits.bath_gate"


@pytest.mark.parametrize("ahead", [timedelta(0), timedelta(days=1)])
def test_news_of_water_hours_ago_is_kept_and_flagged_whatever_the_phone_shows(
    cast: Cast, bath: Visit, ahead: timedelta
) -> None:
    tell(cast, event(bath, Kind.CHECK_IN, 8 * 60))
    hours_ago = clock.now() - timedelta(hours=3)
    assert tell(cast, by_phone(bath, Kind.TICK, hours_ago, ahead=ahead, data=WATER)).state == "accepted"
    assert "bath_gate" in seen(bath).flags


def test_the_last_pressure_counts_even_from_a_phone_that_runs_slow(cast: Cast, bath: Visit) -> None:
    for who in ("li", "zhang"):
        tell(cast, event(bath, Kind.CHECK_IN, 11 * 60), who)
    tell(cast, event(bath, Kind.VITALS, 11 * 60 + 5, data=GOOD), "zhang")
    assert gates(bath) == []
    high = GOOD | {"systolic": 215}
    now = clock.now()
    tell(cast, by_phone(bath, Kind.VITALS, now, ahead=timedelta(hours=-2), data=high))
    assert gates(bath) == ["blood_pressure"]


def test_who_has_left_is_not_there(cast: Cast, bath: Visit) -> None:
    for who in ("li", "zhang"):
        tell(cast, event(bath, Kind.CHECK_IN, 11 * 60), who)
    tell(cast, event(bath, Kind.VITALS, 11 * 60 + 5, data=GOOD))
    assert gates(bath) == []
    tell(cast, event(bath, Kind.CHECK_OUT, 11 * 60 + 20), "zhang")
    assert gates(bath) == ["carer_alone"]
    with pytest.raises(TimebankError) as refused:
        tell(cast, event(bath, Kind.TICK, 12 * 60, data=WATER))
    assert refused.value.field == "carer_alone"
    tell(cast, event(bath, Kind.CHECK_IN, 11 * 60 + 30), "zhang")
    assert gates(bath) == [], "back again"


@pytest.mark.parametrize(("left", "flags"), [("11:20", True), ("11:40", False)])
def test_who_says_later_that_they_had_left_before_the_water_ran_leaves_a_mark(
    cast: Cast, bath: Visit, left: str, flags: bool
) -> None:
    for who in ("li", "zhang"):
        tell(cast, event(bath, Kind.CHECK_IN, 11 * 60), who)
    tell(cast, event(bath, Kind.VITALS, 11 * 60 + 5, data=GOOD))
    tell(cast, event(bath, Kind.TICK, 11 * 60 + 30, data=WATER))
    assert "bath_gate" not in seen(bath).flags
    tell(cast, event(bath, Kind.CHECK_OUT, 12 * 60, data={"left": left}), "zhang")
    assert ("bath_gate" in seen(bath).flags) == flags
