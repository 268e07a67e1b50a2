"""A death that was entered by a slip: what comes back, what is named as left to do, and who may say so."""

from datetime import date

import pytest
import sqlalchemy as sa
from sqlmodel import select

from tests import factories as make
from tests.cast import Cast
from tests.fixtures.site import At, SignIn
from tests.stories.hours import Has, commons, has, helps, is_sound
from tests.stories.test_hours_used import lives_alone
from timebank.audit.models import AuditEvent
from timebank.careplans.models import AbsenceKind, CarePlanState
from timebank.careplans.queries import plans_of
from timebank.cases import operations as cases
from timebank.cases.words import LEFT
from timebank.core import clock, db
from timebank.core.actors import SYSTEM, Actor, Role
from timebank.core.db import table_of
from timebank.core.errors import BadInput, NotAllowed, Refused
from timebank.ledger import operations as ledger
from timebank.ledger.queries import account_of, balance_minutes, estate_lines
from timebank.ledger.verify import verify
from timebank.people import operations as people
from timebank.people.models import Person, PersonCase, PersonState, Proxy
from timebank.people.queries import open_cases_of
from timebank.visits import operations as visits
from timebank.visits.models import VisitState
from timebank.visits.operations import AbsenceIn
from timebank.visits.queries import visits_of_elder

TODAY = date(2026, 11, 3)
FIRST = Actor("usr_first", Role.COORDINATOR, make.TOWNSHIP)
SECOND = Actor("usr_second", Role.SUPERVISOR, make.TOWNSHIP)
ALL = {"powers_ended": 1, "care_plans_ended": 1, "visits_called_off": 4}


@pytest.fixture
def november(cast: Cast) -> Cast:
    """陈婆婆 has a visit on each Tuesday of November from her care plan, and her daughter a written power."""
    with db.transaction() as session:
        make.care_plan(session=session, elder=cast.chen_popo)
        visits.generate(session, actor=SYSTEM, area_code=make.TOWNSHIP, month="2026-11")
    return cast


def change(person: Person, state: PersonState) -> PersonCase:
    with db.transaction() as session:
        today = clock.today()
        return people.change_state(session, actor=FIRST, person_id=person.id, state=state, since_on=today)


def propose(case: PersonCase, evidence: str = "今天在家见到本人") -> None:
    with db.transaction() as session:
        kept = session.get_one(PersonCase, case.id)
        cases.propose_mistake(session, actor=FIRST, case=kept, evidence=evidence)


def decide(
    case: PersonCase, actor: Actor = SECOND, *, lives: bool = True, seen: str | None = None
) -> PersonCase | None:
    with db.transaction() as session:
        kept = session.get_one(PersonCase, case.id)
        return cases.decide_mistake(session, actor=actor, case=kept, lives=lives, seen=seen)


def taken_back(case: PersonCase) -> PersonCase:
    propose(case)
    made = decide(case)
    assert made is not None
    return made


def of_visits(elder: Person) -> list[VisitState]:
    with db.reading() as session:
        return [visit.state for visit in visits_of_elder(session, elder.id, TODAY, date(2026, 11, 30))]


def test_two_people_take_a_death_back_and_what_was_arranged_stands_again(november: Cast) -> None:
    chen = november.chen_popo
    case = change(chen, PersonState.DEAD)
    assert case.detail["done"] == ALL
    made = taken_back(case)
    assert (made.kind, made.detail["back"], made.detail["left"]) == (people.NOT_DEAD, ALL, {})
    assert of_visits(chen) == [VisitState.DUE] * 4
    with db.transaction() as session:
        assert session.get_one(Person, chen.id).state == PersonState.ACTIVE
        [plan] = plans_of(session, chen.id)
        assert (plan.state, plan.ends_on) == (CarePlanState.AGREED, None)
        assert [power.revoked_at for power in session.exec(select(Proxy))] == [None]
        event = session.exec(select(AuditEvent).where(AuditEvent.action == "people.take_back_death")).one()
        assert (event.subject_id, event.user_id, event.detail["case"]) == (chen.id, SECOND.user_id, case.id)
        assert [one.id for one in open_cases_of(session, chen.id)] == [made.id]
        visits.generate(session, actor=SYSTEM, area_code=make.TOWNSHIP, month="2026-11")
    assert of_visits(chen) == [VisitState.DUE] * 4  # none twice
    again = change(chen, PersonState.DEAD)
    assert again.detail["done"] == ALL
    with pytest.raises(Refused, match="another_step"):  # the death of before is no case any more
        propose(case)


def test_what_lies_in_the_past_or_was_ended_for_good_is_named(november: Cast, at: At) -> None:
    old, ran = change(november.chen_popo, PersonState.DEAD), change(november.ran_daye, PersonState.DEAD)
    at("2026-11-12 09:00")
    made = taken_back(old)
    assert made.detail["back"] == ALL | {"visits_called_off": 2}
    assert made.detail["left"] == {"visits_called_off": 2}
    assert taken_back(ran).detail["left"] == {"logins_ended": 1}
    assert {"visits_called_off", "logins_ended", "estate_lines"} <= set(LEFT)


def test_who_was_in_hospital_is_there_again_and_the_visits_come_back_with_them(november: Cast, at: At) -> None:
    stay = change(november.chen_popo, PersonState.HOSPITAL)
    at("2026-11-05 09:00")
    made = taken_back(change(november.chen_popo, PersonState.DEAD))
    assert made.detail["back"] == {"powers_ended": 1, "care_plans_ended": 1}
    with db.reading() as session:
        person = session.get_one(Person, november.chen_popo.id)
        assert (person.state, person.state_since_on) == (PersonState.HOSPITAL, TODAY)
        assert {one.id for one in open_cases_of(session, person.id)} == {stay.id, made.id}
    at("2026-11-06 09:00")
    assert change(november.chen_popo, PersonState.ACTIVE).detail["done"] == {"visits_back": 3}


def test_what_an_absence_speaks_against_comes_back_when_that_ends(november: Cast) -> None:
    case = change(november.chen_popo, PersonState.DEAD)
    with db.transaction() as session:
        away = AbsenceIn(november.chen_popo.id, AbsenceKind.FAMILY_HERE, date(2026, 11, 9), date(2026, 11, 18))
        absence, _ = visits.enter_absence(session, actor=FIRST, absence=away)
    made = taken_back(case)
    assert (made.detail["back"]["visits_called_off"], made.detail["left"]) == (2, {"visits_called_off": 2})
    with db.transaction() as session:
        assert visits.end_absence(session, actor=FIRST, absence_id=absence.id) == 2
    assert of_visits(november.chen_popo) == [VisitState.DUE] * 4


def test_hours_that_were_passed_on_are_taken_back_in_the_book_and_the_proof_holds(cast: Cast) -> None:
    with db.transaction() as session:
        make.hours(session=session, person=session.get_one(Person, cast.chen_popo.id), minutes=75)
    case = change(cast.chen_popo, PersonState.DEAD)
    with db.transaction() as session:
        kept = session.get_one(PersonCase, case.id)
        cases.propose_estate(session, actor=FIRST, case=kept, heir_id=cast.xiaofang.id, evidence="4 号夹")
        cases.settle_estate(session, actor=SECOND, case=kept)
        [line] = estate_lines(session, kept.person_id, since=kept.opened_at)
    made = taken_back(case)
    assert made.detail["back"]["accounts_open"] == 1
    assert made.detail["left"] == {"estate_lines": 1}
    with db.transaction() as session:
        ledger.reverse(session, actor=SECOND, transfer_id=line.id, why="人还在")
    with db.reading() as session:
        account, heir = account_of(session, cast.chen_popo.id), account_of(session, cast.xiaofang.id)
        assert account is not None and heir is not None
        assert (balance_minutes(session, account.id), balance_minutes(session, heir.id)) == (75, 0)
        assert estate_lines(session, case.person_id, since=case.opened_at) == []
        assert not verify(session).problems


def settled(case: PersonCase) -> list[str]:
    """The hours of the dead go to the commons by two people; the lines by which that was done."""
    with db.transaction() as session:
        kept = session.get_one(PersonCase, case.id)
        cases.propose_estate(session, actor=FIRST, case=kept, heir_id="", evidence="4 号夹")
        cases.settle_estate(session, actor=SECOND, case=kept)
        return [line.id for line in estate_lines(session, kept.person_id, since=kept.opened_at)]


def taken_back_in_the_book(lines: list[str]) -> None:
    with db.transaction() as session:
        for line in lines:
            ledger.reverse(session, actor=SECOND, transfer_id=line, why="人还在")


@pytest.mark.parametrize("more", [0, 60])
def test_who_was_taken_for_dead_leaves_their_hours_when_they_die(cast: Cast, at: At, more: int) -> None:
    helps(cast.chen_popo, 75)
    case = change(cast.chen_popo, PersonState.DEAD)
    lines = settled(case)
    taken_back(case)
    taken_back_in_the_book(lines)
    if more:
        helps(cast.chen_popo, more)
    assert (has(cast.chen_popo), commons()) == (Has(own=75 + more), 0)
    at("2026-12-01 08:00")
    assert len(settled(change(cast.chen_popo, PersonState.DEAD))) == 1
    assert (has(cast.chen_popo), commons(), is_sound()) == (Has(), 75 + more, True)


def test_the_gift_of_who_was_taken_for_dead_is_named_while_its_month_lasts(cast: Cast, at: At) -> None:
    lives_alone(cast.ran_daye)
    with db.transaction() as session:
        ledger.give_gifts(session, actor=SYSTEM, area_code=make.DISTRICT, month="2026-11")
    case = change(cast.ran_daye, PersonState.DEAD)
    [lapse] = settled(case)
    made = taken_back(case)
    assert made.detail["left"] == {"logins_ended": 1, "estate_lines": 1}
    taken_back_in_the_book([lapse])
    assert (has(cast.ran_daye), is_sound()) == (Has(gift=180), True)
    case = change(cast.ran_daye, PersonState.DEAD)
    settled(case)
    at("2026-12-01 08:00")
    assert taken_back(case).detail["left"] == {}  # that gift would be over by now


def test_no_power_of_somebody_who_died_meanwhile_comes_back(cast: Cast) -> None:
    case = change(cast.chen_popo, PersonState.DEAD)
    change(cast.xiaofang, PersonState.DEAD)
    assert taken_back(case).detail["left"] == {"powers_ended": 1}


def test_nobody_decides_alone_or_about_what_they_did_not_see(november: Cast) -> None:
    case = change(november.chen_popo, PersonState.DEAD)
    with pytest.raises(Refused, match=r"cases\.no_mistake"):
        decide(case)
    with pytest.raises(BadInput, match="no_mistake_reason"):
        propose(case, " ")
    propose(case)
    with pytest.raises(Refused, match="mistake_waits"):
        propose(case)
    with pytest.raises(NotAllowed, match="own_proposal"):
        decide(case, FIRST)
    with pytest.raises(Refused, match="proposal_changed"):
        decide(case, seen="another")
    for step in (cases.put_away, cases.settle_estate):  # the hours of somebody who may live go nowhere
        with pytest.raises(Refused, match="decide_mistake_first"), db.transaction() as session:
            step(session, actor=SECOND, case=session.get_one(PersonCase, case.id))
    assert decide(case, lives=False) is None
    assert of_visits(november.chen_popo) == [VisitState.CANCELLED] * 4
    with db.transaction() as session:
        cases.put_away(session, actor=SECOND, case=session.get_one(PersonCase, case.id))


def test_a_page_left_open_does_not_ask_again_for_what_was_decided(cast: Cast) -> None:
    case = change(cast.chen_popo, PersonState.DEAD)
    taken_back(case)
    for step in (cases.put_away, cases.settle_estate):
        with pytest.raises(Refused, match=r"people\.another_step"), db.transaction() as session:
            step(session, actor=SECOND, case=session.get_one(PersonCase, case.id))


def test_who_was_forgotten_already_registers_anew_and_nothing_changes(cast: Cast) -> None:
    case = change(cast.chen_popo, PersonState.DEAD)
    propose(case)
    with db.transaction() as session:
        forgotten = sa.update(table_of(Person)).where(table_of(Person).c.id == cast.chen_popo.id)
        session.connection().execute(forgotten.values(forgotten_on=TODAY))
    with pytest.raises(Refused, match=r"people\.forgotten"):
        decide(case)
    with db.reading() as session:
        assert session.get_one(Person, cast.chen_popo.id).state == PersonState.DEAD
        assert all(power.revoked_at for power in session.exec(select(Proxy)))


def test_the_page_says_what_will_come_back_and_afterwards_what_is_left(november: Cast, sign_in: SignIn) -> None:
    case = change(november.ran_daye, PersonState.DEAD)
    address = f"/cases/{case.id}"
    wang, zhou = sign_in(Role.ASSISTANT), sign_in(Role.COORDINATOR)
    wang.visit(address)
    assert "how you know that the person lives" in wang.submit("/mistake", status=400, evidence=" ")
    wang.submit("/mistake", evidence="今天见到了")
    asked = wang.visit(address)
    assert "A second person of the office decides" in asked and "take the death back" not in asked
    assert "今天见到了" in zhou.visit(address)
    told = zhou.submit("/mistake/decide", decision="lives")
    assert "logins that stay ended" in told and "opens the login under a new first password" in told
    assert "put it away" in told
    assert {task.endpoint for task in LEFT.values()} <= set(zhou.application.view_functions)
    assert "lives: the death was entered by mistake" in zhou.visit("/cases")
