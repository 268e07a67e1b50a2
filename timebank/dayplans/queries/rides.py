"""How long a ride takes, for forms that propose it: the planner's own source of travel times and closed roads."""

from collections.abc import Mapping, Sequence
from datetime import date

from sqlmodel import Session

from timebank.areas.models import Facility
from timebank.areas.queries import closures_on
from timebank.core.errors import Refused
from timebank.dayplans.adapter.travel import Spot, minutes_between
from timebank.people.models import Household
from timebank.people.queries import place_of

_LONGEST_MINUTES = 600  # more is no ride but a closed road


def ride_minutes(session: Session, home: Household, places: Sequence[Facility], on: date) -> Mapping[str, int]:
    """Minutes by car from a door to each place on a day, by the place's id.

    Places that no road reaches are left out; all of them where the routing server does not answer: a form is no reason
    to fail.
    """
    if not places:
        return {}
    spots = [Spot("door", place_of(home), home.area_code)]
    spots += [Spot(place.id, (place.lat, place.lon), place.area_code) for place in places]
    try:
        minutes = minutes_between(spots, ["car"], closures_on(session, home.area_code[:6], on), on)["car"]
    except Refused:
        return {}
    found = {spot.name: int(minutes[0, number]) for number, spot in enumerate(spots) if number}
    return {place_id: ride for place_id, ride in found.items() if ride <= _LONGEST_MINUTES}
