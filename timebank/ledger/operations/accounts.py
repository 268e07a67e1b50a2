"""Opening accounts, writing transfers, taking them back."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
import sqlalchemy.orm
from sqlmodel import Session, col, select
from sqlmodel.sql.sqltypes import UTCDateTime

from timebank.audit.operations import note
from timebank.core import clock, ids, months
from timebank.core.actors import Actor
from timebank.core.errors import BadInput, NotAllowed, NotFound, Refused
from timebank.core.limits import MAX_OPENING_MINUTES
from timebank.core.text import T
from timebank.ledger import posting as books
from timebank.ledger import queries
from timebank.ledger.models import AccountKind, ClosedMonth, HourAccount, Reason, Transfer
from timebank.ledger.posting import Outcome, Row
from timebank.ledger.rules import COLUMNS, Posting
from timebank.people.models import Person, PersonState
from timebank.policies.queries import in_force

_OPEN = sa.text(
    "INSERT INTO houraccount (id, kind, person_id, area_code, floor_minutes, ceiling_minutes, balance_minutes, "
    "held_minutes, opened_at) VALUES (:id, :kind, :person_id, :area_code, :floor_minutes, :ceiling_minutes, "
    ":balance_minutes, :held_minutes, :opened_at) ON CONFLICT (person_id, kind) DO NOTHING"
).bindparams(sa.bindparam("opened_at", type_=UTCDateTime()))


def open_account(
    session: Session, *, actor: Actor, person_id: str, area_code: str, kind: AccountKind = AccountKind.MEMBER
) -> HourAccount:
    """The hour account of a person, opened on first need with floor and cap of the rules in force."""
    known = queries.account_of(session, person_id, kind)
    if known:
        return known
    policy = in_force(session, area_code, clock.today())
    member = kind == AccountKind.MEMBER
    columns: dict[str, Any] = {
        "id": ids.new_id("acc"),
        "kind": kind.value,
        "person_id": person_id,
        "area_code": area_code,
        "floor_minutes": policy.number("balance.floor_minutes") if member else 0,
        "ceiling_minutes": policy.number("balance.cap_minutes") if member else None,
        "balance_minutes": 0,
        "held_minutes": 0,
        "opened_at": clock.now(),
    }
    session.flush()
    if session.connection().execute(_OPEN, columns).rowcount:  # 0: somebody else opened it this very moment
        note(session, actor=actor, action="ledger.open_account", subject_id=columns["id"], area_code=area_code)
    opened = queries.account_of(session, person_id, kind)
    assert opened is not None
    return opened


def open_common_accounts(session: Session, *, actor: Actor, district_code: str, first_month: str = "") -> None:
    """The pool and the commons of a district, once. The pool may owe what its fund backs; the commons owe nothing.

    The books begin with `first_month`, by default today's: what is older is booked in it, with its true date.
    """
    _begin_books(session, first_month or months.of_date(clock.today()))
    backed = in_force(session, district_code, clock.today()).number("pool.backed_minutes")
    for kind, floor in ((AccountKind.POOL, -backed), (AccountKind.COMMONS, 0)):
        if queries.common_account(session, district_code, kind) is None:
            account = HourAccount(
                id=ids.new_id("acc"),
                kind=kind,
                area_code=district_code[:6],
                floor_minutes=floor,
                opened_at=clock.now(),
                counted_at=clock.now(),
            )
            session.add(account)
            note(session, actor=actor, action="ledger.open_account", subject_id=account.id, area_code=district_code[:6])
    session.flush()


def _begin_books(session: Session, first_month: str) -> None:
    """Let the month before the first one count as closed, so that a year mistyped or long past opens no old month."""
    if not books.first_open_month(session):
        before = months.preceding(first_month)
        session.add(ClosedMonth(month=before, next_month=first_month, closed_at=clock.now()))


def refuse_gone(person: Person, *, event_at: datetime | None = None) -> None:
    """Refuse a person who has died or was merged. What somebody did up to the day of death still counts."""
    if person.state == PersonState.MERGED:
        text = T("This person was registered twice. Use the entry that was kept: {name}.", name=_kept_name(person))
        raise Refused("ledger.person_merged", text, field="person_id")
    if person.state != PersonState.DEAD:
        return
    if event_at is None or person.state_since_on is None or clock.local_date(event_at) > person.state_since_on:
        text = T("This person has died. What is left is passed on at the township office.")
        raise Refused("ledger.person_dead", text, field="person_id")


def _kept_name(person: Person) -> str:
    """Name and home of the entry that a merged one was joined to, at the end of the chain."""
    session = sa.orm.object_session(person)
    while session and person.state == PersonState.MERGED and person.merged_into_id:
        person = session.get_one(Person, person.merged_into_id)
    return f"{person.name} ({person.household_code})"


def check_minutes(minutes: object) -> int:
    """Whole minutes that a posting takes, or the refusal that names the field."""
    if isinstance(minutes, bool) or not isinstance(minutes, int):
        raise BadInput("ledger.bad_minutes", T("Hours are counted in whole minutes."), field="minutes")
    if not 1 <= minutes <= MAX_OPENING_MINUTES:
        text = T("Minutes go from 1 to {maximum}.", maximum=MAX_OPENING_MINUTES)
        raise BadInput("ledger.bad_minutes", text, field="minutes")
    return minutes


def post(session: Session, *, actor: Actor, posting: Posting, journal_id: str | None = None) -> Transfer:
    """Write one transfer. Sent again, it is the same transfer; see `posting.write` for what it refuses.

    The row says who, when, why and by which rules, is never changed, and is sealed: it is its own event of the log.
    """
    row, transfer_id = books.write(session, posting, user_id=actor.user_id, journal_id=journal_id)
    return _transfer_of(row) if row else session.get_one(Transfer, transfer_id)


def _transfer_of(row: Row) -> Transfer:
    """The row that was just written as an object, without reading it again; the session does not keep it."""
    made: Transfer = sa.orm.attributes.manager_of_class(Transfer).new_instance()
    facts = dict(zip(COLUMNS, row, strict=True))
    instants = {name: datetime.fromisoformat(facts[name]) for name in ("event_at", "recorded_at")}
    made.__dict__.update(facts, reason=Reason(facts["reason"]), **instants)
    return made


def post_batch(session: Session, *, actor: Actor, postings: Sequence[Posting]) -> list[Outcome]:
    """Write many transfers with every check kept; one outcome for each, in order."""
    outcomes = books.write_batch(session, postings, user_id=actor.user_id)
    made = sum(1 for outcome in outcomes if outcome.transfer_id and not outcome.repeated)
    note(session, actor=actor, action="ledger.post_batch", subject_id=f"batch of {len(postings)}", made=made)
    return outcomes


def _owns(session: Session, actor: Actor, *account_ids: str) -> bool:
    if actor.person_id is None:
        return False
    mine = select(HourAccount.id).where(HourAccount.person_id == actor.person_id, col(HourAccount.id).in_(account_ids))
    return session.exec(mine).first() is not None


def reverse(session: Session, *, actor: Actor, transfer_id: str, why: str) -> Transfer:
    """Answer a transfer by its opposite, once; what went above the cap with it and still stands goes back too.

    Refuses a second reversal, the reversal of a reversal, and an entry of the actor's own account.
    """
    original = session.get(Transfer, transfer_id)
    if original is None or not _is_at_home(session, actor, original):
        raise NotFound("ledger.no_such_transfer", T("There is no such entry in your area."))
    if original.reason == Reason.REVERSAL:
        raise Refused("ledger.reversal_is_final", T("A taken-back entry cannot be taken back. Make a new entry."))
    if _owns(session, actor, original.debit_account_id, original.credit_account_id):
        raise NotAllowed("ledger.own_hours", T("Nobody enters hours for themselves."))
    above = select(Transfer).where(Transfer.key == f"over:{original.key}", queries.stands())
    over = session.exec(above).first()
    opposites = [_opposite(session, actor, row) for row in (original, over) if row]
    note(
        session,
        actor=actor,
        action="ledger.reverse",
        subject_id=transfer_id,
        area_code=original.area_code,
        why=why[:200],
    )
    return opposites[0]


def _is_at_home(session: Session, actor: Actor, transfer: Transfer) -> bool:
    """Whether a line is the actor's to decide about: its member lives in their area now, wherever that was then."""
    sides = col(HourAccount.id).in_([transfer.debit_account_id, transfer.credit_account_id])
    homes = session.exec(select(HourAccount.area_code).where(sides, col(HourAccount.person_id).is_not(None))).all()
    return any(actor.scope.holds_area(code) for code in homes or [transfer.area_code])


def _opposite(session: Session, actor: Actor, original: Transfer) -> Transfer:
    taken_back = Refused("ledger.reversed_already", T("This entry was taken back already."))
    if session.exec(select(Transfer.id).where(Transfer.reverses_id == original.id)).first():
        raise taken_back
    opposite = Posting(
        key=f"reverse:{original.id}",
        debit_account_id=original.credit_account_id,
        credit_account_id=original.debit_account_id,
        minutes=original.minutes,
        reason=Reason.REVERSAL,
        source_id=original.source_id,
        event_at=clock.now(),
        policy_version=original.policy_version,
        area_code=original.area_code,
        reverses_id=original.id,
    )
    try:
        row, _ = books.write(session, opposite, user_id=actor.user_id, journal_id=original.journal_id)
    except Refused as refusal:
        if refusal.code == "ledger.key_reused":  # somebody else did so this very moment
            raise taken_back from None
        raise _of_reversal(refusal) from None
    if row is None:
        raise taken_back
    return _transfer_of(row)


def _of_reversal(refusal: Refused) -> Refused:
    """A refusal in words that are true of a line to be taken back: no pool helps out, and the office is asked already.

    What a reversal cannot do, an adjustment can, and that too takes two people.
    """
    if refusal.code == "ledger.account_closed":
        text = T("An account of this line is closed. Put it right by an adjustment where the hours went.")
    elif refusal.code == "ledger.floor_reached":
        short = refusal.message.values["short"]
        text = T("{short} of it were used or promised meanwhile. Take off by an adjustment what is there.", short=short)
    else:
        return refusal
    return Refused(refusal.code, text, field=refusal.field)


def own_account(session: Session, actor: Actor, person_id: str) -> HourAccount:
    """The account of somebody the actor may act for."""
    account = queries.account_of(session, person_id)
    if account is None or not actor.scope.holds_person(person_id, account.area_code):
        raise NotFound("ledger.no_such_account", T("There is no such account in your area."))
    return account


def two_people(actor: Actor, second_user_id: str, evidence: str) -> None:
    """Refuse an office entry without evidence or without a second person (promise P9)."""
    if not evidence.strip():
        raise Refused("ledger.no_evidence", T("Write where the paper for this entry lies."), field="evidence")
    if second_user_id in ("", actor.user_id):
        raise Refused("ledger.second_person", T("A second person must sign this entry."), field="second_user_id")
