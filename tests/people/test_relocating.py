"""A move within the district: what is the elder's goes along, what is the village's ends, and the hours stand still."""

from dataclasses import dataclass
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from tests import factories as make
from tests.cast import Cast
from tests.fixtures.site import At
from timebank.areas.models import Facility, FacilityKind
from timebank.auth.models import Grant
from timebank.beds.models import BedState
from timebank.beds.queries import bed_of
from timebank.careplans.models import ServiceKind
from timebank.careplans.queries import plans_of
from timebank.core import clock, db
from timebank.core.actors import SYSTEM, Actor, Role, Scope
from timebank.core.errors import Refused, TimebankError
from timebank.core.text import T
from timebank.escorts import operations as escorts
from timebank.escorts.queries import escorts_from
from timebank.escorts.rules import Plan
from timebank.ledger.desk_queries import open_disputes
from timebank.ledger.models import EntryKind, HourAccount, Transfer
from timebank.ledger.operations.disputes import answer_dispute, raise_dispute
from timebank.ledger.operations.entries import EntryIn, decide_entry, propose_entry
from timebank.ledger.queries import account_for, account_of, balance_minutes
from timebank.meals import operations as meals
from timebank.meals.models import MealOrder, OrderState
from timebank.mutual import operations as mutual
from timebank.mutual.models import GroupKind, Pairing, PatrolRound
from timebank.mutual.queries import Door, doors_of, outcomes
from timebank.people import effects
from timebank.people import operations as people
from timebank.people.effects import RELOCATED, RELOCATING
from timebank.people.models import Person, PersonCase, PersonState
from timebank.people.queries import moves_to_hear, notices_of_move
from timebank.statements.guarantee_queries import hours_owed
from timebank.statements.operations import close_month
from timebank.statements.queries import statements_of
from timebank.visiting.models import Outcome
from timebank.visits import operations as visits
from timebank.visits.models import Visit, VisitState
from timebank.visits.queries import carers_of, visits_of_elder

TODAY = date(2026, 11, 3)
TOWNSHIP = Actor("usr_first", Role.COORDINATOR, make.TOWNSHIP)
BUREAU = Actor("usr_bureau", Role.BUREAU, make.DISTRICT)
MEAL = make.care_item(service=ServiceKind.MEAL, recurrence="FREQ=DAILY", window=(660, 750), minutes=15)


@dataclass
class Doors:
    """Homes to move to: in the next village of the township, and in the other township."""

    near: str
    far: str


@pytest.fixture
def doors(cast: Cast) -> Doors:
    """陈婆婆 has visits on Tuesdays with 李姐, a daily meal, a bed, a pair, a group's round and hours."""
    with db.transaction() as session:
        homes = [
            make.household(session=session, group_code=code, number=9) for code in (make.NEXT_GROUP, make.OTHER_GROUP)
        ]
        _life(session, cast)
        return Doors(*(home.code for home in homes))


def _life(session: Session, cast: Cast) -> None:
    elder, tomorrow = cast.chen_popo, TODAY + timedelta(days=1)
    make.care_plan(session=session, elder=elder, items=[make.care_item(), MEAL])
    make.assessment(session=session, elder=elder, level=3)
    session.flush()
    make.care_bed(session=session, elder=elder)
    visits.generate(session, actor=SYSTEM, area_code=make.TOWNSHIP, month="2026-11")
    for visit in visits_of_elder(session, elder.id, TODAY, date(2026, 11, 30)):
        if visit.service == ServiceKind.VISIT:
            visits.assign(session, actor=SYSTEM, visit_id=visit.id, carers=[(cast.li.id, 540)], day_plan_id=None)
    for area_code in (make.TOWNSHIP, make.OTHER_TOWNSHIP):
        found = select(Facility).where(Facility.kind == FacilityKind.KITCHEN, Facility.area_code == area_code)
        kitchen = session.exec(found).one()
        meals.plan_menu(session, actor=SYSTEM, kitchen_id=kitchen.id, on=tomorrow, name="豆花饭", diet=[], portions=9)
    meals.make_standing_orders(session, actor=SYSTEM, area_code=make.TOWNSHIP, on=tomorrow)
    escorts.arrange(
        session, actor=SYSTEM, elder_id=elder.id, clinic="镇卫生院", plan=Plan(TODAY + timedelta(days=9), 600, 30, 60)
    )
    group = mutual.found_group(
        session, actor=SYSTEM, area_code=elder.area_code, kind=GroupKind.GROUP, leader_id=cast.li.id
    )
    mutual.plan_round(session, actor=SYSTEM, group_id=group.id, on=tomorrow)
    mutual.pair(session, actor=SYSTEM, elder_id=elder.id, helper_id=cast.zhang.id)
    make.hours(session=session, person=elder, minutes=120)


def move(person: Person, to: str, *, actor: Actor = BUREAU, since_on: date = TODAY) -> PersonCase:
    group_code, number = to.split("-")
    with db.transaction() as session:
        door = people.Door(group_code, number)
        return people.relocate(session, actor=actor, person_id=person.id, to=door, since_on=since_on)


def book() -> list[object]:
    """Every line of the ledger, and what stands in every account."""
    with db.reading() as session:
        lines, accounts = (db.table_of(model) for model in (Transfer, HourAccount))
        kept = [column for column in accounts.c if column.name != "area_code"]
        found = (sa.select(lines).order_by(lines.c.id), sa.select(*kept).order_by(accounts.c.id))
        return [tuple(row) for query in found for row in session.execute(query)]


def open_visits(elder: Person) -> list[Visit]:
    with db.reading() as session:
        return [
            visit
            for visit in visits_of_elder(session, elder.id, TODAY, date(2026, 11, 30))
            if visit.state in (VisitState.DUE, VisitState.PLANNED)
        ]


def test_within_the_township_helpers_and_the_pair_come_to_the_new_door(cast: Cast, doors: Doors) -> None:
    before, planned = book(), open_visits(cast.chen_popo)
    case = move(cast.chen_popo, doors.near, actor=TOWNSHIP)
    done = case.detail["done"]
    assert case.detail["from"] == cast.chen_popo.household_code and case.detail["to"] == doors.near
    assert (done["visits_go_along"], done["care_plans_go_along"], done["bed_goes_along"]) == (len(planned), 1, 1)
    assert (done["pairs_go_along"], done["meals_of_move"], done["escorts_go_along"]) == (1, 1, 1)
    assert done["doors_left_out"] == 1 and "pairs_ended" not in done
    after = open_visits(cast.chen_popo)
    assert {visit.id for visit in after} == {visit.id for visit in planned}
    assert {(visit.household_code, visit.area_code) for visit in after} == {(doors.near, make.NEXT_GROUP)}
    with db.reading() as session:
        tuesdays = [visit for visit in after if visit.service == ServiceKind.VISIT]
        comes = carers_of(session, [visit.id for visit in tuesdays])
        assert all([person.id for _, person in comes[visit.id]] == [cast.li.id] for visit in tuesdays)
        assert {plan.area_code for plan in plans_of(session, cast.chen_popo.id)} == {make.NEXT_GROUP}
        bed = bed_of(session, cast.chen_popo.id)
        assert bed and (bed.area_code, bed.state) == (make.NEXT_GROUP, BedState.SUSPENDED)
        pairing = session.exec(select(Pairing)).one()
        assert (pairing.area_code, pairing.ends_on) == (make.NEXT_GROUP, None)
        assert [row.elder.id for row in escorts_from(session, make.NEXT_VILLAGE, TODAY)] == [cast.chen_popo.id]
    assert book() == before, "not one line of the ledger is touched"


def test_what_is_made_from_then_on_leads_to_the_new_door(cast: Cast, doors: Doors) -> None:
    move(cast.chen_popo, doors.far)
    with db.transaction() as session:
        visits.generate(session, actor=SYSTEM, area_code=make.OTHER_TOWNSHIP, month="2026-12")
        made = visits_of_elder(session, cast.chen_popo.id, date(2026, 12, 1), date(2026, 12, 31))
        assert made and {visit.household_code for visit in made} == {doors.far}


def test_into_another_township_helpers_step_back_and_the_meal_is_ordered_from_its_kitchen(
    cast: Cast, doors: Doors
) -> None:
    before = book()
    done = move(cast.chen_popo, doors.far).detail["done"]
    assert (done["pairs_ended"], done["meals_of_move"]) == (1, 1)
    with db.transaction() as session:
        found = open_visits(cast.chen_popo)
        assert {visit.area_code for visit in found} == {make.OTHER_GROUP}
        assert {visit.state for visit in found} == {VisitState.DUE}, "nobody of the old township comes"
        assert carers_of(session, [visit.id for visit in found]) == {}
        tomorrow = TODAY + timedelta(days=1)
        report = meals.make_standing_orders(session, actor=SYSTEM, area_code=make.OTHER_TOWNSHIP, on=tomorrow)
        assert report.made == 1
        order = session.exec(select(MealOrder)).one()
        kitchen = session.get_one(Facility, order.kitchen_id)
        assert (order.state, order.area_code, kitchen.area_code) == (
            OrderState.ORDERED,
            make.OTHER_GROUP,
            make.OTHER_TOWNSHIP,
        )
    assert book() == before


def test_a_helper_who_moves_gives_visits_groups_and_village_back(cast: Cast, doors: Doors) -> None:
    done = move(cast.li, doors.far).detail["done"]
    assert (done["visits_of_helper_given_back"], done["groups_left"], done["logins_go_along"]) == (4, 1, 1)
    with db.reading() as session:
        assert (
            session.exec(select(Grant.area_code).where(Grant.user_id == cast.users["li"])).one() == make.OTHER_VILLAGE
        )
        tuesdays = [visit for visit in open_visits(cast.chen_popo) if visit.service == ServiceKind.VISIT]
        assert carers_of(session, [visit.id for visit in tuesdays]) == {}
        assert {visit.household_code for visit in tuesdays} == {cast.chen_popo.household_code}


def test_what_no_move_is_is_refused(cast: Cast, doors: Doors) -> None:
    own = cast.chen_popo.household_code
    for to, actor, since_on, code in (
        (own, BUREAU, TODAY, "people.same_home"),
        (doors.near, BUREAU, TODAY + timedelta(days=367), "people.move_far_ahead"),
        (doors.far, TOWNSHIP, TODAY, "people.home_elsewhere"),
        ("50015610120199-0001", BUREAU, TODAY, "people.no_such_group"),
        (f"{make.NEXT_GROUP}-0077", BUREAU, TODAY, "people.bad_landmark"),
        (doors.near, Actor("usr_sun", Role.COORDINATOR, make.OTHER_TOWNSHIP), TODAY, "people.no_such_person"),
    ):
        with pytest.raises(TimebankError) as refused:
            move(cast.chen_popo, to, actor=actor, since_on=since_on)
        assert refused.value.code == code
    with db.transaction() as session:
        people.change_state(
            session, actor=SYSTEM, person_id=cast.ran_daye.id, state=PersonState.DEAD, since_on=clock.today()
        )
    with pytest.raises(TimebankError) as refused:
        move(cast.ran_daye, doors.near)
    assert refused.value.code == "people.state_is_final"


def home_of(person: Person) -> str:
    with db.reading() as session:
        return session.get_one(Person, person.id).household_code


def carry_out() -> int:
    with db.transaction() as session:
        return people.carry_out_moves(session, actor=SYSTEM, area_code=make.DISTRICT)


def test_a_move_entered_ahead_happens_on_its_day_and_once(cast: Cast, doors: Doors, at: At) -> None:
    case = move(cast.chen_popo, doors.near, since_on=TODAY + timedelta(days=7))
    assert case.kind == RELOCATING and "done" not in case.detail
    assert carry_out() == 0 and home_of(cast.chen_popo) == cast.chen_popo.household_code
    with pytest.raises(TimebankError) as refused:
        move(cast.chen_popo, doors.far)
    assert refused.value.code == "people.move_waits"
    at("2026-11-10 00:10")
    assert [carry_out(), carry_out()] == [1, 0]
    assert home_of(cast.chen_popo) == doors.near
    with db.reading() as session:
        kept = session.get_one(PersonCase, case.id)
        assert kept.kind == RELOCATED and kept.detail["done"]["bed_goes_along"] == 1
    assert {visit.household_code for visit in open_visits(cast.chen_popo) if visit.due_on >= date(2026, 11, 10)} == {
        doors.near
    }


def test_a_move_that_is_refused_on_its_day_holds_up_no_other_and_waits(
    cast: Cast, doors: Doors, at: At, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_session: Session, _actor: Actor, person: Person, _case: PersonCase) -> int:
        if person.id == cast.chen_popo.id:
            raise Refused("tests.not_now", T("no"))
        return 0

    day = TODAY + timedelta(days=1)
    for person in (cast.chen_popo, cast.ran_daye):
        move(person, doors.near, since_on=day)
    at("2026-11-04 00:10")
    with monkeypatch.context() as patch:
        patch.setitem(effects._effects, "refuses", effects.Effect("refuses", T("no"), refuse))
        assert carry_out() == 1
    assert (home_of(cast.chen_popo), home_of(cast.ran_daye)) == (cast.chen_popo.household_code, doors.near)
    assert carry_out() == 1 and home_of(cast.chen_popo) == doors.near


def test_who_dies_before_the_day_moves_nowhere(cast: Cast, doors: Doors, at: At) -> None:
    move(cast.chen_popo, doors.near, since_on=TODAY + timedelta(days=1))
    with db.transaction() as session:
        people.change_state(session, actor=SYSTEM, person_id=cast.chen_popo.id, state=PersonState.DEAD, since_on=TODAY)
    at("2026-11-04 00:10")
    assert carry_out() == 0 and home_of(cast.chen_popo) == cast.chen_popo.household_code


def test_helpers_learn_of_the_move_and_where_to_only_if_they_may_still_come(cast: Cast, doors: Doors) -> None:
    case = move(cast.chen_popo, doors.far)
    with db.reading() as session:
        assert {row.person_id for row in notices_of_move(session, case.id)} == {cast.li.id, cast.zhang.id}
        [told] = moves_to_hear(session, cast.li.id)
        assert (told.elder.id, told.door) == (cast.chen_popo.id, None)
    back = move(cast.chen_popo, cast.chen_popo.household_code)
    with db.reading() as session:
        assert notices_of_move(session, back.id) == [], "they come no more since the first move"


def test_doors_of_a_round_are_marked_not_lost(cast: Cast, doors: Doors) -> None:
    own = cast.chen_popo.household_code

    def door() -> Door:
        with db.reading() as session:
            patrol = session.exec(select(PatrolRound)).one()
            return next(one for one in doors_of(session, [patrol.id])[patrol.id] if one.elder.id == cast.chen_popo.id)

    assert door().gone is None
    move(cast.chen_popo, doors.near)
    marked = door()
    assert marked.gone and (marked.gone.msgid, outcomes([marked])) == ("lives elsewhere now", {"gone": 1})
    with pytest.raises(Refused) as refused, db.transaction() as session:
        session.get_one(PatrolRound, marked.door.round_id).on = TODAY
        mutual.tell_door(
            session,
            actor=SYSTEM,
            round_id=marked.door.round_id,
            door_id=marked.door.id,
            outcome=Outcome.WELL,
        )
    assert refused.value.code == "mutual.not_there_now"
    move(cast.chen_popo, own)
    assert door().gone is None, "a move taken back brings the door back"


def test_the_account_goes_along_and_a_month_stays_with_the_village_of_that_month(
    cast: Cast, doors: Doors, at: At
) -> None:
    old = cast.chen_popo.household_code
    move(cast.chen_popo, doors.far)
    with db.reading() as session:
        account = account_of(session, cast.chen_popo.id)
        assert account and account.area_code == make.OTHER_GROUP
        assert account_for(session, Scope(make.OTHER_TOWNSHIP), account.id), "the new township answers for it"
        assert account_for(session, Scope(make.TOWNSHIP), account.id) is None
        owed = hours_owed(session, make.DISTRICT, TODAY)
        assert {row.township_code: row.minutes for row in owed} == {make.OTHER_TOWNSHIP: 120}
        assert {row.area_code for row in session.exec(select(Transfer))} == {make.GROUP}, "lines stay where they were"
    stood = {}
    for day, month in (("2026-11-05 03:00", "2026-10"), ("2026-12-05 03:00", "2026-11")):
        at(day)
        with db.transaction() as session:
            close_month(session, actor=SYSTEM, district_code=make.DISTRICT, month=month)
            [sheet] = [one for one in statements_of(session, SYSTEM.scope, cast.chen_popo.id) if one.month == month]
            stood[month] = (sheet.area_code, sheet.household_code)
    assert stood == {"2026-10": (make.GROUP, old), "2026-11": (make.OTHER_GROUP, doors.far)}


def test_what_is_asked_about_a_book_is_decided_where_the_book_is_kept(cast: Cast, doors: Doors) -> None:
    with db.transaction() as session:
        account = account_of(session, cast.chen_popo.id)
        assert account is not None
        [line] = session.exec(select(Transfer).where(Transfer.credit_account_id == account.id))
        daughter = Actor("usr_kin", Role.ELDER, make.VILLAGE, acts_for=frozenset({cast.chen_popo.id}))
        asked = raise_dispute(session, actor=daughter, transfer_id=line.id, account_id=account.id, words="多记了")
        entry = EntryIn(EntryKind.ADJUSTMENT, account.id, -60, TODAY, "多记了一小时", "4 号夹")
        proposed = propose_entry(session, actor=TOWNSHIP, entry=entry)
    move(cast.chen_popo, doors.far)
    there, here = (Actor(f"usr_{code}", Role.SUPERVISOR, code) for code in (make.OTHER_TOWNSHIP, make.TOWNSHIP))
    with db.reading() as session:
        assert open_disputes(session, here.scope, here.role) == []
        assert [one.id for one, _, _ in open_disputes(session, there.scope, there.role)] == [asked.id]
    with db.transaction() as session:
        answer_dispute(session, actor=there, dispute_id=asked.id, upheld=True, words="会改")
        assert decide_entry(session, actor=there, entry_id=proposed.id, approve=True).transfer_id
        assert balance_minutes(session, account.id) == 60
