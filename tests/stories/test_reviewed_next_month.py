"""A visit of the last days of a month that is reviewed in the next one: whose gift pays, and what the sheet says."""

from datetime import date

from sqlmodel import select

from tests import factories as make
from tests.cast import Cast
from tests.fixtures.site import At, SignIn
from tests.statements.conftest import carer_of
from tests.stories.hours import DISTRICT, Has, does, has, is_sound
from tests.stories.test_hours_used import lives_alone, saved_up
from timebank import jobs
from timebank.core import clock
from timebank.core.actors import SYSTEM, Actor, Role
from timebank.core.db import reading, transaction
from timebank.ledger import operations as ledger
from timebank.ledger.models import AccountKind, Hold, HoldState
from timebank.ledger.queries import account_of
from timebank.ledger.queries import transfers_of_source as ledger_lines
from timebank.statements.models import Statement
from timebank.statements.operations import close_month
from timebank.visits import operations as visits
from timebank.visits.models import EvidenceGrade, Visit, VisitState


def asks_for(cast: Cast, on: str, at: At) -> Visit:
    """Ran Daye is given November's hours and asks on its 26th for an hour of help on another day."""
    lives_alone(cast.ran_daye)
    does(ledger.give_gifts, area_code=DISTRICT, month="2026-11")
    at("2026-11-26 09:00")
    with transaction() as session:
        visit = make.visit(session=session, elder=cast.ran_daye, on=date.fromisoformat(on), minutes=60)
        due_at = clock.at_local(visit.due_on, visit.window_to_minute)
        held = ledger.hold(
            session, actor=SYSTEM, person_id=cast.ran_daye.id, minutes=60, source_id=visit.id, due_at=due_at
        )
        visit.hold_id = held.id
        session.add(visit)
    return visit


def is_helped(cast: Cast, asked: Visit) -> None:
    """Li Jie was there for the hour, and Ran Daye nodded."""
    with transaction() as session:
        visit = session.get_one(Visit, asked.id)
        visit.state, visit.grade = VisitState.CONFIRMED, EvidenceGrade.A
        session.add_all([visit, carer_of(visit, cast.li, minutes=60)])


def holds_run_out() -> None:
    free_holds = next(job for job in jobs.JOBS if job.name == "free-holds")
    with transaction() as session:
        free_holds.work(session, DISTRICT, "")


def is_reviewed(cast: Cast, asked: Visit) -> Visit:
    with transaction() as session:
        wu = Actor(cast.users["wu"], Role.SUPERVISOR, make.TOWNSHIP)
        visits.review(session, actor=wu, visit_id=asked.id, approved=True)
        return session.get_one(Visit, asked.id)


def sheet_of_the_gift(cast: Cast, month: str) -> Statement:
    with transaction() as session:
        close_month(session, actor=SYSTEM, district_code=DISTRICT, month=month)
    with reading() as session:
        gift = account_of(session, cast.ran_daye.id, AccountKind.GIFT)
        assert gift is not None
        return session.exec(select(Statement).where(Statement.account_id == gift.id, Statement.month == month)).one()


def test_hours_for_help_that_was_given_wait_for_its_review(cast: Cast, at: At, sign_in: SignIn) -> None:
    visit = asks_for(cast, "2026-11-27", at)
    is_helped(cast, visit)
    at("2026-11-30 11:01")  # three days after the end of the visit
    holds_run_out()
    book = sign_in("ran").visit("/hours")
    assert "not in the book yet: the township looks at it" in book and "if nobody comes" not in book
    at("2026-12-01 00:10")
    does(ledger.give_gifts, area_code=DISTRICT, month="2026-12")
    assert has(cast.ran_daye) == Has(gift=240, held=60)
    at("2026-12-02 09:00")
    assert is_reviewed(cast, visit).flags == []
    assert has(cast.ran_daye) == Has(gift=180)  # all of December's
    at("2026-12-05 10:00")
    sheet = sheet_of_the_gift(cast, "2026-11")
    assert (sheet.opening_minutes, sheet.in_minutes, sheet.out_minutes, sheet.closing_minutes) == (0, 180, 180, 0)
    assert sheet.held_minutes == 0
    [drawn] = [line for line in sheet.lines if line["reason"] == "redeem"]
    assert (drawn["minutes"], drawn["service"]) == (-60, "visit")
    assert drawn["household"] == cast.ran_daye.household_code
    assert is_sound()


def test_a_slip_after_the_gift_has_lapsed_draws_own_hours_and_never_the_next_gift(cast: Cast, at: At) -> None:
    saved_up(cast, 60)
    visit = asks_for(cast, "2026-11-27", at)
    at("2026-11-30 11:01")
    holds_run_out()  # nobody has told of the visit
    at("2026-12-01 00:10")
    does(ledger.give_gifts, area_code=DISTRICT, month="2026-12")
    assert has(cast.ran_daye) == Has(own=60, gift=180)
    is_helped(cast, visit)
    at("2026-12-02 09:00")
    assert is_reviewed(cast, visit).flags == []
    assert has(cast.ran_daye) == Has(own=0, gift=180)
    with reading() as session:
        holds = session.exec(select(Hold).where(Hold.source_id == visit.id).order_by(Hold.id)).all()
        assert [held.state for held in holds] == [HoldState.EXPIRED, HoldState.CAPTURED]
        [drawn] = [line for line in ledger_lines(session, visit.id) if line.reason == "redeem"]
        assert (drawn.minutes, drawn.book_month) == (60, "2026-11")
    at("2026-12-05 10:00")
    assert sheet_of_the_gift(cast, "2026-11").closing_minutes == 0
    assert is_sound()


def test_a_slip_before_the_month_ends_is_paid_by_its_gift_under_the_visits_own_name(cast: Cast, at: At) -> None:
    visit = asks_for(cast, "2026-11-26", at)
    at("2026-11-29 12:00")
    holds_run_out()
    assert has(cast.ran_daye) == Has(gift=180)
    is_helped(cast, visit)
    assert is_reviewed(cast, visit).flags == []
    assert has(cast.ran_daye) == Has(gift=120)
    with reading() as session:
        assert {line.reason for line in ledger_lines(session, visit.id)} == {"earn", "redeem"}
        [held] = session.exec(select(Hold)).all()
        assert (held.state, held.ended_at) == (HoldState.CAPTURED, clock.now())


def test_where_the_hours_are_gone_nothing_stays_set_aside_and_a_flag_says_so(cast: Cast, at: At) -> None:
    visit = asks_for(cast, "2026-11-26", at)
    at("2026-11-29 12:00")
    holds_run_out()
    does(ledger.hold, person_id=cast.ran_daye.id, minutes=150, source_id="vis_other")  # half an hour is left
    is_helped(cast, visit)
    assert "not_drawn" in is_reviewed(cast, visit).flags
    assert (has(cast.ran_daye), is_sound()) == (Has(gift=180, held=150), True)
