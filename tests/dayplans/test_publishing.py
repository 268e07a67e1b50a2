"""A published day invites everybody on it, once; what does not fit the book any more is refused."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from tests.dayplans.township import COORDINATOR, Township, add_visit, settle, tomorrow
from tests.factories import TOWNSHIP
from timebank.audit.models import AuditEvent
from timebank.careplans.models import ServiceKind
from timebank.core import db
from timebank.core.actors import Actor, Role
from timebank.core.errors import NotFound, Refused
from timebank.dayplans import operations
from timebank.dayplans.models import DayPlan, DayPlanState
from timebank.visits import operations as visits
from timebank.visits.models import CarerState, Visit, VisitCarer, VisitState


@pytest.fixture
def made(database: sa.Engine) -> Iterator[Township]:
    with db.transaction() as session:
        made = settle(session, visits=0, volunteers=3)
        for _ in range(3):
            add_visit(session, made, service=ServiceKind.VISIT, on=tomorrow())
    yield made


def draft(session: Session) -> DayPlan:
    return operations.draft_day(session, actor=COORDINATOR, area_code=TOWNSHIP, on=tomorrow(), steps=5000)


def publish(session: Session, row: DayPlan, revision: int = 1) -> DayPlan:
    return operations.publish_day(session, actor=COORDINATOR, day_plan_id=row.id, revision=revision)


def test_publishing_invites_everybody_and_puts_the_visits_on_the_plan(made: Township) -> None:
    with db.transaction() as session:
        row = publish(session, draft(session))
    with db.reading() as session:
        rows = session.exec(select(Visit)).all()
        invited = session.exec(select(VisitCarer)).all()
    assert {(visit.state, visit.day_plan_id) for visit in rows} == {(VisitState.PLANNED, row.id)}
    assert [carer.state for carer in invited] == [CarerState.INVITED] * 3
    assert (row.state, row.published_by) == (DayPlanState.PUBLISHED, COORDINATOR.user_id)


def test_publishing_twice_changes_nothing(made: Township) -> None:
    with db.transaction() as session:
        row = publish(session, draft(session))
    with db.transaction() as session:
        again = publish(session, row)
        events = session.exec(select(AuditEvent).where(AuditEvent.action == "dayplans.publish")).all()
    assert again.published_at == row.published_at
    assert len(events) == 1


def test_a_new_version_supersedes_and_keeps_answers_that_still_fit(made: Township) -> None:
    with db.transaction() as session:
        first = publish(session, draft(session))
        carer = session.exec(select(VisitCarer)).first()
        assert carer is not None
        volunteer = Actor("usr_v", Role.VOLUNTEER, TOWNSHIP, carer.person_id)
        visits.respond(session, actor=volunteer, visit_id=carer.visit_id, accept=True)
    with db.transaction() as session:
        second = publish(session, draft(session))
    with db.reading() as session:
        assert session.get_one(DayPlan, first.id).state == DayPlanState.SUPERSEDED
        assert session.get_one(VisitCarer, carer.id).state == CarerState.ACCEPTED
        assert session.get_one(Visit, carer.visit_id).day_plan_id == second.id


def test_a_plan_for_other_visits_than_the_book_has_is_refused(made: Township) -> None:
    with db.transaction() as session:
        row = draft(session)
    with db.transaction() as session:
        add_visit(session, made, service=ServiceKind.VISIT, on=tomorrow())
    with pytest.raises(Refused, match="visits_changed") as refusal, db.transaction() as session:
        publish(session, row)
    assert refusal.value.message.values == {"added": 1, "gone": 0}


def test_a_plan_that_breaks_a_rule_meanwhile_is_refused(made: Township) -> None:
    with db.transaction() as session:
        row = draft(session)
    with db.transaction() as session:
        visit = session.exec(select(Visit)).all()[0]
        visit.window_from_minute, visit.window_to_minute = 1000, 1010
        session.add(visit)
    with pytest.raises(Refused, match="faulty_plan"), db.transaction() as session:
        publish(session, row)
    with db.reading() as session:
        assert session.exec(select(VisitCarer)).all() == []


def test_a_version_that_somebody_changed_meanwhile_is_refused(made: Township) -> None:
    with db.transaction() as session:
        row = draft(session)
    with pytest.raises(Refused, match="changed_meanwhile"), db.transaction() as session:
        publish(session, row, revision=2)


def test_an_older_version_than_the_published_one_is_refused(made: Township) -> None:
    with db.transaction() as session:
        old, new = draft(session), draft(session)
        publish(session, new)
    with pytest.raises(Refused, match="newer_is_published"), db.transaction() as session:
        publish(session, old)


def test_a_stranger_publishes_nothing(made: Township) -> None:
    stranger = Actor("usr_stranger", Role.COORDINATOR, "500156102")
    with db.transaction() as session:
        row = draft(session)
    with pytest.raises(NotFound), db.transaction() as session:
        operations.publish_day(session, actor=stranger, day_plan_id=row.id, revision=1)


def test_a_visit_that_lost_its_place_waits_again(made: Township) -> None:
    with db.transaction() as session:
        publish(session, draft(session))
        for carer in session.exec(select(VisitCarer)).all()[:1]:
            visit_id = carer.visit_id
        visit = session.get_one(Visit, visit_id)
        visit.window_from_minute, visit.window_to_minute = 10, 20
        session.add(visit)
    with db.transaction() as session:
        publish(session, draft(session))
    with db.reading() as session:
        states = [carer.state for carer in session.exec(select(VisitCarer).where(VisitCarer.visit_id == visit_id))]
        visit = session.get_one(Visit, visit_id)
    assert (visit.state, visit.day_plan_id) == (VisitState.DUE, None)
    assert states == [CarerState.REPLACED]
