"""The district that is posted in, and what a transfer is on each path; one transfer, one commit."""

import itertools
import os
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psycopg
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy.engine import make_url
from sqlmodel import Session

from ledger_bench import settlements
from ledger_bench.steps import MEMBERS, OPENING, Step, steps
from timebank.areas.models import Area, AreaKind
from timebank.core import clock, crypto, db, ids
from timebank.core.actors import SYSTEM
from timebank.core.db import reading, table_of, transaction
from timebank.core.errors import Refused
from timebank.ledger import operations as ledger
from timebank.ledger import queries
from timebank.ledger.books import Row
from timebank.ledger.models import AccountKind, HourAccount, Reason
from timebank.ledger.rules import Posting
from timebank.people.models import Household, Person, Sex

ROOT = Path(__file__).resolve().parents[2]
DISTRICT, GROUP = "500156", "50015610120101"
Post = Callable[[Step], bool]


def use(url: str) -> None:
    """Make a database this process's own."""
    crypto.use(crypto.Vault("A" * 43 + "="))
    crypto.use_signer(crypto.Signer("A" * 43 + "="))
    db.use(db.make_engine(url))


def migrate(url: str) -> None:
    """Bring a database to the newest schema."""
    config = Config(str(ROOT / "alembic.ini"))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    command.upgrade(config, "head")


def fill(url: str, *, members: int = MEMBERS, opening: int = OPENING) -> None:
    """Lay out a district and open its members' accounts with some hours from the paper register."""
    use(url)
    with transaction() as session:
        session.add(Area(code=DISTRICT, kind=AreaKind.DISTRICT, lat=0.0, lon=0.0, name_zh="武隆", name_en="Wulong"))
        session.flush()
        session.add(Area(code=GROUP, kind=AreaKind.HELP_GROUP, lat=0.0, lon=0.0, name_zh="组", name_en="Group"))
        session.flush()
        ledger.open_common_accounts(session, actor=SYSTEM, district_code=DISTRICT)
        _open_members(session, members)
        pool = queries.pool_of(session, DISTRICT)
        pool.floor_minutes = -2_000_000_000  # the bench posts more than any fund backs; the check itself stays
    with transaction() as session:
        pool_id = queries.pool_of(session, DISTRICT).id
        postings = [posting((pool_id, account_id, opening)) for account_id in member_ids(session)] if opening else []
        for start in range(0, len(postings), 1_000):
            ledger.post_batch(session, actor=SYSTEM, postings=postings[start : start + 1_000])
        ledger.seal_new_rows(session)
    db.engine().dispose()


def _open_members(session: Session, members: int) -> None:
    now = clock.now()
    homes = Household(code=f"{GROUP}-0001", area_code=GROUP, landmark="", place_sealed="")
    session.add(homes)
    session.flush()
    shared = {"household_code": homes.code, "area_code": GROUP, "sex": Sex.FEMALE, "born_on": date(1960, 1, 1)}
    people = [Person(id=f"per_{number:026d}", name=str(number), created_at=now, **shared) for number in range(members)]
    accounts = [
        HourAccount(
            id=f"acc_{number:026d}",
            kind=AccountKind.MEMBER,
            person_id=f"per_{number:026d}",
            area_code=GROUP,
            floor_minutes=0,
            ceiling_minutes=2_000_000_000,
            opened_at=now,
        )
        for number in range(members)
    ]
    session.add_all(people)
    session.flush()
    session.add_all(accounts)


def member_ids(session: Session) -> list[str]:
    """The members' accounts."""
    found = sa.select(table_of(HourAccount).c.id).where(table_of(HourAccount).c.kind == AccountKind.MEMBER)
    return sorted(session.connection().execute(found).scalars())


def posting(step: Step, *, at: datetime | None = None) -> Posting:
    """What is asked of the ledger for a step."""
    debit, credit, minutes = step
    return Posting(
        key=f"bench:{os.urandom(12).hex()}",
        debit_account_id=debit,
        credit_account_id=credit,
        minutes=minutes,
        reason=Reason.EARN,
        source_id="vis_bench",
        event_at=at or clock.now(),
        policy_version="pol_defaults",
        area_code=GROUP,
    )


def pool_id() -> str:
    """The pool of this process's database."""
    with reading() as session:
        return queries.pool_of(session, DISTRICT).id


def ours(url: str) -> Post:
    """`ledger.post` in a unit of work of its own, as the application does it."""
    use(url)

    def post(step: Step) -> bool:
        try:
            with transaction() as session:
                ledger.post(session, actor=SYSTEM, posting=posting(step))
        except Refused:
            return False
        return True

    return post


BARE_TABLES = (
    "CREATE TABLE bare_account (id text PRIMARY KEY, balance integer NOT NULL)",
    "CREATE TABLE bare_transfer (key text PRIMARY KEY, debit text, credit text, minutes integer, at {instant})",
)


def lay_bare_tables(url: str) -> None:
    """The tables of the bound: an account with a balance, a transfer with a key."""
    use(url)
    instant = "text" if url.startswith("sqlite") else "timestamptz"
    with db.engine().execution_options(writes=True).begin() as connection:
        for statement in BARE_TABLES:
            connection.exec_driver_sql(statement.format(instant=instant))
        rows = [{"id": f"acc_{number:026d}", "balance": OPENING} for number in range(MEMBERS)]
        connection.execute(sa.text("INSERT INTO bare_account VALUES (:id, :balance)"), rows)
    db.engine().dispose()


def bare_postgres(url: str) -> Post:
    """The bound: insert, conditional update, commit, by the bare driver with prepared statements."""
    parts = make_url(url)
    connection = psycopg.connect(host=parts.query["host"], user=parts.username, dbname=parts.database)
    connection.prepare_threshold = 0
    insert = "INSERT INTO bare_transfer VALUES (%s, %s, %s, %s, %s)"
    add = "UPDATE bare_account SET balance = balance + %s WHERE id = %s"
    take = "UPDATE bare_account SET balance = balance - %s WHERE id = %s AND balance >= %s"

    def post(step: Step) -> bool:
        debit, credit, minutes = step
        with connection.cursor() as cursor:
            cursor.execute(insert, (os.urandom(12).hex(), debit, credit, minutes, datetime.now(UTC)))
            if debit.startswith("acc_0"):
                cursor.execute(take, (minutes, debit, minutes))
            else:
                cursor.execute(add, (minutes, credit))
            if cursor.rowcount == 0:
                connection.rollback()
                return False
        connection.commit()
        return True

    return post


def bare_sqlite(url: str) -> Post:
    """The bound on SQLite: the same by the bare driver, WAL, synchronous=FULL, BEGIN IMMEDIATE."""
    connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None, timeout=60)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    add = "UPDATE bare_account SET balance = balance + ? WHERE id = ?"
    take = "UPDATE bare_account SET balance = balance - ? WHERE id = ? AND balance >= ?"

    def post(step: Step) -> bool:
        debit, credit, minutes = step
        connection.execute("BEGIN IMMEDIATE")
        row = (os.urandom(12).hex(), debit, credit, minutes, datetime.now(UTC).isoformat())
        connection.execute("INSERT INTO bare_transfer VALUES (?, ?, ?, ?, ?)", row)
        if debit.startswith("acc_0"):
            moved = connection.execute(take, (minutes, debit, minutes))
        else:
            moved = connection.execute(add, (minutes, credit))
        connection.execute("COMMIT" if moved.rowcount else "ROLLBACK")
        return bool(moved.rowcount)

    return post


def seal(url: str) -> None:
    """What the jobs process does each minute: while it runs, the pool is not counted by those who post."""
    use(url)
    with transaction() as session:
        ledger.seal_new_rows(session)
    db.engine().dispose()


PATHS: dict[str, Callable[[str], Post]] = {
    "ours": ours,
    "settlement": settlements.settling,
    "bare postgresql": bare_postgres,
    "bare sqlite": bare_sqlite,
}


def year_of_rows(pool: str, *, rows: int, members: int) -> Iterator[Row]:
    """Transfers over twelve months as rows in the order of the table's columns, digests and all."""
    from timebank.ledger import books, rules

    begin = datetime(2025, 1, 1, 4, tzinfo=UTC)
    for number, step in enumerate(itertools.islice(steps(1, members=members, pool=pool), rows)):
        at = begin + timedelta(minutes=number * 525_000 // rows)
        with clock.frozen(at):
            yield books.row_of(
                posting(step, at=at),
                user_id=SYSTEM.user_id,
                journal_id=None,
                open_month="",
                recorded_at=rules.instant_text(at),
            )


def new_id() -> str:
    """A fresh database name."""
    return f"bench_{ids.new_id('dbx')[-10:]}"
