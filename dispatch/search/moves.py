"""The moves of the annealing: exchange of segments between routes, shifts within one, linked tasks moved together.

Each move is refused as early as can be: by who may do what, then by the costs that the order alone decides (travel,
faces, fairness), then by the starts of the nodes concerned, and only then by exact timing.
"""

from __future__ import annotations

from dispatch.model import UNREACHABLE
from dispatch.search.arrays import DIFFERENT, SAME, Day
from dispatch.search.arrivals import NEVER, arrival, carries, earliest, is_break, leg
from dispatch.search.compile import kernel
from dispatch.search.schedule import drain, propagate, push, push_on, undo_starts
from dispatch.search.state import (
    FREE,
    LATE,
    LOGGED,
    LOSS,
    OPS,
    OVER,
    STATIC,
    TURN,
    WORST,
    Desk,
    State,
    cost,
    draw,
)


@kernel
def timed_cost(day: Day, state: State) -> int:
    """The part of the cost that starts decide."""
    total, weight = state.total, day.weight
    return weight[1] * total[LATE] + weight[2] * total[WORST] + weight[3] * total[OVER]


@kernel
def unfair(day: Day, route: int, work: int) -> int:
    """Cost of a carer's work beyond the fair share."""
    return day.weight[4] * max(0, work - day.fair_work[route])


@kernel
def save(state: State, desk: Desk) -> None:
    """Remember the totals before a move."""
    for index in range(6):
        desk.saved[index] = state.total[index]
    desk.count[LOGGED] = 0
    desk.count[OPS] = 0


@kernel
def restore(state: State, desk: Desk) -> None:
    """Put back the totals and starts of before the move."""
    undo_starts(state, desk)
    for index in range(6):
        state.total[index] = desk.saved[index]


@kernel
def shift_work(day: Day, state: State, route: int, ticks: int) -> None:
    """Add service and travel to a route's work, and what it changes in fairness."""
    work = state.work[route]
    if day.fair_work[route] < UNREACHABLE:
        state.total[STATIC] += unfair(day, route, work + ticks) - unfair(day, route, work)
    state.work[route] = work + ticks


@kernel
def unlink(day: Day, state: State, desk: Desk, node: int) -> None:
    """Take a node out of its route, logged; it keeps its start until it is timed or banked."""
    route, before, after = state.route[node], state.prv[node], state.nxt[node]
    count = desk.count[OPS]
    desk.op_node[count], desk.op_after[count], desk.op_route[count] = node, before, route
    desk.op_work[count] = state.work[route]
    desk.count[OPS] = count + 1
    ticks = -leg(day, state, route, before, node) - leg(day, state, route, node, after)
    if is_break(day, node):
        ticks = 0
    state.nxt[before], state.prv[after], state.route[node] = after, before, FREE
    if not is_break(day, node):
        ticks += leg(day, state, route, before, after)
        state.visits[route] -= 1
        state.total[STATIC] += day.weight[0] * ticks - day.face[route * day.nodes + node]
        shift_work(day, state, route, ticks - day.duration[node])
    push_on(day, state, desk, after)


@kernel
def link(day: Day, state: State, desk: Desk, node: int, before: int) -> bool:
    """Put a node behind another, logged; false (and not done) where a bound on visits or work or the road forbids."""
    route, after = state.route[before], state.nxt[before]
    ticks = 0
    if not is_break(day, node):
        ticks = -leg(day, state, route, before, after)
    count = desk.count[OPS]
    desk.op_node[count], desk.op_after[count], desk.op_route[count] = node, FREE, route
    desk.op_work[count] = state.work[route]
    desk.count[OPS] = count + 1
    state.nxt[before], state.prv[after], state.route[node] = node, node, route
    state.prv[node], state.nxt[node] = before, after
    push_on(day, state, desk, node)
    push_on(day, state, desk, after)
    if is_break(day, node):
        return True
    first, second = leg(day, state, route, before, node), leg(day, state, route, node, after)
    ticks += first + second
    state.visits[route] += 1
    state.total[STATIC] += day.weight[0] * ticks + day.face[route * day.nodes + node]
    shift_work(day, state, route, ticks + day.duration[node])
    fits = state.visits[route] <= day.most_visits[route] and state.work[route] <= day.most_work[route]
    return fits and first < UNREACHABLE and second < UNREACHABLE


@kernel
def undo_ops(day: Day, state: State, desk: Desk) -> None:
    """Take back every logged link and unlink; totals are the caller's."""
    for index in range(desk.count[OPS] - 1, -1, -1):
        node, before, route = desk.op_node[index], desk.op_after[index], desk.op_route[index]
        state.work[route] = desk.op_work[index]
        one = 0 if is_break(day, node) else 1
        if before == FREE:
            state.nxt[state.prv[node]], state.prv[state.nxt[node]] = state.nxt[node], state.prv[node]
            state.route[node] = FREE
            state.visits[route] -= one
        else:
            after = state.nxt[before]
            state.nxt[before], state.prv[after], state.route[node] = node, node, route
            state.prv[node], state.nxt[node] = before, after
            state.visits[route] += one
    desk.count[OPS] = 0


@kernel
def give_up(day: Day, state: State, desk: Desk) -> bool:
    """Undo a move made of links and unlinks."""
    drain(desk)
    undo_ops(day, state, desk)
    restore(state, desk)
    return False


@kernel
def fits_links(day: Day, state: State, node: int, route: int) -> bool:
    """Whether the carers of the other members allow a node on this route."""
    for entry in range(day.link_at[node], day.link_at[node + 1]):
        other = state.route[day.link_to[entry]]
        if other >= 0 and day.link_kind[entry] == (DIFFERENT if other == route else SAME):
            return False
    return True


@kernel
def settle(day: Day, state: State, desk: Desk, before: int, allowance: int) -> bool:
    """Time a move that is linked; keep it if it costs at most ``before + allowance``, else undo it."""
    if day.has_loads:
        for index in range(desk.count[OPS]):
            if not carries(day, state, desk.op_route[index]):
                return give_up(day, state, desk)
    room = before + allowance - state.total[STATIC] - state.total[LOSS]
    if room < 0 or not propagate(day, state, desk, room) or cost(day, state) > before + allowance:
        return give_up(day, state, desk)
    return True


@kernel
def lateness_behind(day: Day, state: State, node: int) -> int:
    """Ticks of lateness of a node and of all that follow it on its route."""
    late = 0
    while node < day.nodes:
        late += max(0, state.start[node] - day.due[node])
        node = state.nxt[node]
    return late


@kernel
def hopeless(day: Day, state: State, desk: Desk, static: int, one: int, other: int, allowance: int) -> bool:
    """Whether the order of a move costs more than the lateness behind its two cuts can give back.

    Lateness on third routes, reached over links, is looked at in one of eight cases only: rarely does it fall enough.
    """
    if static <= allowance or day.weight[3] * state.total[OVER] > 0:
        return static > allowance + timed_cost(day, state)
    if static > allowance + timed_cost(day, state):
        return True
    late = lateness_behind(day, state, one) + lateness_behind(day, state, other)
    gain = day.weight[1] * late + (day.weight[2] * state.total[WORST] if late > 0 else 0)
    return static > allowance + gain and draw(desk, 8) > 0


@kernel
def shift_static(day: Day, state: State, first: int, size: int, behind: int) -> int:
    """Weighted driving that `move_within` adds, where no break is in the way."""
    route, last = state.route[first], first
    for _ in range(size - 1):
        after = state.nxt[last]
        if after >= day.nodes or after == behind:
            break
        last = after
    before, after, then = state.prv[first], state.nxt[last], state.nxt[behind]
    ticks = leg(day, state, route, before, after) - leg(day, state, route, before, first)
    ticks += leg(day, state, route, behind, first) - leg(day, state, route, last, after)
    return day.weight[0] * (ticks + leg(day, state, route, last, then) - leg(day, state, route, behind, then))


@kernel
def move_within(day: Day, state: State, desk: Desk, first: int, size: int, behind: int, allowance: int) -> bool:
    """Move up to ``size`` nodes from ``first`` on behind another node of the same route."""
    if first == behind or state.prv[first] == behind:
        return False
    if not (day.has_breaks or day.has_work):
        static = shift_static(day, state, first, size, behind)
        if hopeless(day, state, desk, static, first, state.nxt[behind], allowance):
            return False
    save(state, desk)
    before = cost(day, state)
    node, target = first, behind
    for _ in range(size):
        after = state.nxt[node]
        unlink(day, state, desk, node)
        if not link(day, state, desk, node, behind):
            return give_up(day, state, desk)
        behind, node = node, after
        if node >= day.nodes or node == target:
            break
    if state.total[STATIC] + state.total[LOSS] > before + allowance:
        return give_up(day, state, desk)
    return settle(day, state, desk, before, allowance)


@kernel
def segment_fits(day: Day, state: State, desk: Desk, first: int, last: int, route: int, turn: int) -> bool:
    """Whether every node from first to last may go to a route; marks them with the turn."""
    node = first
    while True:
        if not day.allowed[route * day.nodes + node]:
            return False
        desk.mark[node] = turn
        if node == last:
            return True
        node = state.nxt[node]


@kernel
def links_fit(day: Day, state: State, desk: Desk, first: int, last: int, route: int, turn: int) -> bool:
    """Whether the links of a marked segment allow it on ``route``; marked nodes elsewhere leave that route."""
    node = first
    while True:
        for entry in range(day.link_at[node], day.link_at[node + 1]):
            other = day.link_to[entry]
            place = state.route[other]
            if place < 0:
                continue
            together = (place == route) != (desk.mark[other] == turn)
            if day.link_kind[entry] == (DIFFERENT if together else SAME):
                return False
        if node == last:
            return True
        node = state.nxt[node]


@kernel
def segment_static(day: Day, state: State, first: int, last: int, here: int, there: int) -> tuple[int, int, int, int]:
    """Visits, ticks of service, ticks of inner travel gained by changing carers, and faces gained."""
    visits, service, travel, faces = 0, 0, 0, 0
    node = first
    while True:
        visits += 1
        service += day.duration[node]
        if day.has_faces:
            faces += day.face[there * day.nodes + node] - day.face[here * day.nodes + node]
        if node == last:
            return visits, service, travel, faces
        if day.has_modes:
            travel += leg(day, state, there, node, state.nxt[node]) - leg(day, state, here, node, state.nxt[node])
        node = state.nxt[node]


@kernel
def inner_travel(day: Day, state: State, first: int, last: int, route: int) -> int:
    """Ticks of travel inside a segment."""
    travel = 0
    while first != last:
        travel += leg(day, state, route, first, state.nxt[first])
        first = state.nxt[first]
    return travel


@kernel
def splice(state: State, first: int, last: int, before: int, after: int, route: int) -> None:
    """Link a segment between two nodes; an empty one (first < 0) joins them."""
    if first < 0:
        state.nxt[before], state.prv[after] = after, before
        return
    state.nxt[before], state.prv[first] = first, before
    state.nxt[last], state.prv[after] = after, last
    while first != after:
        state.route[first] = route
        first = state.nxt[first]


@kernel
def push_segment(day: Day, state: State, desk: Desk, first: int, behind: int) -> None:
    """Queue the first node of a moved segment, and all of it where the new carer's speed or shifts may differ."""
    push(desk, first)
    if day.has_modes or day.has_shifts:
        while first != behind:
            push(desk, first)
            first = state.nxt[first]


@kernel
def exchange(  # noqa: C901 - its early exits are its speed; split, each would carry all the others' findings
    day: Day, state: State, desk: Desk, a1: int, a2: int, behind: int, b2: int, allowance: int
) -> bool:
    """Segment a1..a2 goes behind ``behind`` on another route; what stood there up to ``b2`` comes back.

    ``b2 == behind`` sends nothing back. The travel delta is known before anything is touched; most moves end there.
    """
    here, there = state.route[a1], state.route[behind]
    p1, n1 = state.prv[a1], state.nxt[a2]
    b1, n2 = state.nxt[behind], state.nxt[b2]
    if b2 == behind:
        b1 = -1
    desk.count[TURN] += 1
    turn = desk.count[TURN]
    drive_here = -leg(day, state, here, p1, a1) - leg(day, state, here, a2, n1)
    drive_there = leg(day, state, there, behind, a1) + leg(day, state, there, a2, n2)
    if b1 >= 0:
        drive_here += leg(day, state, here, p1, b1) + leg(day, state, here, b2, n1)
        drive_there -= leg(day, state, there, behind, b1) + leg(day, state, there, b2, n2)
    else:
        drive_here += leg(day, state, here, p1, n1)
        drive_there -= leg(day, state, there, behind, n2)
    static = day.weight[0] * (drive_here + drive_there)
    timed = timed_cost(day, state)
    plain = not (day.has_faces or day.has_work or day.has_modes)
    if plain and hopeless(day, state, desk, static, a1, state.nxt[behind], allowance):
        return False
    if not segment_fits(day, state, desk, a1, a2, there, turn):
        return False
    if b1 >= 0 and not segment_fits(day, state, desk, b1, b2, here, turn):
        return False
    visits, service, travel, faces = segment_static(day, state, a1, a2, here, there)
    work_here, work_there = drive_here - service, drive_there + service
    if day.has_modes:
        inner = inner_travel(day, state, a1, a2, here)
        work_here -= inner
        work_there += inner + travel
        static += day.weight[0] * travel
    if b1 >= 0:
        visits_b, service_b, travel_b, faces_b = segment_static(day, state, b1, b2, there, here)
        visits -= visits_b
        work_here += service_b
        work_there -= service_b
        faces += faces_b
        if day.has_modes:
            inner = inner_travel(day, state, b1, b2, there)
            work_there -= inner
            work_here += inner + travel_b
            static += day.weight[0] * travel_b
    static += faces
    work_here += state.work[here]
    work_there += state.work[there]
    if day.has_work:
        if work_here > day.most_work[here] or work_there > day.most_work[there]:
            return False
        static += unfair(day, here, work_here) - unfair(day, here, state.work[here])
        static += unfair(day, there, work_there) - unfair(day, there, state.work[there])
    if static > allowance + timed:
        return False
    if state.visits[there] + visits > day.most_visits[there] or state.visits[here] - visits > day.most_visits[here]:
        return False
    if not links_fit(day, state, desk, a1, a2, there, turn):
        return False
    if b1 >= 0 and not links_fit(day, state, desk, b1, b2, here, turn):
        return False
    # what stands before them will hardly start sooner: a cheap look at the first of each segment
    first = earliest(day, there, a1, arrival(day, state, there, behind, a1))
    if first == NEVER:
        return False
    late = max(0, first - day.due[a1]) - max(0, state.start[a1] - day.due[a1])
    if static + day.weight[1] * late > allowance + timed:
        return False
    save(state, desk)
    before = cost(day, state)
    splice(state, a1, a2, behind, n2, there)
    splice(state, b1, b2, p1, n1, here)
    state.total[STATIC] += static
    push_segment(day, state, desk, a1, n2)
    push_on(day, state, desk, n2)
    push_on(day, state, desk, n1)
    if b1 >= 0:
        push_segment(day, state, desk, b1, n1)
    state.visits[there] += visits
    state.visits[here] -= visits
    fits = not day.has_loads or (carries(day, state, here) and carries(day, state, there))
    room = before + allowance - state.total[STATIC] - state.total[LOSS]
    if fits and propagate(day, state, desk, room) and cost(day, state) <= before + allowance:
        state.work[here], state.work[there] = work_here, work_there
        return True
    drain(desk)
    state.visits[there] -= visits
    state.visits[here] += visits
    splice(state, a1, a2, p1, n1, here)
    splice(state, b1, b2, behind, n2, there)
    restore(state, desk)
    return False
