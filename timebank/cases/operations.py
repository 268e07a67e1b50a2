"""Ending a case where hours are concerned: an estate is passed on, two entries become one. Always two people."""

from collections.abc import Mapping
from typing import Any

from sqlmodel import Session, col, select

from timebank.audit.operations import note
from timebank.core import clock
from timebank.core.actors import Actor
from timebank.core.errors import BadInput, NotAllowed, Refused
from timebank.core.text import T
from timebank.ledger import operations as ledger
from timebank.ledger.models import AccountKind, Dispute, EntryState, HourAccount, OfficeEntry
from timebank.ledger.queries import account_of, estate_lines
from timebank.people import operations as people
from timebank.people.effects import RELOCATING, follows, go_along
from timebank.people.models import Person, PersonCase, PersonState
from timebank.people.queries import death_of


def propose_estate(session: Session, *, actor: Actor, case: PersonCase, heir_id: str, evidence: str) -> None:
    """Write down to whom the hours of the dead go: to an heir of the near kin, or to the commons ("").

    Refuses another kind of case, an unknown heir, and no paper. The ledger itself refuses heirs who are not kin.
    """
    _of_the_dead(case)
    if heir_id and session.get(Person, heir_id) is None:
        raise BadInput("people.unknown_person", T("There is no such person."), field="heir_id")
    if not evidence.strip():
        raise BadInput("people.no_paper", T("Write where the signed paper lies."), field="evidence")
    estate = {"heir": heir_id, "evidence": evidence.strip()[:200], "by": actor.user_id, "at": clock.now().isoformat()}
    case.detail = {**case.detail, "estate": estate}
    session.add(case)
    note(session, actor=actor, action="cases.propose_estate", subject_id=case.person_id)


def mark_of(estate: Mapping[str, Any]) -> str:
    """What tells one proposal from another: to whom, and when it was made. The form of the second person carries it."""
    return f"{estate['at']}|{estate['heir']}"


def settle_estate(session: Session, *, actor: Actor, case: PersonCase, seen: str | None = None) -> None:
    """Pass the hours on as proposed, as the second person, and put the case away.

    With `seen`, the mark of the proposal that a page showed, it refuses one that was changed since.
    """
    _of_the_dead(case)
    estate = case.detail.get("estate")
    if not estate:
        raise Refused("cases.no_proposal", T("First somebody proposes to whom the hours go."))
    if estate["by"] == actor.user_id:
        raise NotAllowed("people.own_proposal", T("Another person must look at what you proposed."))
    if seen is not None and seen != mark_of(estate):
        raise Refused("cases.proposal_changed", T("The proposal was changed while you looked. Look at it again."))
    if account_of(session, case.person_id):
        ledger.settle_estate(
            session,
            actor=actor,
            person_id=case.person_id,
            heir_id=estate["heir"] or None,
            second_user_id=estate["by"],
        )
    else:
        ledger.end_gift(session, actor=actor, person=session.get_one(Person, case.person_id))
    people.close_case(session, actor=actor, case=case)


def propose_mistake(session: Session, *, actor: Actor, case: PersonCase, evidence: str) -> None:
    """Write down that somebody lives whose death was entered, and how that is known; a second person decides.

    Refuses a case by which nobody counts as dead, no reason, and a proposal that waits already.
    """
    _of_a_death(session, case)
    if case.detail.get("mistake"):
        raise Refused("cases.mistake_waits", T("This waits for a second person already."))
    if not evidence.strip():
        raise BadInput("cases.no_mistake_reason", T("Write how you know that the person lives."), field="evidence")
    mistake = {"evidence": evidence.strip()[:200], "by": actor.user_id, "at": clock.now().isoformat()}
    case.detail = {**case.detail, "mistake": mistake}
    session.add(case)
    note(session, actor=actor, action="cases.propose_mistake", subject_id=case.person_id)


def decide_mistake(
    session: Session, *, actor: Actor, case: PersonCase, lives: bool, seen: str | None = None
) -> PersonCase | None:
    """Take a death back as proposed, as the second person, or keep it; the case that says what is left to do.

    The hour account is opened again; lines by which the hours were passed on stay in the book until somebody takes
    them back there. With `seen`, the instant of the proposal that a page showed, it refuses another one.
    """
    _of_a_death(session, case)
    mistake = case.detail.get("mistake")
    if not mistake:
        raise Refused("cases.no_mistake", T("First somebody writes that this was entered by mistake."))
    if mistake["by"] == actor.user_id:
        raise NotAllowed("people.own_proposal", T("Another person must look at what you proposed."))
    if seen is not None and seen != mistake["at"]:
        raise Refused("cases.proposal_changed", T("The proposal was changed while you looked. Look at it again."))
    if not lives:
        case.detail = {key: value for key, value in case.detail.items() if key != "mistake"}
        session.add(case)
        note(session, actor=actor, action="cases.keep_death", subject_id=case.person_id)
        return None
    lines = estate_lines(session, case.person_id, since=case.opened_at)
    made = people.take_back_death(session, actor=actor, case=case)
    opened = _open_accounts(session, case.person_id)
    made.detail = {
        **made.detail,
        "back": made.detail["back"] | ({"accounts_open": opened} if opened else {}),
        "left": made.detail["left"] | ({"estate_lines": len(lines)} if lines else {}),
    }
    session.add(made)
    return made


def _open_accounts(session: Session, person_id: str) -> int:
    """Accounts that the estate closed are used again; how many."""
    found = select(HourAccount).where(HourAccount.person_id == person_id, col(HourAccount.closed_at).is_not(None))
    closed = session.exec(found).all()
    for account in closed:
        account.closed_at = None
        session.add(account)
    session.flush()
    return len(closed)


def _of_a_death(session: Session, case: PersonCase) -> None:
    death = death_of(session, session.get_one(Person, case.person_id))
    if death is None or death.id != case.id:
        raise Refused("people.another_step", T("This case is settled, or asks for another step."))


def _of_the_dead(case: PersonCase) -> None:
    if case.kind != PersonState.DEAD or case.closed_at is not None:
        raise Refused("people.another_step", T("This case is settled, or asks for another step."))
    if case.detail.get("mistake"):
        raise Refused("cases.decide_mistake_first", T("First decide whether this was entered by mistake."))


def join_entries(session: Session, *, actor: Actor, case: PersonCase) -> Person:
    """Make two entries one, as the second person: papers and visits follow, hours are moved by one line in the book.

    No line of the book is changed: the old account ends at zero, and what is posted to it later is refused and names
    the entry that was kept.
    """
    kept = people.merge(session, actor=actor, case=case)
    ledger.merge_accounts(
        session,
        actor=actor,
        person_id=case.person_id,
        second_user_id=case.opened_by,
        evidence=str(case.detail["evidence"]),
    )
    return kept


def put_away(session: Session, *, actor: Actor, case: PersonCase) -> None:
    """Put away a case that needs nothing more; of a move to come that is calling it off.

    Refuses one in which hours wait for two people.
    """
    if case.kind == RELOCATING:
        return people.call_off_move(session, actor=actor, case=case)
    if case.kind == people.MERGING:
        raise Refused("cases.decide_first", T("First decide whether it is one person."))
    if case.kind == PersonState.DEAD:
        _of_the_dead(case)
        if account_of(session, case.person_id):
            raise Refused("cases.estate_first", T("First pass on the hours that are left."))
        ledger.end_gift(session, actor=actor, person=session.get_one(Person, case.person_id))
    return people.close_case(session, actor=actor, case=case)


@follows("account_goes_along", T("hour account kept by the new village"))
def take_account_along(session: Session, _actor: Actor, person: Person, case: PersonCase) -> int:
    """Who answers for an hour account is the office where its owner lives now; its lines keep the area of their day.

    So the guarantee of today and the next statement go with the person, and a closed month stays as it was.
    """
    kept = [account_of(session, person.id, kind) for kind in (AccountKind.MEMBER, AccountKind.GIFT)]
    return go_along(case, person, [account for account in kept if account])


@follows("matters_go_along", T("questions and entries about hours that the new place decides"))
def take_open_matters_along(session: Session, _actor: Actor, person: Person, case: PersonCase) -> int:
    """What waits for an answer or for a second person goes with the book: no other office could put a line right."""
    mine = select(HourAccount.id).where(HourAccount.person_id == person.id)
    asked = select(Dispute).where(col(Dispute.account_id).in_(mine), col(Dispute.answered_at).is_(None))
    waiting = select(OfficeEntry).where(col(OfficeEntry.account_id).in_(mine), OfficeEntry.state == EntryState.WAITING)
    return go_along(case, person, [*session.exec(asked), *session.exec(waiting)])
