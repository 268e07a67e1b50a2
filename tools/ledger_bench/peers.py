"""Beside the bound: django-hordak in an environment of its own, a visit's whole settlement, and a long history."""

import json
import shutil
import subprocess
from argparse import Namespace
from pathlib import Path
from statistics import median
from typing import Any

import psycopg
from sqlalchemy.engine import make_url

from ledger_bench import cells, settlements, single, workload
from ledger_bench.cells import Job
from ledger_bench.machine import Server
from timebank.core import db

Row = dict[str, Any]
ROOT = Path(__file__).resolve().parents[2]
CLIENT = Path(__file__).with_name("hordak_client.py")
PACKAGES = ("django-hordak==2.0.0", "psycopg[binary]")
VISITS = 12_000
SHORT = 10_000
GROW = """
    INSERT INTO transfer SELECT 'trf_' || lpad(n::text, 26, '0'), NULL, '{pool}',
        'acc_' || lpad((n % 1000)::text, 26, '0'), 15, 'earn',
        'vis_' || n, '50015610120101', at, at, 'usr_system', to_char(at, 'YYYY-MM'), 'pol_defaults',
        'grown:' || md5(n::text), repeat('0', 64), NULL, repeat('0', 64)
    FROM generate_series({first}, {last}) AS n,
        LATERAL (SELECT now() - make_interval(secs => ({last} - n) * 3)) AS t (at)
"""


def hordak(folder: Path, server: Server, asked: Namespace) -> list[Row]:
    """django-hordak with floor check and key, and ours, in turns; "not run" with the reason where it is not had."""
    python, missing = _environment(folder)
    if missing:
        return [{"case": f"django-hordak not run: {missing}", "value": 0.0, "unit": "transfers/s"}]
    name = str(make_url(single.new_database(folder, server, "postgresql")).database)
    command = [str(python), str(CLIENT), str(server.folder), name]
    subprocess.run([*command, "0", "0"], check=True)
    job, rows = single.jobs(folder, server, asked.seconds)["postgresql"]["ours"], []
    for clients in (1, 8):
        theirs, ours = [], []
        for number in range(asked.rounds):
            done = subprocess.run([*command, str(clients), str(asked.seconds)], check=True, capture_output=True)
            theirs.append(json.loads(done.stdout)["per_second"])
            workload.seal(job.url)
            ours.append(cells.run_quietly(job, clients, seed=number + 1, server_pid=server.pid()))
        rates = [cell.per_second for cell in ours]
        rows.append(
            {
                "case": f"post, postgresql, {clients} client{'s' if clients > 1 else ''}, beside hordak",
                "value": median(rates),
                "unit": "transfers/s",
                "peer": "django-hordak 2.0.0: row lock, balance check, unique key",
                "peer_value": median(theirs),
                "ratio": median(own / peer for own, peer in zip(rates, theirs, strict=True)),
                "foreign": max(cell.foreign for cell in ours),
            }
        )
    return rows


def _environment(folder: Path) -> tuple[Path, str]:
    """An environment with hordak in a folder that goes away, or why there is none."""
    uv = shutil.which("uv") or str(ROOT / ".tool" / "bin" / "uv")
    python = folder / "hordak" / "bin" / "python"
    for words in (
        [uv, "venv", "-q", str(folder / "hordak")],
        [uv, "pip", "install", "-q", "--python", python, *PACKAGES],
    ):
        try:
            done = subprocess.run(words, capture_output=True, text=True, timeout=300)
        except (OSError, subprocess.TimeoutExpired) as error:
            return python, f"{type(error).__name__}"
        if done.returncode:
            return python, (done.stderr.strip().splitlines() or ["uv failed"])[-1]
    return python, ""


def settlement(folder: Path, server: Server, asked: Namespace) -> list[Row]:
    """A visit from its confirmation to the hours in the book, beside the bound of one transfer."""
    jobs = single.jobs(folder, server, asked.seconds)["postgresql"]
    workload.use(jobs["ours"].url)
    with workload.transaction() as session:
        home = f"{workload.GROUP}-0001"
        settlements.lay_out(session, count=VISITS, area_code=workload.GROUP, household_code=home)
    db.engine().dispose()
    job, rows = Job("settlement", jobs["ours"].url, "", workload.MEMBERS, asked.seconds), []
    for clients in (1, 8):
        pairs = []
        for number in range(asked.rounds):
            both = [cells.run(each, clients, seed=number + 1, server_pid=server.pid()) for each in (jobs["bare"], job)]
            pairs.append(both)
        rows.append(
            {
                "case": f"settlement of a visit, postgresql, {clients} client{'s' if clients > 1 else ''}",
                "value": median(ours.per_second for _, ours in pairs),
                "unit": "visits/s",
                "peer": "bare driver: insert + conditional update, commit each",
                "peer_value": median(bare.per_second for bare, _ in pairs),
                "ratio": median(ours.per_second / bare.per_second for bare, ours in pairs),
                "p50_ms": median(ours.p50_ms for _, ours in pairs),
                "p99_ms": median(ours.p99_ms for _, ours in pairs),
                "peer_p99_ms": median(bare.p99_ms for bare, _ in pairs),
                "foreign": max(cell.foreign for pair in pairs for cell in pair),
            }
        )
    return rows


def size(folder: Path, server: Server, asked: Namespace) -> list[Row]:
    """A post at a short and at a long history (`--grown` rows), PostgreSQL, in turns."""
    histories = {
        rows: single.jobs(folder, server, asked.seconds)["postgresql"]["ours"] for rows in (SHORT, asked.grown)
    }
    for rows, job in histories.items():
        _grow(job, rows)
    pairs = [
        [_post_cell(job, number, server) for job in histories.values()] for number in range(asked.rounds)
    ]  # the short one first
    foreign = max(cell.foreign for pair in pairs for cell in pair)
    slow, fast = (median(1000 / pair[side].per_second for pair in pairs) for side in (1, 0))
    long, short = (median(pair[side].cpu_us for pair in pairs) for side in (1, 0))
    wall = median(a.per_second / b.per_second for a, b in pairs)
    processor = median(b.cpu_us / a.cpu_us for a, b in pairs)
    case = f"post at {asked.grown:,} rows over {SHORT:,}, postgresql"
    return [
        {"case": case, "value": slow, "unit": "ms", "peer_value": fast, "ratio": wall, "foreign": foreign},
        {"case": f"{case}, processor", "value": long, "unit": "µs", "peer_value": short, "ratio": processor},
    ]


def _post_cell(job: Job, number: int, server: Server) -> cells.Cell:
    with _connected(job) as connection:  # as after the seal of each minute: the pool's count is fresh
        connection.execute("UPDATE houraccount SET counted_at = now() WHERE kind = 'pool'")
    return cells.run_quietly(job, 1, seed=number + 1, server_pid=server.pid())


def _grow(job: Job, rows: int) -> None:
    """Rows of the past, written on the server; what is compared is a post, not how they came there."""
    with _connected(job) as connection:
        connection.execute("SET session_replication_role = replica")
        for start in range(1, rows + 1, 500_000):
            connection.execute(GROW.format(pool=job.pool, first=start, last=min(start + 499_999, rows)))  # type: ignore[arg-type]
        connection.execute("VACUUM ANALYZE transfer")
        connection.execute("CHECKPOINT")


def _connected(job: Job) -> psycopg.Connection:
    url = make_url(job.url)
    return psycopg.connect(host=url.query["host"], user=url.username, dbname=url.database, autocommit=True)
