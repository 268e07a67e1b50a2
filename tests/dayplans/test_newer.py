"""Two coordinators on one day: whoever looks at a version that was replaced is told, and loses nothing silently."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from tests import factories as make
from tests.dayplans.township import settle, tomorrow
from tests.factories import TOWNSHIP
from timebank.core import clock, db
from timebank.core.actors import Actor, Role
from timebank.core.errors import Refused
from timebank.dayplans import operations
from timebank.dayplans.adapter.hand import Move
from timebank.dayplans.models import DayPlan
from timebank.dayplans.operations.repair import Incident
from timebank.dayplans.queries.board import opened
from timebank.dayplans.queries.live import live_of, stamp_of


@pytest.fixture
def office(database: sa.Engine) -> tuple[Actor, Actor]:
    """Two coordinators, and a draft of tomorrow."""
    with db.transaction() as session:
        settle(session, visits=8, volunteers=6)
        zhou, wu = (
            make.login(session=session, name=name, role=Role.COORDINATOR, area_code=TOWNSHIP) for name in ("zhou", "wu")
        )
        actors = tuple(Actor(one.id, Role.COORDINATOR, TOWNSHIP) for one in (zhou, wu))
        operations.draft_day(session, actor=actors[0], area_code=TOWNSHIP, on=tomorrow(), steps=20_000)
        return actors[0], actors[1]


def version(session: Session, number: int) -> DayPlan:
    return session.exec(sa.select(DayPlan).where(DayPlan.version == number)).scalar_one()


def a_task(session: Session, row: DayPlan) -> str:
    return min(task for task in opened(session, row).places if "." not in task)


Act = Callable[[Session, Actor, DayPlan], object]


def by_hand(session: Session, actor: Actor, row: DayPlan) -> object:
    out = [Move(a_task(session, row), None)]
    return operations.move_by_hand(session, actor=actor, day_plan_id=row.id, revision=row.revision, moves=out)


def locked(session: Session, actor: Actor, row: DayPlan) -> object:
    what = {"kind": "visit", "subject": a_task(session, row)}
    return operations.lock(session, actor=actor, day_plan_id=row.id, revision=row.revision, **what)


def undone(session: Session, actor: Actor, row: DayPlan) -> object:
    return operations.undo(session, actor=actor, day_plan_id=row.id, revision=row.revision)


def published(session: Session, actor: Actor, row: DayPlan) -> object:
    return operations.publish_day(session, actor=actor, day_plan_id=row.id, revision=row.revision)


def taken_over(session: Session, actor: Actor, row: DayPlan) -> DayPlan:
    return operations.take_over(session, actor=actor, day_plan_id=row.id)


def repaired(session: Session, actor: Actor, row: DayPlan) -> DayPlan:
    carer = min(placed.carer for placed in opened(session, row).places.values())
    return operations.repair(session, actor=actor, day_plan_id=row.id, incident=Incident("ill", carer=carer))


def planned(session: Session, actor: Actor, row: DayPlan) -> object:
    return operations.begin_run(session, actor=actor, area_code=TOWNSHIP, on=row.on, start_plan_id=row.id)


ON_A_DRAFT = {"move": by_hand, "lock": locked, "undo": undone, "take over": taken_over, "plan": planned}


@pytest.mark.parametrize("act", ON_A_DRAFT.values(), ids=ON_A_DRAFT)
def test_a_draft_older_than_what_was_published_is_changed_no_more(office: tuple[Actor, Actor], act: Act) -> None:
    zhou, wu = office
    with db.transaction() as session:
        by_hand(session, zhou, version(session, 1))
        taken_over(session, wu, version(session, 1))
        seen = stamp_of(session, version(session, 1))
    with clock.frozen(clock.now() + timedelta(minutes=1)), db.transaction() as session:
        published(session, wu, version(session, 2))
        live = live_of(session, version(session, 1))
        assert live["stamp"] != seen
        assert (live["newer"]["version"], live["newer"]["is_replaced"]) == (2, True)
        assert "wu" in live["newer"]["words"]
    with db.transaction() as session, pytest.raises(Refused, match="was_replaced") as refusal:
        act(session, zhou, version(session, 1))
    assert "wu" in str(refusal.value.message)


@pytest.mark.parametrize("act", [repaired, taken_over, planned], ids=["repair", "take over", "plan"])
def test_a_day_that_was_published_anew_is_not_changed_from_its_old_version(
    office: tuple[Actor, Actor], act: Act
) -> None:
    zhou, wu = office
    with db.transaction() as session:
        published(session, zhou, version(session, 1))
        repaired(session, wu, version(session, 1))
        newer = live_of(session, version(session, 1))["newer"]
        assert (newer["version"], newer["is_replaced"]) == (2, False)
        assert live_of(session, version(session, 2))["newer"] is None
        published(session, wu, version(session, 2))
        newer = live_of(session, version(session, 1))["newer"]
        assert (newer["version"], newer["is_replaced"]) == (2, True)
    with db.transaction() as session, pytest.raises(Refused, match="was_replaced"):
        act(session, zhou, version(session, 1))


def test_a_draft_that_somebody_put_aside_says_who_did(office: tuple[Actor, Actor]) -> None:
    zhou, wu = office
    with db.transaction() as session:
        published(session, zhou, version(session, 1))
        taken_over(session, zhou, version(session, 1))
        operations.discard(session, actor=wu, day_plan_id=version(session, 2).id)
        newer = live_of(session, version(session, 2))["newer"]
        assert (newer["version"], newer["is_replaced"]) == (1, True) and "wu" in newer["words"]
    for act in (by_hand, published):
        with db.transaction() as session, pytest.raises(Refused, match="was_replaced"):
            act(session, zhou, version(session, 2))


def test_the_version_that_counts_and_a_trial_have_nothing_newer(office: tuple[Actor, Actor]) -> None:
    with db.transaction() as session:
        row = version(session, 1)
        assert live_of(session, row)["newer"] is None and live_of(session, row)["revision"] == 1
        published(session, office[0], row)
        assert live_of(session, row)["newer"] is None
