"""Published test vectors: what a digest or a seal is made of never changes under its version's name."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from timebank.audit.rules import event_digest
from timebank.ledger.models import Seal
from timebank.ledger.rules import CANONICAL, row_digest, seal_chain

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
