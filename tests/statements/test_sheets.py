"""What printed sheets promise: tagged for archives and readers, the same bytes every time, one page, no names."""

import csv
import io
from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from openpyxl import load_workbook
from pypdf import PdfReader

from timebank.ledger.models import AccountKind, Seal
from timebank.people.models import Person, Sex
from timebank.policies.queries import Policy
from timebank.policies.rules import default_values
from timebank.statements import sheets
from timebank.statements.models import Certificate, CertificateState, MonthRun, Statement

HEAD = sheets.Letterhead(
    scheme="互助时间",
    district="武隆区",
    base_url="http://127.0.0.1:8000",
    policy=Policy("500156", date(2026, 10, 31), "pol_defaults", default_values()),
    root="0123456789abcdef" * 4,
)
PERSON = Person(
    id="per_x",
    household_code="50015610120101-0003",
    area_code="50015610120101",
    name="李秀英",
    sex=Sex.FEMALE,
    born_on=date(1950, 1, 1),
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
)

CERTIFICATE = Certificate(
    id="crt_x",
    serial="ZF-500156101-2026-0001",
    proof_code="c" * 32,
    person_id="per_x",
    area_code="50015610120101",
    state=CertificateState.LISTED,
    first_on=date(2026, 10, 1),
    last_on=date(2026, 10, 31),
    minutes=60,
    visits=1,
    services={"visit": 60},
    asked_at=datetime(2026, 11, 1, tzinfo=UTC),
    asked_by="usr_x",
    listed_on=date(2026, 11, 2),
    counts_from_on=date(2026, 11, 9),
    issuer="江口镇",
    handler="吴主任",
)


def line(number: int, **given: object) -> dict[str, object]:
    base = {"transfer": "t", "key": f"k{number}", "on": f"2026-10-{number % 28 + 1:02d}", "reason": "earn"}
    return {
        **base,
        "service": "visit",
        "household": "50015610120101-0007",
        "policy": "pol_defaults",
        "late": False,
        "minutes": 45,
        **given,
    }


def statement(*, lines: int = 12, **given: object) -> Statement:
    total = 45 * lines
    facts: dict[str, object] = {
        "id": "stm_x",
        "serial": "202610-000007",
        "proof_code": "c" * 32,
        "account_id": "acc_x",
        "kind": AccountKind.MEMBER,
        "person_id": "per_x",
        "area_code": "50015610120101",
        "household_code": "50015610120101-0003",
        "month": "2026-10",
        "opening_minutes": 600,
        "in_minutes": total,
        "out_minutes": 0,
        "closing_minutes": 600 + total,
        "held_minutes": 60,
        "lines": [line(number) for number in range(lines)],
        "digest": "d" * 64,
        "issued_on": date(2026, 11, 5),
    }
    return Statement(**{**facts, **given})


def read(content: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(content))


def words(content: bytes) -> str:
    """The text of all pages without blanks: the layout may break a line anywhere."""
    return "".join("".join(page.extract_text().split()) for page in read(content).pages)


def test_a_revoked_sheet_says_so_on_paper_in_tables_and_aloud() -> None:
    given = [(statement(revoked_at=datetime(2026, 11, 9, 16, tzinfo=UTC)), PERSON)]
    said = words(sheets.pdf(given, head=HEAD))
    assert "作废了，不算数了" in said and "ThissheetwasrevokedonTue10Nov2026." in said
    assert "revoked" not in words(sheets.pdf([(statement(), PERSON)], head=HEAD))
    for locale in ("zh", "en"):
        assert {row[4] for row in as_table(sheets.xlsx_bytes(given, locale))[1:]} == {"2026-11-10"}
    assert sheets.spoken_statement(given[0][0], "en").startswith("This sheet was revoked on Tue 10 Nov 2026. It")
    assert sheets.spoken_statement(given[0][0], "zh").startswith("这张单子")


def test_a_sheet_is_tagged_for_archives_and_for_screen_readers() -> None:
    reader = read(sheets.pdf([(statement(), PERSON)], head=HEAD))
    metadata = reader.trailer["/Root"]["/Metadata"].get_data().decode()
    assert "<pdfaid:part>2</pdfaid:part>" in metadata
    assert "<pdfaid:conformance>A</pdfaid:conformance>" in metadata
    assert "<pdfuaid:part>1</pdfuaid:part>" in metadata
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"].value is True
    assert reader.trailer["/Root"]["/Lang"].startswith("zh")


def test_the_same_statement_prints_the_same_bytes() -> None:
    assert sheets.pdf([(statement(), PERSON)], head=HEAD) == sheets.pdf([(statement(), PERSON)], head=HEAD)


@pytest.mark.parametrize("lines", [0, 1, 15])
def test_most_people_need_one_page(lines: int) -> None:
    assert len(read(sheets.pdf([(statement(lines=lines), PERSON)], head=HEAD)).pages) == 1


def test_pages_are_counted_within_each_member_s_sheet() -> None:
    content = sheets.pdf([(statement(lines=60), PERSON), (statement(lines=2), PERSON)], head=HEAD)
    pages = ["".join(page.extract_text().split()) for page in read(content).pages]
    counted = [next(mark for mark in ("1/3", "2/3", "3/3", "1/2", "2/2", "1/1") if mark in page) for page in pages]
    assert counted[-1] == "1/1"
    assert counted[:-1] == [f"{number + 1}/{len(pages) - 1}" for number in range(len(pages) - 1)]


def test_a_sheet_says_who_what_and_how_much_in_both_languages_but_not_the_name() -> None:
    said = words(sheets.pdf([(statement(), PERSON)], head=HEAD))
    for expected in ("武隆区", "李〇〇", "50015610120101-0003", "10小时", "19小时", "19h", "202610-000007", "10-05"):
        assert expected in said, expected
    assert "李秀英" not in said and "秀英" not in said
    assert HEAD.root in said


def test_a_late_line_shows_its_year_and_an_expiring_balance_its_last_day() -> None:
    late = [line(0, on="2026-09-29", late=True)]
    given = statement(lines=1, expiring_minutes=90, expires_on=date(2026, 11, 30)).model_copy(update={"lines": late})
    said = words(sheets.pdf([(given, PERSON)], head=HEAD))
    assert "2026-09-29" in said and "补记" in said
    assert "1小时30分" in said and "2026年11月30日" in said


def test_lines_name_their_version_where_several_decided_the_month() -> None:
    mixed = [line(0), line(1, policy="pol_second")]
    said = words(sheets.pdf([(statement(lines=2).model_copy(update={"lines": mixed}), PERSON)], head=HEAD))
    assert "[1]一开始就有的规定、[2]第pol_second版" in said and "[2]versionpol_second" in said


def test_the_root_sheet_holds_both_roots_and_the_signature() -> None:
    closed_at = datetime(2026, 11, 5, 4, tzinfo=UTC)
    run = MonthRun(
        month="2026-10",
        district_code="500156",
        closed_at=closed_at,
        closed_by="usr_x",
        statements=8_400,
        root="ab" * 32,
    )
    seal = Seal(
        id=3,
        tree_size=99,
        root="cd" * 32,
        previous="",
        chain="ef" * 32,
        signature="09" * 64,
        sealed_at=closed_at,
        reason="close",
    )
    said = words(sheets.root_pdf(run, seal, None, scheme="互助时间", district="武隆区"))
    for expected in (run.root, seal.root, seal.chain, seal.signature, "8400", "99"):
        assert expected in said


def as_table(content: bytes) -> list[list[str]]:
    page = load_workbook(io.BytesIO(content)).active
    assert page is not None
    return [["" if cell is None else str(cell) for cell in row] for row in page.iter_rows(values_only=True)]


@pytest.mark.parametrize(("locale", "said"), [("zh", "帮了 · 探访"), ("en", "helped · visit")])
def test_csv_and_workbook_say_the_same_as_the_sheet(locale: str, said: str) -> None:
    given = [(statement(), PERSON), (statement(lines=0, serial="202610-000008"), PERSON)]
    text = sheets.csv_text(given, locale)
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    assert rows == as_table(sheets.xlsx_bytes(given, locale))
    assert len(rows) == 1 + 12 + 1
    assert sum(int(row[-1]) for row in rows[1:]) == 12 * 45
    assert [said in row for row in rows] == [False, *[True] * 12, False]
    is_chinese = [any("一" <= sign <= "鿿" for sign in heading) for heading in rows[0]]
    assert all(is_chinese) if locale == "zh" else not any(is_chinese)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "＝"])
def test_no_text_becomes_a_formula(start: str) -> None:
    evil = [(statement(lines=1).model_copy(update={"lines": [line(0, household=f"{start}1+1")]}), PERSON)]
    assert f"'{start}1+1" in sheets.csv_text(evil, "zh")
    book = load_workbook(io.BytesIO(sheets.xlsx_bytes(evil, "zh")))
    page = book.active
    assert page is not None
    assert all(cell.data_type != "f" for row in page.iter_rows() for cell in row)


@pytest.mark.parametrize("locale", ["zh", "en"])
def test_the_spoken_statement_holds_the_four_figures(locale: str) -> None:
    heard = sheets.spoken_statement(statement(), locale)
    expected: dict[str, Callable[[int], str]] = {"zh": "{} 小时".format, "en": "{} h".format}
    for hours in (10, 9, 19):
        assert expected[locale](hours) in heard


def test_what_is_read_aloud_says_what_stands_on_the_sheet_beside_the_figures() -> None:
    heard = sheets.spoken_statement(statement(expiring_minutes=90, expires_on=date(2026, 11, 30)), "en")
    assert "Set aside for help asked for: 1 h." in heard
    assert "Goes away unless used: 1 h 30 min, until Mon 30 Nov 2026." in heard
    assert "Set aside" not in sheets.spoken_statement(statement(held_minutes=0), "en")


def test_a_gift_sheet_is_not_read_as_that_of_own_hours() -> None:
    gift = statement(kind=AccountKind.GIFT)
    assert "At its end there were 19 h." in sheets.spoken_statement(gift, "en")
    assert "赠送的时间" in sheets.spoken_statement(gift, "zh")
    assert "赠送的时间" not in sheets.spoken_statement(statement(), "zh")


@pytest.mark.parametrize("name", ["𡈽英", "李𡈽", "王\u9ff0", "李😀", "葛\U000e0100英", "李\ue000", "李\x7f英"])
def test_a_name_with_a_sign_that_no_font_has_is_printed_all_the_same(name: str) -> None:
    """Names of identity cards reach far beyond any font: one of them stops neither its sheet nor its village's."""
    rare = PERSON.model_copy(update={"name": name})
    assert "202610-000007" in words(sheets.pdf([(statement(), rare)], head=HEAD))
    said = words(
        sheets.certificate_pdf(CERTIFICATE, rare, id_number="", scheme="互", district="武", base_url="http://x")
    )
    assert "ZF-500156101-2026-0001" in said
    assert ("〓" in said) == (name[0] != "葛")
