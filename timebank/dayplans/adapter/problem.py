"""From the facts of a day to the planner's problem. Minutes of the day, whole numbers, ids that name nobody."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, pairwise

import numpy as np

from dispatch.model import UNREACHABLE, Break, Carer, Link, Problem, Task, Vehicle, Weights, Window
from timebank.careplans.models import ServiceKind
from timebank.core import crypto
from timebank.core.errors import Refused
from timebank.core.text import T
from timebank.dayplans.adapter import travel
from timebank.dayplans.adapter.travel import Spot
from timebank.dayplans.queries.facts import DayFacts, Point
from timebank.dayplans.rules import FETCH, crew_tasks
from timebank.people.queries import CarerDay
from timebank.policies.queries import Policy
from timebank.visits.models import CarerState, Visit

BATH_VAN = "bath_van"
_TIERS = ("high", "key", "general")


def spots_of(facts: DayFacts) -> tuple[Mapping[str, Spot], list[Spot]]:
    """Places by what they belong to (household code, person id, facility id) and in the planner's order.

    Names are keyed hashes: the same door has the same name in every version, and a problem that is handed on tells
    nobody where an elder lives.
    """
    found: dict[str, tuple[str, Point, str]] = {}
    for code, point in sorted(facts.doors.items()):
        found[code] = ("door", point, code.partition("-")[0])
    for carer in facts.carers:
        found[carer.person.id] = ("home", (carer.lat, carer.lon), carer.person.area_code)
    for kitchen in facts.kitchens:
        found[kitchen.id] = ("kitchen", (kitchen.lat, kitchen.lon), kitchen.area_code)
    for base in facts.van_bases:
        found[base.id] = ("yard", (base.lat, base.lon), base.area_code)
    spots = {
        owner: Spot(_spot_name(kind, owner), point, area_code) for owner, (kind, point, area_code) in found.items()
    }
    return spots, list(spots.values())


def door_name(household_code: str) -> str:
    """What a problem calls a door."""
    return _spot_name("door", household_code)


def _spot_name(kind: str, owner: str) -> str:
    return f"{kind} {crypto.vault().fingerprint(f'place {owner}')[:12]}"


def problem_of(facts: DayFacts) -> Problem:
    """The planner's problem of a day.

    Refuses a day for which nothing is asked: there is nothing to plan.
    """
    if not facts.visits:
        raise Refused("dayplans.nothing_to_plan", T("There is no visit to plan on this day."))
    spots, order = spots_of(facts)
    carers = tuple(_carer(facts, carer, spots[carer.person.id].name) for carer in facts.carers)
    known, homes = frozenset(carer.id for carer in carers), _homes(facts)
    tasks: list[Task] = []
    links: list[Link] = []
    for visit in facts.visits:
        if _is_arranged(facts, visit, known):
            continue
        made = _Visit(facts, visit, spots, known, homes)
        tasks += made.tasks()
        links += made.links()
    links += _escort_links(facts.visits, {task.id for task in tasks})
    modes = {carer.mode for carer in carers} | {"car"}
    return Problem(
        places=tuple(spot.name for spot in order),
        matrices=travel.minutes_between(order, sorted(modes), facts.closures, facts.on, facts.drive_factors),
        carers=carers,
        tasks=tuple(tasks),
        links=tuple(links),
        vehicles=_vans(facts, spots),
        weights=_weights(facts.policy),
        name=f"{facts.township.code} {facts.on.isoformat()}",
    )


def _homes(facts: DayFacts) -> dict[str, frozenset[str]]:
    """The carers who live behind each door."""
    at: dict[str, set[str]] = {}
    for carer in facts.carers:
        at.setdefault(carer.person.household_code, set()).add(carer.person.id)
    return {door: frozenset(ids) for door, ids in at.items()}


def with_drives_of(made_for: Problem, fresh: Problem) -> Problem:
    """The day of now with the drives that a change was made with, where it knows all of them.

    A repair closes a road in drives that were rounded already: which homes lie behind it may differ a little from what
    the same closure says anew, and nobody could publish the repair.
    """
    at = {place: number for number, place in enumerate(made_for.places)}
    if not (at.keys() >= set(fresh.places) and made_for.matrices.keys() >= fresh.matrices.keys()):
        return fresh
    rows = [at[place] for place in fresh.places]
    drives = {mode: made_for.matrices[mode][np.ix_(rows, rows)] for mode in fresh.matrices}
    return replace(fresh, matrices=drives)


def _escort_links(visits: Sequence[Visit], planned: Collection[str]) -> list[Link]:
    """One carer goes along all the way: there, the wait, and home, each part as the one before ends."""
    parts: dict[str, list[Visit]] = {}
    for visit in visits:
        kind, _, rest = (visit.source_key or "").partition(":")
        if kind == "escort" and visit.id in planned:
            parts.setdefault(rest.partition(":")[0], []).append(visit)
    links = []
    for own in parts.values():
        in_order = sorted(own, key=lambda visit: visit.window_from_minute)
        for first, second in pairwise(in_order):
            slack = second.window_to_minute - second.window_from_minute
            links.append(Link(first.id, second.id, first.duration_minutes, first.duration_minutes + slack, "same"))
    return links


def _weights(policy: Policy) -> Weights:
    return Weights(
        unserved=tuple(policy.number(f"dispatch.unserved_cost.{tier}") for tier in _TIERS),
        changed_visit=policy.number("dispatch.changed_visit_cost"),
    )


def _carer(facts: DayFacts, carer: CarerDay, home: str) -> Carer:
    policy, shifts = facts.policy, tuple(Window(*shift) for shift in sorted(carer.shifts))
    rest = policy.number("dispatch.break_minutes")
    noon = Window(policy.number("dispatch.break_from_minute"), policy.number("dispatch.break_to_minute"))
    longest = max(shift.closes_minutes - shift.opens_minutes for shift in shifts)
    needs_break = rest and longest >= policy.number("dispatch.break_after_minutes")
    return Carer(
        id=carer.person.id,
        start_place=home,
        end_place=home,
        shifts=shifts,
        mode=carer.travel_mode,
        skills=carer.qualifications,
        breaks=(Break(noon, rest),) if needs_break else (),
        max_overtime_minutes=policy.number("dispatch.max_overtime_minutes"),
        max_work_minutes=policy.number("dispatch.max_work_minutes"),
        target_work_minutes=policy.number("earn.max_minutes_per_day"),
        capacity=policy.number("meal.bag_capacity"),
        sex=carer.person.sex.value,
        dialects=frozenset({carer.person.dialect} - {""}),
    )


def _is_arranged(facts: DayFacts, visit: Visit, known: frozenset[str]) -> bool:
    """Whether a volunteer took the visit who gave no hours for this day: the two have agreed, nobody plans it."""
    takers = _takers(facts, visit)
    return bool(takers) and not takers <= known


def _takers(facts: DayFacts, visit: Visit) -> frozenset[str]:
    if visit.day_plan_id or visit.state == "due":
        return frozenset()
    accepted = (one for one in facts.invitations.get(visit.id, ()) if one.state == CarerState.ACCEPTED)
    return frozenset(one.person_id for one in accepted)


@dataclass(frozen=True)
class _Visit:
    """One visit on its way to become tasks and links."""

    facts: DayFacts
    visit: Visit
    spots: Mapping[str, Spot]
    known: frozenset[str]
    homes: Mapping[str, frozenset[str]]  # household code → carers who live there

    def tasks(self) -> list[Task]:
        names = crew_tasks(self.visit.id, self.visit.crew_size)
        tasks = [self._door_task(name, number) for number, name in enumerate(names)]
        return [self._fetch_task(), *tasks] if self._is_fetched() else tasks

    def links(self) -> list[Link]:
        """A crew comes at once; a meal is handed over while it is hot, by who fetched it."""
        names = crew_tasks(self.visit.id, self.visit.crew_size)
        together = [Link(one, other) for one, other in combinations(names, 2)]
        if not self._is_fetched():
            return together
        policy = self.facts.policy
        fetch = policy.number("meal.pickup_minutes")
        hot = fetch + policy.number("meal.max_minutes_in_bag")
        return [*together, Link(self.visit.id + FETCH, names[0], fetch, hot, "same")]

    def _is_fetched(self) -> bool:
        return self.visit.service == ServiceKind.MEAL and self.visit.crew_size == 1 and bool(self.facts.kitchens)

    def _window(self) -> Window:
        return Window(self.visit.window_from_minute, self.visit.window_to_minute)

    def _door_task(self, name: str, number: int) -> Task:
        visit, facts = self.visit, self.facts
        elder = facts.elders[visit.elder_id]
        sex, hard = self._same_sex(elder.sex.value)
        takers, published = _takers(facts, visit), self._published()
        costs = self._face_costs()
        return Task(
            id=name,
            place=self.spots[visit.household_code].name,
            duration_minutes=visit.duration_minutes,
            windows=(self._window(),),
            skills=frozenset({visit.service.value, *visit.skills}),
            tier=_TIERS.index(visit.tier) if visit.tier in _TIERS else len(_TIERS) - 1,
            unserved_cost=None if number == 0 else 0,  # a visit that is left out counts once, however many would come
            banned_carers=self._banned(),
            carer_cost=costs,
            other_carer_cost=facts.policy.number("dispatch.new_face_cost") if costs else 0,
            sex=sex,
            sex_is_hard=hard,
            dialect=elder.dialect if visit.service == ServiceKind.COMPANY else "",
            load=-1 if self._is_fetched() else 0,
            pinned_carer=sorted(takers)[number] if number < len(takers) else None,
            published_carer=published[number] if number < len(published) else None,
            vehicle_kind=BATH_VAN if number == 0 and self._by_van() else None,
        )

    def _fetch_task(self) -> Task:
        policy, kitchens = self.facts.policy, self.facts.kitchens
        door = self.spots[self.visit.household_code].point
        kitchen = min(kitchens, key=lambda one: (travel.metres(door, (one.lat, one.lon)), one.id))
        opens = self.visit.window_from_minute - policy.number("meal.max_minutes_in_bag")
        return Task(
            id=self.visit.id + FETCH,
            place=self.spots[kitchen.id].name,
            duration_minutes=policy.number("meal.pickup_minutes"),
            windows=(Window(max(0, opens), self.visit.window_to_minute),),
            skills=frozenset({ServiceKind.MEAL.value}),
            unserved_cost=0,
            banned_carers=self._banned(),
            load=1,
        )

    def _same_sex(self, elder_sex: str) -> tuple[str, bool]:
        """A bath by the policy or by the care plan, whichever is stricter; other services by the care plan."""
        asked = {self.visit.same_sex} - {""}
        if self.visit.service == ServiceKind.BATH:
            asked.add(self.facts.policy.choice("dispatch.same_sex_bath"))
        return (elder_sex, "hard" in asked) if asked else ("", True)

    def _banned(self) -> frozenset[str]:
        """Kin and people of the same home do not earn with each other; who declined is not asked again."""
        visit, facts = self.visit, self.facts
        asked = facts.invitations.get(visit.id, ())
        declined = {one.person_id for one in asked if one.said_no}
        at_home = self.homes.get(visit.household_code, frozenset())
        return frozenset(
            (declined | at_home | {visit.elder_id} | facts.kin.get(visit.elder_id, frozenset())) & self.known
        )

    def _face_costs(self) -> dict[str, int]:
        known_faces = self.facts.known_faces.get(self.visit.elder_id, {})
        return {person_id: 0 for person_id in sorted(known_faces) if person_id in self.known}

    def _published(self) -> list[str]:
        asked = self.facts.invitations.get(self.visit.id, ()) if self.visit.day_plan_id else ()
        coming = (CarerState.INVITED, CarerState.ACCEPTED)
        return [one.person_id for one in asked if one.state in coming and one.person_id in self.known]

    def _by_van(self) -> bool:
        wanted = self.facts.policy.choice("van.for_baths") == "where_based"
        return wanted and self.visit.service == ServiceKind.BATH and bool(self.facts.van_bases)


def _vans(facts: DayFacts, spots: Mapping[str, Spot]) -> tuple[Vehicle, ...]:
    """The bathing vans of the township."""
    if facts.policy.choice("van.for_baths") == "never":
        return ()
    vans = (van_at(facts.policy, base.id, spots[base.id].name) for base in facts.van_bases)
    return tuple(van for van in vans if van.rounds)


def van_at(policy: Policy, van_id: str, place: str) -> Vehicle:
    """A bathing van as the rules have it: a round before the tank is empty at noon, and one after."""
    opens, closes = policy.number("van.from_minute"), policy.number("van.to_minute")
    noon = (opens + closes) // 2
    return Vehicle(
        id=van_id,
        kind=BATH_VAN,
        place=place,
        rounds=(Window(opens, noon), Window(noon, closes)) if closes > opens else (),
        mode="car",
        setup_minutes=policy.number("van.setup_minutes"),
        visits_per_round=policy.number("van.baths_per_round"),
    )


def with_places(problem: Problem, wider: Problem, names: Collection[str]) -> Problem:
    """A problem with some places of another one of the same day on its map; places that it has already stay."""
    new = [name for name in wider.places if name in names and name not in problem.places]
    if not new:
        return problem
    places = (*problem.places, *new)
    index = {name: number for number, name in enumerate(wider.places)}
    known = [number for number, name in enumerate(places) if name in index]
    at = [index[places[number]] for number in known]
    matrices = {}
    for mode, matrix in problem.matrices.items():
        grown = np.full((len(places), len(places)), UNREACHABLE, dtype=np.int32)
        grown[np.ix_(known, known)] = wider.matrices[mode][np.ix_(at, at)]
        grown[: len(problem.places), : len(problem.places)] = matrix
        np.fill_diagonal(grown, 0)
        matrices[mode] = grown
    return replace(problem, places=places, matrices=matrices)
