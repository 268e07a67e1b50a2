"""Closing a month from the page: once, in order, by the bureau; what waits is listed, carried over or refused."""

import io
import json
from datetime import date

import pytest
from flask import Flask
from pypdf import PdfReader
from sqlmodel import select

from tests.cast import Cast
from tests.fixtures.site import At, SignIn
from tests.statements.conftest import Earn
from timebank.core import db, formats
from timebank.core.actors import SYSTEM, Role
from timebank.core.errors import BadInput, Refused
from timebank.ledger.models import ClosedMonth
from timebank.policies.operations import approve, propose
from timebank.statements.models import MonthRun, Statement
from timebank.statements.operations import close_month
from timebank.visits.models import Visit


def close(month: str) -> None:
    with db.transaction() as session:
        close_month(session, actor=SYSTEM, district_code="500156", month=month)


def runs() -> dict[str, MonthRun]:
    with db.reading() as session:
        return {run.month: run for run in session.exec(select(MonthRun))}


def test_the_bureau_closes_october_and_prints_its_root(cast: Cast, earn: Earn, sign_in: SignIn, at: At) -> None:
    earn(cast.li, on=date(2026, 10, 20))
    office = sign_in(Role.BUREAU)
    assert "Everything is settled." in office.visit("/months")
    assert "October 2026 is closed" in office.submit("/months/2026-10/close")
    assert "This month is closed." in office.visit("/months")
    sheet = office.get("/months/2026-10/root-sheet")
    assert sheet.status_code == 200 and sheet.data.startswith(b"%PDF")
    assert office.send("/months/2026-10/close").status_code == 409
    assert list(runs()) == ["2026-10"]


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ("2026-11-30 10:00", "All months are closed"),
        ("2026-12-02 10:00", "November 2026 is over; it is closed on day 5 of this month"),
        ("2026-12-05 10:00", "November 2026 is to be closed"),
    ],
)
def test_home_says_whether_a_month_is_to_be_closed_and_when(
    cast: Cast, earn: Earn, sign_in: SignIn, at: At, now: str, said: str
) -> None:
    earn(cast.li, on=date(2026, 11, 2))
    at(now)
    assert said in sign_in(Role.BUREAU).visit("/")
    assert said in sign_in(Role.AUDITOR).visit("/")


def test_the_close_is_sealed_and_the_seal_is_kept_outside_the_database(
    app: Flask, cast: Cast, earn: Earn, sign_in: SignIn
) -> None:
    earn(cast.li, on=date(2026, 10, 20))
    office = sign_in(Role.BUREAU)
    office.visit("/months")
    office.send("/months/2026-10/close").close()  # the answer is out: only now the file is written
    seal_id = runs()["2026-10"].seal_id
    lines = (app.extensions["settings"].data_dir / "seals" / "seals.jsonl").read_text().splitlines()
    assert seal_id is not None and json.loads(lines[-1])["id"] == seal_id


@pytest.mark.parametrize("day", ["2026-11-02", "2026-11-05", "2026-11-12"])
def test_a_sheet_bears_the_day_on_which_the_month_was_closed(
    cast: Cast, earn: Earn, sign_in: SignIn, at: At, day: str
) -> None:
    """Before policy's day, on it and after it: by local time, in which half past midnight is not the day before."""
    earn(cast.li, on=date(2026, 10, 20))
    at(f"{day} 00:30")
    close("2026-10")
    with db.reading() as session:
        assert set(session.exec(select(Statement.issued_on))) == {date.fromisoformat(day)}
        run, closed = session.get_one(MonthRun, "2026-10"), session.get_one(ClosedMonth, "2026-10")
        assert run.closed_at == closed.closed_at
        sheet_id = session.exec(select(Statement.id).where(Statement.person_id == cast.li.id)).one()
    at("2026-11-20 09:00")
    li = sign_in(Role.VOLUNTEER)
    printed = li.get(f"/statements/{sheet_id}/sheet.pdf").data
    said = "".join(page.extract_text() for page in PdfReader(io.BytesIO(printed)).pages)
    assert f"Issued on {formats.local_date(date.fromisoformat(day), 'en')}".replace(" ", "") in "".join(said.split())
    at("2026-11-20 09:10")
    assert li.get(f"/statements/{sheet_id}/sheet.pdf").data == printed


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.AUDITOR])
def test_others_see_the_months_but_do_not_close_them(cast: Cast, sign_in: SignIn, role: Role) -> None:
    office = sign_in(role)
    assert "/months/2026-10/close" not in office.visit("/months")
    assert office.send("/months/2026-10/close").status_code == 403
    assert runs() == {}


def test_what_waits_is_carried_over_or_stops_the_close_as_policy_says(
    cast: Cast, on_the_way: Visit, sign_in: SignIn, at: At
) -> None:
    at("2026-12-05 09:00")
    assert "1 visit is not settled yet" in sign_in(Role.BUREAU).visit("/months")
    with db.transaction() as session:
        made = propose(
            session,
            actor=SYSTEM,
            area_code="500156",
            starts_on=date(2026, 12, 5),
            changes={"period.unsettled": "refuse"},
            note_text="",
        )
        version = made.id
    _approve(cast, version)
    at("2027-01-05 09:00")
    with pytest.raises(Refused, match="unsettled_visits"):
        close("2026-12")
    close("2026-11")  # the rule of November still was: carry over
    assert runs()["2026-11"].carried_over == [on_the_way.id]


def _approve(cast: Cast, version_id: str) -> None:
    from timebank.core.actors import Actor

    with db.transaction() as session:
        approve(session, actor=Actor(cast.users["tan"], Role.BUREAU, "500156"), version_id=version_id)


@pytest.mark.parametrize(
    ("month", "code"),
    [("2026-11", "month_not_over"), ("2030-01", "month_not_over"), ("2026-13", "not_a_month"), ("x", "not_a_month")],
)
def test_a_month_that_cannot_be_closed_is_refused(cast: Cast, month: str, code: str) -> None:
    with pytest.raises((Refused, BadInput), match=code):
        close(month)
    assert runs() == {}


def test_months_are_closed_in_order(cast: Cast, earn: Earn) -> None:
    earn(cast.li, on=date(2026, 9, 20))
    with pytest.raises(Refused, match="close_in_order"):
        close("2026-10")
    close("2026-09")
    close("2026-10")
    assert sorted(runs()) == ["2026-09", "2026-10"]


def test_a_month_that_was_passed_over_is_not_closed_behind_the_next(cast: Cast, earn: Earn) -> None:
    earn(cast.li, on=date(2026, 8, 20))
    close("2026-08")
    earn(cast.li, on=date(2026, 10, 20))
    close("2026-10")  # nothing happened in September
    with pytest.raises(Refused, match="closed_already"):
        close("2026-09")
    assert sorted(runs()) == ["2026-08", "2026-10"]
