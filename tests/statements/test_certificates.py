"""Certificates of service: asked for, on the notice board for seven days, then valid; revoked for good."""

import io
import re
from datetime import date

import pytest
import sqlalchemy as sa
from pypdf import PdfReader
from sqlmodel import select

from tests.cast import Cast
from tests.fixtures.browsing import Visitor
from tests.fixtures.site import At, SignIn
from tests.statements.conftest import Earn
from timebank.core import clock, db, ids
from timebank.core.actors import SYSTEM, Role
from timebank.core.db import table_of
from timebank.ledger import operations as ledger
from timebank.statements.certificates import digest_of
from timebank.statements.models import Certificate, CertificateState

SPAN = {"first_on": "2026-10-01", "last_on": "2026-11-02"}


def certificate() -> Certificate:
    with db.reading() as session:
        return session.exec(select(Certificate)).one()


def ask(visitor: Visitor, *, status: int = 200, **fields: str) -> str:
    visitor.visit("/certificates")
    return visitor.submit("/certificates", status=status, **(SPAN | fields))


def put_on_the_list(office: Visitor, *, status: int = 200) -> str:
    office.visit("/certificates/desk")
    return office.submit("/decide", status=status, decision="list", issuer="江口镇人民政府", handler="吴主任")


def test_a_certificate_counts_after_seven_days_on_the_notice_board(
    cast: Cast, earn: Earn, sign_in: SignIn, client: Visitor, at: At
) -> None:
    earn(cast.li, on=date(2026, 10, 20), minutes=45)
    earn(cast.li, on=date(2026, 11, 2), minutes=60)
    earn(cast.li, on=date(2026, 9, 30), minutes=120)  # the day before the span
    li = sign_in(Role.VOLUNTEER)
    assert "1 h 45 min · 2 visits" in ask(li)
    put_on_the_list(sign_in(Role.SUPERVISOR))
    made = certificate()
    assert re.fullmatch(r"ZF-500156101-2026-0001", made.serial or "")
    assert (made.listed_on, made.counts_from_on) == (date(2026, 11, 3), date(2026, 11, 10))
    board = sign_in("zhang").visit("/certificates/list")
    assert "李〇" in board and "李姐" not in board and "1 h 45 min" in board
    assert "Not yet." in client.visit(f"/check/{made.proof_code}?lang=en")
    at("2026-11-10 08:00")
    checked = client.visit(f"/check/{made.proof_code}?lang=en")
    assert "Valid." in checked and "李" not in checked
    assert "No certificate stands on the list." in sign_in("zhang").visit("/certificates/list")


def test_a_new_certificate_stands_on_the_list_however_many_there_were(cast: Cast, earn: Earn, sign_in: SignIn) -> None:
    with db.transaction() as session:
        session.add_all(valid_since_long(cast, number) for number in range(60))
    earn(cast.li, on=date(2026, 10, 20))
    ask(sign_in(Role.VOLUNTEER))
    office = sign_in(Role.SUPERVISOR)
    desk = put_on_the_list(office)
    newest, oldest = "ZF-500156101-2026-0001", "ZF-500156101-2025-0000"
    board = sign_in("zhang").visit("/certificates/list")
    assert newest in board and oldest not in board
    assert newest in desk and oldest not in desk
    assert oldest in office.visit("/certificates/desk?number=2025-0000")


def valid_since_long(cast: Cast, number: int) -> Certificate:
    """One of many certificates of the year before."""
    return Certificate(
        id=ids.new_id("crt"),
        serial=f"ZF-500156101-2025-{number:04d}",
        proof_code=f"{number:032d}",
        person_id=cast.zhang.id,
        area_code=cast.zhang.area_code,
        state=CertificateState.LISTED,
        first_on=date(2025, 1, 1),
        last_on=date(2025, 1, 31),
        asked_at=clock.at_local(date(2025, 2, 1), number),
        asked_by="usr_long_ago",
        listed_on=date(2025, 2, 2),
        counts_from_on=date(2025, 2, 9),
    )


def test_the_sheet_holds_the_name_the_hours_and_who_issued_it(cast: Cast, earn: Earn, sign_in: SignIn) -> None:
    earn(cast.li, on=date(2026, 10, 20), minutes=45)
    li = sign_in(Role.VOLUNTEER)
    ask(li)
    path = f"/certificates/{certificate().id}/sheet.pdf"
    assert li.get(path).status_code == 409  # not issued yet
    put_on_the_list(sign_in(Role.SUPERVISOR))
    answer = li.get(path)
    said = "".join("".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(answer.data)).pages)
    for expected in ("李姐", "江口镇人民政府", "吴主任", "45分钟", "ZF-500156101-2026-0001", "2026-11-10"):
        assert expected in said, expected
    assert sign_in("yang").get(path).status_code == 404


def test_a_revoked_certificate_says_so_for_good(
    cast: Cast, earn: Earn, sign_in: SignIn, client: Visitor, at: At
) -> None:
    earn(cast.li, on=date(2026, 10, 20))
    ask(sign_in(Role.VOLUNTEER))
    put_on_the_list(sign_in(Role.SUPERVISOR))
    at("2026-11-20 08:00")
    li, wu = sign_in(Role.VOLUNTEER), sign_in(Role.SUPERVISOR)
    wu.visit("/certificates/desk")
    assert "Write the reason" in wu.submit("/revoke", reason=" ", status=400)
    wu.submit("/revoke", reason="the visits were bought")
    assert "Revoked." in client.visit(f"/check/{certificate().proof_code}?lang=en")
    assert "the visits were bought" in li.visit("/certificates")
    assert wu.send(f"/certificates/{certificate().id}/revoke", {"reason": "again"}).status_code == 409


@pytest.mark.parametrize(("was_revoked", "answer"), [(True, "Revoked."), (False, "Something is wrong with our record")])
def test_a_row_alone_neither_revokes_a_certificate_nor_makes_it_valid_again(
    cast: Cast, earn: Earn, sign_in: SignIn, client: Visitor, at: At, was_revoked: bool, answer: str
) -> None:
    earn(cast.li, on=date(2026, 10, 20))
    ask(sign_in(Role.VOLUNTEER))
    put_on_the_list(sign_in(Role.SUPERVISOR))
    at("2026-11-20 08:00")
    if was_revoked:
        wu = sign_in(Role.SUPERVISOR)
        wu.visit("/certificates/desk")
        wu.submit("/revoke", reason="the visits were bought")
    with db.transaction() as session:
        row = session.exec(select(Certificate)).one()
        row.state = CertificateState.LISTED if was_revoked else CertificateState.REVOKED
        session.add(row)
    assert answer in client.visit(f"/check/{certificate().proof_code}?lang=en")


@pytest.mark.parametrize(("newest", "number"), [(9_999, "10000"), (12_345, "12346")])
def test_numbers_go_on_beyond_four_digits(cast: Cast, earn: Earn, sign_in: SignIn, newest: int, number: str) -> None:
    with db.transaction() as session:
        for known in (9_998, newest):
            row = valid_since_long(cast, known)
            row.serial = f"ZF-500156101-2026-{known:04d}"
            session.add(row)
    earn(cast.li, on=date(2026, 10, 20))
    ask(sign_in(Role.VOLUNTEER))
    put_on_the_list(sign_in(Role.SUPERVISOR))
    with db.reading() as session:
        serials = session.exec(select(Certificate.serial).where(Certificate.person_id == cast.li.id)).all()
    assert serials == [f"ZF-500156101-2026-{number}"]


def test_an_altered_certificate_is_found(cast: Cast, earn: Earn, sign_in: SignIn, client: Visitor, at: At) -> None:
    earn(cast.li, on=date(2026, 10, 20))
    ask(sign_in(Role.VOLUNTEER))
    put_on_the_list(sign_in(Role.SUPERVISOR))
    at("2026-11-20 08:00")
    with db.transaction() as session:
        row = session.exec(select(Certificate)).one()
        row.minutes += 600
        session.add(row)
    assert "Something is wrong with our record" in client.visit(f"/check/{certificate().proof_code}?lang=en")
    with db.transaction() as session:  # by somebody who knows how its digest is made
        row = session.exec(select(Certificate)).one()
        row.digest = digest_of(row)
        session.add(row)
    assert "Something is wrong with our record" in client.visit(f"/check/{certificate().proof_code}?lang=en")


def test_hours_taken_back_before_it_is_listed_are_not_certified(cast: Cast, earn: Earn, sign_in: SignIn) -> None:
    earn(cast.li, on=date(2026, 10, 20), minutes=45)
    wrong = earn(cast.li, on=date(2026, 10, 21), minutes=60)
    ask(sign_in(Role.VOLUNTEER))
    with db.transaction() as session:
        ledger.reverse(session, actor=SYSTEM, transfer_id=wrong.id, why="never took place")
    put_on_the_list(sign_in(Role.SUPERVISOR))
    assert (certificate().minutes, certificate().visits) == (45, 1)


def test_the_desk_sees_what_the_book_no_longer_bears_out(cast: Cast, earn: Earn, sign_in: SignIn) -> None:
    earn(cast.li, on=date(2026, 10, 20), minutes=45)
    wrong = earn(cast.li, on=date(2026, 10, 21), minutes=60)
    ask(sign_in(Role.VOLUNTEER))
    office, less = sign_in(Role.SUPERVISOR), "the book has only 45 min for these days"
    assert less not in put_on_the_list(office)
    with db.transaction() as session:
        ledger.reverse(session, actor=SYSTEM, transfer_id=wrong.id, why="never took place")
    assert less in office.visit("/certificates/desk?lang=en")


def test_what_was_altered_is_neither_called_revoked_nor_on_the_list(cast: Cast, earn: Earn, sign_in: SignIn) -> None:
    earn(cast.li, on=date(2026, 10, 20))
    li, office = sign_in(Role.VOLUNTEER), sign_in(Role.SUPERVISOR)
    ask(li)
    put_on_the_list(office)
    with db.transaction() as session:
        session.connection().execute(sa.update(table_of(Certificate)).values(minutes=6000))
    for page in (li.visit("/certificates?lang=en"), office.visit("/certificates/desk?lang=en")):
        assert "our record of it was changed: tell the bureau" in page
        assert "revoked" not in page and "counts from" not in page


def test_nothing_is_certified_where_all_of_it_was_taken_back(cast: Cast, earn: Earn, sign_in: SignIn) -> None:
    wrong = earn(cast.li, on=date(2026, 10, 21), minutes=60)
    ask(sign_in(Role.VOLUNTEER))
    with db.transaction() as session:
        ledger.reverse(session, actor=SYSTEM, transfer_id=wrong.id, why="never took place")
    assert "No hours of help are in the book" in put_on_the_list(sign_in(Role.SUPERVISOR), status=409)
    assert (certificate().state, certificate().serial) == (CertificateState.ASKED, None)


@pytest.mark.parametrize(
    ("fields", "why", "status"),
    [
        ({"first_on": "2026-11-03", "last_on": "2026-10-01"}, "The last day lies after the first", 400),
        ({"last_on": "2026-12-31"}, "not in the future", 400),
        ({"first_on": "yesterday"}, "Write the date as year-month-day", 400),
        ({"first_on": "2020-01-01", "last_on": "2020-12-31"}, "No hours of help are in the book", 409),
    ],
)
def test_a_span_that_makes_no_sense_is_refused(
    cast: Cast, earn: Earn, sign_in: SignIn, fields: dict[str, str], why: str, status: int
) -> None:
    earn(cast.li, on=date(2026, 10, 20))
    assert why in ask(sign_in(Role.VOLUNTEER), status=status, **fields)


def test_only_supervisor_and_bureau_of_the_area_issue_it(cast: Cast, earn: Earn, sign_in: SignIn) -> None:
    earn(cast.li, on=date(2026, 10, 20))
    li = sign_in(Role.VOLUNTEER)
    ask(li)
    path, fields = f"/certificates/{certificate().id}/decide", {"decision": "list", "issuer": "x", "handler": "y"}
    for name in ("li", "wang", "zhou", "luo", "gao"):
        assert sign_in(name).send(path, fields).status_code == 403, name
    assert certificate().state == CertificateState.ASKED
    wu = sign_in(Role.SUPERVISOR)
    assert wu.send(path, fields | {"issuer": ""}).status_code == 400
    ask(li)  # asked again: the same request
    put_on_the_list(wu)
    assert certificate().state == CertificateState.LISTED


def test_hours_that_came_later_get_a_certificate_of_their_own(cast: Cast, earn: Earn, sign_in: SignIn) -> None:
    earn(cast.li, on=date(2026, 10, 20), minutes=45)
    li, wu = sign_in(Role.VOLUNTEER), sign_in(Role.SUPERVISOR)
    ask(li)
    put_on_the_list(wu)
    assert "You have this certificate already." in ask(li)
    earn(cast.li, on=date(2026, 10, 21), minutes=60)  # of a visit that was reviewed late
    assert "Asked. The township looks at it" in ask(li)
    put_on_the_list(wu)
    with db.reading() as session:
        listed = session.exec(select(Certificate).order_by(Certificate.serial)).all()
    assert [(one.serial, one.minutes) for one in listed] == [
        ("ZF-500156101-2026-0001", 45),
        ("ZF-500156101-2026-0002", 105),
    ]
