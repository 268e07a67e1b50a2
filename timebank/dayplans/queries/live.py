"""The day as it happens: who has arrived, who is late, who declined, what stands out."""

import hashlib
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from timebank.careplans.models import ServiceKind
from timebank.core import clock
from timebank.core.db import in_area
from timebank.core.formats import local_time
from timebank.core.i18n import say
from timebank.dayplans.models import DayPlan
from timebank.dayplans.queries.board import opened
from timebank.dayplans.queries.moved import moved_since, moves_known
from timebank.dayplans.queries.newer import newer_than
from timebank.dayplans.rules import visit_of
from timebank.dayplans.words import visit_words
from timebank.people.queries import people_by_id
from timebank.policies.queries import in_force
from timebank.visits.models import CarerState, EventKind, Visit, VisitCarer, VisitEvent, VisitState
from timebank.visits.words import FLAG_WORDS, STATE_WORDS

_STANDS_OUT = ("out_of_fence", "code_mismatch", "two_homes_at_once", "not_assigned", "bath_gate")
_STEP_MINUTES = 5  # a board that is open looks again for who is late, though nothing was said


def live_of(session: Session, row: DayPlan) -> dict[str, Any]:
    """Every visit of the township's day with its state, arrivals, answers and what a coordinator should look at; and
    how far the version itself is: its revision, and what took its place."""
    late_after = in_force(session, row.area_code, row.on).number("visit.late_minutes")
    now = clock.minute_of_day(clock.now()) if row.on == clock.today() else None
    found = select(Visit).where(in_area(col(Visit.area_code), row.area_code), Visit.due_on == row.on)
    visits, moved = list(session.exec(found.order_by(Visit.id))), moved_since(session, row)
    known = {visit.id for visit in visits}
    visits += [one.visit for one in moved.values() if one.visit.id not in known]  # another township's by now
    carers: dict[str, list[VisitCarer]] = {}
    asked = select(VisitCarer).where(col(VisitCarer.visit_id).in_([visit.id for visit in visits]))
    for carer in session.exec(asked):
        carers.setdefault(carer.visit_id, []).append(carer)
    alarms = _alarms(session, [visit.id for visit in visits])
    shown = [_visit(visit, carers.get(visit.id, []), now, late_after, alarms.get(visit.id, "")) for visit in visits]
    for one in shown:
        one["flags"] += [say(moved[one["id"]].words)] if one["id"] in moved else []
    return {
        "stamp": stamp_of(session, row),
        "now": now,
        "visits": shown,
        "came": _came_since(session, row, visits),
        "revision": row.revision,
        "newer": _newer(session, row),
    }


def _newer(session: Session, row: DayPlan) -> dict[str, Any] | None:
    """The version to look at instead of this one, with what a board says of it."""
    found = newer_than(session, row)
    if found is None:
        return None
    there = {"id": found.row.id, "version": found.row.version} if found.row else {"id": None, "version": None}
    return {**there, "words": say(found.words), "is_replaced": found.is_replaced}


def _came_since(session: Session, row: DayPlan, visits: Sequence[Visit]) -> list[str]:
    """The visits that came after a version was made and are on no plan; phone checks are on none ever."""
    planned = {visit_of(task.id) for task in opened(session, row).problem.tasks}
    open_ones = [one for one in visits if one.state == VisitState.DUE and one.service != ServiceKind.PHONE_CHECK]
    came = [one for one in open_ones if one.id not in planned]
    people = people_by_id(session, {one.elder_id for one in came})
    return [
        f"{say(visit_words(one.service, people[one.elder_id].name))} "
        f"{local_time(one.window_from_minute)}–{local_time(one.window_to_minute)}"
        for one in sorted(came, key=lambda one: (one.window_from_minute, one.id))
    ]


def _visit(visit: Visit, carers: list[VisitCarer], now: int | None, late_after: int, alarm: str) -> dict[str, Any]:
    coming = [one for one in carers if one.state in (CarerState.INVITED, CarerState.ACCEPTED)]
    late = now is not None and _is_late(visit, coming, now - late_after)
    return {
        "id": visit.id,
        "state": visit.state.value,
        "state_words": say(STATE_WORDS[visit.state]),
        "late": late,
        "alarm": alarm,
        "flags": [say(FLAG_WORDS.get(flag, flag)) for flag in visit.flags if flag in _STANDS_OUT],
        "answers": [
            {
                "carer": one.person_id,
                "state": one.state.value,
                "reason": one.decline_reason,
                "starts": one.starts_minute,
                "came": clock.minute_of_day(one.checked_in_at) if one.checked_in_at else None,
                "left": clock.minute_of_day(one.checked_out_at) if one.checked_out_at else None,
            }
            for one in carers
        ],
    }


def _is_late(visit: Visit, coming: Sequence[VisitCarer], latest: int) -> bool:
    """Whether somebody who was to be there by `latest` is not; a crew waits for its second after the first came."""
    is_short = sum(one.checked_in_at is not None for one in coming) < visit.crew_size
    waits = visit.state == VisitState.PLANNED or (visit.state == VisitState.RUNNING and is_short)
    return waits and any(one.checked_in_at is None and one.starts_minute < latest for one in coming)


def _alarms(session: Session, visit_ids: list[str]) -> dict[str, str]:
    """The alarms of the day by visit: the id of the event."""
    found = select(VisitEvent.visit_id, VisitEvent.id).where(
        col(VisitEvent.visit_id).in_(visit_ids), VisitEvent.kind == EventKind.SOS
    )
    return dict(session.exec(found).all())


def stamp_of(session: Session, row: DayPlan) -> str:
    """A mark that changes whenever something of the day changes: events, answers, states, versions; and on the day
    itself every few minutes, since who does not come is late without anything being said."""
    of_day = (in_area(col(Visit.area_code), row.area_code), Visit.due_on == row.on)
    events = (
        select(sa.func.count(col(VisitEvent.id)), sa.func.max(VisitEvent.id))
        .select_from(VisitEvent)
        .join(Visit, col(Visit.id) == VisitEvent.visit_id)
        .where(*of_day)
    )
    answers = (
        select(VisitCarer.state, sa.func.count())
        .join(Visit, col(Visit.id) == VisitCarer.visit_id)
        .where(*of_day)
        .group_by(col(VisitCarer.state))
        .order_by(col(VisitCarer.state))
    )
    states = select(Visit.state, sa.func.count()).where(*of_day).group_by(col(Visit.state)).order_by(col(Visit.state))
    versions = (sa.func.max(DayPlan.version), sa.func.sum(DayPlan.revision), sa.func.max(DayPlan.published_at))
    plans = select(*versions).where(DayPlan.area_code == row.area_code, DayPlan.on == row.on)
    standing = select(DayPlan.state).where(DayPlan.id == row.id)
    parts = [list(map(tuple, session.execute(query).all())) for query in (events, answers, states, plans, standing)]
    gone = clock.minutes_gone(row.on) // _STEP_MINUTES
    return hashlib.sha256(repr((parts, moves_known(session, row), gone)).encode()).hexdigest()[:16]
