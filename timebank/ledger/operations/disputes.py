"""A member says that a line is wrong: the township answers, then, if asked, the bureau."""

from sqlmodel import Session, select

from timebank.audit.operations import note
from timebank.core import clock, ids
from timebank.core.actors import Actor, Role
from timebank.core.claims import claim
from timebank.core.errors import BadInput, NotAllowed, NotFound, Refused
from timebank.core.text import T
from timebank.ledger import queries
from timebank.ledger.models import Dispute, OfficeEntry, Transfer
from timebank.ledger.served import concerns

TOWNSHIP, BUREAU = "township", "bureau"


def raise_dispute(session: Session, *, actor: Actor, transfer_id: str, account_id: str, words: str) -> Dispute:
    """Say that a line of an account one may act for is wrong. Said again while it waits, it is the same dispute."""
    transfer, account = session.get(Transfer, transfer_id), queries.account_for(session, actor.scope, account_id)
    if transfer is None or account is None or not concerns(transfer, account):
        raise NotFound("ledger.no_such_transfer", T("There is no such entry in your area."))
    known = select(Dispute).where(Dispute.transfer_id == transfer_id, Dispute.account_id == account_id)
    earlier = session.exec(known).all()
    for dispute in earlier:
        if dispute.answered_at is None:
            return dispute
    if earlier:
        text = T("This line was answered already. If you do not agree, ask the bureau.")
        raise Refused("ledger.disputed_already", text, field="words")
    return _raise(session, actor, transfer_id, account_id, account.area_code, words, TOWNSHIP)


def appeal(session: Session, *, actor: Actor, dispute_id: str, words: str) -> Dispute:
    """Ask the bureau after the township said no; once."""
    first = session.get(Dispute, dispute_id)
    if first is None or queries.account_for(session, actor.scope, first.account_id) is None:
        raise NotFound("ledger.no_such_dispute", T("There is no such question in your area."))
    if first.level != TOWNSHIP or first.answered_at is None or first.upheld:
        raise Refused("ledger.nothing_to_appeal", T("Only an answer of the township that says no goes to the bureau."))
    known = select(Dispute).where(
        Dispute.transfer_id == first.transfer_id, Dispute.account_id == first.account_id, Dispute.level == BUREAU
    )
    return session.exec(known).first() or _raise(
        session, actor, first.transfer_id, first.account_id, first.area_code, words, BUREAU
    )


def _raise(
    session: Session, actor: Actor, transfer_id: str, account_id: str, area_code: str, words: str, level: str
) -> Dispute:
    if not words.strip():
        raise BadInput("ledger.no_words", T("Write in a few words what is not right."), field="words")
    made = Dispute(
        id=ids.new_id("dsp"),
        transfer_id=transfer_id,
        account_id=account_id,
        area_code=area_code,
        words=words.strip()[:400],
        raised_by=actor.user_id,
        raised_at=clock.now(),
        level=level,
    )
    session.add(made)
    note(session, actor=actor, action="ledger.dispute", subject_id=transfer_id, area_code=area_code, level=level)
    return made


def answer_dispute(session: Session, *, actor: Actor, dispute_id: str, upheld: bool, words: str) -> Dispute:
    """Answer a dispute with a reason. A line that is wrong is then put right by an office entry or its reversal.

    Refuses who proposed or entered the line or raised the dispute, who gave the first answer, a township for an appeal,
    and a second answer.
    """
    dispute = session.get(Dispute, dispute_id)
    if dispute is None or not actor.scope.holds_area(dispute.area_code):
        raise NotFound("ledger.no_such_dispute", T("There is no such question in your area."))
    if dispute.level == BUREAU and actor.role != Role.BUREAU:
        raise NotAllowed("ledger.bureau_answers", T("The bureau answers this one."))
    _refuse_own(session, actor, dispute)
    if not words.strip():
        raise BadInput("ledger.no_answer", T("Write the answer; the member will read it."), field="answer")
    answer = {"answer": words.strip()[:400], "upheld": upheld, "answered_by": actor.user_id, "answered_at": clock.now()}
    if not claim(session, Dispute, dispute.id, expected={"answered_at": None}, change=answer):
        raise Refused("ledger.answered_already", T("This was answered already."))
    session.refresh(dispute)
    note(
        session,
        actor=actor,
        action="ledger.answer_dispute",
        subject_id=dispute.transfer_id,
        area_code=dispute.area_code,
        upheld=upheld,
    )
    return dispute


def _refuse_own(session: Session, actor: Actor, dispute: Dispute) -> None:
    """Nobody judges what they did themselves: the line, its proposal, the question, the answer that is appealed."""
    proposed = select(OfficeEntry.proposed_by).where(OfficeEntry.transfer_id == dispute.transfer_id)
    transfer = session.get_one(Transfer, dispute.transfer_id)
    if actor.user_id in (transfer.recorded_by, dispute.raised_by, *session.exec(proposed)):
        raise NotAllowed("ledger.own_line", T("Who entered this line cannot answer for it. Ask the bureau to answer."))
    answered = select(Dispute.answered_by).where(
        Dispute.transfer_id == dispute.transfer_id, Dispute.account_id == dispute.account_id
    )
    if dispute.level == BUREAU and actor.user_id in session.exec(answered).all():
        text = T("Who gave the first answer cannot judge the appeal. Somebody else at the bureau answers.")
        raise NotAllowed("ledger.own_answer", text)
