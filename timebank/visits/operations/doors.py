"""Where a door really is: learnt from visits at which the home itself gave the day's code."""

from statistics import median

from sqlmodel import Session, col, select

from timebank.audit.operations import note
from timebank.core import crypto
from timebank.core.actors import Actor
from timebank.core.db import table_of
from timebank.core.maps import distance_m
from timebank.people.models import Household
from timebank.policies.queries import Policy
from timebank.visits.models import Visit, VisitEvent, VisitState
from timebank.visits.rules import Place


def learn_door(session: Session, *, actor: Actor, visit: Visit, policy: Policy) -> None:
    """Move a door to the middle of its first verified visits (policy geo.learn_visits), once.

    Verified are settled visits whose arrival bore the right day code and an exact position; they must agree with each
    other within the fence, so that one odd reading moves nothing. The desk's point is often a guess from a map.
    """
    household = session.get_one(Household, visit.household_code)
    if household.place_is_learnt:
        return
    places = _verified_places(session, household.code, policy)
    if len(places) < policy.number("geo.learn_visits"):
        return
    middle = (median(place.lat for place in places), median(place.lon for place in places))
    fence_m = policy.number("geo.fence_m")
    if any(distance_m(place.lat, place.lon, *middle) > fence_m for place in places):
        return
    household.place_sealed = crypto.vault().seal([round(value, 6) for value in middle])
    household.place_is_learnt = True
    session.add(household)
    note(session, actor=actor, action="visits.learn_door", subject_id=household.code, area_code=household.area_code)


def _verified_places(session: Session, household_code: str, policy: Policy) -> list[Place]:
    """One exact position for each settled visit whose arrival bore the right code, the oldest first."""
    found = session.exec(
        select(VisitEvent)
        .where(VisitEvent.visit_id == Visit.id, Visit.household_code == household_code)
        .where(Visit.state == VisitState.SETTLED, VisitEvent.place_sealed != "")
        .where(table_of(VisitEvent).c.data["code"].as_string() == "right")
        .order_by(col(VisitEvent.device_at), col(VisitEvent.id))
    )
    places: dict[str, Place] = {}
    for event in found:
        place = Place(*crypto.vault().open(event.place_sealed))
        if 0 < place.accuracy_m <= policy.number("geo.max_accuracy_m"):
            places.setdefault(event.visit_id, place)
    return list(places.values())[: policy.number("geo.learn_visits")]
