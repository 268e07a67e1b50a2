"""Hospital, away, back, moved, died: each a case with what follows, done in the same moment and told with the case."""

from datetime import date, timedelta

import pytest
from sqlmodel import select

from tests import factories as make
from tests.cast import Cast
from tests.fixtures.site import At
from timebank.auth.models import User
from timebank.careplans.models import CarePlanState
from timebank.careplans.queries import plans_of
from timebank.cases import operations as cases
from timebank.core import clock, db
from timebank.core.actors import SYSTEM, Actor, Role
from timebank.core.errors import BadInput, NotAllowed, Refused
from timebank.ledger.models import Hold, HoldState
from timebank.ledger.queries import account_of, balance_minutes
from timebank.people import operations as people
from timebank.people.models import Person, PersonCase, PersonState, Proxy
from timebank.people.queries import open_cases_of
from timebank.visits import operations as visits
from timebank.visits.models import Visit, VisitState
from timebank.visits.operations import RequestIn
from timebank.visits.queries import visits_of_elder

TODAY = date(2026, 11, 3)
FIRST = Actor("usr_first", Role.COORDINATOR, make.TOWNSHIP)
SECOND = Actor("usr_second", Role.SUPERVISOR, make.TOWNSHIP)


@pytest.fixture
def november(cast: Cast) -> Cast:
    """陈婆婆 has a visit on each Tuesday of November from her care plan; 李姐 comes today."""
    with db.transaction() as session:
        make.care_plan(session=session, elder=cast.chen_popo)
        visits.generate(session, actor=SYSTEM, area_code=make.TOWNSHIP, month="2026-11")
        [first, *_] = visits_of_elder(session, cast.chen_popo.id, TODAY, TODAY)
        visits.assign(session, actor=SYSTEM, visit_id=first.id, carers=[(cast.li.id, 540)], day_plan_id=None)
    return cast


def change(person: Person, state: PersonState, **more: date) -> PersonCase:
    with db.transaction() as session:
        since_on = more.pop("since_on", clock.today())
        return people.change_state(
            session, actor=FIRST, person_id=person.id, state=state, since_on=since_on, until_on=more.get("until_on")
        )


def states(elder: Person) -> dict[int, tuple[VisitState, str]]:
    with db.reading() as session:
        found = visits_of_elder(session, elder.id, TODAY, date(2026, 11, 30))
        return {visit.due_on.day: (visit.state, visit.cancel_reason) for visit in found}


def test_hospital_calls_visits_off_with_the_reason_and_coming_home_brings_them_back(november: Cast, at: At) -> None:
    case = change(november.chen_popo, PersonState.HOSPITAL)
    assert case.detail["done"] == {"visits_called_off": 4}
    assert set(states(november.chen_popo).values()) == {(VisitState.CANCELLED, "the elder is in hospital")}
    at("2026-11-12 09:00")
    back = change(november.chen_popo, PersonState.ACTIVE)
    assert back.detail["done"] == {"visits_back": 2}
    assert [state for state, _ in states(november.chen_popo).values()] == [
        *(VisitState.CANCELLED, VisitState.CANCELLED),
        *(VisitState.DUE, VisitState.DUE),
    ]
    with db.reading() as session:
        assert open_cases_of(session, november.chen_popo.id) == []


def test_visits_after_the_expected_return_stay(november: Cast) -> None:
    case = change(november.chen_popo, PersonState.AWAY, until_on=date(2026, 11, 17))
    assert case.detail["done"] == {"visits_called_off": 2}
    assert [state for state, _ in states(november.chen_popo).values()][2:] == [VisitState.DUE, VisitState.DUE]


def test_who_moved_away_gets_no_visits_and_no_care_plan(november: Cast) -> None:
    case = change(november.chen_popo, PersonState.MOVED)
    assert case.detail["done"] == {"visits_called_off": 4, "care_plans_ended": 1}
    with db.reading() as session:
        assert [plan.state for plan in plans_of(session, november.chen_popo.id)] == [CarePlanState.ENDED]


def test_a_volunteer_in_hospital_leaves_visits_that_look_for_somebody_else(november: Cast) -> None:
    case = change(november.li, PersonState.HOSPITAL)
    assert case.detail["done"] == {"visits_without_carer": 1}
    assert states(november.chen_popo)[3][0] == VisitState.DUE


def test_held_hours_are_free_again_when_the_elder_dies(cast: Cast) -> None:
    with db.transaction() as session:
        make.hours(session=session, person=session.get_one(Person, cast.ran_daye.id), minutes=120)
        own = Actor("usr_ran", Role.ELDER, make.VILLAGE, cast.ran_daye.id)
        asked = RequestIn(cast.ran_daye.id, make.ServiceKind.CHORE, TODAY, 840, 960, 60)
        visits.ask_for_help(session, actor=own, asked=asked)
    change(cast.ran_daye, PersonState.DEAD)
    with db.reading() as session:
        assert [hold.state for hold in session.exec(select(Hold))] == [HoldState.RELEASED]
        assert session.exec(select(Visit.state)).all() == [VisitState.CANCELLED]


def test_a_death_ends_powers_and_the_login_at_once(cast: Cast) -> None:
    case = change(cast.ran_daye, PersonState.DEAD)
    assert case.detail["done"] == {"logins_ended": 1}
    with db.reading() as session:
        assert session.get_one(User, cast.users["ran"]).disabled_at is not None
    assert change(cast.chen_popo, PersonState.DEAD).detail["done"] == {"powers_ended": 1}
    with db.reading() as session:
        assert all(power.revoked_at for power in session.exec(select(Proxy)))


def estate(case: PersonCase, heir_id: str) -> None:
    with db.transaction() as session:
        kept = session.get_one(PersonCase, case.id)
        cases.propose_estate(session, actor=FIRST, case=kept, heir_id=heir_id, evidence="镇上 2026 年 4 号夹")


def settle(case: PersonCase, actor: Actor = SECOND) -> None:
    with db.transaction() as session:
        cases.settle_estate(session, actor=actor, case=session.get_one(PersonCase, case.id))


def test_what_the_dead_left_goes_to_the_daughter_by_two_people_and_the_case_is_put_away(cast: Cast) -> None:
    with db.transaction() as session:
        make.hours(session=session, person=session.get_one(Person, cast.chen_popo.id), minutes=75)
    case = change(cast.chen_popo, PersonState.DEAD)
    with pytest.raises(Refused, match=r"cases\.no_proposal"):
        settle(case)
    estate(case, cast.xiaofang.id)
    with pytest.raises(NotAllowed, match="own_proposal"):
        settle(case, FIRST)
    with pytest.raises(Refused, match=r"cases\.estate_first"), db.transaction() as session:
        cases.put_away(session, actor=FIRST, case=session.get_one(PersonCase, case.id))
    settle(case)
    with db.reading() as session:
        heir = account_of(session, cast.xiaofang.id)
        assert heir is not None
        assert balance_minutes(session, heir.id) == 75
        assert open_cases_of(session, cast.chen_popo.id) == []


def test_an_heir_who_is_not_kin_is_refused_and_nothing_moves(cast: Cast) -> None:
    with db.transaction() as session:
        make.hours(session=session, person=session.get_one(Person, cast.chen_popo.id), minutes=75)
    case = change(cast.chen_popo, PersonState.DEAD)
    estate(case, cast.zhang.id)
    with pytest.raises(Refused, match=r"ledger\.not_kin"):
        settle(case)
    with db.reading() as session:
        account = account_of(session, cast.chen_popo.id)
        assert account is not None
        assert balance_minutes(session, account.id) == 75


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"since_on": TODAY + timedelta(days=1)}, "people.bad_state"),
        ({"until_on": TODAY - timedelta(days=1)}, "people.bad_return"),
        ({"until_on": TODAY + timedelta(days=500)}, "people.bad_return"),
    ],
)
def test_days_that_cannot_be_are_refused(cast: Cast, more: dict[str, date], code: str) -> None:
    with pytest.raises(BadInput, match=code):
        change(cast.chen_popo, PersonState.HOSPITAL, **more)


def test_who_grows_old_gives_no_more_and_receives_with_the_same_account(cast: Cast) -> None:
    with db.transaction() as session:
        make.hours(session=session, person=session.get_one(Person, cast.li.id), minutes=300)
        people.take_part(session, actor=FIRST, person_id=cast.li.id, as_elder=True, as_volunteer=False)
    with db.reading() as session:
        li = session.get_one(Person, cast.li.id)
        account = account_of(session, li.id)
        assert (li.elder_since_on, li.volunteer_since_on) == (TODAY, None)
        assert account is not None
        assert balance_minutes(session, account.id) == 300
