"""volunteers and people"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_PAPER_COLUMNS = (("title", 120), ("issuer", 80), ("entered_by", 31))


def upgrade() -> None:
    """Forward."""
    text, instant = sqlmodel.sql.sqltypes.AutoString, sqlmodel.sql.sqltypes.UTCDateTime
    with op.batch_alter_table("person", schema=None) as batch_op:
        batch_op.add_column(sa.Column("pinyin_key", text(length=120), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("initials", text(length=40), nullable=False, server_default=""))
        batch_op.create_index(batch_op.f("ix_person_pinyin_key"), ["pinyin_key"], unique=False)
        batch_op.create_index(batch_op.f("ix_person_initials"), ["initials"], unique=False)
    _fill_keys()
    with op.batch_alter_table("qualification", schema=None) as batch_op:
        for name, length in _PAPER_COLUMNS:
            batch_op.add_column(sa.Column(name, text(length=length), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("length_minutes", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("revoked_at", instant(), nullable=True))
    with op.batch_alter_table("personcase", schema=None) as batch_op:
        for name in ("opened_by", "closed_by"):
            batch_op.add_column(sa.Column(name, text(length=31), nullable=False, server_default=""))
    op.create_table(
        "twopeople",
        sa.Column("id", text(length=63), nullable=False),
        sa.Column("decided_by", text(length=31), nullable=False),
        sa.Column("decided_at", instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_twopeople")),
    )
    op.create_table(
        "guardianconsent",
        sa.Column("id", text(length=31), nullable=False),
        sa.Column("person_id", text(length=31), nullable=False),
        sa.Column("guardian_id", text(length=31), nullable=False),
        sa.Column("relation", text(length=24), nullable=False),
        sa.Column("evidence", text(length=200), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("given_to", text(length=31), nullable=False),
        sa.Column("revoked_at", instant(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_guardianconsent_person_id")),
        sa.ForeignKeyConstraint(["guardian_id"], ["person.id"], name=op.f("fk_guardianconsent_guardian_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guardianconsent")),
    )
    with op.batch_alter_table("guardianconsent", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_guardianconsent_person_id"), ["person_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_guardianconsent_guardian_id"), ["guardian_id"], unique=False)


def _fill_keys() -> None:
    """What is searched, from the readings that are there."""
    person = sa.table("person", *(sa.column(name) for name in ("id", "pinyin", "pinyin_key", "initials")))
    keys = [
        {
            "of": row.id,
            "key": "".join(sign for sign in row.pinyin if sign.isalpha()).replace("ü", "u").replace("v", "u"),
            "first": "".join(word[0] for word in row.pinyin.split())[:40],
        }
        for row in op.get_bind().execute(sa.select(person.c.id, person.c.pinyin))
    ]
    fill = sa.update(person).where(person.c.id == sa.bindparam("of"))
    if keys:
        op.get_bind().execute(fill.values(pinyin_key=sa.bindparam("key"), initials=sa.bindparam("first")), keys)


def downgrade() -> None:
    """Back."""
    op.drop_table("guardianconsent")
    op.drop_table("twopeople")
    with op.batch_alter_table("personcase", schema=None) as batch_op:
        for name in ("opened_by", "closed_by"):
            batch_op.drop_column(name)
    with op.batch_alter_table("qualification", schema=None) as batch_op:
        for name in ("revoked_at", "length_minutes", *(name for name, _ in _PAPER_COLUMNS)):
            batch_op.drop_column(name)
    with op.batch_alter_table("person", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_person_initials"))
        batch_op.drop_index(batch_op.f("ix_person_pinyin_key"))
        batch_op.drop_column("initials")
        batch_op.drop_column("pinyin_key")
