"""Certificates of volunteer service: asked for, put on the publicity list, valid after it, revoked when wrong.

Sources: 志愿服务条例 art. 19 (free, truthful), 民发〔2015〕149号 (content, number, publicity of seven days).
"""

import hashlib
import json
from datetime import date, timedelta
from typing import Any

from sqlmodel import Session, col, select

from timebank.areas.models import Area
from timebank.audit.operations import note
from timebank.core import clock, ids
from timebank.core.actors import Actor, Role
from timebank.core.claims import claim
from timebank.core.errors import BadInput, NotAllowed, NotFound, Refused
from timebank.core.text import T
from timebank.ledger.proofs import first_said
from timebank.people.entries import entries_of, kept_entry
from timebank.people.queries import person_for
from timebank.policies.queries import in_force
from timebank.statements import certificate_queries as queries
from timebank.statements.models import Certificate, CertificateState

ISSUERS = (Role.SUPERVISOR, Role.BUREAU)
DIGEST_VERSION = "c2"
_C1 = (
    *("serial", "proof_code", "person_id", "minutes", "visits", "services", "issuer", "handler"),
    *("first_on", "last_on", "counts_from_on"),
)
_COVERED = {"c1": _C1, "c2": (*_C1, "area_code", "listed_on")}  # what a version's canonical form holds, in this order


def ask_certificate(session: Session, *, actor: Actor, person_id: str, first_on: date, last_on: date) -> Certificate:
    """Ask for a certificate over a span of days; asked again for the same span and hours, it is the same one.

    Refuses days in the future or in the wrong order, and a span without any credited service.
    """
    person = person_for(session, actor.scope, person_id)
    if person is None:
        raise NotFound("statements.no_person_here", T("There is no such person in your area."))
    if not first_on <= last_on <= clock.today():
        raise BadInput(
            "statements.bad_span", T("The last day lies after the first and not in the future."), field="last_on"
        )
    known = select(Certificate).where(
        col(Certificate.person_id).in_(entries_of(person_id)),
        Certificate.first_on == first_on,
        Certificate.last_on == last_on,
    )
    known = known.where(col(Certificate.state).in_([CertificateState.ASKED, CertificateState.LISTED]))
    earlier = session.exec(known.order_by(col(Certificate.asked_at).desc())).first()
    if earlier and earlier.state == CertificateState.ASKED:
        return earlier
    service = _service(session, person_id, first_on, last_on)
    if earlier and earlier.minutes == service.minutes:
        return earlier
    made = Certificate(
        id=ids.new_id("crt"),
        proof_code=ids.new_secret(24),
        person_id=person.id,
        area_code=person.area_code,
        state=CertificateState.ASKED,
        first_on=first_on,
        last_on=last_on,
        minutes=service.minutes,
        visits=service.visits,
        services=service.by_service,
        asked_at=clock.now(),
        asked_by=actor.user_id,
    )
    session.add(made)
    session.flush()
    _note(session, actor, "statements.ask_certificate", made)
    return made


def _service(session: Session, person_id: str, first_on: date, last_on: date) -> queries.Service:
    service = queries.service_of(session, person_id, first_on, last_on)
    if not service.minutes:
        raise Refused("statements.no_service", T("No hours of help are in the book for these days."), field="first_on")
    return service


def list_certificate(session: Session, *, actor: Actor, certificate_id: str, issuer: str, handler: str) -> Certificate:
    """Reckon the service anew, give a number and put it on the publicity list; it counts after policy's days.

    Refuses who asked or earned it, everybody but supervisor and bureau, what was decided already, and a span of which
    everything was taken back meanwhile.
    """
    certificate = _certificate(session, actor, certificate_id)
    person_id = kept_entry(session, certificate.person_id)  # who was merged since then has all hours there
    if actor.user_id == certificate.asked_by or actor.person_id == person_id:
        raise NotAllowed("statements.own_certificate", T("Somebody else must issue this certificate."))
    for field, value in (("issuer", issuer), ("handler", handler)):
        if not value.strip():
            raise BadInput("statements.no_issuer", T("Write who issues it and who can be asked."), field=field)
    service = _service(session, person_id, certificate.first_on, certificate.last_on)
    policy = in_force(session, certificate.area_code, clock.today())
    counts_from_on = clock.today() + timedelta(days=policy.number("certificate.publicity_days"))
    change = {
        "state": CertificateState.LISTED,
        "serial": _serial(session, certificate),
        "person_id": person_id,
        "minutes": service.minutes,
        "visits": service.visits,
        "services": service.by_service,
        "listed_on": clock.today(),
        "counts_from_on": counts_from_on,
        "issued_by": actor.user_id,
        "issuer": issuer.strip()[:80],
        "handler": handler.strip()[:60],
    }
    _decide(session, certificate, CertificateState.ASKED, change)
    certificate.digest = digest_of(certificate)
    session.add(certificate)
    _note(session, actor, "statements.list_certificate", certificate, digest=certificate.digest)
    return certificate


def decline_certificate(session: Session, *, actor: Actor, certificate_id: str, reason: str) -> Certificate:
    """Say why a certificate is not issued."""
    certificate = _certificate(session, actor, certificate_id)
    change = {"state": CertificateState.DECLINED, "reason": _reason(reason), "issued_by": actor.user_id}
    _decide(session, certificate, CertificateState.ASKED, change)
    _note(session, actor, "statements.decline_certificate", certificate)
    return certificate


def revoke_certificate(session: Session, *, actor: Actor, certificate_id: str, reason: str) -> Certificate:
    """Take a certificate back, before or after it counts; whoever scans it reads "revoked"."""
    certificate = _certificate(session, actor, certificate_id)
    change = {"state": CertificateState.REVOKED, "reason": _reason(reason), "revoked_at": clock.now()}
    _decide(session, certificate, CertificateState.LISTED, change)
    _note(session, actor, "statements.revoke_certificate", certificate)
    return certificate


def _decide(session: Session, certificate: Certificate, expected: CertificateState, change: dict[str, Any]) -> None:
    if not claim(session, Certificate, certificate.id, expected={"state": expected}, change=change):
        raise Refused("statements.decided_already", T("This certificate was decided already. Open the page again."))
    session.refresh(certificate)


def _certificate(session: Session, actor: Actor, certificate_id: str) -> Certificate:
    certificate = queries.certificate_for(session, actor.scope, certificate_id)
    if certificate is None or actor.scope.person_ids is not None:
        raise NotFound("statements.no_such_certificate", T("There is no such certificate in your area."))
    if actor.role not in ISSUERS:
        raise NotAllowed("statements.not_an_issuer", T("The township or the bureau issues certificates."))
    return certificate


def _serial(session: Session, certificate: Certificate) -> str:
    """The next number of the year in the township: ZF-500156101-2026-0007."""
    township = certificate.area_code[:9]
    session.get(Area, township, with_for_update=True)  # two who list at once number in turn
    head = f"ZF-{township}-{clock.today().year}-"
    known = select(Certificate.serial).where(col(Certificate.serial).startswith(head))
    numbers = (int(serial.removeprefix(head)) for serial in session.exec(known) if serial)
    return f"{head}{max(numbers, default=0) + 1:04d}"


def _reason(words: str) -> str:
    if not words.strip():
        raise BadInput("statements.no_reason", T("Write the reason; who asked will read it."), field="reason")
    return words.strip()[:200]


def digest_of(certificate: Certificate, version: str = DIGEST_VERSION) -> str:
    """SHA-256 of what the certificate says, in canonical JSON (version first; ledger/vectors.json)."""
    said = [_written(getattr(certificate, name)) for name in _COVERED[version]]
    canonical = json.dumps([version, *said], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _written(value: object) -> object:
    return str(value) if isinstance(value, date) else value


def fits_digest(certificate: Certificate) -> bool:
    """Whether a certificate says what it said when it was put on the list, by the version of that time.

    No version need be kept: the digest was sealed with the event of the list, so an older form cannot be chosen later.
    """
    return any(digest_of(certificate, version) == certificate.digest for version in sorted(_COVERED, reverse=True))


def state_of(certificate: Certificate) -> str:
    """What a certificate is worth today: valid, listed (not yet), revoked, broken (altered records) or unknown."""
    if certificate.state == CertificateState.REVOKED:
        return "revoked"
    if certificate.state != CertificateState.LISTED or certificate.counts_from_on is None:
        return "unknown"
    if not fits_digest(certificate):
        return "broken"
    return "valid" if certificate.counts_from_on <= clock.today() else "listed"


def checked_state(session: Session, certificate: Certificate) -> str:
    """`state_of` for who scans it: its row alone neither revokes it nor makes it valid again, what was sealed does."""
    if first_said(session, "statements.revoke_certificate", certificate.id):
        return "revoked"
    state = state_of(certificate)
    is_altered = state == "revoked" or not queries.is_as_issued(session, certificate)
    return "broken" if state != "unknown" and is_altered else state


def _note(session: Session, actor: Actor, action: str, certificate: Certificate, **detail: object) -> None:
    note(session, actor=actor, action=action, subject_id=certificate.id, area_code=certificate.area_code, **detail)
