"""Take work exactly once: a conditional update that only one of several processes can win."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel

from timebank.core.db import table_of


def claim(
    session: Session, model: type[SQLModel], key: str, *, expected: dict[str, Any], change: dict[str, Any]
) -> bool:
    """Change the row with id `key` if it still is as `expected`; True for the one caller who changed it."""
    table = table_of(model)
    conditions = [table.c[name] == value for name, value in expected.items()]
    statement = sa.update(table).where(table.c.id == key, *conditions).values(**change)
    return session.connection().execute(statement).rowcount == 1


def is_first(session: Session, model: type[SQLModel], **row: Any) -> bool:
    """Write a row whose key says what is being done; True for the one caller whose row it is.

    To be called in the unit of work of the effect: a process that dies takes its row with it, so another does the work.
    Another caller with the same key waits until that unit of work has ended.
    """
    table = table_of(model)
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = insert(table).values(**row).on_conflict_do_nothing().returning(sa.literal(1))
    return session.connection().execute(statement).first() is not None
