"""PostgreSQL's posting moves a limited side where its limit allows it, instead of locking, reading and moving it."""

from alembic import op

from timebank.ledger.ddl import POST

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(POST)


def downgrade() -> None:
    """Back: the function of before gave the same verdicts, so the one of now may stay."""
