"""Texts that are decided in one place and read in another language.

`T("{minutes} minutes are missing", minutes=20)` names an English sentence and its values; the edge (page, API, PDF)
turns it into the reader's language. Rules and operations can speak without knowing who listens.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Text:
    """An English sentence with named places, and the values for them. Values may be texts themselves."""

    msgid: str
    values: dict[str, Any] = field(default_factory=dict)

    def render(self, gettext: Callable[[str], str]) -> str:
        """The sentence in the language of `gettext`, values filled in."""
        values = {
            key: value.render(gettext) if isinstance(value, Text) else value for key, value in self.values.items()
        }
        sentence = gettext(self.msgid)
        return sentence.format(**values) if values else sentence

    def __str__(self) -> str:
        return self.render(str)


def T(msgid: str, **values: Any) -> Text:
    """Name a sentence for later translation; the extraction of catalogues looks for this call."""
    return Text(msgid, values)


def listed(texts: Sequence[Text]) -> Text:
    """Several texts as a list in the reader's language; at least one."""
    if len(texts) == 1:
        return texts[0]
    return T("{first}, {rest}", first=texts[0], rest=listed(texts[1:]))
