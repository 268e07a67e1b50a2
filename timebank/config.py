"""Settings of one installation: typed, frozen, read once from the environment; a bad value refuses to start.

Keys that are not given are made on the first start and kept in `<data_dir>/keys.json`, readable by the owner only.
"""

import json
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import make_url

from timebank.core import crypto, ids


class Settings(BaseSettings):
    """Every setting; docs/runbook.md has a line for each."""

    model_config = SettingsConfigDict(env_prefix="TIMEBANK_", frozen=True, extra="ignore")

    data_dir: Path = Path("var")
    database_url: str = ""
    base_url: str = "http://127.0.0.1:8000"
    secure_cookies: bool = False
    session_key: str = Field(default="", repr=False)
    field_key: str = Field(default="", repr=False)
    seal_key: str = Field(default="", repr=False)
    scheme_name_zh: str = "互助时间"
    scheme_name_en: str = "Mutual Help Hours"
    district_code: str = Field(default="500156", pattern=r"^\d{6}$")
    default_locale: Literal["zh", "en"] = "zh"
    idle_minutes: int = Field(default=60 * 12, ge=5, le=60 * 24 * 30)
    absolute_minutes: int = Field(default=60 * 24 * 30, ge=30, le=60 * 24 * 90)
    tile_url: str = ""
    travel_matrix_url: str = ""
    travel_matrix_dialect: Literal["valhalla", "osrm"] = "valhalla"
    travel_map: Path | None = None
    trusted_proxies: int = Field(default=0, ge=0, le=5)
    password_memory_kib: int = Field(default=64 * 1024, ge=8, le=1024 * 1024)
    password_passes: int = Field(default=3, ge=1, le=20)

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, url: str) -> str:
        if url and not url.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise ValueError("must start with sqlite:/// or postgresql+psycopg://")
        return url

    @field_validator("field_key", "seal_key")
    @classmethod
    def _key_or_none(cls, key: str) -> str:
        if key:
            crypto.bytes_of_key(key)
        return key

    @field_validator("travel_map")
    @classmethod
    def _one_source_that_is_there(cls, path: Path | None, given: ValidationInfo) -> Path | None:
        if path and given.data.get("travel_matrix_url"):
            raise ValueError("stands beside TIMEBANK_TRAVEL_MATRIX_URL: give one of the two")
        if path and not path.is_file():
            raise ValueError(f"there is no file {path}")
        return path

    @property
    def database(self) -> str:
        """The database URL, by default an SQLite file in the data directory."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'timebank.sqlite3').resolve()}"


class BadSetting(SystemExit):
    """A setting that cannot be used; ends the start with its name."""


def load(**given: object) -> Settings:
    """Read the settings, make missing keys, and create the data directory.

    Raises
    ------
    BadSetting
        With the name of each setting that cannot be used and the reason.
    """
    try:
        settings = Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        lines = [f"TIMEBANK_{str(item['loc'][0]).upper()}: {item['msg']}" for item in error.errors()]
        raise BadSetting("Cannot start. " + "; ".join(lines)) from None
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    _keep_from_others(settings)
    return settings.model_copy(update=_keys(settings))


def _keep_from_others(settings: Settings) -> None:
    """Let no other user of the machine read the file of an embedded database: names and births stand in it as they are.

    SQLite gives the files it keeps beside it the same rights. A group that the county let in stays in.
    """
    url = make_url(settings.database)
    file = Path(url.database or "")
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:") or not file.parent.is_dir():
        return
    with suppress(PermissionError):  # somebody else's file: theirs to close
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
        file.chmod(stat.S_IMODE(file.stat().st_mode) & ~0o007)


def _keys(settings: Settings) -> dict[str, str]:
    """The keys of this installation; what is missing is made once and kept."""
    path = settings.data_dir / "keys.json"
    try:
        kept: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    except ValueError:
        raise BadSetting(f"Cannot start. {path} cannot be read: put the copy from the safe in its place.") from None
    keys = {"session_key": ids.new_secret, "field_key": crypto.new_key, "seal_key": crypto.new_key}
    given = {name: getattr(settings, name) for name in keys}
    made = {name: given[name] or kept.get(name) or make() for name, make in keys.items()}
    new = {name: key for name, key in made.items() if not given[name] and name not in kept}
    if new:
        _keep(path, kept | new)
    return made


def _keep(path: Path, keys: dict[str, str]) -> None:
    """Write the keys so that a crash leaves the old file or the new one, never half of one."""
    fresh = path.with_suffix(".new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(keys, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(fresh, path)
