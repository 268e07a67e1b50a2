"""The days a bed ran, its targets, what counts as given, when it is short, what the provider gets."""

from datetime import UTC, date, datetime, timedelta

import pytest

from timebank.beds import rules
from timebank.beds.models import BedState
from timebank.beds.rules import Delivered
from timebank.core import months

FIRST, LAST = date(2026, 11, 1), date(2026, 11, 30)
STEPS = [
    (date(2026, 10, 1), BedState.CONTRACTED),
    (date(2026, 11, 3), BedState.ACTIVE),
    (date(2026, 11, 10), BedState.SUSPENDED),
    (date(2026, 11, 15), BedState.ACTIVE),
    (date(2026, 11, 20), BedState.CLOSED),
]


def test_a_bed_runs_from_the_day_it_begins_to_the_day_before_it_rests_or_ends() -> None:
    days = [on.day for on in rules.active_days(STEPS, FIRST, LAST)]
    assert days == [*range(3, 10), *range(15, 20)]
    assert len(rules.active_days(STEPS[:2], FIRST, LAST)) == 28
    assert rules.active_days(STEPS[:2], date(2026, 12, 1), date(2026, 12, 31))[0] == date(2026, 12, 1)


def month(*, got: Delivered, days: int = 30, today: int = 21, percent: int = 80) -> rules.MonthOfBed:
    ran_on = months.days("2026-11")[:days]
    on = FIRST + timedelta(days=today - 1)
    return rules.month_of_bed(
        month="2026-11", today=on, ran_on=ran_on, visits=6, minutes=600, got=got, alert_percent=percent
    )


def test_targets_shrink_with_the_days() -> None:
    half = month(got=Delivered(), days=15)
    assert (half.days, half.target_visits, half.target_minutes) == (15, 3, 300)
    assert (month(got=Delivered()).due_visits, month(got=Delivered()).due_minutes) == (4, 400)


@pytest.mark.parametrize(
    ("got", "short"),
    [
        (Delivered(4, 320), False),
        (Delivered(4, 319), True),
        (Delivered(3, 400), True),  # 3 of 4 visits are 75 percent
        (Delivered(2, 200, 2, 200), False),  # both kinds fill the target
    ],
)
def test_a_bed_is_short_below_the_alert_share_of_what_was_due(got: Delivered, short: bool) -> None:
    assert month(got=got).is_short == short


def test_nothing_is_due_on_the_first_morning() -> None:
    assert not month(got=Delivered(), today=1).is_short


def test_the_subsidy_is_by_days_and_only_where_both_targets_are_reached() -> None:
    assert month(got=Delivered(6, 600)).subsidy_yuan(300) == 300
    assert month(got=Delivered(3, 300), days=15).subsidy_yuan(300) == 150
    assert month(got=Delivered(6, 599)).subsidy_yuan(300) == 0


def test_hours_and_paid_visits_are_counted_apart() -> None:
    got = Delivered().with_visit(30, is_paid=False).with_visit(45, is_paid=True).with_visit(15, is_paid=False)
    assert got == Delivered(visits=2, minutes=45, paid_visits=1, paid_minutes=45)


NINE = datetime(2026, 11, 3, 1, tzinfo=UTC)


def stay(minutes: int | None, *, since: int = 0, credited: int = 0) -> rules.Stay:
    """From so many minutes after nine, for so many minutes; None: nobody told the departure."""
    came_at = NINE + timedelta(minutes=since)
    return rules.Stay(came_at, None if minutes is None else came_at + timedelta(minutes=minutes), credited)


@pytest.mark.parametrize(
    ("stays", "minutes"),
    [
        ([stay(30)], 30),
        ([stay(30), stay(34, since=1)], 34),
        ([stay(600)], 75),
        ([stay(-5)], 0),
        ([], 0),
    ],
)
def test_a_visit_counts_its_longest_stay_and_never_much_beyond_the_plan(stays: list[rules.Stay], minutes: int) -> None:
    assert rules.presence_minutes(stays, planned_minutes=60, over_planned_minutes=15) == minutes


@pytest.mark.parametrize(
    ("stays", "minutes"),
    [
        ([stay(None)], 0),  # nobody has looked at it yet
        ([stay(None, credited=45)], 45),
        ([stay(None, credited=75)], 60),  # nobody saw that it was longer than planned
        ([stay(None, credited=45), stay(52)], 52),
    ],
)
def test_a_forgotten_departure_counts_what_a_review_credited(stays: list[rules.Stay], minutes: int) -> None:
    assert rules.presence_minutes(stays, planned_minutes=60, over_planned_minutes=15) == minutes


def test_steps_of_one_instant_stand_as_a_bed_can_take_them() -> None:
    """Whatever order the database gives them in."""
    states = {
        "apply": BedState.APPLIED,
        "assess": BedState.ASSESSED,
        "check": BedState.CHECKED,
        "contract": BedState.CONTRACTED,
        "begin": BedState.ACTIVE,
        "suspend": BedState.SUSPENDED,
        "resume": BedState.ACTIVE,
        "close": BedState.CLOSED,
    }
    taken = [rules.Taken(step, state, FIRST, NINE) for step, state in states.items()]
    earlier = rules.Taken("apply", BedState.APPLIED, FIRST - timedelta(days=1), NINE + timedelta(days=9))
    for given in (taken, taken[::-1], taken[3:] + taken[:3]):
        assert rules.in_order(given) == taken
        assert rules.in_order([*given[1:], earlier])[0] == earlier
