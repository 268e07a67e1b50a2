"""A published day as it stands after a disruption: what has begun is fixed, the rest is open from now on."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise

import numpy as np

from dispatch.disruption import CarerIll, CarerLate, Change, Disruption, RoadClosed, VisitAdded, VisitCancelled
from dispatch.model import FOREVER, UNREACHABLE, Carer, Link, Plan, Problem, Route, Stop, Task, Window
from dispatch.rounds import from_now_on, has_begun, soonest_start, with_driven
from dispatch.rules import bundles, latest_departure, rests_taken, unserved_cost
from dispatch.travel import whole_minutes, with_closures

NEVER_LEFT_OUT = 100_000_000
"""Cost of leaving out what has begun."""

Begun = Mapping[str, tuple[str, Stop]]
"""Carer and stop of each task that has begun or is under way."""


# What has begun.


def frozen_visits(problem: Problem, published: Plan, disruption: Disruption) -> dict[str, tuple[str, Stop]]:
    """Carer and stop of every task that has begun, or to which its carer had to set out by now."""
    carers = {carer.id: carer for carer in problem.carers}
    found = {}
    for route in published.routes:
        for stop in _frozen_part(problem, carers[route.carer], route, disruption) if route.carer in carers else ():
            found[stop.task] = (route.carer, stop)
    return found


def _frozen_part(problem: Problem, carer: Carer, route: Route, disruption: Disruption) -> Iterator[Stop]:
    """The stops of a route that have begun or are under way; one that was passed over is still to do."""
    now, change = disruption.at_minutes, disruption.change
    is_held_up = isinstance(change, CarerIll | CarerLate) and change.carer == carer.id
    for stop, drive in zip(route.stops, _drives(problem, carer, route), strict=False):
        has_begun = stop.start_minutes < now if disruption.begun is None else stop.task in disruption.begun
        set_out = latest_departure(carer, route.pauses, stop.start_minutes, drive)
        is_under_way = set_out < now <= stop.start_minutes and not is_held_up
        if has_begun or is_under_way:
            yield stop


def _drives(problem: Problem, carer: Carer, route: Route) -> list[int]:
    """Ticks of driving before each stop of a route, and home."""
    number = {place: index for index, place in enumerate(problem.places)}
    place = {task.id: number[task.place] for task in problem.tasks}
    way = [number[carer.start_place], *(place[stop.task] for stop in route.stops), number[carer.end_place]]
    return [int(problem.matrices[carer.mode][leg]) for leg in pairwise(way)]


# The day as it is now.


def changed(problem: Problem, published: Plan, disruption: Disruption, frozen: Begun) -> Problem:
    """The problem with what has begun pinned, the published carers known and the change made."""
    change, now = disruption.change, disruption.at_minutes
    gone = _cancelled(problem, change.task, frozen) if isinstance(change, VisitCancelled) else frozenset()
    who = {name: carer for name, (carer, _) in served(problem, published).items()}
    moments = ready(problem, published, disruption, frozen)
    away = frozenset(carer for carer, moment in moments.items() if moment is None)
    since = partial(soonest_start, problem, published, frozen, now)
    links = [link for link in problem.links if not gone & {link.first, link.second}]
    half = [link for link in links if (link.first in frozen) != (link.second in frozen)]
    tasks = [
        _begun(task, *frozen[task.id]) if task.id in frozen else _open(task, who.get(task.id), since(task), away)
        for task in problem.tasks
        if task.id not in gone
    ]
    if half:
        prices = _prices_of_visits(problem)
        tasks = [_bound(task, half, frozen, prices) for task in tasks]
    links = [link for link in links if link not in half]
    if isinstance(change, VisitAdded):
        tasks += [_open(task, None, since(task), away) for task in change.tasks]
        links += change.links
    carers_now = tuple(
        _carer(carer, route_of(published, carer.id), now, _idle(carer, published, frozen, change, moments[carer.id]))
        for carer in problem.carers
    )
    vans = from_now_on(problem, published, now)
    today = replace(problem, tasks=tuple(tasks), links=tuple(links), carers=carers_now, vehicles=vans)
    return _with_closure(problem, today, published, change, frozen) if isinstance(change, RoadClosed) else today


def _cancelled(problem: Problem, task: str, frozen: Collection[str]) -> frozenset[str]:
    """The task and everything linked to it that has not begun."""
    names = [entry.id for entry in problem.tasks]
    bundle = next(bundle for bundle in bundles(problem) if names.index(task) in bundle)
    return frozenset(names[index] for index in bundle) - set(frozen)


def _begun(task: Task, carer: str, stop: Stop) -> Task:
    """A task that has begun: pinned, and never left out."""
    return replace(
        task,
        windows=(Window(stop.start_minutes, stop.start_minutes),),
        pinned_carer=carer,
        pinned_start_minutes=stop.start_minutes,
        published_carer=carer,
        unserved_cost=NEVER_LEFT_OUT,
    )


def _open(task: Task, published_carer: str | None, since: int, away: frozenset[str]) -> Task:
    """A task still to do: not before that, not by who is away (what was promised to one of them cannot be kept)."""
    windows = tuple(
        Window(max(window.opens_minutes, since), window.closes_minutes)
        for window in task.windows
        if window.closes_minutes >= since
    )
    pin = task.pinned_start_minutes
    return replace(
        task,
        windows=windows or task.windows,
        allowed_carers=task.allowed_carers if windows else frozenset(),
        banned_carers=task.banned_carers | away,
        published_carer=published_carer,
        pinned_carer=None if task.pinned_carer in away else task.pinned_carer,
        pinned_start_minutes=None if pin is not None and pin < since else pin,
    )


def _carer(carer: Carer, route: Route, now: int, idle: tuple[int, int]) -> Carer:
    """A carer with the rests that have begun at their time, and without the hours in which nothing is done.

    A rest for which it is too late is not asked for any more: nobody can take it now.
    """
    taken = rests_taken(carer.breaks, [pause for pause in route.pauses if pause.start_minutes < now])
    breaks = [
        replace(rest, window=Window(taken[index].start_minutes, taken[index].start_minutes)) if index in taken else rest
        for index, rest in enumerate(carer.breaks)
        if index in taken or now <= rest.window.closes_minutes
    ]
    breaks.sort(key=lambda rest: rest.window.opens_minutes)
    return replace(carer, breaks=tuple(breaks), shifts=without_hours(carer.shifts, *idle) or carer.shifts)


def _idle(carer: Carer, published: Plan, frozen: Begun, change: Change | None, moment: int | None) -> tuple[int, int]:
    """From when to when a carer does nothing: before leaving home, or held up after what has begun.

    These are no hours of work at all, so that whoever times the plan anew later keeps them free as well.
    """
    since = free_since(route_of(published, carer.id), frozen)
    is_held_up = isinstance(change, CarerLate) and change.carer == carer.id
    if moment is None or (since is not None and not is_held_up):
        return 0, 0
    return carer.shifts[0].opens_minutes if since is None else since, moment


def free_since(route: Route, begun: Collection[str]) -> int | None:
    """When what has begun of a route is over, the way home with it where that is all; ``None`` where nothing has."""
    there = [stop for stop in route.stops if stop.task in begun]
    if not there:
        return None
    return route.finish_minutes if len(there) == len(route.stops) else there[-1].end_minutes


def without_hours(shifts: Sequence[Window], since: int, until: int) -> tuple[Window, ...]:
    """Shifts without the hours between two moments: of each what lies before, what lies after, both or nothing."""
    if since >= until:
        return tuple(shifts)
    parts = [
        part
        for shift in shifts
        for part in (
            Window(shift.opens_minutes, min(shift.closes_minutes, since)),
            Window(max(shift.opens_minutes, until), shift.closes_minutes),
        )
        if part.opens_minutes < part.closes_minutes
    ]
    return tuple(parts)


def ready(problem: Problem, published: Plan, disruption: Disruption, frozen: Begun) -> dict[str, int | None]:
    """When each carer can turn to something that has not begun; ``None``: not any more today."""
    change, found = disruption.change, {}
    for carer in problem.carers:
        route, moment = route_of(published, carer.id), disruption.at_minutes
        if isinstance(change, CarerLate) and change.carer == carer.id:
            moment = max(moment, change.until_minutes)
        moment = max([moment, *(pause.end_minutes for pause in route.pauses if pause.start_minutes < moment)])
        begun = [stop for stop in route.stops if stop.task in frozen]
        place = next(task.place for task in problem.tasks if task.id == begun[-1].task) if begun else carer.start_place
        is_ill = isinstance(change, CarerIll) and change.carer == carer.id
        found[carer.id] = None if is_ill else _within_shift(problem, carer, place, moment)
    return found


def _within_shift(problem: Problem, carer: Carer, place: str, moment: int) -> int | None:
    """The moment, or the opening of the next shift; ``None`` where there is no time left to come home from there."""
    drive = _way_home(problem, carer, place) if place != carer.start_place else 0
    for index, shift in enumerate(carer.shifts):
        is_last = index == len(carer.shifts) - 1
        closes = shift.closes_minutes + (carer.max_overtime_minutes - drive if is_last else 0)
        if moment <= closes:
            return max(moment, shift.opens_minutes)
    return None


def _way_home(problem: Problem, carer: Carer, place: str) -> int:
    """Ticks from a place to where the carer's day ends; where that road is closed, over the nearest other place."""
    matrix, here = problem.matrices[carer.mode], problem.places.index(place)
    home = matrix[:, problem.places.index(carer.end_place)]
    return int(home[here] if home[here] < UNREACHABLE else (matrix[here].astype(np.int64) + home).min())


def route_of(plan: Plan, carer: str) -> Route:
    """The route of a carer; an empty one for who stays at home."""
    return next((route for route in plan.routes if route.carer == carer), Route(carer, ()))


# A link whose one half has begun: the other half keeps its gap and its carer as rules of its own, so that what cannot
# be finished (a meal behind a closed road) does not undo what was done.


def _bound(task: Task, half: Sequence[Link], frozen: Begun, prices: Mapping[str, int]) -> Task:
    """An open task with the rules of its links to begun ones; leaving it out costs what the whole visit would."""
    for link in half:
        if task.id in frozen or task.id not in (link.first, link.second):
            continue
        begun = link.second if task.id == link.first else link.first
        carer, stop = frozen[begun]
        windows = tuple(_overlaps(task.windows, *_gap(link, begun, stop.start_minutes)))
        only = frozenset({carer} if link.carers == "same" else ())
        nobody = not windows or task.allowed_carers == frozenset()
        task = replace(
            task,
            windows=windows or task.windows,
            allowed_carers=frozenset() if nobody else only or task.allowed_carers,
            banned_carers=task.banned_carers | ({carer} if link.carers == "different" else set()),
            unserved_cost=prices[task.id],
        )
    return task


def _gap(link: Link, begun: str, start: int) -> tuple[int, int]:
    """When the open half may start."""
    most = FOREVER if link.max_gap_minutes is None else link.max_gap_minutes
    if begun == link.first:
        return start + link.min_gap_minutes, min(FOREVER, start + most)
    return start - most, start - link.min_gap_minutes


def _overlaps(windows: Sequence[Window], opens: int, closes: int) -> Iterator[Window]:
    for window in windows:
        if max(window.opens_minutes, opens) <= min(window.closes_minutes, closes):
            yield Window(max(window.opens_minutes, opens), min(window.closes_minutes, closes))


def _prices_of_visits(problem: Problem) -> dict[str, int]:
    """For each task, what it costs to leave out all that is served with it or not at all."""
    prices: dict[str, int] = {}
    for bundle in bundles(problem):
        tasks = [problem.tasks[index] for index in bundle]
        prices |= dict.fromkeys([task.id for task in tasks], sum(unserved_cost(problem, task) for task in tasks))
    return prices


# A closed road. What was driven before it closed stays driven: each stop that has begun gets a place of its own, which
# its predecessor reaches in the old time and from which the new times count.


def _with_closure(before: Problem, today: Problem, published: Plan, change: RoadClosed, frozen: Begun) -> Problem:
    """Today's problem with the closed road in its matrices, and a place of its own for each begun task."""
    ghosts = {task.id: f"{task.place} ({task.id})" for task in today.tasks if task.id in frozen}
    number = {place: index for index, place in enumerate(before.places)}
    where = {task.id: number[task.place] for task in before.tasks}
    old_places = [*range(len(number)), *(where[task] for task in ghosts)]
    row = {task: len(number) + index for index, task in enumerate(ghosts)}
    matrices = {}
    for mode, matrix in before.matrices.items():
        minutes = np.where(matrix >= UNREACHABLE, np.inf, matrix.astype(np.float64))
        closure = change.closure
        minutes = with_closures(minutes, before.places, [closure], closure.starts_on, knows_roads=change.knows_roads)
        matrices[mode] = whole_minutes(minutes)[np.ix_(old_places, old_places)]
    carers = []
    for carer in today.carers:
        here = there = number[carer.start_place]
        for task in (stop.task for stop in route_of(published, carer.id).stops if stop.task in row):
            matrices[carer.mode][here, row[task]] = before.matrices[carer.mode][there, where[task]]
            here, there = row[task], where[task]
        is_stranded = here >= len(number) and matrices[carer.mode][here, number[carer.end_place]] >= UNREACHABLE
        carers.append(replace(carer, end_place=[*number, *ghosts.values()][here]) if is_stranded else carer)
    vans = []
    for van in today.vehicles:
        mode = f"{van.mode} of {van.id}" if has_begun(published, van, row) else van.mode
        if mode != van.mode:
            matrices[mode] = with_driven(before, van, published, matrices[van.mode], where, row)
        vans.append(replace(van, mode=mode))
    tasks = tuple(replace(task, place=ghosts.get(task.id, task.place)) for task in today.tasks)
    places = (*before.places, *ghosts.values())
    return replace(today, places=places, matrices=matrices, tasks=tasks, carers=tuple(carers), vehicles=tuple(vans))


def served(problem: Problem, plan: Plan) -> dict[str, tuple[str, Stop]]:
    """Carer and stop of each task on a carer's route."""
    carers = {carer.id for carer in problem.carers}
    return {stop.task: (route.carer, stop) for route in plan.routes if route.carer in carers for stop in route.stops}
