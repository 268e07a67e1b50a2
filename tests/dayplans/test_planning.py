"""A day is drafted from what stands in the book and judged by the checker."""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from dispatch.check import check
from tests import factories as make
from tests.dayplans.township import COORDINATOR, Township, add_visit, settle, tomorrow
from tests.factories import OTHER_TOWNSHIP, TOWNSHIP
from timebank.areas.models import RoadClosure
from timebank.careplans.models import ServiceKind
from timebank.core import clock, db, ids
from timebank.core.errors import BadInput, NotFound, Refused
from timebank.dayplans import operations
from timebank.dayplans.adapter import engine
from timebank.dayplans.adapter.problem import problem_of
from timebank.dayplans.adapter.travel import Spot, closure_of
from timebank.dayplans.models import DayPlan, DayProblem
from timebank.dayplans.queries.facts import gather
from timebank.people.models import DayOff, Kinship
from timebank.visits.models import CarerState, VisitCarer


@contextmanager
def township(**sizes: int) -> Iterator[tuple[Session, Township]]:
    with db.transaction() as session:
        yield session, settle(session, **sizes)


def test_a_draft_keeps_the_problem_and_a_plan_without_fault(database: sa.Engine) -> None:
    with township(visits=6, volunteers=6) as (session, _):
        row = operations.draft_day(session, actor=COORDINATOR, area_code=TOWNSHIP, on=tomorrow(), steps=5000)
    with db.reading() as session:
        kept = session.get_one(DayPlan, row.id)
        problem = engine.unpack_problem(session.get_one(DayProblem, kept.problem_digest).body)
        plan = engine.unpack_plan(kept.body)
    assert check(problem, plan) == []
    assert kept.version == 1
    assert kept.left_out < 6


def test_the_next_draft_is_the_next_version_of_the_same_problem(database: sa.Engine) -> None:
    with township(visits=3, volunteers=3) as (session, _):
        rows = [
            operations.draft_day(session, actor=COORDINATOR, area_code=TOWNSHIP, on=tomorrow(), steps=5000)
            for _ in range(2)
        ]
    assert [row.version for row in rows] == [1, 2]
    assert rows[0].problem_digest == rows[1].problem_digest


def test_who_may_not_plan_and_what_cannot_be_planned(database: sa.Engine) -> None:
    with township(visits=1, volunteers=1) as (session, _):

        def draft(area_code: str, days: int) -> None:
            on = clock.today() + timedelta(days=days)
            operations.draft_day(session, actor=COORDINATOR, area_code=area_code, on=on, steps=5000)

        with pytest.raises(NotFound):
            draft(OTHER_TOWNSHIP, 1)
        with pytest.raises(BadInput, match="not_a_township"):
            draft(make.VILLAGE, 1)
        with pytest.raises(Refused, match="day_is_over"):
            draft(TOWNSHIP, -1)
        with pytest.raises(Refused, match="nothing_to_plan"):
            draft(TOWNSHIP, 5)


def test_a_bath_is_two_tasks_at_once_by_different_carers_of_the_elders_sex(database: sa.Engine) -> None:
    with township(visits=0, volunteers=4) as (session, made):
        visit = add_visit(session, made, service=ServiceKind.BATH, on=tomorrow())
        problem = problem_of(gather(session, TOWNSHIP, tomorrow()))
    assert [task.id for task in problem.tasks] == [f"{visit.id}.1", f"{visit.id}.2"]
    assert [(link.min_gap_minutes, link.max_gap_minutes, link.carers) for link in problem.links] == [
        (0, 0, "different")
    ]
    assert {(task.sex, task.sex_is_hard) for task in problem.tasks} == {("female", True)}
    assert [task.unserved_cost for task in problem.tasks] == [None, 0]


def test_a_meal_is_fetched_by_who_hands_it_over_while_it_is_hot(database: sa.Engine) -> None:
    with township(visits=0, volunteers=2) as (session, made):
        visit = add_visit(session, made, service=ServiceKind.MEAL, on=tomorrow())
        problem = problem_of(gather(session, TOWNSHIP, tomorrow()))
    fetch, door = problem.tasks
    assert (fetch.id, fetch.load, door.load) == (f"{visit.id}.fetch", 1, -1)
    assert fetch.place.startswith("kitchen") and door.place.startswith("door")
    assert [(link.max_gap_minutes, link.carers) for link in problem.links] == [(62, "same")]


def test_kin_house_mates_and_who_declined_are_not_sent(database: sa.Engine) -> None:
    with township(visits=1, volunteers=3) as (session, made):
        kin, mate, declined = made.volunteers
        elder, visit = made.elders[0], made.visits[0]
        session.add(Kinship(id=ids.new_id("kin"), person_id=kin.id, kin_id=elder.id, relation="parent"))
        mate.household_code = elder.household_code
        answer = VisitCarer(id=ids.new_id("vca"), visit_id=visit.id, person_id=declined.id, starts_minute=480)
        answer.state = CarerState.DECLINED
        session.add_all([mate, answer])
        session.flush()
        problem = problem_of(gather(session, TOWNSHIP, tomorrow()))
    assert problem.tasks[0].banned_carers == {kin.id, mate.id, declined.id}


def test_who_has_a_day_off_is_not_there(database: sa.Engine) -> None:
    with township(visits=1, volunteers=2) as (session, made):
        session.add(DayOff(id=ids.new_id("off"), person_id=made.volunteers[0].id, on=tomorrow(), reason="赶场"))
        session.flush()
        problem = problem_of(gather(session, TOWNSHIP, tomorrow()))
    assert [carer.id for carer in problem.carers] == [made.volunteers[1].id]


def test_a_closed_road_is_never_driven_and_a_slow_one_takes_longer(database: sa.Engine) -> None:
    with township(visits=6, volunteers=2) as (session, _):
        before = problem_of(gather(session, TOWNSHIP, tomorrow()))
        closure = RoadClosure(
            id=ids.new_id("clo"),
            area_code=TOWNSHIP,
            from_code=make.VILLAGE,
            to_code=make.NEXT_VILLAGE,
            starts_on=tomorrow(),
            ends_on=tomorrow(),
            extra_minutes=25,
        )
        session.add(closure)
        session.flush()
        slow = problem_of(gather(session, TOWNSHIP, tomorrow()))
        closure.extra_minutes = None
        session.add(closure)
        session.flush()
        closed = problem_of(gather(session, TOWNSHIP, tomorrow()))
    villages = list(range(6))
    pair = next(
        (i, j) for i in villages for j in villages if before.matrices["moto"][i, j] != slow.matrices["moto"][i, j]
    )
    assert slow.matrices["moto"][pair] == before.matrices["moto"][pair] + 25
    assert closed.matrices["moto"][pair] == 1_000_000_000


def test_a_road_closed_between_a_township_and_a_village_of_it_cuts_off_that_village() -> None:
    spots = [Spot("at home", (29.25, 107.84), make.GROUP), Spot("next door", (29.25, 107.84), make.NEXT_GROUP)]
    ends = {"id": "clo", "area_code": TOWNSHIP, "starts_on": tomorrow(), "ends_on": tomorrow()}
    for codes in ((TOWNSHIP, make.VILLAGE), (make.VILLAGE, TOWNSHIP)):
        closure = closure_of(spots, RoadClosure(**ends, from_code=codes[0], to_code=codes[1]))
        assert {closure.one_side, closure.other_side} == {frozenset({"at home"}), frozenset({"next door"})}


def test_nobody_can_read_from_the_problem_who_or_where_somebody_is(database: sa.Engine) -> None:
    with township(visits=5, volunteers=3) as (session, made):
        spoken = zlib.decompress(engine.pack_problem(problem_of(gather(session, TOWNSHIP, tomorrow())))).decode()
        assert not [person.name for person in (*made.elders, *made.volunteers) if person.name in spoken]
        assert not [elder.household_code for elder in made.elders if elder.household_code in spoken]
