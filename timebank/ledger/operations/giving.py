"""Hours that come in and are passed on: earned, donated, passed to kin, given, lapsed."""

from dataclasses import replace
from datetime import datetime, timedelta

from sqlmodel import Session, select

from timebank.core import clock, ids, months
from timebank.core.actors import Actor
from timebank.core.errors import NotAllowed, Refused
from timebank.core.minutes import spoken
from timebank.core.text import T
from timebank.ledger import queries
from timebank.ledger.models import AccountKind, HourAccount, Reason, Transfer
from timebank.ledger.operations.accounts import open_account, own_account, post, post_batch
from timebank.ledger.posting import Outcome
from timebank.ledger.rules import Posting, split_at_cap
from timebank.people.models import Kinship, Person
from timebank.policies.queries import Policy, in_force

KIN_WHO_MAY_RECEIVE = frozenset({"spouse", "parent", "grandparent", "child", "grandchild"})


def earn(
    session: Session, *, actor: Actor, person: Person, minutes: int, visit_id: str, event_at: datetime, policy: Policy
) -> list[Transfer]:
    """Credit a volunteer for a visit: from the pool to the member, what is above the cap to the commons."""
    if actor.person_id == person.id:
        raise NotAllowed("ledger.own_hours", T("Nobody enters hours for themselves."))
    account = open_account(session, actor=actor, person_id=person.id, area_code=person.area_code)
    kept, over = split_at_cap(
        minutes,
        balance_minutes=queries.balance_minutes(session, account.id),
        cap_minutes=policy.number("balance.cap_minutes"),
    )
    base = Posting(
        key=f"earn:{visit_id}:{person.id}",
        debit_account_id=queries.pool_of(session, person.area_code).id,
        credit_account_id=account.id,
        minutes=max(kept, 1),
        reason=Reason.EARN,
        source_id=visit_id,
        event_at=event_at,
        policy_version=policy.version,
        area_code=person.area_code,
    )
    made = [post(session, actor=actor, posting=base)] if kept else []
    if over:
        commons = queries.commons_of(session, person.area_code)
        rest = replace(
            base,
            key=f"overflow:{visit_id}:{person.id}",
            credit_account_id=commons.id,
            minutes=over,
            reason=Reason.OVERFLOW,
        )
        made.append(post(session, actor=actor, posting=rest))
    return made


def record_group_session(
    session: Session,
    *,
    actor: Actor,
    area_code: str,
    session_id: str,
    minutes_by_person: dict[str, int],
    event_at: datetime,
) -> list[Transfer]:
    """Hours of a group go to the commons, one transfer a helper in one journal (policy group.hours_mode)."""
    policy = in_force(session, area_code, clock.local_date(event_at))
    pool, commons = queries.pool_of(session, area_code), queries.commons_of(session, area_code)
    journal_id = ids.new_id("jrn")
    return [
        post(
            session,
            actor=actor,
            journal_id=journal_id,
            posting=Posting(
                key=f"group:{session_id}:{person_id}",
                debit_account_id=pool.id,
                credit_account_id=commons.id,
                minutes=minutes,
                reason=Reason.GROUP_SESSION,
                source_id=session_id,
                event_at=event_at,
                policy_version=policy.version,
                area_code=area_code,
            ),
        )
        for person_id, minutes in sorted(minutes_by_person.items())
    ]


def donate(session: Session, *, actor: Actor, person_id: str, minutes: int, key: str) -> Transfer:
    """Give minutes of one's own to elders in hardship."""
    account = own_account(session, actor, person_id)
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
    return post(session, actor=actor, posting=donation)


def transfer_to_kin(
    session: Session, *, actor: Actor, person_id: str, kin_id: str, minutes: int, key: str, second_user_id: str = ""
) -> Transfer:
    """Pass minutes to spouse, parents, grandparents or descendants (field guide §2.2 transfer.*).

    Refuses other persons, kin below the age, more than the year allows, and large sums without a second person.
    """
    account = own_account(session, actor, person_id)
    policy = in_force(session, account.area_code, clock.today())
    kin = session.get(Person, kin_id)
    relation = session.exec(
        select(Kinship.relation).where(Kinship.person_id == person_id, Kinship.kin_id == kin_id)
    ).first()
    if kin is None or relation not in KIN_WHO_MAY_RECEIVE:
        text = T("Hours go to spouse, parents, grandparents, children and grandchildren only.")
        raise Refused("ledger.not_kin", text, field="kin_id")
    _check_kin_limits(session, policy, account, kin, minutes, second_user_id=second_user_id, actor=actor)
    theirs = open_account(session, actor=actor, person_id=kin.id, area_code=kin.area_code)
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
    return post(session, actor=actor, posting=passed)


def _check_kin_limits(
    session: Session,
    policy: Policy,
    account: HourAccount,
    kin: Person,
    minutes: int,
    *,
    second_user_id: str,
    actor: Actor,
) -> None:
    if months.age_on(kin.born_on, clock.today()) < policy.number("transfer.kin_min_age"):
        age = policy.number("transfer.kin_min_age")
        raise Refused(
            "ledger.kin_too_young", T("Kin can receive hours from the age of {age}.", age=age), field="kin_id"
        )
    most = policy.number("transfer.max_minutes_per_year")
    sent = queries.sent_in_year(session, account.id, clock.today().year)
    if sent + minutes > most:
        left = spoken(max(0, most - sent))
        raise Refused("ledger.year_limit", T("This year {left} more can be passed on.", left=left), field="minutes")
    large = minutes > policy.number("transfer.second_approver_minutes")
    if large and second_user_id in ("", actor.user_id):
        raise Refused(
            "ledger.second_person", T("So many hours need a second person at the township office."), field="minutes"
        )


def give_gifts(session: Session, *, actor: Actor, area_code: str, month: str) -> list[Outcome]:
    """Give the month's minutes to disabled elders and to those of 80 and over living alone; sent again, gives nothing.

    Refused when the pool would owe more than its fund backs.
    """
    policy = in_force(session, area_code, months.first_day(month))
    minutes = policy.number("gift.monthly_minutes")
    elders = queries.gift_candidates(session, area_code, month) if minutes else []
    pool = queries.pool_of(session, area_code)
    owed = -queries.balance_minutes(session, pool.id)
    if owed + minutes * len(elders) > policy.number("pool.backed_minutes"):
        raise Refused("ledger.fund_too_small", T("The fund does not back these gifts. Ask the bureau."))
    postings = [
        Posting(
            key=f"gift:{month}:{elder.id}",
            debit_account_id=pool.id,
            credit_account_id=open_account(
                session, actor=actor, person_id=elder.id, area_code=elder.area_code, kind=AccountKind.GIFT
            ).id,
            minutes=minutes,
            reason=Reason.GIFT,
            source_id=month,
            event_at=months.starts_at(month),
            policy_version=policy.version,
            area_code=elder.area_code,
        )
        for elder in elders
    ]
    return post_batch(session, actor=actor, postings=postings)


def lapse_gifts(session: Session, *, actor: Actor, area_code: str, month: str) -> list[Outcome]:
    """Take back what of a month's gifts was not used, at its end."""
    policy = in_force(session, area_code, months.last_day(month))
    pool = queries.pool_of(session, area_code)
    last_instant = months.ends_at(month) - timedelta(seconds=1)
    postings = [
        Posting(
            key=f"lapse:{month}:{account.id}",
            debit_account_id=account.id,
            credit_account_id=pool.id,
            minutes=account.balance_minutes - account.held_minutes,
            reason=Reason.GIFT_LAPSE,
            source_id=month,
            event_at=last_instant,
            policy_version=policy.version,
            area_code=account.area_code,
        )
        for account in queries.gift_accounts_with_rest(session, area_code)
    ]
    return post_batch(session, actor=actor, postings=postings)
