"""What drives take is learnt from arrivals and departures, and planned with from the next day on."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from tests import factories as make
from tests.cast import Cast
from tests.dayplans.township import COORDINATOR
from tests.factories import NEXT_VILLAGE, TOWNSHIP, VILLAGE
from tests.fixtures.databases import TEST_KEY
from tests.fixtures.site import SignIn
from timebank.areas.models import RoadClosure
from timebank.careplans.models import ServiceKind
from timebank.config import BadSetting, load
from timebank.core import clock, db, ids
from timebank.core.actors import Actor, Role
from timebank.dayplans import nightly, operations
from timebank.dayplans.adapter import travel
from timebank.dayplans.adapter.problem import problem_of
from timebank.dayplans.models import LearntDrive
from timebank.dayplans.queries.drives import learnt_drives
from timebank.dayplans.queries.facts import gather
from timebank.jobs import JOBS
from timebank.people.models import Person
from timebank.policies import operations as policies
from timebank.visits.models import CarerState, EvidenceGrade, Visit, VisitCarer

TOOK_MINUTES = 25


@dataclass
class Two:
    """A volunteer on a motorbike, an elder next door and one in the next village."""

    carer: Person
    near: Person
    far: Person

    def estimate(self, session: Session) -> int:
        """Minutes from the near door to the far one as today's plan has them."""
        for elder in (self.near, self.far):
            make.visit(session=session, elder=elder)
        problem = problem_of(gather(session, TOWNSHIP, clock.today()))
        near, far = (task.place for task in problem.tasks[:2])
        return int(problem.matrices["moto"][problem.places.index(near), problem.places.index(far)])

    def drive(
        self,
        session: Session,
        days_ago: int,
        *,
        planned_gap: int = 15,
        service: ServiceKind = ServiceKind.VISIT,
        grade: EvidenceGrade = EvidenceGrade.A,
    ) -> None:
        """A morning on which she went from the one to the other, and it took 25 minutes."""
        on = clock.today() - timedelta(days=days_ago)
        first = make.visit(session=session, elder=self.near, on=on, minutes=30)
        second = make.visit(session=session, elder=self.far, on=on, minutes=30, service=service)
        for visit, begins, planned in ((first, 540, 540), (second, 570 + TOOK_MINUTES, 570 + planned_gap)):
            visit.grade = grade
            session.add(self._came(visit, begins, planned))
        session.flush()

    def _came(self, visit: Visit, begins: int, planned: int) -> VisitCarer:
        return VisitCarer(
            id=ids.new_id("vca"),
            visit_id=visit.id,
            person_id=self.carer.id,
            state=CarerState.ACCEPTED,
            starts_minute=planned,
            checked_in_at=clock.at_local(visit.due_on, begins),
            checked_out_at=clock.at_local(visit.due_on, begins + 30),
        )


def settle(session: Session) -> Two:
    make.district(session=session)
    home = make.household(session=session, number=1)
    away = make.household(session=session, group_code=make.NEXT_GROUP, number=2)
    carer = make.volunteer(session=session, household=make.household(session=session, number=3), name="杨二姐")
    near = make.elder(session=session, household=home, name="陈婆婆")
    return Two(carer, near, make.elder(session=session, household=away, name="刘老爷"))


def learnt(session: Session) -> dict[tuple[str, str], tuple[int, int]]:
    operations.learn_drives(session, actor=COORDINATOR, area_code=TOWNSHIP)
    return {(row.from_code, row.to_code): (row.percent, row.drives) for row in learnt_drives(session, TOWNSHIP)}


def test_drives_that_take_longer_than_estimated_are_planned_longer(database: sa.Engine) -> None:
    with db.transaction() as session:
        two = settle(session)
        before = two.estimate(session)
        for day in range(1, 13):
            two.drive(session, day)
        [(way, (percent, drives))] = learnt(session).items()
        assert way == (VILLAGE, NEXT_VILLAGE)
        assert drives == 12
        seen = 100 * TOOK_MINUTES / before  # the estimate is rounded up, so this is a little low
        assert percent == pytest.approx((12 * seen + 5 * 100) / 17, rel=0.05)
        assert two.estimate(session) == pytest.approx(before * percent / 100, abs=1)


@pytest.mark.parametrize("told", ["on paper", "with time to spare", "by way of the kitchen", "long ago"])
def test_what_says_nothing_about_the_road_teaches_nothing(told: str, database: sa.Engine) -> None:
    with db.transaction() as session:
        two = settle(session)
        two.drive(
            session,
            days_ago=61 if told == "long ago" else 1,
            grade=EvidenceGrade.C if told == "on paper" else EvidenceGrade.A,
            planned_gap=90 if told == "with time to spare" else 15,
            service=ServiceKind.MEAL if told == "by way of the kitchen" else ServiceKind.VISIT,
        )
        assert learnt(session) == {}
        two.drive(session, 2)
        assert list(learnt(session)) == [(VILLAGE, NEXT_VILLAGE)]


def test_what_was_learnt_is_not_forgotten_because_it_is_planned_with(database: sa.Engine) -> None:
    with db.transaction() as session:
        two = settle(session)
        for day in range(1, 31):
            two.drive(session, day)
        assert learnt(session)[VILLAGE, NEXT_VILLAGE][1] == 30
        for day in range(31, 60):
            two.drive(session, day, planned_gap=29)  # more than a quarter of an hour over the bare estimate
        assert learnt(session)[VILLAGE, NEXT_VILLAGE][1] == 59


def test_a_day_on_which_the_road_was_closed_teaches_nothing(database: sa.Engine) -> None:
    with db.transaction() as session:
        two = settle(session)
        two.drive(session, 1)
        day = clock.today() - timedelta(days=1)
        closure = RoadClosure(
            id=ids.new_id("rdc"),
            area_code=TOWNSHIP,
            from_code=NEXT_VILLAGE,
            to_code=VILLAGE,
            starts_on=day,
            ends_on=day,
        )
        session.add(closure)
        session.flush()
        assert learnt(session) == {}
        closure.ends_on = closure.starts_on = day - timedelta(days=1)
        session.add(closure)
        session.flush()
        assert len(learnt(session)) == 1


def test_a_township_that_does_not_want_to_learn_forgets(database: sa.Engine) -> None:
    with db.transaction() as session:
        two = settle(session)
        two.drive(session, 1)
        assert len(learnt(session)) == 1
        one, other = (Actor(user_id=name, role=Role.BUREAU, area_code=make.DISTRICT) for name in ("usr_a", "usr_b"))
        rule = {"dispatch.learn_days": 0}
        made = policies.propose(session, actor=one, area_code=make.DISTRICT, starts_on=clock.today(), changes=rule)
        session.flush()
        policies.approve(session, actor=other, version_id=made.id)
        session.flush()
        assert learnt(session) == {}


def test_every_night_is_learnt_from(database: sa.Engine) -> None:
    [job] = [job for job in JOBS if job.name == "learn-drives"]
    with db.transaction() as session:
        settle(session).drive(session, 1)
        job.work(session, TOWNSHIP[:6], job.slot(session, TOWNSHIP[:6]))
        assert len(learnt_drives(session, TOWNSHIP)) == 1


def test_the_office_reads_what_was_learnt(cast: Cast, sign_in: SignIn) -> None:
    zhou = sign_in(Role.COORDINATOR)
    assert "Nothing is known yet" in zhou.visit("/days/drives")
    with db.transaction() as session:
        for ways, percent in (((VILLAGE, NEXT_VILLAGE), 130), ((NEXT_VILLAGE, VILLAGE), 80)):
            way = LearntDrive(area_code=TOWNSHIP, from_code=ways[0], to_code=ways[1], percent=percent, drives=9)
            session.add(way)
    page = zhou.visit("/days/drives")
    assert "30 in 100 longer" in page and "20 in 100 shorter" in page
    assert "straight line" in page


def test_the_evening_run_asks_the_source_of_the_installation(tmp_path: Path, database: sa.Engine) -> None:
    road_map = tmp_path / "district.osm.pbf"
    road_map.touch()
    before = travel.source()
    settings = load(data_dir=tmp_path, travel_map=road_map)
    place = nightly.Installation(
        database.url.render_as_string(hide_password=False), TEST_KEY, travel.Source(road_map=settings.travel_map)
    )
    try:
        with db.transaction() as session:
            two = settle(session)
            make.visit(session=session, elder=two.near)
        travel.use(place.travel)
        [planned] = nightly.plan_townships([TOWNSHIP], on=clock.today(), seconds=1, place=place)
    finally:
        travel.use(before)
    assert planned.refusal is not None  # an empty file is no map: it was asked, and the evening run says so
    assert str(planned.refusal).startswith("There are no travel times")


@pytest.mark.parametrize("given", [{"travel_map": "none.osm.pbf"}, {"travel_matrix_url": "http://127.0.0.1:1"}])
def test_a_source_of_travel_times_that_cannot_be_is_refused_at_the_start(tmp_path: Path, given: dict[str, str]) -> None:
    here = tmp_path / "here.osm.pbf"
    here.touch()
    with pytest.raises(BadSetting, match=r"TIMEBANK_TRAVEL_MAP: .*(no file|one of the two)"):
        load(data_dir=tmp_path, **({"travel_map": str(here)} | given))
