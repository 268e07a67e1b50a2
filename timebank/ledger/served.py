"""What somebody did for others, as the ledger has it: one reading for passbook, certificate, limits and honours.

An hour above the cap was served all the same: its row goes from the pool to the commons and names the helper in its key
alone. Who was registered twice served under each entry. What was taken back does not count.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session

from timebank.core.db import in_area, table_of
from timebank.ledger.models import AccountKind, HourAccount, Reason, Transfer
from timebank.ledger.queries import stands
from timebank.people.entries import entries_of

OVER = "over:"  # the row of what was above the cap has the key of its posting behind this
HELP = (Reason.EARN,)  # help at somebody's home
ALL_HELP = (Reason.EARN, Reason.GROUP_SESSION)
_KEYS = {Reason.EARN: "earn:", Reason.GROUP_SESSION: "group:"}  # then the visit or session, then the helper
_IS_OVER = sa.text("transfer.reason = 'overflow'")  # in these words, so that both databases take the index made for it
_t, _a = table_of(Transfer).c, table_of(HourAccount).c
_COLUMNS = (_a.person_id, _t.source_id, _t.minutes, _t.event_at, _t.book_month)


def served(
    *conditions: ColumnElement[bool],
    kinds: Collection[Reason] = HELP,
    since: ColumnElement[Any] | datetime | None = None,
    before: ColumnElement[Any] | datetime | None = None,
) -> sa.Subquery:
    """Rows of help in a span of time: person_id, source_id, minutes, event_at, book_month.

    Conditions are on the columns of the helper's own account (table `houraccount`).
    """
    kept = sa.select(*_COLUMNS).where(_t.credit_account_id == _a.id, _t.reason.in_(kinds))
    over = [
        sa.select(*_COLUMNS)
        .where(_IS_OVER, _t.key.startswith(f"{OVER}{_KEYS[kind]}"), _a.kind == AccountKind.MEMBER)
        .where(_a.person_id == sa.func.substr(_t.key, sa.func.length(_t.source_id) + len(f"{OVER}{_KEYS[kind]}:") + 1))
        for kind in kinds
    ]
    span = [_t.event_at >= since] if since is not None else []
    span += [_t.event_at < before] if before is not None else []
    return sa.union_all(*(part.where(*conditions, *span, stands()) for part in (kept, *over))).subquery()


def went_over() -> ColumnElement[bool]:
    """Whether a transfer is what the member of an account (table `houraccount`) helped above the cap."""
    helper = [sa.literal(f"{OVER}{_KEYS[kind]}") + _t.source_id + ":" + _a.person_id for kind in ALL_HELP]
    return sa.and_(_IS_OVER, _a.kind == AccountKind.MEMBER, _t.key.in_(helper))


def concerns(transfer: Transfer, account: HourAccount) -> bool:
    """Whether a transfer is a line of an account: one of its sides, or what its member helped above the cap."""
    over = [f"{OVER}{_KEYS[kind]}{transfer.source_id}:{account.person_id}" for kind in ALL_HELP]
    return account.id in (transfer.debit_account_id, transfer.credit_account_id) or transfer.key in over


def served_minutes(session: Session, person_id: str) -> int:
    """Minutes that somebody helped in all."""
    rows = served(by(person_id))
    return int(session.connection().execute(sa.select(sa.func.coalesce(sa.func.sum(rows.c.minutes), 0))).scalar_one())


def served_in(session: Session, area_code: str, after_month: str) -> int:
    """Minutes that people of an area helped in the book months after one."""
    rows = served(in_area(_a.area_code, area_code), _t.book_month > after_month)
    return int(session.connection().execute(sa.select(sa.func.coalesce(sa.func.sum(rows.c.minutes), 0))).scalar_one())


def by(person_id: str | ColumnElement[str]) -> ColumnElement[bool]:
    """The accounts of one person: their own and those of the entries that were merged into theirs."""
    return _a.person_id.in_(entries_of(person_id))
