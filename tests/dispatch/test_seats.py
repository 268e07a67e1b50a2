"""Cheapest places are the cheapest, though prices are kept and far routes passed over."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dispatch.benchmark.rural import generate
from dispatch.model import Problem
from dispatch.search.arrays import Day, flatten
from dispatch.search.outcome import adopt, plan
from dispatch.search.recreate import recreate
from dispatch.search.room import measure
from dispatch.search.seats import NOWHERE, scan, scan_route
from dispatch.search.state import BANKED, FREE, Desk, State, copy, desk, empty
from tests.dispatch.test_search_times import TURNS, days, turn

ROUNDED = 4
"""Minutes by which a place may be cheaper and be passed over, as ways are rounded to whole minutes."""


def looked_at_anew(day: Day, state: State, bench: Desk, node: int, entry: int) -> tuple[int, int]:
    """Price and node before the cheapest place of a node on a route that may take it."""
    scan_route(day, state, bench, node, int(day.able[entry]), FREE)
    return int(bench.scanned[0]), int(bench.scanned[1]) if bench.scanned[0] < NOWHERE else FREE


def left_out(day: Day, state: State) -> list[int]:
    """Tasks without links that are left out."""
    nodes = [int(day.member[day.bundle_at[bundle]]) for bundle in state.bank[: state.total[BANKED]]]
    return [node for node in nodes if day.link_at[node] == day.link_at[node + 1]]


def entries(day: Day, node: int) -> range:
    """Places of a node's routes in ``day.able``."""
    return range(int(day.able_at[node]), int(day.able_at[node + 1]))


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(days(), st.integers(0, 2**32), TURNS)
def test_a_price_that_is_kept_is_the_price_of_today(
    problem: Problem, seed: int, turns: list[tuple[str, float]]
) -> None:
    tasks = tuple(replace(task, vehicle_kind=None) for task in problem.tasks)
    day, _ = flatten(replace(problem, tasks=tasks, links=()))  # with links nothing is kept
    state, bench = empty(day), desk(day, seed)
    best = copy(day, state)
    for kind, heat in turns:
        turn(day, (state, best, copy(day, state)), bench, kind, heat)
        measure(day, state, bench)
        for node in left_out(day, state):
            for entry in entries(day, node):
                if bench.quoted[entry] == bench.printed[day.able[entry]]:
                    price = int(bench.price[entry])
                    kept = price, int(bench.behind[entry]) if price < NOWHERE else FREE
                    assert kept == looked_at_anew(day, state, bench, node, entry)


@pytest.mark.parametrize("most", [1, 3])
def test_no_route_that_is_passed_over_has_a_cheaper_place(most: int) -> None:
    day, named = flatten(generate(150, 1).problem)
    state, bench = empty(day), desk(day, 1)
    recreate(day, state, copy(day, state), copy(day, state), bench, 50, 1.0)
    made = plan(day, named, state, 1, 0, 0.0)
    fewer = tuple(replace(route, stops=route.stops[::2]) for route in made.routes)
    adopt(day, named, state := empty(day), bench, replace(made, routes=fewer))
    measure(day, state, bench)
    bench.random_off[0] = 1
    looked = able = 0
    for node in left_out(day, state):
        found = scan(day, state, bench, node, most)
        seats = [int(price) for price in bench.seat_cost[:found]]
        able += len(entries(day, node))
        looked += sum(int(bench.quoted[entry] == bench.printed[day.able[entry]]) for entry in entries(day, node))
        prices = sorted(looked_at_anew(day, state, bench, node, entry)[0] for entry in entries(day, node))
        cheapest = [price for price in prices if price < NOWHERE][:most]
        assert len(seats) == len(cheapest)
        assert all(price <= other + ROUNDED for price, other in zip(seats, cheapest, strict=True))
    assert looked < 0.8 * able
