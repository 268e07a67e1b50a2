"""`timebank ledger verify` as the office runs it: all is sound, or it names the first bad row and ends with 1."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.cast import Cast
from tests.fixtures.databases import TEST_KEY
from tests.ledger.posting import earn_visit
from tests.ledger.tampering import unprotected
from timebank import cli
from timebank.core import db
from timebank.core.db import transaction


def run(monkeypatch: pytest.MonkeyPatch, url: str, folder: Path, *words: str) -> int:
    """Run a command on an installation; its exit code."""
    monkeypatch.setenv("TIMEBANK_DATABASE_URL", url)
    monkeypatch.setenv("TIMEBANK_DATA_DIR", str(folder))
    monkeypatch.setenv("TIMEBANK_FIELD_KEY", TEST_KEY)
    with pytest.raises(SystemExit) as ended:
        cli.main(words)
    return int(ended.value.code or 0)


def test_verify_is_quiet_about_a_sound_ledger_and_names_a_row_that_was_changed(
    cast: Cast, db_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with transaction() as session:
        row = earn_visit(session, cast.li).id
    assert run(monkeypatch, db_url, tmp_path / "data", "ledger", "seal") == 0
    assert "sound" in capsys.readouterr().out
    assert (tmp_path / "data" / "seals" / "seals.jsonl").read_text().count("\n") == 1

    with unprotected(db.engine()) as connection:
        connection.execute(sa.text("UPDATE transfer SET minutes = 600 WHERE id = :id"), {"id": row})
    assert run(monkeypatch, db_url, tmp_path / "data", "ledger", "verify") == 1
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith(f"{row}: ")
    assert said[-1].endswith("NOT SOUND")
