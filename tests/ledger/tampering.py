"""What somebody with the database's own rights can do to it: triggers off for a moment, then on again."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from timebank.ledger.ddl import RECORD, protect, unprotect


@contextmanager
def unprotected(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection that may change the record; the triggers are there again afterwards, as if nothing had happened."""
    with engine.connect().execution_options(writes=True) as connection:
        if engine.dialect.name == "sqlite":
            connection.execute(sa.text("PRAGMA defer_foreign_keys = ON"))
        else:
            connection.execute(sa.text("SET session_replication_role = replica"))  # foreign keys rest as well
        for statement in unprotect(engine.dialect.name, RECORD):
            connection.execute(sa.text(statement))
        yield connection
        for statement in protect(engine.dialect.name, RECORD):
            connection.execute(sa.text(statement))
        if engine.dialect.name == "postgresql":
            connection.execute(sa.text("SET session_replication_role = origin"))
        connection.commit()
