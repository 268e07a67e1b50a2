"""What somebody did for others is one figure everywhere, also above the cap and after two entries became one."""

from datetime import date

import sqlalchemy as sa
from sqlmodel import select

from tests import factories as make
from tests.cast import Cast
from tests.fixtures.site import At
from tests.statements.conftest import Earn
from tests.statements.conftest import earn as earn
from tests.stories.hours import Has, commons, does, has, is_sound, pool, rules_become
from timebank.core import clock
from timebank.core.actors import Scope
from timebank.core.db import reading, transaction
from timebank.ledger import operations as ledger
from timebank.ledger.models import Reason, Transfer
from timebank.people.models import Person, PersonState
from timebank.statements.certificate_queries import Service, service_of
from timebank.statements.guarantee_queries import guarantee_of
from timebank.statements.passbook_queries import standing_of
from timebank.visits.queries import credited_around
from timebank.volunteers.queries import helped_minutes_of, roll_of_honour

NOVEMBER = (date(2026, 11, 1), date(2026, 11, 30))


def figures(person: Person) -> set[int]:
    """What each reader says that somebody helped: passbook, certificate, limits of the week, stars, honours, supply."""
    with reading() as session:
        one = session.get_one(Person, person.id)
        honours = roll_of_honour(session, Scope(make.DISTRICT), 2026)
        return {
            standing_of(session, one).given,
            service_of(session, one.id, *NOVEMBER).minutes,
            credited_around(session, one.id, date(2026, 11, 2))[1],
            helped_minutes_of(session, one),
            *(row.year_minutes for row in honours if row.person.id == one.id),
            guarantee_of(session, make.DISTRICT).given_last_year,
        }


def test_hours_above_the_cap_count_everywhere_and_go_back_with_what_was_kept(cast: Cast, earn: Earn) -> None:
    rules_become(balance__cap_minutes=60)
    earn(cast.li, minutes=45)
    partly = earn(cast.li, minutes=180)
    earn(cast.li, minutes=120)
    assert (has(cast.li), commons(), pool()) == (Has(own=60), 285, -345)
    assert figures(cast.li) == {345}
    with reading() as session:
        assert credited_around(session, cast.li.id, date(2026, 11, 2)) == (345, 345)
        assert credited_around(session, cast.li.id, date(2026, 11, 9)) == (0, 0)

    # The second visit was made up: all of its three hours go back.
    does(ledger.reverse, transfer_id=partly.id, why="nobody was there")
    assert (has(cast.li), commons(), pool()) == (Has(own=45), 120, -165)
    assert figures(cast.li) == {165}
    assert is_sound()


def test_what_was_done_under_two_entries_is_the_work_of_one(cast: Cast, earn: Earn) -> None:
    rules_become(balance__cap_minutes=60)
    earn(cast.li, minutes=90)
    with transaction() as session:
        merged = session.get_one(Person, cast.li.id)
        merged.state, merged.merged_into_id = PersonState.MERGED, cast.zhang.id
    does(ledger.merge_accounts, person_id=cast.li.id, second_user_id="usr_second", evidence="folder 3")
    earn(cast.zhang, minutes=30)
    assert has(cast.zhang) == Has(own=60)
    assert figures(cast.zhang) == {120}
    with transaction() as session:  # and once more: the entry that was kept is itself a second one
        merged = session.get_one(Person, cast.zhang.id)
        merged.state, merged.merged_into_id = PersonState.MERGED, cast.yang.id
    with reading() as session:
        assert service_of(session, cast.yang.id, *NOVEMBER) == Service(120, 2, {"visit": 120})
        yang = session.get_one(Person, cast.yang.id)
        assert (standing_of(session, yang).given, helped_minutes_of(session, yang)) == (120, 120)


def test_who_drew_hours_under_two_entries_received_both(cast: Cast, at: At) -> None:
    entered = {"event_at": clock.now(), "second_user_id": "usr_wu", "evidence": "book 3"}
    for elder in (cast.ran_daye, cast.chen_popo):
        does(ledger.enter_opening, person=elder, minutes=120, **entered)
        held = does(ledger.hold, person_id=elder.id, minutes=30, source_id=f"vis_{elder.id}")
        does(ledger.capture, hold_id=held.id, minutes=30, event_at=clock.now())
    with transaction() as session:
        merged = session.get_one(Person, cast.ran_daye.id)
        merged.state, merged.merged_into_id = PersonState.MERGED, cast.chen_popo.id
    with reading() as session:
        assert standing_of(session, session.get_one(Person, cast.chen_popo.id)).received == 60
        [drawn, _] = session.exec(select(Transfer).where(Transfer.reason == Reason.REDEEM)).all()
    does(ledger.reverse, transfer_id=drawn.id, why="nobody came")
    with reading() as session:
        assert standing_of(session, session.get_one(Person, cast.chen_popo.id)).received == 30


def test_both_databases_find_what_went_above_the_cap_by_its_own_index(cast: Cast) -> None:
    span = "event_at >= '2026-11-02' AND event_at < '2026-11-09'"
    over = f"SELECT 1 FROM transfer WHERE transfer.reason = 'overflow' AND {span}"
    with transaction() as session:
        if session.connection().dialect.name == "postgresql":
            session.connection().execute(sa.text("SET LOCAL enable_seqscan = off"))
            plan = session.connection().execute(sa.text(f"EXPLAIN {over}"))
        else:
            plan = session.connection().execute(sa.text(f"EXPLAIN QUERY PLAN {over}"))
        assert "ix_transfer_over" in " ".join(str(row) for row in plan)
