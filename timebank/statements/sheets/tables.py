"""Statements for a spreadsheet: the same figures as the sheet, one row a line, as CSV and as XLSX."""

from collections.abc import Iterable, Iterator
from typing import Any

from timebank.core import sheets
from timebank.people.models import Person
from timebank.statements.models import Statement

_FIGURES = ("opening_minutes", "in_minutes", "out_minutes", "closing_minutes", "held_minutes", "expiring_minutes")
_OF_LINE = {"on": "date", "reason": "reason", "service": "service", "household": "elder_household", "policy": "policy"}
COLUMNS = ("serial", "month", "account", "household", *_FIGURES, *_OF_LINE.values(), "minutes")


def rows_of(statements: Iterable[tuple[Statement, Person]]) -> Iterator[list[Any]]:
    """One row for each line, or one for a month without lines; numbers stay numbers."""
    for statement, _ in statements:
        head = [statement.serial, statement.month, statement.kind.value, statement.household_code]
        figures = [getattr(statement, name) for name in _FIGURES]
        for line in statement.lines or [{}]:
            yield [*head, *figures, *(str(line.get(name, "")) for name in _OF_LINE), line.get("minutes", 0)]


def csv_text(statements: Iterable[tuple[Statement, Person]]) -> str:
    """Comma-separated, UTF-8 with a mark for spreadsheets."""
    return sheets.csv_text(COLUMNS, rows_of(statements))


def xlsx_bytes(statements: Iterable[tuple[Statement, Person]]) -> bytes:
    """A workbook with one page."""
    return sheets.xlsx_bytes("statements", COLUMNS, rows_of(statements))
