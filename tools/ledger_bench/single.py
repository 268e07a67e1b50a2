"""One transfer, one commit: ours beside the bound, one client and eight, both databases."""

from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from ledger_bench import cells, workload
from ledger_bench.cells import Cell, Job
from ledger_bench.machine import Server
from timebank.core import db

Row = dict[str, Any]
Say = Callable[[str], None]


def jobs(folder: Path, server: Server, seconds: float) -> dict[str, dict[str, Job]]:
    """Ready databases: for each engine, the bound and ours."""
    made: dict[str, dict[str, Job]] = {}
    for engine in ("postgresql", "sqlite"):
        url = new_database(folder, server, engine)
        workload.migrate(url)
        workload.fill(url)
        workload.lay_bare_tables(url)
        workload.use(url)
        pool = workload.pool_id()
        db.engine().dispose()
        bare = Job(f"bare {engine}", url, "pool", workload.MEMBERS, seconds)
        made[engine] = {"bare": bare, "ours": Job("ours", url, pool, workload.MEMBERS, seconds)}
    return made


def new_database(folder: Path, server: Server, engine: str) -> str:
    """The address of an empty database."""
    name = workload.new_id()
    if engine == "sqlite":
        return f"sqlite:///{folder / name}.sqlite3"
    import psycopg

    with psycopg.connect(host=str(server.folder), user="timebank", dbname="postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')  # a name of our own making
    return server.url(name)


def measure(folder: Path, server: Server, *, seconds: float, rounds: int, say: Say) -> list[Row]:
    """All cells, interleaved, the order turned each round; rows with the median of the rounds' ratios."""
    ready = jobs(folder, server, seconds)
    found: dict[tuple[str, str, int], list[Cell]] = {}
    for number in range(rounds):
        order = [(engine, path, clients) for engine in ready for path in ("bare", "ours") for clients in (1, 8)]
        for engine, path, clients in order[number % 2 :] + order[: number % 2]:
            job = ready[engine][path]
            if path == "ours":
                workload.seal(job.url)
            cell = cells.run_quietly(job, clients, seed=number + 1, server_pid=server.pid())
            found.setdefault((engine, path, clients), []).append(cell)
            say(f"  {engine:11}{path:6}{clients} clients {cell.per_second:8.0f}/s  foreign {cell.foreign:.2f} cores")
    return [row for engine in ready for row in _rows(engine, found)]


def _rows(engine: str, found: dict[tuple[str, str, int], list[Cell]]) -> list[Row]:
    rows = []
    for clients in (1, 8):
        bare, ours = found[engine, "bare", clients], found[engine, "ours", clients]
        ratio = median(own.per_second / bound.per_second for own, bound in zip(ours, bare, strict=True))
        rows.append(
            {
                "case": f"post, {engine}, {clients} client{'s' if clients > 1 else ''}",
                "value": median(cell.per_second for cell in ours),
                "unit": "transfers/s",
                "peer": "bare driver: insert + conditional update, commit each",
                "peer_value": median(cell.per_second for cell in bare),
                "ratio": ratio,
                "p50_ms": median(cell.p50_ms for cell in ours),
                "p99_ms": median(cell.p99_ms for cell in ours),
                "peer_p99_ms": median(cell.p99_ms for cell in bare),
                "cpu_us": median(cell.cpu_us for cell in ours),
                "peer_cpu_us": median(cell.cpu_us for cell in bare),
                "foreign": max(cell.foreign for cell in ours + bare),
            }
        )
    one, eight = (median(cell.per_second for cell in found[engine, "ours", clients]) for clients in (1, 8))
    rows.append({"case": f"8 clients over 1, {engine}", "value": eight / one, "unit": "×"})
    return rows
