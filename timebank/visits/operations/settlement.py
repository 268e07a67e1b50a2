"""From the elder's nod to the hours in the book: confirm, review, settle. Nobody does two of these for one hour."""

from datetime import datetime

from sqlmodel import Session

from timebank.audit.operations import note
from timebank.core import clock, ids, months
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
from timebank.visits.operations.derivation import derive, with_flag
from timebank.visits.operations.doors import learn_door
from timebank.visits.operations.locking import locked_visit
from timebank.visits.operations.suspicion import doubts_across
from timebank.visits.queries import Coming
from timebank.volunteers.operations import check_gates
from timebank.volunteers.queries import gaps_of_people
from timebank.volunteers.rules import caps

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

    Said again, the first answer stands. Refuses a carer of the visit, a visit that is not done, and a spoken answer
    taken by who entered the slip: that person can keep the signature on it (`paper`) alone.
    """
    visit = _visit(session, actor, visit_id)
    if method not in METHODS or (happy is not None and happy not in (1, 2, 3)):
        raise BadInput("core.not_a_choice", T("Choose from the list."), field="method")
    known = queries.confirmation_of(session, visit_id)
    if known:
        return known
    _check_confirmer(session, actor, visit, method)
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
    if disputed:
        visit.flags = with_flag(visit.flags, "disputed")
    session.add_all([made, visit])
    derive(session, visit)
    note(session, actor=actor, action="visits.confirm", subject_id=visit.id, area_code=visit.area_code, method=method)
    return made


def _check_confirmer(session: Session, actor: Actor, visit: Visit, method: str) -> None:
    if actor.person_id in {carer.person_id for carer, _ in queries.crew_of(session, visit.id)}:
        raise NotAllowed(
            "visits.own_visit", T("Who helped cannot also confirm. Ask the elder, the kin or the village.")
        )
    is_member = actor.role in (Role.VOLUNTEER, Role.ELDER)
    if is_member and not may_act(
        session, person_id=actor.person_id or "", for_person_id=visit.elder_id, purpose="confirm"
    ):
        raise NotAllowed("visits.no_power", T("You need a written power to confirm in this name."))
    if method != "paper" and actor.user_id in queries.who_recorded(session, visit.id):
        text = T("You entered the slip of this visit yourself. Somebody else must ask the elder.")
        raise NotAllowed("visits.recorded_by_you", text)
    if visit.state != VisitState.DONE:
        raise Refused("visits.not_done", T("This visit is not finished yet."))


def proposed_minutes(session: Session, visit: Visit) -> dict[str, tuple[int, list[str]]]:
    """For each carer who came, the minutes that the rules credit and what is to be looked at; none for a paid visit."""
    return _proposed(session, visit, queries.crew_of(session, visit.id))


def _proposed(session: Session, visit: Visit, crew: list[Coming]) -> dict[str, tuple[int, list[str]]]:
    policy = in_force(session, visit.area_code, visit.due_on)
    proposals = {}
    for carer, person in crew:
        present, doubts = rules.minutes_present(
            carer.checked_in_at,
            carer.checked_out_at,
            planned_minutes=visit.duration_minutes,
            tolerance_minutes=policy.number("earn.over_planned_minutes"),
        )
        if carer.checked_in_at is None or carer.transfer_id:  # credited already, for a door that nobody opened
            continue
        earns = 0 if visit.paid_by == "voucher" else present
        minutes, capped = within_caps(session, person, credited_at(visit, carer), earns, policy)
        proposals[carer.person_id] = (minutes, doubts + capped)
    return proposals


def credited_at(visit: Visit, carer: VisitCarer) -> datetime:
    """The instant under which a carer's hours stand in the book; day, week and month of them are those of this instant.

    When they came: a visit may be made on another day than it was due.
    """
    return carer.checked_in_at or clock.at_local(visit.due_on, carer.starts_minute)


def within_caps(session: Session, person: Person, at: datetime, present: int, policy: Policy) -> tuple[int, list[str]]:
    """Minutes of a stay, booked under an instant, that its day and week still allow, and whether that is less."""
    on = clock.local_date(at)
    most_a_day, most_a_week = caps(months.age_on(person.born_on, on), policy)
    today, this_week = queries.credited_around(session, person.id, on)
    return rules.credited_minutes(
        present,
        step_minutes=policy.number("earn.rounding_minutes"),
        left_today=most_a_day - today,
        left_this_week=most_a_week - this_week,
    )


def needs_a_look(session: Session, visit: Visit) -> list[str]:
    """Why a person must look before hours are credited; empty when the rules let it pass (policy review.*)."""
    policy = in_force(session, visit.area_code, visit.due_on)
    crew = queries.crew_of(session, visit.id)
    doubts = [doubt for _, found in _proposed(session, visit, crew).values() for doubt in found]
    if visit.grade in (None, EvidenceGrade.C):
        share = policy.number("evidence.grade_c_sample_percent")
    else:
        share = policy.number("review.sample_percent")
    sampled = ["sampled"] if rules.is_sampled(visit.id, percent=share) else []
    papers = ["papers_missing"] if _lacking(session, visit, crew) else []
    across = doubts_across(session, visit, crew, policy)
    return list(dict.fromkeys([*visit.flags, *across, *papers, *doubts, *sampled]))


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
    crew = queries.crew_of(session, visit.id)
    check_reviewer(session, actor, visit, crew)
    if visit.state != VisitState.CONFIRMED:
        raise Refused("visits.not_confirmed", T("This visit does not wait for a review."))
    proposed = {person_id: found for person_id, (found, _) in _proposed(session, visit, crew).items()}
    chosen = proposed if minutes is None else minutes
    _refuse_hours_for_paid(visit, chosen)
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
    if approved:
        _post_hours(session, actor, visit, crew, chosen)
    else:
        _draw(session, actor, visit, 0)
        visit.state = VisitState.REJECTED
    session.add_all([made, visit])
    note(
        session, actor=actor, action="visits.review", subject_id=visit.id, area_code=visit.area_code, approved=approved
    )
    crash_point("visits.after_review")
    if approved:
        _finish(session, actor, visit)
    return made


def _refuse_hours_for_paid(visit: Visit, minutes: dict[str, int]) -> None:
    """Paid visits and hours are two orders: what a voucher pays for never earns hours too (field guide §2.4)."""
    if visit.paid_by == "voucher" and any(minutes.values()):
        text = T("This visit is paid by voucher. It earns no hours: credit 0 minutes.")
        raise Refused("visits.paid_earns_nothing", text, field="minutes")


def check_reviewer(session: Session, actor: Actor, visit: Visit, crew: list[Coming]) -> None:
    """Refuse who helped, recorded or confirmed a visit (promise P9)."""
    allowed = rules.may_review(
        actor.user_id,
        actor.person_id,
        carers=[carer.person_id for carer, _ in crew],
        recorded_by=queries.who_recorded(session, visit.id),
        confirmed_by=queries.who_confirmed(session, visit.id),
    )
    if not allowed:
        raise NotAllowed("visits.not_your_review", T("Who helped, recorded or confirmed a visit cannot review it."))


def settle(session: Session, *, actor: Actor, visit: Visit, minutes: dict[str, int]) -> None:
    """Post the hours of a reviewed visit: each carer earns, who asked draws.

    Refuses hours for a visit that is paid by voucher, and for whoever lacked on that day what the rules ask for the
    service: enter the paper, or credit nothing.
    """
    _post_hours(session, actor, visit, queries.crew_of(session, visit.id), minutes)
    _finish(session, actor, visit)


def _post_hours(session: Session, actor: Actor, visit: Visit, crew: list[Coming], minutes: dict[str, int]) -> None:
    _refuse_hours_for_paid(visit, minutes)
    _check_papers(session, visit, crew, minutes)
    policy = in_force(session, visit.area_code, visit.due_on)
    for carer, person in crew:
        credited = minutes.get(carer.person_id, 0)
        if credited:
            _credit(session, actor, visit, carer, person, credited, policy)
    _draw(session, actor, visit, sum(minutes.values()))
    visit.state = VisitState.SETTLED
    session.add(visit)


def _finish(session: Session, actor: Actor, visit: Visit) -> None:
    note(session, actor=actor, action="visits.settle", subject_id=visit.id, area_code=visit.area_code)
    session.flush()
    learn_door(session, actor=actor, visit=visit, policy=in_force(session, visit.area_code, visit.due_on))


def _check_papers(session: Session, visit: Visit, crew: list[Coming], minutes: dict[str, int]) -> None:
    if any(minutes.get(person.id) for person, _ in _lacking(session, visit, crew)):
        came = [person.id for _, person in crew]
        check_gates(session, person_ids=came, service=visit.service.value, on=visit.due_on)


def _lacking(session: Session, visit: Visit, crew: list[Coming]) -> list[tuple[Person, list[str]]]:
    """Who of a crew lacked what on the day of the visit."""
    return gaps_of_people(session, [person for _, person in crew], visit.service.value, visit.due_on)


def _draw(session: Session, actor: Actor, visit: Visit, minutes: int) -> None:
    """Draw what was held for a request. A hold that ran out is made again; if the hours are gone, a flag says so."""
    if not visit.hold_id:
        return
    if not queries.is_hold_waiting(session, visit.hold_id):
        _hold_again(session, actor, visit)
    if not queries.is_hold_waiting(session, visit.hold_id):
        visit.flags = with_flag(visit.flags, "not_drawn")
    elif minutes:
        ledger.capture(session, actor=actor, hold_id=visit.hold_id, minutes=minutes, event_at=_event_at(visit))
    else:
        ledger.release(session, actor=actor, hold_id=visit.hold_id)


def _hold_again(session: Session, actor: Actor, visit: Visit) -> None:
    """Hold the hours of a request once more under the name it has in the book, for the day on which help was due."""
    try:
        held = ledger.hold(
            session,
            actor=actor,
            person_id=visit.elder_id,
            minutes=visit.duration_minutes * visit.crew_size,
            source_id=queries.source_of_hold(session, visit),
            due_at=_event_at(visit),
        )
    except Refused:
        return
    visit.hold_id = held.id


def _credit(
    session: Session, actor: Actor, visit: Visit, carer: VisitCarer, person: Person, minutes: int, policy: Policy
) -> None:
    event_at = credited_at(visit, carer)
    made = ledger.earn(
        session, actor=actor, person=person, minutes=minutes, visit_id=visit.id, event_at=event_at, policy=policy
    )
    carer.credited_minutes = minutes
    carer.transfer_id = made[0].id
    session.add(carer)


def _event_at(visit: Visit) -> datetime:
    return clock.at_local(visit.due_on, visit.window_from_minute)


def _visit(session: Session, actor: Actor, visit_id: str) -> Visit:
    visit = locked_visit(session, actor.scope, visit_id)
    if visit is None:
        raise NotFound("visits.no_such_visit", T("There is no such visit in your area."))
    return visit
