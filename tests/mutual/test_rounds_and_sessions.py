"""Rounds of doors and afternoons together: what they count for, and who may say so."""

from datetime import date

import pytest
from sqlmodel import Session, select

from tests import factories as make
from tests.fixtures.site import At
from tests.mutual.conftest import Neighbours
from timebank.core import db
from timebank.core.errors import BadInput, NotAllowed, NotFound, Refused
from timebank.ledger.models import Reason, Transfer
from timebank.ledger.queries import account_of, commons_of
from timebank.mutual import operations, queries
from timebank.mutual.models import GroupSession, PatrolRound, SessionState
from timebank.mutual.month_queries import month_of
from timebank.visiting.models import Outcome, UnreachedCase
from timebank.visiting.queries import visiting_rate

TODAY = date(2026, 11, 3)


def plan(neighbours: Neighbours) -> PatrolRound:
    with db.transaction() as session:
        return operations.plan_round(session, actor=neighbours.actor("li"), group_id=neighbours.group.id, on=TODAY)


def door_of(session: Session, patrol: PatrolRound, elder_id: str) -> queries.Door:
    return next(door for door in queries.doors_of(session, [patrol.id])[patrol.id] if door.elder.id == elder_id)


def tell(neighbours: Neighbours, patrol: PatrolRound, elder_id: str, outcome: Outcome, who: str = "zhang") -> None:
    with db.transaction() as session:
        door = door_of(session, patrol, elder_id).door
        operations.tell_door(session, actor=neighbours.actor(who), round_id=patrol.id, door_id=door.id, outcome=outcome)


def visited() -> int:
    with db.reading() as session:
        return sum(row.visited for row in visiting_rate(session, make.VILLAGE, "2026-11"))


def test_a_round_has_every_elder_of_the_villager_group_in_the_order_of_the_doors(neighbours: Neighbours) -> None:
    patrol, cast = plan(neighbours), neighbours.cast
    with db.reading() as session:
        doors = queries.doors_of(session, [patrol.id])[patrol.id]
    assert [(door.door.place, door.elder.id) for door in doors] == [(1, cast.chen_popo.id), (2, cast.ran_daye.id)]
    assert plan(neighbours).id == patrol.id  # a second plan of the day adds nothing


def test_a_door_that_opened_counts_for_the_visiting_rate_once(neighbours: Neighbours) -> None:
    patrol, elder = plan(neighbours), neighbours.cast.chen_popo
    assert visited() == 0
    tell(neighbours, patrol, elder.id, Outcome.WELL)
    tell(neighbours, patrol, elder.id, Outcome.NEEDS_HELP)  # the first word stands
    assert visited() == 1
    with db.reading() as session:
        record = door_of(session, patrol, elder.id).record
        assert record is not None and record.outcome == Outcome.WELL


def test_a_door_that_stayed_shut_counts_for_nothing_and_begins_the_search(neighbours: Neighbours, at: At) -> None:
    patrol, elder = plan(neighbours), neighbours.cast.chen_popo
    tell(neighbours, patrol, elder.id, Outcome.NO_ANSWER)
    assert visited() == 0
    with db.reading() as session:
        search = session.exec(select(UnreachedCase).where(UnreachedCase.elder_id == elder.id)).one()
        assert search.closed_at is None
    at("2026-11-03 11:00")
    tell(neighbours, patrol, elder.id, Outcome.WELL)  # a second walk to the door
    assert visited() == 1
    with db.reading() as session:
        assert session.get_one(UnreachedCase, search.id).closed_at is not None


def test_only_members_walk_a_round_and_nobody_tells_their_own_door(neighbours: Neighbours) -> None:
    patrol = plan(neighbours)
    for who in ("yang", "sun"):
        with pytest.raises(NotFound):
            tell(neighbours, patrol, neighbours.cast.chen_popo.id, Outcome.WELL, who)


def test_a_round_of_tomorrow_is_not_told_today(neighbours: Neighbours) -> None:
    with db.transaction() as session:
        patrol = operations.plan_round(
            session, actor=neighbours.actor("wang"), group_id=neighbours.group.id, on=date(2026, 11, 4)
        )
    with pytest.raises(Refused) as refusal:
        tell(neighbours, patrol, neighbours.cast.chen_popo.id, Outcome.WELL)
    assert refusal.value.code == "mutual.round_to_come"
    with pytest.raises(BadInput), db.transaction() as session:
        operations.plan_round(
            session, actor=neighbours.actor("wang"), group_id=neighbours.group.id, on=date(2026, 11, 2)
        )


def told(neighbours: Neighbours, who: str = "li", **changed: object) -> GroupSession:
    cast = neighbours.cast
    given = {
        "on": TODAY,
        "from_minute": 7 * 60,
        "minutes": 100,
        "topic": "table",
        "helped": [cast.li.id, cast.zhang.id],
        "came": [cast.chen_popo.id],
    }
    with db.transaction() as session:
        return operations.tell_session(
            session,
            actor=neighbours.actor(who),
            group_id=neighbours.group.id,
            told=operations.SessionIn(**(given | changed)),  # type: ignore[arg-type]
        )


def test_an_afternoon_is_told_once(neighbours: Neighbours) -> None:
    first = told(neighbours)
    with pytest.raises(Refused, match="helped in another session"):
        told(neighbours, from_minute=7 * 60 + 30, minutes=60, helped=[neighbours.cast.zhang.id])
    told(neighbours, from_minute=5 * 60, minutes=120)  # over when the other begins
    with db.transaction() as session:
        operations.reject_session(session, actor=neighbours.actor("wang"), session_id=first.id, reason="不是那天")
    told(neighbours)


def test_hours_of_a_session_go_to_the_commons_after_a_second_person_agreed(neighbours: Neighbours) -> None:
    made = told(neighbours)
    with db.transaction() as session:
        operations.accept_session(session, actor=neighbours.actor("wang"), session_id=made.id)
    with db.reading() as session:
        posted = session.exec(select(Transfer).where(Transfer.source_id == made.id)).all()
        assert [(row.reason, row.minutes) for row in posted] == [(Reason.GROUP_SESSION, 90)] * 2  # 100 rounded down
        assert {row.credit_account_id for row in posted} == {commons_of(session, make.VILLAGE).id}
        account = account_of(session, neighbours.cast.li.id)
        assert account is None or account.balance_minutes == 0
        month = month_of(session, neighbours.group, "2026-11")
        assert (month.session_minutes, len(month.sessions)) == (200, 1)
    with pytest.raises(Refused), db.transaction() as session:
        operations.accept_session(session, actor=neighbours.actor("zhou"), session_id=made.id)


def test_who_told_a_session_does_not_accept_it(neighbours: Neighbours) -> None:
    made = told(neighbours, "wang")
    with pytest.raises(NotAllowed) as refusal, db.transaction() as session:
        operations.accept_session(session, actor=neighbours.actor("wang"), session_id=made.id)
    assert refusal.value.code == "mutual.same_person"
    with db.transaction() as session:
        assert (
            operations.accept_session(session, actor=neighbours.actor("zhou"), session_id=made.id).state
            == SessionState.ACCEPTED
        )


def test_a_session_that_was_sent_back_credits_nobody(neighbours: Neighbours) -> None:
    made = told(neighbours)
    with db.transaction() as session:
        operations.reject_session(session, actor=neighbours.actor("wang"), session_id=made.id, reason="那天没有来")
    with db.reading() as session:
        assert session.exec(select(Transfer).where(Transfer.source_id == made.id)).all() == []


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"on": date(2026, 11, 4)}, "on"),
        ({"from_minute": 8 * 60}, "from"),
        ({"minutes": 600}, "minutes"),
        ({"topic": "gambling"}, "topic"),
        ({"helped": []}, "helped"),
    ],
    ids=["tomorrow", "not over", "ten hours", "no topic", "no helper"],
)
def test_a_session_that_cannot_have_been_is_refused_by_field(
    neighbours: Neighbours, changed: dict[str, object], field: str
) -> None:
    with pytest.raises(BadInput) as refusal:
        told(neighbours, **changed)
    assert refusal.value.field == field


def test_a_helper_who_is_no_member_and_a_guest_from_elsewhere_are_refused(neighbours: Neighbours) -> None:
    cast = neighbours.cast
    with pytest.raises(BadInput) as refusal:
        told(neighbours, helped=[cast.yang.id])
    assert refusal.value.code == "mutual.helpers_are_members"
    with pytest.raises(BadInput) as refusal:
        told(neighbours, came=[cast.hu_daye.id])
    assert refusal.value.code == "mutual.guests_of_village"
    with pytest.raises(BadInput) as refusal:
        told(neighbours, came=[cast.li.id])
    assert refusal.value.code == "mutual.both_parts"


def test_the_month_of_a_group_adds_up_what_its_members_did(neighbours: Neighbours) -> None:
    cast, patrol = neighbours.cast, plan(neighbours)
    tell(neighbours, patrol, cast.chen_popo.id, Outcome.WELL)
    with db.transaction() as session:
        make.earned(session=session, person=cast.zhang, elder=cast.ran_daye, minutes=45)
        make.earned(session=session, person=cast.yang, elder=cast.hu_daye, minutes=60)  # no member
        for helper in (neighbours.third, cast.zhang):  # he is looked after once, by both
            operations.pair(session, actor=neighbours.actor("wang"), elder_id=cast.ran_daye.id, helper_id=helper.id)
    with db.reading() as session:
        month = month_of(session, neighbours.group, "2026-11")
    assert (month.reached, month.visits, month.visit_minutes, month.pairs) == (1, 1, 45, 1)
