"""C12: somebody with the database's own rights edits, swaps, inserts, replaces, cuts, puts back an old copy.

Size n: 60 random edits on each database, R: 10,000 (reliability.md: 500 / 10,000); all must be found, the row that was
touched among what is named. PostgreSQL's role for the application cannot do any of it.
"""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from tests.campaigns.conftest import Scale
from tests.campaigns.ground import pool_id, posting, told, village
from tests.ledger.tampering import unprotected
from timebank.core import db
from timebank.core.actors import SYSTEM
from timebank.core.db import reading, transaction
from timebank.ledger import operations as ledger
from timebank.ledger.ddl import RECORD, rights_of_application, unprotect
from timebank.ledger.rules import row_digest
from timebank.ledger.verify import verify

Tampering = Callable[[sa.Connection, Random, list[str]], str]


@pytest.fixture
def history(database: sa.Engine, tmp_path: Path) -> list[str]:
    """Ninety transfers under three seals; their ids in order."""
    accounts, pool, made = village(members=5, minutes=600), pool_id(), []
    for part in range(3):
        with transaction() as session:
            for number in range(30):
                asked = posting(f"entry:{part}:{number}", pool, accounts[number % 5], 15 + number)
                made.append(ledger.post(session, actor=SYSTEM, posting=asked).id)
        with transaction() as session:
            ledger.seal_new_rows(session)
        with reading() as session:
            ledger.export_seals(session, tmp_path / "seals")
    return made


def run(connection: sa.Connection, statement: str, **values: object) -> None:
    connection.execute(sa.text(statement), values)


def edit(connection: sa.Connection, chance: Random, ids: list[str]) -> str:
    """Change one column of one row."""
    row = chance.choice(ids)
    change = chance.choice(
        [
            "minutes = minutes + 1",
            "reason = 'adjustment'",
            "source_id = 'vis_other'",
            "recorded_by = 'usr_other'",
            "policy_version = 'pol_other'",
            "key = 'other key'",
            "book_month = '2026-01'",
            "journal_id = 'jrn_other'",
            "area_code = '500156102'",
            "event_at = recorded_at",
            "debit_account_id = credit_account_id || ''",
        ]
    )
    if change.startswith("debit"):
        change = "credit_account_id = (SELECT min(id) FROM houraccount WHERE kind = 'commons')"
    run(connection, f"UPDATE transfer SET {change} WHERE id = :id", id=row)
    return row


def edit_with_new_digest(connection: sa.Connection, chance: Random, ids: list[str]) -> str:
    """Change the minutes of a row and make its digest and both balances fit again."""
    row = chance.choice(ids)
    facts = dict(connection.execute(sa.text("SELECT * FROM transfer WHERE id = :id"), {"id": row}).mappings().one())
    facts["minutes"] += 7
    for name in ("event_at", "recorded_at"):
        if isinstance(facts[name], str):
            facts[name] = datetime.fromisoformat(facts[name]).replace(tzinfo=UTC)
    run(
        connection, "UPDATE transfer SET minutes = minutes + 7, digest = :d WHERE id = :id", d=row_digest(facts), id=row
    )
    moved = "UPDATE houraccount SET balance_minutes = balance_minutes + :m WHERE id = :id"
    run(connection, moved, m=7, id=facts["credit_account_id"])
    run(connection, moved, m=-7, id=facts["debit_account_id"])
    return row


def delete(connection: sa.Connection, chance: Random, ids: list[str]) -> str:
    """Take a row out, with its leaf."""
    row = chance.choice(ids)
    run(connection, "DELETE FROM transfer WHERE id = :id", id=row)
    if chance.random() < 0.5:
        run(connection, "DELETE FROM sealedleaf WHERE row_id = :id", id=row)
    return ""


def insert(connection: sa.Connection, chance: Random, ids: list[str]) -> str:
    """Put a copy of a row in, an hour before the last seal."""
    row = chance.choice(ids)
    facts = dict(connection.execute(sa.text("SELECT * FROM transfer WHERE id = :id"), {"id": row}).mappings().one())
    facts |= {"id": f"trf_{chance.getrandbits(64):026x}"[:30], "key": f"forged {chance.getrandbits(64)}"}
    names = ", ".join(facts)
    run(connection, f"INSERT INTO transfer ({names}) VALUES ({', '.join(':' + name for name in facts)})", **facts)
    return str(facts["id"])


def swap(connection: sa.Connection, chance: Random, ids: list[str]) -> str:
    """Let two rows change places in the log."""
    first, second = chance.sample(ids, 2)
    for row, other in ((first, "x"), (second, first), ("x", second)):
        run(connection, "UPDATE sealedleaf SET row_id = :other WHERE row_id = :id", id=row, other=other)
    return first


def replace(connection: sa.Connection, chance: Random, ids: list[str]) -> str:
    """Write a row over another one."""
    row = chance.choice(ids)
    facts = dict(connection.execute(sa.text("SELECT * FROM transfer WHERE id = :id"), {"id": row}).mappings().one())
    run(connection, "DELETE FROM transfer WHERE id = :id", id=row)
    facts["minutes"] = 9_999
    names = ", ".join(facts)
    run(connection, f"INSERT INTO transfer ({names}) VALUES ({', '.join(':' + name for name in facts)})", **facts)
    return row


def edit_event(connection: sa.Connection, chance: Random, _ids: list[str]) -> str:
    """Change who did something in the event log."""
    found = connection.execute(sa.text("SELECT id FROM auditevent ORDER BY id")).scalars().all()
    event = chance.choice(found)
    run(connection, "UPDATE auditevent SET user_id = 'usr_other' WHERE id = :id", id=event)
    return str(event)


def cut_tail(connection: sa.Connection, _chance: Random, _ids: list[str]) -> str:
    """Take off everything behind the second seal, and the third with it."""
    size = connection.execute(sa.text("SELECT tree_size FROM seal WHERE id = 2")).scalar_one()
    for table in ("transfer", "auditevent"):
        gone = "SELECT row_id FROM sealedleaf WHERE position >= :size"
        run(connection, f"DELETE FROM {table} WHERE id IN ({gone})", size=size)
    run(connection, "DELETE FROM sealedleaf WHERE position >= :size", size=size)
    run(connection, "DELETE FROM seal WHERE id = 3")
    return "seal 3"


KINDS: tuple[Tampering, ...] = (edit, edit_with_new_digest, delete, insert, swap, replace, edit_event, cut_tail)


def test_every_random_edit_is_found_and_what_was_touched_is_named(
    history: list[str], tmp_path: Path, chance: Random, scale: Scale
) -> None:
    edits, missed = scale(60, 10_000), []
    with Session(db.engine().execution_options(writes=True)) as session:
        connection = session.connection()
        if connection.dialect.name == "postgresql":
            run(connection, "SET session_replication_role = replica")
        else:
            run(connection, "PRAGMA defer_foreign_keys = ON")
            for statement in unprotect("sqlite", RECORD):
                run(connection, statement)
        known = {name for name, text in verify(session).problems if "trigger" in text}
        for number in range(edits):
            kind = KINDS[number % len(KINDS)]
            run(connection, "SAVEPOINT before_edit")
            touched = kind(connection, chance, history)
            problems = verify(session, seals_folder=tmp_path / "seals").problems
            found = {name for name, _ in problems} - known
            if not found or (touched and touched not in found):
                missed.append((kind.__name__, touched, problems[:3]))
            run(connection, "ROLLBACK TO SAVEPOINT before_edit")
            session.expire_all()
            again = verify(session, seals_folder=tmp_path / "seals").problems
            assert {name for name, _ in again} == known, f"{kind.__name__} was not undone"
        session.rollback()
    told("C12", edits=edits, kinds=len(KINDS), missed=len(missed))
    assert missed == []


def test_control_without_the_roots_outside_a_cut_tail_is_not_seen(history: list[str], tmp_path: Path) -> None:
    with unprotected(db.engine()) as connection:
        cut_tail(connection, Random(1), history)
        run(connection, "DELETE FROM sealednode")
        sums = "(SELECT coalesce(sum(minutes), 0) FROM transfer WHERE {} = houraccount.id)"
        came, went = sums.format("credit_account_id"), sums.format("debit_account_id")
        run(connection, f"UPDATE houraccount SET balance_minutes = {came} - {went}")
        run(connection, "DELETE FROM auditevent WHERE id NOT IN (SELECT row_id FROM sealedleaf)")
    with reading() as session:
        inside = [name for name, _ in verify(session).problems if not name.startswith("node")]
        outside = [name for name, _ in verify(session, seals_folder=tmp_path / "seals").problems]
    assert inside == []
    assert "seal 3" in outside


def test_an_old_copy_of_the_file_that_was_put_back_is_found(
    history: list[str], tmp_path: Path, database: sa.Engine
) -> None:
    if database.dialect.name == "sqlite":
        path = Path(str(database.url.database))
        run_checkpoint(database)
        shutil.copyfile(path, tmp_path / "old copy")
    account, pool = village_account(), pool_id()
    with transaction() as session:
        ledger.post(session, actor=SYSTEM, posting=posting("later", pool, account, 60))
        ledger.seal_new_rows(session)
    with reading() as session:
        ledger.export_seals(session, tmp_path / "seals")
    if database.dialect.name == "sqlite":
        database.dispose()
        for ending in ("-wal", "-shm"):
            Path(f"{path}{ending}").unlink(missing_ok=True)
        shutil.copyfile(tmp_path / "old copy", path)
    else:  # what a restored dump leaves: all rows up to then, none after
        with unprotected(database) as connection:
            size = connection.execute(sa.text("SELECT tree_size FROM seal WHERE id = 3")).scalar_one()
            run(connection, "DELETE FROM transfer WHERE key = 'later'")
            run(connection, "DELETE FROM sealedleaf WHERE position >= :size", size=size)
            run(connection, "DELETE FROM seal WHERE id = 4")
            run(connection, "UPDATE houraccount SET balance_minutes = balance_minutes - 60 WHERE id = :id", id=account)
    with reading() as session:
        problems = verify(session, seals_folder=tmp_path / "seals").problems
    assert "seal 4" in [name for name, _ in problems]


def run_checkpoint(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        connection.commit()
        connection.connection.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def village_account() -> str:
    with reading() as session:
        return str(
            session.connection().execute(sa.text("SELECT min(id) FROM houraccount WHERE kind = 'member'")).scalar()
        )


@pytest.mark.parametrize("table", ["transfer", "sealedleaf", "sealednode", "seal", "auditevent"])
def test_the_triggers_refuse_every_change_of_the_record(table: str, history: list[str], database: sa.Engine) -> None:
    column = sa.inspect(database).get_columns(table)[0]["name"]
    tries = [f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}"]
    if database.dialect.name == "postgresql":
        tries += [f"TRUNCATE {table} CASCADE"]
    else:
        tries += [f"REPLACE INTO {table} SELECT * FROM {table} LIMIT 1"]
    for statement in tries:
        with (
            database.connect().execution_options(writes=True) as connection,
            pytest.raises(sa.exc.DBAPIError, match="append-only"),
        ):
            run(connection, statement)


def test_the_role_of_the_application_can_add_and_read_and_nothing_else(history: list[str], database: sa.Engine) -> None:
    if database.dialect.name == "sqlite":
        return  # a file knows no roles: whoever may write it may do everything, and is found out as above
    with database.connect() as connection:
        run(connection, 'DROP ROLE IF EXISTS "timebank_app"')
        run(connection, 'CREATE ROLE "timebank_app"')
        for statement in rights_of_application("timebank_app"):
            run(connection, statement)
        connection.commit()
        run(connection, 'SET ROLE "timebank_app"')
        assert connection.execute(sa.text("SELECT count(*) FROM transfer")).scalar_one() >= 90
        for table in RECORD:
            for statement in (
                f"DELETE FROM {table}",
                f"TRUNCATE {table} CASCADE",
                f"ALTER TABLE {table} DISABLE TRIGGER ALL",
                f"DROP TRIGGER {table}_append_only ON {table}",
                f"DROP TABLE {table} CASCADE",
            ):
                with pytest.raises(sa.exc.ProgrammingError, match=r"permission denied|must be owner"):
                    run(connection, statement)
                connection.rollback()
                run(connection, 'SET ROLE "timebank_app"')
        run(connection, "RESET ROLE")
        run(connection, 'DROP OWNED BY "timebank_app"')
        run(connection, 'DROP ROLE "timebank_app"')
        connection.commit()
