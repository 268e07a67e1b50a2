"""What every benchmark hands over: rows for machines, tables for people, and the part of a page they stand in."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison: what we reach and what the peer reaches, both in ``unit``; ``ratio`` is ours / peer.

    ``value`` and ``ratio`` are ``None`` where the peer has no answer.
    """

    case: str
    ours: float
    peer: str
    value: float | None
    unit: str
    ratio: float | None = None


def compare(case: str, ours: float, peer: str, value: float | None, unit: str) -> Row:
    """A row with its ratio."""
    return Row(case, ours, peer, value, unit, round(ours / value, 6) if value else None)


def write_json(path: Path, bench: str, rows: Sequence[Row]) -> None:
    """Write the rows with what they were measured on."""
    machine = {"system": platform.platform(), "python": platform.python_version(), "cpus": os.cpu_count()}
    report = {"bench": bench, "machine": machine, "rows": [asdict(row) for row in rows]}
    path.write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def markdown(head: Sequence[str], lines: Iterable[Sequence[object]]) -> str:
    """A table that reads well on a terminal and in a page: first column left, the others right."""
    cells = [list(head), *([str(value) for value in line] for line in lines)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(head))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join(
        "| " + " | ".join(_pad(line[column], widths[column], column) for column in range(len(head))) + " |"
        for line in [cells[0], rule, *cells[1:]]
    )


def _pad(text: str, width: int, column: int) -> str:
    return text.rjust(width) if column else text.ljust(width)


def replace_between(page: Path, name: str, text: str) -> None:
    """Put ``text`` between ``<!-- name -->`` and ``<!-- /name -->`` of a page.

    Raises
    ------
    ValueError
        Where the page lacks the marks.
    """
    opening, closing = f"<!-- {name} -->", f"<!-- /{name} -->"
    before, found, rest = page.read_text(encoding="utf-8").partition(opening)
    _, ended, after = rest.partition(closing)
    if not (found and ended):
        raise ValueError(f"{page}: the marks {opening} and {closing} are missing. Add them where the table belongs.")
    page.write_text(f"{before}{opening}\n{text}\n{closing}{after}", encoding="utf-8")
