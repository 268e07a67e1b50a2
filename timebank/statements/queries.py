"""Reading statements and what a month still waits for."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, or_, select

from timebank.areas.models import Area
from timebank.core import clock, months
from timebank.core.actors import Scope
from timebank.core.db import in_area, in_scope, table_of
from timebank.ledger.models import AccountKind, ClosedMonth, HourAccount, Transfer
from timebank.people.models import Person
from timebank.statements.models import MonthRun, Statement
from timebank.visits.models import Visit, VisitState

UNSETTLED = (VisitState.RUNNING, VisitState.DONE, VisitState.CONFIRMED)


def statement_for(session: Session, scope: Scope, statement_id: str) -> Statement | None:
    """The statement if the scope may see it."""
    mine = in_scope(scope, col(Statement.area_code), col(Statement.person_id))
    return session.exec(select(Statement).where(Statement.id == statement_id, mine)).first()


def statements_of(session: Session, scope: Scope, person_id: str) -> list[Statement]:
    """A person's statements, newest month first."""
    mine = in_scope(scope, col(Statement.area_code), col(Statement.person_id))
    found = select(Statement).where(Statement.person_id == person_id, mine)
    return list(session.exec(found.order_by(col(Statement.month).desc())))


def statements_of_area(session: Session, area_code: str, month: str) -> list[tuple[Statement, Person]]:
    """A month's statements of an area with their persons, in the order of the assistant's round (household codes)."""
    found = (
        select(Statement, Person)
        .where(in_area(col(Statement.area_code), area_code), Statement.month == month, Person.id == Statement.person_id)
        .order_by(Person.household_code, Person.id)
    )
    return [(statement, person) for statement, person in session.exec(found)]


def statement_by_proof(session: Session, proof_code: str) -> Statement | None:
    """The statement that a QR points at."""
    return session.exec(select(Statement).where(Statement.proof_code == proof_code)).first()


def is_closed(session: Session, month: str) -> bool:
    """Whether the statements of a month are out."""
    return session.get(ClosedMonth, month) is not None


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


@dataclass(frozen=True)
class MonthAccount:
    """An account of a month to be closed, and the member's household."""

    account: HourAccount
    person: Person


def accounts_to_close(session: Session, district_code: str) -> list[MonthAccount]:
    """Every member's and gift account of the district, in stable order."""
    found = (
        select(HourAccount, Person)
        .where(in_area(col(HourAccount.area_code), district_code), Person.id == HourAccount.person_id)
        .where(col(HourAccount.kind).in_([AccountKind.MEMBER, AccountKind.GIFT]))
        .order_by(HourAccount.id)
    )
    return [MonthAccount(account, person) for account, person in session.exec(found)]


def line_rows(session: Session, month: str) -> Iterator[Any]:
    """Every transfer of a book month with the visit's service and household, in the order in which things happened."""
    t, v = table_of(Transfer).c, table_of(Visit).c
    found = (
        sa.select(
            *(t.id, t.debit_account_id, t.credit_account_id, t.minutes, t.reason, t.event_at, t.policy_version),
            *(v.service, v.household_code),
        )
        .outerjoin(table_of(Visit), v.id == t.source_id)
        .where(t.book_month == month)
        .order_by(t.event_at, t.id)
    )
    yield from session.connection().execute(found)


def close_is_due(session: Session, close_day: int) -> str | None:
    """The month that should be closed by today, if it is not: the one before this month from the close day on."""
    today = clock.today()
    month = months.preceding(months.of_date(today))
    due = today.day >= close_day
    return month if due and not is_closed(session, month) else None


def earlier_open_month(session: Session, month: str) -> str | None:
    """A month before this one that has entries and is not closed; months are closed in order."""
    found = select(sa.func.min(Transfer.book_month)).where(
        Transfer.book_month < month, col(Transfer.book_month).not_in(select(ClosedMonth.month))
    )
    return session.exec(found).one()


def people_of(session: Session, statements: Iterable[Statement]) -> dict[str, Person]:
    """The persons of some statements, by id."""
    wanted = {statement.person_id for statement in statements}
    found = select(Person).where(or_(sa.false(), col(Person.id).in_(wanted)))
    return {person.id: person for person in session.exec(found)}


def issue_date(month: str, close_day: int) -> date:
    """The date printed on a month's sheets: the close day of the next month, whenever the close really ran."""
    return months.first_day(months.following(month)).replace(day=close_day)


def parts_with_sheets(session: Session, area_code: str, month: str) -> list[tuple[str, str, int]]:
    """The villages of an area that have statements of a month: code, name, number of sheets."""
    village = sa.func.substr(Statement.area_code, 1, 12)
    found = (
        select(Area.code, Area.name_zh, sa.func.count())
        .join(Statement, village == Area.code)
        .where(in_area(col(Statement.area_code), area_code), Statement.month == month)
        .group_by(Area.code, Area.name_zh)
        .order_by(Area.code)
    )
    return [(code, name, int(count)) for code, name, count in session.exec(found)]
