"""The plan a careful coordinator makes by hand: the dearest visits first, each where it costs least just then.

Every place is found with exact times, for each visit among the carers who set out nearest to it; nothing is moved
again. This is what the search is compared with on days that no other library can express, and what is left to a
coordinator should the search break.
"""

from __future__ import annotations

from dataclasses import replace

from dispatch.insertion import CARERS_PER_MATE, Desktop, Seats, cheapest_on
from dispatch.model import Plan, Problem
from dispatch.search.arrays import flatten
from dispatch.search.outcome import plan
from dispatch.search.state import desk, empty


def greedy(problem: Problem) -> Plan:
    """Plan a day by cheapest insertion."""
    day, named = flatten(problem)
    state, bench = empty(day), desk(day, 0)
    visits = [bundle for bundle, nodes in enumerate(named.bundles) if nodes[0] < day.breaks_from]
    for bundle in sorted(visits, key=lambda bundle: -int(day.loss[bundle])):
        desktop = Desktop.of(day, named, state, bench, named.bundles[bundle][0])
        best = _best(desktop)
        if best is not None:
            desktop.keep(best)
    return replace(plan(day, named, state, 0, 0, 0.0), engine="greedy")


def _best(desktop: Desktop) -> Seats | None:
    able = [route for route in range(len(desktop.named.problem.carers)) if desktop.may(route)]
    near = sorted(able, key=desktop.way)[:CARERS_PER_MATE]
    found = [seats for route in near if (seats := cheapest_on(desktop, route)[0])]
    return min(found, key=lambda seats: seats.cost, default=None)
