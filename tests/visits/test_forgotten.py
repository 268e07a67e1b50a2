"""Who forgot to sign out is asked, on their phone and by the office; what they say afterwards is looked at."""

from itertools import permutations

import pytest

from tests import factories as make
from tests.cast import Cast
from tests.fixtures.site import At, SignIn
from tests.visits.conftest import Plan, actor_of, event, seen, tell
from timebank.core import clock, db, ids
from timebank.core.errors import TimebankError
from timebank.visits import desk_queries, operations, queries
from timebank.visits.models import EventKind as Kind
from timebank.visits.models import Visit, VisitState
from timebank.visits.rules import EventIn

CAME = 9 * 60 + 2  # planned from nine for 45 minutes: until 9:47, asked from 10:02 on
ASKED = "you came at 09:02, planned until 09:47. Did you leave?"


@pytest.fixture
def forgot(cast: Cast, planned: Plan) -> Visit:
    """李姐 signed in at 陈婆婆's and not out."""
    visit = planned()
    tell(cast, event(visit, Kind.CHECK_IN, CAME))
    return visit


def says_left(cast: Cast, visit: Visit, left: str, *, told: int = 10 * 60 + 10) -> None:
    tell(cast, event(visit, Kind.CHECK_OUT, told, data={"left": left}))


def left_at(visit: Visit) -> int:
    with db.reading() as session:
        [(carer, _)] = queries.carers_of(session, [visit.id])[visit.id]
        assert carer.checked_out_at
        return clock.minute_of_day(carer.checked_out_at)


def credited(cast: Cast, visit: Visit) -> tuple[int, list[str]]:
    with db.reading() as session:
        now = session.get_one(Visit, visit.id)
        minutes, _ = operations.proposed_minutes(session, now)[cast.li.id]
        return minutes, operations.needs_a_look(session, now)


def test_today_asks_once_the_time_planned_and_a_little_more_are_over(sign_in: SignIn, forgot: Visit, at: At) -> None:
    li = sign_in("li")
    for moment, is_asked in (("2026-11-03 10:01", False), ("2026-11-03 10:02", True)):
        at(moment)
        for page in ("/today", f"/stops/{forgot.id}"):
            text = li.visit(page)
            assert ASKED in text, "it is there, so that the page can show it later by itself"
            assert ('data-asks-at="2026-11-03T02:02:00+00:00" hidden' in text) != is_asked, (page, moment)
    answer = li.get("/api/today").json
    assert answer
    told = answer["stops"][0]
    assert (told["ends_at"], told["tolerance_minutes"]) == ("2026-11-03T01:45:00+00:00", 15)
    assert told["since"].startswith("2026-11-03T01:02")


def test_one_tap_says_when(cast: Cast, sign_in: SignIn, forgot: Visit, at: At) -> None:
    at("2026-11-03 10:30")
    li = sign_in("li")
    li.visit("/today")
    li.submit(f"/stops/{forgot.id}/events", having={"kind": "check_out"})
    assert left_at(forgot) == 9 * 60 + 47, "the planned end stands there already"
    assert ASKED not in li.visit("/today")
    assert seen(forgot).state == VisitState.DONE
    assert "left_said_later" in seen(forgot).flags
    assert credited(cast, forgot)[0] == 45


def test_what_is_said_later_is_capped_looked_at_and_never_in_the_future(cast: Cast, planned: Plan) -> None:
    for left, minute, minutes in (("09:40", 580, 30), ("11:30", 690, 60), ("23:00", 12 * 60, 60)):
        visit = planned()
        tell(cast, event(visit, Kind.CHECK_IN, CAME))
        says_left(cast, visit, left, told=12 * 60)
        assert left_at(visit) == minute
        found, why = credited(cast, visit)
        assert (found, "left_said_later" in why) == (minutes, True), left


def test_the_order_in_which_it_arrives_does_not_matter(cast: Cast, planned: Plan) -> None:
    outcomes = set()
    for order in permutations(range(3)):
        visit = planned()
        told = (
            event(visit, Kind.CHECK_IN, CAME),
            event(visit, Kind.CHECK_OUT, 10 * 60 + 10, data={"left": "09:40"}),
            event(visit, Kind.CHECK_OUT, 10 * 60 + 20),
        )
        for index in order:
            tell(cast, told[index])
        outcomes.add((left_at(visit), seen(visit).state, tuple(seen(visit).flags)))
    assert outcomes == {(580, VisitState.DONE, ("left_said_later",))}


@pytest.mark.parametrize(
    ("came", "left", "expected"),
    [
        ("2026-11-03 09:02", "09:20", "2026-11-03 09:20"),
        ("2026-11-03 09:02", "08:30", "2026-11-03 09:02"),  # before they came: at most a slip of the tongue
        ("2026-11-03 23:50", "00:20", "2026-11-04 00:20"),  # a night at a sickbed
    ],
)
def test_a_time_that_is_said_the_next_day_is_of_the_day_they_came(
    cast: Cast, planned: Plan, at: At, came: str, left: str, expected: str
) -> None:
    visit = planned()
    arrived = at(came)
    tell(cast, EventIn(ids.new_id("evt"), visit.id, Kind.CHECK_IN, arrived))
    told = at("2026-11-04 11:00")
    tell(cast, EventIn(ids.new_id("evt"), visit.id, Kind.CHECK_OUT, told, data={"left": left}))
    with db.reading() as session:
        [(carer, _)] = queries.crew_of(session, visit.id)
    assert carer.checked_out_at == at(expected)


def test_what_the_village_writes_down_after_midnight_is_of_the_day_before(cast: Cast, forgot: Visit, at: At) -> None:
    at("2026-11-04 08:00")
    with db.transaction() as session:
        office, who = actor_of(cast, "wang"), cast.li.id
        operations.enter_departure(session, actor=office, visit_id=forgot.id, person_id=who, left="09:30")
    assert credited(cast, forgot)[0] == 15, "28 minutes, in whole quarters of an hour"
    at("2026-11-04 09:30")
    elsewhere = make_next_day(cast)
    assert "two_homes_at_once" not in credited(cast, elsewhere)[1]


def make_next_day(cast: Cast) -> Visit:
    """An honest visit of 李姐 to another door, the morning after."""
    with db.transaction() as session:
        made = make.visit(session=session, elder=cast.ran_daye, on=clock.today(), window=(480, 660), minutes=30)
        carers = [(cast.li.id, 8 * 60 + 30)]
        clerk = actor_of(cast, "zhou")
        operations.assign(session, actor=clerk, visit_id=made.id, carers=carers, day_plan_id=None)
    tell(cast, event(made, Kind.CHECK_IN, 8 * 60 + 31))
    tell(cast, event(made, Kind.CHECK_OUT, 9 * 60 + 3))
    return made


def test_what_is_no_time_is_refused(cast: Cast, forgot: Visit) -> None:
    for left in ("9:40", "24:00", "09:60", "soon", "", 580, True):
        with pytest.raises(TimebankError) as refused:
            tell(cast, event(forgot, Kind.CHECK_OUT, 11 * 60, data={"left": left}))
        assert refused.value.code == "visits.bad_time", left


def test_the_village_sees_who_is_still_signed_in_and_writes_down_what_they_say(
    cast: Cast, sign_in: SignIn, forgot: Visit, at: At
) -> None:
    wang = sign_in("wang")
    at("2026-11-03 10:01")
    assert "Still signed in" not in wang.visit("/village-day")
    at("2026-11-03 10:05")
    page = wang.visit("/village-day")
    assert "Still signed in" in page and "There since 09:02, planned until 09:47." in page
    assert "A reviewer looks at it" in wang.submit(f"/village-day/{forgot.id}/left", left="09:50")
    assert "Still signed in" not in wang.visit("/village-day")
    assert left_at(forgot) == 9 * 60 + 50
    assert "says at 09:50" in sign_in("wu").visit(f"/reviews/{forgot.id}")
    again = wang.send(f"/village-day/{forgot.id}/left", {"person_id": cast.li.id, "left": "09:55"})
    assert again.status_code == 409 and "not signed in" in again.text


def test_nobody_writes_down_their_own_departure_and_no_other_township_does(cast: Cast, forgot: Visit) -> None:
    for who, code in (("li", "visits.own_slip"), ("sun", "visits.not_on_visit")):
        with db.transaction() as session, pytest.raises(TimebankError) as refused:
            operations.enter_departure(
                session, actor=actor_of(cast, who), visit_id=forgot.id, person_id=cast.li.id, left="09:50"
            )
        assert refused.value.code == code
    with db.reading() as session:
        assert desk_queries.still_there(session, "500156102", clock.now()) == []
        [row] = desk_queries.still_there(session, "500156101", clock.now())
    assert row.person.id == cast.li.id
