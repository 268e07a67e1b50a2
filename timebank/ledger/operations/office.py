"""Entries of the office: two people and evidence, always."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from timebank.audit.operations import note
from timebank.core import clock
from timebank.core.actors import Actor
from timebank.core.errors import NotAllowed, NotFound, Refused
from timebank.core.minutes import spoken
from timebank.core.text import T
from timebank.ledger import books, queries
from timebank.ledger.models import AccountKind, HourAccount, Reason, Transfer
from timebank.ledger.operations.accounts import check_minutes, open_account, post, refuse_gone, two_people
from timebank.ledger.operations.drawing import hold_for, release
from timebank.ledger.operations.giving import credit_up_to_cap, is_kin, post_once
from timebank.ledger.rules import Posting
from timebank.people import effects
from timebank.people.entries import entries_of, kept_entry
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
    key: str = "",
) -> Transfer:
    """Take over a balance from a paper register: two people and a page that can be looked up, always.

    A register is taken over once, under whatever entry its owner is registered. `key` names the entry: entered again
    after it was taken back, it is a new one.
    """
    two_people(actor, second_user_id, evidence)
    if actor.person_id == person.id:
        raise NotAllowed("ledger.own_hours", T("Nobody enters hours for themselves."))
    refuse_gone(person)
    account = open_account(session, actor=actor, person_id=person.id, area_code=person.area_code)
    policy = in_force(session, person.area_code, clock.today())
    taken_over = Posting(
        key=f"opening:{key or account.id}",
        debit_account_id=queries.pool_of(session, person.area_code).id,
        credit_account_id=account.id,
        minutes=minutes,
        reason=Reason.OPENING,
        source_id=account.id,
        event_at=event_at,
        policy_version=policy.version,
        area_code=person.area_code,
    )
    _refuse_second_opening(session, taken_over, person)
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


def _refuse_second_opening(session: Session, opening: Posting, person: Person) -> None:
    """Refuse while another balance that was taken over stands, here or at an entry that was joined to this one.

    It is asked under the account's lock: two cannot both pass.
    """
    books.account_states(session, {opening.credit_account_id: 0})
    mine = select(HourAccount.id).where(col(HourAccount.person_id).in_(entries_of(person.id)))
    other = select(Transfer.credit_account_id).where(
        col(Transfer.credit_account_id).in_(mine),
        Transfer.reason == Reason.OPENING,
        Transfer.key != opening.key,
        queries.stands(),
    )
    taken_over = session.exec(other).all()
    if opening.credit_account_id in taken_over:
        text = T("The paper register was taken over already. Take that entry back first.")
        raise Refused("ledger.opening_stands", text)
    if taken_over:
        text = T(
            "The paper register was taken over already, for an entry that was joined to this one. "
            "Put right what is missing by an adjustment."
        )
        raise Refused("ledger.opening_stands", text)


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
    event_at: datetime | None = None,
) -> Transfer:
    """Correct an account by an office entry: positive credits, negative debits; two people and evidence, always.

    `event_at` is when it really was, now if nothing is said; it is booked in a month that is open. Of an entry that was
    merged it is refused with the name of the one that is kept.
    """
    two_people(actor, second_user_id, evidence)
    account = session.get(HourAccount, account_id)
    if account is None or not actor.scope.holds_area(account.area_code):
        raise NotFound("ledger.no_such_account", T("There is no such account in your area."))
    if account.person_id == actor.person_id:
        raise NotAllowed("ledger.own_hours", T("Nobody enters hours for themselves."))
    if (person := session.get(Person, account.person_id)) and person.state == PersonState.MERGED:
        refuse_gone(person)
    pool = queries.pool_of(session, account.area_code)
    check_minutes(abs(minutes) if isinstance(minutes, int) else minutes)
    debit, credit = (pool.id, account.id) if minutes > 0 else (account.id, pool.id)
    correction = Posting(
        key=f"adjust:{key}",
        debit_account_id=debit,
        credit_account_id=credit,
        minutes=abs(minutes),
        reason=Reason.ADJUSTMENT,
        source_id=account.id,
        event_at=event_at or clock.now(),
        policy_version=in_force(session, account.area_code, clock.today()).version,
        area_code=account.area_code,
    )
    made = post_once(session, actor=actor, posting=correction)
    detail = {"second": second_user_id, "evidence": evidence[:200], "why": why[:200]}
    note(session, actor=actor, action="ledger.adjust", subject_id=made.id, area_code=account.area_code, **detail)
    return made


def settle_estate(
    session: Session, *, actor: Actor, person_id: str, heir_id: str | None, second_user_id: str
) -> Transfer | None:
    """Pass what a dead member left to an heir of the near kin, or to the commons, and close the accounts.

    Hours held for visits that will not take place are freed first; a gift goes back to the pool; what was drawn beyond
    zero is given by the commons, whoever is the heir. Refuses persons who live, heirs who are not kin or decide for
    themselves, one office worker alone, and while visits of theirs wait for their review.
    """
    person = session.get(Person, person_id)
    account = queries.account_of(session, person_id)
    if person is None or account is None or person.state != PersonState.DEAD:
        raise Refused("ledger.not_an_estate", T("First enter the death at the person's page."))
    refuse_while_visits_wait(session, person)
    two_people(actor, second_user_id, "estate")
    target = commons_id = queries.commons_of(session, account.area_code).id
    if heir_id:
        heir = _heir(session, actor, person_id, kept_entry(session, heir_id))
        target = open_account(session, actor=actor, person_id=heir.id, area_code=heir.area_code).id
    made = _wind_up(session, actor, person_id, heir_id=target, giver_id=commons_id, reason=Reason.ESTATE)
    note(session, actor=actor, action="ledger.settle_estate", subject_id=account.id, second=second_user_id)
    return made


def _heir(session: Session, actor: Actor, person_id: str, heir_id: str) -> Person:
    """The heir, where hours may go to them and they do not decide so themselves."""
    heir = session.get(Person, heir_id)
    if heir is None or not is_kin(session, person_id, heir_id):
        text = T("Hours go to spouse, parents, grandparents, children and grandchildren only.")
        raise Refused("ledger.not_kin", text, field="heir_id")
    if actor.person_id == heir_id:
        raise NotAllowed("ledger.own_hours", T("Nobody enters hours for themselves."))
    refuse_gone(heir)
    return heir


def end_gift(session: Session, *, actor: Actor, person: Person) -> None:
    """Give back what somebody who died had of a gift and close its account, where there are no hours of their own.

    Hours held out of it are freed first. Refuses persons who live, and while visits of theirs wait for their review.
    """
    if person.state != PersonState.DEAD or queries.account_of(session, person.id):
        raise Refused("ledger.not_an_estate", T("First enter the death at the person's page."))
    refuse_while_visits_wait(session, person)
    pool_id = queries.pool_of(session, person.area_code).id
    _wind_up(session, actor, person.id, heir_id=pool_id, giver_id=pool_id, reason=Reason.ESTATE)


def merge_accounts(session: Session, *, actor: Actor, person_id: str, second_user_id: str, evidence: str) -> None:
    """Move the hours of somebody who was registered twice to the entry that was kept, and close the other accounts.

    What was drawn beyond zero is moved as well: the kept entry has so much less. What waits for help to come is held
    on the kept entry's accounts.

    Refuses persons who were not merged, and one office worker alone.
    """
    two_people(actor, second_user_id, evidence)
    person = session.get(Person, person_id)
    if person is None or not actor.scope.holds_area(person.area_code):
        raise NotFound("ledger.no_such_person", T("There is no such person in your area."))
    if person.state != PersonState.MERGED or not person.merged_into_id:
        raise Refused("ledger.not_merged", T("First say at the person's page which entry is kept."), field="person_id")
    kept = session.get_one(Person, person.merged_into_id)
    target = open_account(session, actor=actor, person_id=kept.id, area_code=kept.area_code).id
    promised = queries.waiting_holds(session, _locked(session, person_id, target))
    _wind_up(session, actor, person_id, heir_id=target, giver_id=target, reason=Reason.ADJUSTMENT)
    hold_for(session, actor=actor, person=kept, promised=promised)
    note(session, actor=actor, action="ledger.merge_accounts", subject_id=person_id, second=second_user_id)


def refuse_while_visits_wait(session: Session, person: Person) -> None:
    """Refuse to close the books of the dead while what they did, or what was done for them, is not in them yet."""
    waiting = effects.unsettled_of(session, person)
    if waiting:
        text = T(
            "{count:# visit of this person waits for its review. Review it first.|"
            "# visits of this person wait for their review. Review them first.}",
            count=len(waiting),
        )
        raise Refused("ledger.visits_wait", text)


def _wind_up(
    session: Session, actor: Actor, person_id: str, *, heir_id: str, giver_id: str, reason: Reason
) -> Transfer | None:
    """Free what is held, bring member and gift account to zero, close them; the transfer of the member's own hours.

    What is left goes to one account (above an heir's cap to the commons), what is missing comes from another.
    """
    _locked(session, person_id, heir_id)
    found = select(HourAccount).where(HourAccount.person_id == person_id, col(HourAccount.closed_at).is_(None))
    found = found.execution_options(populate_existing=True)
    made = None
    for account in session.exec(found.order_by(HourAccount.kind.desc())).all():  # type: ignore[attr-defined]
        for held in queries.waiting_holds(session, [account.id]):
            release(session, actor=actor, hold_id=held.id)
        left = queries.available_minutes(session, account.id)
        gift = account.kind == AccountKind.GIFT
        if left:
            to = queries.pool_of(session, account.area_code).id if gift else heir_id
            moved = _bring_to_zero(session, actor, account, left, to_id=to, from_id=giver_id, reason=reason)
            made = made if gift else moved
        closed = sa.update(HourAccount).where(col(HourAccount.id) == account.id).values(closed_at=clock.now())
        session.connection().execute(closed)
        session.expire(account)
    return made


def _locked(session: Session, person_id: str, other_id: str) -> list[str]:
    """The accounts of somebody, kept from everybody else with the one that takes over, until the unit of work ends.

    Otherwise hours that come or are promised in this moment would stay behind on a closed account.
    """
    mine = list(session.exec(select(HourAccount.id).where(HourAccount.person_id == person_id)))
    session.flush()
    books.account_states(session, dict.fromkeys([*mine, other_id], 0))
    return mine


def _bring_to_zero(
    session: Session, actor: Actor, account: HourAccount, left: int, *, to_id: str, from_id: str, reason: Reason
) -> Transfer:
    debit, credit = (account.id, to_id) if left > 0 else (from_id, account.id)
    passed = Posting(
        key=_key_of_end(session, account, reason),
        debit_account_id=debit,
        credit_account_id=credit,
        minutes=abs(left),
        reason=Reason.GIFT_LAPSE if account.kind == AccountKind.GIFT else reason,
        source_id=account.person_id or "",
        event_at=clock.now(),
        policy_version=in_force(session, account.area_code, clock.today()).version,
        area_code=account.area_code,
    )
    try:
        return credit_up_to_cap(session, actor=actor, posting=passed)[0]
    except Refused as refusal:
        if left > 0 or refusal.code != "ledger.floor_reached":
            raise
        text = T(
            "{owed} were drawn beyond zero here, and who takes that over has not so much. "
            "First enter an adjustment of this size: for the dead themselves, or for the entry that is kept.",
            owed=spoken(-left),
        )
        raise Refused("ledger.owes_at_end", text) from refusal


def _key_of_end(session: Session, account: HourAccount, reason: Reason) -> str:
    """The name of the line that brings an account to zero: by its turn where that was done before.

    An account that was closed for a death entered by mistake is used again, and its owner dies one day.
    """
    key = f"{reason.value}:{account.id}"
    before = select(sa.func.count()).select_from(Transfer).where(Transfer.source_id == account.person_id)
    turn = session.exec(before.where(col(Transfer.key).contains(key))).one()
    return f"{key}:{turn}" if turn else key
