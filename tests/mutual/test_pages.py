"""Coverage, groups, rounds and pairs through the pages of the people who use them."""

import re
from datetime import date

from sqlmodel import select

from tests import factories as make
from tests.cast import Cast
from tests.fixtures.site import SignIn
from tests.mutual.conftest import Neighbours
from timebank.core import db
from timebank.core.actors import Role
from timebank.mutual import pictures, queries
from timebank.mutual.models import PatrolRound
from timebank.mutual.rules import Coverage, Share
from timebank.visiting.queries import visiting_rate


def test_the_map_and_the_table_say_the_same_as_the_query(neighbours: Neighbours, sign_in: SignIn) -> None:
    page = sign_in(Role.BUREAU).visit("/mutual-help")
    with db.reading() as session:
        rows = queries.coverage(session, make.DISTRICT, date(2026, 11, 3), level_digits=9)
    for row in rows:
        assert f"{row.name_en} {row.lowest}%</text>" in page
        cells = "".join(rf"[^<]*<td[^>]*>{row.shares[code].has}/{row.shares[code].of}</td>" for code in row.shares)
        assert re.search(rf">{row.name_en}</a></th>{cells}", page), row


def test_a_village_calls_its_team_together(cast: Cast, sign_in: SignIn) -> None:
    office = sign_in(Role.ASSISTANT)
    office.visit("/mutual-help")
    page = office.submit("/mutual-help/groups", area_code=make.VILLAGE, leader_id=cast.li.id)
    assert "桥头村志愿服务队" in page
    office.submit("/members", having={"change": "join"}, person_id=cast.zhang.id)
    assert "张哥" in office.visit("/mutual-help") or "2 members" in office.visit("/mutual-help")


def test_the_leader_walks_the_doors_with_the_phone(neighbours: Neighbours, sign_in: SignIn) -> None:
    phone = sign_in("li")
    phone.visit(f"/mutual-help/groups/{neighbours.group.id}")
    page = phone.submit("/rounds")
    assert "0 of 2 doors" in page and "陈婆婆" in page
    phone.submit("/doors", outcome="well")
    with db.reading() as session:
        round_id = session.exec(select(PatrolRound.id)).one()
        assert sum(row.visited for row in visiting_rate(session, make.VILLAGE, "2026-11")) == 1
    assert "1 of 2 doors" in phone.visit(f"/mutual-help/rounds/{round_id}")
    assert "Round of doors today" in phone.visit("/today")
    assert "2 doors: 1 reached" in phone.visit(f"/mutual-help/groups/{neighbours.group.id}")


def test_an_afternoon_is_told_on_the_phone_and_agreed_by_the_village(neighbours: Neighbours, sign_in: SignIn) -> None:
    phone, office = sign_in("li"), sign_in(Role.ASSISTANT)
    phone.visit(f"/mutual-help/groups/{neighbours.group.id}")
    told = {"from": "07:00", "minutes": "90", "helped": [neighbours.cast.zhang.id]}
    assert "waits for a second person" in phone.submit("/sessions", **told)
    assert "session waits for a second person" in office.visit("/")
    office.visit("/mutual-help")
    page = office.submit("/decide", decision="accepted")
    assert "hours are in the commons" in page and "1 h 30 min" in page


def test_who_looks_after_whom_is_decided_on_a_page(neighbours: Neighbours, sign_in: SignIn) -> None:
    office, cast = sign_in(Role.ASSISTANT), neighbours.cast
    office.visit("/mutual-help/pairs")
    page = office.submit("/mutual-help/pairs", elder_id=cast.chen_popo.id, helper_id=cast.zhang.id)
    assert "1 of 2 elders" in page
    refused = office.submit("/mutual-help/pairs", status=400, elder_id=cast.ran_daye.id, helper_id=cast.wang.id)
    assert "Choose an active volunteer." in refused
    office.visit("/mutual-help/pairs")
    assert "0 of 2 elders" in office.submit("/end", reason="住院了")


def row_at(code: str, lat: float, lon: float) -> Coverage:
    share = Share(1, 1)
    return Coverage(code, code, code, lat, lon, {"assistant": share, "team": share, "group": share})


def test_words_on_the_map_never_lie_on_each_other() -> None:
    rows = [row_at(str(number), 29.32 + number * 0.0004, 107.76) for number in range(6)]
    rows += [row_at("far", 29.9, 108.2), row_at("west", 29.32, 107.4)]
    marks = pictures.picture_of(rows).marks
    for one in marks:
        for two in marks:
            if one is not two and abs(one.x - two.x) < 112:
                assert abs(one.words_y - two.words_y) >= pictures.LINE


def test_a_mark_shows_the_lowest_of_the_three_by_its_shape() -> None:
    full, none = Share(3, 3), Share(0, 0)
    for team, shape in ((Share(3, 3), "full"), (Share(2, 3), "some"), (Share(1, 3), "few")):
        row = Coverage("1", "", "", 0, 0, {"assistant": full, "team": team, "group": none})
        assert row.shape == shape
