"""A plan changed by hand: tasks lifted out or put on another route, and everything after them timed anew.

Unlike the search this never refuses: what comes too late comes too late, and the checker names it. Whoever is not
touched keeps the time that stands in the plan, unless somebody before them or linked to them becomes later. Pure.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from dispatch.check import check, price
from dispatch.insertion import Place
from dispatch.model import UNREACHABLE, Break, Carer, Link, Pause, Plan, Problem, Route, Stop, Task, Unserved, Vehicle
from dispatch.rules import may_serve, rests_at_home, sets_out_minutes
from timebank.dayplans.rules import FETCH, visit_of

_ROUNDS = 60  # links that wait for each other settle in a few rounds, or never
_MIDNIGHT = 24 * 60


@dataclass(frozen=True)
class Move:
    """One task to a carer, not before a minute; no carer takes it out of the plan."""

    task: str
    carer: str | None
    starts: int | None = None


def moved(problem: Problem, plan: Plan, moves: Sequence[Move]) -> Plan:
    """The plan after some moves, with its price. A meal takes its way to the kitchen along."""
    sketch = _Sketch.of(problem, plan)
    for move in moves:
        sketch.lift(move.task)
    for move in moves:
        if move.carer is not None:
            sketch.put(move)
    return sketch.plan(plan)


def keep_times(problem: Problem, plan: Plan, published: Plan, early: Collection[str] = ()) -> Plan:
    """The plan with everybody who keeps their carer at the published time again, unless what changed makes them later.

    A search times everything as early as it can; people were promised a time. Carers in `early` stay as they are.
    """
    promised = {stop.task: (route.carer, stop.start_minutes) for route in published.routes for stop in route.stops}
    sketch = _Sketch.of(problem, plan)
    for name, order in sketch.orders.items():
        for task_id in order:
            carer, starts = promised.get(task_id, ("", 0))
            if carer == name and name not in early:
                sketch.floors[task_id] = starts
    sketch.changed.update(sketch.orders)
    return replace(sketch.plan(plan), engine=plan.engine)


@dataclass
class _Sketch:
    """Orders of tasks by route, the times that nobody may undercut, and which routes are not as they stood."""

    problem: Problem
    tasks: Mapping[str, Task]
    stood: Mapping[str, Route]
    orders: dict[str, list[str]]
    floors: dict[str, int]
    changed: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, problem: Problem, plan: Plan) -> "_Sketch":
        tasks = {task.id: task for task in problem.tasks}
        orders = {route.carer: [stop.task for stop in route.stops if stop.task in tasks] for route in plan.routes}
        floors = {stop.task: stop.start_minutes for route in plan.routes for stop in route.stops if stop.task in tasks}
        stood = {route.carer: route for route in plan.routes}
        shorter = {name for name, route in stood.items() if len(route.stops) > len(orders[name])}
        return cls(problem, tasks, stood, orders, floors, shorter)

    def lift(self, task_id: str) -> None:
        """Take a task off its route; a meal with its way to the kitchen, a bath off the van's round."""
        for name in (task_id, task_id + FETCH):
            for route, order in self.orders.items():
                if name in order:
                    order.remove(name)
                    self.changed.add(route)
            self.floors.pop(name, None)

    def put(self, move: Move) -> None:
        """Put a task on a route where its wished time falls."""
        task = self.tasks[move.task]
        order = self.orders.setdefault(str(move.carer), [])
        wished = task.windows[0].opens_minutes if move.starts is None else move.starts
        self.floors[move.task] = wished
        place = next((index for index, other in enumerate(order) if self.floors.get(other, 0) >= wished), len(order))
        order.insert(place, move.task)
        self.changed.add(str(move.carer))
        self._put_fetch(move.task, order, place)
        self._put_on_van(task, wished)

    def _put_fetch(self, task_id: str, order: list[str], place: int) -> None:
        """The meal is fetched with those that the carer fetches last before, else on the way there."""
        name = task_id + FETCH
        if name not in self.tasks:
            return
        earlier = [index for index, other in enumerate(order[:place]) if other.endswith(FETCH)]
        order.insert(earlier[-1] + 1 if earlier else place, name)
        self.floors[name] = self.tasks[name].windows[0].opens_minutes

    def _put_on_van(self, task: Task, wished: int) -> None:
        """A visit that needs a van goes on the first round that is out at that time."""
        if task.vehicle_kind is None:
            return
        names = [
            f"{van.id}#{number}"
            for van in self.problem.vehicles
            for number, window in enumerate(van.rounds)
            if van.kind == task.vehicle_kind and window.opens_minutes <= wished <= window.closes_minutes
        ]
        if not names:
            return
        name = min(names, key=lambda one: len(self.orders.get(one, [])))
        order = self.orders.setdefault(name, [])
        place = next((index for index, other in enumerate(order) if self.floors.get(other, 0) >= wished), len(order))
        order.insert(place, task.id)
        self.changed.add(name)

    def plan(self, before: Plan) -> Plan:
        """The timed plan: fetched meals as late as they can be, everybody at work as their route says."""
        times = _Times(self)
        times.settle()
        routes = tuple(times.route(name, order) for name, order in self.orders.items() if order)
        served = {stop.task for route in routes for stop in route.stops}
        known = {one.task: one for one in before.unserved}
        left_out = tuple(
            known.get(task.id, Unserved(task.id, "taken_out", "Taken out by hand."))
            for task in self.problem.tasks
            if task.id not in served
        )
        changed = replace(
            before, routes=routes, unserved=left_out, engine="hand", lower_bound=None, proved_optimal=False
        )
        return replace(changed, cost=price(self.problem, changed))


class _Times:
    """Raises starts from their floors, route by route and link by link, until nothing changes."""

    def __init__(self, sketch: _Sketch) -> None:
        self.sketch, problem = sketch, sketch.problem
        self.place = {name: index for index, name in enumerate(problem.places)}
        self.carers = {carer.id: carer for carer in problem.carers}
        self.vans = {
            f"{van.id}#{number}": (van, number) for van in problem.vehicles for number in range(len(van.rounds))
        }
        self.starts = dict(sketch.floors)
        self.pauses: dict[str, list[Pause]] = {}
        self.walked: set[str] = set()
        self.seen: dict[str, int] = {}
        self.routes_of: dict[str, list[str]] = {}
        for name, order in sketch.orders.items():
            for task_id in order:
                self.routes_of.setdefault(task_id, []).append(name)
        placed = set(self.starts)
        self.links = [link for link in problem.links if link.first in placed and link.second in placed]

    def settle(self) -> None:
        """Least times that respect orders, drives, shifts, breaks and links; too late stays too late.

        Orders by hand may make links wait for each other for ever (a meal fetched before an escort that comes before
        its door). Then first the longest gaps are given up, then all links; the checker names what that breaks.
        """
        crews = [link for link in self.links if link.max_gap_minutes == 0]
        for links in (self.links, crews, []):
            self.starts, self.walked = dict(self.sketch.floors), set()
            if self._settles_with(links):
                return

    def _settles_with(self, links: Sequence[Link]) -> bool:
        """A route that nothing touched is not walked: it stands in the plan as it can be driven."""
        dirty = {name for name in self.sketch.changed if name in self.sketch.orders}
        for _ in range(_ROUNDS):
            self.walked |= dirty
            for name in dirty:
                self._walk(name, self.sketch.orders[name])
            raised = self._follow(links) | self._differ_from_vans(dirty)
            if not raised:
                return True
            if max(self.starts.values(), default=0) > _MIDNIGHT:
                return False
            dirty = {name for task_id in raised for name in self.routes_of[task_id]}
        return False

    def _follow(self, links: Sequence[Link]) -> set[str]:
        """Raise starts so that gaps hold; the tasks that were raised."""
        raised = set()
        for link in links:
            first, second = self.starts[link.first], self.starts[link.second]
            if second < first + link.min_gap_minutes:
                self.starts[link.second] = first + link.min_gap_minutes
                raised.add(link.second)
            if link.max_gap_minutes is not None and first < second - link.max_gap_minutes:
                self.starts[link.first] = second - link.max_gap_minutes
                raised.add(link.first)
        return raised

    def _differ_from_vans(self, dirty: Iterable[str]) -> set[str]:
        """Tasks on a van's round that was walked: carer and van stand at the door together."""
        shared = {task_id for name in dirty for task_id in self.sketch.orders[name] if len(self.routes_of[task_id]) > 1}
        changed = {task_id for task_id in shared if self.seen.get(task_id) != self.starts[task_id]}
        self.seen |= {task_id: self.starts[task_id] for task_id in changed}
        return changed

    def _walk(self, name: str, order: Sequence[str]) -> None:
        if name in self.vans:
            self._walk_van(*self.vans[name], order)
        elif name in self.carers:
            self._walk_carer(self.carers[name], order)

    def _walk_carer(self, carer: Carer, order: Sequence[str]) -> None:
        here, now = carer.start_place, sets_out_minutes(carer)
        pauses = list(rests_at_home(carer)) if order else []
        breaks = list(carer.breaks[len(pauses) :])
        for task_id in order:
            task = self.sketch.tasks[task_id]
            drive = self._drive(carer.mode, here, task.place)
            start = self._start(carer, task, now + drive)
            if breaks and _rests_before(breaks[0], now, drive, start, task.duration_minutes):
                rest = breaks.pop(0)
                begin = self._rest(rest, now, pauses)
                start = self._start(carer, task, max(now + drive, begin) + rest.duration_minutes)
            self.starts[task_id] = start
            here, now = task.place, start + task.duration_minutes
        home = self._drive(carer.mode, here, carer.end_place)
        if breaks and order and now + home > breaks[0].window.closes_minutes:
            self._rest(breaks.pop(0), now, pauses)
        self.pauses[carer.id] = pauses

    def _rest(self, rest: Break, now: int, pauses: list[Pause]) -> int:
        begin = max(now, rest.window.opens_minutes)
        pauses.append(Pause(begin, begin + rest.duration_minutes))
        return begin

    def _start(self, carer: Carer, task: Task, ready: int) -> int:
        """Not before the floor, the window, or the shift that still holds the whole task."""
        start = max(ready, self.starts[task.id])
        window = next((one for one in task.windows if one.closes_minutes >= start), None)
        start = max(start, window.opens_minutes) if window else start
        for shift in carer.shifts:
            if start + task.duration_minutes <= shift.closes_minutes:
                return max(start, shift.opens_minutes)
        return start

    def _walk_van(self, van: Vehicle, number: int, order: Sequence[str]) -> None:
        here, now = van.place, van.rounds[number].opens_minutes
        for task_id in order:
            task = self.sketch.tasks[task_id]
            ready = now + self._drive(van.mode, here, task.place) + van.setup_minutes
            self.starts[task_id] = max(self.starts[task_id], ready)
            here, now = task.place, self.starts[task_id] + task.duration_minutes

    def _drive(self, mode: str, here: str, there: str) -> int:
        minutes = int(self.sketch.problem.matrices[mode][self.place[here], self.place[there]])
        return minutes if minutes < UNREACHABLE else 0  # the checker says that no road leads there

    def route(self, name: str, order: Sequence[str]) -> Route:
        """A route with its times as they settled."""
        tasks, stood = self.sketch.tasks, self.sketch.stood.get(name)
        if stood and name not in self.walked:
            return stood
        stops = tuple(Stop(one, self.starts[one], self.starts[one] + tasks[one].duration_minutes) for one in order)
        if name in self.vans:
            van = self.vans[name][0]
            start, end, mode, setup = van.place, van.place, van.mode, van.setup_minutes
        else:
            carer = self.carers[name]
            start, end, mode, setup = carer.start_place, carer.end_place, carer.mode, 0
        leave = stops[0].start_minutes - setup - self._drive(mode, start, tasks[order[0]].place)
        finish = stops[-1].end_minutes + self._drive(mode, tasks[order[-1]].place, end)
        pauses = tuple(self.pauses.get(name, ()))
        if pauses:
            finish = self._home_after(pauses, finish, stops)
            leave = self._set_out(pauses, leave, stops[0].start_minutes)
        return Route(name, stops, pauses, leave, finish)

    def _set_out(self, pauses: Sequence[Pause], leave: int, first_start: int) -> int:
        """A break on the way to the first visit, or before its door, takes its time beside the drive's."""
        for pause in reversed(pauses):
            if pause.start_minutes < first_start and pause.end_minutes > leave:
                leave = min(leave - (pause.end_minutes - pause.start_minutes), pause.start_minutes)
        return leave

    def _home_after(self, pauses: Sequence[Pause], finish: int, stops: Sequence[Stop]) -> int:
        """A break after the last visit moves the arrival at home."""
        last = pauses[-1]
        return (
            finish + (last.end_minutes - stops[-1].end_minutes)
            if last.start_minutes >= stops[-1].end_minutes
            else finish
        )


def _rests_before(rest: Break, now: int, drive: int, start: int, duration: int) -> bool:
    """Whether the break is taken before a visit: because it fits there for nothing, or because it is time for it."""
    begin, closes = max(now, rest.window.opens_minutes), rest.window.closes_minutes
    is_free = begin <= closes and max(now + drive, begin) + rest.duration_minutes <= start
    return is_free or start + duration > closes


def touched(problem: Problem, visit_id: str) -> list[str]:
    """The tasks at the door of a visit, in the problem's order."""
    return [task.id for task in problem.tasks if visit_of(task.id) == visit_id and not task.id.endswith(FETCH)]


def tried_places(problem: Problem, plan: Plan, task_id: str, carers: Sequence[Carer]) -> list[Place]:
    """For each of some carers the cheaper of three times of a task's window, in a plan that may break rules.

    For whom `dispatch.insertion.best_places` cannot be asked. Slower and rougher; new faults count as no place.
    """
    task = next(task for task in problem.tasks if task.id == task_id)
    lifted = moved(problem, plan, [Move(task_id, None)])
    known = {fault.text for fault in check(problem, lifted)} | {fault.text for fault in check(problem, plan)}
    window = task.windows[0]
    moments = sorted({window.opens_minutes, (window.opens_minutes + window.closes_minutes) // 2, window.closes_minutes})
    return [_tried(problem, lifted, task, carer, moments, known) for carer in carers]


def _tried(
    problem: Problem, lifted: Plan, task: Task, carer: Carer, moments: Sequence[int], known: Collection[str]
) -> Place:
    if may_serve(carer, task):
        return Place(carer.id, None, reason="not_allowed")
    tries = [moved(problem, lifted, [Move(task.id, carer.id, moment)]) for moment in moments]
    cheapest_first = sorted(tries, key=lambda one: one.cost.total)  # so that the checker need not judge them all
    best = next((one for one in cheapest_first if all(fault.text in known for fault in check(problem, one))), None)
    if best is None:
        return Place(carer.id, None, reason="no_time")
    start = next(stop.start_minutes for route in best.routes for stop in route.stops if stop.task == task.id)
    return Place(carer.id, best.cost.total - lifted.cost.total, start)
