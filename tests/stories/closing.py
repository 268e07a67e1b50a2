"""Closing the books of a month for stories that only need the books closed, not its statements."""

from timebank.core import clock, months
from timebank.core.db import transaction
from timebank.ledger.models import ClosedMonth
from timebank.ledger.posting import lock_books


def close(month: str) -> None:
    """From now on, what happened in this month is booked in the next."""
    with transaction() as session:
        lock_books(session)
        session.add(ClosedMonth(month=month, next_month=months.following(month), closed_at=clock.now()))
