"""What drives from village to village take of their estimate, learnt from arrivals and departures."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "learntdrive",
        sa.Column("area_code", AutoString(length=14), nullable=False),
        sa.Column("from_code", AutoString(length=14), nullable=False),
        sa.Column("to_code", AutoString(length=14), nullable=False),
        sa.Column("percent", sa.Integer(), nullable=False),
        sa.Column("drives", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_learntdrive_area_code")),
        sa.PrimaryKeyConstraint("area_code", "from_code", "to_code", name=op.f("pk_learntdrive")),
    )


def downgrade() -> None:
    """Back; it is learnt again."""
    op.drop_table("learntdrive")
