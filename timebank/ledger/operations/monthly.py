"""What a month brings and takes: gifts given and lapsed, old hours expired, limits as the rules in force set them."""

from collections.abc import Sequence
from datetime import timedelta

import sqlalchemy as sa
from sqlmodel import Session

from timebank.audit.operations import note
from timebank.core import clock, months
from timebank.core.actors import Actor
from timebank.core.db import in_area, table_of
from timebank.core.errors import Refused
from timebank.core.text import T
from timebank.ledger import books, queries
from timebank.ledger.models import AccountKind, ClosedMonth, HourAccount, Reason
from timebank.ledger.operations.accounts import open_account, post_batch
from timebank.ledger.posting import Outcome
from timebank.ledger.rules import Posting
from timebank.people.models import Person
from timebank.policies.queries import in_force


def give_gifts(session: Session, *, actor: Actor, area_code: str, month: str) -> list[Outcome]:
    """Give the month's minutes to disabled elders and to old ones living alone; sent again, gives nothing twice.

    What was left of the month before goes first. Refused for a month that has not begun or is closed, and as a whole
    when the pool would owe more than its fund backs.
    """
    month = months.parse_month(month)
    if month > months.of_date(clock.today()):
        raise Refused("ledger.month_not_begun", T("This month has not begun yet."), field="month")
    if session.get(ClosedMonth, month) is not None:
        raise Refused("ledger.month_closed", T("This month is closed. Choose one that is open."), field="month")
    lapse_gifts(session, actor=actor, area_code=area_code, month=months.preceding(month))
    elders = queries.gift_candidates(session, area_code, month)
    postings = [posting for elder in elders if (posting := _gift(session, actor, elder, month))]
    outcomes = post_batch(session, actor=actor, postings=postings)
    refused = next((outcome.refusal for outcome in outcomes if outcome.refusal), None)
    if refused is not None and refused.code == "ledger.fund_too_small":
        raise refused
    return outcomes


def _gift(session: Session, actor: Actor, elder: Person, month: str) -> Posting | None:
    policy = in_force(session, elder.area_code, months.first_day(month))
    minutes = policy.number("gift.monthly_minutes")
    if not minutes:
        return None
    account = open_account(session, actor=actor, person_id=elder.id, area_code=elder.area_code, kind=AccountKind.GIFT)
    return Posting(
        key=f"gift:{month}:{elder.id}",
        debit_account_id=queries.pool_of(session, elder.area_code).id,
        credit_account_id=account.id,
        minutes=minutes,
        reason=Reason.GIFT,
        source_id=month,
        event_at=months.starts_at(month),
        policy_version=policy.version,
        area_code=elder.area_code,
    )


def lapse_gifts(session: Session, *, actor: Actor, area_code: str, month: str) -> list[Outcome]:
    """Take back what of the gifts up to a month was not used, once that month is over. Gifts of later months stay."""
    rests = queries.gift_rests(session, area_code, months.parse_month(month))
    return _back_to_pool(session, actor, month, rests, reason=Reason.GIFT_LAPSE, key="lapse")


def expire_hours(session: Session, *, actor: Actor, area_code: str, month: str) -> list[Outcome]:
    """Take back members' minutes that stayed unused for too long (policy credit.expires_after_months; 0: never)."""
    month = months.parse_month(month)
    rests = queries.expiring(session, area_code, month)
    return _back_to_pool(session, actor, month, rests, reason=Reason.EXPIRY, key="expire")


def _back_to_pool(
    session: Session, actor: Actor, month: str, rests: Sequence[tuple[HourAccount, int]], *, reason: Reason, key: str
) -> list[Outcome]:
    """Move what is left of accounts to the pool at the last second of a month; each account once a month."""
    if month >= months.of_date(clock.today()):
        raise Refused("ledger.month_not_over", T("This month is not over yet."), field="month")
    known = books.known_keys(session, [f"{key}:{month}:{account.id}" for account, _ in rests])
    postings = [
        Posting(
            key=f"{key}:{month}:{account.id}",
            debit_account_id=account.id,
            credit_account_id=queries.pool_of(session, account.area_code).id,
            minutes=minutes,
            reason=reason,
            source_id=month,
            event_at=months.ends_at(month) - timedelta(seconds=1),
            policy_version=in_force(session, account.area_code, months.last_day(month)).version,
            area_code=account.area_code,
        )
        for account, minutes in rests
        if f"{key}:{month}:{account.id}" not in known  # what became free since goes with the next month
    ]
    return post_batch(session, actor=actor, postings=postings)


def apply_limits(session: Session, *, actor: Actor, district_code: str) -> int:
    """Set floors and caps of all accounts to the rules in force today; how many changed. To be called once a day.

    An account that is beyond a new limit keeps what it has: its limit is then where it stands.
    """
    changed = _apply_to_pool(session, district_code)
    table = table_of(HourAccount)
    c = table.c
    for township_code in queries.townships_with_accounts(session, district_code):
        policy = in_force(session, township_code, clock.today())
        floor, cap = policy.number("balance.floor_minutes"), policy.number("balance.cap_minutes")
        free = c.balance_minutes - c.held_minutes
        new_floor = sa.case((free < floor, free), else_=floor)
        new_cap = sa.case((c.balance_minutes > cap, c.balance_minutes), else_=cap)
        members = sa.update(table).where(in_area(c.area_code, township_code), c.kind == AccountKind.MEMBER)
        differ = members.where(sa.or_(c.floor_minutes != new_floor, c.ceiling_minutes != new_cap))
        changed += (
            session.connection().execute(differ.values(floor_minutes=new_floor, ceiling_minutes=new_cap)).rowcount
        )
    if changed:
        note(session, actor=actor, action="ledger.apply_limits", subject_id=district_code, changed=changed)
    return changed


def _apply_to_pool(session: Session, district_code: str) -> int:
    """Let the pool owe what its fund backs from today on, or what it owes already; 1 if its floor has changed.

    What it owes is counted while nobody posts: a floor above that, or above what the last seal counted, is none that
    the table takes, and would stop the next seal.
    """
    backed = in_force(session, district_code, clock.today()).number("pool.backed_minutes")
    pool = queries.common_account(session, district_code, AccountKind.POOL)
    if pool is None or pool.floor_minutes == -backed:
        return 0
    books.lock_books(session)
    c = table_of(HourAccount).c
    floor = min(-backed, queries.balance_minutes(session, pool.id))
    new_floor = sa.case((c.balance_minutes < floor, c.balance_minutes), else_=floor)
    differs = sa.update(table_of(HourAccount)).where(c.id == pool.id, c.floor_minutes != new_floor)
    return session.connection().execute(differs.values(floor_minutes=new_floor)).rowcount
