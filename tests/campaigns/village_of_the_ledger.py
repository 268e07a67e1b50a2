"""The village of campaign C4 as every one of its scripts finds it."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from tests import factories as make
from timebank.core import clock, ids
from timebank.core.actors import SYSTEM, Actor, Role
from timebank.core.db import transaction
from timebank.ledger import operations as ledger
from timebank.people.models import Household, Kinship
from timebank.policies import operations as policies

BEGIN = datetime.fromisoformat("2026-11-03T09:00:00+08:00")
FIRST, SECOND = Actor("usr_first", Role.BUREAU, make.DISTRICT), Actor("usr_second", Role.BUREAU, make.DISTRICT)
AT_FIRST = {"balance.cap_minutes": 700, "transfer.max_minutes_per_year": 120}  # near enough to be met
MEMBERS, OPENING_MINUTES = 3, 300
OPENING: dict[str, Any] = {
    "minutes": OPENING_MINUTES,
    "why": "from the register",
    "second_user_id": "usr_wu",
    "evidence": "book 1",
}


class Village:
    """Old members with five hours each and a gift; every script begins in a copy of it, with the same names."""

    def __init__(self, original: sa.Engine) -> None:
        self.original, self.people = original, list[str]()
        with ids.seeded(1), clock.frozen(BEGIN):
            with transaction() as session:
                make.district(session=session)
                self.home = make.household(session=session).code
                for _ in range(MEMBERS):
                    self.people.append(somebody_old(session, self.home, self.people))
            with transaction() as session:
                what = {"area_code": make.DISTRICT, "starts_on": BEGIN.date(), "changes": AT_FIRST}
                decision = policies.propose(session, actor=FIRST, **what)
                session.flush()
                self.decision_id = policies.approve(session, actor=SECOND, version_id=decision.id).id
            with transaction() as session:
                for person_id in self.people:
                    account = ledger.open_account(session, actor=SYSTEM, person_id=person_id, area_code=make.GROUP)
                    ledger.adjust(session, actor=SYSTEM, account_id=account.id, key=person_id, **OPENING)
                ledger.give_gifts(session, actor=SYSTEM, area_code=make.DISTRICT, month=f"{BEGIN:%Y-%m}")


def somebody_old(session: Session, home: str, kin: list[str]) -> str:
    """The id of somebody who is given hours each month, and is spouse of each of the kin."""
    made = make.person(
        session=session,
        household=session.get_one(Household, home),
        name="村民",
        born_on=date(1940, 3, 5),
        consents=(),
    )
    made.elder_since_on, made.tags = date(2020, 3, 5), ["disabled"]
    for other in kin:
        for person_id, kin_id in ((made.id, other), (other, made.id)):
            session.add(Kinship(id=ids.new_id("kin"), person_id=person_id, kin_id=kin_id, relation="spouse"))
    session.flush()
    return made.id
