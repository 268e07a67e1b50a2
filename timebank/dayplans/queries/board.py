"""What the coordinator's board shows of one version: carers with their day, visits, the van, figures, places.

Everything is plain data (texts, whole numbers, lists), so that the page without scripts and the board draw the same.
Times are minutes of the local day; points are [latitude, longitude].
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlmodel import Session, col, select

from dispatch.model import Carer, Unserved, Violation
from timebank.areas.models import Area, AreaKind, Facility
from timebank.areas.queries import areas_within, facilities_within, is_there
from timebank.areas.words import area_name, place_name
from timebank.auth.queries import names_of_users
from timebank.core import months
from timebank.core.errors import BadInput, Refused
from timebank.core.i18n import say
from timebank.core.text import T, Text
from timebank.dayplans.adapter import engine
from timebank.dayplans.adapter.engine import Plan, Problem
from timebank.dayplans.adapter.hand import Move
from timebank.dayplans.drawings import outlines
from timebank.dayplans.figures import Lookup, figures_of, timeline_of
from timebank.dayplans.models import DayPlan, DayProblem
from timebank.dayplans.queries.facts import begun_among
from timebank.dayplans.queries.plans import changes_of, last_change
from timebank.dayplans.rules import Locks, Places, crew_tasks, differences, told_apart, visit_of
from timebank.dayplans.words import REASON_WORDS, Names, change_words, violation_words, visit_words
from timebank.people.models import Household, Person
from timebank.people.queries import people_by_id, place_of
from timebank.people.rules import QUALIFICATIONS
from timebank.visiting.queries import visiting_rate
from timebank.visits.models import Visit, VisitCarer
from timebank.visits.words import SERVICE_WORDS, STATE_WORDS

MOST_MOVES = 12


@dataclass(frozen=True)
class Opened:
    """A version with its problem and plan unpacked."""

    row: DayPlan
    problem: Problem
    plan: Plan
    locks: Locks

    @property
    def places(self) -> Places:
        """Where each task stands."""
        return engine.places_of(self.plan)


def opened(session: Session, row: DayPlan) -> Opened:
    """A version ready to be looked at or changed."""
    kept = session.get_one(DayProblem, row.problem_digest)
    return Opened(row, engine.unpack_problem(kept.body), engine.unpack_plan(row.body), Locks.from_json(row.locks))


def check_moves(session: Session, day: Opened, moves: Sequence[Move]) -> None:
    """Refuse moves that name what the day does not have, what a lock holds, or what has begun."""
    if not 0 < len(moves) <= MOST_MOVES:
        raise BadInput("dayplans.no_moves", T("Move one to {most} visits at once.", most=MOST_MOVES), field="moves")
    tasks, carers = {task.id for task in day.problem.tasks}, {carer.id for carer in day.problem.carers}
    for move in moves:
        if move.task not in tasks or (move.carer is not None and move.carer not in carers):
            raise BadInput("dayplans.unknown_move", T("This visit or this person is not in the day."), field="moves")
        if move.starts is not None and not 0 <= move.starts < 24 * 60:
            raise BadInput("dayplans.bad_start", T("Choose a time of this day."), field="moves")
        if day.locks.forbids(move.task, move.carer, day.places):
            text = T("A lock stands against this move. Take the lock off first.")
            raise Refused("dayplans.is_locked", text, field="moves")
    refuse_begun(session, {visit_of(move.task) for move in moves})


def pushed_visits(session: Session, day: Opened, after: Plan) -> list[str | Text]:
    """What each visit is called that is locked to its time and comes at another one in a changed plan."""
    pushed = sorted(day.locks.pushed(day.places, engine.places_of(after)))
    names = names_for(session, day, set(pushed))
    return [names.visit(task) for task in pushed]


def refuse_begun(session: Session, visit_ids: Collection[str]) -> None:
    """Refuse to move what has begun: where it is, is told by those who came."""
    if begun_among(session, visit_ids):
        text = T("This visit has begun or is over. Who came is told by their check-in.")
        raise Refused("dayplans.has_begun", text, field="moves")


@dataclass(frozen=True)
class Cast:
    """The people, homes and visits behind the ids of a plan."""

    visits: Mapping[str, Visit]
    people: Mapping[str, Person]
    homes: Mapping[str, Household]
    facilities: Mapping[str, Facility]
    villages: Mapping[str, Area]
    answers: Mapping[str, Sequence[VisitCarer]]
    called: Mapping[str, str]
    """What each carer of the day is called: namesakes by village or group too, never by where they live in it."""

    def names(self) -> Names:
        """Names for sentences about the plan."""
        return Names(
            {person_id: person.name for person_id, person in self.people.items()} | dict(self.called),
            {
                visit_id: visit_words(visit.service, self.people[visit.elder_id].name)
                for visit_id, visit in self.visits.items()
            },
        )


def cast_of(session: Session, day: Opened) -> Cast:
    """Everybody a plan is about, read in a handful of queries."""
    return _cast(
        session,
        day.row.area_code,
        {visit_of(task.id) for task in day.problem.tasks},
        {one.id for one in day.problem.carers},
    )


def names_for(session: Session, day: Opened, task_ids: set[str], others: Collection[str] = ()) -> Names:
    """Names for sentences about some tasks and any carer of the day: a fault may name whom a visit was promised to.

    `others` are carers who are spoken of beside them, such as those of an older version.
    """
    carers = {one.id for one in day.problem.carers} | set(others)
    return names_in(session, day.row.area_code, {visit_of(task) for task in task_ids}, carers)


def names_in(session: Session, area_code: str, visit_ids: set[str], carer_ids: set[str]) -> Names:
    """Names for sentences about some visits and carers of a township."""
    return _cast(session, area_code, visit_ids, carer_ids).names()


def _cast(session: Session, area_code: str, visit_ids: set[str], carer_ids: set[str]) -> Cast:
    visits = {visit.id: visit for visit in session.exec(select(Visit).where(col(Visit.id).in_(visit_ids)))}
    people = people_by_id(session, carer_ids | {visit.elder_id for visit in visits.values()})
    codes = {visit.household_code for visit in visits.values()} | {one.household_code for one in people.values()}
    homes = {home.code: home for home in session.exec(select(Household).where(col(Household.code).in_(codes)))}
    villages = {one.code: one for one in areas_within(session, area_code, AreaKind.VILLAGE)}
    answers: dict[str, list[VisitCarer]] = {}
    for answer in session.exec(select(VisitCarer).where(col(VisitCarer.visit_id).in_(visit_ids))):
        answers.setdefault(answer.visit_id, []).append(answer)
    return Cast(
        visits=visits,
        people=people,
        homes=homes,
        facilities={one.id: one for one in facilities_within(session, area_code)},
        villages=villages,
        answers=answers,
        called=_called(session, villages, [people[one] for one in carer_ids if one in people]),
    )


def _called(session: Session, villages: Mapping[str, Area], carers: Sequence[Person]) -> dict[str, str]:
    bearers = Counter(person.name for person in carers)
    codes = {person.area_code for person in carers if bearers[person.name] > 1}
    groups = {one.code: one for one in session.exec(select(Area).where(col(Area.code).in_(codes)))}

    def names(person: Person) -> tuple[str, ...]:
        places = (villages.get(person.area_code[:12]), groups.get(person.area_code))
        return (person.name, *(f"{person.name} · {area_name(place)}" for place in places if place))

    return told_apart({person.id: names(person) for person in carers})


def board_of(session: Session, row: DayPlan) -> dict[str, Any]:
    """The whole board of one version."""
    day = opened(session, row)
    cast, faults = cast_of(session, day), engine.violations_of(day.problem, day.plan)
    return {
        **_changing_part(session, day, cast, {one.id for one in day.problem.carers}, set(cast.visits), faults),
        "places": _place_part(cast, row.on),
        "not_kept": not_kept(session, day),
        "visiting_rate": _visiting_rate(session, row),
    }


def not_kept(session: Session, day: Opened) -> list[str]:
    """A sentence for each lock of the version before that this one could not keep."""
    subjects = day.row.reason.get("unlocked", [])
    names = names_for(session, day, set(subjects), set(subjects)) if subjects else Names()
    called = [names.people.get(one) or names.visit(one) for one in subjects]
    return [say(T("{what} could not stay locked.", what=what)) for what in called]


def changed_board(session: Session, before: Opened, row: DayPlan) -> dict[str, Any]:
    """What is different on the board after a change by hand: only the carers and visits that it touches."""
    after = opened(session, row)
    steps = differences(before.places, after.places)
    held = {*before.locks.pairs, *before.locks.visits} ^ {*after.locks.pairs, *after.locks.visits}
    tasks = (
        {step.task_id for step in steps}
        | held
        | {one.task for one in set(before.plan.unserved) ^ set(after.plan.unserved)}
    )
    old = {route.carer: route for route in before.plan.routes}
    new = {route.carer: route for route in after.plan.routes}
    carers = {name for name in {*old, *new} if old.get(name) != new.get(name)} | (
        before.locks.carers ^ after.locks.carers
    )
    faults = engine.violations_of(after.problem, after.plan)
    visits = {visit_of(task) for task in tasks}
    everybody = {one.id for one in after.problem.carers}  # a fault may name whom a visit was promised to
    cast = _cast(session, after.row.area_code, visits | {visit_of(fault.task) for fault in faults}, everybody)
    return _changing_part(session, after, cast, carers, visits, faults)


def _changing_part(
    session: Session, day: Opened, cast: Cast, carer_ids: set[str], visit_ids: set[str], faults: list[Violation]
) -> dict[str, Any]:
    lines, places, names = Lookup(day.problem, day.plan), day.places, cast.names()
    reasons = {visit_of(one.task): one for one in reversed(day.plan.unserved)}
    wanted = sorted(
        (visit for visit in cast.visits.values() if visit.id in visit_ids),
        key=lambda one: (one.window_from_minute, one.id),
    )
    return {
        "plan": _plan_part(session, day),
        "carers": [
            _carer_part(day, cast, carer) | timeline_of(lines, carer)
            for carer in day.problem.carers
            if carer.id in carer_ids
        ],
        "visits": [_visit_part(day, cast, visit, places, reasons.get(visit.id)) for visit in wanted],
        "vans": _van_part(day, cast),
        "faults": [
            {
                "task": fault.task,
                "carer": fault.carer,
                "code": str(fault.code),
                "text": say(violation_words(fault, names)),
            }
            for fault in faults
        ],
        "figures": figures_of(day.problem, day.plan),
    }


def _plan_part(session: Session, day: Opened) -> dict[str, Any]:
    row, township = day.row, session.get_one(Area, day.row.area_code)
    return {
        "id": row.id,
        "version": row.version,
        "revision": row.revision,
        "state": row.state.value,
        "on": row.on.isoformat(),
        "area": row.area_code,
        "area_name": area_name(township),
        "cost": row.cost,
        "amends": row.amends_id,
        "reason": row.reason,
        "can_undo": last_change(session, row.id) is not None,
        "locked_carers": sorted(day.locks.carers),
    }


def _carer_part(day: Opened, cast: Cast, carer: Carer) -> dict[str, Any]:
    """Who a carer is. In a trial there may be carers who do not exist yet."""
    person = cast.people.get(carer.id)
    home = cast.homes[person.household_code] if person else None
    return {
        "id": carer.id,
        "name": cast.called[carer.id]
        if person
        else say(T("New volunteer {number}", number=carer.id.rpartition("-")[2])),
        "mode": carer.mode,
        "skills": [say(QUALIFICATIONS[kind]) for kind in sorted(carer.skills) if kind in QUALIFICATIONS],
        "shifts": [[shift.opens_minutes, shift.closes_minutes] for shift in carer.shifts],
        "point": list(place_of(home)) if home else None,
        "village": _village(cast.villages, person.area_code) if person else "",
        "is_locked": carer.id in day.locks.carers,
    }


def _village(villages: Mapping[str, Area], area_code: str) -> str:
    village = villages.get(area_code[:12])
    return area_name(village) if village else ""


def _visit_part(day: Opened, cast: Cast, visit: Visit, places: Places, left_out: Unserved | None) -> dict[str, Any]:
    elder, home = cast.people[visit.elder_id], cast.homes[visit.household_code]
    tasks = crew_tasks(visit.id, visit.crew_size)
    return {
        "id": visit.id,
        "tasks": list(tasks),
        "service": visit.service.value,
        "service_words": say(SERVICE_WORDS[visit.service]),
        "elder": elder.name,
        "landmark": home.landmark,
        "village": _village(cast.villages, visit.area_code),
        "household": home.code,
        "point": list(place_of(home)),
        "window": [visit.window_from_minute, visit.window_to_minute],
        "minutes": visit.duration_minutes,
        "crew": visit.crew_size,
        "tier": visit.tier,
        "notes": visit.notes,
        "state": visit.state.value,
        "state_words": say(STATE_WORDS[visit.state]),
        "placed": [
            {"task": task, "carer": places[task].carer, "from": places[task].starts, "to": places[task].ends}
            for task in tasks
            if task in places
        ],
        "reason": left_out.reason if left_out else "",
        "reason_words": say(REASON_WORDS.get(left_out.reason, left_out.text)) if left_out else "",
        "locks": {task: "visit" if task in day.locks.visits else "pair" for task in tasks if _is_held(day, task)},
        "answers": [
            {
                "carer": one.person_id,
                "state": one.state.value,
                "reason": one.decline_reason,
                "starts": one.starts_minute,
            }
            for one in cast.answers.get(visit.id, ())
        ],
    }


def _is_held(day: Opened, task: str) -> bool:
    return task in day.locks.visits or task in day.locks.pairs


def _van_part(day: Opened, cast: Cast) -> list[dict[str, Any]]:
    return [
        {
            "id": van.id,
            "name": place_name(cast.facilities[van.id]) if van.id in cast.facilities else van.id,
            "rounds": [
                {
                    "leaves": route.leave_minutes,
                    "back": route.finish_minutes,
                    "stops": [
                        {"visit": visit_of(stop.task), "from": stop.start_minutes, "to": stop.end_minutes}
                        for stop in route.stops
                    ],
                }
                for route in day.plan.routes
                if route.carer.partition("#")[0] == van.id
            ],
        }
        for van in day.problem.vehicles
    ]


def _place_part(cast: Cast, on: date) -> dict[str, Any]:
    villages = list(cast.villages.values())
    borders = outlines([(one.lat, one.lon) for one in villages])
    return {
        "villages": [
            {"code": one.code, "name": area_name(one), "point": [one.lat, one.lon], "outline": border}
            for one, border in zip(villages, borders, strict=True)
        ],
        "facilities": [
            {"id": one.id, "kind": one.kind.value, "name": place_name(one), "point": [one.lat, one.lon]}
            for one in cast.facilities.values()
            if is_there(one, on)
        ],
    }


def _visiting_rate(session: Session, row: DayPlan) -> list[int]:
    """Visited and registered elders of the township in the month of the day."""
    found = visiting_rate(session, row.area_code, months.of_date(row.on), level_digits=9)
    return [sum(one.visited for one in found), sum(one.registered for one in found)]


def changes_since(session: Session, row: DayPlan) -> list[dict[str, Any]]:
    """What was changed by hand, the newest first: who, when, what, as sentences."""
    day = opened(session, row)
    names = cast_of(session, day).names()
    rows = changes_of(session, row.id)
    who = names_of_users(session, [one.by_user_id for one in rows])
    return [
        {
            "revision": one.revision,
            "kind": one.kind,
            "who": who.get(one.by_user_id, ""),
            "at": one.at.isoformat(),
            "undone": one.undone,
            "text": say(change_words(one.kind, one.detail, names)),
        }
        for one in rows
    ]
