"""Linked tasks as one: their places, their way into and out of the bank of what is left out, and their move together.

Split from the moves of single segments (moves.py); everything here takes a whole bundle or finds a seat for its parts.
"""

from __future__ import annotations

from dispatch.search.arrays import DIFFERENT, SAME, Day
from dispatch.search.arrivals import leg
from dispatch.search.compile import kernel
from dispatch.search.moves import fits_links, give_up, hopeless, link, save, settle, unlink
from dispatch.search.pairs import NEAR
from dispatch.search.schedule import set_start, worst_lateness
from dispatch.search.state import (
    BANKED,
    FREE,
    LOSS,
    STATIC,
    WORST,
    Desk,
    State,
    cost,
    draw,
)


@kernel
def place_by_time(day: Day, state: State, route: int, moment: int) -> int:
    """The last node of a route that starts by a moment."""
    node, end = day.nodes + route, day.nodes + day.routes + route
    while state.nxt[node] != end and state.start[state.nxt[node]] <= moment:
        node = state.nxt[node]
    return node


@kernel
def any_route(day: Day, desk: Desk, node: int) -> int:
    """A random route that may serve a node, or FREE after some tries."""
    for _ in range(8):
        route = draw(desk, day.routes)
        if day.allowed[route * day.nodes + node]:
            return route
    return FREE


@kernel
def seat(day: Day, state: State, desk: Desk, node: int, moment: int) -> int:
    """A node to stand behind, at random but promising, for a member whose mate begins about ``moment``; or FREE."""
    for entry in range(day.link_at[node], day.link_at[node + 1]):
        other = day.link_to[entry]
        if day.link_kind[entry] == SAME and state.route[other] >= 0:
            behind = other
            if day.link_most[entry] > 0 or state.start[other] > moment:  # it comes before its mate
                behind = state.prv[other]
                while draw(desk, 3) == 0 and behind < day.nodes:
                    behind = state.prv[behind]
            else:
                while draw(desk, 3) == 0 and state.nxt[behind] < day.nodes:
                    behind = state.nxt[behind]
            return behind
    if draw(desk, 100) < 60 and day.near_count[node] > 0:
        behind = near(day, desk, node)
        if state.route[behind] >= 0 and day.allowed[state.route[behind] * day.nodes + node]:
            return behind
        return FREE
    route = any_route(day, desk, node)
    return FREE if route < 0 else place_by_time(day, state, route, moment)


@kernel
def near(day: Day, desk: Desk, node: int) -> int:
    """A ranked predecessor, the first ones likelier: rank fraction r (0.2 + 0.8 r), measured."""
    r = draw(desk, 1024) / 1024.0
    return day.near[node * NEAR + int(day.near_count[node] * r * (0.2 + 0.8 * r))]


@kernel
def bank_bundle(day: Day, state: State, desk: Desk, bundle: int) -> None:
    """Book a bundle whose members are unlinked as left out."""
    rescan = False
    for index in range(day.bundle_at[bundle], day.bundle_at[bundle + 1]):
        node = day.member[index]
        late = state.start[node] - day.due[node]
        rescan = rescan or (late > 0 and late == state.total[WORST])
        set_start(day, state, desk, node, 0)
        if desk.queued[node]:  # it may have been queued as a follower of another one taken out
            unqueue(desk, node)
    if rescan:
        state.total[WORST] = worst_lateness(day, state)
    state.total[LOSS] += day.loss[bundle]


@kernel
def unqueue(desk: Desk, node: int) -> None:
    """Take one node from the queue."""
    last = desk.count[0] - 1
    for index in range(last + 1):
        if desk.queue[index] == node:
            desk.queue[index] = desk.queue[last]
            desk.count[0] = last
            desk.queued[node] = 0
            return


@kernel
def enter_bank(state: State, bundle: int) -> None:
    """List a bundle as left out; done once a move stands."""
    count = state.total[BANKED]
    state.bank[count], state.bank_at[bundle] = bundle, count
    state.total[BANKED] = count + 1


@kernel
def leave_bank(state: State, bundle: int) -> None:
    """Take a bundle off the list."""
    place, last = state.bank_at[bundle], state.total[BANKED] - 1
    state.bank[place] = state.bank[last]
    state.bank_at[state.bank[place]] = place
    state.bank_at[bundle] = FREE
    state.total[BANKED] = last


@kernel
def unlink_bundle(day: Day, state: State, desk: Desk, bundle: int, behind: int) -> int:
    """Take all members out; returns ``behind``, or what stood before it where it was one of them."""
    for index in range(day.bundle_at[bundle], day.bundle_at[bundle + 1]):
        if behind == day.member[index]:
            behind = state.prv[behind]
        unlink(day, state, desk, day.member[index])
    return behind


@kernel
def seat_others(day: Day, state: State, desk: Desk, lead: int, behind: int) -> bool:
    """Link the other members of a bundle whose ``lead`` stands behind a node; false where one finds no seat."""
    ready = state.start[behind] + day.duration[behind] + leg(day, state, state.route[lead], behind, lead)
    moment, bundle = max(ready, day.opens[lead]), day.bundle[lead]
    for index in range(day.bundle_at[bundle], day.bundle_at[bundle + 1]):
        node = day.member[index]
        if node == lead:
            continue
        place = seat(day, state, desk, node, moment)
        if place < 0 or state.route[place] < 0 or not day.allowed[state.route[place] * day.nodes + node]:
            return False
        if not fits_links(day, state, node, state.route[place]) or not link(day, state, desk, node, place):
            return False
    return True


@kernel
def detour(day: Day, state: State, before: int, node: int, after: int, route: int) -> int:
    """Ticks of driving that a node adds between two others."""
    ticks = leg(day, state, route, before, node) + leg(day, state, route, node, after)
    return ticks - leg(day, state, route, before, after)


@kernel
def step_out(state: State, node: int, one: int, two: int) -> int:
    """The node itself, or the last one before it that is neither of two."""
    while node == one or node == two:  # noqa: SIM109 - kernels know no membership
        node = state.prv[node]
    return node


@kernel
def pair_detour(day: Day, state: State, node: int, mate: int, behind: int) -> int:
    """Ticks of driving for standing behind ``behind`` instead of here, both members of a pair taken out before."""
    after = state.nxt[behind]
    while after == node or after == mate:  # noqa: SIM109 - as above
        after = state.nxt[after]
    there, here = state.route[behind], state.route[node]
    return detour(day, state, behind, node, after, there) - detour(
        day, state, state.prv[node], node, state.nxt[node], here
    )


@kernel
def move_pair(day: Day, state: State, desk: Desk, lead: int, behind: int, allowance: int) -> bool:
    """`move_bundle` for two tasks of different carers: both seats are chosen and priced before anything is touched."""
    mate, bundle = day.link_to[day.link_at[lead]], day.bundle[lead]
    behind = step_out(state, behind, lead, mate)
    there = state.route[behind]
    if not day.allowed[there * day.nodes + lead]:
        return False
    ready = state.start[behind] + day.duration[behind] + leg(day, state, there, behind, lead)
    entry = day.link_at[lead]
    gap = day.link_least[entry] + draw(desk, 1 + day.link_most[entry] - day.link_least[entry])
    place = seat(day, state, desk, mate, max(ready, day.opens[lead]) + gap)
    if place < 0:
        return False
    place = step_out(state, place, lead, mate)
    route = state.route[place]
    if route < 0 or route == there or not day.allowed[route * day.nodes + mate]:
        return False
    static = pair_detour(day, state, lead, mate, behind) + pair_detour(day, state, mate, lead, place)
    if hopeless(day, state, desk, day.weight[0] * static, lead, mate, allowance):
        return False
    save(state, desk)
    before = cost(day, state)
    unlink_bundle(day, state, desk, bundle, behind)
    if not link(day, state, desk, lead, behind) or not link(day, state, desk, mate, place):
        return give_up(day, state, desk)
    return settle(day, state, desk, before, allowance)


@kernel
def is_plain_pair(day: Day, state: State, lead: int) -> bool:
    """Whether a node is one of two tasks on routes that two carers do, on a day whose driving alone prices orders."""
    bundle, entry = day.bundle[lead], day.link_at[lead]
    if day.has_breaks or day.has_faces or day.has_work or day.has_modes or day.link_at[lead + 1] != entry + 1:
        return False
    two = day.bundle_at[bundle + 1] - day.bundle_at[bundle] == 2
    return two and day.link_kind[entry] == DIFFERENT and state.bank_at[bundle] < 0


@kernel
def move_bundle(day: Day, state: State, desk: Desk, lead: int, behind: int, victim: int, allowance: int) -> bool:
    """Move all members of a bundle: ``lead`` behind a node, the others to promising seats; or in from the bank.

    ``victim`` (a bundle, or FREE) is left out in exchange.
    """
    bundle = day.bundle[lead]
    if victim < 0 and is_plain_pair(day, state, lead):
        return move_pair(day, state, desk, lead, behind, allowance)
    if not day.allowed[state.route[behind] * day.nodes + lead]:
        return False
    save(state, desk)
    before = cost(day, state)
    banked = state.bank_at[bundle] >= 0
    if banked:
        state.total[LOSS] -= day.loss[bundle]
    else:
        behind = unlink_bundle(day, state, desk, bundle, behind)
    if victim >= 0:
        behind = unlink_bundle(day, state, desk, victim, behind)
        bank_bundle(day, state, desk, victim)
    limit = 2 * before + allowance - desk.saved[STATIC] - desk.saved[LOSS]  # all lateness and overtime may go
    seated = link(day, state, desk, lead, behind) and state.total[STATIC] + state.total[LOSS] <= limit
    seated = seated and seat_others(day, state, desk, lead, behind)
    if not seated or state.total[STATIC] + state.total[LOSS] > limit:
        return give_up(day, state, desk)
    return settle(day, state, desk, before, allowance) and book(state, bundle, banked, victim)


@kernel
def book(state: State, bundle: int, banked: bool, victim: int) -> bool:
    """Bring the list of what is left out up to date after a move that stands."""
    if banked:
        leave_bank(state, bundle)
    if victim >= 0:
        enter_bank(state, victim)
    return True
