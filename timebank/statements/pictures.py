"""Small pictures as plain numbers: the templates draw them as SVG with a title and a description."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Bar:
    """One month of the picture: where its two bars begin and how tall they are, in units of the picture."""

    month: str
    x: int
    up: int
    down: int


@dataclass(frozen=True)
class YearBars:
    """Twelve months: minutes that came in stand above the line, those that went out hang below it."""

    bars: tuple[Bar, ...]
    width: int
    height: int
    line: int  # y of the base line
    most: int  # minutes of the tallest bar


_STEP, _ROOM = 28, 44


def year_bars(months: Sequence[tuple[str, int, int]]) -> YearBars:
    """Bars for months given as (month, came in, went out); the tallest bar fills its half."""
    most = max((max(came, went) for _, came, went in months), default=0)

    def tall(minutes: int) -> int:
        return 0 if minutes == 0 else max(2, minutes * _ROOM // most)

    bars = tuple(
        Bar(month, index * _STEP + 4, tall(came), tall(went)) for index, (month, came, went) in enumerate(months)
    )
    return YearBars(bars, max(1, len(bars)) * _STEP, 2 * _ROOM + 24, _ROOM + 4, most)


@dataclass(frozen=True)
class Column:
    """One year of the projection: its parts from the base line upwards as (band, y, height)."""

    label: str
    x: int
    parts: tuple[tuple[str, int, int], ...]


@dataclass(frozen=True)
class YearColumns:
    """Minutes asked for in each coming year, stacked by age band, and a line where the yearly supply ends."""

    columns: tuple[Column, ...]
    width: int
    height: int
    supply_y: int


_WIDE, _TALL = 40, 120


def year_columns(years: Sequence[tuple[str, Mapping[str, int]]], supply: int) -> YearColumns:
    """Columns for years given as (label, minutes by band)."""
    most = max([supply, 1, *(sum(by_band.values()) for _, by_band in years)])
    columns = []
    for index, (label, by_band) in enumerate(years):
        top, parts = _TALL + 8, []
        for band, minutes in by_band.items():
            tall = minutes * _TALL // most
            top -= tall
            if tall:
                parts.append((band, top, tall))
        columns.append(Column(label, index * _WIDE + 6, tuple(parts)))
    return YearColumns(tuple(columns), max(1, len(columns)) * _WIDE, _TALL + 28, _TALL + 8 - supply * _TALL // most)
