"""day plans"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "dayproblem",
        sa.Column("digest", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("area_code", sqlmodel.sql.sqltypes.AutoString(length=14), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_dayproblem_area_code")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_dayproblem")),
    )
    with op.batch_alter_table("dayproblem", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_dayproblem_area_code"), ["area_code"], unique=False)
        batch_op.create_index(batch_op.f("ix_dayproblem_on"), ["on"], unique=False)
    op.create_table(
        "dayplan",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("area_code", sqlmodel.sql.sqltypes.AutoString(length=14), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "published",
                "superseded",
                "trial",
                name="dayplanstate",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("problem_digest", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("cost", sa.Integer(), nullable=False),
        sa.Column("left_out", sa.Integer(), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("engine", sqlmodel.sql.sqltypes.AutoString(length=24), nullable=False),
        sa.Column("locks", sa.JSON(), nullable=False),
        sa.Column("amends_id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=True),
        sa.Column("reason", sa.JSON(), nullable=False),
        sa.Column("made_by", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("made_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("published_by", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("published_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["amends_id"], ["dayplan.id"], name=op.f("fk_dayplan_amends_id")),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_dayplan_area_code")),
        sa.ForeignKeyConstraint(["problem_digest"], ["dayproblem.digest"], name=op.f("fk_dayplan_problem_digest")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dayplan")),
        sa.UniqueConstraint("area_code", "on", "version", name=op.f("uq_dayplan_area_code_on_version")),
    )
    with op.batch_alter_table("dayplan", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_dayplan_area_code"), ["area_code"], unique=False)
        batch_op.create_index(batch_op.f("ix_dayplan_on"), ["on"], unique=False)
    op.create_table(
        "daynotice",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("day_plan_id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("person_id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("as_elder", sa.Boolean(), nullable=False),
        sa.Column("steps", sa.JSON(), nullable=False),
        sa.Column("told_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("told_by", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.ForeignKeyConstraint(["day_plan_id"], ["dayplan.id"], name=op.f("fk_daynotice_day_plan_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_daynotice_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_daynotice")),
        sa.UniqueConstraint(
            "day_plan_id", "person_id", "as_elder", name=op.f("uq_daynotice_day_plan_id_person_id_as_elder")
        ),
    )
    with op.batch_alter_table("daynotice", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_daynotice_day_plan_id"), ["day_plan_id"], unique=False)
    op.create_table(
        "dayplanchange",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("day_plan_id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(length=24), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("before", sa.LargeBinary(), nullable=False),
        sa.Column("locks_before", sa.JSON(), nullable=False),
        sa.Column("undone", sa.Boolean(), nullable=False),
        sa.Column("by_user_id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["day_plan_id"], ["dayplan.id"], name=op.f("fk_dayplanchange_day_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dayplanchange")),
        sa.UniqueConstraint("day_plan_id", "revision", name=op.f("uq_dayplanchange_day_plan_id_revision")),
    )
    with op.batch_alter_table("dayplanchange", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_dayplanchange_day_plan_id"), ["day_plan_id"], unique=False)
    op.create_table(
        "plannerrun",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("area_code", sqlmodel.sql.sqltypes.AutoString(length=14), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("problem_digest", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("running", "done", "failed", name="runstate", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column("stop_asked", sa.Boolean(), nullable=False),
        sa.Column("curve", sa.JSON(), nullable=False),
        sa.Column("tasks", sa.Integer(), nullable=False),
        sa.Column("trial", sa.JSON(), nullable=False),
        sa.Column("start_plan_id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=True),
        sa.Column("day_plan_id", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=True),
        sa.Column("fault", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("made_by", sqlmodel.sql.sqltypes.AutoString(length=31), nullable=False),
        sa.Column("role_of_maker", sqlmodel.sql.sqltypes.AutoString(length=24), nullable=False),
        sa.Column("area_of_maker", sqlmodel.sql.sqltypes.AutoString(length=14), nullable=False),
        sa.Column("started_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("seen_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("ended_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name=op.f("fk_plannerrun_area_code")),
        sa.ForeignKeyConstraint(["day_plan_id"], ["dayplan.id"], name=op.f("fk_plannerrun_day_plan_id")),
        sa.ForeignKeyConstraint(["problem_digest"], ["dayproblem.digest"], name=op.f("fk_plannerrun_problem_digest")),
        sa.ForeignKeyConstraint(["start_plan_id"], ["dayplan.id"], name=op.f("fk_plannerrun_start_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plannerrun")),
    )
    with op.batch_alter_table("plannerrun", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_plannerrun_area_code"), ["area_code"], unique=False)
        batch_op.create_index(batch_op.f("ix_plannerrun_on"), ["on"], unique=False)
        batch_op.create_index(batch_op.f("ix_plannerrun_state"), ["state"], unique=False)


def downgrade() -> None:
    """Back."""
    with op.batch_alter_table("plannerrun", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_plannerrun_state"))
        batch_op.drop_index(batch_op.f("ix_plannerrun_on"))
        batch_op.drop_index(batch_op.f("ix_plannerrun_area_code"))
    op.drop_table("plannerrun")
    with op.batch_alter_table("dayplanchange", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_dayplanchange_day_plan_id"))
    op.drop_table("dayplanchange")
    with op.batch_alter_table("daynotice", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_daynotice_day_plan_id"))
    op.drop_table("daynotice")
    with op.batch_alter_table("dayplan", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_dayplan_on"))
        batch_op.drop_index(batch_op.f("ix_dayplan_area_code"))
    op.drop_table("dayplan")
    with op.batch_alter_table("dayproblem", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_dayproblem_on"))
        batch_op.drop_index(batch_op.f("ix_dayproblem_area_code"))
    op.drop_table("dayproblem")
