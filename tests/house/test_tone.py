"""The repository speaks of the product alone: no paths of somebody's machine, no numbers of tickets, no drafts left."""

import re
from pathlib import Path

import pytest

from tests.fixtures.source import ROOT, shown

SPEAKING = ("*.py", "*.md", "*.html", "*.ts", "*.css", "*.po", "*.toml", "*.typ", "*.json")
FOLDERS = ("timebank", "dispatch", "templates", "tests", "tools", "docs", "migrations", "frontend/src")
BANNED = {
    r"(?<![\w.:/*-])/(?:work|root|home|Users)/": "names a place on one machine",
    r"\b(?:issue|ticket|PR) #?\d+\b": "names a ticket; say the reason instead",
    r"\b(?:TODO|FIXME|XXX)\b": "leaves something undone; do it or write it down in docs",
}


def files() -> list[Path]:
    found = [path for folder in FOLDERS for pattern in SPEAKING for path in (ROOT / folder).rglob(pattern)]
    return sorted(path for path in [*found, *ROOT.glob("*.md")] if "node_modules" not in path.parts)


@pytest.mark.parametrize("path", files(), ids=shown)
def test_nothing_but_the_product(path: Path) -> None:
    if path == Path(__file__):
        return
    text = path.read_text(encoding="utf-8")
    for pattern, why in BANNED.items():
        found = re.search(pattern, text)
        assert found is None, f"{shown(path)}: {found.group()!r} {why}" if found else ""
