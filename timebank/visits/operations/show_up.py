"""Who came to a door that nobody opened may be credited some minutes, if the rules say so and a person looked."""

from sqlmodel import Session

from timebank.audit.operations import note
from timebank.core import clock, ids
from timebank.core.actors import Actor
from timebank.core.errors import NotFound, Refused
from timebank.core.text import T
from timebank.ledger import operations as ledger
from timebank.policies.queries import in_force
from timebank.visits import queries
from timebank.visits.models import Review, Visit, VisitCarer, VisitState
from timebank.visits.operations.locking import locked_visit
from timebank.visits.operations.settlement import check_reviewer, credited_at, within_caps
from timebank.volunteers.operations import check_gates


def credit_show_up(session: Session, *, actor: Actor, visit_id: str) -> list[VisitCarer]:
    """Credit each carer who told that nobody answered (policy visit.show_up_minutes), once; who was credited.

    The visit stays unreached, so that the second try goes on; the elder's hours are not drawn. Refuses where the rules
    credit nothing, a visit that was reached, who came themselves, and whoever lacks what the service asks for.
    """
    visit = locked_visit(session, actor.scope, visit_id)
    if visit is None:
        raise NotFound("visits.no_such_visit", T("There is no such visit in your area."))
    check_reviewer(session, actor, visit, queries.crew_of(session, visit.id))
    policy = in_force(session, visit.area_code, visit.due_on)
    minutes = policy.number("visit.show_up_minutes")
    if not minutes or visit.paid_by == "voucher":
        raise Refused("visits.show_up_not_credited", T("The rules credit nothing where nobody answered."))
    if visit.state != VisitState.UNREACHED:
        raise Refused("visits.was_reached", T("A second try is for visits at which nobody answered."))
    came = queries.who_came_in_vain(session, visit)
    check_gates(session, person_ids=[person.id for _, person in came], service=visit.service.value, on=visit.due_on)
    for carer, person in came:
        event_at = credited_at(visit, carer)
        allowed, _ = within_caps(session, person, event_at, minutes, policy)
        carer.credited_minutes = allowed
        if allowed:
            posted = ledger.earn(
                session,
                actor=actor,
                person=person,
                minutes=allowed,
                visit_id=visit.id,
                event_at=event_at,
                policy=policy,
            )
            carer.transfer_id = posted[0].id
        session.add(carer)
    _keep(session, actor, visit, came)
    return [carer for carer, _ in came]


def _keep(session: Session, actor: Actor, visit: Visit, came: list[queries.Coming]) -> None:
    if not came:
        raise Refused("visits.show_up_known", T("Whoever came to this door was credited already."))
    minutes = {person.id: carer.credited_minutes or 0 for carer, person in came}
    reason = T("came, nobody answered").msgid
    session.add(
        Review(
            id=ids.new_id("rev"),
            visit_id=visit.id,
            reviewer_id=actor.user_id,
            approved=True,
            minutes=minutes,
            reason=reason,
            at=clock.now(),
        )
    )
    note(session, actor=actor, action="visits.credit_show_up", subject_id=visit.id, area_code=visit.area_code)
