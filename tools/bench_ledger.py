"""`./run bench ledger`: the ledger beside the bare driver and others, on this machine in this run.

Ratios are what counts: both sides of a ratio ran in turns within the same minutes. A cell during which others used more
than a quarter of a core is measured again, up to three times; what was left is printed with the figure.
"""

import argparse
import json
import os
import platform
import sqlite3
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[1])]

import bench_statements  # noqa: E402
import psycopg  # noqa: E402
from ledger_bench import machine, many, peers, single  # noqa: E402

Row = dict[str, Any]


def options(arguments: Sequence[str]) -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(prog="./run bench ledger", description=__doc__)
    parser.add_argument("--json", metavar="FILE", help="write the rows there as well")
    parser.add_argument("--seconds", type=float, default=2.0, help="length of a cell")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=sorted(PARTS), action="append", help="measure only this part")
    parser.add_argument("--rows", type=int, default=240_000, help="history for month, seal and verify")
    parser.add_argument("--grown", type=int, default=1_000_000, help="the long history of part size")
    return parser.parse_args(arguments)


def say(text: str) -> None:
    """One line of progress, at once."""
    print(text, flush=True)


Part = Callable[[Path, machine.Server, argparse.Namespace], list[Row]]


def part_post(folder: Path, server: machine.Server, asked: argparse.Namespace) -> list[Row]:
    """Single transfers."""
    return single.measure(folder, server, seconds=asked.seconds, rounds=asked.rounds, say=say)


def part_statements(folder: Path, server: machine.Server, _asked: argparse.Namespace) -> list[Row]:
    """The close of a month with all its statements, and sheets printed."""
    url = single.new_database(folder, server, "postgresql")
    return list(bench_statements.rows(url))


PARTS: dict[str, Part] = {
    "post": part_post,
    "batch": many.batches,
    "history": many.history,
    "statements": part_statements,
    "settlement": peers.settlement,
    "hordak": peers.hordak,
    "size": peers.size,
}


def show(rows: Sequence[Row]) -> None:
    """The table."""
    say(f"{'case':52}{'ours':>12} {'unit':12}{'peer':>12}{'ratio':>8}  p50/p99 ms, processor µs, foreign cores")
    for row in rows:
        peer = f"{row['peer_value']:12,.1f}" if "peer_value" in row else " " * 12
        ratio = f"{row['ratio']:8.2f}" if "ratio" in row else " " * 8
        tail = f"  {row['p50_ms']:.1f}/{row['p99_ms']:.1f} ({row['peer_p99_ms']:.1f})" if "p99_ms" in row else ""
        tail += f"  {row['cpu_us']:.0f} ({row['peer_cpu_us']:.0f})" if "cpu_us" in row else ""
        foreign = f"   {row['foreign']:.2f}" if "foreign" in row else ""
        say(f"{row['case']:52}{row['value']:12,.3f} {row['unit']:12}{peer}{ratio}{tail}{foreign}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and write the rows where asked."""
    asked = options(sys.argv[1:] if arguments is None else arguments)
    rows: list[Row] = []
    with machine.workplace() as (folder, server):
        conditions = {
            "fsync_ms": round(machine.fsync_ms(folder), 3),
            "python": platform.python_version(),
            "psycopg": psycopg.__version__,
            "sqlite": sqlite3.sqlite_version,
            "postgresql": machine.SETTINGS,
            "load": os.getloadavg()[0],
        }
        say(f"fsync {conditions['fsync_ms']} ms; PostgreSQL {machine.SETTINGS}; load {conditions['load']:.1f}")
        for name in asked.only or PARTS:
            say(f"· {name} …")
            rows += PARTS[name](folder, server, asked)
            if asked.json:  # after each part: a later one may fail
                Path(asked.json).write_text(json.dumps({"conditions": conditions, "rows": rows}, indent=1) + "\n")
    show(rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
