"""A bed at home for 陈婆婆: assessed by two, begun with a provider, cared for by a neighbour for hours and by a paid
carer with vouchers; a month later the figures are those that one counts on the fingers, and no paid minute is an hour.
"""

from datetime import date, timedelta

import pytest
from sqlmodel import Session, select

from tests import factories as make
from tests.cast import Cast
from tests.fixtures.site import At
from tests.stories.hours import has, is_sound
from timebank.beds.queries import month_figures
from timebank.beds.subsidy import take
from timebank.careplans import operations as careplans
from timebank.careplans.models import ServiceKind
from timebank.careplans.rules import ItemIn
from timebank.core import clock, db, ids
from timebank.core.actors import SYSTEM, Actor, Role
from timebank.core.errors import Refused
from timebank.people.models import PersonState
from timebank.people.operations import add_qualification, change_state
from timebank.visits import operations as visits
from timebank.visits.models import EventKind, Visit, VisitState
from timebank.visits.rules import EventIn

DESK = Actor("usr_desk", Role.COORDINATOR, make.TOWNSHIP)
REVIEWER = Actor("usr_reviewer", Role.SUPERVISOR, make.TOWNSHIP)
CHORE = ItemIn(ServiceKind.CHORE, "FREQ=WEEKLY;BYDAY=MO", 9 * 60, 11 * 60, 60)
PAID = ItemIn(ServiceKind.COMPANY, "FREQ=WEEKLY;BYDAY=TH", 14 * 60, 16 * 60, 90, paid_by="voucher")


def takes_place(session: Session, cast: Cast, visit: Visit, *, minutes: int) -> None:
    """李姐 comes, stays, the kin nod, the township reviews."""
    li = Actor(cast.users["li"], Role.VOLUNTEER, make.VILLAGE, cast.li.id)
    start = visit.window_from_minute
    visits.assign(session, actor=DESK, visit_id=visit.id, carers=[(cast.li.id, start)], day_plan_id=None)
    for kind, minute in ((EventKind.CHECK_IN, start), (EventKind.CHECK_OUT, start + minutes)):
        told = EventIn(
            id=ids.new_id("evt"), visit_id=visit.id, kind=kind, device_at=clock.at_local(visit.due_on, minute)
        )
        with clock.frozen(told.device_at):
            visits.record_event(session, actor=li, event=told, person_id=cast.li.id)
    with clock.frozen(clock.at_local(visit.due_on, 18 * 60)):
        visits.confirm(session, actor=DESK, visit_id=visit.id, method="call_back")
        visits.review(session, actor=REVIEWER, visit_id=visit.id, approved=True)


def ends_untold(session: Session, cast: Cast, visit: Visit) -> None:
    """李姐 comes and forgets to say that she left; the office closes the day and calls back."""
    li = Actor(cast.users["li"], Role.VOLUNTEER, make.VILLAGE, cast.li.id)
    start = visit.window_from_minute
    visits.assign(session, actor=DESK, visit_id=visit.id, carers=[(cast.li.id, start)], day_plan_id=None)
    came_at = clock.at_local(visit.due_on, start)
    with clock.frozen(came_at):
        told = EventIn(id=ids.new_id("evt"), visit_id=visit.id, kind=EventKind.CHECK_IN, device_at=came_at)
        visits.record_event(session, actor=li, event=told, person_id=cast.li.id)
    with clock.frozen(came_at + timedelta(days=1)):
        visits.close_day(session, actor=DESK, area_code=make.TOWNSHIP, on=visit.due_on)
        visits.confirm(session, actor=DESK, visit_id=visit.id, method="call_back")


def due(session: Session, service: ServiceKind) -> list[Visit]:
    found = select(Visit).where(Visit.service == service, Visit.state == VisitState.DUE).order_by(Visit.due_on)
    return list(session.exec(found))


@pytest.fixture
def begun(cast: Cast, at: At) -> Cast:
    """The third of November: everything is agreed, the month's visits are made."""
    with db.transaction() as session:
        make.assessment(session=session, elder=cast.chen_popo, level=3)
        session.flush()
        make.care_bed(session=session, elder=cast.chen_popo)
        for kind in ("chore", "company"):
            add_qualification(
                session,
                actor=SYSTEM,
                person_id=cast.li.id,
                kind=kind,
                valid_from_on=clock.today(),
                valid_until_on=clock.today() + timedelta(days=300),
                evidence="夹子",
            )
        careplans.agree_care_plan(
            session,
            actor=DESK,
            elder_id=cast.chen_popo.id,
            items=[CHORE, PAID],
            starts_on=clock.today(),
            agreed_by=cast.chen_popo.id,
            consent_method="read_aloud",
        )
        visits.generate(session, actor=SYSTEM, area_code=make.DISTRICT, month="2026-11")
    return cast


def test_a_month_of_care_adds_up_and_no_paid_minute_becomes_an_hour(begun: Cast, at: At) -> None:
    with db.transaction() as session:
        chores, paid = due(session, ServiceKind.CHORE), due(session, ServiceKind.COMPANY)
        assert [visit.due_on.day for visit in chores] == [9, 16, 23, 30]
        assert [visit.due_on.day for visit in paid] == [5, 12, 19, 26]
        for visit, minutes in zip(chores[:3], (60, 50, 65), strict=True):
            takes_place(session, begun, visit, minutes=minutes)
        for visit in paid[:2]:
            takes_place(session, begun, visit, minutes=90)
    at("2026-11-24 09:00")
    with db.transaction() as session:
        [row] = month_figures(session, make.TOWNSHIP, "2026-11")
        got = row.month.got
        assert (got.visits, got.minutes) == (3, 60 + 50 + 65)
        assert (got.paid_visits, got.paid_minutes) == (2, 180)
        # 600 minutes and 6 visits for 30 days; it ran 28, and 21 of them are over
        assert (row.month.target_visits, row.month.target_minutes) == (5, 560)
        assert (row.month.due_visits, row.month.due_minutes, row.month.is_short) == (4, 420, False)
        table = take(session, actor=Actor("usr_tan", Role.BUREAU, make.DISTRICT), month="2026-11")
        assert table[0][6:13] == [5, 3, 2, 560, 175, 180, 0]
    assert has(begun.li).own == 60 + 45 + 60  # by quarters of an hour; nothing for the vouchers
    assert is_sound()


def test_a_forgotten_departure_fills_the_target_once_a_reviewer_vouches_for_it(begun: Cast, at: At) -> None:
    """Decision 0014: what the reviewer credits is care that was given; nobody saw that it was more than planned."""
    with db.transaction() as session:
        chores, paid = due(session, ServiceKind.CHORE)[:3], due(session, ServiceKind.COMPANY)[0]
        for visit in (*chores, paid):
            ends_untold(session, begun, visit)
    at("2026-11-24 09:00")
    with db.transaction() as session:
        [row] = month_figures(session, make.TOWNSHIP, "2026-11")
        assert (row.month.got.all_visits, row.month.got.all_minutes) == (0, 0)  # nobody has looked yet
        visits.review(session, actor=REVIEWER, visit_id=chores[0].id, approved=True)  # the rules credit 75
        visits.review(
            session, actor=REVIEWER, visit_id=chores[1].id, approved=True, minutes={begun.li.id: 30}, reason="电话核实"
        )
        visits.review(session, actor=REVIEWER, visit_id=chores[2].id, approved=False, reason="没来过")
        visits.review(session, actor=REVIEWER, visit_id=paid.id, approved=True)  # a voucher credits nothing
    with db.transaction() as session:
        [row] = month_figures(session, make.TOWNSHIP, "2026-11")
        assert (row.month.got.visits, row.month.got.minutes) == (2, 60 + 30)
        assert row.month.got.paid_visits == 0
        table = take(session, actor=Actor("usr_tan", Role.BUREAU, make.DISTRICT), month="2026-11")
        assert (table[0][7], table[0][10]) == (2, 90)  # the subsidy's table reads the same
    assert has(begun.li).own == 75 + 30
    assert is_sound()


def test_a_stay_in_hospital_lets_the_bed_and_its_target_rest(begun: Cast, at: At) -> None:
    at("2026-11-10 09:00")
    chen = begun.chen_popo.id
    with db.transaction() as session:
        change_state(session, actor=DESK, person_id=chen, state=PersonState.HOSPITAL, since_on=date(2026, 11, 10))
    at("2026-11-20 09:00")
    with db.transaction() as session:
        change_state(session, actor=DESK, person_id=chen, state=PersonState.ACTIVE, since_on=date(2026, 11, 20))
    at("2026-11-30 20:00")
    with db.transaction() as session:
        [row] = month_figures(session, make.TOWNSHIP, "2026-11")
        assert (row.month.days, row.month.target_minutes) == (7 + 11, 600 * 18 // 30)


def test_a_paid_visit_is_refused_hours_by_name(begun: Cast) -> None:
    with db.transaction() as session:
        visit = due(session, ServiceKind.COMPANY)[0]
        with pytest.raises(Refused, match="paid_earns_nothing"):
            visits.settle(session, actor=SYSTEM, visit=visit, minutes={begun.li.id: 90})
    assert has(begun.li).own == 0
