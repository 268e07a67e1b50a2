"""The log that is sealed holds transfers and audit events alike and keeps its inner nodes; a request may be held on two
accounts; the pool remembers what was counted at the last seal.

The log of the first release is made anew: nothing had been sealed with it.
"""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

from timebank.ledger.ddl import LOG, OPEN_MONTH, protect, unprotect

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

POSITION = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Forward."""
    dialect = op.get_bind().dialect.name
    _drop_log(("sealedleaf",))
    op.create_table(
        "sealedleaf",
        sa.Column("position", POSITION, autoincrement=False, nullable=False),
        sa.Column("row_id", AutoString(length=31), nullable=False),
        sa.Column("digest", AutoString(length=64), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_sealedleaf")),
        sa.UniqueConstraint("row_id", name=op.f("uq_sealedleaf_row_id")),
    )
    op.create_table(
        "sealednode",
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", POSITION, autoincrement=False, nullable=False),
        sa.Column("hash", AutoString(length=64), nullable=False),
        sa.PrimaryKeyConstraint("level", "position", name=op.f("pk_sealednode")),
    )
    for statement in protect(dialect, LOG):
        op.execute(statement)
    op.add_column("houraccount", sa.Column("counted_at", UTCDateTime(), nullable=True))
    with op.batch_alter_table("hold", table_args=_hold_states()) as batch:
        batch.drop_constraint(op.f("uq_hold_source_id"), type_="unique")
        batch.create_unique_constraint(op.f("uq_hold_source_id_account_id"), ["source_id", "account_id"])
    if dialect == "postgresql":
        op.execute(OPEN_MONTH)


def downgrade() -> None:
    """Back."""
    dialect = op.get_bind().dialect.name
    if dialect == "postgresql":
        op.execute("DROP FUNCTION ledger_open_month()")
    with op.batch_alter_table("hold", table_args=_hold_states()) as batch:
        batch.drop_constraint(op.f("uq_hold_source_id_account_id"), type_="unique")
        batch.create_unique_constraint(op.f("uq_hold_source_id"), ["source_id"])
    op.drop_column("houraccount", "counted_at")
    _drop_log(LOG)
    op.create_table(
        "sealedleaf",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("transfer_id", AutoString(length=31), nullable=False),
        sa.ForeignKeyConstraint(["transfer_id"], ["transfer.id"], name=op.f("fk_sealedleaf_transfer_id")),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_sealedleaf")),
        sa.UniqueConstraint("transfer_id", name=op.f("uq_sealedleaf_transfer_id")),
    )
    for statement in protect(dialect, ("sealedleaf",)):
        op.execute(statement)


def _drop_log(tables: tuple[str, ...]) -> None:
    for statement in unprotect(op.get_bind().dialect.name, tables):
        op.execute(statement)
    for table in tables:
        op.drop_table(table)


def _hold_states() -> tuple[sa.CheckConstraint]:
    """The check of hold.state again: a copy of the table on SQLite knows of no check unless it is told."""
    states = "state IN ('waiting', 'captured', 'released', 'expired')"
    return (sa.CheckConstraint(states, name=op.f("ck_hold_holdstate")),)
