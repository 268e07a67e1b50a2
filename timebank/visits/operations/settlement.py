"""From the elder's nod to the hours in the book: confirm, review, settle. Nobody does two of these for one hour."""

from datetime import datetime, timedelta

from sqlmodel import Session

from timebank.audit.operations import note
from timebank.core import clock, ids
from timebank.core.actors import Actor, Role
from timebank.core.crash import crash_point
from timebank.core.errors import BadInput, NotAllowed, NotFound, Refused
from timebank.core.text import T
from timebank.ledger import operations as ledger
from timebank.people.models import Person
from timebank.people.queries import may_act
from timebank.policies.queries import Policy, in_force
from timebank.visits import queries, rules
from timebank.visits.models import Confirmation, EvidenceGrade, Review, Visit, VisitCarer, VisitState

METHODS = ("button", "code", "assistant", "call_back", "paper")


def confirm(
    session: Session,
    *,
    actor: Actor,
    visit_id: str,
    method: str,
    happy: int | None = None,
    disputed: bool = False,
    remark: str = "",
) -> Confirmation:
    """The elder's side says how it was: the elder, kin with a written power, or the village for them.

    Said again, the first answer stands. Refuses a carer of the visit, and a visit that is not done.
    """
    visit = _visit(session, actor, visit_id)
    if method not in METHODS or (happy is not None and happy not in (1, 2, 3)):
        raise BadInput("core.not_a_choice", T("Choose from the list."), field="method")
    known = queries.confirmation_of(session, visit_id)
    if known:
        return known
    _check_confirmer(session, actor, visit)
    made = Confirmation(
        id=ids.new_id("cfm"),
        visit_id=visit.id,
        by_person_id=actor.person_id,
        by_user_id=actor.user_id,
        method=method,
        happy=happy,
        disputed=disputed,
        remark=remark[:400],
        at=clock.now(),
    )
    visit.state = VisitState.CONFIRMED
    if disputed:
        visit.flags = [*visit.flags, "disputed"]
    if method != "paper" and visit.grade == EvidenceGrade.B and "out_of_fence" not in visit.flags:
        visit.grade = EvidenceGrade.A  # the elder's word is the second, independent proof
    session.add_all([made, visit])
    note(session, actor=actor, action="visits.confirm", subject_id=visit.id, area_code=visit.area_code, method=method)
    return made


def _check_confirmer(session: Session, actor: Actor, visit: Visit) -> None:
    carers = queries.carers_of(session, [visit.id]).get(visit.id, [])
    if actor.person_id in {carer.person_id for carer, _ in carers}:
        raise NotAllowed(
            "visits.own_visit", T("Who helped cannot also confirm. Ask the elder, the kin or the village.")
        )
    is_member = actor.role in (Role.VOLUNTEER, Role.ELDER)
    if is_member and not may_act(
        session, person_id=actor.person_id or "", for_person_id=visit.elder_id, purpose="confirm"
    ):
        raise NotAllowed("visits.no_power", T("You need a written power to confirm in this name."))
    if visit.state != VisitState.DONE:
        raise Refused("visits.not_done", T("This visit is not finished yet."))


def proposed_minutes(session: Session, visit: Visit) -> dict[str, tuple[int, list[str]]]:
    """For each carer who came, the minutes that the rules credit and what is to be looked at."""
    policy = in_force(session, visit.area_code, visit.due_on)
    proposals = {}
    for carer, _ in queries.carers_of(session, [visit.id]).get(visit.id, []):
        present, doubts = rules.minutes_present(
            carer.checked_in_at,
            carer.checked_out_at,
            planned_minutes=visit.duration_minutes,
            tolerance_minutes=policy.number("earn.over_planned_minutes"),
        )
        if carer.checked_in_at is None:
            continue
        minutes, capped = _within_caps(session, visit, carer, present, policy)
        proposals[carer.person_id] = (minutes, doubts + capped)
    return proposals


def _within_caps(
    session: Session, visit: Visit, carer: VisitCarer, present: int, policy: Policy
) -> tuple[int, list[str]]:
    monday = visit.due_on - timedelta(days=visit.due_on.weekday())
    sunday = monday + timedelta(days=6)
    return rules.credited_minutes(
        present,
        step_minutes=policy.number("earn.rounding_minutes"),
        left_today=policy.number("earn.max_minutes_per_day")
        - queries.credited_between(session, carer.person_id, visit.due_on, visit.due_on),
        left_this_week=policy.number("earn.max_minutes_per_week")
        - queries.credited_between(session, carer.person_id, monday, sunday),
    )


def needs_a_look(session: Session, visit: Visit) -> list[str]:
    """Why a person must look before hours are credited; empty when the rules let it pass (policy review.*)."""
    policy = in_force(session, visit.area_code, visit.due_on)
    doubts = [doubt for _, found in proposed_minutes(session, visit).values() for doubt in found]
    if visit.grade in (None, EvidenceGrade.C):
        share = policy.number("evidence.grade_c_sample_percent")
    else:
        share = policy.number("review.sample_percent")
    sampled = ["sampled"] if rules.is_sampled(visit.id, percent=share) else []
    return [*visit.flags, *doubts, *sampled]


def review(
    session: Session,
    *,
    actor: Actor,
    visit_id: str,
    approved: bool,
    minutes: dict[str, int] | None = None,
    reason: str = "",
) -> Review:
    """A reviewer decides what is credited; approved hours are settled at once.

    Refuses who earned, recorded or confirmed the visit; minutes above what the rules credit; a rejection or a
    correction without a reason; and a visit that is not confirmed.
    """
    visit = _visit(session, actor, visit_id)
    _check_reviewer(session, actor, visit)
    if visit.state != VisitState.CONFIRMED:
        raise Refused("visits.not_confirmed", T("This visit does not wait for a review."))
    proposed = {person_id: found for person_id, (found, _) in proposed_minutes(session, visit).items()}
    chosen = proposed if minutes is None else minutes
    for person_id, wanted in chosen.items():
        if not 0 <= wanted <= proposed.get(person_id, 0):
            most = proposed.get(person_id, 0)
            raise BadInput(
                "visits.too_many_minutes", T("The rules credit at most {most} minutes.", most=most), field="minutes"
            )
    if (not approved or chosen != proposed) and not reason.strip():
        raise BadInput("visits.no_reason", T("Write the reason; the volunteer will read it."), field="reason")
    made = Review(
        id=ids.new_id("rev"),
        visit_id=visit.id,
        reviewer_id=actor.user_id,
        approved=approved,
        minutes=chosen if approved else {},
        reason=reason[:400],
        at=clock.now(),
    )
    session.add(made)
    note(
        session, actor=actor, action="visits.review", subject_id=visit.id, area_code=visit.area_code, approved=approved
    )
    crash_point("visits.after_review")
    if approved:
        settle(session, actor=actor, visit=visit, minutes=chosen)
    else:
        visit.state = VisitState.REJECTED
        session.add(visit)
        if visit.hold_id:
            ledger.release(session, actor=actor, hold_id=visit.hold_id)
    return made


def _check_reviewer(session: Session, actor: Actor, visit: Visit) -> None:
    confirmation = queries.confirmation_of(session, visit.id)
    events = queries.events_of(session, visit.id)
    carers = queries.carers_of(session, [visit.id]).get(visit.id, [])
    allowed = rules.may_review(
        actor.user_id,
        actor.person_id,
        carers=[carer.person_id for carer, _ in carers],
        recorded_by=[event.entered_by for event in events if event.entered_by],
        confirmed_by=confirmation.by_user_id if confirmation else "",
    )
    if not allowed:
        raise NotAllowed("visits.not_your_review", T("Who helped, recorded or confirmed a visit cannot review it."))


def settle(session: Session, *, actor: Actor, visit: Visit, minutes: dict[str, int]) -> None:
    """Post the hours of a reviewed visit: each carer earns, who asked draws. A voucher visit earns nothing."""
    policy = in_force(session, visit.area_code, visit.due_on)
    for carer, person in queries.carers_of(session, [visit.id]).get(visit.id, []):
        credited = minutes.get(carer.person_id, 0)
        if credited and visit.paid_by != "voucher":
            _credit(session, actor, visit, carer, person, credited, policy)
    if visit.hold_id:
        drawn = max(1, sum(minutes.values()))
        ledger.capture(session, actor=actor, hold_id=visit.hold_id, minutes=drawn, event_at=_event_at(visit))
    visit.state = VisitState.SETTLED
    session.add(visit)
    note(session, actor=actor, action="visits.settle", subject_id=visit.id, area_code=visit.area_code)


def _credit(
    session: Session, actor: Actor, visit: Visit, carer: VisitCarer, person: Person, minutes: int, policy: Policy
) -> None:
    event_at = carer.checked_in_at or _event_at(visit)
    made = ledger.earn(
        session, actor=actor, person=person, minutes=minutes, visit_id=visit.id, event_at=event_at, policy=policy
    )
    carer.credited_minutes = minutes
    carer.transfer_id = made[0].id
    session.add(carer)


def _event_at(visit: Visit) -> datetime:
    return clock.at_local(visit.due_on, visit.window_from_minute)


def _visit(session: Session, actor: Actor, visit_id: str) -> Visit:
    visit = queries.visit_for(session, actor.scope, visit_id)
    if visit is None:
        raise NotFound("visits.no_such_visit", T("There is no such visit in your area."))
    return visit
