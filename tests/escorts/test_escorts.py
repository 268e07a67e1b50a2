"""An appointment is three linked parts: one helper in the plan, three stops on the phone, three visits in the book."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from sqlmodel import select

from tests import factories as make
from tests.cast import Cast
from tests.fixtures.site import At, SignIn
from tests.visits.conftest import actor_of, event, tell
from timebank.areas import operations as areas
from timebank.areas.models import FacilityKind
from timebank.core import clock, db
from timebank.core.actors import SYSTEM, Role
from timebank.core.errors import TimebankError
from timebank.dayplans import operations as dayplans
from timebank.dayplans.adapter.problem import problem_of
from timebank.dayplans.queries.facts import gather
from timebank.dayplans.queries.rides import ride_minutes
from timebank.escorts import operations, queries
from timebank.escorts.models import Escort
from timebank.escorts.rules import PartKind, Plan, parts
from timebank.people import operations as people
from timebank.people.models import Household, PersonState
from timebank.visits import operations as visits
from timebank.visits.models import EventKind, Visit, VisitState
from timebank.visits.queries import stops_of

TOMORROW = date(2026, 11, 4)
TEN = Plan(TOMORROW, 10 * 60, 40, 60)


def arrange(cast: Cast, plan: Plan = TEN, *, who: str = "wang", clinic: str = "镇卫生院") -> Escort:
    with db.transaction() as session:
        return operations.arrange(
            session, actor=actor_of(cast, who), elder_id=cast.chen_popo.id, clinic=clinic, plan=plan
        )


def parts_of(escort: Escort) -> dict[PartKind, Visit]:
    with db.reading() as session:
        return queries.parts_of(session, escort.id)


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(TimebankError) as refused:
        act()
    return refused.value.code


def may_escort(cast: Cast) -> None:
    with db.transaction() as session:
        people.add_qualification(
            session,
            actor=SYSTEM,
            person_id=cast.li.id,
            kind="escort",
            valid_from_on=date(2026, 1, 1),
            valid_until_on=date(2027, 1, 1),
            evidence="镇上的文件夹",
        )


def test_each_part_begins_where_the_one_before_ends() -> None:
    assert [(part.kind, part.from_minute, part.duration_minutes) for part in parts(TEN)] == [
        (PartKind.OUT, 9 * 60 + 5, 40),
        (PartKind.WAIT, 9 * 60 + 45, 75),
        (PartKind.BACK, 11 * 60, 40),
    ]


def test_an_appointment_makes_three_visits_once(cast: Cast) -> None:
    made = parts_of(arrange(cast))
    assert list(made) == [PartKind.OUT, PartKind.WAIT, PartKind.BACK]
    assert {visit.service.value for visit in made.values()} == {"escort"}
    assert {visit.notes for visit in made.values()} == {"镇卫生院 · 10:00"}


@pytest.mark.parametrize(
    ("plan", "code"),
    [
        (replace(TEN, on=date(2026, 11, 2)), "escorts.day_is_past"),
        (replace(TEN, appointment_minute=30), "escorts.does_not_fit"),
        (replace(TEN, appointment_minute=23 * 60), "escorts.does_not_fit"),
        (replace(TEN, ride_minutes=2), "core.not_in_range"),
        (replace(TEN, wait_minutes=500), "core.not_in_range"),
    ],
)
def test_what_cannot_be_carried_out_is_refused_and_leaves_nothing(cast: Cast, plan: Plan, code: str) -> None:
    assert refusal(lambda: arrange(cast, plan)) == code
    with db.reading() as session:
        assert session.exec(select(Escort)).all() == [] and session.exec(select(Visit)).all() == []


def test_another_township_arranges_nothing_here(cast: Cast) -> None:
    assert refusal(lambda: arrange(cast, who="sun")) == "people.no_such_person"


def test_the_planner_sends_one_helper_all_the_way(cast: Cast) -> None:
    may_escort(cast)
    made = parts_of(arrange(cast))
    with db.transaction() as session:
        problem = problem_of(gather(session, make.TOWNSHIP, TOMORROW))
        dayplans.draft_day(session, actor=SYSTEM, area_code=make.TOWNSHIP, on=TOMORROW, seconds=2, seed=1, steps=50)
    links = {(link.first, link.second): link for link in problem.links}
    out, wait, back = (made[kind].id for kind in PartKind)
    assert set(links) == {(out, wait), (wait, back)}
    assert {link.carers for link in links.values()} == {"same"}
    assert (links[out, wait].min_gap_minutes, links[wait, back].min_gap_minutes) == (40, 75)


def test_the_phone_shows_three_stops_and_each_is_told_by_itself(cast: Cast, at: At) -> None:
    may_escort(cast)
    made = parts_of(arrange(cast))
    with db.transaction() as session:
        for visit in made.values():
            visits.assign(
                session,
                actor=actor_of(cast, "zhou"),
                visit_id=visit.id,
                carers=[(cast.li.id, visit.window_from_minute)],
                day_plan_id=None,
            )
    at("2026-11-04 12:00")
    for visit in made.values():
        tell(cast, event(visit, EventKind.CHECK_IN, visit.window_from_minute))
        tell(cast, event(visit, EventKind.CHECK_OUT, visit.window_from_minute + visit.duration_minutes))
    with db.reading() as session:
        stops = stops_of(session, cast.li.id, TOMORROW, TOMORROW)
    assert [(stop.visit.state, stop.visit.duration_minutes) for stop in stops] == [
        (VisitState.DONE, 40),
        (VisitState.DONE, 75),
        (VisitState.DONE, 40),
    ]


def test_called_off_it_takes_every_part_along_until_they_are_on_their_way(cast: Cast, at: At) -> None:
    first, second = arrange(cast), arrange(cast, replace(TEN, appointment_minute=15 * 60))

    def call_off(escort: Escort) -> None:
        with db.transaction() as session:
            operations.call_off(session, actor=actor_of(cast, "wang"), escort_id=escort.id, reason="改天")

    may_escort(cast)
    call_off(first)
    assert {visit.state for visit in parts_of(first).values()} == {VisitState.CANCELLED}
    out = parts_of(second)[PartKind.OUT]
    with db.transaction() as session:
        visits.assign(
            session, actor=actor_of(cast, "zhou"), visit_id=out.id, carers=[(cast.li.id, 845)], day_plan_id=None
        )
    at("2026-11-04 14:10")
    tell(cast, event(out, EventKind.CHECK_IN, 14 * 60 + 5))
    assert refusal(lambda: call_off(second)) == "escorts.has_begun"


def test_arranged_and_called_off_through_the_pages(cast: Cast, sign_in: SignIn) -> None:
    wang = sign_in(Role.ASSISTANT)
    here = f"/escorts/of/{cast.chen_popo.id}"
    wang.visit(here)
    given = {"clinic": "区人民医院", "on": "2026-11-04", "ride_minutes": "50", "wait_minutes": "90"}
    assert "does not fit" in wang.submit(here, appointment="23:30", status=400, **given)
    page = wang.submit(here, appointment="10:00", **given)
    assert "区人民医院" in page and "with the elder at the doctor" in page
    assert "called off with all its parts" in wang.submit("/call-off", reason="好了")


def test_the_ride_is_reckoned_and_a_shut_door_is_a_warning_not_a_refusal(cast: Cast, sign_in: SignIn) -> None:
    wang, here = sign_in(Role.ASSISTANT), f"/escorts/of/{cast.chen_popo.id}"
    with db.transaction() as session:
        clinic = make.facility(session=session, area_code=make.TOWNSHIP, kind=FacilityKind.CLINIC)
        clinic.opens_minute, clinic.closes_minute = 8 * 60, 12 * 60
    page = wang.visit(here)
    assert "08:00–12:00" in page and "5 min by car" in page
    given = {"clinic_id": clinic.id, "on": "2026-11-04", "wait_minutes": "60"}
    warned = wang.submit(here, appointment="14:00", **given)
    assert "is open 08:00–12:00" in warned and "Arrange it all the same" in warned
    with db.reading() as session:
        assert session.exec(select(Escort)).all() == [], "a warning arranges nothing by itself"
    assert wang.send(here, given | {"appointment": "14:00", "anyway": "yes"}).status_code == 303
    wang.visit(here)
    wang.submit(here, appointment="10:00", ride_minutes="35", **given)
    with db.reading() as session:
        found = session.exec(select(Escort).order_by(Escort.appointment_minute)).all()
        assert [(one.appointment_minute, one.ride_minutes) for one in found] == [(600, 35), (840, 5)]


def test_a_doctor_of_no_list_needs_the_minutes_of_the_ride(cast: Cast, sign_in: SignIn) -> None:
    wang, here = sign_in(Role.ASSISTANT), f"/escorts/of/{cast.chen_popo.id}"
    given = {"clinic": "市里的医院", "on": "2026-11-04", "appointment": "10:00", "wait_minutes": "60"}
    refused = wang.send(here, given)
    assert refused.status_code == 400 and 'id="error-ride_minutes"' in refused.text


def test_a_closed_road_leaves_no_ride_to_propose(cast: Cast) -> None:
    with db.transaction() as session:
        home = session.get_one(Household, cast.chen_popo.household_code)
        places = [make.facility(session=session, area_code=make.OTHER_TOWNSHIP, kind=FacilityKind.CLINIC)]
        session.flush()
        open_road = ride_minutes(session, home, places, TOMORROW)
        areas.close_road(
            session,
            actor=SYSTEM,
            from_code=make.TOWNSHIP,
            to_code=make.OTHER_TOWNSHIP,
            starts_on=TOMORROW,
            ends_on=TOMORROW,
            extra_minutes=None,
            reason="塌方",
        )
        assert ride_minutes(session, home, places, TOMORROW) == {}
        assert list(open_road) == [places[0].id] and open_road[places[0].id] > 30


def test_an_appointment_is_called_off_with_a_stay_in_hospital_and_stands_again_after_it(
    cast: Cast, at: At, sign_in: SignIn
) -> None:
    escort = arrange(cast)
    wang = sign_in(Role.ASSISTANT)
    for state, standing, shown in ((PersonState.HOSPITAL, "cancelled", True), (PersonState.ACTIVE, "due", False)):
        with db.transaction() as session:
            people.change_state(
                session,
                actor=actor_of(cast, "zhou"),
                person_id=cast.chen_popo.id,
                state=state,
                since_on=clock.today(),
            )
        assert {part.state for part in parts_of(escort).values()} == {standing}
        assert ("the elder is in hospital" in wang.visit("/escorts")) == shown
