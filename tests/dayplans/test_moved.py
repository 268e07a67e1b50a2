"""The plan was made in the evening, the elder moved in the night: the stop stands out until the day is planned anew."""

from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from tests import factories as make
from tests.dayplans.township import COORDINATOR, add_visit, fill
from tests.fixtures.site import At
from timebank.careplans.models import ServiceKind
from timebank.core import clock, db
from timebank.core.actors import Actor, Role
from timebank.dayplans import operations
from timebank.dayplans.models import DayPlan
from timebank.dayplans.queries.live import live_of
from timebank.people import operations as people
from timebank.people.models import Person
from timebank.visits.models import Visit, VisitCarer, VisitState
from timebank.visits.queries import COMING, stops_of

BUREAU = Actor("usr_bureau", Role.BUREAU, make.DISTRICT)
OLD, NEW = "黄桷树下", "村小后面"


@pytest.fixture
def evening(database: sa.Engine, at: At) -> DayPlan:
    """Tomorrow with two visits, published in the evening."""
    at("2026-11-03 18:00")
    with db.transaction() as session:
        make.district(session=session)
        made = fill(session, visits=0, volunteers=2)
        for _ in range(2):
            add_visit(session, made, service=ServiceKind.VISIT, on=clock.today().replace(day=4))
        for group in (make.NEXT_GROUP, make.OTHER_GROUP):
            make.household(session=session, group_code=group, number=77, landmark=NEW)
        return _publish(session)


def _publish(session: Session) -> DayPlan:
    on = clock.today().replace(day=4)
    row = operations.draft_day(session, actor=COORDINATOR, area_code=make.TOWNSHIP, on=on, steps=2000)
    return operations.publish_day(session, actor=COORDINATOR, day_plan_id=row.id, revision=1)


def first(session: Session) -> tuple[Visit, Person]:
    visit = session.exec(select(Visit).order_by(Visit.id)).first()
    assert visit is not None
    return visit, session.get_one(Person, visit.elder_id)


def moves_overnight(at: At, group_code: str) -> None:
    with db.transaction() as session:
        door = people.Door(group_code, "77")
        _, elder = first(session)
        people.relocate(session, actor=BUREAU, person_id=elder.id, to=door, since_on=clock.today().replace(day=4))
    at("2026-11-04 00:10")
    with db.transaction() as session:
        assert people.carry_out_moves(session, actor=BUREAU, area_code=make.DISTRICT) == 1


def board(session: Session, row: DayPlan) -> dict[str, Any]:
    """What stands out, by visit."""
    return {one["id"]: one["flags"] for one in live_of(session, session.get_one(DayPlan, row.id))["visits"]}


def test_the_stop_stands_out_with_the_new_door_until_the_day_is_planned_anew(evening: DayPlan, at: At) -> None:
    with db.reading() as session:
        before = live_of(session, session.get_one(DayPlan, evening.id))
    moves_overnight(at, make.NEXT_GROUP)
    with db.reading() as session:
        visit, _ = first(session)
        assert board(session, evening)[visit.id] == [f"搬家了：排的是老地方，现在住{NEW}"]
        assert [flags for key, flags in board(session, evening).items() if key != visit.id] == [[]]
        now = live_of(session, session.get_one(DayPlan, evening.id))
        assert now["stamp"] != before["stamp"], "a board that is open hears of it"
        [coming] = session.exec(select(VisitCarer).where(VisitCarer.visit_id == visit.id)).all()
        [stop] = [one for one in stops_of(session, coming.person_id, visit.due_on, visit.due_on) if one.visit == visit]
    assert (stop.household.landmark, stop.moved_in_on) == (NEW, clock.today())
    with db.transaction() as session:
        again = _publish(session)
    with db.reading() as session:
        assert all(flags == [] for flags in board(session, again).values())


def test_of_another_township_the_helper_is_free_and_the_board_says_why(evening: DayPlan, at: At) -> None:
    moves_overnight(at, make.OTHER_GROUP)
    with db.reading() as session:
        visit, _ = first(session)
        assert board(session, evening)[visit.id] == ["搬到别的乡镇了，本镇不再上门"]
        states = session.exec(select(VisitCarer.state).where(VisitCarer.visit_id == visit.id)).all()
        assert visit.state == VisitState.DUE and not set(states) & set(COMING)


def test_what_was_planned_for_the_new_door_does_not_stand_out(evening: DayPlan, at: At) -> None:
    """A move of the same day before the plan was made changes nothing of it."""
    moves_overnight(at, make.NEXT_GROUP)
    with db.transaction() as session:
        fresh = operations.draft_day(session, actor=COORDINATOR, area_code=make.TOWNSHIP, on=clock.today(), steps=2000)
    with db.reading() as session:
        assert all(flags == [] for flags in board(session, fresh).values())
