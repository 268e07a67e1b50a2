"""C5: eight writers and two readers who each see one state of the database: every state totals zero.

Size n: 40 transfers a writer on each database, R: 4,000 (reliability.md: one minute / ten minutes).
"""

from random import Random
from threading import Event, Thread

import sqlalchemy as sa
from sqlmodel import Session

from tests.campaigns.conftest import Scale
from tests.campaigns.ground import assert_sound, at_once, attempt, pool_id, posting, told, village
from timebank.core import db
from timebank.core.actors import SYSTEM
from timebank.core.db import transaction
from timebank.ledger import operations as ledger

STATE = """
    SELECT (SELECT coalesce(sum(balance_minutes), 0) FROM houraccount WHERE kind IN ('member', 'gift'))
         + (SELECT coalesce(sum(t.minutes), 0) FROM transfer t JOIN houraccount a ON a.id = t.credit_account_id
            WHERE a.kind IN ('pool', 'commons'))
         - (SELECT coalesce(sum(t.minutes), 0) FROM transfer t JOIN houraccount a ON a.id = t.debit_account_id
            WHERE a.kind IN ('pool', 'commons')),
           (SELECT min(balance_minutes - held_minutes) FROM houraccount WHERE kind = 'member')
"""


def state() -> tuple[int, int]:
    """Total of all minutes and the least that a member has, in one state of the database."""
    level = {} if db.engine().dialect.name == "sqlite" else {"isolation_level": "REPEATABLE READ"}
    with Session(db.engine().execution_options(**level)) as session:
        total, least = session.connection().execute(sa.text(STATE)).one()
        return int(total), int(least)


def test_every_state_totals_zero_and_nobody_is_below_the_floor(
    database: sa.Engine, chance: Random, scale: Scale
) -> None:
    accounts, pool = village(members=6, minutes=120), pool_id()
    count, done = scale(40, 4_000), Event()
    seen: list[tuple[int, int]] = []

    def read() -> None:
        while not done.is_set():
            seen.append(state())

    def writer(seed: int) -> int:
        own = Random(seed)
        for number in range(count):
            debit, credit = own.sample([*accounts, pool], 2)
            asked = posting(f"bank:{seed}:{number}", debit, credit, own.randint(1, 90))
            attempt(lambda session, asked=asked: ledger.post(session, actor=SYSTEM, posting=asked))
        return count

    readers = [Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    seeds = [chance.randrange(10**9) for _ in range(8)]
    try:
        at_once([lambda seed=seed: writer(seed) for seed in seeds])
    finally:
        done.set()
        for reader in readers:
            reader.join()
    seen.append(state())
    told("C5", writes=8 * count, states_read=len(seen))
    assert {total for total, _ in seen} == {0}
    assert min(least for _, least in seen) >= 0
    assert_sound()


def test_control_a_balance_that_is_written_apart_from_its_transfer_is_caught(database: sa.Engine) -> None:
    accounts = village(members=2, minutes=120)
    with transaction() as session:
        session.connection().execute(
            sa.text("UPDATE houraccount SET balance_minutes = balance_minutes + 60 WHERE id = :id"), {"id": accounts[0]}
        )
    assert state()[0] != 0
