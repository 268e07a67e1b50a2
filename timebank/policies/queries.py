"""Which rules are in force where and when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
import sqlalchemy.orm
from sqlmodel import Session, col, select

from timebank.policies.models import PolicyVersion
from timebank.policies.rules import KEYS, may_decide, merged

DEFAULTS_VERSION = "pol_defaults"
_CACHE = "policies in force"


@dataclass(frozen=True)
class Policy:
    """The rules of an area on a day. `version` names the decision rows that made it, for the posting to keep."""

    area_code: str
    on: date
    version: str
    values: Mapping[str, Any]

    def number(self, key: str) -> int:
        """The whole number set for a key."""
        return int(self.values[key])

    def choice(self, key: str) -> str:
        """The choice set for a key."""
        return str(self.values[key])

    def codes(self, key: str) -> frozenset[str]:
        """The choices set for a key that takes many."""
        return frozenset(str(self.values[key]).split())


def in_force(session: Session, area_code: str, on: date) -> Policy:
    """The rules for an area on a day: defaults, then each approved version that has begun, district before township.

    Looked up once in a unit of work; a decision written in the same one is seen.
    """
    cached: dict[tuple[str, date], Policy] = session.info.setdefault(_CACHE, {})
    known = cached.get((area_code[:9], on))
    if known is None:
        known = cached[area_code[:9], on] = _decided(session, area_code, on)
    return known


@sa.event.listens_for(PolicyVersion, "after_insert")
@sa.event.listens_for(PolicyVersion, "after_update")
def _forget_cached(_mapper: object, _connection: object, row: PolicyVersion) -> None:
    session = sa.orm.object_session(row)
    if session is not None:
        session.info.pop(_CACHE, None)


def _decided(session: Session, area_code: str, on: date) -> Policy:
    codes = [area_code[:size] for size in (6, 9) if len(area_code) >= size]
    rows = session.exec(
        select(PolicyVersion)
        .where(
            col(PolicyVersion.area_code).in_(codes),
            PolicyVersion.starts_on <= on,
            col(PolicyVersion.approved_by).is_not(None),
        )
        .order_by(col(PolicyVersion.starts_on), col(PolicyVersion.serial), col(PolicyVersion.id))
    ).all()
    layers: list[Mapping[str, Any]] = []
    names: list[str] = []
    for code in codes:
        of_level = [row for row in rows if row.area_code == code]
        layers += [_decided_in(code, row.changes) for row in of_level]  # what a version does not name stays as it is
        names += [row.id for row in of_level[-1:]]
    return Policy(area_code, on, "+".join(names) or DEFAULTS_VERSION, merged(layers))


def _decided_in(area_code: str, changes: Mapping[str, Any]) -> Mapping[str, Any]:
    """What an area may decide of what it once did: nothing stands as in force that nobody follows."""
    return {name: value for name, value in changes.items() if may_decide(area_code, name)}


def versions_of(session: Session, area_code: str) -> list[PolicyVersion]:
    """All decisions that touch an area, newest start first."""
    codes = [area_code[:size] for size in (6, 9) if len(area_code) >= size]
    found = select(PolicyVersion).where(col(PolicyVersion.area_code).in_(codes))
    newest = (col(PolicyVersion.starts_on).desc(), col(PolicyVersion.serial).desc(), col(PolicyVersion.id).desc())
    return list(session.exec(found.order_by(*newest)))


def next_serial(session: Session, area_code: str) -> int:
    """The number of the next decision of an area."""
    last = select(sa.func.coalesce(sa.func.max(PolicyVersion.serial), 0)).where(PolicyVersion.area_code == area_code)
    return int(session.exec(last).one()) + 1


def is_assumed(policy_rows: list[PolicyVersion], key: str) -> bool:
    """Whether the value of a key is still our assumption: marked as such and decided by nobody."""
    return KEYS[key].assumed and not any(key in row.changes for row in policy_rows if row.approved_by)
