"""Visits moved over the end of a month, and months of elders who moved house: no other month or place fails."""

from dataclasses import replace
from datetime import date

import pytest
from sqlmodel import select

from tests import factories as make
from tests.cast import Cast
from tests.fixtures.site import At
from tests.visits.conftest import actor_of
from tests.visits.test_moved_and_called_off import ITEM, agree, generate, mark, visits
from timebank.areas.models import DayKind
from timebank.core import db
from timebank.core.actors import SYSTEM
from timebank.people import operations as people
from timebank.people.operations.moves import Door
from timebank.visits import operations
from timebank.visits.models import Visit, VisitState

LAST_DAY, FIRST_DAY = date(2026, 11, 30), date(2026, 12, 1)
DAILY = replace(ITEM, recurrence="FREQ=DAILY", skips_holidays=True, moves_when_off=True)
WEEKDAYS = replace(DAILY, recurrence="FREQ=WEEKLY;BYDAY=MO,WE,TH,FR")


def days_from(first_on: date) -> list[date]:
    return [visit.due_on for visit in visits() if visit.due_on >= first_on and visit.state == VisitState.DUE]


@pytest.mark.parametrize("months", [("2026-11", "2026-12"), ("2026-12", "2026-11")])
def test_a_day_off_at_the_end_of_a_month_takes_no_day_that_the_next_month_needs(
    cast: Cast, months: tuple[str, str]
) -> None:
    mark(LAST_DAY, DayKind.HOLIDAY)
    agree(cast, DAILY)
    reports = {month: generate(cast, month) for month in months}
    assert dict(reports["2026-11"].skipped) == {"public holiday": 1}
    assert reports["2026-12"].made == 31


def test_a_day_that_becomes_a_holiday_when_both_months_stand_already(cast: Cast) -> None:
    agree(cast, DAILY)
    generate(cast, "2026-11")
    generate(cast, "2026-12")
    mark(LAST_DAY, DayKind.HOLIDAY)
    assert (generate(cast).withdrawn, days_from(LAST_DAY)[0]) == (1, FIRST_DAY)


def test_a_visit_that_was_moved_to_today_is_not_taken_back_by_making_visits_again(cast: Cast, at: At) -> None:
    mark(date(2026, 11, 10), DayKind.HOLIDAY)
    agree(cast, replace(WEEKDAYS, recurrence="FREQ=WEEKLY;BYDAY=TU"))
    generate(cast)
    at("2026-11-11 07:00")
    assert (generate(cast).withdrawn, days_from(date(2026, 11, 11))[0]) == (0, date(2026, 11, 11))


def test_over_the_end_of_the_month_to_a_day_that_the_care_plan_leaves_free(cast: Cast) -> None:
    mark(LAST_DAY, DayKind.HOLIDAY)
    agree(cast, WEEKDAYS)
    generate(cast, "2026-11")
    report = generate(cast, "2026-12")
    assert (report.skipped, days_from(LAST_DAY)[:2]) == ({}, [FIRST_DAY, date(2026, 12, 2)])
    assert generate(cast).known == generate(cast).known, "run again, everything stays where it is"
    assert days_from(LAST_DAY)[:2] == [FIRST_DAY, date(2026, 12, 2)]


def test_a_visit_that_was_moved_into_a_month_before_its_care_plan_asked_for_the_day_is_one_visit(cast: Cast) -> None:
    agree(cast, replace(DAILY, moves_when_off=False))
    generate(cast, "2026-11")
    with db.transaction() as session:
        moved = session.exec(select(Visit).where(Visit.due_on == LAST_DAY)).one()
        moved.moved_from_on, moved.due_on = LAST_DAY, FIRST_DAY
        session.add(moved)
    report = generate(cast, "2026-12")
    assert (report.made, dict(report.skipped)) == (30, {"another visit of the same kind was moved to this day": 1})


def test_an_elder_who_moved_house_lets_no_month_of_the_new_township_fail(cast: Cast, at: At) -> None:
    agree(cast, ITEM)
    generate(cast)
    with db.transaction() as session:
        off = session.exec(select(Visit).where(Visit.due_on == date(2026, 11, 10))).one()
        operations.cancel(session, actor=actor_of(cast, "zhou"), visit_id=off.id, reason="女儿来")
    at("2026-11-05 09:00")
    with db.transaction() as session:
        door = Door(make.OTHER_GROUP, "77", "新家")
        people.relocate(
            session, actor=actor_of(cast, "tan"), person_id=cast.chen_popo.id, to=door, since_on=date(2026, 11, 5)
        )
    with db.transaction() as session:
        report = operations.generate(session, actor=SYSTEM, area_code=make.OTHER_TOWNSHIP, month="2026-11")
    assert (report.made, report.known, report.withdrawn) == (0, 3, 0)
    assert days_from(date(2026, 11, 5)) == [date(2026, 11, 17), date(2026, 11, 24)]
