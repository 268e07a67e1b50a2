"""One way in: a problem, limits and a seed give a plan, by whichever engine suits."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from dispatch.check import check
from dispatch.greedy import greedy
from dispatch.model import Engine, Limits, NotExpressible, Plan, Problem
from dispatch.search import search, search_many
from dispatch.search.run import known

log = logging.getLogger("dispatch")

EXACT_TASKS = 16
"""Up to so many tasks CP-SAT proves most days optimal within seconds."""

SEARCH_SHARE = 0.1
"""Share of a small day's seconds that the search takes before CP-SAT sets out to prove."""


def solve(
    problem: Problem,
    limits: Limits | None = None,
    seed: int = 0,
    engine: Engine = "auto",
    start: Plan | None = None,
) -> Plan:
    """Plan a day.

    Parameters
    ----------
    problem
        What is to be planned, as `dispatch.files.check_problem` accepts it.
    limits
        When to stop; 10 CPU seconds by default.
    seed
        Of every random choice; with ``limits.steps`` the same seed gives the same plan.
    engine
        ``search``, ``exact`` (CP-SAT, small days), ``routing`` (OR-Tools routing, no links) or ``auto``: the search,
        on days of up to EXACT_TASKS tasks followed by CP-SAT with its plan as the start. An engine that is named and
        breaks raises; ``auto`` then takes the best plan of the others (`unbroken`).
    start
        A plan to begin from (the published or running day). What still fits is kept as it stands, the search then
        betters it with little heat, so that few visits move.

    Returns
    -------
    Plan
        Complete: every task is on a route or in ``unserved`` with a reason.
    """
    limits = limits or Limits()
    if engine == "exact":
        return _exact(problem, limits, seed, start)
    if engine == "routing":
        from dispatch.routing import solve_routing

        return solve_routing(problem, limits, seed)
    return unbroken(problem, limits, seed, start) if engine == "auto" else _search(problem, limits, seed, start)


def unbroken(problem: Problem, limits: Limits, seed: int, start: Plan | None, prove: bool = True) -> Plan:
    """The plan of the search, proved where the day is small; should it break, the best sound one that there is else.

    A fault of the planner is logged with its cause, and ``Plan.engine`` names who planned instead. What the caller's
    own functions raise goes through to the caller.
    """
    raised: list[BaseException] = []
    heard = replace(
        limits,
        on_progress=limits.on_progress and _noting(limits.on_progress, raised),
        stop=limits.stop and _noting(limits.stop, raised),
    )
    try:
        if prove and len(problem.tasks) <= EXACT_TASKS and limits.steps is None:
            return _search_and_prove(problem, heard, seed, start)
        return _search(problem, heard, seed, start)
    except Exception as fault:
        if fault in raised:
            raise
        log.exception("the search broke on %r with seed %d; another engine plans", problem.name, seed)
        found = [plan for plan in _spares(problem, limits, seed, start) if not check(problem, plan)]
        if not found:
            raise
        return replace(min(found, key=lambda plan: plan.cost.total), seed=seed)


def _noting(function: Callable[..., Any], raised: list[BaseException]) -> Callable[..., Any]:
    """The function, and a note of what it raises."""

    def noting(*arguments: Any) -> Any:
        try:
            return function(*arguments)
        except BaseException as fault:
            raised.append(fault)
            raise

    return noting


def _spares(problem: Problem, limits: Limits, seed: int, start: Plan | None) -> Iterator[Plan]:
    """Plans of what is not the search: the given one, the greedy one and, on small days, that of CP-SAT."""
    given = known(problem, start, seed) if start is not None else None
    if given is not None:
        yield replace(given, engine="given")
    engines: list[Callable[[], Plan]] = [lambda: greedy(problem)]
    if len(problem.tasks) <= EXACT_TASKS:
        engines.append(lambda: _exact(problem, limits, seed, start))
    for engine in engines:
        try:
            yield engine()
        except Exception:
            log.exception("another engine broke too")


def _exact(problem: Problem, limits: Limits, seed: int, start: Plan | None) -> Plan:
    from dispatch.exact import solve_exact  # OR-Tools takes half a second to load

    return solve_exact(problem, limits, seed, start)


def _search(problem: Problem, limits: Limits, seed: int, start: Plan | None) -> Plan:
    return (search if limits.workers == 1 else search_many)(problem, limits, seed, start)


def _search_and_prove(problem: Problem, limits: Limits, seed: int, start: Plan | None) -> Plan:
    """The search's plan, then CP-SAT from there; the search's plan where the day cannot be said exactly."""
    quick = replace(limits, seconds=SEARCH_SHARE * limits.seconds, workers=1)
    found = search(problem, quick, seed, start)
    if limits.stop and limits.stop():
        return found
    rest = replace(limits, seconds=limits.seconds - quick.seconds)
    try:
        proved = _exact(problem, rest, seed, found)
    except NotExpressible:
        return _search(problem, rest, seed, found)
    return proved if proved.proved_optimal or proved.cost.total < found.cost.total else found
