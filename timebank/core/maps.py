"""Positions as the map apps that people have count them, the way to a door there, and how far it is. Pure.

Maps published in China shift WGS-84 positions: AMap (高德) uses GCJ-02, Baidu (百度) shifts once more, to BD-09. A link
with the wrong system ends some 500 m away, across the gorge. The series below is the public approximation of the
shift on the Krasovsky ellipsoid; it is good to a few metres.
"""

from collections.abc import Callable
from math import asin, atan2, cos, pi, radians, sin, sqrt
from urllib.parse import urlencode

_AXIS_M = 6_378_245.0  # Krasovsky 1940
_ECCENTRICITY_2 = 0.006_693_421_622_965_943
_BAIDU = pi * 3_000 / 180
_EARTH_RADIUS_M = 6_371_000.0
_BACK_STEPS = 4  # each step back leaves about a thousandth of the error: after four it is far below a metre


def distance_m(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """Great-circle distance in metres."""
    a, b = radians(lat1), radians(lat2)
    half = sin((b - a) / 2) ** 2 + cos(a) * cos(b) * sin(radians(lon2 - lon1) / 2) ** 2
    return 2 * _EARTH_RADIUS_M * asin(sqrt(half))


def gcj02(lat: float, lon: float) -> tuple[float, float]:
    """A WGS-84 position in China as AMap counts it."""
    east, north = lon - 105.0, lat - 35.0
    d_lat, d_lon = _shift_north(east, north), _shift_east(east, north)
    root = sqrt(1 - _ECCENTRICITY_2 * sin(radians(lat)) ** 2)
    metres_north = _AXIS_M * (1 - _ECCENTRICITY_2) / root**3
    metres_east = _AXIS_M / root * cos(radians(lat))
    return lat + d_lat * 180 / (metres_north * pi), lon + d_lon * 180 / (metres_east * pi)


def _shift_north(x: float, y: float) -> float:
    metres = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x))
    metres += (20 * sin(6 * x * pi) + 20 * sin(2 * x * pi)) * 2 / 3
    metres += (20 * sin(y * pi) + 40 * sin(y / 3 * pi)) * 2 / 3
    return metres + (160 * sin(y / 12 * pi) + 320 * sin(y * pi / 30)) * 2 / 3


def _shift_east(x: float, y: float) -> float:
    metres = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x))
    metres += (20 * sin(6 * x * pi) + 20 * sin(2 * x * pi)) * 2 / 3
    metres += (20 * sin(x * pi) + 40 * sin(x / 3 * pi)) * 2 / 3
    return metres + (150 * sin(x / 12 * pi) + 300 * sin(x / 30 * pi)) * 2 / 3


def bd09(lat: float, lon: float) -> tuple[float, float]:
    """A WGS-84 position in China as Baidu counts it."""
    y, x = gcj02(lat, lon)
    radius = sqrt(x * x + y * y) + 0.000_02 * sin(y * _BAIDU)
    angle = atan2(y, x) + 0.000_003 * cos(x * _BAIDU)
    return radius * sin(angle) + 0.006, radius * cos(angle) + 0.0065


def unshifted(shift: Callable[[float, float], tuple[float, float]], lat: float, lon: float) -> tuple[float, float]:
    """The WGS-84 position that a map with this `shift` (`gcj02` or `bd09`) shows at a place."""
    found = (lat, lon)
    for _ in range(_BACK_STEPS):
        shown = shift(*found)
        found = (found[0] + lat - shown[0], found[1] + lon - shown[1])
    return found


def amap_link(lat: float, lon: float, words: str) -> str:
    """A link that opens the way in AMap; `words` is what the goal is called there: a landmark, never a name."""
    to_lat, to_lon = gcj02(lat, lon)
    asked = {"to": f"{to_lon:.6f},{to_lat:.6f},{words}", "mode": "ride", "coordinate": "gaode", "callnative": "1"}
    return f"https://uri.amap.com/navigation?{urlencode(asked)}"


def baidu_link(lat: float, lon: float, words: str) -> str:
    """A link that opens the way in Baidu Maps."""
    to_lat, to_lon = bd09(lat, lon)
    goal = f"latlng:{to_lat:.6f},{to_lon:.6f}|name:{words}"
    asked = {"destination": goal, "coord_type": "bd09ll", "mode": "riding", "output": "html", "src": "timebank"}
    return f"https://api.map.baidu.com/direction?{urlencode(asked)}"
