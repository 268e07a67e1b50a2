"""Stories of hours that are used: held, drawn, freed, given for a month, lapsed, expired."""

from datetime import date

from tests.cast import Cast
from tests.fixtures.site import At
from tests.stories.closing import close
from tests.stories.hours import Has, does, has, helps, is_refused, is_sound, pool, rules_become
from timebank.core import clock
from timebank.core.db import reading, transaction
from timebank.ledger import operations as ledger
from timebank.ledger import queries
from timebank.people.models import Person

DISTRICT = "500156"


def lives_alone(person: Person) -> None:
    """He has been on the list of elders living alone since October."""
    with transaction() as session:
        elder = session.get_one(Person, person.id)
        elder.tags, elder.elder_since_on = ["living_alone"], date(2026, 10, 1)


def saved_up(cast: Cast, minutes: int) -> None:
    """Ran Daye helped his neighbours when he was younger."""
    does(
        ledger.enter_opening,
        person=cast.ran_daye,
        minutes=minutes,
        event_at=clock.now(),
        second_user_id="usr_wu",
        evidence="book 3, page 7",
    )


def asks(cast: Cast, minutes: int, visit_id: str) -> str:
    return str(does(ledger.hold, person_id=cast.ran_daye.id, minutes=minutes, source_id=visit_id).id)


def test_ran_daye_asks_for_two_hours_is_helped_for_ninety_minutes_and_keeps_the_rest(cast: Cast) -> None:
    saved_up(cast, 180)
    hold_id = asks(cast, 120, "vis_1")
    assert has(cast.ran_daye) == Has(own=180, held=120)

    # What is promised cannot be promised again.
    is_refused("ledger.floor_reached", ledger.hold, person_id=cast.ran_daye.id, minutes=61, source_id="vis_2")
    asks(cast, 120, "vis_1")
    assert has(cast.ran_daye) == Has(own=180, held=120)

    # Zhang Ge came for ninety minutes.
    does(ledger.capture, hold_id=hold_id, minutes=90, event_at=clock.now())
    assert (has(cast.ran_daye), pool()) == (Has(own=90), -90)

    # The hold is over: neither drawn nor freed a second time.
    is_refused("ledger.hold_is_over", ledger.capture, hold_id=hold_id, minutes=30, event_at=clock.now())
    is_refused("ledger.hold_is_over", ledger.release, hold_id=hold_id)
    is_refused("ledger.no_such_hold", ledger.release, hold_id="hld_unknown")
    assert is_sound()


def test_a_visit_that_is_called_off_frees_the_hours(cast: Cast) -> None:
    saved_up(cast, 120)
    does(ledger.release, hold_id=asks(cast, 120, "vis_1"))
    assert (has(cast.ran_daye), is_sound()) == (Has(own=120), True)


def test_nobody_came_and_after_three_days_the_hours_are_free(cast: Cast, at: At) -> None:
    saved_up(cast, 120)
    asks(cast, 60, "vis_1")
    at("2026-11-06 08:59")
    assert does(ledger.release_expired_holds) == 0
    at("2026-11-06 09:01")
    assert does(ledger.release_expired_holds) == 1
    assert (has(cast.ran_daye), is_sound()) == (Has(own=120), True)


def test_who_is_too_young_saves_now_and_draws_later(cast: Cast) -> None:
    helps(cast.li, 60)
    is_refused("ledger.too_young_to_draw", ledger.hold, person_id=cast.li.id, minutes=30, source_id="vis_1")


def test_the_gift_of_the_month_is_used_first_and_what_is_left_goes_back(cast: Cast, at: At) -> None:
    lives_alone(cast.ran_daye)
    saved_up(cast, 60)
    does(ledger.give_gifts, area_code=DISTRICT, month="2026-11")
    assert (has(cast.ran_daye), pool()) == (Has(own=60, gift=180), -240)

    # Given twice, it is there once.
    does(ledger.give_gifts, area_code=DISTRICT, month="2026-11")
    assert has(cast.ran_daye) == Has(own=60, gift=180)

    # Two hours of help come out of the gift.
    does(ledger.capture, hold_id=asks(cast, 120, "vis_1"), minutes=120, event_at=clock.now())
    assert has(cast.ran_daye) == Has(own=60, gift=60)

    # Ninety minutes more: the last hour of the gift, and half an hour of his own.
    hold_id = asks(cast, 90, "vis_2")
    assert has(cast.ran_daye) == Has(own=60, gift=60, held=90)
    does(ledger.capture, hold_id=hold_id, minutes=75, event_at=clock.now())
    assert has(cast.ran_daye) == Has(own=45, gift=0)

    # In December he gets a new one. November's lapses, December's stays.
    at("2026-12-01 08:00")
    does(ledger.give_gifts, area_code=DISTRICT, month="2026-12")
    assert has(cast.ran_daye) == Has(own=45, gift=180)
    does(ledger.lapse_gifts, area_code=DISTRICT, month="2026-11")
    assert has(cast.ran_daye) == Has(own=45, gift=180)
    at("2027-01-01 08:00")
    does(ledger.lapse_gifts, area_code=DISTRICT, month="2026-12")
    assert (has(cast.ran_daye), pool()) == (Has(own=45), -45)
    assert is_sound()


def test_a_gift_that_was_not_used_goes_before_the_next_one_comes(cast: Cast, at: At) -> None:
    lives_alone(cast.ran_daye)
    does(ledger.give_gifts, area_code=DISTRICT, month="2026-11")
    hold_id = asks(cast, 30, "vis_1")
    at("2026-12-01 08:00")
    does(ledger.give_gifts, area_code=DISTRICT, month="2026-12")
    assert has(cast.ran_daye) == Has(gift=210, held=30)  # half an hour is promised still

    # The visit is called off: that half hour is November's and goes with the next month's end.
    does(ledger.release, hold_id=hold_id)
    does(ledger.lapse_gifts, area_code=DISTRICT, month="2026-11")
    assert has(cast.ran_daye) == Has(gift=210)
    at("2027-01-02 08:00")
    does(ledger.lapse_gifts, area_code=DISTRICT, month="2026-12")
    assert (has(cast.ran_daye), pool(), is_sound()) == (Has(), 0, True)


def test_gifts_only_for_a_month_that_has_begun_and_is_open_and_that_the_fund_backs(cast: Cast, at: At) -> None:
    lives_alone(cast.ran_daye)
    gift = ledger.give_gifts
    is_refused("core.not_a_month", gift, area_code=DISTRICT, month="2026-13")
    is_refused("core.not_a_month", gift, area_code=DISTRICT, month="２０２６-11")
    is_refused("ledger.month_not_begun", gift, area_code=DISTRICT, month="2026-12")
    is_refused("ledger.month_not_over", ledger.lapse_gifts, area_code=DISTRICT, month="2026-11")
    rules_become(pool__backed_minutes=179)
    is_refused("ledger.fund_too_small", gift, area_code=DISTRICT, month="2026-11")
    at("2026-12-05 08:00")
    close("2026-11")
    is_refused("ledger.month_closed", gift, area_code=DISTRICT, month="2026-11")
    assert (has(cast.ran_daye), pool()) == (Has(), 0)


def test_hours_expire_where_the_rule_says_so_the_oldest_first(cast: Cast, at: At) -> None:
    # Unused hours go after two months.
    rules_become(credit__expires_after_months=2)
    saved_up(cast, 100)
    does(ledger.capture, hold_id=asks(cast, 30, "vis_1"), minutes=30, event_at=clock.now())
    at("2026-12-10 09:00")
    helps(cast.ran_daye, 60)
    assert has(cast.ran_daye) == Has(own=130)

    # At the end of December November's hours are one month old.
    at("2027-01-02 09:00")
    does(ledger.expire_hours, area_code=DISTRICT, month="2026-12")
    assert has(cast.ran_daye) == Has(own=130)
    with reading() as session:
        account = queries.account_of(session, cast.ran_daye.id)
        assert account is not None
        soon = queries.expiring(session, DISTRICT, "2027-01", account.id)
        assert [minutes for _, minutes in soon] == [70]

    # At the end of January what is left of them goes; the thirty he used were the oldest.
    at("2027-02-02 09:00")
    does(ledger.expire_hours, area_code=DISTRICT, month="2027-01")
    assert (has(cast.ran_daye), pool()) == (Has(own=60), -60)
    does(ledger.expire_hours, area_code=DISTRICT, month="2027-01")
    assert has(cast.ran_daye) == Has(own=60)
    assert is_sound()


def test_hours_never_expire_unless_a_rule_says_so(cast: Cast, at: At) -> None:
    saved_up(cast, 100)
    at("2036-11-03 09:00")
    does(ledger.expire_hours, area_code=DISTRICT, month="2036-10")
    assert has(cast.ran_daye) == Has(own=100)
