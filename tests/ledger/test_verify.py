"""`ledger verify` finds what was done to the record behind the application's back, and names the first bad row."""

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.cast import Cast
from tests.fixtures.site import At
from tests.ledger.posting import earn_visit
from tests.ledger.tampering import unprotected
from timebank.core import db
from timebank.core.db import reading, transaction
from timebank.ledger.operations import export_seals, seal_new_rows
from timebank.ledger.operations.sealing import SEALS_FILE
from timebank.ledger.verify import Findings, verify


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the seals are kept outside the database."""
    return tmp_path / "seals"


@pytest.fixture
def history(cast: Cast, at: At, folder: Path) -> list[str]:
    """Forty visits over four days, sealed every evening; the ids of their transfers, oldest first."""
    made = []
    for day in range(3, 7):
        at(f"2026-11-{day:02d} 18:00")
        with transaction() as session:
            for number in range(10):
                person = cast.li if number % 2 else cast.zhang
                made.append(earn_visit(session, person, minutes=15 + number).id)
        with transaction() as session:
            seal_new_rows(session)
        with reading() as session:
            export_seals(session, folder)
    return made


def found(folder: Path) -> Findings:
    with reading() as session:
        return verify(session, seals_folder=folder)


def test_an_untouched_ledger_is_sound(history: list[str], folder: Path) -> None:
    findings = found(folder)
    assert findings.problems == []
    assert findings.rows > 40


TAMPERINGS: dict[str, Callable[[list[str]], tuple[str, str]]] = {
    "minutes changed": lambda ids: (f"UPDATE transfer SET minutes = 999 WHERE id = '{ids[7]}'", ids[7]),
    "digest changed too": lambda ids: (
        f"UPDATE transfer SET digest = '{'0' * 64}', minutes = 999 WHERE id = '{ids[7]}'",
        ids[7],
    ),
    "request digest changed": lambda ids: (
        f"UPDATE transfer SET request_digest = '{'0' * 64}' WHERE id = '{ids[3]}'",
        ids[3],
    ),
    "who recorded it changed": lambda ids: (f"UPDATE transfer SET recorded_by = 'x' WHERE id = '{ids[9]}'", ids[9]),
    "month changed": lambda ids: (f"UPDATE transfer SET book_month = '2026-10' WHERE id = '{ids[0]}'", ids[0]),
    "row deleted": lambda ids: (f"DELETE FROM transfer WHERE id = '{ids[20]}'", ids[20]),
    "leaf changed": lambda ids: (f"UPDATE sealedleaf SET digest = '{'1' * 64}' WHERE row_id = '{ids[5]}'", ids[5]),
    "kept node changed": lambda _: ("UPDATE sealednode SET hash = '00' WHERE level = 4 AND position = 0", "node 4/0"),
    "seal changed": lambda _: ("UPDATE seal SET tree_size = tree_size - 1 WHERE id = 4", "seal 4"),
    "last seal cut off": lambda _: ("DELETE FROM seal WHERE id = 4", "position"),
    "audit event changed": lambda _: ("UPDATE auditevent SET user_id = 'x' WHERE action = 'people.register'", "aud_"),
    "balance changed": lambda _: (
        "UPDATE houraccount SET balance_minutes = balance_minutes + 1 WHERE balance_minutes > 0",
        "acc_",
    ),
    "held minutes changed": lambda _: ("UPDATE houraccount SET held_minutes = 5 WHERE balance_minutes > 5", "acc_"),
}


@pytest.mark.parametrize("what", TAMPERINGS)
def test_it_is_found_and_named(what: str, history: list[str], folder: Path) -> None:
    statement, named = TAMPERINGS[what](history)
    with unprotected(db.engine()) as connection:
        connection.execute(sa.text(statement))
    problems = found(folder).problems
    assert problems, f"{what} was not found"
    assert problems[0][0].startswith(named)


def test_a_missing_trigger_is_found(history: list[str], folder: Path) -> None:
    on = " ON transfer" if db.engine().dialect.name == "postgresql" else ""
    name = "transfer_append_only" if on else "transfer_no_update"
    with db.engine().connect().execution_options(writes=True) as connection:
        connection.execute(sa.text(f"DROP TRIGGER {name}{on}"))
        connection.commit()
    assert [subject for subject, _ in found(folder).problems] == [name]


POSTGRES_TRIGGERS = (
    "ALTER TABLE transfer ENABLE REPLICA TRIGGER transfer_append_only",
    "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
)
SQLITE_TRIGGERS = (
    "CREATE TRIGGER transfer_no_update BEFORE UPDATE ON transfer BEGIN SELECT 1; END",
    "CREATE TRIGGER transfer_no_update BEFORE UPDATE ON area BEGIN SELECT RAISE(ABORT, 'x'); END",
)


@pytest.mark.parametrize("number", [0, 1])
def test_a_trigger_that_does_nothing_is_as_good_as_none(number: int, history: list[str], folder: Path) -> None:
    with db.engine().connect().execution_options(writes=True) as connection:
        if db.engine().dialect.name == "postgresql":
            connection.exec_driver_sql(POSTGRES_TRIGGERS[number])
        else:
            connection.exec_driver_sql("DROP TRIGGER transfer_no_update")
            connection.exec_driver_sql(SQLITE_TRIGGERS[number])
        connection.commit()
    assert found(folder).problems[0][1].endswith("is missing, switched off or does nothing")


@pytest.mark.parametrize("added", [b"[]\n", b"null\n", b"{}\n", b"\xff\xfe\n"])
def test_a_line_in_the_file_outside_that_is_no_seal_is_named(added: bytes, history: list[str], folder: Path) -> None:
    """What stands there is looked at by somebody: the check goes on, and nothing more is written behind it."""
    with open(folder / SEALS_FILE, "ab") as file:
        file.write(added)
    assert [subject for subject, _ in found(folder).problems] == ["seal 5"]
    with reading() as session, pytest.raises(ValueError):
        export_seals(session, folder)


def test_a_cut_tail_with_its_seal_shows_against_the_file_outside(history: list[str], folder: Path) -> None:
    """Everything after the third evening is removed, balances set right again: inside the database nothing shows."""
    with unprotected(db.engine()) as connection:
        size = connection.execute(sa.text("SELECT tree_size FROM seal WHERE id = 3")).scalar_one()
        gone = "(SELECT row_id FROM sealedleaf WHERE position >= :size)"
        connection.execute(sa.text(f"DELETE FROM transfer WHERE id IN {gone}"), {"size": size})
        connection.execute(sa.text(f"DELETE FROM auditevent WHERE id IN {gone}"), {"size": size})
        connection.execute(sa.text("DELETE FROM sealednode"))
        connection.execute(sa.text("DELETE FROM sealedleaf WHERE position >= :size"), {"size": size})
        connection.execute(sa.text("DELETE FROM seal WHERE id = 4"))
        sums = "(SELECT coalesce(sum(minutes), 0) FROM transfer WHERE {} = houraccount.id)"
        came, went = sums.format("credit_account_id"), sums.format("debit_account_id")
        connection.execute(sa.text(f"UPDATE houraccount SET balance_minutes = {came} - {went}"))
    with reading() as session:
        inside = [subject for subject, _ in verify(session).problems]
    assert all(subject.startswith("node") for subject in inside)
    assert found(folder).problems[-1][0] == "seal 4"


def test_a_seal_signed_by_another_key_is_found(history: list[str], folder: Path) -> None:
    from timebank.core import crypto

    own = crypto.signer()
    crypto.use_signer(crypto.Signer(crypto.new_key()))
    try:
        assert [subject for subject, _ in found(folder).problems] == [f"seal {number}" for number in range(1, 5)]
    finally:
        crypto.use_signer(own)
