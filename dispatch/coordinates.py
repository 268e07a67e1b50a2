"""GCJ-02 and WGS-84: maps sold in China show places some hundred metres off; this is the border where it is undone.

Inside the planner and the application every place is WGS-84, as satellites and OpenStreetMap have it. Coordinates that
were picked on a Chinese map are converted once on the way in, and once on the way out where such a map is to show them.
The shift is the published polynomial on the ellipsoid of Krasovsky (1940); outside China there is none.
"""

from __future__ import annotations

from math import cos, pi, radians, sin, sqrt

LatLon = tuple[float, float]
"""Latitude and longitude in degrees."""

_AXIS_METRES = 6_378_245.0
_ECCENTRICITY_SQUARED = 0.00669342162296594323
_CHINA = (0.8293, 55.8271, 72.004, 137.8347)  # south, north, west, east


def gcj02_from_wgs84(point: LatLon) -> LatLon:
    """Where a Chinese map shows a place."""
    latitude, longitude = point
    if not _in_china(point):
        return point
    east, north = _shift_metres(longitude - 105.0, latitude - 35.0)
    squeeze = 1 - _ECCENTRICITY_SQUARED * sin(radians(latitude)) ** 2
    meridian = _AXIS_METRES * (1 - _ECCENTRICITY_SQUARED) / (squeeze * sqrt(squeeze))
    parallel = _AXIS_METRES / sqrt(squeeze) * cos(radians(latitude))
    return latitude + north * 180 / (meridian * pi), longitude + east * 180 / (parallel * pi)


def wgs84_from_gcj02(point: LatLon) -> LatLon:
    """The place that a Chinese map shows there, to a few millimetres; the shift has no closed inverse: iterated."""
    latitude, longitude = point
    for _ in range(5):
        shown = gcj02_from_wgs84((latitude, longitude))
        latitude, longitude = latitude + point[0] - shown[0], longitude + point[1] - shown[1]
    return latitude, longitude


def _in_china(point: LatLon) -> bool:
    south, north, west, east = _CHINA
    return south <= point[0] <= north and west <= point[1] <= east


def _shift_metres(x: float, y: float) -> tuple[float, float]:
    """Shift to the east and to the north at x degrees east of 105° and y degrees north of 35°."""
    ripple = (20 * sin(6 * pi * x) + 20 * sin(2 * pi * x)) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x)) + ripple
    east += (20 * sin(pi * x) + 40 * sin(pi * x / 3) + 150 * sin(pi * x / 12) + 300 * sin(pi * x / 30)) * 2 / 3
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x)) + ripple
    north += (20 * sin(pi * y) + 40 * sin(pi * y / 3) + 160 * sin(pi * y / 12) + 320 * sin(pi * y / 30)) * 2 / 3
    return east, north
