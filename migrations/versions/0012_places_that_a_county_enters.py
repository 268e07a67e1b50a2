"""Places of service as a county enters them: clinics too, an English name, opening times, closed from a day on.

SQLite makes a table anew to change a check, and empties the old one on the way: what points at a place would stand in
the way. So the tables of meals let go of it first and take hold of it again afterwards.
"""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

KINDS = ("station", "kitchen", "dining_point", "van_base")
POINTS = (  # table, column, what it points at
    ("mealorder", "kitchen_id", "facility"),
    ("mealorder", "point_id", "facility"),
    ("mealorder", "menu_id", "menu"),
    ("mealorder", "round_id", "mealround"),
    ("menu", "kitchen_id", "facility"),
    ("mealround", "kitchen_id", "facility"),
)
ADDED = ("name_en", "opens_minute", "closes_minute", "closed_from_on")


def _let_go() -> None:
    for table in ("mealorder", "menu", "mealround"):
        with op.batch_alter_table(table) as batch:
            for _, column, _ in (point for point in POINTS if point[0] == table):
                batch.drop_constraint(op.f(f"fk_{table}_{column}"), type_="foreignkey")


def _take_hold() -> None:
    for table in ("menu", "mealround", "mealorder"):
        with op.batch_alter_table(table) as batch:
            for _, column, other in (point for point in POINTS if point[0] == table):
                batch.create_foreign_key(op.f(f"fk_{table}_{column}"), other, [column], ["id"])


def _allow(*kinds: str) -> None:
    with op.batch_alter_table("facility") as batch:
        batch.drop_constraint(op.f("ck_facility_facilitykind"), type_="check")
        listed = ", ".join(f"'{kind}'" for kind in kinds)
        batch.create_check_constraint(op.f("ck_facility_facilitykind"), sa.text(f"kind IN ({listed})"))


def upgrade() -> None:
    """Forward."""
    with op.batch_alter_table("facility") as batch:
        batch.add_column(sa.Column("name_en", AutoString(length=60), nullable=False, server_default=""))
        batch.add_column(sa.Column("opens_minute", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("closes_minute", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("closed_from_on", sa.Date(), nullable=True))
    _let_go()
    _allow(*KINDS, "clinic")
    _take_hold()
    with op.batch_alter_table("escort") as batch:
        batch.add_column(sa.Column("clinic_id", AutoString(length=31), nullable=True))
        batch.create_foreign_key(op.f("fk_escort_clinic_id"), "facility", ["clinic_id"], ["id"])


def downgrade() -> None:
    """Back; clinics are forgotten, appointments keep the name."""
    with op.batch_alter_table("escort") as batch:
        batch.drop_constraint(op.f("fk_escort_clinic_id"), type_="foreignkey")
        batch.drop_column("clinic_id")
    op.execute("DELETE FROM facility WHERE kind = 'clinic'")
    _let_go()
    _allow(*KINDS)
    with op.batch_alter_table("facility") as batch:
        for name in ADDED:
            batch.drop_column(name)
    _take_hold()
