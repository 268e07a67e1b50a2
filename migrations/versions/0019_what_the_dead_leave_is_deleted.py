"""When somebody's phone number and identity number were deleted after death, and the place of a home nobody lives in."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    with op.batch_alter_table("person") as batch:
        batch.add_column(sa.Column("forgotten_on", sa.Date(), nullable=True))
    with op.batch_alter_table("household") as batch:
        batch.add_column(sa.Column("emptied_on", sa.Date(), nullable=True))


def downgrade() -> None:
    """Back; that something was deleted is forgotten, what was deleted stays so."""
    with op.batch_alter_table("household") as batch:
        batch.drop_column("emptied_on")
    with op.batch_alter_table("person") as batch:
        batch.drop_column("forgotten_on")
