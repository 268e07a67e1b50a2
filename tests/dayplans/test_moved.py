"""Planned in the evening, moved in the night: the plan learns the new door by itself, or the stop stands out."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from tests import factories as make
from tests.dayplans.township import COORDINATOR, add_visit, fill
from tests.fixtures.site import At
from timebank.careplans.models import ServiceKind
from timebank.core import clock, crypto, db
from timebank.core.actors import Actor, Role
from timebank.dayplans import operations
from timebank.dayplans.adapter.problem import door_name
from timebank.dayplans.models import DayPlan, DayPlanState
from timebank.dayplans.queries.board import Opened, opened
from timebank.dayplans.queries.live import live_of
from timebank.dayplans.queries.notices import notices_of_day
from timebank.dayplans.queries.plans import versions_of
from timebank.people import operations as people
from timebank.people.models import Household, Person, PersonCase
from timebank.people.queries import moves_to_hear
from timebank.visits.models import CarerState, Visit, VisitCarer, VisitState
from timebank.visits.queries import COMING, stops_of

BUREAU = Actor("usr_bureau", Role.BUREAU, make.DISTRICT)
OLD, NEW = "黄桷树下", "村小后面"


@dataclass(frozen=True)
class Evening:
    """Tomorrow, published in the evening: one carer, 40 minutes from eight with who moves, then with who stays."""

    plan_id: str
    carer_id: str
    moves: str
    stays: str

    def day(self, session: Session) -> Opened:
        """The version that counts now."""
        row = next(one for one in versions_of(session, make.TOWNSHIP, WEDNESDAY) if one.state == DayPlanState.PUBLISHED)
        return opened(session, row)


WEDNESDAY = date(2026, 11, 4)


@pytest.fixture
def evening(database: sa.Engine, at: At) -> Evening:
    at("2026-11-03 18:00")
    with db.transaction() as session:
        make.district(session=session)
        made = fill(session, visits=0, volunteers=1)
        first, second = (add_visit(session, made, service=ServiceKind.VISIT, on=WEDNESDAY) for _ in range(2))
        first.window_to_minute = 535  # so that the order is given
        for group in (make.NEXT_GROUP, make.OTHER_GROUP):
            make.household(session=session, group_code=group, number=77, landmark=NEW)
        session.flush()
        return Evening(_publish(session), made.volunteers[0].id, first.id, second.id)


def _publish(session: Session) -> str:
    row = operations.draft_day(session, actor=COORDINATOR, area_code=make.TOWNSHIP, on=WEDNESDAY, steps=2000)
    return operations.publish_day(session, actor=COORDINATOR, day_plan_id=row.id, revision=1).id


def lies(group_code: str, km_north: float) -> None:
    """Where the new door lies, seen from the old ones."""
    with db.transaction() as session:
        home = session.exec(select(Household).where(Household.code == f"{group_code}-0077")).one()
        home.place_sealed = crypto.vault().seal([29.26 + km_north / 111, 107.84])
        session.add(home)


def relocate(evening: Evening, group_code: str, since_on: date = WEDNESDAY) -> PersonCase:
    with db.transaction() as session:
        elder = session.get_one(Visit, evening.moves).elder_id
        door = people.Door(group_code, "77")
        return people.relocate(session, actor=BUREAU, person_id=elder, to=door, since_on=since_on)


def moves_overnight(evening: Evening, at: At, group_code: str) -> None:
    relocate(evening, group_code)
    at("2026-11-04 00:10")
    with db.transaction() as session:
        assert people.carry_out_moves(session, actor=BUREAU, area_code=make.DISTRICT) == 1


def flags(session: Session, plan_id: str) -> dict[str, Any]:
    """What stands out, by visit."""
    return {one["id"]: one["flags"] for one in live_of(session, session.get_one(DayPlan, plan_id))["visits"]}


def told(session: Session, day: Opened) -> dict[tuple[str, bool], list[str]]:
    """Who is to be told what, by person and whether as an elder."""
    return {
        (one.row.person_id, one.row.as_elder): [text.msgid for text in one.texts]
        for one in notices_of_day(session, day.row)
    }


def elder_of(session: Session, visit_id: str) -> Person:
    return session.get_one(Person, session.get_one(Visit, visit_id).elder_id)


def test_the_published_day_learns_the_new_door_and_who_comes_later_is_told(evening: Evening, at: At) -> None:
    lies(make.NEXT_GROUP, 4)
    with db.reading() as session:
        before = evening.day(session)
    moves_overnight(evening, at, make.NEXT_GROUP)
    with db.reading() as session:
        day = evening.day(session)
        first, second = (day.places[one] for one in (evening.moves, evening.stays))
        assert (day.row.amends_id, day.row.reason) == (before.row.id, {"kind": "moved"})
        assert {first.carer, second.carer} == {evening.carer_id} and first.starts < second.starts
        places = {task.id: task.place for task in day.problem.tasks}
        assert places[evening.moves] == door_name(f"{make.NEXT_GROUP}-0077")
        there, then = (day.problem.places.index(places[one]) for one in (evening.moves, evening.stays))
        [mode] = {carer.mode for carer in day.problem.carers}
        drive = int(day.problem.matrices[mode][there, then])
        assert second.starts == first.ends + drive > before.places[evening.stays].starts, "the way is longer now"
        news = told(session, day)
        assert news[evening.carer_id, False] == 2 * ["{visit}: at {after} instead of {before}"]
        elders = {(elder_of(session, one).id, True) for one in (evening.moves, evening.stays)}
        assert set(news) == {(evening.carer_id, False), *elders}
        [heard] = moves_to_hear(session, evening.carer_id)
        assert heard.door and heard.door.landmark == NEW
        assert not any(flags(session, day.row.id).values())
        asked = session.exec(select(VisitCarer).where(VisitCarer.visit_id == evening.stays)).all()
        assert [one.starts_minute for one in asked if one.state == CarerState.INVITED] == [second.starts]
        stops = stops_of(session, evening.carer_id, WEDNESDAY, WEDNESDAY)
    assert {one.household.landmark: one.moved_in_on for one in stops} == {NEW: WEDNESDAY, OLD: None}


def test_a_visit_that_breaks_a_rule_from_the_new_door_waits_with_the_reason(evening: Evening, at: At) -> None:
    lies(make.NEXT_GROUP, 300)
    with db.reading() as session:
        before = evening.day(session)
    moves_overnight(evening, at, make.NEXT_GROUP)
    with db.reading() as session:
        day = evening.day(session)
        assert [(one.task, one.reason) for one in day.plan.unserved] == [(evening.moves, "moved")]
        assert day.places == {evening.stays: before.places[evening.stays]}, "nobody else's day changes"
        visit = session.get_one(Visit, evening.moves)
        assert (visit.state, visit.day_plan_id) == (VisitState.DUE, None)
        news = told(session, day)
        assert news == {
            (evening.carer_id, False): ["You need not go: {visit} at {before}"],
            (visit.elder_id, True): ["{visit}: nobody can come now, the office looks for somebody"],
        }


def test_a_visit_of_another_township_leaves_the_plan_and_waits_there(evening: Evening, at: At) -> None:
    moves_overnight(evening, at, make.OTHER_GROUP)
    with db.reading() as session:
        day = evening.day(session)
        assert (day.row.reason, set(day.places)) == ({"kind": "moved"}, {evening.stays})
        assert {task.id for task in day.problem.tasks} == {evening.stays}
        visit = session.get_one(Visit, evening.moves)
        assert (visit.state, visit.area_code, visit.day_plan_id) == (VisitState.DUE, make.OTHER_GROUP, None)
        states = session.exec(select(VisitCarer.state).where(VisitCarer.visit_id == visit.id)).all()
        assert not set(states) & set(COMING)
        assert told(session, day) == {(evening.carer_id, False): ["You need not go: {visit} at {before}"]}


def test_the_only_visit_of_a_day_stands_out_with_the_reason(evening: Evening, at: At) -> None:
    """Nothing is left to plan, so the version stays and the board says why nobody goes."""
    with db.transaction() as session:
        other = session.get_one(Visit, evening.stays)
        other.state = VisitState.CANCELLED
        session.add(other)
    moves_overnight(evening, at, make.OTHER_GROUP)
    with db.reading() as session:
        assert evening.day(session).row.id == evening.plan_id
        assert flags(session, evening.plan_id)[evening.moves] == ["搬到别的乡镇了，本镇不再上门"]


def test_a_draft_that_somebody_works_on_goes_on_as_a_draft_with_its_locks(evening: Evening, at: At) -> None:
    with db.transaction() as session:
        draft = operations.take_over(session, actor=COORDINATOR, day_plan_id=evening.plan_id)
        draft = operations.lock(
            session, actor=COORDINATOR, day_plan_id=draft.id, revision=1, kind="pair", subject=evening.stays
        )
    lies(make.NEXT_GROUP, 4)
    moves_overnight(evening, at, make.NEXT_GROUP)
    with db.reading() as session:
        newest, published = versions_of(session, make.TOWNSHIP, WEDNESDAY)[:2]
        assert (newest.state, published.state) == (DayPlanState.DRAFT, DayPlanState.PUBLISHED)
        assert (newest.amends_id, newest.locks) == (published.id, draft.locks)
        assert session.get_one(DayPlan, draft.id).state == DayPlanState.SUPERSEDED
        assert not any(flags(session, newest.id).values())
    with db.transaction() as session:
        operations.publish_day(session, actor=COORDINATOR, day_plan_id=newest.id, revision=1)


def test_where_the_rest_of_the_day_breaks_rules_the_stop_stands_out_until_it_is_planned_anew(
    evening: Evening, at: At
) -> None:
    """Also where the move is entered days late."""
    with db.transaction() as session:
        other = session.get_one(Visit, evening.stays)
        other.window_from_minute, other.window_to_minute = 10, 20
        session.add(other)
    with db.reading() as session:
        stamp = live_of(session, session.get_one(DayPlan, evening.plan_id))["stamp"]
    relocate(evening, make.NEXT_GROUP, since_on=date(2026, 11, 1))
    with db.reading() as session:
        assert evening.day(session).row.id == evening.plan_id
        stands_out = flags(session, evening.plan_id)
        assert stands_out == {evening.moves: [f"搬家了：排的是老地方，现在住{NEW}"], evening.stays: []}
        now = live_of(session, session.get_one(DayPlan, evening.plan_id))
        assert now["stamp"] != stamp, "a board that is open hears of it"
    with db.transaction() as session:
        again = _publish(session)
    with db.reading() as session:
        assert not any(flags(session, again).values())


def test_a_plan_that_knows_the_new_door_stays(evening: Evening, at: At) -> None:
    """A move of the same day before the plan was made changes nothing of it, and does not stand out."""
    moves_overnight(evening, at, make.NEXT_GROUP)
    with db.transaction() as session:
        fresh = operations.draft_day(session, actor=COORDINATOR, area_code=make.TOWNSHIP, on=clock.today(), steps=2000)
        elder, case = elder_of(session, evening.moves), session.exec(select(PersonCase)).one()
        assert operations.learn_door(session, BUREAU, elder, case) == 0
        assert not any(flags(session, fresh.id).values())
