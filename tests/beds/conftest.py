"""A bed on its way: how far it has come by name of its state."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlmodel import Session

from tests import factories as make
from timebank.beds import operations
from timebank.beds.models import BedState, CareBed
from timebank.beds.operations import Contract, Paper
from timebank.core import clock
from timebank.core.actors import Actor, Role
from timebank.people.models import Person

DESK = Actor("usr_desk", Role.COORDINATOR, make.TOWNSHIP)
SUPERVISOR = Actor("usr_super", Role.SUPERVISOR, make.TOWNSHIP)
INSPECTOR = Actor("usr_inspector", Role.BUREAU, make.DISTRICT)
BedAt = Callable[..., CareBed]


def paper(words: str = "", days_ago: int = 0) -> Paper:
    return Paper(clock.today() - timedelta(days=days_ago), "床位夹第 3 页", words)


def contract(starts_on: date | None = None) -> Contract:
    begins = starts_on or clock.today() - timedelta(days=20)
    return Contract("江口养老服务站", "WL-2026-0001", begins, begins + timedelta(days=364), 6, 600)


@pytest.fixture
def bed_at() -> BedAt:
    """A bed of an elder that has come as far as a state."""

    def walk(session: Session, elder: Person, state: BedState, days_ago: int = 0) -> CareBed:
        steps: dict[BedState, Callable[[], object]] = {
            BedState.ASSESSED: lambda: operations.take_over_assessment(
                session, actor=DESK, bed_id=bed.id, paper=paper(days_ago=days_ago)
            ),
            BedState.CHECKED: lambda: operations.check_home(
                session, actor=DESK, bed_id=bed.id, adaptations=[], paper=paper(days_ago=days_ago)
            ),
            BedState.CONTRACTED: lambda: operations.sign_contract(
                session, actor=DESK, bed_id=bed.id, contract=contract(), paper=paper(days_ago=days_ago)
            ),
            BedState.ACTIVE: lambda: operations.begin(
                session, actor=DESK, bed_id=bed.id, paper=paper(days_ago=days_ago)
            ),
            BedState.SUSPENDED: lambda: operations.suspend(session, actor=DESK, bed_id=bed.id, paper=paper("住院")),
            BedState.CLOSED: lambda: operations.close(session, actor=DESK, bed_id=bed.id, paper=paper("搬走")),
        }
        if not make.assessed_before(session, elder):
            make.assessment(session=session, elder=elder, level=3)
            session.flush()
        bed = operations.apply(
            session, actor=DESK, elder_id=elder.id, applied_by=elder.id, paper=paper(days_ago=days_ago)
        )
        for reached, step in steps.items():
            if bed.state == state:
                return bed
            step()
            assert bed.state == reached
        return bed

    return walk
