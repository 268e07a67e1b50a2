"""C6: many redemptions of the same last hour at the same moment: exactly one gets it.

Size n: 4 rounds of 64 on each database, R: 2,000 (reliability.md: 200 / 2,000).
"""

from threading import Barrier
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from tests.campaigns.conftest import Scale
from tests.campaigns.ground import assert_sound, at_once, attempt, lowest_balance, pool_id, posting, told, village
from timebank.core import db
from timebank.core.actors import SYSTEM
from timebank.core.errors import Refused
from timebank.ledger import operations as ledger
from timebank.ledger import posting as writer
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


def test_control_a_unit_of_work_that_begins_at_its_first_write_spends_it_twice(database: sa.Engine) -> None:
    """Must fail: what a default session does, on SQLite as on PostgreSQL. The look at the balance locks nothing."""
    plain = sa.create_engine(database.url)
    with plain.begin() as connection:
        connection.execute(sa.text("CREATE TABLE purse (minutes integer)"))
        connection.execute(sa.text("INSERT INTO purse VALUES (60)"))
    both_have_looked = Barrier(2)

    def spend() -> bool:
        with Session(plain) as session, session.begin():
            has = session.connection().execute(sa.text("SELECT minutes FROM purse")).scalar_one()
            both_have_looked.wait(timeout=30)
            if has < 60:
                return False
            session.connection().execute(sa.text("UPDATE purse SET minutes = minutes - 60"))
        return True

    assert at_once([spend, spend]) == [True, True]
    with plain.connect() as connection:
        assert connection.execute(sa.text("SELECT minutes FROM purse")).scalar_one() == -60
    plain.dispose()


def test_control_the_ledger_on_a_default_session_spends_it_twice(
    database: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Must fail: the ledger itself on SQLite without BEGIN IMMEDIATE, and without the table's own check behind it."""
    if database.dialect.name != "sqlite":
        return
    (account,), pool = village(members=1, minutes=60), pool_id()
    plain = sa.create_engine(database.url)  # the driver begins at the first write
    sa.event.listen(plain, "connect", lambda driver, _: driver.execute("PRAGMA ignore_check_constraints=ON"))
    db.use(plain)
    honest, both_have_looked = writer.refusal_of, Barrier(2)

    def looks(*states: Any) -> Refused | None:
        found = honest(*states)
        both_have_looked.wait(timeout=30)
        return found

    monkeypatch.setattr(writer, "refusal_of", looks)

    def spend(number: int) -> str:
        asked = posting(f"spend:{account}:{number}", account, pool, 60, reason=Reason.REDEEM)
        return attempt(lambda session: ledger.post(session, actor=SYSTEM, posting=asked).id)

    answers = at_once([lambda number=number: spend(number) for number in range(2)])
    assert "ledger.floor_reached" not in answers
    assert lowest_balance() == -60
    plain.dispose()
