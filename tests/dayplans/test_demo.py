"""What the demo leaves on a published day to look at: notices to pass on, what-ifs to compare, the day so far."""

from itertools import pairwise
from random import Random

import sqlalchemy as sa
from sqlmodel import col, select

from tests.dayplans.township import COORDINATOR, settle, tomorrow
from tests.factories import TOWNSHIP
from timebank.core import clock, db
from timebank.dayplans import operations, queries
from timebank.dayplans.models import DayNotice, DayPlanState
from timebank.dayplans.queries.trials import trials_at_work, trials_of
from timebank.demo import days
from timebank.visits.models import VisitCarer, VisitEvent
from timebank.visits.queries import carers_of, visits_on


def test_the_demo_leaves_notices_and_compared_what_ifs_on_the_day_that_counts(database: sa.Engine) -> None:
    with db.transaction() as session:
        settle(session, visits=15, volunteers=10)
        row = operations.draft_day(session, actor=COORDINATOR, area_code=TOWNSHIP, on=tomorrow(), steps=200_000)
        first = operations.publish_day(session, actor=COORDINATOR, day_plan_id=row.id, revision=row.revision)
        stands = days.amend(session, first)
        days.ask_what_if(session, stands)
    with db.reading() as session:
        stands = queries.latest_plan(session, TOWNSHIP, tomorrow())
        assert stands is not None and (stands.state, stands.amends_id) == (DayPlanState.PUBLISHED, first.id)
        told = session.exec(select(DayNotice).where(DayNotice.day_plan_id == stands.id)).all()
        assert {notice.as_elder for notice in told} == {False, True}  # volunteers and the elder
        assert [trial.row.state for trial in trials_of(session, stands)[1:]] == [DayPlanState.TRIAL] * 2
        assert trials_at_work(session, stands) == []


def test_the_demo_lives_a_day_up_to_now_and_leaves_one_volunteer_a_day_to_do(database: sa.Engine) -> None:
    noon = clock.at_local(tomorrow(), 12 * 60)
    with db.transaction() as session:
        settle(session, visits=15, volunteers=10)
        row = operations.draft_day(session, actor=COORDINATOR, area_code=TOWNSHIP, on=tomorrow(), steps=200_000)
        operations.publish_day(session, actor=COORDINATOR, day_plan_id=row.id, revision=row.revision)
        planned = {visit.id: visit for visit in visits_on(session, TOWNSHIP, tomorrow())}
        stops = [carer for pairs in carers_of(session, planned).values() for carer, _ in pairs]
        waiting = min(stops, key=lambda stop: stop.starts_minute).person_id
        days.live_through_day(session, Random(1), TOWNSHIP, tomorrow(), until=noon, but=waiting)
        events = session.exec(select(VisitEvent)).all()
        begun = {stop.person_id for stop in stops if stop.starts_minute < 11 * 60} - {waiting}
        assert {event.person_id for event in events} >= begun
        assert waiting not in {event.person_id for event in events}
        assert max(event.device_at for event in events) < noon


def test_nobody_of_the_demo_is_in_two_homes_at_once(database: sa.Engine) -> None:
    with db.transaction() as session:
        settle(session, visits=30, volunteers=6)
        row = operations.draft_day(session, actor=COORDINATOR, area_code=TOWNSHIP, on=tomorrow(), steps=200_000)
        operations.publish_day(session, actor=COORDINATOR, day_plan_id=row.id, revision=row.revision)
        days.live_through_day(session, Random(1), TOWNSHIP, tomorrow(), until=clock.at_local(tomorrow(), 20 * 60))
        stays = session.exec(select(VisitCarer).where(col(VisitCarer.checked_out_at).is_not(None))).all()
    in_turn = sorted(stays, key=lambda stay: (stay.person_id, stay.checked_in_at))
    pairs = [(one, two) for one, two in pairwise(in_turn) if one.person_id == two.person_id]
    assert pairs and all(one.checked_out_at < two.checked_in_at for one, two in pairs)
