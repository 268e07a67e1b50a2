"""Reading the traces that visits leave across days, doors and phones: what a reviewer compares one visit with."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, or_, select

from timebank.core import crypto
from timebank.people.models import Household, Kinship, Person
from timebank.people.queries import place_of
from timebank.visits.models import Confirmation, EventKind, Visit, VisitCarer, VisitEvent
from timebank.visits.rules import Place, Presence

_LOOK_BACK = timedelta(days=30)
_AROUND = timedelta(hours=12)


def presences_around(session: Session, person_id: str, at: datetime, *, but_not: str) -> list[Presence]:
    """Where else a carer was within half a day of an instant, other visits only."""
    found = session.exec(
        select(VisitCarer, Household)
        .where(VisitCarer.visit_id == Visit.id, Household.code == Visit.household_code)
        .where(VisitCarer.person_id == person_id, Visit.id != but_not)
        .where(col(VisitCarer.checked_in_at) >= at - _AROUND, col(VisitCarer.checked_in_at) <= at + _AROUND)
    ).all()
    return [presence_of(carer, household) for carer, household in found]


def presence_of(carer: VisitCarer, household: Household) -> Presence:
    """A carer's stay at a door; of no length where only the arrival is known."""
    assert carer.checked_in_at is not None
    ended = max(carer.checked_in_at, carer.checked_out_at or carer.checked_in_at)
    return Presence(carer.visit_id, place_of(household), carer.checked_in_at, ended)


def people_on_phones(session: Session, device_ids: Sequence[str], at: datetime) -> int:
    """The most people who spoke through one of these phones in the month before an instant."""
    if not device_ids:
        return 0
    found = (
        select(sa.func.count(sa.distinct(col(VisitEvent.person_id))))
        .where(col(VisitEvent.device_id).in_(device_ids), VisitEvent.entered_by == "")
        .where(VisitEvent.server_at >= at - _LOOK_BACK, VisitEvent.server_at <= at + _LOOK_BACK)
        .group_by(VisitEvent.device_id)
    )
    return max((int(people) for people in session.exec(found)), default=0)


def is_place_copied(session: Session, visit_id: str, marks: Sequence[str]) -> bool:
    """Whether the very same position, to the last digit, was sent for another visit."""
    found = select(VisitEvent.id).where(col(VisitEvent.place_mark).in_(marks), VisitEvent.visit_id != visit_id)
    return bool(marks) and session.exec(found.limit(1)).first() is not None


def neighbours_on_phone(session: Session, event: VisitEvent) -> tuple[VisitEvent | None, VisitEvent | None]:
    """The entries that the same phone made just before and just after, by its counter."""
    same = select(VisitEvent).where(VisitEvent.device_id == event.device_id, VisitEvent.entered_by == "")
    before = same.where(VisitEvent.counter < event.counter).order_by(col(VisitEvent.counter).desc())
    after = same.where(VisitEvent.counter > event.counter).order_by(col(VisitEvent.counter))
    return session.exec(before.limit(1)).first(), session.exec(after.limit(1)).first()


def last_located(session: Session, person_id: str, until: datetime, *, most: int) -> list[Place]:
    """A carer's last positions up to an instant, one for each visit, newest first."""
    found = (
        select(VisitEvent)
        .where(VisitEvent.person_id == person_id, VisitEvent.kind == EventKind.CHECK_IN)
        .where(VisitEvent.place_sealed != "", VisitEvent.device_at <= until)
        .order_by(col(VisitEvent.device_at).desc())
        .limit(most)
    )
    return [Place(*crypto.vault().open(event.place_sealed)) for event in session.exec(found)]


def last_stays(session: Session, person_id: str, until: datetime, *, most: int) -> list[tuple[datetime, datetime]]:
    """Arrival and departure of a carer's last visits up to an instant, newest first."""
    found = (
        select(VisitCarer.checked_in_at, VisitCarer.checked_out_at)
        .where(VisitCarer.person_id == person_id, col(VisitCarer.checked_in_at) <= until)
        .where(col(VisitCarer.checked_out_at).is_not(None))
        .order_by(col(VisitCarer.checked_in_at).desc())
        .limit(most)
    )
    return [(came, left) for came, left in session.exec(found) if came and left]


def are_kin(session: Session, one_id: str, other_id: str) -> bool:
    """Whether two people are written down as kin, whichever way round."""
    found = select(Kinship.id).where(
        or_(
            sa.and_(col(Kinship.person_id) == one_id, col(Kinship.kin_id) == other_id),
            sa.and_(col(Kinship.person_id) == other_id, col(Kinship.kin_id) == one_id),
        )
    )
    return session.exec(found.limit(1)).first() is not None


def is_stranger_who_volunteers(session: Session, confirmation: Confirmation, elder_id: str) -> bool:
    """Whether who confirmed for an elder is a volunteer and neither the elder nor kin: the way a ring would work."""
    person_id = confirmation.by_person_id
    if person_id is None or person_id == elder_id or confirmation.method != "button":
        return False
    person = session.get_one(Person, person_id)
    return person.volunteer_since_on is not None and not are_kin(session, person_id, elder_id)
