"""Texts that are decided in one place and read in another language.

`T("{minutes} minutes are missing", minutes=20)` names an English sentence and its values; the edge (page, API, PDF)
turns it into the reader's language. Rules and operations can speak without knowing who listens.

English has one and many: `{count:# visit waits|# visits wait}` is "1 visit waits" or "3 visits wait"; where the number
stands beside the words, the `#` is left out. Chinese writes `{count}`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


class _Counted(int):
    """A number that chooses its words: `one|many`, with a `#` where it stands itself."""

    def __format__(self, spec: str) -> str:
        if "|" not in spec:
            return super().__format__(spec)
        return spec.split("|")[self != 1].replace("#", str(int(self)))


def filled(sentence: str, values: Mapping[str, Any]) -> str:
    """A sentence with its values in their places."""
    counted = {key: _Counted(value) if isinstance(value, int) else value for key, value in values.items()}
    return sentence.format(**counted) if values else sentence


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
        return filled(gettext(self.msgid), values)

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
