"""Changes that meet: something happens again, two are at work on one day, the day goes on while a draft lies open."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from random import Random

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from tests.dayplans.township import COORDINATOR, Township, settle, tomorrow
from tests.factories import NEXT_VILLAGE, TOWNSHIP, VILLAGE
from timebank.areas.operations import close_road
from timebank.audit.models import AuditEvent
from timebank.core import clock, db
from timebank.core.actors import Actor, Role
from timebank.core.errors import Refused
from timebank.core.i18n import say
from timebank.dayplans import operations
from timebank.dayplans.adapter import engine
from timebank.dayplans.adapter.hand import Move, moved
from timebank.dayplans.models import DayPlan, DayPlanState
from timebank.dayplans.operations.repair import Incident
from timebank.dayplans.queries.answers import better_places
from timebank.dayplans.queries.board import Opened, opened
from timebank.dayplans.queries.notices import notices_of_day
from timebank.dayplans.rules import visit_of
from timebank.demo.days import live_through_day
from timebank.people.models import Availability, DayOff, Person
from timebank.people.operations import take_day_off
from timebank.policies import operations as policies
from timebank.visits import operations as visits
from timebank.visits.gap_queries import who_could_come
from timebank.visits.models import Visit, VisitCarer, VisitState
from timebank.visits.queries import COMING

TEN = 10 * 60
WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"


@pytest.fixture
def made(database: sa.Engine) -> Iterator[Township]:
    """Tomorrow, published; the clock stands still until a test moves it."""
    with clock.frozen(clock.at_local(clock.today(), 18 * 60)):
        with db.transaction() as session:
            made = settle(session, visits=10, volunteers=7)
            without_breaks(session)
            row = operations.draft_day(session, actor=COORDINATOR, area_code=TOWNSHIP, on=tomorrow(), steps=20_000)
            publish(session, row)
        yield made


@pytest.fixture
def under_way(made: Township) -> Iterator[Township]:
    """The published day at ten, before any meal is fetched, lived so far by everybody."""
    at = clock.at_local(tomorrow(), TEN)
    with db.transaction() as session:
        live_through_day(session, Random(1), TOWNSHIP, tomorrow(), until=at + timedelta(minutes=10))
    with clock.frozen(at):
        yield made


def without_breaks(session: Session) -> None:
    """So that every plan can be timed anew: when somebody rests is no matter of these tests."""
    rules = {"dispatch.break_minutes": 0}
    made = policies.propose(session, actor=COORDINATOR, area_code=TOWNSHIP, starts_on=clock.today(), changes=rules)
    policies.approve(session, actor=Actor("usr_other", Role.COORDINATOR, TOWNSHIP), version_id=made.id)


def publish(session: Session, row: DayPlan) -> DayPlan:
    return operations.publish_day(session, actor=COORDINATOR, day_plan_id=row.id, revision=row.revision)


def take_over(session: Session, row: DayPlan) -> DayPlan:
    return operations.take_over(session, actor=COORDINATOR, day_plan_id=row.id)


def move(session: Session, row: DayPlan, *moves: Move) -> DayPlan:
    return operations.move_by_hand(session, actor=COORDINATOR, day_plan_id=row.id, revision=row.revision, moves=moves)


def repaired(session: Session, row: DayPlan, incident: Incident) -> DayPlan:
    return operations.repair(session, actor=COORDINATOR, day_plan_id=row.id, incident=incident)


def standing(session: Session) -> DayPlan:
    return session.exec(select(DayPlan).where(DayPlan.state == DayPlanState.PUBLISHED)).one()


def take_off(session: Session, carer: str) -> None:
    take_day_off(session, actor=COORDINATOR, person_id=carer, on=standing(session).on, reason="ill")


def visits_of(day: Opened, carer: str) -> set[str]:
    return {visit_of(task) for task, placed in day.places.items() if placed.carer == carer}


def begun(session: Session) -> set[str]:
    open_states = (VisitState.DUE, VisitState.PLANNED)
    return set(session.exec(select(Visit.id).where(col(Visit.state).not_in(open_states))))


def coming(session: Session, carer: str) -> set[str]:
    """The visits that are not over to which somebody is asked or has agreed to come."""
    found = select(VisitCarer.visit_id).where(VisitCarer.person_id == carer, col(VisitCarer.state).in_(COMING))
    return set(session.exec(found)) - begun(session)


def movable(session: Session, row: DayPlan) -> Move:
    """A move of a visit, not begun and no meal, to somebody else who comes alone, after which no rule is broken."""
    day, done = opened(session, row), begun(session)
    for task in (task for task in day.problem.tasks if task.id in day.places and task.id not in done and not task.load):
        for offer in better_places(session, row, task.id):
            there = Move(task.id, offer["carer"], offer["starts"])
            fits = offer["cost"] is not None and not offer["is_here"] and not offer["mates"] and "." not in task.id
            if fits and not engine.violations_of(day.problem, moved(day.problem, day.plan, [there])):
                return there
    raise AssertionError("nobody else could come to any visit of this day")


@pytest.mark.parametrize("is_taken_over", [False, True])
def test_an_emergency_pressed_again_after_a_refusal_is_one_visit_and_is_sent_to_another(
    under_way: Township, is_taken_over: bool
) -> None:
    sos = Incident("sos", elder_id=under_way.elders[0].id, minutes=30)
    with db.transaction() as session:
        row = publish(session, repaired(session, standing(session), sos))
        if is_taken_over:
            row = publish(session, take_over(session, row))
        called = session.exec(select(Visit).where(col(Visit.source_key).startswith("call:"))).one()
        asked = session.exec(select(VisitCarer).where(VisitCarer.visit_id == called.id)).one().person_id
        volunteer = Actor("usr_v", Role.VOLUNTEER, TOWNSHIP, asked)
        visits.respond(session, actor=volunteer, visit_id=called.id, accept=False, reason="腿痛")
        again = publish(session, repaired(session, row, sos))
        assert session.exec(select(Visit.id).where(col(Visit.source_key).startswith("call:"))).all() == [called.id]
        assert opened(session, again).places[called.id].carer != asked


def test_an_emergency_pressed_again_while_nobody_has_time_waits_as_one_visit(under_way: Township) -> None:
    sos = Incident("sos", elder_id=under_way.elders[0].id)
    for minute in (19 * 60, 19 * 60 + 20):
        with clock.frozen(clock.at_local(clock.today(), minute)), db.transaction() as session:
            publish(session, repaired(session, standing(session), sos))
    with db.reading() as session:
        called = session.exec(select(Visit).where(col(Visit.source_key).startswith("call:"))).one()
        assert (called.state, called.window_from_minute) == (VisitState.DUE, 19 * 60 + 20)


def test_a_visit_called_off_by_the_family_does_not_stand_in_the_way_of_a_repair(made: Township) -> None:
    with db.transaction() as session:
        row = standing(session)
        task = min(task for task in opened(session, row).places if "." not in task)
        visits.cancel(session, actor=COORDINATOR, visit_id=task, reason="family")
        carer = next(one.carer for other, one in opened(session, row).places.items() if other != task)
        new = publish(session, repaired(session, row, Incident("ill", carer=carer)))
        assert task not in opened(session, new).places


def test_who_takes_the_day_off_is_neither_invited_nor_left_on_a_plan(made: Township) -> None:
    with db.transaction() as session:
        old = take_over(session, standing(session))
        carer = min(placed.carer for placed in opened(session, old).places.values())
        take_off(session, carer)
        with pytest.raises(Refused, match="faulty_plan") as refusal:
            publish(session, old)
        name, said = session.get_one(Person, carer).name, say(refusal.value.message)
        assert name in said and "per_" not in said and "vis_" not in said
        new = take_over(session, standing(session))
        day = opened(session, new)
        lost = visits_of(opened(session, standing(session)), carer)
        assert visits_of(day, carer) == set() and carer not in {one.id for one in day.problem.carers}
        assert {one.reason for one in day.plan.unserved if visit_of(one.task) in lost} == {"carer_off"}


def test_who_is_off_already_can_still_be_told_as_ill(made: Township) -> None:
    with db.transaction() as session:
        row = standing(session)
        carer, other = sorted({placed.carer for placed in opened(session, row).places.values()})[:2]
        take_off(session, carer)
        new = publish(session, repaired(session, row, Incident("ill", carer=carer)))
        assert visits_of(opened(session, new), carer) == set() == coming(session, carer)
        take_off(session, other)  # known by the time of the next repair, which is about somebody else
        third = max(placed.carer for placed in opened(session, new).places.values())
        new = publish(session, repaired(session, new, Incident("ill", carer=third)))
        assert all(
            visits_of(opened(session, new), one) == set() == coming(session, one) for one in (carer, other, third)
        )


def test_who_is_ill_after_a_visit_keeps_that_one_and_is_offered_for_nothing_more(under_way: Township) -> None:
    with db.transaction() as session:
        row, done = standing(session), begun(session)
        day = opened(session, row)
        carer = next(placed.carer for task, placed in sorted(day.places.items()) if visit_of(task) in done)
        row = publish(session, repaired(session, row, Incident("ill", carer=carer)))
        assert session.exec(select(DayOff.person_id)).all() == [carer]
        new = take_over(session, row)
        day = opened(session, new)
        assert visits_of(day, carer) and visits_of(day, carer) <= done
        for task in sorted(task for task in day.places if "." not in task and task not in done):
            (hers,) = [one for one in better_places(session, new, task) if one["carer"] == carer]
            assert hers["cost"] is None
        assert coming(session, carer) == set()


def test_a_draft_made_before_somebody_else_published_is_refused_by_version(made: Township) -> None:
    with db.transaction() as session:
        first, second = take_over(session, standing(session)), take_over(session, standing(session))
        there = movable(session, first)
        first = move(session, first, there)
    with clock.frozen(clock.now() + timedelta(minutes=1)), db.transaction() as session:
        first = publish(session, first)
    with pytest.raises(Refused, match="made_before_published") as refusal, db.transaction() as session:
        publish(session, second)
    assert refusal.value.message.values == {"version": first.version}
    with clock.frozen(clock.now() + timedelta(minutes=2)), db.transaction() as session:
        assert opened(session, standing(session)).places[there.task].carer == there.carer
        publish(session, take_over(session, standing(session)))


def at_once(db_url: str, first: Callable[[Session], object], second: Callable[[Session], object]) -> None:
    """Let the second begin before the first is committed; on PostgreSQL it is seen waiting."""
    now = clock.now()

    def later() -> None:
        with clock.frozen(now), db.transaction() as session:
            second(session)

    with ThreadPoolExecutor(1) as threads:
        with db.transaction() as session:
            first(session)
            session.flush()
            waiting = threads.submit(later)
            while db_url.startswith("postgresql") and not session.connection().exec_driver_sql(WAITING).scalar_one():
                assert not waiting.done(), "the second did not wait for the first"
        waiting.result(timeout=30)


@pytest.mark.waits
def test_of_two_who_publish_at_once_one_is_refused_and_one_version_stands(made: Township, db_url: str) -> None:
    with db.transaction() as session:
        one, other = take_over(session, standing(session)), take_over(session, standing(session))
    with clock.frozen(clock.now() + timedelta(minutes=1)), pytest.raises(Refused, match="made_before_published"):
        at_once(db_url, lambda session: publish(session, one), lambda session: publish(session, other))
    with db.reading() as session:
        assert standing(session).id == one.id


@pytest.mark.waits
def test_what_is_discarded_while_it_is_published_stays_published_and_is_noted_once(made: Township, db_url: str) -> None:
    with db.transaction() as session:
        one, other = take_over(session, standing(session)), take_over(session, standing(session))

    def discard(session: Session, row: DayPlan) -> None:
        operations.discard(session, actor=COORDINATOR, day_plan_id=row.id)

    at_once(db_url, lambda session: publish(session, one), lambda session: discard(session, one))
    with db.transaction() as session:
        discard(session, other)
        discard(session, other)
        assert standing(session).id == one.id
        noted = session.exec(select(AuditEvent.subject_id).where(AuditEvent.action == "dayplans.discard")).all()
        assert noted == [other.id]


def test_a_day_under_way_is_planned_again_from_now_on_with_what_has_begun(under_way: Township) -> None:
    with db.transaction() as session:
        before, done = opened(session, standing(session)), begun(session)
        row = operations.draft_day(session, actor=COORDINATOR, area_code=TOWNSHIP, on=clock.today(), steps=20_000)
        day = opened(session, row)
        assert done and {task: day.places[task].carer for task in before.places if visit_of(task) in done} == {
            task: placed.carer for task, placed in before.places.items() if visit_of(task) in done
        }
        assert all(placed.starts >= TEN for task, placed in day.places.items() if visit_of(task) not in done)
        assert engine.violations_of(day.problem, day.plan) == []
        run, _ = operations.begin_run(session, actor=COORDINATOR, area_code=TOWNSHIP, on=clock.today())
        assert (run.problem_digest, run.start_plan_id) == (row.problem_digest, before.row.id)
        publish(session, row)
        assert begun(session) == done


def test_what_begins_while_a_draft_lies_open_is_not_moved_by_it(under_way: Township) -> None:
    with db.transaction() as session:
        new = take_over(session, standing(session))
        there = movable(session, new)
        new = move(session, new, there)
        visit = session.get_one(Visit, there.task)
        visit.state = VisitState.RUNNING
        session.add(visit)
        session.flush()
        with pytest.raises(Refused, match="has_begun"):
            operations.undo(session, actor=COORDINATOR, day_plan_id=new.id, revision=new.revision)
        with pytest.raises(Refused, match="begun_elsewhere"):
            publish(session, new)
        publish(session, take_over(session, standing(session)))


def test_a_draft_that_lay_open_for_hours_invites_nobody_for_hours_that_are_over(under_way: Township) -> None:
    with db.transaction() as session:
        new = take_over(session, standing(session))
        there = movable(session, new)
        new = move(session, new, there)
        starts = opened(session, new).places[there.task].starts
    late = clock.at_local(clock.today(), starts + 60)
    with clock.frozen(late), db.transaction() as session:
        new = session.get_one(DayPlan, new.id)
        with pytest.raises(Refused, match="hours_are_over"):
            publish(session, new)
        still = [one for one in opened(session, new).places if "." not in one and one not in begun(session)]
        for one in sorted(still):
            offers = [offer for offer in better_places(session, new, one) if offer["cost"] is not None]
            assert all(offer["starts"] >= starts + 60 for offer in offers if not offer["is_here"])


def test_who_declined_is_not_asked_again_after_another_was_invited(made: Township) -> None:
    with db.transaction() as session:
        task = min(task for task in opened(session, standing(session)).places if "." not in task)
        declined = opened(session, standing(session)).places[task].carer
        volunteer = Actor("usr_v", Role.VOLUNTEER, TOWNSHIP, declined)
        visits.respond(session, actor=volunteer, visit_id=task, accept=False, reason="腿痛")
        fresh = operations.draft_day(session, actor=COORDINATOR, area_code=TOWNSHIP, on=tomorrow(), steps=5000)
        publish(session, fresh)
        day = opened(session, take_over(session, standing(session)))
        assert day.places[task].carer != declined
        assert declined in next(one for one in day.problem.tasks if one.id == task).banned_carers
        assert declined not in {one.person.id for one in who_could_come(session, session.get_one(Visit, task))}


def test_who_is_late_stays_late_in_every_version_made_after_it(made: Township) -> None:
    with clock.frozen(clock.at_local(tomorrow(), 7 * 60)), db.transaction() as session:
        late = sorted(carer.id for carer in opened(session, standing(session)).problem.carers)[:2]
        for carer in late:
            publish(session, repaired(session, standing(session), Incident("late", carer=carer, until=11 * 60)))
        taken = take_over(session, standing(session))
        again = operations.draft_day(session, actor=COORDINATOR, area_code=TOWNSHIP, on=taken.on, steps=5000)
        for day in (opened(session, taken), opened(session, again)):
            assert day.row.reason["late"] == dict.fromkeys(late, 11 * 60)
            shifts = {carer.id: carer.shifts[0].opens_minutes for carer in day.problem.carers}
            assert [shifts[carer] for carer in late] == [11 * 60, 11 * 60]
            assert all(placed.starts >= 11 * 60 for placed in day.places.values() if placed.carer in late)


@pytest.mark.parametrize("until", [11 * 60, 13 * 60, 23 * 60])
def test_who_is_held_up_between_two_visits_stays_late_in_every_version_made_after_it(
    under_way: Township, until: int
) -> None:
    with db.transaction() as session:
        row = standing(session)
        places, done = opened(session, row).places, begun(session)
        to_do = [one.carer for task, one in places.items() if visit_of(task) not in done]
        carer = max({places[task].carer for task in places if visit_of(task) in done}, key=to_do.count)
        publish(session, repaired(session, row, Incident("late", carer=carer, until=until)))
        publish(session, take_over(session, standing(session)))
        publish(session, operations.draft_day(session, actor=COORDINATOR, area_code=TOWNSHIP, on=row.on, steps=5000))
        for version in session.exec(select(DayPlan).where(DayPlan.version > row.version)):
            there = opened(session, version).places.items()
            goes_on = [one.starts for task, one in there if one.carer == carer and visit_of(task) not in done]
            assert all(starts >= until for starts in goes_on)


def test_who_was_to_be_visited_is_told_when_the_office_calls_it_off(made: Township) -> None:
    with db.transaction() as session:
        row = standing(session)
        task = min(task for task in opened(session, row).places if "." not in task)
        new = publish(session, repaired(session, row, Incident("cancelled", visit_id=task)))
        elder = session.get_one(Visit, task).elder_id
        (told,) = [one for one in notices_of_day(session, new) if one.row.person_id == elder]
        assert told.row.as_elder and [text.msgid for text in told.texts] == ["{visit}: called off, nobody comes"]


@pytest.mark.parametrize("what", ["hours", "road"])
def test_a_change_of_a_later_day_fits_the_roads_and_hours_of_now(made: Township, what: str) -> None:
    with db.transaction() as session:
        new = take_over(session, standing(session))
        if what == "hours":
            carer = min(placed.carer for placed in opened(session, new).places.values() if placed.starts < 16 * 60)
            wanted = Availability.person_id == carer, Availability.weekday == new.on.weekday()
            hours = session.exec(select(Availability).where(*wanted)).one()
            hours.from_minute, hours.to_minute = 17 * 60, 18 * 60
            session.add(hours)
        else:
            close_road(
                session,
                actor=COORDINATOR,
                from_code=VILLAGE,
                to_code=NEXT_VILLAGE,
                starts_on=new.on,
                ends_on=new.on,
                extra_minutes=None,
                reason="",
            )
        session.flush()
        with pytest.raises(Refused, match="faulty_plan"):
            publish(session, new)
