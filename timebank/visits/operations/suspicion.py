"""What is odd about a visit when it is held beside others: phones, doors, kin and habits.

Worked out whenever somebody looks, never stored: what arrives later counts at once, in whatever order it came
(promise P7). Each doubt makes a person look; none refuses or credits by itself (field guide §4.8).
"""

from sqlmodel import Session

from timebank.people.models import Household, Person
from timebank.policies.queries import Policy
from timebank.visits import queries, rules
from timebank.visits import trace_queries as traces
from timebank.visits.models import Visit, VisitCarer, VisitEvent

_SAME_ACCURACY_VISITS = 6  # as many visits with one and the same accuracy are no accident
_ROUND_STAYS = 4  # as many visits that began and ended on a full five minutes, to the second


def doubts_across(session: Session, visit: Visit, crew: list[queries.Coming], policy: Policy) -> list[str]:
    """Why a visit needs a look when compared with others; codes of words.FLAG_WORDS, without repetition."""
    events = [event for event in queries.events_of(session, visit.id) if not event.entered_by]
    found = _of_phones(session, visit, events, policy) | _of_places(session, visit, events)
    for carer, person in crew:
        if carer.checked_in_at is not None:
            found |= _of_movement(session, visit, carer) | _of_habits(session, carer) | _of_kin(session, visit, person)
    confirmation = queries.confirmation_of(session, visit.id)
    if confirmation and traces.is_stranger_who_volunteers(session, confirmation, visit.elder_id):
        found.add("confirmed_by_volunteer")
    return sorted(found)


def _of_phones(session: Session, visit: Visit, events: list[VisitEvent], policy: Policy) -> set[str]:
    spoke = [event for event in events if event.device_id]
    devices = sorted({event.device_id for event in spoke})
    found = set()
    if spoke:
        people = traces.people_on_phones(session, devices, spoke[0].server_at)
        if people > policy.number("evidence.people_per_phone"):
            found.add("same_device")
    if any(_clock_went_back(session, event) for event in spoke):
        found.add("clock_went_back")
    return found


def _clock_went_back(session: Session, event: VisitEvent) -> bool:
    before, after = traces.neighbours_on_phone(session, event)
    return (before is not None and rules.went_back(before.device_at, event.device_at)) or (
        after is not None and rules.went_back(event.device_at, after.device_at)
    )


def _of_places(session: Session, visit: Visit, events: list[VisitEvent]) -> set[str]:
    marks = [event.place_mark for event in events if event.place_mark]
    return {"copied_place"} if traces.is_place_copied(session, visit.id, marks) else set()


def _of_movement(session: Session, visit: Visit, carer: VisitCarer) -> set[str]:
    here = traces.presence_of(carer, session.get_one(Household, visit.household_code))
    others = traces.presences_around(session, carer.person_id, here.from_at, but_not=visit.id)
    return set(rules.movement_doubts(here, others))


def _of_habits(session: Session, carer: VisitCarer) -> set[str]:
    assert carer.checked_in_at is not None
    until, found = carer.checked_out_at or carer.checked_in_at, set()
    places = traces.last_located(session, carer.person_id, until, most=_SAME_ACCURACY_VISITS)
    if len(places) == _SAME_ACCURACY_VISITS and len({place.accuracy_m for place in places}) == 1:
        found.add("constant_accuracy")
    stays = traces.last_stays(session, carer.person_id, until, most=_ROUND_STAYS)
    if len(stays) == _ROUND_STAYS and all(rules.is_round(came) and rules.is_round(left) for came, left in stays):
        found.add("round_times")
    return found


def _of_kin(session: Session, visit: Visit, person: Person) -> set[str]:
    found = {"same_home"} if person.household_code == visit.household_code else set()
    return found | ({"kin_pair"} if traces.are_kin(session, person.id, visit.elder_id) else set())
