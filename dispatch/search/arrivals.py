"""What the carer's own route says of a node: the drive there, windows, shifts, rests, the way home, the bag."""

from __future__ import annotations

from dispatch.search.arrays import Day
from dispatch.search.compile import kernel
from dispatch.search.state import State

NEVER = 1_500_000_000
"""A start that no window allows."""


@kernel
def is_break(day: Day, node: int) -> bool:
    """Whether a node is a break."""
    return day.breaks_from <= node < day.nodes


@kernel
def leg(day: Day, state: State, route: int, before: int, after: int) -> int:
    """Ticks of driving between two neighbours on a route; breaks happen on the way, an unused carer stays at home."""
    if day.has_breaks:
        while is_break(day, before):
            before = state.prv[before]
        while is_break(day, after):
            after = state.nxt[after]
    if day.has_ends and before >= day.nodes and after >= day.nodes:
        return 0
    return day.drive[(day.mode[route] * day.places + day.place[before]) * day.places + day.place[after]]


@kernel
def in_window(day: Day, node: int, ready: int) -> int:
    """First moment from ``ready`` on inside a window of the node, or NEVER."""
    for index in range(day.window_at[node], day.window_at[node + 1]):
        if ready <= day.window_closes[index]:
            return max(ready, day.window_opens[index])
    return NEVER


@kernel
def in_shift(day: Day, route: int, start: int, duration: int) -> int:
    """First moment from ``start`` on from which a task fits into a shift, or NEVER."""
    for index in range(day.shift_at[route], day.shift_at[route + 1]):
        if max(start, day.shift_opens[index]) + duration <= day.shift_closes[index]:
            return max(start, day.shift_opens[index])
    return NEVER


@kernel
def earliest(day: Day, route: int, node: int, ready: int) -> int:
    """First start from ``ready`` on that lies in a window of the node and, for a task, in a shift of the carer."""
    if not day.has_windows and not day.has_shifts:
        start = max(ready, day.opens[node])
        return start if start <= day.closes[node] else NEVER
    while True:
        start = in_window(day, node, ready)
        if start == NEVER or is_break(day, node):
            return start
        ready = in_shift(day, route, start, day.duration[node])
        if ready in (start, NEVER):
            return ready


@kernel
def drive_until(day: Day, route: int, left: int, ticks: int) -> int:
    """When a drive of ``ticks`` that begins at ``left`` ends; it rests between shifts."""
    if not day.has_shifts:
        return left + ticks
    last = day.shift_at[route + 1] - 1
    for index in range(day.shift_at[route], last):
        if left <= day.shift_closes[index]:
            left = max(left, day.shift_opens[index])
            if left + ticks <= day.shift_closes[index]:
                return left + ticks
            ticks -= day.shift_closes[index] - left
            left = day.shift_opens[index + 1]
    return max(left, day.shift_opens[last]) + ticks


@kernel
def arrival(day: Day, state: State, route: int, before: int, after: int) -> int:
    """When the carer is at ``after``, coming from its predecessor ``before``; NEVER over a rest that comes too late."""
    ticks = leg(day, state, route, before, after)
    free = state.start[before] + day.duration[before]
    if day.has_rests and rests_late(day, state, before):
        return NEVER
    if not is_break(day, before) or day.shift_at[route + 1] - day.shift_at[route] > 1:
        return drive_until(day, route, free, ticks)
    rested, last = 0, before
    while is_break(day, last):
        rested += day.duration[last]
        last = state.prv[last]
    return max(free, state.start[last] + day.duration[last] + rested + ticks)


@kernel
def rests_late(day: Day, state: State, before: int) -> bool:
    """Whether one of the rests that end with ``before`` would begin after its window."""
    while is_break(day, before):
        if state.start[before] > day.closes[before]:
            return True
        before = state.prv[before]
    return False


@kernel
def is_last(day: Day, state: State, node: int) -> bool:
    """Whether no task stands behind a rest."""
    while is_break(day, node):
        node = state.nxt[node]
    return node >= day.nodes


@kernel
def natural(day: Day, state: State, node: int) -> int:
    """Earliest start of a node as far as its own route goes, or NEVER."""
    route, before = state.route[node], state.prv[node]
    if is_break(day, node):
        ready = max(state.start[before] + day.duration[before], day.opens[node])
        if day.has_rests and is_break(day, before) and is_last(day, state, node):
            return ready  # the route may be over before it is due: `homecoming` decides
        return ready if ready <= day.closes[node] and not rests_late(day, state, before) else NEVER
    return earliest(day, route, node, arrival(day, state, route, before, node))


@kernel
def first_due(day: Day, state: State, node: int) -> int:
    """The first close of the windows of a break and those behind it, or NEVER behind the last."""
    due = NEVER
    while is_break(day, node):
        due = min(due, day.closes[node])
        node = state.nxt[node]
    return due


@kernel
def homecoming(day: Day, state: State, route: int) -> int:
    """When the route is over. Of the breaks at its end those are taken that stand before the last one that is due."""
    end = day.nodes + day.routes + route
    if not day.has_breaks:
        return arrival(day, state, route, state.prv[end], end)
    last = state.prv[end]
    while is_break(day, last):
        last = state.prv[last]
    node = last
    while True:
        finish = arrival(day, state, route, node, end)
        node = state.nxt[node]
        if finish <= first_due(day, state, node):
            return finish


@kernel
def carries(day: Day, state: State, route: int) -> bool:
    """Whether the load stays within nothing and the carer's capacity all along the route."""
    load, node, end = 0, state.nxt[day.nodes + route], day.nodes + day.routes + route
    while node != end:
        load += day.load[node]
        if load < 0 or load > day.capacity[route]:
            return False
        node = state.nxt[node]
    return True
