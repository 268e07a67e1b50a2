"""Duty hours, the order of asking and the year's drills, computed by hand."""

from datetime import date, datetime, timedelta

import pytest

from timebank.core import clock
from timebank.core.errors import BadInput
from timebank.emergency import rules
from timebank.emergency.models import AskState, DutyShift
from timebank.emergency.rules import Asked, Candidate, Patience

MONDAY = date(2026, 11, 2)
NIGHT = DutyShift(
    id="night", area_code="500156101201", person_id="ma", weekday=0, from_minute=20 * 60, to_minute=32 * 60,
    starts_on=date(2026, 1, 1),
)  # fmt: skip
DAY = DutyShift(
    id="day", area_code="500156101", person_id="luo", weekday=1, from_minute=8 * 60, to_minute=20 * 60,
    starts_on=date(2026, 1, 1), ends_on=date(2026, 11, 3),
)  # fmt: skip
PATIENCE = Patience(ask_at_once=2, next_after=3, come_within=20, most_asked=4, levels_after=(10, 20))
TEN = clock.at_local(date(2026, 11, 3), 600)


def holders(on: date, minute: int, changes: dict[tuple[str, date], str | None] | None = None) -> list[str]:
    return [one.person_id for one in rules.on_duty([NIGHT, DAY], changes or {}, on=on, minute=minute)]


def test_a_night_belongs_to_the_evening_on_which_it_begins() -> None:
    assert holders(MONDAY, 19 * 60 + 59) == []
    assert holders(MONDAY, 20 * 60) == ["ma"]
    assert holders(MONDAY + timedelta(days=1), 7 * 60 + 59) == ["ma"]
    assert holders(MONDAY + timedelta(days=1), 8 * 60) == ["luo"]
    assert holders(MONDAY + timedelta(days=8), 8 * 60) == []  # the shift of Tuesday has ended


def test_an_exception_of_the_evening_holds_until_the_morning() -> None:
    changes: dict[tuple[str, date], str | None] = {("night", MONDAY): "wu"}
    assert holders(MONDAY + timedelta(days=1), 6 * 60, changes) == ["wu"]
    assert holders(MONDAY + timedelta(days=8), 6 * 60, changes) == ["ma"]
    assert holders(MONDAY, 21 * 60, {("night", MONDAY): None}) == []


def test_hours_without_anybody_are_named() -> None:
    tuesday = MONDAY + timedelta(days=1)
    assert rules.gaps([NIGHT, DAY], {}, tuesday) == [(20 * 60, 24 * 60)]
    assert rules.gaps([NIGHT, DAY], {("night", MONDAY): None}, tuesday) == [(0, 8 * 60), (20 * 60, 24 * 60)]
    assert rules.gaps([], {}, tuesday) == [(0, 24 * 60)]
    assert rules.gaps([NIGHT], {}, MONDAY, not_here={NIGHT.person_id}) == rules.gaps([], {}, MONDAY)


def test_a_shift_that_ends_before_it_begins_ends_the_next_morning() -> None:
    assert rules.check_shift(0, 8 * 60, 20 * 60) == 20 * 60
    assert rules.check_shift(0, 20 * 60, 8 * 60) == 32 * 60
    assert rules.check_shift(0, 8 * 60, 8 * 60) == 32 * 60
    with pytest.raises(BadInput):
        rules.check_shift(7, 8 * 60, 9 * 60)


def test_duty_comes_before_nearness_and_a_training_is_worth_some_metres() -> None:
    far_duty = Candidate("duty", 9_000, is_on_duty=True)
    near, trained, too_far = Candidate("near", 500), Candidate("trained", 1_400, has_skill=True), Candidate("x", 8_001)
    order = rules.in_order([near, trained, far_duty, too_far], within_m=8_000, skill_worth_m=1_000)
    assert [one.person_id for one in order] == ["duty", "trained", "near"]
    order = rules.in_order([near, trained], within_m=8_000, skill_worth_m=0)
    assert [one.person_id for one in order] == ["near", "trained"]


def step(asked: list[Asked], minutes: float) -> rules.NextStep:
    return rules.next_step(asked, opened_at=TEN, now=TEN + timedelta(minutes=minutes), patience=PATIENCE)


def asked(who: str, state: AskState, minute: float = 0, answered: datetime | None = None) -> Asked:
    return Asked(who, state, TEN + timedelta(minutes=minute), answered)


@pytest.mark.parametrize(
    ("people", "minutes", "expected"),
    [
        ([], 0, rules.NextStep((), 2, 0)),
        ([asked("a", AskState.ASKED)], 2.9, rules.NextStep((), 0, 0)),
        ([asked("a", AskState.ASKED)], 3, rules.NextStep(("a",), 2, 0)),
        ([asked("a", AskState.CANNOT), asked("b", AskState.ASKED)], 1, rules.NextStep((), 0, 0)),
        ([asked("a", AskState.COMING, 0, TEN)], 19, rules.NextStep((), 0, 1)),
        ([asked("a", AskState.COMING, 0, TEN)], 20, rules.NextStep((), 2, 2)),
        ([asked(who, AskState.SILENT) for who in "abc"], 9, rules.NextStep((), 1, 0)),
        ([asked(who, AskState.SILENT) for who in "abcd"], 9, rules.NextStep((), 0, 0)),
    ],
    ids=["at first", "still waits", "silent", "one may come", "on the way", "late", "one more", "enough asked"],
)
def test_what_the_clock_does_next(people: list[Asked], minutes: float, expected: rules.NextStep) -> None:
    assert step(people, minutes) == expected


@pytest.mark.parametrize(
    ("held", "on", "number", "near", "late"),
    [
        ([], date(2026, 1, 5), 1, False, False),
        ([], date(2026, 5, 16), 1, True, False),
        ([], date(2026, 7, 1), 1, True, True),
        ([date(2026, 3, 1)], date(2026, 7, 1), 2, False, False),
        ([date(2026, 3, 1), date(2025, 12, 1)], date(2026, 11, 20), 2, True, False),
    ],
    ids=["January", "45 days before", "missed", "second half", "last year does not count"],
)
def test_a_drill_belongs_to_each_half_of_the_year(
    held: list[date], on: date, number: int, near: bool, late: bool
) -> None:
    due = rules.next_drill(held, on=on, per_year=2, remind_days=45)
    assert due is not None
    assert (due.number, due.is_near, due.is_late) == (number, near, late)
    assert due.due_on == (date(2026, 6, 30) if number == 1 else date(2026, 12, 31))


def test_after_two_drills_nothing_is_owed() -> None:
    held = [date(2026, 3, 1), date(2026, 9, 1)]
    assert rules.next_drill(held, on=date(2026, 11, 1), per_year=2, remind_days=45) is None
