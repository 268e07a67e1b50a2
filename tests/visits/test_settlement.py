"""From the elder's nod to the hours in the book: nobody does two of the three steps for one hour."""

from datetime import date

import pytest

from tests import factories as make
from tests.cast import Cast
from tests.fixtures.site import At
from tests.visits.conftest import Plan, actor_of, at_door, event, seen, tell
from timebank.careplans.models import ServiceKind
from timebank.core import clock, db, ids
from timebank.core.actors import SYSTEM
from timebank.core.errors import BadInput, NotAllowed, Refused, TimebankError
from timebank.ledger import operations as ledger
from timebank.ledger.queries import account_of
from timebank.people.models import Household
from timebank.people.queries import place_of, proxies_of
from timebank.visits import operations, queries
from timebank.visits.models import EventKind as Kind
from timebank.visits.models import EvidenceGrade, Visit, VisitState
from timebank.visits.operations import SlipIn
from timebank.visits.rules import EventIn


def done(cast: Cast, visit: Visit, *, minutes: int = 45) -> Visit:
    """李姐 was there from nine; now it is noon."""
    tell(cast, event(visit, Kind.CHECK_IN, 9 * 60, place=at_door(), device_id="dev_li", counter=1))
    tell(cast, event(visit, Kind.CHECK_OUT, 9 * 60 + minutes, place=at_door(north_m=5), device_id="dev_li", counter=2))
    return visit


def confirm(cast: Cast, visit: Visit, who: str = "xiaofang", **more: object) -> None:
    with db.transaction() as session:
        method = "button" if who in ("xiaofang", "ran", "li") else "call_back"
        operations.confirm(
            session,
            actor=actor_of(cast, who),
            visit_id=visit.id,
            **({"method": method} | more),  # type: ignore[arg-type]
        )


def review(cast: Cast, visit: Visit, who: str = "wu", **more: object) -> None:
    with db.transaction() as session:
        operations.review(
            session,
            actor=actor_of(cast, who),
            visit_id=visit.id,
            **({"approved": True} | more),  # type: ignore[arg-type]
        )


def minutes_of(person_id: str) -> int:
    with db.reading() as session:
        account = account_of(session, person_id)
        return account.balance_minutes if account else 0


def test_the_path_of_an_hour(cast: Cast, planned: Plan) -> None:
    visit = done(cast, planned(), minutes=50)
    assert (seen(visit).state, seen(visit).grade) == (VisitState.DONE, EvidenceGrade.B)
    confirm(cast, visit, happy=3)
    assert (seen(visit).state, seen(visit).grade) == (VisitState.CONFIRMED, EvidenceGrade.A)
    review(cast, visit)
    assert seen(visit).state == VisitState.SETTLED
    assert minutes_of(cast.li.id) == 45, "50 minutes, rounded down to a quarter of an hour"


@pytest.mark.parametrize(
    ("who", "code"),
    [
        ("li", "visits.own_visit"),
        ("sun", "visits.no_such_visit"),
        ("ran", "visits.no_such_visit"),
    ],
)
def test_who_cannot_confirm(cast: Cast, planned: Plan, who: str, code: str) -> None:
    visit = done(cast, planned())
    with pytest.raises(TimebankError) as refused:
        confirm(cast, visit, who)
    assert refused.value.code == code


def test_kin_without_the_power_to_confirm_cannot(cast: Cast, planned: Plan) -> None:
    visit = done(cast, planned())
    with db.transaction() as session:
        for power in proxies_of(session, cast.chen_popo.id):
            power[0].purposes = ["request"]
            session.add(power[0])
    with pytest.raises(NotAllowed) as refused:
        confirm(cast, visit)
    assert refused.value.code == "visits.no_power"


def test_a_visit_that_still_runs_cannot_be_confirmed(cast: Cast, planned: Plan) -> None:
    visit = planned()
    tell(cast, event(visit, Kind.CHECK_IN, 9 * 60))
    with pytest.raises(Refused) as refused:
        confirm(cast, visit)
    assert refused.value.code == "visits.not_done"


def test_the_first_answer_stands(cast: Cast, planned: Plan) -> None:
    visit = done(cast, planned())
    confirm(cast, visit, disputed=True, remark="只来了十分钟")
    confirm(cast, visit, who="wang", happy=3)
    with db.reading() as session:
        kept = queries.confirmation_of(session, visit.id)
    assert kept is not None and kept.disputed and kept.by_person_id == cast.xiaofang.id
    assert seen(visit).flags == ["disputed"]
    assert seen(visit).grade == EvidenceGrade.B, "who disagrees proves nothing"


def test_who_confirmed_cannot_review(cast: Cast, planned: Plan) -> None:
    visit = done(cast, planned())
    confirm(cast, visit, who="wu")
    with pytest.raises(NotAllowed) as refused:
        review(cast, visit, who="wu")
    assert refused.value.code == "visits.not_your_review"
    review(cast, visit, who="zhou")


def test_a_reviewer_gives_no_more_than_the_rules_and_says_why_it_is_less(cast: Cast, planned: Plan) -> None:
    visit = done(cast, planned())
    confirm(cast, visit)
    with pytest.raises(BadInput) as refused:
        review(cast, visit, minutes={cast.li.id: 60})
    assert refused.value.code == "visits.too_many_minutes"
    with pytest.raises(BadInput) as refused:
        review(cast, visit, minutes={cast.li.id: 30})
    assert refused.value.code == "visits.no_reason"
    review(cast, visit, minutes={cast.li.id: 30}, reason="婆婆说来晚了")
    assert minutes_of(cast.li.id) == 30
    with pytest.raises(Refused) as again:
        review(cast, visit)
    assert again.value.code == "visits.not_confirmed"


def test_a_rejected_visit_earns_nothing_and_needs_a_reason(cast: Cast, planned: Plan) -> None:
    visit = done(cast, planned())
    confirm(cast, visit)
    with pytest.raises(BadInput):
        review(cast, visit, approved=False)
    review(cast, visit, approved=False, reason="没有人来过")
    assert seen(visit).state == VisitState.REJECTED
    assert minutes_of(cast.li.id) == 0


def test_a_voucher_visit_never_posts_hours(cast: Cast, planned: Plan) -> None:
    visit = planned()
    with db.transaction() as session:
        paid = session.get_one(Visit, visit.id)
        paid.paid_by = "voucher"
        session.add(paid)
    done(cast, visit)
    confirm(cast, visit)
    with pytest.raises(Refused, match="paid_earns_nothing"):
        review(cast, visit, minutes={cast.li.id: 15}, reason="也该记一点")
    with db.transaction() as session, pytest.raises(Refused, match="paid_earns_nothing"):
        operations.settle(session, actor=SYSTEM, visit=session.get_one(Visit, visit.id), minutes={cast.li.id: 15})
    assert (seen(visit).state, minutes_of(cast.li.id)) == (VisitState.CONFIRMED, 0)
    review(cast, visit)
    assert seen(visit).state == VisitState.SETTLED
    assert minutes_of(cast.li.id) == 0


def proposed(cast: Cast, visit: Visit) -> tuple[int, list[str]]:
    with db.reading() as session:
        return operations.proposed_minutes(session, session.get_one(Visit, visit.id))[cast.li.id]


@pytest.mark.parametrize("first", [0, 1])
def test_the_cap_is_that_of_the_day_on_which_the_hours_are_booked(cast: Cast, at: At, first: int) -> None:
    """Visits due on the 4th and the 5th, both made on the 5th: four hours of that day count, whichever comes first."""
    made_on, visits = date(2026, 11, 5), []
    for due_on in (date(2026, 11, 4), made_on):
        with db.transaction() as session:
            visit = make.visit(session=session, elder=cast.chen_popo, on=due_on, window=(480, 1_200), minutes=240)
            clerk, crew = actor_of(cast, "zhou"), [(cast.li.id, 480)]
            visits.append(operations.assign(session, actor=clerk, visit_id=visit.id, carers=crew, day_plan_id=None))
    at("2026-11-05 20:00")
    found = []
    for visit, came in ((visits[first], 480), (visits[1 - first], 780)):
        for kind, minute in ((Kind.CHECK_IN, came), (Kind.CHECK_OUT, came + 240)):
            moment = clock.at_local(made_on, minute)
            tell(cast, EventIn(ids.new_id("evt"), visit.id, kind, moment, place=at_door(north_m=minute / 100)))
        confirm(cast, visit)
        found.append(proposed(cast, visit))
        review(cast, visit)
    assert found == [(240, []), (0, ["over_the_cap"])]
    with db.reading() as session:
        assert queries.credited_around(session, cast.li.id, made_on) == (240, 240)


def ask(cast: Cast, minutes: int = 60) -> Visit:
    with db.transaction() as session:
        make.hours(session=session, person=cast.chen_popo, minutes=120)
        asked = operations.RequestIn(
            cast.chen_popo.id, ServiceKind.COMPANY, clock.today(), 9 * 60, 18 * 60, minutes, "想聊聊天"
        )
        visit = operations.ask_for_help(session, actor=actor_of(cast, "xiaofang"), asked=asked)
        operations.take(session, actor=actor_of(cast, "li"), visit_id=visit.id)
        return visit


def test_asked_help_draws_the_hours_that_were_held(cast: Cast, planned: Plan) -> None:
    visit = done(cast, ask(cast), minutes=46)
    confirm(cast, visit)
    review(cast, visit)
    assert (minutes_of(cast.chen_popo.id), minutes_of(cast.li.id)) == (75, 45)


def test_a_hold_that_ran_out_is_made_again_at_the_review(cast: Cast, planned: Plan) -> None:
    visit = done(cast, ask(cast))
    confirm(cast, visit)
    with db.transaction() as session:
        assert seen(visit).hold_id
        ledger.release(session, actor=SYSTEM, hold_id=str(seen(visit).hold_id), expired=True)
    review(cast, visit)
    assert (minutes_of(cast.chen_popo.id), minutes_of(cast.li.id)) == (75, 45)


def test_a_rejected_request_gives_the_held_hours_back(cast: Cast, planned: Plan) -> None:
    visit = done(cast, ask(cast))
    confirm(cast, visit)
    review(cast, visit, approved=False, reason="没有人来过")
    with db.reading() as session:
        account = account_of(session, cast.chen_popo.id)
    assert account is not None and (account.balance_minutes, account.held_minutes) == (120, 0)


def slip(cast: Cast, visit: Visit, **more: object) -> SlipIn:
    given = {"visit_id": visit.id, "person_id": cast.li.id, "from_minute": 8 * 60, "to_minute": 8 * 60 + 45}
    return SlipIn(**(given | more))  # type: ignore[arg-type]


def enter(cast: Cast, given: SlipIn, who: str = "wang") -> Visit:
    with db.transaction() as session:
        return operations.enter_slip(session, actor=actor_of(cast, who), slip=given)


def test_a_slip_is_the_lowest_grade_and_always_looked_at(cast: Cast, planned: Plan) -> None:
    visit = enter(cast, slip(cast, planned(), is_signed=True))
    found = seen(visit)
    assert (found.state, found.grade, found.flags) == (VisitState.CONFIRMED, EvidenceGrade.C, ["by_office", "no_photo"])
    with db.reading() as session:
        assert "sampled" in operations.needs_a_look(session, found)


def test_who_entered_a_slip_cannot_also_speak_for_the_elder(cast: Cast, planned: Plan) -> None:
    visit = enter(cast, slip(cast, planned()))
    with pytest.raises(NotAllowed) as refused:
        confirm(cast, visit, who="wang")
    assert refused.value.code == "visits.recorded_by_you"
    confirm(cast, visit, who="zhou")
    assert seen(visit).grade == EvidenceGrade.C, "paper stays paper"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"to_minute": 7 * 60}, "visits.slip_ends_first"),
        ({"to_minute": 20 * 60}, "visits.slip_in_future"),
        ({"person_id": "per_nobody"}, "visits.not_on_visit"),
        ({"visit_id": "vis_nothing"}, "visits.not_on_visit"),
    ],
)
def test_slips_that_cannot_be(cast: Cast, planned: Plan, more: dict[str, object], code: str) -> None:
    visit = planned()
    with pytest.raises(TimebankError) as refused:
        enter(cast, slip(cast, visit, **more))
    assert refused.value.code == code
    with db.reading() as session:
        assert queries.events_of(session, visit.id) == []


def test_nobody_enters_their_own_slip_nor_the_same_one_twice(cast: Cast, planned: Plan) -> None:
    with db.transaction() as session:
        make.papers(session=session, person=cast.wang, kinds=["visit"])
    own = planned(cast.wang)
    with pytest.raises(NotAllowed) as refused:
        enter(cast, slip(cast, own, person_id=cast.wang.id))
    assert refused.value.code == "visits.own_slip"
    visit = enter(cast, slip(cast, planned()))
    with pytest.raises(Refused) as again:
        enter(cast, slip(cast, visit))
    assert again.value.code == "visits.slip_known"


def test_a_days_slips_are_entered_together_or_not_at_all(cast: Cast, planned: Plan) -> None:
    first, second = planned(), planned(cast.zhang)
    bad = slip(cast, second, person_id=cast.zhang.id, to_minute=6 * 60)
    with pytest.raises(BadInput) as refused, db.transaction() as session:
        operations.enter_slips(session, actor=actor_of(cast, "wang"), slips=[slip(cast, first), bad])
    assert refused.value.field == f"to-{second.id}-{cast.zhang.id}"
    assert seen(first).state == VisitState.PLANNED
    with db.transaction() as session:
        good = slip(cast, second, person_id=cast.zhang.id)
        assert operations.enter_slips(session, actor=actor_of(cast, "wang"), slips=[slip(cast, first), good]) == 2
    assert {seen(first).state, seen(second).state} == {VisitState.DONE}


def test_a_door_is_learnt_from_three_visits_with_the_right_code(cast: Cast, planned: Plan) -> None:
    def door() -> tuple[float, float]:
        with db.reading() as session:
            return place_of(session.get_one(Household, cast.chen_popo.household_code))

    before = door()
    for count in range(1, 4):
        visit = planned()
        code = queries.day_code(visit.household_code, visit.due_on)
        place = at_door(north_m=120 + count)
        tell(cast, event(visit, Kind.CHECK_IN, 9 * 60, place=place, day_code=code))
        tell(cast, event(visit, Kind.CHECK_OUT, 9 * 60 + 45))
        confirm(cast, visit)
        review(cast, visit)
        assert (door() != before) == (count == 3)
    assert round((door()[0] - before[0]) * 111_195) == 122
