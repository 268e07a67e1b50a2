"""Finding what was kept long enough: people, homes and papers whose term after a death is over."""

from collections.abc import Sequence
from datetime import date

from sqlmodel import Session, and_, col, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from timebank.core import clock
from timebank.core.db import in_area
from timebank.core.limits import MAX_FORGOTTEN_AT_ONCE
from timebank.people.models import Consent, Household, Person, PersonCase, PersonState, Proxy

_ENDED = (PersonState.DEAD, PersonState.MERGED)  # who moved away stays registered: their hours are theirs


def to_forget(session: Session, area_code: str, last_on: date) -> Sequence[Person]:
    """Who died, or was merged, on a day or before it, and is not forgotten yet; a limited number, by id."""
    return _some(session, _ended(area_code, _ENDED, last_on).where(col(Person.forgotten_on).is_(None)))


def homes_to_empty(session: Session, area_code: str) -> Sequence[Household]:
    """Homes of the forgotten in which nobody is left; a limited number, by code.

    A home that was emptied once is so again when somebody is forgotten who lived there since.
    """
    here = Person.household_code == Household.code
    left = select(Person.id).where(here, col(Person.forgotten_on).is_(None), Person.state != PersonState.MOVED)
    since = or_(col(Household.emptied_on).is_(None), col(Person.forgotten_on) > col(Household.emptied_on))
    found = select(Household).where(
        in_area(col(Household.area_code), area_code),
        select(Person.id).where(here, col(Person.forgotten_on).is_not(None), since).exists(),
        ~left.exists(),
    )
    return session.exec(found.order_by(Household.code).limit(MAX_FORGOTTEN_AT_ONCE)).all()


def with_old_papers(session: Session, area_code: str, last_on: date) -> Sequence[Person]:
    """Who died on a day or before it, and of whom consents or written powers are still kept; a limited number."""
    held = or_(Proxy.for_person_id == Person.id, Proxy.proxy_person_id == Person.id)
    papers = or_(
        select(Consent.id).where(Consent.person_id == Person.id).exists(), select(Proxy.id).where(held).exists()
    )
    return _some(session, _ended(area_code, (PersonState.DEAD,), last_on).where(papers))


def _ended(area_code: str, states: Sequence[PersonState], last_on: date) -> SelectOfScalar[Person]:
    """The term runs from the day or, where the office heard of it later, from when it was entered."""
    entered = select(PersonCase.id).where(
        PersonCase.person_id == Person.id,
        col(PersonCase.kind).in_([state.value for state in states]),
        PersonCase.opened_at >= clock.at_local(last_on, 24 * 60),
    )
    is_over = and_(col(Person.state_since_on) <= last_on, ~entered.exists())
    return select(Person).where(in_area(col(Person.area_code), area_code), col(Person.state).in_(states), is_over)


def _some(session: Session, found: SelectOfScalar[Person]) -> Sequence[Person]:
    return session.exec(found.order_by(Person.id).limit(MAX_FORGOTTEN_AT_ONCE)).all()
