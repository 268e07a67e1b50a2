"""Who waits for another's row lets the rest of the program go on: the one who holds it may be a thread beside it.

What the server has forgotten is said to it again.
"""

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from tests.campaigns.ground import village
from timebank.ledger.bulk import call

pytestmark = pytest.mark.waits  # until the database says that one session waits for another

TAKE = "SELECT id FROM houraccount WHERE id = {} FOR UPDATE"
WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"
PATIENCE = "SET lock_timeout = '5s'"  # where nobody could go on, the database ends it


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
        with database.connect().execution_options(isolation_level="AUTOCOMMIT") as watcher:
            while not asked.done() and not watcher.execute(sa.text(WAITING)).scalar_one():
                pass
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
