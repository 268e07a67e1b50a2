"""The guarantee: what is owed is what the books hold; what backs it; when it will be asked for."""

import csv
import io
from datetime import date
from random import Random

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from tests import factories as make
from tests.cast import Cast
from tests.fixtures.site import SignIn
from tests.statements import books
from tests.statements.conftest import Earn
from timebank.core import clock, db
from timebank.core.actors import SYSTEM, Role
from timebank.ledger import operations as ledger
from timebank.ledger.models import AccountKind, HourAccount, Reason
from timebank.ledger.queries import account_of, pool_of
from timebank.ledger.rules import Posting
from timebank.statements.guarantee_queries import guarantee_of
from timebank.statements.passbook_queries import lots_of
from timebank.visits.models import Visit


def test_what_is_owed_is_what_the_books_hold(database: sa.Engine) -> None:
    with clock.frozen(clock.at_local(date(2025, 9, 1), 0)), db.transaction() as session:
        people = books.village(session, members=12, gifts=3)
        for month in ("2025-10", "2025-12", "2026-02"):
            books.busy_month(session, Random(3), people, month, entries=20)
    with clock.frozen(clock.at_local(date(2026, 3, 1), 600)), db.reading() as session:
        found = guarantee_of(session, make.DISTRICT)
        accounts = session.exec(select(HourAccount).where(col(HourAccount.person_id).is_not(None))).all()
        by_year: dict[str, int] = {}
        for account in accounts:
            for lot in lots_of(session, account):
                by_year[str(lot.on.year)] = by_year.get(str(lot.on.year), 0) + lot.minutes
    assert found.to_members == sum(account.balance_minutes for account in accounts)
    assert found.by("year") == dict(sorted(by_year.items()))
    assert found.by("township_code") == {make.TOWNSHIP: found.to_members}
    assert set(found.by("band")) == {"60-69", "80 and over"}
    assert found.pool_owes == found.to_members + (found.commons or 0)


def test_own_hours_and_gifts_are_drawn_and_projected_apart(database: sa.Engine) -> None:
    with clock.frozen(clock.at_local(date(2026, 3, 2), 600)), db.transaction() as session:
        elder, helper = books.village(session, members=2, gifts=1)
        ledger.give_gifts(session, actor=SYSTEM, area_code=make.DISTRICT, month="2026-03")
        own, gift = account_of(session, helper.id), account_of(session, elder.id, AccountKind.GIFT)
        assert own is not None and gift is not None
        pool, visit = pool_of(session, make.DISTRICT).id, books.settled_visit(session, elder, clock.today())
        earned = books.earned(session, visit, own, minutes=600)
        posted = [earned, redeemed(visit, own.id, pool, 60), redeemed(visit, gift.id, pool, 180)]
        outcomes = ledger.post_batch(session, actor=SYSTEM, postings=posted)
        assert all(one.transfer_id for one in outcomes)
        found = guarantee_of(session, make.DISTRICT)
    assert (found.given_last_year, found.drawn_last_year, found.gifts_used_last_year) == (600, 60, 180)
    assert found.draw_percent == 10  # as the policy expects: gifts that are used up say nothing about saved hours
    assert {year.gifts for year in found.projection} == {180}
    assert 0 < sum(year.minutes - year.gifts for year in found.projection) <= 540


def redeemed(visit: Visit, account_id: str, pool_id: str, minutes: int) -> Posting:
    """What somebody drew for a visit."""
    return Posting(
        key=f"redeem:{visit.id}:{account_id}",
        debit_account_id=account_id,
        credit_account_id=pool_id,
        minutes=minutes,
        reason=Reason.REDEEM,
        source_id=visit.id,
        event_at=clock.now(),
        policy_version="pol_defaults",
        area_code=visit.area_code,
    )


def test_a_township_sees_its_own_part_and_not_the_fund(cast: Cast, earn: Earn, sign_in: SignIn) -> None:
    earn(cast.li, minutes=45)
    earn(cast.yang, minutes=60)
    bureau, township = sign_in(Role.BUREAU).visit("/guarantee"), sign_in(Role.SUPERVISOR).visit("/guarantee")
    assert "1 h 45 min" in bureau and "The fund backs all that is owed" in bureau
    assert "to the minute what the pool owes" in bureau
    assert "45 min" in township and "1 h 45 min" not in township and "Backed by the fund" not in township


def test_the_export_adds_up_to_the_page(cast: Cast, earn: Earn, sign_in: SignIn) -> None:
    earn(cast.li, minutes=45)
    earn(cast.yang, minutes=60)
    answer = sign_in(Role.AUDITOR).get("/guarantee.csv")
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    owed = [row for row in rows if row["Figure"] == "Owed to members"]
    assert sum(int(row["Minutes"]) for row in owed) == 105
    assert {row["Code"] for row in owed} == {make.TOWNSHIP, make.OTHER_TOWNSHIP}
    assert all(row["Place"] and row["Age"] for row in owed)
    single = {row["Figure"]: int(row["Minutes"]) for row in rows if not row["Year"]}
    assert (single["Owed by the pool"], single["Given in twelve months"]) == (105, 105)
    assert single["Own hours drawn in twelve months"] == 0


@pytest.mark.parametrize("role", [Role.VOLUNTEER, Role.ASSISTANT, Role.COORDINATOR])
def test_others_do_not_see_it(cast: Cast, sign_in: SignIn, role: Role) -> None:
    sign_in(role).visit("/guarantee", status=403)


def test_a_foreign_township_is_as_absent_as_none(cast: Cast, sign_in: SignIn) -> None:
    for code in (make.OTHER_TOWNSHIP, "999999999"):
        sign_in(Role.SUPERVISOR).visit(f"/guarantee?area_code={code}", status=404)


def test_who_drew_beyond_zero_makes_no_difference_to_the_pool(cast: Cast, earn: Earn, sign_in: SignIn) -> None:
    """Policy lets a balance fall below zero: what is owed to others is then more than the pool owes in all."""
    earn(cast.li, minutes=600)
    earned = earn(cast.zhang, minutes=45)
    with db.transaction() as session:
        theirs = account_of(session, cast.zhang.id)
        assert theirs is not None
        theirs.floor_minutes = -600
        session.add(theirs)
        session.flush()
        visit = session.get_one(Visit, earned.source_id)
        pool = pool_of(session, make.DISTRICT).id
        (drawn,) = ledger.post_batch(session, actor=SYSTEM, postings=[redeemed(visit, theirs.id, pool, 165)])
        assert drawn.transfer_id
        found = guarantee_of(session, make.DISTRICT)
    assert (found.to_members, found.overdrawn, found.pool_owes) == (600, 120, 480)
    page = sign_in(Role.BUREAU).visit("/guarantee")
    assert "Drawn beyond zero" in page and "to the minute what the pool owes" in page
