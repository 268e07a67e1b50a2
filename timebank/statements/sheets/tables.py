"""Statements for a spreadsheet: the same figures and words as the sheet, one row a line, as CSV and as XLSX."""

from collections.abc import Iterable, Iterator
from typing import Any

from timebank.core import clock, sheets
from timebank.core.i18n import say
from timebank.core.text import T, Text
from timebank.ledger.models import AccountKind
from timebank.people.models import Person
from timebank.statements.models import Statement
from timebank.statements.sheets.statement import what_words

_FIGURES: dict[str, Text] = {
    "opening_minutes": T("Opening, minutes"),
    "in_minutes": T("In, minutes"),
    "out_minutes": T("Out, minutes"),
    "closing_minutes": T("Closing, minutes"),
    "held_minutes": T("Set aside, minutes"),
    "expiring_minutes": T("Expiring, minutes"),
}
COLUMNS = (
    *(T("Number"), T("Month"), T("Account"), T("Household of the member"), T("Revoked on")),
    *_FIGURES.values(),
    *(T("Date"), T("What"), T("Code"), T("Household"), T("Rule"), T("Minutes")),
)
_ACCOUNTS = {AccountKind.MEMBER: T("own hours"), AccountKind.GIFT: T("gift hours")}


def rows_of(statements: Iterable[tuple[Statement, Person]], locale: str) -> Iterator[list[Any]]:
    """One row for each line, or one for a month without lines; numbers stay numbers."""
    for statement, _ in statements:
        kind = say(_ACCOUNTS[statement.kind], locale)
        revoked_on = clock.local_date(statement.revoked_at).isoformat() if statement.revoked_at else ""
        head = [statement.serial, statement.month, kind, statement.household_code, revoked_on]
        figures = [getattr(statement, name) for name in _FIGURES]
        for line in statement.lines:
            what = [line["on"], what_words(line)[locale], line["reason"], line["household"], line["policy"]]
            yield [*head, *figures, *(str(one) for one in what), line["minutes"]]
        if not statement.lines:
            yield [*head, *figures, "", "", "", "", "", 0]


def csv_text(statements: Iterable[tuple[Statement, Person]], locale: str) -> str:
    """Comma-separated, UTF-8 with a mark for spreadsheets."""
    return sheets.csv_text(_headings(locale), rows_of(statements, locale))


def xlsx_bytes(statements: Iterable[tuple[Statement, Person]], locale: str) -> bytes:
    """A workbook with one page."""
    return sheets.xlsx_bytes(say(T("Statements"), locale), _headings(locale), rows_of(statements, locale))


def _headings(locale: str) -> list[str]:
    return [say(column, locale) for column in COLUMNS]
