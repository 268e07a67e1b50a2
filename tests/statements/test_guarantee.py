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
from timebank.core.actors import Role
from timebank.ledger.models import HourAccount
from timebank.statements.guarantee_queries import guarantee_of
from timebank.statements.passbook_queries import lots_of


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
    owed = [row for row in rows if row["figure"] == "owed"]
    assert sum(int(row["minutes"]) for row in owed) == 105
    assert {row["area_code"] for row in owed} == {make.TOWNSHIP, make.OTHER_TOWNSHIP}
    single = {row["figure"]: int(row["minutes"]) for row in rows if row["figure"] not in ("owed", "projected_draw")}
    assert (single["pool_owes"], single["given_last_12_months"], single["drawn_last_12_months"]) == (105, 105, 0)


@pytest.mark.parametrize("role", [Role.VOLUNTEER, Role.ASSISTANT, Role.COORDINATOR])
def test_others_do_not_see_it(cast: Cast, sign_in: SignIn, role: Role) -> None:
    sign_in(role).visit("/guarantee", status=403)


def test_a_foreign_township_is_as_absent_as_none(cast: Cast, sign_in: SignIn) -> None:
    for code in (make.OTHER_TOWNSHIP, "999999999"):
        sign_in(Role.SUPERVISOR).visit(f"/guarantee?area_code={code}", status=404)
