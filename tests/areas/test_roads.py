"""Closed and slow roads."""

from dataclasses import replace
from datetime import date, timedelta

import sqlalchemy as sa

from tests import factories as make
from tests.dayplans.township import COORDINATOR
from timebank.areas import operations, queries
from timebank.core import db

TODAY = date(2026, 5, 12)
TO_SUNDAY = TODAY + timedelta(days=5)


def test_a_road_that_is_known_to_be_closed_is_not_closed_twice(database: sa.Engine) -> None:
    with db.transaction() as session:
        make.district(session=session)

        def close(from_code: str, to_code: str, last: date, extra_minutes: int | None = None) -> str:
            return operations.close_road(
                session,
                actor=COORDINATOR,
                from_code=from_code,
                to_code=to_code,
                starts_on=TODAY,
                ends_on=last,
                extra_minutes=extra_minutes,
                reason="",
            ).id

        first = close(make.VILLAGE, make.NEXT_VILLAGE, TO_SUNDAY)
        assert close(make.NEXT_VILLAGE, make.VILLAGE, TODAY) == first
        slow = close(make.VILLAGE, make.NEXT_VILLAGE, TO_SUNDAY, 20)
        longer = close(make.VILLAGE, make.NEXT_VILLAGE, TO_SUNDAY + timedelta(days=1))
        session.flush()
        known = [closure.id for closure in queries.closures_on(session, make.TOWNSHIP, TODAY)]
        assert known == sorted({first, slow, longer})
        assert len(known) == 3


def test_each_township_keeps_its_own_closure_of_the_road_between_them(database: sa.Engine) -> None:
    with db.transaction() as session:
        make.district(session=session)
        ends = ((make.TOWNSHIP, make.OTHER_TOWNSHIP), (make.OTHER_TOWNSHIP, make.TOWNSHIP))
        for here, there in ends:
            actor = replace(COORDINATOR, area_code=here)
            operations.close_road(
                session,
                actor=actor,
                from_code=here,
                to_code=there,
                starts_on=TODAY,
                ends_on=TODAY,
                extra_minutes=None,
                reason="",
            )
        session.flush()
        assert all(len(queries.closures_on(session, here, TODAY)) == 1 for here, _ in ends)
