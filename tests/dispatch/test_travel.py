"""Minutes between places: distances, roads, servers, what was learnt, what is closed."""

import http.client
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import numpy as np
import pytest

from dispatch.coordinates import gcj02_from_wgs84, wgs84_from_gcj02
from dispatch.model import UNREACHABLE
from dispatch.roads import KINDS, Extract, Roads
from dispatch.travel import (
    Closure,
    Drive,
    GreatCircle,
    HttpMatrix,
    Pace,
    TravelError,
    corrected,
    kilometres,
    learn,
    matrices,
    with_closures,
)

WULONG, XIANNUSHAN = (29.32431, 107.76056), (29.42187, 107.76122)
TODAY = date(2026, 5, 12)


def test_a_degree_of_latitude_is_111_kilometres_and_the_earth_is_round() -> None:
    found = kilometres([(29.0, 107.0), (30.0, 107.0), (29.0, 108.0)])
    assert found[0, 1] == pytest.approx(111.195, abs=0.01)
    assert found[0, 2] == pytest.approx(111.195 * np.cos(np.radians(29.0)), rel=1e-4)
    assert np.array_equal(found, found.T)


def test_great_circle_minutes_are_distance_times_factor_over_speed() -> None:
    provider = GreatCircle({"moto": Pace(road_factor=2.0, kilometres_per_hour=30.0)})
    apart = kilometres([WULONG, XIANNUSHAN])[0, 1]
    assert provider.minutes([WULONG, XIANNUSHAN], "moto")[0, 1] == pytest.approx(apart * 4)


def test_an_unknown_mode_is_named_with_those_that_exist() -> None:
    with pytest.raises(TravelError, match=r"'boat' is not known.*car, moto, walk"):
        GreatCircle().minutes([WULONG], "boat")


@pytest.mark.parametrize("point", [WULONG, XIANNUSHAN, (29.55, 106.57), (39.9, 116.4), (22.5, 114.05)])
def test_a_place_comes_back_from_the_chinese_map_to_a_centimetre(point: tuple[float, float]) -> None:
    shown = gcj02_from_wgs84(point)
    assert 0.1 < kilometres([point, shown])[0, 1] < 1.0
    assert kilometres([point, wgs84_from_gcj02(shown)])[0, 1] < 1e-5


def test_the_shift_is_the_published_one_and_ends_at_the_border() -> None:
    assert gcj02_from_wgs84((39.907334, 116.391286)) == pytest.approx((39.908737, 116.397528), abs=2e-5)
    assert gcj02_from_wgs84((48.0, 2.0)) == (48.0, 2.0)


# Learnt corrections.


def test_one_odd_drive_teaches_little_and_many_teach_nearly_all() -> None:
    edge = ("village/1", "village/2")
    assert learn([Drive(*edge, 10, 60)])[edge] == pytest.approx((3 + 5) / 6)  # six times is hardly the road
    assert learn([Drive(*edge, 10, 15)] * 45)[edge] == pytest.approx((45 * 1.5 + 5) / 50)
    assert learn([Drive(*edge, 0, 15)]) == {}


def test_a_factor_counts_for_every_drive_between_its_areas_and_one_way_only() -> None:
    minutes = np.full((3, 3), 10.0)
    changed = corrected(minutes, ["a", "a", "b"], {("a", "b"): 1.5})
    assert changed[0, 2] == changed[1, 2] == 15.0
    assert changed[2, 0] == changed[0, 1] == 10.0
    assert (minutes == 10.0).all()


# Closures. Four places: a - b - c on one road, d beside, linked to a and c by long roads.

PLACES = ["a", "b", "c", "d"]
ROAD = np.array([[0, 5, 10, 20], [5, 0, 5, 25], [10, 5, 0, 20], [20, 25, 20, 0]], dtype=float)


def closed(**changes: object) -> Closure:
    facts: dict[str, object] = {
        "one_side": frozenset("a"), "other_side": frozenset("b"), "starts_on": TODAY, "ends_on": TODAY,
    }  # fmt: skip
    return Closure(**(facts | changes))  # type: ignore[arg-type]


def test_a_closed_road_is_driven_round_where_the_minutes_follow_roads() -> None:
    found = with_closures(ROAD, PLACES, [closed()], TODAY, knows_roads=True)
    assert found[0, 1] == found[1, 0] == 45  # a, d, c, b
    assert found[0, 2] == 40  # it went by b
    assert found[1, 2] == 5
    assert found[0, 3] == 20


def test_a_closed_road_cannot_be_driven_round_by_straight_lines() -> None:
    found = with_closures(ROAD, PLACES, [closed()], TODAY, knows_roads=False)
    assert np.isinf(found[0, 1]) and np.isinf(found[2, 0])
    assert found[0, 3] == 20


def test_a_slow_road_takes_longer_for_all_who_use_it() -> None:
    found = with_closures(ROAD, PLACES, [closed(extra_minutes=7)], TODAY, knows_roads=True)
    assert (found[0, 1], found[0, 2], found[1, 2], found[0, 3]) == (12, 17, 5, 20)


def test_a_closure_ends_with_its_last_day() -> None:
    for day, concerned in ((date(2026, 5, 11), False), (TODAY, True), (date(2026, 5, 13), False)):
        found = with_closures(ROAD, PLACES, [closed()], day, knows_roads=True)
        assert bool(found[0, 1] != 5) is concerned


def test_two_places_at_one_door_stay_together_when_a_road_closes() -> None:
    minutes = np.array([[0, 0, 5], [0, 0, 5], [5, 5, 0]], dtype=float)
    found = with_closures(minutes, ["a", "e", "b"], [closed(one_side=frozenset("ae"))], TODAY, knows_roads=True)
    assert found[0, 1] == pytest.approx(0, abs=1e-6)
    assert np.isinf(found[0, 2])


def test_a_village_is_not_shut_to_itself_though_homes_of_the_next_one_stand_between() -> None:
    line = np.abs(np.subtract.outer([0.0, 5.0, 10.0, 20.0], [0.0, 5.0, 10.0, 20.0]))  # a, b, e, c along one road
    found = with_closures(line, ["a", "b", "e", "c"], [closed(one_side=frozenset("ae"))], TODAY, knows_roads=False)
    assert found[0, 2] == found[2, 0] == 10  # within the one side
    assert np.isinf(found[0, 1]) and np.isinf(found[2, 1])  # between the sides
    assert np.isinf(found[1, 3])  # from elsewhere, by e to b
    assert found[2, 3] == 10


def test_matrices_of_a_day_are_whole_minutes_and_say_where_no_road_leads() -> None:
    points = {"a": WULONG, "b": XIANNUSHAN, "e": WULONG}
    straight = matrices(GreatCircle(), points, ["moto", "car"])
    assert straight["moto"].dtype == np.int32
    assert straight["moto"][0, 1] == int(np.ceil(GreatCircle().minutes([WULONG, XIANNUSHAN], "moto")[0, 1]))
    assert straight["car"][0, 2] == 0
    shut = matrices(GreatCircle(), points, ["moto"], closures=[closed()], day=TODAY)["moto"]
    assert shut[0, 1] == shut[1, 0] == UNREACHABLE
    learnt = matrices(GreatCircle(), points, ["moto"], factors={("a", "b"): 2.0})["moto"]
    assert learnt[0, 1] > 1.9 * straight["moto"][0, 1] > 1.9 * 20
    assert learnt[1, 0] == straight["moto"][1, 0]


# Roads of an extract. Junctions along the equator, 0.01 degrees apart: 0 - 1 - 2, and a lane 0 - 3 - 2 to the north.


def roads() -> Roads:
    track, road = KINDS.index("track"), KINDS.index("tertiary")
    return Roads(
        latitudes=np.array([0.0, 0.0, 0.0, 0.01]),
        longitudes=np.array([0.0, 0.01, 0.02, 0.01]),
        begins=np.array([0, 1, 0, 3]),
        ends=np.array([1, 2, 3, 2]),
        metres=np.array([1112.0, 1112.0, 1573.0, 1573.0]),
        kinds=np.array([road, road, track, track]),
        one_way=np.array([False, False, False, True]),
        speeds={"car": {"tertiary": 30.0, "track": 15.0}, "walk": {"track": 4.0}, "boat": {}},
    )


HOUSES = [(0.0, 0.0), (0.0, 0.02)]


def test_the_fastest_way_is_taken() -> None:
    assert roads().minutes(HOUSES, "car")[0, 1] == pytest.approx(2.224 / 30 * 60, rel=1e-3)
    assert roads().minutes(HOUSES, "walk")[0, 1] == pytest.approx(3.146 / 4 * 60, rel=1e-3)


def test_a_cut_road_sends_drivers_round_and_respects_one_way_lanes() -> None:
    found = roads().minutes(HOUSES, "car", cuts=[(HOUSES[0], HOUSES[1])])
    assert found[0, 1] == pytest.approx(3.146 / 15 * 60, rel=1e-3)
    assert np.isinf(found[1, 0])


def test_the_last_metres_to_a_door_are_walked() -> None:
    found = roads().minutes([(0.0, 0.0), (-0.001, 0.0)], "car")
    assert found[0, 1] == pytest.approx(0.1112 / 4 * 60, rel=1e-2)


def test_a_scrap_of_track_that_leads_nowhere_is_passed_over() -> None:
    whole = roads()
    lost = replace(
        whole,
        latitudes=np.append(whole.latitudes, [-0.002, -0.003]),
        longitudes=np.append(whole.longitudes, [0.01, 0.01]),
        begins=np.append(whole.begins, 4),
        ends=np.append(whole.ends, 5),
        metres=np.append(whole.metres, 111.0),
        kinds=np.append(whole.kinds, KINDS.index("track")),
        one_way=np.append(whole.one_way, False),
    )
    hamlet = (-0.003, 0.01)
    assert np.isfinite(lost.minutes([*HOUSES, hamlet], "car")).all()


def test_a_mode_without_any_road_is_said() -> None:
    with pytest.raises(TravelError, match="no road for this mode"):
        roads().minutes(HOUSES, "boat")


VILLAGE_ROADS = """<?xml version="1.0"?><osm version="0.6">
<node id="1" lat="29.00" lon="107.80"/><node id="2" lat="29.00" lon="107.81"/><node id="3" lat="29.00" lon="107.82"/>
<node id="4" lat="29.01" lon="107.81"/><node id="5" lat="31.00" lon="110.00"/><node id="6" lat="31.00" lon="110.01"/>
<way id="10"><nd ref="1"/><nd ref="2"/><nd ref="3"/><tag k="highway" v="tertiary"/></way>
<way id="11"><nd ref="1"/><nd ref="4"/><nd ref="3"/><tag k="highway" v="footway"/></way>
<way id="12"><nd ref="5"/><nd ref="6"/><tag k="highway" v="tertiary"/></way>
</osm>
"""


def test_an_extract_is_read_around_the_places_and_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "district.osm"
    file.write_text(VILLAGE_ROADS)
    source = Extract(file, tmp_path / "kept")
    ends = [(29.0, 107.8), (29.0, 107.82)]
    by_road = kilometres(ends)[0, 1] / 32 * 60
    assert source.minutes(ends, "car")[0, 1] == pytest.approx(by_road, rel=1e-2)
    [kept] = (tmp_path / "kept").iterdir()
    monkeypatch.setattr("dispatch.roads._ways", None)  # not read again, for a house more neither
    assert source.minutes([*ends, (29.0, 107.81)], "car")[0, 2] == pytest.approx(by_road / 2, rel=1e-2)
    assert list((tmp_path / "kept").iterdir()) == [kept]


def test_an_extract_that_is_missing_or_elsewhere_is_said(tmp_path: Path) -> None:
    with pytest.raises(TravelError, match="does not exist"):
        Extract(tmp_path / "none.osm.pbf", tmp_path).minutes([WULONG], "car")
    file = tmp_path / "district.osm"
    file.write_text(VILLAGE_ROADS)
    with pytest.raises(TravelError, match="no road within the bounds"):
        Extract(file, tmp_path).minutes([(25.0, 100.0)], "car")
    broken = tmp_path / "broken.osm.pbf"
    broken.write_bytes(b"no map")
    with pytest.raises(TravelError, match="cannot be read"):
        Extract(broken, tmp_path).minutes([WULONG], "car")


# A routing server.


class Server(BaseHTTPRequestHandler):
    """Answers 60 seconds for every step between the points' numbers (longitude × 1000), none to the last one."""

    def log_message(self, *_: object) -> None:
        pass

    def answer(self, document: object, status: int = 200) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(document).encode())

    def seconds(self, origin: float, target: float) -> float | None:
        return None if round(target * 1000) == 4 else 60.0 * round(abs(target - origin) * 1000)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert self.path == "/sources_to_targets" and body["costing"] == "motor_scooter"
        if len(body["sources"]) * len(body["targets"]) > 4:
            self.answer({"error": "too large"}, 400)
            return
        rows = [
            [{"time": self.seconds(a["lon"], b["lon"]), "distance": 1} for b in body["targets"]]
            for a in body["sources"]
        ]
        self.answer({"sources_to_targets": rows})

    def do_GET(self) -> None:
        where, query = self.path.removeprefix("/table/v1/car/").split("?")
        longitudes = [float(pair.split(",")[0]) for pair in where.split(";")]
        numbers = {
            key: [int(n) for n in value.split(";")] for key, value in (p.split("=") for p in query.split("&")[1:])
        }
        rows = [
            [self.seconds(longitudes[a], longitudes[b]) for b in numbers["destinations"]] for a in numbers["sources"]
        ]
        self.answer({"durations": rows})


@pytest.fixture
def address() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Server)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


POINTS = [(29.0, number / 1000) for number in range(5)]


@pytest.mark.parametrize("dialect", ["valhalla", "osrm"])
def test_a_server_is_asked_in_blocks_and_null_is_no_road(address: str, dialect: str) -> None:
    profiles = {"moto": "motor_scooter" if dialect == "valhalla" else "car"}
    found = HttpMatrix(address, dialect, profiles, block=2).minutes(POINTS, "moto")  # type: ignore[arg-type]
    assert found[:, :4].tolist() == [[abs(row - column) for column in range(4)] for row in range(5)]
    assert np.isinf(found[:4, 4]).all() and found[4, 4] == 0


def test_a_server_that_refuses_or_is_not_there_is_named_with_a_remedy(address: str) -> None:
    with pytest.raises(TravelError, match=r"answers 400.*lower the block"):
        HttpMatrix(address).minutes(POINTS, "moto")
    with pytest.raises(TravelError, match="no osrm matrix"):
        HttpMatrix(address, "osrm", read=lambda request: b'{"code": "Ok"}').minutes(POINTS, "car")
    with pytest.raises(TravelError, match="gives no answer"):
        HttpMatrix("http://127.0.0.1:1").minutes(POINTS, "moto")

    def cut_short(_request: object) -> bytes:
        raise http.client.IncompleteRead(b'{"sources')

    with pytest.raises(TravelError, match="gives no answer"):
        HttpMatrix(address, read=cut_short).minutes(POINTS, "moto")
    with pytest.raises(TravelError, match="does not begin with http"):
        HttpMatrix("file:///etc")
