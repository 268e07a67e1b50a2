"""What one parameter of the scheme is. Pure."""

from dataclasses import dataclass
from typing import Any

from timebank.core.text import T, Text

OURS = T("ours")
ASK = T("ours; ask the county")


@dataclass(frozen=True)
class PolicyKey:
    """One parameter: its default, its bounds (for numbers) or choices, and where the default comes from.

    With `many` the value names any number of the choices, in their order, separated by blanks.
    """

    default: Any
    words: Text
    source: Text
    assumed: bool = True
    least: int | None = None
    most: int | None = None
    choices: tuple[str, ...] = ()
    many: bool = False


def minutes(default: int, words: Text, source: Text, *, most: int, assumed: bool = True, least: int = 0) -> PolicyKey:
    """A key that counts minutes."""
    return PolicyKey(default, words, source, assumed, least, most)
