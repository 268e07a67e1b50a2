"""What phones say about a visit: in any order, late, twice, wrong; and what the office makes of it."""

from itertools import permutations

import pytest
from sqlmodel import select

from tests import factories as make
from tests.cast import Cast
from tests.visits.conftest import Plan, actor_of, at_door, event, seen, tell
from timebank.core import clock, db, ids
from timebank.core.errors import BadInput, NotFound, Refused
from timebank.visits import operations, queries
from timebank.visits.models import CarerState, EvidenceGrade, Visit, VisitCarer, VisitState
from timebank.visits.models import EventKind as Kind
from timebank.visits.rules import EventIn


def code_of(visit: Visit, *, days_back: int = 0) -> str:
    return queries.day_code(visit.household_code, visit.due_on.replace(day=visit.due_on.day - days_back))


def story(visit: Visit) -> list[EventIn]:
    """Arrived with place and code, pressure taken, a note, left 47 minutes later."""
    return [
        event(visit, Kind.CHECK_IN, 9 * 60 + 2, place=at_door(), day_code=code_of(visit), device_id="dev_a", counter=1),
        event(visit, Kind.VITALS, 9 * 60 + 10, data={"systolic": 132}, device_id="dev_a", counter=2),
        event(visit, Kind.NOTE, 9 * 60 + 20, data={"note": "灯坏了"}, device_id="dev_a", counter=3),
        event(visit, Kind.CHECK_OUT, 9 * 60 + 49, place=at_door(north_m=8), device_id="dev_a", counter=4),
    ]


def what_is_known(visit: Visit) -> object:
    with db.reading() as session:
        found = session.get_one(Visit, visit.id)
        carers = [(c.person_id, c.checked_in_at, c.checked_out_at, c.state) for c, _ in _carers(visit)]
        return found.state, found.grade, found.flags, carers, operations.proposed_minutes(session, found)


def _carers(visit: Visit) -> list[tuple[VisitCarer, object]]:
    with db.reading() as session:
        return list(queries.carers_of(session, [visit.id])[visit.id])


def test_arrival_and_departure_make_a_visit_done(cast: Cast, planned: Plan) -> None:
    visit = planned()
    for told, state in zip(story(visit), [VisitState.RUNNING] * 3 + [VisitState.DONE], strict=True):
        assert tell(cast, told).state == "accepted"
        assert seen(visit).state == state
    assert seen(visit).grade == EvidenceGrade.A, "place and the home's own code are two proofs"
    assert seen(visit).flags == []


@pytest.mark.parametrize("order", list(permutations(range(4)))[::5])
def test_the_order_of_arrival_changes_nothing(cast: Cast, planned: Plan, order: tuple[int, ...]) -> None:
    visit = planned()
    told = story(visit)
    for index in order:
        tell(cast, told[index])
        tell(cast, told[index])
    straight = planned()
    twins = [EventIn(**{**vars(one), "id": ids.new_id("evt"), "visit_id": straight.id}) for one in told]
    for one in twins:
        tell(cast, one)
    assert what_is_known(visit) == what_is_known(straight)


def test_an_entry_sent_again_changes_nothing_and_with_other_content_it_is_refused(cast: Cast, planned: Plan) -> None:
    visit = planned()
    told = story(visit)[0]
    assert [tell(cast, told).state for _ in range(3)] == ["accepted", "repeated", "repeated"]
    forged = EventIn(**{**vars(told), "device_at": clock.at_local(visit.due_on, 8 * 60)})
    with pytest.raises(Refused) as refused:
        tell(cast, forged)
    assert refused.value.code == "visits.event_reused"


def test_a_note_and_a_blood_pressure_lie_sealed(cast: Cast, planned: Plan) -> None:
    visit = planned()
    for told in story(visit):
        tell(cast, told)
    with db.reading() as session:
        kept = {found.kind: found.data for found in queries.events_of(session, visit.id)}
    assert set(kept[Kind.NOTE]) == {"sealed"} and "灯" not in str(kept)
    assert set(kept[Kind.VITALS]) == {"sealed"}


@pytest.mark.parametrize(
    ("given", "verdict", "grade"),
    [
        ("today", "right", EvidenceGrade.B),
        ("yesterday", "other_day", EvidenceGrade.C),
        ("none", "wrong", EvidenceGrade.C),
    ],
)
def test_the_day_code_proves_the_home_on_its_day_alone(
    cast: Cast, planned: Plan, given: str, verdict: str, grade: EvidenceGrade
) -> None:
    visit = planned()
    right = code_of(visit)
    digits = {"today": right, "yesterday": code_of(visit, days_back=1), "none": f"{(int(right) + 1) % 10**6:06d}"}[
        given
    ]
    tell(cast, event(visit, Kind.CHECK_IN, 9 * 60, day_code=digits))
    with db.reading() as session:
        assert queries.events_of(session, visit.id)[0].data["code"] == verdict
    assert seen(visit).grade == grade
    assert ("code_mismatch" in seen(visit).flags) == (verdict != "right")


@pytest.mark.parametrize("kind", [Kind.CHECK_IN, Kind.TICK, Kind.NOTE])
def test_after_five_wrong_codes_no_code_counts_at_this_visit(cast: Cast, planned: Plan, kind: Kind) -> None:
    visit = planned()
    right = int(code_of(visit))
    for step in range(1, 6):
        tell(cast, event(visit, kind, 9 * 60, day_code=f"{(right + step) % 10**6:06d}"))
    answer = tell(cast, event(visit, kind, 9 * 60, day_code=code_of(visit)))
    assert "Too many wrong digits" in str(answer.message)
    assert seen(visit).grade == EvidenceGrade.C


@pytest.mark.parametrize(
    ("north_m", "accuracy_m", "flags", "grade"),
    [
        (150, 30, [], EvidenceGrade.B),
        (260, 80, [], EvidenceGrade.B),  # the blur of the valley counts for the volunteer
        (5_000, 20, ["out_of_fence"], EvidenceGrade.C),
        (10, 0, ["place_too_perfect"], EvidenceGrade.C),
        (10, 900, ["place_inexact"], EvidenceGrade.C),
    ],
)
def test_a_place_is_graded_never_refused(
    cast: Cast, planned: Plan, north_m: float, accuracy_m: float, flags: list[str], grade: EvidenceGrade
) -> None:
    visit = planned()
    place = at_door(north_m=north_m, accuracy_m=accuracy_m)
    assert tell(cast, event(visit, Kind.CHECK_IN, 9 * 60, place=place)).state == "accepted"
    assert (seen(visit).flags, seen(visit).grade) == (flags, grade)


def test_the_card_of_another_home_is_said_at_once_and_flagged(cast: Cast, planned: Plan) -> None:
    visit = planned()
    answer = tell(cast, event(visit, Kind.CHECK_IN, 9 * 60, card=cast.ran_daye.household_code))
    assert "another home" in str(answer.message)
    assert seen(visit).flags == ["other_home"]
    right = planned()
    tell(cast, event(right, Kind.CHECK_IN, 9 * 60, card=right.household_code))
    assert seen(right).flags == []


def test_a_phone_three_days_slow_is_set_right_by_what_it_says_when_it_sends(cast: Cast, planned: Plan) -> None:
    visit = planned()
    wrong = clock.at_local(visit.due_on.replace(day=visit.due_on.day - 2), 9 * 60)
    behind_s = 2 * 24 * 3600
    told = EventIn(
        id=ids.new_id("evt"),
        visit_id=visit.id,
        kind=Kind.CHECK_IN,
        device_at=wrong,
        offset_s=behind_s,
        device_id="dev_a",
    )
    tell(cast, told)
    assert _carers(visit)[0][0].checked_in_at == clock.at_local(visit.due_on, 9 * 60)
    assert seen(visit).flags == ["clock_skew"]


def test_a_stamp_from_the_future_counts_as_of_its_arrival(cast: Cast, planned: Plan) -> None:
    visit = planned()
    tell(cast, event(visit, Kind.CHECK_IN, 15 * 60))
    assert _carers(visit)[0][0].checked_in_at == clock.now()
    assert seen(visit).flags == ["clock_skew"]


def test_nobody_there_then_somebody_after_all(cast: Cast, planned: Plan) -> None:
    visit = planned()
    tell(cast, event(visit, Kind.NO_ANSWER, 9 * 60))
    assert seen(visit).state == VisitState.UNREACHED
    tell(cast, event(visit, Kind.CHECK_IN, 9 * 60 + 20, device_id="dev_a"))
    assert seen(visit).state == VisitState.RUNNING


def test_cancelled_on_the_way_opens_the_visit_again(cast: Cast, planned: Plan) -> None:
    visit = planned()
    tell(cast, event(visit, Kind.CANCELLED, 8 * 60, data={"reason": "路断了"}))
    assert seen(visit).state == VisitState.DUE
    with db.reading() as session:
        assert queries.carers_of(session, [visit.id]) == {}


def answer_of_li(visit: Visit) -> CarerState:
    with db.reading() as session:
        return session.exec(select(VisitCarer.state).where(VisitCarer.visit_id == visit.id)).one()


def test_who_called_off_on_the_way_is_asked_again_and_comes_after_all(cast: Cast, planned: Plan) -> None:
    visit = planned()
    tell(cast, event(visit, Kind.CANCELLED, 8 * 60, data={"reason": "路断了"}))
    assert answer_of_li(visit) == CarerState.DECLINED
    with db.transaction() as session:
        carers = [(cast.li.id, 14 * 60)]
        operations.assign(session, actor=actor_of(cast, "zhou"), visit_id=visit.id, carers=carers, day_plan_id=None)
        operations.respond(session, actor=actor_of(cast, "li"), visit_id=visit.id, accept=True)
    assert (answer_of_li(visit), seen(visit).state) == (CarerState.ACCEPTED, VisitState.PLANNED)
    tell(cast, event(visit, Kind.NOTE, 9 * 60, data={"note": "路通了"}))
    assert (answer_of_li(visit), seen(visit).state) == (CarerState.ACCEPTED, VisitState.PLANNED), "and it stays so"
    tell(cast, event(visit, Kind.CANCELLED, 10 * 60, data={"reason": "又断了"}))
    assert (answer_of_li(visit), seen(visit).state) == (CarerState.DECLINED, VisitState.DUE), "called off once more"


def test_who_called_off_a_request_on_the_way_may_take_it_again(cast: Cast, planned: Plan) -> None:
    with db.transaction() as session:
        window = (14 * 60, 16 * 60)
        wanted = make.visit(session=session, elder=cast.ran_daye, on=clock.today(), window=window, minutes=30)
        wanted.care_item_id = None
    for _ in range(2):
        with db.transaction() as session:
            operations.take(session, actor=actor_of(cast, "li"), visit_id=wanted.id)
        assert (answer_of_li(wanted), seen(wanted).state) == (CarerState.ACCEPTED, VisitState.PLANNED)
        tell(cast, event(wanted, Kind.CANCELLED, 12 * 60, data={"reason": "摩托坏了"}))
        assert seen(wanted).state == VisitState.DUE


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 2, 0), (2, 1, 0)])
def test_who_called_off_and_came_all_the_same_has_come(cast: Cast, planned: Plan, order: tuple[int, ...]) -> None:
    visit = planned()
    told = [
        event(visit, Kind.CANCELLED, 8 * 60),
        event(visit, Kind.CHECK_IN, 9 * 60),
        event(visit, Kind.CHECK_OUT, 580),
    ]
    for index in order:
        tell(cast, told[index])
    assert (answer_of_li(visit), seen(visit).state) == (CarerState.ACCEPTED, VisitState.DONE)


def test_entries_for_a_visit_that_is_closed_or_given_away_are_kept_and_looked_at(cast: Cast, planned: Plan) -> None:
    cancelled, given = planned(), planned()
    with db.transaction() as session:
        operations.cancel(session, actor=actor_of(cast, "zhou"), visit_id=cancelled.id, reason="住院")
        operations.assign(
            session,
            actor=actor_of(cast, "zhou"),
            visit_id=given.id,
            carers=[(cast.zhang.id, 9 * 60)],
            day_plan_id=None,
        )
    late = tell(cast, event(cancelled, Kind.CHECK_IN, 9 * 60))
    assert (late.state, late.code) == ("held", "visits.called_off")
    assert (seen(cancelled).state, seen(cancelled).flags) == (VisitState.CANCELLED, ["late_event"])
    other = tell(cast, event(given, Kind.CHECK_IN, 9 * 60))
    assert (other.state, other.code) == ("held", "visits.given_to_another")
    assert "not_assigned" in seen(given).flags


def test_a_visit_that_never_was_on_the_list_is_refused(cast: Cast, planned: Plan) -> None:
    visit = planned()
    with pytest.raises(NotFound) as refused:
        tell(cast, event(visit, Kind.CHECK_IN, 9 * 60), who="yang")
    assert refused.value.code == "visits.not_your_visit"


@pytest.mark.parametrize("data", [{"systolic": 900}, {"water_c": 95}, {"temperature_c": "hot"}, {"pulse": True}])
def test_figures_that_no_body_has_are_refused_by_name(cast: Cast, planned: Plan, data: dict[str, object]) -> None:
    visit = planned()
    with pytest.raises(BadInput) as refused:
        tell(cast, event(visit, Kind.VITALS, 9 * 60, data=data))
    assert refused.value.field == next(iter(data))


def test_a_forgotten_departure_is_closed_by_the_office_and_credited_as_planned_at_most(
    cast: Cast, planned: Plan
) -> None:
    visit = planned()
    tell(cast, event(visit, Kind.CHECK_IN, 8 * 60 + 55, place=at_door()))
    tomorrow = clock.at_local(visit.due_on.replace(day=visit.due_on.day + 1), 8 * 60)
    with clock.frozen(tomorrow), db.transaction() as session:
        ended = operations.close_day(session, actor=actor_of(cast, "zhou"), area_code="500156101", on=visit.due_on)
        assert ended == 1
        found = session.get_one(Visit, visit.id)
        assert (found.state, found.flags) == (VisitState.DONE, ["day_closed"])
        assert operations.proposed_minutes(session, found)[cast.li.id] == (60, ["no_check_out"])


def test_a_second_try_is_made_once_and_takes_the_first_place_in_the_queue(cast: Cast, planned: Plan) -> None:
    visit = planned()
    tell(cast, event(visit, Kind.NO_ANSWER, 9 * 60))
    with db.transaction() as session:
        made = {
            operations.try_again(session, actor=actor_of(cast, "zhou"), visit_id=visit.id, due_on=visit.due_on).id
            for _ in range(2)
        }
    assert len(made) == 1
    second = seen(Visit(id=made.pop()))  # type: ignore[call-arg]
    assert (second.state, second.tier, second.flags) == (VisitState.DUE, "high", ["second_try"])
    assert second.window_from_minute >= 9 * 60
