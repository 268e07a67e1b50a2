"""Hours that come in and are passed on: earned by visits and in groups, donated, passed to kin."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session, col, select

from timebank.audit.operations import note
from timebank.core import clock, ids, months
from timebank.core.actors import Actor
from timebank.core.errors import BadInput, NotAllowed, Refused
from timebank.core.minutes import spoken
from timebank.core.text import T
from timebank.ledger import books, queries
from timebank.ledger.models import Reason, Transfer
from timebank.ledger.operations.accounts import open_account, own_account, post, refuse_gone
from timebank.ledger.rules import Posting, split_at_cap
from timebank.people.entries import kept_entry
from timebank.people.models import Kinship, Person, PersonState
from timebank.people.queries import death_of, people_by_id
from timebank.policies.queries import Policy, in_force

KIN_WHO_MAY_RECEIVE = frozenset({"spouse", "parent", "grandparent", "child", "grandchild"})


def earn(
    session: Session, *, actor: Actor, person: Person, minutes: int, visit_id: str, event_at: datetime, policy: Policy
) -> list[Transfer]:
    """Credit a volunteer for a visit: from the pool to the member, what is above the cap to the commons.

    Sent again, it is the same hours. Refuses the actor's own hours, and persons who have died or were merged.
    """
    if actor.person_id == person.id:
        raise NotAllowed("ledger.own_hours", T("Nobody enters hours for themselves."))
    refuse_gone(person, event_at=event_at)
    whole = Posting(
        key=f"earn:{visit_id}:{person.id}",
        debit_account_id=queries.pool_of(session, person.area_code).id,
        credit_account_id=_account_id(session, actor, person),
        minutes=minutes,
        reason=Reason.EARN,
        source_id=visit_id,
        event_at=event_at,
        policy_version=policy.version,
        area_code=person.area_code,
    )
    return credit_up_to_cap(session, actor=actor, posting=whole)


def credit_up_to_cap(
    session: Session, *, actor: Actor, posting: Posting, journal_id: str | None = None
) -> list[Transfer]:
    """Post to a member what fits under the cap, and the rest to the commons as overflow; exactly once as a whole.

    The cap is that of today, whenever the help was: the overflow names the rules in force today.
    """
    over_key = f"over:{posting.key}"[:120]
    state = books.account_states(session, {posting.credit_account_id: 0})[posting.credit_account_id]
    known = books.known_keys(
        session, [posting.key, over_key]
    )  # read under the lock, so two sendings cannot both miss it
    if known:
        return _credited_before(session, posting, [found for found, _ in known.values()])
    cap = state.ceiling if state.ceiling is not None else state.balance + posting.minutes
    kept, over = split_at_cap(posting.minutes, balance_minutes=state.balance, cap_minutes=cap)
    made = []
    if kept:
        made.append(post(session, actor=actor, posting=replace(posting, minutes=kept), journal_id=journal_id))
    if over:
        commons = queries.commons_of(session, posting.area_code).id
        version = in_force(session, posting.area_code, clock.today()).version
        rest = replace(posting, key=over_key, credit_account_id=commons, minutes=over, reason=Reason.OVERFLOW)
        rest = replace(rest, policy_version=version)
        made.append(post(session, actor=actor, posting=rest, journal_id=journal_id))
    return made


def _credited_before(session: Session, posting: Posting, transfer_ids: list[str]) -> list[Transfer]:
    found = select(Transfer).where(col(Transfer.id).in_(transfer_ids)).order_by(col(Transfer.key))
    made = list(session.exec(found))
    if sum(transfer.minutes for transfer in made) != posting.minutes:
        raise books.key_reused()
    return made


def record_group_session(
    session: Session,
    *,
    actor: Actor,
    area_code: str,
    session_id: str,
    minutes_by_person: Mapping[str, int],
    event_at: datetime,
) -> list[Transfer]:
    """Hours of a group, in one journal: to the commons, or to each helper up to the cap (policy group.hours_mode)."""
    if not minutes_by_person:
        raise BadInput("ledger.nobody_helped", T("Write down who helped."), field="minutes_by_person")
    if actor.person_id in minutes_by_person:
        raise NotAllowed("ledger.own_hours", T("Nobody enters hours for themselves."))
    policy = in_force(session, area_code, clock.local_date(event_at))
    helpers = people_by_id(session, minutes_by_person)
    commons = queries.commons_of(session, area_code).id
    personal = policy.choice("group.hours_mode") == "personal"
    journal_id = ids.new_id("jrn")
    made = []
    for person_id, minutes in sorted(minutes_by_person.items()):
        helper = helpers.get(person_id)
        if helper is None or not actor.scope.holds_area(helper.area_code):
            raise BadInput("ledger.no_such_person", T("There is no such person in your area."), field="person_id")
        refuse_gone(helper, event_at=event_at)
        posting = Posting(
            key=f"group:{session_id}:{person_id}",
            debit_account_id=queries.pool_of(session, area_code).id,
            credit_account_id=_account_id(session, actor, helper) if personal else commons,
            minutes=minutes,
            reason=Reason.GROUP_SESSION,
            source_id=session_id,
            event_at=event_at,
            policy_version=policy.version,
            area_code=area_code,
        )
        if personal:
            made += credit_up_to_cap(session, actor=actor, journal_id=journal_id, posting=posting)
        else:
            made.append(post(session, actor=actor, journal_id=journal_id, posting=posting))
    return made


def _account_id(session: Session, actor: Actor, person: Person) -> str:
    """The account of who helped. Late hours of the dead are passed on, so their case waits again if it was put away."""
    if person.state == PersonState.DEAD and (death := death_of(session, person)) and death.closed_at:
        death.closed_at, death.closed_by = None, ""
        session.add(death)
    return open_account(session, actor=actor, person_id=person.id, area_code=person.area_code).id


def donate(session: Session, *, actor: Actor, person_id: str, minutes: int, key: str) -> Transfer:
    """Give minutes of one's own to elders in hardship."""
    account = own_account(session, actor, person_id)
    refuse_gone(session.get_one(Person, person_id))
    policy = in_force(session, account.area_code, clock.today())
    donation = Posting(
        key=f"donate:{key}",
        debit_account_id=account.id,
        credit_account_id=queries.commons_of(session, account.area_code).id,
        minutes=minutes,
        reason=Reason.DONATION,
        source_id=account.id,
        event_at=clock.now(),
        policy_version=policy.version,
        area_code=account.area_code,
    )
    made = post_once(session, actor=actor, posting=donation)
    note(session, actor=actor, action="ledger.donate", subject_id=made.id, area_code=account.area_code)
    return made


def post_once(session: Session, *, actor: Actor, posting: Posting) -> Transfer:
    """Post what a person sends now: sent again with the same key, the first one stands, at the time it was sent."""
    try:
        return post(session, actor=actor, posting=posting)
    except Refused as refusal:
        if refusal.code != "ledger.key_reused":
            raise
        known = books.known_keys(session, [posting.key]).get(posting.key)
        first = session.get_one(Transfer, known[0]) if known else None
        if first is None or replace(posting, event_at=first.event_at).request_digest != first.request_digest:
            raise
        return first


def transfer_to_kin(
    session: Session, *, actor: Actor, person_id: str, kin_id: str, minutes: int, key: str, second_user_id: str = ""
) -> Transfer:
    """Pass minutes to spouse, parents, grandparents or descendants (field guide §2.2 transfer.*).

    Refuses other persons, kin below the age, more than the year allows, and large sums without a second person.
    """
    account = own_account(session, actor, person_id)
    refuse_gone(session.get_one(Person, person_id))
    kin = session.get(Person, kept_entry(session, kin_id))  # as they are registered when it is approved
    if kin is None or not is_kin(session, person_id, kin.id):
        text = T("Hours go to spouse, parents, grandparents, children and grandchildren only.")
        raise Refused("ledger.not_kin", text, field="kin_id")
    refuse_gone(kin)
    theirs = open_account(session, actor=actor, person_id=kin.id, area_code=kin.area_code)
    policy = in_force(session, account.area_code, clock.today())
    passed = Posting(
        key=f"kin:{key}",
        debit_account_id=account.id,
        credit_account_id=theirs.id,
        minutes=minutes,
        reason=Reason.TRANSFER,
        source_id=kin.id,
        event_at=clock.now(),
        policy_version=policy.version,
        area_code=account.area_code,
    )
    books.account_states(
        session, {account.id: minutes}
    )  # locked, so that two transfers cannot both pass the year's limit
    if passed.key not in books.known_keys(session, [passed.key]):
        _check_kin_limits(session, policy, person_id, kin, minutes, second_user_id=second_user_id, actor=actor)
    made = post_once(session, actor=actor, posting=passed)
    note(session, actor=actor, action="ledger.transfer", subject_id=made.id, second=second_user_id)
    return made


def is_kin(session: Session, person_id: str, kin_id: str) -> bool:
    """Whether hours may pass from one person to the other: spouse, or kin in the direct line."""
    found = select(Kinship.relation).where(Kinship.person_id == person_id, Kinship.kin_id == kin_id)
    return any(relation in KIN_WHO_MAY_RECEIVE for relation in session.exec(found))


def _check_kin_limits(
    session: Session,
    policy: Policy,
    person_id: str,
    kin: Person,
    minutes: int,
    *,
    second_user_id: str,
    actor: Actor,
) -> None:
    age = policy.number("transfer.kin_min_age")
    if months.age_on(kin.born_on, clock.today()) < age:
        text = T("Kin can receive hours from the age of {age}.", age=age)
        raise Refused("ledger.kin_too_young", text, field="kin_id")
    most = policy.number("transfer.max_minutes_per_year")
    sent = queries.sent_in_year(session, person_id, clock.today().year)
    if sent + minutes > most:
        left = spoken(max(0, most - sent))
        raise Refused("ledger.year_limit", T("This year {left} more can be passed on.", left=left), field="minutes")
    large = minutes > policy.number("transfer.second_approver_minutes")
    if large and second_user_id in ("", actor.user_id):
        text = T("So many hours need a second person at the township office.")
        raise Refused("ledger.second_person", text, field="minutes")
