"""Stories of two entries that are one person, where something happens between the proposal and the decision."""

from datetime import timedelta

import pytest
from sqlmodel import select

from tests import factories as make
from tests.cast import Cast
from tests.statements.test_joined_entries import FIRST, SECOND, joined
from tests.stories.hours import Has, does, has, helps, is_sound, rules_become
from tests.stories.test_ends_of_accounts import from_the_register
from timebank.cases import operations as cases
from timebank.core import clock
from timebank.core.actors import SYSTEM, Actor, Role
from timebank.core.db import reading, transaction
from timebank.core.errors import NotAllowed, Refused
from timebank.ledger import operations as ledger
from timebank.ledger.models import EntryKind, OfficeEntry
from timebank.ledger.operations import entries
from timebank.people import operations as people
from timebank.people.models import Household, Person, PersonCase, PersonState
from timebank.visits import operations as visits
from timebank.visits.models import CarerState, Visit, VisitCarer, VisitState
from timebank.visits.queries import COMING


def dies(person: Person) -> str:
    with transaction() as session:
        died = {"person_id": person.id, "state": PersonState.DEAD, "since_on": clock.today()}
        return people.change_state(session, actor=FIRST, **died).id  # type: ignore[arg-type]


def test_an_entry_that_died_meanwhile_is_not_joined_to_one_that_lives(cast: Cast) -> None:
    helps(cast.zhang, 60)
    with transaction() as session:
        alike = people.propose_merge(
            session, actor=FIRST, kept_id=cast.li.id, other_id=cast.zhang.id, evidence="same card"
        )
    death = dies(cast.zhang)
    with transaction() as session, pytest.raises(Refused, match=r"people\.state_is_final"):
        cases.join_entries(session, actor=SECOND, case=session.get_one(PersonCase, alike.id))

    # The death is settled as any other, and the two are told apart.
    with transaction() as session:
        case = session.get_one(PersonCase, death)
        cases.propose_estate(session, actor=FIRST, case=case, heir_id="", evidence="folder 3")
        cases.settle_estate(session, actor=SECOND, case=case)
        people.decline_merge(session, actor=SECOND, case=session.get_one(PersonCase, alike.id))
    assert (has(cast.zhang), has(cast.li), is_sound()) == (Has(), Has(), True)


def asked(cast: Cast, crew: int, *, says: dict[str, CarerState]) -> str:
    """A visit for which both entries of one person were asked, at 540 and 570, and what each of them said."""
    helpers = ((cast.li, 540), (cast.zhang, 570))
    with transaction() as session:
        on = clock.today() + timedelta(days=2)
        visit_id = make.visit(session=session, elder=cast.chen_popo, on=on, crew=crew).id
        for one_by_one in [helpers] if crew == 2 else [[helper] for helper in helpers]:
            carers = [(helper.id, minute) for helper, minute in one_by_one]
            visits.assign(session, actor=SYSTEM, visit_id=visit_id, carers=carers, day_plan_id=None)
        for carer in session.exec(select(VisitCarer).where(VisitCarer.visit_id == visit_id)):
            carer.state = says.get(carer.person_id, carer.state)
    return visit_id


def who_comes(visit_id: str) -> tuple[VisitState, list[tuple[str, int, CarerState]]]:
    with reading() as session:
        rows = session.exec(select(VisitCarer).where(VisitCarer.visit_id == visit_id)).all()
        coming = [(row.person_id, row.starts_minute, row.state) for row in rows if row.state in COMING]
        return session.get_one(Visit, visit_id).state, coming


def test_a_yes_of_the_other_entry_stands_where_the_kept_one_was_asked_before(cast: Cast) -> None:
    visit_id = asked(cast, 1, says={})
    joined(cast.zhang, cast.li)
    assert who_comes(visit_id) == (VisitState.PLANNED, [(cast.li.id, 570, CarerState.INVITED)])


def test_who_was_to_come_twice_leaves_a_place_open(cast: Cast) -> None:
    visit_id = asked(cast, 2, says={cast.zhang.id: CarerState.ACCEPTED})
    joined(cast.zhang, cast.li)
    assert who_comes(visit_id) == (VisitState.DUE, [(cast.li.id, 570, CarerState.ACCEPTED)])


def test_a_register_is_taken_over_once_for_entries_that_are_one(cast: Cast) -> None:
    first = from_the_register(cast, 600)
    joined(cast.zhang, cast.ran_daye)
    with pytest.raises(Refused, match=r"ledger\.opening_stands.* Take that entry back first"):
        from_the_register(cast, 600)
    does(ledger.reverse, transfer_id=first.transfer_id, why="wrong page")
    from_the_register(cast, 600)
    joined(cast.ran_daye, cast.chen_popo)
    with transaction() as session:
        chen = session.get_one(Person, cast.chen_popo.id)
        with pytest.raises(Refused, match=r"ledger\.opening_stands.* by an adjustment"):
            make.hours(session=session, person=chen, minutes=600)
    assert (has(cast.chen_popo), is_sound()) == (Has(own=600), True)


def passed_on_to_the_daughter(cast: Cast) -> OfficeEntry:
    """The office writes down that Chen Popo passes an hour on to her daughter; nobody has approved it yet."""
    with transaction() as session:
        account = ledger.own_account(session, SYSTEM, cast.chen_popo.id)
        asked = entries.EntryIn(
            EntryKind.TRANSFER, account.id, 60, clock.today(), "for the child", "folder 3", kin_id=cast.xiaofang.id
        )
        return entries.propose_entry(session, actor=FIRST, entry=asked)


def second_entry_of_the_daughter(cast: Cast) -> Person:
    with transaction() as session:
        home = session.get_one(Household, cast.xiaofang.household_code)
        return make.person(session=session, household=home, name="陈晓芳", born_on=cast.xiaofang.born_on)


def test_hours_reach_kin_who_were_joined_to_another_entry_meanwhile(cast: Cast) -> None:
    rules_become(transfer__kin_min_age=50)
    helps(cast.chen_popo, 150)
    proposed = passed_on_to_the_daughter(cast)
    kept = second_entry_of_the_daughter(cast)
    joined(cast.xiaofang, kept)
    herself = Actor("usr_herself", Role.SUPERVISOR, make.TOWNSHIP, person_id=kept.id)
    with transaction() as session, pytest.raises(NotAllowed, match=r"ledger\.own_hours"):
        entries.decide_entry(session, actor=herself, entry_id=proposed.id, approve=True)
    with transaction() as session:
        entries.decide_entry(session, actor=SECOND, entry_id=proposed.id, approve=True)
    assert (has(cast.chen_popo), has(kept), is_sound()) == (Has(own=90), Has(own=60), True)


def test_an_heir_is_found_under_the_entry_that_is_kept_and_does_not_decide(cast: Cast) -> None:
    helps(cast.chen_popo, 150)
    death = dies(cast.chen_popo)
    with transaction() as session:
        case = session.get_one(PersonCase, death)
        cases.propose_estate(session, actor=FIRST, case=case, heir_id=cast.xiaofang.id, evidence="folder 3")
    kept = second_entry_of_the_daughter(cast)
    joined(cast.xiaofang, kept)
    herself = Actor("usr_herself", Role.SUPERVISOR, make.TOWNSHIP, person_id=kept.id)
    with transaction() as session, pytest.raises(NotAllowed, match=r"ledger\.own_hours"):
        cases.settle_estate(session, actor=herself, case=session.get_one(PersonCase, death))
    with transaction() as session:
        cases.settle_estate(session, actor=SECOND, case=session.get_one(PersonCase, death))
    assert (has(cast.chen_popo), has(kept), is_sound()) == (Has(), Has(own=150), True)


def test_the_last_slip_of_the_dead_lets_their_case_wait_again(cast: Cast) -> None:
    with transaction() as session:
        visit = make.visit(session=session, elder=cast.chen_popo, on=clock.today() - timedelta(days=2))
        visits.assign(session, actor=SYSTEM, visit_id=visit.id, carers=[(cast.zhang.id, 540)], day_plan_id=None)
    died = {"person_id": cast.zhang.id, "state": PersonState.DEAD, "since_on": clock.today() - timedelta(days=1)}
    with transaction() as session:
        case = people.change_state(session, actor=FIRST, **died)  # type: ignore[arg-type]
        cases.put_away(session, actor=FIRST, case=case)

    # He had no hours yet. Then the village hands in the slip of his last visit.
    wang = Actor(cast.users["wang"], Role.ASSISTANT, make.VILLAGE)
    with transaction() as session:
        visits.enter_slip(session, actor=wang, slip=visits.SlipIn(visit.id, cast.zhang.id, 540, 585, is_signed=True))
    with transaction() as session:
        assert visits.review(session, actor=SECOND, visit_id=visit.id, approved=True).minutes == {cast.zhang.id: 45}
    assert has(cast.zhang) == Has(own=45)
    with transaction() as session:
        again = session.get_one(PersonCase, case.id)
        assert again.closed_at is None
        cases.propose_estate(session, actor=FIRST, case=again, heir_id="", evidence="folder 3")
    with transaction() as session:
        cases.settle_estate(session, actor=SECOND, case=session.get_one(PersonCase, case.id))
    assert (has(cast.zhang), is_sound()) == (Has(), True)
