"""Consents that are read aloud: which text, by whom, to whom; and what stops at once when one is withdrawn."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sqlmodel import Session, col, select

from timebank.audit.operations import note
from timebank.careplans.models import ConsentReading
from timebank.careplans.rules import CONSENT_METHODS
from timebank.core import clock
from timebank.core.actors import Actor
from timebank.core.errors import BadInput, NotAllowed
from timebank.core.text import T
from timebank.people import operations as people
from timebank.people.effects import when_withdrawn
from timebank.people.models import Consent, Person, Proxy
from timebank.people.queries import may_act

TEXT_VERSION = "2026-1"
_KIN_SEE = ("follow_visits", "see_bed")
NOTHING_STOPS = ("register", "open_data")  # nothing of ours asks for these: what follows is for people to do


@cache
def texts(version: str = TEXT_VERSION) -> Mapping[str, Any]:
    """A version of what is read aloud: for each purpose the text in both languages."""
    path = Path(__file__).parent / "consent_texts" / f"{version}.json"
    return dict(json.loads(path.read_text(encoding="utf-8")))


@dataclass(frozen=True)
class Given:
    """A consent in force, and how it came about; without a reading where it was entered before texts had versions."""

    consent: Consent
    reading: ConsentReading | None


def given_by(session: Session, person_id: str) -> dict[str, Given]:
    """The consents in force of a person, by purpose; the latest where one was asked for again."""
    found = select(Consent).where(Consent.person_id == person_id, col(Consent.withdrawn_at).is_(None))
    consents = session.exec(found.order_by(col(Consent.given_at))).all()
    held = select(ConsentReading).where(ConsentReading.person_id == person_id)
    readings = {reading.consent_id: reading for reading in session.exec(held)}
    return {consent.purpose: Given(consent, readings.get(consent.id)) for consent in consents}


def read_consent(
    session: Session, *, actor: Actor, person_id: str, purpose: str, heard_by: str, method: str, evidence: str = ""
) -> ConsentReading:
    """Keep that the text of a purpose was read aloud and agreed to: by whom, to whom, in which version, when.

    Refuses a purpose without a text, and agreement by somebody who is neither the person nor holds a written power.
    """
    if purpose not in texts()["texts"]:
        raise BadInput("core.not_a_choice", T("Choose from the list."), field="purpose")
    if method not in CONSENT_METHODS:
        raise BadInput("core.not_a_choice", T("Choose from the list."), field="method")
    if not may_act(session, person_id=heard_by, for_person_id=person_id, purpose="request"):
        text = T("Who agrees must be the elder or hold a written power.")
        raise NotAllowed("careplans.no_power", text, field="heard_by")
    consent = people.give_consent(
        session, actor=actor, person_id=person_id, purpose=purpose, method=method, evidence=evidence
    )
    session.flush()
    reading = ConsentReading(
        consent_id=consent.id,
        person_id=person_id,
        text_version=TEXT_VERSION,
        read_by_user_id=actor.user_id,
        heard_by=heard_by,
        read_at=clock.now(),
    )
    session.add(reading)
    note(session, actor=actor, action="careplans.read_consent", subject_id=person_id, purpose=purpose)
    session.flush()
    return reading


@when_withdrawn("kin")
def _kin_see_no_more(session: Session, _actor: Actor, person: Person) -> int:
    """Written powers lose what they let kin see; what they let kin do in the elder's name stays."""
    found = select(Proxy).where(Proxy.for_person_id == person.id, col(Proxy.revoked_at).is_(None))
    seeing = [proxy for proxy in session.exec(found) if set(_KIN_SEE) & set(proxy.purposes)]
    for proxy in seeing:
        proxy.purposes = [purpose for purpose in proxy.purposes if purpose not in _KIN_SEE]
        proxy.revoked_at = None if proxy.purposes else clock.now()
        session.add(proxy)
    return len(seeing)
