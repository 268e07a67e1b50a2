"""The independent judge: which hard rules a plan breaks, and what it costs.

Written from the words of ``dispatch.model`` alone, in plain Python, without any engine: everything is recomputed from
the stops of a plan, so that plans made by hand, by the search or by another program are judged alike. Where the model
leaves room, the reading is:

* travel may be interrupted by a break or by the gap between two shifts, service may not: between two stops lie at
  least as many working minutes (inside a shift, overtime included, outside pauses) as the drive takes;
* a break is a ``Pause`` of the route, unless the route is finished by the close of the break's window; each has a
  pause of its own, in whatever order;
* a vehicle's round is the route ``<vehicle id>#<index of the round, from 0>``; its legs cost travel as a carer's do;
* pins say who and when, if the task is served; leaving it out costs what leaving out costs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from dispatch.model import (
    UNREACHABLE,
    Break,
    Carer,
    Cost,
    Link,
    Pause,
    Plan,
    Problem,
    Route,
    Stop,
    Task,
    Vehicle,
    Violation,
)
from dispatch.violations import SENTENCES, Rule


def check(problem: Problem, plan: Plan) -> list[Violation]:
    """All hard rules that ``plan`` breaks, in the order of its routes; empty for a plan that may be carried out.

    The plan may come from anywhere; unknown ids are reported, never raised. ``plan.cost`` is not looked at (``price``).
    """
    day = _Day.of(problem, plan)
    found = list(_identities(day, plan))
    for _, route in day.carer_routes:
        found += _judged(day.known, route)
    for vehicle, index, route in day.vehicle_routes:
        found += _vehicle_route(day, vehicle, index, route)
    for task_id, (carer, stop) in day.served.items():
        found += _match(carer, day.tasks[task_id], stop)
    for link in problem.links:
        found += _link(day, link)
    return found + list(_vehicles_there(day))


def price(problem: Problem, plan: Plan) -> Cost:
    """What ``plan`` costs, recomputed from its stops; ``plan.cost`` and ``plan.unserved`` are not looked at.

    Also prices plans that break hard rules, so that a coordinator sees both; stops of unknown tasks and routes of
    unknown carers cost nothing.
    """
    day = _Day.of(problem, plan)
    weights = problem.weights
    late = [
        max(0, stop.start_minutes - task.due_minutes)
        for task_id, (_, stop) in day.served.items()
        if (task := day.tasks[task_id]).due_minutes is not None
    ]
    drives = [_driven(day.known, route) for _, route in day.carer_routes]
    rounds = [_drive_total(day.known, route, van.place, van.place, van.mode) for van, _, route in day.vehicle_routes]
    over = [max(0, route.finish_minutes - carer.shifts[-1].closes_minutes) for carer, route in day.carer_routes]
    unfair = [
        max(0, work - carer.target_work_minutes)
        for carer, route in day.carer_routes
        if carer.target_work_minutes is not None and (work := _work(day.known, carer, route))
    ]
    return Cost(
        unserved=sum(_left_out(problem, task) for task in problem.tasks if task.id not in day.served),
        travel=weights.travel_minute * (sum(drives) + sum(rounds)),
        tardiness=weights.tardiness_minute * sum(late),
        worst_tardiness=weights.worst_tardiness_minute * max(late, default=0),
        overtime=weights.overtime_minute * sum(over),
        fairness=weights.fairness_minute * sum(unfair),
        preferences=sum(_preference(problem, carer, day.tasks[key]) for key, (carer, _) in day.served.items()),
    )


@dataclass(frozen=True, eq=False)
class _Known:
    """The problem looked up by id."""

    problem: Problem
    tasks: dict[str, Task]
    place: dict[str, int]
    carers: dict[str, Carer]
    rounds: dict[str, tuple[Vehicle, int]]

    def drive(self, mode: str, origin: str, destination: str) -> int:
        return int(self.problem.matrices[mode][self.place[origin], self.place[destination]])


@lru_cache(maxsize=8)
def _known(problem: Problem) -> _Known:
    tasks = {task.id: task for task in problem.tasks}
    place = {place: index for index, place in enumerate(problem.places)}
    return _Known(problem, tasks, place, {carer.id: carer for carer in problem.carers}, _rounds(problem))


@dataclass(frozen=True)
class _Day:
    """The plan looked up by id; routes keep only stops of known tasks, ``served`` the first stop of each task."""

    known: _Known
    carer_routes: list[tuple[Carer, Route]]
    vehicle_routes: list[tuple[Vehicle, int, Route]]
    served: dict[str, tuple[Carer, Stop]]

    @property
    def problem(self) -> Problem:
        return self.known.problem

    @property
    def tasks(self) -> dict[str, Task]:
        return self.known.tasks

    @classmethod
    def of(cls, problem: Problem, plan: Plan) -> _Day:
        known = _known(problem)
        day = cls(known, [], [], {})
        for planned in plan.routes:
            route = _of_known_tasks(known, planned)
            if not route.stops:
                continue
            if route.carer in known.carers:
                carer = known.carers[route.carer]
                day.carer_routes.append((carer, route))
                for stop in route.stops:
                    day.served.setdefault(stop.task, (carer, stop))
            elif route.carer in known.rounds:
                day.vehicle_routes.append((*known.rounds[route.carer], route))
        return day


def _of_known_tasks(known: _Known, route: Route) -> Route:
    if all(stop.task in known.tasks for stop in route.stops):
        return route
    stops = tuple(stop for stop in route.stops if stop.task in known.tasks)
    return Route(route.carer, stops, route.pauses, route.leave_minutes, route.finish_minutes)


def _rounds(problem: Problem) -> dict[str, tuple[Vehicle, int]]:
    return {
        f"{vehicle.id}#{index}": (vehicle, index)
        for vehicle in problem.vehicles
        for index in range(len(vehicle.rounds))
    }


def _broken(rule: Rule, task: str = "", carer: str = "", **values: int | str) -> Violation:
    text = SENTENCES[rule].format(task=task, carer=carer, **values)
    return Violation(rule, task, carer, text, tuple(values.items()))


# Who and what stands in the plan.


def _identities(day: _Day, plan: Plan) -> Iterator[Violation]:
    known = day.known.carers.keys() | day.known.rounds.keys()
    names = [route.carer for route in plan.routes]
    for name in dict.fromkeys(names):
        if name not in known:
            yield _broken(Rule.UNKNOWN_CARER, carer=name)
        if names.count(name) > 1:
            yield _broken(Rule.ROUTE_TWICE, carer=name)
    for task_id in _named_tasks(plan):
        if task_id not in day.tasks:
            yield _broken(Rule.UNKNOWN_TASK, task_id)
    yield from _served_once(day)
    yield from _listed(day, [entry.task for entry in plan.unserved])


def _named_tasks(plan: Plan) -> list[str]:
    stops = [stop.task for route in plan.routes for stop in route.stops]
    return list(dict.fromkeys(stops + [entry.task for entry in plan.unserved]))


def _served_once(day: _Day) -> Iterator[Violation]:
    times = Counter(stop.task for _, route in day.carer_routes for stop in route.stops)
    for task_id, count in times.items():
        if count > 1:
            yield _broken(Rule.SERVED_TWICE, task_id, count=count)


def _listed(day: _Day, listed: list[str]) -> Iterator[Violation]:
    times = Counter(listed)
    for task_id in day.tasks:
        count = times[task_id]
        if task_id not in day.served and not count:
            yield _broken(Rule.NOT_LISTED, task_id)
        if (task_id in day.served and count) or count > 1:
            yield _broken(Rule.LISTED_WRONGLY, task_id)


# One task and one carer.


def _match(carer: Carer, task: Task, stop: Stop) -> Iterator[Violation]:
    missing = task.skills - carer.skills
    if missing:
        yield _broken(Rule.SKILL, task.id, carer.id, missing=", ".join(sorted(missing)))
    if carer.id in task.banned_carers or (task.allowed_carers is not None and carer.id not in task.allowed_carers):
        yield _broken(Rule.CARER_LIST, task.id, carer.id)
    if task.sex_is_hard and task.sex not in ("", carer.sex):
        yield _broken(Rule.SEX, task.id, carer.id, asked=task.sex, found=carer.sex or "?")
    if task.pinned_carer not in (None, carer.id):
        yield _broken(Rule.PIN_CARER, task.id, carer.id, promised=str(task.pinned_carer))
    yield from _moment(carer, task, stop)


def _moment(carer: Carer, task: Task, stop: Stop) -> Iterator[Violation]:
    start = stop.start_minutes
    if task.pinned_start_minutes not in (None, start):
        yield _broken(Rule.PIN_START, task.id, carer.id, promised=int(task.pinned_start_minutes or 0), start=start)
    if not any(window.opens_minutes <= start <= window.closes_minutes for window in task.windows):
        yield _broken(Rule.WINDOW, task.id, carer.id, start=start)
    if stop.end_minutes - start != task.duration_minutes:
        found = stop.end_minutes - start
        yield _broken(Rule.DURATION, task.id, carer.id, duration=task.duration_minutes, found=found)


# One carer's day.


@lru_cache(maxsize=1024)
def _judged(known: _Known, route: Route) -> tuple[Violation, ...]:
    """What a carer's route breaks by itself; kept, because a change by hand leaves most routes of a day as they are."""
    return tuple(_carer_route(known, known.carers[route.carer], route))


def _carer_route(known: _Known, carer: Carer, route: Route) -> Iterator[Violation]:
    yield from _legs(known, carer, route)
    yield from _at_work(carer, route)
    yield from _breaks(carer, route)
    yield from _loads(known, carer, route)
    work = _work(known, carer, route)
    if carer.max_work_minutes is not None and work > carer.max_work_minutes:
        yield _broken(Rule.MAX_WORK, carer=carer.id, found=work, limit=carer.max_work_minutes)
    if carer.max_visits is not None and len(route.stops) > carer.max_visits:
        yield _broken(Rule.MAX_VISITS, carer=carer.id, found=len(route.stops), limit=carer.max_visits)


def _legs(known: _Known, carer: Carer, route: Route) -> Iterator[Violation]:
    """Every drive has a road and the working minutes it takes; the last leg leads home."""
    points = [(carer.start_place, route.leave_minutes, route.leave_minutes, "")]
    points += [(known.tasks[s.task].place, s.start_minutes, s.end_minutes, s.task) for s in route.stops]
    points.append((carer.end_place, route.finish_minutes, route.finish_minutes, ""))
    for (origin, _, left, _), (destination, arrived, _, task_id) in pairwise(points):
        drive = known.drive(carer.mode, origin, destination)
        available = _working(carer, route, left, arrived) if arrived >= left else arrived - left
        values: dict[str, int | str] = {"origin": origin, "destination": destination}
        if drive >= UNREACHABLE:
            yield _broken(Rule.NO_ROAD, task_id, carer.id, **values)
        elif available < drive:
            yield _broken(Rule.TRAVEL, task_id, carer.id, drive=drive, available=available, **values)


def _spans(carer: Carer) -> list[tuple[int, int]]:
    """Shifts as (opens, closes), the last one with overtime."""
    spans = [(shift.opens_minutes, shift.closes_minutes) for shift in carer.shifts]
    return [*spans[:-1], (spans[-1][0], spans[-1][1] + carer.max_overtime_minutes)]


def _working(carer: Carer, route: Route, start: int, end: int) -> int:
    """Minutes from ``start`` to ``end`` inside a shift and outside every pause."""
    total = 0
    for opens, closes in _spans(carer):
        low, high = max(opens, start), min(closes, end)
        if low < high:
            total += high - low - _paused(route, low, high)
    return total


def _paused(route: Route, low: int, high: int) -> int:
    total, counted = 0, low
    for pause in sorted(route.pauses, key=lambda pause: pause.start_minutes):
        since = max(counted, pause.start_minutes)
        total += max(0, min(high, pause.end_minutes) - since)
        counted = max(counted, pause.end_minutes)
    return total


def _at_work(carer: Carer, route: Route) -> Iterator[Violation]:
    spans = _spans(carer)
    opening, latest = spans[0][0], spans[-1][1]
    if route.leave_minutes < opening:
        yield _broken(Rule.SHIFT, "", carer.id, start=route.leave_minutes, end=opening)
    for stop in route.stops:
        if not any(opens <= stop.start_minutes and stop.end_minutes <= closes for opens, closes in spans):
            yield _broken(Rule.SHIFT, stop.task, carer.id, start=stop.start_minutes, end=stop.end_minutes)
    if route.finish_minutes > latest:
        yield _broken(Rule.OVERTIME, "", carer.id, end=route.finish_minutes, latest=latest)


def _breaks(carer: Carer, route: Route) -> Iterator[Violation]:
    """Each break that is due has a pause of its own, in whatever order; pauses leave each other and tasks alone."""
    busy_until = None
    for pause in sorted(route.pauses, key=lambda pause: (pause.start_minutes, pause.end_minutes)):
        in_task = any(_overlap(pause.start_minutes, pause.end_minutes, stop) for stop in route.stops)
        if in_task or (busy_until is not None and pause.start_minutes < busy_until):
            yield _broken(Rule.BREAK_IN_TASK, "", carer.id, start=pause.start_minutes)
        busy_until = max(pause.end_minutes, busy_until or 0)
    asks: dict[int, Break] = {}
    for rest in carer.breaks:
        is_due = route.finish_minutes > rest.window.closes_minutes
        if is_due and not _finds_pause(rest, route.pauses, asks, set()):
            opens, closes = rest.window.opens_minutes, rest.window.closes_minutes
            yield _broken(Rule.BREAK, "", carer.id, duration=rest.duration_minutes, opens=opens, closes=closes)


def _finds_pause(rest: Break, pauses: Sequence[Pause], asks: dict[int, Break], tried: set[int]) -> bool:
    """Give a break a pause; a break that had it before moves on to another one, if it finds one."""
    for number, pause in enumerate(pauses):
        if number in tried or not _is_rest(pause, rest):
            continue
        tried.add(number)
        if number not in asks or _finds_pause(asks[number], pauses, asks, tried):
            asks[number] = rest
            return True
    return False


def _overlap(start: int, end: int, stop: Stop) -> bool:
    return start < stop.end_minutes and stop.start_minutes < end


def _is_rest(pause: Pause, rest: Break) -> bool:
    starts_well = rest.window.opens_minutes <= pause.start_minutes <= rest.window.closes_minutes
    return starts_well and pause.end_minutes - pause.start_minutes >= rest.duration_minutes


def _loads(known: _Known, carer: Carer, route: Route) -> Iterator[Violation]:
    carried = 0
    for stop in route.stops:
        carried += known.tasks[stop.task].load
        if carried < 0 or (carer.capacity is not None and carried > carer.capacity):
            limit = "any number" if carer.capacity is None else carer.capacity
            yield _broken(Rule.LOAD, stop.task, carer.id, found=carried, limit=limit)


def _drive_total(known: _Known, route: Route, start: str, end: str, mode: str) -> int:
    places = [start, *(known.tasks[stop.task].place for stop in route.stops), end]
    return sum(known.drive(mode, *leg) for leg in pairwise(places))


@lru_cache(maxsize=1024)
def _driven(known: _Known, route: Route) -> int:
    """Ticks that a carer drives."""
    carer = known.carers[route.carer]
    return _drive_total(known, route, carer.start_place, carer.end_place, carer.mode)


def _work(known: _Known, carer: Carer, route: Route) -> int:
    """Service plus travel, in ticks."""
    return sum(known.tasks[stop.task].duration_minutes for stop in route.stops) + _driven(known, route)


# Links and vehicles.


def _link(day: _Day, link: Link) -> Iterator[Violation]:
    first, second = day.served.get(link.first), day.served.get(link.second)
    if first is None or second is None:
        if first is not None or second is not None:
            yield _broken(Rule.ALL_OR_NONE, link.first if first is None else link.second)
        return
    gap = second[1].start_minutes - first[1].start_minutes
    most = link.max_gap_minutes
    if gap < link.min_gap_minutes or (most is not None and gap > most):
        values = {"least": link.min_gap_minutes, "most": "any" if most is None else most}
        yield _broken(Rule.LINK_GAP, link.first, second[0].id, second=link.second, found=gap, **values)
    same = first[0].id == second[0].id
    if (link.carers == "different" and same) or (link.carers == "same" and not same):
        yield _broken(Rule.LINK_CARERS, link.first, second[0].id, second=link.second, asked=link.carers)


def _vehicle_route(day: _Day, vehicle: Vehicle, index: int, route: Route) -> Iterator[Violation]:
    window, limit = vehicle.rounds[index], vehicle.visits_per_round
    if route.leave_minutes < window.opens_minutes or route.finish_minutes > window.closes_minutes:
        start, end = route.leave_minutes, route.finish_minutes
        opens, closes = window.opens_minutes, window.closes_minutes
        yield _broken(Rule.VEHICLE_ROUND, "", route.carer, start=start, end=end, opens=opens, closes=closes)
    if limit is not None and len(route.stops) > limit:
        yield _broken(Rule.VISITS_PER_ROUND, "", route.carer, found=len(route.stops), limit=limit)
    place, left = vehicle.place, route.leave_minutes
    for stop in route.stops:
        task = day.tasks[stop.task]
        yield from _vehicle_leg(day, vehicle, route, (place, task.place), stop.start_minutes - left, stop.task)
        if task.vehicle_kind != vehicle.kind:
            yield _broken(Rule.VEHICLE_NEEDLESS, task.id, route.carer)
        if task.id in day.served and day.served[task.id][1] != stop:
            yield _broken(Rule.VEHICLE_TIME, task.id, route.carer)
        place, left = task.place, stop.end_minutes
    yield from _vehicle_leg(day, vehicle, route, (place, vehicle.place), route.finish_minutes - left, "")


def _vehicle_leg(
    day: _Day, vehicle: Vehicle, route: Route, leg: tuple[str, str], available: int, task_id: str
) -> Iterator[Violation]:
    drive = day.known.drive(vehicle.mode, *leg)
    needed = drive + (vehicle.setup_minutes if task_id else 0)
    if drive >= UNREACHABLE:
        yield _broken(Rule.NO_ROAD, task_id, route.carer, origin=leg[0], destination=leg[1])
    elif available < needed:
        yield _broken(Rule.VEHICLE_SETUP, task_id, route.carer, available=available, needed=needed)


def _vehicles_there(day: _Day) -> Iterator[Violation]:
    there = Counter((van.kind, stop.task) for van, _, route in day.vehicle_routes for stop in route.stops)
    for task in day.problem.tasks:
        if task.vehicle_kind is None:
            continue
        found = there[task.vehicle_kind, task.id]
        if found != (task.id in day.served):
            yield _broken(Rule.VEHICLE_MISSING, task.id, kind=task.vehicle_kind, found=found)


# Prices of one task.


def _left_out(problem: Problem, task: Task) -> int:
    prices = problem.weights.unserved
    return prices[min(task.tier, len(prices) - 1)] if task.unserved_cost is None else task.unserved_cost


def _preference(problem: Problem, carer: Carer, task: Task) -> int:
    weights = problem.weights
    return (
        task.carer_cost.get(carer.id, task.other_carer_cost)
        + weights.other_sex * (not task.sex_is_hard and task.sex not in ("", carer.sex))
        + weights.other_dialect * (task.dialect != "" and task.dialect not in carer.dialects)
        + weights.changed_visit * (task.published_carer not in (None, carer.id))
    )
