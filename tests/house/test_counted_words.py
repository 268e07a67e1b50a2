"""English has one and many; every sentence that counts can be said of none, one and several."""

from string import Formatter

import pytest

from timebank.core.i18n import say
from timebank.core.text import T, Text, filled
from tools import catalogues

COUNTED = sorted(
    msgid for msgid in catalogues.said() if any("|" in (spec or "") for _, _, spec, _ in Formatter().parse(msgid))
)


def test_one_and_many() -> None:
    sentence = "{count:# visit waits|# visits wait}."
    assert [filled(sentence, {"count": n}) for n in (0, 1, 2)] == ["0 visits wait.", "1 visit waits.", "2 visits wait."]


def test_beside_a_number_only_the_words_are_chosen() -> None:
    assert say(T("{count:visit waits|visits wait} for a review", count=1), "en") == "visit waits for a review"
    assert say(T("{count:visit waits|visits wait} for a review", count=1), "zh") == "次上门等审核"


@pytest.mark.parametrize("msgid", COUNTED)
def test_every_counted_sentence_can_be_said_in_both_languages(msgid: str) -> None:
    names = {name for _, name, _, _ in Formatter().parse(msgid) if name}
    for number in (0, 1, 2):
        for locale in ("zh", "en"):
            said = say(Text(msgid, dict.fromkeys(names, number)), locale)
            assert "|" not in said and "{" not in said
