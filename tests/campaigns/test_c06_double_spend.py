"""C6: many redemptions of the same last hour at the same moment: exactly one gets it.

Size n: 4 rounds of 64 on each database, R: 2,000 (reliability.md: 200 / 2,000).
"""

from threading import Barrier

import sqlalchemy as sa
from sqlmodel import Session

from tests.campaigns.conftest import Scale
from tests.campaigns.ground import assert_sound, at_once, attempt, pool_id, posting, told, village
from timebank.core import db
from timebank.core.actors import SYSTEM
from timebank.ledger import operations as ledger
from timebank.ledger.models import Reason

SPENDERS = 64


def test_the_last_hour_is_spent_once(database: sa.Engine, scale: Scale) -> None:
    rounds, pool = scale(4, 2_000), ""
    accounts = village(members=rounds, minutes=60)
    pool = pool_id()
    for account in accounts:

        def spend(number: int, account: str = account) -> str:
            asked = posting(f"spend:{account}:{number}", account, pool, 60, reason=Reason.REDEEM)
            return attempt(lambda session: ledger.post(session, actor=SYSTEM, posting=asked).id)

        answers = at_once([lambda number=number: spend(number) for number in range(SPENDERS)])
        assert sorted(answers)[:-1] == ["ledger.floor_reached"] * (SPENDERS - 1)
    told("C6", rounds=rounds, spenders=SPENDERS)
    assert_sound()


def test_control_a_session_that_reads_checks_and_then_writes_spends_it_twice(database: sa.Engine) -> None:
    """What a default session does: nothing is locked between the look at the balance and the write."""
    with db.engine().execution_options(writes=True).begin() as connection:
        connection.execute(sa.text("CREATE TABLE purse (minutes integer)"))
        connection.execute(sa.text("INSERT INTO purse VALUES (60)"))
    looked = Barrier(2)

    def spend() -> bool:
        with Session(db.engine()) as session:
            has = session.connection().execute(sa.text("SELECT minutes FROM purse")).scalar_one()
        looked.wait()
        if has < 60:
            return False
        with db.engine().execution_options(writes=True).begin() as connection:
            connection.execute(sa.text("UPDATE purse SET minutes = minutes - 60"))
        return True

    assert at_once([spend, spend]) == [True, True]
