"""Deleting what names the dead to others and where they lived, once the office has no more use for it.

The name stays, because statements and sheets of that time were printed with it; rows of the book hold ids alone.
"""

from datetime import timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, or_

from timebank.areas.models import Area
from timebank.audit.operations import note
from timebank.core import clock, crypto
from timebank.core.actors import SYSTEM, Actor
from timebank.core.claims import claim
from timebank.core.db import table_of
from timebank.people import effects, terms
from timebank.people.models import Consent, Household, Person, Proxy
from timebank.policies.queries import in_force

_GONE = {"phone_sealed": "", "id_number_sealed": "", "id_number_hash": None}


def forget(session: Session, *, actor: Actor = SYSTEM, area_code: str) -> int:
    """Delete what was kept long enough of the dead and of merged entries of an area; of how many people and homes.

    Phone and identity number, the place of a home in which nobody is left, and what features keep beside them, after
    policy privacy.contact_days; consents and written powers after privacy.consent_days. A limited number at a time:
    whoever calls it again goes on with the rest, and who was dealt with is not touched again.
    """
    policy, today = in_force(session, area_code, clock.today()), clock.today()
    contact_on, papers_on = (
        today - timedelta(days=policy.number(key)) for key in ("privacy.contact_days", "privacy.consent_days")
    )
    done = sum(_forget_person(session, actor, person) for person in terms.to_forget(session, area_code, contact_on))
    session.flush()
    homes = terms.homes_to_empty(session, area_code)
    for home in homes:
        _empty(session, actor, home)
    people = terms.with_old_papers(session, area_code, papers_on)
    for person in people:
        _delete_papers(session, actor, person)
    return done + len(homes) + len(people)


def _forget_person(session: Session, actor: Actor, person: Person) -> bool:
    had = [name for name, value in (("phone", person.phone_sealed), ("number", person.id_number_hash)) if value]
    change = _GONE | {"forgotten_on": clock.today()}
    if not claim(session, Person, person.id, expected={"forgotten_on": None, "state": person.state}, change=change):
        return False
    session.refresh(person)
    also = effects.forget(session, person)
    note(
        session,
        actor=actor,
        action="people.forget",
        subject_id=person.id,
        area_code=person.area_code,
        deleted=had,
        also=also,
    )
    return True


def _empty(session: Session, actor: Actor, home: Household) -> None:
    """A home lies at the middle of its group again, as one does that nobody has been to; its door and name stay."""
    group = session.get_one(Area, home.area_code)
    home.place_sealed = crypto.vault().seal([group.lat, group.lon])
    home.place_is_learnt, home.fence_m, home.emptied_on = False, None, clock.today()
    session.add(home)
    note(session, actor=actor, action="people.empty_home", subject_id=home.code, area_code=home.area_code)


def _delete_papers(session: Session, actor: Actor, person: Person) -> None:
    run, powers = session.connection().execute, table_of(Proxy)
    of_person = or_(col(Proxy.for_person_id) == person.id, col(Proxy.proxy_person_id) == person.id)
    deleted = {
        "consents": run(sa.delete(table_of(Consent)).where(col(Consent.person_id) == person.id)).rowcount,
        "powers": run(sa.delete(powers).where(of_person)).rowcount,
    }
    note(
        session,
        actor=actor,
        action="people.delete_papers",
        subject_id=person.id,
        area_code=person.area_code,
        deleted=deleted,
    )
