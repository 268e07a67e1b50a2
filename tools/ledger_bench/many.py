"""Many rows: batches of 1,000, a year's history, its month figures, seals, proofs, balances and the check of it all."""

import itertools
import random
import time
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from ledger_bench import cells, single, workload
from ledger_bench.machine import Server, foreign_cores, used
from timebank.core import db
from timebank.core.actors import SYSTEM
from timebank.core.db import reading, transaction
from timebank.ledger import books, proofs, queries
from timebank.ledger import operations as ledger
from timebank.ledger.batches import written_sqlite
from timebank.ledger.bulk import insert_rows
from timebank.ledger.merkle import Log, leaf_hash
from timebank.ledger.rules import COLUMNS, row_digest
from timebank.ledger.verify import verify

Row = dict[str, Any]
BATCH, BATCHES = 1_000, 12
MEMBERS = 10_000
ONE_QUERY = """
    SELECT account, sum(CASE WHEN month < '2025-12' THEN m ELSE 0 END),
           sum(CASE WHEN month = '2025-12' AND m > 0 THEN m ELSE 0 END),
           sum(CASE WHEN month = '2025-12' AND m < 0 THEN -m ELSE 0 END)
    FROM (SELECT credit_account_id AS account, minutes AS m, book_month AS month FROM transfer
          UNION ALL SELECT debit_account_id, -minutes, book_month FROM transfer) AS moved
    WHERE month <= '2025-12' GROUP BY account
"""


def batches(folder: Path, server: Server, asked: Namespace) -> list[Row]:
    """Batches with every check, against the bound with one client in turns."""
    rows = []
    for engine, jobs in single.jobs(folder, server, asked.seconds).items():
        workload.use(jobs["ours"].url)
        steps = workload.steps(7, pool=jobs["ours"].pool)
        ready = [[workload.posting(next(steps)) for _ in range(BATCH)] for _ in range(BATCHES)]
        ratios, rates, seen = [], [], []
        for postings in ready:
            _seal()
            before = used(server.pid())
            took = cells.seconds_of(lambda postings=postings: _post(postings))
            seen.append(foreign_cores(before, used(server.pid())))
            rates.append(BATCH / took)
            bound = _bound_rate(jobs["bare"], 200)
            ratios.append(rates[-1] / bound)
        again = cells.seconds_of(lambda postings=ready[0]: _post(postings))
        db.engine().dispose()
        rows.append(
            {
                "case": f"batch of 1,000, {engine}",
                "value": median(rates),
                "unit": "transfers/s",
                "peer": "bare driver, one commit each, 1 client",
                "peer_value": median(rates) / median(ratios),
                "ratio": median(ratios),
                "foreign": max(seen),
            }
        )
        rows.append({"case": f"the same batch sent again, {engine}", "value": BATCH / again, "unit": "transfers/s"})
    return rows


def _seal() -> None:
    """What the jobs process does each minute: what it has counted of the pool, no batch counts again."""
    with transaction() as session:
        ledger.seal_new_rows(session)


def _post(postings: list[Any]) -> None:
    with transaction() as session:
        ledger.post_batch(session, actor=SYSTEM, postings=postings)


def _bound_rate(job: cells.Job, count: int) -> float:
    """How fast the bound commits just now, by a connection kept open."""
    post = _bound.setdefault(job.url, workload.PATHS[job.path](job.url))
    steps = workload.steps(random.randrange(10**6), pool="pool")
    return count / cells.seconds_of(lambda: [post(step) for step in itertools.islice(steps, count)])


_bound: dict[str, workload.Post] = {}


def history(folder: Path, server: Server, asked: Namespace) -> list[Row]:
    """A year of rows on each engine and everything that reads them."""
    found = []
    for engine in ("sqlite", "postgresql"):
        url = single.new_database(folder, server, engine)
        workload.migrate(url)
        workload.fill(url, members=MEMBERS, opening=0)
        workload.use(url)
        _insert_year(workload.pool_id(), asked.rows)
        found += _measure_history(engine, asked.rows)
        db.engine().dispose()
    return found + _pure(asked.rows)


def _insert_year(pool: str, rows: int) -> None:
    made = workload.year_of_rows(pool, rows=rows, members=MEMBERS)
    with transaction() as session:
        kept: Iterator[Sequence[Any]] = made if books.is_postgres(session) else map(written_sqlite, made)
        while part := list(itertools.islice(kept, 20_000)):
            insert_rows(session, "transfer", COLUMNS, part)
        sums = "(SELECT coalesce(sum(minutes), 0) FROM transfer t WHERE t.{} = houraccount.id)"
        came, went = sums.format("credit_account_id"), sums.format("debit_account_id")
        session.connection().execute(sa.text("UPDATE houraccount SET floor_minutes = NULL WHERE kind = 'member'"))
        balances = f"UPDATE houraccount SET balance_minutes = {came} - {went} WHERE kind = 'member'"
        session.connection().execute(sa.text(balances))


def _measure_history(engine: str, rows: int) -> list[Row]:
    with transaction() as session:
        sealing = cells.seconds_of(lambda: ledger.seal_new_rows(session, complete=True))
    with reading() as session:
        figures = cells.best_of(5, lambda: cells.seconds_of(lambda: queries.month_figures(session, "2025-12")))
        query = sa.text(ONE_QUERY)
        one = cells.best_of(5, lambda: cells.seconds_of(lambda: session.connection().execute(query).all()))
        some = list(session.connection().execute(sa.text("SELECT id FROM transfer ORDER BY key LIMIT 300")).scalars())
        proving = _each_ms(some, lambda row_id: _prove(session, row_id))
        accounts = workload.member_ids(session)[:300]
        balance = _each_ms(accounts, lambda account_id: queries.balance_minutes(session, account_id))
    with reading() as session:
        cpu = time.process_time()
        checking = cells.seconds_of(lambda: _assert_sound(session))
        cpu = time.process_time() - cpu
    return [
        {
            "case": f"month of {MEMBERS:,} accounts, {rows:,} rows, {engine}",
            "value": figures,
            "unit": "s",
            "peer": "one query by hand",
            "peer_value": one,
            "ratio": figures / one,
        },
        {"case": f"seal in the database, {engine}", "value": rows / sealing, "unit": "rows/s"},
        {"case": f"proof made and verified, {engine}", "value": proving, "unit": "ms"},
        {"case": f"balance read, {engine}", "value": balance, "unit": "ms"},
        {"case": f"verify, {engine}", "value": checking * 1_000_000 / rows, "unit": "s/million"},
        {"case": f"verify, {engine}, own processor time", "value": cpu * 1_000_000 / rows, "unit": "s/million"},
    ]


def _each_ms(of: list[str], work: Callable[[str], Any]) -> float:
    return median(cells.seconds_of(lambda item=item: work(item)) for item in of) * 1_000


def _prove(session: Session, row_id: str) -> None:
    proof = proofs.inclusion_of(session, row_id)
    assert proof is not None and proof.holds()


def _assert_sound(session: Session) -> None:
    problems = verify(session).problems
    assert problems == [], problems[:3]


def _as_read(row: books.Row) -> dict[str, Any]:
    """A row as PostgreSQL gives it."""
    facts = dict(zip(COLUMNS, row, strict=True))
    return facts | {name: datetime.fromisoformat(facts[name]) for name in ("event_at", "recorded_at")}


def _pure(rows: int) -> list[Row]:
    """Canonical form, leaf and root from row dictionaries, and from digests beside pymerkle; processor time."""
    from pymerkle import InmemoryTree

    made = [_as_read(row) for row in workload.year_of_rows("acc_pool", rows=rows, members=MEMBERS)]
    begin = time.process_time()
    log = Log()
    log.extend(leaf_hash(row_digest(row)) for row in made)
    root = log.root()
    from_rows = time.process_time() - begin
    leaves = [bytes.fromhex(row["digest"]) for row in made]
    begin = time.process_time()
    log = Log()
    log.extend(leaf_hash(leaf.hex()) for leaf in leaves)
    assert log.root() == root
    from_bytes = time.process_time() - begin
    begin = time.process_time()
    peer = InmemoryTree(algorithm="sha256")
    for leaf in leaves:
        peer.append_entry(leaf)
    assert peer.get_root().hex() == root, "pymerkle finds another root"
    theirs = time.process_time() - begin
    return [
        {"case": "seal from row dictionaries to root", "value": rows / from_rows, "unit": "rows/s"},
        {
            "case": "seal from digests to root",
            "value": rows / from_bytes,
            "unit": "rows/s",
            "peer": "pymerkle, same root",
            "peer_value": rows / theirs,
            "ratio": theirs / from_bytes,
        },
    ]
