"""What goes wrong in the field, and how it is handled: each reality of the field guide (§4.8) by a test of its name.

Two rows are stories of their own: staff turnover (test_change_of_hands.py), the loss of a server
(test_restore_drill.py).
Realities of the phone in the valley (no signal, drift, duplicates, grades) have campaigns of their own; here each is
shown once, in the smallest way that would break if the handling were gone.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlmodel import Session, select

from tests import factories as make
from tests.cast import Cast
from tests.fixtures.site import At
from tests.stories.hours import has
from tests.visits.conftest import actor_of, at_door, event, seen, tell
from timebank.areas.models import CalendarDay, DayKind
from timebank.careplans import consents
from timebank.careplans.models import AbsenceKind, ServiceKind
from timebank.cases import operations as cases
from timebank.core import clock, db, ids
from timebank.core.errors import TimebankError
from timebank.ledger.queries import account_of
from timebank.people import operations as people
from timebank.people.models import Person, PersonCase, PersonState, RiskTier
from timebank.visiting import operations as visiting
from timebank.visiting import queries as visiting_queries
from timebank.visiting.models import ContactForm, Outcome, StepKind, UnreachedCase
from timebank.visits import operations as visits
from timebank.visits.models import EventKind, EvidenceGrade, Visit, VisitState
from timebank.visits.operations import SlipIn
from timebank.visits.queries import day_code

TODAY = date(2026, 11, 3)


def plan(cast: Cast, *, on: date = TODAY, minutes: int = 45, service: ServiceKind = ServiceKind.VISIT) -> Visit:
    """A visit to 陈婆婆 from nine to eleven, with 李姐."""
    with db.transaction() as session:
        made = make.visit(session=session, elder=cast.chen_popo, on=on, minutes=minutes, service=service)
        return visits.assign(
            session, actor=actor_of(cast, "zhou"), visit_id=made.id, carers=[(cast.li.id, 540)], day_plan_id=None
        )


def mark(kind: DayKind, on: date) -> None:
    with db.transaction() as session:
        session.add(CalendarDay(id=ids.new_id("cal"), area_code=make.TOWNSHIP, on=on, kind=kind))


def generate(cast: Cast, month: str = "2026-11") -> visits.GenerationReport:
    with db.transaction() as session:
        return visits.generate(session, actor=actor_of(cast, "zhou"), area_code=make.TOWNSHIP, month=month)


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(TimebankError) as refused:
        act()
    return refused.value.code


def test_no_signal(cast: Cast, at: At) -> None:
    """Told hours later in the wrong order and twice, a visit is what it would have been with a signal."""
    visit = plan(cast)
    at("2026-11-03 20:00")
    left, came = event(visit, EventKind.CHECK_OUT, 9 * 60 + 50), event(visit, EventKind.CHECK_IN, 9 * 60 + 5)
    assert [tell(cast, told).state for told in (left, came, left)] == ["accepted", "accepted", "repeated"]
    assert seen(visit).state == VisitState.DONE


def test_elder_without_smartphone(cast: Cast, at: At) -> None:
    """The six digits on the strip at the door prove the visit; nobody there needs a phone."""
    visit = plan(cast)
    at("2026-11-03 10:00")
    code = day_code(cast.chen_popo.household_code, TODAY)
    tell(cast, event(visit, EventKind.CHECK_IN, 9 * 60, day_code=code, place=at_door()))
    tell(cast, event(visit, EventKind.CHECK_OUT, 9 * 60 + 40))
    assert seen(visit).grade == EvidenceGrade.A


def test_illiteracy_and_dialect(cast: Cast) -> None:
    """A consent is read aloud to her or to who acts for her, and the text says itself plainly in Chinese."""
    with db.transaction() as session:
        kept = consents.read_consent(
            session,
            actor=actor_of(cast, "wang"),
            person_id=cast.chen_popo.id,
            purpose="photo",
            heard_by=cast.chen_popo.id,
            method="thumb_print",
        )
    assert kept.text_version == consents.TEXT_VERSION and "照片" in consents.texts()["texts"]["photo"]["zh"]


def test_gps_drift_in_valleys(cast: Cast, at: At) -> None:
    """Far from the door is a flag for the reviewer, never a refusal."""
    visit = plan(cast)
    at("2026-11-03 10:00")
    assert tell(cast, event(visit, EventKind.CHECK_IN, 9 * 60, place=at_door(north_m=900))).state == "accepted"
    assert "out_of_fence" in seen(visit).flags


def test_evidence_grading(cast: Cast, at: At) -> None:
    """What comes on paper is of the lowest grade."""
    visit = plan(cast)
    at("2026-11-03 12:00")
    with db.transaction() as session:
        slip = SlipIn(visit.id, cast.li.id, 9 * 60, 9 * 60 + 45, is_signed=True)
        visits.enter_slip(session, actor=actor_of(cast, "wang"), slip=slip)
    assert seen(visit).grade == EvidenceGrade.C


def test_forged_hours(cast: Cast, at: At) -> None:
    """Nobody enters their own slip."""
    visit = plan(cast)
    at("2026-11-03 12:00")
    own = replace(actor_of(cast, "wang"), person_id=cast.li.id)

    def enter() -> None:
        with db.transaction() as session:
            visits.enter_slip(session, actor=own, slip=SlipIn(visit.id, cast.li.id, 540, 585))

    assert refusal(enter) == "visits.own_slip"


def test_duplicate_check_in(cast: Cast, at: At) -> None:
    """A second tap changes nothing."""
    visit = plan(cast)
    at("2026-11-03 10:00")
    tap = event(visit, EventKind.CHECK_IN, 9 * 60)
    assert [tell(cast, tap).state, tell(cast, tap).state] == ["accepted", "repeated"]


def test_checking_in_for_each_other(cast: Cast, at: At) -> None:
    """Two helpers of one visit who speak through one phone are shown to the reviewer."""
    with db.transaction() as session:
        made = make.visit(session=session, elder=cast.chen_popo, crew=2)
        visits.assign(
            session,
            actor=actor_of(cast, "zhou"),
            visit_id=made.id,
            carers=[(cast.li.id, 540), (cast.zhang.id, 540)],
            day_plan_id=None,
        )
    at("2026-11-03 10:00")
    for who in ("li", "zhang"):
        tell(cast, event(made, EventKind.CHECK_IN, 9 * 60, device_id="dev_shared"), who)
    assert "same_device" in seen(made).flags


def test_forgotten_check_out(cast: Cast, at: At) -> None:
    """Credited is the planned time and a little more at most, after a look."""
    visit = plan(cast, minutes=45)
    at("2026-11-03 10:00")
    tell(cast, event(visit, EventKind.CHECK_IN, 9 * 60))
    at("2026-11-04 02:17")
    with db.transaction() as session:
        visits.close_forgotten(session, actor=actor_of(cast, "zhou"), area_code=make.TOWNSHIP)
        found = session.get_one(Visit, visit.id)
        assert visits.needs_a_look(session, found)
        assert [minutes for minutes, _ in visits.proposed_minutes(session, found).values()] == [45 + 15]


def test_cancelled_on_the_way(cast: Cast, at: At) -> None:
    """With a reason, and the elder waits for somebody else at once."""
    visit = plan(cast)
    at("2026-11-03 08:50")
    tell(cast, event(visit, EventKind.CANCELLED, 8 * 60 + 50, data={"reason": "塌方"}))
    assert seen(visit).state == VisitState.DUE


def test_unreached_elder(cast: Cast, at: At) -> None:
    """Two tries, the neighbour, the village, then the alarm: each step with its time, and the clock goes on alone."""
    visit = plan(cast)
    at("2026-11-03 09:10")
    tell(cast, event(visit, EventKind.NO_ANSWER, 9 * 60 + 10))

    def watch() -> None:
        with db.transaction() as session:
            visiting.watch(session, area_code=make.DISTRICT)

    def case_of(session: Session) -> UnreachedCase:
        return session.exec(select(UnreachedCase)).one()

    watch()
    for moment, kind in (("10:30", StepKind.SECOND_TRY), ("11:00", StepKind.NEIGHBOUR), ("11:40", StepKind.VILLAGE)):
        at(f"2026-11-03 {moment}")
        with db.transaction() as session:
            visiting.take_step(
                session,
                actor=actor_of(cast, "wang"),
                case_id=case_of(session).id,
                kind=kind,
                outcome=Outcome.NO_ANSWER,
            )
    at("2026-11-03 13:41")
    watch()
    with db.reading() as session:
        steps = visiting_queries.steps_of(session, [case_of(session).id])[case_of(session).id]
    assert [(step.kind, clock.minute_of_day(step.at)) for step in steps] == [
        (StepKind.FIRST_TRY, 550),
        (StepKind.SECOND_TRY, 630),
        (StepKind.NEIGHBOUR, 660),
        (StepKind.VILLAGE, 700),
        (StepKind.EMERGENCY, 821),
    ]


def test_mountain_roads_rain_landslide(cast: Cast) -> None:
    """When nobody can get there a call counts as a visit, and never as a bath."""
    with db.transaction() as session:
        chen = session.get_one(Person, cast.chen_popo.id)
        chen.tags = ["living_alone"]
        session.add(chen)
        bath = make.visit(session=session, elder=chen, service=ServiceKind.BATH, crew=2)
        contact = visiting.Contact(chen.id, TODAY, ContactForm.PHONE, Outcome.WELL)
        visiting.record_contact(session, actor=actor_of(cast, "wang"), contact=contact)
        rates = visiting_queries.visiting_rate(session, make.TOWNSHIP, "2026-11")
    assert [(row.visited, row.registered) for row in rates] == [(1, 1)]
    assert seen(bath).state == VisitState.DUE


def test_spring_festival(cast: Cast) -> None:
    """The family is home and takes over: visits of those days are called off, and everybody sees why."""
    with db.transaction() as session:
        make.care_plan(session=session, elder=cast.chen_popo)
        given = visits.AbsenceIn(cast.chen_popo.id, AbsenceKind.FAMILY_HERE, date(2027, 2, 5), date(2027, 2, 20))
        visits.enter_absence(session, actor=actor_of(cast, "wang"), absence=given)
    report = generate(cast, "2027-02")
    assert dict(report.skipped) == {"the family is home and takes over": 2} and report.made == 2


def test_farming_season(cast: Cast) -> None:
    """Visits that can wait come in the evening; those to elders at high risk keep their hour."""
    for day in (10, 17):
        mark(DayKind.FARMING, date(2026, 11, day))
    with db.transaction() as session:
        for elder, tier in ((cast.chen_popo, RiskTier.HIGH), (cast.ran_daye, RiskTier.KEY)):
            found = session.get_one(Person, elder.id)
            found.tier = tier
            session.add(found)
        people.give_consent(
            session, actor=actor_of(cast, "wang"), person_id=cast.ran_daye.id, purpose="visits", method="read_aloud"
        )
        for elder in (cast.chen_popo, cast.ran_daye):
            make.care_plan(session=session, elder=elder)
    generate(cast)
    with db.reading() as session:
        found_visits = session.exec(select(Visit).where(Visit.due_on == date(2026, 11, 10))).all()
    hours = {visit.elder_id: visit.window_from_minute // 60 for visit in found_visits}
    assert hours == {cast.chen_popo.id: 9, cast.ran_daye.id: 17}


def test_volunteer_ages(cast: Cast) -> None:
    """Who gave help and now needs it keeps one account: registering as an elder opens no second."""
    with db.transaction() as session:
        make.hours(session=session, person=cast.li, minutes=300)
        before = account_of(session, cast.li.id)
        li = session.get_one(Person, cast.li.id)
        li.elder_since_on = TODAY
        session.add(li)
        make.care_plan(session=session, elder=li)
        after = account_of(session, cast.li.id)
    assert before is not None and after is not None
    assert (after.id, after.balance_minutes) == (before.id, 300)


def test_volunteer_dies(cast: Cast, at: At) -> None:
    """Visits to come look for somebody else at once; what she had earned goes to her husband, by two people."""
    visit = plan(cast, on=TODAY + timedelta(days=1))
    at("2026-11-03 12:00")
    with db.transaction() as session:
        make.hours(session=session, person=cast.li, minutes=90)
        make.kin(session=session, of=cast.li, kin=cast.zhang, relation="spouse")
        case = people.change_state(
            session, actor=actor_of(cast, "zhou"), person_id=cast.li.id, state=PersonState.DEAD, since_on=TODAY
        )
        cases.propose_estate(
            session, actor=actor_of(cast, "wang"), case=case, heir_id=cast.zhang.id, evidence="户口本复印件"
        )
    assert seen(visit).state == VisitState.DUE

    def settle(who: str) -> None:
        with db.transaction() as session:
            cases.settle_estate(session, actor=actor_of(cast, who), case=session.get_one(PersonCase, case.id))

    assert refusal(lambda: settle("wang")) == "people.own_proposal"
    settle("wu")
    assert (has(cast.li).own, has(cast.zhang).own) == (0, 90)


def test_power_or_server_loss(cast: Cast, at: At) -> None:
    """A day on paper is entered afterwards, slip by slip, and is what a day on phones would be."""
    visit = plan(cast)
    at("2026-11-04 08:00")
    with db.transaction() as session:
        slips = [SlipIn(visit.id, cast.li.id, 9 * 60, 9 * 60 + 45)]
        assert visits.enter_slips(session, actor=actor_of(cast, "wang"), slips=slips) == 1
    assert seen(visit).state == VisitState.DONE
