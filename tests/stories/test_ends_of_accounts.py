"""Stories of registers taken over twice, of debts at an end, and of the last visit of the dead."""

from datetime import date
from functools import partial

import pytest

from tests import factories as make
from tests.cast import Cast
from tests.statements.conftest import carer_of
from tests.stories.hours import DISTRICT, Has, commons, does, has, helps, is_refused, is_sound, pool, rules_become
from tests.stories.test_hours_used import asks, lives_alone
from timebank.cases import operations as cases
from timebank.core import clock
from timebank.core.actors import SYSTEM, Actor, Role
from timebank.core.db import reading, transaction
from timebank.core.errors import Refused
from timebank.ledger import operations as ledger
from timebank.ledger.models import AccountKind, EntryKind, OfficeEntry
from timebank.ledger.operations import entries
from timebank.ledger.queries import account_of
from timebank.people import operations as people
from timebank.people.models import Person, PersonCase, PersonState
from timebank.visits import operations as visits
from timebank.visits.models import EvidenceGrade, Visit, VisitState

ON = date(2026, 11, 2)


def bureau(cast: Cast, who: str) -> Actor:
    return Actor(cast.users[who], Role.BUREAU, DISTRICT)


def from_the_register(cast: Cast, minutes: int) -> OfficeEntry:
    """One of the bureau enters Ran Daye's balance from the paper register, the other signs."""
    with transaction() as session:
        person = session.get_one(Person, cast.ran_daye.id)
        account = ledger.open_account(session, actor=SYSTEM, person_id=person.id, area_code=person.area_code)
        entry = entries.EntryIn(EntryKind.OPENING, account.id, minutes, ON, "from the register", "book 3")
        proposed = entries.propose_entry(session, actor=bureau(cast, "tan"), entry=entry)
    with transaction() as session:
        return entries.decide_entry(session, actor=bureau(cast, "he"), entry_id=proposed.id, approve=True)


def test_a_register_that_was_taken_back_is_taken_over_again(cast: Cast) -> None:
    first = from_the_register(cast, 600)
    assert has(cast.ran_daye) == Has(own=600)
    with pytest.raises(Refused, match=r"ledger\.opening_stands"):
        from_the_register(cast, 60)
    does(ledger.reverse, transfer_id=first.transfer_id, why="wrong page")
    assert has(cast.ran_daye) == Has()
    again = from_the_register(cast, 600)
    assert (again.transfer_id != first.transfer_id, has(cast.ran_daye)) == (True, Has(own=600))
    does(ledger.reverse, transfer_id=again.transfer_id, why="wrong page once more")
    from_the_register(cast, 60)
    assert (has(cast.ran_daye), pool(), is_sound()) == (Has(own=60), -60, True)


def owes_two_hours(cast: Cast) -> None:
    """Ran Daye had an hour and was helped for three, which the rules allow here."""
    rules_become(balance__floor_minutes=-600)
    from_the_register(cast, 60)
    held = does(ledger.hold, person_id=cast.ran_daye.id, minutes=180, source_id="vis_1")
    does(ledger.capture, hold_id=held.id, minutes=180, event_at=clock.now())
    assert has(cast.ran_daye) == Has(own=-120)


def becomes(person: Person, state: PersonState, kept: Person | None = None) -> None:
    with transaction() as session:
        one = session.get_one(Person, person.id)
        one.state, one.state_since_on, one.merged_into_id = state, clock.today(), kept.id if kept else None


def test_who_dies_owing_hours_is_brought_to_zero_by_the_commons(cast: Cast) -> None:
    owes_two_hours(cast)
    helps(cast.zhang, 150)
    does(ledger.donate, person_id=cast.zhang.id, minutes=150, key="a")
    becomes(cast.ran_daye, PersonState.DEAD)
    made = does(ledger.settle_estate, person_id=cast.ran_daye.id, heir_id=None, second_user_id="usr_wu")
    assert (made.minutes, has(cast.ran_daye), commons(), is_sound()) == (120, Has(), 30, True)


def test_hours_that_are_owed_go_to_the_entry_that_is_kept(cast: Cast) -> None:
    owes_two_hours(cast)
    helps(cast.chen_popo, 150)
    becomes(cast.ran_daye, PersonState.MERGED, cast.chen_popo)
    does(ledger.merge_accounts, person_id=cast.ran_daye.id, second_user_id="usr_wu", evidence="folder 3")
    assert (has(cast.ran_daye), has(cast.chen_popo), is_sound()) == (Has(), Has(own=30), True)


@pytest.mark.parametrize("end", [PersonState.MERGED, PersonState.DEAD])
def test_what_nobody_can_take_over_is_put_right_before_an_account_ends(cast: Cast, end: PersonState) -> None:
    owes_two_hours(cast)
    helps(cast.chen_popo, 90)
    rules_become(balance__floor_minutes=0)
    becomes(cast.ran_daye, end, cast.chen_popo if end == PersonState.MERGED else None)
    two = {"second_user_id": "usr_wu", "evidence": "folder 3"}
    ends, adjusted = partial(ledger.merge_accounts, **two), cast.chen_popo
    if end == PersonState.DEAD:
        ends, adjusted = partial(ledger.settle_estate, heir_id=None, second_user_id="usr_wu"), cast.ran_daye
    is_refused("ledger.owes_at_end", ends, person_id=cast.ran_daye.id)
    with reading() as session:
        account = account_of(session, adjusted.id)
    assert account is not None
    does(ledger.adjust, account_id=account.id, minutes=120, why="never written off", key="a", **two)
    does(ends, person_id=cast.ran_daye.id)
    assert (has(cast.ran_daye), has(cast.chen_popo), is_sound()) == (Has(), Has(own=90), True)


def bath_of_two(cast: Cast) -> Visit:
    """Li Jie and Zhang Ge bathed Chen Popo; it waits for its review."""
    with transaction() as session:
        visit = make.visit(session=session, elder=cast.chen_popo, on=ON, minutes=60, crew=2)
        visit.state, visit.grade = VisitState.CONFIRMED, EvidenceGrade.A
        session.add_all([visit, carer_of(visit, cast.li, minutes=60), carer_of(visit, cast.zhang, minutes=60)])
    return visit


def test_the_last_visit_of_the_dead_is_reviewed_before_their_hours_are_passed_on(cast: Cast) -> None:
    visit = bath_of_two(cast)
    helps(cast.zhang, 60)
    with transaction() as session:
        case = people.change_state(
            session, actor=bureau(cast, "tan"), person_id=cast.zhang.id, state=PersonState.DEAD, since_on=clock.today()
        )
        cases.propose_estate(session, actor=bureau(cast, "tan"), case=case, heir_id="", evidence="folder 3")
    estate = {"person_id": cast.zhang.id, "heir_id": None, "second_user_id": "usr_wu"}
    is_refused("ledger.visits_wait", ledger.settle_estate, **estate)
    wu = Actor(cast.users["wu"], Role.SUPERVISOR, make.TOWNSHIP)
    with transaction() as session:
        visits.review(session, actor=wu, visit_id=visit.id, approved=True)
    assert (has(cast.li), has(cast.zhang)) == (Has(own=60), Has(own=120))
    with transaction() as session:
        cases.settle_estate(session, actor=wu, case=session.get_one(PersonCase, case.id))
    assert (has(cast.zhang), commons(), is_sound()) == (Has(), 120, True)


def test_who_had_no_book_yet_is_not_put_away_before_the_first_visit_is_in_it(cast: Cast) -> None:
    bath_of_two(cast)
    with transaction() as session:
        case = people.change_state(
            session, actor=bureau(cast, "tan"), person_id=cast.zhang.id, state=PersonState.DEAD, since_on=clock.today()
        )
    with transaction() as session, pytest.raises(Refused, match=r"ledger\.visits_wait"):
        cases.put_away(session, actor=bureau(cast, "tan"), case=session.get_one(PersonCase, case.id))


@pytest.mark.parametrize("step", ["passed on", "put away"])
def test_who_had_a_gift_alone_leaves_no_account_open(cast: Cast, step: str) -> None:
    lives_alone(cast.ran_daye)
    does(ledger.give_gifts, area_code=DISTRICT, month="2026-11")
    asks(cast, 60, "vis_1")
    with transaction() as session:
        case = people.change_state(
            session,
            actor=bureau(cast, "tan"),
            person_id=cast.ran_daye.id,
            state=PersonState.DEAD,
            since_on=clock.today(),
        )
        cases.propose_estate(session, actor=bureau(cast, "tan"), case=case, heir_id="", evidence="folder 3")
    with transaction() as session:
        kept = session.get_one(PersonCase, case.id)
        (cases.settle_estate if step == "passed on" else cases.put_away)(session, actor=bureau(cast, "he"), case=kept)
    with reading() as session:
        gift = account_of(session, cast.ran_daye.id, AccountKind.GIFT)
        assert gift is not None and gift.closed_at is not None
    assert (has(cast.ran_daye), pool(), is_sound()) == (Has(), 0, True)


def test_no_gift_is_ended_of_somebody_who_lives(cast: Cast) -> None:
    is_refused("ledger.not_an_estate", ledger.end_gift, person=cast.ran_daye)
