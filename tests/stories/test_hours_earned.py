"""Stories of hours that come in: visits, groups, the cap, the pool's fund, the paper register."""

from tests.cast import Cast
from tests.fixtures.site import At
from tests.stories.hours import Has, commons, does, has, helps, is_refused, is_sound, pool, rules_become
from timebank.core import clock
from timebank.core.actors import SYSTEM, Actor, Role
from timebank.ledger import operations as ledger
from timebank.policies.queries import Policy
from timebank.policies.rules import default_values

OFFICE = Actor("usr_office", Role.ADMINISTRATOR, "500156")


def test_li_jie_and_zhang_ge_help_at_one_visit_and_each_gets_their_hours(cast: Cast) -> None:
    # Both bathe Chen Popo for an hour and a half.
    visit_id = helps(cast.li, 90)
    helps(cast.zhang, 90, visit_id=visit_id)
    assert (has(cast.li), has(cast.zhang), pool()) == (Has(own=90), Has(own=90), -180)

    # The phone sends the visit of Li Jie again. Nothing happens twice.
    helps(cast.li, 90, visit_id=visit_id)
    assert (has(cast.li), pool()) == (Has(own=90), -180)
    assert is_sound()


def test_above_the_cap_the_rest_goes_to_elders_in_hardship(cast: Cast) -> None:
    # At most two hours may be kept.
    rules_become(balance__cap_minutes=120)
    helps(cast.li, 100)
    assert (has(cast.li), commons()) == (Has(own=100), 0)

    # Another hour: twenty minutes still fit, forty go to the commons.
    visit_id = helps(cast.li, 60)
    assert (has(cast.li), commons(), pool()) == (Has(own=120), 40, -160)

    # Sent again, it is the same visit.
    helps(cast.li, 60, visit_id=visit_id)
    assert (has(cast.li), commons(), pool()) == (Has(own=120), 40, -160)

    # When the account is full, all of it goes there.
    helps(cast.li, 30)
    assert (has(cast.li), commons(), pool()) == (Has(own=120), 70, -190)
    assert is_sound()


def test_the_same_visit_with_other_minutes_is_a_conflict(cast: Cast) -> None:
    visit_id = helps(cast.li, 60)
    policy = Policy(cast.li.area_code, clock.today(), "pol_defaults", default_values())
    again = {"person": cast.li, "visit_id": visit_id, "event_at": clock.now(), "policy": policy}
    is_refused("ledger.key_reused", ledger.earn, minutes=75, **again)
    assert has(cast.li) == Has(own=60)


def test_a_group_sings_and_the_hours_go_to_elders_in_hardship(cast: Cast) -> None:
    minutes = {cast.li.id: 60, cast.zhang.id: 45}
    group = {"area_code": cast.li.area_code, "session_id": "grp_autumn", "event_at": clock.now()}
    made = does(ledger.record_group_session, minutes_by_person=minutes, **group)
    assert len({transfer.journal_id for transfer in made}) == 1
    assert (has(cast.li), has(cast.zhang), commons(), pool()) == (Has(), Has(), 105, -105)

    # Written down twice, it counts once.
    does(ledger.record_group_session, minutes_by_person=minutes, **group)
    assert commons() == 105

    # Nobody writes their own hours, and somebody must have helped.
    li = Actor("usr_li", Role.VOLUNTEER, cast.li.area_code, person_id=cast.li.id)
    is_refused("ledger.own_hours", ledger.record_group_session, actor=li, minutes_by_person=minutes, **group)
    is_refused("ledger.nobody_helped", ledger.record_group_session, minutes_by_person={}, **group)


def test_where_the_rule_says_so_group_hours_are_each_helpers_own(cast: Cast) -> None:
    rules_become(group__hours_mode="personal")
    group = {"area_code": cast.li.area_code, "session_id": "grp_autumn", "event_at": clock.now()}
    does(ledger.record_group_session, minutes_by_person={cast.li.id: 60}, **group)
    assert (has(cast.li), commons(), pool()) == (Has(own=60), 0, -60)


def test_a_helper_whose_book_is_full_stops_no_session_of_a_group(cast: Cast) -> None:
    rules_become(group__hours_mode="personal", balance__cap_minutes=60)
    helps(cast.li, 45)
    group = {"area_code": cast.li.area_code, "session_id": "grp_autumn", "event_at": clock.now()}
    minutes = {cast.li.id: 60, cast.zhang.id: 60}
    made = does(ledger.record_group_session, minutes_by_person=minutes, **group)
    assert (has(cast.li), has(cast.zhang), commons(), pool()) == (Has(own=60), Has(own=60), 45, -165)
    assert len({transfer.journal_id for transfer in made}) == 1

    # Written down twice, it counts once.
    does(ledger.record_group_session, minutes_by_person=minutes, **group)
    assert (commons(), pool()) == (45, -165)


def test_the_pool_owes_only_as_much_as_its_fund_backs(cast: Cast, at: At) -> None:
    # The fund backs ten hours.
    rules_become(pool__backed_minutes=600)
    helps(cast.li, 300)
    helps(cast.zhang, 299)
    assert pool() == -599

    # One minute is left. An hour does not fit, and nothing is written.
    policy = Policy(cast.li.area_code, clock.today(), "pol_defaults", default_values())
    visit = {"person": cast.li, "event_at": clock.now(), "policy": policy}
    is_refused("ledger.fund_too_small", ledger.earn, minutes=60, visit_id="vis_too_much", **visit)
    is_refused("ledger.fund_too_small", ledger.earn, minutes=2, visit_id="vis_too_much", **visit)
    helps(cast.li, 1)
    assert pool() == -600

    # It holds after the rows are sealed and counted, too.
    does(ledger.seal_new_rows)
    is_refused("ledger.fund_too_small", ledger.earn, minutes=1, visit_id="vis_too_much", **visit)

    # The next day the bureau puts more into the fund, and the hour counts.
    at("2026-11-04 09:00")
    rules_become(pool__backed_minutes=660)
    helps(cast.li, 60)
    assert (pool(), is_sound()) == (-660, True)


def test_twenty_hours_are_taken_over_from_the_paper_passbook(cast: Cast) -> None:
    page = {"person": cast.ran_daye, "minutes": 1_200, "event_at": clock.now()}
    is_refused("ledger.second_person", ledger.enter_opening, second_user_id="", evidence="book 3, page 7", **page)
    is_refused("ledger.no_evidence", ledger.enter_opening, second_user_id="usr_wu", evidence=" ", **page)
    is_refused(
        "ledger.second_person",
        ledger.enter_opening,
        second_user_id=SYSTEM.user_id,
        evidence="book 3, page 7",
        **page,
    )
    does(ledger.enter_opening, second_user_id="usr_wu", evidence="book 3, page 7", **page)
    assert (has(cast.ran_daye), pool()) == (Has(own=1_200), -1_200)

    # A passbook is taken over once.
    other = page | {"minutes": 1_300}
    is_refused("ledger.key_reused", ledger.enter_opening, second_user_id="usr_wu", evidence="book 3, page 8", **other)
    assert is_sound()


def test_a_visit_of_a_closed_month_is_booked_in_the_first_open_one_with_its_true_date(cast: Cast, at: At) -> None:
    from tests.stories.closing import close

    helped_at = clock.now()
    helps(cast.zhang, 30)
    at("2026-12-05 09:00")
    close("2026-11")
    policy = Policy(cast.li.area_code, clock.today(), "pol_defaults", default_values())
    made = does(ledger.earn, person=cast.li, minutes=60, visit_id="vis_late", event_at=helped_at, policy=policy)
    assert (made[0].book_month, made[0].event_at) == ("2026-12", helped_at)
    assert (has(cast.li), is_sound()) == (Has(own=60), True)
