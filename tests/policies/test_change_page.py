"""Proposing rules from a day on for which other rules are decided already: nothing is undone or lost by accident."""

from datetime import date

import pytest
from sqlmodel import col, select

from tests import factories as make
from tests.cast import Cast
from tests.fixtures.browsing import Visitor
from tests.fixtures.site import SignIn
from timebank.core import db
from timebank.core.actors import SYSTEM, Actor, Role
from timebank.policies.models import PolicyVersion
from timebank.policies.operations import approve, propose

FROM = "2026-12-01"


@pytest.fixture
def office(cast: Cast, sign_in: SignIn) -> Visitor:
    """The bureau at the form; from December on a gift of one hour is decided, today it is three."""
    changes = {"gift.monthly_minutes": 60, "gift.age_alone": 85}
    with db.transaction() as session:
        made = propose(session, actor=SYSTEM, area_code=make.DISTRICT, starts_on=date(2026, 12, 1), changes=changes)
        approve(session, actor=Actor(cast.users["he"], Role.BUREAU, make.DISTRICT), version_id=made.id)
    visitor = sign_in(Role.BUREAU)
    visitor.visit("/rules/change")
    return visitor


def proposed() -> list[dict[str, object]]:
    with db.reading() as session:
        found = select(PolicyVersion.changes).where(col(PolicyVersion.approved_by).is_(None))
        return [dict(changes) for changes in session.exec(found)]


def test_a_decided_rule_is_put_back_before_it_begins(office: Visitor) -> None:
    first = office.submit("/rules/change", starts_on=FROM, note="back", status=409)
    assert "Other rules are decided for this day already." in first
    assert proposed() == []
    office.submit("/rules/change", **{"gift.monthly_minutes": "180"})
    assert proposed() == [{"gift.monthly_minutes": 180}]


def test_a_change_of_something_else_leaves_the_decided_rule_alone(office: Visitor) -> None:
    changed = {"balance.cap_minutes": "6000"}
    office.submit("/rules/change", starts_on=FROM, note="cap", status=409, **changed)
    office.submit("/rules/change")  # what was entered is still there
    assert proposed() == [{"balance.cap_minutes": 6000}]


def test_a_day_before_the_decided_one_asks_nothing_more(office: Visitor) -> None:
    office.submit("/rules/change", starts_on="2026-11-10", note="now", **{"balance.cap_minutes": "6000"})
    assert proposed() == [{"balance.cap_minutes": 6000}]


def test_what_is_in_force_already_is_no_change(office: Visitor) -> None:
    office.submit("/rules/change", starts_on=FROM, note="same", status=409)
    assert "Change at least one rule." in office.submit("/rules/change", status=409)
    assert proposed() == []
