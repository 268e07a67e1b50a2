"""A register is taken over whole or not at all; every fault is named by line and column."""

import io

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from tests import factories as make
from tests.cast import Cast
from tests.fixtures.site import SignIn
from timebank.core import db
from timebank.core.actors import Actor, Role
from timebank.core.errors import BadInput
from timebank.exchange.operations import ImportReport, import_people
from timebank.people.models import Household, Person

HEAD = "组代码,门牌,标志物,姓名,性别,出生日期,老人,志愿者\n"
GOOD = f"{make.GROUP},31,老水井旁,龙婆婆,女,1941-03-07,是,否\n{make.GROUP},32,晒坝边,熊姐,女,1970/5/6,否,是\n"
COORDINATOR = Actor("usr_zhou", Role.COORDINATOR, make.TOWNSHIP)


def take_over(text: str | bytes, actor: Actor = COORDINATOR) -> ImportReport:
    raw = text.encode() if isinstance(text, str) else text
    with db.transaction() as session:
        return import_people(session, actor=actor, raw=raw)


def count() -> tuple[int, int]:
    with db.reading() as session:
        people, homes = (session.exec(select(sa.func.count()).select_from(t)).one() for t in (Person, Household))
    return people, homes


def places(report: ImportReport) -> list[tuple[int, str]]:
    return [(fault.line, fault.column) for fault in report.faults]


def test_a_register_is_taken_over_with_its_homes(cast: Cast) -> None:
    before = count()
    report = take_over(HEAD + GOOD)
    assert (report.registered, report.known, report.homes, report.faults) == (2, 0, 2, [])
    assert count() == (before[0] + 2, before[1] + 2)
    with db.reading() as session:
        elder = session.exec(select(Person).where(col(Person.name) == "龙婆婆")).one()
    assert elder.household_code == f"{make.GROUP}-0031" and elder.elder_since_on and not elder.volunteer_since_on


def test_sent_again_it_changes_nothing(cast: Cast) -> None:
    take_over(HEAD + GOOD)
    before = count()
    report = take_over(HEAD + GOOD)
    assert (report.registered, report.known) == (0, 2)
    assert count() == before


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_the_encodings_of_spreadsheets_are_read(cast: Cast, encoding: str) -> None:
    rare = GOOD.replace("龙婆婆", "䶮婆婆")  # a name that GBK cannot write
    assert take_over((HEAD + rare).encode(encoding)).registered == 2


@pytest.mark.parametrize(
    ("line", "column"),
    [
        (f"{make.GROUP},0,老水井旁,龙婆婆,女,1941-03-07,是,否", "门牌"),
        (f"{make.GROUP},３１,老水井旁,龙婆婆,女,1941-03-07,是,否", "门牌"),
        (f"{make.GROUP},31,,龙婆婆,女,1941-03-07,是,否", "标志物"),
        (f"{make.GROUP},31,老水井旁,,女,1941-03-07,是,否", "姓名"),
        (f"{make.GROUP},31,老水井旁,龙婆婆,是,1941-03-07,是,否", "性别"),
        (f"{make.GROUP},31,老水井旁,龙婆婆,女,1941-02-30,是,否", "出生日期"),
        (f"{make.GROUP},31,老水井旁,龙婆婆,女,15042,是,否", "出生日期"),
        (f"{make.GROUP},31,老水井旁,龙婆婆,女,1941-03-07,也许,否", "老人"),
        (f"{make.OTHER_GROUP},31,老水井旁,龙婆婆,女,1941-03-07,是,否", "组代码"),
        ("5001561,31,老水井旁,龙婆婆,女,1941-03-07,是,否", "组代码"),
        (f"{make.GROUP},31,老水井旁,小龙,女,2020-03-07,否,是", "出生日期"),
    ],
)
def test_one_wrong_cell_is_named_and_nothing_is_written(cast: Cast, line: str, column: str) -> None:
    before = count()
    report = take_over(HEAD + GOOD + line + "\n")
    assert places(report) == [(4, column)]
    assert count() == before


def test_every_fault_of_a_file_is_named_at_once(cast: Cast) -> None:
    bad = f"{make.GROUP},31,,龙婆婆,不,1941-03-07,是,否\n{make.GROUP},x,桥头,熊姐,女,1970-13-01,否,是\n"
    assert places(take_over(HEAD + bad)) == [(2, "标志物"), (2, "性别"), (3, "门牌"), (3, "出生日期")]


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "csv.empty"),
        (b"\x80\xff", "csv.encoding"),
        (b"PK\x03\x04\x00\x00", "csv.signs"),
        ("姓名,星座\n".encode(), "csv.columns"),
        ("姓名,姓名\n".encode(), "csv.columns"),
        ("姓名\n陈婆婆\n".encode(), "csv.columns"),
        ((HEAD + '"开着的引号,1\n').encode(), "csv.unreadable"),
        ((HEAD + GOOD.strip() + ",多余,的\n").encode(), "csv.unreadable"),
    ],
)
def test_what_is_no_table_is_refused_with_a_reason(cast: Cast, raw: bytes, code: str) -> None:
    with pytest.raises(BadInput) as refusal:
        take_over(raw)
    assert refusal.value.code == code


def test_a_cell_that_is_too_long_is_a_fault_of_its_line(sign_in: SignIn, caplog: pytest.LogCaptureFixture) -> None:
    coordinator, raw = sign_in(Role.COORDINATOR), (HEAD.strip() + ",方言\n" + GOOD.splitlines()[0] + "," + "山" * 21)
    coordinator.visit("/imports/people?lang=zh")
    page = coordinator.submit("/imports/people", status=400, file=(io.BytesIO(raw.encode()), "register.csv"))
    assert "第 2 行" in page and "方言" in page
    assert "龙婆婆" not in caplog.text and "1941" not in caplog.text


def test_what_the_database_refuses_is_told_without_names(database: sa.Engine) -> None:
    with pytest.raises(sa.exc.DBAPIError) as refusal, db.transaction() as session:
        session.connection().execute(sa.text("INSERT INTO nowhere VALUES (:name)"), {"name": "龙婆婆"})
    assert "nowhere" in str(refusal.value) and "龙婆婆" not in str(refusal.value)


def test_the_page_names_line_and_column_in_the_readers_language(sign_in: SignIn) -> None:
    coordinator = sign_in(Role.COORDINATOR)
    raw = (HEAD + f"{make.GROUP},31,老水井旁,龙婆婆,女,1941-02-30,是,否\n").encode()
    for locale, words in (("zh", ("第 2 行", "出生日期", "年-月-日")), ("en", ("Line 2", "year-month-day"))):
        coordinator.visit(f"/imports/people?lang={locale}")
        page = coordinator.submit("/imports/people", status=400, file=(io.BytesIO(raw), "register.csv"))
        assert all(word in page for word in words)
