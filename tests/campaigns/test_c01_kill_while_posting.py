"""C1: kill the process that posts, at every named point and at random moments; then send everything again.

Size n: every crash point and 6 random kills on each database, R: 10,000 (reliability.md: 1,000 / 10,000 kills and 200
of the database server; killing the server itself is not done here). A forked child is killed with SIGKILL; what it said
was saved must be there, what it did not say is sent again, and everything is there exactly once.
"""

import os
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from tests.campaigns.conftest import Scale
from tests.campaigns.ground import HAPPENED_AT, assert_sound, pool_id, posting, rows, told, village
from timebank import ledger as ledger_folder
from timebank.core import crash, db
from timebank.core.actors import SYSTEM
from timebank.core.db import reading, transaction
from timebank.ledger import operations as ledger
from timebank.ledger.books import known_keys
from timebank.ledger.models import HoldState, HourAccount

SOURCES = Path(str(ledger_folder.__file__)).parent.rglob("*.py")
POINTS = sorted({name for path in SOURCES for name in re.findall(r'crash_point\("([^"]+)"\)', path.read_text())})
SENTENCES = 40
Ground = tuple[list[str], str]  # three old members' accounts, and the pool


def settle(ground: Ground, mark: str) -> int:
    """One settled visit in one unit of work: two carers earn, what the elder held on two accounts is drawn."""
    accounts, pool = ground
    with transaction() as session:
        for carer in accounts[:2]:
            ledger.post(session, actor=SYSTEM, posting=posting(f"earn:{mark}:{carer}", pool, carer, 60))
        elder = session.get_one(HourAccount, accounts[2]).person_id
        held = ledger.hold(session, actor=SYSTEM, person_id=str(elder), minutes=20, source_id=f"vis:{mark}")
        if held.state == HoldState.WAITING:
            ledger.capture(session, actor=SYSTEM, hold_id=held.id, minutes=20, event_at=HAPPENED_AT)
    return 3


def batch(ground: Ground, mark: str) -> int:
    """A phone's queue."""
    accounts, pool = ground
    with transaction() as session:
        asked = [posting(f"batch:{mark}:{number}", pool, accounts[number % 3], 15) for number in range(10)]
        ledger.post_batch(session, actor=SYSTEM, postings=asked)
    return 10


def seal(_ground: Ground, _mark: str) -> int:
    """The minute's seal."""
    with transaction() as session:
        ledger.seal_new_rows(session)
    return 0


WORKS: tuple[Callable[[Ground, str], int], ...] = (settle, batch, seal)


@contextmanager
def child(work: Callable[[int], None]) -> Iterator[tuple[int, int]]:
    """A forked process that works with a database connection of its own and tells through a pipe; (pid, pipe)."""
    url = db.engine().url.render_as_string(hide_password=False)
    db.engine().dispose()
    ears, mouth = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(ears)
            db.use(db.make_engine(url))
            work(mouth)
        except BaseException as error:
            os.write(mouth, f"failed: {error}".encode())
        os._exit(0)
    os.close(mouth)
    try:
        yield pid, ears
    finally:
        os.close(ears)
        os.waitpid(pid, 0)


def is_killed_at(point: str, work: Callable[[Ground, str], int], ground: Ground, mark: str) -> bool:
    """Run a work in a child that dies at a point; whether it passed there."""

    def armed(mouth: int) -> None:
        crash.arm(point)
        work(ground, mark)
        os.write(mouth, b"done")

    with child(armed) as (_, ears):
        said = os.read(ears, 1_000)
    assert said in (b"", b"done"), said
    return said == b""


@pytest.fixture
def ground(database: sa.Engine) -> Ground:
    """Three old members with ten hours each."""
    accounts = village(members=3, minutes=600)
    with transaction() as session:
        session.connection().execute(sa.text("UPDATE person SET born_on = '1940-01-01'"))
    return accounts, pool_id()


def test_a_kill_at_any_named_point_leaves_all_or_nothing_and_sending_again_heals(ground: Ground) -> None:
    passed: set[str] = set()
    for point in POINTS:
        for work in WORKS:
            before, mark = rows(), f"{point}:{work.__name__}"[-40:]
            if is_killed_at(point, work, ground, mark):
                passed.add(point)
                assert rows() == before, f"{work.__name__} killed at {point} left a part"
                assert_sound()
            for _ in range(2):
                expected = work(ground, mark)
                assert rows() - before == expected, f"{work.__name__} after a kill at {point}"
    told("C1 points", points=len(POINTS), passed=len(passed))
    assert passed == set(POINTS)
    assert_sound()


def talkative(accounts: list[str], pool: str, run: int) -> Callable[[int], None]:
    """Post one after the other and say each key once it is saved."""

    def work(mouth: int) -> None:
        for number in range(SENTENCES):
            key = f"kill:{run}:{number:03d}"
            with transaction() as session:
                ledger.post(session, actor=SYSTEM, posting=posting(key, pool, accounts[number % 3], 15))
            os.write(mouth, f"{key}\n".encode())

    return work


def there(session: Session, run: int) -> set[str]:
    """Which keys of a run were saved."""
    return set(known_keys(session, [f"kill:{run}:{number:03d}" for number in range(SENTENCES)]))


def killed_run(chance: Random, work: Callable[[int], None]) -> set[str]:
    """Kill a child after it has said a random number of keys; what it had said."""
    said = b""
    with child(work) as (pid, ears):
        for _ in range(chance.randrange(SENTENCES)):
            said += os.read(ears, 12 + 1)
        os.kill(pid, signal.SIGKILL)
        while more := os.read(ears, 4096):
            said += more
    return {line for line in said.decode().split("\n") if len(line) == len("kill:0:000")}


def test_what_was_said_to_be_saved_is_there_whenever_the_process_dies(
    ground: Ground, chance: Random, scale: Scale
) -> None:
    accounts, pool = ground
    kills, lost, doubtful = scale(6, 10_000), 0, 0
    for run in range(kills):
        run %= 10  # keys have one place for the run; a later round sends the same again
        said = killed_run(chance, talkative(accounts, pool, run))
        with reading() as session:
            saved = there(session, run)
        lost += len(said - saved)
        doubtful += len(saved - said)
        before = rows()
        for number in range(SENTENCES):
            with transaction() as session:
                asked = posting(f"kill:{run}:{number:03d}", pool, accounts[number % 3], 15)
                ledger.post(session, actor=SYSTEM, posting=asked)
        assert rows() - before == SENTENCES - len(saved)
    told("C1 kills", kills=kills, lost=lost, saved_but_not_said=doubtful)
    assert lost == 0
    assert_sound()


def test_control_a_process_that_speaks_before_it_commits_loses_hours(ground: Ground) -> None:
    accounts, pool = ground

    def boasts(mouth: int) -> None:
        with transaction() as session:
            ledger.post(session, actor=SYSTEM, posting=posting("kill:0:000", pool, accounts[0], 15))
            os.write(mouth, b"kill:0:000\n")
            os.kill(os.getpid(), signal.SIGKILL)

    with child(boasts) as (_, ears):
        said = os.read(ears, 100)
    with reading() as session:
        assert said and there(session, 0) == set()
