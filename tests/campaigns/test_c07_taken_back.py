"""C7: eight people take back the same entry at the same moment: one does.

Size n: 8 entries on each database, R: 5,000 (reliability.md: 500 / 5,000).
"""

import sqlalchemy as sa

from tests.campaigns.conftest import Scale
from tests.campaigns.ground import assert_sound, at_once, attempt, pool_id, posting, rows, told, village
from timebank.core.actors import SYSTEM
from timebank.core.db import transaction
from timebank.ledger import operations as ledger
from timebank.ledger.models import Reason

PEOPLE = 8


def entries(count: int) -> tuple[list[str], list[str]]:
    """Some entries of an hour each; their ids and the accounts that got it."""
    accounts, pool, made = village(members=count, minutes=0), pool_id(), []
    for account in accounts:
        with transaction() as session:
            made.append(ledger.post(session, actor=SYSTEM, posting=posting(f"hour:{account}", pool, account, 60)).id)
    return made, accounts


def test_every_entry_is_taken_back_once(database: sa.Engine, scale: Scale) -> None:
    made, _ = entries(scale(8, 5_000))
    before = rows()
    for transfer_id in made:

        def take_back(transfer_id: str = transfer_id) -> str:
            return attempt(
                lambda session: ledger.reverse(session, actor=SYSTEM, transfer_id=transfer_id, why="wrong person").id
            )

        answers = at_once([take_back] * PEOPLE)
        assert sorted(answers)[:-1] == ["ledger.reversed_already"] * (PEOPLE - 1)
    told("C7", entries=len(made), people=PEOPLE)
    assert rows() - before == len(made)
    assert_sound()


def test_control_opposites_that_do_not_say_what_they_answer_are_caught(database: sa.Engine) -> None:
    made, accounts = entries(1)
    pool, before = pool_id(), rows()

    def opposite(number: int) -> str:
        asked = posting(f"opposite:{number}", accounts[0], pool, 5, reason=Reason.ADJUSTMENT)
        return attempt(lambda session: ledger.post(session, actor=SYSTEM, posting=asked).id)

    at_once([lambda number=number: opposite(number) for number in range(PEOPLE)])
    assert rows() - before != len(made)
