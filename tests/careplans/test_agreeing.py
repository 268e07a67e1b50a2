"""What may be agreed with an elder's side, by whom, and what is refused; on both databases."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from tests import factories as make
from tests.cast import Cast
from tests.fixtures.site import SignIn
from timebank.careplans import queries, rules
from timebank.careplans.models import CarePlanState, ServiceKind
from timebank.careplans.operations import agree_care_plan, end_care_plan
from timebank.careplans.rules import ItemIn, recurrence
from timebank.core import db, i18n
from timebank.core.actors import Actor, Role
from timebank.core.errors import TimebankError

COORDINATOR = Actor("usr_zhou", Role.COORDINATOR, make.TOWNSHIP)
TODAY = date(2026, 11, 3)
VISIT = ItemIn(ServiceKind.VISIT, recurrence("week", [0, 3]), 9 * 60, 11 * 60, 45)
BATH = ItemIn(ServiceKind.BATH, recurrence("week", [2]), 14 * 60, 16 * 60, 60, crew_size=2)


def agree(elder_id: str, items: Sequence[ItemIn], *, by: str = "", actor: Actor = COORDINATOR, **more: Any) -> str:
    with db.transaction() as session:
        care_plan = agree_care_plan(
            session,
            actor=actor,
            elder_id=elder_id,
            items=items,
            starts_on=more.pop("starts_on", TODAY),
            agreed_by=by or elder_id,
            consent_method="read_aloud",
            **more,
        )
        return care_plan.id


def refusal(elder_id: str, items: Sequence[ItemIn], **more: Any) -> str:
    with pytest.raises(TimebankError) as refused:
        agree(elder_id, items, **more)
    with db.reading() as session:
        assert not queries.plans_of(session, elder_id), "nothing is half-written"
    return refused.value.code


def test_the_elder_or_who_holds_a_written_power_agrees(cast: Cast) -> None:
    agree(cast.chen_popo.id, [VISIT], by=cast.xiaofang.id)
    with db.reading() as session:
        plan = queries.plans_of(session, cast.chen_popo.id)[0]
        assert plan.agreed_by == cast.xiaofang.id and plan.entitlement == "basic-2026-assumed"
        assert [item.service for item in queries.items_of(session, plan.id)] == [ServiceKind.VISIT]


def test_a_neighbour_cannot_agree_for_her(cast: Cast) -> None:
    assert refusal(cast.chen_popo.id, [VISIT], by=cast.li.id) == "careplans.no_power"


def test_nothing_is_agreed_without_consent_to_visits(cast: Cast) -> None:
    assert refusal(cast.ran_daye.id, [VISIT]) == "careplans.no_consent"


def test_an_empty_plan_is_no_plan(cast: Cast) -> None:
    assert refusal(cast.chen_popo.id, []) == "careplans.no_items"


def test_an_elder_of_another_township_does_not_exist_here(cast: Cast) -> None:
    assert refusal(cast.hu_daye.id, [VISIT]) == "people.no_such_person"


def test_a_volunteer_who_is_no_elder_has_no_care_plan(cast: Cast) -> None:
    assert refusal(cast.li.id, [VISIT]) == "careplans.not_an_elder_here"


def test_a_bath_is_granted_only_after_an_assessment_says_so(cast: Cast) -> None:
    assert refusal(cast.chen_popo.id, [BATH]) == "careplans.outside_entitlement"


def test_whether_a_rhythm_is_granted_does_not_hang_on_the_day_on_which_the_plan_starts(cast: Cast) -> None:
    with db.transaction() as session:
        make.assessment(session=session, elder=cast.chen_popo, level=1)
    for day in range(3, 10):
        assert agree(cast.chen_popo.id, [BATH], starts_on=date(2026, 11, day))


@pytest.mark.parametrize(
    ("rhythms", "most"),
    [
        ([("week", [0])], 4),
        ([("week", [5, 6])], 8),
        ([("week", range(7)), ("week", range(7))], 62),
        ([("week", [2]), ("two_weeks", [4])], 6),
        ([("month", [0, 3])], 2),
    ],
)
def test_the_list_grants_a_rhythm_up_to_its_limit_and_no_more(
    rhythms: Sequence[tuple[str, Sequence[int]]], most: int
) -> None:
    items = [replace(VISIT, recurrence=recurrence(every, days)) for every, days in rhythms]
    rules.check_entitlement(items, level=0, limits={"visit": [most]})
    with pytest.raises(TimebankError, match="outside_entitlement"):
        rules.check_entitlement(items, level=0, limits={"visit": [most - 1]})


def test_what_is_granted_not_at_all_is_not_granted_seldom_either() -> None:
    seldom = replace(BATH, recurrence="FREQ=MONTHLY;INTERVAL=6")
    with pytest.raises(TimebankError, match="outside_entitlement"):
        rules.check_entitlement([seldom], level=0, limits={"bath": [0]})


def test_what_is_paid_by_voucher_is_not_measured_by_the_list_of_hours(cast: Cast) -> None:
    assert agree(cast.chen_popo.id, [replace(BATH, paid_by="voucher")])


@pytest.mark.parametrize(
    ("item", "code"),
    [
        (replace(VISIT, duration_minutes=4), "careplans.bad_duration"),
        (replace(VISIT, window_to_minute=9 * 60), "careplans.bad_window"),
        (replace(BATH, crew_size=1), "careplans.bad_crew"),
        (replace(VISIT, recurrence="FREQ=HOURLY"), "careplans.bad_recurrence"),
        (replace(VISIT, recurrence="FREQ=DAILY;COUNT=3"), "careplans.bad_recurrence"),
        (replace(VISIT, same_sex="maybe"), "core.not_a_choice"),
        (replace(VISIT, paid_by="cash"), "core.not_a_choice"),
    ],
)
def test_an_item_that_cannot_be_carried_out_is_refused(cast: Cast, item: ItemIn, code: str) -> None:
    assert refusal(cast.chen_popo.id, [item]) == code


def test_a_new_version_ends_the_one_before_the_day_before(cast: Cast) -> None:
    agree(cast.chen_popo.id, [VISIT])
    agree(cast.chen_popo.id, [replace(VISIT, duration_minutes=60)], starts_on=date(2026, 11, 10))
    with db.reading() as session:
        new, old = queries.plans_of(session, cast.chen_popo.id)
    assert (new.version, new.state) == (2, CarePlanState.AGREED)
    assert (old.version, old.state, old.ends_on) == (1, CarePlanState.REPLACED, date(2026, 11, 9))


def test_a_version_from_an_earlier_day_ends_all_that_were_to_go_on(cast: Cast) -> None:
    with db.transaction() as session:
        made = [
            make.care_plan(session=session, elder=cast.chen_popo, starts_on=date(2026, 11, on)) for on in (3, 23, 9)
        ]
        for on, version in ((8, 1), (9, 3), (22, 3), (30, 3)):
            day = date(2026, 11, on)
            found = queries.items_in_force(session, make.TOWNSHIP, day, day)
            assert [plan.version for _, plan, _ in found] == [version]
    assert [plan.version for plan in made] == [1, 2, 3]


def test_what_speaks_against_a_bath_counts_until_the_plan_ends(cast: Cast) -> None:
    with db.transaction() as session:
        plan = make.care_plan(session=session, elder=cast.chen_popo)
        plan.contraindications = ["recent_stroke"]
        end_care_plan(session, actor=COORDINATOR, care_plan_id=plan.id, ends_on=date(2026, 11, 20))
        told = [queries.contraindications_of(session, cast.chen_popo.id, date(2026, 11, on)) for on in (20, 21)]
    assert told == [["recent_stroke"], []]


def test_an_ended_plan_counts_until_its_last_day(cast: Cast) -> None:
    plan_id = agree(cast.chen_popo.id, [VISIT])
    with db.transaction() as session:
        end_care_plan(session, actor=COORDINATOR, care_plan_id=plan_id, ends_on=date(2026, 11, 12))
    with db.reading() as session:
        on_last = queries.items_in_force(session, make.TOWNSHIP, date(2026, 11, 12), date(2026, 11, 12))
        after = queries.items_in_force(session, make.TOWNSHIP, date(2026, 11, 13), date(2026, 11, 30))
    assert len(on_last) == 1 and not after


@pytest.mark.parametrize(
    ("every", "weekdays", "dates"),
    [
        ("week", [0, 3], [2, 5, 9, 12, 16, 19, 23, 26, 30]),
        ("two_weeks", [1], [3, 17]),
        ("month", [1], [3]),
    ],
)
def test_rhythms_fall_on_the_days_that_people_mean(every: str, weekdays: list[int], dates: list[int]) -> None:
    rule = recurrence(every, weekdays)
    assert rules.rhythm_of(rule) == (every, weekdays)
    found = rules.due_dates(rule, starts_on=date(2026, 11, 1), first_on=date(2026, 11, 1), last_on=date(2026, 11, 30))
    assert [on.day for on in found] == dates


def test_a_rhythm_is_said_as_people_say_it() -> None:
    words = rules.recurrence_words("FREQ=WEEKLY;BYDAY=MO,TH")
    assert (i18n.say(words, "zh"), i18n.say(words, "en")) == ("每周：星期一、星期四", "every week: Monday, Thursday")


def test_the_page_keeps_what_was_typed_when_a_field_is_refused(sign_in: SignIn, cast: Cast) -> None:
    coordinator = sign_in(Role.COORDINATOR)
    coordinator.visit(f"/care-plans/of/{cast.chen_popo.id}")
    where = f"/care-plans/of/{cast.chen_popo.id}"
    typed = {"visit__on": "yes", "visit__weekdays": ["0"], "visit__window_from": "09:00", "visit__window_to": "08:00"}
    page = coordinator.submit(where, status=400, **typed)
    assert "must lie after its beginning" in page and 'value="08:00"' in page
    for days in ([""], ["12"]):  # no page sends these
        assert "Choose from the list." in coordinator.submit(where, status=400, **{**typed, "visit__weekdays": days})
    page = coordinator.submit(where, **{**typed, "visit__window_to": "11:00"})
    assert "Agreed, version 1" in page and "every week: Monday" in page
