"""The planner's own process: whoever asks sees at once that it was killed, and never says so of one that lives."""

import fcntl
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from tests.dayplans.township import COORDINATOR, settle, tomorrow
from tests.factories import TOWNSHIP
from timebank.core import db
from timebank.dayplans import operations, processes
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
