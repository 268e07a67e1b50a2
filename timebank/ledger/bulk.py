"""The bare driver under a session: for the few statements whose speed counts."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg.abc import PQGen
from psycopg.generators import fetch_many
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.pq.abc import PGconn, PGresult
from sqlmodel import Session

from timebank.core.db import bare


def fetch(session: Session, statement: str, values: Mapping[str, Any] | Sequence[Any]) -> list[tuple[Any, ...]]:
    """Run one statement of our own inside the session's transaction; its rows."""
    with bare(session.connection()) as driver:
        cursor = driver.execute(statement, values)
        return list(cursor.fetchall()) if cursor.description else []


def call(session: Session, name: bytes, statement: bytes, values: Iterable[Any]) -> str:
    """Run a statement of our own with one text for an answer, on PostgreSQL; the answer.

    One round trip, BEGIN included: to wait for the server costs more than the work, so libpq is used without a cursor
    around it. Where it begins the unit of work it is prepared under its name; inside one it is not, as a name that is
    gone would end what was begun.

    Results are waited for by the connection's own `wait`: libpq's would keep the interpreter to itself, and the thread
    that holds the row we wait for could never let go of it. `psycopg.waiting.wait` alone polls without ever sleeping,
    and eight posters then take the processors from the server they wait for.
    """
    connection = session.connection()
    sent = [None if value is None else str(value).encode() for value in values]
    with bare(connection) as driver:
        if driver.pgconn.transaction_status != TransactionStatus.IDLE:
            return _answer([driver.pgconn.exec_params(statement, sent)])
        if name not in connection.info:
            connection.info[name] = _prepared(driver.pgconn, name, statement)
        try:
            return _answer(driver.wait(_begun_with(driver.pgconn, name, sent)))
        except psycopg.errors.InvalidSqlStatementName:  # psycopg gives up all prepared statements after a rollback
            driver.rollback()  # nothing was done yet
            _prepared(driver.pgconn, name, statement)
            return _answer(driver.wait(_begun_with(driver.pgconn, name, sent)))


def _prepared(libpq: PGconn, name: bytes, statement: bytes) -> bool:
    """Prepare a statement under a name; raises what the server says against it."""
    result = libpq.prepare(name, statement)
    if result.status != ExecStatus.COMMAND_OK:
        raise psycopg.errors.error_from_result(result)
    return True


def _begun_with(libpq: PGconn, name: bytes, sent: list[bytes | None]) -> PQGen[list[PGresult]]:
    """Begin a unit of work with a prepared statement; the results of both. Yields what it waits for."""
    libpq.enter_pipeline_mode()
    libpq.send_query_params(b"BEGIN", None)
    libpq.send_query_prepared(name, sent)
    libpq.pipeline_sync()
    results: list[PGresult] = []
    while not results or results[-1].status != ExecStatus.PIPELINE_SYNC:
        results += yield from fetch_many(libpq)
    libpq.exit_pipeline_mode()
    return results[:-1]


def _answer(results: Sequence[PGresult]) -> str:
    """The one value of the last result; raises what the first failed one says."""
    for result in results:
        if result.status not in (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK):
            raise psycopg.errors.error_from_result(result)
    value = results[-1].get_value(0, 0)
    assert value is not None, "the function always answers"
    return value.decode()


def insert_rows(session: Session, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Insert rows in the order of `columns`, each value as the database keeps it.

    COPY on PostgreSQL, executemany on SQLite. Table and column names are the code's own.
    """
    names = ", ".join(columns)
    with bare(session.connection()) as driver:
        if isinstance(driver, psycopg.Connection):
            with driver.cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            return
        marks = ", ".join("?" * len(columns))
        driver.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)


def stored_instant(instant: datetime) -> str:
    """An instant as SQLite keeps it: UTC without an offset, microseconds always written."""
    return instant.astimezone(UTC).isoformat(" ", "microseconds")[:26]
