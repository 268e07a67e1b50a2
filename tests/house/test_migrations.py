"""Migrations are numbered, go up and down on both databases, and end where the models are."""

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from tests.fixtures.databases import alembic_config, migrate
from timebank.core.db import make_engine
from timebank.tables import metadata


def revisions() -> list[str]:
    script = ScriptDirectory.from_config(alembic_config("sqlite://"))
    return [revision.revision for revision in script.walk_revisions()][::-1]


def test_revisions_are_numbered_without_gaps() -> None:
    assert revisions() == [f"{number:04d}" for number in range(1, len(revisions()) + 1)]


def test_the_migrated_schema_is_the_one_the_models_describe(empty_db_url: str) -> None:
    migrate(empty_db_url)
    engine = make_engine(empty_db_url)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_every_migration_goes_down_and_up_again(empty_db_url: str) -> None:
    for revision in revisions():
        migrate(empty_db_url, revision)
        command.downgrade(alembic_config(empty_db_url), "-1")
        migrate(empty_db_url, revision)
    command.downgrade(alembic_config(empty_db_url), "base")
    engine = make_engine(empty_db_url)
    assert set(sa.inspect(engine).get_table_names()) <= {"alembic_version"}
    engine.dispose()
