"""The way to a door in the map apps that people have. Pure.

Maps published in China shift WGS-84 positions: AMap (高德) uses GCJ-02, Baidu (百度) shifts once more, to BD-09. A link
with the wrong system ends some 500 m away, across the gorge. The series below is the public approximation of the
shift on the Krasovsky ellipsoid; it is good to a few metres.
"""

from math import atan2, cos, pi, radians, sin, sqrt
from urllib.parse import urlencode

_AXIS_M = 6_378_245.0  # Krasovsky 1940
_ECCENTRICITY_2 = 0.006_693_421_622_965_943
_BAIDU = pi * 3_000 / 180


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
