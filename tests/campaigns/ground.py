"""What campaigns of the ledger stand on: a village of members with hours, and what must hold whatever happened."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Barrier
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlmodel import Session

from tests import factories as make
from tests.fixtures.databases import own_database
from timebank.core import clock, db
from timebank.core.actors import SYSTEM
from timebank.core.db import reading, table_of, transaction
from timebank.core.errors import TimebankError
from timebank.ledger import operations as ledger
from timebank.ledger import queries
from timebank.ledger.models import HourAccount, Reason, Transfer
from timebank.ledger.rules import Posting
from timebank.ledger.verify import verify

T = TypeVar("T")
HAPPENED_AT = clock.now()  # what is sent again says the same


def village(*, members: int, minutes: int) -> list[str]:
    """A district with members who have some hours each; the ids of their accounts."""
    with transaction() as session:
        make.district(session=session)
        home = make.household(session=session)
        made = []
        for number in range(members):
            person = make.person(session=session, household=home, name=f"村民{number}", consents=())
            account = ledger.open_account(session, actor=SYSTEM, person_id=person.id, area_code=person.area_code)
            made.append(account.id)
    with transaction() as session:
        pool_id = queries.pool_of(session, make.DISTRICT).id
        opening = [posting(f"opening:{account_id}", pool_id, account_id, minutes) for account_id in made if minutes]
        ledger.post_batch(session, actor=SYSTEM, postings=opening)
    return made


@contextmanager
def copied(original: sa.Engine) -> Iterator[sa.Engine]:
    """Inside the block this process works on a copy of a database as it stands; the copy is gone afterwards."""
    original.dispose()  # PostgreSQL copies no database in use, and SQLite has all in one file when nobody is left
    with contextmanager(_copy)(original.url) as url:
        engine = db.make_engine(url)
        db.use(engine)
        try:
            yield engine
        finally:
            engine.dispose()
            db.use(original)


def _copy(url: sa.URL) -> Iterator[str]:
    name = str(url.database)
    if url.drivername != "sqlite":
        server = url.render_as_string(hide_password=False).removesuffix(f"/{name}")
        yield from own_database(server, template=name)
        return
    path = Path(f"{name}-copy")
    shutil.copyfile(name, path)
    yield f"sqlite:///{path}"
    for left in path.parent.glob(f"{path.name}*"):
        left.unlink()


def pool_id() -> str:
    """The district's pool."""
    with reading() as session:
        return queries.pool_of(session, make.DISTRICT).id


def posting(key: str, debit: str, credit: str, minutes: int, **other: Any) -> Posting:
    """What is asked of the ledger."""
    usual = {
        "reason": Reason.EARN,
        "source_id": "vis_campaign",
        "event_at": HAPPENED_AT,
        "policy_version": "pol_defaults",
        "area_code": make.GROUP,
    }
    return Posting(key=key, debit_account_id=debit, credit_account_id=credit, minutes=minutes, **usual | other)


def attempt(what: Callable[[Session], T]) -> T | str:
    """Do something in a unit of work of its own: its result, or the code of its refusal."""
    try:
        with transaction() as session:
            return what(session)
    except TimebankError as error:
        return error.code


def at_once(works: Sequence[Callable[[], T]]) -> list[T]:
    """Start works in threads that all wait for each other first; their results in order."""
    barrier = Barrier(len(works))

    def started(work: Callable[[], T]) -> T:
        barrier.wait()
        return work()

    with ThreadPoolExecutor(len(works)) as threads:
        return list(threads.map(started, works))


def rows() -> int:
    """How many transfers there are."""
    with reading() as session:
        return int(
            session.connection().execute(sa.select(sa.func.count()).select_from(table_of(Transfer))).scalar_one()
        )


def lowest_balance() -> int:
    """The least that anybody with a floor can draw, above it."""
    c = table_of(HourAccount).c
    room = sa.func.min(c.balance_minutes - c.held_minutes - c.floor_minutes)
    with reading() as session:
        return int(session.connection().execute(sa.select(room).where(c.kind == "member")).scalar_one())


def assert_sound() -> None:
    """The invariants of every campaign: replay, digests, limits, total zero, log and seals."""
    with reading() as session:
        assert verify(session).problems == []
    assert lowest_balance() >= 0


def told(name: str, **figures: object) -> None:
    """The one line that a campaign prints."""
    print(name, " ".join(f"{key}={value}" for key, value in figures.items()))
