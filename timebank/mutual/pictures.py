"""Where a map of places puts its marks. Pure: positions only, the template draws."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, radians

from timebank.mutual.rules import Coverage

WIDTH, MARGIN, LINE = 760, 60, 34
_LABEL_WIDTH = 112


@dataclass(frozen=True)
class Mark:
    """One place on the map: its row, the point, and the point at which its words begin."""

    row: Coverage
    x: int
    y: int
    words_y: int


@dataclass(frozen=True)
class Picture:
    """A map of places: its height in the units of WIDTH, and the marks from north to south."""

    height: int
    marks: list[Mark]


def picture_of(rows: Sequence[Coverage]) -> Picture:
    """The places of a map in true proportion, their words moved apart where they would lie on each other."""
    if not rows:
        return Picture(2 * MARGIN, [])
    south, north = min(row.lat for row in rows), max(row.lat for row in rows)
    west, east = min(row.lon for row in rows), max(row.lon for row in rows)
    shrink = cos(radians((south + north) / 2))
    wide, high = max((east - west) * shrink, 1e-4), max(north - south, 1e-4)
    scale = min((WIDTH - 2 * MARGIN - _LABEL_WIDTH / 2) / wide, 620 / high)
    marks: list[Mark] = []
    for row in sorted(rows, key=lambda row: (-row.lat, row.area_code)):
        x = round(MARGIN + (row.lon - west) * shrink * scale)
        y = round(MARGIN + (north - row.lat) * scale)
        marks.append(Mark(row, x, y, _free_line(marks, x, y + 24)))
    return Picture(max(mark.words_y for mark in marks) + MARGIN, marks)


def _free_line(marks: Sequence[Mark], x: int, y: int) -> int:
    """The first height from y on at which words at x lie on no others."""
    near = sorted(mark.words_y for mark in marks if abs(mark.x - x) < _LABEL_WIDTH)
    for taken in near:
        if abs(taken - y) < LINE:
            y = taken + LINE
    return y
