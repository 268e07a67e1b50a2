"""When a hold ended, so that a month's sheet can say what was set aside on its last day, whenever the close runs.

Holds that ended before are given the instant that the record knows: the drawing's, else the release's in the event log.
Where it knows none, a hold that ran out gets the time at which it was to run out; any other stays without one.
"""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

DRAWN = (
    "UPDATE hold SET ended_at = (SELECT min(transfer.recorded_at) FROM transfer "
    "WHERE transfer.source_id = hold.source_id AND transfer.reason = 'redeem') WHERE state IN ('captured', 'released')"
)
FREED = (  # one event tells of all holds of a request
    "UPDATE hold SET ended_at = (SELECT min(auditevent.at) FROM hold AS told "
    "JOIN auditevent ON auditevent.subject_id = told.id AND auditevent.action = 'ledger.release' "
    "WHERE told.source_id = hold.source_id) WHERE state <> 'waiting' AND ended_at IS NULL"
)
RAN_OUT = "UPDATE hold SET ended_at = expires_at WHERE state = 'expired' AND ended_at IS NULL"


def upgrade() -> None:
    """Forward."""
    with op.batch_alter_table("hold") as batch:
        batch.add_column(sa.Column("ended_at", UTCDateTime(), nullable=True))
    for known in (DRAWN, FREED, RAN_OUT):
        op.execute(known)


def downgrade() -> None:
    """Back; when holds ended is forgotten."""
    with op.batch_alter_table("hold") as batch:
        batch.drop_column("ended_at")
