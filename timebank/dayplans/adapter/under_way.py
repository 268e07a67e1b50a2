"""A published day while it runs: what has begun, what nobody has told us of yet, and what is still open from now on."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import lru_cache

from dispatch.disruption import Disruption
from dispatch.model import FOREVER, Carer, Plan, Problem
from dispatch.today import changed, free_since, frozen_visits, route_of, without_hours
from timebank.dayplans.adapter import engine
from timebank.dayplans.rules import FETCH, visit_of


def past_visits(problem: Problem, now: int) -> set[str]:
    """The visits of which the hours asked for are over, for a part of them at least; `now` is a minute of the day."""
    return {visit_of(task.id) for task in problem.tasks if max(window.closes_minutes for window in task.windows) < now}


def standing(problem: Problem, plan: Plan, begun: Collection[str], now: int, *, away: str = "") -> frozenset[str]:
    """The tasks that stay with whom they are: of visits that have begun, and of those past their hours without a word.

    So does a meal that was to be fetched by now: nobody tells of it before its door, and it is in that carer's bag.

    Where there is no signal a visit is made and told hours later, so it is not taken from who should be there, unless
    that is `away`: a carer of whom we know that they did not come.
    """
    past, places = past_visits(problem, now), engine.places_of(plan)
    unheard = {
        task
        for task, placed in places.items()
        if placed.carer != away and (visit_of(task) in past or (task.endswith(FETCH) and placed.starts < now))
    }
    return frozenset(task.id for task in problem.tasks if visit_of(task.id) in begun) | unheard


def lost_tasks(plan: Plan, away: Collection[str], begun: Collection[str]) -> set[str]:
    """The tasks of whoever is off by now, but for visits that have begun: nobody comes to them any more."""
    places = engine.places_of(plan)
    return {task for task, placed in places.items() if placed.carer in away and visit_of(task) not in begun}


def barred(problem: Problem, away: Collection[str], begun: Collection[str]) -> Problem:
    """A day on which whoever is off by now is given nothing that has not begun."""
    if not away:
        return problem
    tasks = (
        task if visit_of(task.id) in begun else replace(task, banned_carers=task.banned_carers | frozenset(away))
        for task in problem.tasks
    )
    return replace(problem, tasks=tuple(tasks))


def held_up(problem: Problem, plan: Plan, late: Mapping[str, int], begun: Collection[str]) -> Problem:
    """A day on which carers who are held up go on at a minute (`late`) only, if that is still a time of their work.

    Who has begun what comes then has gone on already. What they began before says nothing of it.
    """
    if not late:
        return problem
    tasks = {task.id for task in problem.tasks if visit_of(task.id) in begun}
    out = {
        route.carer
        for route in plan.routes
        for stop in route.stops
        if stop.task in tasks and stop.start_minutes >= late.get(route.carer, FOREVER)
    }
    waiting = {one.id: late[one.id] for one in problem.carers if one.id in late.keys() - out}
    home = {one.id for one in problem.carers if waiting.get(one.id, 0) >= one.shifts[-1].closes_minutes}
    carers = (
        _held(one, free_since(route_of(plan, one.id), tasks), waiting[one.id])
        if one.id in waiting.keys() - home
        else one
        for one in problem.carers
    )
    return barred(replace(problem, carers=tuple(carers)), home, begun)


def _held(carer: Carer, since: int | None, until: int) -> Carer:
    since = carer.shifts[0].opens_minutes if since is None else since
    return replace(carer, shifts=without_hours(carer.shifts, since, until))


@lru_cache(maxsize=8)  # a board asks again and again within one minute
def rest_of(problem: Problem, plan: Plan, begun: frozenset[str], now: int) -> Problem:
    """The day from now on, to be changed by hand: what has begun is pinned, what is open is not before now.

    Visits without a word after their hours stay with whom they are, or are taken out.
    """
    stays = standing(problem, plan, begun, now)
    passed = Disruption(now, None, stays)
    frozen = frozen_visits(problem, plan, passed)
    places = engine.places_of(plan)
    own = {task.id: task for task in problem.tasks if task.id in frozen and visit_of(task.id) not in begun}
    own |= {
        name: replace(task, pinned_carer=places[name].carer, pinned_start_minutes=places[name].starts)
        for name, task in own.items()
        if name in stays
    }
    rest = changed(problem, plan, passed, frozen)
    return replace(rest, tasks=tuple(own.get(task.id, task) for task in rest.tasks))
