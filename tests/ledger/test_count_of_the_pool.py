"""The exact count of the pool reads what is new since the last seal, however long the pool's history."""

from typing import Any

import sqlalchemy as sa

from tests.campaigns.ground import pool_id, village
from timebank.core.db import reading, transaction
from timebank.ledger import operations as ledger
from timebank.ledger import queries


def test_the_count_is_right_and_does_not_walk_the_history(database: sa.Engine) -> None:
    village(members=2, minutes=60)
    pool = pool_id()
    with transaction() as session:
        ledger.seal_new_rows(session)
    asked: list[tuple[str, Any]] = []

    @sa.event.listens_for(database, "before_cursor_execute")
    def keep(_connection: object, _cursor: object, statement: str, values: Any, *_: object) -> None:
        asked.append((statement, values))

    with reading() as session:
        assert queries.balance_minutes(session, pool) == -120
        ((statement, values),) = [one for one in asked if "sum(" in one[0]]
        if database.dialect.name == "sqlite":  # PostgreSQL plans by how much there is, and here is little
            plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
            assert not [step for *_, step in plan if "ix_transfer_" in step]
