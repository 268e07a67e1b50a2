"""`python -m timebank.dayplans.worker RUN_ID`: plans one day in a process of its own.

A second thread gives a sign of life every second, writes how the cost falls and listens for who asks to stop.
Killed at any moment, the worker leaves no half-written plan: the version is one row, written at the end.
"""

import itertools
import logging
import os
import sys
from contextlib import suppress
from threading import Event, Thread

from sqlalchemy.exc import DBAPIError

from dispatch.model import Limits, Plan, Problem, Progress
from timebank.core import db
from timebank.core.errors import TimebankError
from timebank.dayplans.adapter import engine
from timebank.dayplans.models import DayPlan, DayProblem, PlannerRun
from timebank.dayplans.operations.runs import finish_run, give_up_run, is_asked_to_stop, show_life
from timebank.dayplans.processes import DATABASE, forget
from timebank.dayplans.rules import Locks

log = logging.getLogger("timebank.planner")
_LISTEN_SECONDS = 0.1  # who presses stop waits no longer than for the page itself
_LISTENS_A_BEAT = 10
_POINTS = 200


class Pulse:
    """The thread that speaks for the search while it works."""

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        self.curve: list[list[float]] = []
        self.stop_asked = Event()
        self._over = Event()
        self._thread = Thread(target=self._beat, daemon=True)

    def __enter__(self) -> "Pulse":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._show()

    def note(self, progress: Progress) -> None:
        """A better plan is known."""
        self.curve.append([round(progress.cpu_seconds, 2), progress.cost, progress.served])

    def _beat(self) -> None:
        for count in itertools.count(1):
            if self._over.wait(_LISTEN_SECONDS):
                return
            self._listen() if count % _LISTENS_A_BEAT else self._show()

    def _listen(self) -> None:
        with suppress(DBAPIError), db.reading() as session:
            if is_asked_to_stop(session, self.run_id):
                self.stop_asked.set()

    def _show(self) -> None:
        with suppress(DBAPIError), db.transaction() as session:  # a busy database: the next beat says the same
            if show_life(session, run_id=self.run_id, curve=_thinned(self.curve)):
                self.stop_asked.set()


def _thinned(curve: list[list[float]]) -> list[list[float]]:
    """At most so many points, the last one always among them."""
    step = -(-len(curve) // _POINTS) or 1
    return curve[::-1][::step][::-1]


def _read(run_id: str) -> tuple[PlannerRun, Problem, Plan | None]:
    with db.reading() as session:
        run = session.get_one(PlannerRun, run_id)
        problem = engine.unpack_problem(session.get_one(DayProblem, run.problem_digest).body)
        start = session.get(DayPlan, run.start_plan_id) if run.start_plan_id else None
        if start is None:
            return run, problem, None
        plan = engine.unpack_plan(start.body)
        return run, engine.locked(problem, Locks.from_json(start.locks), engine.places_of(plan)), plan


def work(run_id: str) -> bool:
    """Plan the day of a run; whether a plan came of it."""
    run, problem, begin = _read(run_id)
    try:
        with Pulse(run_id) as pulse:
            limits = Limits(seconds=float(run.seconds), on_progress=pulse.note, stop=pulse.stop_asked.is_set)
            plan = engine.planned(problem, limits, run.seed, start=begin)
        with db.transaction() as session:
            finish_run(session, run_id=run_id, plan=plan)
        return True
    except TimebankError as refusal:
        fault = refusal.code
    except Exception:
        log.exception("the planner stopped in run %s", run_id)
        fault = "dayplans.planner_broke"
    with db.transaction() as session:
        give_up_run(session, run_id=run_id, fault=fault)
    return False


def main() -> None:
    """Plan the run named on the command line; exit 1 where no plan came of it."""
    logging.basicConfig(level=logging.INFO)
    os.nice(5)  # pages come first
    db.use(db.make_engine(os.environ[DATABASE]))
    is_planned = work(sys.argv[1])
    forget(sys.argv[1])
    sys.exit(0 if is_planned else 1)


if __name__ == "__main__":
    main()
