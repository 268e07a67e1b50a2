"""What a secret must be and when a session is over. Pure."""

from datetime import datetime, timedelta

from timebank.core.errors import BadInput
from timebank.core.text import T

_COMMON = frozenset(
    [
        *("12345678", "123456789", "1234567890", "87654321", "11111111", "00000000", "88888888", "66666666"),
        *("password", "qwertyui", "iloveyou", "5201314520", "asdfghjk", "abcd1234", "1q2w3e4r", "woaini123"),
        *("wulong123", "a1234567", "123123123", "147258369"),
    ]
)
NAME_OF_PHONE_LOGIN = "log"  # how the made-up name of a login begins that a PIN opens and no password
_SHORTEST_TELLING_NAME = 4  # "li" stands in too many good sentences
_LEAST_DIFFERENT_SIGNS = 4


def check_password(secret: str, *, login_name: str, minimum: int = 8) -> str:
    """The password if it is long enough, not among the common ones and not the login name (ASVS 6.2)."""
    if not minimum <= len(secret) <= 128:
        raise BadInput("auth.password_length", T("A password has 8 to 128 signs."), field="secret")
    name, lowered = login_name.lower(), secret.lower()
    holds_name = name in lowered if len(name) >= _SHORTEST_TELLING_NAME else name == lowered
    if lowered in _COMMON or holds_name or len(set(lowered)) < _LEAST_DIFFERENT_SIGNS:
        raise BadInput("auth.password_common", T("This password is too easy to guess. Choose another."), field="secret")
    return secret


def is_over(
    *, created_at: datetime, last_seen_at: datetime, now: datetime, idle_minutes: int, absolute_minutes: int
) -> bool:
    """Whether a session has been idle, or has lasted, too long."""
    idle = now - last_seen_at > timedelta(minutes=idle_minutes)
    return idle or now - created_at > timedelta(minutes=absolute_minutes)
