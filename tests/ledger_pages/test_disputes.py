"""A member says that a line is wrong: the township answers, the bureau hears the appeal, nobody judges an own entry."""

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from tests import factories as make
from tests.cast import Cast
from tests.fixtures.site import SignIn
from timebank.core import db
from timebank.core.actors import SYSTEM, Actor, Role
from timebank.core.errors import Refused
from timebank.ledger import operations as ledger
from timebank.ledger.models import Dispute, EntryKind, Transfer
from timebank.ledger.operations.disputes import answer_dispute, raise_dispute
from timebank.ledger.operations.entries import EntryIn, decide_entry, propose_entry


@pytest.fixture
def line(cast: Cast) -> Transfer:
    """Sixty minutes of 李姐 that 何科长 entered."""
    with db.transaction() as session:
        return ledger.enter_opening(
            session,
            actor=Actor(cast.users["he"], Role.BUREAU, make.DISTRICT),
            person=cast.li,
            minutes=60,
            event_at=make.clock.now(),
            second_user_id="usr_second",
            evidence="register 1",
        )


def disputes() -> list[Dispute]:
    with db.reading() as session:
        return list(session.exec(select(Dispute).order_by(col(Dispute.level).desc())))


def test_the_township_says_no_and_the_bureau_says_yes(cast: Cast, line: Transfer, sign_in: SignIn) -> None:
    li, wu, tan = sign_in(Role.VOLUNTEER), sign_in(Role.SUPERVISOR), sign_in(Role.BUREAU)
    li.visit(f"/hours/lines/{line.id}")
    assert "the township answers" in li.submit("/dispute", words="It was two hours.")
    assert "It was two hours." in wu.visit("/disputes")
    assert "Answered." in wu.submit("/answer", decision="no", answer="The register says one.")
    told = li.visit(f"/hours/lines/{line.id}")
    assert "the line stands" in told and "The register says one." in told
    assert "the bureau answers" in li.submit("/appeal", words="Look at page 3.")
    assert "Look at page 3." not in wu.visit("/disputes")
    tan.visit("/disputes")
    tan.submit("/answer", decision="yes", answer="Page 3 says two.")
    assert "you were right" in li.visit(f"/hours/lines/{line.id}")
    assert [(dispute.level, dispute.upheld) for dispute in disputes()] == [("township", False), ("bureau", True)]


def test_a_line_is_questioned_once_and_appealed_once(cast: Cast, line: Transfer, sign_in: SignIn) -> None:
    li = sign_in(Role.VOLUNTEER)
    fields = {"account_id": line.credit_account_id, "words": "It was two hours."}
    for _ in range(2):
        assert li.send(f"/hours/lines/{line.id}/dispute", fields).status_code == 303
    (first,) = disputes()
    assert li.send(f"/hours/disputes/{first.id}/appeal", {"words": "no"}).status_code == 409  # not answered yet
    wu = sign_in(Role.SUPERVISOR)
    wu.visit("/disputes")
    wu.submit("/answer", decision="no", answer="No.")
    assert li.send(f"/hours/lines/{line.id}/dispute", fields).status_code == 409
    for _ in range(2):
        assert li.send(f"/hours/disputes/{first.id}/appeal", {"words": "Please look again."}).status_code == 303
    assert len(disputes()) == 2


def test_who_entered_a_line_does_not_answer_for_it(cast: Cast, line: Transfer, sign_in: SignIn) -> None:
    li, he = sign_in(Role.VOLUNTEER), sign_in("he")
    li.visit(f"/hours/lines/{line.id}")
    li.submit("/dispute", words="It was two hours.")
    he.visit("/disputes")
    assert "Who entered this line cannot answer" in he.submit("/answer", decision="no", answer="No.", status=403)
    assert disputes()[0].answered_at is None


def test_the_township_does_not_answer_an_appeal(cast: Cast, line: Transfer, sign_in: SignIn) -> None:
    li, wu = sign_in(Role.VOLUNTEER), sign_in(Role.SUPERVISOR)
    li.visit(f"/hours/lines/{line.id}")
    li.submit("/dispute", words="It was two hours.")
    wu.visit("/disputes")
    wu.submit("/answer", decision="no", answer="No.")
    li.visit(f"/hours/lines/{line.id}")
    li.submit("/appeal", words="Look at page 3.")
    appeal = disputes()[1]
    answer = wu.send(f"/disputes/{appeal.id}/answer", {"decision": "no", "answer": "No."})
    assert answer.status_code == 403 and disputes()[1].answered_at is None


def test_words_are_needed_on_both_sides(cast: Cast, line: Transfer, sign_in: SignIn) -> None:
    li, wu = sign_in(Role.VOLUNTEER), sign_in(Role.SUPERVISOR)
    empty = {"account_id": line.credit_account_id, "words": "  "}
    assert li.send(f"/hours/lines/{line.id}/dispute", empty).status_code == 400
    assert disputes() == []
    li.visit(f"/hours/lines/{line.id}")
    li.submit("/dispute", words="It was two hours.")
    wu.visit("/disputes")
    assert "Write the answer" in wu.submit("/answer", decision="no", answer="", status=400)
    assert "Choose from the list." in wu.submit("/answer", decision="maybe", answer="No.", status=400)


def test_strangers_question_nothing(cast: Cast, line: Transfer, sign_in: SignIn) -> None:
    yang = sign_in("yang")
    fields = {"account_id": line.credit_account_id, "words": "mine"}
    assert yang.send(f"/hours/lines/{line.id}/dispute", fields).status_code == 404
    assert disputes() == []


def test_who_proposed_a_line_does_not_answer_for_it(cast: Cast, sign_in: SignIn) -> None:
    with db.transaction() as session:
        account = ledger.open_account(session, actor=SYSTEM, person_id=cast.li.id, area_code=cast.li.area_code)
        opening = EntryIn(EntryKind.OPENING, account.id, 60, make.clock.today(), "old book", "register 1")
        entry = propose_entry(session, actor=Actor(cast.users["tan"], Role.BUREAU, make.DISTRICT), entry=opening)
        he = Actor(cast.users["he"], Role.BUREAU, make.DISTRICT)
        line_id = decide_entry(session, actor=he, entry_id=entry.id, approve=True).transfer_id
    li = sign_in(Role.VOLUNTEER)
    li.visit(f"/hours/lines/{line_id}")
    li.submit("/dispute", words="It was two hours.")
    (question,) = disputes()
    for who in ("tan", "he"):  # the one proposed it, the other approved it
        answer = sign_in(who).send(f"/disputes/{question.id}/answer", {"decision": "no", "answer": "No."})
        assert answer.status_code == 403
    assert disputes()[0].answered_at is None


def test_who_gave_the_first_answer_does_not_judge_the_appeal(cast: Cast, line: Transfer, sign_in: SignIn) -> None:
    li, tan = sign_in(Role.VOLUNTEER), sign_in("tan")
    li.visit(f"/hours/lines/{line.id}")
    li.submit("/dispute", words="It was two hours.")
    tan.visit("/disputes")
    tan.submit("/answer", decision="no", answer="No.")  # the bureau may answer for a township
    li.visit(f"/hours/lines/{line.id}")
    li.submit("/appeal", words="Look at page 3.")
    tan.visit("/disputes")
    assert "cannot judge the appeal" in tan.submit("/answer", decision="no", answer="Still no.", status=403)
    assert disputes()[1].answered_at is None


def test_of_two_answers_at_once_one_counts(cast: Cast, line: Transfer) -> None:
    li = Actor(cast.users["li"], Role.VOLUNTEER, make.VILLAGE, person_id=cast.li.id)
    tan = Actor(cast.users["tan"], Role.BUREAU, make.DISTRICT)
    question = {"transfer_id": line.id, "account_id": line.credit_account_id, "words": "It was two hours."}
    with db.transaction() as session:
        asked = raise_dispute(session, actor=li, **question)
        session.flush()
        first = sa.update(Dispute).values(upheld=True, answered_at=make.clock.now(), answered_by=cast.users["wu"])
        session.connection().execute(first)  # somebody else's, after this page was read
        assert asked.answered_at is None
        with pytest.raises(Refused, match="answered_already"):
            answer_dispute(session, actor=tan, dispute_id=asked.id, upheld=False, words="The register says so.")
    assert [dispute.upheld for dispute in disputes()] == [True]
