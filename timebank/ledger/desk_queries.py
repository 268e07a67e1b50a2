"""Reading what the office decides about single lines: disputes, and entries that need a second person."""

from sqlmodel import Session, col, select

from timebank.core.actors import Role, Scope
from timebank.core.db import in_area
from timebank.core.limits import PAGE_ROWS
from timebank.ledger.models import Dispute, EntryState, HourAccount, OfficeEntry, Transfer
from timebank.people.models import Kinship, Person


def open_disputes(session: Session, scope: Scope, role: Role) -> list[tuple[Dispute, Transfer, Person]]:
    """Disputes that wait for an answer of this office, the oldest first; the bureau also sees the townships'."""
    found = (
        select(Dispute, Transfer, Person)
        .where(in_area(col(Dispute.area_code), scope.area_code), col(Dispute.answered_at).is_(None))
        .where(Transfer.id == Dispute.transfer_id, HourAccount.id == Dispute.account_id)
        .where(Person.id == HourAccount.person_id)
    )
    if role == Role.SUPERVISOR:
        found = found.where(Dispute.level == "township")
    rows = session.exec(found.order_by(col(Dispute.raised_at)).limit(PAGE_ROWS))
    return [(dispute, transfer, person) for dispute, transfer, person in rows]


def entries_in(
    session: Session, scope: Scope, *, state: EntryState, unchecked: bool = False
) -> list[tuple[OfficeEntry, Person]]:
    """One page of office entries of an area in a state with whose account they concern, the oldest first."""
    found = (
        select(OfficeEntry, Person)
        .where(in_area(col(OfficeEntry.area_code), scope.area_code), OfficeEntry.state == state)
        .where(HourAccount.id == OfficeEntry.account_id, Person.id == HourAccount.person_id)
    )
    if unchecked:
        found = found.where(col(OfficeEntry.checked_at).is_(None))
    rows = session.exec(found.order_by(col(OfficeEntry.proposed_at)).limit(PAGE_ROWS))
    return [(entry, person) for entry, person in rows]


def asked_for(session: Session, account_id: str) -> list[OfficeEntry]:
    """Entries of one account that wait for a second person, the oldest first."""
    found = select(OfficeEntry).where(OfficeEntry.account_id == account_id, OfficeEntry.state == EntryState.WAITING)
    return list(session.exec(found.order_by(col(OfficeEntry.proposed_at))))


def kin_of(session: Session, person_id: str) -> list[tuple[Person, str]]:
    """A person's kin with their relation, by name."""
    found = (
        select(Person, Kinship.relation)
        .where(Kinship.person_id == person_id, Person.id == Kinship.kin_id)
        .order_by(Person.name)
    )
    return [(kin, relation) for kin, relation in session.exec(found)]
