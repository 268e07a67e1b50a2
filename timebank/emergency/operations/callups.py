"""Call-ups in bad weather or a disaster: volunteers are asked, elders in special difficulty are called by phone."""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlmodel import Session, select

from timebank.areas.models import Area
from timebank.audit.operations import note
from timebank.core import clock, ids
from timebank.core.actors import Actor
from timebank.core.errors import BadInput, NotFound, Refused
from timebank.core.text import T
from timebank.emergency import ready_queries
from timebank.emergency.models import CallUp, CallUpAnswer, CallUpCheck, CallUpReason
from timebank.emergency.rules import check_shift
from timebank.people.rules import QUALIFICATIONS
from timebank.visiting import operations as visiting
from timebank.visiting.models import ContactForm, Outcome, VisitingRecord
from timebank.visiting.rules import REACHED

_DAYS_AHEAD = 7


@dataclass(frozen=True)
class CallUpIn:
    """Whom to call together: where, why, when, with which training, how many; and whether elders are called too."""

    area_code: str
    reason: CallUpReason
    words: str
    on: date
    from_minute: int
    to_minute: int
    wanted: int
    skill: str = ""
    meet_at: str = ""
    with_checks: bool = True


def call_up(session: Session, *, actor: Actor, asked: CallUpIn) -> CallUp:
    """Ask every able volunteer of an area, and list the elders in special difficulty to be called by phone.

    It is an invitation: who says no needs no reason. Refuses an area outside the actor's, past days and hours, and a
    training that nobody there has.
    """
    if session.get(Area, asked.area_code) is None or not actor.scope.holds_area(asked.area_code):
        raise NotFound("areas.no_such_area", T("There is no such place."))
    if not clock.today() <= asked.on <= clock.today() + timedelta(days=_DAYS_AHEAD):
        text = T("Choose today or one of the next {days} days.", days=_DAYS_AHEAD)
        raise BadInput("emergency.call_up_day", text, field="on")
    until = check_shift(asked.on.weekday(), asked.from_minute, asked.to_minute)
    if until <= clock.minutes_gone(asked.on):
        raise BadInput("emergency.call_up_hours", T("These hours are over. Choose a later end."), field="to")
    if asked.skill and asked.skill not in QUALIFICATIONS:
        raise BadInput("core.not_a_choice", T("Choose from the list."), field="skill")
    if not asked.words.strip():
        raise BadInput("core.missing", T("Please fill this in."), field="words")
    people = ready_queries.able_for(session, asked.area_code, asked.skill, asked.on)
    if not people:
        text = T("Nobody there has this training. Choose a larger area, or no training.")
        raise Refused("emergency.nobody_able", text, field="skill")
    made = CallUp(
        id=ids.new_id("cup"),
        area_code=asked.area_code,
        reason=asked.reason,
        skill=asked.skill,
        words=asked.words.strip()[:400],
        meet_at=asked.meet_at.strip()[:120],
        on=asked.on,
        from_minute=asked.from_minute,
        to_minute=until,
        wanted=asked.wanted,
        by_user_id=actor.user_id,
        at=clock.now(),
    )
    session.add(made)
    session.flush()
    session.add_all(CallUpAnswer(id=ids.new_id("cua"), call_up_id=made.id, person_id=person.id) for person in people)
    if asked.with_checks:
        elders = ready_queries.elders_to_call(session, asked.area_code)
        session.add_all(CallUpCheck(id=ids.new_id("cuc"), call_up_id=made.id, elder_id=elder.id) for elder in elders)
    session.flush()
    note(session, actor=actor, action="emergency.call_up", subject_id=made.id, area_code=made.area_code)
    return made


def answer_call_up(session: Session, *, actor: Actor, call_up_id: str, is_coming: bool) -> CallUpAnswer:
    """Say yes or no to a call-up; the last word counts until it is ended or its hours are over."""
    mine = select(CallUpAnswer).where(
        CallUpAnswer.call_up_id == call_up_id, CallUpAnswer.person_id == (actor.person_id or "")
    )
    answer = session.exec(mine.with_for_update()).first()
    if answer is None:
        raise NotFound("emergency.not_called", T("You were not asked this time, or it is over."))
    if ready_queries.is_over(session.get_one(CallUp, call_up_id)):
        raise Refused("emergency.call_up_over", T("This call-up is over. Thank you for answering."))
    answer.is_coming, answer.answered_at = is_coming, clock.now()
    session.add(answer)
    note(session, actor=actor, action="emergency.answer_call_up", subject_id=call_up_id, coming=is_coming)
    return answer


def tell_check(
    session: Session, *, actor: Actor, call_up_id: str, check_id: str, outcome: Outcome, words: str = ""
) -> CallUpCheck:
    """Write down what a phone call to an elder brought: a visiting record by phone, nothing more.

    It counts for the visiting rate by the rule of visiting records; a bath or a meal that is due stays due. Who did not
    answer can be called again; the search begins by itself.
    """
    call_up = ready_queries.call_up_for(session, actor.scope, call_up_id)
    check = session.get(CallUpCheck, check_id, with_for_update=True)
    if call_up is None or check is None or check.call_up_id != call_up.id:
        raise NotFound("emergency.no_such_check", T("There is no such elder on this list."))
    if call_up.ended_at is not None:
        raise Refused("emergency.call_up_over", T("This call-up is over. Thank you for answering."))
    if _was_reached(session, check):
        return check
    check.tries += 1
    check.record_key = f"call:{check.id}:{check.tries}"
    contact = visiting.Contact(
        check.elder_id, clock.today(), ContactForm.PHONE, outcome, words=words, source_key=check.record_key
    )
    visiting.record_contact(session, actor=actor, contact=contact)
    session.add(check)
    session.flush()
    note(session, actor=actor, action="emergency.tell_check", subject_id=check.id, area_code=call_up.area_code)
    return check


def _was_reached(session: Session, check: CallUpCheck) -> bool:
    found = select(VisitingRecord.outcome).where(VisitingRecord.source_key == (check.record_key or ""))
    return session.exec(found).first() in REACHED


def end_call_up(session: Session, *, actor: Actor, call_up_id: str) -> CallUp:
    """End a call-up; answers and calls stay in the book."""
    found = ready_queries.call_up_for(session, actor.scope, call_up_id)
    if found is None or not actor.scope.holds_area(found.area_code):
        raise NotFound("emergency.no_such_call_up", T("There is no such call-up in your area."))
    found.ended_at = found.ended_at or clock.now()
    session.add(found)
    note(session, actor=actor, action="emergency.end_call_up", subject_id=found.id, area_code=found.area_code)
    return found
