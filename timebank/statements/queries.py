"""Reading statements and what a month still waits for."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, or_, select

from timebank.areas.models import Area
from timebank.core import clock, months
from timebank.core.actors import Scope
from timebank.core.db import in_area, in_scope, table_of
from timebank.ledger.merkle import BrokenLog, is_grown
from timebank.ledger.models import AccountKind, ClosedMonth, HourAccount, Seal, Transfer
from timebank.ledger.proofs import first_said
from timebank.ledger.queries import consistency_of
from timebank.people.entries import entries_of, with_merged
from timebank.people.models import Person
from timebank.people.queries import lived_elsewhere
from timebank.statements.models import MonthRun, Statement
from timebank.statements.rules import SheetProof, fits_digest, proof_of, proves
from timebank.visits.models import Visit
from timebank.visits.queries import UNSETTLED


def statement_for(session: Session, scope: Scope, statement_id: str) -> Statement | None:
    """The statement if the scope may see it."""
    mine = in_scope(with_merged(session, scope), col(Statement.area_code), col(Statement.person_id))
    return session.exec(select(Statement).where(Statement.id == statement_id, mine)).first()


def statements_of(session: Session, scope: Scope, person_id: str) -> list[Statement]:
    """A person's statements, newest month first; also those of the entries that were merged into theirs."""
    mine = in_scope(with_merged(session, scope), col(Statement.area_code), col(Statement.person_id))
    found = select(Statement).where(col(Statement.person_id).in_(entries_of(person_id)), mine)
    return list(session.exec(found.order_by(col(Statement.month).desc())))


def statements_of_area(session: Session, area_code: str, month: str) -> list[tuple[Statement, Person]]:
    """A month's statements of an area with their persons, in the order of the assistant's round (household codes)."""
    found = (
        select(Statement, Person)
        .where(in_area(col(Statement.area_code), area_code), Statement.month == month, Person.id == Statement.person_id)
        .order_by(col(Statement.household_code), Person.id)
    )
    return [(statement, person) for statement, person in session.exec(found)]


def is_worth_paper(statement: Statement) -> bool:
    """Whether a statement counts and has lines or a balance: the others are not printed unless asked for."""
    says_something = statement.lines or statement.closing_minutes or statement.held_minutes
    return bool(says_something) and statement.revoked_at is None


def statement_by_proof(session: Session, proof_code: str) -> Statement | None:
    """The statement that a QR points at."""
    return session.exec(select(Statement).where(Statement.proof_code == proof_code)).first()


def sheet_proof(session: Session, statement: Statement) -> SheetProof | None:
    """The proof that a statement, as it stands in the records now, is the one its month was closed with; else None.

    The digest is made again from what the row says, so an edited row has no proof; the root is the one that was sealed.
    """
    run = session.get(MonthRun, statement.month)
    digests = select(Statement.serial, Statement.digest).where(Statement.month == statement.month)
    of_month = session.exec(digests.order_by(Statement.serial)).all()
    close = first_said(session, "statements.close_month", statement.month)
    if run is None or close is None or close.detail.get("root") != run.root or not fits_digest(statement):
        return None
    index = next(place for place, (serial, _) in enumerate(of_month) if serial == statement.serial)
    proof = proof_of([digest for _, digest in of_month], index)
    return proof if proves(proof, statement.digest, run.root) else None


def sheet_state(session: Session, statement: Statement, proof: SheetProof | None) -> str:
    """What a sheet is worth to who scans it, its `sheet_proof` given: valid, revoked or broken (altered records).

    Its row alone neither revokes it nor makes it valid again: what was sealed when it was revoked does.
    """
    if first_said(session, "statements.revoke", statement.id):
        return "revoked"
    return "valid" if proof and not statement.revoked_at else "broken"


def run_of(session: Session, month: str) -> MonthRun | None:
    """How a month was closed, if it is."""
    return session.get(MonthRun, month)


def seal_of_month(session: Session, month: str) -> Seal | None:
    """The seal of the ledger that was made when a month was closed."""
    run = session.get(MonthRun, month)
    return session.get(Seal, run.seal_id) if run and run.seal_id is not None else None


@dataclass(frozen=True)
class Growth:
    """The proof that the ledger under a month's seal begins with the ledger under an earlier month's (RFC 9162)."""

    since: str
    earlier: Seal
    path: tuple[str, ...]
    is_grown: bool


def growth_of(session: Session, month: str) -> Growth | None:
    """How the ledger grew from the last closed month before to this one; None where either has no seal."""
    before = select(MonthRun).where(MonthRun.month < month, col(MonthRun.seal_id).is_not(None))
    run = session.exec(before.order_by(col(MonthRun.month).desc()).limit(1)).first()
    later = seal_of_month(session, month)
    if run is None or later is None:
        return None
    earlier = session.get_one(Seal, run.seal_id)
    try:
        path = consistency_of(session, earlier, later)
    except BrokenLog:
        return Growth(run.month, earlier, (), is_grown=False)
    sound = is_grown(earlier.tree_size, later.tree_size, earlier.root, later.root, path)
    return Growth(run.month, earlier, tuple(path), is_grown=sound)


def is_closed(session: Session, month: str) -> bool:
    """Whether nothing is booked in a month any more: its statements are out, or the books began or went on after it.

    A month in which nothing happened may be passed over; it is not closed behind the months that follow.
    """
    return month < _open_from(session)


def month_runs(session: Session) -> list[MonthRun]:
    """Every closed month, newest first."""
    return list(session.exec(select(MonthRun).order_by(col(MonthRun.month).desc())))


def unsettled_visits(session: Session, area_code: str, month: str) -> list[Visit]:
    """Visits of a month, or of one before it, whose hours are neither in the ledger nor refused; oldest first."""
    found = select(Visit).where(
        in_area(col(Visit.area_code), area_code),
        Visit.due_on <= months.last_day(month),
        col(Visit.state).in_(UNSETTLED),
    )
    return list(session.exec(found.order_by(col(Visit.due_on), col(Visit.id))))


class MonthAccount(NamedTuple):
    """An account of a month to be closed, and where its owner lived when the month ended."""

    account_id: str
    kind: AccountKind
    floor_minutes: int | None
    person_id: str
    area_code: str
    household_code: str


def accounts_to_close(session: Session, district_code: str, month: str) -> Iterator[MonthAccount]:
    """Every member's and gift account of the district, in stable order.

    Who moved after the last day of the month stands with the village of that month; the next one goes with the person.
    """
    lived = lived_elsewhere(session, months.last_day(month))
    a, p = table_of(HourAccount).c, table_of(Person).c
    found = (
        sa.select(a.id, a.kind, a.floor_minutes, p.id, p.area_code, p.household_code)
        .where(in_area(a.area_code, district_code), p.id == a.person_id)
        .where(a.kind.in_([AccountKind.MEMBER, AccountKind.GIFT]))
        .order_by(a.id)
    )
    for row in session.connection().execute(found):
        account_id, kind, floor_minutes, person_id, *home = row
        yield MonthAccount(account_id, kind, floor_minutes, person_id, *lived.get(person_id, home))


def line_rows(session: Session, month: str) -> Iterator[Any]:
    """Every transfer of a book month with the visit's service and household, in the order in which things happened."""
    t, v = table_of(Transfer).c, table_of(Visit).c
    found = (
        sa.select(
            *(t.id, t.key, t.debit_account_id, t.credit_account_id, t.minutes, t.reason, t.event_at, t.policy_version),
            *(v.service, v.household_code),
        )
        .outerjoin(table_of(Visit), v.id == t.source_id)
        .where(t.book_month == month)
        .order_by(t.event_at, t.id)
    )
    yield from session.connection().execute(found)


def close_is_due(session: Session, close_day: int) -> str | None:
    """The earliest month that should be closed by today and is not: the one before this month from the close day on.

    After a machine was down for months, each of them is due in turn. Nothing is due before the first entry.
    """
    today = clock.today()
    last_due = months.shifted(months.of_date(today), -1 if today.day >= close_day else -2)
    first_entry = session.exec(select(sa.func.min(Transfer.book_month))).one()
    if first_entry is None:
        return None
    month: str = max(first_entry, _open_from(session))
    return month if month <= last_due else None


def earlier_open_month(session: Session, month: str) -> str | None:
    """A month before this one that has entries and is not closed; months are closed in order."""
    still_open = Transfer.book_month >= _open_from(session)
    return session.exec(select(sa.func.min(Transfer.book_month)).where(Transfer.book_month < month, still_open)).one()


def _open_from(session: Session) -> str:
    """The first month that takes entries. Whoever only reads does not wait for a close that is running."""
    return session.exec(select(sa.func.max(ClosedMonth.next_month))).one() or ""


def people_of(session: Session, statements: Iterable[Statement]) -> dict[str, Person]:
    """The persons of some statements, by id."""
    wanted = {statement.person_id for statement in statements}
    found = select(Person).where(or_(sa.false(), col(Person.id).in_(wanted)))
    return {person.id: person for person in session.exec(found)}


def parts_with_sheets(session: Session, area_code: str, month: str, *, digits: int) -> list[tuple[str, int]]:
    """The parts of an area that have statements of a month, and how many: townships (9 digits) or villages (12)."""
    part = sa.func.substr(Statement.area_code, 1, digits)
    found = (
        select(Area.code, sa.func.count())
        .join(Statement, part == Area.code)
        .where(in_area(col(Statement.area_code), area_code), Statement.month == month)
        .group_by(Area.code)
        .order_by(Area.code)
    )
    return [(code, int(count)) for code, count in session.exec(found)]
