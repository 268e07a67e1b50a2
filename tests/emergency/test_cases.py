"""From the alarm to the report: who is asked, the clock, how far a case is carried, what closes it."""

from datetime import date, timedelta

import pytest
from sqlmodel import select

from tests import factories as make
from tests.emergency.conftest import Village
from tests.fixtures.site import At
from timebank.core import clock, db, ids
from timebank.core.actors import SYSTEM
from timebank.core.errors import BadInput, NotAllowed, NotFound, Refused
from timebank.core.limits import PAGE_ROWS
from timebank.emergency import operations, queries
from timebank.emergency.models import (
    AskState,
    CaseEnding,
    CaseKind,
    CaseSource,
    EmergencyCase,
    EntryKind,
)
from timebank.mutual import operations as mutual
from timebank.people.models import Household, Person, PersonState, Sex
from timebank.people.operations import change_state
from timebank.visiting import operations as visiting
from timebank.visiting.models import ContactForm, Outcome, StepKind, UnreachedCase
from timebank.visits import operations as visits
from timebank.visits.models import AlarmAnswer, EventKind, Visit
from timebank.visits.rules import EventIn


def answer(village: Village, case: EmergencyCase, who: str, state: AskState) -> None:
    actor = village.actor(who)
    with db.transaction() as session:
        operations.answer(session, actor=actor, case_id=case.id, person_id=actor.person_id or "", state=state)


def report(village: Village, case: EmergencyCase, **changed: object) -> None:
    given = {
        "ending": CaseEnding.AT_HOME,
        "words": "扶起来坐了一会儿，量了血压",
        "there_at": clock.now() - timedelta(minutes=5),
        "over_at": clock.now(),
        "who": [village.cast.zhang.id],
    }
    with db.transaction() as session:
        operations.close_case(
            session,
            actor=village.actor("wang"),
            case_id=case.id,
            report=operations.ReportIn(**(given | changed)),  # type: ignore[arg-type]
        )


def test_the_nearest_two_are_asked_at_once(village: Village) -> None:
    case = village.alarm()
    assert [helper.person_id for helper in village.asked(case)] == [village.cast.li.id, village.cast.zhang.id]
    assert [helper.distance_m for helper in village.asked(case)] == [222, 334]
    assert village.kinds(case) == [EntryKind.OPENED, EntryKind.ASKED, EntryKind.ASKED]


def test_a_neighbour_is_asked_in_a_township_of_many_volunteers(village: Village) -> None:
    """Lists to choose from are cut after some pages; who could go is not."""
    with db.transaction() as session:
        home = session.get_one(Household, village.far_helper.household_code)
        others = [
            Person(
                id=ids.new_id("per"),
                household_code=home.code,
                area_code=home.area_code,
                name=f"安{number}",
                pinyin_key=f"an{number:03d}",
                sex=Sex.FEMALE,
                born_on=date(1968, 3, 5),
                volunteer_since_on=date(2026, 1, 1),
                created_at=clock.now(),
            )
            for number in range(6 * PAGE_ROWS + 1)
        ]
        session.add_all(others)
    case = village.alarm()
    assert [helper.person_id for helper in village.asked(case)] == [village.cast.li.id, village.cast.zhang.id]


def test_who_is_on_duty_is_asked_first_although_they_live_farther_away(village: Village) -> None:
    with db.transaction() as session:
        operations.add_shift(
            session,
            actor=village.actor("wang"),
            area_code=make.VILLAGE,
            person_id=village.far_helper.id,
            weekday=1,
            from_minute=8 * 60,
            to_minute=20 * 60,
        )
    case = village.alarm()
    first, second = village.asked(case)
    assert (first.person_id, first.is_on_duty) == (village.far_helper.id, True)
    assert second.person_id == village.cast.li.id


def test_the_helper_who_is_a_pair_with_the_elder_counts_as_nearer(village: Village) -> None:
    with db.transaction() as session:
        mutual.pair(
            session,
            actor=village.actor("wang"),
            elder_id=village.cast.chen_popo.id,
            helper_id=village.cast.zhang.id,
        )
    assert village.asked(village.alarm())[0].person_id == village.cast.zhang.id


def test_after_three_silent_minutes_the_next_one_is_asked(village: Village, at: At) -> None:
    case = village.alarm()
    at("2026-11-03 09:02")
    village.watch()
    assert len(village.asked(case)) == 2
    at("2026-11-03 09:03")
    village.watch()
    village.watch()  # the clock may look twice
    assert [helper.state for helper in village.asked(case)] == [AskState.SILENT, AskState.SILENT, AskState.ASKED]
    assert village.kinds(case)[-3:] == [EntryKind.SILENT, EntryKind.SILENT, EntryKind.ASKED]


def test_a_no_asks_the_next_one_at_once_when_nobody_is_left_to_wait_for(village: Village) -> None:
    case = village.alarm()
    answer(village, case, "li", AskState.CANNOT)
    assert len(village.asked(case)) == 2  # 张哥 may still say yes
    answer(village, case, "zhang", AskState.CANNOT)
    assert village.asked(case)[-1].person_id == village.far_helper.id


def test_while_somebody_is_on_the_way_nobody_else_is_asked_until_they_are_late(village: Village, at: At) -> None:
    case = village.alarm()
    answer(village, case, "zhang", AskState.COMING)
    at("2026-11-03 09:10")
    village.watch()
    assert len(village.asked(case)) == 2
    at("2026-11-03 09:20")
    village.watch()
    assert len(village.asked(case)) == 3


def test_who_comes_after_all_is_not_late_by_the_no_they_said_before(village: Village, at: At) -> None:
    case = village.alarm()
    answer(village, case, "zhang", AskState.COMING)
    answer(village, case, "li", AskState.CANNOT)
    at("2026-11-03 09:15")
    answer(village, case, "li", AskState.COMING)
    at("2026-11-03 09:20")  # 张哥 is late by now
    village.watch()
    assert len(village.asked(case)) == 2


def test_nobody_there_is_carried_to_the_township_and_then_to_the_bureau_and_120(village: Village, at: At) -> None:
    case = village.alarm()
    levels = []
    for minute in ("09:09", "09:10", "09:19", "09:20", "09:40"):
        at(f"2026-11-03 {minute}")
        village.watch()
        levels.append(village.now(case).level)
    assert levels == [0, 1, 1, 2, 2]
    carried = [entry for entry in village.log(case) if entry.kind == EntryKind.CARRIED_UP]
    assert [(entry.level, entry.at) for entry in carried] == [
        (1, clock.at_local(clock.today(), 9 * 60 + 10)),
        (2, clock.at_local(clock.today(), 9 * 60 + 20)),
    ]


def test_the_clock_stops_when_the_first_one_is_there(village: Village, at: At) -> None:
    case = village.alarm()
    answer(village, case, "zhang", AskState.COMING)
    there = at("2026-11-03 09:07")
    answer(village, case, "zhang", AskState.THERE)
    at("2026-11-03 09:45")
    village.watch()
    now = village.now(case)
    assert (now.there_at, now.level) == (there, 0)
    assert village.asked(case)[0].state == AskState.RELEASED  # 李姐 had not answered


def test_a_second_alarm_is_a_line_in_the_log_of_the_first(village: Village) -> None:
    first, second = village.alarm(), village.alarm("wang", CaseSource.CALL)
    assert first.id == second.id
    assert village.kinds(first)[-1] == EntryKind.ALARM_AGAIN


def test_a_stranger_raises_no_alarm_for_an_elder_and_answers_for_nobody(village: Village) -> None:
    for who in ("yang", "sun"):
        with pytest.raises(NotFound):
            village.alarm(who)
    case = village.alarm()
    with pytest.raises(NotFound):
        answer(village, case, "yang", AskState.COMING)
    with pytest.raises(NotFound), db.transaction() as session:  # 张哥 does not answer for 李姐
        operations.answer(
            session,
            actor=village.actor("zhang"),
            case_id=case.id,
            person_id=village.cast.li.id,
            state=AskState.COMING,
        )


def test_an_alarm_of_a_visit_opens_a_case_and_its_report_answers_the_alarm(village: Village, at: At) -> None:
    cast = village.cast
    with db.transaction() as session:
        visit = make.visit(session=session, elder=cast.chen_popo)
        visits.assign(session, actor=SYSTEM, visit_id=visit.id, carers=[(cast.li.id, 9 * 60)], day_plan_id=None)
        event = EventIn(id=ids.new_id("evt"), visit_id=visit.id, kind=EventKind.SOS, device_at=clock.now())
        for _ in range(2):  # the phone sends it again
            visits.record_event(session, actor=village.actor("li"), event=event, person_id=cast.li.id)
    with db.reading() as session:
        case = session.exec(select(EmergencyCase)).one()
    assert (case.source, case.source_key) == (CaseSource.VISIT, f"event:{event.id}")
    assert cast.li.id not in {helper.person_id for helper in village.asked(case)}  # she is at the door already
    at("2026-11-03 09:30")
    report(village, case, who=[cast.li.id])
    with db.reading() as session:
        assert session.get(AlarmAnswer, event.id) is not None


def _search(village: Village) -> UnreachedCase:
    """Nobody answers 陈婆婆's phone, and the search for her comes to its last rung."""
    contact = visiting.Contact(village.cast.chen_popo.id, clock.today(), ContactForm.PHONE, Outcome.NO_ANSWER)
    with db.transaction() as session:
        visiting.record_contact(session, actor=village.actor("wang"), contact=contact)
        search = session.exec(select(UnreachedCase)).one()
        visiting.take_step(
            session, actor=village.actor("wang"), case_id=search.id, kind=StepKind.EMERGENCY, outcome=Outcome.NO_ANSWER
        )
        return search


def _alarm_at_the_door(village: Village) -> EventIn:
    """李姐 raises the alarm at a visit of hers."""
    with db.transaction() as session:
        visit = make.visit(session=session, elder=village.cast.chen_popo)
        visits.assign(session, actor=SYSTEM, visit_id=visit.id, carers=[(village.cast.li.id, 9 * 60)], day_plan_id=None)
        event = EventIn(id=ids.new_id("evt"), visit_id=visit.id, kind=EventKind.SOS, device_at=clock.now())
        visits.record_event(session, actor=village.actor("li"), event=event, person_id=village.cast.li.id)
        return event


def test_the_report_answers_every_alarm_that_came_while_the_case_was_open(village: Village, at: At) -> None:
    case = village.alarm()
    search, during = _search(village), _alarm_at_the_door(village)
    at("2026-11-03 09:30")
    report(village, case)
    with db.reading() as session:
        assert session.get_one(UnreachedCase, search.id).closed_at is not None
        assert session.get(AlarmAnswer, during.id) is not None


def test_the_search_for_an_unreached_elder_ends_in_the_same_case(village: Village, at: At) -> None:
    search = _search(village)
    with db.reading() as session:
        case = session.exec(select(EmergencyCase)).one()
    assert case.kind == CaseKind.NO_ANSWER
    at("2026-11-03 09:30")
    report(village, case)
    with db.reading() as session:
        assert session.get_one(UnreachedCase, search.id).closed_at is not None


def test_the_card_means_the_elder_who_is_at_home(village: Village) -> None:
    chen = village.cast.chen_popo
    with db.transaction() as session:
        home = session.get_one(Household, chen.household_code)
        husband = make.elder(session=session, household=home, name="陈大爷", sex=Sex.MALE, born_on=date(1948, 5, 1))
        change_state(session, actor=SYSTEM, person_id=chen.id, state=PersonState.HOSPITAL, since_on=clock.today())
    with db.transaction() as session:
        card = queries.card_code(home.code)
        case = operations.alarm_at_card(
            session, household_code=home.code, card=card, kind=CaseKind.FALL, words="摔倒了"
        )
    assert case.elder_id == husband.id


def test_the_card_at_the_door_raises_the_alarm_without_a_login(village: Village) -> None:
    home = village.cast.chen_popo.household_code
    given = {"household_code": home, "kind": CaseKind.FALL, "words": "门口听到喊"}
    with pytest.raises(NotFound) as refusal, db.transaction() as session:
        operations.alarm_at_card(session, card="0123456789abcdef", **given)  # type: ignore[arg-type]
    assert refusal.value.code == "emergency.no_such_card"
    with db.transaction() as session:
        case = operations.alarm_at_card(session, card=queries.card_code(home), **given)  # type: ignore[arg-type]
    assert (case.source, case.elder_id) == (CaseSource.CARD, village.cast.chen_popo.id)
    with pytest.raises(NotAllowed) as too_many:
        for _ in range(7):
            with db.transaction() as session:
                operations.alarm_at_card(session, card=queries.card_code(home), **given)  # type: ignore[arg-type]
    assert too_many.value.code == "auth.too_many_tries"


def test_no_door_is_refused_because_others_called(village: Village) -> None:
    with db.transaction() as session:
        doors = [make.household(session=session, number=number) for number in range(60, 68)]
        for door in doors:
            make.elder(session=session, household=door, name="覃婆婆")
        for door in doors:
            card = queries.card_code(door.code)
            operations.alarm_at_card(session, household_code=door.code, card=card, kind=CaseKind.FALL, words="")
        assert len(session.exec(select(EmergencyCase)).all()) == len(doors)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"words": "  "}, "emergency.report_words"),
        ({"there_at": None}, "emergency.report_who"),
        ({"who": []}, "emergency.report_who"),
        ({"who": ["per_unknown"]}, "emergency.report_unknown"),
        ({"over_at": clock.at_local(clock.local_date(clock.now()), 0) + timedelta(days=900)}, "emergency.report_over"),
    ],
    ids=["nothing said", "no time", "nobody", "somebody unknown", "over tomorrow"],
)
def test_an_emergency_does_not_close_without_a_whole_report(
    village: Village, at: At, changed: dict[str, object], code: str
) -> None:
    case = village.alarm()
    at("2026-11-03 09:30")
    with pytest.raises(BadInput) as refusal:
        report(village, case, **changed)
    assert refusal.value.code == code
    assert village.now(case).closed_at is None


def test_a_false_alarm_closes_without_anybody_there_and_nothing_more_happens(village: Village, at: At) -> None:
    case = village.alarm()
    at("2026-11-03 09:30")
    report(village, case, ending=CaseEnding.FALSE_ALARM, there_at=None, who=[])
    assert {helper.state for helper in village.asked(case)} == {AskState.RELEASED}
    at("2026-11-03 10:30")
    village.watch()
    assert village.now(case).level == 0
    for late in (lambda: answer(village, case, "li", AskState.COMING), lambda: report(village, case)):
        with pytest.raises(Refused):
            late()
    assert village.alarm().id != case.id  # a new alarm opens a new one


def test_somebody_who_is_away_today_or_may_not_visit_is_not_asked(village: Village) -> None:
    with db.transaction() as session:
        home = make.household(session=session, number=1 + 20)
        make.volunteer(session=session, household=home, name="没有培训", qualifications=())
        make.person(session=session, household=home, name="邻居")
    case = village.alarm()
    with db.reading() as session:
        could_go = {one.person_id for one in queries.who_could_go(session, case, clock.now())}
    assert could_go == {village.far_helper.id}  # the two nearest were asked already


def test_the_office_writes_down_calls_and_asks_somebody_by_name(village: Village) -> None:
    case = village.alarm()
    with db.transaction() as session:
        zhou = village.actor("zhou")
        operations.call_120(session, actor=zhou, case_id=case.id)
        operations.write_note(session, actor=zhou, case_id=case.id, words="邻居说灯亮着")
        helper = operations.ask_person(session, actor=zhou, case_id=case.id, person_id=village.cast.wang.id)
        operations.answer(session, actor=zhou, case_id=case.id, person_id=village.cast.wang.id, state=AskState.COMING)
    assert helper.place == 3
    assert village.kinds(case)[-4:] == [
        EntryKind.CALLED_120,
        EntryKind.NOTE,
        EntryKind.ASKED,
        EntryKind.COMING,
    ]
    note = village.log(case)[-3]
    assert "灯" not in note.words_sealed and queries.words_of(note.words_sealed) == "邻居说灯亮着"


def test_a_planned_bath_stays_due_whatever_an_emergency_brings(village: Village, at: At) -> None:
    with db.transaction() as session:
        visit = make.visit(session=session, elder=village.cast.chen_popo)
    case = village.alarm()
    at("2026-11-03 09:30")
    report(village, case)
    with db.reading() as session:
        assert session.get_one(Visit, visit.id).state == "due"
