"""Leftovers of a day: nobody answered and yet somebody came, slips without a plan, many reviews in one go."""

from dataclasses import replace
from datetime import date

import pytest
from sqlmodel import select

from tests import factories as make
from tests.cast import Cast
from tests.fixtures.site import At
from tests.visits.conftest import Plan, actor_of, at_door, event, seen, tell
from timebank.careplans.models import ServiceKind
from timebank.core import db
from timebank.core.actors import SYSTEM
from timebank.core.errors import BadInput, NotAllowed, Refused
from timebank.ledger.models import Transfer
from timebank.policies import operations as policies
from timebank.visits import operations
from timebank.visits.models import EventKind, EvidenceGrade, Visit, VisitState
from timebank.visits.operations import UnplannedIn


def decide(cast: Cast, changes: dict[str, int]) -> None:
    with db.transaction() as session:
        version = policies.propose(
            session,
            actor=actor_of(cast, "tan"),
            area_code=make.TOWNSHIP,
            starts_on=date(2026, 11, 3),
            changes=changes,
        )
        policies.approve(session, actor=SYSTEM, version_id=version.id)


def pay_for_coming(cast: Cast, minutes: int) -> None:
    decide(cast, {"visit.show_up_minutes": minutes})


def posted(visit: Visit) -> list[tuple[str, int]]:
    with db.reading() as session:
        found = session.exec(select(Transfer).where(Transfer.source_id == visit.id))
        return [(row.reason, row.minutes) for row in found]


def credit(cast: Cast, visit: Visit, who: str = "wu") -> None:
    with db.transaction() as session:
        operations.credit_show_up(session, actor=actor_of(cast, who), visit_id=visit.id)


def test_who_came_in_vain_is_credited_once_by_policy_and_the_second_try_goes_on(cast: Cast, planned: Plan) -> None:
    pay_for_coming(cast, 20)
    visit = planned()
    tell(cast, event(visit, EventKind.NO_ANSWER, 9 * 60 + 10, place=at_door()))
    credit(cast, visit)
    assert posted(visit) == [("earn", 15)], "rounded down like every stay"
    with pytest.raises(Refused, match=r"visits\.show_up_known"):
        credit(cast, visit)
    with db.transaction() as session:
        operations.try_again(session, actor=actor_of(cast, "zhou"), visit_id=visit.id, due_on=date(2026, 11, 4))
    assert (seen(visit).state, posted(visit)) == (VisitState.UNREACHED, [("earn", 15)])


def test_without_the_policy_nothing_is_credited(cast: Cast, planned: Plan) -> None:
    visit = planned()
    tell(cast, event(visit, EventKind.NO_ANSWER, 9 * 60 + 10))
    with pytest.raises(Refused, match=r"visits\.show_up_not_credited"):
        credit(cast, visit)


def test_who_came_does_not_decide_it_themselves(cast: Cast, planned: Plan) -> None:
    pay_for_coming(cast, 20)
    visit = planned()
    tell(cast, event(visit, EventKind.NO_ANSWER, 9 * 60 + 10))
    with pytest.raises(NotAllowed, match=r"visits\.not_your_review"):
        credit(cast, visit, "li")
    assert posted(visit) == []


def test_a_visit_that_was_reached_is_not_paid_for_coming(cast: Cast, planned: Plan) -> None:
    pay_for_coming(cast, 20)
    visit = planned()
    tell(cast, event(visit, EventKind.CHECK_IN, 9 * 60 + 10))
    with pytest.raises(Refused, match=r"visits\.was_reached"):
        credit(cast, visit)


def test_who_was_paid_for_coming_is_not_paid_again_when_the_elder_opens_late(cast: Cast, planned: Plan) -> None:
    pay_for_coming(cast, 20)
    visit = planned()
    tell(cast, event(visit, EventKind.NO_ANSWER, 9 * 60 + 10))
    credit(cast, visit)
    tell(cast, event(visit, EventKind.CHECK_IN, 9 * 60 + 30))
    tell(cast, event(visit, EventKind.CHECK_OUT, 10 * 60 + 15))
    with db.reading() as session:
        assert operations.proposed_minutes(session, seen(visit)) == {}


def unplanned(cast: Cast, **changes: object) -> UnplannedIn:
    given = {
        "elder_id": cast.chen_popo.id,
        "person_id": cast.li.id,
        "service": ServiceKind.CHORE,
        "on": date(2026, 11, 2),
        "from_minute": 14 * 60,
        "to_minute": 15 * 60,
        "is_signed": True,
    }
    return UnplannedIn(**(given | changes))  # type: ignore[arg-type]


def enter(cast: Cast, slip: UnplannedIn, who: str = "wang") -> Visit:
    with db.transaction() as session:
        return operations.enter_unplanned(session, actor=actor_of(cast, who), slip=slip)


def test_a_slip_without_a_plan_is_kept_flagged_and_waits_for_a_reviewer(cast: Cast) -> None:
    visit = seen(enter(cast, unplanned(cast)))
    assert (visit.state, visit.grade, "unplanned" in visit.flags) == (VisitState.CONFIRMED, EvidenceGrade.C, True)
    with db.reading() as session:
        assert "unplanned" in operations.needs_a_look(session, visit)
    with db.transaction() as session:
        operations.review(session, actor=actor_of(cast, "wu"), visit_id=visit.id, approved=True)
    assert posted(visit) == [("earn", 60)]


def test_the_same_help_is_not_entered_twice(cast: Cast) -> None:
    enter(cast, unplanned(cast))
    with pytest.raises(Refused, match=r"visits\.planned_already"):
        enter(cast, unplanned(cast, from_minute=16 * 60, to_minute=17 * 60))


def test_a_slip_that_was_misread_and_rejected_is_entered_anew_and_the_reviewer_sees_it(cast: Cast) -> None:
    first = enter(cast, unplanned(cast, to_minute=18 * 60))
    with db.transaction() as session:
        operations.review(
            session, actor=actor_of(cast, "wu"), visit_id=first.id, approved=False, reason="15:00, not 18:00"
        )
    again = seen(enter(cast, unplanned(cast)))
    with db.reading() as session:
        assert {"reopened", "unplanned"} <= set(operations.needs_a_look(session, again))
    with pytest.raises(Refused, match=r"visits\.planned_already"):
        enter(cast, unplanned(cast))


@pytest.mark.parametrize(
    ("changes", "error", "code"),
    [
        ({"service": ServiceKind.BATH}, Refused, "visits.never_unplanned"),
        ({"on": date(2026, 11, 4)}, BadInput, "visits.slip_day"),
        ({"on": date(2026, 8, 1)}, BadInput, "visits.slip_day"),
        ({"to_minute": 13 * 60}, BadInput, "visits.slip_ends_first"),
        ({"on": date(2026, 11, 3), "from_minute": 1_000, "to_minute": 1_100}, BadInput, "visits.slip_in_future"),
        ({"service": ServiceKind.ESCORT}, Refused, "volunteers.no_training"),
    ],
)
def test_slips_that_cannot_be_leave_nothing_behind(
    cast: Cast, at: At, changes: dict[str, object], error: type[Exception], code: str
) -> None:
    at("2026-11-03 12:00")
    with pytest.raises(error, match=code):
        enter(cast, unplanned(cast, **changes))
    with db.reading() as session:
        assert session.exec(select(Visit)).all() == []


def test_an_assistant_does_not_enter_their_own_slip(cast: Cast) -> None:
    with pytest.raises((NotAllowed, Refused)):
        enter(cast, unplanned(cast, person_id=cast.wang.id))


def told_well(cast: Cast, visit: Visit, *, who: str = "li") -> None:
    """A visit as it should be: at the door, with the day's code, nodded at by the daughter."""
    place = at_door(accuracy_m=12 if who == "li" else 13)
    tell(cast, event(visit, EventKind.CHECK_IN, 9 * 60 + 7, place=place), who)
    tell(cast, event(visit, EventKind.CHECK_OUT, 9 * 60 + 53), who)
    with db.transaction() as session:
        operations.confirm(session, actor=actor_of(cast, "xiaofang"), visit_id=visit.id, method="button")


def test_ticked_visits_are_credited_and_those_to_look_at_are_left(cast: Cast, planned: Plan) -> None:
    decide(cast, {"review.sample_percent": 0})
    good, far = planned(), planned(cast.zhang, elder=cast.ran_daye)
    told_well(cast, good)
    tell(cast, event(far, EventKind.CHECK_IN, 9 * 60 + 7), "zhang")
    with db.transaction() as session:
        ticked = [good.id, far.id, "vis_none"]
        done = operations.review_all(session, actor=actor_of(cast, "wu"), visit_ids=ticked)
    assert (done.credited, [visit_id for visit_id, _ in done.left]) == (1, [far.id, "vis_none"])
    assert (seen(good).state, posted(good)) == (VisitState.SETTLED, [("earn", 45)])
    assert (seen(far).state, posted(far)) == (VisitState.RUNNING, [])


def test_a_refusal_in_the_middle_stops_no_other_review(cast: Cast, planned: Plan) -> None:
    decide(cast, {"review.sample_percent": 0})
    first, own = planned(), planned(cast.zhang)
    told_well(cast, first)
    told_well(cast, own, who="zhang")
    reviewer = replace(actor_of(cast, "wu"), person_id=cast.li.id)  # a supervisor who helped at the first
    with db.transaction() as session:
        done = operations.review_all(session, actor=reviewer, visit_ids=[first.id, own.id])
    assert (done.credited, [visit_id for visit_id, _ in done.left]) == (1, [first.id])
    assert (seen(first).state, seen(own).state) == (VisitState.CONFIRMED, VisitState.SETTLED)
