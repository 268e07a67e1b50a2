"""Where Alembic meets this product: one database, one connection, SQLite and PostgreSQL alike.

The database is the installation's own (`TIMEBANK_DATABASE_URL`), or the `connection` or `sqlalchemy.url` that a caller
put into the configuration (`timebank migrate`, tests). PostgreSQL migrates under an advisory lock, so that two starting
processes do not both migrate, and gives up on a table lock after a second: better than a county waiting behind it.
New revisions take the next number; a house test refuses gaps and two heads.
"""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from alembic import context
from sqlalchemy import pool

from timebank import config as settings
from timebank.core import db
from timebank.tables import metadata

MIGRATION_LOCK = 7461_001  # one number of our own for pg_advisory_xact_lock


def number_the_revision(_context: Any, _revision: Any, directives: Iterable[Any]) -> None:
    """Give a new revision the next four-digit number."""
    last = context.script.get_current_head()
    for script in directives:
        script.rev_id = f"{int(last or 0) + 1:04d}"


def migrate(connection: sa.Connection) -> None:
    """Run the asked-for migrations on one connection, in one transaction."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        process_revision_directives=number_the_revision,
    )
    with context.begin_transaction():
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text("SET LOCAL lock_timeout = '1s'"))
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        context.run_migrations()


def own_engine() -> sa.Engine:
    """An engine for the address in the configuration, else for this installation's database."""
    url = context.config.get_main_option("sqlalchemy.url") or settings.load().database
    if url.startswith("sqlite"):
        return db.make_engine(url)
    return sa.create_engine(url, poolclass=pool.NullPool)


def main() -> None:
    """Migrate on the caller's connection where there is one, else on an own one that is closed again."""
    given = context.config.attributes.get("connection")
    if given is not None:
        migrate(given)
        return
    engine = own_engine()
    try:
        with engine.connect().execution_options(writes=True) as connection:
            migrate(connection)
    finally:
        engine.dispose()


main()
