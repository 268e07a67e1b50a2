"""What a month's sheet says of the days after it: what was set aside when it ended, and what its next close takes."""

from datetime import date

from sqlmodel import select

from tests import factories as make
from tests.cast import Cast
from tests.fixtures.site import At
from tests.statements.conftest import Close
from tests.stories.hours import Has, does, has, is_sound, rules_become
from timebank.core import clock, months
from timebank.core.actors import SYSTEM, Actor, Role
from timebank.core.db import reading, transaction
from timebank.ledger import operations as ledger
from timebank.ledger.models import AccountKind, HourAccount
from timebank.ledger.queries import account_of
from timebank.people.models import Person
from timebank.policies import operations as policies
from timebank.statements.models import Statement
from timebank.statements.passbook_queries import standing_of


def is_taken_over(person: Person, minutes: int, on: date) -> None:
    """Hours from the paper register, booked now."""
    event_at = clock.at_local(on, 0)
    signed = {"second_user_id": "usr_wu", "evidence": "book 3"}
    does(ledger.enter_opening, person=person, minutes=minutes, event_at=event_at, **signed)


def sheet(person: Person, month: str) -> Statement:
    with reading() as session:
        own = select(HourAccount.id).where(HourAccount.person_id == person.id, HourAccount.kind == AccountKind.MEMBER)
        found = select(Statement).where(Statement.account_id == session.exec(own).one(), Statement.month == month)
        return session.exec(found).one()


def passbook(person: Person) -> tuple[tuple[date, int], ...]:
    with reading() as session:
        return standing_of(session, session.get_one(Person, person.id)).expiring


def announced_and_taken(person: Person, month: str, closed: Close) -> tuple[int, int, int]:
    """Minutes that go by the end of the next month: what sheet and passbook say of it, and what its close takes."""
    closed(month)
    said, last_on = sheet(person, month).expiring_minutes, months.last_day(months.following(month))
    in_the_book = dict(passbook(person)).get(last_on, 0)
    closed(months.following(month))
    taken = [line["minutes"] for line in sheet(person, months.following(month)).lines if line["reason"] == "expiry"]
    return said, in_the_book, -sum(taken)


def test_the_rule_of_a_township_is_announced_on_its_sheets(cast: Cast, closed: Close) -> None:
    with transaction() as session:
        rule = policies.propose(
            session,
            actor=SYSTEM,
            area_code=make.TOWNSHIP,
            starts_on=clock.today(),
            changes={"credit.expires_after_months": 1},
        )
        second = Actor("usr_second", Role.SUPERVISOR, make.TOWNSHIP)
        policies.approve(session, actor=second, version_id=rule.id)
    is_taken_over(cast.ran_daye, 60, clock.today())
    is_taken_over(cast.hu_daye, 60, clock.today())  # of the other township, where hours do not expire
    assert announced_and_taken(cast.ran_daye, "2026-11", closed) == (60, 60, 60)
    assert (has(cast.ran_daye), has(cast.hu_daye)) == (Has(), Has(own=60))
    assert sheet(cast.hu_daye, "2026-11").expires_on is None


def test_a_drawing_that_was_taken_back_makes_nothing_younger(cast: Cast, at: At, closed: Close) -> None:
    rules_become(credit__expires_after_months=2)
    is_taken_over(cast.ran_daye, 100, clock.today())
    held = does(ledger.hold, person_id=cast.ran_daye.id, minutes=60, source_id="vis_1")
    drawn = does(ledger.capture, hold_id=held.id, minutes=60, event_at=clock.now())
    closed("2026-11")
    at("2026-12-10 09:00")
    does(ledger.reverse, transfer_id=drawn.id, why="nobody came")
    assert announced_and_taken(cast.ran_daye, "2026-12", closed) == (100, 100, 100)
    assert (has(cast.ran_daye), is_sound()) == (Has(), True)


def test_hours_are_as_old_as_the_month_in_which_they_came_into_the_book(cast: Cast, at: At, closed: Close) -> None:
    rules_become(credit__expires_after_months=2)
    closed("2026-11")
    is_taken_over(cast.ran_daye, 600, date(2022, 5, 1))
    assert passbook(cast.ran_daye) == ((date(2027, 2, 28), 600),)
    at("2026-12-20 09:00")
    does(
        ledger.hold,
        person_id=cast.ran_daye.id,
        minutes=30,
        source_id="vis_1",
        due_at=clock.at_local(date(2027, 6, 1), 0),
    )
    closed("2026-12")
    assert (sheet(cast.ran_daye, "2026-12").expiring_minutes, has(cast.ran_daye)) == (0, Has(own=600, held=30))
    assert announced_and_taken(cast.ran_daye, "2027-01", closed) == (570, 570, 570)


def test_what_was_set_aside_is_that_of_the_months_end_whenever_it_is_closed(cast: Cast, at: At, closed: Close) -> None:
    is_taken_over(cast.ran_daye, 300, clock.today())
    does(ledger.hold, person_id=cast.ran_daye.id, minutes=20, source_id="vis_called_off")
    drawn_in_november = does(ledger.hold, person_id=cast.ran_daye.id, minutes=60, source_id="vis_of_november")
    at("2026-11-30 23:00")
    does(ledger.hold, person_id=cast.ran_daye.id, minutes=45, source_id="vis_to_come")
    called_off = does(ledger.hold, person_id=cast.ran_daye.id, minutes=20, source_id="vis_called_off")
    does(ledger.release, hold_id=called_off.id)
    freed = does(ledger.hold, person_id=cast.ran_daye.id, minutes=15, source_id="vis_freed_later")
    at("2026-12-04 09:00")
    does(ledger.hold, person_id=cast.ran_daye.id, minutes=90, source_id="vis_of_december")
    does(ledger.release, hold_id=freed.id)
    on_the_27th = clock.at_local(date(2026, 11, 27), 540)
    does(ledger.capture, hold_id=drawn_in_november.id, minutes=60, event_at=on_the_27th)
    closed("2026-11")
    november = sheet(cast.ran_daye, "2026-11")
    assert (november.closing_minutes, november.held_minutes) == (240, 60)
    closed("2026-12")
    assert sheet(cast.ran_daye, "2026-12").held_minutes == 135


def test_a_gift_that_came_free_and_lapsed_before_the_close_is_not_set_aside(cast: Cast, at: At, closed: Close) -> None:
    """Promised on the last of the month, called off on the second, gone with the close of the fifth."""
    at("2026-11-28 10:00")
    with transaction() as session:
        chen = session.get_one(Person, cast.chen_popo.id)
        chen.tags, chen.elder_since_on = ["disabled"], date(2026, 1, 1)
        session.add(chen)
        session.flush()
        ledger.give_gifts(session, actor=SYSTEM, area_code=make.DISTRICT, month="2026-11")
        gift = account_of(session, chen.id, AccountKind.GIFT)
        assert gift is not None
        promised = ledger.hold(
            session,
            actor=SYSTEM,
            person_id=chen.id,
            minutes=gift.balance_minutes,
            source_id="vis_1",
            due_at=clock.now(),
        )
    at("2026-12-02 10:00")
    with transaction() as session:
        ledger.release(session, actor=SYSTEM, hold_id=promised.id)
    closed("2026-11")
    with reading() as session:
        said = session.exec(select(Statement).where(Statement.account_id == gift.id)).one()
    assert (said.in_minutes, said.closing_minutes, said.held_minutes) == (said.out_minutes, 0, 0)
