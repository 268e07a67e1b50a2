"""Who waits for another's row lets the rest of the program go on: the one who holds it may be a thread beside it.

What the server has forgotten is said to it again.
"""

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from tests.campaigns.ground import attempt, pool_id, posting, village
from timebank.core.actors import SYSTEM
from timebank.core.db import transaction
from timebank.ledger import operations as ledger
from timebank.ledger.bulk import call
from timebank.ledger.models import HourAccount, Transfer

pytestmark = pytest.mark.waits  # until the database says that one session waits for another

TAKE = "SELECT id FROM houraccount WHERE id = {} FOR UPDATE"
WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"
PATIENCE = "SET lock_timeout = '5s'"  # where nobody could go on, the database ends it


def wait_until_it_waits(database: sa.Engine, asked: Future[Any]) -> None:
    with database.connect().execution_options(isolation_level="AUTOCOMMIT") as watcher:
        while not asked.done() and not watcher.execute(sa.text(WAITING)).scalar_one():
            pass


def test_a_call_that_waits_for_a_row_stops_no_other_thread(database: sa.Engine) -> None:
    if database.dialect.name == "sqlite":
        return  # has no locks on rows, and `call` is for PostgreSQL alone
    (account,) = village(members=1, minutes=60)

    def ask() -> str:
        with database.connect() as connection:
            connection.exec_driver_sql(PATIENCE)
            connection.commit()
            with Session(connection) as session:
                return call(session, b"take", TAKE.format("$1").encode(), [account])

    with database.connect() as holder, ThreadPoolExecutor(1) as threads:
        holder.execute(sa.text(TAKE.format(":id")), {"id": account})
        asked = threads.submit(ask)
        wait_until_it_waits(database, asked)
        holder.rollback()
        assert asked.result() == account


def test_a_prepared_call_that_the_server_forgot_is_prepared_again(database: sa.Engine) -> None:
    if database.dialect.name == "sqlite":
        return
    with database.connect() as connection:
        for _ in range(2):
            with Session(connection) as session:
                assert call(session, b"greet", b"SELECT 'hello ' || $1::text", ["you"]) == "hello you"
                session.commit()
            connection.exec_driver_sql("DEALLOCATE ALL")  # as psycopg says after a rollback
            connection.commit()


def test_what_the_server_has_against_a_call_is_told(database: sa.Engine) -> None:
    if database.dialect.name == "sqlite":
        return
    with Session(database) as session, pytest.raises(sa.exc.ProgrammingError, match="no_such_function"):
        call(session, b"nothing", b"SELECT no_such_function()", [])


def test_hours_that_arrive_while_somebody_looks_why_there_are_none_can_be_spent(database: sa.Engine) -> None:
    if database.dialect.name == "sqlite":
        return  # one unit of work after the other: nothing arrives meanwhile
    (member,) = village(members=1, minutes=0)
    arriving, spending = posting("arrives", pool_id(), member, 30), posting("is spent", member, pool_id(), 30)
    with ThreadPoolExecutor(1) as threads:
        with transaction() as session:
            ledger.post(session, actor=SYSTEM, posting=arriving)
            asked = threads.submit(attempt, lambda own: ledger.post(own, actor=SYSTEM, posting=spending))
            wait_until_it_waits(database, asked)
        assert isinstance(asked.result(), Transfer)
    with transaction() as session:
        assert session.get_one(HourAccount, member).balance_minutes == 0
