"""What is printed of a version: a run sheet for each carer, the kitchen's list, the vans' rounds.

Nothing is cooked for and nobody driven to whose visit was called off since the version was made.
"""

from dataclasses import dataclass, replace

from sqlmodel import Session

from dispatch.model import Route
from timebank.areas.models import Facility
from timebank.dayplans.figures import Lookup, drives_of
from timebank.dayplans.models import DayPlan
from timebank.dayplans.queries.board import Cast, Opened, cast_of, opened
from timebank.dayplans.rules import FETCH, visit_of
from timebank.people.models import Household, Person
from timebank.visits.models import Visit, VisitState


@dataclass(frozen=True)
class SheetStop:
    """One line of a run sheet: the way there, the door, what to do, with whom. `visit` is None at the kitchen."""

    starts: int
    ends: int
    drive_minutes: int
    visit: Visit | None
    elder: Person | None
    home: Household | None
    partners: tuple[str, ...]
    meals: int = 0


@dataclass(frozen=True)
class Sheet:
    """One carer's day on paper."""

    carer: Person
    called: str
    leaves: int
    back: int
    pauses: tuple[tuple[int, int], ...]
    stops: tuple[SheetStop, ...]


def run_sheets(session: Session, row: DayPlan) -> list[Sheet]:
    """A sheet for everybody who is out, by name."""
    day = opened(session, row)
    cast = cast_of(session, day)
    carers = {carer.id: carer for carer in day.problem.carers}
    sheets = [_sheet(day, cast, route) for route in _still_driven(day, cast) if route.carer in carers]
    return sorted(sheets, key=lambda sheet: (sheet.carer.pinyin, sheet.carer.id))


def _still_driven(day: Opened, cast: Cast) -> list[Route]:
    """The routes of a version without the stops of visits that were called off; who has none left stays at home."""
    off = {visit.id for visit in cast.visits.values() if visit.state == VisitState.CANCELLED}
    routes = [
        replace(route, stops=tuple(stop for stop in route.stops if visit_of(stop.task) not in off))
        for route in day.plan.routes
    ]
    return [route for route in routes if route.stops]


def _sheet(day: Opened, cast: Cast, route: Route) -> Sheet:
    carer = next(carer for carer in day.problem.carers if carer.id == route.carer)
    drives = drives_of(Lookup(day.problem, day.plan), carer, route)
    stops: list[SheetStop] = []
    for stop, drive in zip(route.stops, drives, strict=False):
        if stop.task.endswith(FETCH):
            _fetch(stops, stop.start_minutes, stop.end_minutes, drive)
            continue
        visit = cast.visits[visit_of(stop.task)]
        partners = tuple(
            cast.called[placed.carer]
            for task, placed in day.places.items()
            if visit_of(task) == visit.id and placed.carer != route.carer
        )
        elder, home = cast.people[visit.elder_id], cast.homes[visit.household_code]
        stops.append(SheetStop(stop.start_minutes, stop.end_minutes, drive, visit, elder, home, partners))
    pauses = tuple((pause.start_minutes, pause.end_minutes) for pause in route.pauses)
    person, called = cast.people[route.carer], cast.called[route.carer]
    return Sheet(person, called, route.leave_minutes, route.finish_minutes, pauses, tuple(stops))


def _fetch(stops: list[SheetStop], starts: int, ends: int, drive: int) -> None:
    """Meals that are fetched one after the other are one stop at the kitchen."""
    if stops and stops[-1].visit is None:
        last = stops.pop()
        stops.append(SheetStop(last.starts, ends, last.drive_minutes, None, None, None, (), last.meals + 1))
    else:
        stops.append(SheetStop(starts, ends, drive, None, None, None, (), 1))


@dataclass(frozen=True)
class Fetch:
    """Meals that somebody takes from the kitchen at a time, for which doors."""

    carer: str
    at: int
    visits: tuple[tuple[Visit, Person, int], ...]  # visit, elder, when it is handed over


def kitchen_list(session: Session, row: DayPlan) -> list[Fetch]:
    """Who fetches meals when and for whom, in order of time."""
    day = opened(session, row)
    cast, places = cast_of(session, day), day.places
    bags: dict[tuple[str, int], list[tuple[Visit, Person, int]]] = {}
    for sheet_route in _still_driven(day, cast):
        at = 0
        was_fetch = False
        for stop in sheet_route.stops:
            if not stop.task.endswith(FETCH):
                was_fetch = False
                continue
            at = at if was_fetch else stop.start_minutes
            was_fetch = True
            visit = cast.visits[visit_of(stop.task)]
            handed = places[visit.id].starts if visit.id in places else 0
            bags.setdefault((sheet_route.carer, at), []).append((visit, cast.people[visit.elder_id], handed))
    fetches = [Fetch(cast.called[carer], at, tuple(visits)) for (carer, at), visits in bags.items()]
    return sorted(fetches, key=lambda fetch: (fetch.at, fetch.carer))


@dataclass(frozen=True)
class VanRound:
    """One round of a bathing van: out, the doors in order with the crew, back."""

    van: Facility
    leaves: int
    back: int
    stops: tuple[tuple[int, Visit, Person, Household, tuple[str, ...]], ...]


def van_list(session: Session, row: DayPlan) -> list[VanRound]:
    """The rounds of the township's vans, in order of time."""
    day = opened(session, row)
    cast = cast_of(session, day)
    vans = {van.id for van in day.problem.vehicles}
    rounds = [route for route in _still_driven(day, cast) if route.carer.partition("#")[0] in vans]
    return [_round(day, cast, route) for route in sorted(rounds, key=lambda route: (route.leave_minutes, route.carer))]


def _round(day: Opened, cast: Cast, route: Route) -> VanRound:
    stops = []
    for stop in route.stops:
        visit = cast.visits[visit_of(stop.task)]
        crew = tuple(cast.called[placed.carer] for task, placed in day.places.items() if visit_of(task) == visit.id)
        elder, home = cast.people[visit.elder_id], cast.homes[visit.household_code]
        stops.append((stop.start_minutes, visit, elder, home, crew))
    van = cast.facilities[route.carer.partition("#")[0]]
    return VanRound(van, route.leave_minutes, route.finish_minutes, tuple(stops))
