"""A village with a group that has a leader and two members, and elders behind its doors."""

from dataclasses import dataclass

import pytest

from tests import factories as make
from tests.cast import Cast
from timebank.core import db
from timebank.core.actors import Actor, Role
from timebank.mutual import operations
from timebank.mutual.models import GroupKind, HelpGroup
from timebank.people.models import Person

ASSISTANT, COORDINATOR = "wang", "zhou"


@dataclass(frozen=True)
class Neighbours:
    """The cast, the group of 一组 with 李姐 at its head, and who else lives there."""

    cast: Cast
    group: HelpGroup
    third: Person

    def actor(self, name: str) -> Actor:
        """A member of the cast as the guard would hand them to an operation."""
        cast = self.cast
        return {
            "li": Actor(cast.users["li"], Role.VOLUNTEER, make.VILLAGE, cast.li.id),
            "zhang": Actor(cast.users["zhang"], Role.VOLUNTEER, make.VILLAGE, cast.zhang.id),
            "yang": Actor(cast.users["yang"], Role.VOLUNTEER, make.OTHER_VILLAGE, cast.yang.id),
            "wang": Actor(cast.users["wang"], Role.ASSISTANT, make.VILLAGE, cast.wang.id),
            "zhou": Actor(cast.users["zhou"], Role.COORDINATOR, make.TOWNSHIP),
            "sun": Actor(cast.users["sun"], Role.COORDINATOR, make.OTHER_TOWNSHIP),
        }[name]


@pytest.fixture
def neighbours(cast: Cast) -> Neighbours:
    """李姐 leads the group of the villager group; 张哥 and 刘嫂 belong to it."""
    with db.transaction() as session:
        home = make.household(session=session, number=9)
        third = make.volunteer(session=session, household=home, name="刘嫂")
        wang = Actor(cast.users["wang"], Role.ASSISTANT, make.VILLAGE, cast.wang.id)
        group = operations.found_group(
            session, actor=wang, area_code=make.GROUP, kind=GroupKind.GROUP, leader_id=cast.li.id
        )
        for person in (cast.zhang, third):
            operations.join(session, actor=wang, group_id=group.id, person_id=person.id)
        for elder in (cast.chen_popo, cast.ran_daye):
            kept = session.get_one(Person, elder.id)
            kept.tags = ["living_alone"]
            session.add(kept)
    return Neighbours(cast, group, third)
