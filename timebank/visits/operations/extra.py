"""Visits that no care plan asked for: somebody should look in, an order is carried home, one goes along to a doctor.

Each is made once by its `source_key`. Nothing is held for it: the commons pay.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlmodel import Session, select

from timebank.audit.operations import note
from timebank.careplans.models import ServiceKind
from timebank.careplans.rules import LEAST_CREW
from timebank.core import clock, ids
from timebank.core.actors import Actor
from timebank.core.errors import NotFound, Refused
from timebank.core.text import T
from timebank.people.models import Person, RiskTier
from timebank.visits.models import Visit, VisitState
from timebank.visits.operations.revival import refuse_not_at_home, revive

_FIRST_CALL, _LAST_CALL, _LOOK_IN_WINDOW = 8 * 60, 18 * 60, 180  # a knock after six in the evening frightens


@dataclass(frozen=True)
class ExtraIn:
    """A visit beside the care plan; minutes of the local day. `source_key` says what made it."""

    elder_id: str
    service: ServiceKind
    due_on: date
    window_from_minute: int
    window_to_minute: int
    duration_minutes: int
    source_key: str
    notes: str = ""
    is_urgent: bool = False  # planned like a visit to an elder at high risk


def add_extra(session: Session, *, actor: Actor, extra: ExtraIn) -> Visit:
    """Make a visit beside the care plan; asked for again, it is the same one, alive again if it was called off.

    Refuses a day in the past, and an elder outside the area or not at home, now or by a known absence on that day.
    """
    elder = session.get(Person, extra.elder_id)
    if elder is None or not actor.scope.holds_area(elder.area_code):
        raise NotFound("people.no_such_person", T("There is no such person in your area."))
    if extra.due_on < clock.today():
        raise Refused("visits.day_is_past", T("Choose today or a later day."), field="due_on")
    refuse_not_at_home(session, elder, None if extra.is_urgent else extra.due_on)
    known = session.exec(select(Visit).where(Visit.source_key == extra.source_key)).first()
    if known and known.state != VisitState.CANCELLED:
        return known
    made = known or Visit(id=ids.new_id("vis"), created_at=clock.now(), **_given(elder, extra))
    for name, value in _given(elder, extra).items():
        setattr(made, name, value)
    session.add(made)
    if known:
        revive(session, [(known, elder)])
    note(session, actor=actor, action="visits.add_extra", subject_id=made.id, area_code=made.area_code)
    session.flush()
    return made


def _given(elder: Person, extra: ExtraIn) -> dict[str, Any]:
    return {
        "elder_id": elder.id,
        "area_code": elder.area_code,
        "household_code": elder.household_code,
        "service": extra.service,
        "due_on": extra.due_on,
        "window_from_minute": extra.window_from_minute,
        "window_to_minute": extra.window_to_minute,
        "duration_minutes": extra.duration_minutes,
        "crew_size": LEAST_CREW.get(extra.service, 1),
        "tier": RiskTier.HIGH.value if extra.is_urgent else elder.tier.value,
        "source_key": extra.source_key,
        "notes": extra.notes,
    }


def look_in(session: Session, *, actor: Actor, elder_id: str, source_key: str, notes: str) -> Visit:
    """Somebody should look in as soon as possible: today while there is daylight for it, else tomorrow morning."""
    minute = clock.minute_of_day(clock.now())
    is_today = minute <= _LAST_CALL
    starts = max(minute, _FIRST_CALL) if is_today else _FIRST_CALL
    extra = ExtraIn(
        elder_id=elder_id,
        service=ServiceKind.VISIT,
        due_on=clock.today() if is_today else clock.today() + timedelta(days=1),
        window_from_minute=starts,
        window_to_minute=min(24 * 60, starts + _LOOK_IN_WINDOW),
        duration_minutes=30,
        source_key=source_key,
        notes=notes,
        is_urgent=True,
    )
    return add_extra(session, actor=actor, extra=extra)
