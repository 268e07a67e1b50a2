"""The course of an elder's assessments as plain numbers; the template draws them as SVG. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

WIDE, TALL, LEFT, TOP = 260, 160, 40, 16


@dataclass(frozen=True)
class Dot:
    """One assessment: where it lies in the picture, its level and its day."""

    x: int
    y: int
    level: int
    on: date


@dataclass(frozen=True)
class Course:
    """Levels over time, level 0 at the top: dots, the line through them, and where each level lies."""

    dots: tuple[Dot, ...]
    line: str
    levels: tuple[tuple[int, int], ...]  # (level, y)
    width: int = LEFT + WIDE + 24
    height: int = TOP + TALL + 32


def course(levels: Sequence[tuple[date, int]], *, highest: int) -> Course:
    """The picture of (day, level) pairs in the order of days; a single one stands in the middle."""
    rows = tuple((level, TOP + level * TALL // max(1, highest)) for level in range(highest + 1))
    if not levels:
        return Course((), "", rows)
    first, last = levels[0][0], levels[-1][0]
    days = max(1, (last - first).days)

    def x(on: date) -> int:
        return LEFT + (WIDE // 2 if first == last else (on - first).days * WIDE // days)

    heights = dict(rows)
    dots = tuple(Dot(x(on), heights[level], level, on) for on, level in levels)
    return Course(dots, " ".join(f"{dot.x},{dot.y}" for dot in dots), rows)
