"""Consents for one purpose each, and written powers to act for somebody."""

from collections.abc import Sequence
from datetime import date

from sqlmodel import Session, select

from timebank.audit.operations import note
from timebank.core import clock, ids
from timebank.core.actors import Actor
from timebank.core.errors import BadInput, NotFound
from timebank.core.text import T
from timebank.people import effects, rules
from timebank.people.models import Consent, Person, Proxy
from timebank.people.operations.found import of_area
from timebank.people.operations.members import give_member_roles


def give_consent(
    session: Session, *, actor: Actor, person_id: str, purpose: str, method: str, evidence: str = ""
) -> Consent:
    """Keep that somebody agreed to one purpose, and how (signed, thumb print, read aloud)."""
    person = of_area(session, actor, person_id)
    consent = Consent(
        id=ids.new_id("con"),
        person_id=person.id,
        purpose=purpose,
        method=method,
        evidence=evidence,
        given_at=clock.now(),
    )
    session.add(consent)
    note(session, actor=actor, action="people.give_consent", subject_id=person.id, purpose=purpose)
    return consent


def withdraw_consent(session: Session, *, actor: Actor, person_id: str, purpose: str) -> None:
    """End a consent; what rested on it stops from now on (PIPL art. 15)."""
    person = of_area(session, actor, person_id)
    found = select(Consent).where(Consent.person_id == person.id, Consent.purpose == purpose)
    for consent in session.exec(found):
        consent.withdrawn_at = consent.withdrawn_at or clock.now()
        session.add(consent)
    stopped = effects.stop(session, actor, person, purpose)
    note(
        session,
        actor=actor,
        action="people.withdraw_consent",
        subject_id=person.id,
        purpose=purpose,
        stopped=stopped,
    )


def give_proxy(
    session: Session,
    *,
    actor: Actor,
    for_person_id: str,
    proxy_person_id: str,
    purposes: Sequence[str],
    ends_on: date,
    evidence: str,
) -> Proxy:
    """A written power to act for somebody, for named purposes, for at most two years. Refuses oneself and no paper."""
    person = of_area(session, actor, for_person_id)
    if proxy_person_id in (for_person_id, ""):
        raise BadInput("people.own_proxy", T("Choose another person than the elder."), field="proxy_person_id")
    if not purposes or any(purpose not in rules.PROXY_PURPOSES for purpose in purposes):
        raise BadInput("people.no_purpose", T("Tick what they may do for the elder."), field="purposes")
    if not evidence.strip():
        raise BadInput("people.no_paper", T("Write where the signed paper lies."), field="evidence")
    today = clock.today()
    if not today <= ends_on <= today.replace(year=today.year + 2, day=min(today.day, 28)):
        raise BadInput("people.proxy_end", T("The power ends on a day within two years."), field="ends_on")
    holder = session.get(Person, proxy_person_id)
    if holder is None:
        raise BadInput("people.unknown_person", T("There is no such person."), field="proxy_person_id")
    proxy = Proxy(
        id=ids.new_id("prx"),
        for_person_id=person.id,
        proxy_person_id=proxy_person_id,
        purposes=list(purposes),
        evidence=evidence.strip(),
        starts_on=today,
        ends_on=ends_on,
    )
    session.add(proxy)
    give_member_roles(session, holder)
    note(session, actor=actor, action="people.give_proxy", subject_id=person.id, proxy=proxy_person_id)
    return proxy


def revoke_proxy(session: Session, *, actor: Actor, proxy_id: str) -> None:
    """End a power at once."""
    proxy = session.get(Proxy, proxy_id)
    if proxy is None:
        raise NotFound("people.no_such_proxy", T("There is no such power."))
    of_area(session, actor, proxy.for_person_id)
    proxy.revoked_at = proxy.revoked_at or clock.now()
    session.add(proxy)
    note(
        session, actor=actor, action="people.revoke_proxy", subject_id=proxy.for_person_id, proxy=proxy.proxy_person_id
    )
