"""Arranging that somebody goes along to the doctor, and calling it off with all its parts."""

from sqlmodel import Session, select

from timebank.audit.operations import note
from timebank.careplans.models import ServiceKind
from timebank.core import clock, ids
from timebank.core.actors import Actor
from timebank.core.errors import BadInput, NotFound, Refused
from timebank.core.text import T
from timebank.escorts import queries, rules
from timebank.escorts.models import Escort
from timebank.people.effects import follows, go_along
from timebank.people.models import Person, PersonCase
from timebank.visits import operations as visits
from timebank.visits.models import VisitState

_NOT_BEGUN = (VisitState.DUE, VisitState.PLANNED)


def arrange(
    session: Session, *, actor: Actor, elder_id: str, plan: rules.Plan, clinic: str = "", clinic_id: str = ""
) -> Escort:
    """Arrange an escort: an appointment, and a visit for each part, so that each is planned, told and credited.

    The doctor is one of the district's places, or written by hand. Refuses an elder outside the area or not at home,
    no clinic or one that has closed by that day, and a time that does not fit into one day.
    """
    elder = session.get(Person, elder_id)
    if elder is None or elder.elder_since_on is None or not actor.scope.holds_area(elder.area_code):
        raise NotFound("people.no_such_person", T("There is no such person in your area."))
    name = _clinic_name(session, elder, plan, clinic_id) if clinic_id else clinic.strip()[:60]
    if not name:
        raise BadInput("core.missing", T("Please fill this in."), field="clinic")
    checked = rules.check(plan, today=clock.today())
    escort = Escort(
        id=ids.new_id("esc"),
        elder_id=elder.id,
        area_code=elder.area_code,
        clinic=name,
        clinic_id=clinic_id or None,
        on=checked.on,
        appointment_minute=checked.appointment_minute,
        ride_minutes=checked.ride_minutes,
        wait_minutes=checked.wait_minutes,
        by_user_id=actor.user_id,
        at=clock.now(),
    )
    session.add(escort)
    for part in rules.parts(checked):
        _add_part(session, actor, escort, part)
    note(session, actor=actor, action="escorts.arrange", subject_id=escort.id, area_code=escort.area_code)
    session.flush()
    return escort


def _clinic_name(session: Session, elder: Person, plan: rules.Plan, clinic_id: str) -> str:
    known = {place.id: place.name for place in queries.clinics_for(session, elder, plan.on)}
    if clinic_id not in known:
        raise BadInput("core.not_a_choice", T("Choose from the list."), field="clinic_id")
    return known[clinic_id]


def _add_part(session: Session, actor: Actor, escort: Escort, part: rules.Part) -> None:
    extra = visits.ExtraIn(
        elder_id=escort.elder_id,
        service=ServiceKind.ESCORT,
        due_on=escort.on,
        window_from_minute=part.from_minute,
        window_to_minute=part.to_minute,
        duration_minutes=part.duration_minutes,
        source_key=rules.source_key(escort.id, part.kind),
        notes=f"{escort.clinic} · {escort.appointment_minute // 60:02d}:{escort.appointment_minute % 60:02d}",
    )
    visits.add_extra(session, actor=actor, extra=extra)


@follows("escorts_go_along", T("appointments at the doctor that go along"))
def follow_move(session: Session, _actor: Actor, person: Person, case: PersonCase) -> int:
    """Appointments to come stand in the new village; their parts are visits, and lead to the new door."""
    found = select(Escort).where(Escort.elder_id == person.id, Escort.on >= clock.today())
    return go_along(case, person, session.exec(found))


def call_off(session: Session, *, actor: Actor, escort_id: str, reason: str) -> Escort:
    """Call an escort off with every part that has not begun. Refuses one whose way to the doctor has begun."""
    escort = session.get(Escort, escort_id, with_for_update=True)
    if escort is None or not actor.scope.holds_area(escort.area_code):
        raise NotFound("escorts.no_such_escort", T("There is no such appointment in your area."))
    if not reason.strip():
        raise BadInput("core.missing", T("Please fill this in."), field="reason")
    parts = queries.parts_of(session, escort.id)
    first = parts.get(rules.PartKind.OUT)
    if first is not None and first.state not in (*_NOT_BEGUN, VisitState.CANCELLED):
        raise Refused("escorts.has_begun", T("They are on their way. Call the helper."))
    for visit in parts.values():
        if visit.state in _NOT_BEGUN:
            visits.cancel(session, actor=actor, visit_id=visit.id, reason=reason)
    escort.is_cancelled = True
    session.add(escort)
    note(session, actor=actor, action="escorts.call_off", subject_id=escort.id, area_code=escort.area_code)
    return escort
