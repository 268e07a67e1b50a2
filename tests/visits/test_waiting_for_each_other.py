"""Two reviewers credit the same two carers in opposite order: PostgreSQL breaks one off, and both are served."""

import logging
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from copy import deepcopy
from io import BytesIO
from threading import Barrier, get_ident
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from flask import Flask, flash, request
from flask import session as signed_in
from sqlmodel import select

from tests.cast import Cast
from tests.fixtures.browsing import Visitor
from tests.fixtures.site import SignIn
from tests.visits.conftest import Plan, actor_of, at_door, event, seen, tell
from timebank.auth import guards
from timebank.core import db
from timebank.ledger import operations as ledger
from timebank.ledger.queries import account_of
from timebank.ledger.verify import verify
from timebank.visits import operations
from timebank.visits.models import EventKind as Kind
from timebank.visits.models import Visit, VisitCarer, VisitState
from timebank.visits.operations import settlement

pytestmark = pytest.mark.waits  # until PostgreSQL finds that two units of work wait for each other


@pytest.fixture
def two_visits(cast: Cast, planned: Plan) -> list[Visit]:
    """Two finished visits of 李姐 and 张叔: on the one she begins, on the other he does."""
    visits = []
    for crew in ((cast.li, cast.zhang), (cast.zhang, cast.li)):
        visit = planned(*crew)
        with db.transaction() as session:
            later = select(VisitCarer).where(VisitCarer.visit_id == visit.id, VisitCarer.person_id == crew[1].id)
            session.exec(later).one().starts_minute += 1
        for who in ("li", "zhang"):
            tell(cast, event(visit, Kind.CHECK_IN, 9 * 60, place=at_door()), who)
            tell(cast, event(visit, Kind.CHECK_OUT, 9 * 60 + 45, place=at_door()), who)
        with db.transaction() as session:
            operations.confirm(session, actor=actor_of(cast, "xiaofang"), visit_id=visit.id, method="button")
        visits.append(visit)
    with db.transaction() as session:
        ledger.seal_new_rows(session)  # the pool is counted: no poster needs to lock it
    return visits


@pytest.fixture
def on_postgres(db_url: str) -> bool:
    """Whether two units of work can wait for each other at all."""
    return db_url.startswith("postgresql")


@pytest.fixture
def in_step(monkeypatch: pytest.MonkeyPatch, on_postgres: bool) -> Counter[int]:
    """Both reviewers have credited their first carer before either goes on to the second; how often each credited.

    On SQLite nobody needs to be kept in step: one writes at a time.
    """
    honest, credited, both = settlement._credit, Counter[int](), Barrier(2 if on_postgres else 1)

    def credit(*arguments: Any) -> None:
        honest(*arguments)
        credited[get_ident()] += 1
        if credited[get_ident()] == 1:
            both.wait(timeout=30)

    monkeypatch.setattr(settlement, "_credit", credit)
    return credited


def approve_at_once(visitors: list[Visitor], visits: list[Visit]) -> list[int]:
    """Two reviewers press the button in the same moment; the status of each answer."""

    def press(visitor: Visitor, visit: Visit) -> int:
        return visitor.send(f"/reviews/{visit.id}", {"decision": "approve"}).status_code

    with ThreadPoolExecutor(2) as threads:
        pressed = [
            threads.submit(copy_context().run, press, visitor, visit)
            for visitor, visit in zip(visitors, visits, strict=True)
        ]
        return [one.result(timeout=60) for one in pressed]


def test_both_reviews_count_once(
    cast: Cast,
    sign_in: SignIn,
    two_visits: list[Visit],
    in_step: Counter[int],
    on_postgres: bool,
    caplog: pytest.LogCaptureFixture,
) -> None:
    reviewers = [sign_in("wu"), sign_in("tan")]
    with caplog.at_level(logging.WARNING, "timebank"):
        assert approve_at_once(reviewers, two_visits) == [303, 303]
    again = [record.getMessage() for record in caplog.records if "done again" in record.getMessage()]
    assert again == ["done again on reviews.review: the database broke it off"] * on_postgres
    assert sorted(in_step.values()) == [2, 2 + on_postgres]  # broken off at the second carer, and begun anew
    assert [seen(visit).state for visit in two_visits] == [VisitState.SETTLED] * 2
    with db.reading() as session:
        accounts = [account_of(session, person.id) for person in (cast.li, cast.zhang)]
        assert [account and account.balance_minutes for account in accounts] == [90, 90]
        assert verify(session).problems == []
    for reviewer in reviewers:
        assert reviewer.visit("/reviews").count("Decided. The volunteer sees it.") == 1


def test_who_is_broken_off_each_time_is_told_to_try_again(
    cast: Cast, sign_in: SignIn, two_visits: list[Visit], monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []

    def broken_off(*_: Any) -> None:
        tries.append(1)
        raise sa.exc.OperationalError("", None, psycopg.errors.DeadlockDetected())

    monkeypatch.setattr(settlement, "_credit", broken_off)
    assert approve_at_once([sign_in("wu")], two_visits[:1]) == [503]
    assert len(tries) == 3
    assert seen(two_visits[0]).state == VisitState.CONFIRMED


def test_another_error_of_the_database_is_not_tried_again(
    cast: Cast, sign_in: SignIn, two_visits: list[Visit], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a lost connection nobody knows whether the commit arrived."""
    tries = []

    def lost(*_: Any) -> None:
        tries.append(1)
        raise sa.exc.OperationalError("", None, psycopg.errors.AdminShutdown())

    monkeypatch.setattr(settlement, "_credit", lost)
    assert approve_at_once([sign_in("wu")], two_visits[:1]) == [503]
    assert len(tries) == 1


def test_the_request_is_as_it_came(app: Flask) -> None:
    sent = {"photo": (BytesIO(b"picture"), "slip.jpg"), "words": "two"}
    with app.test_request_context("/", method="POST", data=sent):
        flash("from before")
        before = deepcopy(dict(signed_in))
        flash("of the try that was broken off")
        assert request.files["photo"].read() == b"picture"
        guards._as_it_came(before)
        assert request.files["photo"].read() == b"picture"
        assert [words for _, words in signed_in["_flashes"]] == ["from before"]
