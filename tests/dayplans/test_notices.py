"""A published day changes only with notice: whoever is touched is told, and the office sees who knows."""

from collections.abc import Collection

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from tests.dayplans.test_hand import move, published, single_visit
from tests.dayplans.township import COORDINATOR, Township, settle
from tests.factories import OTHER_TOWNSHIP, VILLAGE
from timebank.core import db
from timebank.core.actors import Actor, Role
from timebank.core.errors import NotFound
from timebank.dayplans import operations
from timebank.dayplans.adapter.hand import Move
from timebank.dayplans.models import DayNotice, DayPlan
from timebank.dayplans.queries.board import opened
from timebank.dayplans.queries.notices import count_unknown, count_unread, notices_for, notices_of_day
from timebank.dayplans.rules import visit_of
from timebank.visits import operations as visits
from timebank.visits.models import CarerState, VisitCarer


@pytest.fixture
def made(database: sa.Engine) -> Township:
    with db.transaction() as session:
        return settle(session, visits=10, volunteers=8)


def changed(session: Session) -> tuple[DayPlan, str, str]:
    """A published day from which one visit was taken away: the new version, the visit, who was to come."""
    row = published(session)
    task = single_visit(session, row)
    carer = opened(session, row).places[task].carer
    new = operations.take_over(session, actor=COORDINATOR, day_plan_id=row.id)
    new = move(session, new, Move(task, None))
    return operations.publish_day(session, actor=COORDINATOR, day_plan_id=new.id, revision=new.revision), task, carer


def volunteer(person_id: str) -> Actor:
    return Actor("usr_volunteer", Role.VOLUNTEER, VILLAGE, person_id)


def test_who_need_not_go_any_more_reads_it_in_words_and_the_elder_is_told_by_the_office(made: Township) -> None:
    with db.transaction() as session:
        row, task, carer = changed(session)
        elder = next(visit.elder_id for visit in made.visits if visit.id == task)
        told = {(one.row.person_id, one.row.as_elder): one.texts[0].msgid for one in notices_of_day(session, row)}
        assert told[carer, False].startswith("You need not go")
        assert "nobody can come now" in told[elder, True]
        assert count_unknown(session, row) == (len(told), len(told))


def test_reading_and_telling_are_noted_once(made: Township) -> None:
    with db.transaction() as session:
        row, _, carer = changed(session)
        mine = volunteer(carer)
        assert count_unread(session, mine.scope) == 1
        (notice,) = notices_for(session, mine.scope)
        first = operations.mark_read(session, actor=mine, notice_id=notice.row.id).read_at
        assert operations.mark_read(session, actor=mine, notice_id=notice.row.id).read_at == first is not None
        assert count_unread(session, mine.scope) == 0
        elders = select(DayNotice).where(DayNotice.day_plan_id == row.id, sa.true() == DayNotice.as_elder)
        told = operations.mark_told(session, actor=COORDINATOR, notice_id=session.exec(elders).one().id)
        assert (told.told_by, told.read_at) == (COORDINATOR.user_id, None)
        everybody, unknown = count_unknown(session, row)
        assert unknown == everybody - 2


def taken_out(session: Session, row: DayPlan, task: str) -> DayPlan:
    """The published day without one more visit."""
    new = move(session, operations.take_over(session, actor=COORDINATOR, day_plan_id=row.id), Move(task, None))
    return operations.publish_day(session, actor=COORDINATOR, day_plan_id=new.id, revision=new.revision)


def test_who_was_not_told_of_an_earlier_change_is_on_the_list_of_the_version_that_stands(made: Township) -> None:
    with db.transaction() as session:
        first, _, _ = changed(session)
        before = {one.row.id for one in notices_of_day(session, first)}
        told = next(one.row for one in notices_of_day(session, first) if not one.row.as_elder)
        operations.mark_told(session, actor=COORDINATOR, notice_id=told.id)
        touched = {step["visit"] for one in notices_of_day(session, first) for step in one.row.steps}
        second = taken_out(session, first, last_stop(session, first, but=touched))
        listed = {one.row.id for one in notices_of_day(session, second)}
        own = set(session.exec(select(DayNotice.id).where(DayNotice.day_plan_id == second.id)))
        assert own and listed == own | before - {told.id}
        session.refresh(first)
        assert {one.row.id for one in notices_of_day(session, first)} == before
        people = {one.row.person_id for one in notices_of_day(session, second)}
        assert count_unknown(session, second) == (len(people), len(people))


def test_of_a_visit_that_changed_twice_only_the_newest_is_to_be_told(made: Township) -> None:
    with db.transaction() as session:
        first, task, carer = changed(session)
        place = opened(session, published_before(session, first)).places[task]
        new = operations.take_over(session, actor=COORDINATOR, day_plan_id=first.id)
        new = move(session, new, Move(task, carer, place.starts))
        second = operations.publish_day(session, actor=COORDINATOR, day_plan_id=new.id, revision=new.revision)
        elder = next(visit.elder_id for visit in made.visits if visit.id == task)
        of_elder = [
            one for one in notices_of_day(session, second) if (one.row.person_id, one.row.as_elder) == (elder, True)
        ]
        assert [one.row.day_plan_id for one in of_elder] == [second.id]
        assert not any("nobody can come" in text.msgid for one in of_elder for text in one.texts)


def published_before(session: Session, row: DayPlan) -> DayPlan:
    return session.get_one(DayPlan, row.amends_id)


def test_nobody_reads_or_ticks_what_is_for_others(made: Township) -> None:
    with db.transaction() as session:
        row, _, carer = changed(session)
        notice = session.exec(select(DayNotice).where(DayNotice.person_id == carer)).one()
        other = next(person for person in made.volunteers if person.id != carer)
        with pytest.raises(NotFound):
            operations.mark_read(session, actor=volunteer(other.id), notice_id=notice.id)
        with pytest.raises(NotFound):
            stranger = Actor("usr_sun", Role.COORDINATOR, OTHER_TOWNSHIP)
            operations.mark_told(session, actor=stranger, notice_id=notice.id)
        assert count_unread(session, volunteer(other.id).scope) == sum(
            1 for one in notices_of_day(session, row) if one.row.person_id == other.id
        )


def last_stop(session: Session, row: DayPlan, but: Collection[str] = ()) -> str:
    """A visit by one carer that is not a meal, after which they go home; none of those in `but`."""
    day = opened(session, row)
    alone = {task.id for task in day.problem.tasks if not task.load and "." not in task.id} - set(but)
    return next(route.stops[-1].task for route in day.plan.routes if route.stops[-1].task in alone)


def moved_by(session: Session, row: DayPlan, task: str, minutes: int) -> DayPlan:
    """The published day with one visit later by so much."""
    placed = opened(session, row).places[task]
    new = operations.take_over(session, actor=COORDINATOR, day_plan_id=row.id)
    new = move(session, new, Move(task, placed.carer, placed.starts + minutes))
    return operations.publish_day(session, actor=COORDINATOR, day_plan_id=new.id, revision=new.revision)


def test_a_few_minutes_are_no_news_and_keep_a_yes(made: Township) -> None:
    with db.transaction() as session:
        row = published(session)
        task = last_stop(session, row)
        placed = opened(session, row).places[task]
        visits.respond(session, actor=volunteer(placed.carer), visit_id=visit_of(task), accept=True)
        row = moved_by(session, row, task, 2)
        [asked] = coming(session, task, placed.carer)
        assert (asked.state, asked.starts_minute) == (CarerState.ACCEPTED, placed.starts + 2)
        assert notices_of_day(session, row) == []
        row = moved_by(session, row, task, 30)
        [asked] = coming(session, task, placed.carer)
        assert (asked.state, asked.starts_minute) == (CarerState.INVITED, placed.starts + 32)
        assert placed.carer in {one.row.person_id for one in notices_of_day(session, row)}


def coming(session: Session, task: str, person_id: str) -> list[VisitCarer]:
    found = select(VisitCarer).where(VisitCarer.visit_id == visit_of(task), VisitCarer.person_id == person_id)
    return list(session.exec(found))
