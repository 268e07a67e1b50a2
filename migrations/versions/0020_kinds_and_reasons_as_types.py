"""Kinds of accounts and reasons of transfers are types of PostgreSQL, and a posting compares limits as it moves.

A check that lists values is read anew by every statement that writes a row, which was a fifth of a posting; a type is
not. Its values stand in the order of the alphabet, so that both databases sort them alike.
"""

from alembic import op

from timebank.ledger.ddl import POST

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

KINDS = ("commons", "gift", "member", "pool")
REASONS = (
    *("adjustment", "donation", "earn", "estate", "expiry", "gift", "gift_lapse", "group_session", "opening"),
    *("overflow", "redeem", "reversal", "transfer"),
)
COLUMNS = (("houraccount", "kind", "accountkind", KINDS), ("transfer", "reason", "reason", REASONS))


def _listed(values: tuple[str, ...]) -> str:
    return ", ".join(f"'{value}'" for value in values)


def upgrade() -> None:
    """Forward."""
    if op.get_bind().dialect.name != "postgresql":
        return
    op.drop_index("ix_transfer_over", "transfer")
    for table, column, name, values in COLUMNS:
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT ck_{table}_{name}")
        op.execute(f"CREATE TYPE {name} AS ENUM ({_listed(values)})")
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE {name} USING {column}::{name}")
    op.execute("CREATE INDEX ix_transfer_over ON transfer (event_at) WHERE reason = 'overflow'")
    op.execute(POST)


def downgrade() -> None:
    """Back; the function stays, it reads both."""
    if op.get_bind().dialect.name != "postgresql":
        return
    op.drop_index("ix_transfer_over", "transfer")
    for table, column, name, values in COLUMNS:
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE varchar(24) USING {column}::text")
        op.execute(f"DROP TYPE {name}")
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT ck_{table}_{name} CHECK ({column} IN ({_listed(values)}))")
    op.execute("CREATE INDEX ix_transfer_over ON transfer (event_at) WHERE reason = 'overflow'")
