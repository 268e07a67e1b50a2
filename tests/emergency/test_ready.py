"""The duty list, drills, and call-ups with their phone calls."""

from datetime import date

import pytest
from sqlmodel import select

from tests import factories as make
from tests.emergency.conftest import Village
from tests.fixtures.site import At
from timebank.careplans.models import ServiceKind
from timebank.core import clock, db
from timebank.core.errors import BadInput, NotFound, Refused
from timebank.emergency import operations, queries, ready_queries
from timebank.emergency.models import CallUp, CallUpReason, CaseKind, DutyShift
from timebank.people.models import Person
from timebank.visiting.models import Outcome
from timebank.visiting.queries import visiting_rate
from timebank.visits.models import Visit, VisitState

TODAY = date(2026, 11, 3)  # a Tuesday


def shift(village: Village, who: str = "wang", **changed: object) -> DutyShift:
    given = {
        "area_code": make.VILLAGE,
        "person_id": village.cast.wang.id,
        "weekday": 1,
        "from_minute": 20 * 60,
        "to_minute": 8 * 60,
    }
    with db.transaction() as session:
        return operations.add_shift(session, actor=village.actor(who), **(given | changed))  # type: ignore[arg-type]


def names(moment: str, at: At) -> list[str]:
    at(moment)
    with db.reading() as session:
        return [person.name for _, person in queries.on_duty_at(session, make.GROUP, clock.now())]


def test_the_village_comes_before_the_township_and_the_night_ends_in_the_morning(village: Village, at: At) -> None:
    shift(village)
    shift(village, "zhou", area_code=make.TOWNSHIP, person_id=village.cast.zhang.id)
    assert names("2026-11-03 21:00", at) == ["王助理", "张哥"]
    assert names("2026-11-04 07:59", at) == ["王助理", "张哥"]
    assert names("2026-11-04 08:00", at) == []


def test_one_day_is_changed_without_changing_the_week(village: Village, at: At) -> None:
    made = shift(village)
    with db.transaction() as session:
        wang = village.actor("wang")
        for instead in (None, village.cast.li.id):  # the last word counts
            operations.change_shift(session, actor=wang, shift_id=made.id, on=TODAY, instead_id=instead)
    assert names("2026-11-03 21:00", at) == ["李姐"]
    assert names("2026-11-10 21:00", at) == ["王助理"]


def test_a_shift_taken_off_the_list_is_over(village: Village, at: At) -> None:
    made = shift(village)
    with db.transaction() as session:
        operations.end_shift(session, actor=village.actor("wang"), shift_id=made.id)
    assert names("2026-11-03 21:00", at) == []


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"area_code": make.GROUP}, "emergency.duty_level"),
        ({"weekday": 7}, "emergency.bad_shift"),
        ({"ends_on": date(2026, 11, 1)}, "areas.ends_before_start"),
    ],
    ids=["a villager group", "no weekday", "over before it begins"],
)
def test_a_shift_that_is_none_is_refused(village: Village, changed: dict[str, object], code: str) -> None:
    with pytest.raises(BadInput) as refusal:
        shift(village, **changed)
    assert refusal.value.code == code
    with pytest.raises(BadInput) as refusal:
        shift(village, person_id=village.cast.yang.id)
    assert refusal.value.code == "emergency.not_of_township"
    with pytest.raises(NotFound):
        shift(village, "sun")
    made = shift(village)
    with pytest.raises(BadInput) as refusal, db.transaction() as session:
        operations.change_shift(session, actor=village.actor("wang"), shift_id=made.id, on=date(2026, 11, 4))
    assert refusal.value.field == "on"


def drill(village: Village, who: str = "wu", **changed: object) -> None:
    given = {
        "area_code": make.TOWNSHIP,
        "on": date(2026, 10, 20),
        "kind": CaseKind.FALL,
        "people": 25,
        "minutes_to_help": 9,
        "went_well": "电话都打通了",
    }
    with db.transaction() as session:
        operations.record_drill(
            session,
            actor=village.actor(who),
            drill=operations.DrillIn(**(given | changed)),  # type: ignore[arg-type]
        )


def owed(village: Village) -> list[tuple[str, int, int | None]]:
    with db.reading() as session:
        rows = ready_queries.drill_calendar(session, village.actor("tan").scope, TODAY)
    return sorted((row.area.code, row.held, row.due.number if row.due else None) for row in rows)


def test_each_township_owes_two_drills_a_year_and_is_reminded(village: Village) -> None:
    assert owed(village) == [(make.TOWNSHIP, 0, 1), (make.OTHER_TOWNSHIP, 0, 1)]
    drill(village)
    assert owed(village) == [(make.TOWNSHIP, 1, 2), (make.OTHER_TOWNSHIP, 0, 1)]
    drill(village, on=date(2026, 4, 1))
    assert owed(village)[0] == (make.TOWNSHIP, 2, None)


def test_a_drill_that_was_none_is_refused(village: Village) -> None:
    for changed, field in (
        ({"on": date(2026, 12, 1)}, "on"),
        ({"people": 1}, "people"),
        ({"went_well": " "}, "went_well"),
    ):
        with pytest.raises(BadInput) as refusal:
            drill(village, **changed)  # type: ignore[arg-type]
        assert refusal.value.field == field
    with pytest.raises(NotFound):
        drill(village, "sun")


def call(village: Village, who: str = "wu", **changed: object) -> CallUp:
    given = {
        "area_code": make.TOWNSHIP,
        "reason": CallUpReason.RAIN,
        "words": "暴雨，沿河住户要转移",
        "on": TODAY,
        "from_minute": 10 * 60,
        "to_minute": 18 * 60,
        "wanted": 3,
    }
    with db.transaction() as session:
        return operations.call_up(
            session,
            actor=village.actor(who),
            asked=operations.CallUpIn(**(given | changed)),  # type: ignore[arg-type]
        )


def special(village: Village) -> None:
    with db.transaction() as session:
        elder = session.get_one(Person, village.cast.chen_popo.id)
        elder.tags = ["living_alone"]
        session.add(elder)


def test_a_call_up_asks_everybody_of_the_area_who_has_the_training(village: Village) -> None:
    cast = village.cast
    with db.reading() as session:
        everybody = ready_queries.able_for(session, make.TOWNSHIP, "", TODAY)
        trained = ready_queries.able_for(session, make.TOWNSHIP, "vitals", TODAY)
    assert {person.id for person in everybody} == {cast.li.id, cast.zhang.id, village.far_helper.id}
    assert {person.id for person in trained} == {cast.li.id, cast.zhang.id}
    made = call(village, skill="vitals")
    with db.reading() as session:
        assert ready_queries.counts_of(session, [made.id])[made.id] == {"asked": 2, "yes": 0, "no": 0}
    with pytest.raises(Refused) as refusal:
        call(village, skill="escort")
    assert refusal.value.code == "emergency.nobody_able"


def test_hours_that_are_over_call_nobody_and_a_night_ends_in_the_morning(village: Village) -> None:
    with pytest.raises(BadInput) as refusal:
        call(village, from_minute=6 * 60, to_minute=8 * 60)
    assert (refusal.value.code, refusal.value.field) == ("emergency.call_up_hours", "to")
    assert call(village, from_minute=20 * 60, to_minute=6 * 60).to_minute == 30 * 60


def test_yes_and_no_are_counted_and_the_last_word_stands_until_the_end(village: Village) -> None:
    made = call(village)
    with db.transaction() as session:
        for who, is_coming in (("li", False), ("zhang", False), ("li", True)):
            operations.answer_call_up(session, actor=village.actor(who), call_up_id=made.id, is_coming=is_coming)
    with db.reading() as session:
        assert ready_queries.counts_of(session, [made.id])[made.id] == {"asked": 3, "yes": 1, "no": 1}
    with pytest.raises(NotFound), db.transaction() as session:
        operations.answer_call_up(session, actor=village.actor("yang"), call_up_id=made.id, is_coming=True)
    with db.transaction() as session:
        operations.end_call_up(session, actor=village.actor("wu"), call_up_id=made.id)
    with pytest.raises(Refused), db.transaction() as session:
        operations.answer_call_up(session, actor=village.actor("li"), call_up_id=made.id, is_coming=False)


def test_a_call_up_that_nobody_ends_is_over_with_its_hours(village: Village, at: At) -> None:
    li = village.actor("li")
    made = call(village, from_minute=20 * 60, to_minute=6 * 60)
    for instant, runs in (("2026-11-04 05:59", True), ("2026-11-04 06:00", False), ("2026-11-09 09:00", False)):
        at(instant)
        with db.reading() as session:
            assert bool(ready_queries.calls_to(session, village.cast.li.id)) is runs
    with pytest.raises(Refused) as refusal, db.transaction() as session:
        operations.answer_call_up(session, actor=li, call_up_id=made.id, is_coming=True)
    assert refusal.value.code == "emergency.call_up_over"


def test_a_phone_call_counts_for_visiting_and_not_for_the_bath(village: Village) -> None:
    special(village)
    with db.transaction() as session:
        bath = make.visit(session=session, elder=village.cast.chen_popo, service=ServiceKind.BATH, crew=2)
    made = call(village)
    with db.transaction() as session:
        check = ready_queries.checks_of(session, made.id, make.TOWNSHIP)[0]
        assert check.elder.id == village.cast.chen_popo.id
        for outcome in (Outcome.WELL, Outcome.NO_ANSWER):  # what was said of who was reached stands
            operations.tell_check(
                session,
                actor=village.actor("wang"),
                call_up_id=made.id,
                check_id=check.check.id,
                outcome=outcome,
            )
    with db.reading() as session:
        assert [(row.registered, row.visited) for row in visiting_rate(session, make.VILLAGE, "2026-11")] == [(1, 1)]
        assert session.get_one(Visit, bath.id).state == VisitState.DUE
        assert ready_queries.checks_of(session, made.id, make.TOWNSHIP)[0].is_done


def test_who_does_not_answer_the_phone_is_called_again_and_searched_for(village: Village, at: At) -> None:
    special(village)
    made = call(village)
    with db.transaction() as session:
        check = ready_queries.checks_of(session, made.id, make.TOWNSHIP)[0].check
        told = {"actor": village.actor("wang"), "call_up_id": made.id, "check_id": check.id}
        operations.tell_check(session, outcome=Outcome.NO_ANSWER, **told)  # type: ignore[arg-type]
        searched = session.exec(select(Visit).where(Visit.elder_id == village.cast.chen_popo.id)).all()
        assert len(searched) == 1  # somebody goes and looks
        at("2026-11-03 09:40")
        kept = operations.tell_check(session, outcome=Outcome.WELL, **told)  # type: ignore[arg-type]
        assert kept.tries == 2
    with db.reading() as session:
        assert [row.visited for row in visiting_rate(session, make.VILLAGE, "2026-11")] == [1]


def test_a_call_up_elsewhere_or_yesterday_is_refused(village: Village) -> None:
    with pytest.raises(NotFound):
        call(village, "sun")
    with pytest.raises(BadInput) as refusal:
        call(village, on=date(2026, 11, 2))
    assert refusal.value.field == "on"
