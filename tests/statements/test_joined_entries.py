"""Who was registered twice and is one entry now: what stands under the other entry stays theirs to read and to show."""

from datetime import date

import pytest
from sqlmodel import select

from tests import factories as make
from tests.cast import Cast
from tests.fixtures.site import SignIn
from tests.statements.conftest import Close, Earn
from tests.statements.test_certificates import ask, certificate, put_on_the_list
from timebank.cases import operations as cases
from timebank.core import db
from timebank.core.actors import Actor, Role
from timebank.people import operations as people
from timebank.people.models import Person, PersonCase
from timebank.statements.models import Statement

FIRST = Actor("usr_first", Role.COORDINATOR, make.TOWNSHIP)
SECOND = Actor("usr_second", Role.SUPERVISOR, make.TOWNSHIP)


def joined(other: Person, kept: Person) -> None:
    """Two people of the office make two entries one."""
    with db.transaction() as session:
        case = people.propose_merge(session, actor=FIRST, kept_id=kept.id, other_id=other.id, evidence="证件上是同一人")
    with db.transaction() as session:
        cases.join_entries(session, actor=SECOND, case=session.get_one(PersonCase, case.id))


def test_sheets_lines_and_questions_of_the_other_entry_are_read_on(
    cast: Cast, earn: Earn, sign_in: SignIn, closed: Close
) -> None:
    line = earn(cast.zhang, on=date(2026, 10, 20), minutes=45)
    closed("2026-10")
    joined(cast.zhang, cast.li)
    with db.reading() as session:
        sheet = session.exec(select(Statement).where(Statement.person_id == cast.zhang.id)).one()
    li = sign_in("li")
    assert f"/statements/{sheet.id}" in li.visit("/statements")
    assert f"/statements/{sheet.id}" in li.visit(f"/statements?person_id={cast.li.id}")
    assert f"/hours/lines/{line.id}" in li.visit(f"/statements/{sheet.id}")
    assert li.get(f"/statements/{sheet.id}/sheet.csv").status_code == 200
    li.visit(f"/hours/lines/{line.id}")
    li.submit("/dispute", words="我那天待了一个小时")
    assert "我那天待了一个小时" in li.visit(f"/hours/lines/{line.id}")
    assert f"/hours/{cast.zhang.id}" in li.visit("/hours")
    book = li.visit(f"/hours/{cast.zhang.id}?lang=en")
    assert "This entry was joined to another one" in book and f"/hours/lines/{line.id}" in book
    assert "/pass-on" not in book and "/donate" not in book


def test_nobody_else_reads_them(cast: Cast, earn: Earn, sign_in: SignIn, closed: Close) -> None:
    line = earn(cast.zhang, on=date(2026, 10, 20), minutes=45)
    closed("2026-10")
    joined(cast.zhang, cast.li)
    with db.reading() as session:
        sheet = session.exec(select(Statement).where(Statement.person_id == cast.zhang.id)).one()
    for address in (f"/statements/{sheet.id}", f"/hours/lines/{line.id}", f"/hours/{cast.zhang.id}"):
        assert sign_in("ran").get(address).status_code == 404


@pytest.mark.parametrize("is_listed_first", [True, False])
def test_the_certificate_of_the_other_entry_is_theirs(
    cast: Cast, earn: Earn, sign_in: SignIn, is_listed_first: bool
) -> None:
    earn(cast.zhang, on=date(2026, 10, 20), minutes=45)
    earn(cast.li, on=date(2026, 10, 21), minutes=60)
    ask(sign_in("zhang"))
    office = sign_in(Role.SUPERVISOR)
    if is_listed_first:
        put_on_the_list(office)
    joined(cast.zhang, cast.li)
    li = sign_in("li")
    if not is_listed_first:
        ask(li)  # the same days are asked for already
        put_on_the_list(office)
    assert certificate().minutes == (45 if is_listed_first else 105)
    assert certificate().serial in li.visit("/certificates")
    assert li.get(f"/certificates/{certificate().id}/sheet.pdf").status_code == 200
    assert "It stands on the notice board" in li.visit(f"/check/{certificate().proof_code}?lang=en")
