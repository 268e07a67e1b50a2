"""The passbook: what there is, what is on the way, and the story behind each line."""

import re
from datetime import date

import pytest
import sqlalchemy as sa
from sqlmodel import select

from tests import factories as make
from tests.cast import Cast
from tests.fixtures.site import At, SignIn
from tests.ledger.tampering import unprotected
from tests.statements.conftest import Earn
from tests.stories.hours import rules_become
from timebank.core import db
from timebank.core.actors import SYSTEM, Actor, Role
from timebank.core.i18n import say
from timebank.ledger import operations as ledger
from timebank.ledger.models import Reason
from timebank.people import operations as people
from timebank.people.models import Proxy
from timebank.policies.queries import Policy
from timebank.policies.rules import default_values
from timebank.statements.models import Statement
from timebank.statements.operations import close_month
from timebank.statements.words import rule_words
from timebank.visits.models import Visit


def test_a_volunteer_sees_what_was_given_and_what_can_be_used(cast: Cast, earn: Earn, sign_in: SignIn) -> None:
    earn(cast.li, minutes=45)
    earn(cast.li, minutes=60, on=date(2026, 11, 1))
    book = sign_in(Role.VOLUNTEER).visit("/hours")
    assert book.count("1 h 45 min") >= 3  # in the book, helped in all, can be used now
    assert "Sun 1 Nov" in book and "Mon 2 Nov" in book
    assert "helped" in book and cast.chen_popo.household_code in book


def test_hours_on_the_way_say_what_they_wait_for(cast: Cast, on_the_way: Visit, sign_in: SignIn) -> None:
    book = sign_in(Role.VOLUNTEER).visit("/hours")
    assert "about 45 min" in book  # 50 minutes, rounded down to a quarter
    assert "waits until the elder&#39;s side nods" in book


def test_a_line_tells_who_when_which_rule_and_who_looked_at_it(cast: Cast, earn: Earn, sign_in: SignIn) -> None:
    line = earn(cast.li)
    story = sign_in(Role.VOLUNTEER).visit(f"/hours/lines/{line.id}")
    for expected in (
        "陈〇〇",
        "Mon 2 Nov 2026",
        "rounded down to 15 minutes",
        "吴主任",
        "the rules in force from the start",
    ):
        assert expected in story, expected
    assert "陈婆婆" not in story


def test_a_line_whose_leaf_is_gone_is_not_said_to_wait(cast: Cast, earn: Earn, sign_in: SignIn, at: At) -> None:
    line = earn(cast.li)
    at("2026-11-03 11:00")
    with db.transaction() as session:
        ledger.seal_new_rows(session)
    with unprotected(db.engine()) as connection:
        connection.execute(sa.text("DELETE FROM sealedleaf WHERE row_id = :gone"), {"gone": line.id})
    assert "not as it was sealed" in sign_in(Role.VOLUNTEER).visit(f"/hours/lines/{line.id}")


def test_a_line_shows_its_own_proof_and_says_when_it_was_changed(cast: Cast, earn: Earn, sign_in: SignIn) -> None:
    line = earn(cast.li)
    reader = sign_in(Role.VOLUNTEER)
    assert "within a few minutes" in reader.visit(f"/hours/lines/{line.id}")
    with db.transaction() as session:
        seal = ledger.seal_new_rows(session)
    proved = reader.visit(f"/hours/lines/{line.id}")
    assert seal and seal.root in proved and line.digest in proved and "nobody can change this line unseen" in proved
    with unprotected(db.engine()) as connection:
        connection.execute(sa.text("UPDATE transfer SET minutes = minutes + 15"))
    assert "not as it was sealed" in reader.visit(f"/hours/lines/{line.id}")
    with unprotected(db.engine()) as connection:
        connection.execute(sa.text("UPDATE transfer SET minutes = minutes - 15"))
        connection.execute(sa.text("DELETE FROM sealedleaf WHERE row_id <> :kept"), {"kept": line.id})
    assert "not as it was sealed" in reader.visit(f"/hours/lines/{line.id}")


def test_a_taken_back_visit_no_longer_counts_as_given(cast: Cast, earn: Earn, sign_in: SignIn) -> None:
    line = earn(cast.li)
    with db.transaction() as session:
        ledger.reverse(session, actor=SYSTEM, transfer_id=line.id, why="double")
    book = sign_in(Role.VOLUNTEER).visit("/hours")
    assert "taken back" in book
    assert "45 min" in book and ">0 min<" in book.replace("\n", "").replace(" ", " ")


def test_a_taken_back_line_names_the_elder_not_the_helper_to_themselves(
    cast: Cast, earn: Earn, sign_in: SignIn
) -> None:
    line = earn(cast.li)
    with db.transaction() as session:
        opposite = ledger.reverse(session, actor=SYSTEM, transfer_id=line.id, why="double")
    story = sign_in(Role.VOLUNTEER).visit(f"/hours/lines/{opposite.id}")
    assert "陈〇〇" in story and "李〇" not in story


@pytest.mark.parametrize(("mode", "told"), [("personal", "to each who helped"), ("donation_only", "to elders in hard")])
def test_hours_of_a_group_are_told_as_the_rule_has_them(mode: str, told: str) -> None:
    policy = Policy(make.DISTRICT, date(2026, 11, 1), "pol_defaults", default_values() | {"group.hours_mode": mode})
    assert told in say(rule_words(Reason.GROUP_SESSION, policy), "en")


def test_what_was_above_the_cap_is_marked_where_it_was_taken_back(cast: Cast, earn: Earn, sign_in: SignIn) -> None:
    rules_become(balance__cap_minutes=60)
    line = earn(cast.li, minutes=90)
    li = sign_in(Role.VOLUNTEER)
    assert "30 min, for elders in hardship</td>" in li.visit("/hours?lang=en")
    with db.transaction() as session:
        ledger.reverse(session, actor=SYSTEM, transfer_id=line.id, why="double")
    book = li.visit("/hours?lang=en")
    assert re.search(r"30 min, for elders in hardship <span[^>]*refused.*taken back", book)


def test_a_gift_stands_beside_own_hours_and_ends_with_the_month(cast: Cast, sign_in: SignIn) -> None:
    with db.transaction() as session:
        popo = session.merge(cast.chen_popo)
        popo.tags, popo.elder_since_on = ["disabled"], date(2026, 1, 1)
        session.flush()
        ledger.give_gifts(session, actor=SYSTEM, area_code="500156", month="2026-11")
    book = sign_in(Role.ELDER).visit(f"/hours/{cast.chen_popo.id}")
    assert "Hours of 陈婆婆" in book
    assert "(of it 3 h as a gift)" in book and "until Mon 30 Nov 2026" in book
    assert "gift of the month" in book


def test_who_has_no_hours_yet_has_no_book_of_gifts(cast: Cast, sign_in: SignIn) -> None:
    for address in (f"/hours/{cast.xiaofang.id}", f"/hours/{cast.xiaofang.id}?book=gift"):
        assert "gift hours" not in sign_in(Role.ELDER).visit(address)


def test_nobody_reads_a_stranger_s_book_or_line(cast: Cast, earn: Earn, sign_in: SignIn) -> None:
    line = earn(cast.li)
    stranger = sign_in("yang")
    stranger.visit(f"/hours/{cast.li.id}", status=404)
    stranger.visit(f"/hours/lines/{line.id}", status=404)
    sign_in("sun").visit(f"/hours/lines/{line.id}", status=404)


@pytest.mark.parametrize("until", ["2026-13", "november", "２０２６-11", "1999-01"])
def test_a_month_that_does_not_exist_is_refused_by_name(cast: Cast, sign_in: SignIn, until: str) -> None:
    assert "Write the month as year-month" in sign_in(Role.VOLUNTEER).visit(f"/hours?until={until}", status=400)


def test_the_office_reads_the_books_of_its_area(cast: Cast, earn: Earn, sign_in: SignIn) -> None:
    earn(cast.li)
    book = sign_in(Role.ASSISTANT).visit(f"/hours/{cast.li.id}")
    assert "Hours of 李姐" in book and "Pass hours to kin" not in book


FOLLOWS, GIVES = ["follow_visits", "see_bed"], ["donate"]


@pytest.mark.parametrize(
    ("purposes", "takes_back", "status"), [(FOLLOWS, False, 403), (GIVES, False, 200), (GIVES, True, 403)]
)
def test_kin_read_a_book_as_far_as_power_and_consent_go(
    cast: Cast, earn: Earn, sign_in: SignIn, purposes: list[str], takes_back: bool, status: int
) -> None:
    line = earn(cast.chen_popo, on=date(2026, 10, 20))
    with db.transaction() as session:
        close_month(session, actor=SYSTEM, district_code=make.DISTRICT, month="2026-10")
        sheet = session.exec(select(Statement.id).where(Statement.person_id == cast.chen_popo.id)).one()
        session.exec(select(Proxy).where(Proxy.proxy_person_id == cast.xiaofang.id)).one().purposes = purposes
        people.give_consent(session, actor=SYSTEM, person_id=cast.chen_popo.id, purpose="kin", method="read_aloud")
        if takes_back:
            people.withdraw_consent(session, actor=SYSTEM, person_id=cast.chen_popo.id, purpose="kin")
    kin = sign_in("xiaofang")
    for page in (
        f"hours/{cast.chen_popo.id}",
        f"hours/lines/{line.id}",
        f"statements/{sheet}",
        f"statements/{sheet}/sheet.csv",
    ):
        kin.visit(f"/{page}", status=status)
    assert (f"/statements/{sheet}" in kin.visit("/statements")) == (status == 200)
    assert (f"/hours/{cast.chen_popo.id}" in kin.visit("/hours")) == (status == 200), "offered where it opens"
    assert ("← The book" in kin.visit(f"/hours/{cast.chen_popo.id}/donate")) == (status == 200)


def test_a_line_between_a_closed_book_and_ones_own_is_read_from_ones_own(
    cast: Cast, earn: Earn, sign_in: SignIn
) -> None:
    earn(cast.xiaofang)
    with db.transaction() as session:
        session.exec(select(Proxy).where(Proxy.proxy_person_id == cast.xiaofang.id)).one().purposes = FOLLOWS
        make.kin(session=session, of=cast.xiaofang, kin=cast.chen_popo, relation="parent")
        wu = Actor(cast.users["wu"], Role.SUPERVISOR, make.TOWNSHIP)
        sent = ledger.transfer_to_kin(
            session, actor=wu, person_id=cast.xiaofang.id, kin_id=cast.chen_popo.id, minutes=15, key="a"
        )
    story = sign_in("xiaofang").visit(f"/hours/lines/{sent.id}")
    assert f'href="/hours/{cast.xiaofang.id}"' in story
