"""C16: several scheduler processes, one of them killed, a machine that was down, a clock that jumps: each effect once.

Size n: 4 processes through 15 minutes of firings on each database with a kill at every named point of a firing, and two
real scheduler processes of which one is killed; R: 2,000 minutes (reliability.md: 200 / 2,000 firings). At least 15, as
the day on which a month is closed begins after ten.
"""

import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random

import psycopg
import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from tests.campaigns.conftest import Scale
from tests.campaigns.ground import told
from tests.fixtures.databases import ROOT, TEST_KEY
from tests.statements import books
from timebank import config, jobs
from timebank.core import clock, crash, db
from timebank.core.actors import SYSTEM
from timebank.ledger import operations as ledger
from timebank.ledger.models import Hold, HoldState, HourAccount, Reason, Seal, Transfer
from timebank.ledger.verify import verify
from timebank.statements.models import JobFiring, MonthRun

PROCESSES = 4
SCHEDULER = """
import logging
logging.basicConfig(level=logging.INFO)
from timebank import config, jobs
from timebank.core import crypto, db
settings = config.load()
crypto.use(crypto.Vault(settings.field_key))
crypto.use_signer(crypto.Signer(settings.seal_key))
db.use(db.make_engine(settings.database))
jobs.run(settings)
"""  # what `timebank jobs` does, without loading pages and planner
START = clock.at_local(date(2026, 11, 4), 23 * 60 + 50)  # ten minutes before the day on which October is closed
POINTS = [
    f"jobs.{job.name}.{when}" for job in jobs.JOBS[:4] for when in ("after_claim", "before_commit", "after_commit")
]


@pytest.fixture
def minutes(scale: Scale) -> int:
    """How many minutes each process lives through."""
    return max(15, scale(15, 2_000))


@pytest.fixture
def settings(database: sa.Engine, tmp_path: Path, chance: Random) -> config.Settings:
    """A district with an October to close, elders who get gifts, and a hold that ends."""
    with clock.frozen(clock.at_local(date(2026, 9, 1), 0)), db.transaction() as session:
        people = books.village(session, members=20, gifts=5)
        books.busy_month(session, chance, people, "2026-10", entries=30)
    with clock.frozen(START - timedelta(hours=72)), db.transaction() as session:
        give_hours(session, people[0].id)
        ledger.hold(session, actor=SYSTEM, person_id=people[0].id, minutes=30, source_id="vis_asked")
    return config.load(
        data_dir=tmp_path / "data",
        database_url=database.url.render_as_string(hide_password=False),
        session_key="a session key for tests only",
        field_key=TEST_KEY,
        seal_key=TEST_KEY,
    )


def give_hours(session: Session, person_id: str) -> None:
    account = session.exec(select(HourAccount).where(HourAccount.person_id == person_id)).first()
    assert account is not None
    signed = {"second_user_id": "usr_second", "evidence": "page 1", "why": "test", "key": "hours"}
    ledger.adjust(session, actor=SYSTEM, account_id=account.id, minutes=60, **signed)


def scheduler(settings: config.Settings, random: Random, minutes: int, crash_at: str | None = None) -> int:
    """A process that fires every job at every minute, in an order of its own, and dies at a named point if told so."""
    pid = os.fork()
    if pid:
        return pid
    try:
        db.use(db.make_engine(settings.database))
        crash.arm(crash_at)
        for minute in _minutes(random, minutes):
            with clock.frozen(minute):
                for job in random.sample(jobs.JOBS, len(jobs.JOBS)):
                    jobs.fire(job, settings)
        os._exit(0)
    except BaseException:
        os._exit(1)


def own(chance: Random) -> Random:
    """The chance of one process: a fork would draw what its parent draws."""
    return Random(chance.getrandbits(32))


def _minutes(random: Random, count: int) -> list[datetime]:
    """The minutes one after the other; now and then the clock jumps back by five."""
    jumps = {random.randrange(count) for _ in range(3)}
    return [START + timedelta(minutes=index - (5 if index in jumps else 0)) for index in range(count)]


def effects(session: Session) -> Counter[str]:
    """How often each thing happened."""
    gifts = session.exec(select(Transfer.key).where(Transfer.reason == Reason.GIFT, Transfer.book_month == "2026-11"))
    held = select(HourAccount.held_minutes, Hold.state).where(
        Hold.account_id == HourAccount.id, Hold.source_id == "vis_asked"
    )
    minutes, state = session.exec(held).one()
    return Counter(
        closes=len(session.exec(select(MonthRun)).all()),
        gifts=len(gifts.all()),
        freed=int(state == HoldState.EXPIRED and minutes == 0),
        seals_without_gap=int(_seals_are_a_chain(session)),
    )


def _seals_are_a_chain(session: Session) -> bool:
    seals = session.exec(select(Seal).order_by(col(Seal.id))).all()
    follows = pairwise(seals)
    return bool(seals) and all(two.previous == one.chain and two.tree_size > one.tree_size for one, two in follows)


ONCE = Counter(closes=1, gifts=5, freed=1, seals_without_gap=1)


@pytest.mark.waits
def test_many_schedulers_and_kills_do_each_thing_once(settings: config.Settings, chance: Random, minutes: int) -> None:
    running = [scheduler(settings, own(chance), minutes) for _ in range(PROCESSES)]
    victims = [scheduler(settings, own(chance), minutes, point) for point in POINTS]
    killed = sum(os.WIFSIGNALED(os.waitpid(pid, 0)[1]) for pid in victims)
    assert [os.waitpid(pid, 0)[1] for pid in running] == [0] * PROCESSES
    with db.reading() as session:
        assert effects(session) == ONCE
        assert books.faults(session) == []
        assert verify(session).problems == []
        firings = len(session.exec(select(JobFiring)).all())
    processes = PROCESSES + len(victims)
    told(
        f"C16 {db.engine().dialect.name}", minutes=minutes, processes=processes, killed=killed, firings=firings, twice=0
    )


def test_every_killed_firing_is_done_by_the_next_process(
    settings: config.Settings, chance: Random, minutes: int
) -> None:
    """One process after the other dies at each point of each job; then one that lives does what is left."""
    for point in POINTS:
        pid = scheduler(settings, own(chance), minutes, point)
        assert os.WIFSIGNALED(os.waitpid(pid, 0)[1]) or point.endswith("after_commit") or _done(point), point
    assert os.waitpid(scheduler(settings, own(chance), minutes), 0)[1] == 0
    with db.reading() as session:
        assert effects(session) == ONCE
        assert verify(session).problems == []


def _done(point: str) -> bool:
    """Whether the job of a point has nothing left to do, because an earlier victim died after its commit."""
    with db.reading() as session:
        name = point.split(".")[1]
        return session.exec(select(JobFiring).where(col(JobFiring.id).startswith(name))).first() is not None


def test_a_machine_that_was_down_closes_the_months_it_missed(settings: config.Settings) -> None:
    with clock.frozen(clock.at_local(date(2027, 2, 6), 9 * 60)):
        jobs.catch_up(settings)
    with db.reading() as session:
        assert session.exec(select(MonthRun.month).order_by(MonthRun.month)).all() == [
            *("2026-10", "2026-11", "2026-12"),
            "2027-01",
        ]
        assert books.faults(session) == []


def test_a_job_that_the_database_breaks_off_is_done_again_at_once(settings: config.Settings) -> None:
    job, tries = jobs.JOBS[2], list[str]()

    def work(session: Session, district_code: str, slot: str) -> None:
        job.work(session, district_code, slot)
        tries.append(slot)
        if len(tries) == 1:
            raise sa.exc.OperationalError("", None, psycopg.errors.DeadlockDetected())

    assert jobs.fire(replace(job, work=work), settings) and not jobs.fire(job, settings)
    assert len(tries) == 2


def test_control_without_the_claim_row_gifts_seal_twice(
    settings: config.Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Must fail: where nothing is claimed, a firing that was done is done again."""
    monkeypatch.setattr(jobs, "is_first", lambda *_, **__: True)
    done = Counter[str]()
    monkeypatch.setattr(ledger, "give_gifts", lambda *_, **__: done.update(gifts=1))
    with clock.frozen(START):
        for _ in range(2):
            jobs.fire(jobs.JOBS[2], settings)
    assert done["gifts"] == 2


@pytest.mark.waits
def test_two_real_processes_one_killed_do_what_is_due(settings: config.Settings) -> None:
    environment = os.environ | {
        "TIMEBANK_DATA_DIR": str(settings.data_dir),
        "TIMEBANK_DATABASE_URL": settings.database_url,
        "TIMEBANK_FIELD_KEY": TEST_KEY,
        "TIMEBANK_SEAL_KEY": TEST_KEY,
        "TIMEBANK_SESSION_KEY": "a session key for tests only",
    }
    command = [sys.executable, "-c", SCHEDULER]
    logs = [settings.data_dir / f"log-{number}" for number in range(2)]
    pair = []
    for log in logs:
        with open(log, "w") as output:
            pair.append(subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output))
    try:
        _wait_for_a_close(logs)
        pair[0].send_signal(signal.SIGKILL)
        pair[1].send_signal(signal.SIGTERM)
        assert (pair[0].wait(30), pair[1].wait(30)) == (-signal.SIGKILL, 0)
    finally:
        for process, log in zip(pair, logs, strict=True):
            process.kill()
            print(log.read_text())
    with db.reading() as session:
        runs = session.exec(select(MonthRun.month)).all()
        assert len(runs) == len(set(runs)) and "2026-10" in runs
        assert books.faults(session) == []
    lines = (settings.data_dir / "seals" / "seals.jsonl").read_text().splitlines()
    assert [int(found) for line in lines for found in re.findall(r'"id": ?(\d+)', line)] == list(
        range(1, len(lines) + 1)
    )


def _wait_for_a_close(logs: list[Path]) -> None:
    """Until October is closed and sealed, and both processes listen to signals."""
    give_up = clock.monotonic_seconds() + 150
    while clock.monotonic_seconds() < give_up:
        with db.reading() as session:
            is_closed = session.exec(select(MonthRun)).first() is not None
            is_sealed = session.exec(select(Seal)).first() is not None
        if is_closed and is_sealed and all("watching" in log.read_text() for log in logs):
            return
        time.sleep(0.2)
    raise AssertionError("no process closed October")
