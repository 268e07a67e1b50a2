"""A posting is one call of a function on PostgreSQL; a balance moves without touching an index.

Pages of accounts are filled by half, so that a new version of a row finds room beside the old one. The index on the
person alone said nothing that the unique one on person and kind does not.

Decisions on rules are numbered, so that of two for one day the later one counts.
"""

import sqlalchemy as sa
from alembic import op

from timebank.ledger.ddl import POST

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    op.drop_index(op.f("ix_houraccount_person_id"), "houraccount")
    op.add_column("policyversion", sa.Column("serial", sa.Integer(), nullable=False, server_default="0"))
    op.execute(
        "UPDATE policyversion SET serial = (SELECT count(*) FROM policyversion earlier "
        "WHERE earlier.area_code = policyversion.area_code AND earlier.id <= policyversion.id)"
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE houraccount SET (fillfactor = 50)")
        op.execute(POST)


def downgrade() -> None:
    """Back."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION ledger_post(transfer, timestamptz, int, int)")
        op.execute("ALTER TABLE houraccount RESET (fillfactor)")
    op.drop_column("policyversion", "serial")
    op.create_index(op.f("ix_houraccount_person_id"), "houraccount", ["person_id"])
