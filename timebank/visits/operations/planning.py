"""Visits come into being: generated from care plans or asked for; then somebody is invited and answers."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import sqlalchemy as sa
from sqlmodel import Session, col, select

from timebank.areas.queries import day_kinds
from timebank.audit.operations import note
from timebank.careplans.models import CareItem, CarePlan, ServiceKind
from timebank.careplans.queries import items_in_force
from timebank.careplans.rules import due_dates, reason_to_skip
from timebank.core import clock, ids, months
from timebank.core.actors import Actor
from timebank.core.claims import claim
from timebank.core.db import in_area, table_of
from timebank.core.errors import NotAllowed, NotFound, Refused
from timebank.core.text import T, Text
from timebank.ledger import operations as ledger
from timebank.people.models import Person, PersonState, RiskTier
from timebank.people.queries import may_act
from timebank.visits.models import CarerState, Visit, VisitCarer, VisitState

_ESSENTIAL = (ServiceKind.MEAL,)
_NOT_HERE = (PersonState.HOSPITAL, PersonState.AWAY, PersonState.MOVED, PersonState.DEAD, PersonState.MERGED)


@dataclass
class GenerationReport:
    """What a generation made, what stood already, and what it left out for which reason."""

    made: int = 0
    known: int = 0
    skipped: Counter[Text | str] = field(default_factory=Counter)


def generate(session: Session, *, actor: Actor, area_code: str, month: str) -> GenerationReport:
    """Make the visits of a month from the agreed care plans of an area. Run again, it adds only what is new.

    Holidays, market days and days without service are respected as each item says; who is in hospital, away or no
    longer here gets none. The report counts what was made and why the rest was not.
    """
    if not actor.scope.holds_area(area_code):
        raise NotFound("areas.no_such_area", T("There is no such place."))
    days = months.days(month)
    report = GenerationReport()
    known = _known_slots(session, area_code, days[0], days[-1])
    kinds_by_village: dict[str, dict[date, dict[object, str]]] = {}
    rows = []
    for item, care_plan, elder in items_in_force(session, area_code, days[0], days[-1]):
        village = elder.area_code[:12]
        kinds = kinds_by_village.setdefault(village, day_kinds(session, village, days))  # type: ignore[arg-type]
        for on in _dates_of(item, care_plan, days):
            if (item.id, on) in known:
                report.known += 1
                continue
            reason = _reason_against(item, elder, kinds[on])
            if reason:
                report.skipped[str(reason)] += 1
                continue
            rows.append(_visit_row(item, elder, on))
    if rows:
        session.connection().execute(sa.insert(table_of(Visit)), rows)
    report.made = len(rows)
    note(session, actor=actor, action="visits.generate", subject_id=month, area_code=area_code, made=report.made)
    return report


def _known_slots(session: Session, area_code: str, first_on: date, last_on: date) -> set[tuple[str, date]]:
    found = select(Visit).where(
        in_area(col(Visit.area_code), area_code),
        Visit.due_on >= first_on,
        Visit.due_on <= last_on,
        col(Visit.care_item_id).is_not(None),
    )
    return {(visit.care_item_id, visit.due_on) for visit in session.exec(found) if visit.care_item_id}


def _dates_of(item: CareItem, care_plan: CarePlan, days: Sequence[date]) -> list[date]:
    last_on = min(days[-1], care_plan.ends_on or days[-1])
    first_on = max(days[0], care_plan.starts_on, clock.today())
    return due_dates(item.recurrence, starts_on=care_plan.starts_on, first_on=first_on, last_on=last_on)


def _reason_against(item: CareItem, elder: Person, kinds: dict[object, str]) -> Text | None:
    if elder.state in _NOT_HERE:
        return T("the elder is not at home")
    return reason_to_skip(
        kinds,  # type: ignore[arg-type]
        skips_holidays=item.skips_holidays,
        skips_market_days=item.skips_market_days,
        essential=item.service in _ESSENTIAL or elder.tier == RiskTier.HIGH,
    )


def _visit_row(item: CareItem, elder: Person, on: date) -> dict[str, object]:
    return vars_of(
        Visit(
            id=ids.new_id("vis"),
            elder_id=elder.id,
            area_code=elder.area_code,
            household_code=elder.household_code,
            service=item.service,
            care_item_id=item.id,
            due_on=on,
            window_from_minute=item.window_from_minute,
            window_to_minute=item.window_to_minute,
            duration_minutes=item.duration_minutes,
            crew_size=item.crew_size,
            same_sex=item.same_sex,
            tier=elder.tier.value,
            notes=item.notes,
            created_at=clock.now(),
        )
    )


def vars_of(visit: Visit) -> dict[str, object]:
    """The columns of a new visit, for inserting many at once."""
    return {column.name: getattr(visit, column.name) for column in table_of(Visit).columns}


@dataclass(frozen=True)
class RequestIn:
    """Help that somebody asks for, outside the care plan."""

    elder_id: str
    service: ServiceKind
    due_on: date
    window_from_minute: int
    window_to_minute: int
    duration_minutes: int
    notes: str = ""


def ask_for_help(session: Session, *, actor: Actor, asked: RequestIn) -> Visit:
    """Ask for help for oneself, or for somebody one may act for; the hours are held from now on.

    Refuses a day in the past, a person one has no power for, and hours that are not there.
    """
    elder = session.get(Person, asked.elder_id)
    by_staff = actor.scope.person_ids is None
    if elder is None or not actor.scope.holds_person(elder.id, elder.area_code):
        raise NotFound("people.no_such_person", T("There is no such person in your area."))
    if not by_staff and not may_act(
        session, person_id=actor.person_id or "", for_person_id=elder.id, purpose="request"
    ):
        raise NotAllowed("visits.no_power", T("You need a written power to ask for help in this name."))
    if asked.due_on < clock.today():
        raise Refused("visits.day_is_past", T("Choose today or a later day."), field="due_on")
    crew = 2 if asked.service == ServiceKind.BATH else 1
    visit = Visit(
        id=ids.new_id("vis"),
        elder_id=elder.id,
        area_code=elder.area_code,
        household_code=elder.household_code,
        service=asked.service,
        requested_by=actor.person_id or "",
        due_on=asked.due_on,
        window_from_minute=asked.window_from_minute,
        window_to_minute=asked.window_to_minute,
        duration_minutes=asked.duration_minutes,
        crew_size=crew,
        tier=elder.tier.value,
        notes=asked.notes,
        created_at=clock.now(),
    )
    held = ledger.hold(
        session, actor=actor, person_id=elder.id, minutes=asked.duration_minutes * crew, source_id=visit.id
    )
    visit.hold_id = held.id
    session.add(visit)
    note(session, actor=actor, action="visits.ask_for_help", subject_id=visit.id, area_code=visit.area_code)
    session.flush()
    return visit


def assign(
    session: Session, *, actor: Actor, visit_id: str, carers: Sequence[tuple[str, int]], day_plan_id: str | None
) -> Visit:
    """Invite carers to a visit: (person, start minute). Who was invited before and is no longer, is replaced.

    Refuses a visit that has begun or ended, and a crew of the wrong size.
    """
    visit = session.get(Visit, visit_id)
    if visit is None or not actor.scope.holds_area(visit.area_code):
        raise NotFound("visits.no_such_visit", T("There is no such visit in your area."))
    if visit.state not in (VisitState.DUE, VisitState.PLANNED):
        raise Refused("visits.has_begun", T("This visit has begun or is over."))
    if len({person_id for person_id, _ in carers}) != visit.crew_size:
        raise Refused("visits.wrong_crew", T("This visit needs {crew} people.", crew=visit.crew_size))
    present = {row.person_id: row for row in session.exec(select(VisitCarer).where(VisitCarer.visit_id == visit_id))}
    starts = dict(carers)
    for person_id, row in present.items():
        if person_id not in starts:
            row.state = CarerState.REPLACED
        session.add(row)
    for person_id, minute in starts.items():
        row = present.get(person_id) or VisitCarer(
            id=ids.new_id("vca"), visit_id=visit_id, person_id=person_id, starts_minute=minute
        )
        keeps_answer = row.state == CarerState.ACCEPTED and row.starts_minute == minute
        row.starts_minute, row.state = minute, CarerState.ACCEPTED if keeps_answer else CarerState.INVITED
        session.add(row)
    visit.state, visit.day_plan_id = VisitState.PLANNED, day_plan_id
    session.add(visit)
    note(
        session,
        actor=actor,
        action="visits.assign",
        subject_id=visit.id,
        area_code=visit.area_code,
        carers=list(starts),
    )
    return visit


def respond(session: Session, *, actor: Actor, visit_id: str, accept: bool, reason: str = "") -> VisitCarer:
    """A volunteer accepts an invitation, or declines it with a reason. Nobody is forced (志愿服务条例 art. 25)."""
    carer = session.exec(
        select(VisitCarer).where(VisitCarer.visit_id == visit_id, VisitCarer.person_id == actor.person_id)
    ).first()
    if carer is None or carer.state == CarerState.REPLACED:
        raise NotFound("visits.not_invited", T("You are not invited to this visit."))
    if carer.checked_in_at is not None:
        raise Refused("visits.has_begun", T("This visit has begun or is over."))
    if not accept and not reason.strip():
        raise Refused(
            "visits.no_reason", T("Say in a word why you cannot come, so that we can find somebody."), field="reason"
        )
    carer.state = CarerState.ACCEPTED if accept else CarerState.DECLINED
    carer.decline_reason = "" if accept else reason.strip()[:200]
    session.add(carer)
    note(session, actor=actor, action="visits.respond", subject_id=visit_id, accepted=accept)
    return carer


def take(session: Session, *, actor: Actor, visit_id: str) -> VisitCarer:
    """A volunteer takes an open request that is on no plan; the second of two who tap at once is told so."""
    visit = session.get(Visit, visit_id)
    if visit is None or actor.person_id is None or visit.crew_size != 1:
        raise NotFound("visits.no_such_visit", T("There is no such visit in your area."))
    if visit.elder_id == actor.person_id:
        raise NotAllowed("visits.own_request", T("You cannot take your own request."))
    won = claim(session, Visit, visit_id, expected={"state": VisitState.DUE}, change={"state": VisitState.PLANNED})
    if not won:
        raise Refused("visits.taken_already", T("Somebody else was faster. Thank you all the same."))
    carer = VisitCarer(
        id=ids.new_id("vca"),
        visit_id=visit_id,
        person_id=actor.person_id,
        state=CarerState.ACCEPTED,
        starts_minute=visit.window_from_minute,
    )
    session.add(carer)
    note(session, actor=actor, action="visits.take", subject_id=visit_id, area_code=visit.area_code)
    return carer


def cancel(session: Session, *, actor: Actor, visit_id: str, reason: str) -> Visit:
    """Cancel a visit that has not begun; held hours become free again."""
    visit = session.get(Visit, visit_id)
    if visit is None or not actor.scope.holds_person(visit.elder_id, visit.area_code):
        raise NotFound("visits.no_such_visit", T("There is no such visit in your area."))
    if visit.state not in (VisitState.DUE, VisitState.PLANNED, VisitState.UNREACHED):
        raise Refused("visits.has_begun", T("This visit has begun or is over."))
    visit.state = VisitState.CANCELLED
    session.add(visit)
    if visit.hold_id:
        ledger.release(session, actor=actor, hold_id=visit.hold_id)
    note(
        session,
        actor=actor,
        action="visits.cancel",
        subject_id=visit.id,
        area_code=visit.area_code,
        reason=reason[:200],
    )
    return visit
