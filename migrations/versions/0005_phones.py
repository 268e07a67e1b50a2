"""phones"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    text, instant = sqlmodel.sql.sqltypes.AutoString, sqlmodel.sql.sqltypes.UTCDateTime
    with op.batch_alter_table("visit", schema=None) as batch_op:
        batch_op.add_column(sa.Column("cancel_reason", text(length=200), nullable=False, server_default=""))

    with op.batch_alter_table("visitevent", schema=None) as batch_op:
        batch_op.add_column(sa.Column("place_mark", text(length=16), nullable=False, server_default=""))
        batch_op.create_index(batch_op.f("ix_visitevent_place_mark"), ["place_mark"], unique=False)
        batch_op.create_index(batch_op.f("ix_visitevent_device_id"), ["device_id"], unique=False)

    op.create_table(
        "slipphoto",
        sa.Column("event_id", text(length=31), nullable=False),
        sa.Column("visit_id", text(length=31), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("digest", text(length=64), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("kept_at", instant(), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["visitevent.id"], name=op.f("fk_slipphoto_event_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_slipphoto_visit_id")),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_slipphoto")),
    )
    with op.batch_alter_table("slipphoto", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_slipphoto_visit_id"), ["visit_id"], unique=False)

    op.create_table(
        "alarmanswer",
        sa.Column("event_id", text(length=31), nullable=False),
        sa.Column("by_user_id", text(length=31), nullable=False),
        sa.Column("words", text(length=400), nullable=False),
        sa.Column("at", instant(), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["visitevent.id"], name=op.f("fk_alarmanswer_event_id")),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_alarmanswer")),
    )

    op.create_table(
        "phone",
        sa.Column("id", text(length=31), nullable=False),
        sa.Column("secret_hash", text(length=64), nullable=False),
        sa.Column("area_code", text(length=14), nullable=False),
        sa.Column("label", text(length=40), nullable=False),
        sa.Column("paired_at", instant(), nullable=False),
        sa.Column("last_seen_at", instant(), nullable=False),
        sa.Column("revoked_at", instant(), nullable=True),
        sa.Column("revoked_by", text(length=31), nullable=False),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_phone_area_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phone")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_phone_secret_hash")),
    )
    with op.batch_alter_table("phone", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_phone_area_code"), ["area_code"], unique=False)

    op.create_table(
        "phoneuser",
        sa.Column("id", text(length=31), nullable=False),
        sa.Column("phone_id", text(length=31), nullable=False),
        sa.Column("user_id", text(length=31), nullable=False),
        sa.Column("pin_hash", text(length=200), nullable=False),
        sa.Column("since_at", instant(), nullable=False),
        sa.ForeignKeyConstraint(["phone_id"], ["phone.id"], name=op.f("fk_phoneuser_phone_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_phoneuser_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phoneuser")),
        sa.UniqueConstraint("phone_id", "user_id", name=op.f("uq_phoneuser_phone_id_user_id")),
    )
    with op.batch_alter_table("phoneuser", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_phoneuser_phone_id"), ["phone_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_phoneuser_user_id"), ["user_id"], unique=False)

    op.create_table(
        "pairingcode",
        sa.Column("id", text(length=64), nullable=False),
        sa.Column("user_id", text(length=31), nullable=False),
        sa.Column("area_code", text(length=14), nullable=False),
        sa.Column("made_by", text(length=31), nullable=False),
        sa.Column("expires_at", instant(), nullable=False),
        sa.Column("used_at", instant(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_pairingcode_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pairingcode")),
    )
    op.create_table(
        "calendarfeed",
        sa.Column("id", text(length=64), nullable=False),
        sa.Column("person_id", text(length=31), nullable=False),
        sa.Column("made_at", instant(), nullable=False),
        sa.Column("revoked_at", instant(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_calendarfeed_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendarfeed")),
    )
    with op.batch_alter_table("calendarfeed", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_calendarfeed_person_id"), ["person_id"], unique=False)

    op.create_table(
        "application",
        sa.Column("id", text(length=31), nullable=False),
        sa.Column("area_code", text(length=14), nullable=False),
        sa.Column("name", text(length=60), nullable=False),
        sa.Column(
            "sex",
            sa.Enum("female", "male", name="sex", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column("born_on", sa.Date(), nullable=False),
        sa.Column("phone_sealed", text(length=120), nullable=False),
        sa.Column("wishes", sa.JSON(), nullable=False),
        sa.Column("words", text(length=400), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "sent",
                "village_agreed",
                "accepted",
                "refused",
                name="applicationstate",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("sent_at", instant(), nullable=False),
        sa.Column("household_code", text(length=20), nullable=True),
        sa.Column("village_by", text(length=31), nullable=False),
        sa.Column("village_at", instant(), nullable=True),
        sa.Column("decided_by", text(length=31), nullable=False),
        sa.Column("decided_at", instant(), nullable=True),
        sa.Column("reason", text(length=400), nullable=False),
        sa.Column("person_id", text(length=31), nullable=True),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_application_area_code")),
        sa.ForeignKeyConstraint(["household_code"], ["household.code"], name=op.f("fk_application_household_code")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_application_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_application")),
    )
    with op.batch_alter_table("application", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_application_area_code"), ["area_code"], unique=False)
        batch_op.create_index(batch_op.f("ix_application_state"), ["state"], unique=False)


def downgrade() -> None:
    """Back."""
    for table in ("application", "calendarfeed", "pairingcode", "phoneuser", "phone"):
        op.drop_table(table)
    op.drop_table("alarmanswer")
    op.drop_table("slipphoto")
    with op.batch_alter_table("visitevent", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_visitevent_device_id"))
        batch_op.drop_index(batch_op.f("ix_visitevent_place_mark"))
        batch_op.drop_column("place_mark")
    with op.batch_alter_table("visit", schema=None) as batch_op:
        batch_op.drop_column("cancel_reason")
