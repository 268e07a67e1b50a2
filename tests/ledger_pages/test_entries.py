"""Entries of the office: proposed with a paper, approved by a second person, each looked at by a third."""

from datetime import date

import pytest
from sqlmodel import select

from tests import factories as make
from tests.cast import Cast
from tests.fixtures.browsing import Visitor
from tests.fixtures.site import SignIn
from tests.ledger.posting import earn_visit
from tests.ledger_pages.test_giving import minutes_of
from timebank.audit.models import AuditEvent
from timebank.core import clock, db
from timebank.core.actors import Actor, Role
from timebank.core.errors import NotFound
from timebank.ledger.models import EntryKind, EntryState, OfficeEntry, Reason, Transfer
from timebank.ledger.operations.accounts import reverse
from timebank.ledger.operations.entries import EntryIn, decide_entry, propose_entry
from timebank.ledger.queries import account_of
from timebank.people.models import Person

PAPER = {"why": "balance of the old book", "evidence": "register 2, page 14"}


def propose(office: Visitor, person: Person, *, status: int = 200, **fields: str) -> str:
    office.visit(f"/entries/new/{person.id}")
    return office.submit(f"/entries/new/{person.id}", status=status, **({"minutes": "90"} | PAPER | fields))


def entries() -> list[OfficeEntry]:
    with db.reading() as session:
        return list(session.exec(select(OfficeEntry)))


def test_three_people_bring_an_old_balance_into_the_book(cast: Cast, sign_in: SignIn) -> None:
    assistant, office, auditor = sign_in(Role.ASSISTANT), sign_in(Role.SUPERVISOR), sign_in(Role.AUDITOR)
    assert "A second person must approve it." in propose(assistant, cast.li, kind="opening")
    assert minutes_of(cast.li) == 0
    office.visit("/entries")
    office.submit("/decide", decision="approve")
    assert minutes_of(cast.li) == 90
    assert "register 2, page 14" in auditor.visit("/entries")
    assert "Every entry was looked at." in auditor.submit("/check", words="seen, 90 minutes")
    (entry,) = entries()
    assert {entry.proposed_by, entry.decided_by, entry.checked_by} == {
        cast.users[name] for name in ("wang", "wu", "luo")
    }
    with db.reading() as session:
        actions = session.exec(select(AuditEvent.action).where(AuditEvent.subject_id == entry.id)).all()
    assert sorted(actions) == ["ledger.check_entry", "ledger.decide_entry", "ledger.propose_entry"]


def test_a_correction_adds_or_takes_off(cast: Cast, sign_in: SignIn) -> None:
    with db.transaction() as session:
        make.hours(session=session, person=cast.li, minutes=120)
    bureau, office = sign_in(Role.BUREAU), sign_in(Role.SUPERVISOR)
    propose(bureau, cast.li, kind="adjustment", direction="out", minutes="30")
    office.visit("/entries")
    office.submit("/decide", decision="approve")
    assert minutes_of(cast.li) == 90
    propose(bureau, cast.li, kind="adjustment", direction="out", minutes="91")
    office.visit("/entries")
    assert "missing" in office.submit("/decide", decision="approve", status=409)
    assert minutes_of(cast.li) == 90
    assert [entry.state for entry in entries()].count(EntryState.WAITING) == 1


def test_who_proposed_cannot_approve_and_who_approved_cannot_check(cast: Cast, sign_in: SignIn) -> None:
    wu, tan = sign_in(Role.SUPERVISOR), sign_in(Role.BUREAU)
    propose(wu, cast.li, kind="opening")
    assert "somebody else must approve it" in wu.visit("/entries")
    (entry,) = entries()
    assert wu.send(f"/entries/{entry.id}/decide", {"decision": "approve"}).status_code == 409
    assert minutes_of(cast.li) == 0
    tan.visit("/entries")
    tan.submit("/decide", decision="approve")
    for office in (wu, tan):
        assert office.send(f"/entries/{entry.id}/check", {"words": "fine"}).status_code == 403
    assert tan.send(f"/entries/{entry.id}/decide", {"decision": "approve"}).status_code == 409
    assert minutes_of(cast.li) == 90


def test_an_administrator_proposes_but_never_approves(cast: Cast, sign_in: SignIn) -> None:
    gao = sign_in(Role.ADMINISTRATOR)
    propose(gao, cast.li, kind="opening")
    (entry,) = entries()
    assert gao.send(f"/entries/{entry.id}/decide", {"decision": "approve"}).status_code == 403
    assert sign_in(Role.COORDINATOR).send(f"/entries/{entry.id}/decide", {"decision": "approve"}).status_code == 403
    assert minutes_of(cast.li) == 0


def test_nobody_enters_hours_for_themselves(cast: Cast, sign_in: SignIn) -> None:
    assert "Nobody enters hours for themselves." in propose(sign_in(Role.ASSISTANT), cast.wang, status=403)
    assert entries() == []


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"evidence": ""}, "Please fill this in."),
        ({"why": " "}, "Please fill this in."),
        ({"minutes": "0"}, "Minutes go from 1"),
        ({"minutes": "３０"}, "plain digits"),
        ({"minutes": "999999999"}, "Minutes go from 1"),
        ({"event_on": "2026-12-24"}, "This day has not come yet."),
        ({"event_on": "1926-11-02"}, "No register of hours is older than 1998."),
        ({"event_on": "24.12.2026"}, "Write the date as year-month-day"),
        ({"kind": "gift"}, "Choose from the list."),
    ],
)
def test_what_is_missing_is_named_and_nothing_is_kept(
    cast: Cast, sign_in: SignIn, fields: dict[str, str], why: str
) -> None:
    assert why in propose(sign_in(Role.BUREAU), cast.li, status=400, **({"kind": "opening"} | fields))
    assert entries() == []


def test_a_declined_entry_needs_a_reason_and_moves_nothing(cast: Cast, sign_in: SignIn) -> None:
    wu = sign_in(Role.SUPERVISOR)
    propose(sign_in(Role.ASSISTANT), cast.li, kind="opening")
    wu.visit("/entries")
    assert "Write the reason" in wu.submit("/decide", decision="decline", status=400)
    wu.submit("/decide", decision="decline", reason="no such page in the register")
    assert entries()[0].state == EntryState.DECLINED and minutes_of(cast.li) == 0


def test_a_wrong_line_is_taken_back_by_two_people(cast: Cast, sign_in: SignIn) -> None:
    with db.transaction() as session:
        line = make.hours(session=session, person=cast.li, minutes=60)
    tan, wu = sign_in(Role.BUREAU), sign_in(Role.SUPERVISOR)
    tan.visit(f"/hours/lines/{line.id}")
    assert "A second person must approve it." in tan.submit(f"/entries/reverse/{line.id}", **PAPER)
    assert minutes_of(cast.li) == 60
    assert "Somebody proposed to take this line back." in tan.visit(f"/hours/lines/{line.id}")
    wu.visit("/entries")
    wu.submit("/decide", decision="approve")
    assert minutes_of(cast.li) == 0
    taken_back = tan.visit(f"/hours/lines/{line.id}")
    assert "Taken back on" in taken_back and "/entries/reverse" not in taken_back


def test_who_was_declined_may_ask_again_with_a_better_paper(cast: Cast, sign_in: SignIn) -> None:
    with db.transaction() as session:
        line = make.hours(session=session, person=cast.li, minutes=60)
    tan, wu = sign_in(Role.BUREAU), sign_in(Role.SUPERVISOR)
    for _ in range(2):
        tan.visit(f"/hours/lines/{line.id}")
        tan.submit(f"/entries/reverse/{line.id}", **PAPER)
        wu.visit("/entries")
        wu.submit("/decide", decision="decline", reason="no such page")
    assert [entry.state for entry in entries()] == [EntryState.DECLINED] * 2
    assert "/entries/reverse" not in sign_in(Role.AUDITOR).visit(f"/hours/lines/{line.id}")


def test_help_above_the_cap_stands_in_the_book_and_can_be_taken_back(cast: Cast, sign_in: SignIn) -> None:
    with db.transaction() as session:
        make.hours(session=session, person=cast.li, minutes=60)
        full = account_of(session, cast.li.id)
        assert full is not None
        full.ceiling_minutes = 60
        line = earn_visit(session, cast.li, minutes=45)
    assert line.reason == Reason.OVERFLOW
    li, tan, wu = sign_in(Role.VOLUNTEER), sign_in(Role.BUREAU), sign_in(Role.SUPERVISOR)
    assert "45 min, for elders in hardship" in li.visit("/hours")
    li.visit(f"/hours/lines/{line.id}")
    assert "The township has it." in li.submit(f"/hours/lines/{line.id}/dispute", words="I was there for an hour")
    tan.visit(f"/hours/lines/{line.id}")
    tan.submit(f"/entries/reverse/{line.id}", **PAPER)
    wu.visit("/entries")
    wu.submit("/decide", decision="approve")
    assert "Taken back on" in li.visit(f"/hours/lines/{line.id}") and minutes_of(cast.li) == 60
    sign_in("sun").visit(f"/hours/lines/{line.id}", status=404)


def test_the_other_township_sees_and_decides_nothing_here(cast: Cast, sign_in: SignIn) -> None:
    propose(sign_in(Role.BUREAU), cast.li, kind="opening")
    sun = sign_in("sun")
    assert "李姐" not in sun.visit("/entries")
    sun.visit(f"/entries/new/{cast.li.id}", status=404)


def test_an_adjustment_keeps_its_true_day(cast: Cast, sign_in: SignIn) -> None:
    bureau, office = sign_in(Role.BUREAU), sign_in(Role.SUPERVISOR)
    propose(bureau, cast.li, kind="adjustment", direction="in", event_on="2026-10-12")
    office.visit("/entries")
    office.submit("/decide", decision="approve")
    with db.reading() as session:
        made = session.get_one(Transfer, entries()[0].transfer_id)
        assert clock.local_date(made.event_at) == date(2026, 10, 12)


def test_the_township_that_somebody_moved_to_takes_an_older_line_back(cast: Cast) -> None:
    with db.transaction() as session:
        line = make.hours(session=session, person=cast.li, minutes=60)
        account = account_of(session, cast.li.id)
        assert account is not None
        account.area_code = make.OTHER_GROUP
        session.add(account)
        back = EntryIn(EntryKind.REVERSAL, account.id, 60, clock.today(), "by mistake", "page 1", reverses_id=line.id)
        sun = Actor(cast.users["sun"], Role.COORDINATOR, make.OTHER_TOWNSHIP)
        asked = propose_entry(session, actor=sun, entry=back)
    with db.transaction() as session, pytest.raises(NotFound):
        decide_entry(session, actor=_supervisor(make.TOWNSHIP), entry_id=asked.id, approve=True)
    with db.transaction() as session, pytest.raises(NotFound):
        reverse(session, actor=_supervisor(make.TOWNSHIP), transfer_id=line.id, why="not ours any more")
    with db.transaction() as session:
        decide_entry(session, actor=_supervisor(make.OTHER_TOWNSHIP), entry_id=asked.id, approve=True)
    assert minutes_of(cast.li) == 0


def _supervisor(area_code: str) -> Actor:
    return Actor("usr_supervisor", Role.SUPERVISOR, area_code)
