"""The database of this process: engine, units of work, shared columns.

A unit of work that writes starts with BEGIN IMMEDIATE on SQLite: a default session starts its transaction at the
first write, so two spenders could both pass the same balance check (docs/decisions/0004). WAL with synchronous=FULL
and PostgreSQL's synchronous_commit=on make an acknowledged write durable (promise P1): each connection asks for them,
whatever the server's own default is. `recursive_triggers` keeps INSERT OR REPLACE from walking past the append-only
triggers.
"""

import fcntl
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Any, TypeVar, cast

import psycopg
import sqlalchemy as sa
from psycopg.pq import TransactionStatus
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session, SQLModel

from timebank.core import clock
from timebank.core.actors import Scope
from timebank.core.pool import PoolInTurn

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}

PING_AFTER_SECONDS = 2.0
_CONNECTIONS = 20  # more than the threads that serve; who comes when all are in use waits in line
_POOL = {"poolclass": PoolInTurn, "pool_size": _CONNECTIONS, "max_overflow": 0, "pool_use_lifo": True}
_BROKEN_OFF = frozenset({"40P01", "40001"})  # deadlock_detected, serialization_failure
_TRIES = 3  # a second one loses only against others that came meanwhile
_SILENT = {"hide_parameters": True}  # an error of the database is logged: without names and birthdays
Made = TypeVar("Made")
_engine: Engine | None = None
_writing: Engine | None = None  # the same with the option that makes a unit of work begin as a writer
_here = threading.local()


def make_engine(url: str) -> Engine:
    """An engine for `sqlite:///…` or `postgresql+psycopg://…` with the settings this product relies on."""
    if url.startswith("sqlite"):
        engine = sa.create_engine(url, connect_args={"timeout": 30, "check_same_thread": False}, **_SILENT, **_POOL)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        event.listen(engine, "checkin", _let_the_next_write)  # when the commit is done, not when it begins
        return engine
    engine = sa.create_engine(url, pool_reset_on_return=None, **_SILENT, **_POOL)
    event.listen(engine, "connect", _prepare_postgres)
    event.listen(engine, "reset", _end_what_is_open)
    event.listen(engine, "checkin", _note_use)
    event.listen(engine, "checkout", _ping_if_idle)
    return engine


def _prepare_postgres(connection: psycopg.Connection, _record: Any) -> None:
    connection.execute("SET synchronous_commit = on")
    connection.commit()


def _end_what_is_open(connection: psycopg.Connection, _record: Any, _state: Any) -> None:
    """Roll back what a connection that comes back has not ended; mostly it has, and the driver need not be asked."""
    if connection.pgconn.transaction_status != TransactionStatus.IDLE:
        connection.rollback()


def _note_use(_connection: Any, record: Any) -> None:
    record.info["used"] = clock.monotonic_seconds()


def _ping_if_idle(connection: Any, record: Any, _proxy: Any) -> None:
    """Ask a connection that rested whether it still lives; one in use a moment ago is not worth the round trip."""
    if clock.monotonic_seconds() - record.info.get("used", 0.0) > PING_AFTER_SECONDS:
        try:
            connection.execute("SELECT 1")
            connection.rollback()
        except Exception as error:
            raise sa.exc.DisconnectionError from error


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "recursive_triggers=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    if writes:
        _wait_to_write(connection)
    with bare(connection) as driver:  # by way of SQLAlchemy it is a tenth of a posting
        driver.execute("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def bare(connection: sa.Connection) -> Iterator[Any]:
    """The driver's own connection, for the few statements whose speed counts. Errors are SQLAlchemy's, as elsewhere."""
    try:
        yield connection.connection.driver_connection
    except (sqlite3.Error, psycopg.Error) as error:
        base = psycopg.Error if isinstance(error, psycopg.Error) else sqlite3.Error
        raise sa.exc.DBAPIError.instance(None, None, error, base, dialect=connection.dialect) from error


def _wait_to_write(connection: sa.Connection) -> None:
    """Stand in line for the one place to write, across threads and processes, in the order of coming.

    SQLite itself lets waiting writers sleep and try again, so that the unlucky one waits a hundred times longer.
    """
    path = connection.engine.url.database
    if not path or path == ":memory:" or connection.info.get("stands at the front"):
        return
    if path in _writing_here():
        raise RuntimeError("this thread writes already: one unit of work at a time")
    if "writer" not in connection.info:
        connection.info["writer"] = open(f"{path}-writer", "w")  # noqa: SIM115 - open as long as the connection
    fcntl.flock(connection.info["writer"], fcntl.LOCK_EX)
    connection.info["stands at the front"] = (path, _writing_here())
    _writing_here().add(path)


def _let_the_next_write(_connection: Any, record: Any) -> None:
    path, writing = record.info.pop("stands at the front", (None, set()))
    if path:
        fcntl.flock(record.info["writer"], fcntl.LOCK_UN)
        writing.discard(path)


def _writing_here() -> set[str]:
    """The databases that this thread writes to now."""
    if not hasattr(_here, "paths"):
        _here.paths = set()
    return cast("set[str]", _here.paths)


def use(engine: Engine) -> None:
    """Make `engine` the database of this process."""
    global _engine, _writing
    _engine, _writing = engine, engine.execution_options(writes=True)


def engine() -> Engine:
    """The engine of this process."""
    if _engine is None:
        raise RuntimeError("no database: call create_app or db.use first")
    return _engine


@contextmanager
def transaction() -> Iterator[Session]:
    """One unit of work that writes: committed at the end of the block, rolled back if it raises."""
    if _writing is None:
        raise RuntimeError("no database: call create_app or db.use first")
    with Session(_writing, expire_on_commit=False) as session:
        try:
            yield session
        except BaseException:
            session.expunge_all()  # the page that shows the refusal may still read what was loaded, such as the login
            session.rollback()
            raise
        session.commit()


def in_one_unit(work: Callable[[Session], Made], *, before_again: Callable[[], None]) -> Made:
    """What `work` makes in one unit of work that writes; done anew in another one where PostgreSQL broke it off.

    Of units of work that wait for each other's rows PostgreSQL ends one, whole, before its commit: nothing of it is
    left, and the others have what they waited for. After `_TRIES` the error is the caller's. `before_again` takes back
    what the work left outside of the database.
    """
    for _ in range(_TRIES - 1):
        try:
            with transaction() as session:
                return work(session)
        except sa.exc.DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) not in _BROKEN_OFF:
                raise
            before_again()
    with transaction() as session:
        return work(session)


@contextmanager
def reading() -> Iterator[Session]:
    """One unit of work that only reads; sees one state of the database."""
    with Session(engine(), expire_on_commit=False, autoflush=False) as session:
        yield session


def enum_type(kind: type[StrEnum], *, length: int = 24, is_native: bool = False) -> sa.Enum:
    """A column type that stores the value of a StrEnum as text with a check on both databases.

    A native one is a type of PostgreSQL instead, for columns of the posting path: each statement reads a check anew.
    """
    return sa.Enum(
        kind,
        native_enum=is_native,
        create_constraint=True,
        validate_strings=True,
        length=length,
        name=kind.__name__.lower(),
        values_callable=lambda members: [member.value for member in members],
    )


def in_area(column: Any, area_code: str) -> ColumnElement[bool]:
    """Rows whose area code lies inside an area: a range, so the index on the column serves it on both databases."""
    if not area_code:
        return sa.true()
    return sa.and_(column >= area_code, column < area_code + ":")  # ':' follows '9'


def in_scope(scope: Scope, area_column: Any, *person_columns: Any) -> ColumnElement[bool]:
    """Rows that a scope may see: by area for offices, by any of the person columns for members."""
    if scope.person_ids is None:
        return in_area(area_column, scope.area_code)
    return sa.or_(sa.false(), *(column.in_(scope.person_ids) for column in person_columns))


def table_of(model: type[SQLModel]) -> sa.Table:
    """The table of a model, for statements that need no objects."""
    return cast("sa.Table", sa.inspect(model).local_table)
