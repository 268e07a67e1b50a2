"""Two indexes by which all that somebody did for others is found: above the cap, and under entries merged into theirs."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    over = sa.text("reason = 'overflow'")
    op.create_index("ix_transfer_over", "transfer", ["event_at"], sqlite_where=over, postgresql_where=over)
    op.create_index("ix_person_merged_into_id", "person", ["merged_into_id"])


def downgrade() -> None:
    """Back."""
    op.drop_index("ix_person_merged_into_id", "person")
    op.drop_index("ix_transfer_over", "transfer")
