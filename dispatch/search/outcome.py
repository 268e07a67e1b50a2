"""From a state of the search to a plan with times and costs, and from a plan back to a state."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from dispatch.model import UNREACHABLE, Cost, Pause, Plan, Problem, Route, Stop
from dispatch.rules import preference_cost, rests_at_home, rests_taken, unserved_cost
from dispatch.search.arrays import Day, Named
from dispatch.search.arrivals import leg
from dispatch.search.bundles import leave_bank
from dispatch.search.moves import fits_links, give_up, link, save, settle, unlink
from dispatch.search.schedule import drain
from dispatch.search.state import LATE, LOSS, WORST, Desk, State, assign, cost, empty
from dispatch.search.twin import Twin
from dispatch.unserved import left_out

FULL, ROADLESS = "full", "roadless"
"""Why a bundle does not stand where it was planned: for good, or as long as what lies between is missing."""


def sequences(day: Day, state: State) -> list[list[int]]:
    """Nodes of every route in order."""
    routes = []
    for route in range(day.routes):
        nodes, node = [], int(state.nxt[day.nodes + route])
        while node < day.nodes:
            nodes.append(node)
            node = int(state.nxt[node])
        routes.append(nodes)
    return routes


def plan(day: Day, named: Named, state: State, seed: int, steps: int, cpu_seconds: float) -> Plan:
    """The plan of a state, timed anew by the twin, pick-ups at one place brought together."""
    twin = Twin(day, sequences(day, state))
    if not twin.settle():
        raise AssertionError("the search ended with routes that cannot be timed")
    fetch_at_once(day, twin)
    problem, served = named.problem, {node for nodes in twin.routes for node in nodes if node < day.uses_from}
    routes = [_route(day, named, twin, route) for route in range(day.routes)]
    unserved = left_out(problem, (task for index, task in enumerate(problem.tasks) if index not in served))
    kept = tuple(route for route in routes if route.stops)
    return Plan(kept, unserved, _cost(day, named, twin, served), "search", seed, steps, cpu_seconds)


def fetch_at_once(day: Day, twin: Twin) -> None:
    """Let pick-ups that follow each other at one place wait for the last of them, where a rule does not forbid it.

    The earliest time of a pick-up hangs on its own hand-over, so those of one kitchen may lie minutes apart, with the
    carer standing there in between. Whoever waits for the second box takes the first with it: nothing else moves and
    nothing costs more.
    """
    for route, nodes in enumerate(twin.routes):
        for node, after in reversed(list(pairwise(nodes))):
            if day.load[node] > 0 < day.load[after] and day.place[node] == day.place[after]:
                start = twin.start[after] - int(day.duration[node])
                if start > twin.start[node] and _may_wait(day, twin, route, node, start):
                    twin.start[node] = start


def _may_wait(day: Day, twin: Twin, route: int, node: int, start: int) -> bool:
    """Whether a node may start as late as that, by its window, the shift and its links, without being late."""
    entries = range(day.link_at[node], day.link_at[node + 1])
    others = [(twin.start.get(int(day.link_to[entry])), int(day.link_least[entry])) for entry in entries]
    soon = all(other is None or other - start >= least for other, least in others)
    return soon and start <= day.due[node] and twin.fit(route, node, start) == start


def _route(day: Day, named: Named, twin: Twin, route: int) -> Route:
    problem = named.problem
    name = _name(named, route)
    stops = []
    for node in twin.routes[route]:
        if node < day.breaks_from:
            index = node if node < day.uses_from else named.uses[node - day.uses_from]
            task, start = problem.tasks[index], twin.start[index]
            stops.append(Stop(task.id, start, start + task.duration_minutes))
    pauses = [Pause(twin.start[node], twin.start[node] + int(day.duration[node])) for node in twin.pauses[route]]
    if stops and route < len(problem.carers):
        pauses = [*rests_at_home(problem.carers[route]), *pauses]
    leave = _leave(day, twin, route, pauses) if stops else 0
    return Route(name, tuple(stops), tuple(pauses), leave, twin.finish[route])


def _name(named: Named, route: int) -> str:
    problem = named.problem
    if route < len(problem.carers):
        return problem.carers[route].id
    van, turn = named.rounds[route - len(problem.carers)]
    return f"{problem.vehicles[van].id}#{turn}"


def _leave(day: Day, twin: Twin, route: int, pauses: list[Pause]) -> int:
    """Just in time for the first stop, where the drive there fits into one stretch; else when the shift opens."""
    first = next(node for node in twin.routes[route] if node < day.breaks_from)
    start = twin.start[first]
    leave = start - _drive(day, route, int(day.place[day.nodes + route]), int(day.place[first]))
    shifts = range(day.shift_at[route], day.shift_at[route + 1])
    in_one = any(day.shift_opens[number] <= leave and start <= day.shift_closes[number] for number in shifts)
    if in_one and not any(pause.start_minutes < start and leave < pause.end_minutes for pause in pauses):
        return leave
    return int(day.shift_opens[day.shift_at[route]])


def _drive(day: Day, route: int, origin: int, to: int) -> int:
    return int(day.drive[(day.mode[route] * day.places + origin) * day.places + to])


def _travel(day: Day, twin: Twin, route: int) -> int:
    nodes = [node for node in twin.routes[route] if node < day.breaks_from]
    if not nodes:
        return 0
    spots = [int(day.place[node]) for node in (day.nodes + route, *nodes, day.nodes + day.routes + route)]
    return sum(_drive(day, route, *way) for way in pairwise(spots))


def _cost(day: Day, named: Named, twin: Twin, served: set[int]) -> Cost:
    problem, weights = named.problem, named.problem.weights
    late = [max(0, twin.start[node] - int(day.due[node])) for node in served]
    overtime = fairness = faces = travel = 0
    for route, nodes in enumerate(twin.routes):
        driven = _travel(day, twin, route)
        travel += driven
        tasks = [node for node in nodes if node < day.breaks_from]
        if not tasks or route >= len(problem.carers):
            continue
        overtime += max(0, twin.finish[route] - int(day.due_home[route]))
        fairness += max(0, driven + sum(int(day.duration[node]) for node in tasks) - int(day.fair_work[route]))
        faces += sum(preference_cost(problem, problem.carers[route], problem.tasks[node]) for node in tasks)
    return Cost(
        unserved=_left_out(problem, served),
        travel=weights.travel_minute * travel,
        tardiness=weights.tardiness_minute * sum(late),
        worst_tardiness=weights.worst_tardiness_minute * max(late, default=0),
        overtime=weights.overtime_minute * overtime,
        fairness=weights.fairness_minute * fairness,
        preferences=faces,
    )


def _left_out(problem: Problem, served: set[int]) -> int:
    return sum(unserved_cost(problem, task) for index, task in enumerate(problem.tasks) if index not in served)


def adopt(day: Day, named: Named, state: State, desk: Desk, start: Plan) -> bool:
    """Take over a plan into an empty state: exactly where it keeps the rules, else bundle by bundle what still fits.

    Unknown names are passed over. True where everything stands exactly as planned.
    """
    orders = _orders(day, named, start)
    if _stand(day, state, desk, orders):
        return True
    drain(desk)
    assign(state, empty(day))
    seat = {node: (route, place) for route, order in orders.items() for place, (_, node) in enumerate(order)}
    starts = {node: moment for order in orders.values() for moment, node in order}
    groups = [group for group in named.bundles if group[0] < day.breaks_from and all(node in seat for node in group)]
    waiting = [sorted(group, key=lambda node: starts[node]) for group in groups]
    waiting.sort(key=lambda nodes: starts[nodes[0]])
    while waiting:
        roadless = [nodes for nodes in waiting if _seat_again(day, state, desk, nodes, orders, seat) == ROADLESS]
        if len(roadless) == len(waiting):
            break
        waiting = roadless  # one that comes later may be the way round
    return False


def _orders(day: Day, named: Named, start: Plan) -> dict[int, list[tuple[int, int]]]:
    """Start and node of each stop and each rest taken, by route, in order."""
    problem = named.problem
    tasks = {task.id: index for index, task in enumerate(problem.tasks)}
    uses = {problem.tasks[task].id: day.uses_from + index for index, task in enumerate(named.uses)}
    routes = {_name(named, route): route for route in range(day.routes)}
    orders = {}
    for planned in start.routes:
        route = routes.get(planned.carer)
        if route is None:
            continue
        nodes = tasks if route < len(problem.carers) else uses
        stops = [(stop.start_minutes, nodes[stop.task]) for stop in planned.stops if stop.task in nodes]
        rests = _rests(day, named, route, planned.pauses)
        orders[route] = sorted([*rests, *stops], key=lambda entry: (entry[0], int(day.duration[entry[1]])))
    return orders


def _rests(day: Day, named: Named, route: int, pauses: Sequence[Pause]) -> Iterator[tuple[int, int]]:
    """Start and node of each rest that is taken; one taken at home has no node."""
    nodes = [day.breaks_from + index for index, (carer, _) in enumerate(named.breaks) if carer == route]
    at_home = rests_at_home(named.problem.carers[route]) if nodes else ()
    away = [pause for pause in pauses if pause not in at_home]
    taken = rests_taken([named.breaks[node - day.breaks_from][1] for node in nodes], away)
    for index, pause in taken.items():
        yield pause.start_minutes, nodes[index]


def _stand(day: Day, state: State, desk: Desk, orders: dict[int, list[tuple[int, int]]]) -> bool:
    """Link every route as planned, with the planned starts to begin from, and time it anew."""
    before, seated = int(cost(day, state)), set[int]()
    save(state, desk)
    for route, order in orders.items():
        behind = day.nodes + route
        for start, node in order:
            if node >= day.breaks_from:
                unlink(day, state, desk, node)
            elif not day.allowed[route * day.nodes + node] or not fits_links(day, state, node, route):
                return False
            link(day, state, desk, node, behind)  # what it says of roads and bounds counts when all of them stand
            state.start[node], behind = start, node
            late = max(0, start - int(day.due[node]))
            state.total[LATE], state.total[WORST] = state.total[LATE] + late, max(state.total[WORST], late)
        seated |= {int(day.bundle[node]) for _, node in order if node < day.breaks_from}
    whole = all(state.route[node] >= 0 for b in seated for node in day.member[day.bundle_at[b] : day.bundle_at[b + 1]])
    state.total[LOSS] -= sum(int(day.loss[bundle]) for bundle in seated)
    if not whole or any(_unfit(day, state, route) for route in orders):
        return False
    if not settle(day, state, desk, before, UNREACHABLE * UNREACHABLE):
        return False
    for bundle in seated:
        leave_bank(state, bundle)
    return True


def _unfit(day: Day, state: State, route: int) -> str:
    """What is wrong with the order of a route apart from its times: FULL, ROADLESS, or nothing."""
    if state.visits[route] > day.most_visits[route]:
        return FULL
    node = day.nodes + route
    while state.visits[route] and node < day.nodes + day.routes:
        if leg(day, state, route, node, state.nxt[node]) >= UNREACHABLE:
            return ROADLESS
        node = int(state.nxt[node])
    return FULL if state.work[route] > day.most_work[route] else ""


def _seat_again(
    day: Day,
    state: State,
    desk: Desk,
    nodes: list[int],
    orders: dict[int, list[tuple[int, int]]],
    seat: dict[int, tuple[int, int]],
) -> str:
    """Bring one bundle in, each member behind the nearest planned predecessor that stands; else what is wrong."""
    bundle, before = int(day.bundle[nodes[0]]), int(cost(day, state))
    save(state, desk)
    state.total[LOSS] -= day.loss[bundle]
    for node in nodes:
        route, place = seat[node]
        behind = next(
            (other for _, other in reversed(orders[route][:place]) if state.route[other] == route), day.nodes + route
        )
        if not day.allowed[route * day.nodes + node] or not fits_links(day, state, node, route):
            give_up(day, state, desk)
            return FULL
        link(day, state, desk, node, behind)
    unfit = next(filter(None, (_unfit(day, state, seat[node][0]) for node in nodes)), "")
    if unfit:
        give_up(day, state, desk)
    elif not settle(day, state, desk, before, UNREACHABLE * UNREACHABLE):
        return FULL
    else:
        leave_bank(state, bundle)
    return unfit
