"""Travel times on the roads of a local OpenStreetMap extract: read once, kept per township, then shortest paths.

A road graph is kept beside the data, so that an extract is read once. A 300 × 300 matrix takes a fraction of a second
(SciPy's Dijkstra).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import pi
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import osmium
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.spatial import cKDTree

from dispatch.coordinates import LatLon
from dispatch.travel import EARTH_RADIUS_KILOMETRES, Minutes, TravelError, of_mode

KINDS = (
    "motorway", "trunk", "primary", "secondary", "tertiary", "unclassified", "residential", "service", "track", "path",
    "footway", "steps",
)  # fmt: skip
"""Kinds of way (``highway=…``) that are read; ``…_link`` counts as its road."""

ASSUMED_SPEEDS: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        "car": {"motorway": 80, "trunk": 50, "primary": 45, "secondary": 40, "tertiary": 32, "unclassified": 24,
                "residential": 20, "service": 15, "track": 12},
        "moto": {"trunk": 40, "primary": 38, "secondary": 35, "tertiary": 30, "unclassified": 25, "residential": 20,
                 "service": 15, "track": 16, "path": 8},
        "walk": {"primary": 4.5, "secondary": 4.5, "tertiary": 4.5, "unclassified": 4.5, "residential": 4.5,
                 "service": 4.5, "track": 4.0, "path": 3.5, "footway": 4.5, "steps": 2.0},
    }
)  # fmt: skip
"""Kilometres an hour by mode and kind of way; a kind that is not named is not used. Assumed for hill country."""

LAST_METRES_SPEED = 4.0
"""Kilometres an hour from the road to the door."""

Bounds = tuple[float, float, float, float]
"""South, west, north, east."""


@dataclass(frozen=True, eq=False)
class Roads:
    """A road graph and how fast each mode is on it.

    Parameters
    ----------
    latitudes, longitudes
        Of the junctions, shape (junctions,).
    begins, ends, metres, kinds, one_way
        Of the stretches between them, shape (stretches,): junction numbers, length, number in ``KINDS``, and whether
        vehicles may only go from begin to end.
    """

    latitudes: npt.NDArray[np.float64]
    longitudes: npt.NDArray[np.float64]
    begins: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]
    metres: npt.NDArray[np.float64]
    kinds: npt.NDArray[np.int64]
    one_way: npt.NDArray[np.bool_]
    speeds: Mapping[str, Mapping[str, float]] = field(default_factory=lambda: ASSUMED_SPEEDS)
    knows_roads: bool = field(default=True, init=False)

    def minutes(self, points: Sequence[LatLon], mode: str, cuts: Sequence[tuple[LatLon, LatLon]] = ()) -> Minutes:
        """Minutes between all points, from door to road, along it and to the door.

        Parameters
        ----------
        cuts
            Pairs of points between which the road is interrupted, at the middle of the fastest way; drives then go
            round where a road leads round.
        """
        graph = self._graph(mode)
        for one, other in cuts:
            _cut(graph, *self._snap([one, other], graph)[0])
        junctions, walk = self._snap(points, graph)
        unique, inverse = np.unique(junctions, return_inverse=True)
        between = dijkstra(graph, indices=unique)[:, unique]
        minutes = between[np.ix_(inverse, inverse)] + walk[:, None] + walk[None, :]
        np.fill_diagonal(minutes, 0.0)
        return np.asarray(minutes)

    def _graph(self, mode: str) -> Any:
        """Sparse minutes between neighbouring junctions, shape (junctions, junctions)."""
        table = of_mode(self.speeds, mode)
        speed = np.array([table.get(kind, 0.0) for kind in KINDS])[self.kinds]
        usable = speed > 0
        begins, ends = self.begins[usable], self.ends[usable]
        minutes = np.maximum(self.metres[usable] / speed[usable] * 0.06, 1e-6)
        back = np.ones(len(begins), dtype=np.bool_) if mode == "walk" else ~self.one_way[usable]
        rows, columns = np.concatenate([begins, ends[back]]), np.concatenate([ends, begins[back]])
        values = np.concatenate([minutes, minutes[back]])
        order = np.lexsort((values, columns, rows))  # of parallel stretches only the fastest counts
        rows, columns, values = rows[order], columns[order], values[order]
        first = np.ones(len(rows), dtype=np.bool_)
        first[1:] = (rows[1:] != rows[:-1]) | (columns[1:] != columns[:-1])
        size = len(self.latitudes)
        return csr_matrix((values[first], (rows[first], columns[first])), shape=(size, size))

    def _snap(self, points: Sequence[LatLon], graph: Any) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float64]]:
        """The nearest junction of the network that the mode can use, and the minutes on foot to it, each (points,).

        Of several networks the largest: a scrap of track that only a footpath joins to it leads nowhere.
        """
        if not graph.nnz:
            raise TravelError("The extract has no road for this mode. Give an extract that covers the township.")
        networks = connected_components(graph, connection="strong")[1]
        used = np.flatnonzero(networks == np.bincount(networks).argmax())
        flat = _flat(self.latitudes[used], self.longitudes[used], self.latitudes.mean())
        asked = np.asarray(points, dtype=np.float64).reshape(-1, 2)
        metres, nearest = cKDTree(flat).query(_flat(asked[:, 0], asked[:, 1], self.latitudes.mean()))
        return used[nearest], np.asarray(metres / LAST_METRES_SPEED * 0.06)


def _flat(
    latitudes: npt.NDArray[np.float64], longitudes: npt.NDArray[np.float64], middle: float
) -> npt.NDArray[np.float64]:
    """Metres on a plane that touches the middle; good to a thousandth within a township."""
    degree = EARTH_RADIUS_KILOMETRES * 1000 * pi / 180
    return np.column_stack([latitudes * degree, longitudes * degree * np.cos(np.radians(middle))])


def _cut(graph: Any, one: int, other: int) -> None:
    """Interrupt the fastest way between two junctions at its middle, both directions."""
    for begin, end in ((one, other), (other, one)):
        minutes, before = dijkstra(graph, indices=begin, return_predecessors=True)
        here = end
        while before[here] >= 0 and minutes[before[here]] > minutes[end] / 2:
            here = before[here]
        if before[here] >= 0:
            for row, column in ((before[here], here), (here, before[here])):
                span = slice(graph.indptr[row], graph.indptr[row + 1])
                graph.data[span][graph.indices[span] == column] = np.inf


# Reading and keeping.


def read_roads(extract: Path, bounds: Bounds, keep: Path | None = None) -> Roads:
    """The roads of one township out of an extract (``.osm.pbf`` or ``.osm``).

    Parameters
    ----------
    bounds
        What to read: the township and some kilometres around it.
    keep
        A folder; a graph that was read from the same file with the same bounds is taken from there.

    Raises
    ------
    TravelError
        Where the file is missing or cannot be read, or where it holds no road there.
    """
    if not extract.exists():
        raise TravelError(f"{extract} does not exist. Give an OpenStreetMap extract, or choose great-circle times.")
    kept = keep / f"roads-{_mark(extract, bounds)}.npz" if keep else None
    if kept and kept.exists():
        with np.load(kept) as arrays:
            return Roads(**{name: arrays[name] for name in arrays.files})
    roads = _build(list(_ways(extract, bounds)), extract)
    if kept:
        kept.parent.mkdir(parents=True, exist_ok=True)
        half = kept.with_suffix(f".{os.getpid()}.npz")  # a neighbouring township may be reading the same
        names = ("latitudes", "longitudes", "begins", "ends", "metres", "kinds", "one_way")
        np.savez_compressed(half, **{name: getattr(roads, name) for name in names})
        half.replace(kept)
    return roads


MARGIN_DEGREES = 0.05
"""How far around the places of a day roads are read: some five kilometres, so that a way round is seen."""


@dataclass(frozen=True)
class Extract:
    """An extract as a source of travel times: the roads around the places that are asked for.

    Parameters
    ----------
    path
        The file, ``.osm.pbf`` or ``.osm``.
    keep
        The folder in which road graphs are kept.
    """

    path: Path
    keep: Path
    knows_roads: bool = field(default=True, init=False)

    def minutes(self, points: Sequence[LatLon], mode: str) -> Minutes:
        """Minutes between all points; `TravelError` as `read_roads` and `Roads.minutes`."""
        return read_roads(self.path, _around(points), self.keep).minutes(points, mode)


def _around(points: Sequence[LatLon]) -> Bounds:
    """The places and the margin, to whole tenths of a degree: one more house does not ask for another graph."""
    where = np.asarray(points, dtype=np.float64)
    south, west = np.floor((where.min(axis=0) - MARGIN_DEGREES) * 10) / 10
    north, east = np.ceil((where.max(axis=0) + MARGIN_DEGREES) * 10) / 10
    return float(south), float(west), float(north), float(east)


def _mark(extract: Path, bounds: Bounds) -> str:
    facts = extract.stat()
    return hashlib.sha256(f"1 {facts.st_size} {facts.st_mtime_ns} {bounds}".encode()).hexdigest()[:16]


_Way = tuple[str, bool, list[tuple[int, float, float]]]
"""Kind, one way, and its nodes as (id, latitude, longitude)."""


def _ways(extract: Path, bounds: Bounds) -> Iterator[_Way]:
    south, west, north, east = bounds
    roads = osmium.FileProcessor(str(extract)).with_locations().with_filter(osmium.filter.KeyFilter("highway"))
    try:
        for way in roads:
            if not isinstance(way, osmium.osm.Way) or way.tags.get("access") in ("no", "private"):
                continue
            kind = (way.tags.get("highway") or "").removesuffix("_link")
            if kind not in KINDS:
                continue
            nodes = [(node.ref, node.lat, node.lon) for node in way.nodes if node.location.valid()]
            if any(south <= latitude <= north and west <= longitude <= east for _, latitude, longitude in nodes):
                direction = way.tags.get("oneway", "yes" if kind == "motorway" else "no")
                yield kind, direction in ("yes", "true", "1", "-1"), nodes[::-1] if direction == "-1" else nodes
    except RuntimeError as error:
        raise TravelError(f"{extract} cannot be read as OpenStreetMap data ({error}). Fetch it again.") from None


def _build(ways: Sequence[_Way], extract: Path) -> Roads:
    """Number the nodes and measure the stretches."""
    numbers: dict[int, int] = {}
    where: list[LatLon] = []
    stretches: list[tuple[int, int, int, bool]] = []
    for kind, one_way, nodes in ways:
        line = []
        for name, latitude, longitude in nodes:
            if name not in numbers:
                numbers[name] = len(where)
                where.append((latitude, longitude))
            line.append(numbers[name])
        stretches += [(a, b, KINDS.index(kind), one_way) for a, b in pairwise(line)]
    if not stretches:
        raise TravelError(f"{extract} holds no road within the bounds. Give an extract that covers the township.")
    latitudes, longitudes = np.array(where).T
    begins, ends, kinds, one_ways = (np.array(column) for column in zip(*stretches, strict=True))
    flat = _flat(latitudes, longitudes, float(latitudes.mean()))
    metres = np.linalg.norm(flat[begins] - flat[ends], axis=1)
    return Roads(latitudes, longitudes, begins, ends, metres, kinds, one_ways.astype(np.bool_))
