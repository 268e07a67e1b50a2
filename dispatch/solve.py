"""One way in: a problem, limits and a seed give a plan, by whichever engine suits."""

from __future__ import annotations

from dataclasses import replace

from dispatch.model import Engine, Limits, NotExpressible, Plan, Problem
from dispatch.search import search, search_many

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
        on days of up to EXACT_TASKS tasks followed by CP-SAT with its plan as the start.
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
        from dispatch.exact import solve_exact  # OR-Tools takes half a second to load

        return solve_exact(problem, limits, seed, start)
    if engine == "routing":
        from dispatch.routing import solve_routing

        return solve_routing(problem, limits, seed)
    if engine == "auto" and len(problem.tasks) <= EXACT_TASKS and limits.steps is None:
        return _search_and_prove(problem, limits, seed, start)
    return _search(problem, limits, seed, start)


def _search(problem: Problem, limits: Limits, seed: int, start: Plan | None) -> Plan:
    return (search if limits.workers == 1 else search_many)(problem, limits, seed, start)


def _search_and_prove(problem: Problem, limits: Limits, seed: int, start: Plan | None) -> Plan:
    """The search's plan, then CP-SAT from there; the search's plan where the day cannot be said exactly."""
    from dispatch.exact import solve_exact

    quick = replace(limits, seconds=SEARCH_SHARE * limits.seconds, workers=1)
    found = search(problem, quick, seed, start)
    if limits.stop and limits.stop():
        return found
    rest = replace(limits, seconds=limits.seconds - quick.seconds)
    try:
        proved = solve_exact(problem, rest, seed, found)
    except NotExpressible:
        return _search(problem, rest, seed, found)
    return proved if proved.proved_optimal or proved.cost.total < found.cost.total else found
