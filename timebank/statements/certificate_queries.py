"""Reading certificates of volunteer service, and what the ledger says somebody did."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import Select

from timebank.core import clock
from timebank.core.actors import Scope
from timebank.core.db import in_area, in_scope
from timebank.core.limits import PAGE_ROWS
from timebank.ledger.proofs import first_said
from timebank.ledger.served import by, served
from timebank.people.entries import entries_of, with_merged
from timebank.people.models import Person
from timebank.statements.models import Certificate, CertificateState
from timebank.visits.models import Visit


@dataclass(frozen=True)
class Service:
    """What somebody did for others in a span of days: minutes in all and by service, and the visits."""

    minutes: int
    visits: int
    by_service: dict[str, int]


def service_of(session: Session, person_id: str, first_on: date, last_on: date) -> Service:
    """Reviewed and credited visits of a person, from a day to a day, as the ledger has them; reversals taken off.

    What went to elders in hardship because the book was full was served all the same, and so was what stands under an
    entry that was merged into theirs.
    """
    start, end = clock.at_local(first_on, 0), clock.at_local(last_on + timedelta(days=1), 0)
    rows = served(by(person_id), since=start, before=end).c
    found = select(Visit.id, Visit.service, rows.minutes).where(Visit.id == rows.source_id)
    by_service: dict[str, int] = defaultdict(int)
    visits = set()
    for visit_id, service, minutes in session.exec(found):
        by_service[str(service)] += minutes
        visits.add(visit_id)
    return Service(sum(by_service.values()), len(visits), dict(sorted(by_service.items())))


def borne_out(session: Session, certificate: Certificate) -> int | None:
    """Minutes that the book has today for what a certificate says, where that is less; else None."""
    service = service_of(session, certificate.person_id, certificate.first_on, certificate.last_on)
    return service.minutes if service.minutes < certificate.minutes else None


def certificate_for(session: Session, scope: Scope, certificate_id: str) -> Certificate | None:
    """The certificate if the scope may see it."""
    mine = in_scope(with_merged(session, scope), col(Certificate.area_code), col(Certificate.person_id))
    return session.exec(select(Certificate).where(Certificate.id == certificate_id, mine)).first()


def certificates_of(session: Session, person_id: str) -> list[Certificate]:
    """A person's certificates, the newest first; also those of the entries that were merged into theirs."""
    found = select(Certificate).where(col(Certificate.person_id).in_(entries_of(person_id)))
    return list(session.exec(found.order_by(col(Certificate.asked_at).desc()).limit(PAGE_ROWS)))


def certificates_asked(session: Session, area_code: str) -> list[tuple[Certificate, Person]]:
    """One page of the certificates that an area is asked for, with their persons; who waits longest comes first."""
    found = _with_persons(area_code, CertificateState.ASKED).order_by(col(Certificate.asked_at), Certificate.id)
    return list(session.exec(found.limit(PAGE_ROWS)))


def certificates_listed(session: Session, area_code: str, number: str = "") -> list[tuple[Certificate, Person]]:
    """One page of the certificates that an area issued, the newest first; those with `number` in theirs, if given."""
    found = _with_persons(area_code, CertificateState.LISTED)
    if number:
        found = found.where(col(Certificate.serial).contains(number, autoescape=True))
    newest = found.order_by(col(Certificate.listed_on).desc(), col(Certificate.serial).desc())
    return list(session.exec(newest.limit(PAGE_ROWS)))


def on_the_list(session: Session, area_code: str) -> list[tuple[Certificate, Person]]:
    """The publicity list of an area, all of it: what does not count yet, and until when somebody may object.

    Source: 民发〔2015〕149号.
    """
    found = _with_persons(area_code, CertificateState.LISTED).where(col(Certificate.counts_from_on) > clock.today())
    return list(session.exec(found.order_by(col(Certificate.counts_from_on), col(Certificate.serial))))


def _with_persons(area_code: str, state: CertificateState) -> "Select[Certificate, Person]":
    return (
        select(Certificate, Person)
        .where(in_area(col(Certificate.area_code), area_code), Certificate.state == state)
        .where(Person.id == Certificate.person_id)
    )


def is_as_issued(session: Session, certificate: Certificate) -> bool:
    """Whether a certificate still has the digest that was sealed when it was put on the list."""
    listed = first_said(session, "statements.list_certificate", certificate.id)
    return listed is not None and listed.detail.get("digest") == certificate.digest


def certificate_by_proof(session: Session, proof_code: str) -> Certificate | None:
    """The certificate that a QR points at."""
    return session.exec(select(Certificate).where(Certificate.proof_code == proof_code)).first()
