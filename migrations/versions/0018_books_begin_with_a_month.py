"""The month before the books began counts as closed, so that no entry is booked in a month of long ago.

Only where no month was closed yet. Entries that stand in an older month already are part of what the first sheet opens
with. The table takes no row back: on the way down the month stays, which older releases read as any other closed one.
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

from timebank.core import months

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

ACCOUNT = sa.table("houraccount", sa.column("kind", sa.String), sa.column("opened_at", UTCDateTime()))
CLOSED = sa.table(
    "closedmonth",
    sa.column("month", sa.String),
    sa.column("next_month", sa.String),
    sa.column("closed_at", UTCDateTime()),
)


def upgrade() -> None:
    """Forward."""
    connection = op.get_bind()
    opened_at = connection.execute(sa.select(sa.func.min(ACCOUNT.c.opened_at)).where(ACCOUNT.c.kind == "pool")).scalar()
    if opened_at is None or connection.execute(sa.select(CLOSED.c.month)).first() is not None:
        return
    first = months.month_of(opened_at)
    row = {"month": months.preceding(first), "next_month": first, "closed_at": datetime.now(UTC)}
    connection.execute(sa.insert(CLOSED).values(row))


def downgrade() -> None:
    """Back: nothing to do."""
