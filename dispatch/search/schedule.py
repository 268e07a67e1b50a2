"""Exact earliest starts for the routes as they are linked, kept up to date move by move.

Every start depends on the node before it and on the links of its bundle: a system of "not before" constraints whose
least solution is also the cheapest plan of these sequences, since no cost falls when something starts later. After a
move only the nodes whose predecessor changed are queued; the earliest queued one is timed first, all members of its
bundle together from their routes alone (so starts can fall as well as rise), and successors follow where something
changed. `dispatch.search.twin` computes the same from scratch in plain Python; only where a longest gap between two
carers closes a ring that is exactly tight may starts rest on each other here and stay later than the twin's (1 state in
100,000 of random days, measured): they keep every rule, and the plan that leaves the search has the twin's times.
"""

from __future__ import annotations

from dispatch.search.arrays import Day
from dispatch.search.arrivals import NEVER, earliest, homecoming, is_break, natural
from dispatch.search.compile import kernel
from dispatch.search.state import LATE, LOGGED, OVER, QUEUED, TURN, WORST, Desk, State

PATIENCE = 6
"""How often one bundle is timed again in one move before the move is given up. Two routes that wait for each other
would climb for ever; honest moves need one to three rounds (measured)."""

ROUTE_PATIENCE = 24
"""The same for a whole route, counting the times that something on it changed."""

PASSES = 16
"""How often one route is walked until its own links agree."""


@kernel
def push(desk: Desk, node: int) -> None:
    """Queue a node to be timed."""
    if not desk.queued[node]:
        desk.queued[node] = 1
        desk.queue[desk.count[QUEUED]] = node
        desk.count[QUEUED] += 1


@kernel
def push_on(day: Day, state: State, desk: Desk, node: int) -> None:
    """Queue a node and, where it is a break, the first task or the end behind it: the drive there began before."""
    push(desk, node)
    while is_break(day, node):
        node = state.nxt[node]
        push(desk, node)


@kernel
def pop(state: State, desk: Desk, first_end: int) -> int:
    """The queued node with the smallest start; ends of routes last, nothing depends on them."""
    last, best, least = desk.count[QUEUED] - 1, 0, NEVER
    for index in range(last + 1):
        node = desk.queue[index]
        if node < first_end and state.start[node] < least:
            best, least = index, state.start[node]
    node = desk.queue[best]
    desk.queue[best] = desk.queue[last]
    desk.count[QUEUED] = last
    desk.queued[node] = 0
    return node


@kernel
def drain(desk: Desk) -> None:
    """Forget what is queued."""
    for index in range(desk.count[QUEUED]):
        desk.queued[desk.queue[index]] = 0
    desk.count[QUEUED] = 0


@kernel
def log_start(state: State, desk: Desk, node: int) -> None:
    """Remember the start of a node."""
    count = desk.count[LOGGED]
    desk.log_node[count], desk.log_start[count] = node, state.start[node]
    desk.count[LOGGED] = count + 1


@kernel
def set_start(day: Day, state: State, desk: Desk, node: int, start: int) -> None:
    """Move a start, log the old one, keep the sum of lateness."""
    old, due = state.start[node], day.due[node]
    log_start(state, desk, node)
    state.total[LATE] += max(0, start - due) - max(0, old - due)
    state.start[node] = start


@kernel
def undo_starts(state: State, desk: Desk) -> None:
    """Restore every logged start; totals are the caller's."""
    for index in range(desk.count[LOGGED] - 1, -1, -1):
        state.start[desk.log_node[index]] = desk.log_start[index]
    desk.count[LOGGED] = 0


@kernel
def raised_by_links(day: Day, state: State, desk: Desk, node: int) -> bool:
    """Raise the trial start of a node to what its links ask; whether that changed it."""
    start = desk.trial[node]
    for entry in range(day.link_at[node], day.link_at[node + 1]):
        other = day.link_to[entry]
        if state.route[other] >= 0:
            start = max(start, desk.trial[other] - day.link_most[entry])
    if start == desk.trial[node] or start >= NEVER:
        desk.trial[node] = start
        return start >= NEVER  # then it is raised in every round, until the rounds are over
    desk.trial[node] = earliest(day, state.route[node], node, start)
    return True


@kernel
def agree(day: Day, state: State, desk: Desk, bundle: int) -> bool:
    """Raise trial starts until all links hold; members left out, or at -NEVER, ask nothing. False where none do."""
    low, high = day.bundle_at[bundle], day.bundle_at[bundle + 1]
    for _ in range(4 * (high - low)):
        raised = False
        for index in range(low, high):
            node = day.member[index]
            if state.route[node] >= 0 and desk.trial[node] > -NEVER:
                raised |= raised_by_links(day, state, desk, node)
        if not raised:
            return True
    return False


@kernel
def time_bundle(day: Day, state: State, desk: Desk, bundle: int) -> bool:
    """Earliest starts of the members that are on routes, into ``desk.trial``; false where there are none."""
    low, high = day.bundle_at[bundle], day.bundle_at[bundle + 1]
    for index in range(low, high):
        node = day.member[index]
        if state.route[node] >= 0:
            desk.trial[node] = natural(day, state, node)
            if desk.trial[node] == NEVER:
                return False
    return agree(day, state, desk, bundle)


@kernel
def start_on_route(day: Day, state: State, desk: Desk, node: int, route: int) -> int:
    """Earliest start after the node before, the least asked on this route and the members on other routes, or NEVER."""
    start = natural(day, state, node)
    if start < desk.least[node]:
        start = earliest(day, route, node, desk.least[node])
    if start == NEVER or day.link_at[node] == day.link_at[node + 1]:
        return start
    bundle = day.bundle[node]
    for index in range(day.bundle_at[bundle], day.bundle_at[bundle + 1]):
        member = day.member[index]
        desk.trial[member] = -NEVER  # members on this route have their say in `knots_agree`
        if state.route[member] >= 0 and state.route[member] != route:
            desk.trial[member] = natural(day, state, member)
            if desk.trial[member] == NEVER:
                return NEVER
    desk.trial[node] = start
    return desk.trial[node] if agree(day, state, desk, bundle) else NEVER


@kernel
def knots_agree(day: Day, state: State, desk: Desk, route: int) -> bool:
    """Whether all links inside a route hold; else ``desk.least`` is raised to what they ask."""
    hold = True
    node = state.nxt[day.nodes + route]
    while node < day.nodes:
        bundle = day.bundle[node]
        if day.bundle_at[bundle + 1] - day.bundle_at[bundle] > 2:
            hold &= far_links_hold(day, state, desk, bundle, route)
        for entry in range(day.link_at[node], day.link_at[node + 1]):
            other = day.link_to[entry]
            if state.route[other] == route and state.start[other] - day.link_most[entry] > state.start[node]:
                desk.least[node] = max(desk.least[node], state.start[other] - day.link_most[entry])
                hold = False
        node = state.nxt[node]
    return hold


@kernel
def far_links_hold(day: Day, state: State, desk: Desk, bundle: int, route: int) -> bool:
    """Whether the links that lead from this route over members on others and back hold; else as `knots_agree`.

    With three members two of them may stand on one route and be linked through the third alone.
    """
    low, high = day.bundle_at[bundle], day.bundle_at[bundle + 1]
    for index in range(low, high):
        member = day.member[index]
        desk.trial[member] = state.start[member]
        if state.route[member] >= 0 and state.route[member] != route:
            desk.trial[member] = natural(day, state, member)
    possible, hold = agree(day, state, desk, bundle), True
    for index in range(low, high):
        member = day.member[index]
        if state.route[member] == route and not (possible and desk.trial[member] == state.start[member]):
            desk.least[member] = max(desk.least[member], desk.trial[member]) if possible else NEVER
            hold = False
    return hold


@kernel
def time_route(day: Day, state: State, desk: Desk, route: int) -> bool:
    """Earliest starts along a whole route, from below, written and logged; false where there are none.

    For days on which a carer has links of its own (a meal in its bag): there a start may rest on a later one of the
    same route, and timing one bundle after the other would leave both resting on each other for ever.
    """
    node = state.nxt[day.nodes + route]
    while node < day.nodes:
        desk.least[node] = 0
        log_start(state, desk, node)
        node = state.nxt[node]
    for _ in range(PASSES):
        node = state.nxt[day.nodes + route]
        while node < day.nodes:
            state.start[node] = start_on_route(day, state, desk, node, route)
            if state.start[node] == NEVER:
                return False
            node = state.nxt[node]
        if knots_agree(day, state, desk, route):
            return True
    return False


@kernel
def follow_route(day: Day, state: State, desk: Desk, route: int, logged: int) -> int:
    """Book what `time_route` changed since ``logged``: lateness, members elsewhere to be timed; the latest lateness."""
    worst, kept = 0, logged
    for index in range(logged, desk.count[LOGGED]):
        node, old = desk.log_node[index], desk.log_start[index]
        start, due = state.start[node], day.due[node]
        worst = max(worst, start - due)
        if start == old:
            continue
        desk.log_node[kept], desk.log_start[kept] = node, old
        kept += 1
        state.total[LATE] += max(0, start - due) - max(0, old - due)
        for entry in range(day.link_at[node], day.link_at[node + 1]):
            other = day.link_to[entry]
            if state.route[other] >= 0 and state.route[other] != route:
                push(desk, other)
    desk.count[LOGGED] = kept
    push(desk, day.nodes + day.routes + route)
    return worst


@kernel
def time_end(day: Day, state: State, desk: Desk, end: int) -> bool:
    """Bring the end of a route up to date with its overtime; false where it is too late."""
    route = state.route[end]
    finish = day.shift_opens[day.shift_at[route]]
    if state.visits[route] > 0:
        finish = homecoming(day, state, route)
    old = state.start[end]
    if finish != old:
        log_start(state, desk, end)
        due = day.due_home[route]
        state.total[OVER] += max(0, finish - due) - max(0, old - due)
        state.start[end] = finish
    return finish <= day.latest[route]


@kernel
def time_knotted(day: Day, state: State, desk: Desk, bundle: int, turn: int) -> int:
    """Time the routes of all members of a bundle; the greatest lateness on them, or NEVER where that cannot be."""
    worst = 0
    for index in range(day.bundle_at[bundle], day.bundle_at[bundle + 1]):
        route = state.route[day.member[index]]
        if route < 0:
            continue
        logged = desk.count[LOGGED]
        if not time_route(day, state, desk, route):
            return NEVER
        worst = max(worst, follow_route(day, state, desk, route, logged))
        if desk.count[LOGGED] > logged and seen_again(desk, day.bundles + route, turn) > ROUTE_PATIENCE:
            return NEVER
    return worst


@kernel
def seen_again(desk: Desk, index: int, turn: int) -> int:
    """Count how often something was timed in this turn."""
    if desk.seen[index] != turn:
        desk.seen[index] = turn
        desk.times[index] = 0
    desk.times[index] += 1
    return desk.times[index]


@kernel
def propagate(day: Day, state: State, desk: Desk, allowance: int) -> bool:  # noqa: C901 - the hot loop, in one piece
    """Time everything queued and what follows from it.

    Parameters
    ----------
    allowance
        Weighted lateness of one node that makes going on pointless once it was timed before in this turn (labels
        that are timed for the first time may still fall).

    Returns
    -------
    bool
        False where a hard rule breaks, routes wait for each other or the allowance is passed; the starts are then
        half done and `undo_starts` is due.
    """
    desk.count[TURN] += 1
    turn, first_end = desk.count[TURN], day.nodes + day.routes
    rescan = False
    worst = state.total[WORST]
    while desk.count[QUEUED] > 0:
        node = pop(state, desk, first_end)
        if node >= first_end:
            if not time_end(day, state, desk, node):
                drain(desk)
                return False
            continue
        bundle = day.bundle[node]
        if day.has_knots and day.knotted[bundle]:
            late = time_knotted(day, state, desk, bundle, turn)
            if late == NEVER:
                drain(desk)
                return False
            rescan = rescan or worst > 0
            worst = max(worst, late)
            continue
        again = seen_again(desk, bundle, turn)
        if again > PATIENCE or not time_bundle(day, state, desk, bundle):
            drain(desk)
            return False
        for index in range(day.bundle_at[bundle], day.bundle_at[bundle + 1]):
            member = day.member[index]
            start, due = desk.trial[member], day.due[member]
            if state.route[member] < 0 or start == state.start[member]:
                continue
            if again > 1 and (start - due) * day.weight[1] > allowance:
                drain(desk)
                return False
            rescan = rescan or (worst > 0 and state.start[member] - due == worst)
            set_start(day, state, desk, member, start)
            worst = max(worst, start - due)
            push_on(day, state, desk, state.nxt[member])
    state.total[WORST] = worst_lateness(day, state) if rescan else worst
    return True


@kernel
def worst_lateness(day: Day, state: State) -> int:
    """Ticks the latest start lies behind its due time."""
    worst = 0
    for node in range(day.uses_from):
        if state.route[node] >= 0:
            worst = max(worst, state.start[node] - day.due[node])
    return worst
