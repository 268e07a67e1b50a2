"""assessments and beds"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_BED_STATES = ("applied", "assessed", "checked", "active", "suspended", "closed")
_NEW_BED_STATES = ("applied", "assessed", "checked", "contracted", "active", "suspended", "closed")


def _states(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=24)


def upgrade() -> None:
    """Forward. Answers that lie sealed stay as they are; a bed's lists become tables of their own."""
    text, instant = sqlmodel.sql.sqltypes.AutoString, sqlmodel.sql.sqltypes.UTCDateTime
    with op.batch_alter_table("assessment", schema=None) as batch_op:
        for name in ("adjustments", "total", "rule_trace", "assessor_ids"):
            batch_op.drop_column(name)
        batch_op.alter_column(
            "item_scores_sealed",
            new_column_name="content_sealed",
            existing_type=sa.String(length=2000),
            type_=sa.Text(),
            existing_nullable=False,
        )
        batch_op.alter_column("level", existing_type=sa.Integer(), nullable=True)
        batch_op.add_column(sa.Column("scale_digest", text(length=64), nullable=False, server_default=""))
        batch_op.add_column(
            sa.Column(
                "state",
                _states("assessmentstate", "draft", "waiting", "valid", "withdrawn"),
                nullable=False,
                server_default="valid",
            )
        )
        batch_op.add_column(sa.Column("first_assessor_id", text(length=31), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("first_signed_at", instant(), nullable=True))
        batch_op.add_column(sa.Column("second_assessor_id", text(length=31), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("second_signed_at", instant(), nullable=True))
        batch_op.add_column(sa.Column("answers_dispute_id", text(length=31), nullable=True))
        batch_op.add_column(
            sa.Column("changed_at", instant(), nullable=False, server_default="1970-01-01 00:00:00.000000")
        )
    with op.batch_alter_table("assessment", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_assessment_state"), ["state"], unique=False)
        batch_op.create_index(batch_op.f("ix_assessment_first_assessor_id"), ["first_assessor_id"], unique=False)

    op.create_table(
        "assessmentdispute",
        sa.Column("id", text(length=31), nullable=False),
        sa.Column("assessment_id", text(length=31), nullable=False),
        sa.Column("elder_id", text(length=31), nullable=False),
        sa.Column("area_code", text(length=14), nullable=False),
        sa.Column("by_user_id", text(length=31), nullable=False),
        sa.Column("words_sealed", sa.Text(), nullable=False),
        sa.Column("raised_at", instant(), nullable=False),
        sa.Column("settled_by_id", text(length=31), nullable=True),
        sa.ForeignKeyConstraint(["assessment_id"], ["assessment.id"], name=op.f("fk_assessmentdispute_assessment_id")),
        sa.ForeignKeyConstraint(["elder_id"], ["person.id"], name=op.f("fk_assessmentdispute_elder_id")),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_assessmentdispute_area_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessmentdispute")),
    )
    with op.batch_alter_table("assessmentdispute", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_assessmentdispute_assessment_id"), ["assessment_id"], unique=True)
        batch_op.create_index(batch_op.f("ix_assessmentdispute_elder_id"), ["elder_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_assessmentdispute_area_code"), ["area_code"], unique=False)

    with op.batch_alter_table("carebed", schema=None) as batch_op:
        batch_op.drop_column("equipment")
        batch_op.drop_column("adaptations")
        batch_op.alter_column(
            "state",
            existing_type=_states("bedstate", *_BED_STATES),
            type_=_states("bedstate", *_NEW_BED_STATES),
            existing_nullable=False,
        )
        batch_op.add_column(sa.Column("applied_by", text(length=31), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("assessment_id", text(length=31), nullable=True))
        batch_op.create_foreign_key(batch_op.f("fk_carebed_assessment_id"), "assessment", ["assessment_id"], ["id"])
    with op.batch_alter_table("carebed", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_carebed_state"), ["state"], unique=False)
    _tables_of_beds(text, instant)


def _tables_of_beds(text: type, instant: type) -> None:
    op.create_table(
        "bedstep",
        sa.Column("id", text(length=31), nullable=False),
        sa.Column("bed_id", text(length=31), nullable=False),
        sa.Column("step", text(length=16), nullable=False),
        sa.Column("state", _states("bedstate", *_NEW_BED_STATES), nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("evidence", text(length=200), nullable=False),
        sa.Column("words", text(length=400), nullable=False),
        sa.Column("by_user_id", text(length=31), nullable=False),
        sa.Column("at", instant(), nullable=False),
        sa.ForeignKeyConstraint(["bed_id"], ["carebed.id"], name=op.f("fk_bedstep_bed_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bedstep")),
    )
    op.create_table(
        "bedequipment",
        sa.Column("id", text(length=31), nullable=False),
        sa.Column("bed_id", text(length=31), nullable=False),
        sa.Column("kind", text(length=24), nullable=False),
        sa.Column("mark", text(length=40), nullable=False),
        sa.Column("placed_on", sa.Date(), nullable=False),
        sa.Column("returned_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["bed_id"], ["carebed.id"], name=op.f("fk_bedequipment_bed_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bedequipment")),
    )
    op.create_table(
        "bedadaptation",
        sa.Column("id", text(length=31), nullable=False),
        sa.Column("bed_id", text(length=31), nullable=False),
        sa.Column("kind", text(length=24), nullable=False),
        sa.Column("before_start", sa.Boolean(), nullable=False),
        sa.Column("done_on", sa.Date(), nullable=True),
        sa.Column("evidence", text(length=200), nullable=False),
        sa.ForeignKeyConstraint(["bed_id"], ["carebed.id"], name=op.f("fk_bedadaptation_bed_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bedadaptation")),
    )
    op.create_table(
        "bedinspection",
        sa.Column("id", text(length=31), nullable=False),
        sa.Column("bed_id", text(length=31), nullable=False),
        sa.Column("area_code", text(length=14), nullable=False),
        sa.Column("checklist", text(length=40), nullable=False),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.Column("words", text(length=400), nullable=False),
        sa.Column("inspected_on", sa.Date(), nullable=False),
        sa.Column("by_user_id", text(length=31), nullable=False),
        sa.Column("at", instant(), nullable=False),
        sa.ForeignKeyConstraint(["bed_id"], ["carebed.id"], name=op.f("fk_bedinspection_bed_id")),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_bedinspection_area_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bedinspection")),
    )
    op.create_table(
        "bedhazard",
        sa.Column("id", text(length=31), nullable=False),
        sa.Column("bed_id", text(length=31), nullable=False),
        sa.Column("area_code", text(length=14), nullable=False),
        sa.Column("inspection_id", text(length=31), nullable=False),
        sa.Column("item", text(length=40), nullable=False),
        sa.Column("grade", text(length=12), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("mended_on", sa.Date(), nullable=True),
        sa.Column("mended_by", text(length=31), nullable=False),
        sa.Column("evidence", text(length=200), nullable=False),
        sa.Column("closed_by_id", text(length=31), nullable=True),
        sa.ForeignKeyConstraint(["bed_id"], ["carebed.id"], name=op.f("fk_bedhazard_bed_id")),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_bedhazard_area_code")),
        sa.ForeignKeyConstraint(["inspection_id"], ["bedinspection.id"], name=op.f("fk_bedhazard_inspection_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bedhazard")),
    )
    for table in ("bedstep", "bedequipment", "bedadaptation", "bedinspection", "bedhazard"):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.create_index(batch_op.f(f"ix_{table}_bed_id"), ["bed_id"], unique=False)
            if table in ("bedinspection", "bedhazard"):
                batch_op.create_index(batch_op.f(f"ix_{table}_area_code"), ["area_code"], unique=False)


def downgrade() -> None:
    """Back. Totals and traces lie sealed and are not brought back: they can be counted again from the answers."""
    for table in ("bedhazard", "bedinspection", "bedadaptation", "bedequipment", "bedstep"):
        op.drop_table(table)
    op.execute("UPDATE carebed SET state = 'checked' WHERE state = 'contracted'")
    with op.batch_alter_table("carebed", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_carebed_state"))
    with op.batch_alter_table("carebed", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_carebed_assessment_id"), type_="foreignkey")
        batch_op.drop_column("assessment_id")
        batch_op.drop_column("applied_by")
        batch_op.alter_column(
            "state",
            existing_type=_states("bedstate", *_NEW_BED_STATES),
            type_=_states("bedstate", *_BED_STATES),
            existing_nullable=False,
        )
        batch_op.add_column(sa.Column("equipment", sa.JSON(), nullable=False, server_default="[]"))
        batch_op.add_column(sa.Column("adaptations", sa.JSON(), nullable=False, server_default="[]"))
    op.drop_table("assessmentdispute")
    op.execute("DELETE FROM assessment WHERE state <> 'valid'")
    with op.batch_alter_table("assessment", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_assessment_state"))
        batch_op.drop_index(batch_op.f("ix_assessment_first_assessor_id"))
        batch_op.drop_constraint(batch_op.f("ck_assessment_assessmentstate"), type_="check")
    with op.batch_alter_table("assessment", schema=None) as batch_op:
        for name in ("scale_digest", "state", "first_assessor_id", "first_signed_at"):
            batch_op.drop_column(name)
        for name in ("second_assessor_id", "second_signed_at", "answers_dispute_id", "changed_at"):
            batch_op.drop_column(name)
        batch_op.alter_column("level", existing_type=sa.Integer(), nullable=False)
        batch_op.alter_column(
            "content_sealed",
            new_column_name="item_scores_sealed",
            existing_type=sa.Text(),
            type_=sa.String(length=2000),
            existing_nullable=False,
        )
        for name in ("adjustments", "rule_trace", "assessor_ids"):
            batch_op.add_column(sa.Column(name, sa.JSON(), nullable=False, server_default="[]"))
        batch_op.add_column(sa.Column("total", sa.Integer(), nullable=False, server_default="0"))
