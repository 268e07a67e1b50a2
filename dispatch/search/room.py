"""Making room for what is left out: it goes in, and what is in its way and easiest to place elsewhere comes out.

After Nagata and Bräysy (2009), "A powerful route minimization heuristic for the vehicle routing problem with time
windows": a bundle that finds no place becomes dearer to put out each time, so what is hard to place stays and the rest
wanders until it fits. Annealing alone gets stuck there: what is left out costs so much more than driving that it hardly
ever leaves out one visit for another. Cost is looked at only to keep the best plan met on the way.

Few kernels here time anything: each one that does is compiled with all of the timing.
"""

from __future__ import annotations

from dispatch.model import UNREACHABLE
from dispatch.search.arrays import Day
from dispatch.search.arrivals import NEVER, arrival, earliest, is_break, leg
from dispatch.search.bundles import bank_bundle, enter_bank, unlink_bundle
from dispatch.search.compile import kernel
from dispatch.search.moves import fits_links, give_up, save
from dispatch.search.recreate import loads_fit, place_node, refresh_stale, stands
from dispatch.search.seats import NOWHERE, STALE, scan, with_mates
from dispatch.search.state import BANKED, FREE, LOSS, Desk, State, assign, cost, draw

ROW = 3
"""Most neighbours that make way for one node."""

MOST_OUT = 8
"""Most bundles put out for one; places of ``Desk.victim``."""


@kernel
def make_room(day: Day, state: State, best: State, desk: Desk) -> bool:
    """Bring in one bundle that is left out, where it fits or for what is put out most lightly; ``best`` follows.

    Returns whether it came in; the plan is as before where it did not. Something must be left out.
    """
    measure(day, state, desk)
    bundle = state.bank[draw(desk, state.total[BANKED])]
    low, high = day.bundle_at[bundle], day.bundle_at[bundle + 1]
    lead = day.member[low + draw(desk, high - low)]
    if not lightest_row(day, state, desk, bundle, lead):
        desk.hunger[bundle] += 1
        return False
    if desk.row[1] >= 0:
        desk.hunger[bundle] += 1
    if not swap_in(day, state, desk, bundle, lead, desk.row[0], desk.row[1]):
        return False
    for index in range(desk.out[0]):
        enter_bank(state, desk.victim[index])
    stands(day, state, desk, bundle)
    if cost(day, state) < cost(day, best):
        assign(best, state)
    return True


@kernel
def measure(day: Day, state: State, desk: Desk) -> None:
    """Compute the limits of all routes anew."""
    for route in range(day.routes):
        desk.stale[route] = STALE
    refresh_stale(day, state, desk)


@kernel
def lightest_row(day: Day, state: State, desk: Desk, bundle: int, lead: int) -> bool:
    """Where ``lead`` and its mates fit with the least weight put out; the row that makes way into ``desk.row``."""
    least, first = NOWHERE, draw(desk, day.routes)
    free = desk.seat[0] if scan(day, state, desk, lead, 1) > 0 else FREE
    if free >= 0 and swap_in(day, state, desk, bundle, lead, free, FREE):
        least, desk.row[0], desk.row[1] = weight_out(day, desk), free, FREE
        swap_back(day, state, desk, bundle)
    for turn in range(day.routes):
        route = (first + turn) % day.routes
        if not day.allowed[route * day.nodes + lead]:
            continue
        before, end = day.nodes + route, day.nodes + day.routes + route
        while before != end and state.start[before] + day.duration[before] <= day.closes[lead]:
            last = row_behind(day, state, desk, lead, route, before, least)
            if last >= 0 and swap_in(day, state, desk, bundle, lead, before, last):
                weight = weight_out(day, desk)
                swap_back(day, state, desk, bundle)
                if weight < least:
                    least, desk.row[0], desk.row[1] = weight, before, last
            before = state.nxt[before]
    return least < NOWHERE


@kernel
def row_behind(day: Day, state: State, desk: Desk, node: int, route: int, before: int, below: int) -> int:
    """The last node of the shortest row behind ``before`` that makes way in time for a node, or FREE.

    Its weight, which is below the given one, goes into ``desk.scanned``.
    """
    last, weight = before, 0
    for _ in range(ROW):
        last = state.nxt[last]
        if last >= day.nodes or is_break(day, last) or day.bundle[last] == day.bundle[node]:
            return FREE
        weight += weight_of(day, desk, day.bundle[last])
        if weight >= below:
            return FREE
        if gap_fits(day, state, desk, node, route, before, state.nxt[last]):
            desk.scanned[0] = weight
            return last
    return FREE


@kernel
def weight_of(day: Day, desk: Desk, bundle: int) -> int:
    """How reluctantly a bundle is put out: the cost of leaving it out, times how often it found no place."""
    return max(1, day.loss[bundle]) * (1 + desk.hunger[bundle])


@kernel
def weight_out(day: Day, desk: Desk) -> int:
    """Weight of what a swap has put out."""
    weight = 0
    for index in range(desk.out[0]):
        weight += weight_of(day, desk, desk.victim[index])
    return weight


@kernel
def gap_fits(day: Day, state: State, desk: Desk, node: int, route: int, before: int, after: int) -> bool:
    """Whether a node fits in time between two others of a route, whatever stands there now."""
    start = earliest(day, route, node, arrival(day, state, route, before, node))
    if start != NEVER and day.link_at[node] < day.link_at[node + 1]:
        start = with_mates(day, state, desk, node, route, start)
    if start == NEVER:
        return False
    on = leg(day, state, route, node, after)
    return on < UNREACHABLE and start + day.duration[node] + (0 if is_break(day, after) else on) <= desk.limit[after]


@kernel
def swap_in(day: Day, state: State, desk: Desk, bundle: int, lead: int, behind: int, last: int) -> bool:
    """Put out a row (see `put_out`) and seat a bundle, its lead there, its mates where they fit; or undo it all.

    Where a mate fits nowhere, the lightest row makes way for it, too. What is put out is in ``desk.victim``, the number
    in ``desk.out``; the bank is the caller's.
    """
    save(state, desk)
    desk.out[0] = 0
    state.total[LOSS] -= day.loss[bundle]
    behind = put_out(day, state, desk, behind, last)
    seated = behind >= 0 and place_node(day, state, desk, lead, behind)
    for index in range(day.bundle_at[bundle], day.bundle_at[bundle + 1]):
        node = day.member[index]
        if seated and node != lead:
            behind = seat_of_mate(day, state, desk, node)
            seated = behind >= 0 and place_node(day, state, desk, node, behind)
    if seated and loads_fit(day, state, bundle):
        return True
    return swap_back(day, state, desk, bundle)


@kernel
def put_out(day: Day, state: State, desk: Desk, behind: int, last: int) -> int:
    """Bank the bundles of the row from behind one node to ``last`` (FREE: none); the node that the gap is behind.

    FREE where they are too many. A bundle may stand in the row with several nodes.
    """
    while last >= 0 and state.route[last] >= 0:
        if desk.out[0] == MOST_OUT:
            return FREE
        victim = day.bundle[state.nxt[behind]]
        behind = unlink_bundle(day, state, desk, victim, behind)
        bank_bundle(day, state, desk, victim)
        desk.victim[desk.out[0]] = victim
        desk.out[0] += 1
    return behind


@kernel
def seat_of_mate(day: Day, state: State, desk: Desk, node: int) -> int:
    """The node behind which a mate goes: where it fits, else where the lightest row has made way; FREE if nowhere."""
    if scan(day, state, desk, node, 1) > 0:
        return desk.seat[0]
    least, place, last = NOWHERE, FREE, FREE
    for route in range(day.routes):
        if not day.allowed[route * day.nodes + node] or not fits_links(day, state, node, route):
            continue
        before, end = day.nodes + route, day.nodes + day.routes + route
        while before != end and state.start[before] + day.duration[before] <= day.closes[node]:
            row = row_behind(day, state, desk, node, route, before, least)
            if row >= 0:
                least, place, last = desk.scanned[0], before, row
            before = state.nxt[before]
    return put_out(day, state, desk, place, last) if place >= 0 else FREE


@kernel
def swap_back(day: Day, state: State, desk: Desk, bundle: int) -> bool:
    """Undo an exchange, and the limits that it moved."""
    give_up(day, state, desk)
    if day.bundle_at[bundle + 1] - day.bundle_at[bundle] > 1:
        measure(day, state, desk)
    return False
