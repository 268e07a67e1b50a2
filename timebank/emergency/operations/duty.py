"""The duty list of a village or a township: the week, and the exceptions."""

from datetime import date, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from timebank.areas.models import Area
from timebank.audit.operations import note
from timebank.core import clock, ids
from timebank.core.actors import SYSTEM, Actor
from timebank.core.errors import BadInput, NotFound
from timebank.core.text import T
from timebank.emergency import queries, rules
from timebank.emergency.models import DutyChange, DutyShift
from timebank.people.effects import follows, has_left_township
from timebank.people.models import Person, PersonCase, PersonState


def add_shift(
    session: Session,
    *,
    actor: Actor,
    area_code: str,
    person_id: str,
    weekday: int,
    from_minute: int,
    to_minute: int,
    starts_on: date | None = None,
    ends_on: date | None = None,
) -> DutyShift:
    """Put somebody on duty every week at some hours; an end before the beginning means the next morning.

    With `ends_on` it is for some weeks only. Refuses places that are neither village nor township, and people who do
    not live in the township or are not here.
    """
    if session.get(Area, area_code) is None or not actor.scope.holds_area(area_code):
        raise NotFound("areas.no_such_area", T("There is no such place."))
    if len(area_code) not in (9, 12):
        raise BadInput("emergency.duty_level", T("Villages and townships have a duty list."), field="area_code")
    _of_township(session, area_code, person_id, field="person_id")
    begins = starts_on or clock.today()
    if ends_on is not None and ends_on < begins:
        raise BadInput("areas.ends_before_start", T("The end lies before the beginning."), field="ends_on")
    shift = DutyShift(
        id=ids.new_id("dsh"),
        area_code=area_code,
        person_id=person_id,
        weekday=weekday,
        from_minute=from_minute,
        to_minute=rules.check_shift(weekday, from_minute, to_minute),
        starts_on=begins,
        ends_on=ends_on,
    )
    session.add(shift)
    session.flush()
    note(session, actor=actor, action="emergency.add_shift", subject_id=shift.id, area_code=area_code)
    return shift


def end_shift(session: Session, *, actor: Actor, shift_id: str) -> DutyShift:
    """Take a shift off the list from today on."""
    shift = _shift(session, actor, shift_id)
    shift.ends_on = min(shift.ends_on or date.max, clock.today() - timedelta(days=1))
    session.add(shift)
    note(session, actor=actor, action="emergency.end_shift", subject_id=shift.id, area_code=shift.area_code)
    return shift


def change_shift(
    session: Session, *, actor: Actor, shift_id: str, on: date, instead_id: str | None = None
) -> DutyChange:
    """Say that on one day somebody else takes the shift, or nobody; said again the last word counts."""
    shift = _shift(session, actor, shift_id)
    if on.weekday() != shift.weekday or on < clock.today() - timedelta(days=1):
        text = T("Choose a coming day on which this shift begins.")
        raise BadInput("emergency.not_a_shift_day", text, field="on")
    if instead_id:
        _of_township(session, shift.area_code, instead_id, field="instead_id")
    known = select(DutyChange).where(DutyChange.shift_id == shift.id, DutyChange.on == on).with_for_update()
    change = session.exec(known).first() or DutyChange(
        id=ids.new_id("dch"), shift_id=shift.id, on=on, by_user_id=actor.user_id, at=clock.now()
    )
    change.instead_id, change.by_user_id, change.at = instead_id or None, actor.user_id, clock.now()
    session.add(change)
    session.flush()
    note(session, actor=actor, action="emergency.change_shift", subject_id=shift.id, area_code=shift.area_code)
    return change


def _shift(session: Session, actor: Actor, shift_id: str) -> DutyShift:
    shift = queries.shift_for(session, actor.scope, shift_id)
    if shift is None:
        raise NotFound("emergency.no_such_shift", T("There is no such shift in your area."))
    return shift


def _of_township(session: Session, area_code: str, person_id: str, *, field: str) -> None:
    person = session.get(Person, person_id)
    if person is None or person.area_code[:9] != area_code[:9] or person.state != PersonState.ACTIVE:
        raise BadInput("emergency.not_of_township", T("Choose somebody who lives in the township."), field=field)


@follows("shifts_ended", T("duty shifts ended"))
def end_with_the_person(session: Session, _actor: Actor, person: Person, case: PersonCase) -> int:
    """Who died, moved away (out of the township too) or was joined with another entry is on no duty list any more."""
    is_gone = case.kind in (PersonState.DEAD, PersonState.MOVED, PersonState.MERGED)
    if not is_gone and not has_left_township(case, person):
        return 0
    found = select(DutyShift).where(
        DutyShift.person_id == person.id,
        sa.or_(col(DutyShift.ends_on).is_(None), col(DutyShift.ends_on) >= clock.today()),
    )
    shifts = session.exec(found).all()
    for shift in shifts:
        end_shift(session, actor=SYSTEM, shift_id=shift.id)
    return len(shifts)
