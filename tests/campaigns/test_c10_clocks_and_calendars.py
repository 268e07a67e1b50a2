"""C10: months, birthdays and clocks by hand-written tables; then random instants against the plain calendar.

Size n: all tables and 2,000 instants, R: 100,000 (reliability.md: all tables / + 100,000).
"""

from datetime import UTC, date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import select

from tests import factories as make
from tests.campaigns.conftest import Scale
from tests.campaigns.ground import told
from tests.cast import Cast
from tests.fixtures.site import At
from tests.visits.conftest import Plan, actor_of, event, seen, tell
from tests.visits.conftest import planned as planned
from timebank.core import clock, db, ids, months
from timebank.ledger.models import Transfer
from timebank.visits import operations, rules
from timebank.visits.models import EventKind as Kind
from timebank.visits.models import Visit, VisitCarer
from timebank.visits.rules import EventIn

MONTH_EDGES = [
    ("2026-10-31 15:59:59", "2026-10", date(2026, 10, 31)),
    ("2026-10-31 16:00:00", "2026-11", date(2026, 11, 1)),
    ("2026-12-31 15:59:59", "2026-12", date(2026, 12, 31)),
    ("2026-12-31 16:00:00", "2027-01", date(2027, 1, 1)),
    ("2024-02-28 16:00:00", "2024-02", date(2024, 2, 29)),
    ("2024-02-29 15:59:59", "2024-02", date(2024, 2, 29)),
    ("2024-02-29 16:00:00", "2024-03", date(2024, 3, 1)),
    ("2028-02-28 16:00:00", "2028-02", date(2028, 2, 29)),
    ("2100-02-28 16:00:00", "2100-03", date(2100, 3, 1)),
    ("2026-02-28 16:00:00", "2026-03", date(2026, 3, 1)),
]
BIRTHDAYS = [
    (date(1948, 2, 29), date(2026, 2, 28), 77),
    (date(1948, 2, 29), date(2026, 3, 1), 78),
    (date(1948, 2, 29), date(2028, 2, 28), 79),
    (date(1948, 2, 29), date(2028, 2, 29), 80),
    (date(1948, 2, 29), date(2100, 2, 28), 151),
    (date(1948, 2, 29), date(2100, 3, 1), 152),
    (date(1900, 1, 1), date(2026, 1, 1), 126),
    (date(1942, 1, 31), date(2026, 1, 30), 83),
    (date(1942, 1, 31), date(2026, 1, 31), 84),
    (date(1948, 5, 1), date(2026, 4, 30), 77),
    (date(1948, 5, 1), date(2026, 5, 1), 78),
    (date(1988, 4, 17), date(2026, 4, 16), 37),
    (date(1988, 4, 17), date(2026, 4, 17), 38),
]
SKEWS = [  # seconds the phone is ahead of us: whether that is flagged
    (1, False),
    (-1, False),
    (599, False),
    (-599, False),
    (601, True),
    (-601, True),
    (3 * 86_400, True),
    (-3 * 86_400, True),
]


@pytest.mark.parametrize(("instant", "month", "on"), MONTH_EDGES)
def test_the_month_of_an_instant_is_that_of_the_county(instant: str, month: str, on: date) -> None:
    at = datetime.fromisoformat(instant).replace(tzinfo=UTC)
    assert (months.month_of(at), clock.local_date(at)) == (month, on)


@pytest.mark.parametrize(("born_on", "on", "age"), BIRTHDAYS)
def test_ages_are_right_on_every_birthday(born_on: date, on: date, age: int) -> None:
    assert months.age_on(born_on, on) == age


def test_random_instants_agree_with_the_plain_calendar(chance: Random, scale: Scale) -> None:
    shanghai, instants = ZoneInfo("Asia/Shanghai"), scale(2_000, 100_000)
    first = datetime(2000, 1, 1, tzinfo=UTC)
    for _ in range(instants):
        instant = first + timedelta(seconds=chance.randrange(90 * 365 * 86_400))
        local = instant.astimezone(shanghai)
        assert months.month_of(instant) == local.strftime("%Y-%m")
        assert clock.at_local(clock.local_date(instant), clock.minute_of_day(instant)) <= instant
        assert months.starts_at(months.month_of(instant)) <= instant < months.ends_at(months.month_of(instant))
    told("C10", instants=instants, differences=0)


def carer_of(visit: Visit) -> VisitCarer:
    with db.reading() as session:
        return session.exec(select(VisitCarer).where(VisitCarer.visit_id == visit.id)).one()


@pytest.mark.parametrize(("ahead_s", "is_flagged"), SKEWS)
def test_a_wrong_clock_is_set_right_and_beyond_ten_minutes_flagged(
    cast: Cast, planned: Plan, ahead_s: int, is_flagged: bool
) -> None:
    visit = planned()
    happened = clock.at_local(visit.due_on, 9 * 60)
    told = EventIn(
        id=ids.new_id("evt"),
        visit_id=visit.id,
        kind=Kind.CHECK_IN,
        device_at=happened + timedelta(seconds=ahead_s),
        offset_s=-ahead_s,
        device_id="dev_a",
    )
    tell(cast, told)
    came = carer_of(visit).checked_in_at
    assert came == (happened if is_flagged else told.device_at)
    assert ("clock_skew" in seen(visit).flags) == is_flagged


def test_a_clock_that_jumps_back_between_two_entries_is_flagged_and_credits_nothing(cast: Cast, planned: Plan) -> None:
    visit = planned()
    tell(cast, event(visit, Kind.CHECK_IN, 9 * 60 + 30, device_id="dev_a", counter=1))
    tell(cast, event(visit, Kind.CHECK_OUT, 8 * 60, device_id="dev_a", counter=2))
    with db.reading() as session:
        found = session.get_one(Visit, visit.id)
        assert operations.proposed_minutes(session, found)[cast.li.id] == (0, ["out_before_in"])
        assert "clock_went_back" in operations.needs_a_look(session, found)


def test_the_offices_own_clock_stepping_back_loses_nothing(cast: Cast, planned: Plan, at: At) -> None:
    visit = planned()
    tell(cast, event(visit, Kind.CHECK_IN, 9 * 60))
    at("2026-11-03 09:30")
    assert tell(cast, event(visit, Kind.CHECK_OUT, 9 * 60 + 45)).state == "accepted"
    assert seen(visit).flags == ["clock_skew"], "it arrived before it happened, as far as the office can tell"


@pytest.mark.parametrize(
    ("on", "minute", "book"),
    [
        (date(2026, 10, 31), 23 * 60 + 10, "2026-10"),
        (date(2026, 11, 1), 5, "2026-11"),
        (date(2028, 2, 29), 9 * 60, "2028-02"),
    ],
)
def test_an_hour_is_booked_in_the_countys_month(cast: Cast, at: At, on: date, minute: int, book: str) -> None:
    at(f"{on.isoformat()} 00:00")
    with db.transaction() as session:
        visit = make.visit(session=session, elder=cast.chen_popo, on=on, window=(minute, min(1440, minute + 60)))
        operations.assign(
            session,
            actor=actor_of(cast, "zhou"),
            visit_id=visit.id,
            carers=[(cast.li.id, minute)],
            day_plan_id=None,
        )
    later = on + timedelta(days=1)
    at(f"{later.isoformat()} 12:00")
    tell(cast, event(visit, Kind.CHECK_IN, minute))
    tell(cast, event(visit, Kind.CHECK_OUT, minute + 45))
    with db.transaction() as session:
        operations.confirm(session, actor=actor_of(cast, "wang"), visit_id=visit.id, method="call_back")
        operations.review(session, actor=actor_of(cast, "wu"), visit_id=visit.id, approved=True)
    with db.reading() as session:
        posted = session.exec(select(Transfer).where(Transfer.source_id == visit.id)).one()
    assert (posted.book_month, posted.minutes, posted.event_at) == (book, 45, clock.at_local(on, minute))


def test_control_a_calendar_that_thinks_in_utc_is_caught() -> None:
    wrong = [at for at, month, _ in MONTH_EDGES if at[:7] != month]
    assert len(wrong) >= 4


def test_control_without_the_phones_word_a_slow_clock_would_count(cast: Cast, planned: Plan) -> None:
    happened = clock.now()
    assert rules.happened_at(happened - timedelta(days=3), happened) != happened
    assert rules.happened_at(happened - timedelta(days=3), happened, 3 * 86_400) == happened
