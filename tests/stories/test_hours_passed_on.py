"""Stories of hours that are passed on, corrected and inherited."""

from datetime import date

from tests import factories as make
from tests.cast import Cast
from tests.fixtures.site import At
from tests.stories.hours import Has, by_themselves, commons, does, has, helps, is_refused, is_sound, pool, rules_become
from timebank.core import clock
from timebank.core.actors import SYSTEM, Actor, Role
from timebank.core.db import reading, transaction
from timebank.ledger import operations as ledger
from timebank.ledger import queries
from timebank.ledger.models import Transfer
from timebank.people import operations as people
from timebank.people.models import Person, PersonState
from timebank.policies.queries import Policy
from timebank.policies.rules import default_values

STRANGER = Actor("usr_sun", Role.COORDINATOR, make.OTHER_TOWNSHIP)


def account_id(person: Person) -> str:
    with reading() as session:
        account = queries.account_of(session, person.id)
        assert account is not None
        return account.id


def are_family(of: Person, kin: Person, relation: str) -> None:
    with transaction() as session:
        make.kin(session=session, of=of, kin=kin, relation=relation)


def dies(person: Person) -> None:
    does(people.change_state, person_id=person.id, state=PersonState.DEAD, since_on=clock.today())


def test_li_jie_passes_hours_to_her_mother(cast: Cast) -> None:
    helps(cast.li, 300)
    are_family(cast.li, cast.chen_popo, "parent")
    li = by_themselves(cast, cast.li)
    gift = {"actor": li, "person_id": cast.li.id, "kin_id": cast.chen_popo.id, "key": "phone-1"}
    does(ledger.transfer_to_kin, minutes=120, **gift)
    assert (has(cast.li), has(cast.chen_popo), pool()) == (Has(own=180), Has(own=120), -300)

    # The phone sends it again an hour later: once is once. With other minutes it is refused.
    does(ledger.transfer_to_kin, minutes=120, **gift)
    assert has(cast.chen_popo) == Has(own=120)
    is_refused("ledger.key_reused", ledger.transfer_to_kin, minutes=121, **gift)

    # Not one minute more than she has.
    other = gift | {"key": "phone-2"}
    is_refused("ledger.floor_reached", ledger.transfer_to_kin, minutes=181, **other)
    does(ledger.transfer_to_kin, minutes=180, **other)
    assert (has(cast.li), is_sound()) == (Has(), True)


def test_hours_go_to_near_kin_of_the_right_age_within_the_years_limit_and_large_sums_with_a_second_person(
    cast: Cast,
) -> None:
    helps(cast.li, 300)
    li = {"actor": by_themselves(cast, cast.li), "person_id": cast.li.id}
    to_zhang = li | {"kin_id": cast.zhang.id, "key": "a"}
    is_refused("ledger.not_kin", ledger.transfer_to_kin, minutes=60, **to_zhang)
    are_family(cast.li, cast.zhang, "sibling")
    is_refused("ledger.not_kin", ledger.transfer_to_kin, minutes=60, **to_zhang)
    are_family(cast.li, cast.xiaofang, "child")
    is_refused("ledger.kin_too_young", ledger.transfer_to_kin, minutes=60, **li, kin_id=cast.xiaofang.id, key="b")

    are_family(cast.li, cast.chen_popo, "parent")
    rules_become(transfer__max_minutes_per_year=200, transfer__second_approver_minutes=100)
    to_chen = li | {"kin_id": cast.chen_popo.id}
    is_refused("ledger.second_person", ledger.transfer_to_kin, minutes=101, **to_chen, key="c")
    does(ledger.transfer_to_kin, minutes=101, **to_chen, key="c", second_user_id="usr_wu")
    is_refused("ledger.year_limit", ledger.transfer_to_kin, minutes=100, **to_chen, key="d")
    does(ledger.transfer_to_kin, minutes=99, **to_chen, key="d")
    assert (has(cast.li), has(cast.chen_popo), is_sound()) == (Has(own=100), Has(own=200), True)

    # Somebody else's hours are not hers to pass on.
    is_refused("ledger.no_such_account", ledger.donate, actor=li["actor"], person_id=cast.zhang.id, minutes=5, key="e")


def test_zhang_ge_donates_an_hour(cast: Cast) -> None:
    helps(cast.zhang, 90)
    zhang = {"actor": by_themselves(cast, cast.zhang), "person_id": cast.zhang.id}
    does(ledger.donate, minutes=60, key="a", **zhang)
    does(ledger.donate, minutes=60, key="a", **zhang)
    assert (has(cast.zhang), commons(), pool()) == (Has(own=30), 60, -90)
    is_refused("ledger.floor_reached", ledger.donate, minutes=31, key="b", **zhang)
    assert is_sound()


def test_an_entry_is_taken_back_once_and_only_while_the_hours_are_there(cast: Cast) -> None:
    visit_id = helps(cast.li, 60)
    with reading() as session:
        transfer_id = queries.transfers_of_source(session, visit_id)[0].id
    is_refused("ledger.no_such_transfer", ledger.reverse, transfer_id="trf_unknown", why="a mistake")
    own = by_themselves(cast, cast.li)
    is_refused("ledger.no_such_transfer", ledger.reverse, actor=STRANGER, transfer_id=transfer_id, why="x")
    is_refused("ledger.own_hours", ledger.reverse, actor=own, transfer_id=transfer_id, why="a mistake")

    opposite = does(ledger.reverse, transfer_id=transfer_id, why="wrong person")
    assert (has(cast.li), pool()) == (Has(), 0)
    is_refused("ledger.reversed_already", ledger.reverse, transfer_id=transfer_id, why="again")
    is_refused("ledger.reversal_is_final", ledger.reverse, transfer_id=opposite.id, why="back")

    # Hours that were given away cannot be taken back: a minute is missing.
    visit_id = helps(cast.li, 60)
    does(ledger.donate, person_id=cast.li.id, minutes=1, key="a")
    with reading() as session:
        transfer_id = queries.transfers_of_source(session, visit_id)[0].id
    is_refused("ledger.floor_reached", ledger.reverse, transfer_id=transfer_id, why="wrong person")
    assert (has(cast.li), is_sound()) == (Has(own=59), True)


def test_the_office_corrects_an_account_by_two_people_with_a_paper(cast: Cast) -> None:
    helps(cast.li, 60)
    entry = {"account_id": account_id(cast.li), "why": "two visits on one slip", "evidence": "folder 4"}
    is_refused("ledger.second_person", ledger.adjust, minutes=30, second_user_id="", key="a", **entry)
    is_refused("ledger.no_evidence", ledger.adjust, minutes=30, second_user_id="w", key="a", **entry | {"evidence": ""})
    is_refused("ledger.bad_minutes", ledger.adjust, minutes=0, second_user_id="usr_wu", key="a", **entry)
    does(ledger.adjust, minutes=30, second_user_id="usr_wu", key="a", **entry)
    does(ledger.adjust, minutes=-50, second_user_id="usr_wu", key="b", **entry)
    assert (has(cast.li), pool()) == (Has(own=40), -40)
    is_refused("ledger.floor_reached", ledger.adjust, minutes=-41, second_user_id="usr_wu", key="c", **entry)
    entry |= {"minutes": 5, "second_user_id": "usr_wu", "key": "d"}
    is_refused("ledger.no_such_account", ledger.adjust, actor=STRANGER, **entry)
    assert is_sound()


def test_what_ran_daye_left_goes_to_his_daughter_and_his_account_is_closed(cast: Cast) -> None:
    helps(cast.ran_daye, 300)
    are_family(cast.ran_daye, cast.xiaofang, "child")
    does(ledger.hold, person_id=cast.ran_daye.id, minutes=120, source_id="vis_1")
    estate = {"person_id": cast.ran_daye.id, "second_user_id": "usr_wu"}
    is_refused("ledger.not_an_estate", ledger.settle_estate, heir_id=None, **estate)

    dies(cast.ran_daye)
    is_refused("ledger.not_kin", ledger.settle_estate, heir_id=cast.zhang.id, **estate)
    is_refused("ledger.second_person", ledger.settle_estate, heir_id=None, **estate | {"second_user_id": ""})
    is_refused("ledger.person_dead", ledger.hold, person_id=cast.ran_daye.id, minutes=30, source_id="vis_2")
    is_refused("ledger.person_dead", ledger.donate, person_id=cast.ran_daye.id, minutes=30, key="a")
    does(ledger.settle_estate, heir_id=cast.xiaofang.id, **estate)
    assert (has(cast.ran_daye), has(cast.xiaofang), pool()) == (Has(), Has(own=300), -300)

    # Nothing moves on the closed account any more.
    closed = {"account_id": account_id(cast.ran_daye), "why": "x", "evidence": "y", "second_user_id": "usr_wu"}
    is_refused("ledger.account_closed", ledger.adjust, minutes=10, key="a", **closed)
    assert is_sound()


def test_without_an_heir_the_hours_go_to_elders_in_hardship(cast: Cast) -> None:
    helps(cast.ran_daye, 60)
    dies(cast.ran_daye)
    does(ledger.settle_estate, person_id=cast.ran_daye.id, heir_id=None, second_user_id="usr_wu")
    assert (has(cast.ran_daye), commons(), is_sound()) == (Has(), 60, True)


def test_the_hour_helped_before_death_still_counts_the_one_after_does_not(cast: Cast, at: At) -> None:
    helped_at = clock.now()
    at("2026-11-05 09:00")
    dies(cast.li)
    with reading() as session:
        li = session.get_one(Person, cast.li.id)
    policy = Policy(li.area_code, date(2026, 11, 3), "pol_defaults", default_values())
    visit = {"person": li, "minutes": 60, "policy": policy}
    does(ledger.earn, visit_id="vis_before", event_at=helped_at, **visit)
    at("2026-11-06 09:00")
    is_refused("ledger.person_dead", ledger.earn, visit_id="vis_after", event_at=clock.now(), **visit)
    assert has(cast.li) == Has(own=60)


def test_ran_daye_was_registered_twice_and_his_hours_come_together(cast: Cast) -> None:
    helps(cast.hu_daye, 90)
    helps(cast.ran_daye, 30)
    merge = {"person_id": cast.hu_daye.id, "second_user_id": "usr_wu", "evidence": "identity card seen"}
    is_refused("ledger.not_merged", ledger.merge_accounts, **merge)
    with transaction() as session:
        double = session.get_one(Person, cast.hu_daye.id)
        double.state, double.merged_into_id = PersonState.MERGED, cast.ran_daye.id
    is_refused("ledger.person_merged", ledger.donate, person_id=cast.hu_daye.id, minutes=10, key="a")
    does(ledger.merge_accounts, **merge)
    assert (has(cast.hu_daye), has(cast.ran_daye)) == (Has(), Has(own=120))
    does(ledger.merge_accounts, **merge)
    assert (has(cast.ran_daye), is_sound()) == (Has(own=120), True)


def test_every_row_says_why_from_where_when_and_by_which_rules(cast: Cast) -> None:
    visit_id = helps(cast.li, 60)
    with reading() as session:
        row: Transfer = queries.transfers_of_source(session, visit_id)[0]
    assert (row.reason, row.source_id, row.policy_version) == ("earn", visit_id, "pol_defaults")
    assert (row.recorded_by, row.recorded_at, row.book_month) == (SYSTEM.user_id, clock.now(), "2026-11")
