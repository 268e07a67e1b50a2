"""Time-ordered, prefixed ids and the only source of randomness.

An id is `<prefix>_` and 26 lower-case Crockford base-32 signs: 48 bits of milliseconds, 80 random bits. Phones make
ids of the same form for what they write offline, so a thing has its name before the server has heard of it.
"""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from functools import lru_cache
from random import Random

from timebank.core import clock

_SIGNS = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = [first + second for first in _SIGNS for second in _SIGNS]  # ten bits at a time
_ID = re.compile(r"[a-z]{2,4}_[0-9a-hjkmnp-tv-z]{26}", re.ASCII)
_seeded: ContextVar[Random | None] = ContextVar("seeded", default=None)


def new_id(prefix: str) -> str:
    """A fresh id such as `vis_01kb…`; later calls sort later (to the millisecond)."""
    return f"{prefix}_{_time_signs(_millisecond(clock.now()))}{_signs(_bits(80), 80)}"


def first_id(prefix: str, instant: datetime) -> str:
    """The id that sorts before every id made at an instant or later: for reading what is new."""
    return f"{prefix}_{_time_signs(_millisecond(instant))}{_signs(0, 80)}"


def _millisecond(instant: datetime) -> int:
    return int(instant.timestamp() * 1000)


@lru_cache(maxsize=1)  # what is made in one millisecond begins alike
def _time_signs(millisecond: int) -> str:
    return _signs(millisecond, 50)


def _signs(number: int, bits: int) -> str:
    return "".join([_PAIRS[(number >> shift) & 1023] for shift in range(bits - 10, -1, -10)])


def is_id(value: str, prefix: str) -> bool:
    """Whether `value` has the form of an id with this prefix."""
    return value.startswith(prefix + "_") and _ID.fullmatch(value) is not None


def new_secret(size: int = 32) -> str:
    """A URL-safe secret of `size` random bytes, always from the secure generator."""
    return secrets.token_urlsafe(size)


def random_bytes(size: int) -> bytes:
    """Random bytes, always from the secure generator: for keys and nonces."""
    return secrets.token_bytes(size)


def _bits(size: int) -> int:
    generator = _seeded.get()
    return generator.getrandbits(size) if generator else secrets.randbits(size)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Make `new_id` repeatable inside the block: for the demo district and for campaigns. Secrets stay random."""
    token = _seeded.set(Random(seed))
    try:
        yield
    finally:
        _seeded.reset(token)
