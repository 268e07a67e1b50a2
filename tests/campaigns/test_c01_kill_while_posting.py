"""C1: kill the process that posts, and the database server it posts to; then send everything again.

Size n: every crash point and 6 random kills of the client on each database, R: 10,000 kills; 3 kills each of the
PostgreSQL process that serves the client and of the whole server, R: 200 of each (reliability.md: 1,000 / 10,000
kills, of the server only 200 at R). Each is a SIGKILL, at a point in the code or after a random number of saved keys.
What was said to be saved must be there, what was not is sent again, and everything is there exactly once; a client
that outlives its server is told so, and goes on with new connections of the same pool.
"""

import os
import re
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random

import psycopg
import pytest
import sqlalchemy as sa
from sqlmodel import Session

from tests.campaigns.conftest import Scale
from tests.campaigns.ground import HAPPENED_AT, assert_sound, pool_id, posting, rows, told, village
from tests.fixtures.databases import Cluster
from timebank import ledger as ledger_folder
from timebank.core import crash, db
from timebank.core.actors import SYSTEM
from timebank.core.db import reading, transaction
from timebank.ledger import operations as ledger
from timebank.ledger.books import known_keys
from timebank.ledger.models import HoldState, HourAccount, Reason

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
    """A forked process with a database connection of its own, and a line both ways to it; (pid, our end)."""
    url = db.engine().url.render_as_string(hide_password=False)
    db.engine().dispose()
    here, there = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        try:
            here.close()
            db.use(db.make_engine(url))
            work(there.fileno())
        except BaseException as error:
            os.write(there.fileno(), f"failed: {error}".encode())
        finally:
            os._exit(0)
    there.close()
    try:
        yield pid, here.fileno()
    finally:
        here.close()
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


CONNECTIONS, AFTERWARDS, MOST = 3, 3, 1_000  # of the client; what it posts once the server is back; a bound


def visit_keys(run: int, number: int) -> list[str]:
    """What one unit of work of a server run writes: an hour is earned and given on."""
    return [f"server:{run}:{number}:{side}" for side in ("earned", "drawn")]


def post_visit(ground: Ground, run: int, number: int) -> str:
    """Both entries in one unit of work; the process of the server that served it, and which visit, once it is saved."""
    accounts, pool = ground
    carer, (earned, drawn) = accounts[number % 3], visit_keys(run, number)
    with transaction() as session:
        backend = session.connection().connection.driver_connection.info.backend_pid  # type: ignore[union-attr]
        ledger.post(session, actor=SYSTEM, posting=posting(earned, pool, carer, 15))
        ledger.post(session, actor=SYSTEM, posting=posting(drawn, carer, pool, 15, reason=Reason.REDEEM))
    return f"{backend} {number}\n"


def open_at_once() -> None:
    """Use as many connections at the same moment as a server with threads does; afterwards they lie in the pool."""
    with ExitStack() as opened:
        for _ in range(CONNECTIONS):
            opened.enter_context(reading()).connection().execute(sa.text("SELECT 1"))


def steadfast(ground: Ground, run: int) -> Callable[[int], None]:
    """Post until the server is gone, say so, and when it is back go on with what was in doubt."""

    def work(line: int) -> None:
        open_at_once()
        number = 0
        try:
            while number < MOST:
                os.write(line, post_visit(ground, run, number).encode())
                number += 1
        except sa.exc.OperationalError:
            os.write(line, b"gone\n")
        if not os.read(line, 1):
            return  # nobody asks us to go on
        open_at_once()
        for again in range(number, number + 1 + AFTERWARDS):
            os.write(line, post_visit(ground, run, again).encode())

    return work


@dataclass(frozen=True)
class Outcome:
    """What a client had said when the server died, and what the server knows when it is back."""

    said: set[int]
    saved: set[int]
    halves: int

    @classmethod
    def of(cls, run: int, said: set[int]) -> "Outcome":
        """Look it up; one visit more than was said may be there."""
        numbers = range(len(said) + 1)
        with reading() as session:
            known = known_keys(session, [key for number in numbers for key in visit_keys(run, number)])
        found = [len(known.keys() & set(visit_keys(run, number))) for number in numbers]
        return cls(said, {number for number in numbers if found[number]}, found.count(1))


def figures(outcomes: list[Outcome]) -> dict[str, int]:
    """What a series of kills did."""
    return {
        "said": sum(len(outcome.said) for outcome in outcomes),
        "lost": sum(len(outcome.said - outcome.saved) for outcome in outcomes),
        "halves": sum(outcome.halves for outcome in outcomes),
        "saved_but_not_said": sum(len(outcome.saved - outcome.said) for outcome in outcomes),
    }


def until_the_server_dies(lines: Iterator[str], after: int, kill: Callable[[int], None]) -> set[int]:
    """Kill when a number of visits was said to be saved; all that were said until the client noticed."""
    said = []
    for text in lines:
        if text == "gone\n":
            return set(said)
        backend, number = text.split()
        said.append(int(number))
        if len(said) == after:
            kill(int(backend))
    raise AssertionError("the client did not notice that the server had died")


def kill_and_restart(server: Cluster, _backend: int) -> None:
    """A crash of everything, and what a supervisor does then."""
    server.kill()
    server.run()


DEATHS: dict[str, Callable[[Cluster, int], None]] = {
    "backend": Cluster.kill_backend,
    "postmaster": kill_and_restart,
}


@pytest.fixture
def server(durable_server: Cluster) -> Cluster:
    """A server with the settings that an acknowledged write rests on."""
    with reading() as session:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            assert session.connection().execute(sa.text(f"SHOW {setting}")).scalar_one() == "on", setting
    return durable_server


@pytest.mark.waits  # until a dead server was collected, and until it has recovered
def test_what_was_said_to_be_saved_outlives_the_database_server(server: Cluster, chance: Random, scale: Scale) -> None:
    ground, outcomes = (village(members=3, minutes=600), pool_id()), []
    deaths = [*DEATHS] * scale(3, 200)
    for run, dies in enumerate(deaths):
        before = rows()
        with child(steadfast(ground, run)) as (_, line), os.fdopen(line, closefd=False) as lines:
            said = until_the_server_dies(lines, chance.randint(1, SENTENCES), partial(DEATHS[dies], server))
            outcomes.append(Outcome.of(run, said))
            os.write(line, b"!")
            answers = list(lines)
        again = [*range(len(said), len(said) + 1 + AFTERWARDS)]
        assert [text.split()[1] for text in answers] == [*map(str, again)], f"{dies}: {answers}"
        everything = Outcome.of(run, said.union(again))
        assert (everything.saved, everything.halves) == (everything.said, 0), dies
        assert rows() - before == 2 * len(everything.said), dies
        assert_sound()
    for dies in DEATHS:
        found = [outcome for outcome, death in zip(outcomes, deaths, strict=True) if death == dies]
        told(f"C1 {dies}", kills=len(found), **figures(found))
    assert not any(outcome.said - outcome.saved or outcome.halves for outcome in outcomes)


def answer_before_writing(connection: psycopg.Connection, _record: object) -> None:
    """Take back what `core.db` asks of each connection."""
    connection.execute("SET synchronous_commit = off")
    connection.commit()


def test_a_database_that_answers_before_it_writes_is_not_let(database: sa.Engine) -> None:
    if database.dialect.name == "sqlite":
        return  # core.db sets what SQLite has of the kind on each connection
    name = database.url.database
    with database.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text(f'ALTER DATABASE "{name}" SET synchronous_commit = off'))
    database.dispose()
    with reading() as session:
        assert session.connection().execute(sa.text("SHOW synchronous_commit")).scalar_one() == "on"


@pytest.mark.waits
def test_control_a_server_that_answers_before_it_writes_loses_hours(server: Cluster) -> None:
    """Must fail: without synchronous_commit, and with the process that writes the log later on held still."""
    ground = village(members=3, minutes=600), pool_id()
    with db.engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("CHECKPOINT"))
        writer = sa.text("SELECT pid FROM pg_stat_activity WHERE backend_type = 'walwriter'")
        os.kill(connection.execute(writer).scalar_one(), signal.SIGSTOP)

    def careless(line: int) -> None:
        sa.event.listen(db.engine(), "connect", answer_before_writing)
        steadfast(ground, 0)(line)

    with child(careless) as (_, line), os.fdopen(line, closefd=False) as lines:
        said = until_the_server_dies(lines, SENTENCES, partial(kill_and_restart, server))
    outcome = Outcome.of(0, said)
    told("C1 control", **figures([outcome]))
    assert outcome.said - outcome.saved
