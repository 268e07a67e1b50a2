"""Ruin and recreate: take strings of neighbouring visits out, put everything left out back where it costs least.

After Christiaens and Vanden Berghe (2020), "Slack induction by string removals": strings around a random visit,
greedy insertion in random orders that now and then overlooks a place. Linked tasks come out and go in together; every
insertion is timed exactly before it counts. This is the half of the search that wins where staff is short.
"""

from __future__ import annotations

from dispatch.search.arrays import Day
from dispatch.search.arrivals import carries, is_break, leg
from dispatch.search.bundles import bank_bundle, enter_bank, leave_bank
from dispatch.search.compile import kernel
from dispatch.search.moves import give_up, link, save, unlink
from dispatch.search.pairs import AROUND
from dispatch.search.schedule import propagate
from dispatch.search.seats import MOVED, NOWHERE, STALE, scan, update_limits
from dispatch.search.state import BANKED, LOSS, OPS, Desk, State, assign, cost, draw

RUIN = 10
"""Mean number of tasks taken out."""

STRING = 10
"""Longest string."""

SEATS = 3
"""Routes tried for the first of several linked tasks."""


@kernel
def recreate(day: Day, state: State, best: State, backup: State, desk: Desk, rounds: int, heat: float) -> int:
    """Rounds of ruin and recreate at one temperature; ``best`` follows. Returns how many were kept."""
    kept = 0
    for route in range(day.routes):
        desk.stale[route] = STALE
    refresh_stale(day, state, desk)
    present, record = cost(day, state), cost(day, best)
    assign(backup, state)
    for _ in range(rounds):
        if not ruin(day, state, desk):
            assign(state, backup)
            refresh_stale(day, state, desk)
            continue
        refill(day, state, desk)
        found = cost(day, state)
        if found <= present + int(heat * desk.logs[draw(desk, 4096)]):
            kept += 1
            if found < record:
                record = found
                assign(best, state)
            assign(backup, state)
            present = found
        else:
            assign(state, backup)
        refresh_stale(day, state, desk)
    return kept


@kernel
def refresh_stale(day: Day, state: State, desk: Desk) -> None:
    """Compute the limits of all stale routes anew."""
    for route in range(day.routes):
        if desk.stale[route]:
            update_limits(day, state, desk, route)


# Ruin.


@kernel
def ruin(day: Day, state: State, desk: Desk) -> bool:
    """Remove strings from the routes around a random task; false where the rest could not be timed."""
    save(state, desk)
    served = 0
    used = 0
    for route in range(day.routes):
        served += state.visits[route]
        used += 1 if state.visits[route] > 0 else 0
    if served == 0:
        return True
    longest = min(STRING, max(1, served // used))
    most = 4.0 * RUIN / (1.0 + longest) - 1.0
    strings = 1 + int(draw(desk, 1024) / 1024.0 * max(1.0, most))
    centre = draw(desk, day.breaks_from)
    desk.turns[0] += 1
    turn = desk.turns[0]
    for index in range(day.around_count):
        node = day.around[centre * AROUND + index]
        route = state.route[node]
        if route < 0 or desk.ruined[route] == turn:
            continue
        desk.ruined[route] = turn
        length = 1 + draw(desk, min(longest, max(1, state.visits[route])))
        remove_string(day, state, desk, node, length)
        strings -= 1
        if strings == 0:
            break
    timed = propagate(day, state, desk, NOWHERE)
    refresh(day, state, desk)
    return timed and bags_hold(day, state)


@kernel
def bags_hold(day: Day, state: State) -> bool:
    """Whether after taking tasks out no route carries more than it can, or hands over what it has not."""
    if day.has_loads:
        for route in range(day.routes):
            if not carries(day, state, route):
                return False
    return True


@kernel
def remove_string(day: Day, state: State, desk: Desk, node: int, length: int) -> None:
    """Remove a string of tasks that contains ``node``; half of the time a stretch in its middle stays."""
    first = node
    for _ in range(draw(desk, length)):
        if state.prv[first] >= day.nodes:
            break
        first = state.prv[first]
    spare = -1
    if length > 2 and draw(desk, 2) == 0:
        spare = 1 + draw(desk, length - 1)
    skip = 1 + draw(desk, 3)
    while length > 0 and first < day.nodes:
        after = state.nxt[first]
        if spare == 0 and skip > 0:
            skip -= 1
        elif not is_break(day, first):
            after = take_out(day, state, desk, first)
            length -= 1
            spare -= 1
        first = after


@kernel
def take_out(day: Day, state: State, desk: Desk, node: int) -> int:
    """Bank the bundle of a node; returns the node that now stands where it stood."""
    bundle = day.bundle[node]
    after = state.nxt[node]
    while after < day.nodes and day.bundle[after] == bundle:
        after = state.nxt[after]
    for index in range(day.bundle_at[bundle], day.bundle_at[bundle + 1]):
        member = day.member[index]
        desk.stale[state.route[member]] = STALE
        unlink(day, state, desk, member)
    bank_bundle(day, state, desk, bundle)
    enter_bank(state, bundle)
    desk.count[OPS] = 0
    return after


@kernel
def refresh(day: Day, state: State, desk: Desk) -> None:
    """Limits of all stale routes, and of those linked to them; where there are links, of all that moved."""
    least = MOVED if day.has_links else STALE
    for route in range(day.routes):
        if desk.stale[route] >= least:
            update_limits(day, state, desk, route)
            node = state.nxt[day.nodes + route]
            while node < day.nodes:
                for entry in range(day.link_at[node], day.link_at[node + 1]):
                    other = state.route[day.link_to[entry]]
                    if other >= 0 and other != route:
                        update_limits(day, state, desk, other)
                        desk.stale[other] = MOVED
                node = state.nxt[node]
            desk.stale[route] = MOVED


# Recreate.


@kernel
def refill(day: Day, state: State, desk: Desk) -> None:
    """Bring back what is left out, in a random kind of order, each at its cheapest place if that beats leaving out."""
    count = state.total[BANKED]
    rank(day, state, desk, count)
    for index in range(count):
        insert_bundle(day, state, desk, desk.order[index])


@kernel
def rank(day: Day, state: State, desk: Desk, count: int) -> None:
    """Sort the bank: at random, dearest first, longest first, narrowest window first, farthest first or earliest."""
    kind = draw(desk, 12)
    for index in range(count):
        bundle = state.bank[index]
        node = day.member[day.bundle_at[bundle]]
        noise = draw(desk, 1024)
        key = float(noise)
        if kind >= 10:
            key = -day.loss[bundle] * (0.9 + 0.2 * noise / 1024.0)
        elif kind >= 8:
            key = -day.duration[node] - noise / 1024.0
        elif kind >= 6:
            key = day.closes[node] - day.opens[node] + noise / 1024.0
        elif kind == 5:
            key = day.opens[node] + noise / 1024.0
        elif kind == 4:
            key = -leg(day, state, 0, day.nodes, node) - noise / 1024.0
        place = index
        while place > 0 and desk.key[place - 1] > key:
            desk.key[place], desk.order[place] = desk.key[place - 1], desk.order[place - 1]
            place -= 1
        desk.key[place], desk.order[place] = key, bundle


@kernel
def insert_single(day: Day, state: State, desk: Desk, bundle: int, node: int) -> bool:
    """`insert_bundle` for a task without links."""
    before = cost(day, state)
    if scan(day, state, desk, node, 1) == 0 or desk.seat_cost[0] >= day.loss[bundle]:
        return False
    save(state, desk)
    state.total[LOSS] -= day.loss[bundle]
    if not place_node(day, state, desk, node, desk.seat[0]) or cost(day, state) >= before:
        return give_up(day, state, desk)
    return stands(day, state, desk, bundle)


@kernel
def insert_bundle(day: Day, state: State, desk: Desk, bundle: int) -> bool:
    """Put a bundle at its cheapest place; false where there is none cheaper than leaving it out."""
    low, high = day.bundle_at[bundle], day.bundle_at[bundle + 1]
    if high - low == 1:
        return insert_single(day, state, desk, bundle, day.member[low])
    before = cost(day, state)
    lead = day.member[low + draw(desk, high - low)]
    seats = scan(day, state, desk, lead, SEATS)
    for index in range(seats):
        desk.tried[index] = desk.seat[index]
    chosen, cheapest = -1, before
    for index in range(seats):
        if attempt(day, state, desk, bundle, lead, desk.tried[index]) and cost(day, state) < cheapest:
            chosen, cheapest = index, cost(day, state)
        take_back(day, state, desk, bundle)
    if chosen < 0:
        return False
    desk.random_off[0] = 1
    done = attempt(day, state, desk, bundle, lead, desk.tried[chosen])
    desk.random_off[0] = 0
    if not done or cost(day, state) >= before:
        return take_back(day, state, desk, bundle)
    return stands(day, state, desk, bundle)


@kernel
def take_back(day: Day, state: State, desk: Desk, bundle: int) -> bool:
    """Undo an attempt, and the limits it moved."""
    for index in range(day.bundle_at[bundle], day.bundle_at[bundle + 1]):
        desk.touched[index - day.bundle_at[bundle]] = state.route[day.member[index]]
    give_up(day, state, desk)
    for index in range(day.bundle_at[bundle + 1] - day.bundle_at[bundle]):
        if desk.touched[index] >= 0:
            update_limits(day, state, desk, desk.touched[index])
            desk.stale[desk.touched[index]] = MOVED
    return False


@kernel
def stands(day: Day, state: State, desk: Desk, bundle: int) -> bool:
    """Book an insertion that is kept."""
    for index in range(day.bundle_at[bundle], day.bundle_at[bundle + 1]):
        desk.stale[state.route[day.member[index]]] = STALE
    leave_bank(state, bundle)
    refresh(day, state, desk)
    desk.count[OPS] = 0
    return True


@kernel
def attempt(day: Day, state: State, desk: Desk, bundle: int, lead: int, behind: int) -> bool:
    """Link and time a whole bundle, ``lead`` behind a node and every other member where it then is cheapest."""
    save(state, desk)
    state.total[LOSS] -= day.loss[bundle]
    if not place_node(day, state, desk, lead, behind):
        return False
    for index in range(day.bundle_at[bundle], day.bundle_at[bundle + 1]):
        node = day.member[index]
        if node == lead:
            continue
        if scan(day, state, desk, node, 1) == 0 or not place_node(day, state, desk, node, desk.seat[0]):
            return False
    return loads_fit(day, state, bundle)


@kernel
def loads_fit(day: Day, state: State, bundle: int) -> bool:
    """Whether the routes of a bundle carry what they now have."""
    if day.has_loads:
        for index in range(day.bundle_at[bundle], day.bundle_at[bundle + 1]):
            if not carries(day, state, state.route[day.member[index]]):
                return False
    return True


@kernel
def place_node(day: Day, state: State, desk: Desk, node: int, behind: int) -> bool:
    """Link one node and time what follows; loads are checked for single tasks only, linked ones balance later."""
    if not link(day, state, desk, node, behind) or not propagate(day, state, desk, NOWHERE):
        return False
    single = day.link_at[node] == day.link_at[node + 1]
    if not single:
        update_limits(day, state, desk, state.route[node])
        desk.stale[state.route[node]] = MOVED
    return not (day.has_loads and single) or carries(day, state, state.route[node])
