"""A village of members with months of entries, for tests of closes and sheets; and what must hold after each close."""

from collections.abc import Sequence
from datetime import date, timedelta
from random import Random

import sqlalchemy as sa
from sqlmodel import Session, col, select

from tests import factories as make
from timebank.areas.models import Area
from timebank.core import clock, crypto, ids, months
from timebank.core.actors import SYSTEM
from timebank.ledger import operations as ledger
from timebank.ledger.models import AccountKind, ClosedMonth, HourAccount, Reason, Transfer
from timebank.ledger.queries import account_of, pool_of
from timebank.ledger.rules import Posting
from timebank.people.models import Household, Person, RiskTier, Sex
from timebank.statements.models import MonthRun, Statement
from timebank.statements.rules import root_of, statement_digest
from timebank.visits.models import EvidenceGrade, Visit, VisitState


def village(session: Session, *, members: int, gifts: int = 0) -> list[Person]:
    """A district with so many members, each in a home of their own, the first `gifts` of them elders with a gift."""
    if session.get(Area, make.DISTRICT) is None:
        make.district(session=session)
    people = []
    for number in range(1, members + 1):
        code = f"{make.GROUP}-{number:04d}"
        sealed = crypto.vault().seal([29.26, 107.84])
        session.add(Household(code=code, area_code=make.GROUP, landmark="黄桷树下", place_sealed=sealed))
        is_elder = number <= gifts
        people.append(
            Person(
                id=ids.new_id("per"),
                household_code=code,
                area_code=make.GROUP,
                name=f"冉{number:04d}",
                sex=Sex.FEMALE,
                born_on=date(1940 if is_elder else 1965, 1, 1),
                tags=["disabled"] if is_elder else [],
                tier=RiskTier.GENERAL,
                elder_since_on=date(2020, 1, 1) if is_elder else None,
                volunteer_since_on=None if is_elder else date(2020, 1, 1),
                created_at=clock.now(),
            )
        )
    session.flush()
    session.add_all(people)
    session.flush()
    for person in people:
        ledger.open_account(session, actor=SYSTEM, person_id=person.id, area_code=person.area_code)
    return people


def settled_visit(session: Session, elder: Person, on: date, *, state: VisitState = VisitState.SETTLED) -> Visit:
    """A visit that took place on a day."""
    visit = make.visit(session=session, elder=elder, on=on)
    visit.state, visit.grade = state, EvidenceGrade.A
    session.add(visit)
    session.flush()
    return visit


def busy_month(session: Session, random: Random, people: Sequence[Person], month: str, *, entries: int) -> None:
    """Entries of a month: visits earned, hours given to the commons, and what a member draws, each on its day."""
    elders = [person for person in people if person.elder_since_on] or [people[0]]
    helpers = [person for person in people if person.volunteer_since_on] or list(people)
    with clock.frozen(clock.at_local(months.first_day(month), 9 * 60)):
        ledger.give_gifts(session, actor=SYSTEM, area_code=make.DISTRICT, month=month)
    postings = [_earned(session, random, random.choice(elders), random.choice(helpers), month) for _ in range(entries)]
    with clock.frozen(clock.at_local(months.last_day(month), 20 * 60)):
        outcomes = ledger.post_batch(session, actor=SYSTEM, postings=postings)
        assert all(outcome.transfer_id for outcome in outcomes)
        for person in random.sample(helpers, min(3, len(helpers))):
            account = account_of(session, person.id)
            if account and account.balance_minutes >= 15:
                key = ids.new_id("ent")
                ledger.donate(session, actor=SYSTEM, person_id=person.id, minutes=15, key=key)


def _earned(session: Session, random: Random, elder: Person, helper: Person, month: str) -> Posting:
    on = months.first_day(month) + timedelta(days=random.randrange(28))
    account = account_of(session, helper.id)
    assert account is not None
    return earned(session, settled_visit(session, elder, on), account, minutes=15 * random.randint(1, 8))


def earned(session: Session, visit: Visit, account: HourAccount, *, minutes: int) -> Posting:
    """What a visit credits."""
    return Posting(
        key=f"earn:{visit.id}:{account.person_id}",
        debit_account_id=pool_of(session, make.DISTRICT).id,
        credit_account_id=account.id,
        minutes=minutes,
        reason=Reason.EARN,
        source_id=visit.id,
        event_at=clock.at_local(visit.due_on, 9 * 60),
        policy_version="pol_defaults",
        area_code=visit.area_code,
    )


def bundle(session: Session, month: str) -> list[tuple[object, ...]]:
    """All that a month's sheets say, in order of serial."""
    found = select(Statement).where(Statement.month == month).order_by(Statement.serial)
    return [
        (
            *(row.serial, row.proof_code, row.account_id, row.kind, row.area_code, row.opening_minutes),
            *(row.in_minutes, row.out_minutes, row.closing_minutes, row.held_minutes, row.expiring_minutes),
            *(row.issued_on, row.digest, repr([{**line, "transfer": ""} for line in row.lines])),
        )
        for row in session.exec(found.execution_options(populate_existing=True))
    ]


def month_before_the_books(session: Session) -> str:
    """The month that counts as closed because the books began after it."""
    return session.exec(select(sa.func.min(ClosedMonth.month))).one()


def faults(session: Session) -> list[str]:
    """What is wrong with the closed months, in words: empty when all of it holds."""
    found = []
    runs = {run.month: run for run in session.exec(select(MonthRun))}
    closed = set(session.exec(select(ClosedMonth.month))) - {month_before_the_books(session)}
    if closed != set(runs):
        found.append(f"closed months {sorted(closed)}, but sheets for {sorted(runs)}")
    opening: dict[str, int] = {}
    for month in sorted(runs):
        rows = session.exec(select(Statement).where(Statement.month == month).order_by(Statement.serial)).all()
        found += _faults_of_month(rows, runs[month], opening)
        opening |= {row.account_id: row.closing_minutes for row in rows}
    stray = session.exec(select(Statement.month).where(col(Statement.month).not_in(list(runs)))).all()
    return found + [f"sheets of {month}, which is not closed" for month in set(stray)]


def _faults_of_month(rows: Sequence[Statement], run: MonthRun, opening: dict[str, int]) -> list[str]:
    found = []
    if len(rows) != run.statements or root_of([row.digest for row in rows]) != run.root:
        found.append(f"{run.month}: the root does not fit its {len(rows)} sheets")
    if [row.serial[-6:] for row in rows] != [f"{number:06d}" for number in range(1, len(rows) + 1)]:
        found.append(f"{run.month}: serials with gaps")
    for row in rows:
        moved = sum(line["minutes"] for line in row.lines)
        if row.opening_minutes + row.in_minutes - row.out_minutes != row.closing_minutes:
            found.append(f"{row.serial}: opening + in - out is not closing")
        if row.opening_minutes + moved != row.closing_minutes:
            found.append(f"{row.serial}: its lines do not lead to its closing")
        if row.opening_minutes != opening.get(row.account_id, 0):
            found.append(f"{row.serial}: opens with {row.opening_minutes}, the month before closed otherwise")
        if statement_digest(row) != row.digest:
            found.append(f"{row.serial}: was changed after the close")
    return found


def replayed(session: Session, until: str) -> dict[str, int]:
    """Balances of members and gifts from the rows of all book months up to one."""
    t = sa.orm.aliased(Transfer)
    signed = sa.case((col(t.credit_account_id) == HourAccount.id, t.minutes), else_=-col(t.minutes))
    found = (
        select(HourAccount.id, sa.func.sum(signed))
        .join(t, sa.or_(col(t.credit_account_id) == HourAccount.id, col(t.debit_account_id) == HourAccount.id))
        .where(col(HourAccount.kind).in_([AccountKind.MEMBER, AccountKind.GIFT]), t.book_month <= until)
        .group_by(HourAccount.id)
    )
    return {account_id: int(minutes) for account_id, minutes in session.exec(found)}
