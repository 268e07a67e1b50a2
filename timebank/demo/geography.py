"""Villages, villager groups, homes and facilities around the 26 real townships, from a seed.

Townships, their codes, points and populations are real (townships.csv, GeoNames, WGS-84). Everything below them is
invented: villages lie along two valleys of each township, groups up the slopes, homes near their group.
"""

import csv
import math
from dataclasses import dataclass
from pathlib import Path
from random import Random

from pypinyin import lazy_pinyin

from timebank.areas.models import Area, AreaKind, Facility, FacilityKind

VILLAGES, GROUPS, BATHING_VANS = 200, 1_450, 6
ASSUMED_POPULATION = 20_000  # 芙蓉街道 is young; no figure is published for it yet
_METRES_PER_DEGREE = 111_320
_FIRST = "青黄白红大小上下石龙双水清长新永"
_SECOND = ("坝", "坪", "沟", "湾", "岩", "溪", "塘", "垭", "坡", "桥", "峡", "林")
_LANDMARKS = (
    *("黄桷树下", "老水井旁", "石拱桥头", "小卖部后面", "村小对面"),
    *("晒坝边", "竹林坎上", "公路拐弯处", "土地庙旁", "核桃树坡"),
)


@dataclass(frozen=True)
class Spot:
    """A point in WGS-84."""

    lat: float
    lon: float

    def moved(self, metres: float, bearing: float) -> "Spot":
        """The point so many metres away in a direction (radians, clockwise from north)."""
        lat = self.lat + metres * math.cos(bearing) / _METRES_PER_DEGREE
        lon = self.lon + metres * math.sin(bearing) / (_METRES_PER_DEGREE * math.cos(math.radians(self.lat)))
        return Spot(round(lat, 6), round(lon, 6))


@dataclass(frozen=True)
class Group:
    """A villager group with what the elders of the demo need of it."""

    code: str
    spot: Spot
    people: float  # share of the district's population


@dataclass(frozen=True)
class Land:
    """The tree of areas with its facilities."""

    areas: list[Area]
    facilities: list[Facility]
    groups: list[Group]


def landmark(random: Random) -> str:
    """What a volunteer looks for at a door."""
    return random.choice(_LANDMARKS)


def lay_out(random: Random, *, district_code: str) -> Land:
    """The whole district from a seeded generator."""
    with open(Path(__file__).parent / "townships.csv", encoding="utf-8") as file:
        townships = list(csv.DictReader(file))
    people = [int(row["population_geonames"] or ASSUMED_POPULATION) for row in townships]
    weights = [count**0.5 for count in people]  # towns are dense: villages grow slower than people
    areas = [_district(district_code, townships)]
    facilities: list[Facility] = []
    groups: list[Group] = []
    for row, count, villages in zip(townships, people, apportion(VILLAGES, weights), strict=True):
        centre = Spot(float(row["lat_wgs84"]), float(row["lon_wgs84"]))
        areas.append(_township(row, centre, district_code, random))
        facilities += _facilities(row, centre)
        groups += _villages(random, areas, row["code"], centre, villages, count / sum(people))
    facilities.append(_hospital(areas[1]))
    for number in range(BATHING_VANS):
        base = areas[1 + number * 4]
        yard = Spot(base.lat, base.lon)
        names = (f"助浴车{number + 1}号", f"Bathing van {number + 1}")
        facilities.append(_facility(FacilityKind.VAN_BASE, base.code, names, yard))
    return Land(areas, facilities, groups)


def apportion(total: int, weights: list[float], *, least: int = 2) -> list[int]:
    """Split a whole number by weights, at least `least` each, by largest remainder."""
    free = total - least * len(weights)
    exact = [free * weight / sum(weights) for weight in weights]
    shares = [int(value) for value in exact]
    order = sorted(range(len(exact)), key=lambda index: shares[index] - exact[index])
    for index in order[: free - sum(shares)]:
        shares[index] += 1
    return [share + least for share in shares]


def _district(code: str, townships: list[dict[str, str]]) -> Area:
    lat = sum(float(row["lat_wgs84"]) for row in townships) / len(townships)
    lon = sum(float(row["lon_wgs84"]) for row in townships) / len(townships)
    return Area(code=code, kind=AreaKind.DISTRICT, name_zh="武隆区", name_en="Wulong", lat=lat, lon=lon)


def _township(row: dict[str, str], centre: Spot, district_code: str, random: Random) -> Area:
    first = random.randrange(1, 4)
    return Area(
        code=row["code"],
        kind=AreaKind.TOWNSHIP,
        parent_code=district_code,
        name_zh=row["name_zh"],
        name_en=row["name_en"],
        lat=centre.lat,
        lon=centre.lon,
        population=int(row["population_geonames"]) if row["population_geonames"] else None,
        market_digits=f"{first},{first + 3},{first + 6}",
    )


def _facilities(row: dict[str, str], centre: Spot) -> list[Facility]:
    made = (
        (FacilityKind.STATION, "养老服务中心", "care station", centre),
        (FacilityKind.KITCHEN, "老年食堂", "kitchen for elders", centre.moved(250, 1.0)),
        (FacilityKind.CLINIC, "卫生院", "health centre", centre.moved(180, 2.5)),
    )
    return [
        _facility(kind, row["code"], (row["name_zh"] + zh, f"{row['name_en']} {en}"), spot)
        for kind, zh, en, spot in made
    ]


def _hospital(town: Area) -> Facility:
    place = _facility(
        FacilityKind.CLINIC, town.code, ("武隆区人民医院", "Wulong People's Hospital"), Spot(town.lat, town.lon)
    )
    place.id += "_district"
    return place


def _facility(kind: FacilityKind, area_code: str, names: tuple[str, str], spot: Spot) -> Facility:
    key = f"fac_{kind.value}_{area_code}"
    phone = f"100000{area_code[-5:]}" if kind == FacilityKind.STATION else ""  # no number of the country begins so
    name, name_en = names
    return Facility(
        id=key,
        kind=kind,
        area_code=area_code,
        name=name,
        name_en=name_en,
        lat=spot.lat,
        lon=spot.lon,
        phone=phone,
        opens_minute=None if kind == FacilityKind.VAN_BASE else 8 * 60,
        closes_minute=None if kind == FacilityKind.VAN_BASE else 18 * 60,
    )


def _villages(
    random: Random, areas: list[Area], township: str, centre: Spot, villages: int, share: float
) -> list[Group]:
    """Villages along two valleys, the groups of each up the slopes; adds the areas and returns the groups."""
    valley = random.uniform(0, math.pi)
    made: list[Group] = []
    names: set[str] = set()
    for number in range(villages):
        along = 900 * (number // 2 + 1) * random.uniform(0.7, 1.1)
        spot = centre.moved(along, valley + math.pi * (number % 2) + random.uniform(-0.3, 0.3))
        name = _new_name(random, names)
        code = f"{township}{200 + number:03d}"
        areas.append(_area(code, AreaKind.VILLAGE, township, f"{name}村", spot))
        groups = 7 + (number % 4 == 0)
        for group in range(groups):
            where = spot.moved(random.uniform(150, 1_100), random.uniform(0, 2 * math.pi))
            part = f"{code}{group + 1:02d}"
            areas.append(_area(part, AreaKind.HELP_GROUP, code, f"{name}村{group + 1}组", where))
            made.append(Group(part, where, share / villages / groups))
    return made


def _new_name(random: Random, names: set[str]) -> str:
    while True:
        name = random.choice(_FIRST) + random.choice(_SECOND)
        if name not in names:
            names.add(name)
            return name


def _area(code: str, kind: AreaKind, parent: str, name: str, spot: Spot) -> Area:
    reading = " ".join(word.capitalize() for word in lazy_pinyin(name))
    return Area(code=code, kind=kind, parent_code=parent, name_zh=name, name_en=reading, lat=spot.lat, lon=spot.lon)
