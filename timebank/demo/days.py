"""The days around now: yesterday and today so far in one township as they went, tomorrow planned everywhere.

Today is amended once, so that notices wait to be passed on, and asked what would be, so that answers can be compared.

Everything here is done by the operations that pages call, each at the hour at which it would have been done, so that
reviewers, elders and volunteers of the demo find real work waiting.
"""

from datetime import date, datetime, timedelta
from random import Random

from sqlmodel import Session

from timebank.core import clock, ids, months
from timebank.core.actors import SYSTEM, Actor, Role
from timebank.dayplans import operations as dayplans
from timebank.dayplans.adapter import engine
from timebank.dayplans.adapter.engine import Limits
from timebank.dayplans.adapter.hand import Move
from timebank.dayplans.models import DayPlan, DayProblem
from timebank.dayplans.operations.runs import finish_run
from timebank.dayplans.queries.answers import better_places
from timebank.dayplans.queries.board import opened
from timebank.people.models import Household
from timebank.people.queries import place_of
from timebank.visits import operations as visits
from timebank.visits.models import EventKind, Visit, VisitCarer, VisitState
from timebank.visits.queries import carers_of, day_code, visits_on
from timebank.visits.rules import EventIn, Place

_PLAN_SECONDS = 1
_TRIAL_SECONDS = 0.4
_MOST_TRIED = 6
WHAT_IFS = (("vans", 2), ("volunteers", 10))
_NOBODY_ANSWERS, _NODS, _TYPES_THE_CODE = 0.06, 0.6, 0.7


def publish(session: Session, area_code: str, on: date, *, at: datetime) -> DayPlan:
    """Make the month's visits of a township and the plan of a day, and invite everybody on it, as of an instant."""
    with clock.frozen(at):
        visits.generate(session, actor=SYSTEM, area_code=area_code, month=months.of_date(on))
        plan = draft(session, area_code, on)
        return dayplans.publish_day(session, actor=SYSTEM, day_plan_id=plan.id, revision=plan.revision)


def draft(session: Session, area_code: str, on: date) -> DayPlan:
    """Plan a day of a township."""
    return dayplans.draft_day(session, actor=SYSTEM, area_code=area_code, on=on, seconds=_PLAN_SECONDS)


def amend(session: Session, row: DayPlan) -> DayPlan:
    """Give a late visit of a published day to the next best volunteer and publish that; those touched are to be told.

    Where nobody else could come, the day stays as it is.
    """
    change = dayplans.take_over(session, actor=SYSTEM, day_plan_id=row.id)
    places = opened(session, change).places
    singles = sorted((task for task in places if "." not in task), key=lambda task: (-places[task].starts, task))
    for task in singles[:_MOST_TRIED]:
        for move in _to_somebody_else(session, change, task):
            change = dayplans.move_by_hand(
                session, actor=SYSTEM, day_plan_id=change.id, revision=change.revision, moves=[move]
            )
            after = opened(session, change)
            if not engine.violations_of(after.problem, after.plan):
                return dayplans.publish_day(session, actor=SYSTEM, day_plan_id=change.id, revision=change.revision)
            change = dayplans.undo(session, actor=SYSTEM, day_plan_id=change.id, revision=change.revision)
    dayplans.discard(session, actor=SYSTEM, day_plan_id=change.id)
    return row


def _to_somebody_else(session: Session, row: DayPlan, task: str) -> list[Move]:
    offers = better_places(session, row, task)
    found = [one for one in offers if one["cost"] is not None and not one["is_here"]]
    return [Move(task, one["carer"], one["starts"]) for one in found[:1]]


def ask_what_if(session: Session, row: DayPlan) -> None:
    """Plan a saved day as it would be with more vans and with more volunteers, as the planner's process does."""
    for kind, count in WHAT_IFS:
        run = dayplans.begin_trial(session, actor=SYSTEM, day_plan_id=row.id, kind=kind, count=count)
        problem = engine.unpack_problem(session.get_one(DayProblem, run.problem_digest).body)
        plan = engine.planned(problem, Limits(seconds=_TRIAL_SECONDS), run.seed)
        finish_run(session, run_id=run.id, plan=plan)


def live_through_day(
    session: Session, random: Random, area_code: str, on: date, *, until: datetime, but: str = ""
) -> None:
    """Let a published day happen until an instant: answers, arrivals, departures, a few closed doors, nods at night.

    All come but one volunteer, where one is named: whoever signs in as that one has a day before them.
    """
    planned = visits_on(session, area_code, on, (VisitState.PLANNED,))
    carers = carers_of(session, [visit.id for visit in planned])
    stops = [(visit, carer) for visit in planned for carer, _ in carers.get(visit.id, []) if carer.person_id != but]
    if (answered := clock.at_local(on, 7 * 60)) <= until:
        with clock.frozen(answered):
            for visit, carer in stops:
                visits.respond(session, actor=_volunteer(visit, carer), visit_id=visit.id, accept=True)
    closed = {visit.id for visit in planned if random.random() < _NOBODY_ANSWERS}
    free_at: dict[str, datetime] = {}  # nobody is in two homes at a time
    for visit, carer in sorted(stops, key=lambda stop: stop[1].starts_minute):
        on_time = clock.at_local(on, carer.starts_minute) + timedelta(seconds=random.randrange(480))
        arrives = max(on_time, free_at.get(carer.person_id, on_time))
        leaves = arrives + timedelta(minutes=visit.duration_minutes, seconds=random.randrange(300))
        free_at[carer.person_id] = leaves + timedelta(seconds=random.randrange(60, 240))
        came = [(EventKind.CHECK_IN, arrives), (EventKind.CHECK_OUT, leaves)]
        events = [(EventKind.NO_ANSWER, arrives)] if visit.id in closed else came
        _make_stop(session, random, visit, carer, [(kind, at) for kind, at in events if at < until])
    if (evening := clock.at_local(on, 19 * 60)) <= until:
        with clock.frozen(evening):
            for visit in visits_on(session, area_code, on, (VisitState.DONE,)):
                if random.random() < _NODS:
                    assistant = Actor("usr_history", Role.ASSISTANT, visit.area_code[:12])
                    visits.confirm(session, actor=assistant, visit_id=visit.id, method="assistant", happy=3)


def _volunteer(visit: Visit, carer: VisitCarer) -> Actor:
    return Actor("usr_history", Role.VOLUNTEER, visit.area_code[:12], carer.person_id)


def _make_stop(
    session: Session, random: Random, visit: Visit, carer: VisitCarer, events: list[tuple[EventKind, datetime]]
) -> None:
    lat, lon = place_of(session.get_one(Household, visit.household_code))
    for kind, at in events:
        event = EventIn(
            id=ids.new_id("evt"),
            visit_id=visit.id,
            kind=kind,
            device_at=at,
            device_id=f"phone-{carer.person_id[-6:]}",
            counter=int(at.timestamp()) % 1_000_000,
            place=Place(lat + random.uniform(-4e-4, 4e-4), lon, float(random.randrange(8, 60))),
            day_code=day_code(visit.household_code, visit.due_on) if random.random() < _TYPES_THE_CODE else None,
        )
        with clock.frozen(at + timedelta(seconds=5)):
            actor = _volunteer(visit, carer)
            visits.record_event(session, actor=actor, event=event, person_id=carer.person_id)
