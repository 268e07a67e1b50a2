"""What a statement says and proves. Pure."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from timebank.core.errors import Refused
from timebank.core.text import T


def statement_digest(
    *,
    serial: str,
    account_id: str,
    month: str,
    opening: int,
    came_in: int,
    went_out: int,
    lines: Sequence[Mapping[str, Any]],
) -> str:
    """SHA-256 of what the sheet says, in canonical JSON (sorted keys, no blanks, version first)."""
    content = ["s1", serial, account_id, month, opening, came_in, went_out, list(lines)]
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def check_sum(opening: int, lines: Sequence[Mapping[str, Any]], closing: int) -> None:
    """Refuse a statement whose lines do not lead from opening to closing."""
    if opening + sum(int(line["minutes"]) for line in lines) != closing:
        raise Refused("statements.does_not_add_up", T("The lines of a statement do not add up. The month stays open."))


def bundle_digest(digests: Sequence[str]) -> str:
    """One digest over all statements of a month, in order of their serials."""
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()
