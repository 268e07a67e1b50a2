"""Minutes between the places of a day, from the installation's source of travel times (dispatch.travel).

Great circle × road factor until the office names a routing server (setting `travel_matrix_url`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from dispatch.travel import Closure, GreatCircle, HttpMatrix, Provider, TravelError, kilometres, matrices
from timebank.areas.models import RoadClosure
from timebank.core.errors import Refused
from timebank.core.text import T

Point = tuple[float, float]
_provider: Provider = GreatCircle()


def use_server(address: str) -> None:
    """Ask a routing server from now on; an empty address is the great circle."""
    global _provider
    _provider = HttpMatrix(address) if address else GreatCircle()


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
    spots: Sequence[Spot], modes: Sequence[str], closures: Sequence[RoadClosure], on: date
) -> Mapping[str, npt.NDArray[np.int32]]:
    """Whole minutes between all places by each mode on a day, closed and slow roads taken into account.

    Refuses where the routing server does not answer.
    """
    closed = [closure_of(spots, closure) for closure in closures]
    points = {spot.name: spot.point for spot in spots}
    try:
        return matrices(_provider, points, modes, closures=closed, day=on)
    except TravelError:
        text = T("The server of travel times does not answer. Try again later, or ask the administrator.")
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
