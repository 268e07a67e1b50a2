"""What nobody should send, and what is answered: a named refusal with its field and remedy, and nothing written."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from tests.cast import Cast
from tests.fixtures.site import At
from tests.stories.closing import close
from tests.stories.hours import does, has, helps, is_refused
from timebank.core import clock, months
from timebank.core.actors import SYSTEM
from timebank.core.db import reading, transaction
from timebank.core.errors import BadInput, TimebankError
from timebank.core.minutes import parse_minutes
from timebank.ledger import operations as ledger
from timebank.ledger import queries
from timebank.ledger.models import Reason, Transfer
from timebank.ledger.rules import Posting

POST: dict[str, Any] = {
    "key": "bad:1",
    "debit_account_id": "acc_from",
    "credit_account_id": "acc_to",
    "minutes": 60,
    "reason": Reason.EARN,
    "source_id": "vis_1",
    "policy_version": "pol_defaults",
    "area_code": "500156",
}


@pytest.mark.parametrize("minutes", [0, -1, -60, 1_000_000, "60", "６０", "sixty", 60.0, 1.5, True, None])
def test_minutes_that_are_no_minutes(minutes: object) -> None:
    with pytest.raises(BadInput) as refused:
        Posting(**POST | {"minutes": minutes}, event_at=clock.now())
    assert (refused.value.code, refused.value.field) == ("ledger.bad_minutes", "minutes")


@pytest.mark.parametrize(
    "raw", ["0", "-5", "+5", "1000000", "", " ", "sixty", "６０", "1.5", "1e3", "²", "6 0", "0x10"]
)
def test_minutes_as_somebody_writes_them(raw: str) -> None:
    with pytest.raises(BadInput) as refused:
        parse_minutes(raw, field="minutes")
    assert refused.value.field == "minutes"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"key": ""}, "ledger.bad_key"),
        ({"key": "x" * 121}, "ledger.bad_key"),
        ({"key": "line\nbreak"}, "ledger.bad_key"),
        ({"source_id": ""}, "ledger.bad_source"),
        ({"source_id": "a\nb"}, "ledger.bad_source"),
        ({"credit_account_id": "acc_from"}, "ledger.same_account"),
    ],
)
def test_postings_that_cannot_be_meant(change: dict[str, object], code: str) -> None:
    with pytest.raises(BadInput) as refused:
        Posting(**POST | change, event_at=clock.now())
    assert refused.value.code == code


@pytest.mark.parametrize(
    "month", ["2026-13", "2026-00", "1999-12", "2026-1", "２０２６-11", "november", "", "2026-11-01"]
)
def test_months_that_do_not_exist(month: str) -> None:
    with pytest.raises(BadInput) as refused:
        months.parse_month(month)
    assert refused.value.field == "month"


def refused_alike(cast: Cast, posting: Posting, code: str) -> None:
    """Refused when posted alone and when posted in a batch, with the same code; nothing is written either way."""
    before = balances(cast)
    with pytest.raises(TimebankError) as alone, transaction() as session:
        ledger.post(session, actor=SYSTEM, posting=posting)
    with transaction() as session:
        (outcome,) = ledger.post_batch(session, actor=SYSTEM, postings=[posting])
    assert outcome.refusal is not None
    assert (alone.value.code, outcome.refusal.code) == (code, code)
    assert balances(cast) == before


def balances(cast: Cast) -> tuple[object, ...]:
    with reading() as session:
        keys = session.exec(select(Transfer.key).order_by(Transfer.key)).all()
    return (has(cast.li), has(cast.zhang), keys)


def change_of(cast: Cast) -> Callable[..., Posting]:
    """A posting from Li Jie to Zhang Ge that would pass, with something changed."""
    with reading() as session:
        sides = [queries.account_of(session, person.id) for person in (cast.li, cast.zhang)]
    ids = [account.id for account in sides if account]
    usual = POST | {"debit_account_id": ids[0], "credit_account_id": ids[1], "event_at": clock.now()}
    return lambda **change: Posting(**usual | change)


def test_what_the_ledger_refuses_is_refused_alike_alone_and_in_a_batch(cast: Cast) -> None:
    helps(cast.li, 60)
    helps(cast.zhang, 30)
    posting = change_of(cast)
    refused_alike(cast, posting(minutes=61), "ledger.floor_reached")
    refused_alike(cast, posting(debit_account_id="acc_unknown"), "ledger.no_such_account")
    refused_alike(cast, posting(credit_account_id="acc_unknown"), "ledger.no_such_account")
    refused_alike(cast, posting(event_at=clock.now() + timedelta(days=3)), "ledger.event_in_future")
    does(ledger.post, posting=posting(minutes=20))
    refused_alike(cast, posting(minutes=21), "ledger.key_reused")
    refused_alike(cast, posting(minutes=20, source_id="vis_2"), "ledger.key_reused")
    assert does(ledger.post, posting=posting(minutes=20)).minutes == 20


def test_one_bad_item_hides_no_other_and_order_counts(cast: Cast) -> None:
    """Li has an hour: she can pass on what Zhang passes back, but not before he does."""
    helps(cast.li, 60)
    helps(cast.zhang, 30)
    forth = change_of(cast)
    back = {"debit_account_id": forth().credit_account_id, "credit_account_id": forth().debit_account_id}
    batch = [
        forth(key="1", minutes=60),
        forth(key="2", minutes=10),  # nothing left
        forth(key="3", **back, minutes=90),
        forth(key="4", minutes=90),
        forth(key="5", credit_account_id="acc_unknown"),
        forth(key="1", minutes=60),  # sent again
    ]
    with transaction() as session:
        outcomes = ledger.post_batch(session, actor=SYSTEM, postings=batch)
    codes = [outcome.refusal.code if outcome.refusal else outcome.repeated for outcome in outcomes]
    assert codes == [False, "ledger.floor_reached", False, False, "ledger.no_such_account", True]
    assert (has(cast.li).own, has(cast.zhang).own) == (0, 90)
    with transaction() as session:
        again = ledger.post_batch(session, actor=SYSTEM, postings=batch)
    assert [outcome.repeated for outcome in again] == [True, False, True, True, False, True]
    assert (has(cast.li).own, has(cast.zhang).own) == (0, 90)


def test_a_month_that_is_closed_gets_no_gifts_and_a_clock_three_days_behind_writes_nothing(cast: Cast, at: At) -> None:
    helps(cast.li, 60)
    at("2026-12-05 09:00")
    close("2026-11")
    is_refused("ledger.month_closed", ledger.give_gifts, area_code="500156", month="2026-11")
    happened_at = clock.now()
    at("2026-12-02 09:00")  # the clock of this computer fell back by three days
    asked = Posting(**POST | {"event_at": happened_at, "debit_account_id": "a", "credit_account_id": "b"})
    is_refused("ledger.event_in_future", ledger.post, posting=asked)
