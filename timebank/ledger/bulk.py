"""The bare driver under a session: for the few statements whose speed counts. Errors are SQLAlchemy's, as elsewhere."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg.abc import PQGen
from psycopg.generators import fetch_many
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.pq.abc import PGconn, PGresult
from sqlmodel import Session


def fetch(session: Session, statement: str, values: Mapping[str, Any] | Sequence[Any]) -> list[tuple[Any, ...]]:
    """Run one statement of our own inside the session's transaction; its rows."""
    with _errors_of_sqlalchemy(session):
        cursor = session.connection().connection.driver_connection.execute(statement, values)  # type: ignore[union-attr]
        return list(cursor.fetchall()) if cursor.description else []


def call(session: Session, statement: bytes, values: Iterable[Any]) -> str:
    """Run a statement of our own with one text for an answer, on PostgreSQL; the answer.

    One round trip, BEGIN included: to wait for the server costs more than the work, so libpq is used without a cursor
    around it. Nothing is prepared: psycopg gives up all prepared statements after a rollback.

    Results are waited for by the connection's own `wait`: libpq's would keep the interpreter to itself, and the thread
    that holds the row we wait for could never let go of it. `psycopg.waiting.wait` alone polls without ever sleeping,
    and eight posters then take the processors from the server they wait for.
    """
    driver: psycopg.Connection = session.connection().connection.driver_connection  # type: ignore[assignment]
    libpq = driver.pgconn
    sent = [None if value is None else str(value).encode() for value in values]
    with _errors_of_sqlalchemy(session):
        if libpq.transaction_status != TransactionStatus.IDLE:
            return _answer([libpq.exec_params(statement, sent)])
        libpq.enter_pipeline_mode()
        libpq.send_query_params(b"BEGIN", None)
        libpq.send_query_params(statement, sent)
        libpq.pipeline_sync()
        results = driver.wait(_until_synced(libpq))
        libpq.exit_pipeline_mode()
        return _answer(results)


def _until_synced(libpq: PGconn) -> PQGen[list[PGresult]]:
    """The results of the pipeline; yields what it waits for."""
    results: list[PGresult] = []
    while not results or results[-1].status != ExecStatus.PIPELINE_SYNC:
        results += yield from fetch_many(libpq)
    return results[:-1]


def _answer(results: Sequence[PGresult]) -> str:
    """The one value of the last result; raises what the first failed one says."""
    for result in results:
        if result.status not in (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK):
            raise psycopg.errors.error_from_result(result)
    value = results[-1].get_value(0, 0)
    assert value is not None, "the function always answers"
    return value.decode()


def as_row(values: Iterable[Any]) -> str:
    """Values as PostgreSQL reads a row from text."""
    escaped = ("" if value is None else _quoted(str(value)) for value in values)
    return f"({','.join(escaped)})"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '""') + '"'


@contextmanager
def _errors_of_sqlalchemy(session: Session) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, psycopg.Error) as error:
        base = psycopg.Error if isinstance(error, psycopg.Error) else sqlite3.Error
        raise sa.exc.DBAPIError.instance(None, None, error, base, dialect=session.connection().dialect) from error


def insert_rows(session: Session, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Insert rows given as tuples in the order of `columns`; instants aware.

    COPY on PostgreSQL, executemany on SQLite. Table and column names are the code's own.
    """
    names, driver = ", ".join(columns), session.connection().connection.driver_connection
    with _errors_of_sqlalchemy(session):
        if isinstance(driver, psycopg.Connection):
            with driver.cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            return
        marks = ", ".join("?" * len(columns))
        stored = [tuple(map(_stored, row)) for row in rows]
        driver.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", stored)  # type: ignore[union-attr]


def _stored(value: Any) -> Any:
    return stored_instant(value) if isinstance(value, datetime) else value


def stored_instant(instant: datetime) -> str:
    """An instant as SQLite keeps it: UTC without an offset, microseconds always written."""
    return instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
