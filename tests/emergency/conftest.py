"""The cast as it stands before an alarm: who lives how far from 陈婆婆's door, and who speaks for what."""

from dataclasses import dataclass

import pytest

from tests import factories as make
from tests.cast import Cast
from timebank.core import db
from timebank.core.actors import Actor, Role
from timebank.emergency import operations, queries
from timebank.emergency.models import CaseAsk, CaseEntry, CaseSource, EmergencyCase, EntryKind
from timebank.people.models import Person


@dataclass(frozen=True)
class Village:
    """The cast: 李姐 and 张哥 live 220 m and 330 m from 陈婆婆, 周嫂 in the next village."""

    cast: Cast
    far_helper: Person

    def actor(self, name: str) -> Actor:
        """A member of the cast as the guard would hand them to an operation."""
        cast = self.cast
        return {
            "li": Actor(cast.users["li"], Role.VOLUNTEER, make.VILLAGE, cast.li.id),
            "zhang": Actor(cast.users["zhang"], Role.VOLUNTEER, make.VILLAGE, cast.zhang.id),
            "yang": Actor(cast.users["yang"], Role.VOLUNTEER, make.OTHER_VILLAGE, cast.yang.id),
            "xiaofang": Actor(
                cast.users["xiaofang"],
                Role.ELDER,
                make.VILLAGE,
                cast.xiaofang.id,
                frozenset({cast.chen_popo.id}),
            ),
            "wang": Actor(cast.users["wang"], Role.ASSISTANT, make.VILLAGE, cast.wang.id),
            "zhou": Actor(cast.users["zhou"], Role.COORDINATOR, make.TOWNSHIP),
            "wu": Actor(cast.users["wu"], Role.SUPERVISOR, make.TOWNSHIP),
            "sun": Actor(cast.users["sun"], Role.COORDINATOR, make.OTHER_TOWNSHIP),
            "tan": Actor(cast.users["tan"], Role.BUREAU, make.DISTRICT),
        }[name]

    def alarm(self, who: str = "xiaofang", source: CaseSource = CaseSource.PHONE) -> EmergencyCase:
        """An alarm for 陈婆婆."""
        with db.transaction() as session:
            return operations.open_case(
                session, actor=self.actor(who), elder_id=self.cast.chen_popo.id, source=source, words="摔在灶房"
            )

    def asked(self, case: EmergencyCase) -> list[CaseAsk]:
        """Who was asked, in order."""
        with db.reading() as session:
            return [helper for helper, _ in queries.helpers_of(session, [case.id]).get(case.id, [])]

    def log(self, case: EmergencyCase) -> list[CaseEntry]:
        """The log of a case."""
        with db.reading() as session:
            return queries.entries_of(session, case.id)

    def kinds(self, case: EmergencyCase) -> list[EntryKind]:
        """The kinds of the lines of a log."""
        return [entry.kind for entry in self.log(case)]

    def now(self, case: EmergencyCase) -> EmergencyCase:
        """The case as it stands now."""
        with db.reading() as session:
            return session.get_one(EmergencyCase, case.id)

    def watch(self) -> None:
        """What the job does every minute."""
        with db.transaction() as session:
            operations.watch(session, area_code=make.DISTRICT)


@pytest.fixture
def village(cast: Cast) -> Village:
    """Tuesday, 3 November 2026, nine o'clock."""
    with db.transaction() as session:
        home = make.household(session=session, group_code=make.NEXT_GROUP, number=7)
        return Village(cast, make.volunteer(session=session, household=home, name="周嫂"))
