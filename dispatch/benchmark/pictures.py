"""Draw the pictures of docs/planner/concepts.md from a real plan: ``python -m dispatch.benchmark.pictures``.

The plan is that of a small generated day with linked visits, made with a fixed seed and a fixed number of steps.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from xml.sax.saxutils import escape

from dispatch.benchmark.rural import Node, RuralDay, generate
from dispatch.check import check
from dispatch.model import Carer, Limits, Plan, Route
from dispatch.solve import solve

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "planner"
VISITS, NUMBER, SEED, STEPS = 30, 2, 1, 300_000

STYLE = """<style>
text{font:13px system-ui,sans-serif;fill:#222} .small{font-size:11px;fill:#555} .road{stroke:#b9b2a3;fill:none}
.trunk{stroke-width:5} .valley{stroke-width:3} .track{stroke-width:1.2} .house{fill:#8a8577} .village{fill:#5b7553}
.station{fill:#1f4e79} .kitchen{fill:#b3541e} .route{fill:none;stroke:#1f4e79;stroke-width:2.5;stroke-dasharray:7 4}
.stop{fill:#fff;stroke:#1f4e79;stroke-width:2} .drive{fill:#d9d4c7} .wait{fill:none;stroke:#b9b2a3}
.visit{fill:#cfe0ee;stroke:#1f4e79} .both{fill:#f3d9b1;stroke:#b3541e} .pause{fill:#dfe8d6;stroke:#5b7553}
.window{stroke:#1f4e79;stroke-width:2} .link{stroke:#b3541e;stroke-width:2;stroke-dasharray:3 3} .hour{stroke:#eee}
</style>"""


def main() -> None:
    """Plan the day and write both pictures."""
    day = generate(VISITS, NUMBER, sync=True)
    plan = solve(day.problem, Limits(steps=STEPS), SEED, "search")
    broken = check(day.problem, plan)
    if broken:
        raise SystemExit(f"The plan breaks a rule: {broken[0].text}")
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "route.svg").write_text(route_map(day, plan), encoding="utf-8")
    (FOLDER / "timeline.svg").write_text(timeline(day, plan), encoding="utf-8")


def _svg(width: float, height: float, title: str, parts: Iterable[str]) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" role="img">'
    return "\n".join([head, f"<title>{escape(title)}</title>", STYLE, *parts, "</svg>", ""])


# A route on a map.


def route_map(day: RuralDay, plan: Plan) -> str:
    """The whole country, and the way of the carer with the most stops along its roads, stops numbered in order."""
    number = {node.name: index for index, node in enumerate(day.country)}
    route = max(plan.routes, key=lambda route: len(route.stops))
    carer = next(carer for carer in day.problem.carers if carer.id == route.carer)
    scale = _Scale(day.country)
    parts = [_road(day.country, node, scale) for node in day.country]
    stops = [number[place] for place in _places(day, carer, route)]
    way = [step for leg in pairwise(stops) for step in _along(day.country, *leg)]
    points = " ".join("{:.0f},{:.0f}".format(*scale.at(day.country[index])) for index in way)
    parts.append(f'<polyline class="route" points="{points}"/>')
    parts += [_dot(node, scale) for node in day.country]
    parts += _numbers(day.country, stops[1:-1], scale)
    parts.append(_legend(scale.height, carer, len(route.stops)))
    return _svg(scale.width, scale.height + 30, f"The route of {carer.id}", parts)


class _Scale:
    """Kilometres to pixels, north up."""

    def __init__(self, country: Sequence[Node]) -> None:
        self.west, self.north = min(n.east for n in country) - 0.5, max(n.north for n in country) + 0.5
        east, south = max(n.east for n in country) + 0.5, min(n.north for n in country) - 0.5
        self.pixels = min(760 / (east - self.west), 560 / (self.north - south))
        self.width, self.height = max(620.0, (east - self.west) * self.pixels), (self.north - south) * self.pixels

    def at(self, node: Node) -> tuple[float, float]:
        """Where a place is drawn."""
        return (node.east - self.west) * self.pixels, (self.north - node.north) * self.pixels


def _places(day: RuralDay, carer: Carer, route: Route) -> list[str]:
    place = {task.id: task.place for task in day.problem.tasks}
    return [carer.start_place, *(place[stop.task] for stop in route.stops), carer.end_place]


def _road(country: Sequence[Node], node: Node, scale: _Scale) -> str:
    if node.parent is None:
        return ""
    (x1, y1), (x2, y2) = scale.at(node), scale.at(country[node.parent])
    return f'<path class="road {node.road}" d="M{x1:.0f} {y1:.0f}L{x2:.0f} {y2:.0f}"/>'


def _along(country: Sequence[Node], origin: int, target: int) -> list[int]:
    """The places passed between two places of the tree, both ends included."""
    up, down = _to_root(country, origin), _to_root(country, target)
    meet = next(index for index in up if index in down)
    return up[: up.index(meet) + 1] + down[: down.index(meet)][::-1]


def _to_root(country: Sequence[Node], index: int) -> list[int]:
    path = [index]
    while (parent := country[path[-1]].parent) is not None:
        path.append(parent)
    return path


def _dot(node: Node, scale: _Scale) -> str:
    x, y = scale.at(node)
    size = {"station": 8, "kitchen": 6, "village": 4, "house": 2.5}[node.kind]
    name = f'<text x="{x + 10:.0f}" y="{y - 8:.0f}">{escape(node.name)}</text>' if node.kind == "station" else ""
    return f'<circle class="{node.kind}" cx="{x:.0f}" cy="{y:.0f}" r="{size}"/>{name}'


def _numbers(country: Sequence[Node], stops: Sequence[int], scale: _Scale) -> list[str]:
    """The number of each stop; several at one place share a badge."""
    at: dict[int, list[str]] = {}
    for order, index in enumerate(stops, start=1):
        at.setdefault(index, []).append(str(order))
    parts = []
    for index, orders in at.items():
        x, y = scale.at(country[index])
        said = "·".join(orders)
        wide = 12 + 6 * len(said)
        shape = f'x="{x - wide / 2:.0f}" y="{y - 9:.0f}" width="{wide}" height="18" rx="9"'
        parts.append(f'<rect class="stop" {shape}/>')
        parts.append(f'<text class="small" x="{x:.0f}" y="{y + 4:.0f}" text-anchor="middle">{said}</text>')
    return parts


def _legend(top: float, carer: Carer, stops: int) -> str:
    text = f"{carer.id}: {stops} stops in order, by {carer.mode}. Blue: station, orange: kitchen, green: village."
    return f'<text class="small" x="10" y="{top + 18:.0f}">{escape(text)}</text>'


# A timeline with a two-person visit.

HOUR_WIDTH, ROW_HEIGHT, LEFT = 82.0, 64.0, 80.0


def timeline(day: RuralDay, plan: Plan) -> str:
    """The day of the two carers of the first bath by two, above each other, the bath joined."""
    pair = next(
        link for link in day.problem.links
        if link.carers == "different" and not link.max_gap_minutes and _route_of(plan, link.first)
    )  # fmt: skip
    routes = [route for task in (pair.first, pair.second) if (route := _route_of(plan, task))]
    opens = min(route.leave_minutes for route in routes) // 60 * 60
    closes = -(-max(route.finish_minutes for route in routes) // 60) * 60
    parts = [_hour(minute, opens, len(routes)) for minute in range(opens, closes + 1, 60)]
    for row, route in enumerate(routes):
        parts += _row(day, route, row, (opens, closes), {pair.first, pair.second})
    start = next(stop.start_minutes for stop in routes[0].stops if stop.task == pair.first)
    x = _x(start, opens)
    parts.append(f'<line class="link" x1="{x:.0f}" x2="{x:.0f}" y1="30" y2="{30 + ROW_HEIGHT * 2:.0f}"/>')
    bottom = 30 + ROW_HEIGHT * len(routes) + 22
    said = "Blue: visits, window below. Orange: the bath that both begin together. Grey: driving. Green: rest."
    parts.append(f'<text class="small" x="10" y="{bottom:.0f}">{said}</text>')
    return _svg(_x(closes, opens) + 20, bottom + 12, "Two carers, one bath", parts)


def _route_of(plan: Plan, task: str) -> Route | None:
    return next((route for route in plan.routes if any(stop.task == task for stop in route.stops)), None)


def _x(minute: float, opens: int) -> float:
    return LEFT + (minute - opens) / 60 * HOUR_WIDTH


def _hour(minute: int, opens: int, rows: int) -> str:
    x = _x(minute, opens)
    line = f'<line class="hour" x1="{x:.0f}" x2="{x:.0f}" y1="22" y2="{30 + ROW_HEIGHT * rows:.0f}"/>'
    return f'{line}<text class="small" x="{x:.0f}" y="16" text-anchor="middle">{minute // 60}:00</text>'


def _bar(kind: str, start: float, end: float, opens: int, top: float, title: str) -> str:
    x, width = _x(start, opens), max(2.0, (end - start) / 60 * HOUR_WIDTH)
    shape = f'<rect class="{kind}" x="{x:.1f}" y="{top:.0f}" width="{width:.1f}" height="26" rx="3">'
    return f"{shape}<title>{escape(title)}</title></rect>"


def _row(day: RuralDay, route: Route, row: int, hours: tuple[int, int], both: set[str]) -> list[str]:
    """Drives, visits with their windows, and rests of one carer."""
    opens, closes = hours
    tasks = {task.id: task for task in day.problem.tasks}
    carer = next(carer for carer in day.problem.carers if carer.id == route.carer)
    matrix, number = day.problem.matrices[carer.mode], {n: i for i, n in enumerate(day.problem.places)}
    top, here, free = 34 + ROW_HEIGHT * row, carer.start_place, route.leave_minutes
    parts = [f'<text x="10" y="{top + 18:.0f}">{escape(carer.id)}</text>']
    for index, stop in enumerate(route.stops):
        task = tasks[stop.task]
        drive = int(matrix[number[here], number[task.place]])
        parts.append(_bar("drive", free, free + drive, opens, top, f"{drive} minutes of driving"))
        kind = "both" if stop.task in both else "visit"
        parts.append(_bar(kind, stop.start_minutes, stop.end_minutes, opens, top, stop.task))
        window = task.windows[0]
        if window.closes_minutes < 24 * 60:
            left, right = _x(max(window.opens_minutes, opens), opens), _x(min(window.closes_minutes, closes), opens)
            y = top + 31 + 4 * (index % 3)
            parts.append(f'<line class="window" x1="{left:.0f}" x2="{right:.0f}" y1="{y:.0f}" y2="{y:.0f}"/>')
        here, free = task.place, stop.end_minutes
    parts.append(_bar("drive", free, route.finish_minutes, opens, top, "on the way home"))
    parts += [_bar("pause", p.start_minutes, p.end_minutes, opens, top, "rest") for p in route.pauses]
    return parts


if __name__ == "__main__":
    main()
