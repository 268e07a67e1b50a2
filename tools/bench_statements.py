"""How long a close takes: figures, statements as data, the whole close, and sheets a second, for 10,000 accounts.

`rows()` is for `./run bench ledger`: {case, value, unit, peer_value, ratio}. The peer is the one query that adds up a
month over the whole history: the least that any close must read.
"""

import argparse
import json
import resource
import statistics
import tempfile
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

from alembic import command
from alembic.config import Config
from sqlmodel import Session, select

from timebank.areas.models import Area, AreaKind
from timebank.core import clock, crypto, db, ids, months
from timebank.core.actors import SYSTEM
from timebank.ledger import operations as ledger
from timebank.ledger.models import ClosedMonth, HourAccount, Reason
from timebank.ledger.queries import month_figures, pool_of
from timebank.ledger.rules import Posting
from timebank.people.models import Household, Person, RiskTier, Sex
from timebank.statements import queries
from timebank.statements.batches import print_all, print_files
from timebank.statements.operations import close_month

ROOT = Path(__file__).resolve().parent.parent
DISTRICT, FIRST_MONTH = "500156", "2025-11"
Row = dict[str, Any]


def timed(work: Callable[[], Any], *, times: int = 1) -> float:
    """The median of the seconds that a piece of work takes."""
    seconds = []
    for _ in range(times):
        began = clock.monotonic_seconds()
        work()
        seconds.append(clock.monotonic_seconds() - began)
    return statistics.median(seconds)


def fill(accounts: int, transfers: int) -> None:
    """A district of 50 villages with members and a year of hours, through the ledger's own batches."""
    with clock.frozen(clock.at_local(months.first_day(FIRST_MONTH), 0)), db.transaction() as session:
        villages = _villages(session)
        people = [_person(session, villages[number % len(villages)], number) for number in range(accounts)]
        session.flush()
        ledger.open_common_accounts(session, actor=SYSTEM, district_code=DISTRICT)
        for person in people:
            session.add(_account(person))
    for index in range(12):
        _month(months.shifted(FIRST_MONTH, index), transfers // 12, seed=index)


def _villages(session: Session) -> list[str]:
    session.add(Area(code=DISTRICT, kind=AreaKind.DISTRICT, name_zh="武隆区", name_en="Wulong", lat=29.3, lon=107.7))
    session.flush()
    codes = [f"{DISTRICT}101{number:03d}" for number in range(201, 251)]
    for code in codes:
        kind, name = AreaKind.VILLAGE, f"村{code[-3:]}"
        session.add(Area(code=code, kind=kind, parent_code=DISTRICT, name_zh=name, name_en=name, lat=29.3, lon=107.7))
    session.flush()
    return codes


def _person(session: Session, village: str, number: int) -> Person:
    code = f"{village}-{number:05d}"
    session.add(Household(code=code, area_code=village, landmark="桥头", place_sealed="x"))
    person = Person(
        id=ids.new_id("per"),
        household_code=code,
        area_code=village,
        name=f"冉{number:05d}",
        sex=Sex.FEMALE,
        born_on=date(1960, 1, 1),
        tier=RiskTier.GENERAL,
        volunteer_since_on=date(2020, 1, 1),
        created_at=clock.now(),
    )
    session.add(person)
    return person


def _account(person: Person) -> HourAccount:
    return HourAccount(
        id=ids.new_id("acc"),
        kind="member",
        person_id=person.id,
        area_code=person.area_code,
        floor_minutes=0,
        ceiling_minutes=90_000,
        opened_at=clock.now(),
    )


def _month(month: str, transfers: int, *, seed: int) -> None:
    random = Random(seed)
    with clock.frozen(clock.at_local(months.last_day(month), 20 * 60)), db.transaction() as session:
        pool = pool_of(session, DISTRICT).id
        found = select(HourAccount.id, HourAccount.area_code).where(HourAccount.kind == "member")
        accounts = session.exec(found).all()
        for start in range(0, transfers, 1_000):
            postings = [_posting(random, pool, accounts, month) for _ in range(min(1_000, transfers - start))]
            ledger.post_batch(session, actor=SYSTEM, postings=postings)


def _posting(random: Random, pool: str, accounts: Any, month: str) -> Posting:
    account_id, area_code = random.choice(accounts)
    source_id = ids.new_id("vis")
    on = months.first_day(month) + timedelta(days=random.randrange(28))
    return Posting(
        key=f"earn:{source_id}",
        debit_account_id=pool,
        credit_account_id=account_id,
        minutes=15 * random.randint(1, 8),
        reason=Reason.EARN,
        source_id=source_id,
        event_at=clock.at_local(on, 9 * 60),
        policy_version="pol_defaults",
        area_code=area_code,
    )


def _mark_closed() -> None:
    """The first eleven months, as closed; what is measured is the close of the twelfth."""
    with db.transaction() as session:
        for month in (months.shifted(FIRST_MONTH, index) for index in range(11)):
            session.add(ClosedMonth(month=month, next_month=months.following(month), closed_at=clock.now()))


def _close(month: str) -> None:
    fifth = clock.at_local(months.first_day(months.following(month)), 5 * 24 * 60)
    with clock.frozen(fifth), db.transaction() as session:
        close_month(session, actor=SYSTEM, district_code=DISTRICT, month=month)


def _figures(month: str) -> None:
    with db.reading() as session:
        month_figures(session, month)


def _lines(month: str) -> None:
    with db.reading() as session:
        for _ in queries.line_rows(session, month):
            pass


def rows(url: str, *, accounts: int = 10_000, transfers: int = 240_000, processes: int = 2) -> Iterator[Row]:
    """Fill the empty database at `url`, close its twelve months and print the last; the rows of the table."""
    config = Config(str(ROOT / "alembic.ini"))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    command.upgrade(config, "head")
    crypto.use(crypto.Vault(crypto.new_key()))
    crypto.use_signer(crypto.Signer(crypto.new_key()))
    db.use(db.make_engine(url))
    engine = db.engine().dialect.name
    fill(accounts, transfers)
    last = months.shifted(FIRST_MONTH, 11)
    one_query = timed(lambda: _figures(last), times=3)
    _mark_closed()
    figures = timed(lambda: _figures(last), times=3)
    whole = timed(lambda: _close(last))
    case = f"{accounts} accounts, {transfers} rows, {engine}"
    yield _row(f"close: figures of a month, {case}", one_query, figures, "s")
    yield _row(f"close: lines of a month read, {case}", one_query, timed(lambda: _lines(last), times=3), "s")
    yield _row(f"close: the whole close with all statements and the seal, {case}", one_query, whole, "s")
    yield from _printing(last, processes, case)


def _printing(month: str, processes: int, case: str) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder, db.reading() as session:
        files = list(
            print_files(session, month, Path(folder), scheme="互助时间", base_url="http://x", area_code=DISTRICT)
        )
        began = clock.monotonic_seconds()
        few = print_all(iter(files[:5]), processes=processes)
        after_few = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        print_all(iter(files[:15]), processes=processes)
        seconds = clock.monotonic_seconds() - began
        printed = few + sum(len(file.statements) for file in files[:15])
        growth = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / after_few
    yield {"case": f"sheets printed, {processes} processes, {case}", "value": printed / seconds, "unit": "sheets/s"}
    yield {"case": "memory of a press after three times as many sheets", "value": growth, "unit": "x"}


def _row(case: str, peer: float, ours: float, unit: str) -> Row:
    return {"case": case, "value": ours, "unit": unit, "peer_value": peer, "ratio": ours / peer}


def main() -> None:
    """Measure on an SQLite file, or on the empty database at --url; JSON lines."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--url", default="")
    options.add_argument("--accounts", type=int, default=10_000)
    options.add_argument("--transfers", type=int, default=240_000)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = given.url or f"sqlite:///{folder}/bench.sqlite3"
        for row in rows(url, accounts=given.accounts, transfers=given.transfers):
            print(json.dumps(row, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
