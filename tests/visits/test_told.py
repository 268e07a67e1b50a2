"""A need or a hazard that a helper writes down reaches somebody who does something about it."""

from tests.cast import Cast
from tests.fixtures.site import At, SignIn
from tests.visits.conftest import Plan, event, tell
from timebank.core.actors import Role
from timebank.visits.models import EventKind as Kind

WAITING = "needs or hazards told at visits wait for an answer"


def test_what_was_seen_at_a_visit_waits_until_somebody_took_it_in_hand(
    sign_in: SignIn, planned: Plan, cast: Cast, at: At
) -> None:
    visit = planned()
    tell(cast, event(visit, Kind.CHECK_IN, 9 * 60))
    tell(cast, event(visit, Kind.NOTE, 9 * 60 + 5, data={"note": "灶台冒烟"}, counter=2))
    at("2026-11-06 08:00")
    assert "灶台冒烟" not in sign_in("sun").visit("/village-day"), "another township has no say"
    for desk in (Role.COORDINATOR, Role.ASSISTANT):
        office = sign_in(desk)
        assert WAITING in office.visit("/")
        assert "灶台冒烟" in office.visit("/village-day"), "days later, on the list of any day"
    office.submit("/village-day/alarms/" + event_id_of(office.visit("/village-day")), words="请人换了烟管")
    assert "灶台冒烟" not in office.visit("/village-day")


def event_id_of(page: str) -> str:
    return page.split("/village-day/alarms/")[1].split('"')[0]
