"""board and ledger"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    instant = sqlmodel.sql.sqltypes.UTCDateTime
    with op.batch_alter_table("daynotice", schema=None) as batch_op:
        batch_op.add_column(sa.Column("read_at", instant(), nullable=True))
        batch_op.create_index(batch_op.f("ix_daynotice_person_id"), ["person_id"], unique=False)


def downgrade() -> None:
    """Back."""
    with op.batch_alter_table("daynotice", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_daynotice_person_id"))
        batch_op.drop_column("read_at")
