"""Minutes between the places of a day, from the installation's source of travel times (dispatch.travel).

Great circle × road factor until the office names a routing server or a road map (settings `travel_matrix_url` and
`travel_map`); on top of it what check-ins taught, and today's closed and slow roads.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from dispatch.roads import Extract
from dispatch.travel import (
    Closure,
    Factors,
    GreatCircle,
    HttpMatrix,
    Minutes,
    Provider,
    TravelError,
    kilometres,
    matrices,
)
from timebank.areas.models import RoadClosure
from timebank.core.errors import Refused
from timebank.core.text import T

log = logging.getLogger("timebank.travel")

Point = tuple[float, float]
VILLAGE_DIGITS = 12
_KEPT_ANSWERS = 6  # places × modes; a matrix of 1,000 places takes 8 MB


class _Remembered:
    """A source that keeps its last answers: a repair asks for the same places as the plan before it."""

    def __init__(self, source: Provider) -> None:
        self.knows_roads = source.knows_roads
        self._ask = lru_cache(maxsize=_KEPT_ANSWERS)(source.minutes)

    def minutes(self, points: Sequence[Point], mode: str) -> Minutes:
        return self._ask(tuple(points), mode)


@dataclass(frozen=True)
class Source:
    """Where an installation's travel times come from: a routing server, a road map, or with neither the great circle.

    Parameters
    ----------
    server, dialect
        Address of a Valhalla or OSRM server, and which of the two it speaks.
    road_map, keep
        An OpenStreetMap extract, and the folder for what was read of it.
    """

    server: str = ""
    dialect: Literal["valhalla", "osrm"] = "valhalla"
    road_map: Path | None = None
    keep: Path = Path("var") / "roads"

    @property
    def kind(self) -> Literal["server", "map", "straight"]:
        """What answers."""
        return "server" if self.server else "map" if self.road_map else "straight"

    def provider(self) -> Provider:
        """The planner's source."""
        if self.server:
            return HttpMatrix(self.server, self.dialect)
        return Extract(self.road_map, self.keep) if self.road_map else GreatCircle()


_source = Source()
_provider: Provider = _Remembered(_source.provider())


def use(source: Source) -> None:
    """Take travel times from there from now on."""
    global _source, _provider
    _source, _provider = source, _Remembered(source.provider())


def source() -> Source:
    """Where travel times come from now."""
    return _source


@dataclass(frozen=True)
class Spot:
    """A place of the day: its name for the planner, where it is, and the area it lies in (for closed roads)."""

    name: str
    point: Point
    area_code: str


def metres(a: Point, b: Point) -> float:
    """Great-circle metres between two points."""
    return float(kilometres([a, b])[0, 1]) * 1000


def minutes_between(
    spots: Sequence[Spot],
    modes: Sequence[str],
    closures: Sequence[RoadClosure],
    on: date,
    factors: Factors | None = None,
) -> Mapping[str, npt.NDArray[np.int32]]:
    """Whole minutes between all places by each mode on a day, with what check-ins taught and closed and slow roads.

    Refuses where the source of travel times does not answer.
    """
    closed = [closure_of(spots, closure) for closure in closures]
    points = {spot.name: spot.point for spot in spots}
    villages = {spot.name: spot.area_code[:VILLAGE_DIGITS] for spot in spots}
    try:
        return matrices(_provider, points, modes, areas=villages, factors=factors, closures=closed, day=on)
    except TravelError as error:
        log.error("no travel times: %s", error)
        text = T("There are no travel times: neither server nor road map answers. Ask the administrator.")
        raise Refused("dayplans.no_travel_times", text) from None


def closure_of(spots: Sequence[Spot], closure: RoadClosure) -> Closure:
    """A closed or slow road in the planner's words: which places lie on either side.

    Where one area lies within the other, its places are on its own side alone: the road leads from it to all the rest.
    """
    one_side, other_side = (
        frozenset(spot.name for spot in spots if spot.area_code.startswith(code))
        for code in (closure.from_code, closure.to_code)
    )
    both = one_side & other_side
    to_is_within = len(closure.to_code) > len(closure.from_code)
    return Closure(
        one_side=one_side - both if to_is_within else one_side,
        other_side=other_side if to_is_within else other_side - both,
        starts_on=closure.starts_on,
        ends_on=closure.ends_on,
        extra_minutes=closure.extra_minutes,
    )
