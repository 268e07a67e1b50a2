"""Stories of turns that are rare one by one and rarer together: gifts across a close, a line taken back in parts."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from sqlmodel import select

from tests import factories as make
from tests.cast import Cast
from tests.fixtures.site import At
from tests.statements.test_joined_entries import joined
from tests.stories.hours import DISTRICT, Has, commons, does, has, helps, is_refused, is_sound, pool, rules_become
from tests.stories.test_hours_used import asks, lives_alone
from timebank.core import clock
from timebank.core.actors import SYSTEM, Actor, Role
from timebank.core.db import reading, transaction
from timebank.core.errors import Refused
from timebank.ledger import operations as ledger
from timebank.ledger.models import AccountKind, Reason, Transfer
from timebank.ledger.queries import account_of
from timebank.people import operations as people
from timebank.people.models import Person, PersonState
from timebank.policies import operations as policies
from timebank.policies.queries import Policy, in_force
from timebank.statements.models import Statement
from timebank.statements.operations import close_month
from timebank.statements.passbook_queries import line_for
from timebank.visits.queries import is_hold_waiting

CAP = "balance.cap_minutes"


def closes(month: str) -> None:
    with transaction() as session:
        close_month(session, actor=SYSTEM, district_code=DISTRICT, month=month)


def gift_sheet(person: Person, month: str) -> tuple[int, int]:
    """What somebody's gift sheet of a month says they have at its end, and what of it is set aside."""
    with reading() as session:
        sheet = session.exec(
            select(Statement).where(
                Statement.person_id == person.id, Statement.month == month, Statement.kind == AccountKind.GIFT
            )
        ).one()
    return sheet.closing_minutes, sheet.held_minutes


def line_of(reason: Reason) -> str:
    """The id of the only line there is for a reason."""
    with reading() as session:
        return str(session.exec(select(Transfer.id).where(Transfer.reason == reason)).one())


def test_a_gift_that_is_all_promised_takes_nothing_of_the_next_one(cast: Cast, at: At) -> None:
    lives_alone(cast.ran_daye)
    does(ledger.give_gifts, area_code=DISTRICT, month="2026-11")
    hold_id = asks(cast, 180, "vis_1")
    at("2026-12-01 08:00")
    does(ledger.give_gifts, area_code=DISTRICT, month="2026-12")
    assert has(cast.ran_daye) == Has(gift=360, held=180)

    # November is closed while its visit still waits for the review: nothing of the gifts goes away.
    at("2026-12-05 10:00")
    closes("2026-11")
    assert (has(cast.ran_daye), gift_sheet(cast.ran_daye, "2026-11")) == (Has(gift=360, held=180), (180, 180))
    does(ledger.capture, hold_id=hold_id, minutes=150, event_at=clock.now())
    assert has(cast.ran_daye) == Has(gift=210)

    # What the visit did not need was November's, and goes with December's rest.
    at("2027-01-05 10:00")
    closes("2026-12")
    assert (has(cast.ran_daye), pool(), is_sound()) == (Has(), 0, True)


def test_a_later_gift_that_was_taken_back_stands_for_nothing(cast: Cast, at: At) -> None:
    lives_alone(cast.ran_daye)
    does(ledger.give_gifts, area_code=DISTRICT, month="2026-11")
    hold_id = asks(cast, 60, "vis_1")
    ended_at = clock.now()
    at("2026-12-01 08:00")
    does(ledger.give_gifts, area_code=DISTRICT, month="2026-12")
    with reading() as session:
        later = session.exec(select(Transfer.id).where(Transfer.reason == Reason.GIFT, Transfer.source_id == "2026-12"))
        wrong_gift = later.one()
    does(ledger.reverse, transfer_id=wrong_gift, why="lives with the son since November")
    does(ledger.release, hold_id=hold_id)
    assert has(cast.ran_daye) == Has(gift=60)

    # The visit of November did take place: its hours are there still, out of November's gift.
    does(ledger.hold, person_id=cast.ran_daye.id, minutes=60, source_id="vis_1", due_at=ended_at)
    assert has(cast.ran_daye) == Has(gift=60, held=60)


def test_what_went_above_the_cap_is_taken_back_before_the_rest(cast: Cast) -> None:
    rules_become(balance__cap_minutes=60)
    helps(cast.li, 90)
    assert (has(cast.li), commons()) == (Has(own=60), 30)
    does(ledger.reverse, transfer_id=line_of(Reason.OVERFLOW), why="an hour it was")
    assert (has(cast.li), commons(), pool()) == (Has(own=60), 0, -60)
    does(ledger.reverse, transfer_id=line_of(Reason.EARN), why="it was somebody else")
    assert (has(cast.li), commons(), pool(), is_sound()) == (Has(), 0, 0, True)


def refusal_of(what: Callable[..., Any], **values: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        does(what, **values)
    return caught.value


def test_a_line_that_cannot_be_taken_back_says_what_can_be_done(cast: Cast) -> None:
    helps(cast.li, 60)
    does(ledger.donate, person_id=cast.li.id, minutes=45, key="a")
    refused = refusal_of(ledger.reverse, transfer_id=line_of(Reason.EARN), why="it was somebody else")
    assert refused.code == "ledger.floor_reached"
    assert str(refused.message).startswith("45 min of it were used or promised meanwhile.")
    assert (has(cast.li), is_sound()) == (Has(own=15), True)


def test_a_line_of_a_book_that_was_joined_to_another_is_put_right_there(cast: Cast) -> None:
    helps(cast.li, 60)
    line = line_of(Reason.EARN)
    with transaction() as session:
        other = session.get_one(Person, cast.li.id)
        other.state, other.state_since_on, other.merged_into_id = PersonState.MERGED, clock.today(), cast.zhang.id
    does(ledger.merge_accounts, person_id=cast.li.id, second_user_id="usr_wu", evidence="folder 3")
    refused = refusal_of(ledger.reverse, transfer_id=line, why="it was somebody else")
    assert (refused.code, "by an adjustment" in str(refused.message)) == ("ledger.account_closed", True)
    adjustment = {"minutes": -60, "why": "it was somebody else", "second_user_id": "usr_wu", "evidence": "folder 3"}
    with reading() as session:
        accounts = [account_of(session, person.id) for person in (cast.li, cast.zhang)]
    closed, kept = (account.id for account in accounts if account)
    refused = refusal_of(ledger.adjust, account_id=closed, key="b", **adjustment)
    assert (refused.code, cast.zhang.name in str(refused.message)) == ("ledger.person_merged", True)
    does(ledger.adjust, account_id=kept, key="c", **adjustment)
    assert (has(cast.zhang), pool(), is_sound()) == (Has(), 0, True)


def test_what_is_above_the_cap_names_the_rules_that_set_the_cap(cast: Cast, at: At) -> None:
    visited_at = clock.now()
    with reading() as session:
        policy = in_force(session, cast.li.area_code, clock.today())
    at("2026-11-10 09:00")
    rules_become(balance__cap_minutes=60)
    # A visit of before is approved now: it counts by the rules of its day, what fits by those of today.
    does(ledger.earn, person=cast.li, minutes=90, visit_id="vis_1", event_at=visited_at, policy=policy)
    with reading() as session:
        today = in_force(session, cast.li.area_code, clock.today())
        stories = {}
        for reason in (Reason.EARN, Reason.OVERFLOW):
            story = line_for(session, SYSTEM.scope, line_of(reason))
            assert story is not None
            stories[reason] = (story.transfer.policy_version, story.policy.version, story.policy.number(CAP))
    assert stories[Reason.EARN] == (policy.version, policy.version, policy.number(CAP))
    assert stories[Reason.OVERFLOW] == (today.version, today.version, 60)
    assert has(cast.li) == Has(own=60)


def test_a_line_keeps_the_rules_of_where_its_member_lived(cast: Cast) -> None:
    with transaction() as session:
        proposed = policies.propose(
            session,
            actor=SYSTEM,
            area_code=make.OTHER_TOWNSHIP,
            starts_on=clock.today(),
            changes={"earn.rounding_minutes": 30},
        )
        policies.approve(session, actor=Actor("usr_he", Role.BUREAU, DISTRICT), version_id=proposed.id)
    helps(cast.li, 60)
    with transaction() as session:
        home = make.household(session=session, group_code=make.OTHER_GROUP, number=9)
        door = people.Door(make.OTHER_GROUP, home.code[-4:])
        people.relocate(session, actor=SYSTEM, person_id=cast.li.id, to=door, since_on=clock.today())
    with reading() as session:
        story = line_for(session, SYSTEM.scope, line_of(Reason.EARN))
        assert story is not None and story.account.area_code == make.OTHER_GROUP
        assert story.policy.version == story.transfer.policy_version
        assert story.policy.number("earn.rounding_minutes") == 15


def test_what_is_promised_to_an_entry_that_is_joined_stays_promised(cast: Cast, at: At) -> None:
    helps(cast.ran_daye, 120)
    lives_alone(cast.ran_daye)
    does(ledger.give_gifts, area_code=DISTRICT, month="2026-11")
    with transaction() as session:
        visit = make.visit(session=session, elder=cast.ran_daye, on=date(2026, 11, 9), minutes=60)
        due_at = clock.at_local(date(2026, 11, 9), 600)
        held = ledger.hold(
            session, actor=SYSTEM, person_id=cast.ran_daye.id, minutes=60, source_id=visit.id, due_at=due_at
        )
        visit.hold_id = held.id
        session.add(visit)
    joined(cast.ran_daye, cast.chen_popo)
    assert has(cast.chen_popo) == Has(own=120, held=60)
    at("2026-11-10 08:00")
    with transaction() as session:
        assert is_hold_waiting(session, held.id)
        ledger.capture(session, actor=SYSTEM, hold_id=held.id, minutes=60, event_at=due_at)
        assert not is_hold_waiting(session, held.id)
    assert has(cast.chen_popo) == Has(own=60)
    is_sound()


def test_a_member_of_two_entries_passes_on_what_the_year_allows_once(cast: Cast) -> None:
    rules_become(transfer__max_minutes_per_year=100)
    helps(cast.zhang, 100)
    helps(cast.li, 100)
    with transaction() as session:
        for of in (cast.li, cast.zhang):
            make.kin(session=session, of=of, kin=cast.chen_popo, relation="parent")
    to_mother = {"kin_id": cast.chen_popo.id, "minutes": 60}
    does(ledger.transfer_to_kin, person_id=cast.zhang.id, key="a", **to_mother)
    joined(cast.zhang, cast.li)
    is_refused("ledger.year_limit", ledger.transfer_to_kin, person_id=cast.li.id, key="b", **to_mother)
    does(ledger.transfer_to_kin, person_id=cast.li.id, key="c", **to_mother | {"minutes": 40})
    assert (has(cast.li), has(cast.chen_popo), is_sound()) == (Has(own=100), Has(own=100), True)


@pytest.mark.parametrize("seals", ["before", "after"])
def test_a_fund_that_backs_less_than_is_owed_already_stops_no_night(cast: Cast, seals: str) -> None:
    helps(cast.li, 120)
    if seals == "before":
        does(lambda session, actor: ledger.seal_new_rows(session))
    rules_become(pool__backed_minutes=60, balance__cap_minutes=150)
    does(lambda session, actor: ledger.seal_new_rows(session))
    zhang = {"person": cast.zhang, "visit_id": "vis_9", "event_at": clock.now(), "policy": policy_of(cast.zhang)}
    is_refused("ledger.fund_too_small", ledger.earn, minutes=1, **zhang)

    # What comes back to the pool is not owed again: the next night its floor is so much nearer to what is backed.
    does(ledger.reverse, transfer_id=line_of(Reason.EARN), why="it was somebody else")
    does(lambda session, actor: ledger.seal_new_rows(session))
    assert does(ledger.apply_limits, district_code=DISTRICT) == 1
    is_refused("ledger.fund_too_small", ledger.earn, minutes=61, **zhang)
    does(ledger.earn, minutes=60, **zhang)
    assert (pool(), is_sound()) == (-60, True)


def policy_of(person: Person) -> Policy:
    with reading() as session:
        return in_force(session, person.area_code, clock.today())
