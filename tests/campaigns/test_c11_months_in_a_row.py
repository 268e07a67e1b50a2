"""C11: months closed one after the other: opening + in - out = closing, and every month begins where the last ended.

Size n: 24 months of 30 accounts, R: 120 (reliability.md: 24 / 120); at least the 12 of a passbook. In them: a month
without an entry, members without an entry, a member who dies, an entry that comes late, a close asked for twice.
"""

from datetime import date
from random import Random

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from tests import factories as make
from tests.campaigns.conftest import Scale
from tests.campaigns.ground import told
from tests.statements import books
from timebank.core import clock, db, months
from timebank.core.actors import SYSTEM
from timebank.core.errors import Refused
from timebank.ledger import operations as ledger
from timebank.ledger.models import HourAccount
from timebank.ledger.queries import account_of
from timebank.ledger.verify import verify
from timebank.people.models import Person, PersonState
from timebank.people.operations import change_state
from timebank.statements.models import MonthRun, Statement
from timebank.statements.operations import close_month
from timebank.statements.passbook_queries import months_of, standing_of

FIRST = "2024-11"
EMPTY, DEATH, LATE = 3, 5, 7  # which month has no entry; in which one somebody dies; for which one an entry comes late


def live(session: Session, random: Random, people: list[Person], index: int) -> None:
    """What happens in a month."""
    month = months.shifted(FIRST, index)
    if index == EMPTY:
        return
    alive = [person for person in people[:-1] if person.state == PersonState.ACTIVE]  # the last one never has an entry
    books.busy_month(session, random, alive, month, entries=12)
    if index == DEATH:
        with clock.frozen(clock.at_local(months.last_day(month), 22 * 60)):
            dead = session.get_one(Person, people[12].id)
            change_state(
                session, actor=SYSTEM, person_id=dead.id, state=PersonState.DEAD, since_on=months.last_day(month)
            )
            ledger.settle_estate(session, actor=SYSTEM, person_id=dead.id, heir_id=None, second_user_id="usr_second")
            people[12].state = dead.state


def close(session: Session, month: str) -> MonthRun:
    with clock.frozen(clock.at_local(months.first_day(months.following(month)), 4 * 24 * 60)):
        return close_month(session, actor=SYSTEM, district_code=make.DISTRICT, month=month)


def late_entry(session: Session, people: list[Person], month: str) -> str:
    """An hour of a month that is closed arrives in the next one; the key of its line."""
    visit = books.settled_visit(session, people[0], months.first_day(month))
    account = account_of(session, people[11].id)
    assert account is not None
    with clock.frozen(clock.at_local(months.first_day(months.following(month)), 10 * 24 * 60)):
        posting = books.earned(session, visit, account, minutes=45)
        ledger.post(session, actor=SYSTEM, posting=posting)
    return posting.key


def test_every_month_begins_where_the_last_one_ended(database: sa.Engine, chance: Random, scale: Scale) -> None:
    count = max(scale(24, 120), 12)
    with clock.frozen(clock.at_local(date(2024, 10, 1), 0)), db.transaction() as session:
        people = books.village(session, members=30, gifts=6)
    late_key = ""
    for index in range(count):
        month = months.shifted(FIRST, index)
        with db.transaction() as session:
            live(session, chance, people, index)
        with db.transaction() as session:
            run = close(session, month)
            assert run.statements == session.exec(select(sa.func.count()).select_from(_to_close())).one()
        if index == LATE:
            with db.transaction() as session:
                late_key = late_entry(session, people, month)
    last = months.shifted(FIRST, count - 1)
    with db.reading() as session:
        assert books.faults(session) == []
        assert verify(session).problems == []
        _assert_books_and_sheets_agree(session, people, last)
        _assert_late_line(session, late_key)
    for again in (FIRST, last):
        with pytest.raises(Refused, match="closed_already"), db.transaction() as session:
            close(session, again)
    told(f"C11 {database.dialect.name}", months=count, sheets=count * run.statements, difference_minutes=0)


def _to_close() -> sa.Subquery:
    return select(HourAccount.id).where(col(HourAccount.person_id).is_not(None)).subquery()


def _assert_books_and_sheets_agree(session: Session, people: list[Person], last: str) -> None:
    """The last sheet, the passbook of today and the rows replayed say the same to the minute."""
    sheets = select(Statement.account_id, Statement.closing_minutes).where(Statement.month == last)
    closing = dict(session.exec(sheets).all())
    balances = {key: minutes for key, minutes in books.replayed(session, last).items() if minutes}
    assert {key: minutes for key, minutes in closing.items() if minutes} == balances
    for person in people:
        account = account_of(session, person.id)
        assert account is not None
        pages = months_of(session, account, last)
        assert standing_of(session, person).balance == pages[0].closing == closing[account.id]
        for page in pages:
            sheet = session.exec(
                select(Statement).where(Statement.account_id == account.id, Statement.month == page.month)
            ).one()
            figures = (sheet.opening_minutes, sheet.in_minutes, sheet.out_minutes, sheet.closing_minutes)
            assert figures == (page.opening, page.came_in, page.went_out, page.closing)


def _assert_late_line(session: Session, key: str) -> None:
    """The late hour stands on the next month's sheet with its true date, marked as late, and on no other."""
    happened, booked = months.shifted(FIRST, LATE), months.shifted(FIRST, LATE + 1)
    lines = [
        (sheet.month, line)
        for sheet in session.exec(select(Statement).where(col(Statement.month).in_([happened, booked])))
        for line in sheet.lines
        if line["key"] == key
    ]
    assert [(month, line["on"][:7], line["late"], line["minutes"]) for month, line in lines] == [
        (booked, happened, True, 45)
    ]


def test_control_one_minute_more_on_one_sheet_is_caught(database: sa.Engine) -> None:
    """Must fail: a sheet whose closing was raised by a minute afterwards."""
    with clock.frozen(clock.at_local(date(2024, 10, 1), 0)), db.transaction() as session:
        people = books.village(session, members=3)
        books.busy_month(session, Random(1), people, FIRST, entries=5)
    with db.transaction() as session:
        close(session, FIRST)
        sheet = session.exec(select(Statement).order_by(Statement.serial)).first()
        assert sheet is not None
        sheet.closing_minutes += 1
        session.add(sheet)
    with db.reading() as session:
        assert len(books.faults(session)) == 3  # the sum, the lines, the digest
