"""Drawing hours: held at the request, captured at the visit, free again otherwise."""

from collections.abc import Collection, Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from timebank.audit.operations import note
from timebank.core import clock, ids, months
from timebank.core.actors import Actor
from timebank.core.claims import claim
from timebank.core.crash import crash_point
from timebank.core.db import table_of
from timebank.core.errors import NotFound, Refused
from timebank.core.minutes import spoken
from timebank.core.text import T
from timebank.ledger import queries
from timebank.ledger.models import AccountKind, Hold, HoldState, HourAccount, Reason, Transfer
from timebank.ledger.operations.accounts import check_minutes, open_account, post, refuse_gone
from timebank.ledger.rules import Posting
from timebank.people.models import Person
from timebank.policies.queries import in_force


def hold(
    session: Session, *, actor: Actor, person_id: str, minutes: int, source_id: str, due_at: datetime | None = None
) -> Hold:
    """Set minutes aside for help that was asked for: the month's gift first, the rest from own hours.

    They are free again some hours after the help is due (policy redeem.hold_hours), or after now where no time is
    given. The same source holds once; what was freed or ran out is held again in the same rows, for help of a month
    that is over from what is left of its gifts alone. Where it is held on two accounts, the first hold stands for both.
    Refuses below the age for drawing, persons who have died or were merged, and what is not there.
    """
    check_minutes(minutes)
    known = list(session.exec(select(Hold).where(Hold.source_id == source_id).order_by(col(Hold.id))))
    in_force_still = [held for held in known if held.state in (HoldState.WAITING, HoldState.CAPTURED)]
    if in_force_still:
        return in_force_still[0]
    person = session.get_one(Person, person_id)
    refuse_gone(person)
    policy = in_force(session, person.area_code, clock.today())
    least_age = policy.number("redeem.min_age")
    if months.age_on(person.born_on, clock.today()) < least_age:
        raise Refused("ledger.too_young_to_draw", T("Hours can be drawn from the age of {age}.", age=least_age))
    session.flush()
    due_at = due_at or clock.now()
    until = max(clock.now(), due_at) + timedelta(hours=policy.number("redeem.hold_hours"))
    made = []
    for account_id, part in _set_aside(session, actor, person, minutes, months.month_of(due_at)):
        ended = next((held for held in known if held.account_id == account_id), None)
        made.append(_made(session, until, account_id, part, source_id, ended))
    session.flush()
    first = made[0]
    note(session, actor=actor, action="ledger.hold", subject_id=first.id, area_code=person.area_code, minutes=minutes)
    return first


def hold_for(session: Session, *, actor: Actor, person: Person, promised: Iterable[Hold]) -> None:
    """Hold once more, for the entry that is kept, what waited for help on accounts that were closed.

    What is not there is not held: whoever reviews that help will see it.
    """
    hours = timedelta(hours=in_force(session, person.area_code, clock.today()).number("redeem.hold_hours"))
    parts: dict[str, list[Hold]] = {}
    for held in promised:
        parts.setdefault(held.source_id, []).append(held)
    for source_id, holds in sorted(parts.items()):
        with suppress(Refused):
            minutes, due_at = sum(held.minutes for held in holds), holds[0].expires_at - hours
            hold(session, actor=actor, person_id=person.id, minutes=minutes, source_id=source_id, due_at=due_at)


def _set_aside(session: Session, actor: Actor, person: Person, minutes: int, month: str) -> list[tuple[str, int]]:
    """Set minutes aside on the gift, the rest on own hours: account ids with their parts. All of them, or none."""
    from_gift = _hold_gift(session, person, minutes, month)
    rest = minutes - (from_gift[1] if from_gift else 0)
    if not rest:
        return [from_gift] if from_gift else []
    own = open_account(session, actor=actor, person_id=person.id, area_code=person.area_code)
    if not _add_held(session, own.id, rest):
        if from_gift:  # whoever goes on after the refusal leaves nothing set aside
            _add_held(session, from_gift[0], -from_gift[1])
        short = rest - queries.available_minutes(session, own.id)
        text = T("{short} are missing; the pool may help out.", short=spoken(max(short, 1)))
        raise Refused("ledger.floor_reached", text, field="minutes")
    return [from_gift, (own.id, rest)] if from_gift else [(own.id, rest)]


def _hold_gift(session: Session, person: Person, minutes: int, month: str) -> tuple[str, int] | None:
    """Hold what gifts up to a month have of the minutes: (account id, minutes); None where they have nothing."""
    gift = queries.account_of(session, person.id, AccountKind.GIFT)
    if gift is None or gift.closed_at is not None:
        return None
    part = min(minutes, queries.gift_rest(session, gift, month))
    return (gift.id, part) if part > 0 and _add_held(session, gift.id, part) else None


def _made(session: Session, until: datetime, account_id: str, minutes: int, source_id: str, ended: Hold | None) -> Hold:
    """The hold of a request on an account from now on: one row, so that what is drawn names the request itself."""
    crash_point("ledger.between_holds")
    terms: dict[str, Any] = {"minutes": minutes, "held_at": clock.now(), "expires_at": until}
    if ended is None:
        made = Hold(id=ids.new_id("hld"), account_id=account_id, source_id=source_id, **terms)
        session.add(made)
        return made
    waits_again = terms | {"state": HoldState.WAITING, "ended_at": None}
    if not claim(session, Hold, ended.id, expected={"state": ended.state}, change=waits_again):
        raise Refused("ledger.hold_is_over", T("These held hours were used or freed already."))
    session.refresh(ended)
    return ended


def _add_held(session: Session, account_id: str, change: int) -> bool:
    c = table_of(HourAccount).c
    fits = sa.and_(c.held_minutes + change >= 0, c.balance_minutes - c.held_minutes - change >= c.floor_minutes)
    statement = sa.update(table_of(HourAccount)).where(c.id == account_id, c.closed_at.is_(None), fits)
    return session.connection().execute(statement.values(held_minutes=c.held_minutes + change)).rowcount == 1


def capture(session: Session, *, actor: Actor, hold_id: str, minutes: int, event_at: datetime) -> Transfer:
    """Draw held minutes for a visit that took place: at most what was held, the rest becomes free again.

    What was held on two accounts is drawn from the gift first; the first transfer is returned.
    """
    left = check_minutes(minutes)
    made = []
    for held in _waiting(session, hold_id):
        if not left:
            _end(session, held, HoldState.RELEASED)
            continue
        _end(session, held, HoldState.CAPTURED)
        crash_point("ledger.between_hold_and_draw")
        drawn = min(left, held.minutes)
        left -= drawn
        made.append(_draw(session, actor, held, drawn, event_at))
    return made[0]


def _draw(session: Session, actor: Actor, held: Hold, minutes: int, event_at: datetime) -> Transfer:
    account = session.get_one(HourAccount, held.account_id)
    drawn = Posting(
        key=f"redeem:{held.source_id}:{held.id[-12:]}",
        debit_account_id=account.id,
        credit_account_id=queries.pool_of(session, account.area_code).id,
        minutes=minutes,
        reason=Reason.REDEEM,
        source_id=held.source_id,
        event_at=event_at,
        policy_version=in_force(session, account.area_code, clock.local_date(event_at)).version,
        area_code=account.area_code,
    )
    return post(session, actor=actor, posting=drawn)


def release(session: Session, *, actor: Actor, hold_id: str, expired: bool = False) -> None:
    """Free held minutes: the visit was cancelled, or nobody came in time."""
    for held in _waiting(session, hold_id):
        _end(session, held, HoldState.EXPIRED if expired else HoldState.RELEASED)
    note(session, actor=actor, action="ledger.release", subject_id=hold_id, expired=expired)


def release_expired_holds(session: Session, *, actor: Actor, kept: Collection[str] = ()) -> int:
    """Free every request's hold whose time has passed, except those of sources to be kept; how many requests."""
    due = select(sa.func.min(Hold.id)).where(Hold.state == HoldState.WAITING, Hold.expires_at <= clock.now())
    held_ids = session.exec(due.where(col(Hold.source_id).not_in(kept)).group_by(col(Hold.source_id))).all()
    for hold_id in sorted(held_ids):
        release(session, actor=actor, hold_id=hold_id, expired=True)
    return len(held_ids)


def _waiting(session: Session, hold_id: str) -> list[Hold]:
    """All holds of a request that still wait, the gift first. Refuses a request whose hold was used or freed."""
    session.flush()
    source = select(Hold.source_id).where(Hold.id == hold_id)
    source_id = session.exec(source).first()
    if source_id is None:
        raise NotFound("ledger.no_such_hold", T("There are no hours held for this."))
    found = select(Hold).join(HourAccount, col(HourAccount.id) == Hold.account_id)
    found = found.where(Hold.source_id == source_id, Hold.state == HoldState.WAITING).order_by(col(HourAccount.kind))
    waiting = list(session.exec(found.execution_options(populate_existing=True)))
    if not waiting:
        raise Refused("ledger.hold_is_over", T("These held hours were used or freed already."))
    return waiting


def _end(session: Session, held: Hold, state: HoldState) -> None:
    """End one hold, once: of several who try, one goes on."""
    change = {"state": state, "ended_at": clock.now()}
    ended = claim(session, Hold, held.id, expected={"state": HoldState.WAITING}, change=change)
    if not ended or not _add_held(session, held.account_id, -held.minutes):
        raise Refused("ledger.hold_is_over", T("These held hours were used or freed already."))
    session.refresh(held)
