"""Opening accounts, writing transfers, taking them back."""

from collections.abc import Sequence

from sqlmodel import Session, select

from timebank.audit.operations import note
from timebank.core import clock, ids
from timebank.core.actors import Actor
from timebank.core.errors import NotFound, Refused
from timebank.core.text import T
from timebank.ledger import posting as books
from timebank.ledger import queries
from timebank.ledger.models import AccountKind, HourAccount, Reason, Transfer
from timebank.ledger.posting import Outcome
from timebank.ledger.rules import Posting
from timebank.policies.queries import in_force


def open_account(
    session: Session, *, actor: Actor, person_id: str, area_code: str, kind: AccountKind = AccountKind.MEMBER
) -> HourAccount:
    """The hour account of a person, opened on first need with floor and cap of the rules in force."""
    known = queries.account_of(session, person_id, kind)
    if known:
        return known
    policy = in_force(session, area_code, clock.today())
    member = kind == AccountKind.MEMBER
    account = HourAccount(
        id=ids.new_id("acc"),
        kind=kind,
        person_id=person_id,
        area_code=area_code,
        floor_minutes=policy.number("balance.floor_minutes") if member else 0,
        ceiling_minutes=policy.number("balance.cap_minutes") if member else None,
        opened_at=clock.now(),
    )
    session.add(account)
    session.flush()
    note(session, actor=actor, action="ledger.open_account", subject_id=account.id, area_code=area_code)
    return account


def open_common_accounts(session: Session, *, actor: Actor, district_code: str) -> None:
    """The pool and the commons of a district, once."""
    for kind in (AccountKind.POOL, AccountKind.COMMONS):
        if queries.common_account(session, district_code, kind) is None:
            account = HourAccount(id=ids.new_id("acc"), kind=kind, area_code=district_code[:6], opened_at=clock.now())
            session.add(account)
            note(session, actor=actor, action="ledger.open_account", subject_id=account.id, area_code=district_code[:6])
    session.flush()


def post(session: Session, *, actor: Actor, posting: Posting, journal_id: str | None = None) -> Transfer:
    """Write one transfer. Sent again, it is the same transfer; see `posting.write` for what it refuses."""
    transfer_id, repeated = books.write(session, posting, user_id=actor.user_id, journal_id=journal_id)
    if not repeated:
        note(session, actor=actor, action="ledger.post", subject_id=transfer_id, area_code=posting.area_code)
    return session.get_one(Transfer, transfer_id)


def post_batch(session: Session, *, actor: Actor, postings: Sequence[Posting]) -> list[Outcome]:
    """Write many transfers with every check kept; one outcome for each, in order."""
    outcomes = books.write_batch(session, postings, user_id=actor.user_id)
    made = sum(1 for outcome in outcomes if outcome.transfer_id and not outcome.repeated)
    note(session, actor=actor, action="ledger.post_batch", subject_id=f"batch of {len(postings)}", made=made)
    return outcomes


def reverse(session: Session, *, actor: Actor, transfer_id: str, why: str) -> Transfer:
    """Answer a transfer by its opposite, once. Refuses a second reversal and the reversal of a reversal."""
    original = session.get(Transfer, transfer_id)
    if original is None or not actor.scope.holds_area(original.area_code):
        raise NotFound("ledger.no_such_transfer", T("There is no such entry in your area."))
    if original.reason == Reason.REVERSAL:
        raise Refused("ledger.reversal_is_final", T("A taken-back entry cannot be taken back. Make a new entry."))
    done = select(Transfer.id).where(Transfer.reverses_id == transfer_id)
    if session.exec(done).first():
        raise Refused("ledger.reversed_already", T("This entry was taken back already."))
    opposite = Posting(
        key=f"reverse:{transfer_id}",
        debit_account_id=original.credit_account_id,
        credit_account_id=original.debit_account_id,
        minutes=original.minutes,
        reason=Reason.REVERSAL,
        source_id=original.source_id,
        event_at=clock.now(),
        policy_version=original.policy_version,
        area_code=original.area_code,
        reverses_id=transfer_id,
    )
    written_id, repeated = books.write(session, opposite, user_id=actor.user_id, journal_id=original.journal_id)
    if repeated:
        raise Refused("ledger.reversed_already", T("This entry was taken back already."))
    note(
        session,
        actor=actor,
        action="ledger.reverse",
        subject_id=transfer_id,
        area_code=original.area_code,
        why=why[:200],
    )
    return session.get_one(Transfer, written_id)


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
