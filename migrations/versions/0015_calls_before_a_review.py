"""What an elder said when a reviewer called back."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

OUTCOMES = ("fits", "otherwise", "not_reached")


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "callback",
        sa.Column("id", AutoString(length=31), nullable=False),
        sa.Column("visit_id", AutoString(length=31), nullable=False),
        sa.Column("by_user_id", AutoString(length=31), nullable=False),
        sa.Column(
            "outcome",
            sa.Enum(*OUTCOMES, name="calloutcome", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column("words", AutoString(length=400), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_callback_visit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_callback")),
    )
    with op.batch_alter_table("callback") as batch:
        batch.create_index(batch.f("ix_callback_visit_id"), ["visit_id"], unique=False)


def downgrade() -> None:
    """Back; what was said is forgotten."""
    op.drop_table("callback")
