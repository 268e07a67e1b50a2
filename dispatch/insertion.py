"""Where one more visit would fit into a plan, at what cost, and what stands against it: for every carer, at once.

The same kernels time the trials that time the search's moves, so an answer is exact: everything that starts later
because of the visit, on whatever route, is counted, and whatever would break a rule is refused. What is linked to the
visit (a second carer, the way back, a bathing van) is placed with it, at the cheapest seats found.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np

from dispatch.model import UNREACHABLE, Carer, Plan, Problem, ProblemError
from dispatch.rules import may_serve
from dispatch.search.arrays import SAME, Day, Named, flatten
from dispatch.search.arrivals import NEVER, arrival, earliest
from dispatch.search.bundles import leave_bank, place_by_time
from dispatch.search.compile import Table, kernel
from dispatch.search.moves import fits_links, give_up, link, save, settle
from dispatch.search.outcome import adopt
from dispatch.search.pairs import Ints, Longs
from dispatch.search.state import LOSS, Desk, State, cost, desk, empty

CARERS_PER_MATE = 30
"""Carers tried for each linked task: those who set out nearest to it."""

IMPOSSIBLE = -1


@dataclass(frozen=True, slots=True)
class Mate:
    """Where a linked task would go: its carer (or vehicle round) and start."""

    task: str
    carer: str
    start_minutes: int


@dataclass(frozen=True, slots=True)
class Place:
    """One carer's answer.

    Parameters
    ----------
    cost
        What the plan would cost more (weighted; the price of leaving the visit out is not deducted); ``None`` where it
        does not fit.
    position
        How many tasks the carer does before it.
    reason, text, hinders
        Where it does not fit: a code (``not_allowed``, ``no_road``, ``too_late``, ``shift``, ``full``, ``no_partner``,
        ``no_time``), an English sentence, and the task that would come too late, if it is one.
    """

    carer: str
    cost: int | None
    start_minutes: int | None = None
    position: int | None = None
    mates: tuple[Mate, ...] = ()
    reason: str = ""
    text: str = ""
    hinders: str = ""


def best_places(problem: Problem, plan: Plan, task_id: str) -> list[Place]:
    """The cheapest place of a task on each carer's route; places that fit first, the cheapest first.

    Parameters
    ----------
    plan
        A plan that keeps the rules. Where it serves the task, the task (with what is linked to it) is lifted out first.

    Raises
    ------
    ProblemError
        Where the task is unknown, or the plan cannot be carried out as it stands.
    """
    names = [task.id for task in problem.tasks]
    if task_id not in names:
        raise ProblemError("task_id", f"{task_id!r} is no task of this day", "Choose one that is.")
    desktop = _desktop(problem, plan, names.index(task_id))
    found = [_best_on(desktop, number, carer) for number, carer in enumerate(problem.carers)]
    return sorted(found, key=lambda place: (place.cost is None, place.cost or 0))


class _Trial(Table):
    """Members of the bundle in the order they are placed, the node each is to stand behind, the start each gets.

    Beside them the seats that the next member may take, and the routes that it may take them on, the nearest first.
    """

    node: Ints
    behind: Ints
    start: Ints
    seat: Ints
    near: Ints
    extra: Longs  # [1] what the cheapest of the seats costs


@dataclass(frozen=True, slots=True)
class Desktop:
    """A plan without the task, ready for trials; ``members`` begins with the task, each has a link to one before."""

    day: Day
    named: Named
    state: State
    desk: Desk
    bundle: int
    members: tuple[int, ...]
    trial: _Trial
    near: dict[int, Ints] = field(default_factory=dict)
    """Found already: the nearest routes of each linked task."""

    @classmethod
    def of(cls, day: Day, named: Named, state: State, desk: Desk, task: int) -> Desktop:
        """Trials for a task that ``state`` leaves out."""
        members = _members(day, task)
        trial = _Trial(
            node=np.array(members, dtype=np.int32),
            behind=np.zeros(len(members), dtype=np.int32),
            start=np.zeros(len(members), dtype=np.int32),
            seat=np.zeros(day.nodes + day.routes + 3 * CARERS_PER_MATE, dtype=np.int32),
            near=np.zeros(CARERS_PER_MATE, dtype=np.int32),
            extra=np.zeros(1, dtype=np.int64),
        )
        return cls(day, named, state, desk, int(day.bundle[task]), tuple(members), trial)

    def attempt(self, count: int) -> int:
        """Cost of the first ``count`` members where the trial has them, or IMPOSSIBLE; nothing stays changed."""
        return int(attempt(self.day, self.state, self.desk, self.trial, self.bundle, count, False))

    def cheapest(self, placed: int, seats: Ints) -> tuple[int, int]:
        """Which of some seats is the cheapest for the last member (-1: none fits), and its cost; the trial takes it."""
        self.trial.seat[: len(seats)] = seats
        which = int(cheapest(self.day, self.state, self.desk, self.trial, self.bundle, placed, len(seats)))
        return which, int(self.trial.extra[0])

    def keep(self, seats: Seats) -> None:
        """Bring the task in for good, with all that is linked to it."""
        self.trial.behind[:] = seats.behind
        attempt(self.day, self.state, self.desk, self.trial, self.bundle, len(self.members), True)

    def may(self, route: int) -> bool:
        """Whether a route may serve the task."""
        return bool(self.day.allowed[route * self.day.nodes + self.members[0]])

    def way(self, route: int) -> int:
        """Ticks from where a route begins to the task."""
        return _drive(self.day, route, self.day.nodes + route, self.members[0])

    def route_name(self, route: int) -> str:
        """Id of a carer, or of a vehicle's round."""
        problem = self.named.problem
        if route < len(problem.carers):
            return problem.carers[route].id
        van, turn = self.named.rounds[route - len(problem.carers)]
        return f"{problem.vehicles[van].id}#{turn}"

    def task_name(self, node: int) -> str:
        """Id of a task, of a use of a vehicle by it; empty for a break or the end of a route."""
        tasks, day = self.named.problem.tasks, self.day
        if node >= day.breaks_from:
            return ""
        return tasks[node if node < day.uses_from else self.named.uses[node - day.uses_from]].id

    def nodes(self, route: int) -> Iterator[int]:
        """The nodes of a route that something can stand behind, its start first."""
        node = self.day.nodes + route
        while node < self.day.nodes + self.day.routes:
            yield node
            node = int(self.state.nxt[node])


@lru_cache(maxsize=8)
def _flat(problem: Problem) -> tuple[Day, Named]:
    """The arrays of a problem; trials change none of them, and a board asks about the same day again and again."""
    return flatten(problem)


def _desktop(problem: Problem, plan: Plan, task: int) -> Desktop:
    day, named = _flat(problem)
    members = _members(day, task)
    lifted = {problem.tasks[node].id for node in members if node < day.uses_from}
    routes = (
        replace(route, stops=tuple(stop for stop in route.stops if stop.task not in lifted)) for route in plan.routes
    )
    rest = replace(plan, routes=tuple(routes))
    state, bench = empty(day), desk(day, 0)
    if not (adopt(day, named, state, bench, rest) or _all_stand(problem, state, rest)):
        raise ProblemError("plan.routes", "the plan breaks a rule of this day", "Check it, or plan the day again.")
    return Desktop.of(day, named, state, bench, task)


def _all_stand(problem: Problem, state: State, plan: Plan) -> bool:
    """Whether every task that a plan serves is on a route."""
    number = {task.id: index for index, task in enumerate(problem.tasks)}
    stops = [stop.task for route in plan.routes for stop in route.stops]
    return all(task in number and state.route[number[task]] >= 0 for task in stops)


def _members(day: Day, task: int) -> list[int]:
    """The task and what is linked to it, nearest links first."""
    found = [task]
    for node in found:
        near = (int(day.link_to[entry]) for entry in range(day.link_at[node], day.link_at[node + 1]))
        found += dict.fromkeys(other for other in near if other not in found)
    return found


@kernel
def attempt(day: Day, state: State, desk: Desk, trial: _Trial, bundle: int, count: int, keep: bool) -> int:
    """Cost of bringing in the first ``count`` members behind the nodes of the trial, or IMPOSSIBLE.

    All is undone, unless ``keep``.
    """
    before = cost(day, state)
    save(state, desk)
    state.total[LOSS] -= day.loss[bundle]
    for index in range(count):
        node, behind = trial.node[index], trial.behind[index]
        route = state.route[behind]
        fits = route >= 0 and day.allowed[route * day.nodes + node] and fits_links(day, state, node, route)
        if not fits or not link(day, state, desk, node, behind):
            give_up(day, state, desk)
            return IMPOSSIBLE
    if not settle(day, state, desk, before, UNREACHABLE * UNREACHABLE):
        return IMPOSSIBLE
    for index in range(count):
        trial.start[index] = state.start[trial.node[index]]
    extra = cost(day, state) - before + day.loss[bundle]
    if keep:
        leave_bank(state, bundle)
    else:
        give_up(day, state, desk)
    return int(extra)


@kernel
def cheapest(day: Day, state: State, desk: Desk, trial: _Trial, bundle: int, placed: int, count: int) -> int:
    """The first ``count`` seats of the trial tried for the last member; the cheapest stays in the trial, or -1."""
    which = -1
    for index in range(count):
        trial.behind[placed] = trial.seat[index]
        extra = attempt(day, state, desk, trial, bundle, placed + 1, False)
        if extra != IMPOSSIBLE and (which < 0 or extra < trial.extra[0]):
            which, trial.extra[0] = index, extra
    if which >= 0:
        trial.behind[placed] = trial.seat[which]
    return which


@kernel
def seats_about(day: Day, state: State, trial: _Trial, moment: int, count: int) -> int:
    """Write the seats about a moment on the first ``count`` routes of the trial into it; how many there are."""
    found = 0
    for index in range(count):
        after = place_by_time(day, state, trial.near[index], moment)
        before, behind = state.prv[after], state.nxt[after]
        trial.seat[found] = after
        found += 1
        if 0 <= before < day.nodes + day.routes:
            trial.seat[found] = before
            found += 1
        if 0 <= behind < day.nodes + day.routes:
            trial.seat[found] = behind
            found += 1
    return found


@dataclass(frozen=True, slots=True)
class Seats:
    """A way to place all members: its cost, how many tasks come before the first, and what each stands behind."""

    cost: int
    position: int
    behind: tuple[int, ...]


def cheapest_on(desktop: Desktop, route: int) -> tuple[Seats | None, bool]:
    """The cheapest seats with the task on a route, and whether the task alone would have fitted."""
    nodes = list(desktop.nodes(route))
    if len(desktop.members) == 1:
        which, extra = desktop.cheapest(0, np.array(nodes, dtype=np.int32))
        return (None if which < 0 else _seats_with(desktop, extra, nodes[: which + 1])), which >= 0
    best: Seats | None = None
    fits_alone = False
    for index, behind in enumerate(nodes):
        desktop.trial.behind[0] = behind
        fits_alone = fits_alone or desktop.attempt(1) != IMPOSSIBLE
        for extra in _completions(desktop, 1):
            if best is None or extra < best.cost:
                best = _seats_with(desktop, extra, nodes[: index + 1])
    return best, fits_alone


def _seats_with(desktop: Desktop, extra: int, before: list[int]) -> Seats:
    """The seats that the trial holds."""
    position = sum(node < desktop.day.breaks_from for node in before)
    return Seats(extra, position, tuple(int(node) for node in desktop.trial.behind))


def _best_on(desktop: Desktop, route: int, carer: Carer) -> Place:
    """A carer's cheapest place, or why there is none."""
    task = desktop.named.problem.tasks[desktop.members[0]]
    forbidden = may_serve(carer, task)
    if forbidden:
        return Place(carer.id, None, reason="not_allowed", text=f"{carer.id} {forbidden}.")
    best, fits_alone = cheapest_on(desktop, route)
    return _place(desktop, carer, best) if best else _against(desktop, route, carer, fits_alone)


def _completions(desktop: Desktop, placed: int) -> Iterator[int]:
    """Costs of ways to place the members that are left; the trial holds each way while it is looked at.

    The last member is tried on all its seats at once, and the cheapest of them is the way.
    """
    if not _carries(desktop) and desktop.attempt(placed) == IMPOSSIBLE:
        return
    seats = _seats(desktop, placed)
    if placed == len(desktop.members) - 1:
        which, extra = desktop.cheapest(placed, seats)
        if which >= 0:
            yield extra
        return
    for behind in seats:
        desktop.trial.behind[placed] = behind
        yield from _completions(desktop, placed + 1)


def _carries(desktop: Desktop) -> bool:
    """Whether something is picked up and handed over, so that one part alone cannot stand."""
    return any(desktop.day.load[node] for node in desktop.members)


def _seats(desktop: Desktop, index: int) -> Ints:
    """Nodes that a linked task can stand behind, given where those before it in the trial stand."""
    day, state, trial, node = desktop.day, desktop.state, desktop.trial, desktop.members[index]
    earlier = desktop.members[:index]
    for entry in range(day.link_at[node], day.link_at[node + 1]):
        if day.link_kind[entry] == SAME and int(day.link_to[entry]) in earlier:
            route = _route_of(desktop, earlier.index(int(day.link_to[entry])))
            own = [other for other in earlier if _route_of(desktop, earlier.index(other)) == route]
            return np.array([*desktop.nodes(route), *own], dtype=np.int32)
    moment = int(trial.start[0]) if not _carries(desktop) else int(day.opens[desktop.members[0]])
    near = _nearest(desktop, node)
    trial.near[: len(near)] = near
    return trial.seat[: seats_about(day, state, trial, moment, len(near))].copy()


def _nearest(desktop: Desktop, node: int) -> Ints:
    """The routes that may serve a task, of those that set out nearest to it."""
    if node not in desktop.near:
        day = desktop.day
        routes = np.flatnonzero(day.allowed.reshape(day.routes, day.nodes)[:, node])
        near = sorted((int(route) for route in routes), key=lambda route: _drive(day, route, day.nodes + route, node))
        desktop.near[node] = np.array(near[:CARERS_PER_MATE], dtype=np.int32)
    return desktop.near[node]


def _drive(day: Day, route: int, origin: int, node: int) -> int:
    """Ticks from one node to another (not breaks)."""
    return int(day.drive[(day.mode[route] * day.places + day.place[origin]) * day.places + day.place[node]])


def _route_of(desktop: Desktop, index: int) -> int:
    """The route on which a member of the trial stands."""
    behind = int(desktop.trial.behind[index])
    while behind in desktop.members:
        behind = int(desktop.trial.behind[desktop.members.index(behind)])
    return int(desktop.state.route[behind])


def _place(desktop: Desktop, carer: Carer, seats: Seats) -> Place:
    desktop.trial.behind[:] = seats.behind
    desktop.attempt(len(desktop.members))
    starts = [int(start) for start in desktop.trial.start]
    mates = tuple(
        Mate(desktop.task_name(node), desktop.route_name(_route_of(desktop, index)), starts[index])
        for index, node in enumerate(desktop.members)
        if index
    )
    return Place(carer.id, seats.cost, starts[0], seats.position, mates)


# Why a carer has no place. The sentence is about the place that comes closest.


def _against(desktop: Desktop, route: int, carer: Carer, fits_alone: bool) -> Place:
    day, state, node = desktop.day, desktop.state, desktop.members[0]
    if fits_alone:
        text = f"{carer.id} could do this; what is linked to it does not fit."
        return Place(carer.id, None, reason="no_partner", text=text)
    if state.visits[route] >= day.most_visits[route]:
        return Place(carer.id, None, reason="full", text=f"{carer.id} already makes {state.visits[route]} visits.")
    if desktop.way(route) >= UNREACHABLE:
        return Place(carer.id, None, reason="no_road", text=f"No road leads there for {carer.id}.")
    first = int(earliest(day, route, node, int(arrival(day, state, route, day.nodes + route, node))))
    if first == NEVER:
        return Place(carer.id, None, reason="too_late", text=f"{carer.id} cannot be there before the window closes.")
    if first + int(day.duration[node]) > int(day.latest[route]):
        return Place(carer.id, None, reason="shift", text=f"{carer.id}'s shift ends before the visit would.")
    return _squeezed(desktop, route, carer)


def _squeezed(desktop: Desktop, route: int, carer: Carer) -> Place:
    """Between which visits there is too little time, and by how much at least."""
    day, node = desktop.day, desktop.members[0]
    least, hinders = NEVER, ""
    for behind in desktop.nodes(route):
        after = int(desktop.state.nxt[behind])
        start = int(earliest(day, route, node, int(arrival(day, desktop.state, route, behind, node))))
        if start == NEVER or day.breaks_from <= after < day.nodes:
            continue
        latest = int(day.closes[after] if after < day.nodes else day.latest[route])
        late = start + int(day.duration[node]) + _drive(day, route, node, after) - latest
        if 0 < late < least:
            least, hinders = late, desktop.task_name(after)
    if least == NEVER:
        return Place(carer.id, None, reason="no_time", text=f"{carer.id} has no time left for it.")
    minutes = -(-least // desktop.named.problem.units_per_minute)
    where = hinders or "the end of the shift"
    text = f"{carer.id} would come at least {minutes} minutes too late to {where}."
    return Place(carer.id, None, reason="no_time", text=text, hinders=hinders)
