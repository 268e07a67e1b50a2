"""Reading one member's passbook: the months of an account like a paper book, what waits, and the story of a line."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, or_, select

from timebank.auth.models import User
from timebank.core import clock, months
from timebank.core.actors import Scope
from timebank.core.db import in_scope
from timebank.core.minutes import round_down
from timebank.ledger.models import AccountKind, Dispute, EntryState, Hold, HourAccount, OfficeEntry, Reason, Transfer
from timebank.ledger.queries import account_of, expiring, month_figures, stands, waiting_holds
from timebank.ledger.served import served_minutes, went_over
from timebank.people.entries import entries_of, with_merged
from timebank.people.models import Person
from timebank.policies.queries import Policy, in_force
from timebank.statements.queries import is_closed
from timebank.statements.rules import Lot, remaining_lots
from timebank.visits.models import Review, Visit, VisitCarer
from timebank.visits.queries import UNSETTLED
from timebank.visits.rules import minutes_present

SHOWN_MONTHS = 12
_Row = tuple[Transfer, Visit | None, bool]


@dataclass(frozen=True)
class BookLine:
    """One line of the book: minutes positive when they came in, and the balance after it.

    What went above the cap came to the commons, not in: its line has no minutes of its own, and where that was taken
    back the opposite line stands in no book of a member.
    """

    transfer: Transfer
    minutes: int
    balance: int
    service: str
    household_code: str
    stands: bool


@dataclass(frozen=True)
class BookMonth:
    """One page of the book: opening + came_in - went_out = closing, minutes."""

    month: str
    opening: int
    came_in: int
    went_out: int
    lines: tuple[BookLine, ...]

    @property
    def closing(self) -> int:
        """Minutes at the end of the month."""
        return self.opening + self.came_in - self.went_out


@dataclass(frozen=True)
class WaitingHours:
    """A visit whose hours are not in the book yet, and what the rules would about credit for it."""

    visit: Visit
    minutes: int


@dataclass(frozen=True)
class Standing:
    """Where a member stands today, minutes: what they keep, what is held, what they gave and received in all."""

    own: HourAccount | None
    gift: HourAccount | None
    given: int
    received: int
    expiring: tuple[tuple[date, int], ...]

    @property
    def balance(self) -> int:
        """Own minutes."""
        return self.own.balance_minutes if self.own else 0

    @property
    def held(self) -> int:
        """Minutes set aside for help that was asked for, own and given."""
        return sum(account.held_minutes for account in (self.own, self.gift) if account)

    @property
    def gift_left(self) -> int:
        """What is left of this month's gift."""
        return self.gift.balance_minutes - self.gift.held_minutes if self.gift else 0

    @property
    def available(self) -> int:
        """What can be drawn now, own and given."""
        return (self.own.balance_minutes - self.own.held_minutes if self.own else 0) + self.gift_left


def standing_of(session: Session, person: Person) -> Standing:
    """Where a member stands today; every figure from the ledger's rows, as the statement's are."""
    own, gift = account_of(session, person.id), account_of(session, person.id, AccountKind.GIFT)
    policy = in_force(session, person.area_code, clock.today())
    return Standing(
        own=own,
        gift=gift,
        given=served_minutes(session, person.id),
        received=_drawn_minutes(session, person.id),
        expiring=tuple(_expiring(session, own, gift, policy)),
    )


def _drawn_minutes(session: Session, person_id: str) -> int:
    """Minutes that somebody drew in all, under each of their entries; what was taken back left out."""
    found = (
        select(sa.func.coalesce(sa.func.sum(Transfer.minutes), 0))
        .where(HourAccount.id == Transfer.debit_account_id, col(HourAccount.person_id).in_(entries_of(person_id)))
        .where(Transfer.reason == Reason.REDEEM, stands())
    )
    return int(session.exec(found).one())


def lots_of(session: Session, account: HourAccount) -> list[Lot]:
    """What is left of each credit of an account, the oldest first: the oldest minutes are used first."""
    found = (
        select(Transfer.book_month, Transfer.minutes)
        .where(Transfer.credit_account_id == account.id, Transfer.reason != Reason.REVERSAL)
        .where(stands())
        .order_by(col(Transfer.book_month), col(Transfer.event_at), col(Transfer.id))
    )
    credits = [Lot(months.first_day(month), minutes) for month, minutes in session.exec(found)]
    return remaining_lots(credits, account.balance_minutes)


def _expiring(
    session: Session, own: HourAccount | None, gift: HourAccount | None, policy: Policy
) -> Iterable[tuple[date, int]]:
    """What goes away unless it is used, with its last day: this month's gift, and hours older than policy lets be.

    Of own hours the first three closes that take something, each as the ledger itself would take it.
    """
    this_month = months.of_date(clock.today())
    if gift and gift.balance_minutes > gift.held_minutes:
        yield months.last_day(this_month), gift.balance_minutes - gift.held_minutes
    keeps = policy.number("credit.expires_after_months")
    if not own or not keeps:
        return
    before = months.preceding(this_month)
    next_close = this_month if is_closed(session, before) else before
    closes = sorted({max(next_close, months.shifted(months.of_date(lot.on), keeps)) for lot in lots_of(session, own)})
    gone = 0
    for month in closes[:3]:
        until_then = sum(minutes for _, minutes in expiring(session, own.area_code, month, own.id))
        if until_then > gone:
            yield months.last_day(month), until_then - gone
        gone = until_then


def months_of(session: Session, account: HourAccount, until: str) -> list[BookMonth]:
    """Twelve book months of an account up to `until`, the newest first, each with its lines and running balance."""
    first = months.shifted(until, 1 - SHOWN_MONTHS)
    figures = month_figures(session, first, account.id).get(account.id)
    opening = figures.opening if figures else 0
    by_month = _rows_by_month(session, account.id, first, until)
    pages = []
    for index in range(SHOWN_MONTHS):
        month = months.shifted(first, index)
        page = _page(month, opening, by_month.get(month, []), account.id)
        opening = page.closing
        pages.append(page)
    return pages[::-1]


def _rows_by_month(session: Session, account_id: str, first: str, until: str) -> dict[str, list[_Row]]:
    found = (
        select(Transfer, Visit, stands())
        .outerjoin(Visit, col(Visit.id) == Transfer.source_id)
        .where(or_(Transfer.debit_account_id == account_id, Transfer.credit_account_id == account_id))
        .where(Transfer.book_month >= first, Transfer.book_month <= until)
    )
    over = (
        select(Transfer, Visit, stands())
        .join(HourAccount, went_over())
        .outerjoin(Visit, col(Visit.id) == Transfer.source_id)
        .where(HourAccount.id == account_id, Transfer.book_month >= first, Transfer.book_month <= until)
    )
    rows = sorted((*session.exec(found), *session.exec(over)), key=lambda row: (row[0].event_at, row[0].id))
    by_month: dict[str, list[_Row]] = {}
    for transfer, visit, is_standing in rows:
        by_month.setdefault(transfer.book_month, []).append((transfer, visit, is_standing))
    return by_month


def _page(month: str, opening: int, rows: list[_Row], account_id: str) -> BookMonth:
    balance, lines = opening, []
    for transfer, visit, is_standing in rows:
        minutes = _moved(transfer, account_id)
        balance += minutes
        service, household = (visit.service, visit.household_code) if visit else ("", "")
        lines.append(BookLine(transfer, minutes, balance, service, household, is_standing))
    came_in = sum(line.minutes for line in lines if line.minutes > 0)
    return BookMonth(month, opening, came_in, opening + came_in - balance, tuple(lines))


def _moved(transfer: Transfer, account_id: str) -> int:
    """By how many minutes a line changes an account."""
    sides = {transfer.credit_account_id: transfer.minutes, transfer.debit_account_id: -transfer.minutes}
    return sides.get(account_id, 0)


def waiting_hours(session: Session, person: Person) -> list[WaitingHours]:
    """Visits at which a volunteer was and whose hours are on the way, the oldest first."""
    found = (
        select(Visit, VisitCarer)
        .where(VisitCarer.visit_id == Visit.id, VisitCarer.person_id == person.id)
        .where(col(Visit.state).in_(UNSETTLED), col(VisitCarer.checked_in_at).is_not(None))
        .order_by(col(Visit.due_on), col(Visit.id))
    )
    return [WaitingHours(visit, _about(session, visit, carer)) for visit, carer in session.exec(found)]


def _about(session: Session, visit: Visit, carer: VisitCarer) -> int:
    policy = in_force(session, visit.area_code, visit.due_on)
    present, _ = minutes_present(
        carer.checked_in_at,
        carer.checked_out_at,
        planned_minutes=visit.duration_minutes,
        tolerance_minutes=policy.number("earn.over_planned_minutes"),
    )
    counted = min(present, visit.duration_minutes) if carer.checked_out_at is None else present
    return round_down(counted, policy.number("earn.rounding_minutes"))


def holds_of(session: Session, standing: Standing) -> list[tuple[Hold, Visit | None]]:
    """What is set aside for help that was asked for, with the visit it waits for."""
    accounts = [account.id for account in (standing.own, standing.gift) if account]
    holds = waiting_holds(session, accounts)
    return [(hold, session.get(Visit, hold.source_id)) for hold in holds]


@dataclass(frozen=True)
class Story:
    """What there is to tell about one line: whose it is, the visit, who came, who reviewed and entered it."""

    transfer: Transfer
    account: HourAccount
    minutes: int
    policy: Policy
    visit: Visit | None
    elder: Person | None
    carers: tuple[Person, ...]
    review: Review | None
    reviewer_name: str
    entered_by: str
    disputes: tuple[Dispute, ...]
    taken_back: Transfer | None
    is_being_taken_back: bool


def line_for(session: Session, scope: Scope, transfer_id: str) -> Story | None:
    """The story of a line that the scope may see: of one's own account, or of an account of the office's area.

    A line of what somebody helped above the cap belongs to their account too.
    """
    mine = in_scope(with_merged(session, scope), col(HourAccount.area_code), col(HourAccount.person_id))
    found = (
        select(Transfer, HourAccount)
        .where(Transfer.id == transfer_id, mine, col(HourAccount.person_id).is_not(None))
        .where(
            or_(HourAccount.id == Transfer.debit_account_id, HourAccount.id == Transfer.credit_account_id, went_over())
        )
        .order_by(sa.case((col(HourAccount.id) == Transfer.credit_account_id, 0), else_=1))
    )
    row = session.exec(found).first()
    return _story(session, row[0], row[1]) if row else None


def _story(session: Session, transfer: Transfer, account: HourAccount) -> Story:
    visit = session.get(Visit, transfer.source_id)
    review = _review_of(session, visit)
    disputes = select(Dispute).where(Dispute.transfer_id == transfer.id, Dispute.account_id == account.id)
    return Story(
        transfer=transfer,
        account=account,
        minutes=_moved(transfer, account.id),
        policy=_rules_of(session, transfer, visit),
        visit=visit,
        elder=session.get(Person, visit.elder_id) if visit else None,
        carers=_carers_of(session, visit),
        review=review,
        reviewer_name=_login_name(session, review.reviewer_id) if review else "",
        entered_by=_login_name(session, transfer.recorded_by),
        disputes=tuple(session.exec(disputes.order_by(col(Dispute.raised_at), col(Dispute.level).desc()))),
        taken_back=session.exec(select(Transfer).where(Transfer.reverses_id == transfer.id)).first(),
        is_being_taken_back=session.exec(_proposal(transfer.id)).first() is not None,
    )


def _rules_of(session: Session, transfer: Transfer, visit: Visit | None) -> Policy:
    """The rules that decided a line: of its day and of the place of then, wherever its member lives now.

    What a visit counts goes by the rules where it was made; what is above the cap, by those of the day it was booked.
    """
    area_code = visit.area_code if visit and transfer.reason == Reason.EARN else transfer.area_code
    at = transfer.recorded_at if transfer.reason == Reason.OVERFLOW else transfer.event_at
    return in_force(session, area_code, clock.local_date(at))


def _proposal(transfer_id: str) -> Any:
    waits = (OfficeEntry.reverses_id == transfer_id, OfficeEntry.state == EntryState.WAITING)
    return select(OfficeEntry.id).where(*waits).limit(1)


def _review_of(session: Session, visit: Visit | None) -> Review | None:
    if visit is None:
        return None
    return session.exec(select(Review).where(Review.visit_id == visit.id).order_by(col(Review.at).desc())).first()


def _carers_of(session: Session, visit: Visit | None) -> tuple[Person, ...]:
    if visit is None:
        return ()
    came = (
        select(Person)
        .where(VisitCarer.person_id == Person.id, VisitCarer.visit_id == visit.id)
        .where(col(VisitCarer.checked_in_at).is_not(None))
        .order_by(Person.id)
    )
    return tuple(session.exec(came))


def _login_name(session: Session, user_id: str) -> str:
    user = session.get(User, user_id)
    return user.display_name if user else ""
