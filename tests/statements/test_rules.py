"""The pure rules of statements: what is left of old hours, when hours will be asked for, proofs of sheets."""

from datetime import date
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timebank.core.errors import Refused
from timebank.statements.pictures import year_bars, year_columns
from timebank.statements.rules import (
    BANDS,
    Cohort,
    Lot,
    band_of,
    check_sum,
    project,
    proof_of,
    proves,
    remaining_lots,
    root_of,
)

DAYS = [Lot(date(2026, month, 1), 60) for month in (1, 2, 3)]


@pytest.mark.parametrize(
    ("balance", "left"),
    [
        (180, [(1, 60), (2, 60), (3, 60)]),
        (150, [(1, 30), (2, 60), (3, 60)]),
        (60, [(3, 60)]),
        (1, [(3, 1)]),
        (0, []),
        (-30, []),
    ],
)
def test_the_oldest_minutes_are_used_first(balance: int, left: list[tuple[int, int]]) -> None:
    assert [(lot.on.month, lot.minutes) for lot in remaining_lots(DAYS, balance)] == left


@given(st.lists(st.integers(1, 500), max_size=20), st.lists(st.integers(1, 500), max_size=20))
def test_lots_are_those_of_drawing_one_by_one(came: list[int], went: list[int]) -> None:
    went = [minutes for index, minutes in enumerate(went) if sum(went[: index + 1]) <= sum(came)]
    credits = [Lot(date(2026, 1, 1), minutes) for minutes in came]
    left = list(came)
    for minutes in went:
        for index in range(len(left)):
            used = min(left[index], minutes)
            left[index] -= used
            minutes -= used
    lots = remaining_lots(credits, sum(came) - sum(went))
    assert [lot.minutes for lot in lots] == [minutes for minutes in left if minutes]


@pytest.mark.parametrize(
    ("age", "band"), [(0, 0), (59, 0), (60, 1), (69, 1), (70, 2), (79, 2), (80, 3), (99, 3), (110, 3)]
)
def test_age_bands(age: int, band: int) -> None:
    assert band_of(age) == BANDS[band]


def test_hours_are_asked_for_once_people_are_old_enough() -> None:
    cohorts = [Cohort(58, 1_000), Cohort(75, 500)]
    first, second, third = project(cohorts, draw_age=60, percent=10, gifts=7, first_year=2027, years=3)
    assert (first.year, first.minutes, first.by_band["70-79"]) == (2027, 57, 50)
    assert second.by_band == {"under 60": 0, "60-69": 100, "70-79": 45, "80 and over": 0}
    assert third.by_band["60-69"] == 90  # a tenth of what is left


@given(st.lists(st.tuples(st.integers(18, 100), st.integers(0, 90_000)), max_size=30), st.integers(1, 100))
def test_nobody_is_expected_to_draw_more_than_is_owed(people: list[tuple[int, int]], percent: int) -> None:
    cohorts = [Cohort(age, minutes) for age, minutes in dict(people).items()]
    drawn = project(cohorts, draw_age=60, percent=percent, gifts=0, first_year=2027, years=30)
    assert sum(year.minutes for year in drawn) <= sum(cohort.minutes for cohort in cohorts)


def test_a_sheet_that_does_not_add_up_stops_the_close() -> None:
    check_sum(10, [{"minutes": 5}, {"minutes": -3}], 12)
    with pytest.raises(Refused, match="does_not_add_up"):
        check_sum(10, [{"minutes": 5}], 16)


@given(st.integers(1, 40), st.data())
def test_a_proof_holds_for_its_own_digest_and_root_alone(size: int, data: st.DataObject) -> None:
    digests = [sha256(str(number).encode()).hexdigest() for number in range(size)]
    index = data.draw(st.integers(0, size - 1))
    proof, root = proof_of(digests, index), root_of(digests)
    assert proves(proof, digests[index], root)
    assert not proves(proof, sha256(b"other").hexdigest(), root)
    assert not proves(proof, digests[index], sha256(b"root").hexdigest())


def test_pictures_keep_small_months_visible_and_big_ones_inside() -> None:
    picture = year_bars([("2026-10", 6_000, 1), ("2026-11", 0, 0)])
    assert [(bar.up, bar.down) for bar in picture.bars] == [(44, 2), (0, 0)]
    columns = year_columns([("2027", {"60-69": 50, "70-79": 50}), ("2028", {"60-69": 0, "70-79": 0})], supply=200)
    assert [part[2] for part in columns.columns[0].parts] == [30, 30]
    assert columns.columns[1].parts == () and columns.supply_y == 8
