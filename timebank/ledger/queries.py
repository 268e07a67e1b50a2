"""Reading balances and lines: every figure on a screen comes from here, as does the statement's."""

from dataclasses import dataclass
from datetime import datetime
from typing import cast

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session, col, or_, select

from timebank.core import clock, months
from timebank.core.actors import Scope
from timebank.core.db import in_area, in_scope, table_of
from timebank.ledger.models import AccountKind, Hold, HoldState, HourAccount, Reason, SealedLeaf, Transfer
from timebank.ledger.proofs import consistency_of, latest_seal, newer_than, seal_before, sealing_of, seals
from timebank.people.entries import entries_of, with_merged
from timebank.people.models import Person, PersonState
from timebank.policies.queries import in_force

__all__ = ["consistency_of", "latest_seal", "seal_before", "sealing_of", "seals"]  # of ledger.proofs, read here too
_transfer, _reversal = table_of(Transfer).c, table_of(Transfer).alias("reversal").c


def account_of(session: Session, person_id: str, kind: AccountKind = AccountKind.MEMBER) -> HourAccount | None:
    """A person's account of a kind, if it was opened."""
    found = select(HourAccount).where(HourAccount.person_id == person_id, HourAccount.kind == kind)
    return session.exec(found.execution_options(populate_existing=True)).first()


def account_for(session: Session, scope: Scope, account_id: str) -> HourAccount | None:
    """The account if the scope may see it; also of an entry that was merged into one that it may see."""
    mine = in_scope(with_merged(session, scope), col(HourAccount.area_code), col(HourAccount.person_id))
    return session.exec(select(HourAccount).where(HourAccount.id == account_id, mine)).first()


def common_account(session: Session, area_code: str, kind: AccountKind) -> HourAccount | None:
    """The pool or the commons of an area's district; looked up once in a unit of work."""
    cached = session.info.setdefault("common_accounts", {})
    if (kind, area_code[:6]) not in cached:
        found = select(HourAccount).where(HourAccount.kind == kind, HourAccount.area_code == area_code[:6])
        account = session.exec(found).first()
        if account is None:
            return None
        cached[kind, area_code[:6]] = account
    return cast("HourAccount", cached[kind, area_code[:6]])


def pool_of(session: Session, area_code: str) -> HourAccount:
    """The pool of an area's district; it is opened when the district is."""
    found = common_account(session, area_code, AccountKind.POOL)
    assert found is not None, "open_common_accounts runs when a district is set up"
    return found


def commons_of(session: Session, area_code: str) -> HourAccount:
    """The commons of an area's district; it is opened when the district is."""
    found = common_account(session, area_code, AccountKind.COMMONS)
    assert found is not None, "open_common_accounts runs when a district is set up"
    return found


def balance_minutes(session: Session, account_id: str) -> int:
    """An account's minutes: one indexed read. Pool and commons: what was counted at the last seal and what is newer."""
    found = session.exec(
        select(HourAccount.kind, HourAccount.balance_minutes).where(HourAccount.id == account_id)
    ).one()
    return found[1] + (unsealed_minutes(session, account_id) if found[0] in AccountKind.common() else 0)


def unsealed_minutes(session: Session, account_id: str) -> int:
    """What moved on an account since the last seal: the rows that are not in the log yet.

    Whose rows they are is asked in the sum: as a condition it makes SQLite walk all that the account ever moved.
    """
    t = table_of(Transfer).c
    came, went = (t.credit_account_id == account_id, t.minutes), (t.debit_account_id == account_id, -t.minutes)
    sealed = sa.exists().where(table_of(SealedLeaf).c.row_id == t.id)
    found = sa.select(sa.func.coalesce(sa.func.sum(sa.case(came, went, else_=0)), 0)).where(
        t.id > newer_than(latest_seal(session), "trf"),
        ~sealed,
    )
    return int(session.connection().execute(found).scalar_one())


def replayed_minutes(session: Session, account_id: str) -> int:
    """An account's minutes added up from all its transfers."""
    came = select(sa.func.coalesce(sa.func.sum(Transfer.minutes), 0)).where(Transfer.credit_account_id == account_id)
    went = select(sa.func.coalesce(sa.func.sum(Transfer.minutes), 0)).where(Transfer.debit_account_id == account_id)
    return int(session.exec(came).one()) - int(session.exec(went).one())


def available_minutes(session: Session, account_id: str) -> int:
    """What can be drawn now: the balance less what is held."""
    found = session.exec(
        select(HourAccount.balance_minutes, HourAccount.held_minutes).where(HourAccount.id == account_id)
    ).one()
    return found[0] - found[1]


def stands() -> ColumnElement[bool]:
    """Whether a transfer of the statement was not taken back."""
    return ~sa.exists().where(_reversal.reverses_id == _transfer.id)


def sent_in_year(session: Session, person_id: str, year: int) -> int:
    """Minutes that somebody passed to kin in a calendar year, under whatever entry; reversals taken off."""
    mine = select(HourAccount.id).where(col(HourAccount.person_id).in_(entries_of(person_id)))
    start, end = months.starts_at(f"{year}-01"), months.starts_at(f"{year + 1}-01")
    found = select(sa.func.coalesce(sa.func.sum(Transfer.minutes), 0)).where(
        col(Transfer.debit_account_id).in_(mine),
        Transfer.reason == Reason.TRANSFER,
        Transfer.event_at >= start,
        Transfer.event_at < end,
        stands(),
    )
    return int(session.exec(found).one())


def gift_candidates(session: Session, area_code: str, month: str) -> list[Person]:
    """Elders who get the month's gift: disabled, or living alone and old enough on its first day (field guide §2.2).

    Who is in hospital or away on that day will be home again. Policy gift.age_alone is that of the elder's township.
    """
    first_on = months.first_day(month)
    found = select(Person).where(
        in_area(col(Person.area_code), area_code),
        col(Person.state).not_in((PersonState.MOVED, PersonState.DEAD, PersonState.MERGED)),
        col(Person.elder_since_on) <= first_on,
    )
    return [
        person
        for person in session.exec(found.order_by(Person.id))
        if "disabled" in person.tags
        or (
            "living_alone" in person.tags
            and months.age_on(person.born_on, first_on)
            >= in_force(session, person.area_code, first_on).number("gift.age_alone")
        )
    ]


def _gifts_after(month: str) -> sa.Subquery:
    """Minutes that later gifts brought, by account; a gift that was taken back brought none."""
    t = table_of(Transfer).c
    later = sa.select(t.credit_account_id, sa.func.sum(t.minutes).label("minutes"))
    later = later.where(t.reason == Reason.GIFT, t.source_id > month, stands())
    return later.group_by(t.credit_account_id).subquery()


def gift_rests(session: Session, area_code: str, month: str) -> list[tuple[HourAccount, int]]:
    """Gift accounts with minutes of a month or one before it that are neither used nor held, and how many.

    The oldest gift is used and held first, so what is left of old gifts is the balance less the gifts of later months
    and less what is held: hours that wait for help of November are not taken out of December's gift.
    """
    later = _gifts_after(month)
    found = (
        select(HourAccount, sa.func.coalesce(later.c.minutes, 0))
        .outerjoin(later, later.c.credit_account_id == HourAccount.id)
        .where(in_area(col(HourAccount.area_code), area_code), HourAccount.kind == AccountKind.GIFT)
        .where(HourAccount.balance_minutes > 0, col(HourAccount.closed_at).is_(None))
        .order_by(HourAccount.id)
        .execution_options(populate_existing=True)
    )
    rests = [(account, _rest(account, newer)) for account, newer in session.exec(found)]
    return [(account, rest) for account, rest in rests if rest > 0]


def gift_rest(session: Session, account: HourAccount, month: str) -> int:
    """What one gift account has left of the gifts up to a month, neither used nor held; below zero: nothing."""
    later = _gifts_after(month)
    newer = session.exec(select(later.c.minutes).where(later.c.credit_account_id == account.id)).first()
    return _rest(account, newer or 0)


def _rest(account: HourAccount, newer_minutes: int) -> int:
    return account.balance_minutes - int(newer_minutes) - account.held_minutes


def townships_with_accounts(session: Session, area_code: str) -> list[str]:
    """The townships of an area that have members' accounts; rules may differ from one to the next."""
    township = sa.func.substr(HourAccount.area_code, 1, 9)
    found = select(township).where(
        in_area(col(HourAccount.area_code), area_code), HourAccount.kind == AccountKind.MEMBER
    )
    return sorted(set(session.exec(found.distinct())))


def expiring(session: Session, area_code: str, month: str, account_id: str = "") -> list[tuple[HourAccount, int]]:
    """Members' accounts with minutes that the close of a month takes, and how many. What is held is left alone."""
    rests = [
        (account, min(minutes, account.balance_minutes - account.held_minutes))
        for account, minutes in too_old(session, area_code, month, account_id=account_id)
    ]
    return [(account, rest) for account, rest in rests if rest > 0]


def too_old(
    session: Session, area_code: str, month: str, *, account_id: str = "", booked_until: str = ""
) -> list[tuple[HourAccount, int]]:
    """Members' accounts with minutes that are unused and too old at the end of a month, and how many.

    Minutes are as old as the book month in which they came, and the oldest are used first. What was taken back was
    neither a credit nor a use. With `booked_until` only entries of the book months up to that one are looked at.
    Source: policy credit.expires_after_months of the account's township on the last day of the month; 0: never.
    """
    by_rule: dict[int, list[str]] = {}
    for township_code in townships_with_accounts(session, area_code):
        policy = in_force(session, township_code, months.last_day(month))
        by_rule.setdefault(policy.number("credit.expires_after_months"), []).append(township_code)
    found = [
        one
        for keeps, township_codes in sorted(by_rule.items())
        if keeps
        for one in _unused(session, township_codes, months.shifted(month, -keeps), account_id, booked_until)
    ]
    return sorted(found, key=lambda one: one[0].id)


def _unused(
    session: Session, township_codes: list[str], earned_until: str, account_id: str, booked_until: str
) -> list[tuple[HourAccount, int]]:
    moved = _credits_and_uses(booked_until).subquery()
    counts = sa.or_(moved.c.minutes < 0, moved.c.book_month <= earned_until)
    minutes = sa.func.sum(moved.c.minutes)
    left = sa.select(moved.c.account_id, minutes.label("minutes")).where(counts)
    left_of = left.group_by(moved.c.account_id).having(minutes > 0).subquery()
    found = (
        select(HourAccount, left_of.c.minutes)
        .join(left_of, left_of.c.account_id == HourAccount.id)
        .where(sa.func.substr(HourAccount.area_code, 1, 9).in_(township_codes), HourAccount.kind == AccountKind.MEMBER)
        .where(HourAccount.id == account_id if account_id else sa.true(), col(HourAccount.closed_at).is_(None))
        .execution_options(populate_existing=True)
    )
    return [(account, int(rest)) for account, rest in session.exec(found)]


def _credits_and_uses(booked_until: str = "") -> sa.CompoundSelect[tuple[str, str, int]]:
    """What came to each account and what it used, negative, by book month; what was taken back is neither."""
    t = _transfer
    counted = sa.and_(t.reason != Reason.REVERSAL, stands())
    came = sa.select(t.credit_account_id.label("account_id"), t.book_month.label("book_month"), t.minutes)
    used = sa.select(t.debit_account_id, t.book_month, -t.minutes)
    span = t.book_month <= booked_until if booked_until else sa.true()
    return sa.union_all(came.where(counted, span), used.where(counted, span))


def held_at_end_of(session: Session, month: str) -> dict[str, int]:
    """Minutes of each account that were held when a month ended, whenever it is asked.

    A request that was drawn in the books of that month was not held any more at its end, though it was drawn later.
    """
    end, t = months.ends_at(month), table_of(Transfer).c
    drawn = sa.exists().where(t.source_id == Hold.source_id, t.reason == Reason.REDEEM, t.book_month <= month)
    found = (
        select(Hold.account_id, sa.func.sum(Hold.minutes))
        .where(Hold.held_at < end, or_(Hold.state == HoldState.WAITING, col(Hold.ended_at) >= end), ~drawn)
        .group_by(col(Hold.account_id))
    )
    return {account_id: int(minutes) for account_id, minutes in session.exec(found)}


@dataclass(frozen=True)
class MonthFigures:
    """A month of an account: opening + came_in - went_out = closing, minutes."""

    account_id: str
    opening: int
    came_in: int
    went_out: int

    @property
    def closing(self) -> int:
        """Minutes at the end of the month."""
        return self.opening + self.came_in - self.went_out


def month_figures(session: Session, month: str, account_id: str | None = None) -> dict[str, MonthFigures]:
    """Opening, in, out of every account with any transfer up to a month, in one query over the book months."""
    t = table_of(Transfer).c
    earlier, within = t.book_month < month, t.book_month == month
    sides = []
    for column, came, went in ((t.credit_account_id, t.minutes, 0), (t.debit_account_id, 0, t.minutes)):
        part = sa.select(
            column.label("account_id"),
            sa.func.sum(sa.case((earlier, came - went), else_=0)).label("opening"),
            sa.func.sum(sa.case((within, came), else_=0)).label("came_in"),
            sa.func.sum(sa.case((within, went), else_=0)).label("went_out"),
        ).where(t.book_month <= month)
        sides.append(part.where(column == account_id).group_by(column) if account_id else part.group_by(column))
    both = sa.union_all(*sides).subquery()
    total = sa.select(
        both.c.account_id, sa.func.sum(both.c.opening), sa.func.sum(both.c.came_in), sa.func.sum(both.c.went_out)
    ).group_by(both.c.account_id)
    return {
        row[0]: MonthFigures(row[0], int(row[1]), int(row[2]), int(row[3]))
        for row in session.connection().execute(total)
    }


def transfers_of_source(session: Session, source_id: str) -> list[Transfer]:
    """What a visit, a request or a month moved, in the order in which it was written."""
    found = select(Transfer).where(Transfer.source_id == source_id)
    return list(session.exec(found.order_by(col(Transfer.recorded_at), col(Transfer.id))))


def estate_lines(session: Session, person_id: str, *, since: datetime) -> list[Transfer]:
    """The lines since an instant by which the hours of the dead were passed on, and that nobody has taken back.

    So was a gift that went back to the pool, for as long as its month lasts.
    """
    mine = select(HourAccount.id).where(HourAccount.person_id == person_id)
    sides = or_(col(Transfer.debit_account_id).in_(mine), col(Transfer.credit_account_id).in_(mine))
    gift = sa.and_(
        col(Transfer.reason) == Reason.GIFT_LAPSE,
        col(Transfer.source_id) == person_id,  # of one that lapsed with its month: the month
        col(Transfer.book_month) >= months.of_date(clock.today()),
    )
    passed_on = or_(col(Transfer.reason) == Reason.ESTATE, gift)
    found = select(Transfer).where(sides, passed_on, Transfer.recorded_at >= since)
    return list(session.exec(found.where(stands()).order_by(Transfer.id)))


def waiting_holds(session: Session, account_ids: list[str]) -> list[Hold]:
    """Holds of accounts that still wait, the next to expire first."""
    found = select(Hold).where(col(Hold.account_id).in_(account_ids), Hold.state == HoldState.WAITING)
    return list(session.exec(found.order_by(col(Hold.expires_at))))
