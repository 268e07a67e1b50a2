"""What the demo leaves on a published day for a coordinator to look at: notices to pass on, what-ifs to compare."""

import sqlalchemy as sa
from sqlmodel import select

from tests.dayplans.township import COORDINATOR, settle, tomorrow
from tests.factories import TOWNSHIP
from timebank.core import db
from timebank.dayplans import operations, queries
from timebank.dayplans.models import DayNotice, DayPlanState
from timebank.dayplans.queries.trials import trials_at_work, trials_of
from timebank.demo import days


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
