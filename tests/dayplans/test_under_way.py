"""A published day while it runs: what has begun stays, nothing is planned for hours that are over."""

from collections.abc import Iterator
from random import Random

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from tests.dayplans.township import COORDINATOR, Township, settle, tomorrow
from tests.factories import TOWNSHIP
from timebank.careplans.models import ServiceKind
from timebank.core import clock, db
from timebank.core.errors import Refused
from timebank.core.i18n import say
from timebank.dayplans import operations
from timebank.dayplans.adapter.engine import violations_of
from timebank.dayplans.adapter.hand import Move
from timebank.dayplans.adapter.under_way import past_visits
from timebank.dayplans.models import DayNotice, DayPlan, LearntDrive
from timebank.dayplans.operations.repair import Incident
from timebank.dayplans.queries.answers import better_places, preview
from timebank.dayplans.queries.board import opened
from timebank.dayplans.queries.compare import comparison
from timebank.dayplans.queries.live import live_of
from timebank.dayplans.rules import visit_of
from timebank.dayplans.words import PLACE_WORDS
from timebank.demo.days import live_through_day
from timebank.visits.models import CarerState, Visit, VisitCarer, VisitState
from timebank.visits.operations import UrgentIn, call_for_help_now

NOON = 12 * 60


@pytest.fixture
def made(database: sa.Engine) -> Iterator[Township]:
    """A published day at noon, lived so far by all but whoever was to come first."""
    with db.transaction() as session:
        made = settle(session, visits=15, volunteers=10)
        row = operations.draft_day(session, actor=COORDINATOR, area_code=TOWNSHIP, on=tomorrow(), steps=200_000)
        row = operations.publish_day(session, actor=COORDINATOR, day_plan_id=row.id, revision=row.revision)
        silent = silent_carer(session, row)
        noon = clock.at_local(row.on, NOON)
        live_through_day(session, Random(1), TOWNSHIP, row.on, until=noon, but=silent)
    with clock.frozen(noon):
        yield made


def silent_carer(session: Session, row: DayPlan) -> str:
    """The carer of the first visit of the day that is over by noon."""
    day = opened(session, row)
    over = [one for task, one in day.places.items() if visit_of(task) in past_visits(day.problem, NOON)]
    return min(over, key=lambda placed: placed.starts).carer


def published(session: Session) -> DayPlan:
    return session.exec(select(DayPlan).where(DayPlan.state == "published")).one()


def begun(session: Session) -> set[str]:
    return {visit.id for visit in session.exec(select(Visit).where(Visit.state != VisitState.PLANNED))}


def test_a_day_under_way_is_taken_over_whole_and_can_be_published(made: Township) -> None:
    with db.transaction() as session:
        row = published(session)
        new = operations.take_over(session, actor=COORDINATOR, day_plan_id=row.id)
        assert opened(session, new).places == opened(session, row).places
        operations.publish_day(session, actor=COORDINATOR, day_plan_id=new.id, revision=new.revision)


def test_what_has_begun_is_not_moved_by_hand(made: Township) -> None:
    with db.transaction() as session:
        row = published(session)
        new = operations.take_over(session, actor=COORDINATOR, day_plan_id=row.id)
        task = next(task for task in opened(session, new).places if task in begun(session))
        for moves in ([Move(task, None)], [Move(task, made.volunteers[0].id, 900)]):
            with pytest.raises(Refused, match="has_begun"):
                preview(session, new, moves)
            with pytest.raises(Refused, match="has_begun"):
                operations.move_by_hand(session, actor=COORDINATOR, day_plan_id=new.id, revision=1, moves=moves)


def test_nobody_is_offered_for_an_hour_that_is_over(made: Township) -> None:
    with db.transaction() as session:
        row = published(session)
        new = operations.take_over(session, actor=COORDINATOR, day_plan_id=row.id)
        done, over = begun(session), past_visits(opened(session, new).problem, NOON)
        still = {task for task in opened(session, new).places if visit_of(task) not in done | over}
        assert still
        for task in sorted(still):
            for version in (row, new):
                offers = [one for one in better_places(session, version, task) if one["cost"] is not None]
                assert all(one["starts"] >= NOON for one in offers if not one["is_here"])
        offers = better_places(session, row, min(over - done))
        assert {one["against"] for one in offers if not one["is_here"]} == {say(PLACE_WORDS["over"])}


def test_a_visit_nobody_has_told_of_stays_unless_its_own_carer_did_not_come(made: Township) -> None:
    with db.transaction() as session:
        row = published(session)
        day, silent = opened(session, row), silent_carer(session, row)
        over = past_visits(day.problem, NOON) - begun(session)
        unheard = {task for task, placed in day.places.items() if visit_of(task) in over}
        assert unheard and {day.places[task].carer for task in unheard} == {silent}
        other = next(placed.carer for placed in day.places.values() if placed.carer != silent)
        for carer, stays in ((other, True), (silent, False)):
            incident = Incident("no_show", carer=carer)
            new = operations.repair(session, actor=COORDINATOR, day_plan_id=row.id, incident=incident)
            places = opened(session, new).places
            assert all((places.get(task) == day.places[task]) is stays for task in unheard)


def test_an_emergency_without_anybody_left_is_told_as_the_first_difference(made: Township) -> None:
    with clock.frozen(clock.at_local(clock.today(), 19 * 60)), db.transaction() as session:
        row = published(session)
        incident = Incident("sos", elder_id=made.elders[0].id)
        new = operations.repair(session, actor=COORDINATOR, day_plan_id=row.id, incident=incident)
        first = comparison(session, row, new)["steps"][0]
        assert (first["kind"], first["before"], first["after"]) == ("waiting", None, None)


def test_an_emergency_told_twice_before_anybody_goes_is_one_visit(made: Township) -> None:
    with db.transaction() as session:
        row = published(session)
        for _ in range(2):
            incident = Incident("sos", elder_id=made.elders[0].id, minutes=30)
            new = operations.repair(session, actor=COORDINATOR, day_plan_id=row.id, incident=incident)
        called = session.exec(select(Visit).where(Visit.elder_id == made.elders[0].id, Visit.tier == "high")).all()
        (visit,) = [one for one in called if one.duration_minutes == 30]
        assert visit.id in opened(session, new).places
        operations.publish_day(session, actor=COORDINATOR, day_plan_id=new.id, revision=1)


def test_what_came_after_the_plan_was_made_is_told_until_a_version_takes_it_over(made: Township) -> None:
    with db.transaction() as session:
        row = published(session)
        before = live_of(session, row)
        asked = UrgentIn(made.elders[0].id, ServiceKind.VISIT, row.on, minutes=30, within_minutes=120)
        call_for_help_now(session, actor=COORDINATOR, asked=asked)
        after = live_of(session, row)
        assert (before["came"], len(after["came"])) == ([], 1)
        assert after["stamp"] != before["stamp"]
        new = operations.take_over(session, actor=COORDINATOR, day_plan_id=row.id)
        assert live_of(session, new)["came"] == []


def test_a_board_that_is_open_hears_that_somebody_is_late_though_nothing_was_said(made: Township) -> None:
    with db.transaction() as session:
        row = published(session)
        seen = {}
        for minute in (NOON, NOON + 4, NOON + 180):
            with clock.frozen(clock.at_local(row.on, minute)):
                seen[minute] = live_of(session, row)
        late = {minute: sum(one["late"] for one in live["visits"]) for minute, live in seen.items()}
        assert late[NOON] < late[NOON + 180]
        assert seen[NOON]["stamp"] == seen[NOON + 4]["stamp"] != seen[NOON + 180]["stamp"]


def test_a_crew_that_is_one_short_is_late_also_after_the_first_has_come(made: Township) -> None:
    with db.transaction() as session:
        row = published(session)
        task = min(task for task in opened(session, row).places if task.endswith(".1"))
        visit = session.get_one(Visit, visit_of(task))
        first, second = session.exec(select(VisitCarer).where(VisitCarer.visit_id == visit.id)).all()
        visit.state = VisitState.RUNNING
        for carer, came in ((first, clock.now()), (second, None)):
            carer.state, carer.starts_minute = CarerState.ACCEPTED, NOON - 120
            carer.checked_in_at, carer.checked_out_at = came, None
        assert is_late(session, row, visit)
        second.checked_in_at = clock.now()
        assert not is_late(session, row, visit)


def is_late(session: Session, row: DayPlan, visit: Visit) -> bool:
    session.flush()
    return next(bool(one["late"]) for one in live_of(session, row)["visits"] if one["id"] == visit.id)


def test_drives_that_were_found_to_take_longer_do_not_keep_a_day_from_being_changed(made: Township) -> None:
    with db.transaction() as session:
        row = published(session)
        villages = {visit.area_code[:12] for visit in made.visits}
        session.add_all(
            LearntDrive(area_code=TOWNSHIP, from_code=one, to_code=other, percent=120, drives=9)
            for one in villages
            for other in villages
        )
        session.flush()
        new = operations.take_over(session, actor=COORDINATOR, day_plan_id=row.id)
        day, before = opened(session, new), opened(session, row).places
        assert any(day.places[task].starts > placed.starts for task, placed in before.items())
        assert violations_of(day.problem, day.plan) == []
        operations.publish_day(session, actor=COORDINATOR, day_plan_id=new.id, revision=new.revision)
        done = begun(session)
        told = session.exec(select(DayNotice).where(DayNotice.day_plan_id == new.id)).all()
        assert not {step["visit"] for notice in told for step in notice.steps} & done
