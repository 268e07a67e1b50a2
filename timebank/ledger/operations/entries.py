"""Entries of the office: one person proposes with evidence, another approves, a third looks at every one of them."""

from dataclasses import dataclass
from datetime import date

from sqlmodel import Session

from timebank.audit.operations import note
from timebank.core import clock, ids
from timebank.core.actors import Actor, Role
from timebank.core.claims import claim
from timebank.core.errors import BadInput, NotAllowed, NotFound, Refused
from timebank.core.limits import EARLIEST_ENTRY_YEAR, MAX_OPENING_MINUTES
from timebank.core.minutes import spoken
from timebank.core.text import T
from timebank.ledger import queries
from timebank.ledger.models import EntryKind, EntryState, HourAccount, OfficeEntry, Transfer
from timebank.ledger.operations.accounts import own_account, reverse
from timebank.ledger.operations.giving import is_kin, transfer_to_kin
from timebank.ledger.operations.office import adjust, enter_opening
from timebank.people.entries import kept_entry
from timebank.people.models import Person
from timebank.people.queries import may_act
from timebank.policies.queries import in_force

APPROVERS = (Role.SUPERVISOR, Role.BUREAU)
ASKED_BY_MEMBER = "member"  # stands for the paper where the member asked on the own page


@dataclass(frozen=True)
class EntryIn:
    """What is proposed: minutes signed for an adjustment, positive otherwise; `kin_id` for a transfer."""

    kind: EntryKind
    account_id: str
    minutes: int
    event_on: date
    why: str
    evidence: str
    kin_id: str | None = None
    reverses_id: str | None = None
    id: str = ""  # made by the form, so that a second tap proposes nothing twice


def propose_entry(session: Session, *, actor: Actor, entry: EntryIn) -> OfficeEntry:
    """Propose an entry; nothing moves until a second person approves it.

    Refuses an account outside the scope, one's own account (except a transfer out of it), missing evidence.
    """
    account = queries.account_for(session, actor.scope, entry.account_id)
    if account is None:
        raise NotFound("ledger.no_such_account", T("There is no such account in your area."))
    known = session.get(OfficeEntry, entry.id) if entry.id else None
    if known is not None and known.proposed_by == actor.user_id:
        return known
    _check(actor, account, entry)
    made = OfficeEntry(
        id=entry.id if ids.is_id(entry.id, "ent") and known is None else ids.new_id("ent"),
        kind=entry.kind,
        account_id=account.id,
        area_code=account.area_code,
        minutes=entry.minutes,
        kin_id=entry.kin_id,
        reverses_id=entry.reverses_id,
        event_on=entry.event_on,
        why=entry.why.strip()[:200],
        evidence=entry.evidence.strip()[:200],
        proposed_by=actor.user_id,
        proposed_at=clock.now(),
    )
    session.add(made)
    session.flush()
    _note(session, actor, "ledger.propose_entry", made)
    return made


def pass_on(
    session: Session, *, actor: Actor, person_id: str, kin_id: str, minutes: int, key: str
) -> Transfer | OfficeEntry:
    """Pass a member's minutes to kin: at once, or above policy transfer.second_approver_minutes as a proposal.

    Refuses who holds no written power to give these hours away, kin of a distant degree, and what is not there.
    """
    check_power_to_give(session, actor, person_id)
    account = own_account(session, actor, person_id)
    policy = in_force(session, account.area_code, clock.today())
    if minutes <= policy.number("transfer.second_approver_minutes"):
        return transfer_to_kin(session, actor=actor, person_id=person_id, kin_id=kin_id, minutes=minutes, key=key)
    if not is_kin(session, person_id, kin_id):
        text = T("Hours go to spouse, parents, grandparents, children and grandchildren only.")
        raise Refused("ledger.not_kin", text, field="kin_id")
    short = minutes - queries.available_minutes(session, account.id)
    if short > 0:
        raise Refused("ledger.floor_reached", T("{short} are missing.", short=spoken(short)), field="minutes")
    asked = EntryIn(
        *(EntryKind.TRANSFER, account.id, minutes, clock.today()),
        why=ASKED_BY_MEMBER,
        evidence=ASKED_BY_MEMBER,
        kin_id=kin_id,
        id=key,
    )
    return propose_entry(session, actor=actor, entry=asked)


def check_power_to_give(session: Session, actor: Actor, person_id: str) -> None:
    """Refuse to give away hours of somebody who has not put that power in writing."""
    if not may_act(session, person_id=actor.person_id or "", for_person_id=person_id, purpose="donate"):
        raise NotAllowed("ledger.no_power", T("You need a written power to give hours in this name."))


def _check(actor: Actor, account: HourAccount, entry: EntryIn) -> None:
    owner = account.person_id == actor.person_id and actor.person_id is not None
    if owner and entry.kind != EntryKind.TRANSFER:
        raise NotAllowed("ledger.own_hours", T("Nobody enters hours for themselves."))
    if not entry.evidence.strip():
        raise BadInput("ledger.entry_without_paper", T("Write where the paper for this entry lies."), field="evidence")
    if not entry.why.strip():
        raise BadInput("ledger.no_reason", T("Write why this entry is needed."), field="why")
    least = -MAX_OPENING_MINUTES if entry.kind == EntryKind.ADJUSTMENT else 1
    if entry.minutes == 0 or not least <= entry.minutes <= MAX_OPENING_MINUTES:
        text = T("Minutes go from 1 to {maximum}.", maximum=MAX_OPENING_MINUTES)
        raise BadInput("ledger.bad_minutes", text, field="minutes")
    if entry.event_on > clock.today():
        raise BadInput("ledger.future_entry", T("This day has not come yet."), field="event_on")
    if entry.event_on.year < EARLIEST_ENTRY_YEAR:
        text = T("No register of hours is older than {year}. Look at the year again.", year=str(EARLIEST_ENTRY_YEAR))
        raise BadInput("ledger.entry_too_old", text, field="event_on")


def decide_entry(session: Session, *, actor: Actor, entry_id: str, approve: bool, reason: str = "") -> OfficeEntry:
    """Approve an entry, which writes it at once, or decline it with a reason.

    Refuses who proposed it, who would gain by it, a second decision, and everybody but supervisor and bureau.
    """
    entry = _entry(session, actor, entry_id)
    account = session.get_one(HourAccount, entry.account_id)
    kin_id = kept_entry(session, entry.kin_id) if entry.kin_id else None
    if actor.role not in APPROVERS:
        raise NotAllowed("ledger.not_an_approver", T("The township or the bureau approves entries."))
    if actor.user_id == entry.proposed_by:
        raise Refused("ledger.second_person", T("A second person must sign this entry."))
    if actor.person_id is not None and actor.person_id in (account.person_id, kin_id):
        raise NotAllowed("ledger.own_hours", T("Nobody enters hours for themselves."))
    if not approve and not reason.strip():
        raise BadInput("ledger.no_reason", T("Write the reason; who asked will read it."), field="reason")
    state = EntryState.APPROVED if approve else EntryState.DECLINED
    change = {"state": state, "decided_by": actor.user_id, "decided_at": clock.now(), "decline_reason": reason[:200]}
    if not claim(session, OfficeEntry, entry.id, expected={"state": EntryState.WAITING}, change=change):
        raise Refused("ledger.decided_already", T("This entry was decided already."))
    session.refresh(entry)
    if approve:
        entry.transfer_id = _write(session, actor, entry, account).id
        session.add(entry)
    _note(session, actor, "ledger.decide_entry", entry, approved=approve)
    return entry


def _write(session: Session, actor: Actor, entry: OfficeEntry, account: HourAccount) -> Transfer:
    signed = {"second_user_id": entry.proposed_by}
    if entry.kind == EntryKind.REVERSAL:
        return reverse(session, actor=actor, transfer_id=entry.reverses_id or "", why=entry.why)
    if entry.kind == EntryKind.TRANSFER:
        return transfer_to_kin(
            session,
            actor=actor,
            person_id=account.person_id or "",
            kin_id=entry.kin_id or "",
            minutes=entry.minutes,
            key=entry.id,
            **signed,
        )
    if entry.kind == EntryKind.OPENING:
        return enter_opening(
            session,
            actor=actor,
            person=session.get_one(Person, account.person_id),
            minutes=entry.minutes,
            event_at=clock.at_local(entry.event_on, 0),
            evidence=entry.evidence,
            key=entry.id,
            **signed,
        )
    return adjust(
        session,
        actor=actor,
        account_id=account.id,
        minutes=entry.minutes,
        why=entry.why,
        evidence=entry.evidence,
        key=entry.id,
        event_at=clock.at_local(entry.event_on, 0),
        **signed,
    )


def check_entry(session: Session, *, actor: Actor, entry_id: str, words: str) -> OfficeEntry:
    """Say that an approved entry was looked at against its paper, by a third person (every one of them is)."""
    entry = _entry(session, actor, entry_id)
    if actor.user_id in (entry.proposed_by, entry.decided_by):
        raise NotAllowed("ledger.third_person", T("Who proposed or approved an entry cannot also check it."))
    if not words.strip():
        raise BadInput("ledger.no_words", T("Write what you saw on the paper."), field="words")
    waits = {"state": EntryState.APPROVED, "checked_at": None}
    check = {"checked_by": actor.user_id, "checked_at": clock.now(), "check_note": words.strip()[:200]}
    if not claim(session, OfficeEntry, entry.id, expected=waits, change=check):
        raise Refused("ledger.nothing_to_check", T("This entry does not wait for a check."))
    session.refresh(entry)
    _note(session, actor, "ledger.check_entry", entry)
    return entry


def _entry(session: Session, actor: Actor, entry_id: str) -> OfficeEntry:
    entry = session.get(OfficeEntry, entry_id)
    if entry is None or not actor.scope.holds_area(entry.area_code):
        raise NotFound("ledger.no_such_entry", T("There is no such entry in your area."))
    return entry


def _note(session: Session, actor: Actor, action: str, entry: OfficeEntry, **detail: object) -> None:
    note(session, actor=actor, action=action, subject_id=entry.id, area_code=entry.area_code, kind=entry.kind, **detail)
