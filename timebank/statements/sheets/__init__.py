"""Statements as paper: A4, both languages, tagged PDF/A-2a and PDF/UA-1 made by typst, and the same figures as CSV."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from datetime import datetime, time
from pathlib import Path
from typing import Any

import segno
import typst

from timebank.core import clock, formats
from timebank.core.i18n import gettext, say
from timebank.core.minutes import spoken
from timebank.ledger.models import Reason
from timebank.ledger.rules import REASON_WORDS
from timebank.people.models import Person
from timebank.people.rules import masked_name
from timebank.policies.queries import Policy
from timebank.statements.models import Statement
from timebank.visits.words import SERVICE_WORDS

_HERE = Path(__file__).parent
_FONTS = Path(__file__).resolve().parents[3] / "build" / "fonts"
_LOCALES = ("zh", "en")


def _both(msgid: str, **values: Any) -> str:
    """A sentence in Chinese and in English, for paper that both read."""
    return " · ".join(gettext(msgid, locale, **values) for locale in _LOCALES)


def pdf(
    statements: Sequence[tuple[Statement, Person]], *, policy: Policy, scheme: str, district: str, base_url: str
) -> bytes:
    """One print file with a sheet for each statement, in the order given. Same statements, same bytes."""
    data = {
        "title": f"{scheme} {statements[0][0].month}",
        "issuer": f"{district} {scheme}",
        "lang": "zh",
        "footer": _both("Hours of help are given and drawn, never bought or sold."),
        "columns": [_both("Date"), _both("What"), _both("Household"), _both("Rules"), _both("Minutes")],
        "rules_heading": _both("The rules in force"),
        "rules": _rules(policy),
        "sheets": [_sheet(statement, person, scheme, district, base_url) for statement, person in statements],
    }
    issued_at = datetime.combine(statements[0][0].issued_on, time.min, tzinfo=clock.ZONE)
    made: bytes = typst.compile(
        str(_HERE / "statement.typ"),
        root=str(_HERE),
        font_paths=[str(_FONTS)],
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(data, ensure_ascii=False, default=str)},
        pdf_standards=["a-2a", "ua-1"],
        timestamp=int(issued_at.timestamp()),
    )
    return made


def _sheet(statement: Statement, person: Person, scheme: str, district: str, base_url: str) -> dict[str, Any]:
    code = io.BytesIO()
    segno.make(f"{base_url}/check/{statement.proof_code}", error="m").save(code, kind="svg", scale=4, border=1)
    return {
        "heading": f"{district} {scheme}",
        "subheading": _both("Statement of {month}", month=statement.month),
        "who": [
            f"{masked_name(person.name)}　{_both('Household')} {person.household_code}",
            f"{_both('Serial')} {statement.serial}　{_both('Issued on')} {statement.issued_on.isoformat()}",
        ],
        "qr": code.getvalue().decode(),
        "qr_alt": _both("Scan to check this sheet"),
        "figures": [
            {"label": _both("Opening"), "value": str(statement.opening_minutes)},
            {"label": _both("In"), "value": str(statement.in_minutes)},
            {"label": _both("Out"), "value": str(statement.out_minutes)},
            {"label": _both("Closing (minutes)"), "value": str(statement.closing_minutes)},
        ],
        "lines": [_line(line) for line in statement.lines],
        "no_lines": _both("No entries in this month."),
        "closing": _both(
            "Closing: {zh}; held for help asked for: {held} min. Questions: your village assistant, then the township.",
            zh=say(spoken(statement.closing_minutes), "zh"),
            held=statement.held_minutes,
        ),
    }


def _line(line: dict[str, Any]) -> dict[str, str]:
    minutes = int(line["minutes"])
    return {
        "on": str(line["on"]),
        "what": what_words(line),
        "household": str(line["household"]),
        "policy": str(line["policy"])[-12:],
        "minutes": f"+{minutes}" if minutes > 0 else f"\N{MINUS SIGN}{-minutes}",
    }


def what_words(line: dict[str, Any]) -> str:
    """What a line is about, in both languages."""
    words = [" / ".join(say(REASON_WORDS[Reason(line["reason"])], locale) for locale in _LOCALES)]
    if line["service"]:
        words.append(" / ".join(say(SERVICE_WORDS[line["service"]], locale) for locale in _LOCALES))
    if line["late"]:
        words.append(_both("entered late"))
    return "　".join(words)


def _rules(policy: Policy) -> list[str]:
    return [
        _both("Every visit is rounded down to {step} minutes.", step=policy.number("earn.rounding_minutes")),
        _both("At most {most} minutes a day count.", most=policy.number("earn.max_minutes_per_day")),
        _both("At most {cap} minutes can be kept.", cap=policy.number("balance.cap_minutes")),
        _both("Hours can be drawn from the age of {age}.", age=policy.number("redeem.min_age")),
    ]


def csv_text(statements: Iterable[tuple[Statement, Person]]) -> str:
    """The same figures for a spreadsheet: one row a line, with the month's figures; UTF-8 with BOM.

    Texts that a spreadsheet would take for a formula get an apostrophe (ASVS 1.2.10); numbers stay numbers.
    """
    out = io.StringIO()
    out.write("\ufeff")
    writer = csv.writer(out)
    figures = ("opening_minutes", "in_minutes", "out_minutes", "closing_minutes")
    of_line = ("date", "reason", "service", "elder_household", "policy_version", "minutes")
    writer.writerow(["serial", "month", "household", *figures, *of_line])
    for statement, person in statements:
        head = [
            statement.serial,
            statement.month,
            _plain(person.household_code),
            statement.opening_minutes,
            statement.in_minutes,
            statement.out_minutes,
            statement.closing_minutes,
        ]
        for line in statement.lines or [{}]:
            texts = [_plain(str(line.get(key, ""))) for key in ("on", "reason", "service", "household", "policy")]
            writer.writerow([*head, *texts, line.get("minutes", 0)])
    return out.getvalue()


def _plain(value: str) -> str:
    return "'" + value if value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def spoken_statement(statement: Statement, locale: str) -> str:
    """The statement in three sentences, for the phone to read aloud."""
    return gettext(
        "In {month} you began with {opening}. {came} came in, {went} went out. You have {closing}.",
        locale,
        month=formats.month_name(statement.month, locale),
        opening=formats.hours(statement.opening_minutes, locale),
        came=formats.hours(statement.in_minutes, locale),
        went=formats.hours(statement.out_minutes, locale),
        closing=formats.hours(statement.closing_minutes, locale),
    )
