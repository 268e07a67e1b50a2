"""Looking ahead: what-if questions of a saved day, who is due, and outlines drawn from points."""

from collections import Counter
from itertools import combinations

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from dispatch.check import check
from dispatch.model import Problem
from dispatch.valid import check_problem
from tests.dayplans.test_hand import draft, published
from tests.dayplans.township import COORDINATOR, Township, settle, tomorrow
from tests.factories import OTHER_TOWNSHIP, TOWNSHIP
from tests.fixtures.site import SignIn
from timebank.areas.models import Area
from timebank.core import clock, db
from timebank.core.actors import Actor, Role
from timebank.core.errors import BadInput, NotFound, Refused
from timebank.dayplans import operations, processes, worker
from timebank.dayplans.adapter.problem import van_at
from timebank.dayplans.adapter.whatif import Question, changed
from timebank.dayplans.drawings import NAME_HEIGHT, NAME_WIDTH, coverage, outlines
from timebank.dayplans.models import DayPlan, DayPlanState, PlannerRun
from timebank.dayplans.queries import latest_plan, running
from timebank.dayplans.queries.ahead import due_ahead, rates, spring_festival
from timebank.dayplans.queries.board import board_of, opened
from timebank.dayplans.queries.trials import trials_of
from timebank.policies.queries import in_force


@pytest.fixture
def made(database: sa.Engine) -> Township:
    with db.transaction() as session:
        return settle(session, visits=15, volunteers=6)


def asked(session: Session, question: Question) -> tuple[Problem, Problem]:
    """A day as it is and as it would be."""
    row = draft(session)
    problem = opened(session, row).problem
    van = van_at(in_force(session, TOWNSHIP, row.on), "", "")
    return problem, changed(problem, question, van)


def test_more_volunteers_live_and_work_like_those_that_there_are(made: Township) -> None:
    with db.transaction() as session:
        before, after = asked(session, Question("volunteers", 10))
    assert len(after.carers) == len(before.carers) + 10
    assert {carer.start_place for carer in after.carers} == {carer.start_place for carer in before.carers}
    check_problem(after)


def test_two_vans_are_out_and_the_baths_need_one(made: Township) -> None:
    with db.transaction() as session:
        before, after = asked(session, Question("vans", 2))
    assert [van.kind for van in after.vehicles] == ["bath_van"] * 2
    baths = [task for task in before.tasks if "bath" in task.skills]
    assert Counter(task.vehicle_kind for task in after.tasks)["bath_van"] == len(baths) // 2
    check_problem(after)


def test_in_the_festivals_week_fewer_come_to_more(made: Township) -> None:
    with db.transaction() as session:
        before, after = asked(session, Question("festival", away_percent=50, more_percent=40))
    assert len(after.carers) == len(before.carers) // 2
    assert len(after.tasks) == len(before.tasks) + len(made.visits) * 40 // 100
    gone = {carer.id for carer in before.carers} - {carer.id for carer in after.carers}
    assert not gone & {name for task in after.tasks for name in (*task.carer_cost, *task.banned_carers)}
    check_problem(after)


def test_a_trial_is_planned_compared_and_never_published(made: Township, monkeypatch: pytest.MonkeyPatch) -> None:
    with db.transaction() as session:
        base = published(session)
        run = operations.begin_trial(session, actor=COORDINATOR, day_plan_id=base.id, kind="festival")
        assert running(session, TOWNSHIP, base.on) is None  # the day itself may be planned meanwhile
    assert worker.work(run.id)
    with db.transaction() as session:
        now, trial = trials_of(session, session.get_one(DayPlan, base.id))
        assert (trial.row.state, trial.row.amends_id) == (DayPlanState.TRIAL, base.id)
        assert trial.figures["out"] <= now.figures["out"]
        assert trial.change["placed"] == trial.figures["placed"] - now.figures["placed"]
        day = opened(session, trial.row)
        assert check(day.problem, day.plan) == []
        assert board_of(session, trial.row)["plan"]["state"] == "trial"
        standing = latest_plan(session, TOWNSHIP, base.on)
        assert standing is not None and standing.id == base.id
        with pytest.raises(Refused, match="not_a_draft"):
            operations.publish_day(session, actor=COORDINATOR, day_plan_id=trial.row.id, revision=1)


def test_who_may_not_ask_and_what_is_no_question(made: Township) -> None:
    with db.transaction() as session:
        base = draft(session)
        with pytest.raises(BadInput, match="not_a_choice"):
            operations.begin_trial(session, actor=COORDINATOR, day_plan_id=base.id, kind="rain")
        with pytest.raises(BadInput, match="bad_count"):
            operations.begin_trial(session, actor=COORDINATOR, day_plan_id=base.id, kind="vans", count=51)
        stranger = Actor("usr_sun", Role.COORDINATOR, OTHER_TOWNSHIP)
        with pytest.raises(NotFound):
            operations.begin_trial(session, actor=stranger, day_plan_id=base.id, kind="same")


def test_who_is_due_is_counted_by_day_and_who_is_in_the_book(made: Township) -> None:
    today = clock.today()
    with db.transaction() as session:
        for elder in made.elders[:4]:
            elder.tags = ["living_alone"]
            session.add(elder)
        session.flush()
        ahead = due_ahead(session, TOWNSHIP, today)
        found = rates(session, TOWNSHIP, today)
    due = [row for day in ahead.days for row in day.due]
    listed = {row.elder.id for row in (*ahead.overdue, *due)}
    assert listed <= {elder.id for elder in made.elders[:4]}
    assert sum(row.registered for row in found) == 4
    assert all(day.booked <= len(day.due) for day in ahead.days)


def test_the_next_spring_festival_comes_from_the_national_calendar(made: Township) -> None:
    with db.reading() as session:
        found = spring_festival(session, TOWNSHIP, clock.today())
    assert found is not None and 2 < (found[1] - found[0]).days < 14 and found[0].month in (1, 2)


def test_the_page_asks_and_shows_the_planner_at_work(sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.dayplans.township import fill

    monkeypatch.setattr(processes, "start", lambda run_id: 0)
    with db.transaction() as session:
        fill(session, visits=5, volunteers=4)
        row = operations.draft_day(session, actor=COORDINATOR, area_code=TOWNSHIP, on=tomorrow(), steps=5000)
    visitor = sign_in(Role.COORDINATOR)
    assert "What if" in visitor.visit("/days/ahead")
    visitor.visit(f"/days/{row.id}/what-if")
    page = visitor.send(f"/days/{row.id}/what-if", {"kind": "volunteers", "count": "10"}, follow_redirects=True)
    assert "10 more volunteers: the planner is at work" in page.get_data(as_text=True)
    with db.reading() as session:
        assert session.exec(select(PlannerRun)).one().trial["count"] == 10


POINTS = [(29.30, 107.70), (29.35, 107.80), (29.20, 107.75), (29.28, 107.95)]


def test_each_outline_holds_its_own_point_and_no_other() -> None:
    found = outlines(POINTS)
    assert len(found) == len(POINTS)
    for number, cell in enumerate(found):
        assert [_inside(point, cell) for point in POINTS] == [other == number for other in range(len(POINTS))]


@pytest.mark.parametrize("points", [[], POINTS[:1], POINTS[:2], [POINTS[0], POINTS[0]]])
def test_few_points_and_points_at_one_place_are_drawn_too(points: list[tuple[float, float]]) -> None:
    found = outlines(points)
    assert len(found) == len(points) and (not points or any(len(cell) >= 4 for cell in found))


def test_a_drawing_writes_every_rate_beside_its_colour() -> None:
    places = [
        Area(code=str(number), kind="village", name_zh="村", name_en="V", lat=lat, lon=lon)
        for number, (lat, lon) in enumerate(POINTS)
    ]
    drawn = coverage([(place, 50 + number) for number, place in enumerate(places)])
    assert [cell.percent for cell in drawn.cells] == [50, 51, 52, 53]
    assert all(0 <= cell.x <= drawn.width and 0 <= cell.y <= drawn.height for cell in drawn.cells)


def test_names_on_a_drawing_never_lie_on_each_other() -> None:
    """Six villages in one valley, a few hundred metres apart, and two far away that make the map large."""
    near = [(29.300 + number % 2 * 0.002, 107.800 + number * 0.003) for number in range(6)]
    places = [
        Area(code=str(number), kind="village", name_zh="村", name_en="V", lat=lat, lon=lon)
        for number, (lat, lon) in enumerate([*near, (29.34, 107.72), (29.25, 107.9)])
    ]
    drawn = coverage([(place, 90) for place in places])
    for one, two in combinations(drawn.cells, 2):
        assert abs(one.x - two.x) >= NAME_WIDTH or abs(one.y - two.y) >= NAME_HEIGHT - 1
    assert all(0 <= cell.y <= drawn.height for cell in drawn.cells)


def _inside(point: tuple[float, float], cell: list[tuple[float, float]]) -> bool:
    """Whether a point lies in a polygon, by counting the borders to the east of it."""
    lat, lon = point
    crossings = 0
    for (lat_1, lon_1), (lat_2, lon_2) in zip(cell, [*cell[1:], cell[0]], strict=True):
        if (lat_1 > lat) != (lat_2 > lat):
            crossings += lon < lon_1 + (lat - lat_1) * (lon_2 - lon_1) / (lat_2 - lat_1)
    return crossings % 2 == 1
