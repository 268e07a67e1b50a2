"""Seeded days of rural home care: valleys as road trees, villages, care stations, kitchens, two ways to travel.

A day is named by its size, its number and two words: ``rural-150-1-well`` has no links between visits, so that other
routing libraries can express it; ``rural-150-1-well-sync`` has baths by two carers, meals fetched at a kitchen, nurses
who follow a bath, escorts there and back, and breaks. The same name gives the same problem everywhere.

The mix: 40 % check-ins, 25 % meals at noon, 22 % baths, 13 % escorts; windows of 60 to 120 minutes; leaving out a visit
costs 1,200 to 2,000 minutes of driving, an optional check-in 120 to 300.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import cos, pi, sin
from random import Random

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import dijkstra

from dispatch.model import Break, Carer, Link, Problem, Task, Window

SIZES = (50, 150, 300, 600, 1000)
VISITS_PER_VALLEY = 40
VILLAGES_PER_VALLEY = 6
STEEP_METRES = 900
"""Above this height cars crawl round hairpins and motorbikes do not."""

KILOMETRES_PER_HOUR: Mapping[str, Mapping[str, float]] = {
    "car": {"trunk": 50.0, "valley": 32.0, "track": 14.0},
    "moto": {"trunk": 38.0, "valley": 28.0, "track": 20.0},
}
STEEP_SLOWDOWN: Mapping[str, float] = {"car": 1.45, "moto": 1.1}

VISITS_PER_CARER_WELL = 6.0
VISITS_PER_CARER_SHORT = 7.5
"""Visits for each carer; on short-staffed days no plan known serves all of them."""

SHIFTS = (Window(480, 1020), Window(480, 1020), Window(450, 810), Window(540, 900), Window(600, 1080))
SKILLS = ("bathing", "meals", "escort")


@dataclass(frozen=True, slots=True)
class Node:
    """A place of the country: kilometres east and north, metres high; its road towards the trunk road."""

    name: str
    kind: str
    east: float
    north: float
    height: float
    parent: int | None
    road: str


@dataclass(frozen=True)
class RuralDay:
    """A generated day: the problem and the country it was drawn in (``problem.places[i]`` is ``country[i]``)."""

    problem: Problem
    country: tuple[Node, ...]


def name_of(visits: int, number: int, *, short_staffed: bool, sync: bool) -> str:
    """The name of a day, as in ``rural-150-1-short-sync``."""
    return f"rural-{visits}-{number}-{'short' if short_staffed else 'well'}{'-sync' if sync else ''}"


def generate(visits: int, number: int, *, short_staffed: bool = False, sync: bool = False) -> RuralDay:
    """Draw a day.

    Parameters
    ----------
    visits
        How many visits are asked for, at least 1; with ``sync`` some of them consist of two or three tasks.
    number
        Seed; days of the same size and number share country, houses and wishes, whatever the staffing.
    short_staffed
        About a fifth fewer carers: not every visit can be made.
    sync
        Whether visits are linked; without it only windows, skills, shifts, boxes and optional visits remain.
    """
    if visits < 1:
        raise ValueError(f"visits: {visits} is less than 1. Ask for at least one visit.")
    country = _country(Random(f"country {visits} {number}"), visits)
    wishes = _Wishes(Random(f"visits {visits} {number}"), country, sync)
    for kind in _mix(visits):
        wishes.add(kind)
    carers = _carers(Random(f"carers {visits} {number}"), country, visits, short_staffed, sync)
    problem = Problem(
        places=tuple(node.name for node in country),
        matrices={mode: _minutes(country, mode) for mode in KILOMETRES_PER_HOUR},
        carers=carers,
        tasks=tuple(wishes.tasks),
        links=tuple(wishes.links),
        name=name_of(visits, number, short_staffed=short_staffed, sync=sync),
    )
    return RuralDay(problem, country)


def _mix(visits: int) -> list[str]:
    shares = (("meal", 0.25), ("bath", 0.22), ("escort", 0.13))
    kinds = [kind for kind, share in shares for _ in range(round(visits * share))]
    return ["check-in"] * max(0, visits - len(kinds)) + kinds[:visits]


def _country(random: Random, visits: int) -> tuple[Node, ...]:
    """A trunk road along the river, a station, a kitchen, villages and houses up each of its valleys."""
    valleys = max(2, round(visits / VISITS_PER_VALLEY))
    nodes: list[Node] = []
    per_valley = [visits // valleys + (valley < visits % valleys) for valley in range(valleys)]
    mouth = None
    for valley, houses in enumerate(per_valley):
        east = (nodes[mouth].east if mouth is not None else 0.0) + random.uniform(5.0, 9.0)
        north = random.uniform(-2.0, 2.0)
        nodes.append(Node(f"station {valley + 1}", "station", east, north, random.uniform(180, 320), mouth, "trunk"))
        mouth = len(nodes) - 1
        nodes.append(Node(f"kitchen {valley + 1}", "kitchen", east + 0.4, north, nodes[mouth].height, mouth, "valley"))
        villages = _villages(random, nodes, mouth, valley)
        for house in range(houses):
            nodes.append(_house(random, nodes, random.choice(villages), f"house {valley + 1}.{house + 1}"))
    return tuple(nodes)


def _villages(random: Random, nodes: list[Node], mouth: int, valley: int) -> list[int]:
    """Villages up one valley, each on the road of an earlier one, higher than it."""
    side = 1 if valley % 2 else -1
    along = side * pi / 2 + random.uniform(-0.4, 0.4)
    found: list[int] = [mouth]
    for village in range(VILLAGES_PER_VALLEY):
        below = random.choice(found[-3:])
        way, turn = random.uniform(1.2, 3.2), along + random.uniform(-0.7, 0.7)
        start = nodes[below]
        nodes.append(
            Node(
                f"village {valley + 1}.{village + 1}",
                "village",
                start.east + way * cos(turn),
                start.north + way * sin(turn),
                start.height + random.uniform(60, 260),
                below,
                "valley",
            )
        )
        found.append(len(nodes) - 1)
    return found[1:]


def _house(random: Random, nodes: Sequence[Node], village: int, name: str) -> Node:
    way, turn = random.expovariate(1 / 0.5), random.uniform(0, 2 * pi)
    start = nodes[village]
    return Node(
        name,
        "house",
        start.east + way * cos(turn),
        start.north + way * sin(turn),
        start.height + random.uniform(-40, 160) * min(1.0, way),
        village,
        "track",
    )


def _minutes(country: Sequence[Node], mode: str) -> npt.NDArray[np.int32]:
    """Whole minutes between all places on the road tree, shape (places, places); roads wind, so 1.35 x the line."""
    rows, columns, minutes = [], [], []
    for index, node in enumerate(country):
        if node.parent is None:
            continue
        below = country[node.parent]
        kilometres = 1.35 * float(np.hypot(node.east - below.east, node.north - below.north))
        slow = STEEP_SLOWDOWN[mode] if (node.height + below.height) / 2 > STEEP_METRES else 1.0
        rows.append(index)
        columns.append(node.parent)
        minutes.append(max(kilometres, 0.05) / KILOMETRES_PER_HOUR[mode][node.road] * 60 * slow)
    graph = coo_matrix((minutes, (rows, columns)), shape=(len(country), len(country)))
    minutes_between: npt.NDArray[np.float64] = dijkstra(graph.tocsr(), directed=False)
    return np.rint(minutes_between).astype(np.int32)


class _Wishes:
    """Collects tasks and links, one visit after the other."""

    def __init__(self, random: Random, country: Sequence[Node], sync: bool) -> None:
        self.random, self.sync = random, sync
        self.country = country
        self.houses = [node.name for node in country if node.kind == "house"]
        random.shuffle(self.houses)
        self.tasks: list[Task] = []
        self.links: list[Link] = []
        self.count = 0

    def add(self, kind: str) -> None:
        """One visit of this kind at the next house."""
        house = self.houses[self.count]
        self.count += 1
        draw = {"check-in": self._check_in, "meal": self._meal, "bath": self._bath, "escort": self._escort}[kind]
        draw(f"{kind} {self.count}", house)

    def _window(self, earliest: int, latest: int, shortest: int, longest: int) -> Window:
        length = self.random.randrange(shortest, longest + 1, 10)
        opens = self.random.randrange(earliest, latest - length + 1, 5)
        return Window(opens, opens + length)

    def _cost(self) -> int:
        return self.random.randrange(1200, 2001, 10)

    def _check_in(self, name: str, house: str) -> None:
        window = self._window(480, 990, 90, 120)
        optional = self.random.random() < 0.5
        cost = self.random.randrange(120, 301, 10) if optional else self._cost()
        duration = self.random.randrange(15, 31, 5)
        self.tasks.append(Task(name, house, duration, (window,), unserved_cost=cost, tier=3 if optional else 2))

    def _meal(self, name: str, house: str) -> None:
        window = self._window(650, 780, 60, 90)
        duration, cost = self.random.randrange(5, 11), self._cost()
        skills = frozenset({"meals"})
        if not self.sync:  # the carer sets out with all meals and brings the empty boxes back: those fill the rack
            self.tasks.append(Task(name, house, duration, (window,), skills=skills, unserved_cost=cost, load=1))
            return
        fetch = Task(f"{name} fetch", self._kitchen(house), 1, skills=skills, unserved_cost=0, load=1)
        bring = Task(name, house, duration, (window,), skills=skills, unserved_cost=cost, load=-1)
        self.tasks += [fetch, bring]
        self.links.append(Link(fetch.id, bring.id, 1, 60, "same"))

    def _kitchen(self, house: str) -> str:
        valley = house.split()[1].split(".")[0]
        return f"kitchen {valley}"

    def _bath(self, name: str, house: str) -> None:
        window = self._window(510, 960, 90, 120)
        duration, cost = self.random.randrange(40, 61, 5), self._cost()
        skills, share = frozenset({"bathing"}), self.random.random()
        bath = Task(name, house, duration, (window,), skills=skills, unserved_cost=cost)
        self.tasks.append(bath)
        if not self.sync:
            return
        if share < 0.6:  # two carers at once
            helper = Task(f"{name} helper", house, duration, (window,), skills=skills, unserved_cost=0)
            self.tasks.append(helper)
            self.links.append(Link(bath.id, helper.id))
        elif share < 0.8:  # someone else looks at the skin after the bath
            after = Task(f"{name} nurse", house, 15, unserved_cost=0, skills=frozenset({"escort"}))
            self.tasks.append(after)
            self.links.append(Link(bath.id, after.id, duration, duration + 60))

    def _escort(self, name: str, house: str) -> None:
        window = self._window(480, 870, 60, 90)
        stay, cost = self.random.randrange(60, 121, 10), self._cost()
        skills = frozenset({"escort"})
        if not self.sync:
            self.tasks.append(Task(name, house, stay, (window,), skills=skills, unserved_cost=cost))
            return
        clinic = f"station {house.split()[1].split('.')[0]}"
        there = Task(name, house, 10, (window,), skills=skills, unserved_cost=cost)
        stays = Task(f"{name} clinic", clinic, stay, skills=skills, unserved_cost=0)
        back = Task(f"{name} back", house, 5, skills=skills, unserved_cost=0)
        self.tasks += [there, stays, back]
        self.links.append(Link(there.id, stays.id, 10, 70, "same"))
        self.links.append(Link(stays.id, back.id, stay, stay + 60, "same"))


def _carers(random: Random, country: Sequence[Node], visits: int, short_staffed: bool, sync: bool) -> tuple[Carer, ...]:
    """Carers in turn over the stations: first as many as a short-staffed day has, so that a well-staffed adds some."""
    stations = [node.name for node in country if node.kind == "station"]
    per_carer = VISITS_PER_CARER_SHORT if short_staffed else VISITS_PER_CARER_WELL
    count = max(len(SKILLS), round(visits / per_carer * (1.3 if sync else 1.0)))
    carers = []
    for number in range(count):
        station = stations[number % len(stations)]
        first = SKILLS[(number // len(stations) + number) % len(SKILLS)]
        skills = {first} | ({random.choice(SKILLS)} if random.random() < 0.5 else set())
        shift = random.choice(SHIFTS)
        long = shift.closes_minutes - shift.opens_minutes > 480
        carers.append(
            Carer(
                f"carer {number + 1}",
                station,
                station,
                (shift,),
                mode=random.choice(("moto", "moto", "car")),
                skills=frozenset(skills),
                breaks=(Break(Window(690, 840), 30),) if sync and long else (),
                capacity=random.choice((8, 12)) if "meals" in skills else 0,
                sex=random.choice(("f", "f", "m")),
            )
        )
    return tuple(carers)
