"""What a coordinator does on the pages of days, without JavaScript."""

from typing import Any

import pytest
from sqlmodel import Session, select

from tests import factories as make
from tests.dayplans.township import COORDINATOR, fill, tomorrow
from tests.factories import TOWNSHIP
from tests.fixtures.site import SignIn
from timebank.areas.models import Area
from timebank.careplans.models import ServiceKind
from timebank.core import db
from timebank.core.actors import Role
from timebank.dayplans import operations, processes, queries
from timebank.dayplans.figures import stops_of
from timebank.dayplans.models import DayPlan
from timebank.dayplans.queries.board import opened
from timebank.dayplans.queries.sheets import kitchen_list, run_sheets
from timebank.dayplans.rules import told_apart
from timebank.people.models import Person
from timebank.visits import operations as visits
from timebank.visits.models import Visit


@pytest.fixture
def row(sign_in: SignIn) -> DayPlan:
    with db.transaction() as session:
        fill(session, visits=10, volunteers=5)
        return operations.draft_day(session, actor=COORDINATOR, area_code=TOWNSHIP, on=tomorrow(), steps=5000)


def test_the_list_shows_what_is_asked_for_and_the_plan_that_counts(sign_in: SignIn, row: DayPlan) -> None:
    text = sign_in(Role.COORDINATOR).visit("/days")
    assert "Version 1" in text and "draft" in text and "tomorrow" in text


def test_a_version_shows_who_waits_and_why_and_every_stop(sign_in: SignIn, row: DayPlan) -> None:
    text = sign_in(Role.COORDINATOR).visit(f"/days/{row.id}")
    assert "<svg" in text and "Every stop" in text
    assert row.left_out == text.count("has no time left in the asked hours") + text.count("nobody may do this")


def test_publishing_from_the_page(sign_in: SignIn, row: DayPlan) -> None:
    visitor = sign_in(Role.COORDINATOR)
    visitor.visit(f"/days/{row.id}")
    assert "The day is published" in visitor.submit("/publish")


def test_the_start_page_tells_a_draft_from_visits_that_are_on_no_plan(sign_in: SignIn, row: DayPlan) -> None:
    visitor = sign_in(Role.COORDINATOR)
    assert "wait for their plan to be published" in visitor.visit("/")
    visitor.visit(f"/days/{row.id}")
    visitor.submit("/publish")
    with db.transaction() as session:
        elder = session.get_one(Person, session.exec(select(Visit.elder_id)).first())
        make.visit(session=session, elder=elder, on=tomorrow(), service=ServiceKind.VISIT, window=(480, 600))
    assert "on no plan" in visitor.visit("/")


def test_a_page_that_is_out_of_date_publishes_nothing(sign_in: SignIn, row: DayPlan) -> None:
    visitor = sign_in(Role.COORDINATOR)
    visitor.visit(f"/days/{row.id}")
    answer = visitor.submit("/publish", status=409, revision="7")
    assert "Somebody changed this plan" in answer


def test_sheets_print_for_the_carers_the_kitchen_and_the_van(sign_in: SignIn, row: DayPlan) -> None:
    visitor = sign_in(Role.COORDINATOR)
    sheets = visitor.visit(f"/days/{row.id}/run-sheets")
    assert "竹林坎上" not in sheets  # the carer's own home is nobody's business
    assert "黄桷树下" in sheets
    visitor.visit(f"/days/{row.id}/kitchen-list")
    assert "No van is out" in visitor.visit(f"/days/{row.id}/van-list")


def test_a_meal_that_was_called_off_is_neither_cooked_for_nor_driven_to(sign_in: SignIn, row: DayPlan) -> None:
    with db.transaction() as session:
        published = operations.publish_day(session, actor=COORDINATOR, day_plan_id=row.id, revision=row.revision)
        meals, doors = bagged(session, published), on_sheets(session, published)
        meal = min(meals)
        assert meal in doors
        visits.cancel(session, actor=COORDINATOR, visit_id=meal, reason="住院")
        assert bagged(session, published) == meals - {meal}
        assert on_sheets(session, published) == doors - {meal}
        fetched = sum(stop.meals for sheet in run_sheets(session, published) for stop in sheet.stops)
        assert fetched == len(meals) - 1
    visitor = sign_in(Role.COORDINATOR)
    for sheet in ("run-sheets", "kitchen-list", "van-list"):
        assert "Version 1 · published" in visitor.visit(f"/days/{row.id}/{sheet}")


def bagged(session: Session, row: DayPlan) -> set[str]:
    return {visit.id for fetch in kitchen_list(session, row) for visit, _, _ in fetch.visits}


def on_sheets(session: Session, row: DayPlan) -> set[str]:
    return {stop.visit.id for sheet in run_sheets(session, row) for stop in sheet.stops if stop.visit}


def test_the_neighbours_coordinator_and_volunteers_see_nothing(sign_in: SignIn, row: DayPlan) -> None:
    for path in ("", "/run-sheets", "/kitchen-list", "/van-list", "/board"):
        sign_in("sun").visit(f"/days/{row.id}{path}", status=404)
        sign_in(Role.VOLUNTEER).visit(f"/days/{row.id}{path}", status=403)


def test_planning_starts_a_process_and_shows_it_at_work(
    sign_in: SignIn, row: DayPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []
    monkeypatch.setattr(processes, "start", started.append)
    visitor = sign_in(Role.COORDINATOR)
    visitor.visit("/days")
    assert "The planner is at work" in visitor.submit("/days/plan")
    assert visitor.page is not None and visitor.page.headers["Refresh"] == "2"
    again = visitor.send("/days/plan", {"area": TOWNSHIP, "on": tomorrow().isoformat()})
    assert len(started) == 1, "a second press started a second planner"
    assert again.location.endswith(started[0])


def test_asking_to_stop_is_noted(sign_in: SignIn, row: DayPlan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "start", lambda run_id: 0)
    visitor = sign_in(Role.COORDINATOR)
    visitor.visit("/days")
    visitor.submit("/days/plan")
    visitor.submit("/stop")
    with db.reading() as session:
        assert queries.running(session, TOWNSHIP, tomorrow()).stop_asked  # type: ignore[union-attr]


def test_two_carers_of_one_name_are_told_apart(sign_in: SignIn, row: DayPlan) -> None:
    with db.transaction() as session:
        out = [route.carer for route in opened(session, row).plan.routes if route.stops]
        for person_id in out[:2]:
            session.get_one(Person, person_id).name = "高小琴"
        codes = [session.get_one(Person, person_id).area_code for person_id in out[:2]]
        wanted = [session.get_one(Area, code[:12] if codes[0][:12] != codes[1][:12] else code) for code in codes]
    pages = {path: sign_in(Role.COORDINATOR).visit(f"/days/{row.id}{path}") for path in ("", "/run-sheets")}
    for place in wanted:
        assert all(f"高小琴 · {place.name_en}" in page for page in pages.values())


def test_names_that_others_bear_too_grow_until_they_stand_alone() -> None:
    names = {"a": ("李", "李 · 东", "李 · 东1"), "b": ("李", "李 · 西", "李 · 西1"), "c": ("王", "王 · 东")}
    assert told_apart(names) == {"a": "李 · 东", "b": "李 · 西", "c": "王"}
    same_village = {"a": ("李", "李 · 东", "李 · 东1"), "b": ("李", "李 · 东", "李 · 东2")}
    assert told_apart(same_village) == {"a": "李 · 东1", "b": "李 · 东2"}


def test_meals_fetched_one_after_the_other_are_one_stop() -> None:
    def block(kind: str, start: int, visit: str = "") -> dict[str, Any]:
        return {"kind": kind, "from": start, "to": start + 2, "visit": visit}

    day = [block("fetch", 0, "a"), block("fetch", 2, "b"), block("drive", 4), block("visit", 6, "a"), block("fetch", 8)]
    stops = stops_of(day)
    assert [(one["kind"], one["from"], one["to"], one["visits"]) for one in stops] == [
        ("fetch", 0, 4, ["a", "b"]),
        ("visit", 6, 8, ["a"]),
        ("fetch", 8, 10, [""]),
    ]


def test_two_kitchens_are_two_stops() -> None:
    first = {"kind": "fetch", "from": 0, "to": 2, "visit": "a"}
    second = {"kind": "fetch", "from": 9, "to": 11, "visit": "b"}
    assert len(stops_of([first, {"kind": "drive", "from": 2, "to": 9}, second])) == 2
