"""Statements as paper: one A4 sheet for most people, Chinese first, every figure from the statement's row."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from timebank.core import formats
from timebank.core.i18n import gettext, say
from timebank.core.minutes import spoken
from timebank.core.text import T, Text, listed
from timebank.ledger.models import AccountKind, Reason
from timebank.ledger.rules import REASON_WORDS
from timebank.people.models import Person
from timebank.people.rules import masked_name
from timebank.policies.queries import DEFAULTS_VERSION, Policy
from timebank.statements.models import Statement
from timebank.statements.sheets.press import Both, both, printed, qr_svg
from timebank.visits.words import SERVICE_WORDS

_WEEKDAYS = "一二三四五六日"


@dataclass(frozen=True)
class Letterhead:
    """What stands on every sheet of a print file: who issues it, the rules then in force, the root of the month."""

    scheme: str
    district: str
    base_url: str
    policy: Policy
    root: str


def pdf(statements: Sequence[tuple[Statement, Person]], *, head: Letterhead) -> bytes:
    """One print file with a sheet for each statement of one month, in the order given. Same statements, same bytes."""
    first = statements[0][0]
    return printed("statement.typ", _data(statements, head), issued_on=first.issued_on)


def _data(statements: Sequence[tuple[Statement, Person]], head: Letterhead) -> dict[str, Any]:
    return {
        "title": f"{head.scheme} {statements[0][0].month}",
        "issuer": f"{head.district} {head.scheme}",
        "heading": f"{head.district}　{head.scheme}",
        "motto": both(T("Hours of help are given and drawn, never bought or sold.")),
        "qr_alt": gettext("QR code: check this sheet", "zh"),
        "qr_words": both(T("Scan to check this sheet")),
        "lines_heading": both(T("The lines")),
        "no_lines": both(T("No entries in this month.")),
        "columns": [both(T("Date")), both(T("What")), both(T("Household")), both(T("Hours:minutes"))],
        "rules_heading": both(T("The rules in force")),
        "rules": rules_in_short(head.policy),
        "ask": both(T("Questions? Ask your village assistant first, then the township office.")),
        "root": both(T("Root of this month:")),
        "root_digest": head.root,
        "sheets": [_sheet(statement, person, head) for statement, person in statements],
    }


def _sheet(statement: Statement, person: Person, head: Letterhead) -> dict[str, Any]:
    month = {locale: formats.month_name(statement.month, locale) for locale in ("zh", "en")}
    gift = statement.kind == AccountKind.GIFT
    versions = sorted({str(line["policy"]) for line in statement.lines})
    return {
        "month": {
            locale: gettext("Gift hours, {month}", locale, month=name)
            if gift
            else gettext("Statement of {month}", locale, month=name)
            for locale, name in month.items()
        },
        "revoked": _revoked(statement),
        "name": masked_name(person.name),
        "household": both(T("Household")),
        "household_code": statement.household_code,
        "qr": qr_svg(f"{head.base_url}/check/{statement.proof_code}"),
        "figures": [
            _figure(T("Opening"), statement.opening_minutes),
            _figure(T("In"), statement.in_minutes),
            _figure(T("Out"), statement.out_minutes),
            _figure(T("Closing"), statement.closing_minutes, strong=True),
        ],
        "notes": _notes(statement),
        "lines": [_line(line, versions) for line in statement.lines],
        "versions": _versions(versions),
        "serial": both(T("Number {serial}", serial=statement.serial)),
        "issued": {
            locale: gettext("Issued on {day}", locale, day=formats.local_date(statement.issued_on, locale))
            for locale in ("zh", "en")
        },
    }


def _figure(label: Text, minutes: int, *, strong: bool = False) -> dict[str, Any]:
    return {"label": both(label), "value": both(spoken(minutes)), "strong": strong}


def _revoked(statement: Statement) -> Both | None:
    """The sentence on top of a sheet that no longer counts."""
    if statement.revoked_at is None:
        return None
    day = {locale: formats.local_date(statement.revoked_at, locale) for locale in ("zh", "en")}
    return {loc: gettext("This sheet was revoked on {day}. It no longer counts.", loc, day=day[loc]) for loc in day}


def _notes(statement: Statement) -> list[Both]:
    """What is held and what expires, where there is any."""
    notes = []
    if statement.held_minutes:
        notes.append(both(T("Set aside for help asked for: {held}.", held=spoken(statement.held_minutes))))
    if statement.expiring_minutes and statement.expires_on:
        notes.append(
            {
                locale: gettext(
                    "Goes away unless used: {minutes}, until {day}.",
                    locale,
                    minutes=say(spoken(statement.expiring_minutes), locale),
                    day=formats.local_date(statement.expires_on, locale),
                )
                for locale in ("zh", "en")
            }
        )
    return notes


def _line(line: dict[str, Any], versions: list[str]) -> dict[str, Any]:
    on = date.fromisoformat(line["on"])
    shown = on.isoformat() if line["late"] else f"{on.month:02d}-{on.day:02d}"
    minutes = int(line["minutes"])
    hours, rest = divmod(abs(minutes), 60)
    return {
        "on": f"{shown} 周{_WEEKDAYS[on.weekday()]}",
        "what": what_words(line),
        "household": str(line["household"]),
        "version": _mark(versions, str(line["policy"])),
        "minutes": f"{'+' if minutes > 0 else chr(0x2212)}{hours}:{rest:02d}",
    }


def what_words(line: dict[str, Any]) -> Both:
    """What a line is about, in both languages."""
    words = [REASON_WORDS[Reason(line["reason"])]]
    if line["service"]:
        words.append(SERVICE_WORDS[line["service"]])
    if line["late"]:
        words.append(T("entered late"))
    return {"zh": " · ".join(say(word, "zh") for word in words), "en": " · ".join(say(word, "en") for word in words)}


def _mark(versions: list[str], version: str) -> str:
    """The number of a version in the list under the lines, so that every line names the rules that decided it."""
    return f"[{versions.index(version) + 1}]"


def _versions(versions: list[str]) -> Both:
    """Which versions of the rules decided the lines."""
    if not versions:
        return {"zh": "", "en": ""}
    named = [_named(_mark(versions, version), version) for version in versions]
    return both(T("Decided by: {versions}.", versions=listed(named)))


def _named(mark: str, version: str) -> Text:
    """A version by its mark and name; what the program began with has no number of the county."""
    if version == DEFAULTS_VERSION:
        return T("{mark} the rules in force from the start", mark=mark)
    return T("{mark} version {version}", mark=mark, version=version)


def rules_in_short(policy: Policy) -> list[Both]:
    """The rules in force in four sentences."""
    return [
        both(
            T(
                "A visit counts from arrival to departure, rounded down to {step} minutes; travel does not count.",
                step=policy.number("earn.rounding_minutes"),
            )
        ),
        both(
            T(
                "At most {day} a day and {week} a week count.",
                day=spoken(policy.number("earn.max_minutes_per_day")),
                week=spoken(policy.number("earn.max_minutes_per_week")),
            )
        ),
        both(
            T(
                "Up to {cap} can be kept; more helps elders in hardship.",
                cap=spoken(policy.number("balance.cap_minutes")),
            )
        ),
        both(
            T(
                "From the age of {age} hours can be drawn; spouse, parents and children may receive them.",
                age=policy.number("redeem.min_age"),
            )
        ),
    ]


def spoken_statement(statement: Statement, locale: str) -> str:
    """The statement in three sentences, and what is set aside or goes away, for the phone to read aloud.

    A sheet that was revoked says so first.
    """
    figures = {
        "opening": formats.hours(statement.opening_minutes, locale),
        "came": formats.hours(statement.in_minutes, locale),
        "went": formats.hours(statement.out_minutes, locale),
        "closing": formats.hours(statement.closing_minutes, locale),
    }
    month = formats.month_name(statement.month, locale)
    if statement.kind == AccountKind.GIFT:
        told = gettext(
            "Gift hours of {month}: you began with {opening}. {came} came in, {went} went out. "
            "At its end there were {closing}.",
            locale,
            month=month,
            **figures,
        )
    else:
        told = gettext(
            "In {month} you began with {opening}. {came} came in, {went} went out. At its end you had {closing}.",
            locale,
            month=month,
            **figures,
        )
    revoked = _revoked(statement)
    sentences = (*([revoked[locale]] if revoked else []), told, *(note[locale] for note in _notes(statement)))
    return (" " if locale == "en" else "").join(sentences)
