"""What the reference pages say is what the code does."""

import re
from collections import defaultdict

import pytest

from tests.fixtures.source import ROOT
from timebank.config import Settings
from timebank.policies.rules import KEYS
from tools import reference

AGAIN = "Run `.venv/bin/python tools/reference.py` and read the difference before you commit it."
RUNBOOK = ROOT / "docs" / "runbook.md"


def test_every_refusal_is_documented() -> None:
    written = reference.REFUSALS.read_text(encoding="utf-8")
    assert written == reference.refusals_page(reference.refusals()), (
        f"docs/refusals.md is not what the code says. {AGAIN}"
    )


def test_refusal_codes_name_their_feature_and_fact() -> None:
    for refusal in reference.refusals():
        assert re.fullmatch(r"[a-z]+\.[a-z0-9_]+", refusal.code), f"{refusal.code}: write feature.fact"


def test_one_code_has_one_status() -> None:
    statuses: dict[str, set[int]] = defaultdict(set)
    for refusal in reference.refusals():
        statuses[refusal.code].add(refusal.status)
    named_in_an_address = 404  # what is not there may also be named in a field or in a queue
    odd = {code: found for code, found in statuses.items() if len(found - {200, named_in_an_address}) > 1}
    assert not odd, f"the same code with several statuses: {odd}"


def test_every_address_is_listed() -> None:
    written = reference.ROUTES.read_text(encoding="utf-8")
    assert written == reference.routes_page(), f"docs/routes.md is not what the code says. {AGAIN}"


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_has_a_line_in_the_runbook(name: str) -> None:
    variable = f"TIMEBANK_{name.upper()}"
    assert f"`{variable}`" in RUNBOOK.read_text(encoding="utf-8"), f"docs/runbook.md does not explain {variable}"


@pytest.mark.parametrize("name", KEYS)
def test_every_policy_says_where_its_default_comes_from(name: str) -> None:
    key = KEYS[name]
    assert str(key.source).strip(), f"{name} needs a source"
    assert not (str(key.source).startswith("ours") and not key.assumed), f"{name} is ours, so it is assumed: say so"
