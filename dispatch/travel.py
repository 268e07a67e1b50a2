"""Minutes between the places of a day: where they come from, what check-ins taught, which roads are closed.

A `Provider` turns points into minutes: `GreatCircle` from distances alone, `dispatch.roads.Roads` from a local
OpenStreetMap extract, `HttpMatrix` from a routing server. `matrices` then applies what was learnt and what is closed
that day, and rounds up to the whole minutes of a problem. Points are WGS-84 (see `dispatch.coordinates`).
"""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from statistics import median
from types import MappingProxyType
from typing import Any, Literal, Protocol, TypeVar

import numpy as np
import numpy.typing as npt
from scipy.sparse.csgraph import shortest_path

from dispatch.coordinates import LatLon
from dispatch.model import UNREACHABLE

Minutes = npt.NDArray[np.float64]
"""Shape (points, points): minutes from row to column, infinite where no road leads."""

Factors = Mapping[tuple[str, str], float]
"""What a drive from one place to another takes of what the provider says: learnt from check-ins."""

EARTH_RADIUS_KILOMETRES = 6371.0088
_T = TypeVar("_T")


class TravelError(ValueError):
    """Travel times that cannot be had: why, and what to do about it."""


class Provider(Protocol):
    """Where travel times come from. ``knows_roads``: its minutes follow roads, so a way round can be found in them."""

    @property
    def knows_roads(self) -> bool:
        """Whether the minutes follow real roads."""

    def minutes(self, points: Sequence[LatLon], mode: str) -> Minutes:
        """Minutes between all points by one mode, shape (points, points)."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How a mode gets along without any map: metres of road for each metre of the great circle, and speed on it."""

    road_factor: float
    kilometres_per_hour: float


ASSUMED_PACES: Mapping[str, Pace] = MappingProxyType(
    {"walk": Pace(1.3, 4.2), "moto": Pace(1.5, 25.2), "car": Pace(1.6, 28.8)}
)
"""Assumed for hill country, until check-ins or a map say better."""


@dataclass(frozen=True)
class GreatCircle:
    """Great circle × road factor ÷ speed: needs no data, and knows no gorge."""

    paces: Mapping[str, Pace] = field(default_factory=lambda: ASSUMED_PACES)
    knows_roads: bool = field(default=False, init=False)

    def minutes(self, points: Sequence[LatLon], mode: str) -> Minutes:
        """Minutes between all points; `TravelError` for a mode without a pace."""
        pace = of_mode(self.paces, mode)
        return kilometres(points) * (pace.road_factor / pace.kilometres_per_hour * 60)


def kilometres(points: Sequence[LatLon]) -> npt.NDArray[np.float64]:
    """Great-circle kilometres between all points (haversine), shape (points, points)."""
    latitude, longitude = np.radians(np.asarray(points, dtype=np.float64).reshape(-1, 2)).T
    half = np.sin((latitude[:, None] - latitude) / 2) ** 2
    half += np.cos(latitude)[:, None] * np.cos(latitude) * np.sin((longitude[:, None] - longitude) / 2) ** 2
    return np.asarray(2 * EARTH_RADIUS_KILOMETRES * np.arcsin(np.sqrt(half)))


def of_mode(table: Mapping[str, _T], mode: str) -> _T:
    """The entry of a mode; `TravelError` names those that exist."""
    if mode not in table:
        raise TravelError(f"mode: {mode!r} is not known. Give one of {', '.join(sorted(table))}.")
    return table[mode]


# A routing server.


@dataclass(frozen=True)
class HttpMatrix:
    """A Valhalla or OSRM server (or what speaks like one), asked in blocks it accepts.

    Parameters
    ----------
    address
        As in ``http://127.0.0.1:8002``.
    dialect
        ``valhalla`` (``/sources_to_targets``) or ``osrm`` (``/table/v1``).
    profiles
        The server's word for each of our modes.
    block
        Points a side of one request; servers refuse more than they are set to.
    read
        Sends a request and returns the body; replaced where all network goes through one place.
    """

    address: str
    dialect: Literal["valhalla", "osrm"] = "valhalla"
    profiles: Mapping[str, str] = field(
        default_factory=lambda: {"walk": "pedestrian", "moto": "motor_scooter", "car": "auto"}
    )
    block: int = 50
    read: Callable[[urllib.request.Request], bytes] = field(default_factory=lambda: _read)
    knows_roads: bool = field(default=True, init=False)

    def __post_init__(self) -> None:
        """Refuse an address that no request can go to."""
        if not self.address.startswith(("http://", "https://")):
            raise TravelError(f"address: {self.address!r} does not begin with http:// or https://. Give the server's.")

    def minutes(self, points: Sequence[LatLon], mode: str) -> Minutes:
        """Minutes between all points; `TravelError` where the server does not answer or not with a matrix."""
        profile = of_mode(self.profiles, mode)
        ask = self._valhalla if self.dialect == "valhalla" else self._osrm
        answer = np.zeros((len(points), len(points)))
        starts = range(0, len(points), self.block)
        for row in starts:
            for column in starts:
                origins, targets = points[row : row + self.block], points[column : column + self.block]
                block = _as_minutes(self._send(ask(origins, targets, profile)), (len(origins), len(targets)), self)
                answer[row : row + len(origins), column : column + len(targets)] = block
        np.fill_diagonal(answer, 0.0)
        return answer

    def _valhalla(self, origins: Sequence[LatLon], targets: Sequence[LatLon], profile: str) -> urllib.request.Request:
        body = {
            "sources": [{"lat": latitude, "lon": longitude} for latitude, longitude in origins],
            "targets": [{"lat": latitude, "lon": longitude} for latitude, longitude in targets],
            "costing": profile,
        }
        return urllib.request.Request(
            f"{self.address.rstrip('/')}/sources_to_targets",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )

    def _osrm(self, origins: Sequence[LatLon], targets: Sequence[LatLon], profile: str) -> urllib.request.Request:
        where = ";".join(f"{longitude:.6f},{latitude:.6f}" for latitude, longitude in (*origins, *targets))
        sources = ";".join(str(number) for number in range(len(origins)))
        destinations = ";".join(str(len(origins) + number) for number in range(len(targets)))
        query = f"annotations=duration&sources={sources}&destinations={destinations}"
        return urllib.request.Request(f"{self.address.rstrip('/')}/table/v1/{profile}/{where}?{query}")

    def _send(self, request: urllib.request.Request) -> Any:
        try:
            return json.loads(self.read(request))
        except urllib.error.HTTPError as error:
            raise TravelError(
                f"The routing server {self.address} answers {error.code}. "
                "Look into its log; where it says that the matrix is too large, raise its limit or lower the block."
            ) from None
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise TravelError(
                f"The routing server {self.address} gives no answer ({error}). Start it, or choose great-circle times."
            ) from None


def _read(request: urllib.request.Request) -> bytes:
    with urllib.request.urlopen(request, timeout=60) as answer:
        return bytes(answer.read())


def _as_minutes(document: Any, shape: tuple[int, int], server: HttpMatrix) -> Minutes:
    """Seconds of either dialect as minutes; ``null`` is no road."""
    try:
        if server.dialect == "valhalla":
            rows = [[cell["time"] for cell in row] for row in document["sources_to_targets"]]
        else:
            rows = document["durations"]
        seconds = np.array([[np.inf if cell is None else float(cell) for cell in row] for row in rows])
    except (KeyError, TypeError, ValueError):
        seconds = np.zeros((0, 0))
    if seconds.shape != shape or not (seconds >= 0).all():
        raise TravelError(f"The answer of {server.address} is no {server.dialect} matrix. Set the dialect it speaks.")
    return seconds / 60


# What check-ins taught.


@dataclass(frozen=True, slots=True)
class Drive:
    """One drive as check-ins saw it: from the end of a visit to the arrival at the next, in minutes, and as estimated.

    ``origin`` and ``target`` name areas (village to village), so that one carer's drive teaches for all neighbours.
    """

    origin: str
    target: str
    estimated_minutes: float
    taken_minutes: float


def learn(
    drives: Iterable[Drive], *, doubt: int = 5, least: float = 0.5, most: float = 3.0
) -> dict[tuple[str, str], float]:
    """How long drives take compared with their estimate, by edge.

    The median of what was seen, each drive taken to be between ``least`` and ``most`` times its estimate, drawn towards
    1 as if ``doubt`` drives had taken just as long as estimated: a lunch on the way or one fast rider changes little.
    """
    seen: dict[tuple[str, str], list[float]] = {}
    for drive in drives:
        if drive.estimated_minutes > 0 and drive.taken_minutes > 0:
            ratio = min(most, max(least, drive.taken_minutes / drive.estimated_minutes))
            seen.setdefault((drive.origin, drive.target), []).append(ratio)
    return {edge: (len(ratios) * median(ratios) + doubt) / (len(ratios) + doubt) for edge, ratios in seen.items()}


def corrected(minutes: Minutes, areas: Sequence[str], factors: Factors) -> Minutes:
    """The minutes with learnt factors; ``areas[i]`` is the area of point i. An edge without a factor stays."""
    changed = minutes.copy()
    labels = np.asarray(areas, dtype=object)
    for (origin, target), factor in factors.items():
        pairs = np.ix_(labels == origin, labels == target)
        changed[pairs] = minutes[pairs] * factor
    return changed


# Closed and slow roads.


@dataclass(frozen=True, slots=True)
class Closure:
    """The road between two groups of places, both ways, from ``starts_on`` to ``ends_on``, both days included.

    ``extra_minutes`` ``None`` is closed; a number is slow by that much.
    """

    one_side: frozenset[str]
    other_side: frozenset[str]
    starts_on: date
    ends_on: date
    extra_minutes: int | None = None


DETOUR_TOLERANCE = 1.05
"""A drive uses a road where going by it is at most this much longer than the drive itself."""


def with_closures(
    minutes: Minutes, places: Sequence[str], closures: Collection[Closure], day: date, *, knows_roads: bool
) -> Minutes:
    """The minutes on a day with closed and slow roads.

    A drive is concerned where it runs between the two sides, or leads from or to somewhere else and goes by them;
    drives within one side stay, for a village is not shut to itself. Where minutes follow roads (``knows_roads``) a
    closed road is driven round by way of other places, if that is possible; straight distances know no way round, so
    there it becomes infinite.
    """
    for closure in closures:
        if not closure.starts_on <= day <= closure.ends_on:
            continue
        uses = _uses(minutes, places, closure)
        if closure.extra_minutes is not None:
            minutes = np.where(uses, minutes + closure.extra_minutes, minutes)
            continue
        minutes = np.where(uses, np.inf, minutes)
        if knows_roads:
            edges = np.where(np.isinf(minutes), 0.0, np.maximum(minutes, 1e-6))  # SciPy takes 0 for no edge
            minutes = np.asarray(shortest_path(edges, method="D"))
    return minutes


def _uses(minutes: Minutes, places: Sequence[str], closure: Closure) -> npt.NDArray[np.bool_]:
    """Which drives run over the road between the two sides, in either direction; shape (places, places)."""
    one = np.array([place in closure.one_side for place in places], dtype=np.bool_)
    other = np.array([place in closure.other_side for place in places], dtype=np.bool_)
    uses = (one[:, None] & other) | (other[:, None] & one)
    everywhere, elsewhere = np.arange(len(places)), np.flatnonzero(~(one | other))
    if one.any() and other.any():
        for near, far in ((one, other), (other, one)):
            for starts, ends in ((elsewhere, everywhere), (everywhere, elsewhere)):
                by_way = _by_way(minutes, (starts, np.flatnonzero(near), np.flatnonzero(far), ends))
                drives = np.ix_(starts, ends)
                uses[drives] |= by_way <= minutes[drives] * DETOUR_TOLERANCE
    np.fill_diagonal(uses, False)
    return uses


def _by_way(minutes: Minutes, groups: Sequence[npt.NDArray[np.intp]]) -> Minutes:
    """Shortest minutes from each place of the first group to each of the last by a place of every group between.

    A step costs the product of three groups, so the smaller end is begun from.
    """
    if len(groups[0]) > len(groups[-1]):
        return _by_way(minutes.T, groups[::-1]).T
    best = minutes[np.ix_(groups[0], groups[1])]
    for near, far in pairwise(groups[1:]):
        best = np.min(best[:, :, None] + minutes[np.ix_(near, far)], axis=1)
    return best


def matrices(
    provider: Provider,
    points: Mapping[str, LatLon],
    modes: Iterable[str],
    *,
    areas: Mapping[str, str] | None = None,
    factors: Factors | None = None,
    closures: Collection[Closure] = (),
    day: date | None = None,
) -> dict[str, npt.NDArray[np.int32]]:
    """``Problem.matrices`` for named points: learnt factors, the day's closures, rounded up to whole minutes.

    Parameters
    ----------
    points
        WGS-84 point of each place; the matrices follow its order.
    areas
        Area of each place that ``factors`` speaks of; a place is its own where none is given.
    day
        Which day's closures count; without a day none does.

    Raises
    ------
    TravelError
        Where the provider cannot answer.
    """
    places = list(points)
    labels = [(areas or {}).get(place, place) for place in places]
    result = {}
    for mode in modes:
        minutes = corrected(provider.minutes(list(points.values()), mode), labels, factors or {})
        if day is not None:
            minutes = with_closures(minutes, places, closures, day, knows_roads=provider.knows_roads)
        result[mode] = whole_minutes(minutes)
    return result


def whole_minutes(minutes: Minutes) -> npt.NDArray[np.int32]:
    """Rounded up, so that no plan promises what cannot be driven; `UNREACHABLE` where no road leads."""
    reachable = np.minimum(np.ceil(np.where(np.isinf(minutes), 0, minutes) - 1e-6), UNREACHABLE)
    return np.where(np.isinf(minutes), UNREACHABLE, np.maximum(reachable, 0)).astype(np.int32)
