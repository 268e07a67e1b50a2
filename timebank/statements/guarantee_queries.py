"""What the scheme owes and what stands behind it, from the same rows as the statements (field guide §0.2, §1.1 b).

"Easy to save, hard to draw" is how schemes fail: hours owed by age, township and year stand beside the fund that backs
them and beside what volunteers give and elders draw in a year. Hours saved and hours given to elders in hardship are
drawn on different grounds, so that each is counted and projected on its own.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from timebank.core import clock, months
from timebank.core.db import in_area
from timebank.ledger.models import AccountKind, HourAccount, Reason, Transfer
from timebank.ledger.queries import common_account, replayed_minutes, stands
from timebank.ledger.served import served_in
from timebank.people.models import Person
from timebank.policies.queries import Policy, in_force
from timebank.statements.rules import BANDS, Cohort, Projection, band_of, project

PROJECTED_YEARS = 10


@dataclass(frozen=True)
class Owed:
    """Minutes owed to members of one township, age band (at today) and year in which they entered the book."""

    township_code: str
    band: str
    year: str
    minutes: int


@dataclass(frozen=True)
class Guarantee:
    """The whole picture of an area. `commons` and `backed` are the district's and None for a part of it."""

    area_code: str
    on: date
    owed: tuple[Owed, ...]
    overdrawn: int  # what members drew beyond zero, where policy lets them: they owe it
    held: int
    commons: int | None
    pool_owes: int | None
    backed: int | None
    given_last_year: int
    drawn_last_year: int  # of members' own hours
    gifts_used_last_year: int
    draw_percent: int
    projection: tuple[Projection, ...]

    @property
    def in_books(self) -> int:
        """What the pool owes by the books: to members and for elders in hardship, less what was drawn beyond zero."""
        return self.to_members + (self.commons or 0) - self.overdrawn

    @property
    def to_members(self) -> int:
        """Minutes owed to members and gift accounts."""
        return sum(row.minutes for row in self.owed)

    def by(self, name: str) -> dict[str, int]:
        """Minutes owed by `township_code`, `band` or `year`."""
        sums: dict[str, int] = defaultdict(int)
        for row in self.owed:
            sums[getattr(row, name)] += row.minutes
        order = BANDS if name == "band" else sorted(sums)
        return {key: sums[key] for key in order if key in sums}


def guarantee_of(session: Session, area_code: str) -> Guarantee:
    """The guarantee of a district or a part of it, today."""
    today = clock.today()
    policy = in_force(session, area_code[:6], today)
    a_year_ago = months.shifted(months.of_date(today), -12)
    drawn = _drawn_since(session, area_code, a_year_ago)
    own, gifts = drawn.get(AccountKind.MEMBER, 0), drawn.get(AccountKind.GIFT, 0)
    cohorts = _cohorts(session, area_code, today)
    percent = draw_percent(cohorts, own, policy)
    whole = len(area_code) <= 6
    pool, commons = (common_account(session, area_code, kind) for kind in (AccountKind.POOL, AccountKind.COMMONS))
    return Guarantee(
        area_code=area_code,
        on=today,
        owed=tuple(hours_owed(session, area_code, today)),
        overdrawn=_overdrawn(session, area_code),
        held=_held(session, area_code),
        commons=replayed_minutes(session, commons.id) if whole and commons else None,
        pool_owes=-replayed_minutes(session, pool.id) if whole and pool else None,
        backed=policy.number("pool.backed_minutes") if whole else None,
        given_last_year=served_in(session, area_code, a_year_ago),
        drawn_last_year=own,
        gifts_used_last_year=gifts,
        draw_percent=percent,
        projection=tuple(
            project(
                cohorts,
                draw_age=policy.number("redeem.min_age"),
                percent=percent,
                gifts=gifts,
                first_year=today.year + 1,
                years=PROJECTED_YEARS,
            )
        ),
    )


def hours_owed(session: Session, area_code: str, today: date) -> Iterable[Owed]:
    """Balances of members and gifts by township, age band and the year they entered the book, oldest used first.

    What is left of an account are its newest credits that add up to its balance: one query over all accounts.
    """
    lots = _lots(area_code).subquery()
    township = sa.func.substr(lots.c.area_code, 1, 9)
    found = sa.select(township, lots.c.born_on, lots.c.year, sa.func.sum(lots.c.left_minutes)).where(
        lots.c.left_minutes > 0
    )
    sums: dict[tuple[str, str, str], int] = defaultdict(int)
    rows = session.connection().execute(found.group_by(township, lots.c.born_on, lots.c.year))
    for code, born_on, year, minutes in rows:
        sums[code, band_of(months.age_on(born_on, today)), year] += int(minutes)
    return [Owed(*key, minutes) for key, minutes in sorted(sums.items())]


def _lots(area_code: str) -> sa.Select[tuple[object, ...]]:
    """Every credit of the area's accounts with what is left of it; reversed credits and reversals are no credits."""
    newest_first: list[Any] = [col(c).desc() for c in (Transfer.book_month, Transfer.event_at, Transfer.id)]
    up_to = sa.func.sum(Transfer.minutes).over(  # minutes of this and of all newer credits
        partition_by=col(Transfer.credit_account_id), order_by=newest_first
    )
    uncovered = HourAccount.balance_minutes - (up_to - Transfer.minutes)
    left = sa.case((uncovered >= Transfer.minutes, Transfer.minutes), else_=uncovered)
    return (
        sa.select(
            col(HourAccount.area_code).label("area_code"),
            col(Person.born_on).label("born_on"),
            sa.func.substr(Transfer.book_month, 1, 4).label("year"),
            left.label("left_minutes"),
        )
        .where(col(Transfer.credit_account_id) == HourAccount.id, col(Person.id) == HourAccount.person_id)
        .where(in_area(col(HourAccount.area_code), area_code), col(HourAccount.balance_minutes) > 0)
        .where(col(Transfer.reason) != Reason.REVERSAL, stands())
    )


def _overdrawn(session: Session, area_code: str) -> int:
    drawn = select(sa.func.coalesce(sa.func.sum(-col(HourAccount.balance_minutes)), 0))
    mine = in_area(col(HourAccount.area_code), area_code), col(HourAccount.person_id).is_not(None)
    return int(session.exec(drawn.where(*mine, HourAccount.balance_minutes < 0)).one())


def _held(session: Session, area_code: str) -> int:
    held = select(sa.func.coalesce(sa.func.sum(HourAccount.held_minutes), 0))
    return int(session.exec(held.where(in_area(col(HourAccount.area_code), area_code))).one())


def _cohorts(session: Session, area_code: str, today: date) -> list[Cohort]:
    """What members saved, by full years of age; a month's gift is gone before the next year."""
    found = (
        select(col(Person.born_on), sa.func.sum(HourAccount.balance_minutes))
        .where(Person.id == HourAccount.person_id, in_area(col(HourAccount.area_code), area_code))
        .where(HourAccount.kind == AccountKind.MEMBER, HourAccount.balance_minutes > 0)
        .group_by(col(Person.born_on))
    )
    by_age: dict[int, int] = defaultdict(int)
    for born_on, minutes in session.exec(found):
        by_age[months.age_on(born_on, today)] += int(minutes)
    return [Cohort(age, minutes) for age, minutes in sorted(by_age.items())]


def draw_percent(cohorts: list[Cohort], drawn_last_year: int, policy: Policy) -> int:
    """Percent of their hours that people of drawing age draw a year: as seen, never below pool.draw_percent."""
    may_draw = sum(cohort.minutes for cohort in cohorts if cohort.age >= policy.number("redeem.min_age"))
    seen = min(100, -(-100 * drawn_last_year // (may_draw + drawn_last_year))) if drawn_last_year else 0
    return max(seen, policy.number("pool.draw_percent"))


def _drawn_since(session: Session, area_code: str, after_month: str) -> dict[AccountKind, int]:
    """Minutes drawn in the book months after one, reversals taken off, by the kind of account they came from."""
    found = (
        select(HourAccount.kind, sa.func.sum(Transfer.minutes))
        .where(col(Transfer.debit_account_id) == HourAccount.id, in_area(col(HourAccount.area_code), area_code))
        .where(Transfer.reason == Reason.REDEEM, Transfer.book_month > after_month, stands())
        .group_by(HourAccount.kind)
    )
    return {AccountKind(kind): int(minutes) for kind, minutes in session.exec(found)}
