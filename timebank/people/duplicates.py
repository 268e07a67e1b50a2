"""Entries that may be one person: same name and birth in a village, or readings and days that differ by a slip."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import combinations

import sqlalchemy as sa
from sqlmodel import Session, col, select

from timebank.core.actors import Scope
from timebank.core.db import in_area, table_of
from timebank.core.text import T, Text
from timebank.people.models import Person, PersonState, TwoPeople
from timebank.people.rules import pair_key

_MOST_PAIRS = 100
WHY: dict[str, Text] = {
    "same": T("same name, same birthday, same village"),
    "sound": T("sounds alike, same birthday, same village"),
    "day": T("same name and village, birthdays that differ by a slip of the pen"),
}


@dataclass(frozen=True)
class Pair:
    """Two entries that may be one person, the older entry first, and why."""

    one: Person
    other: Person
    why: str


def suspected(session: Session, scope: Scope) -> list[Pair]:
    """Pairs of an office's area that nobody has told apart yet, the surest first.

    Equal identity numbers cannot occur: the hash is unique, and a check that brings one up is refused and leads here.
    """
    told_apart = set(session.exec(select(TwoPeople.id)))
    found = [
        Pair(one, other, why)
        for one, other in _close(session, scope)
        if pair_key(one.id, other.id) not in told_apart and (why := likeness(one, other))
    ]
    order = list(WHY)
    return sorted(found, key=lambda pair: (order.index(pair.why), pair.one.pinyin_key, pair.one.id))[:_MOST_PAIRS]


def _close(session: Session, scope: Scope) -> Iterator[tuple[Person, Person]]:
    """Pairs of a village that share the birthday or the reading; only these can be alike."""
    p = table_of(Person).c
    here = sa.select(p.id, p.area_code, p.born_on, p.pinyin_key).where(
        in_area(p.area_code, scope.area_code), p.state.not_in([PersonState.MERGED, PersonState.DEAD])
    )
    groups: dict[tuple[str, object], list[str]] = defaultdict(list)
    for person_id, area_code, born_on, key in session.connection().execute(here.order_by(p.id)):
        groups[area_code[:12], born_on].append(person_id)
        groups[area_code[:12], key].append(person_id)
    pairs = {pair for members in groups.values() if len(members) > 1 for pair in combinations(members, 2)}
    wanted = select(Person).where(col(Person.id).in_({person_id for pair in pairs for person_id in pair}))
    people = {person.id: person for person in session.exec(wanted)} if pairs else {}
    return ((people[one], people[other]) for one, other in sorted(pairs))


def likeness(one: Person, other: Person) -> str:
    """Why two entries of one village may be one person; empty if they are not alike. A couple differs in sex."""
    if one.sex != other.sex:
        return ""
    if one.born_on == other.born_on:
        if one.name == other.name:
            return "same"
        return "sound" if _sound_alike(one.pinyin_key, other.pinyin_key) else ""
    return "day" if one.name == other.name and _is_slip(one.born_on, other.born_on) else ""


def _sound_alike(one: str, other: str) -> bool:
    """Equal, or equal for ears that do not tell n from l, f from h, or sh, zh, ch from s, z, c, as in Chongqing."""
    return _as_heard(one) == _as_heard(other)


def _as_heard(key: str) -> str:
    for spoken, heard in (("zh", "z"), ("ch", "c"), ("sh", "s"), ("ng", "n"), ("hu", "f"), ("l", "n")):
        key = key.replace(spoken, heard)
    return key


def _is_slip(one: date, other: date) -> bool:
    """Day and month exchanged, one part misread, or the traditional date beside the official one (within 50 days)."""
    swapped = (one.year, one.month, one.day) == (other.year, other.day, other.month)
    same_parts = (one.year == other.year) + (one.month == other.month) + (one.day == other.day)
    return swapped or same_parts == 2 or (one.year == other.year and abs((one - other).days) <= 50)
