"""A bed's month from the visits that took place; hours and vouchers apart; inspections, hazards, second looks."""

from datetime import timedelta

import pytest
from sqlmodel import Session

from tests import factories as make
from tests.beds.conftest import DESK, INSPECTOR, SUPERVISOR, BedAt
from tests.cast import Cast
from tests.fixtures.site import At
from timebank.beds import checklists, operations, queries
from timebank.beds.models import BedHazard, BedState, CareBed
from timebank.careplans.models import ServiceKind
from timebank.core import clock, db, ids
from timebank.core.actors import Actor, Role
from timebank.core.errors import TimebankError
from timebank.people.models import Person
from timebank.people.operations import relocate
from timebank.people.operations.moves import Door
from timebank.visits.models import CarerState, VisitCarer, VisitState

GOOD = dict.fromkeys(checklists.items(), "good")


def refused(code: str) -> "pytest.RaisesExc[TimebankError]":
    return pytest.raises(TimebankError, match=code)


def took_place(
    session: Session,
    elder: Person,
    carer: Person,
    *,
    day: int,
    minutes: int = 60,
    paid_by: str = "hours",
    service: ServiceKind = ServiceKind.CHORE,
    state: VisitState = VisitState.SETTLED,
) -> None:
    on = clock.today().replace(day=day)
    visit = make.visit(session=session, elder=elder, on=on, service=service, minutes=60)
    visit.state, visit.paid_by = state, paid_by
    came_at = clock.at_local(on, 9 * 60)
    seat = VisitCarer(
        id=ids.new_id("vca"),
        visit_id=visit.id,
        person_id=carer.id,
        state=CarerState.ACCEPTED,
        starts_minute=9 * 60,
        checked_in_at=came_at,
        checked_out_at=came_at + timedelta(minutes=minutes),
    )
    session.add_all([visit, seat])
    session.flush()


def test_a_bed_s_month_counts_what_took_place_and_keeps_hours_and_vouchers_apart(
    cast: Cast, bed_at: BedAt, at: At
) -> None:
    with db.transaction() as session:
        bed_at(session, cast.chen_popo, BedState.ACTIVE)
    at("2026-11-21 09:00")
    with db.transaction() as session:
        chen, li = cast.chen_popo, cast.li
        took_place(session, chen, li, day=2)  # before the bed began on the third
        took_place(session, chen, li, day=4, minutes=50)
        took_place(session, chen, li, day=5, minutes=600)  # a forgotten departure
        took_place(session, chen, li, day=6, paid_by="voucher", minutes=40)
        took_place(session, chen, li, day=7, service=ServiceKind.MEAL)
        took_place(session, chen, li, day=8, service=ServiceKind.PHONE_CHECK)
        took_place(session, chen, li, day=9, state=VisitState.UNREACHED)
        took_place(session, chen, li, day=10, state=VisitState.REJECTED)
        took_place(session, cast.hu_daye, cast.yang, day=11)  # no bed
        [row] = queries.month_figures(session, make.TOWNSHIP, "2026-11")
        assert (row.month.got.visits, row.month.got.minutes) == (2, 50 + 75)
        assert (row.month.got.paid_visits, row.month.got.paid_minutes) == (1, 40)
        assert (row.month.days, row.month.target_visits, row.month.target_minutes) == (28, 5, 560)
        assert (row.month.due_visits, row.month.due_minutes, row.month.is_short) == (3, 360, True)
        [village] = [part for part in queries.area_figures(session, make.TOWNSHIP, "2026-11") if part.beds]
        assert (village.area.code, village.short, village.minutes, village.paid_minutes) == (make.VILLAGE, 1, 125, 40)
        assert queries.month_figures(session, make.OTHER_TOWNSHIP, "2026-11") == []


def test_a_bed_s_month_is_the_same_after_the_elder_has_moved(cast: Cast, bed_at: BedAt, at: At) -> None:
    with db.transaction() as session:
        bed_at(session, cast.chen_popo, BedState.ACTIVE)
    at("2026-11-21 09:00")
    with db.transaction() as session:
        took_place(session, cast.chen_popo, cast.li, day=4, minutes=50)
        to, bureau = Door(make.OTHER_GROUP, "77", "新家"), Actor("usr_bureau", Role.BUREAU, make.DISTRICT)
        relocate(session, actor=bureau, person_id=cast.chen_popo.id, to=to, since_on=clock.today())
        session.flush()
        for area in (make.OTHER_GROUP, make.OTHER_TOWNSHIP, make.DISTRICT):
            [row] = queries.month_figures(session, area, "2026-11")
            assert (row.month.got.visits, row.month.got.minutes) == (1, 50)


def test_a_bed_s_month_goes_by_the_rules_of_its_own_township_whoever_asks(cast: Cast, bed_at: BedAt, at: At) -> None:
    with db.transaction() as session:
        bed_at(session, cast.chen_popo, BedState.ACTIVE)
        make.rules_of(
            session=session, area_code=make.TOWNSHIP, changes={"bed.meals_count": "yes", "bed.alert_percent": 10}
        )
    at("2026-11-21 09:00")
    with db.transaction() as session:
        took_place(session, cast.chen_popo, cast.li, day=4, service=ServiceKind.MEAL)
        took_place(session, cast.chen_popo, cast.li, day=5)
        for area in (make.VILLAGE, make.TOWNSHIP, make.DISTRICT):
            [row] = queries.month_figures(session, area, "2026-11")
            assert (row.month.got.visits, row.month.is_short) == (2, False)


def looked_at(
    session: Session, bed: CareBed, actor: Actor = INSPECTOR, days_ago: int = 0, **answers: str
) -> list[BedHazard]:
    on = clock.today() - timedelta(days=days_ago)
    operations.inspect(session, actor=actor, bed_id=bed.id, answers=GOOD | answers, inspected_on=on)
    return queries.hazards_of(session, bed.id)


def test_each_hazard_gets_a_deadline_by_its_grade_and_the_next_look_closes_it(
    cast: Cast, bed_at: BedAt, at: At
) -> None:
    with db.transaction() as session:
        bed = bed_at(session, cast.chen_popo, BedState.ACTIVE)
        gas, floor = looked_at(session, bed, gas_fire="hazard", floor_dry="hazard", aids_work="not_here")
        assert [(gas.item, gas.grade, (gas.due_on - clock.today()).days), floor.item] == [
            ("gas_fire", "serious", 3),
            "floor_dry",
        ]
        assert (floor.due_on - clock.today()).days == 30
        operations.mend(session, actor=DESK, hazard_id=gas.id, mended_on=clock.today(), evidence="换了软管，照片")
        session.flush()
        assert len(queries.open_hazards(session, make.TOWNSHIP)) == 2  # mended is not yet seen
    at("2026-11-05 09:00")
    with db.transaction() as session:
        hazards = {hazard.item: hazard for hazard in looked_at(session, bed, floor_dry="hazard")}
        assert len(hazards) == 2  # the same hazard makes no second ticket
        assert (hazards["gas_fire"].closed_by_id is not None, hazards["floor_dry"].closed_by_id) == (True, None)
        with refused("beds.hazard_closed"):
            operations.mend(
                session,
                actor=DESK,
                hazard_id=hazards["gas_fire"].id,
                mended_on=clock.today(),
                evidence="再说一次",
            )


def test_a_hazard_that_was_not_mended_after_all_stays_open_with_its_deadline(cast: Cast, bed_at: BedAt) -> None:
    with db.transaction() as session:
        bed = bed_at(session, cast.chen_popo, BedState.ACTIVE)
        [hazard] = looked_at(session, bed, wiring="hazard")
        due_on = hazard.due_on
        operations.mend(session, actor=DESK, hazard_id=hazard.id, mended_on=clock.today(), evidence="电工来过")
        session.flush()
        [hazard] = looked_at(session, bed, wiring="hazard")
        assert (hazard.mended_on, hazard.closed_by_id, hazard.due_on) == (None, None, due_on)


def test_only_a_later_look_that_finds_the_thing_in_order_closes_its_hazard(cast: Cast, bed_at: BedAt, at: At) -> None:
    with db.transaction() as session:
        bed = bed_at(session, cast.chen_popo, BedState.ACTIVE)
    at("2026-11-20 09:00")
    with db.transaction() as session:
        looked_at(session, bed, gas_fire="hazard", aids_work="hazard")
        found = looked_at(session, bed, days_ago=10)  # on paper until now
        assert [hazard.closed_by_id for hazard in found] == [None, None]
        found = looked_at(session, bed, aids_work="not_here")
        assert {hazard.item for hazard in found if hazard.closed_by_id is None} == {"aids_work"}


def test_who_mended_does_not_look_again(cast: Cast, bed_at: BedAt) -> None:
    with db.transaction() as session:
        bed = bed_at(session, cast.chen_popo, BedState.ACTIVE)
        [hazard] = looked_at(session, bed, wiring="hazard")
        operations.mend(session, actor=SUPERVISOR, hazard_id=hazard.id, mended_on=clock.today(), evidence="换了插座")
        session.flush()
        with refused("beds.own_mending"):
            looked_at(session, bed, actor=SUPERVISOR)


def test_an_inspection_answers_every_item_of_a_bed_that_runs(cast: Cast, bed_at: BedAt) -> None:
    with db.transaction() as session:
        bed = bed_at(session, cast.chen_popo, BedState.CHECKED)
        with refused("beds.not_active"):
            looked_at(session, bed)
        operations.close(session, actor=DESK, bed_id=bed.id, paper=operations.Paper(clock.today(), words="不办了"))
        session.flush()
        other = bed_at(session, cast.chen_popo, BedState.ACTIVE)
        with refused("beds.unanswered_item") as wrong:
            looked_at(session, other, wiring="")
        assert wrong.value.field == "item-wiring"


def test_beds_that_nobody_looked_at_for_long_are_listed(cast: Cast, bed_at: BedAt, at: At) -> None:
    with db.transaction() as session:
        bed = bed_at(session, cast.chen_popo, BedState.ACTIVE)
        assert [row[2] for row in queries.inspections_due(session, make.TOWNSHIP, clock.today())] == [None]
        looked_at(session, bed)
        assert queries.inspections_due(session, make.TOWNSHIP, clock.today() + timedelta(days=180)) == []
        due = queries.inspections_due(session, make.TOWNSHIP, clock.today() + timedelta(days=181))
        assert [row[2] for row in due] == [clock.today()]
