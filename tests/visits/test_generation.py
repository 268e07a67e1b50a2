"""Visits of a month come from care plans; what is left out has a reason."""

from dataclasses import replace
from datetime import date

from sqlmodel import select

from tests import factories as make
from tests.cast import Cast
from tests.visits.conftest import actor_of
from timebank.areas.models import CalendarDay, DayKind
from timebank.careplans import operations as careplans
from timebank.careplans.models import CarePlan, ServiceKind
from timebank.careplans.queries import items_of
from timebank.core import db, ids
from timebank.core.actors import SYSTEM
from timebank.people.models import PersonState
from timebank.visits import operations
from timebank.visits.models import Visit, VisitGeneration, VisitState

TUESDAYS = [date(2026, 11, day) for day in (3, 10, 17, 24)]


def generate(cast: Cast, month: str = "2026-11") -> operations.GenerationReport:
    with db.transaction() as session:
        return operations.generate(session, actor=actor_of(cast, "zhou"), area_code=make.TOWNSHIP, month=month)


def days_of(cast: Cast, state: VisitState = VisitState.DUE) -> list[date]:
    with db.reading() as session:
        found = select(Visit.due_on).where(Visit.elder_id == cast.chen_popo.id, Visit.state == state)
        return sorted(session.exec(found))


def agree(cast: Cast, *items: careplans.ItemIn) -> CarePlan:
    with db.transaction() as session:
        make.assessment(session=session, elder=cast.chen_popo, level=3)
        return make.care_plan(session=session, elder=cast.chen_popo, items=items)


def mark(on: date, kind: DayKind) -> None:
    with db.transaction() as session:
        session.add(CalendarDay(id=ids.new_id("cal"), area_code=make.TOWNSHIP, on=on, kind=kind))


def test_a_weekly_item_makes_a_visit_each_week(cast: Cast) -> None:
    agree(cast)
    report = generate(cast)
    assert (report.made, report.known, report.withdrawn) == (4, 0, 0)
    assert days_of(cast) == TUESDAYS


def test_a_second_run_adds_nothing(cast: Cast) -> None:
    agree(cast)
    generate(cast)
    report = generate(cast)
    assert (report.made, report.known, report.withdrawn) == (0, 4, 0)
    assert days_of(cast) == TUESDAYS


def test_every_run_is_kept_with_what_it_left_out_and_why(cast: Cast) -> None:
    mark(TUESDAYS[1], DayKind.NO_SERVICE)
    agree(cast)
    report = generate(cast)
    assert report.made == 3
    with db.reading() as session:
        run = session.exec(select(VisitGeneration)).one()
    assert (run.made, run.known, run.withdrawn, run.by_user_id) == (3, 0, 0, cast.users["zhou"])
    assert run.skipped == [
        {"elder_id": cast.chen_popo.id, "service": "visit", "on": "2026-11-10", "reason": "no service on this day"}
    ]


def test_holidays_are_skipped_where_the_item_says_so_but_not_for_an_elder_at_high_risk(cast: Cast) -> None:
    mark(TUESDAYS[2], DayKind.HOLIDAY)
    with db.transaction() as session:
        for elder, tier in ((cast.chen_popo, "high"), (cast.hu_daye, "key")):
            elder.tier = tier  # type: ignore[assignment]
            session.add(elder)
    item = make.care_item()
    agree(cast, careplans.ItemIn(**vars(item) | {"skips_holidays": True}))
    generate(cast)
    assert TUESDAYS[2] in days_of(cast), "an elder at high risk is visited on holidays too"
    with db.transaction() as session:
        chen = cast.chen_popo
        chen.tier = "key"  # type: ignore[assignment]
        session.add(chen)
    report = generate(cast)
    assert report.withdrawn == 1
    assert TUESDAYS[2] not in days_of(cast)


def test_market_days_are_skipped_where_the_item_says_so(cast: Cast) -> None:
    mark(TUESDAYS[3], DayKind.MARKET)
    agree(cast, careplans.ItemIn(**vars(make.care_item()) | {"skips_market_days": True}))
    generate(cast)
    assert days_of(cast) == TUESDAYS[:3]


def test_who_is_in_hospital_gets_no_visits_and_gets_them_again_when_back(cast: Cast) -> None:
    agree(cast)
    generate(cast)
    for state, coming in ((PersonState.HOSPITAL, []), (PersonState.ACTIVE, TUESDAYS)):
        with db.transaction() as session:
            chen = cast.chen_popo
            chen.state = state
            session.add(chen)
        generate(cast)
        assert days_of(cast) == coming


def test_nobody_gets_a_bath_that_the_care_plan_speaks_against(cast: Cast) -> None:
    bath = make.care_item(service=ServiceKind.BATH, recurrence="FREQ=WEEKLY;BYDAY=WE", crew=2)
    agree(cast, make.care_item(), bath)
    assert generate(cast).made == 8
    with db.transaction() as session:
        plan = session.exec(select(CarePlan)).one()
        plan.contraindications = ["heart"]
        session.add(plan)
    report = generate(cast)
    assert (report.known, report.withdrawn, dict(report.skipped)) == (4, 4, {operations.revival.NO_BATH.msgid: 4})
    assert days_of(cast) == TUESDAYS
    with db.reading() as session:
        called_off = session.exec(select(Visit).where(Visit.service == ServiceKind.BATH)).all()
    assert {visit.cancel_reason for visit in called_off} == {operations.revival.NO_BATH.msgid}


def test_a_visit_cancelled_by_hand_is_not_made_again(cast: Cast) -> None:
    agree(cast)
    generate(cast)
    with db.transaction() as session:
        visit = session.exec(select(Visit).where(Visit.due_on == TUESDAYS[1])).one()
        operations.cancel(session, actor=actor_of(cast, "zhou"), visit_id=visit.id, reason="女儿在家")
    assert generate(cast).made == 0
    assert days_of(cast) == [TUESDAYS[0], *TUESDAYS[2:]]


def test_visits_of_a_care_plan_that_ended_are_taken_back_unless_somebody_was_invited(cast: Cast) -> None:
    plan = agree(cast)
    generate(cast)
    with db.transaction() as session:
        last = session.exec(select(Visit).where(Visit.due_on == TUESDAYS[3])).one()
        operations.assign(
            session,
            actor=actor_of(cast, "zhou"),
            visit_id=last.id,
            carers=[(cast.li.id, 9 * 60)],
            day_plan_id=None,
        )
        careplans.end_care_plan(session, actor=SYSTEM, care_plan_id=plan.id, ends_on=TUESDAYS[1])
    assert generate(cast).withdrawn == 1
    assert days_of(cast) == TUESDAYS[:2]
    assert days_of(cast, VisitState.PLANNED) == [TUESDAYS[3]]


def test_who_was_invited_under_the_old_version_comes_for_the_new_one_and_nobody_besides(cast: Cast) -> None:
    morning, afternoon = make.care_item(), replace(make.care_item(), window_from_minute=840, window_to_minute=960)
    agree(cast, afternoon, morning)
    generate(cast)
    with db.transaction() as session:
        arranged = list(session.exec(select(Visit).where(Visit.due_on == TUESDAYS[1])))
        for visit in arranged:
            operations.assign(
                session,
                actor=actor_of(cast, "zhou"),
                visit_id=visit.id,
                carers=[(cast.li.id, visit.window_from_minute)],
                day_plan_id=None,
            )
        later = [replace(item, window_from_minute=item.window_from_minute + 30) for item in (morning, afternoon)]
        plan = make.care_plan(session=session, elder=cast.chen_popo, items=later, starts_on=date(2026, 11, 5))
    report = generate(cast)
    assert (report.made, report.known, report.withdrawn) == (4, 4, 4)
    assert generate(cast).known == 8, "run again, it adds nothing"
    with db.reading() as session:
        begins = {item.id: item.window_from_minute for item in items_of(session, plan.id)}
        now = [session.get_one(Visit, visit.id) for visit in arranged]
    assert [(one.state, begins[one.care_item_id or ""] - one.window_from_minute) for one in now] == [
        (VisitState.PLANNED, 30)
    ] * 2
    assert days_of(cast) == [TUESDAYS[0]] * 2 + [TUESDAYS[2]] * 2 + [TUESDAYS[3]] * 2


def test_a_voucher_item_makes_voucher_visits(cast: Cast) -> None:
    agree(cast, careplans.ItemIn(**vars(make.care_item(service=ServiceKind.CHORE)) | {"paid_by": "voucher"}))
    generate(cast)
    with db.reading() as session:
        assert set(session.exec(select(Visit.paid_by))) == {"voucher"}
