"""Simulated annealing over the moves, in chunks that the driver times."""

from __future__ import annotations

import numpy as np

from dispatch.search.arrays import Day
from dispatch.search.arrivals import is_break
from dispatch.search.bundles import move_bundle, near
from dispatch.search.compile import kernel
from dispatch.search.moves import exchange, move_within
from dispatch.search.pairs import Longs
from dispatch.search.state import BANKED, FREE, Desk, State, assign, cost, draw


@kernel
def anneal(day: Day, state: State, best: State, desk: Desk, moves: int, heat: float) -> int:
    """Try moves at one temperature; ``best`` follows. Returns how many were kept.

    A move may cost at most ``heat x -ln u``, drawn before it is looked at, so that most are refused unseen.
    """
    kept = 0
    present, record = cost(day, state), cost(day, best)
    for _ in range(moves):
        allowance = int(heat * desk.logs[draw(desk, 4096)])
        if not one_move(day, state, desk, allowance):
            continue
        kept += 1
        present = cost(day, state)
        if present < record:
            record = present
            assign(best, state)
    return kept


@kernel
def one_move(day: Day, state: State, desk: Desk, allowance: int) -> bool:
    """Choose a node, a place for it and a kind of move (shares of measured); true where the move was kept."""
    if state.total[BANKED] > 0 and draw(desk, 8) == 0:
        return from_bank(day, state, desk, allowance)
    node = draw(desk, day.nodes)
    route = state.route[node]
    if route < 0:
        return False
    if is_break(day, node):
        behind = state.prv[state.prv[node]] if draw(desk, 2) == 0 else state.nxt[node]
        if behind < 0 or state.route[behind] != route or behind >= day.nodes + day.routes:
            return False
        return move_within(day, state, desk, node, 1, behind, allowance)
    behind = target(day, state, desk, node)
    if behind < 0 or state.route[behind] < 0:
        return False
    bundle = day.bundle[node]
    if day.bundle_at[bundle + 1] - day.bundle_at[bundle] > 1 and draw(desk, 100) < 35:
        return move_bundle(day, state, desk, node, behind, FREE, allowance)
    if state.route[behind] == route:
        return move_within(day, state, desk, node, 1 + draw(desk, 3), behind, allowance)
    return swap(day, state, desk, node, behind, allowance)


@kernel
def target(day: Day, state: State, desk: Desk, node: int) -> int:
    """A node to stand behind: now and then the start of a random route, mostly a ranked predecessor; or FREE."""
    if draw(desk, 100) < 4 or day.near_count[node] == 0:
        return day.nodes + draw(desk, day.routes)
    return near(day, desk, node)


@kernel
def ahead(day: Day, state: State, node: int, steps: int) -> int:
    """The node some steps on, or the last one of the route."""
    while steps > 0 and state.nxt[node] < day.nodes:
        node = state.nxt[node]
        steps -= 1
    return node


@kernel
def swap(day: Day, state: State, desk: Desk, node: int, behind: int, allowance: int) -> bool:
    """Exchange segments of random lengths between two routes; a fifth of the time their tails."""
    shape = draw(desk, 100)
    first_end = day.nodes + day.routes
    if not day.allowed[state.route[behind] * day.nodes + node]:
        return False
    if shape >= 80:
        a2, b2 = state.prv[first_end + state.route[node]], state.prv[first_end + state.route[behind]]
        return exchange(day, state, desk, node, a2, behind, b2, allowance)
    a2 = ahead(day, state, node, 1 + draw(desk, 3)) if shape >= 62 else node
    b2 = behind
    if draw(desk, 100) >= 55:
        b2 = ahead(day, state, behind, 1 + draw(desk, 4) if draw(desk, 100) >= 70 else 1)
    return exchange(day, state, desk, node, a2, behind, b2, allowance)


@kernel
def from_bank(day: Day, state: State, desk: Desk, allowance: int) -> bool:
    """Bring in a bundle that is left out, half of the time at the price of the one that stands in its way."""
    bundle = state.bank[draw(desk, state.total[BANKED])]
    low, high = day.bundle_at[bundle], day.bundle_at[bundle + 1]
    lead = day.member[low + draw(desk, high - low)]
    behind = target(day, state, desk, lead)
    if behind < 0 or state.route[behind] < 0:
        return False
    victim = FREE
    if draw(desk, 2) == 0:
        other = state.nxt[behind]
        if other < day.nodes and not is_break(day, other):
            victim = day.bundle[other]
    return move_bundle(day, state, desk, lead, behind, victim, allowance)


def mean_leg(day: Day) -> float:
    """Weighted cost of a typical drive: a quarter of the mean way between two different places of the day."""
    spots = np.unique(day.place[: day.uses_from])
    if len(spots) < 2:
        return float(max(1, day.weight[0]))
    ways: Longs = day.drive.reshape(day.modes, day.places, -1)[0][np.ix_(spots, spots)].astype(np.int64)
    open_ways = ways[(ways > 0) & (ways < 1_000_000_000)]
    return float(max(1.0, 0.25 * day.weight[0] * open_ways.mean())) if open_ways.size else 1.0
