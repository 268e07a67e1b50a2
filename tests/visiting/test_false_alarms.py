"""No alarm for somebody whom the village has seen, or of whom it knows where she is; on both databases."""

from datetime import date

import pytest
from sqlmodel import select

from tests import factories as make
from tests.cast import Cast
from tests.fixtures.site import At
from tests.visits.conftest import actor_of, event, tell
from timebank.careplans.models import AbsenceKind
from timebank.core import clock, db
from timebank.people import operations as people
from timebank.people.models import Person, PersonState
from timebank.visiting import operations
from timebank.visiting.models import CaseEnd, ContactForm, Outcome, StepKind, UnreachedCase
from timebank.visits import operations as visits
from timebank.visits.models import EventKind, Visit

TODAY = date(2026, 11, 3)


def watch() -> int:
    with db.transaction() as session:
        return operations.watch(session, area_code=make.DISTRICT)


def visit_at(cast: Cast, hour: int, who: Person, on: date = TODAY) -> Visit:
    with db.transaction() as session:
        made = make.visit(session=session, elder=cast.chen_popo, on=on, window=(hour * 60, hour * 60 + 60))
        return visits.assign(
            session, actor=actor_of(cast, "zhou"), visit_id=made.id, carers=[(who.id, hour * 60)], day_plan_id=None
        )


def nobody(cast: Cast, visit: Visit, minute: int) -> None:
    tell(cast, event(visit, EventKind.NO_ANSWER, minute))


def searches() -> list[UnreachedCase]:
    with db.reading() as session:
        return list(session.exec(select(UnreachedCase).order_by(UnreachedCase.id)))


def alarms_until(at: At, days: str, hours: range) -> list[int]:
    """The hours at which the clock raised an alarm."""
    raised = []
    for hour in hours:
        at(f"{days} {hour:02}:59")
        if watch():
            raised.append(hour)
    return raised


def neighbour_found_her(cast: Cast, outcome: Outcome = Outcome.WELL) -> None:
    with db.transaction() as session:
        case = session.exec(select(UnreachedCase)).one()
        operations.take_step(
            session, actor=actor_of(cast, "wang"), case_id=case.id, kind=StepKind.NEIGHBOUR, outcome=outcome
        )


@pytest.mark.parametrize("outcome", [Outcome.WELL, Outcome.ELSEWHERE])
def test_who_was_found_is_not_searched_for_because_of_an_earlier_door_of_the_day(
    cast: Cast, at: At, outcome: Outcome
) -> None:
    first, second = visit_at(cast, 9, cast.li), visit_at(cast, 11, cast.li)
    at("2026-11-03 09:30")
    nobody(cast, first, 9 * 60 + 30)
    watch()
    at("2026-11-03 11:12")
    nobody(cast, second, 11 * 60 + 10)
    at("2026-11-03 11:30")
    neighbour_found_her(cast, outcome)
    assert alarms_until(at, "2026-11-03", range(11, 24)) == []
    assert len(searches()) == 1


def test_a_door_that_stays_shut_after_she_was_found_begins_a_search_of_its_own(cast: Cast, at: At) -> None:
    first, second = visit_at(cast, 9, cast.li), visit_at(cast, 12, cast.li)
    at("2026-11-03 09:30")
    nobody(cast, first, 9 * 60 + 30)
    watch()
    at("2026-11-03 11:30")
    neighbour_found_her(cast)
    at("2026-11-03 12:20")
    nobody(cast, second, 12 * 60 + 15)
    assert alarms_until(at, "2026-11-03", range(12, 24)) == [18]
    assert [case.visit_id for case in searches()] == [first.id, second.id]


def test_a_call_of_the_same_day_that_reached_her_ends_what_a_late_phone_tells_of_the_morning(
    cast: Cast, at: At
) -> None:
    visit = visit_at(cast, 9, cast.li)
    at("2026-11-03 10:00")
    with db.transaction() as session:
        contact = operations.Contact(cast.chen_popo.id, TODAY, ContactForm.PHONE, Outcome.WELL)
        operations.record_contact(session, actor=actor_of(cast, "wang"), contact=contact)
    at("2026-11-03 16:00")
    nobody(cast, visit, 9 * 60 + 20)
    assert (watch(), searches()) == (0, [])


def test_what_is_written_down_of_the_day_before_ends_no_search(cast: Cast, at: At) -> None:
    visit = visit_at(cast, 9, cast.li)
    at("2026-11-03 09:30")
    nobody(cast, visit, 9 * 60 + 20)
    watch()
    with db.transaction() as session:
        contact = operations.Contact(cast.chen_popo.id, date(2026, 11, 2), ContactForm.DOOR, Outcome.WELL)
        operations.record_contact(session, actor=actor_of(cast, "wang"), contact=contact)
    assert alarms_until(at, "2026-11-03", range(15, 17)) == [15]


def test_a_phone_that_was_dark_for_days_searches_for_nobody_who_was_visited_since(cast: Cast, at: At) -> None:
    shut, later = visit_at(cast, 9, cast.li), visit_at(cast, 9, cast.zhang, date(2026, 11, 5))
    at("2026-11-05 10:30")
    tell(cast, event(later, EventKind.CHECK_IN, 545), who="zhang")
    at("2026-11-06 08:00")
    nobody(cast, shut, 9 * 60 + 10)
    assert (watch(), searches()) == (0, [])


def test_a_shut_door_heard_of_late_is_searched_for_from_when_it_was_and_leaves_time_to_ask(cast: Cast, at: At) -> None:
    shut = visit_at(cast, 9, cast.li)
    at("2026-11-05 08:00")
    nobody(cast, shut, 9 * 60 + 10)
    assert watch() == 0
    assert [case.opened_at for case in searches()] == [clock.at_local(TODAY, 9 * 60 + 10)]
    at("2026-11-05 09:59")
    assert watch() == 0, "the neighbour is asked first: two hours from when the office heard"
    at("2026-11-05 10:00")
    assert watch() == 1


def change(cast: Cast, state: PersonState, on: date) -> None:
    with db.transaction() as session:
        people.change_state(
            session, actor=actor_of(cast, "zhou"), person_id=cast.chen_popo.id, state=state, since_on=on
        )


@pytest.mark.parametrize("state", [PersonState.HOSPITAL, PersonState.DEAD])
def test_who_is_known_to_be_in_hospital_or_dead_is_not_searched_for(cast: Cast, at: At, state: PersonState) -> None:
    visit = visit_at(cast, 9, cast.li)
    at("2026-11-03 09:30")
    nobody(cast, visit, 9 * 60 + 25)
    watch()
    at("2026-11-03 10:00")
    change(cast, state, TODAY)
    assert [case.end for case in searches()] == [CaseEnd.ELSEWHERE], "at once, not only when the clock looks again"
    assert alarms_until(at, "2026-11-03", range(15, 17)) == []


def test_a_late_phone_opens_no_search_for_who_went_to_hospital_and_is_back(cast: Cast, at: At) -> None:
    with_dark_phone = visit_at(cast, 9, cast.li)
    at("2026-11-04 09:00")
    change(cast, PersonState.HOSPITAL, date(2026, 11, 4))
    at("2026-11-05 09:00")
    change(cast, PersonState.ACTIVE, date(2026, 11, 5))
    at("2026-11-06 09:00")
    nobody(cast, with_dark_phone, 9 * 60 + 10)
    assert (watch(), searches()) == (0, [])


def test_back_home_in_the_morning_a_door_shut_in_the_afternoon_is_searched_for(cast: Cast, at: At) -> None:
    change(cast, PersonState.HOSPITAL, TODAY)
    at("2026-11-03 09:30")
    change(cast, PersonState.ACTIVE, TODAY)
    visit = visit_at(cast, 14, cast.li)
    at("2026-11-03 14:10")
    nobody(cast, visit, 14 * 60 + 5)
    watch()
    assert [case.closed_at for case in searches()] == [None]


def test_an_absence_told_after_the_door_ends_the_search(cast: Cast, at: At) -> None:
    visit = visit_at(cast, 9, cast.li)
    at("2026-11-03 09:30")
    nobody(cast, visit, 9 * 60 + 25)
    watch()
    at("2026-11-03 10:00")
    with db.transaction() as session:
        told = visits.AbsenceIn(cast.chen_popo.id, AbsenceKind.WITH_FAMILY, TODAY, date(2026, 11, 20), "女儿")
        visits.enter_absence(session, actor=actor_of(cast, "wang"), absence=told)
    assert alarms_until(at, "2026-11-03", range(15, 17)) == []
    assert [case.end for case in searches()] == [CaseEnd.ELSEWHERE]


def test_an_absence_still_to_come_ends_no_search(cast: Cast, at: At) -> None:
    visit = visit_at(cast, 9, cast.li)
    at("2026-11-03 09:30")
    nobody(cast, visit, 9 * 60 + 25)
    with db.transaction() as session:
        told = visits.AbsenceIn(cast.chen_popo.id, AbsenceKind.WITH_FAMILY, date(2026, 11, 10), None, "女儿")
        visits.enter_absence(session, actor=actor_of(cast, "wang"), absence=told)
    assert alarms_until(at, "2026-11-03", range(15, 17)) == [15]
