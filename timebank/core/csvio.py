"""Reading tables that offices send: CSV as spreadsheets write it, in the encodings they use, with every fault by place.

UTF-8 (with or without mark), UTF-16 with mark, and GB18030, which holds rare names that GBK cannot. Commas, semicolons
or tabs. Nothing is guessed silently: what cannot be read is refused with line and column.
"""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from timebank.core.errors import BadInput
from timebank.core.limits import MAX_CSV_ROWS
from timebank.core.text import T, Text

_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


@dataclass(frozen=True)
class Row:
    """One line of the table: its number in the file, and its cells by the name of the column in code."""

    line: int
    cells: Mapping[str, str]


@dataclass(frozen=True)
class Fault:
    """What is wrong in one cell, or in a line (no column)."""

    line: int
    column: str
    message: Text


def read(raw: bytes, columns: Mapping[str, Iterable[str]], *, required: Iterable[str]) -> list[Row]:
    """The rows of a table whose first line names its columns.

    Parameters
    ----------
    columns
        For each column its name in code and how the first line may call it.
    required
        Columns that must be there, by their name in code.

    Raises
    ------
    BadInput
        `csv.encoding`, `csv.signs`, `csv.empty`, `csv.columns`, `csv.too_many_rows`, `csv.unreadable`.
    """
    text = _decoded(raw)
    first_line = text.split("\n", 1)[0]
    delimiter = max((",", ";", "\t"), key=first_line.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[Row] = []
    try:
        names = _named(next(reader, []), columns, required)
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append(_row(reader.line_num, cells, names))
            if len(rows) > MAX_CSV_ROWS:
                words = T("A file may have {most} lines at most. Split it.", most=MAX_CSV_ROWS)
                raise BadInput("csv.too_many_rows", words, field="file")
    except csv.Error:
        text_of_line = T("Line {line} cannot be read: a quotation mark is open or out of place.", line=reader.line_num)
        raise BadInput("csv.unreadable", text_of_line, field="file") from None
    return rows


def _decoded(raw: bytes) -> str:
    encodings = [name for mark, name in _MARKS if raw.startswith(mark)] or ["utf-8", "gb18030"]
    for encoding in encodings:
        try:
            text = raw.decode(encoding)
        except UnicodeError:
            continue
        if "\x00" in text:
            break
        return text.replace("\r\n", "\n").replace("\r", "\n")
    if b"\x00" in raw:
        raise BadInput(
            "csv.signs", T('This is not a table in CSV. Save it as "CSV UTF-8" and try again.'), field="file"
        )
    raise BadInput("csv.encoding", T('The signs in this file cannot be read. Save it as "CSV UTF-8".'), field="file")


def _named(head: list[str], columns: Mapping[str, Iterable[str]], required: Iterable[str]) -> list[str]:
    """The name in code of each column of the file, in its order."""
    if not head:
        raise BadInput("csv.empty", T("The file is empty."), field="file")
    known = {word.lower(): name for name, words in columns.items() for word in (name, *words)}
    names = []
    for number, cell in enumerate(head, start=1):
        name = known.get(cell.strip().lower())
        if name is None or name in names:
            words = T('Column {number}, "{name}", is not known or stands there twice.', number=number, name=cell[:40])
            raise BadInput("csv.columns", words, field="file")
        names.append(name)
    missing = [next(iter(columns[name])) for name in required if name not in names]
    if missing:
        raise BadInput("csv.columns", T("These columns are missing: {names}.", names="、".join(missing)), field="file")
    return names


def _row(line: int, cells: list[str], names: list[str]) -> Row:
    if len(cells) > len(names):
        words = T("Line {line} has more cells than the first line has columns.", line=line)
        raise BadInput("csv.unreadable", words, field="file")
    padded = cells + [""] * (len(names) - len(cells))
    return Row(line, {name: cell.strip() for name, cell in zip(names, padded, strict=True)})
