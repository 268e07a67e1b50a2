"""What a start refuses with the setting's name, and what other users of the machine cannot read."""

import stat
from pathlib import Path

import pytest

from timebank import config
from timebank.core import crypto


@pytest.mark.parametrize("name", ["field_key", "seal_key"])
@pytest.mark.parametrize("key", ["abc", "abcd", "钥匙", "a" * 42 + "!=", "A" * 64])
def test_a_key_that_is_none_is_refused_with_its_name(tmp_path: Path, name: str, key: str) -> None:
    with pytest.raises(config.BadSetting) as refusal:
        config.load(data_dir=tmp_path, **{name: key})
    assert f"TIMEBANK_{name.upper()}" in str(refusal.value) and "32 bytes" in str(refusal.value)
    assert key not in str(refusal.value)


def test_control_a_key_is_taken(tmp_path: Path) -> None:
    key = crypto.new_key()
    assert config.load(data_dir=tmp_path, field_key=key).field_key == key


def test_half_a_file_of_keys_is_refused_and_kept(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text('{"field_key": "')
    with pytest.raises(config.BadSetting, match=r"keys\.json"):
        config.load(data_dir=tmp_path)
    assert (tmp_path / "keys.json").read_text() == '{"field_key": "'


def test_others_on_the_machine_read_nothing(tmp_path: Path) -> None:
    settings = config.load(data_dir=tmp_path / "data")
    file = Path(settings.database.removeprefix("sqlite:///"))
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (file.parent, file, file.parent / "keys.json")}
    assert modes == {"data": 0o700, file.name: 0o600, "keys.json": 0o600}


def test_an_older_file_of_records_is_closed_to_others(tmp_path: Path) -> None:
    file = tmp_path / "timebank.sqlite3"
    file.write_bytes(b"")
    file.chmod(0o644)
    config.load(data_dir=tmp_path)
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
