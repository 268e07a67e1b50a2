"""C4: random sequences of what the ledger does every day and once in a life, against a model of plain dictionaries.

Size n: 8 scripts of 25 steps on each database, R: 5,000 of 100 (reliability.md: 200 of 50 / 5,000 of 100), a number: so
many of 50. Every script begins in a copy of the same village, and one that differs is cut down to its smallest part,
which is printed. After each step every account (minutes, held, limits, closed or not) and every new line (sides,
minutes, reason, book month, rules) must be the model's; after each script the books must be sound. Told as stories
instead: hours that expire, gifts promised beyond their month, sessions of a group before somebody accepted them.

Steps are drawn evenly from `chance`, not by Hypothesis's rule machine: it made two of five a seal or a month's end and
took minutes to cut a script down.

The controls are models that forget one rule each: the campaign must see the difference.
"""

from random import Random

import pytest
import sqlalchemy as sa

from tests.campaigns.conftest import Scale
from tests.campaigns.ground import told
from tests.campaigns.script_of_the_ledger import any_story, cut_down, tell
from tests.campaigns.village_of_the_ledger import Village


@pytest.fixture
def village(database: sa.Engine) -> Village:
    return Village(database)


def test_the_ledger_is_what_a_plain_model_says(village: Village, scale: Scale, chance: Random) -> None:
    scripts = scale(8, 5_000)
    steps = {8: 25, 5_000: 100}.get(scripts, 50)
    for _ in range(scripts):
        story = any_story(chance, steps)
        try:
            tell(village, story)
        except Exception:
            for name, given in cut_down(village, story):
                told("C4 differs:", step=name, **given)
            raise
    told("C4", scripts=scripts, steps=steps, differences=0)


@pytest.mark.parametrize("forgets", ["overflow", "decisions", "gifts that end"])
def test_control_a_model_that_forgets_a_rule_is_contradicted(village: Village, forgets: str, chance: Random) -> None:
    with pytest.raises(AssertionError):
        for _ in range(40):
            tell(village, any_story(chance, 25), forgets)
