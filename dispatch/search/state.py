"""A plan in the making: linked lists of nodes per route, their starts, and what it all costs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dispatch.search.arrays import Day
from dispatch.search.compile import Table, kernel
from dispatch.search.pairs import Ints, Longs

STATIC, LATE, WORST, OVER, LOSS, BANKED = range(6)
"""Indices of ``State.total``: weighted travel, faces and fairness; ticks late, ticks the latest is late, ticks of
overtime; weighted cost of what is left out; bundles left out."""

FREE = -1
"""Route of a node that is left out."""


class State(Table):
    """Shapes as in `Day`; sentinels are linked like nodes."""

    prv: Ints  # [nodes + 2 routes]
    nxt: Ints
    start: Ints
    route: Ints
    visits: Ints  # [routes]
    work: Longs  # [routes] service plus travel
    total: Longs  # [6]
    bank: Ints  # [bundles] bundles left out, in the first total[BANKED] places
    bank_at: Ints  # [bundles] place in `bank`, or FREE
    block: Ints  # all arrays of 32 bits in one
    longs: Longs  # all of 64 bits
    block_size: int
    longs_size: int


class Desk(Table):
    """Scratch space of the kernels."""

    queue: Ints
    queued: npt.NDArray[np.int8]
    seen: Longs  # [bundles + routes] turn in which it was timed last
    times: Ints  # [bundles + routes] how often in that turn
    trial: Ints  # [nodes]
    least: Ints  # [nodes]
    mark: Longs  # [nodes] turn in which it was marked
    log_node: Ints
    log_start: Ints
    op_node: Ints
    op_after: Ints  # node it stood behind, or FREE where it was linked
    op_route: Ints
    op_work: Longs
    limit: Ints  # [nodes + 2 routes] latest start that keeps the hard rules, as far as it is known
    printed: Longs  # [routes] fingerprint of its order, starts and limits
    spread: Longs  # [routes] see `dispatch.search.seats.survey`
    quoted: Longs  # [able] fingerprint of the route for which the next two hold
    price: Longs  # [able] of the cheapest place of a node on a route
    behind: Ints  # [able] node before that place
    stale: Ints  # [routes] how far its limits hold, see `dispatch.search.seats.STALE`
    ruined: Ints  # [routes] ruin that touched it last
    turns: Ints  # [1] number of ruins
    order: Ints  # [bundles]
    key: npt.NDArray[np.float64]  # [bundles]
    seat: Ints  # [8] nodes before the cheapest places found by a scan
    seat_cost: Longs  # [8]
    tried: Ints  # [8]
    touched: Ints  # [members] routes of an attempt
    scanned: Longs  # [2] price and node before the cheapest place of one route
    hunger: Longs  # [bundles] how often it found no place without putting others out
    row: Ints  # [2] node before the row that makes room, and its last one or FREE
    victim: Ints  # [8] bundles put out
    out: Ints  # [1] their number
    random_off: Ints  # [1] no place is overlooked while it is set
    count: Longs  # [6] see below
    saved: Longs  # [6] totals before the move
    random: npt.NDArray[np.uint64]  # [1]
    logs: npt.NDArray[np.float64]  # [4096] -ln u for evenly spread u


QUEUED, LOGGED, OPS, TURN, BANKED_BEFORE = range(5)
"""Indices of ``Desk.count``."""


def blank(day: Day) -> State:
    """A state with room for a plan and nothing in it; its arrays are parts of two blocks, so that it copies fast."""
    size, bundles = day.nodes + 2 * day.routes, day.bundles
    block = np.full(4 * size + day.routes + 2 * bundles, FREE, dtype=np.int32)
    longs = np.zeros(6 + day.routes, dtype=np.int64)
    parts = np.split(block, np.cumsum([size, size, size, size, day.routes, bundles]))
    names = ("prv", "nxt", "start", "route", "visits", "bank", "bank_at")
    return State(
        **dict(zip(names, parts, strict=True)),
        total=longs[:6],
        work=longs[6:],
        block=block,
        longs=longs,
        block_size=len(block),
        longs_size=len(longs),
    )


def empty(day: Day) -> State:
    """A plan with every bundle left out and every break taken behind an empty route."""
    state = blank(day)
    starts = np.arange(day.nodes, day.nodes + day.routes)
    state.visits[:] = 0
    state.start[: day.nodes] = 0
    state.nxt[starts] = starts + day.routes
    state.prv[starts + day.routes] = starts
    state.route[starts] = state.route[starts + day.routes] = starts - day.nodes
    state.start[starts] = state.start[starts + day.routes] = day.shift_opens[day.shift_at[:-1]]
    waiting = np.unique(day.bundle[: day.breaks_from])
    state.bank[: len(waiting)] = waiting
    state.bank_at[waiting] = np.arange(len(waiting))
    state.total[BANKED], state.total[LOSS] = len(waiting), day.loss[waiting].sum()
    allowed = day.allowed.reshape(day.routes, day.nodes)
    for node in range(day.breaks_from, day.nodes):
        end = day.nodes + day.routes + int(np.flatnonzero(allowed[:, node])[0])
        before = state.prv[end]
        state.prv[node], state.nxt[node], state.nxt[before], state.prv[end] = before, end, node, node
        state.route[node] = state.route[end]
        state.start[node] = max(int(day.opens[node]), int(state.start[before]) + int(day.duration[before]))
    return state


def desk(day: Day, seed: int) -> Desk:
    """Scratch space, with its own stream of random numbers."""
    size, bundles = day.nodes + 2 * day.routes, day.bundles
    mixed = int(np.random.SeedSequence(seed).generate_state(1, np.uint64)[0]) | 1
    longs = {"seen": bundles + day.routes, "mark": day.nodes + 1, "op_work": 4 * size + 64, "count": 6, "saved": 6}
    longs |= {"seat_cost": 8, "scanned": 2, "hunger": bundles}
    longs |= {"printed": day.routes, "spread": day.routes, "quoted": len(day.able), "price": len(day.able)}
    ints = {
        "queue": size + 8,
        "times": bundles + day.routes,
        "trial": day.nodes + 1,
        "least": day.nodes + 1,
        "log_node": 160 * size + 64,
        "log_start": 160 * size + 64,
        "op_node": 4 * size + 64,
        "op_after": 4 * size + 64,
        "op_route": 4 * size + 64,
        "limit": size,
        "behind": len(day.able),
        "stale": day.routes,
        "ruined": day.routes,
        "turns": 1,
        "order": bundles,
        "seat": 8,
        "tried": 8,
        "touched": max(1, int(np.diff(day.bundle_at).max(initial=1))),
        "row": 2,
        "victim": 8,
        "out": 1,
        "random_off": 1,
    }
    return Desk(
        **{name: np.zeros(length, dtype=np.int32) for name, length in ints.items()},
        **{name: np.zeros(length, dtype=np.int64) for name, length in longs.items()},
        key=np.zeros(bundles, dtype=np.float64),
        queued=np.zeros(size, dtype=np.int8),
        random=np.array([mixed], dtype=np.uint64),
        logs=-np.log((np.arange(4096) + 0.5) / 4096.0),
    )


def copy(day: Day, state: State) -> State:
    """An independent copy."""
    other = blank(day)
    assign(other, state)
    return other


@kernel
def assign(target: State, source: State) -> None:
    """Make ``target`` equal ``source``, in place."""
    for index in range(source.block_size):
        target.block[index] = source.block[index]
    for index in range(source.longs_size):
        target.longs[index] = source.longs[index]


@kernel
def cost(day: Day, state: State) -> int:
    """Weighted total."""
    total, weight = state.total, day.weight
    return total[0] + weight[1] * total[1] + weight[2] * total[2] + weight[3] * total[3] + total[4]


@kernel
def draw(desk: Desk, below: int) -> int:
    """A whole number from 0 to below - 1 (Marsaglia's xorshift, 64 bits)."""
    x = desk.random[0]
    x ^= x << np.uint64(13)
    x ^= x >> np.uint64(7)
    x ^= x << np.uint64(17)
    desk.random[0] = x
    return np.int64(((x >> np.uint64(33)) * np.uint64(below)) >> np.uint64(31))  # type: ignore[return-value]
