"""Entries that turned out to be one person: which is kept, which were joined to it, and what of both one may read."""

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session, col, select

from timebank.core.actors import Scope
from timebank.core.db import table_of
from timebank.people.models import Person


def entries_of(person_id: str | ColumnElement[str]) -> sa.Select[tuple[str]]:
    """The ids under which somebody is registered: the entry itself, and whatever was merged into it, link by link."""
    return _with_merged(table_of(Person).c.id == person_id)


def _with_merged(condition: ColumnElement[bool]) -> sa.Select[tuple[str]]:
    person = table_of(Person).c
    same = sa.select(person.id).where(condition).cte("same", recursive=True)
    same = same.union_all(sa.select(person.id).where(person.merged_into_id == same.c.id))
    return sa.select(same.c.id)


def with_merged(session: Session, scope: Scope) -> Scope:
    """A scope for what stays under the entry it was written for, such as books and sheets.

    Members also see the entries that were merged into theirs and into those they act for.
    """
    if scope.person_ids is None:
        return scope
    found = session.connection().execute(_with_merged(table_of(Person).c.id.in_(scope.person_ids)))
    return Scope(scope.area_code, frozenset(str(person_id) for (person_id,) in found))


def kept_entry(session: Session, person_id: str) -> str:
    """The entry under which somebody is registered now: the entry itself unless it was merged, link by link."""
    while (entry := session.get(Person, person_id)) and entry.merged_into_id:
        person_id = entry.merged_into_id
    return person_id


def joined_entries(session: Session, person_id: str) -> list[Person]:
    """The entries that were merged into one, link by link, by id."""
    found = select(Person).where(col(Person.id).in_(entries_of(person_id)), Person.id != person_id)
    return list(session.exec(found.order_by(Person.id)))


def kept_entries(session: Session) -> dict[str, str]:
    """For each entry that was merged into another one: the entry that is kept, at the end of the chain."""
    merged_ones = select(Person.id, Person.merged_into_id).where(col(Person.merged_into_id).is_not(None))
    into = {merged: str(kept) for merged, kept in session.exec(merged_ones)}
    ends = dict(into)
    for merged in into:
        while ends[merged] in into:
            ends[merged] = into[ends[merged]]
    return ends
