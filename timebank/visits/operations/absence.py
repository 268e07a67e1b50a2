"""What follows for visits when somebody is in hospital, away, back, has moved, died, or was registered twice."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from timebank.careplans import operations as careplans
from timebank.careplans.models import Absence, CarePlanState, ServiceKind
from timebank.careplans.queries import plans_of
from timebank.core import clock
from timebank.core.actors import Actor
from timebank.core.errors import Refused
from timebank.core.text import T, Text
from timebank.ledger import operations as ledger
from timebank.people.effects import (
    RELOCATED,
    follows,
    go_along,
    has_left_township,
    helpers_known,
    remember,
    takes_back,
    unsettled_known,
)
from timebank.people.models import Person, PersonCase, PersonState
from timebank.visits import queries
from timebank.visits.models import CarerState, Visit, VisitCarer, VisitState
from timebank.visits.operations.derivation import derive, with_flag
from timebank.visits.operations.locking import locked_visits
from timebank.visits.operations.revival import NOT_AT_HOME, WITHDRAWN, stand_again

_OPEN = (VisitState.DUE, VisitState.PLANNED, VisitState.UNREACHED)
REASONS: dict[str, Text] = {  # kept with the visit as their English sentences
    PersonState.HOSPITAL: T("the elder is in hospital"),
    PersonState.AWAY: T("the elder is away for a while"),
    PersonState.MOVED: T("the elder has moved away"),
    PersonState.DEAD: T("the elder has died"),
    PersonState.MERGED: T("the elder was registered twice"),
}
_GONE = (PersonState.HOSPITAL, PersonState.AWAY, PersonState.MOVED, PersonState.DEAD)
_FOR_GOOD = (PersonState.MOVED, PersonState.DEAD)


@follows("visits_called_off", T("visits called off"))
def call_off(session: Session, actor: Actor, elder: Person, case: PersonCase) -> int:
    """Cancel an elder's open visits from the day of the case until the expected return; held hours become free."""
    if case.kind not in _GONE:
        return 0
    called_off = _until_return(case, _open_visits(session, Visit.elder_id == elder.id, case.happened_on))
    for visit in called_off:
        visit.state, visit.cancel_reason = VisitState.CANCELLED, REASONS[case.kind].msgid
        if _is_arranged(visit) and case.kind not in _FOR_GOOD:
            visit.flags = with_flag(visit.flags, WITHDRAWN)  # comes back with the elder
        session.add(visit)
        if visit.hold_id and queries.is_hold_waiting(session, visit.hold_id):
            ledger.release(session, actor=actor, hold_id=visit.hold_id)
    if case.kind == PersonState.DEAD:
        remember(case, "visits_called_off", [visit.id for visit in called_off if _is_arranged(visit)])
    return len(called_off)


def _is_arranged(visit: Visit) -> bool:
    """Whether a visit stands again with the elder: what somebody asked for once, they ask for again."""
    return bool(visit.care_item_id) or visit.service == ServiceKind.ESCORT


def _until_return(case: PersonCase, visits: Sequence[Visit]) -> list[Visit]:
    """Those of some visits that lie before the expected return; all of them where none is known."""
    until = date.fromisoformat(case.detail["until"]) if case.detail.get("until") else None
    return [visit for visit in visits if until is None or visit.due_on < until]


@follows("visits_back", T("visits made again"))
def bring_back(session: Session, _actor: Actor, elder: Person, case: PersonCase) -> int:
    """An elder who is home again gets the visits back that were called off for the absence, from today on, unless
    something else speaks against them by now."""
    if case.kind != PersonState.ACTIVE:
        return 0
    reasons = [why.msgid for why in (REASONS[PersonState.HOSPITAL], REASONS[PersonState.AWAY], NOT_AT_HOME)]
    found = select(Visit).where(
        Visit.elder_id == elder.id,
        Visit.state == VisitState.CANCELLED,
        Visit.due_on >= max(clock.today(), case.happened_on),
        col(Visit.cancel_reason).in_(reasons),
    )
    return stand_again(session, elder, [visit for visit in session.exec(found) if WITHDRAWN in visit.flags])


@follows("care_plans_ended", T("care plans ended"))
def end_care_plans(session: Session, actor: Actor, elder: Person, case: PersonCase) -> int:
    """Who has moved, died or was registered twice is visited no more under this entry."""
    if case.kind not in (*_FOR_GOOD, PersonState.MERGED):
        return 0
    agreed = [plan for plan in plans_of(session, elder.id) if plan.state == CarePlanState.AGREED]
    if case.kind == PersonState.DEAD:
        ends = {care_plan.id: care_plan.ends_on and care_plan.ends_on.isoformat() for care_plan in agreed}
        remember(case, "care_plans_ended", ends)
    for care_plan in agreed:
        careplans.end_care_plan(session, actor=actor, care_plan_id=care_plan.id, ends_on=case.happened_on)
    return len(agreed)


@takes_back("care_plans_ended")
def care_plans_stand(session: Session, actor: Actor, _elder: Person, ends: dict[str, str | None]) -> int:
    """The care plan of somebody who did not die is in force as it was agreed."""
    for care_plan_id, last_on in ends.items():
        ends_on = date.fromisoformat(last_on) if last_on else None
        careplans.resume_care_plan(session, actor=actor, care_plan_id=care_plan_id, ends_on=ends_on)
    return len(ends)


@takes_back("visits_called_off")
def visits_stand(session: Session, _actor: Actor, elder: Person, visit_ids: list[str]) -> int:
    """Visits to come that were arranged stand again, from today on, where nothing else speaks against them by now."""
    found = select(Visit).where(
        col(Visit.id).in_(visit_ids), Visit.state == VisitState.CANCELLED, Visit.due_on >= clock.today()
    )
    called_off = [visit for visit in session.exec(found) if visit.cancel_reason == REASONS[PersonState.DEAD].msgid]
    for visit in called_off:
        visit.flags = with_flag(visit.flags, WITHDRAWN)  # also where something else keeps it off for now
    return stand_again(session, elder, called_off)


@follows("visits_without_carer", T("visits that need somebody else"))
def step_back(session: Session, _actor: Actor, person: Person, case: PersonCase) -> int:
    """A volunteer who is gone is taken off the visits until the expected return; each looks for somebody else, as the
    board shows."""
    if case.kind not in _GONE:
        return 0
    visits = _open_visits(session, _is_carer(person.id), max(case.happened_on, clock.today()))
    return _take_off(session, _until_return(case, visits), person, T("is not there"))


@follows("care_plans_go_along", T("care plans that go along"))
def take_care_plans_along(session: Session, _actor: Actor, elder: Person, case: PersonCase) -> int:
    """Care plans and known absences are an elder's own: they are looked after in the new village."""
    go_along(case, elder, session.exec(select(Absence).where(Absence.elder_id == elder.id)))
    return go_along(case, elder, plans_of(session, elder.id))


@helpers_known
def who_comes(session: Session, elder: Person) -> list[str]:
    """Who is asked or down for visits of an elder that are still to come."""
    found = (
        select(VisitCarer.person_id)
        .join(Visit, col(Visit.id) == VisitCarer.visit_id)
        .where(Visit.elder_id == elder.id, Visit.due_on >= clock.today(), col(Visit.state).in_(_OPEN))
        .where(col(VisitCarer.state).in_(queries.COMING))
    )
    return list(session.exec(found.distinct()))


@unsettled_known
def not_booked(session: Session, person: Person) -> list[str]:
    """Visits at which somebody helped, or for which their hours are held, and that are not settled."""
    helped = select(VisitCarer.visit_id).where(
        VisitCarer.person_id == person.id, col(VisitCarer.checked_in_at).is_not(None)
    )
    asked = sa.and_(col(Visit.elder_id) == person.id, col(Visit.hold_id).is_not(None))
    found = select(Visit.id).where(col(Visit.state).in_(queries.UNSETTLED))
    return list(session.exec(found.where(sa.or_(col(Visit.id).in_(helped), asked))))


@follows("visits_go_along", T("visits to the new door"))
def take_visits_along(session: Session, _actor: Actor, elder: Person, case: PersonCase) -> int:
    """Visits to come lead to the new door. Helpers of the old township are taken off; of the same one they stay, and
    the office looks whether the way still fits."""
    if case.kind != RELOCATED:
        return 0
    visits = _open_visits(session, Visit.elder_id == elder.id, max(case.happened_on, clock.today()))
    for visit in visits:
        visit.area_code, visit.household_code = elder.area_code, elder.household_code
        if has_left_township(case, elder):
            visit.day_plan_id = None
            for carer in session.exec(select(VisitCarer).where(VisitCarer.visit_id == visit.id)):
                carer.state = CarerState.REPLACED
                session.add(carer)
        session.add(visit)
        derive(session, visit)
    return len(visits)


@follows("visits_of_helper_given_back", T("visits that the helper gives back"))
def give_visits_back(session: Session, _actor: Actor, person: Person, case: PersonCase) -> int:
    """A helper who lives in another township now comes to no visit of the old one any more."""
    if not has_left_township(case, person):
        return 0
    visits = _open_visits(session, _is_carer(person.id), max(case.happened_on, clock.today()))
    left = [visit for visit in visits if visit.area_code[:9] != person.area_code[:9]]
    return _take_off(session, left, person, T("lives elsewhere now"))


def _take_off(session: Session, visits: Sequence[Visit], person: Person, why: Text) -> int:
    """Take a volunteer off visits, each of which looks for somebody else; how many."""
    for visit in visits:
        if carer := _carer(session, visit.id, person.id):
            carer.state, carer.decline_reason = CarerState.DECLINED, why.msgid
        derive(session, visit)
    return len(visits)


@follows("visits_handed_over", T("visits handed to the entry that is kept"))
def hand_over(session: Session, _actor: Actor, person: Person, case: PersonCase) -> int:
    """Visits to come of an entry that was joined go on under the one that is kept.

    Refuses while visits of this entry are under way or wait for a review: their hours must be settled first.
    """
    if case.kind != PersonState.MERGED:
        return 0
    kept = session.get_one(Person, str(case.detail["kept"]))
    concerns = sa.or_(col(Visit.elder_id) == person.id, _is_carer(person.id))
    if session.exec(select(Visit.id).where(col(Visit.state).in_(queries.UNSETTLED), concerns).limit(1)).first():
        text = T("Visits of this entry are under way or wait for a review. Settle them first.")
        raise Refused("visits.under_way", text)
    visits = _open_visits(session, concerns, date.min)
    for visit in visits:
        if visit.elder_id == person.id:
            visit.elder_id, visit.area_code, visit.household_code = kept.id, kept.area_code, kept.household_code
        _change_carer(session, visit, person.id, kept.id)
        session.add(visit)
        _free_own_carer(session, visit)
    return len(visits)


def _change_carer(session: Session, visit: Visit, person_id: str, kept_id: str) -> None:
    """Let the kept entry come in the place of another one; who was to come under both leaves a place open."""
    other, known = _carer(session, visit.id, person_id), _carer(session, visit.id, kept_id)
    if other and not known:
        other.person_id = kept_id
    elif other and known and other.state in queries.COMING:
        twice = known.state in queries.COMING
        if known.state != CarerState.ACCEPTED:  # a yes under either entry is a yes
            known.state, known.starts_minute, known.decline_reason = other.state, other.starts_minute, ""
        other.state = CarerState.REPLACED
        if twice:
            derive(session, visit)


def _free_own_carer(session: Session, visit: Visit) -> None:
    """Elder and helper turned out to be one person: nobody is their own carer, so the visit looks for somebody else."""
    if own := _carer(session, visit.id, visit.elder_id):
        own.state = CarerState.REPLACED
        derive(session, visit)


def _is_carer(person_id: str) -> sa.ColumnElement[bool]:
    mine = select(VisitCarer.visit_id).where(
        VisitCarer.person_id == person_id, col(VisitCarer.state).in_(queries.COMING)
    )
    return col(Visit.id).in_(mine)


def _carer(session: Session, visit_id: str, person_id: str) -> VisitCarer | None:
    found = select(VisitCarer).where(VisitCarer.visit_id == visit_id, VisitCarer.person_id == person_id)
    return session.exec(found).one_or_none()


def _open_visits(session: Session, concerns: Any, since_on: date) -> list[Visit]:
    return locked_visits(session, concerns, col(Visit.state).in_(_OPEN), Visit.due_on >= since_on)
