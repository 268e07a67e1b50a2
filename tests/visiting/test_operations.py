"""Tiers, contacts, the visiting rate and the search for whom nobody reached; on both databases."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlmodel import Session, select

from tests import factories as make
from tests.cast import Cast
from tests.fixtures.site import At
from tests.visits.conftest import actor_of, event, tell
from timebank.audit.models import AuditEvent
from timebank.core import clock, db
from timebank.core.errors import TimebankError
from timebank.people import operations as people
from timebank.people.models import Person, PersonState, RiskTier
from timebank.people.operations.moves import Door
from timebank.visiting import operations, queries
from timebank.visiting.models import CaseEnd, ContactForm, Outcome, StepKind, UnreachedCase, VisitingRecord
from timebank.visits import operations as visits
from timebank.visits.desk_queries import alarms
from timebank.visits.models import EventKind, Visit, VisitState

TODAY = date(2026, 11, 3)
MONTH = "2026-11"


def tag(person: Person, *tags: str) -> None:
    with db.transaction() as session:
        found = session.get_one(Person, person.id)
        found.tags = list(tags)
        session.add(found)


def told(cast: Cast, outcome: Outcome = Outcome.WELL, who: str = "wang", **more: object) -> VisitingRecord:
    given = {"elder_id": cast.chen_popo.id, "on": TODAY, "form": ContactForm.PHONE} | more
    contact = operations.Contact(outcome=outcome, **given)  # type: ignore[arg-type]
    with db.transaction() as session:
        return operations.record_contact(session, actor=actor_of(cast, who), contact=contact)


def rates(digits: int = 12) -> list[tuple[str, int, int]]:
    with db.reading() as session:
        rows = queries.visiting_rate(session, make.DISTRICT, MONTH, level_digits=digits)
    return [(row.area_code, row.visited, row.registered) for row in rows]


def watch() -> int:
    with db.transaction() as session:
        return operations.watch(session, area_code=make.DISTRICT)


def open_case(session: Session) -> UnreachedCase:
    return session.exec(select(UnreachedCase)).one()


def take(cast: Cast, kind: StepKind, outcome: Outcome = Outcome.NO_ANSWER, words: str = "") -> None:
    with db.transaction() as session:
        case = open_case(session)
        operations.take_step(
            session, actor=actor_of(cast, "wang"), case_id=case.id, kind=kind, outcome=outcome, words=words
        )


def kinds() -> list[StepKind]:
    with db.reading() as session:
        return [step.kind for step in queries.steps_of(session, [open_case(session).id])[open_case(session).id]]


@pytest.fixture
def shut_door(cast: Cast, at: At) -> Visit:
    """李姐 stood at 陈婆婆's door at ten past nine and nobody answered."""
    with db.transaction() as session:
        made = make.visit(session=session, elder=cast.chen_popo, window=(9 * 60, 11 * 60))
        visits.assign(
            session, actor=actor_of(cast, "zhou"), visit_id=made.id, carers=[(cast.li.id, 540)], day_plan_id=None
        )
    at("2026-11-03 09:10")
    tell(cast, event(made, EventKind.NO_ANSWER, 9 * 60 + 10))
    return made


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(TimebankError) as refused:
        act()
    return refused.value.code


def test_the_tier_is_decided_by_the_rules_and_kept_with_its_reasons(cast: Cast) -> None:
    tag(cast.ran_daye, "living_alone")
    with db.transaction() as session:
        decision = operations.decide_tier(session, actor=actor_of(cast, "zhou"), elder_id=cast.ran_daye.id)
        assert (decision.tier, decision.groups, decision.trace) == (RiskTier.HIGH, ["living_alone"], ["alone_and_old"])
        assert session.get_one(Person, cast.ran_daye.id).tier == RiskTier.HIGH
        assert session.exec(select(AuditEvent).where(AuditEvent.action == "visiting.decide_tier")).one()


def test_an_assessment_counts_for_the_tier(cast: Cast) -> None:
    with db.transaction() as session:
        make.assessment(session=session, elder=cast.chen_popo, level=3)
        decision = operations.decide_tier(session, actor=actor_of(cast, "zhou"), elder_id=cast.chen_popo.id)
    assert decision.trace == ["level"]


def test_only_what_would_change_is_decided_anew(cast: Cast) -> None:
    tag(cast.ran_daye, "disabled")
    with db.transaction() as session:
        changed = operations.decide_tiers(session, actor=actor_of(cast, "tan"), area_code=make.DISTRICT)
        again = operations.decide_tiers(session, actor=actor_of(cast, "tan"), area_code=make.DISTRICT)
        assert session.get_one(Person, cast.chen_popo.id).tier == RiskTier.KEY  # 85, not alone: watched, not high
    assert (changed, again) == (2, 0)


def test_the_rate_counts_elders_in_special_difficulty_once_however_they_were_reached(cast: Cast) -> None:
    tag(cast.chen_popo, "living_alone")
    tag(cast.ran_daye, "left_behind")
    tag(cast.hu_daye, "hardship")  # no group of special difficulty: not on the list
    assert rates() == [(make.VILLAGE, 0, 2)]
    told(cast)
    with db.transaction() as session:
        seen = make.visit(session=session, elder=cast.chen_popo)
        seen.state = VisitState.SETTLED
        session.add(seen)
    assert rates() == [(make.VILLAGE, 1, 2)] and rates(9) == [(make.TOWNSHIP, 1, 2)]


def test_a_try_and_a_call_that_found_nobody_do_not_count(cast: Cast) -> None:
    tag(cast.chen_popo, "living_alone")
    told(cast, Outcome.NO_ANSWER)
    told(cast, Outcome.ELSEWHERE)
    with db.transaction() as session:
        missed = make.visit(session=session, elder=cast.chen_popo)
        missed.state = VisitState.UNREACHED
        session.add(missed)
    assert rates() == [(make.VILLAGE, 0, 1)]


def test_who_died_or_moved_is_not_counted(cast: Cast) -> None:
    tag(cast.chen_popo, "living_alone")
    with db.transaction() as session:
        gone = session.get_one(Person, cast.chen_popo.id)
        gone.state = PersonState.MOVED
        session.add(gone)
    assert rates() == []


def test_who_was_reached_before_a_move_counts_alike_on_the_pages_of_district_and_new_township(
    cast: Cast, at: At
) -> None:
    tag(cast.chen_popo, "living_alone")
    tag(cast.ran_daye, "living_alone")
    told(cast)
    with db.transaction() as session:
        seen = make.visit(session=session, elder=cast.ran_daye)
        seen.state = VisitState.SETTLED
        session.add(seen)
    at("2026-11-10 09:00")
    for number, elder in enumerate((cast.chen_popo, cast.ran_daye), start=77):
        with db.transaction() as session:
            to = Door(make.OTHER_GROUP, str(number), "新家")
            people.relocate(session, actor=actor_of(cast, "tan"), person_id=elder.id, to=to, since_on=date(2026, 11, 9))
    with db.reading() as session:
        for area_code in (make.DISTRICT, make.OTHER_TOWNSHIP):
            rows = queries.visiting_rate(session, area_code, MONTH, level_digits=9)
            assert [(row.area_code, row.visited, row.registered) for row in rows] == [(make.OTHER_TOWNSHIP, 2, 2)]
            listed = queries.visiting_list(session, area_code, clock.today())
            assert [row.reached_on for row in listed] == [TODAY, TODAY]


def test_the_list_begins_with_the_longest_overdue(cast: Cast, at: At) -> None:
    tag(cast.chen_popo, "living_alone")  # high: every 7 days
    tag(cast.ran_daye, "left_behind")  # key: every 30 days
    told(cast, on=TODAY)
    at("2026-11-20 09:00")
    with db.reading() as session:
        rows = queries.visiting_list(session, make.TOWNSHIP, clock.today())
    assert [(row.elder.name, row.reached_on, row.due_on) for row in rows] == [
        ("陈婆婆", TODAY, date(2026, 11, 10)),
        ("冉大爷", None, TODAY + timedelta(days=30)),
    ]
    assert [row.is_overdue(date(2026, 11, 20)) for row in rows] == [True, False]


def test_a_contact_told_twice_under_one_key_is_one(cast: Cast) -> None:
    first, second = told(cast, source_key="round:1:door:2"), told(cast, source_key="round:1:door:2")
    assert first.id == second.id


def test_contacts_are_of_today_or_the_last_month_and_of_listed_elders_of_the_area(cast: Cast) -> None:
    assert refusal(lambda: told(cast, on=TODAY + timedelta(days=1))) == "visiting.bad_day"
    assert refusal(lambda: told(cast, on=TODAY - timedelta(days=32))) == "visiting.bad_day"
    assert refusal(lambda: told(cast, elder_id=cast.hu_daye.id)) == "people.no_such_person"
    assert refusal(lambda: told(cast, elder_id=cast.li.id)) == "visiting.not_on_the_list"
    assert refusal(lambda: told(cast, answers={"health": "splendid"})) == "core.not_a_choice"


def test_what_the_elder_said_lies_sealed(cast: Cast) -> None:
    kept = told(cast, answers={"health": "worry"}, words="膝盖痛")
    assert "膝盖" not in kept.answers_sealed
    assert queries.answers_of(kept) == {"health": "worry", "words": "膝盖痛"}


def test_a_shut_door_begins_a_search_by_itself(cast: Cast, shut_door: Visit, at: At) -> None:
    assert watch() == 0
    with db.reading() as session:
        search = queries.searches(session, make.VILLAGE)[0]
    assert search.case.visit_id == shut_door.id
    assert [(step.kind, step.at, step.by_user_id) for step in search.steps] == [
        (StepKind.FIRST_TRY, clock.now(), cast.li.id)
    ]
    assert search.upcoming is not None and search.upcoming.kind == StepKind.SECOND_TRY
    assert search.upcoming.due_at == clock.now() + timedelta(minutes=120)


def test_when_nobody_does_anything_the_clock_raises_the_alarm_that_phones_raise(
    cast: Cast, shut_door: Visit, at: At
) -> None:
    watch()
    at("2026-11-03 15:09")
    assert watch() == 0
    at("2026-11-03 15:11")
    assert (watch(), watch()) == (1, 0)
    with db.reading() as session:
        found = alarms(session, make.VILLAGE, clock.now() - timedelta(days=1))
    assert [(alarm.visit.id, alarm.elder.id) for alarm in found] == [(shut_door.id, cast.chen_popo.id)]
    assert kinds() == [StepKind.FIRST_TRY, StepKind.EMERGENCY]


def test_every_step_is_kept_with_time_and_outcome_until_the_neighbour_knows(
    cast: Cast, shut_door: Visit, at: At
) -> None:
    watch()
    at("2026-11-03 10:30")
    take(cast, StepKind.SECOND_TRY)
    at("2026-11-03 10:45")
    take(cast, StepKind.NEIGHBOUR, Outcome.ELSEWHERE, "去女儿家了")
    assert kinds() == [StepKind.FIRST_TRY, StepKind.SECOND_TRY, StepKind.NEIGHBOUR]
    with db.reading() as session:
        case = open_case(session)
        assert (case.end, case.closed_at) == (CaseEnd.ELSEWHERE, clock.now())
    tag(cast.chen_popo, "living_alone")
    assert rates() == [(make.VILLAGE, 0, 1)], "known to be elsewhere is not visited"


def test_found_by_the_village_she_counts_as_visited(cast: Cast, shut_door: Visit) -> None:
    tag(cast.chen_popo, "living_alone")
    watch()
    take(cast, StepKind.VILLAGE, Outcome.NEEDS_HELP)
    assert rates() == [(make.VILLAGE, 1, 1)]


def test_a_rung_below_one_that_was_taken_is_refused(cast: Cast, shut_door: Visit) -> None:
    watch()
    take(cast, StepKind.VILLAGE)
    assert refusal(lambda: take(cast, StepKind.NEIGHBOUR)) == "visiting.step_was_taken"
    assert refusal(lambda: take(cast, StepKind.VILLAGE)) == "visiting.step_was_taken"


def test_a_second_try_that_found_nobody_is_a_step_and_one_that_found_her_ends_the_search(
    cast: Cast, shut_door: Visit, at: At
) -> None:
    watch()
    with db.transaction() as session:
        second = visits.try_again(session, actor=actor_of(cast, "zhou"), visit_id=shut_door.id, due_on=TODAY)
        second.state = VisitState.UNREACHED
        session.add(second)
    watch()
    assert kinds() == [StepKind.FIRST_TRY, StepKind.SECOND_TRY]
    with db.transaction() as session:
        third = make.visit(session=session, elder=cast.chen_popo, window=(13 * 60, 14 * 60))
        visits.assign(
            session, actor=actor_of(cast, "zhou"), visit_id=third.id, carers=[(cast.zhang.id, 780)], day_plan_id=None
        )
    at("2026-11-03 13:10")
    tell(cast, event(third, EventKind.CHECK_IN, 13 * 60 + 5), who="zhang")
    watch()
    with db.reading() as session:
        assert open_case(session).end == CaseEnd.REACHED


def test_a_call_that_nobody_answers_makes_a_visit_so_that_somebody_looks(cast: Cast) -> None:
    told(cast, Outcome.NO_ANSWER)
    with db.reading() as session:
        case = open_case(session)
        look = session.get_one(Visit, case.visit_id)
    assert (look.elder_id, look.due_on, look.tier, look.state) == (cast.chen_popo.id, TODAY, "high", VisitState.DUE)
    told(cast, Outcome.WELL, form=ContactForm.DOOR)
    with db.reading() as session:
        assert open_case(session).end == CaseEnd.REACHED


def test_an_alarm_in_hand_ends_the_search_with_the_words_of_who_went(cast: Cast, shut_door: Visit) -> None:
    watch()

    def answer() -> None:
        with db.transaction() as session:
            case = open_case(session)
            operations.answer_search(session, actor=actor_of(cast, "wang"), case_id=case.id, words="在医院")

    assert refusal(answer) == "visiting.no_alarm_yet"
    take(cast, StepKind.EMERGENCY)
    answer()
    with db.reading() as session:
        assert open_case(session).end == CaseEnd.HANDLED
        found = alarms(session, make.VILLAGE, clock.now() - timedelta(days=1))
    assert found[0].answer is not None and found[0].answer.words == "在医院"


def test_another_township_sees_no_search(cast: Cast, shut_door: Visit) -> None:
    watch()
    with db.reading() as session:
        assert queries.case_for(session, actor_of(cast, "sun").scope, open_case(session).id) is None

    def step() -> None:
        with db.transaction() as session:
            operations.take_step(
                session,
                actor=actor_of(cast, "sun"),
                case_id=open_case(session).id,
                kind=StepKind.VILLAGE,
                outcome=Outcome.WELL,
            )

    assert refusal(step) == "visiting.no_such_search"
