"""C2: kill the process while it closes a month, at every named point and at random moments; close again.

Size n: 60 accounts, every crash point and 4 random kills on each database, R: 3,000 accounts and 1,000 kills
(reliability.md: 3,000 accounts, 200 / 1,000). A close that was faster than its kill is looked at, and the next kill
meets a fresh copy of the month that is still open. Oracle: the same close, undisturbed, rolled back.
"""

import os
import re
import signal
import time
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from random import Random

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from tests import factories as make
from tests.campaigns.conftest import Scale
from tests.campaigns.ground import copied, told
from tests.statements import books
from timebank.core import clock, crash, db
from timebank.core.actors import SYSTEM
from timebank.ledger.models import ClosedMonth
from timebank.ledger.verify import verify
from timebank.statements import operations
from timebank.statements.models import MonthRun

MONTH = "2026-10"
SOURCE = Path(operations.__file__).read_text()
POINTS = [*re.findall(r'crash_point\("([^"]+)"\)', SOURCE), "ledger.before_seal", "ledger.between_leaves_and_nodes"]


class RolledBack(Exception):
    """Ends an undisturbed close whose result only is wanted."""


@pytest.fixture
def members(is_release: bool) -> int:
    """How many close their month."""
    return 3_000 if is_release else 60


@pytest.fixture
def month(database: sa.Engine, members: int, chance: Random) -> sa.Engine:
    """A village with a month that is over, gifts half used, and a visit that waits."""
    with clock.frozen(clock.at_local(date(2026, 9, 1), 0)), db.transaction() as session:
        people = books.village(session, members=members, gifts=10)
        books.busy_month(session, chance, people, MONTH, entries=2 * members)
        books.settled_visit(session, people[0], date(2026, 10, 30), state=books.VisitState.CONFIRMED)
    return database


def close() -> None:
    """The close as every process does it."""
    with clock.frozen(clock.at_local(date(2026, 11, 5), 600)), db.transaction() as session:
        operations.close_month(session, actor=SYSTEM, district_code=make.DISTRICT, month=MONTH)


def is_closed(session: Session) -> bool:
    return session.get(ClosedMonth, MONTH) is not None


def undisturbed() -> list[tuple[object, ...]]:
    """What the sheets say when nothing goes wrong; leaves the database as it was."""
    result: list[tuple[object, ...]] = []
    try:
        with clock.frozen(clock.at_local(date(2026, 11, 5), 600)), db.transaction() as session:
            operations.close_month(session, actor=SYSTEM, district_code=make.DISTRICT, month=MONTH)
            result = books.bundle(session, MONTH)
            raise RolledBack
    except RolledBack:
        return result


def in_child(work: Callable[[], None], database: sa.Engine, *, crash_at: str | None = None) -> int:
    """Start a process of its own that does the work on its own connections and dies at a named point; its id."""
    pid = os.fork()
    if pid:
        return pid
    try:
        db.use(db.make_engine(database.url.render_as_string(hide_password=False)))
        crash.arm(crash_at)
        work()
        os._exit(0)
    except BaseException:
        os._exit(1)


def ended_by_kill(pid: int) -> bool:
    return os.WIFSIGNALED(os.waitpid(pid, 0)[1])


def assert_untouched() -> None:
    """No trace of the killed close: the month is open, there is no sheet, the ledger is sound."""
    with db.reading() as session:
        assert not is_closed(session)
        assert session.exec(select(MonthRun)).first() is None
        assert books.bundle(session, MONTH) == []
        assert books.faults(session) == []
        assert verify(session).problems == []


def kill_at_every_point(database: sa.Engine) -> None:
    for point in POINTS:
        assert ended_by_kill(in_child(close, database, crash_at=point)), point
        assert_untouched()


def kill_until_closed(database: sa.Engine, moments: Sequence[float]) -> int:
    """Kill one close after the other, each so many seconds after its start; how many, the last one closed perhaps."""
    for number, moment in enumerate(moments, start=1):
        pid = in_child(close, database)
        time.sleep(moment)
        os.kill(pid, signal.SIGKILL)
        was_killed = ended_by_kill(pid)
        with db.reading() as session:
            is_out = is_closed(session)
        if is_out:
            return number  # it was faster than we, or its commit was: the month is closed, once
        assert was_killed, "the close failed by itself"
        assert_untouched()
    close()
    return len(moments)


@pytest.mark.waits
def test_a_killed_close_leaves_nothing_and_the_next_one_makes_the_same_sheets(
    month: sa.Engine, members: int, chance: Random, scale: Scale
) -> None:
    wanted, took = undisturbed(), _seconds_of_a_close()
    assert len(wanted) == members + 10
    moments, months = [chance.uniform(0, 1.2 * took) for _ in range(scale(4, 1_000))], 0
    kills, done = len(moments), 0
    while done < kills:
        with copied(month) as copy:
            if not months:
                kill_at_every_point(copy)
            done += kill_until_closed(copy, moments[done:])
            months += 1
            with db.reading() as session:
                assert books.bundle(session, MONTH) == wanted
                assert books.faults(session) == []
                assert verify(session).problems == []
    told(f"C2 {month.dialect.name}", points=len(POINTS), kills=kills, months=months, sheets=len(wanted), violations=0)


def _seconds_of_a_close() -> float:
    began = clock.monotonic_seconds()
    undisturbed()
    return clock.monotonic_seconds() - began


def test_control_a_close_that_commits_half_way_is_caught(month: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Must fail: with a commit between the books and the sheets, the same kill leaves a closed month without sheets."""
    honest = operations._write_statements

    def half_way(session: object, *arguments: object) -> object:
        session.commit()  # type: ignore[attr-defined]
        return honest(session, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(operations, "_write_statements", half_way)
    assert ended_by_kill(in_child(close, month, crash_at="statements.after_statements"))
    with db.reading() as session:
        assert books.faults(session) == [f"closed months ['{MONTH}'], but sheets for []"]
