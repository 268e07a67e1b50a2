"""The timing of a plan from scratch in plain Python: slow, short, and the same as the kernels'.

Starts are raised from their lower bounds, round after round over all routes, until nothing changes: the least solution
of all "not before" rules. Tests compare the kernels with it; the plan that leaves the search carries its times.
"""

from __future__ import annotations

from collections.abc import Sequence

from dispatch.model import FOREVER
from dispatch.search.arrays import Day

ROUNDS = 10_000
"""Rounds after which routes are taken to wait for each other for ever."""


class Twin:
    """Times one set of routes.

    Parameters
    ----------
    day
        The problem.
    routes
        Nodes of every route in order, breaks included.
    """

    def __init__(self, day: Day, routes: Sequence[Sequence[int]]) -> None:
        self.day, self.routes = day, routes
        self.start = {node: int(day.opens[node]) for route in routes for node in route}
        self.finish = [int(day.shift_opens[day.shift_at[index]]) for index in range(len(routes))]
        self.pauses: list[list[int]] = [[] for _ in routes]
        """Breaks taken on each route."""

    def settle(self) -> bool:
        """Compute starts and finishes; false where the routes break a rule of time."""
        for _ in range(ROUNDS):
            before = dict(self.start)
            if not all(self._walk(route, nodes) for route, nodes in enumerate(self.routes)):
                return False
            if not self._follow_links():
                return False
            if self.start == before:
                return all(
                    finish <= self.day.latest[route] for route, finish in enumerate(self.finish) if self._busy(route)
                )
        return False

    def _is_break(self, node: int) -> bool:
        return bool(self.day.breaks_from <= node)

    def _busy(self, route: int) -> bool:
        return any(not self._is_break(node) for node in self.routes[route])

    def _walk(self, route: int, nodes: Sequence[int]) -> bool:
        """One pass along a route: where and when the carer is free to drive, and not before which moment to arrive."""
        if not self._busy(route):
            return True  # who stays at home rests as it suits
        day = self.day
        spot = int(day.place[day.nodes + route])
        left = floor = int(day.shift_opens[day.shift_at[route]])
        home = int(day.place[day.nodes + day.routes + route])
        last_task = max((index for index, node in enumerate(nodes) if not self._is_break(node)), default=-1)
        self.pauses[route] = []
        for index, node in enumerate(nodes):
            if index > last_task and self._arrive(route, spot, home, left, floor) <= min(day.closes[nodes[index:]]):
                break  # the route is over before any of these breaks is due
            rest = self._is_break(node)
            ready = floor if rest else self._arrive(route, spot, int(day.place[node]), left, floor)
            start = self.fit(route, node, max(ready, self.start[node]))
            if start is None:
                return False
            self.start[node] = start
            floor = start + int(day.duration[node])
            left = left + int(day.duration[node]) if rest else floor
            if rest:
                self.pauses[route].append(node)
            else:
                spot = int(day.place[node])
        self.finish[route] = self._arrive(route, spot, home, left, floor)
        return True

    def _arrive(self, route: int, spot: int, to: int, left: int, floor: int) -> int:
        """Driving goes on while there is a shift; with several shifts it begins after the break."""
        day = self.day
        ticks = int(day.drive[(day.mode[route] * day.places + spot) * day.places + to])
        shifts = self._shifts(route)
        if len(shifts) == 1:
            return max(floor, left + ticks)
        now = floor
        for opens, closes in shifts[:-1]:
            if now <= closes:
                now = max(now, opens)
                if now + ticks <= closes:
                    return now + ticks
                ticks -= closes - now
                now = closes
        return max(now, shifts[-1][0]) + ticks

    def _shifts(self, route: int) -> list[tuple[int, int]]:
        day = self.day
        numbers = range(day.shift_at[route], day.shift_at[route + 1])
        return [(int(day.shift_opens[number]), int(day.shift_closes[number])) for number in numbers]

    def fit(self, route: int, node: int, ready: int) -> int | None:
        """First start from ``ready`` inside a window and a shift."""
        day, length = self.day, int(self.day.duration[node])
        spans = self._shifts(route)
        if self._is_break(node) or len(spans) == 1:
            spans = [(0, 2 * FOREVER)]
        numbers = range(day.window_at[node], day.window_at[node + 1])
        windows = [(int(day.window_opens[number]), int(day.window_closes[number])) for number in numbers]
        starts = [
            start
            for opens, closes in windows
            for since, until in spans
            if (start := max(ready, opens, since)) <= closes and start + length <= until
        ]
        return min(starts, default=None)

    def _follow_links(self) -> bool:
        day = self.day
        for node in self.start:
            for entry in range(day.link_at[node], day.link_at[node + 1]):
                other = int(day.link_to[entry])
                if other in self.start:
                    self.start[node] = max(self.start[node], self.start[other] - int(day.link_most[entry]))
        return all(self.start[node] <= day.closes[node] for node in self.start if not self._is_break(node))
