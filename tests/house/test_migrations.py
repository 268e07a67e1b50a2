"""Migrations are numbered, go up and down on both databases, and end where the models are."""

from datetime import UTC, datetime

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


def test_books_that_were_never_closed_begin_with_the_month_of_their_pool(empty_db_url: str) -> None:
    migrate(empty_db_url, "0017")
    engine = make_engine(empty_db_url)
    area = {"code": "500156", "kind": "district", "name_zh": "", "name_en": "", "lat": 0, "lon": 0, "market_digits": ""}
    opened_at = datetime(2026, 10, 31, 16, 30, tzinfo=UTC)  # in the county it is the first of November
    pool = {"id": "acc_1", "kind": "pool", "area_code": "500156", "balance_minutes": 0, "held_minutes": 0}
    with engine.connect().execution_options(writes=True) as connection:
        connection.execute(sa.insert(metadata.tables["area"]).values(area))
        connection.execute(sa.insert(metadata.tables["houraccount"]).values(**pool, opened_at=opened_at))
        connection.commit()
    migrate(empty_db_url)
    with engine.connect() as connection:
        rows = connection.execute(sa.text("SELECT month, next_month FROM closedmonth")).all()
    engine.dispose()
    assert [tuple(row) for row in rows] == [("2026-10", "2026-11")]
