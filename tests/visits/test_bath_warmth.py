"""No bath in cold water or a cold room; in winter the room is heated, or the bath is in the van."""

from typing import Any

import pytest

from tests import factories as make
from tests.cast import Cast
from tests.visits.conftest import Plan, event, tell
from timebank.careplans.models import ServiceKind
from timebank.core import db
from timebank.core.errors import TimebankError
from timebank.visits.models import EventKind
from timebank.visits.rules import Warmth, cold_failures, is_winter

WINTER = Warmth(water_c=(35, 40), room_c=24, is_winter=True)
SUMMER = Warmth(water_c=(35, 40), room_c=24, is_winter=False)


@pytest.mark.parametrize(
    ("told", "failures"),
    [
        ({"water_c": 38, "room_c": 25}, []),
        ({"water_c": 35, "room_c": 24}, []),
        ({"water_c": 34, "room_c": 23}, ["water_temperature", "room_cold"]),
        ({"water_c": 41, "room_c": 30}, ["water_temperature"]),
        ({}, ["no_water_temperature", "no_room_temperature"]),
    ],
)
def test_water_and_room_are_measured_and_warm(told: dict[str, Any], failures: list[str]) -> None:
    assert cold_failures(told, SUMMER) == failures


@pytest.mark.parametrize(("sign", "failures"), [("heated", []), ("in_van", []), ("", ["no_heating"])])
def test_in_winter_the_room_is_heated_or_the_bath_is_in_the_van(sign: str, failures: list[str]) -> None:
    told: dict[str, Any] = {"water_c": 38, "room_c": 25} | ({sign: True} if sign else {})
    assert cold_failures(told, WINTER) == failures


def test_winter_goes_over_the_turn_of_the_year() -> None:
    assert [month for month in range(1, 13) if is_winter(month, first=11, last=3)] == [1, 2, 3, 11, 12]
    assert [month for month in range(1, 13) if is_winter(month, first=1, last=2)] == [1, 2]


def test_the_water_runs_only_when_everything_is_warm(cast: Cast, planned: Plan, at: Any) -> None:
    bath = planned(cast.li, cast.zhang, service=ServiceKind.BATH)
    with db.transaction() as session:
        make.assessment(session=session, elder=cast.chen_popo)
    at("2026-11-03 09:10")
    for who in ("li", "zhang"):
        tell(cast, event(bath, EventKind.CHECK_IN, 9 * 60), who)
    warm = {"systolic": 130, "water_c": 38, "room_c": 25}

    def run(minute: int) -> None:
        tell(cast, event(bath, EventKind.TICK, minute, data={"task": "bath_start"}))

    tell(cast, event(bath, EventKind.VITALS, 9 * 60 + 2, data=warm | {"room_c": 20}))
    with pytest.raises(TimebankError) as refused:
        run(9 * 60 + 3)
    assert refused.value.code == "visits.bath_gate"
    assert str(refused.value.message) == (
        "Do not start the bath: the room is too cold · in winter the room must be heated, or the bath is in the van."
    )
    tell(cast, event(bath, EventKind.VITALS, 9 * 60 + 5, data=warm | {"heated": True}))
    run(9 * 60 + 6)
