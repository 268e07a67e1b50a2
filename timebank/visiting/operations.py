"""Deciding tiers, writing down contacts, and climbing the ladder when nobody answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlmodel import Session, col, select

from timebank.assessments.queries import level_of
from timebank.audit.operations import note
from timebank.core import clock, crypto, ids
from timebank.core.actors import SYSTEM, Actor
from timebank.core.db import in_area
from timebank.core.errors import BadInput, NotFound, Refused
from timebank.core.months import age_on
from timebank.core.text import T
from timebank.people.effects import follows, go_along
from timebank.people.models import Person, PersonCase, PersonState, RiskTier
from timebank.policies.queries import in_force
from timebank.visiting import door_queries as doors
from timebank.visiting import queries, rules
from timebank.visiting.models import (
    CaseEnd,
    ContactForm,
    Outcome,
    StepKind,
    TierDecision,
    UnreachedCase,
    UnreachedStep,
    VisitingRecord,
)
from timebank.visits import operations as visits
from timebank.visits.models import Visit, VisitState

_GONE = (PersonState.DEAD, PersonState.MOVED, PersonState.MERGED)
_BACK_DAYS = 31
MAX_WORDS = 400


@follows("searches_go_along", T("searches that go along"))
def follow_move(session: Session, _actor: Actor, person: Person, case: PersonCase) -> int:
    """How closely somebody is visited goes along, and a search that is not over; contacts stay where they were made."""
    go_along(case, person, session.exec(select(TierDecision).where(TierDecision.elder_id == person.id)))
    found = select(UnreachedCase).where(UnreachedCase.elder_id == person.id, col(UnreachedCase.closed_at).is_(None))
    return go_along(case, person, session.exec(found))


@follows("searches_ended", T("searches that ended"))
def end_searches(session: Session, _actor: Actor, person: Person, case: PersonCase) -> int:
    """Who is in hospital, away, has moved or died is known to be elsewhere; of an entry that was joined the search goes
    on under the one that is kept."""
    cases = _open_cases(session, person.id)
    if case.kind == PersonState.MERGED:
        for search in cases:
            search.elder_id = str(case.detail["kept"])
            session.add(search)
        return 0
    if case.kind not in doors.NOT_HERE:
        return 0
    for search in cases:
        _close(session, search, CaseEnd.ELSEWHERE)
    return len(cases)


@dataclass(frozen=True)
class Contact:
    """What somebody tells about a contact: how, what came of it, the answers of the form, a few words.

    `source_key` names what made it (a door of a round, a call of a campaign), so that told twice it counts once.
    """

    elder_id: str
    on: date
    form: ContactForm
    outcome: Outcome
    answers: Mapping[str, str] = field(default_factory=dict)
    words: str = ""
    source_key: str | None = None


def decide_tier(session: Session, *, actor: Actor, elder_id: str) -> TierDecision:
    """Decide by the rules how closely an elder is visited; kept with every rule that speaks for it."""
    elder = _elder_here(session, actor, elder_id)
    return _decide(session, actor, elder, level_of(session, elder.id))


def decide_tiers(session: Session, *, actor: Actor, area_code: str) -> int:
    """Decide anew for every elder of an area whose tier or groups would change by the rules; how many did."""
    if not actor.scope.holds_area(area_code):
        raise NotFound("areas.no_such_area", T("There is no such place."))
    found = select(Person).where(
        in_area(col(Person.area_code), area_code),
        col(Person.elder_since_on).is_not(None),
        col(Person.state).not_in(_GONE),
    )
    levels, changed = queries.levels_in(session, area_code), 0
    for elder in session.exec(found.order_by(Person.id)).all():
        tier, _ = _by_the_rules(session, elder, levels.get(elder.id))
        if tier != elder.tier:
            _decide(session, actor, elder, levels.get(elder.id))
            changed += 1
    return changed


def _by_the_rules(session: Session, elder: Person, level: int | None) -> tuple[RiskTier, list[str]]:
    today = clock.today()
    old_age = in_force(session, elder.area_code, today).number("visiting.old_age")
    situation = rules.Situation(elder.tags, age_on(elder.born_on, today), level)
    return rules.tier_of(situation, old_age=old_age)


def _decide(session: Session, actor: Actor, elder: Person, level: int | None) -> TierDecision:
    tier, trace = _by_the_rules(session, elder, level)
    decision = TierDecision(
        id=ids.new_id("tie"),
        elder_id=elder.id,
        area_code=elder.area_code,
        tier=tier,
        groups=rules.groups_of(elder.tags),
        trace=trace,
        at=clock.now(),
        by_user_id=actor.user_id,
    )
    elder.tier = decision.tier
    session.add_all([elder, decision])
    note(session, actor=actor, action="visiting.decide_tier", subject_id=elder.id, area_code=elder.area_code, tier=tier)
    session.flush()
    return decision


def record_contact(session: Session, *, actor: Actor, contact: Contact) -> VisitingRecord:
    """Write down a contact that was no planned visit; said again under the same key it stays as it is.

    Who was reached is no longer searched for. Where nobody answered, the search begins with this as its first try,
    and a visit is made so that somebody goes and looks. Refuses days to come and days more than a month ago.
    """
    elder = _elder_here(session, actor, contact.elder_id)
    if contact.source_key:
        known = session.exec(select(VisitingRecord).where(VisitingRecord.source_key == contact.source_key)).first()
        if known:
            return known
    if not clock.today() - timedelta(days=_BACK_DAYS) <= contact.on <= clock.today():
        text = T("Choose today or one of the last {days} days.", days=_BACK_DAYS)
        raise BadInput("visiting.bad_day", text, field="on")
    record = _kept(session, actor, elder, contact)
    note(session, actor=actor, action="visiting.record_contact", subject_id=elder.id, outcome=contact.outcome.value)
    if contact.outcome == Outcome.NO_ANSWER and contact.on == clock.today():
        _begin_without_visit(session, actor, elder, record)
    elif contact.outcome != Outcome.NO_ANSWER:
        end = CaseEnd.REACHED if contact.outcome in rules.REACHED else CaseEnd.ELSEWHERE
        _close_searches(session, elder.id, end, told_on=contact.on)
    return record


def _kept(session: Session, actor: Actor, elder: Person, contact: Contact) -> VisitingRecord:
    said = rules.check_answers(contact.answers)
    words = contact.words.strip()[:MAX_WORDS]
    content = said | ({"words": words} if words else {})
    record = VisitingRecord(
        id=ids.new_id("vre"),
        elder_id=elder.id,
        area_code=elder.area_code,
        on=contact.on,
        form=contact.form,
        outcome=contact.outcome,
        answers_sealed=crypto.vault().seal(content) if content else "",
        source_key=contact.source_key,
        by_user_id=actor.user_id,
        at=clock.now(),
    )
    session.add(record)
    session.flush()
    return record


def _elder_here(session: Session, actor: Actor, elder_id: str) -> Person:
    elder = session.get(Person, elder_id)
    if elder is None or not actor.scope.holds_area(elder.area_code):
        raise NotFound("people.no_such_person", T("There is no such person in your area."))
    if elder.elder_since_on is None or elder.state in _GONE:
        raise Refused("visiting.not_on_the_list", T("Only a registered elder who lives here is on the visiting list."))
    return elder


def _begin_without_visit(session: Session, actor: Actor, elder: Person, record: VisitingRecord) -> None:
    """Nobody answered a call or a knock: the search begins, and the visit made for it will be its second try."""
    if _open_cases(session, elder.id):
        return
    look = visits.look_in(
        session, actor=actor, elder_id=elder.id, source_key=f"search:{record.id}", notes=str(_GO_AND_LOOK)
    )
    _begin(session, look, at=clock.now(), by=actor.user_id)


_GO_AND_LOOK = T("Nobody answered. Please look how they are.")


def begin_search(session: Session, *, actor: Actor, visit_id: str) -> UnreachedCase:
    """Begin the search for the elder of a visit at which nobody answered; begun before, it is the same one."""
    visit = session.get(Visit, visit_id)
    if visit is None or not actor.scope.holds_area(visit.area_code):
        raise NotFound("visits.no_such_visit", T("There is no such visit in your area."))
    known = session.exec(select(UnreachedCase).where(UnreachedCase.visit_id == visit_id)).first()
    if known:
        return known
    if visit.state != VisitState.UNREACHED:
        raise Refused("visits.was_reached", T("A second try is for visits at which nobody answered."))
    at = next((door.at for door in doors.shut_doors(session, [visit])), clock.now())
    return _begin(session, visit, at=at, by=actor.user_id)


def _begin(session: Session, visit: Visit, *, at: datetime, by: str) -> UnreachedCase:
    case = UnreachedCase(
        id=ids.new_id("unr"), elder_id=visit.elder_id, area_code=visit.area_code, visit_id=visit.id, opened_at=at
    )
    session.add(case)
    session.flush()
    _add_step(session, case, StepKind.FIRST_TRY, at=at, by=by)
    return case


def _add_step(
    session: Session,
    case: UnreachedCase,
    kind: StepKind,
    *,
    at: datetime,
    by: str,
    outcome: Outcome = Outcome.NO_ANSWER,
    words: str = "",
    event_id: str = "",
) -> UnreachedStep:
    step = UnreachedStep(
        id=ids.new_id("uns"),
        case_id=case.id,
        kind=kind,
        at=at,
        by_user_id=by,
        outcome=outcome,
        words_sealed=crypto.vault().seal(words) if words else "",
        event_id=event_id,
    )
    session.add(step)
    session.flush()
    return step


def take_step(
    session: Session, *, actor: Actor, case_id: str, kind: StepKind, outcome: Outcome, words: str = ""
) -> UnreachedStep:
    """Write down a step of the search and what it brought; who was reached or is known to be elsewhere ends it.

    A rung may be left out upwards, never gone back to. The emergency raises an alarm, whoever takes the step.
    """
    case = session.get(UnreachedCase, case_id, with_for_update=True)
    if case is None or not actor.scope.holds_area(case.area_code):
        raise NotFound("visiting.no_such_search", T("There is no such search in your area."))
    if case.closed_at is not None:
        raise Refused("visiting.search_is_over", T("This search is over: somebody knows how they are."))
    taken = queries.steps_of(session, [case.id]).get(case.id, [])
    highest = max(rules.LADDER.index(step.kind) for step in taken)
    if rules.LADDER.index(kind) <= highest:
        raise Refused("visiting.step_was_taken", T("This step, or one after it, is in the book already."), field="kind")
    event_id = _alarm(session, actor, case) if kind == StepKind.EMERGENCY else ""
    words = words.strip()[:MAX_WORDS]
    step = _add_step(
        session, case, kind, at=clock.now(), by=actor.user_id, outcome=outcome, words=words, event_id=event_id
    )
    note(session, actor=actor, action="visiting.take_step", subject_id=case.id, area_code=case.area_code, step=kind)
    if outcome in rules.REACHED:
        elder = session.get_one(Person, case.elder_id)
        contact = Contact(elder.id, clock.today(), ContactForm.DOOR, outcome, source_key=f"step:{step.id}")
        _kept(session, actor, elder, contact)
    if outcome != Outcome.NO_ANSWER:
        _close(session, case, CaseEnd.REACHED if outcome in rules.REACHED else CaseEnd.ELSEWHERE)
    return step


def _alarm(session: Session, actor: Actor, case: UnreachedCase) -> str:
    return visits.raise_alarm(session, actor=actor, visit_id=case.visit_id, source="unreached").id


def _close(session: Session, case: UnreachedCase, end: CaseEnd) -> None:
    case.closed_at, case.end = clock.now(), end
    session.add(case)
    session.flush()


def _open_cases(session: Session, elder_id: str) -> list[UnreachedCase]:
    found = select(UnreachedCase).where(UnreachedCase.elder_id == elder_id, col(UnreachedCase.closed_at).is_(None))
    return list(session.exec(found.order_by(UnreachedCase.id)))


def _close_searches(session: Session, elder_id: str, end: CaseEnd, *, told_on: date) -> None:
    for case in _open_cases(session, elder_id):
        if clock.local_date(case.opened_at) <= told_on:
            _close(session, case, end)


def watch(session: Session, *, area_code: str) -> int:
    """What the clock does for an area; how many alarms it raised.

    Begins the search for every door that stayed shut, from when it did, unless the elder was heard of since; takes over
    what second tries brought, ends searches for elders who were reached or are known to be elsewhere meanwhile, and
    raises the alarm where the time of the last rung has run out.
    """
    for door in doors.unanswered_doors(session, area_code, clock.today()):
        if not _open_cases(session, door.visit.elder_id):
            _begin(session, door.visit, at=door.at, by=door.person_id)
    found = select(UnreachedCase).where(
        in_area(col(UnreachedCase.area_code), area_code), col(UnreachedCase.closed_at).is_(None)
    )
    cases = session.exec(found.order_by(UnreachedCase.id)).all()
    steps = queries.steps_of(session, [case.id for case in cases])
    again = queries.tries_again(session, [case.visit_id for case in cases])
    news = doors.news_of(session, {case.elder_id for case in cases})
    raised = 0
    for case in cases:
        end = _end_by(session, case, news[case.elder_id])
        if end:
            _close(session, case, end)
        else:
            raised += _look_after(session, case, steps[case.id], again.get(case.visit_id))
    return raised


def _end_by(session: Session, case: UnreachedCase, news: list[doors.News]) -> CaseEnd | None:
    """How a search ends by what was heard of the elder after the door stayed shut; None while it goes on."""
    if session.get_one(Visit, case.visit_id).state in doors.REACHED_STATES:
        return CaseEnd.REACHED
    return doors.end_by(news, at=case.opened_at, visit_id=case.visit_id)


def _look_after(session: Session, case: UnreachedCase, steps: list[UnreachedStep], again: Visit | None) -> int:
    kinds = {step.kind for step in steps}
    if _second_try_failed(session, case, again) and not kinds - {StepKind.FIRST_TRY}:
        steps = [*steps, _add_step(session, case, StepKind.SECOND_TRY, at=clock.now(), by=SYSTEM.user_id)]
    if StepKind.EMERGENCY in kinds or not _time_has_run_out(session, case, steps):
        return 0
    event_id = _alarm(session, SYSTEM, case)
    _add_step(session, case, StepKind.EMERGENCY, at=clock.now(), by=SYSTEM.user_id, event_id=event_id)
    note(session, actor=SYSTEM, action="visiting.raise_alarm", subject_id=case.id, area_code=case.area_code)
    return 1


def _time_has_run_out(session: Session, case: UnreachedCase, steps: list[UnreachedStep]) -> bool:
    """Whether it is an emergency by the clock. Who hears of a shut door late has the time of the last rung to ask."""
    waits = queries.waits(in_force(session, case.area_code, clock.local_date(case.opened_at)))
    at = rules.emergency_at([(step.kind, step.at) for step in steps], waits)
    if at is None or clock.now() < at:
        return False
    told = doors.shut_doors(session, [session.get_one(Visit, case.visit_id)])
    to_ask = timedelta(minutes=waits[StepKind.EMERGENCY])
    return all(clock.now() >= door.heard_at + to_ask for door in told)


def _second_try_failed(session: Session, case: UnreachedCase, again: Visit | None) -> bool:
    """Whether the second try found nobody either; of a search without a first visit, the visit itself is that try."""
    visit = session.get_one(Visit, case.visit_id)
    second = visit if (visit.source_key or "").startswith("search:") else again
    return second is not None and second.state == VisitState.UNREACHED


def answer_search(session: Session, *, actor: Actor, case_id: str, words: str) -> UnreachedCase:
    """End a search whose alarm was taken in hand: who went, and how the elder is."""
    case = session.get(UnreachedCase, case_id, with_for_update=True)
    if case is None or not actor.scope.holds_area(case.area_code):
        raise NotFound("visiting.no_such_search", T("There is no such search in your area."))
    if case.closed_at is not None:
        return case
    steps = queries.steps_of(session, [case.id]).get(case.id, [])
    alarm = next((step.event_id for step in steps if step.kind == StepKind.EMERGENCY), "")
    if not alarm:
        raise Refused("visiting.no_alarm_yet", T("No alarm was raised. Write down the step that found the elder."))
    visits.answer_alarm(session, actor=actor, event_id=alarm, words=words)
    _close(session, case, CaseEnd.HANDLED)
    note(session, actor=actor, action="visiting.answer_search", subject_id=case.id, area_code=case.area_code)
    return case
