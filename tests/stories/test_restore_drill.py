"""The restore drill (field guide §4.8, power and server loss; runbook, Backup): the machine is gone, the backup is not.

Every step is the one of the runbook, by its own tools: `.backup` of SQLite or `pg_dump -Fc`, `keys.json`, the seals
that are kept elsewhere, `timebank migrate`, `timebank ledger verify`.
"""

import glob
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests import factories as make
from tests.cast import Cast, assemble
from tests.fixtures.databases import own_database
from tests.fixtures.site import FIRST_MORNING, At
from tests.stories.hours import has
from tests.visits.conftest import actor_of, at_door, event, tell
from timebank import cli
from timebank.core import crypto, db
from timebank.ledger.operations.sealing import SEALS_FILE
from timebank.people.models import Person
from timebank.people.queries import phone_of
from timebank.visits import operations as visits
from timebank.visits.models import EventKind, Visit
from timebank.visits.rules import EventIn


@dataclass(frozen=True)
class Machine:
    """A machine: its database and its data directory."""

    url: str
    folder: Path

    @property
    def seals(self) -> Path:
        """The roots of the ledger's log, which are copied to another building every day."""
        return self.folder / "seals" / SEALS_FILE

    def begin(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """From now on this is the machine that works."""
        for name in ("FIELD_KEY", "SEAL_KEY", "SESSION_KEY"):
            monkeypatch.delenv(f"TIMEBANK_{name}", raising=False)
        monkeypatch.setenv("TIMEBANK_DATABASE_URL", self.url)
        monkeypatch.setenv("TIMEBANK_DATA_DIR", str(self.folder))
        cli.open_installation()
        crypto.use_passwords(crypto.Passwords(memory_kib=8, passes=1))

    def run(self, *words: str) -> int:
        """A command of the runbook on this machine; its exit code."""
        with pytest.raises(SystemExit) as ended:
            cli.main(words)
        return int(ended.value.code or 0)


@pytest.fixture
def old(empty_db_url: str, tmp_path: Path) -> Machine:
    """The machine that will be lost."""
    return Machine(empty_db_url, tmp_path / "old")


@pytest.fixture
def new(old: Machine, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Machine]:
    """An empty one."""
    if old.url.startswith("sqlite"):
        yield Machine(f"sqlite:///{tmp_path / 'new.sqlite3'}", tmp_path / "new")
        return
    for url in own_database(request.getfixturevalue("postgres_server")):
        yield Machine(url, tmp_path / "new")


def back_up(machine: Machine, file: Path) -> None:
    """What the runbook says, while the pages are open."""
    if machine.url.startswith("sqlite"):
        with sqlite3.connect(machine.url.removeprefix("sqlite:///")) as live, sqlite3.connect(file) as copy:
            live.backup(copy)
    else:
        _postgres("pg_dump", "-Fc", "-f", str(file), *_where(machine.url))


def restore(machine: Machine, file: Path) -> None:
    """Put the copy onto an empty machine."""
    if machine.url.startswith("sqlite"):
        shutil.copyfile(file, machine.url.removeprefix("sqlite:///"))
    else:
        _postgres("pg_restore", "--exit-on-error", *_where(machine.url), str(file))


def _where(url: str) -> list[str]:
    found = urlsplit(url)
    return ["-h", str(found.hostname), "-p", str(found.port), "-U", str(found.username), "-d", found.path[1:]]


def _postgres(program: str, *words: str) -> None:
    found = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{program}"))[-1]
    subprocess.run([found, *words], check=True, capture_output=True)


def planned(cast: Cast) -> Visit:
    with db.transaction() as session:
        made = make.visit(session=session, elder=cast.chen_popo, window=(9 * 60, 11 * 60))
        carers = [(cast.li.id, 9 * 60)]
        return visits.assign(session, actor=actor_of(cast, "zhou"), visit_id=made.id, carers=carers, day_plan_id=None)


def told(cast: Cast, entries: list[EventIn]) -> list[str]:
    """What the phone of 李姐 sends, and what it hears."""
    return [tell(cast, entry).state for entry in entries]


def credited(cast: Cast, visit: Visit) -> None:
    with db.transaction() as session:
        visits.confirm(session, actor=actor_of(cast, "wang"), visit_id=visit.id, method="call_back")
        visits.review(session, actor=actor_of(cast, "wu"), visit_id=visit.id, approved=True)


def test_server_loss_a_backup_on_an_empty_machine(
    old: Machine,
    new: Machine,
    tmp_path: Path,
    at: At,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What was backed up is sound, what came after it is found to be missing, and the phone brings it again."""
    at(FIRST_MORNING)
    old.begin(monkeypatch)
    with db.transaction() as session:
        cast = assemble(session)
        home = make.household(session=session, number=9)
        reachable = make.person(session=session, household=home, name="谢婆婆", phone="13900001111")
        make.hours(session=session, person=cast.li, minutes=120)
    visit = planned(cast)
    assert old.run("ledger", "seal") == 0
    back_up(old, tmp_path / "backup")
    shutil.copyfile(old.seals, tmp_path / "seals of the backup")

    at("2026-11-03 12:00")  # after the backup: a visit, its hours, a seal that was copied to the other building
    phone = [event(visit, EventKind.CHECK_IN, 540, place=at_door()), event(visit, EventKind.CHECK_OUT, 585)]
    assert told(cast, phone) == ["accepted", "accepted"]
    credited(cast, visit)
    assert has(cast.li).own == 165
    assert old.run("ledger", "seal") == 0
    seals_elsewhere = shutil.copyfile(old.seals, tmp_path / "seals elsewhere")
    db.engine().dispose()  # and the machine is gone

    at("2026-11-04 08:00")
    new.seals.parent.mkdir(parents=True)
    shutil.copyfile(old.folder / "keys.json", new.folder / "keys.json")  # from the safe
    restore(new, tmp_path / "backup")
    new.begin(monkeypatch)
    assert new.run("migrate") == 0
    shutil.copyfile(tmp_path / "seals of the backup", new.seals)
    assert new.run("ledger", "verify") == 0
    with db.reading() as session:
        assert phone_of(session.get_one(Person, reachable.id)) == "13900001111"  # the key opens what is sealed
    assert has(cast.li).own == 120

    shutil.copyfile(seals_elsewhere, new.seals)
    capsys.readouterr()
    assert new.run("ledger", "verify") == 1
    assert "seal 2: " in capsys.readouterr().out  # something was recorded after the backup

    shutil.move(new.seals, tmp_path / "seals before the loss")
    shutil.copyfile(tmp_path / "seals of the backup", new.seals)
    assert told(cast, [*phone, *phone]) == ["accepted", "accepted", "repeated", "repeated"]
    credited(cast, visit)
    assert has(cast.li).own == 165
    assert new.run("ledger", "seal") == 0
    assert new.seals.read_text().count("\n") == 2
    db.engine().dispose()


def test_without_the_keys_nothing_sealed_is_read_and_the_seals_do_not_fit(
    old: Machine, new: Machine, tmp_path: Path, at: At, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Why `keys.json` lies in a safe of its own: a machine that makes new keys is caught at once."""
    at(FIRST_MORNING)
    old.begin(monkeypatch)
    with db.transaction() as session:
        make.district(session=session)
        home = make.household(session=session, number=9)
        reachable = make.person(session=session, household=home, name="谢婆婆", phone="13900001111")
        make.hours(session=session, person=reachable, minutes=120)
    assert old.run("ledger", "seal") == 0
    back_up(old, tmp_path / "backup")
    db.engine().dispose()
    restore(new, tmp_path / "backup")
    new.begin(monkeypatch)
    assert new.run("ledger", "verify") == 1
    with db.reading() as session, pytest.raises(ValueError, match="another key"):
        phone_of(session.get_one(Person, reachable.id))
    db.engine().dispose()
