"""certificates, entries with a second person, proofs of statements"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "jobfiring",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column("done_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobfiring")),
    )
    op.create_table(
        "certificate",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("serial", sqlmodel.sql.sqltypes.AutoString(length=24), nullable=True),
        sa.Column("proof_code", sqlmodel.sql.sqltypes.AutoString(length=32), nullable=False),
        sa.Column("person_id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("area_code", sqlmodel.sql.sqltypes.AutoString(length=14), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "asked",
                "listed",
                "declined",
                "revoked",
                name="certificatestate",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("visits", sa.Integer(), nullable=False),
        sa.Column("services", sa.JSON(), nullable=False),
        sa.Column("asked_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("asked_by", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("listed_on", sa.Date(), nullable=True),
        sa.Column("counts_from_on", sa.Date(), nullable=True),
        sa.Column("issued_by", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("issuer", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column("handler", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("digest", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("revoked_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_certificate_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificate")),
        sa.UniqueConstraint("serial", name=op.f("uq_certificate_serial")),
    )
    with op.batch_alter_table("certificate", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_certificate_area_code"), ["area_code"], unique=False)
        batch_op.create_index(batch_op.f("ix_certificate_person_id"), ["person_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_certificate_proof_code"), ["proof_code"], unique=True)
        batch_op.create_index(batch_op.f("ix_certificate_state"), ["state"], unique=False)

    op.create_table(
        "officeentry",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "opening",
                "adjustment",
                "transfer",
                "reversal",
                name="entrykind",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "approved",
                "declined",
                name="entrystate",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("account_id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("area_code", sqlmodel.sql.sqltypes.AutoString(length=14), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("kin_id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=True),
        sa.Column("reverses_id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=True),
        sa.Column("event_on", sa.Date(), nullable=False),
        sa.Column("why", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("evidence", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("proposed_by", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("proposed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("decided_by", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("decided_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("decline_reason", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("transfer_id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=True),
        sa.Column("checked_by", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("checked_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("check_note", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["houraccount.id"], name=op.f("fk_officeentry_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_officeentry")),
    )
    with op.batch_alter_table("officeentry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_officeentry_account_id"), ["account_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_officeentry_area_code"), ["area_code"], unique=False)
        batch_op.create_index(batch_op.f("ix_officeentry_state"), ["state"], unique=False)

    with op.batch_alter_table("monthrun", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("root", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False, server_default="")
        )
        batch_op.add_column(sa.Column("seal_id", sa.Integer(), nullable=True))
        batch_op.drop_column("digest")

    with op.batch_alter_table("statement", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "kind",
                sa.Enum(
                    "member",
                    "gift",
                    "pool",
                    "commons",
                    name="accountkind",
                    native_enum=False,
                    create_constraint=True,
                    length=24,
                ),
                nullable=False,
                server_default="member",
            )
        )
        batch_op.add_column(sa.Column("expiring_minutes", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("expires_on", sa.Date(), nullable=True))
    with op.batch_alter_table("monthrun", schema=None) as batch_op:
        batch_op.alter_column("root", server_default=None)
    with op.batch_alter_table("statement", schema=None) as batch_op:
        batch_op.alter_column("kind", server_default=None)
        batch_op.alter_column("expiring_minutes", server_default=None)


def downgrade() -> None:
    """Back."""
    with op.batch_alter_table("statement", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_statement_accountkind"), type_="check")
        batch_op.drop_column("expires_on")
        batch_op.drop_column("expiring_minutes")
        batch_op.drop_column("kind")

    with op.batch_alter_table("monthrun", schema=None) as batch_op:
        batch_op.add_column(sa.Column("digest", sa.VARCHAR(length=64), nullable=False, server_default=""))
        batch_op.drop_column("seal_id")
        batch_op.drop_column("root")
    with op.batch_alter_table("monthrun", schema=None) as batch_op:
        batch_op.alter_column("digest", server_default=None)

    with op.batch_alter_table("officeentry", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_officeentry_state"))
        batch_op.drop_index(batch_op.f("ix_officeentry_area_code"))
        batch_op.drop_index(batch_op.f("ix_officeentry_account_id"))

    op.drop_table("officeentry")
    with op.batch_alter_table("certificate", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_certificate_state"))
        batch_op.drop_index(batch_op.f("ix_certificate_proof_code"))
        batch_op.drop_index(batch_op.f("ix_certificate_person_id"))
        batch_op.drop_index(batch_op.f("ix_certificate_area_code"))

    op.drop_table("certificate")
    op.drop_table("jobfiring")
