"""Published test vectors: what a digest or a seal is made of never changes under its version's name."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from timebank.audit.rules import event_digest
from timebank.core.db import table_of
from timebank.ledger.models import AccountKind, Seal, Transfer
from timebank.ledger.rules import CANONICAL, COLUMNS, row_digest, seal_chain
from timebank.statements import certificates
from timebank.statements.models import Certificate, Statement
from timebank.statements.rules import DIGEST_VERSION, fits_digest, statement_digest

VECTORS = json.loads((Path(__file__).parent / "vectors.json").read_text())


def instants(facts: dict[str, object]) -> dict[str, object]:
    """Facts with what ends in `_at` (or is `at`) read as an instant."""
    return {
        name: datetime.fromisoformat(str(value)).astimezone(UTC) if name == "at" or name.endswith("_at") else value
        for name, value in facts.items()
    }


@pytest.mark.parametrize("vector", VECTORS["transfers"], ids=lambda vector: str(vector["row"]["id"]))
def test_the_digest_of_a_transfer(vector: dict[str, dict[str, object]]) -> None:
    assert row_digest(instants(vector["row"])) == vector["digest"]


def test_a_row_is_written_in_the_order_of_its_table() -> None:
    assert tuple(column.name for column in table_of(Transfer).columns) == COLUMNS


@pytest.mark.parametrize("name", CANONICAL)
def test_every_column_of_a_transfer_is_in_its_digest(name: str) -> None:
    row = instants(VECTORS["transfers"][0]["row"])
    before = row_digest(row)
    value = row[name]
    row[name] = value.replace(year=2030) if isinstance(value, datetime) else f"{value}1"
    assert row_digest(row) != before


@pytest.mark.parametrize("vector", VECTORS["events"], ids=lambda vector: str(vector["row"]["id"]))
def test_the_digest_of_an_audit_event(vector: dict[str, dict[str, object]]) -> None:
    facts = instants(vector["row"])
    assert event_digest(event_id=facts.pop("id"), **facts) == vector["digest"]  # type: ignore[arg-type]


@pytest.mark.parametrize("vector", VECTORS["seals"], ids=lambda vector: str(vector["row"]["id"]))
def test_the_chain_of_a_seal(vector: dict[str, dict[str, object]]) -> None:
    assert seal_chain(Seal(**instants(vector["row"]), chain="", signature="")) == vector["chain"]  # type: ignore[arg-type]


def sheet(**changed: object) -> Statement:
    """The published statement, as the table holds one, with what was changed."""
    row = dict(VECTORS["statements"][0]["row"])
    days = {name: date.fromisoformat(row[name]) for name in ("issued_on", "expires_on")}
    return Statement(**(row | days | {"id": "stm_1", "digest": "", "kind": AccountKind(row["kind"])} | changed))


@pytest.mark.parametrize(("version", "digest"), VECTORS["statements"][0]["digests"].items())
def test_the_digest_of_a_statement(version: str, digest: str) -> None:
    assert statement_digest(sheet(), version) == digest
    assert fits_digest(sheet(digest=digest))


@pytest.mark.parametrize("name", VECTORS["statements"][0]["row"])
def test_everything_that_a_statement_says_is_in_its_digest(name: str) -> None:
    before = getattr(sheet(), name)
    other: object = date(2030, 1, 1) if isinstance(before, date) else [] if name == "lines" else f"{before}1"
    if isinstance(before, int):
        other = before + 1
    assert statement_digest(sheet(**{name: other})) != VECTORS["statements"][0]["digests"][DIGEST_VERSION]


def certificate(**changed: object) -> Certificate:
    """The published certificate, as the table holds one, with what was changed."""
    row = dict(VECTORS["certificates"][0]["row"])
    days = {name: date.fromisoformat(value) for name, value in row.items() if name.endswith("_on")}
    return Certificate(**(row | days | changed))


@pytest.mark.parametrize(("version", "digest"), VECTORS["certificates"][0]["digests"].items())
def test_the_digest_of_a_certificate(version: str, digest: str) -> None:
    assert certificates.digest_of(certificate(), version) == digest
    assert certificates.fits_digest(certificate(digest=digest))


@pytest.mark.parametrize("name", VECTORS["certificates"][0]["row"])
def test_everything_that_a_certificate_says_is_in_its_digest(name: str) -> None:
    before = getattr(certificate(), name)
    other: object = date(2030, 1, 1) if isinstance(before, date) else {} if name == "services" else f"{before}1"
    if isinstance(before, int):
        other = before + 1
    newest = VECTORS["certificates"][0]["digests"][certificates.DIGEST_VERSION]
    assert certificates.digest_of(certificate(**{name: other})) != newest
