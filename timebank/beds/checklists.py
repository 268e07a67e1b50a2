"""The checklists of inspections: versioned data; an inspection keeps the name of the version it was done by."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

CURRENT = "bed-inspection-2026-assumed"
_FOLDER = Path(__file__).parent / "checklists"


@dataclass(frozen=True)
class CheckItem:
    """One thing to look at, in both languages, and how serious it is where it is wrong."""

    id: str
    zh: str
    en: str
    grade: str  # serious, general

    def said(self, locale: str) -> str:
        """The item in a language."""
        return self.zh if locale == "zh" else self.en


@cache
def _read(version: str) -> dict[str, Any]:
    return dict(json.loads((_FOLDER / f"{version}.json").read_text(encoding="utf-8")))


def name_of(version: str, locale: str) -> str:
    """What people call a checklist."""
    return str(_read(version)["name"][locale])


@cache
def items(version: str = CURRENT) -> Mapping[str, CheckItem]:
    """The items of a checklist by id, in order."""
    return {row["id"]: CheckItem(row["id"], row["zh"], row["en"], row["grade"]) for row in _read(version)["items"]}
