"""Agreeing care plans."""

from collections.abc import Sequence
from datetime import date, timedelta

from sqlmodel import Session

from timebank.assessments.queries import level_of
from timebank.audit.operations import note
from timebank.careplans import queries
from timebank.careplans.models import CareItem, CarePlan, CarePlanState, ServiceKind
from timebank.careplans.rules import CONTRAINDICATIONS, ItemIn, check_entitlement, check_item
from timebank.core import clock, ids
from timebank.core.actors import Actor
from timebank.core.errors import BadInput, NotAllowed, NotFound, Refused
from timebank.core.text import T
from timebank.people.models import Person, PersonState
from timebank.people.queries import has_consent, may_act


def agree_care_plan(
    session: Session,
    *,
    actor: Actor,
    elder_id: str,
    items: Sequence[ItemIn],
    starts_on: date,
    agreed_by: str,
    consent_method: str,
    contraindications: Sequence[str] = (),
) -> CarePlan:
    """Write down what was agreed with an elder's side; the version before ends the day before.

    Refuses no items, an elder outside the area or not alive, agreement by somebody without a power, an elder who
    has not agreed that the office keeps visit data (for baths: health data, PIPL art. 29), and more of a service than
    the basic service list grants at the elder's level.
    """
    elder = _elder_here(session, actor, elder_id)
    if not items:
        raise BadInput("careplans.no_items", T("Add at least one service."), field="items")
    if not may_act(session, person_id=agreed_by, for_person_id=elder_id, purpose="request"):
        raise NotAllowed(
            "careplans.no_power", T("Who agrees must be the elder or hold a written power."), field="agreed_by"
        )
    checked = [check_item(item) for item in items]
    _check_consents(session, elder_id, checked)
    if not set(contraindications) <= set(CONTRAINDICATIONS):
        raise BadInput("core.not_a_choice", T("Choose from the list."), field="contraindications")
    granted = queries.service_list()
    limits = granted["most_in_31_days_by_level"]
    check_entitlement(checked, level=level_of(session, elder_id) or 0, limits=limits)
    version = _replace_present(session, elder_id, starts_on)
    care_plan = CarePlan(
        id=ids.new_id("cpl"),
        elder_id=elder.id,
        area_code=elder.area_code,
        version=version,
        state=CarePlanState.AGREED,
        starts_on=starts_on,
        agreed_at=clock.now(),
        agreed_by=agreed_by,
        consent_method=consent_method,
        contraindications=list(contraindications),
        entitlement=granted["version"],
        created_at=clock.now(),
    )
    session.add(care_plan)
    session.flush()
    session.add_all(CareItem(id=ids.new_id("cit"), care_plan_id=care_plan.id, **vars(item)) for item in checked)
    note(
        session,
        actor=actor,
        action="careplans.agree",
        subject_id=care_plan.id,
        area_code=elder.area_code,
        version=version,
    )
    session.flush()
    return care_plan


def _elder_here(session: Session, actor: Actor, elder_id: str) -> Person:
    elder = session.get(Person, elder_id)
    if elder is None or not actor.scope.holds_area(elder.area_code):
        raise NotFound("people.no_such_person", T("There is no such person in your area."))
    if elder.elder_since_on is None or elder.state in (PersonState.DEAD, PersonState.MOVED, PersonState.MERGED):
        raise Refused("careplans.not_an_elder_here", T("Only a registered elder who lives here can have a care plan."))
    return elder


def _check_consents(session: Session, elder_id: str, items: Sequence[ItemIn]) -> None:
    if not has_consent(session, elder_id, "visits"):
        text = T("First read the consent for visits aloud to the elder and keep the answer.")
        raise Refused("careplans.no_consent", text, field="consent")
    if any(item.service == ServiceKind.BATH for item in items) and not has_consent(session, elder_id, "health"):
        text = T("A bath needs the elder's consent to keep health data. Read it aloud and keep the answer.")
        raise Refused("careplans.no_health_consent", text, field="consent")


def _replace_present(session: Session, elder_id: str, starts_on: date) -> int:
    """End the versions before, also one that was to go on for a while; the number of the next one."""
    known, last_on = queries.plans_of(session, elder_id), starts_on - timedelta(days=1)
    for care_plan in known:
        if care_plan.ends_on is None or care_plan.ends_on > last_on:
            care_plan.state, care_plan.ends_on = CarePlanState.REPLACED, last_on
            session.add(care_plan)
    return 1 + max((care_plan.version for care_plan in known), default=0)


def end_care_plan(session: Session, *, actor: Actor, care_plan_id: str, ends_on: date) -> CarePlan:
    """End a care plan on a day; later visits are no longer made."""
    care_plan = session.get(CarePlan, care_plan_id)
    if care_plan is None or not actor.scope.holds_area(care_plan.area_code):
        raise NotFound("careplans.no_such_plan", T("There is no such care plan in your area."))
    care_plan.state, care_plan.ends_on = CarePlanState.ENDED, ends_on
    session.add(care_plan)
    note(session, actor=actor, action="careplans.end", subject_id=care_plan.id, area_code=care_plan.area_code)
    return care_plan


def resume_care_plan(session: Session, *, actor: Actor, care_plan_id: str, ends_on: date | None) -> CarePlan:
    """A care plan that was ended by mistake is in force again, until the day that was agreed."""
    care_plan = session.get(CarePlan, care_plan_id)
    if care_plan is None or not actor.scope.holds_area(care_plan.area_code):
        raise NotFound("careplans.no_such_plan", T("There is no such care plan in your area."))
    if care_plan.state != CarePlanState.ENDED:
        raise Refused("careplans.not_ended", T("This care plan was changed meanwhile. Look at it first."))
    care_plan.state, care_plan.ends_on = CarePlanState.AGREED, ends_on
    session.add(care_plan)
    note(session, actor=actor, action="careplans.resume", subject_id=care_plan.id, area_code=care_plan.area_code)
    return care_plan
