"""Moves within the district: which helpers were told, and where a member lived when a month was closed.

A statement that says its own household prints the same after the member has moved. Those that were written before get
the home of today, which is what they have printed so far.
"""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "movenotice",
        sa.Column("id", AutoString(length=31), nullable=False),
        sa.Column("case_id", AutoString(length=31), nullable=False),
        sa.Column("person_id", AutoString(length=31), nullable=False),
        sa.Column("told_at", UTCDateTime(), nullable=True),
        sa.Column("told_by", AutoString(length=31), nullable=False),
        sa.Column("read_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["personcase.id"], name=op.f("fk_movenotice_case_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_movenotice_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_movenotice")),
        sa.UniqueConstraint("case_id", "person_id", name=op.f("uq_movenotice_case_id_person_id")),
    )
    with op.batch_alter_table("movenotice") as batch:
        batch.create_index(batch.f("ix_movenotice_case_id"), ["case_id"], unique=False)
        batch.create_index(batch.f("ix_movenotice_person_id"), ["person_id"], unique=False)
    with op.batch_alter_table("statement") as batch:
        batch.add_column(sa.Column("household_code", AutoString(length=20), nullable=False, server_default=""))
    op.execute(
        "UPDATE statement SET household_code = "
        "(SELECT person.household_code FROM person WHERE person.id = statement.person_id)"
    )


def downgrade() -> None:
    """Back; who was told is forgotten."""
    with op.batch_alter_table("statement") as batch:
        batch.drop_column("household_code")
    op.drop_table("movenotice")
