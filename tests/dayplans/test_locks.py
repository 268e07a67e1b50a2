"""A lock set by hand holds until a coordinator opens it; a version that cannot keep it says so."""

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from tests.dayplans.township import COORDINATOR, Township, settle, tomorrow
from tests.factories import TOWNSHIP
from timebank.core import clock, db
from timebank.core.errors import Refused
from timebank.dayplans import operations
from timebank.dayplans.adapter import engine
from timebank.dayplans.adapter.hand import Move
from timebank.dayplans.models import DayPlan, DayPlanState
from timebank.dayplans.operations.repair import Incident
from timebank.dayplans.operations.runs import finish_run
from timebank.dayplans.queries.answers import preview
from timebank.dayplans.queries.board import Opened, board_of, opened
from timebank.dayplans.rules import Placed, visit_of
from timebank.people.operations import take_day_off
from timebank.visits import operations as visits


@pytest.fixture
def made(database: sa.Engine) -> Township:
    with db.transaction() as session:
        made = settle(session, visits=12, volunteers=8)
        operations.draft_day(session, actor=COORDINATOR, area_code=TOWNSHIP, on=tomorrow(), steps=100_000)
        return made


def newest(session: Session) -> DayPlan:
    return session.exec(select(DayPlan).order_by(sa.desc("version"))).first() or pytest.fail("no version")


def lock(session: Session, row: DayPlan, kind: str, subject: str) -> DayPlan:
    return operations.lock(
        session, actor=COORDINATOR, day_plan_id=row.id, revision=row.revision, kind=kind, subject=subject
    )


def publish(session: Session, row: DayPlan) -> DayPlan:
    return operations.publish_day(session, actor=COORDINATOR, day_plan_id=row.id, revision=row.revision)


def take_over(session: Session, row: DayPlan) -> DayPlan:
    return operations.take_over(session, actor=COORDINATOR, day_plan_id=row.id)


def repaired(session: Session, row: DayPlan, incident: Incident) -> DayPlan:
    return operations.repair(session, actor=COORDINATOR, day_plan_id=row.id, incident=incident)


def singles(day: Opened) -> list[tuple[str, Placed]]:
    """Visits by one carer that are no meals, the earliest first."""
    loads = {task.id for task in day.problem.tasks if task.load}
    found = [(task, one) for task, one in day.places.items() if "." not in task and task not in loads]
    return sorted(found, key=lambda one: (one[1].starts, one[0]))


def move(session: Session, row: DayPlan, *moves: Move) -> DayPlan:
    return operations.move_by_hand(session, actor=COORDINATOR, day_plan_id=row.id, revision=row.revision, moves=moves)


def test_who_is_locked_for_half_a_crew_may_come_at_another_time_but_nobody_else_comes(made: Township) -> None:
    with db.transaction() as session:
        row = newest(session)
        day = opened(session, row)
        task = min(task for task in day.places if task.endswith(".1"))
        stands, others = day.places[task], {one.id for one in made.volunteers}
        row = lock(session, row, "pair", task)
        for carer in (min(others - {stands.carer}), None):
            with pytest.raises(Refused, match="is_locked"):
                move(session, row, Move(task, carer))
        row = move(session, row, Move(task, stands.carer, stands.starts + 5))
        assert opened(session, row).places[task].starts >= stands.starts + 5
        assert opened(session, row).locks.pairs == {task: stands.carer}


def test_nothing_is_moved_onto_a_day_that_is_locked(made: Township) -> None:
    with db.transaction() as session:
        row = newest(session)
        (task, placed), *_ = singles(opened(session, row))
        other = next(one.id for one in made.volunteers if one.id != placed.carer)
        row = lock(session, row, "carer", other)
        with pytest.raises(Refused, match="is_locked"):
            move(session, row, Move(task, other))


def test_a_locked_time_is_not_pushed_by_what_is_put_before_it(made: Township) -> None:
    with db.transaction() as session:
        row = newest(session)
        day = opened(session, row)
        (early, _), *_, (task, placed) = singles(day)
        row = lock(session, row, "visit", task)
        push = Move(early, placed.carer, placed.starts - 1)
        assert any("锁" in text for text in preview(session, row, [push])["breaks"])
        with pytest.raises(Refused, match="is_locked"):
            move(session, row, push)
        assert opened(session, row).places == day.places


def test_a_take_over_keeps_every_lock_and_the_next_coordinator_opens_it(made: Township) -> None:
    with db.transaction() as session:
        row = newest(session)
        (first, _), (second, two), *_ = singles(opened(session, row))
        row = lock(session, lock(session, row, "visit", first), "pair", second)
        row = lock(session, row, "carer", two.carer)
        new = take_over(session, row)
        for _ in ("a draft", "the published day"):
            assert opened(session, new).locks == opened(session, row).locks
            assert board_of(session, new)["not_kept"] == []
            new = take_over(session, publish(session, new))
        with pytest.raises(Refused, match="is_locked"):
            move(session, new, Move(first, None))
        new = operations.unlock(session, actor=COORDINATOR, day_plan_id=new.id, revision=1, subject=first)
        assert opened(session, move(session, new, Move(first, None))).places.get(first) is None


def test_a_repair_keeps_locks_and_leaves_no_pin_behind_when_they_are_opened(made: Township) -> None:
    with db.transaction() as session:
        day = opened(session, newest(session))
        found = singles(day)
        task, placed = found[-1]
        ill = next(one.carer for _, one in found if one.carer != placed.carer)
        row = publish(session, lock(session, lock(session, day.row, "visit", task), "carer", placed.carer))
        new = repaired(session, row, Incident("ill", carer=ill))
        after = opened(session, new)
        assert after.locks == opened(session, row).locks
        mine = {name: one for name, one in day.places.items() if one.carer == placed.carer}
        assert {name: one for name, one in after.places.items() if one.carer == placed.carer} == mine
        assert all(one.pinned_start_minutes is None for one in after.problem.tasks)


@pytest.mark.parametrize("what", ["ill", "late"])
def test_a_repair_that_cannot_keep_a_lock_says_so_and_leaves_nobody_unvisited_for_it(made: Township, what: str) -> None:
    with clock.frozen(clock.at_local(tomorrow(), 6 * 60)), db.transaction() as session:
        day = opened(session, newest(session))
        (task, placed), *_ = singles(day)
        row = publish(session, lock(session, day.row, "visit", task))
        new = repaired(session, row, Incident(what, carer=placed.carer, until=placed.starts + 20))
        after = opened(session, new)
        assert after.places[task] != placed and not after.locks.visits
        assert new.reason["unlocked"] == [task]
        (told,) = board_of(session, new)["not_kept"]
        assert "锁" in told


def test_an_emergency_goes_to_somebody_whose_day_is_locked_only_where_nobody_else_can(made: Township) -> None:
    with clock.frozen(clock.at_local(tomorrow(), 6 * 60)), db.transaction() as session:
        row = newest(session)
        carers = sorted(one.id for one in opened(session, row).problem.carers)
        for carer in carers[1:]:
            row = lock(session, row, "carer", carer)
        row = publish(session, row)
        urgent = Incident("urgent", elder_id=made.elders[0].id, minutes=30)
        new = repaired(session, row, urgent)
        (came,) = {visit_of(task) for task in opened(session, new).places} - {
            visit_of(task) for task in opened(session, row).places
        }
        assert opened(session, new).places[came].carer == carers[0]
        assert "unlocked" not in new.reason
        all_locked = publish(session, lock(session, take_over(session, row), "carer", carers[0]))
        visits.cancel(session, actor=COORDINATOR, visit_id=came, reason="")
        new = repaired(session, all_locked, urgent)
        assert new.left_out == 0 and new.reason["unlocked"]


def test_a_lock_with_somebody_who_is_off_by_now_keeps_nobody_from_planning_again(made: Township) -> None:
    with db.transaction() as session:
        row = newest(session)
        (task, placed), *_ = singles(opened(session, row))
        row = lock(session, lock(session, row, "pair", task), "carer", placed.carer)
        take_day_off(session, actor=COORDINATOR, person_id=placed.carer, on=row.on, reason="ill")
        run, _ = operations.begin_run(
            session, actor=COORDINATOR, area_code=TOWNSHIP, on=row.on, seconds=1, start_plan_id=row.id
        )
        run_id = run.id
    with db.transaction() as session:
        run = session.get_one(type(run), run_id)
        start = opened(session, session.get_one(DayPlan, run.start_plan_id))
        problem = engine.unpack_problem(session.get_one(operations.planning.DayProblem, run.problem_digest).body)
        held = engine.locked(problem, start.locks, start.places)
        made_plan = engine.planned(held, engine.Limits(seconds=1.0, steps=5_000), 0, start=start.plan)
        new = finish_run(session, run_id=run_id, plan=made_plan)
        assert new is not None and opened(session, new).places[task].carer != placed.carer
        assert new.reason["unlocked"] == sorted([task, placed.carer])


def test_planning_a_day_anew_from_the_list_heeds_the_locks_of_the_version_that_counts(made: Township) -> None:
    with db.transaction() as session:
        row = newest(session)
        (task, _), *_ = singles(opened(session, row))
        row = publish(session, lock(session, row, "visit", task))
        run, _ = operations.begin_run(session, actor=COORDINATOR, area_code=TOWNSHIP, on=row.on, seconds=1)
        assert run.start_plan_id == row.id and row.state == DayPlanState.PUBLISHED
