"""Groups, teams and the three indicators of the district's plan."""

from datetime import date

import pytest

from tests import factories as make
from tests.mutual.conftest import Neighbours
from timebank.core import db
from timebank.core.errors import BadInput, NotFound, Refused
from timebank.mutual import operations, queries
from timebank.mutual.models import GroupKind
from timebank.mutual.rules import Share

TODAY = date(2026, 11, 3)


def shares(area_code: str, digits: int) -> dict[str, dict[str, Share]]:
    with db.reading() as session:
        rows = queries.coverage(session, area_code, TODAY, level_digits=digits)
    return {row.area_code: dict(row.shares) for row in rows}


def test_the_indicators_count_what_stands_and_nothing_else(neighbours: Neighbours) -> None:
    by_township = shares(make.DISTRICT, 9)
    assert by_township[make.TOWNSHIP] == {"assistant": Share(1, 2), "team": Share(0, 2), "group": Share(1, 2)}
    assert by_township[make.OTHER_TOWNSHIP] == {"assistant": Share(0, 1), "team": Share(0, 1), "group": Share(0, 1)}
    by_village = shares(make.TOWNSHIP, 12)
    assert by_village[make.VILLAGE] == {"assistant": Share(1, 1), "team": Share(0, 1), "group": Share(1, 1)}


def test_a_group_counts_from_the_members_that_the_rules_ask_for(neighbours: Neighbours) -> None:
    with db.transaction() as session:
        operations.leave(
            session, actor=neighbours.actor("wang"), group_id=neighbours.group.id, person_id=neighbours.third.id
        )
    assert shares(make.TOWNSHIP, 12)[make.VILLAGE]["group"] == Share(0, 1)


def test_a_place_has_one_group_of_a_kind_and_it_can_be_called_together_again(neighbours: Neighbours) -> None:
    wang, cast = neighbours.actor("wang"), neighbours.cast
    again = {"area_code": make.GROUP, "kind": GroupKind.GROUP, "leader_id": cast.zhang.id}
    with pytest.raises(Refused) as refusal, db.transaction() as session:
        operations.found_group(session, actor=wang, **again)  # type: ignore[arg-type]
    assert refusal.value.code == "mutual.stands_already"
    with db.transaction() as session:
        operations.end_group(session, actor=wang, group_id=neighbours.group.id)
    assert shares(make.TOWNSHIP, 12)[make.VILLAGE]["group"] == Share(0, 1)
    with db.transaction() as session:
        group = operations.found_group(session, actor=wang, **again)  # type: ignore[arg-type]
        assert (group.id, group.leader_id) == (neighbours.group.id, cast.zhang.id)
        assert [person.id for person in queries.members_of(session, group.id, TODAY)] == [cast.zhang.id]


@pytest.mark.parametrize(
    ("area_code", "kind"), [(make.VILLAGE, GroupKind.GROUP), (make.GROUP, GroupKind.TEAM)], ids=["village", "group"]
)
def test_a_group_belongs_to_a_villager_group_and_a_team_to_a_village(
    neighbours: Neighbours, area_code: str, kind: GroupKind
) -> None:
    with pytest.raises(BadInput) as refusal, db.transaction() as session:
        operations.found_group(
            session,
            actor=neighbours.actor("zhou"),
            area_code=area_code,
            kind=kind,
            leader_id=neighbours.cast.li.id,
        )
    assert refusal.value.code == "mutual.wrong_level"


def test_a_stranger_neither_leads_nor_joins_and_another_township_sees_nothing(neighbours: Neighbours) -> None:
    with pytest.raises(BadInput) as refusal, db.transaction() as session:
        operations.join(
            session,
            actor=neighbours.actor("wang"),
            group_id=neighbours.group.id,
            person_id=neighbours.cast.yang.id,
        )
    assert refusal.value.field == "person_id"
    for who in ("sun", "yang", "zhang"):  # 张哥 belongs to it but does not lead it
        with pytest.raises(NotFound), db.transaction() as session:
            operations.join(
                session, actor=neighbours.actor(who), group_id=neighbours.group.id, person_id=neighbours.third.id
            )


def test_the_leader_stays_until_somebody_else_leads(neighbours: Neighbours) -> None:
    li, wang = neighbours.cast.li, neighbours.actor("wang")
    with pytest.raises(Refused) as refusal, db.transaction() as session:
        operations.leave(session, actor=wang, group_id=neighbours.group.id, person_id=li.id)
    assert refusal.value.code == "mutual.leader_leaves"
    with db.transaction() as session:
        operations.name_leader(session, actor=wang, group_id=neighbours.group.id, person_id=neighbours.cast.zhang.id)
        operations.leave(session, actor=wang, group_id=neighbours.group.id, person_id=li.id)
        assert li.id not in {person.id for person in queries.members_of(session, neighbours.group.id, TODAY)}


def test_a_township_s_own_size_of_a_group_counts_whoever_asks(neighbours: Neighbours) -> None:
    with db.transaction() as session:
        make.rules_of(session=session, area_code=make.TOWNSHIP, changes={"mutual.least_members": 5})
    for area in (make.DISTRICT, make.TOWNSHIP):
        assert shares(area, 12)[make.VILLAGE]["group"] == Share(0, 1)
