"""The planner's own process: whoever asks sees at once that it was killed, and never says so of one that lives."""

import fcntl
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from tests.dayplans.township import COORDINATOR, settle, tomorrow
from tests.factories import TOWNSHIP
from timebank.core import db
from timebank.dayplans import nightly, operations, processes, worker
from timebank.dayplans.models import PlannerRun, RunState
from timebank.dayplans.operations.runs import is_lost

pytestmark = pytest.mark.waits  # for a process of its own


@pytest.fixture
def run(database: sa.Engine) -> Iterator[PlannerRun]:
    with db.transaction() as session:
        settle(session, visits=4, volunteers=3)
        made, _ = operations.begin_run(session, actor=COORDINATOR, area_code=TOWNSHIP, on=tomorrow())
    processes.start(made.id)
    yield made
    processes._children[made.id].kill()
    processes._children[made.id].wait()
    processes.forget(made.id)


def test_a_worker_lives_until_it_is_killed_and_not_a_moment_longer(run: PlannerRun) -> None:
    assert not processes.was_killed(run.id) and not is_lost(run)
    processes._children[run.id].kill()
    processes._children[run.id].wait()
    assert processes.was_killed(run.id) and is_lost(run)


def test_a_worker_is_seen_to_be_gone_before_its_parent_takes_leave_of_it(run: PlannerRun) -> None:
    """Other web processes see the same: nothing that only the parent knows is asked."""
    child = processes._children[run.id]
    child.kill()
    with open(processes._life_line(run.id)) as line:
        fcntl.flock(line, fcntl.LOCK_EX)  # waits for the kernel, not for the parent
    assert child.returncode is None and processes.was_killed(run.id)


def test_after_a_killed_worker_the_day_can_be_planned_at_once(run: PlannerRun) -> None:
    processes._children[run.id].kill()
    processes._children[run.id].wait()
    with db.transaction() as session:
        again, is_new = operations.begin_run(session, actor=COORDINATOR, area_code=TOWNSHIP, on=tomorrow())
    assert is_new and again.id != run.id
    with db.reading() as session:
        old = session.get_one(PlannerRun, run.id)
    assert (old.state, old.fault) == (RunState.FAILED, "dayplans.worker_lost")


def test_what_ended_in_order_is_no_killed_worker(run: PlannerRun) -> None:
    processes._children[run.id].kill()
    processes._children[run.id].wait()
    processes.forget(run.id)  # as a worker does that has written its plan
    assert not processes.was_killed(run.id)


def test_of_a_worker_of_another_machine_nothing_is_known() -> None:
    assert not processes.was_killed("run_elsewhere")


def test_a_stop_is_heard_between_two_signs_of_life(database: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "_LISTENS_A_BEAT", 10**9)  # no sign of life while this test runs
    with db.transaction() as session:
        settle(session, visits=4, volunteers=3)
        made, _ = operations.begin_run(session, actor=COORDINATOR, area_code=TOWNSHIP, on=tomorrow())
    with worker.Pulse(made.id) as pulse:
        assert not pulse.stop_asked.is_set()
        with db.transaction() as session:
            operations.ask_to_stop(session, actor=COORDINATOR, run_id=made.id)
        assert pulse.stop_asked.wait(60)


def test_a_township_whose_planning_breaks_hides_no_other(database: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(nightly, "draft_day", breaks)
    planned = nightly._plan(TOWNSHIP, on=tomorrow(), seconds=1)
    assert planned.refusal is not None and str(planned.refusal) == "the planner stopped without a plan"
