"""Words for stories of hours: who has how much, and what becomes of it, in plain minutes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from sqlmodel import Session, select

from tests.cast import Cast
from timebank.areas.models import Area
from timebank.core import clock, ids
from timebank.core.actors import SYSTEM, Actor, Role
from timebank.core.db import reading, transaction
from timebank.core.errors import TimebankError
from timebank.ledger import operations as ledger
from timebank.ledger import queries
from timebank.ledger.models import AccountKind, HourAccount
from timebank.ledger.verify import verify
from timebank.people.models import Person
from timebank.policies import operations as policies
from timebank.policies.queries import in_force

DISTRICT = "500156"


@dataclass(frozen=True)
class Has:
    """What stands in the accounts of a person, minutes; a person without an account has nothing."""

    own: int = 0
    gift: int = 0
    held: int = 0


def has(person: Person) -> Has:
    """What a person has now."""
    with reading() as session:
        found = {
            account.kind: account
            for account in session.exec(select(HourAccount).where(HourAccount.person_id == person.id))
        }
        own, gift = found.get(AccountKind.MEMBER), found.get(AccountKind.GIFT)
        held = sum(account.held_minutes for account in found.values())
        return Has(own.balance_minutes if own else 0, gift.balance_minutes if gift else 0, held)


def pool() -> int:
    """The pool's minutes: below zero is what it owes."""
    with reading() as session:
        return queries.balance_minutes(session, queries.pool_of(session, DISTRICT).id)


def commons() -> int:
    """The minutes donated for elders in hardship."""
    with reading() as session:
        return queries.balance_minutes(session, queries.commons_of(session, DISTRICT).id)


def helps(person: Person, minutes: int, *, visit_id: str = "") -> str:
    """Somebody helped for a while, just now, and it was reviewed; the id of the visit."""
    visit_id = visit_id or ids.new_id("vis")
    with transaction() as session:
        policy = in_force(session, person.area_code, clock.today())
        now = clock.now()
        ledger.earn(
            session, actor=SYSTEM, person=person, minutes=minutes, visit_id=visit_id, event_at=now, policy=policy
        )
    return visit_id


def does(what: Callable[..., Any], **values: Any) -> Any:
    """Do one operation of the ledger as the office, in a unit of work of its own."""
    with transaction() as session:
        return what(session, **{"actor": SYSTEM} | values)


def is_refused(code: str, what: Callable[..., Any], **values: Any) -> None:
    """The same, and it must be refused with this code and a sentence; nothing is written."""
    with reading() as session:
        before = _state(session)
    with pytest.raises(TimebankError) as caught:
        does(what, **values)
    assert caught.value.code == code
    assert str(caught.value.message)
    with reading() as session:
        assert _state(session) == before


def _state(session: Session) -> Any:
    accounts = session.exec(select(HourAccount).order_by(HourAccount.id))
    return [(account.id, account.balance_minutes, account.held_minutes, account.closed_at) for account in accounts]


def rules_become(**changes: Any) -> None:
    """The bureau decides: from today on these rules are in force, and limits follow them."""
    with transaction() as session:
        area_code = session.exec(select(Area.code).where(Area.code == DISTRICT)).one()
        named = {name.replace("__", "."): value for name, value in changes.items()}
        proposed = policies.propose(session, actor=SYSTEM, area_code=area_code, starts_on=clock.today(), changes=named)
        policies.approve(session, actor=Actor("usr_second", Role.BUREAU, DISTRICT), version_id=proposed.id)
    does(ledger.apply_limits, district_code=DISTRICT)


def by_themselves(cast: Cast, person: Person) -> Actor:
    """A member acting for themselves."""
    return Actor(f"usr_{person.id[-8:]}", Role.VOLUNTEER, person.area_code, person_id=person.id)


def is_sound() -> bool:
    """Whether every check of the ledger holds."""
    with reading() as session:
        return verify(session).problems == []
