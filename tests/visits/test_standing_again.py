"""Visits that were called off stand again only where nothing else speaks against them, and everybody is asked anew."""

from datetime import date

import pytest
from sqlmodel import select

from tests import factories as make
from tests.cast import Cast
from tests.fixtures.site import At
from tests.visits.conftest import Plan, actor_of, event, seen, tell
from tests.visits.test_moved_and_called_off import ITEM, TUESDAYS, absent, agree, generate, visits
from timebank.careplans.models import Absence, AbsenceKind
from timebank.core import clock, db
from timebank.core.errors import TimebankError
from timebank.people import operations as people
from timebank.people.models import Household, Person, PersonCase, PersonState
from timebank.people.operations.moves import Door
from timebank.visits import operations, queries
from timebank.visits.models import CarerState, EventKind, Visit, VisitCarer, VisitState

DUE, OFF = VisitState.DUE, VisitState.CANCELLED


def change(cast: Cast, state: PersonState, person: Person | None = None, until_on: date | None = None) -> PersonCase:
    with db.transaction() as session:
        return people.change_state(
            session,
            actor=actor_of(cast, "zhou"),
            person_id=(person or cast.chen_popo).id,
            state=state,
            since_on=clock.today(),
            until_on=until_on,
        )


def withdraw(cast: Cast) -> None:
    with db.transaction() as session:
        people.withdraw_consent(session, actor=actor_of(cast, "zhou"), person_id=cast.chen_popo.id, purpose="visits")


def end_absence(cast: Cast) -> int:
    with db.transaction() as session:
        kept = session.exec(select(Absence)).one()
        return operations.end_absence(session, actor=actor_of(cast, "wang"), absence_id=kept.id)


def invite(cast: Cast, on: date) -> str:
    """李姐 accepts the visit of a day."""
    with db.transaction() as session:
        visit = session.exec(select(Visit).where(Visit.due_on == on)).one()
        operations.assign(
            session, actor=actor_of(cast, "zhou"), visit_id=visit.id, carers=[(cast.li.id, 540)], day_plan_id=None
        )
        operations.respond(session, actor=actor_of(cast, "li"), visit_id=visit.id, accept=True)
        return visit.id


def states() -> list[tuple[VisitState, str]]:
    return [(visit.state, visit.cancel_reason) for visit in visits()]


def crew(visit_id: str) -> list[CarerState]:
    with db.reading() as session:
        return list(session.exec(select(VisitCarer.state).where(VisitCarer.visit_id == visit_id)))


def test_who_withdrew_the_consent_in_hospital_is_visited_no_more_when_back(cast: Cast, at: At) -> None:
    agree(cast, ITEM)
    generate(cast)
    change(cast, PersonState.HOSPITAL)
    withdraw(cast)
    at("2026-11-05 09:00")
    back = change(cast, PersonState.ACTIVE)
    assert "visits_back" not in back.detail["done"]
    no_consent = "the elder does not agree any more that the office keeps this"
    assert states() == [(OFF, "the elder is in hospital"), *[(OFF, no_consent)] * 3]


def test_back_from_hospital_on_days_with_the_family_and_after_them(cast: Cast, at: At) -> None:
    agree(cast, ITEM)
    generate(cast)
    change(cast, PersonState.HOSPITAL)
    absent(cast, TUESDAYS[1], TUESDAYS[1], AbsenceKind.WITH_FAMILY)
    at("2026-11-05 09:00")
    assert change(cast, PersonState.ACTIVE).detail["done"]["visits_back"] == 2
    assert states()[1:] == [(OFF, "with the family elsewhere on this day"), (DUE, ""), (DUE, "")]
    assert (end_absence(cast), states()[1]) == (1, (DUE, ""))


def test_the_end_of_an_absence_makes_no_visit_to_the_dead(cast: Cast, at: At) -> None:
    agree(cast, ITEM)
    generate(cast)
    absent(cast, TUESDAYS[1], None, AbsenceKind.WITH_FAMILY)
    at("2026-11-05 09:00")
    change(cast, PersonState.DEAD)
    assert end_absence(cast) == 0
    assert [state for state, _ in states()] == [DUE, OFF, OFF, OFF]


def test_the_end_of_an_absence_while_in_hospital_waits_for_the_return(cast: Cast, at: At) -> None:
    agree(cast, ITEM)
    generate(cast)
    absent(cast, TUESDAYS[1], None, AbsenceKind.WITH_FAMILY)
    at("2026-11-05 09:00")
    change(cast, PersonState.HOSPITAL)
    assert end_absence(cast) == 0
    at("2026-11-06 09:00")
    assert change(cast, PersonState.ACTIVE).detail["done"]["visits_back"] == 3


@pytest.mark.parametrize("back_by", ["return", "end_of_absence", "generator"])
def test_however_a_visit_stands_again_its_old_crew_is_asked_anew(cast: Cast, at: At, back_by: str) -> None:
    agree(cast, ITEM)
    generate(cast)
    visit_id = invite(cast, TUESDAYS[1])
    if back_by == "end_of_absence":
        absent(cast, TUESDAYS[0], None, AbsenceKind.WITH_FAMILY)
        end_absence(cast)
    else:
        change(cast, PersonState.HOSPITAL)
    if back_by == "return":
        change(cast, PersonState.ACTIVE)
    if back_by == "generator":  # that the elder is back is known from another office's import, without a case
        with db.transaction() as session:
            session.get_one(Person, cast.chen_popo.id).state = PersonState.ACTIVE
        generate(cast)
    with db.reading() as session:
        assert session.get_one(Visit, visit_id).state == DUE
        assert queries.stops_of(session, cast.li.id, TUESDAYS[0], TUESDAYS[3]) == []
    assert crew(visit_id) == [CarerState.REPLACED]


def test_a_visit_called_off_before_a_move_stands_again_at_the_new_door(cast: Cast, at: At) -> None:
    agree(cast, ITEM)
    generate(cast)
    absent(cast, TUESDAYS[1], None, AbsenceKind.WITH_FAMILY)
    at("2026-11-05 09:00")
    with db.transaction() as session:
        door = Door(make.OTHER_GROUP, "77", "新家")
        people.relocate(
            session, actor=actor_of(cast, "tan"), person_id=cast.chen_popo.id, to=door, since_on=date(2026, 11, 5)
        )
        kept = session.exec(select(Absence)).one()
        operations.end_absence(session, actor=actor_of(cast, "tan"), absence_id=kept.id)
        elder = session.get_one(Person, cast.chen_popo.id)
        home = (make.OTHER_GROUP, elder.household_code)
    assert {(visit.area_code, visit.household_code) for visit in visits() if visit.due_on >= TUESDAYS[1]} == {home}


def test_what_was_called_off_and_is_asked_for_again_asks_its_helper_anew(cast: Cast) -> None:
    def look() -> Visit:
        with db.transaction() as session:
            return operations.look_in(
                session, actor=actor_of(cast, "zhou"), elder_id=cast.chen_popo.id, source_key="look:1", notes=""
            )

    first = look()
    invite(cast, first.due_on)
    with db.transaction() as session:
        operations.cancel(session, actor=actor_of(cast, "zhou"), visit_id=first.id, reason="女儿在")
    assert (look().id, seen(first).state, crew(first.id)) == (first.id, DUE, [CarerState.REPLACED])


@pytest.mark.parametrize("gone", [True, False])
def test_no_second_try_for_whom_nobody_may_or_can_visit(cast: Cast, planned: Plan, at: At, gone: bool) -> None:
    agree(cast, ITEM)
    generate(cast)
    visit_id = invite(cast, TUESDAYS[0])
    with db.reading() as session:
        visit = session.get_one(Visit, visit_id)
    tell(cast, event(visit, EventKind.NO_ANSWER, 560))
    at("2026-11-04 09:00")
    if gone:
        change(cast, PersonState.DEAD)
    else:
        withdraw(cast)
    with pytest.raises(TimebankError) as refused, db.transaction() as session:
        operations.try_again(session, actor=actor_of(cast, "zhou"), visit_id=visit_id, due_on=clock.today())
    assert refused.value.code == "visits.in_vain"


def test_a_volunteer_who_is_away_keeps_the_visits_after_the_return(cast: Cast) -> None:
    agree(cast, ITEM)
    generate(cast)
    first, second, third = (invite(cast, on) for on in TUESDAYS[:3])
    change(cast, PersonState.AWAY, cast.li, until_on=TUESDAYS[1])
    assert [crew(one) for one in (first, second, third)] == [
        [CarerState.DECLINED],
        [CarerState.ACCEPTED],
        [CarerState.ACCEPTED],
    ]


@pytest.mark.parametrize("elder_is_kept", [True, False])
def test_elder_and_helper_who_are_one_person_do_not_visit_themselves(cast: Cast, elder_is_kept: bool) -> None:
    with db.transaction() as session:
        home = session.get_one(Household, cast.chen_popo.household_code)
        twin = make.volunteer(session=session, household=home, name="陈婆婆", born_on=cast.chen_popo.born_on)
        visit = make.visit(session=session, elder=cast.chen_popo)
        operations.assign(
            session, actor=actor_of(cast, "zhou"), visit_id=visit.id, carers=[(twin.id, 540)], day_plan_id=None
        )
    kept, other = (cast.chen_popo, twin) if elder_is_kept else (twin, cast.chen_popo)
    with db.transaction() as session:
        case = people.propose_merge(
            session, actor=actor_of(cast, "zhou"), kept_id=kept.id, other_id=other.id, evidence="身份证"
        )
    with db.transaction() as session:
        people.merge(session, actor=actor_of(cast, "wu"), case=session.get_one(PersonCase, case.id))
    assert (seen(visit).elder_id, seen(visit).state, crew(visit.id)) == (kept.id, DUE, [CarerState.REPLACED])
