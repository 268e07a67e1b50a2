"""The first month of the books: an old paper register or a mistyped year opens no old month, and no job dies of it."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import select

from tests import factories as make
from tests.cast import Cast
from tests.fixtures.site import At, SignIn
from tests.statements.books import village
from tests.statements.conftest import Earn
from tests.stories.closing import close as begins_after
from timebank import config, jobs
from timebank.core import clock, db
from timebank.core.actors import SYSTEM, Role
from timebank.core.errors import NotFound
from timebank.core.text import T
from timebank.ledger import operations as ledger
from timebank.ledger.models import Transfer
from timebank.people.models import Person
from timebank.statements.models import MonthRun, Statement
from timebank.statements.queries import close_is_due

BEGIN = clock.at_local(date(2026, 11, 3), 9 * 60)


@pytest.fixture
def people(database: sa.Engine) -> Iterator[list[Person]]:
    """Two members of a district whose books begin in November 2026."""
    with clock.frozen(BEGIN), db.transaction() as session:
        for code in sorted((make.DISTRICT, make.TOWNSHIP, make.VILLAGE, make.GROUP), key=len):
            make.area(session=session, code=code)
        ledger.open_common_accounts(session, actor=SYSTEM, district_code=make.DISTRICT)
        made = village(session, members=2)
    with clock.frozen(BEGIN):
        yield made


def take_over(person: Person, on: date) -> Transfer:
    with db.transaction() as session:
        return ledger.enter_opening(
            session,
            actor=SYSTEM,
            person=person,
            minutes=600,
            event_at=clock.at_local(on, 0),
            second_user_id="usr_second",
            evidence="register 1",
        )


def settings_of(database: sa.Engine, folder: Path) -> config.Settings:
    url = database.url.render_as_string(hide_password=False)
    return config.load(data_dir=folder / "data", database_url=url, session_key="a session key for tests only")


@pytest.mark.parametrize("on", [date(2015, 3, 1), date(1926, 11, 2)])
def test_hours_of_an_old_register_stand_in_the_first_month_with_their_true_date(
    people: list[Person], database: sa.Engine, tmp_path: Path, on: date
) -> None:
    made = take_over(people[0], on)
    assert (made.book_month, clock.local_date(made.event_at)) == ("2026-11", on)
    with clock.frozen(clock.at_local(date(2026, 12, 5), 600)):
        with db.reading() as session:
            assert close_is_due(session, 5) == "2026-11"
        jobs.catch_up(settings_of(database, tmp_path))
    with db.reading() as session:
        assert session.exec(select(MonthRun.month)).all() == ["2026-11"]
        sheet = session.exec(select(Statement).where(Statement.account_id == made.credit_account_id)).one()
    assert [(line["on"], line["late"], line["minutes"]) for line in sheet.lines] == [(on.isoformat(), True, 600)]


def test_nothing_is_due_before_the_first_entry(people: list[Person]) -> None:
    with clock.frozen(BEGIN + timedelta(days=100)), db.reading() as session:
        assert close_is_due(session, 5) is None


def test_a_job_that_is_refused_for_any_reason_stops_no_other(
    people: list[Person], database: sa.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise NotFound("statements.test", T("There is nothing here."))

    monkeypatch.setattr(jobs, "close_month", refuse)
    take_over(people[0], date(2026, 11, 2))
    with clock.frozen(clock.at_local(date(2026, 12, 5), 600)):
        jobs.catch_up(settings_of(database, tmp_path))
    assert (tmp_path / "data" / "seals" / "seals.jsonl").read_text()  # the jobs after the close have run


def test_a_file_of_seals_that_cannot_be_written_stops_no_job(
    people: list[Person], database: sa.Engine, tmp_path: Path
) -> None:
    take_over(people[0], date(2026, 11, 2))
    settings = settings_of(database, tmp_path)
    (settings.data_dir / "seals").write_text("in the way of the folder")
    with clock.frozen(clock.at_local(date(2026, 12, 5), 600)):
        jobs.catch_up(settings)
    with db.reading() as session:
        assert session.exec(select(MonthRun.month)).all() == ["2026-11"]


def test_the_page_offers_the_oldest_month_that_is_open(cast: Cast, earn: Earn, sign_in: SignIn, at: At) -> None:
    earn(cast.li, on=date(2026, 9, 20))
    office = sign_in(Role.BUREAU)
    assert "/months/2026-09/close" in office.visit("/months")
    office.submit("/months/2026-09/close")
    assert "/months/2026-10/close" in office.visit("/months")


def test_a_month_before_the_books_is_neither_offered_nor_closed(cast: Cast, sign_in: SignIn) -> None:
    begins_after("2026-10")
    office = sign_in(Role.BUREAU)
    page = office.visit("/months")
    assert "there is nothing to close" in page and "/months/2026-10/close" not in page
    for month in ("2026-10", "2019-01"):
        assert office.send(f"/months/{month}/close").status_code == 409
    with db.reading() as session:
        assert session.exec(select(MonthRun)).first() is None
