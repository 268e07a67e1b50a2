"""Letting volunteers through the gates, and letting minors help with a guardian's consent."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

import sqlalchemy as sa
from sqlmodel import Session, col, select

from timebank.audit.operations import note
from timebank.core import clock, ids
from timebank.core.actors import Actor
from timebank.core.errors import BadInput, NotAllowed, NotFound, Refused
from timebank.core.text import T, listed
from timebank.people.effects import follows
from timebank.people.models import Kinship, Person, PersonCase, PersonState
from timebank.people.queries import kin_of
from timebank.policies.queries import in_force
from timebank.volunteers import queries, rules
from timebank.volunteers.models import GuardianConsent

REFUSALS = {  # by what is missing first
    "too_young": Refused("volunteers.too_young", T("{name} is under 18 and needs: {gaps}. Let an adult come along.")),
    "guardian": Refused("volunteers.no_guardian", T("{name} is under 18 and needs: {gaps}.")),
    "not_for_minors": Refused("volunteers.not_for_minors", T("{name} is under 18 and needs: {gaps}.")),
    "earlier": Refused("volunteers.too_late_for_minors", T("{name} is under 18 and needs: {gaps}.")),
    "real_name": Refused(
        "volunteers.no_real_name", T("{name} cannot do this yet and needs: {gaps}. The village looks at the card.")
    ),
    "training": Refused(
        "volunteers.no_training", T("{name} cannot do this yet and needs: {gaps}. The village enters it.")
    ),
    "insurance": Refused(
        "volunteers.no_insurance", T("{name} cannot do this yet and needs: {gaps}. The village enters it.")
    ),
    "health": Refused("volunteers.no_health", T("{name} cannot do this yet and needs: {gaps}. The village enters it.")),
    "agreement": Refused(
        "volunteers.no_agreement", T("{name} cannot do this yet and needs: {gaps}. The village enters it.")
    ),
}


def check_gates(session: Session, *, person_ids: Iterable[str], service: str, on: date, until_minute: int = 0) -> None:
    """Refuse a crew of which somebody may not do a service on a day; named after what is missing first."""
    for person, missing in queries.gaps_of_crew(session, person_ids, service, on, until_minute=until_minute):
        refusal = REFUSALS[missing[0]]
        named = listed([rules.GAPS[gap] for gap in missing])
        raise Refused(refusal.code, replace(refusal.message, values={"name": person.name, "gaps": named}))


def let_minor_help(
    session: Session,
    *,
    actor: Actor,
    person_id: str,
    guardian_id: str,
    relation: str,
    ends_on: date,
    evidence: str,
) -> GuardianConsent:
    """Keep a guardian's signed consent; from today the minor is a volunteer within the limits of policy minor.*.

    Refuses ages out of bounds, guardians under 18, an end beyond a year or the 18th birthday, and no paper.
    """
    person, guardian = _of_area(session, actor, person_id), session.get(Person, guardian_id.strip())
    if guardian is None or guardian.id == person.id:
        raise BadInput("people.unknown_person", T("There is no such person."), field="guardian_id")
    if actor.person_id in (person.id, guardian.id):
        raise NotAllowed("people.own_qualification", T("Somebody else must enter your certificates."))
    if relation not in rules.GUARDIANS:
        raise BadInput("core.not_a_choice", T("Choose from the list."), field="relation")
    if not evidence.strip():
        raise BadInput("people.no_paper", T("Write where the signed paper lies."), field="evidence")
    today = clock.today()
    policy = in_force(session, person.area_code, today)
    rules.check_guardian(person.born_on, guardian.born_on, policy, on=today, ends_on=ends_on)
    consent = GuardianConsent(
        id=ids.new_id("grd"),
        person_id=person.id,
        guardian_id=guardian.id,
        relation=relation,
        evidence=evidence.strip(),
        starts_on=today,
        ends_on=ends_on,
        given_to=actor.user_id,
    )
    if guardian.id not in {kin.id for _, kin in kin_of(session, person.id)}:
        session.add(Kinship(id=ids.new_id("kin"), person_id=person.id, kin_id=guardian.id, relation=relation))
    person.volunteer_since_on = person.volunteer_since_on or today
    session.add_all([consent, person])
    note(session, actor=actor, action="volunteers.let_minor_help", subject_id=person.id, guardian=guardian.id)
    return consent


def end_guardian_consent(session: Session, *, actor: Actor, person_id: str, consent_id: str) -> None:
    """Take a guardian's consent back; from now on the minor helps no more."""
    person, consent = _of_area(session, actor, person_id), session.get(GuardianConsent, consent_id)
    if consent is None or consent.person_id != person.id:
        raise NotFound("volunteers.no_such_consent", T("There is no such consent."))
    consent.revoked_at = consent.revoked_at or clock.now()
    session.add(consent)
    note(session, actor=actor, action="volunteers.end_guardian_consent", subject_id=consent.person_id)


@follows("guardians_gone", T("consents that end with the guardian"))
def end_with_the_guardian(session: Session, actor: Actor, person: Person, case: PersonCase) -> int:
    """Who died answers for no child any more: the minor helps again once another guardian has signed."""
    if case.kind != PersonState.DEAD:
        return 0
    theirs = select(GuardianConsent).where(GuardianConsent.guardian_id == person.id)
    ended = session.exec(theirs.where(col(GuardianConsent.revoked_at).is_(None))).all()
    for consent in ended:
        consent.revoked_at = clock.now()
        session.add(consent)
        note(session, actor=actor, action="volunteers.end_guardian_consent", subject_id=consent.person_id)
    return len(ended)


@follows("guardians_moved", T("guardians' consents moved to the entry that is kept"))
def follow_merge(session: Session, _actor: Actor, person: Person, case: PersonCase) -> int:
    """What a guardian signed holds for the entry that is kept, whether the child or the guardian stood there twice."""
    kept_id = str(case.detail.get("kept", "")) if case.kind == PersonState.MERGED else ""
    if not kept_id:
        return 0
    either = sa.or_(col(GuardianConsent.person_id) == person.id, col(GuardianConsent.guardian_id) == person.id)
    moved = session.exec(select(GuardianConsent).where(either)).all()
    for consent in moved:
        consent.person_id = kept_id if consent.person_id == person.id else consent.person_id
        consent.guardian_id = kept_id if consent.guardian_id == person.id else consent.guardian_id
        session.add(consent)
    return len(moved)


def _of_area(session: Session, actor: Actor, person_id: str) -> Person:
    person = session.get(Person, person_id)
    if person is None or not actor.scope.holds_area(person.area_code):
        raise NotFound("people.no_such_person", T("There is no such person in your area."))
    return person
