"""An account ends while something comes to it, or is promised on it, in the same moment: nothing stays behind."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlmodel import Session

from tests.cast import Cast
from tests.stories.hours import Has, has, helps, is_sound
from timebank.core import clock, db
from timebank.core.actors import SYSTEM
from timebank.core.errors import Refused
from timebank.ledger import operations as ledger
from timebank.ledger.queries import available_minutes
from timebank.people.models import Person, PersonState

pytestmark = pytest.mark.waits  # until the database says that one waits for the other

WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"
TWO = {"actor": SYSTEM, "second_user_id": "usr_wu", "evidence": "folder 3"}


def while_entries_are_joined(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, db_url: str, does: Callable[[Session], object]
) -> None:
    """Ran Daye's account is moved to Chen Popo's; between the reading of what is left and the close comes `does`."""
    now = clock.now()

    def meanwhile() -> None:
        with clock.frozen(now), db.transaction() as session:
            does(session)

    with ThreadPoolExecutor(1) as threads:
        started = []

        def read(session: Session, account_id: str) -> int:
            left = available_minutes(session, account_id)
            if not started:
                started.append(threads.submit(meanwhile))
                while db_url.startswith("postgresql") and not started[0].done():
                    if session.connection().exec_driver_sql(WAITING).scalar_one():
                        break
            return left

        monkeypatch.setattr("timebank.ledger.operations.office.queries.available_minutes", read)
        with db.transaction() as session:
            one = session.get_one(Person, cast.ran_daye.id)
            one.state, one.state_since_on, one.merged_into_id = PersonState.MERGED, clock.today(), cast.chen_popo.id
            session.flush()
            ledger.merge_accounts(session, person_id=one.id, **TWO)
        with pytest.raises(Refused, match=r"ledger\.(account_closed|person_merged|floor_reached)"):
            started[0].result(timeout=30)


@pytest.mark.parametrize("minutes", [0, 120])
def test_hours_that_come_do_not_stay_on_the_closed_account(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, db_url: str, minutes: int
) -> None:
    with db.transaction() as session:
        account = ledger.open_account(
            session, actor=SYSTEM, person_id=cast.ran_daye.id, area_code=cast.ran_daye.area_code
        )
    if minutes:
        helps(cast.ran_daye, minutes)
    while_entries_are_joined(
        cast,
        monkeypatch,
        db_url,
        lambda session: ledger.adjust(session, account_id=account.id, minutes=30, why="forgotten", key="a", **TWO),
    )
    assert (has(cast.ran_daye), has(cast.chen_popo), is_sound()) == (Has(), Has(own=minutes), True)


def test_hours_promised_meanwhile_do_not_stop_the_end(cast: Cast, monkeypatch: pytest.MonkeyPatch, db_url: str) -> None:
    helps(cast.ran_daye, 120)
    while_entries_are_joined(
        cast,
        monkeypatch,
        db_url,
        lambda session: ledger.hold(session, actor=SYSTEM, person_id=cast.ran_daye.id, minutes=60, source_id="vis_1"),
    )
    assert (has(cast.ran_daye), has(cast.chen_popo), is_sound()) == (Has(), Has(own=120), True)
