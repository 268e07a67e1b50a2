"""What an event of the log proves. Pure; the canonical form is versioned and has test vectors."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

DIGEST_VERSION = "a1"


def event_digest(
    *,
    event_id: str,
    at: datetime,
    user_id: str,
    role: str,
    action: str,
    subject_id: str,
    area_code: str,
    detail: Mapping[str, Any],
) -> str:
    """SHA-256 of an event's canonical form: the version, every column in fixed order, one a line, detail as JSON."""
    instant = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    told = json.dumps(detail, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    parts = (DIGEST_VERSION, event_id, instant, user_id, role, action, subject_id, area_code, told)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
