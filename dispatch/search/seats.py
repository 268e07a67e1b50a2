"""Where a node may stand on the routes as they are, and what it adds there to the cost.

Two things keep this fast on large days (measured with 1,000 visits: six times as many rounds of ruin and recreate).
Routes are looked at in the order of how near they begin, and those too far off to beat the best place found are passed
over. And prices are kept: on a route that is as it was when a node was last looked at, its cheapest place is, too. That
spares most of the looking for what is left out, which is asked about in every round. On days with links every route is
looked at anew: there a price depends on other routes, and the bookkeeping costs more than it spares (measured on the
30 published instances of 44 patients and more: 7 % fewer steps, no better plans).
"""

from __future__ import annotations

from dispatch.model import UNREACHABLE
from dispatch.search.arrays import SAME, Day
from dispatch.search.arrivals import NEVER, arrival, earliest, first_due, is_break, leg
from dispatch.search.compile import kernel
from dispatch.search.moves import fits_links, unfair
from dispatch.search.state import FREE, Desk, State, draw

NOWHERE = 1 << 60
"""Cost of a place that does not exist."""

FRESH, MOVED, STALE = range(3)
"""Values of ``Desk.stale``: as before this round, moved since, moved and its limits not yet computed anew."""

MIX = (-7046029254386353131, -4417276706812531889, 1609587929392839161, -8796714831421723037)
"""Odd numbers of 64 random bits, for the fingerprints of routes."""


@kernel
def update_limits(day: Day, state: State, desk: Desk, route: int) -> None:
    """Latest starts along one route, and what else `scan` asks of it."""
    desk.stale[route] = FRESH
    limit_back(day, state, desk, route)
    if not day.has_links:
        survey(day, state, desk, route)


@kernel
def limit_back(day: Day, state: State, desk: Desk, route: int) -> None:
    """Latest starts along one route, backwards from its end; links look at the limits of their other members.

    They may be too generous (several windows or shifts, breaks at the end): what they let through is timed exactly.
    """
    end = day.nodes + day.routes + route
    desk.limit[end] = day.latest[route]
    after, node, rested = end, state.prv[end], 0
    trailing = True
    while True:
        if is_break(day, node):
            rested += day.duration[node]
            desk.limit[node] = day.closes[node]
            if trailing:  # what ends later than a window closes is neither over by then nor followed by the break
                desk.limit[node] = first_due(day, state, node) if day.has_rests else day.latest[route]
                rested = 0
            node = state.prv[node]
            continue
        limit = desk.limit[after] - rested - leg(day, state, route, node, after) - day.duration[node]
        if rested > 0:
            limit = min(limit, desk.limit[state.nxt[node]] - day.duration[node])
        if node >= day.nodes:
            desk.limit[node] = limit
            return
        limit = min(limit, day.closes[node])
        for entry in range(day.link_at[node], day.link_at[node + 1]):
            other = day.link_to[entry]
            if state.route[other] >= 0 and state.route[other] != route:
                limit = min(limit, desk.limit[other] - day.link_least[entry])
        desk.limit[node] = limit
        trailing = False
        rested = 0
        after, node = node, state.prv[node]


@kernel
def survey(day: Day, state: State, desk: Desk, route: int) -> None:
    """Fingerprint of a route, and how far it spreads: the longest round trip from its start to two neighbours on it.

    A round trip to a node that is longer adds at least the difference to the driving, as far as no way is longer than
    one over a third place.
    """
    node, end, before = day.nodes + route, day.nodes + day.routes + route, day.nodes + route
    home = (day.mode[route] * day.places + day.place[node]) * day.places
    spread, mixed = 0, state.start[end] * MIX[0]
    while node != end:
        node = state.nxt[node]
        mixed = (mixed + node * MIX[1] + state.start[node] * MIX[2] + desk.limit[node]) * MIX[3]
        mixed ^= mixed >> 32
        if not is_break(day, node):
            ticks = leg(day, state, route, before, node)
            ticks += day.drive[home + day.place[before]] + day.drive[home + day.place[node]]
            spread, before = max(spread, ticks), node
    desk.printed[route], desk.spread[route] = mixed, spread


@kernel
def scan(day: Day, state: State, desk: Desk, node: int, most: int) -> int:
    """The cheapest places of a node, at most one per route, into ``desk.seat`` and ``desk.seat_cost``; their number."""
    found, only = 0, mates_route(day, state, node)
    for entry in range(day.able_at[node], day.able_at[node + 1]):
        route = day.able[entry]
        if (only >= 0 and route != only) or state.visits[route] >= day.most_visits[route]:
            continue
        below = desk.seat_cost[most - 1] if found == most else NOWHERE
        if not day.has_links and day.weight[0] * (2 * day.away[entry] - desk.spread[route]) >= below:
            continue
        quote(day, state, desk, node, entry, below)
        if desk.scanned[0] < below:
            found = min(most, found + 1)
            seat_in(desk, found - 1)
    return found


@kernel
def mates_route(day: Day, state: State, node: int) -> int:
    """The route that a node has to share with members already placed, or FREE."""
    only = FREE
    for entry in range(day.link_at[node], day.link_at[node + 1]):
        if day.link_kind[entry] == SAME and state.route[day.link_to[entry]] >= 0:
            only = state.route[day.link_to[entry]]
    return only


@kernel
def seat_in(desk: Desk, place: int) -> None:
    """Sort what was scanned into the seats, of which the last is at ``place`` and free."""
    price = desk.scanned[0]
    while place > 0 and desk.seat_cost[place - 1] > price:
        desk.seat_cost[place], desk.seat[place] = desk.seat_cost[place - 1], desk.seat[place - 1]
        place -= 1
    desk.seat_cost[place], desk.seat[place] = price, desk.scanned[1]


@kernel
def is_overlooked(desk: Desk) -> bool:
    """Whether a place is not seen this time: now and then, so that ruins are not always mended in the same way."""
    return not desk.random_off[0] and draw(desk, 100) == 0


@kernel
def quote(day: Day, state: State, desk: Desk, node: int, entry: int, below: int) -> None:
    """The cheapest place of a node on an able route, into ``desk.scanned``; known where the route was like this before.

    One that counts, as it costs less than ``below``, is overlooked now and then.
    """
    route = day.able[entry]
    if day.has_links:
        desk.scanned[0] = NOWHERE
        if fits_links(day, state, node, route):
            scan_route(day, state, desk, node, route, FREE)
        return
    if desk.quoted[entry] != desk.printed[route]:
        scan_route(day, state, desk, node, route, FREE)
        desk.quoted[entry] = desk.printed[route]
        desk.price[entry], desk.behind[entry] = desk.scanned[0], desk.scanned[1]
    desk.scanned[0], desk.scanned[1] = desk.price[entry], desk.behind[entry]
    if desk.scanned[0] < below and is_overlooked(desk):
        scan_route(day, state, desk, node, route, desk.scanned[1])


@kernel
def scan_route(day: Day, state: State, desk: Desk, node: int, route: int, but: int) -> None:
    """The cheapest place on one route but for one: price and node before it, into ``desk.scanned``."""
    desk.scanned[0] = NOWHERE
    before, end = day.nodes + route, day.nodes + day.routes + route
    opens, closes, duration = day.opens[node], day.closes[node], day.duration[node]
    while before != end:
        after = state.nxt[before]
        free = state.start[before] + day.duration[before]
        if free > closes:
            return
        if max(free, opens) + duration <= desk.limit[after] and before != but:
            price = place_price(day, state, desk, node, route, before, after)
            if price < desk.scanned[0] and not (day.has_links and is_overlooked(desk)):
                desk.scanned[0], desk.scanned[1] = price, before
        before = after


@kernel
def place_price(day: Day, state: State, desk: Desk, node: int, route: int, before: int, after: int) -> int:
    """What a node between two others adds to the cost, as far as can be told without timing; NOWHERE if it may not."""
    duration = day.duration[node]
    first, second = leg(day, state, route, before, node), leg(day, state, route, node, after)
    if first >= UNREACHABLE or second >= UNREACHABLE:
        return NOWHERE
    start = earliest(day, route, node, arrival(day, state, route, before, node))
    if day.link_at[node] < day.link_at[node + 1] and start != NEVER:
        start = with_mates(day, state, desk, node, route, start)
    if start == NEVER or start + duration + (0 if is_break(day, after) else second) > desk.limit[after]:
        return NOWHERE
    ticks = first + second - leg(day, state, route, before, after)
    price = day.weight[0] * ticks + day.face[route * day.nodes + node]
    if day.has_work:
        work = state.work[route]
        if work + ticks + duration > day.most_work[route]:
            return NOWHERE
        price += unfair(day, route, work + ticks + duration) - unfair(day, route, work)
    end = day.nodes + day.routes + route
    return price + timed_price(day, state, node, after, end, start, start + duration + second)


@kernel
def with_mates(day: Day, state: State, desk: Desk, node: int, route: int, start: int) -> int:
    """First start that suits the members already placed, or NEVER where they could not follow."""
    for entry in range(day.link_at[node], day.link_at[node + 1]):
        other = day.link_to[entry]
        if state.route[other] >= 0:
            start = max(start, state.start[other] - day.link_most[entry])
    start = earliest(day, route, node, start)
    for entry in range(day.link_at[node], day.link_at[node + 1]):
        other = day.link_to[entry]
        if state.route[other] >= 0 and start + day.link_least[entry] > desk.limit[other]:
            return NEVER
    return start


@kernel
def timed_price(day: Day, state: State, node: int, after: int, end: int, start: int, next_start: int) -> int:
    """Lateness of the node and of its follower, and overtime as if nothing behind waited."""
    price = day.weight[1] * max(0, start - day.due[node])
    if after < day.nodes:
        due = day.due[after]
        price += day.weight[1] * (max(0, next_start - due) - max(0, state.start[after] - due))
    delay = max(0, next_start - state.start[after])
    route = state.route[end]
    if delay > 0 and day.due_home[route] < day.latest[route]:
        finish, due = state.start[end], day.due_home[route]
        price += day.weight[3] * (max(0, finish + delay - due) - max(0, finish - due))
    return price
