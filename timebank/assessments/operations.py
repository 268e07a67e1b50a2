"""Filling in, signing and disputing assessments. Two people sign; the level is counted here, never sent."""

from collections.abc import Mapping
from datetime import date, timedelta

from sqlmodel import Session, col, select

from timebank.assessments import queries, rules, scales
from timebank.assessments.models import Assessment, AssessmentDispute, AssessmentState
from timebank.assessments.queries import Content
from timebank.audit.operations import note
from timebank.core import clock, crypto, ids
from timebank.core.actors import SYSTEM, Actor
from timebank.core.db import in_area
from timebank.core.errors import BadInput, NotAllowed, NotFound, Refused
from timebank.core.limits import MAX_TEXT_CHARS
from timebank.core.text import T
from timebank.people.effects import follows, forgets, go_along, when_withdrawn
from timebank.people.models import Person, PersonCase, PersonState
from timebank.people.queries import has_consent
from timebank.policies.queries import in_force

OTHER_FIELDS = ("assessed_on", "notes")


def begin(
    session: Session, *, actor: Actor, elder_id: str, reason: str, scale: str = scales.CURRENT, assessed_on: date | None
) -> Assessment:
    """Open the form for an elder; who has it open already gets the same one again.

    Refuses an elder outside the area or not living there, one who has not agreed that health data are kept, an assessor
    without a certificate or near to the elder, a reason that does not fit, and a second form beside an open one.
    """
    elder = _elder_here(session, actor, elder_id)
    _check_assessor(session, actor, elder)
    if not has_consent(session, elder.id, "health"):
        text = T("First read the consent for health data aloud to the elder and keep the answer.")
        raise Refused("assessments.no_consent", text)
    if scale not in scales.names():
        raise BadInput("core.not_a_choice", T("Choose from the list."), field="scale")
    known = queries.open_one(session, elder.id)
    if known and known.first_assessor_id == actor.user_id and known.state == AssessmentState.DRAFT:
        return known
    if known:
        text = T("An assessment of this elder is under way. It must be finished or given up first.")
        raise Refused("assessments.one_open", text)
    dispute_id = _check_reason(session, actor, elder.id, reason)
    made = Assessment(
        id=ids.new_id("ass"),
        elder_id=elder.id,
        area_code=elder.area_code,
        scale=scale,
        scale_digest=scales.scale(scale).digest,
        reason=reason,
        state=AssessmentState.DRAFT,
        assessed_on=_day(assessed_on or clock.today()),
        content_sealed=sealed(Content()),
        first_assessor_id=actor.user_id,
        answers_dispute_id=dispute_id,
        created_at=clock.now(),
        changed_at=clock.now(),
    )
    session.add(made)
    session.flush()
    note(session, actor=actor, action="assessments.begin", subject_id=made.id, area_code=made.area_code, reason=reason)
    return made


def _elder_here(session: Session, actor: Actor, elder_id: str) -> Person:
    elder = session.get(Person, elder_id)
    if elder is None or not actor.scope.holds_area(elder.area_code):
        raise NotFound("people.no_such_person", T("There is no such person in your area."))
    if elder.elder_since_on is None or elder.state in (PersonState.DEAD, PersonState.MOVED, PersonState.MERGED):
        text = T("Only a registered elder who lives here can be assessed.")
        raise Refused("assessments.not_an_elder_here", text)
    return elder


def _check_assessor(session: Session, actor: Actor, elder: Person) -> None:
    if not queries.may_assess(session, actor, clock.today()):
        text = T("Assessing needs the assessor's certificate. The township office enters it with your training.")
        raise NotAllowed("assessments.not_an_assessor", text)
    if queries.is_near(session, actor.person_id, elder):
        text = T("Nobody assesses themselves, somebody of the same home, or kin. Let a colleague do it.")
        raise NotAllowed("assessments.own_family", text)


def _check_reason(session: Session, actor: Actor, elder_id: str, reason: str) -> str | None:
    """The dispute that the new assessment will settle: the open one, for whatever reason other people look again."""
    if reason not in rules.REASONS:
        raise BadInput("core.not_a_choice", T("Choose from the list."), field="reason")
    earlier = queries.history(session, elder_id)
    if (reason == "first") == bool(earlier):
        text = T('"First assessment" is for an elder who has none yet, and only then.')
        raise Refused("assessments.wrong_reason", text, field="reason")
    disputes = queries.disputes_of(session, elder_id).values()
    dispute = next((one for one in disputes if one.settled_by_id is None), None)
    if dispute is None and reason == "dispute":
        text = T("Nobody disputes the last assessment. Keep the dispute first, or choose another reason.")
        raise Refused("assessments.no_dispute", text, field="reason")
    if dispute is None:
        return None
    _check_others(session, dispute.id, actor.user_id)
    return dispute.id


def _check_others(session: Session, dispute_id: str, *user_ids: str) -> None:
    """Who signed a disputed assessment does not sign the one that settles it."""
    disputed_id = session.get_one(AssessmentDispute, dispute_id).assessment_id
    disputed = session.get_one(Assessment, disputed_id)
    if not {disputed.first_assessor_id, disputed.second_assessor_id}.isdisjoint(user_ids):
        text = T("The elder's side does not agree with your assessment. Two other people must look again.")
        raise NotAllowed("assessments.same_assessors", text)


def save_draft(session: Session, *, actor: Actor, assessment_id: str, values: Mapping[str, str]) -> Assessment:
    """Keep some answers of a draft, as the form or the tablet sends them; the others stay. Sent twice, nothing changes.

    Refuses anybody but the first assessor, a form that is signed, unknown fields and answers that are not offered;
    then nothing of what was sent is kept.
    """
    assessment = _draft_of(session, actor, assessment_id)
    scale, content = scales.scale(assessment.scale), queries.opened(assessment)
    answers, notes = content.answers, content.notes
    for name, value in values.items():
        if name == "assessed_on":
            assessment.assessed_on = _day(_read_date(value))
        elif name == "notes":
            notes = _read_notes(value)
        else:
            answers = rules.with_answer(scale, answers, name, value)
    assessment.content_sealed = sealed(Content(answers, notes, content.sent_back))
    assessment.changed_at = clock.now()
    session.add(assessment)
    return assessment


def _draft_of(session: Session, actor: Actor, assessment_id: str) -> Assessment:
    assessment = _here(session, actor, assessment_id)
    if assessment.first_assessor_id != actor.user_id:
        raise NotAllowed("assessments.not_your_draft", T("Only who began this form fills it in."))
    if assessment.state != AssessmentState.DRAFT:
        text = T("This assessment is signed or given up. Its answers cannot be changed any more.")
        raise Refused("assessments.not_a_draft", text)
    return assessment


def _here(session: Session, actor: Actor, assessment_id: str) -> Assessment:
    found = queries.assessment_for(session, actor.scope, assessment_id)
    if found is None:
        raise NotFound("assessments.no_such_assessment", T("There is no such assessment in your area."))
    return found


def _read_date(value: str) -> date:
    try:
        return date.fromisoformat(value if len(value) == 10 else "")
    except ValueError:
        text = T("Write the date as year-month-day, for example 2026-11-24.")
        raise BadInput("core.not_a_date", text, field="assessed_on") from None


def _day(on: date) -> date:
    if not clock.today() - timedelta(days=30) <= on <= clock.today():
        text = T("The day of the assessment lies within the last 30 days and not in the future.")
        raise BadInput("assessments.bad_day", text, field="assessed_on")
    return on


def _read_notes(value: str) -> str:
    if len(value) > MAX_TEXT_CHARS or any(ord(sign) < 32 and sign not in "\r\n\t" for sign in value):
        text = T("Write at most {most} signs.", most=MAX_TEXT_CHARS)
        raise BadInput("core.too_long", text, field="notes")
    return value.strip()


def take_over(session: Session, *, actor: Actor, assessment_id: str, from_user_id: str) -> Assessment:
    """Go on with a draft of a colleague who left; what was answered stays, the signature is the new assessor's.

    Refuses who may not assess, is near the elder, or signed what the draft is to settle; and a draft of somebody else.
    """
    assessment = _here(session, actor, assessment_id)
    if (assessment.first_assessor_id, assessment.state) != (from_user_id, AssessmentState.DRAFT):
        text = T("This assessment is signed or given up. Its answers cannot be changed any more.")
        raise Refused("assessments.not_a_draft", text)
    _check_assessor(session, actor, session.get_one(Person, assessment.elder_id))
    if assessment.answers_dispute_id:
        _check_others(session, assessment.answers_dispute_id, actor.user_id)
    assessment.first_assessor_id, assessment.changed_at = actor.user_id, clock.now()
    session.add(assessment)
    note(session, actor=actor, action="assessments.take_over", subject_id=assessment.id, area_code=assessment.area_code)
    return assessment


def sign_first(session: Session, *, actor: Actor, assessment_id: str) -> Assessment:
    """The first assessor signs: the answers are counted and fixed.

    Refuses a form with an answer missing, a day before that of the assessment in force, and who signed a disputed one.
    """
    assessment = _draft_of(session, actor, assessment_id)
    _check_assessor(session, actor, session.get_one(Person, assessment.elder_id))
    _take_up_dispute(session, actor, assessment)
    _check_order(session, assessment)
    _count(assessment)
    assessment.state, assessment.first_signed_at = AssessmentState.WAITING, clock.now()
    return _kept(session, actor, assessment, "assessments.sign_first")


def _take_up_dispute(session: Session, actor: Actor, assessment: Assessment) -> None:
    """A dispute that was raised while this form was under way is settled by it, or not by these people."""
    disputes = queries.disputes_of(session, assessment.elder_id).values()
    raised = next((one.id for one in disputes if one.settled_by_id is None), None)
    assessment.answers_dispute_id = assessment.answers_dispute_id or raised
    if assessment.answers_dispute_id:
        _check_others(session, assessment.answers_dispute_id, assessment.first_assessor_id, actor.user_id)


def _check_order(session: Session, assessment: Assessment) -> None:
    """The newer signature would not be in force if its day lay before that of the assessment before."""
    latest = queries.latest_assessment(session, assessment.elder_id)
    if latest and latest.assessed_on > assessment.assessed_on:
        text = T("The day lies before that of the assessment in force. Correct the day.")
        raise Refused("assessments.before_the_last", text, field="assessed_on")


def _count(assessment: Assessment) -> None:
    """Count the answers anew; whatever total or level was kept or sent before does not matter."""
    scale, content = scales.scale(assessment.scale), queries.opened(assessment)
    outcome = rules.evaluate(scale, content.answers)
    assessment.level, assessment.scale_digest = outcome.level, scale.digest
    assessment.content_sealed = sealed(
        Content(content.answers, content.notes, total=outcome.total, trace=outcome.trace)
    )
    assessment.changed_at = clock.now()


def sign_second(session: Session, *, actor: Actor, assessment_id: str) -> Assessment:
    """The second assessor signs: the assessment is valid from now on, and settles the dispute it answers.

    Refuses the first assessor, and who signed a disputed assessment.
    """
    assessment = _waiting(session, actor, assessment_id)
    _check_assessor(session, actor, session.get_one(Person, assessment.elder_id))
    _take_up_dispute(session, actor, assessment)
    _check_order(session, assessment)
    _count(assessment)
    assessment.state = AssessmentState.VALID
    assessment.second_assessor_id, assessment.second_signed_at = actor.user_id, clock.now()
    _settle_dispute(session, assessment)
    return _kept(session, actor, assessment, "assessments.sign_second")


def _waiting(session: Session, actor: Actor, assessment_id: str) -> Assessment:
    assessment = _here(session, actor, assessment_id)
    if assessment.state != AssessmentState.WAITING:
        raise Refused("assessments.not_waiting", T("This assessment does not wait for a second signature."))
    if assessment.first_assessor_id == actor.user_id:
        raise NotAllowed("assessments.same_assessor", T("The second signature must be somebody else's."))
    return assessment


def _settle_dispute(session: Session, assessment: Assessment) -> None:
    if assessment.answers_dispute_id:
        dispute = session.get_one(AssessmentDispute, assessment.answers_dispute_id)
        dispute.settled_by_id = assessment.id
        session.add(dispute)


def _kept(session: Session, actor: Actor, assessment: Assessment, action: str) -> Assessment:
    """Keep the row and one event with the mark of what was signed, so that a later change would show."""
    content = queries.opened(assessment)
    signed = f"{assessment.scale_digest} {assessment.assessed_on} {content}"
    session.add(assessment)
    note(
        session,
        actor=actor,
        action=action,
        subject_id=assessment.id,
        area_code=assessment.area_code,
        mark=crypto.vault().fingerprint(signed)[:16],
    )
    session.flush()
    return assessment


def send_back(session: Session, *, actor: Actor, assessment_id: str, words: str) -> Assessment:
    """The second assessor asks the first to look at something again: the form opens anew. Refuses no words."""
    assessment = _waiting(session, actor, assessment_id)
    if not words.strip():
        raise BadInput("core.missing", T("Please fill this in."), field="words")
    content = queries.opened(assessment)
    assessment.content_sealed = sealed(Content(content.answers, content.notes, sent_back=_read_notes(words)))
    assessment.state, assessment.first_signed_at, assessment.level = AssessmentState.DRAFT, None, None
    assessment.changed_at = clock.now()
    session.add(assessment)
    note(
        session,
        actor=actor,
        action="assessments.send_back",
        subject_id=assessment.id,
        area_code=assessment.area_code,
    )
    return assessment


def withdraw(session: Session, *, actor: Actor, assessment_id: str) -> Assessment:
    """Give up an assessment that is not valid; its answers are deleted. A valid one stays: it can be disputed."""
    assessment = _here(session, actor, assessment_id)
    if assessment.state not in queries.OPEN_STATES:
        raise Refused("assessments.is_final", T("A valid assessment stays. Whoever does not agree disputes it."))
    return _give_up(session, actor, assessment)


def _give_up(session: Session, actor: Actor, assessment: Assessment) -> Assessment:
    assessment.state, assessment.level = AssessmentState.WITHDRAWN, None
    assessment.content_sealed, assessment.changed_at = sealed(Content()), clock.now()
    session.add(assessment)
    note(session, actor=actor, action="assessments.withdraw", subject_id=assessment.id, area_code=assessment.area_code)
    return assessment


def raise_dispute(session: Session, *, actor: Actor, assessment_id: str, words: str) -> AssessmentDispute:
    """Keep that the elder's side does not agree. The assessment stays in force until other people assessed again.

    Refuses an assessment that is not the one in force, one older than policy assessment.dispute_days, one disputed
    already, and no words.
    """
    assessment = _here(session, actor, assessment_id)
    latest = queries.latest_assessment(session, assessment.elder_id)
    if latest is None or latest.id != assessment.id or latest.second_signed_at is None:
        raise Refused("assessments.not_in_force", T("Only the assessment in force can be disputed."))
    if queries.disputes_of(session, assessment.elder_id).get(assessment.id):
        raise Refused("assessments.disputed_already", T("This is disputed already; other people will look again."))
    policy = in_force(session, assessment.area_code, clock.today())
    days = policy.number("assessment.dispute_days")
    if clock.now() - latest.second_signed_at > timedelta(days=days):
        text = T("The {days} days to dispute are over. Ask for a new assessment instead.", days=days)
        raise Refused("assessments.dispute_too_late", text)
    if not words.strip():
        raise BadInput("core.missing", T("Please fill this in."), field="words")
    made = AssessmentDispute(
        id=ids.new_id("adp"),
        assessment_id=assessment.id,
        elder_id=assessment.elder_id,
        area_code=assessment.area_code,
        by_user_id=actor.user_id,
        words_sealed=crypto.vault().seal(_read_notes(words)),
        raised_at=clock.now(),
    )
    session.add(made)
    note(
        session,
        actor=actor,
        action="assessments.raise_dispute",
        subject_id=assessment.id,
        area_code=assessment.area_code,
    )
    session.flush()
    return made


def drop_old_drafts(session: Session, *, actor: Actor = SYSTEM, area_code: str) -> int:
    """Give up forms that nobody touched for policy assessment.draft_days: health data are not kept for nothing."""
    days = in_force(session, area_code, clock.today()).number("assessment.draft_days")
    found = select(Assessment).where(
        in_area(col(Assessment.area_code), area_code),
        col(Assessment.state).in_(queries.OPEN_STATES),
        Assessment.changed_at < clock.now() - timedelta(days=days),
    )
    old = session.exec(found).all()
    for assessment in old:
        _give_up(session, actor, assessment)
    return len(old)


def drop_superseded(session: Session, *, actor: Actor = SYSTEM, area_code: str) -> int:
    """Delete the answers behind which another assessment stands since policy privacy.answers_days; levels stay."""
    days = in_force(session, area_code, clock.today()).number("privacy.answers_days")
    old = queries.superseded(session, area_code, clock.now() - timedelta(days=days))
    for one in old:
        one.content_sealed = queries.DELETED
        session.add(one)
        note(session, actor=actor, action="assessments.drop_answers", subject_id=one.id, area_code=one.area_code)
    return len(old)


@forgets("assessments")
def forget_answers(session: Session, person: Person) -> int:
    """Of the dead the levels stay, by which they were cared for, and not what was answered and said about it."""
    for dispute in session.exec(select(AssessmentDispute).where(AssessmentDispute.elder_id == person.id)):
        dispute.words_sealed = crypto.vault().seal("")
    kept = [one for one in queries.history(session, person.id) if one.content_sealed != queries.DELETED]
    for one in kept:
        one.content_sealed = queries.DELETED
    return len(kept)


@when_withdrawn("health")
def give_up_without_consent(session: Session, actor: Actor, person: Person) -> int:
    """A form under way ends with the consent to keep health data, and its answers are deleted."""
    under_way = queries.open_one(session, person.id)
    if under_way is None:
        return 0
    _give_up(session, actor, under_way)
    return 1


@follows("assessments_moved", T("assessments moved to the entry that is kept"))
def follow_merge(session: Session, actor: Actor, person: Person, case: PersonCase) -> int:
    """The assessments of a double entry belong to the one that is kept; nothing else in a life changes them."""
    kept = session.get(Person, str(case.detail.get("kept", ""))) if case.kind == PersonState.MERGED else None
    if kept is None:
        return 0
    moved = session.exec(select(Assessment).where(Assessment.elder_id == person.id)).all()
    for row in [*moved, *session.exec(select(AssessmentDispute).where(AssessmentDispute.elder_id == person.id))]:
        row.elder_id, row.area_code = kept.id, kept.area_code
        session.add(row)
    if moved:
        note(session, actor=actor, action="assessments.hand_over", subject_id=kept.id, area_code=kept.area_code)
    return len(moved)


@follows("assessments_go_along", T("assessments that go along"))
def follow_move(session: Session, _actor: Actor, person: Person, case: PersonCase) -> int:
    """Assessments stand where the elder lives, so that the office there can read them and assess again."""
    moved = session.exec(select(Assessment).where(Assessment.elder_id == person.id)).all()
    disputes = session.exec(select(AssessmentDispute).where(AssessmentDispute.elder_id == person.id)).all()
    go_along(case, person, disputes)
    return go_along(case, person, moved)


def sealed(content: Content) -> str:
    """The content of an assessment as it is stored; also for rows that are made in bulk."""
    kept: dict[str, object] = {
        "scores": dict(content.answers.scores),
        "facts": dict(content.answers.facts),
        "events": dict(content.answers.events),
        "notes": content.notes,
    }
    if content.sent_back:
        kept["sent_back"] = content.sent_back
    if content.total is not None:
        kept |= {"total": content.total, "trace": [dict(step) for step in content.trace]}
    return crypto.vault().seal(kept)
