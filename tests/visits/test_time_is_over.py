"""What is over is not offered any more, and a number on the start page is the number of rows behind it."""

from datetime import date, timedelta

import pytest
from sqlmodel import Session

from tests import factories as make
from tests.cast import Cast
from tests.fixtures.site import At
from tests.visits.conftest import Plan, actor_of, event, tell
from timebank.core import clock, db
from timebank.core.errors import Refused
from timebank.visits import desk_queries, operations, queries
from timebank.visits.models import EventKind


def offered(session: Session, cast: Cast) -> list[str]:
    rows = queries.wanted_near(session, cast.li.id, make.TOWNSHIP, clock.today())
    return [row.visit.id for row in rows]


def test_a_request_whose_time_is_over_is_neither_offered_nor_taken(cast: Cast, at: At) -> None:
    with db.transaction() as session:
        over = make.visit(session=session, elder=cast.chen_popo, window=(8 * 60, 10 * 60))
        open_still = make.visit(session=session, elder=cast.chen_popo, window=(8 * 60, 11 * 60))
        tomorrow = make.visit(session=session, elder=cast.chen_popo, on=date(2026, 11, 4), window=(8 * 60, 9 * 60))
    at("2026-11-03 10:00")
    with db.reading() as session:
        assert sorted(offered(session, cast)) == sorted([open_still.id, tomorrow.id])
    with pytest.raises(Refused, match=r"visits\.time_is_over"), db.transaction() as session:
        operations.take(session, actor=actor_of(cast, "li"), visit_id=over.id)


def test_as_many_notes_and_late_news_are_counted_as_are_listed(cast: Cast, planned: Plan, at: At) -> None:
    visit = planned(cast.li, cast.zhang)
    with db.transaction() as session:
        operations.cancel(session, actor=actor_of(cast, "zhou"), visit_id=visit.id, reason="女儿来")
    at("2026-12-20 09:00")
    for who in ("li", "zhang"):
        tell(cast, event(visit, EventKind.CHECK_IN, 545), who=who)
        tell(cast, event(visit, EventKind.CHECK_OUT, 590), who=who)
    tell(cast, event(visit, EventKind.NOTE, 546, data={"note": "屋顶漏雨"}))
    since = clock.now() - timedelta(days=desk_queries.NOTE_DAYS)
    with db.reading() as session:
        news, notes = (find(session, make.TOWNSHIP, since) for find in (desk_queries.late_news, desk_queries.notes))
        assert desk_queries.count_late_news(session, make.TOWNSHIP, since) == len(news) == 2
        assert desk_queries.count_notes(session, make.TOWNSHIP, since) == len(notes) == 1
