"""The end of the day: forgotten departures, second tries, alarms that somebody took in hand."""

from datetime import date, timedelta

from sqlmodel import Session, col, select

from timebank.audit.operations import note
from timebank.core import clock, ids
from timebank.core.actors import Actor
from timebank.core.db import in_area
from timebank.core.errors import NotAllowed, NotFound, Refused
from timebank.core.text import T
from timebank.people.models import Person
from timebank.visits import queries
from timebank.visits.models import AlarmAnswer, EventKind, Visit, VisitEvent, VisitState
from timebank.visits.operations.derivation import derive, with_flag
from timebank.visits.operations.fieldwork import record_event
from timebank.visits.operations.locking import locked_visits
from timebank.visits.operations.revival import Hindrances
from timebank.visits.rules import EventIn

_LEAST_WINDOW_MINUTES = 120


def close_day(session: Session, *, actor: Actor, area_code: str, on: date) -> int:
    """End the visits of a day that somebody arrived at and nobody left; how many.

    A forgotten departure is credited at most as planned and a little more, and always after a look (field guide §4.8).
    A day is closed once it is over, or when all its times have passed.
    """
    if not actor.scope.holds_area(area_code):
        raise NotFound("areas.no_such_area", T("There is no such place."))
    if on > clock.today():
        raise Refused("visits.day_not_over", T("This day is still to come."), field="on")
    running = locked_visits(
        session, in_area(col(Visit.area_code), area_code), Visit.due_on == on, Visit.state == VisitState.RUNNING
    )
    over = [visit for visit in running if on < clock.today() or _window_has_passed(visit)]
    for visit in over:
        visit.flags = with_flag(visit.flags, "day_closed")
        derive(session, visit)
    day = on.isoformat()
    note(session, actor=actor, action="visits.close_day", subject_id=day, area_code=area_code, made=len(over))
    return len(over)


def enter_departure(session: Session, *, actor: Actor, visit_id: str, person_id: str, left: str) -> Visit:
    """Write down for somebody who forgot to sign out when they left, after asking them; a reviewer looks at it.

    Refuses one's own departure, and somebody who is not signed in at this visit.
    """
    visit = queries.visit_for(session, actor.scope, visit_id)
    carers = queries.carers_of(session, [visit_id]).get(visit_id, [])
    carer = next((carer for carer, person in carers if person.id == person_id), None)
    if visit is None or carer is None:
        raise NotFound("visits.not_on_visit", T("This person is not on this visit. Ask the coordinator."))
    if actor.person_id == person_id:
        raise NotAllowed("visits.own_slip", T("Nobody enters their own slip. Give it to the township."))
    if carer.checked_in_at is None or carer.checked_out_at is not None:
        raise Refused("visits.not_signed_in", T("This person is not signed in at this visit."))
    told = EventIn(ids.new_id("evt"), visit.id, EventKind.CHECK_OUT, clock.now(), data={"left": left})
    record_event(session, actor=actor, event=told, person_id=person_id, entered_by=actor.user_id)
    return visit


def _window_has_passed(visit: Visit) -> bool:
    return clock.minute_of_day(clock.now()) > visit.window_to_minute + visit.duration_minutes


def try_again(session: Session, *, actor: Actor, visit_id: str, due_on: date) -> Visit:
    """Make a second visit for one at which nobody answered, once. What was held for the first goes on to it.

    Refuses an elder who is known not to be there by then, or who does not want the visits of a care plan any more.
    """
    first = session.get(Visit, visit_id, with_for_update=True, populate_existing=True)
    if first is None or not actor.scope.holds_area(first.area_code):
        raise NotFound("visits.no_such_visit", T("There is no such visit in your area."))
    if first.state != VisitState.UNREACHED:
        raise Refused("visits.was_reached", T("A second try is for visits at which nobody answered."))
    if not clock.today() <= due_on <= clock.today() + timedelta(days=7):
        raise Refused("visits.day_is_past", T("Choose today or one of the next seven days."), field="due_on")
    key = f"again:{first.id}"
    known = session.exec(select(Visit).where(Visit.source_key == key)).first()
    if known:
        return known
    _refuse_in_vain(session, first, due_on)
    copied = first.model_dump(exclude={"id", "state", "grade", "flags", "day_plan_id", "slot", "created_at"})
    changed = {"due_on": due_on, "source_key": key, "care_item_id": None, "tier": "high"}
    given = copied | changed | _window(first, due_on)
    second = Visit(id=ids.new_id("vis"), flags=["second_try"], created_at=clock.now(), **given)
    first.hold_id = None
    session.add_all([first, second])
    session.flush()
    note(session, actor=actor, action="visits.try_again", subject_id=second.id, area_code=second.area_code)
    return second


def _refuse_in_vain(session: Session, first: Visit, due_on: date) -> None:
    """What speaks against a visit of the generator speaks against its second try; who asked for help agreed by that."""
    elder = session.get_one(Person, first.elder_id)
    known = Hindrances.of_elder(session, elder, due_on)
    reason = known.against(elder, due_on, first.service) if first.care_item_id else known.not_at_home(elder, due_on)
    if reason:
        raise Refused("visits.in_vain", T("No second try: {reason}.", reason=reason), field="due_on")


def _window(first: Visit, due_on: date) -> dict[str, int]:
    """The same time as before, or the next two hours where that has passed today."""
    start, end = first.window_from_minute, first.window_to_minute
    minute = clock.minute_of_day(clock.now())
    if due_on == clock.today() and end - first.duration_minutes < minute:
        start, end = minute, min(24 * 60, minute + max(_LEAST_WINDOW_MINUTES, first.duration_minutes))
    return {"window_from_minute": start, "window_to_minute": end}


def answer_alarm(session: Session, *, actor: Actor, event_id: str, words: str) -> AlarmAnswer:
    """Write down that an alarm, a helper's note, or news that came too late was taken in hand: by whom and how.

    Said again, the first answer stands. Arrival and departure that came too late are answered together.
    """
    event = session.get(VisitEvent, event_id)
    visit = session.get(Visit, event.visit_id) if event else None
    is_to_answer = event is not None and (event.kind in (EventKind.SOS, EventKind.NOTE) or "held" in event.data)
    if event is None or visit is None or not is_to_answer or not actor.scope.holds_area(visit.area_code):
        raise NotFound("visits.no_such_alarm", T("There is no such alarm in your area."))
    known = session.get(AlarmAnswer, event_id)
    if known:
        return known
    said = words.strip()[:400]
    made = AlarmAnswer(event_id=event_id, by_user_id=actor.user_id, words=said, at=clock.now())
    session.add(made)
    for other in _told_with(session, event):
        session.add(AlarmAnswer(event_id=other, by_user_id=actor.user_id, words=said, at=made.at))
    note(session, actor=actor, action="visits.answer_alarm", subject_id=event_id, area_code=visit.area_code)
    return made


def _told_with(session: Session, event: VisitEvent) -> list[str]:
    """What else the same person told too late of the same visit, and nobody has answered."""
    if "held" not in event.data:
        return []
    events = queries.events_of(session, event.visit_id)
    same = [one for one in events if one.person_id == event.person_id and "held" in one.data and one.id != event.id]
    return [one.id for one in same if session.get(AlarmAnswer, one.id) is None]


def close_forgotten(session: Session, *, actor: Actor, area_code: str) -> int:
    """End what still runs from days before today, for the job at night; how many."""
    found = select(col(Visit.due_on)).where(
        in_area(col(Visit.area_code), area_code), Visit.state == VisitState.RUNNING, Visit.due_on < clock.today()
    )
    days = sorted(set(session.exec(found)))
    return sum(close_day(session, actor=actor, area_code=area_code, on=on) for on in days)
