"""Drawing hours: held at the request, captured at the visit, free again otherwise."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, select

from timebank.audit.operations import note
from timebank.core import clock, ids, months
from timebank.core.actors import Actor
from timebank.core.db import table_of
from timebank.core.errors import Refused
from timebank.core.minutes import spoken
from timebank.core.text import T
from timebank.ledger import queries
from timebank.ledger.models import AccountKind, Hold, HoldState, HourAccount, Reason, Transfer
from timebank.ledger.operations.accounts import open_account, post
from timebank.ledger.rules import Posting
from timebank.people.models import Person
from timebank.policies.queries import in_force


def hold(session: Session, *, actor: Actor, person_id: str, minutes: int, source_id: str) -> Hold:
    """Set minutes aside for help that was asked for: gifts first, then own hours. The same source holds once.

    Refuses below the age for drawing, and what is not there.
    """
    known = session.exec(select(Hold).where(Hold.source_id == source_id)).first()
    if known:
        return known
    person = session.get_one(Person, person_id)
    policy = in_force(session, person.area_code, clock.today())
    least_age = policy.number("redeem.min_age")
    if months.age_on(person.born_on, clock.today()) < least_age:
        raise Refused("ledger.too_young_to_draw", T("Hours can be drawn from the age of {age}.", age=least_age))
    account = _account_that_can_hold(session, actor, person, minutes)
    held = Hold(
        id=ids.new_id("hld"),
        account_id=account.id,
        minutes=minutes,
        source_id=source_id,
        held_at=clock.now(),
        expires_at=clock.now() + timedelta(hours=policy.number("redeem.hold_hours")),
    )
    session.add(held)
    session.flush()
    note(session, actor=actor, action="ledger.hold", subject_id=held.id, area_code=person.area_code, minutes=minutes)
    return held


def _account_that_can_hold(session: Session, actor: Actor, person: Person, minutes: int) -> HourAccount:
    gift = queries.account_of(session, person.id, AccountKind.GIFT)
    own = open_account(session, actor=actor, person_id=person.id, area_code=person.area_code)
    for account in (gift, own):
        if account is not None and _add_held(session, account.id, minutes):
            return account
    short = minutes - queries.available_minutes(session, own.id)
    text = T("{short} are missing; the pool may help out.", short=spoken(max(short, 1)))
    raise Refused("ledger.floor_reached", text, field="minutes")


def _add_held(session: Session, account_id: str, change: int) -> bool:
    c = table_of(HourAccount).c
    fits = sa.and_(c.held_minutes + change >= 0, c.balance_minutes - c.held_minutes - change >= c.floor_minutes)
    statement = sa.update(table_of(HourAccount)).where(c.id == account_id, c.closed_at.is_(None), fits)
    return session.connection().execute(statement.values(held_minutes=c.held_minutes + change)).rowcount == 1


def capture(session: Session, *, actor: Actor, hold_id: str, minutes: int, event_at: datetime) -> Transfer:
    """Draw held minutes for a visit that took place: at most what was held, the rest becomes free again."""
    held = _end_hold(session, hold_id, HoldState.CAPTURED)
    account = session.get_one(HourAccount, held.account_id)
    drawn = Posting(
        key=f"redeem:{held.source_id}",
        debit_account_id=account.id,
        credit_account_id=queries.pool_of(session, account.area_code).id,
        minutes=min(minutes, held.minutes),
        reason=Reason.REDEEM,
        source_id=held.source_id,
        event_at=event_at,
        policy_version=in_force(session, account.area_code, clock.local_date(event_at)).version,
        area_code=account.area_code,
    )
    return post(session, actor=actor, posting=drawn)


def release(session: Session, *, actor: Actor, hold_id: str, expired: bool = False) -> None:
    """Free held minutes: the visit was cancelled, or nobody came in time."""
    held = _end_hold(session, hold_id, HoldState.EXPIRED if expired else HoldState.RELEASED)
    note(session, actor=actor, action="ledger.release", subject_id=held.id, expired=expired)


def release_expired_holds(session: Session, *, actor: Actor) -> int:
    """Free every hold whose time has passed; how many."""
    due = select(Hold.id).where(Hold.state == HoldState.WAITING, Hold.expires_at <= clock.now())
    held_ids = session.exec(due).all()
    for hold_id in held_ids:
        release(session, actor=actor, hold_id=hold_id, expired=True)
    return len(held_ids)


def _end_hold(session: Session, hold_id: str, state: HoldState) -> Hold:
    session.flush()
    table = table_of(Hold)
    ended = sa.update(table).where(table.c.id == hold_id, table.c.state == HoldState.WAITING)
    if session.connection().execute(ended.values(state=state)).rowcount != 1:
        raise Refused("ledger.hold_is_over", T("These held hours were used or freed already."))
    held = session.get_one(Hold, hold_id, populate_existing=True)
    if not _add_held(session, held.account_id, -held.minutes):
        raise Refused("ledger.hold_is_over", T("These held hours were used or freed already."))
    return held
