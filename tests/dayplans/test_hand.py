"""The hand on the wheel and the day itself: moves, locks, undo, and what is repaired when something happens."""

from dataclasses import replace

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from dispatch.check import check, price
from dispatch.model import Break, Window
from dispatch.rules import may_serve
from tests.dayplans.township import COORDINATOR, Township, settle, tomorrow
from tests.factories import NEXT_VILLAGE, TOWNSHIP, VILLAGE
from timebank.areas.models import RoadClosure
from timebank.core import clock, db, ids
from timebank.core.errors import BadInput, Refused
from timebank.dayplans import operations
from timebank.dayplans.adapter import engine
from timebank.dayplans.adapter.hand import Move, moved
from timebank.dayplans.models import DayNotice, DayPlan, DayPlanState
from timebank.dayplans.operations.repair import Incident
from timebank.dayplans.queries.answers import better_places
from timebank.dayplans.queries.board import board_of, changed_board, opened
from timebank.dayplans.rules import differences
from timebank.people.models import DayOff
from timebank.visits.models import CarerState, Visit, VisitCarer, VisitState


@pytest.fixture
def made(database: sa.Engine) -> Township:
    with db.transaction() as session:
        return settle(session, visits=15, volunteers=10)


def draft(session: Session) -> DayPlan:
    return operations.draft_day(session, actor=COORDINATOR, area_code=TOWNSHIP, on=tomorrow(), steps=200_000)


def published(session: Session) -> DayPlan:
    row = draft(session)
    return operations.publish_day(session, actor=COORDINATOR, day_plan_id=row.id, revision=row.revision)


def move(session: Session, row: DayPlan, *moves: Move, revision: int | None = None) -> DayPlan:
    seen = row.revision if revision is None else revision
    return operations.move_by_hand(session, actor=COORDINATOR, day_plan_id=row.id, revision=seen, moves=moves)


def single_visit(session: Session, row: DayPlan) -> str:
    """A placed visit by one carer that is not a meal."""
    day = opened(session, row)
    return next(task.id for task in day.problem.tasks if task.id in day.places and not task.load and "." not in task.id)


def test_taking_a_visit_out_and_undoing_it_brings_back_the_very_same_plan(made: Township) -> None:
    with db.transaction() as session:
        row = draft(session)
        before = row.body
        row = move(session, row, Move(single_visit(session, row), None))
        assert row.left_out == 1 and row.revision == 2
        assert board_of(session, row)["plan"]["can_undo"]
        row = operations.undo(session, actor=COORDINATOR, day_plan_id=row.id, revision=2)
        assert (row.body, row.left_out, row.revision) == (before, 0, 3)
        assert not board_of(session, row)["plan"]["can_undo"]
        with pytest.raises(Refused, match="nothing_to_undo"):
            operations.undo(session, actor=COORDINATOR, day_plan_id=row.id, revision=3)


def test_whoever_comes_along_already_is_no_other_place_for_the_other_half_of_a_crew(made: Township) -> None:
    with db.transaction() as session:
        row = draft(session)
        places = opened(session, row).places
        first = next(task for task in sorted(places) if task.endswith(".1"))
        partner = places[first[:-2] + ".2"].carer
        offers = better_places(session, row, first)
    (told,) = [one for one in offers if one["carer"] == partner]
    assert (told["cost"], told["against"]) == (None, "本来就一起来")
    assert [one["cost"] is None for one in offers] == sorted(one["cost"] is None for one in offers)


def test_who_is_not_touched_by_a_move_keeps_the_very_same_route(made: Township) -> None:
    with db.transaction() as session:
        row = draft(session)
        before = opened(session, row)
        task = single_visit(session, row)
        after = opened(session, move(session, row, Move(task, None)))
    stood = {route.carer: route for route in before.plan.routes if route.carer != before.places[task].carer}
    assert {route.carer: route for route in after.plan.routes if route.carer in stood} == stood
    assert engine.locked(before.problem, before.locks, before.places) is before.problem


def test_a_change_on_an_older_revision_is_refused_and_changes_nothing(made: Township) -> None:
    with db.transaction() as session:
        row = draft(session)
        task = single_visit(session, row)
        row = move(session, row, Move(task, None))
        kept = row.body
    with pytest.raises(Refused, match="changed_meanwhile"), db.transaction() as session:
        move(session, row, Move(task, made.volunteers[0].id), revision=1)
    with db.reading() as session:
        assert session.get_one(DayPlan, row.id).body == kept


def test_a_move_is_priced_as_the_judge_prices_it_and_what_breaks_is_named(made: Township) -> None:
    with db.transaction() as session:
        row = draft(session)
        task = single_visit(session, row)
        row = move(session, row, Move(task, made.volunteers[0].id, 23 * 60))
        day = opened(session, row)
    assert row.cost == price(day.problem, day.plan).total
    assert "window" in {str(fault.code) for fault in check(day.problem, day.plan)}
    with pytest.raises(Refused, match="faulty_plan"), db.transaction() as session:
        operations.publish_day(session, actor=COORDINATOR, day_plan_id=row.id, revision=row.revision)


def test_who_was_promised_a_visit_is_called_by_name_after_any_later_change(made: Township) -> None:
    visit, taker, other = made.visits[0], made.volunteers[0], made.volunteers[1]
    with db.transaction() as session:
        session.get_one(Visit, visit.id).state = VisitState.PLANNED
        seat = VisitCarer(
            id=ids.new_id("vca"), visit_id=visit.id, person_id=taker.id, starts_minute=480, state=CarerState.ACCEPTED
        )
        session.add(seat)
    with db.transaction() as session:
        row = move(session, draft(session), Move(visit.id, other.id))
        before = opened(session, row)
        lone = next(task for task, place in before.places.items() if place.carer not in (taker.id, other.id))
        shown = changed_board(session, before, move(session, row, Move(lone, None)))
        texts = [fault["text"] for fault in shown["faults"] if fault["code"] == "pin_carer"]
    assert texts and all(taker.name in text and taker.id not in text for text in texts)


def test_what_is_locked_is_not_moved(made: Township) -> None:
    with db.transaction() as session:
        row = draft(session)
        task = single_visit(session, row)
        row = operations.lock(session, actor=COORDINATOR, day_plan_id=row.id, revision=1, kind="visit", subject=task)
        with pytest.raises(Refused, match="is_locked"):
            move(session, row, Move(task, None))
        row = operations.unlock(session, actor=COORDINATOR, day_plan_id=row.id, revision=2, subject=task)
        assert move(session, row, Move(task, None)).left_out == 1


def test_moves_that_the_day_does_not_know_are_refused(made: Township) -> None:
    with db.transaction() as session:
        row = draft(session)
        with pytest.raises(BadInput, match="unknown_move"):
            move(session, row, Move("vis_nowhere", None))
        with pytest.raises(BadInput, match="unknown_move"):
            move(session, row, Move(single_visit(session, row), "per_nobody"))


def test_a_published_day_changes_only_by_a_new_version(made: Township) -> None:
    with db.transaction() as session:
        row = published(session)
        task = single_visit(session, row)
        with pytest.raises(Refused, match="is_published"):
            move(session, row, Move(task, None))
        new = operations.take_over(session, actor=COORDINATOR, day_plan_id=row.id)
        new = move(session, new, Move(task, None))
        operations.publish_day(session, actor=COORDINATOR, day_plan_id=new.id, revision=new.revision)
        told = session.exec(select(DayNotice).where(DayNotice.day_plan_id == new.id)).all()
    elder = next(visit.elder_id for visit in made.visits if visit.id == task)
    assert elder in {notice.person_id for notice in told if notice.as_elder}


def repaired(session: Session, row: DayPlan, incident: Incident) -> DayPlan:
    return operations.repair(session, actor=COORDINATOR, day_plan_id=row.id, incident=incident)


def test_who_is_ill_does_nothing_more_and_the_repaired_day_can_be_published(made: Township) -> None:
    with db.transaction() as session:
        row = published(session)
        ill = next(iter(opened(session, row).places.values())).carer
        new = repaired(session, row, Incident("ill", carer=ill))
        plan = engine.unpack_plan(new.body)
        assert ill not in {route.carer for route in plan.routes}
        assert session.exec(select(DayOff).where(DayOff.person_id == ill)).one().on == row.on
        assert (new.state, new.amends_id) == (DayPlanState.DRAFT, row.id)
        operations.publish_day(session, actor=COORDINATOR, day_plan_id=new.id, revision=1)


def test_an_emergency_is_a_visit_within_the_hour_by_somebody(made: Township) -> None:
    with db.transaction() as session:
        row = published(session)
        new = repaired(session, row, Incident("sos", elder_id=made.elders[0].id, minutes=30))
        visit = session.exec(select(Visit).where(Visit.tier == "high", Visit.duration_minutes == 30)).one()
        assert visit.id in engine.places_of(engine.unpack_plan(new.body))
        operations.publish_day(session, actor=COORDINATOR, day_plan_id=new.id, revision=1)


def test_a_closed_road_is_noted_and_the_day_goes_round_it(made: Township) -> None:
    with db.transaction() as session:
        row = published(session)
        new = repaired(session, row, Incident("road", from_code=VILLAGE, to_code=NEXT_VILLAGE))
        assert session.exec(select(RoadClosure)).one().extra_minutes is None
        day = opened(session, new)
        assert check(day.problem, day.plan) == []


@pytest.mark.parametrize("hour", [10, 14, 17])
def test_whatever_happens_at_any_hour_of_the_day_itself_is_answered(hour: int, made: Township) -> None:
    with db.transaction() as session:
        row = published(session)
    carer = next(iter(engine.places_of(engine.unpack_plan(row.body)).values())).carer
    happened = (
        Incident("sos", elder_id=made.elders[0].id, minutes=30),
        Incident("urgent", elder_id=made.elders[1].id, minutes=30),
        Incident("late", carer=carer, until=hour * 60 + 40),
        Incident("ill", carer=carer),
        Incident("road", from_code=VILLAGE, to_code=NEXT_VILLAGE),
    )
    with clock.frozen(clock.at_local(row.on, hour * 60 + 15)):
        for incident in happened:
            with db.transaction() as session:
                new = repaired(session, row, incident)
                day = opened(session, new)
            assert check(day.problem, day.plan) == []
            over = {task.id for task in day.problem.tasks if task.windows[-1].closes_minutes < hour * 60 + 15}
            assert all(stop.starts >= hour * 60 + 15 for task, stop in day.places.items() if task not in over)


def test_a_visit_is_carried_to_whoever_comes_after_noon(made: Township) -> None:
    with db.transaction() as session:
        row = draft(session)
        day = opened(session, row)
        late = replace(day.problem.carers[0], shifts=(Window(830, 1_200),), breaks=(Break(Window(690, 810), 30),))
        problem = replace(day.problem, carers=(late, *day.problem.carers[1:]))
        idle = replace(day.plan, routes=tuple(route for route in day.plan.routes if route.carer != late.id))
        able = (task for task in problem.tasks if not may_serve(late, task) and not task.load and "." not in task.id)
        task = next(task for task in able if task.windows[-1].closes_minutes >= 900)
        plan = moved(problem, idle, [Move(task.id, late.id, 900)])
        assert task.id in {stop.task for route in plan.routes if route.carer == late.id for stop in route.stops}
        assert not [fault for fault in check(problem, plan) if fault.carer == late.id]


def test_only_a_published_day_is_repaired(made: Township) -> None:
    with db.transaction() as session:
        row = draft(session)
        with pytest.raises(Refused, match="not_published"):
            repaired(session, row, Incident("ill", carer=made.volunteers[0].id))


def test_a_plan_that_breaks_a_rule_still_tells_where_a_visit_would_fit(made: Township) -> None:
    with db.transaction() as session:
        row = draft(session)
        task = single_visit(session, row)
        whole = {one["carer"]: one["cost"] for one in better_places(session, row, task)}
        other = next(name for name in opened(session, row).places if name != task and "." not in name)
        row = move(session, row, Move(other, made.volunteers[0].id, 23 * 60))
        broken = {one["carer"]: one["cost"] for one in better_places(session, row, task)}
    assert set(broken) == set(whole)
    fits = {carer for carer, cost in whole.items() if cost is not None}
    assert fits & {carer for carer, cost in broken.items() if cost is not None}


def test_taking_a_visit_out_makes_nobody_else_come_at_another_time(database: sa.Engine) -> None:
    with db.transaction() as session:
        settle(session, visits=30, volunteers=7)
        row = draft(session)
        before = opened(session, row).places
        task = single_visit(session, row)
        after = opened(session, move(session, row, Move(task, None))).places
    assert {step.task_id for step in differences(before, after)} == {task}
