"""Take work exactly once: a conditional update that only one of several processes can win."""

from typing import Any

import sqlalchemy as sa
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
