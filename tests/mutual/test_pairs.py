"""结对: who can be a pair, for how long, and what it means for the same face at the door."""

from datetime import date, timedelta

import pytest

from tests import factories as make
from tests.fixtures.site import At
from tests.mutual.conftest import Neighbours
from timebank.core import clock, db
from timebank.core.errors import BadInput, Refused
from timebank.dayplans.queries.facts import gather
from timebank.emergency import operations as emergency
from timebank.emergency.queries import on_duty_at
from timebank.mutual import operations, queries, rules
from timebank.mutual.models import Pairing
from timebank.people import operations as people
from timebank.people.models import PersonState

TODAY = date(2026, 11, 3)


def pair(neighbours: Neighbours, helper_id: str = "", elder_id: str = "") -> Pairing:
    with db.transaction() as session:
        return operations.pair(
            session,
            actor=neighbours.actor("wang"),
            elder_id=elder_id or neighbours.cast.chen_popo.id,
            helper_id=helper_id or neighbours.cast.zhang.id,
        )


def test_a_pair_lasts_until_it_is_ended_with_a_reason(neighbours: Neighbours, at: At) -> None:
    made, cast = pair(neighbours), neighbours.cast
    at("2026-11-20 09:00")
    with db.transaction() as session:
        assert queries.paired_helpers(session, [cast.chen_popo.id], clock.today()) == {
            cast.chen_popo.id: frozenset({cast.zhang.id})
        }
        ended = operations.end_pairing(
            session, actor=neighbours.actor("wang"), pairing_id=made.id, reason="张哥搬到城里"
        )
        assert (ended.ends_on, ended.end_reason) == (date(2026, 11, 19), "张哥搬到城里")
        assert queries.paired_helpers(session, [cast.chen_popo.id], clock.today()) == {}
        assert queries.paired_helpers(session, [cast.chen_popo.id], date(2026, 11, 10)) != {}


def test_elders_in_special_difficulty_without_a_pair_are_named(neighbours: Neighbours) -> None:
    cast = neighbours.cast
    with db.reading() as session:
        assert {elder.id for elder in queries.alone_in(session, make.VILLAGE, TODAY)} == {
            cast.chen_popo.id,
            cast.ran_daye.id,
        }
        assert queries.count_pairs(session, make.VILLAGE, TODAY) == rules.Share(0, 2)
    pair(neighbours)
    with db.reading() as session:
        assert [elder.id for elder in queries.alone_in(session, make.VILLAGE, TODAY)] == [cast.ran_daye.id]
        assert queries.count_pairs(session, make.VILLAGE, TODAY) == rules.Share(1, 2)


def test_the_planner_knows_the_paired_helper_as_a_face_of_the_elder(neighbours: Neighbours) -> None:
    cast = neighbours.cast
    with db.transaction() as session:
        make.visit(session=session, elder=cast.chen_popo)
    with db.reading() as session:
        assert cast.zhang.id not in gather(session, make.TOWNSHIP, TODAY).known_faces.get(cast.chen_popo.id, {})
    pair(neighbours)
    with db.reading() as session:
        assert cast.zhang.id in gather(session, make.TOWNSHIP, TODAY).known_faces[cast.chen_popo.id]


def test_two_who_are_a_pair_already_are_not_paired_again(neighbours: Neighbours) -> None:
    pair(neighbours)
    with pytest.raises(Refused) as refusal:
        pair(neighbours)
    assert refusal.value.code == "mutual.paired_already"


def test_nobody_is_paired_with_an_elder_of_their_own_home(neighbours: Neighbours) -> None:
    with db.transaction() as session:
        home = make.household(session=session, number=20)
        elder = make.elder(session=session, household=home, name="向婆婆")
        son = make.volunteer(session=session, household=home, name="向大哥")
    with pytest.raises(Refused) as refusal:
        pair(neighbours, son.id, elder.id)
    assert refusal.value.code == "mutual.same_home"


def test_a_volunteer_of_another_township_is_no_neighbour(neighbours: Neighbours) -> None:
    with pytest.raises(BadInput) as refusal:
        pair(neighbours, neighbours.cast.yang.id)
    assert refusal.value.field == "helper_id"


FINE = rules.PairFacts(
    is_elder=True, is_volunteer=True, same_home=False, is_known=False, helpers_of_elder=0, elders_of_helper=0
)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"is_elder": False}, "mutual.not_an_elder"),
        ({"is_volunteer": False}, "mutual.not_a_volunteer"),
        ({"helpers_of_elder": 2}, "mutual.elder_has_enough"),
        ({"elders_of_helper": 5}, "mutual.helper_has_enough"),
    ],
    ids=["no elder", "no volunteer", "two helpers", "five elders"],
)
def test_a_pair_beyond_the_rules_is_refused_by_name(changed: dict[str, bool | int], code: str) -> None:
    facts = rules.PairFacts(**(vars(FINE) | changed))  # type: ignore[arg-type]
    with pytest.raises((BadInput, Refused)) as refusal:
        rules.check_pair(facts, helpers_per_elder=2, elders_per_helper=5)
    assert refusal.value.code == code
    rules.check_pair(FINE, helpers_per_elder=2, elders_per_helper=5)


def test_a_death_ends_the_pair_as_one_of_its_effects(neighbours: Neighbours) -> None:
    made = pair(neighbours)
    with db.transaction() as session:
        case = people.change_state(
            session,
            actor=neighbours.actor("zhou"),
            person_id=neighbours.cast.chen_popo.id,
            state=PersonState.DEAD,
            since_on=TODAY,
        )
        assert case.detail["done"]["pairs_ended"] == 1
        assert session.get_one(Pairing, made.id).ends_on == TODAY - timedelta(days=1)


def test_who_moves_away_belongs_to_no_group_and_is_on_no_duty_list(neighbours: Neighbours, at: At) -> None:
    zhou, person = neighbours.actor("zhou"), neighbours.third
    with db.transaction() as session:
        emergency.add_shift(
            session,
            actor=zhou,
            area_code=make.VILLAGE,
            person_id=person.id,
            weekday=2,
            from_minute=0,
            to_minute=12 * 60,
        )
        case = people.change_state(session, actor=zhou, person_id=person.id, state=PersonState.MOVED, since_on=TODAY)
        assert (case.detail["done"]["groups_left"], case.detail["done"]["shifts_ended"]) == (1, 1)
        assert person.id not in {one.id for one in queries.members_of(session, neighbours.group.id, TODAY)}
    now = at("2026-11-04 09:00")
    with db.reading() as session:
        assert on_duty_at(session, make.GROUP, now) == []
