"""Who is visited how closely, by when, and what follows when nobody answers: the rules alone."""

from datetime import UTC, date, datetime, timedelta

import pytest

from timebank.people.models import RiskTier
from timebank.visiting.models import StepKind
from timebank.visiting.rules import LADDER, Situation, emergency_at, groups_of, next_due, next_step, tier_of

WAITS = {
    StepKind.FIRST_TRY: 0,
    StepKind.SECOND_TRY: 120,
    StepKind.NEIGHBOUR: 60,
    StepKind.VILLAGE: 60,
    StepKind.EMERGENCY: 120,
}
NINE = datetime(2026, 11, 3, 1, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("tags", "age", "level", "tier", "trace"),
    [
        (("living_alone",), 79, None, RiskTier.KEY, ["alone"]),
        (("living_alone",), 80, None, RiskTier.HIGH, ["alone_and_old"]),
        (("living_alone", "severely_handicapped"), 66, None, RiskTier.HIGH, ["alone_and_handicapped"]),
        (("disabled",), 70, None, RiskTier.HIGH, ["disabled"]),
        ((), 70, 3, RiskTier.HIGH, ["level"]),
        ((), 70, 2, RiskTier.KEY, ["level_medium"]),
        ((), 70, 1, RiskTier.GENERAL, ["nothing_special"]),
        (("left_behind", "one_child_loss"), 82, 0, RiskTier.KEY, ["left_behind", "one_child_loss", "old"]),
        (("empty_nest",), 70, None, RiskTier.GENERAL, ["nothing_special"]),
    ],
)
def test_the_tier_follows_from_the_situation_and_names_every_rule(
    tags: tuple[str, ...], age: int, level: int | None, tier: RiskTier, trace: list[str]
) -> None:
    assert tier_of(Situation(tags, age, level), old_age=80) == (tier, trace)


def test_hardship_alone_is_no_group_of_special_difficulty() -> None:
    assert groups_of(["hardship", "living_alone", "disabled"]) == ["disabled", "living_alone"]


def test_the_next_visit_is_counted_from_the_last_contact() -> None:
    listed = date(2026, 9, 1)
    assert next_due(None, since_on=listed, every_days=7, changed_on=None) == date(2026, 9, 8)
    assert next_due(date(2026, 11, 1), since_on=listed, every_days=7, changed_on=None) == date(2026, 11, 8)


def test_a_change_in_their_life_is_followed_up_within_a_day() -> None:
    listed, home_again = date(2026, 9, 1), date(2026, 11, 2)
    before = next_due(date(2026, 11, 1), since_on=listed, every_days=30, changed_on=home_again)
    after = next_due(date(2026, 11, 2), since_on=listed, every_days=30, changed_on=home_again)
    assert (before, after) == (date(2026, 11, 3), date(2026, 12, 2))


def test_the_ladder_climbs_rung_by_rung_each_with_its_own_time() -> None:
    at, taken = NINE, []
    for kind, upcoming in zip(LADDER, [*LADDER[1:], None], strict=True):
        taken.append((kind, at))
        found = next_step(taken, WAITS)
        if upcoming is None:
            assert found is None
        else:
            assert found is not None and (found.kind, found.due_at - at) == (
                upcoming,
                timedelta(minutes=WAITS[upcoming]),
            )
            at = found.due_at


def test_who_does_nothing_gets_the_alarm_after_the_sum_of_what_is_left() -> None:
    first = [(StepKind.FIRST_TRY, NINE)]
    assert emergency_at(first, WAITS) == NINE + timedelta(minutes=360)
    skipped_up = [*first, (StepKind.VILLAGE, NINE + timedelta(minutes=10))]
    assert emergency_at(skipped_up, WAITS) == NINE + timedelta(minutes=130)
    assert emergency_at([*first, (StepKind.EMERGENCY, NINE)], WAITS) is None
