"""A county enters its own kitchens, dining points, yards, stations and clinics; what closes is never lost."""

from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from sqlmodel import select

from tests import factories as make
from tests.cast import Cast
from tests.fixtures.databases import alembic_config, migrate
from tests.fixtures.site import SignIn
from timebank.areas import rules
from timebank.areas.models import Facility, FacilityKind
from timebank.areas.queries import office_phone
from timebank.areas.rules import ReadOff
from timebank.core import db, maps
from timebank.core.actors import SYSTEM, Role
from timebank.core.errors import BadInput, TimebankError
from timebank.dayplans.queries.facts import gather
from timebank.escorts import operations as escorts
from timebank.escorts.queries import clinics_for, escorts_from
from timebank.escorts.rules import Plan
from timebank.meals import operations as meals
from timebank.meals.queries import kitchens, points_of

TODAY, TOMORROW = date(2026, 11, 3), date(2026, 11, 4)
SPOT = (29.2631, 107.8462)
KITCHEN: dict[str, Any] = {
    "kind": "kitchen",
    "name": "桥头村敬老灶",
    "name_en": "Qiaotou kitchen",
    "area_code": make.VILLAGE,
    "position": "{:.6f}, {:.6f}".format(*SPOT),
    "read_off": "phone",
    "phone": "023-7777 1234",
    "opens": "07:00",
    "closes": "13:30",
}

A_CLINIC = (
    "INSERT INTO facility (id, kind, area_code, name, name_en, lat, lon, phone) "
    "VALUES ('fac_2', 'clinic', '500156', '卫生院', '', 29.3, 107.8, '')"
)


def named(name: str) -> Facility:
    with db.reading() as session:
        return session.exec(select(Facility).where(Facility.name == name)).one()


def enter(sign_in: SignIn, **given: str) -> Facility:
    filled: dict[str, Any] = KITCHEN | given
    zhou = sign_in(Role.COORDINATOR)
    zhou.visit("/places/new")
    assert "is in the book" in zhou.submit("/places/new", **filled)
    return named(filled["name"])


def test_the_township_enters_a_kitchen_and_the_next_day_plan_fetches_from_it(sign_in: SignIn, cast: Cast) -> None:
    place = enter(sign_in)
    assert (place.kind, place.area_code, place.phone) == (FacilityKind.KITCHEN, make.VILLAGE, "02377771234")
    assert (place.lat, place.lon) == pytest.approx(SPOT, abs=1e-6)
    assert (place.opens_minute, place.closes_minute) == (7 * 60, 13 * 60 + 30)
    shown = sign_in(Role.ASSISTANT).visit("/places")
    assert "Qiaotou kitchen" in shown and "07:00–13:30" in shown and f"/places/{place.id}" not in shown
    with db.reading() as session:
        assert place.id in {one.id for one in gather(session, make.TOWNSHIP, TOMORROW).kitchens}
        assert place.id in {one.id for one in kitchens(session, make.GROUP, TOMORROW)}


def test_every_kind_can_be_entered_without_knowing_where_exactly(sign_in: SignIn, cast: Cast) -> None:
    for kind in FacilityKind:
        times = {"opens": "", "closes": ""}
        place = enter(sign_in, kind=kind.value, name=f"新的{kind.value}", position="", **times)
        assert maps.distance_m(place.lat, place.lon, 29.262, 107.845) < 1, "the middle of the village"


def test_what_is_read_off_a_map_lies_where_the_map_shows_it(sign_in: SignIn, cast: Cast) -> None:
    for read_off, shift in ((ReadOff.AMAP, maps.gcj02), (ReadOff.BAIDU, maps.bd09)):
        lat, lon = shift(*SPOT)
        written = f"{lon:.6f}，{lat:.6f}"  # maps write the east first
        place = enter(sign_in, name=f"灶房{read_off}", position=written, read_off=read_off.value)
        assert maps.distance_m(place.lat, place.lon, *SPOT) < 1


@pytest.mark.parametrize(
    "written", ["29.26", "29.26 107.84 3", "10729", "29.26; abc", "-29.26, 107.84", "29.26.1 107.8"]
)
def test_what_is_no_position_is_not_taken_for_one(written: str) -> None:
    with pytest.raises(BadInput) as refused:
        rules.position(written, ReadOff.PHONE)
    assert refused.value.code == "areas.bad_position"


FAULTS = [
    ("name", {"name": " "}),
    ("name", {"name": "江口镇站", "kind": "station", "area_code": make.TOWNSHIP}),
    ("kind", {"kind": "bank"}),
    ("area_code", {"area_code": make.OTHER_TOWNSHIP}),
    ("position", {"position": "somewhere"}),
    ("position", {"position": "48.85, 107.84"}),
    ("position", {"position": "48.2, 16.37"}),
    ("read_off", {"read_off": "guess"}),
    ("phone", {"phone": "call me"}),
    ("opens", {"opens": "", "closes": "12:00"}),
    ("closes", {"opens": "12:00", "closes": "12:00"}),
    ("opens", {"kind": "van_base"}),
]


def test_a_fault_stands_beside_its_field_and_what_was_typed_stays(sign_in: SignIn, cast: Cast) -> None:
    zhou = sign_in(Role.COORDINATOR)
    for field, given in FAULTS:
        answer = zhou.send("/places/new", KITCHEN | {"name_en": "typed once"} | given)
        assert answer.status_code in (400, 409), given
        assert f'id="error-{field}"' in answer.text and 'value="typed once"' in answer.text, given
    with db.reading() as session:
        assert not session.exec(select(Facility).where(Facility.name_en == "typed once")).all()


def test_a_place_is_renamed_and_moved_and_what_was_cooked_there_still_names_it(sign_in: SignIn, cast: Cast) -> None:
    place = enter(sign_in)
    with db.transaction() as session:
        menu = meals.plan_menu(
            session, actor=SYSTEM, kitchen_id=place.id, on=TOMORROW, name="豆花饭", diet=[], portions=3
        )
    zhou = sign_in(Role.COORDINATOR)
    page = zhou.visit(f"/places/{place.id}")
    assert 'value="29.263100, 107.846200"' in page and 'value="07:00"' in page
    moved = KITCHEN | {"name": "江口敬老灶", "area_code": make.TOWNSHIP, "position": "29.2600, 107.8400"}
    del moved["kind"]  # what it is does not change
    assert "The next day plan knows of it" in zhou.submit(f"/places/{place.id}", **moved)
    kept = named("江口敬老灶")
    assert (kept.id, kept.area_code, round(kept.lat, 4)) == (place.id, make.TOWNSHIP, 29.26)
    assert menu.name in zhou.visit(f"/meals/kitchens/{place.id}?on={TOMORROW.isoformat()}")
    refused = zhou.send(f"/places/{place.id}", moved | {"name": "江口镇站"})
    assert refused.status_code == 409 and 'id="error-name"' in refused.text


def test_a_closed_place_serves_until_its_last_day_and_is_never_lost(sign_in: SignIn, cast: Cast) -> None:
    place = enter(sign_in, kind="kitchen")
    table = enter(sign_in, kind="dining_point", name="桥头村助餐点")
    yard = enter(sign_in, kind="van_base", name="助浴车院子", opens="", closes="")
    zhou = sign_in(Role.COORDINATOR)
    for one in (place, table, yard):
        zhou.visit(f"/places/{one.id}")
        zhou.submit(f"/places/{one.id}/close", closed_from_on=TOMORROW.isoformat())
    with db.reading() as session:
        for on, is_there in ((TODAY, True), (TOMORROW, False)):
            facts = gather(session, make.TOWNSHIP, on)
            assert (place.id in {one.id for one in facts.kitchens}) == is_there
            assert (yard.id in {one.id for one in facts.van_bases}) == is_there
            assert (table.id in {one.id for one in points_of(session, place, on)}) == is_there
    with db.transaction() as session, pytest.raises(TimebankError) as refused:
        meals.plan_menu(session, actor=SYSTEM, kitchen_id=place.id, on=TOMORROW, name="粥", diet=[], portions=3)
    assert refused.value.code == "meals.kitchen_closed"
    assert zhou.visit("/places").count("closed from") == 3
    zhou.visit(f"/places/{place.id}")
    assert "It stays open" in zhou.submit(f"/places/{place.id}/close", closed_from_on="")
    assert named(place.name).closed_from_on is None
    past = zhou.send(f"/places/{place.id}/close", {"closed_from_on": "2026-11-02"})
    assert past.status_code == 409 and 'id="error-closed_from_on"' in past.text


def test_a_dish_of_a_kitchen_that_closes_before_is_not_ordered(sign_in: SignIn, cast: Cast) -> None:
    place = enter(sign_in)
    with db.transaction() as session:
        menu = meals.plan_menu(session, actor=SYSTEM, kitchen_id=place.id, on=TOMORROW, name="粥", diet=[], portions=3)
        meals.order_meal(session, actor=SYSTEM, elder_id=cast.ran_daye.id, menu_id=menu.id)
    zhou = sign_in(Role.COORDINATOR)
    zhou.visit(f"/places/{place.id}")
    zhou.submit(f"/places/{place.id}/close", closed_from_on=TOMORROW.isoformat())
    with db.transaction() as session, pytest.raises(TimebankError) as refused:
        meals.order_meal(session, actor=SYSTEM, elder_id=cast.chen_popo.id, menu_id=menu.id)
    assert refused.value.code == "meals.kitchen_closed"
    assert menu.name not in zhou.visit(f"/meals/of/{cast.chen_popo.id}")
    list_of = {on: zhou.visit(f"/meals?on={on}") for on in ("2026-11-04", "2026-11-05")}
    assert "closed from" in list_of["2026-11-04"], "somebody still has to see to the meal that was ordered"
    assert "Qiaotou kitchen" not in list_of["2026-11-05"]


def test_a_closed_station_answers_no_phone(sign_in: SignIn, cast: Cast) -> None:
    with db.reading() as session:
        found = select(Facility).where(Facility.kind == FacilityKind.STATION, Facility.area_code == make.TOWNSHIP)
        station = session.exec(found).one()
    zhou = sign_in(Role.COORDINATOR)
    zhou.visit("/calendar")
    zhou.submit("/calendar/phone", phone="02377881234")
    with db.reading() as session:
        assert office_phone(session, make.GROUP) == "02377881234"
    zhou.visit(f"/places/{station.id}")
    zhou.submit(f"/places/{station.id}/close", closed_from_on=TODAY.isoformat())
    with db.reading() as session:
        assert office_phone(session, make.GROUP) == ""


def test_the_other_township_neither_sees_nor_touches_it(sign_in: SignIn, cast: Cast) -> None:
    place = enter(sign_in)
    sun = sign_in("sun")
    assert "Qiaotou kitchen" not in sun.visit("/places")
    assert sun.get(f"/places/{place.id}").status_code == 404
    assert sun.send(f"/places/{place.id}/close", {"closed_from_on": TOMORROW.isoformat()}).status_code == 404
    assert named(place.name).closed_from_on is None


def test_who_goes_to_the_doctor_chooses_from_the_clinics_the_nearest_first(sign_in: SignIn, cast: Cast) -> None:
    times = {"opens": "", "closes": ""}
    town = enter(sign_in, kind="clinic", name="镇卫生院", name_en="", area_code=make.TOWNSHIP, position="", **times)
    village = enter(sign_in, kind="clinic", name="村卫生室", name_en="Village clinic", **times)
    shut = enter(sign_in, kind="clinic", name="老卫生室", **times)
    zhou = sign_in(Role.COORDINATOR)
    zhou.visit(f"/places/{shut.id}")
    zhou.submit(f"/places/{shut.id}/close", closed_from_on=TOMORROW.isoformat())
    with db.reading() as session:
        assert [one.id for one in clinics_for(session, cast.chen_popo, TOMORROW)] == [village.id, town.id]
    wang = sign_in(Role.ASSISTANT)
    page = wang.visit(f"/escorts/of/{cast.chen_popo.id}")
    assert page.index("Village clinic") < page.index("镇卫生院") < page.index("another one")
    form: dict[str, Any] = {
        "on": TOMORROW.isoformat(),
        "appointment": "10:00",
        "ride_minutes": "30",
        "wait_minutes": "60",
    }
    wang.submit(f"/escorts/of/{cast.chen_popo.id}", clinic_id=village.id, clinic="", **form)
    with db.reading() as session:
        [arranged] = escorts_from(session, make.VILLAGE, TODAY)
    assert (arranged.escort.clinic, arranged.escort.clinic_id) == ("村卫生室", village.id)
    refused = wang.send(f"/escorts/of/{cast.chen_popo.id}", form | {"clinic_id": shut.id})
    assert refused.status_code == 400 and 'id="error-clinic_id"' in refused.text
    nothing = wang.send(f"/escorts/of/{cast.chen_popo.id}", form | {"clinic_id": "", "clinic": " "})
    assert nothing.status_code == 400 and 'id="error-clinic"' in nothing.text
    with db.transaction() as session:
        by_hand = escorts.arrange(
            session, actor=SYSTEM, elder_id=cast.ran_daye.id, plan=Plan(TOMORROW, 600, 30, 60), clinic="重庆的医院"
        )
    assert (by_hand.clinic, by_hand.clinic_id) == ("重庆的医院", None)


def test_the_assistant_sees_the_road_that_they_reported(sign_in: SignIn, cast: Cast) -> None:
    wang, days = sign_in(Role.ASSISTANT), {"starts_on": "2026-11-03", "ends_on": "2026-11-05"}
    assert "No road is reported closed." in wang.visit("/calendar")
    wang.submit("/calendar/roads", from_code=make.VILLAGE, to_code=make.NEXT_VILLAGE, reason="塌方", **days)
    page = wang.visit("/calendar")
    assert "塌方" in page and "No road is reported closed." not in page


def test_a_fault_on_the_calendar_stands_beside_its_field(sign_in: SignIn, cast: Cast) -> None:
    zhou, same = sign_in(Role.COORDINATOR), {"from_code": make.VILLAGE, "to_code": make.VILLAGE}
    for address, form, field in (
        ("/calendar/phone", {"phone": "call me"}, "phone"),
        ("/calendar/days", {"on": "tomorrow", "kind": "market"}, "on"),
        ("/calendar/roads", same | {"starts_on": "2026-11-03", "ends_on": "2026-11-03"}, "to_code"),
    ):
        answer = zhou.send(address, form)
        assert answer.status_code == 400 and f'id="error-{field}"' in answer.text, address


def test_an_installation_with_meals_and_appointments_takes_the_new_places_over(empty_db_url: str) -> None:
    migrate(empty_db_url, "0011")
    engine = db.make_engine(empty_db_url)
    rows = (
        "INSERT INTO area (code, kind, name_zh, name_en, lat, lon, market_digits) "
        "VALUES ('500156', 'district', '武隆', 'Wulong', 29.3, 107.8, '')",
        "INSERT INTO facility (id, kind, area_code, name, lat, lon, phone) "
        "VALUES ('fac_1', 'kitchen', '500156', '老年食堂', 29.3, 107.8, '')",
        'INSERT INTO menu (id, kitchen_id, area_code, "on", name, diet, portions, by_user_id, at) '
        "VALUES ('mnu_1', 'fac_1', '500156', '2026-11-03', '豆花饭', '[]', 9, 'usr_1', '2026-11-02 08:00:00')",
    )
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        for row in rows:
            connection.execute(sa.text(row))
    engine.dispose()
    migrate(empty_db_url)
    engine = db.make_engine(empty_db_url)
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        assert connection.execute(sa.text("SELECT kitchen_id FROM menu")).scalars().all() == ["fac_1"]
        connection.execute(sa.text(A_CLINIC))
    with engine.connect().execution_options(writes=True) as connection, pytest.raises(sa.exc.IntegrityError):
        connection.execute(sa.text("DELETE FROM facility WHERE id = 'fac_1'"))
    engine.dispose()
    command.downgrade(alembic_config(empty_db_url), "0011")
    engine = db.make_engine(empty_db_url)
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT id FROM facility")).scalars().all() == ["fac_1"]
    engine.dispose()
