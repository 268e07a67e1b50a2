"""Outlines of places that have none: the land nearest to each place's point, cut off at a frame. Pure.

No outlines of villages may be shipped with the product, so these are drawn from the points alone (Voronoi cells) and
every page that shows them says that they are approximate.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import cos, radians

import numpy as np
import numpy.typing as npt
from scipy.spatial import Voronoi

from timebank.areas.models import Area

Point = tuple[float, float]  # latitude, longitude
_MARGIN = 0.12  # of the span, around the outermost points
_LEAST_MARGIN = 0.01  # degrees, about a kilometre
WIDTH = 640
NAME_WIDTH, NAME_HEIGHT = 84, 44  # of a name with its rate below, as drawn
_LINE = 20
_ROUNDS = 60


def outlines(points: Sequence[Point]) -> list[list[Point]]:
    """For each point the corners of the land that is nearer to it than to any other point, within the frame.

    Two places at one point have one outline between them; the second gets none.
    """
    if not points:
        return []
    spots, stretch = _flat(points)
    low, high = _frame(spots)
    sides = [_mirrored(spots, axis, edge) for axis in (0, 1) for edge in (low[axis], high[axis])]
    found = Voronoi(np.vstack([spots, *sides]))
    cells = []
    for number in range(len(spots)):
        corners = found.regions[found.point_region[number]]
        is_whole = corners and -1 not in corners
        cells.append([_round(found.vertices[corner], stretch) for corner in corners] if is_whole else [])
    return cells


def _flat(points: Sequence[Point]) -> tuple[npt.NDArray[np.float64], float]:
    """Points in degrees of latitude both ways, so that near is near; the factor of longitude."""
    stretch = cos(radians(sum(lat for lat, _ in points) / len(points)))
    return np.array([[lat, lon * stretch] for lat, lon in points]), stretch


def _frame(spots: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    low, high = spots.min(axis=0), spots.max(axis=0)
    margin = np.maximum((high - low) * _MARGIN, _LEAST_MARGIN)
    return low - margin, high + margin


def _mirrored(spots: npt.NDArray[np.float64], axis: int, edge: float) -> npt.NDArray[np.float64]:
    """The points behind an edge of the frame: the edge then is the border between each point and its image."""
    image = spots.copy()
    image[:, axis] = 2 * edge - image[:, axis]
    return image


def _round(corner: npt.NDArray[np.float64], stretch: float) -> Point:
    return round(float(corner[0]), 5), round(float(corner[1]) / stretch, 5)


@dataclass(frozen=True)
class Cell:
    """One place of a drawing: its corners as an SVG path, where its name stands, and what is written there."""

    area: Area
    percent: int | None
    path: str
    x: float
    y: float


@dataclass(frozen=True)
class Drawing:
    """A map of places by a percentage."""

    width: int
    height: int
    cells: tuple[Cell, ...]


def coverage(rows: Sequence[tuple[Area, int | None]]) -> Drawing:
    """The places with their percentage on a map, north above."""
    placed = [(area, percent, (area.lat, area.lon)) for area, percent in rows]
    cells = outlines([point for _, _, point in placed])
    corners = [corner for cell in cells for corner in cell]
    if not corners:
        return Drawing(WIDTH, 0, ())
    spots, stretch = _flat(corners)
    low, high = spots.min(axis=0), spots.max(axis=0)
    scale = WIDTH / max(high[1] - low[1], 1e-6)

    def at(point: Point) -> tuple[float, float]:
        return round((point[1] * stretch - low[1]) * scale, 1), round((high[0] - point[0]) * scale, 1)

    height = (high[0] - low[0]) * scale
    shown = [
        (area, percent, [at(corner) for corner in cell])
        for (area, percent, _), cell in zip(placed, cells, strict=True)
        if cell
    ]
    names = _apart([_middle(cell) for _, _, cell in shown], height)
    drawn = [
        Cell(area, percent, "M" + " L".join(f"{x},{y}" for x, y in cell) + " Z", *name)
        for (area, percent, cell), name in zip(shown, names, strict=True)
    ]
    return Drawing(WIDTH, round(height), tuple(drawn))


def _middle(corners: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """The centre of gravity of an outline: where a name has most room around it."""
    x, y = np.array(corners).T
    cross = x * np.roll(y, -1) - np.roll(x, -1) * y
    middle = [((one + np.roll(one, -1)) * cross).sum() / (3 * cross.sum()) for one in (x, y)]
    return float(middle[0]), float(middle[1])


def _apart(spots: Sequence[tuple[float, float]], height: float) -> list[tuple[float, float]]:
    """The same spots, moved up or down until no name of two lines lies on another, within the drawing."""
    moved = np.array(spots)
    for _ in range(_ROUNDS):
        for one, two in combinations(range(len(moved)), 2):
            across, down = np.abs(moved[one] - moved[two])
            if across < NAME_WIDTH and down < NAME_HEIGHT:
                upper, lower = sorted((one, two), key=lambda number: moved[number][1])
                moved[upper][1] -= (NAME_HEIGHT - down) / 2
                moved[lower][1] += (NAME_HEIGHT - down) / 2
        moved[:, 1] = moved[:, 1].clip(_LINE, max(height - NAME_HEIGHT + _LINE, _LINE))
    return [(round(float(x), 1), round(float(y), 1)) for x, y in moved]
