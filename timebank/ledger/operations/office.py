"""Entries of the office: two people and evidence, always."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col

from timebank.audit.operations import note
from timebank.core import clock
from timebank.core.actors import Actor
from timebank.core.errors import NotAllowed, NotFound, Refused
from timebank.core.text import T
from timebank.ledger import queries
from timebank.ledger.models import HourAccount, Reason, Transfer
from timebank.ledger.operations.accounts import open_account, post, two_people
from timebank.ledger.rules import Posting
from timebank.people.models import Person, PersonState
from timebank.policies.queries import in_force


def enter_opening(
    session: Session,
    *,
    actor: Actor,
    person: Person,
    minutes: int,
    event_at: datetime,
    second_user_id: str,
    evidence: str,
) -> Transfer:
    """Take over a balance from a paper register: two people and a page that can be looked up, always."""
    two_people(actor, second_user_id, evidence)
    account = open_account(session, actor=actor, person_id=person.id, area_code=person.area_code)
    policy = in_force(session, person.area_code, clock.today())
    taken_over = Posting(
        key=f"opening:{account.id}",
        debit_account_id=queries.pool_of(session, person.area_code).id,
        credit_account_id=account.id,
        minutes=minutes,
        reason=Reason.OPENING,
        source_id=account.id,
        event_at=event_at,
        policy_version=policy.version,
        area_code=person.area_code,
    )
    made = post(session, actor=actor, posting=taken_over)
    note(
        session,
        actor=actor,
        action="ledger.enter_opening",
        subject_id=made.id,
        second=second_user_id,
        evidence=evidence[:200],
    )
    return made


def adjust(
    session: Session,
    *,
    actor: Actor,
    account_id: str,
    minutes: int,
    why: str,
    second_user_id: str,
    evidence: str,
    key: str,
) -> Transfer:
    """Correct an account by an office entry: positive credits, negative debits; two people and evidence, always."""
    two_people(actor, second_user_id, evidence)
    account = session.get(HourAccount, account_id)
    if account is None or not actor.scope.holds_area(account.area_code):
        raise NotFound("ledger.no_such_account", T("There is no such account in your area."))
    if account.person_id == actor.person_id:
        raise NotAllowed("ledger.own_hours", T("Nobody enters hours for themselves."))
    pool = queries.pool_of(session, account.area_code)
    debit, credit = (pool.id, account.id) if minutes > 0 else (account.id, pool.id)
    correction = Posting(
        key=f"adjust:{key}",
        debit_account_id=debit,
        credit_account_id=credit,
        minutes=abs(minutes),
        reason=Reason.ADJUSTMENT,
        source_id=account.id,
        event_at=clock.now(),
        policy_version=in_force(session, account.area_code, clock.today()).version,
        area_code=account.area_code,
    )
    made = post(session, actor=actor, posting=correction)
    detail = {"second": second_user_id, "evidence": evidence[:200], "why": why[:200]}
    note(session, actor=actor, action="ledger.adjust", subject_id=made.id, area_code=account.area_code, **detail)
    return made


def settle_estate(
    session: Session, *, actor: Actor, person_id: str, heir_id: str | None, second_user_id: str
) -> Transfer | None:
    """Pass what a dead member left to an heir, or to the commons, and close the account."""
    person = session.get(Person, person_id)
    account = queries.account_of(session, person_id)
    if person is None or account is None or person.state != PersonState.DEAD:
        raise Refused("ledger.not_an_estate", T("First enter the death at the person's page."))
    two_people(actor, second_user_id, "estate")
    commons = queries.commons_of(session, account.area_code)
    heir = open_account(session, actor=actor, person_id=heir_id, area_code=account.area_code) if heir_id else commons
    left = queries.available_minutes(session, account.id)
    made = None
    if left:
        passed = Posting(
            key=f"estate:{account.id}",
            debit_account_id=account.id,
            credit_account_id=heir.id,
            minutes=left,
            reason=Reason.ESTATE,
            source_id=person_id,
            event_at=clock.now(),
            policy_version=in_force(session, account.area_code, clock.today()).version,
            area_code=account.area_code,
        )
        made = post(session, actor=actor, posting=passed)
    closed = sa.update(HourAccount).where(col(HourAccount.id) == account.id).values(closed_at=clock.now())
    session.connection().execute(closed)
    note(session, actor=actor, action="ledger.settle_estate", subject_id=account.id, second=second_user_id)
    return made
