"""Links to map apps end at the door, in the coordinates that each app counts in."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest

from timebank.core.maps import amap_link, baidu_link, bd09, distance_m, gcj02, unshifted

TIANANMEN = (39.907334, 116.391286)  # WGS-84
METRES = 1 / 111_320  # of a degree of latitude


def test_the_gate_of_heavenly_peace_is_where_the_apps_say() -> None:
    # GCJ-02 as AMap's own converter gives it, BD-09 as Baidu's own map gives it.
    assert gcj02(*TIANANMEN) == pytest.approx((39.908737, 116.397528), abs=3 * METRES)
    assert bd09(*TIANANMEN) == pytest.approx((39.915119, 116.403963), abs=30 * METRES)


def test_each_link_carries_the_coordinates_of_its_app_and_a_landmark_only() -> None:
    door = (29.264, 107.846)
    amap = parse_qs(urlsplit(amap_link(*door, "黄桷树下")).query)
    lon, lat, words = amap["to"][0].split(",")
    assert (float(lat), float(lon)) == pytest.approx(gcj02(*door), abs=1e-6)
    assert (amap["coordinate"], words) == (["gaode"], "黄桷树下")
    baidu = parse_qs(urlsplit(baidu_link(*door, "黄桷树下")).query)
    assert baidu["coord_type"] == ["bd09ll"]
    place, name = baidu["destination"][0].split("|")
    lat, lon = place.removeprefix("latlng:").split(",")
    assert (float(lat), float(lon)) == pytest.approx(bd09(*door), abs=1e-6)
    assert name == "name:黄桷树下"


def test_the_three_systems_lie_hundreds_of_metres_apart_here() -> None:
    door = (29.264, 107.846)
    for one, other in ((door, gcj02(*door)), (gcj02(*door), bd09(*door))):
        metres = 111_320 * ((one[0] - other[0]) ** 2 + (0.872 * (one[1] - other[1])) ** 2) ** 0.5
        assert 200 < metres < 1_500


@pytest.mark.parametrize("shift", [gcj02, bd09])
@pytest.mark.parametrize("place", [TIANANMEN, (29.264, 107.846), (29.409, 107.931), (18.25, 109.51)])
def test_what_is_read_off_a_map_is_put_back_where_it_lies(
    shift: Callable[[float, float], tuple[float, float]], place: tuple[float, float]
) -> None:
    assert distance_m(*unshifted(shift, *shift(*place)), *place) < 0.1
