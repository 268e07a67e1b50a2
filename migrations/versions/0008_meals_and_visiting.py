"""meals and visiting"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TABLES = (
    *("unreachedstep", "unreachedcase", "mealorder", "consentreading", "visitingrecord", "tierdecision"),
    *("mealround", "escort", "absence", "menu"),
)


def upgrade() -> None:
    """Forward."""
    text, instant = sqlmodel.sql.sqltypes.AutoString, sqlmodel.sql.sqltypes.UTCDateTime
    with op.batch_alter_table("careitem", schema=None) as batch_op:
        batch_op.add_column(sa.Column("skills", sa.JSON(), nullable=False, server_default="[]"))
        batch_op.add_column(sa.Column("diet", sa.JSON(), nullable=False, server_default="[]"))
        batch_op.add_column(sa.Column("moves_when_off", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("visit", schema=None) as batch_op:
        batch_op.add_column(sa.Column("skills", sa.JSON(), nullable=False, server_default="[]"))
        batch_op.add_column(sa.Column("moved_from_on", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("moved_because", text(length=200), nullable=False, server_default=""))
    with op.batch_alter_table("visitgeneration", schema=None) as batch_op:
        batch_op.add_column(sa.Column("moved", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("left_out", sa.JSON(), nullable=False, server_default="{}"))

    op.create_table(
        "menu",
        sa.Column("id", text(length=31), nullable=False),
        sa.Column("kitchen_id", text(length=31), nullable=False),
        sa.Column("area_code", text(length=14), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("name", text(length=60), nullable=False),
        sa.Column("diet", sa.JSON(), nullable=False),
        sa.Column("portions", sa.Integer(), nullable=False),
        sa.Column("by_user_id", text(length=31), nullable=False),
        sa.Column("at", instant(), nullable=False),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_menu_area_code")),
        sa.ForeignKeyConstraint(["kitchen_id"], ["facility.id"], name=op.f("fk_menu_kitchen_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_menu")),
        sa.UniqueConstraint("kitchen_id", "on", "name", name=op.f("uq_menu_kitchen_id_on_name")),
    )
    with op.batch_alter_table("menu", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_menu_area_code"), ["area_code"], unique=False)
        batch_op.create_index(batch_op.f("ix_menu_kitchen_id"), ["kitchen_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_menu_on"), ["on"], unique=False)

    op.create_table(
        "absence",
        sa.Column("id", text(length=31), nullable=False),
        sa.Column("elder_id", text(length=31), nullable=False),
        sa.Column("area_code", text(length=14), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "hospital",
                "with_family",
                "family_here",
                "elsewhere",
                name="absencekind",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=True),
        sa.Column("told_by", text(length=60), nullable=False),
        sa.Column("by_user_id", text(length=31), nullable=False),
        sa.Column("at", instant(), nullable=False),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_absence_area_code")),
        sa.ForeignKeyConstraint(["elder_id"], ["person.id"], name=op.f("fk_absence_elder_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_absence")),
    )
    with op.batch_alter_table("absence", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_absence_area_code"), ["area_code"], unique=False)
        batch_op.create_index(batch_op.f("ix_absence_elder_id"), ["elder_id"], unique=False)

    op.create_table(
        "escort",
        sa.Column("id", text(length=31), nullable=False),
        sa.Column("elder_id", text(length=31), nullable=False),
        sa.Column("area_code", text(length=14), nullable=False),
        sa.Column("clinic", text(length=60), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("appointment_minute", sa.Integer(), nullable=False),
        sa.Column("ride_minutes", sa.Integer(), nullable=False),
        sa.Column("wait_minutes", sa.Integer(), nullable=False),
        sa.Column("is_cancelled", sa.Boolean(), nullable=False),
        sa.Column("by_user_id", text(length=31), nullable=False),
        sa.Column("at", instant(), nullable=False),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_escort_area_code")),
        sa.ForeignKeyConstraint(["elder_id"], ["person.id"], name=op.f("fk_escort_elder_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_escort")),
    )
    with op.batch_alter_table("escort", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_escort_area_code"), ["area_code"], unique=False)
        batch_op.create_index(batch_op.f("ix_escort_elder_id"), ["elder_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_escort_on"), ["on"], unique=False)

    op.create_table(
        "mealround",
        sa.Column("id", text(length=31), nullable=False),
        sa.Column("kitchen_id", text(length=31), nullable=False),
        sa.Column("area_code", text(length=14), nullable=False),
        sa.Column("carer_id", text(length=31), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("left_at", instant(), nullable=False),
        sa.Column("left_c", sa.Integer(), nullable=False),
        sa.Column("by_user_id", text(length=31), nullable=False),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_mealround_area_code")),
        sa.ForeignKeyConstraint(["carer_id"], ["person.id"], name=op.f("fk_mealround_carer_id")),
        sa.ForeignKeyConstraint(["kitchen_id"], ["facility.id"], name=op.f("fk_mealround_kitchen_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mealround")),
    )
    with op.batch_alter_table("mealround", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_mealround_area_code"), ["area_code"], unique=False)
        batch_op.create_index(batch_op.f("ix_mealround_carer_id"), ["carer_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_mealround_kitchen_id"), ["kitchen_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_mealround_on"), ["on"], unique=False)

    op.create_table(
        "tierdecision",
        sa.Column("id", text(length=31), nullable=False),
        sa.Column("elder_id", text(length=31), nullable=False),
        sa.Column("area_code", text(length=14), nullable=False),
        sa.Column(
            "tier",
            sa.Enum("high", "key", "general", name="risktier", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column("groups", sa.JSON(), nullable=False),
        sa.Column("trace", sa.JSON(), nullable=False),
        sa.Column("at", instant(), nullable=False),
        sa.Column("by_user_id", text(length=31), nullable=False),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_tierdecision_area_code")),
        sa.ForeignKeyConstraint(["elder_id"], ["person.id"], name=op.f("fk_tierdecision_elder_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tierdecision")),
    )
    with op.batch_alter_table("tierdecision", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tierdecision_area_code"), ["area_code"], unique=False)
        batch_op.create_index(batch_op.f("ix_tierdecision_elder_id"), ["elder_id"], unique=False)

    op.create_table(
        "visitingrecord",
        sa.Column("id", text(length=31), nullable=False),
        sa.Column("elder_id", text(length=31), nullable=False),
        sa.Column("area_code", text(length=14), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column(
            "form",
            sa.Enum("door", "phone", "video", name="contactform", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column(
            "outcome",
            sa.Enum(
                "well",
                "needs_help",
                "no_answer",
                "elsewhere",
                name="outcome",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("answers_sealed", sa.Text(), nullable=False),
        sa.Column("source_key", text(length=80), nullable=True),
        sa.Column("by_user_id", text(length=31), nullable=False),
        sa.Column("at", instant(), nullable=False),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_visitingrecord_area_code")),
        sa.ForeignKeyConstraint(["elder_id"], ["person.id"], name=op.f("fk_visitingrecord_elder_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visitingrecord")),
        sa.UniqueConstraint("source_key", name=op.f("uq_visitingrecord_source_key")),
    )
    with op.batch_alter_table("visitingrecord", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_visitingrecord_area_code"), ["area_code"], unique=False)
        batch_op.create_index(batch_op.f("ix_visitingrecord_elder_id"), ["elder_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_visitingrecord_on"), ["on"], unique=False)

    op.create_table(
        "consentreading",
        sa.Column("consent_id", text(length=31), nullable=False),
        sa.Column("person_id", text(length=31), nullable=False),
        sa.Column("text_version", text(length=40), nullable=False),
        sa.Column("read_by_user_id", text(length=31), nullable=False),
        sa.Column("heard_by", text(length=31), nullable=False),
        sa.Column("read_at", instant(), nullable=False),
        sa.ForeignKeyConstraint(["consent_id"], ["consent.id"], name=op.f("fk_consentreading_consent_id")),
        sa.ForeignKeyConstraint(["heard_by"], ["person.id"], name=op.f("fk_consentreading_heard_by")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_consentreading_person_id")),
        sa.PrimaryKeyConstraint("consent_id", name=op.f("pk_consentreading")),
    )
    with op.batch_alter_table("consentreading", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_consentreading_person_id"), ["person_id"], unique=False)

    op.create_table(
        "mealorder",
        sa.Column("id", text(length=31), nullable=False),
        sa.Column("elder_id", text(length=31), nullable=False),
        sa.Column("area_code", text(length=14), nullable=False),
        sa.Column("kitchen_id", text(length=31), nullable=False),
        sa.Column("menu_id", text(length=31), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("point_id", text(length=31), nullable=True),
        sa.Column("visit_id", text(length=31), nullable=True),
        sa.Column("is_standing", sa.Boolean(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "ordered",
                "cancelled",
                "on_the_way",
                "handed_over",
                name="orderstate",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("cancel_reason", text(length=200), nullable=False),
        sa.Column("round_id", text(length=31), nullable=True),
        sa.Column("handed_at", instant(), nullable=True),
        sa.Column("handed_c", sa.Integer(), nullable=True),
        sa.Column("was_eaten", sa.Boolean(), nullable=True),
        sa.Column("by_user_id", text(length=31), nullable=False),
        sa.Column("at", instant(), nullable=False),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_mealorder_area_code")),
        sa.ForeignKeyConstraint(["elder_id"], ["person.id"], name=op.f("fk_mealorder_elder_id")),
        sa.ForeignKeyConstraint(["kitchen_id"], ["facility.id"], name=op.f("fk_mealorder_kitchen_id")),
        sa.ForeignKeyConstraint(["menu_id"], ["menu.id"], name=op.f("fk_mealorder_menu_id")),
        sa.ForeignKeyConstraint(["point_id"], ["facility.id"], name=op.f("fk_mealorder_point_id")),
        sa.ForeignKeyConstraint(["round_id"], ["mealround.id"], name=op.f("fk_mealorder_round_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_mealorder_visit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mealorder")),
        sa.UniqueConstraint("elder_id", "on", name=op.f("uq_mealorder_elder_id_on")),
    )
    with op.batch_alter_table("mealorder", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_mealorder_area_code"), ["area_code"], unique=False)
        batch_op.create_index(batch_op.f("ix_mealorder_elder_id"), ["elder_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_mealorder_kitchen_id"), ["kitchen_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_mealorder_menu_id"), ["menu_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_mealorder_on"), ["on"], unique=False)
        batch_op.create_index(batch_op.f("ix_mealorder_round_id"), ["round_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_mealorder_visit_id"), ["visit_id"], unique=False)

    op.create_table(
        "unreachedcase",
        sa.Column("id", text(length=31), nullable=False),
        sa.Column("elder_id", text(length=31), nullable=False),
        sa.Column("area_code", text(length=14), nullable=False),
        sa.Column("visit_id", text(length=31), nullable=False),
        sa.Column("opened_at", instant(), nullable=False),
        sa.Column("closed_at", instant(), nullable=True),
        sa.Column(
            "end",
            sa.Enum(
                "reached", "elsewhere", "handled", name="caseend", native_enum=False, create_constraint=True, length=24
            ),
            nullable=True,
        ),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_unreachedcase_area_code")),
        sa.ForeignKeyConstraint(["elder_id"], ["person.id"], name=op.f("fk_unreachedcase_elder_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_unreachedcase_visit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unreachedcase")),
    )
    with op.batch_alter_table("unreachedcase", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_unreachedcase_area_code"), ["area_code"], unique=False)
        batch_op.create_index(batch_op.f("ix_unreachedcase_closed_at"), ["closed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_unreachedcase_elder_id"), ["elder_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_unreachedcase_visit_id"), ["visit_id"], unique=True)

    op.create_table(
        "unreachedstep",
        sa.Column("id", text(length=31), nullable=False),
        sa.Column("case_id", text(length=31), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "first_try",
                "second_try",
                "neighbour",
                "village",
                "emergency",
                name="stepkind",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("at", instant(), nullable=False),
        sa.Column("by_user_id", text(length=31), nullable=False),
        sa.Column(
            "outcome",
            sa.Enum(
                "well",
                "needs_help",
                "no_answer",
                "elsewhere",
                name="outcome",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("words_sealed", sa.Text(), nullable=False),
        sa.Column("event_id", text(length=31), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["unreachedcase.id"], name=op.f("fk_unreachedstep_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unreachedstep")),
        sa.UniqueConstraint("case_id", "kind", name=op.f("uq_unreachedstep_case_id_kind")),
    )
    with op.batch_alter_table("unreachedstep", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_unreachedstep_case_id"), ["case_id"], unique=False)


def downgrade() -> None:
    """Back."""
    for table in TABLES:
        op.drop_table(table)
    with op.batch_alter_table("visitgeneration", schema=None) as batch_op:
        batch_op.drop_column("left_out")
        batch_op.drop_column("moved")
    with op.batch_alter_table("visit", schema=None) as batch_op:
        for name in ("moved_because", "moved_from_on", "skills"):
            batch_op.drop_column(name)
    with op.batch_alter_table("careitem", schema=None) as batch_op:
        for name in ("moves_when_off", "diet", "skills"):
            batch_op.drop_column(name)
