"""What goes wrong in a valley, and what the software does about it: one test for each row of field guide §4.8 that
begins at a visit; staff turnover and the lost server are stories (tests/stories)."""

import io
from dataclasses import replace
from datetime import date

import pytest
from PIL import Image
from sqlmodel import Session, select

from tests import factories as make
from tests.cast import Cast
from tests.fixtures.site import At, SignIn
from tests.stories.hours import helps
from tests.visits.conftest import Plan, actor_of, at_door, event, seen, tell
from timebank.areas.models import CalendarDay, DayKind
from timebank.careplans.models import ServiceKind
from timebank.core import clock, db, ids
from timebank.core.actors import SYSTEM
from timebank.core.errors import TimebankError
from timebank.emergency import operations as emergency
from timebank.emergency.models import CallUpReason
from timebank.emergency.operations.callups import CallUpIn
from timebank.emergency.ready_queries import checks_of
from timebank.ledger.queries import account_of
from timebank.people import operations as people
from timebank.people.models import Person, RiskTier
from timebank.visiting import operations as visiting
from timebank.visiting.models import Outcome, StepKind
from timebank.visiting.queries import visiting_rate
from timebank.visits import operations, queries
from timebank.visits.models import EventKind as Kind
from timebank.visits.models import EvidenceGrade, Visit, VisitState
from timebank.visits.operations import SlipIn

pytestmark = pytest.mark.usefixtures("app")
SLIP = io.BytesIO()
Image.new("RGB", (320, 240), "white").save(SLIP, "JPEG")


def looked_at(visit: Visit) -> set[str]:
    """Why a person must look at a visit before it counts."""
    with db.reading() as session:
        return set(operations.needs_a_look(session, session.get_one(Visit, visit.id)))


def office(session: Session, cast: Cast, visit: Visit) -> None:
    """The village calls back, the township reviews."""
    operations.confirm(session, actor=actor_of(cast, "wang"), visit_id=visit.id, method="call_back")
    operations.review(session, actor=actor_of(cast, "wu"), visit_id=visit.id, approved=True)


def hours_of(person_id: str) -> int:
    with db.reading() as session:
        account = account_of(session, person_id)
        return account.balance_minutes if account else 0


def came_and_left(cast: Cast, visit: Visit, who: str = "li", *, minute: int = 540, **more: object) -> None:
    """Somebody of the cast at the door for 45 minutes."""
    for kind, moment in ((Kind.CHECK_IN, minute), (Kind.CHECK_OUT, minute + 45)):
        tell(cast, event(visit, kind, moment, **({"place": at_door(), "device_id": f"dev_{who}"} | more)), who)


def test_no_signal(cast: Cast, planned: Plan, at: At) -> None:
    """Entries come days late, the last one first, one of them twice: kept once, at the phone's time."""
    visit = planned()
    told = [event(visit, Kind.CHECK_IN, 540, place=at_door()), event(visit, Kind.CHECK_OUT, 590, place=at_door())]
    at("2026-11-06 19:00")
    states = [tell(cast, one).state for one in (told[1], told[0], told[1])]
    assert states == ["accepted", "accepted", "repeated"]
    with db.reading() as session:
        assert operations.proposed_minutes(session, session.get_one(Visit, visit.id))[cast.li.id][0] == 45


def test_an_elder_without_a_smartphone_and_a_phone_that_is_shared(cast: Cast, planned: Plan) -> None:
    """The strip on the door speaks for the home; two helpers of one bath on one phone are said to the reviewer."""
    visit = planned(cast.li, cast.zhang)
    code = {"day_code": queries.day_code(visit.household_code, visit.due_on)}
    for who in ("li", "zhang"):
        came_and_left(cast, visit, who, device_id="dev_family", **code)
    assert seen(visit).grade == EvidenceGrade.A
    assert "same_device" in looked_at(visit)


def test_illiteracy_and_dialect(cast: Cast, planned: Plan, sign_in: SignIn) -> None:
    """Pictures beside the words, a button that reads aloud, and a slip with a thumb print on a photo."""
    visit = planned()
    page = sign_in("li").visit("/today")
    assert 'data-read-aloud="stops"' in page and "<svg" in page
    slip = SlipIn(visit.id, cast.li.id, 540, 585, is_signed=True, photo=SLIP.getvalue())
    with db.transaction() as session:
        operations.enter_slip(session, actor=actor_of(cast, "wang"), slip=slip)
    assert (seen(visit).state, seen(visit).grade) == (VisitState.CONFIRMED, EvidenceGrade.C)


def test_gps_drift_in_valleys(cast: Cast, planned: Plan) -> None:
    """A position off by more than the fence but less than its own doubt is inside; farther off is only flagged."""
    near, far = planned(), planned()
    came_and_left(cast, near, place=at_door(north_m=260, accuracy_m=90))
    assert seen(near).grade == EvidenceGrade.B and "out_of_fence" not in seen(near).flags
    came_and_left(cast, far, minute=600, place=at_door(north_m=900, accuracy_m=20))
    assert seen(far).state == VisitState.DONE and "out_of_fence" in seen(far).flags


def test_evidence_grading(cast: Cast, planned: Plan) -> None:
    """Place and elder: A. One of them: B. Paper: C, and always looked at."""
    visit = planned()
    came_and_left(cast, visit)
    assert seen(visit).grade == EvidenceGrade.B
    with db.transaction() as session:
        operations.confirm(session, actor=actor_of(cast, "wang"), visit_id=visit.id, method="call_back")
    assert seen(visit).grade == EvidenceGrade.A
    paper = planned()
    slip = SlipIn(paper.id, cast.li.id, 600, 645, is_signed=True)
    with db.transaction() as session:
        operations.enter_slip(session, actor=actor_of(cast, "wang"), slip=slip)
    assert seen(paper).grade == EvidenceGrade.C and "sampled" in looked_at(paper)


def test_forged_hours(cast: Cast, planned: Plan) -> None:
    """Who helped neither confirms nor reviews; two homes at one time are held for a look."""
    visit = planned()
    came_and_left(cast, visit)
    with pytest.raises(TimebankError, match="cannot also confirm"), db.transaction() as session:
        operations.confirm(session, actor=actor_of(cast, "li"), visit_id=visit.id, method="button")
    elsewhere = planned(elder=cast.ran_daye)
    came_and_left(cast, elsewhere, minute=550)
    assert {"two_homes_at_once", "copied_place"} <= looked_at(elsewhere)
    assert hours_of(cast.li.id) == 0


def test_duplicate_check_in(cast: Cast, planned: Plan) -> None:
    """A second tap under another name changes nothing: the first arrival counts."""
    visit = planned()
    tell(cast, event(visit, Kind.CHECK_IN, 540, place=at_door()))
    tell(cast, event(visit, Kind.CHECK_IN, 555, place=at_door()))
    tell(cast, event(visit, Kind.CHECK_OUT, 600, place=at_door()))
    with db.transaction() as session:
        office(session, cast, visit)
    assert hours_of(cast.li.id) == 60


def test_checking_in_for_each_other(cast: Cast, planned: Plan) -> None:
    """The six digits of another day or another door prove nothing, and say so."""
    visit = planned()
    other_door = queries.day_code(cast.ran_daye.household_code, visit.due_on)
    answer = tell(cast, event(visit, Kind.CHECK_IN, 540, day_code=other_door))
    assert "not those of this door" in str(answer.message)
    tell(cast, event(visit, Kind.CHECK_OUT, 590))
    assert seen(visit).grade not in (EvidenceGrade.A, EvidenceGrade.B)


def test_forgotten_check_out(cast: Cast, planned: Plan, at: At) -> None:
    """Credited as planned and a quarter of an hour at most, after a look."""
    visit = planned()
    tell(cast, event(visit, Kind.CHECK_IN, 540, place=at_door()))
    at("2026-11-04 08:00")
    with db.transaction() as session:
        operations.close_day(session, actor=actor_of(cast, "zhou"), area_code=make.TOWNSHIP, on=date(2026, 11, 3))
    assert {"no_check_out"} <= looked_at(visit)
    with db.transaction() as session:
        office(session, cast, visit)
    assert hours_of(cast.li.id) == 60


def test_cancelled_on_the_way(cast: Cast, planned: Plan) -> None:
    """The visit waits again for somebody else; nothing is credited."""
    visit = planned()
    tell(cast, event(visit, Kind.CANCELLED, 530, data={"reason": "路断了"}))
    assert seen(visit).state == VisitState.DUE
    assert hours_of(cast.li.id) == 0


def test_an_elder_who_is_not_reached(cast: Cast, planned: Plan, at: At) -> None:
    """Two tries, the neighbour, the village; then the clock raises an alarm by itself."""
    visit, clerk = planned(), actor_of(cast, "zhou")
    tell(cast, event(visit, Kind.NO_ANSWER, 545, place=at_door()))
    with db.transaction() as session:
        again = operations.try_again(session, actor=clerk, visit_id=visit.id, due_on=clock.today())
        case = visiting.begin_search(session, actor=clerk, visit_id=visit.id)
        for step in (StepKind.SECOND_TRY, StepKind.NEIGHBOUR, StepKind.VILLAGE):
            visiting.take_step(session, actor=clerk, case_id=case.id, kind=step, outcome=Outcome.NO_ANSWER)
        assert visiting.watch(session, area_code=make.TOWNSHIP) == 0
    assert (again.tier, again.due_on) == ("high", visit.due_on)
    at("2026-11-03 23:59")
    with db.transaction() as session:
        assert visiting.watch(session, area_code=make.TOWNSHIP) == 1


def test_mountain_roads_and_weather(cast: Cast, planned: Plan) -> None:
    """A landslide: elders are called by phone instead. That is a visit of the month; the bath stays due."""
    bath = planned(cast.li, cast.zhang, service=ServiceKind.BATH)
    slide = CallUpIn(make.VILLAGE, CallUpReason.LANDSLIDE, "路断了", clock.today(), 780, 1_080, wanted=2)
    with db.transaction() as session:
        session.get_one(Person, cast.chen_popo.id).tags = ["empty_nest"]
        session.flush()
        made = emergency.call_up(session, actor=actor_of(cast, "zhou"), asked=slide)
        calls = checks_of(session, made.id, make.VILLAGE)
        check = next(row.check for row in calls if row.check.elder_id == cast.chen_popo.id)
        told = {"call_up_id": made.id, "check_id": check.id, "outcome": Outcome.WELL}
        emergency.tell_check(session, actor=actor_of(cast, "wang"), **told)
        (rate,) = visiting_rate(session, make.VILLAGE, "2026-11")
    assert rate.visited == 1
    assert seen(bath).state == VisitState.PLANNED


def month_of(cast: Cast, kind: DayKind, days: list[date]) -> dict[date, Visit]:
    """The visits of 冉大爷's November, who lives with kin and is at no special risk, with special days in it."""
    with db.transaction() as session:
        people.give_consent(session, actor=SYSTEM, person_id=cast.ran_daye.id, purpose="visits", method="read_aloud")
        for on in days:
            session.add(CalendarDay(id=ids.new_id("cal"), area_code=make.TOWNSHIP, on=on, kind=kind))
        elder = session.get_one(Person, cast.ran_daye.id)
        elder.tier = RiskTier.GENERAL
        session.add(elder)
        session.flush()
        make.care_plan(session=session, elder=elder, items=[replace(make.care_item(), skips_holidays=True)])
        operations.generate(session, actor=actor_of(cast, "zhou"), area_code=make.TOWNSHIP, month="2026-11")
    with db.reading() as session:
        found = session.exec(select(Visit).where(Visit.elder_id == cast.ran_daye.id, Visit.state == VisitState.DUE))
        return {visit.due_on: visit for visit in found}


def test_spring_festival(cast: Cast) -> None:
    """The family is home: a visit that can wait is left out on a holiday."""
    festival = date(2026, 11, 17)
    kept = month_of(cast, DayKind.HOLIDAY, [festival])
    assert kept and festival not in kept


def test_farming_season(cast: Cast) -> None:
    """Volunteers are in the fields by day: what can wait begins in the evening."""
    busy = date(2026, 11, 17)
    kept = month_of(cast, DayKind.FARMING, [busy])
    assert kept[busy].window_from_minute == 17 * 60
    assert kept[date(2026, 11, 10)].window_from_minute == 9 * 60


def test_a_volunteer_ages(cast: Cast, at: At) -> None:
    """Who gave becomes who receives, with one account: what 李姐 earned she draws once she is sixty."""
    helps(cast.li, 120)
    asked = operations.RequestIn(cast.li.id, ServiceKind.VISIT, date(2028, 3, 10), 540, 660, 45)
    herself = actor_of(cast, "li")
    at("2028-03-01 09:00")
    with pytest.raises(TimebankError, match="60"), db.transaction() as session:
        operations.ask_for_help(session, actor=herself, asked=replace(asked, due_on=date(2028, 3, 2)))
    at("2028-03-06 09:00")
    with db.transaction() as session:
        operations.ask_for_help(session, actor=herself, asked=asked)
    with db.reading() as session:
        account = account_of(session, cast.li.id)
        assert account is not None and (account.balance_minutes, account.held_minutes) == (120, 45)


def test_power_and_server_loss(cast: Cast, planned: Plan, sign_in: SignIn) -> None:
    """Run sheets and slips are printed ahead; a whole day's slips are entered afterwards, all or none."""
    first, second = planned(), planned(elder=cast.ran_daye)
    assert sign_in("wang").get("/village-day").status_code == 200
    slips = [SlipIn(first.id, cast.li.id, 540, 585), SlipIn(second.id, cast.li.id, 600, 645)]
    with db.transaction() as session:
        assert operations.enter_slips(session, actor=actor_of(cast, "wang"), slips=slips) == 2
