"""Rows of the starting state, made and written in bulk: a hundred thousand model objects would take half a minute."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from sqlmodel import Session, SQLModel

from timebank.core.db import table_of

Row = SimpleNamespace
"""One row of a table: every column as an attribute."""


@dataclass
class Rows:
    """Rows by table, in the order in which they were made."""

    by_table: dict[type[SQLModel], list[Row]] = field(default_factory=dict)

    def add(self, model: type[SQLModel], **values: Any) -> Row:
        """Make a row with the model's defaults for what is not given, and keep it."""
        row = Row(**{name: values[name] if name in values else default() for name, default in _columns(model)})
        self.by_table.setdefault(model, []).append(row)
        return row

    def of(self, model: type[SQLModel]) -> list[Row]:
        """The rows of a table so far."""
        return self.by_table.get(model, [])

    def write(self, session: Session, order: Sequence[type[SQLModel]]) -> None:
        """Insert the rows of some tables in that order: who is referred to comes first."""
        for model in order:
            if self.of(model):
                session.connection().execute(sa.insert(table_of(model)), [vars(row) for row in self.of(model)])


@cache
def _columns(model: type[SQLModel]) -> list[tuple[str, Callable[[], Any]]]:
    return [(column.name, _default(model.model_fields[column.name])) for column in table_of(model).columns]


def _default(found: FieldInfo) -> Callable[[], Any]:
    if found.default_factory is not None:
        return found.default_factory  # type: ignore[return-value]
    value = None if found.default is PydanticUndefined else found.default
    return lambda: value
