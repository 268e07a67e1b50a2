"""Holidays, market days, farming season and absences move visits or call them off, and each visit says why."""

from dataclasses import replace
from datetime import date

import pytest
from sqlmodel import select

from tests import factories as make
from tests.cast import Cast
from tests.fixtures.site import At, SignIn
from tests.visits.conftest import actor_of
from timebank.areas.models import CalendarDay, DayKind
from timebank.careplans.models import Absence, AbsenceKind
from timebank.careplans.rules import ItemIn
from timebank.core import db, ids
from timebank.core.actors import Role
from timebank.core.errors import TimebankError
from timebank.people import operations as people
from timebank.people.models import Person, PersonState, RiskTier
from timebank.visits import operations
from timebank.visits.models import Visit, VisitGeneration, VisitState

TUESDAYS = [date(2026, 11, day) for day in (3, 10, 17, 24)]
ITEM = make.care_item()


def mark(on: date, kind: DayKind) -> None:
    with db.transaction() as session:
        session.add(CalendarDay(id=ids.new_id("cal"), area_code=make.TOWNSHIP, on=on, kind=kind))


def agree(cast: Cast, *items: ItemIn, tier: RiskTier = RiskTier.KEY) -> None:
    with db.transaction() as session:
        chen = session.get_one(Person, cast.chen_popo.id)
        chen.tier = tier
        session.add(chen)
        make.assessment(session=session, elder=chen, level=3)
        make.care_plan(session=session, elder=chen, items=items)


def generate(cast: Cast, month: str = "2026-11") -> operations.GenerationReport:
    with db.transaction() as session:
        return operations.generate(session, actor=actor_of(cast, "zhou"), area_code=make.TOWNSHIP, month=month)


def visits() -> list[Visit]:
    with db.reading() as session:
        return list(session.exec(select(Visit).order_by(Visit.due_on)))  # type: ignore[arg-type]


def test_a_visit_on_a_holiday_goes_to_the_next_free_day_and_says_from_where_and_why(cast: Cast) -> None:
    mark(TUESDAYS[1], DayKind.HOLIDAY)
    mark(date(2026, 11, 11), DayKind.MARKET)
    agree(cast, replace(ITEM, skips_holidays=True, skips_market_days=True, moves_when_off=True))
    report = generate(cast)
    assert (report.made, report.moved, dict(report.skipped)) == (4, 1, {})
    moved = visits()[1]
    assert (moved.due_on, moved.moved_from_on, moved.moved_because) == (
        date(2026, 11, 12),
        TUESDAYS[1],
        "public holiday",
    )
    again = generate(cast)
    assert (again.made, again.known, again.moved, again.withdrawn) == (0, 4, 0, 0)


def test_a_day_that_becomes_a_holiday_moves_a_visit_that_is_on_no_plan_yet_and_back_again(cast: Cast) -> None:
    agree(cast, replace(ITEM, skips_holidays=True, moves_when_off=True))
    generate(cast)
    mark(TUESDAYS[1], DayKind.HOLIDAY)
    assert generate(cast).moved == 1
    assert [visit.due_on for visit in visits()] == [TUESDAYS[0], date(2026, 11, 11), *TUESDAYS[2:]]
    with db.transaction() as session:
        session.delete(session.exec(select(CalendarDay)).one())
    assert generate(cast).moved == 1
    assert [(visit.due_on, visit.moved_from_on) for visit in visits()] == [(on, None) for on in TUESDAYS]


def test_a_daily_visit_has_no_free_day_to_go_to_and_is_left_out_with_the_reason(cast: Cast) -> None:
    mark(TUESDAYS[1], DayKind.HOLIDAY)
    agree(cast, replace(ITEM, recurrence="FREQ=DAILY", skips_holidays=True, moves_when_off=True))
    report = generate(cast)
    assert (report.made, report.moved, dict(report.skipped)) == (27, 0, {"public holiday": 1})


def test_in_farming_season_visits_that_can_wait_come_in_the_evening_but_not_to_elders_at_high_risk(cast: Cast) -> None:
    mark(TUESDAYS[2], DayKind.FARMING)
    agree(cast)
    generate(cast)
    evening = next(visit for visit in visits() if visit.due_on == TUESDAYS[2])
    assert (evening.window_from_minute, evening.window_to_minute) == (17 * 60, 19 * 60 + 30)
    assert evening.moved_because == "farming season: later in the day" and evening.moved_from_on is None


def test_in_farming_season_high_risk_keeps_its_hour(cast: Cast) -> None:
    mark(TUESDAYS[2], DayKind.FARMING)
    agree(cast, tier=RiskTier.HIGH)
    generate(cast)
    assert {visit.window_from_minute for visit in visits()} == {9 * 60}


def test_the_report_counts_every_reason_even_where_the_list_is_cut(cast: Cast) -> None:
    mark(TUESDAYS[1], DayKind.NO_SERVICE)
    mark(TUESDAYS[2], DayKind.HOLIDAY)
    agree(cast, replace(ITEM, skips_holidays=True))
    generate(cast)
    with db.reading() as session:
        run = session.exec(select(VisitGeneration)).one()
    assert run.left_out == {"no service on this day": 1, "public holiday": 1}


def absent(cast: Cast, first_on: date, last_on: date | None, kind: AbsenceKind = AbsenceKind.FAMILY_HERE) -> int:
    with db.transaction() as session:
        given = operations.AbsenceIn(cast.chen_popo.id, kind, first_on, last_on, "女儿")
        return operations.enter_absence(session, actor=actor_of(cast, "wang"), absence=given)[1]


def test_when_the_family_takes_over_planned_and_made_visits_are_called_off_and_the_next_ones_not_made(
    cast: Cast,
) -> None:
    agree(cast)
    generate(cast)
    with db.transaction() as session:
        planned = session.exec(select(Visit).where(Visit.due_on == TUESDAYS[1])).one()
        operations.assign(
            session, actor=actor_of(cast, "zhou"), visit_id=planned.id, carers=[(cast.li.id, 540)], day_plan_id=None
        )
    assert absent(cast, TUESDAYS[1], date(2026, 12, 5)) == 3
    off = [visit for visit in visits() if visit.state == VisitState.CANCELLED]
    assert {visit.cancel_reason for visit in off} == {"the family is home and takes over"}
    report = generate(cast, "2026-12")
    assert (report.made, dict(report.skipped)) == (4, {"the family is home and takes over": 1})


def test_back_earlier_the_visits_stand_again(cast: Cast, at: At) -> None:
    agree(cast)
    generate(cast)
    absent(cast, TUESDAYS[1], None, AbsenceKind.HOSPITAL)
    at("2026-11-16 09:00")
    with db.transaction() as session:
        kept = session.exec(select(Absence)).one()
        assert operations.end_absence(session, actor=actor_of(cast, "wang"), absence_id=kept.id) == 2
    assert [visit.state for visit in visits()] == [
        VisitState.DUE,
        VisitState.CANCELLED,
        VisitState.DUE,
        VisitState.DUE,
    ]


@pytest.mark.parametrize(
    ("first_on", "last_on", "code"),
    [
        (date(2026, 11, 2), None, "careplans.absence_day"),
        (date(2027, 11, 30), None, "careplans.absence_day"),
        (date(2026, 11, 9), date(2026, 11, 8), "careplans.absence_ends"),
    ],
)
def test_absences_lie_ahead_and_end_after_they_begin(
    cast: Cast, first_on: date, last_on: date | None, code: str
) -> None:
    with pytest.raises(TimebankError) as refused:
        absent(cast, first_on, last_on)
    assert refused.value.code == code


def test_after_the_expected_return_from_hospital_visits_are_made_ahead(cast: Cast) -> None:
    agree(cast)
    with db.transaction() as session:
        people.change_state(
            session,
            actor=actor_of(cast, "wang"),
            person_id=cast.chen_popo.id,
            state=PersonState.HOSPITAL,
            since_on=TUESDAYS[0],
            until_on=date(2026, 11, 16),
        )
    generate(cast)
    assert [visit.due_on for visit in visits()] == TUESDAYS[2:]


def test_the_assistant_writes_down_days_and_the_family_sees_the_reason(cast: Cast, sign_in: SignIn) -> None:
    agree(cast)
    generate(cast)
    wang, here = sign_in(Role.ASSISTANT), f"/away/of/{cast.chen_popo.id}"
    wang.visit(here)
    page = wang.submit(here, kind="family_here", first_on="2026-11-10", last_on="2026-11-11", told_by="小芳")
    assert "1 visit is called off" in page and "told by 小芳" in page
    assert "the family is home and takes over" in sign_in("xiaofang").visit("/family")
    assert "visit stands again" in wang.submit("/end")
